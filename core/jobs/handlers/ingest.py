"""Ingest job: a source becomes an asset with its decoded sound, its peaks and its cover.

In: `IngestParams`. Out: the asset, and in staging what the engine publishes: the original under
its content hash, PCM cache, peak file, cover. The asset's own document is the engine's to write,
because only the engine knows whether the same bytes are in the library already. When anything
fails, the staging folder is left empty.
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import av

from core import __version__
from core.audio.cache import enforce_limit
from core.audio.pcm import has_pcm, pcm_bytes, pcm_key, too_long, write_pcm
from core.audio.peaks import read_header
from core.errors import LibraryError, MediaError
from core.ids import new_id
from core.ingest.cover import cover_png
from core.ingest.probe import probe_file
from core.ingest.sources import require_available, source_name
from core.ingest.wholeness import states_duration
from core.jobs.context import Finished, JobContext, StagedFile
from core.jobs.model import IngestParams, IngestResult
from core.library.files import (
    copy_hashed,
    flush,
    hash_file,
    require_free,
    require_size,
    safe_name,
    write_flushed,
)
from core.library.model import Asset, PcmInfo, Probe, Provenance

COPYING, READING = "Copying", "Reading the sound"
COPY_SHARE = 0.2
"""How much of the bar the copy gets; decoding takes most of the time."""
READ_END = 0.97


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The largest source that this job takes."""

    duration_s: float
    size_bytes: int


def run(params: IngestParams, ctx: JobContext) -> Finished:
    """Take a local file into the library.

    Raises
    ------
    MediaError
        It is no readable sound or video file, is damaged, cut off, too long or too large, or
        changed while it was read.
    DiskError
        The disk is full.
    NotAvailableYetError
        The source is on the network.
    """
    source = require_available(params.source)
    limits = Limits(
        duration_s=_first(params.max_duration_s, ctx.settings.max_duration_s),
        size_bytes=_first(params.max_bytes, ctx.settings.max_source_bytes),
    )
    with _clean_on_failure(ctx.staging):
        ctx.progress(COPYING, 0.0)
        _check_before_copy(source.path, limits, ctx)
        staged = ctx.staging / "source" / safe_name(source.path.name)
        staged.parent.mkdir(exist_ok=True)
        copied = copy_hashed(
            source.path,
            staged,
            max_bytes=limits.size_bytes,
            on_progress=_report(ctx, COPYING, 0.0, COPY_SHARE),
        )
        original = _staged(staged, ctx.paths.original(copied.sha256, staged.name), copied.sha256)
        return _take_in(params, original, limits, ctx)


def _first[T](asked: T | None, default: T) -> T:
    return default if asked is None else asked


def _report(ctx: JobContext, stage: str, start: float, end: float) -> Callable[[float], None]:
    def report(fraction: float) -> None:
        ctx.check_abort()
        ctx.progress(stage, start + (end - start) * fraction)

    return report


@contextmanager
def _clean_on_failure(staging: Path) -> Iterator[None]:
    """Leave nothing in staging when the job ends early: none of it helps a second attempt."""
    try:
        yield
    except BaseException:
        for entry in staging.iterdir():
            if entry.is_dir():
                shutil.rmtree(entry, ignore_errors=True)
            else:
                entry.unlink(missing_ok=True)
        raise


def _check_before_copy(path: Path, limits: Limits, ctx: JobContext) -> None:
    """Refuse what can be refused before gigabytes are copied."""
    probe = probe_file(path)
    require_size(path, probe.size_bytes, limits.size_bytes)
    if states_duration(path, probe.container) and probe.duration_s > limits.duration_s:
        raise too_long(path, limits.duration_s)
    require_free(ctx.staging, probe.size_bytes + _expected_pcm_bytes(probe))


def _expected_pcm_bytes(probe: Probe) -> int:
    info = probe.streams[probe.audio_stream]
    width = 2 if info.bit_depth == 16 else 4
    return round(probe.duration_s * (info.sample_rate_hz or 0) * (info.channels or 0) * width)


