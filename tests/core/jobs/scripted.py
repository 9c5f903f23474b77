"""Job handlers for tests: what a job does is written in the name of its source file.

An ingest of the file `steps=20,fail=media` makes twenty steps and then fails. Other kinds take
their script from a file `script` in the library (none: two steps, then done). The words:

steps=N wait=S     N steps of S seconds each (waiting for a stop, as real work checks for one)
fail=CODE          raise a KnownError;  bug=1 raise a ValueError
die=N              kill the own process at step N;  die_once=N only on the first attempt
hang=1             never come back, and listen to nobody;  deaf=1 work on without checking
print=1            print to stdout, as a chatty library does
child=1            start a child process that outlives its parent unless it is killed
fact=NAME          record a fact
seed=TEXT          the content of the original
"""

import hashlib
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from core.errors import KnownError
from core.ids import new_id
from core.jobs.context import Finished, StagedFile
from core.jobs.model import (
    AnalyzeResult,
    EstimateResult,
    FrameResult,
    IngestResult,
    JobKind,
    PrepareResult,
    RenderResult,
)
from core.jobs.publish import staging_place
from core.library.model import Analysis, Asset, PcmInfo, Probe, Provenance
from core.platform.locks import FileLock


def handler_for(kind):
    def run(params, ctx):
        lock = _be_alone(ctx)
        try:
            return _HANDLERS[kind](params, ctx)
        finally:
            lock.release()

    return run


def _script(text):
    words = [word.partition("=") for word in Path(text).stem.split(",") if "=" in word]
    return {name: value for name, _, value in words}


def _be_alone(ctx):
    """Note a violation when another live process works on the same job."""
    folder = ctx.paths.root / "alone"
    folder.mkdir(exist_ok=True)
    lock = FileLock(folder / ctx.job_id)
    if not lock.acquire():
        (ctx.paths.root / "violations").mkdir(exist_ok=True)
        (ctx.paths.root / "violations" / ctx.job_id).touch()
    return lock  # held until the process ends


def _work(ctx, script):
    if script.get("print"):
        print("chatty library", flush=True)
    if script.get("fact"):
        ctx.record_fact(script["fact"], f"attempt {ctx.attempt}")
    if script.get("child"):
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        (ctx.paths.root / "child.pid").write_text(str(child.pid))
    steps = int(script.get("steps", 2))
    for step in range(1, steps + 1):
        if not script.get("deaf"):
            ctx.check_abort()
        if step == int(script.get("die", 0)) or (
            step == int(script.get("die_once", 0)) and ctx.attempt == 1
        ):
            os.kill(os.getpid(), signal.SIGKILL)
        ctx.progress("working", step / steps)
        while script.get("hang"):
            time.sleep(60)
        time.sleep(float(script.get("wait", 0)))
    if "fail" in script:
        raise KnownError("This was meant to fail.", code=script["fail"], hint="Expect it.")
    if "bug" in script:
        raise ValueError("this was meant to break")


def _staged(path, final, data, **fields):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    digest = hashlib.sha256(data).hexdigest()
    return StagedFile(staged=path, final=final, sha256=digest, bytes=len(data), **fields)


def _ingest(params, ctx):
    script = _script(params.source.path.name)
    _work(ctx, script)
    content = f"original {script.get('seed', params.source.path.name)}".encode()
    sha256 = hashlib.sha256(content).hexdigest()
    asset = Asset(
        id=new_id(),
        name=params.source.path.name,
        title=params.source.path.stem,
        sha256=sha256,
        size_bytes=len(content),
        duration_s=2.0,
        probe=Probe(
            container="wav", duration_s=2.0, size_bytes=len(content), audio_stream=0, streams=()
        ),
        pcm=PcmInfo(
            key=sha256, sample_rate_hz=8, channels=1, n_samples=16, sample_format="f4", peak=1.0
        ),
        provenance=Provenance(
            source=params.source, ingested_at=datetime.now(UTC), tool_versions={"test": "1"}
        ),
        created_at=datetime.now(UTC),
    )
    files = (
        _staged(ctx.staging / "original", ctx.paths.original(sha256, asset.name), content),
        _staged(ctx.staging / "peaks", ctx.paths.peaks(sha256), b"peaks", role="derived"),
    )
    return Finished(result=IngestResult(asset=asset), files=files)