def _take_in(
    params: IngestParams, original: StagedFile, limits: Limits, ctx: JobContext
) -> Finished:
    """Decode the copy, not the source: what the library holds is what was read."""
    probe = probe_file(original.staged)
    key = pcm_key(original.sha256, probe.audio_stream)
    cover = _cover(original, probe, ctx)
    pcm = _cached(key, ctx)
    decoded: tuple[StagedFile, ...] = ()
    if pcm is None:
        pcm, decoded = _decode(original.staged, probe, key, limits, ctx)
    kept = _kept_original(original)
    asset = _asset(params, original, probe, pcm, name=(kept or original.final).name)
    ctx.progress(READING, 1.0)
    return Finished(
        result=IngestResult(asset=asset, duplicate=kept is not None),
        files=(*(() if kept else (original,)), *decoded, *cover),
    )


def _kept_original(original: StagedFile) -> Path | None:
    """Return the same bytes where the library already holds them, whatever their name."""
    folder = original.final.parent
    if not folder.is_dir():
        return None
    for path in sorted(folder.iterdir()):
        if path.is_file() and path.stat().st_size == original.bytes:
            return path
    return None


def _cached(key: str, ctx: JobContext) -> PcmInfo | None:
    """Return what was decoded of the same bytes before, if all of it is still there."""
    try:
        info = read_header(ctx.paths.peaks(key)).pcm
    except (OSError, LibraryError):
        return None
    return info if info.key == key and has_pcm(ctx.paths.pcm(key), info) else None


def _decode(
    source: Path, probe: Probe, key: str, limits: Limits, ctx: JobContext
) -> tuple[PcmInfo, tuple[StagedFile, ...]]:
    pcm_path, peaks_path = ctx.staging / "sound.pcm", ctx.staging / "sound.peaks"
    info = write_pcm(
        source,
        probe,
        key=key,
        pcm_path=pcm_path,
        peaks_path=peaks_path,
        max_duration_s=limits.duration_s,
        on_progress=_report(ctx, READING, COPY_SHARE, READ_END),
    )
    room = max(0, ctx.settings.pcm_cache_bytes - pcm_bytes(info))
    enforce_limit(ctx.paths, limit_bytes=room, keep={key})
    flush(peaks_path)
    pcm_hash = hash_file(pcm_path, tick=ctx.check_abort)
    return info, (
        _staged(pcm_path, ctx.paths.pcm(key), pcm_hash, role="derived"),
        _staged(peaks_path, ctx.paths.peaks(key), hash_file(peaks_path), role="derived"),
    )


def _cover(original: StagedFile, probe: Probe, ctx: JobContext) -> tuple[StagedFile, ...]:
    final = ctx.paths.cover(original.sha256)
    if final.exists():
        return ()
    picture = cover_png(original.staged, probe)
    if picture is None:
        return ()
    path = write_flushed(ctx.staging / "cover.png", picture)
    return (_staged(path, final, hash_file(path), role="thumbnail"),)


def _staged(path: Path, final: Path, sha256: str, *, role: str = "main") -> StagedFile:
    return StagedFile(staged=path, final=final, sha256=sha256, bytes=path.stat().st_size, role=role)


def _asset(
    params: IngestParams, original: StagedFile, probe: Probe, pcm: PcmInfo, *, name: str
) -> Asset:
    now = datetime.now(UTC)
    if not pcm.n_samples:
        raise MediaError(f"There is no sound in “{name}”.", hint="Choose another file.")
    return Asset(
        id=new_id(),
        name=name,
        title=probe.tags.get("title") or Path(source_name(params.source)).stem,
        artist=_artist(probe.tags),
        sha256=original.sha256,
        size_bytes=original.bytes,
        duration_s=pcm.n_samples / pcm.sample_rate_hz,
        probe=probe,
        pcm=pcm,
        provenance=Provenance(source=params.source, ingested_at=now, tool_versions=tool_versions()),
        created_at=now,
    )


def _artist(tags: dict[str, str]) -> str:
    names = (tags.get(key) for key in ("artist", "album_artist", "performer", "author"))
    return next((name for name in names if name), "")


def tool_versions() -> dict[str, str]:
    """Return the versions of everything that turns a file into samples."""
    libraries = {
        name: ".".join(str(part) for part in av.library_versions[name])
        for name in ("libavformat", "libavcodec", "libswresample")
    }
    return {"cymatic": __version__, "pyav": av.__version__, **libraries}