def _library_script(ctx):
    file = ctx.paths.root / "script"
    return _script(file.read_text()) if file.exists() else {}


def _asset(params, ctx):
    (asset,) = ctx.assets.values()
    return asset


def _prepare(params, ctx):
    _work(ctx, _library_script(ctx))
    key = hashlib.sha256(_asset(params, ctx).sha256.encode()).hexdigest()
    file = _staged(ctx.staging / "mix", ctx.paths.prepared(key), b"mix", role="derived")
    result = PrepareResult(prepared_key=key, sha256=file.sha256, duration_s=2.0)
    return Finished(result=result, files=(file,))


def _analyze(params, ctx):
    _work(ctx, _library_script(ctx))
    asset = _asset(params, ctx)
    key = hashlib.sha256(f"features {asset.sha256}".encode()).hexdigest()
    file = _staged(ctx.staging / "features", ctx.paths.features(key), b"features", role="derived")
    analysis = Analysis(
        prepared_key=hashlib.sha256(asset.sha256.encode()).hexdigest(),
        features_key=key,
        tempo_bpm=120.0,
        loudness_lufs=-14.0,
        true_peak_dbtp=-1.0,
    )
    return Finished(result=AnalyzeResult(asset_id=asset.id, analysis=analysis), files=(file,))


def _render(params, ctx):
    """Write a file of several parts, each made once however often the job is interrupted."""
    script = _library_script(ctx)
    segments = ctx.staging / "segments"
    segments.mkdir(exist_ok=True)
    steps, reused = int(script.get("steps", 4)), 0
    for index in range(steps):
        ctx.check_abort()
        part = segments / f"{index}.part"
        if part.exists():
            reused += 1
            continue
        time.sleep(float(script.get("wait", 0)))
        hidden = segments / f".{index}"
        hidden.write_bytes(hashlib.sha256(f"part {index}".encode()).digest())
        hidden.replace(part)
        ctx.progress("drawing", (index + 1) / steps, fps=30.0)
    if "fail" in script:
        raise KnownError("This was meant to fail.", code=script["fail"], hint="Expect it.")
    data = b"".join((segments / f"{index}.part").read_bytes() for index in range(steps))
    final = params.output or ctx.paths.render(ctx.job_id) / "video.mp4"
    staged = staging_place(ctx.staging, final, ctx.job_id)
    file = _staged(staged, final, data, overwrite=params.overwrite)
    result = RenderResult(
        path=final,
        plan_hash="plan",
        encoder="none",
        renderer="none",
        n_frames=steps,
        duration_s=2.0,
        width=16,
        height=16,
        segments_reused=reused,
    )
    return Finished(result=result, files=(file,))


def _frame(params, ctx):
    final = params.output or ctx.paths.still("a" * 64)
    file = _staged(ctx.staging / "frame.png", final, b"png", overwrite=params.overwrite)
    return Finished(
        result=FrameResult(path=final, frame_index=0, width=16, height=16), files=(file,)
    )


def _estimate(params, ctx):
    return Finished(
        result=EstimateResult(
            render_s=1.0,
            output_bytes=1,
            disk_needed_bytes=1,
            disk_free_bytes=2,
            n_frames=1,
            fps=1.0,
            encoder="none",
            renderer="none",
        )
    )


_HANDLERS = {
    JobKind.INGEST: _ingest,
    JobKind.PREPARE: _prepare,
    JobKind.ANALYZE: _analyze,
    JobKind.RENDER: _render,
    JobKind.FRAME: _frame,
    JobKind.ESTIMATE: _estimate,
}
