"""An engine client without an engine: canned answers, requests written down."""

import datetime as dt
from collections.abc import AsyncIterator, Callable
from fractions import Fraction
from pathlib import Path

import msgspec

from core.audio.loudness_targets import preset_target
from core.audio.normalisation import NormalisationReport
from core.audio.recipe import Marker, identity_recipe
from core.config import Settings
from core.engine.protocol import CancelJob, GetAsset, GetJob
from core.engine.replies import (
    AssetPage,
    EngineInfo,
    ExportedFiles,
    JobCounts,
    JobPage,
    LibraryCheck,
    LibraryFault,
    LibraryStats,
    ProjectList,
    ProjectSummary,
    Submitted,
)
from core.errors import NotFoundError
from core.ids import new_id
from core.ingest.sources import AudioFile
from core.jobs.model import (
    AnalyzeResult,
    AssetRef,
    EstimateResult,
    ExportResult,
    FrameResult,
    IngestParams,
    IngestResult,
    JobEvent,
    JobStatus,
    JobView,
    OutputView,
    PictureParams,
    RenderParams,
    RenderResult,
)
from core.library.model import (
    Analysis,
    Asset,
    Chapter,
    Loudness,
    PcmInfo,
    Probe,
    Provenance,
    StreamInfo,
)
from core.library.project import Project
from core.scenes.model import Cue

NOW = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
PATH = Path("/music/a.wav")
ANALYSIS = Analysis(
    prepared_key="p", features_key="f", tempo_bpm=120.0, loudness_lufs=-14.0, true_peak_dbtp=-1.0
)
ASSET = Asset(
    id=new_id(),
    name="a.wav",
    title="a",
    artist="somebody",
    sha256="0" * 64,
    size_bytes=1234,
    duration_s=61.0,
    probe=Probe(
        container="wav",
        duration_s=61.0,
        size_bytes=1234,
        audio_stream=0,
        streams=(StreamInfo(index=0, kind="audio", codec="pcm_s16le"),),
        chapters=(Chapter(start_s=0.0, end_s=61.0, title="All"),),
    ),
    pcm=PcmInfo(
        key="k",
        sample_rate_hz=48000,
        channels=2,
        n_samples=61 * 48000,
        sample_format="i2",
        peak=0.5,
    ),
    provenance=Provenance(source=AudioFile(path=PATH), ingested_at=NOW, tool_versions={}),
    analysis=ANALYSIS,
    created_at=NOW,
)
PROJECT = Project(
    id=new_id(),
    title="first cut",
    recipe=identity_recipe(ASSET.id),
    cues=(Cue(scene="resonance"),),
    markers=(Marker(time_s=Fraction(5, 2), name="Drop"),),
    created_at=NOW,
    updated_at=NOW,
)
COUNTS = JobCounts(queued=1, running=1)


def job(kind: str, **changes: object) -> JobView:
    """Return a job of a kind, queued."""
    params = IngestParams(source=AudioFile(path=PATH))
    if kind == "render":
        params = RenderParams(
            asset=AssetRef(asset_id=ASSET.id), picture=PictureParams(scene="resonance")
        )
    view = JobView(
        id=new_id(),
        kind=kind,  # type: ignore[arg-type]
        title="a",
        status=JobStatus.QUEUED,
        created_at=NOW,
        params=params,
    )
    return msgspec.structs.replace(view, **changes)


LOUD = Loudness(integrated_lufs=-14.02, true_peak_dbtp=-1.0, loudness_range_lu=6.5)
EXPORTED = ExportResult(
    path=Path("/music/out.m4a"),
    duration_s=52.5,
    sample_rate_hz=48000,
    channels=2,
    measured=LOUD,
    loudness=NormalisationReport(
        target=preset_target("youtube"),
        before=Loudness(integrated_lufs=-23.1, true_peak_dbtp=-6.2, loudness_range_lu=7.1),
        after=LOUD,
        gain_db=9.4,
        is_linear=False,
        limited_db=2.1,
    ),
)
RESULTS = {
    "SubmitExport": ("export", EXPORTED),
    "SubmitIngest": ("ingest", IngestResult(asset=ASSET)),
    "SubmitAnalyze": ("analyze", AnalyzeResult(asset_id=ASSET.id, analysis=ANALYSIS)),
    "SubmitRender": (
        "render",
        RenderResult(
            path=Path("/out.mp4"),
            plan_hash="h",
            encoder="libx264",
            renderer="llvmpipe",
            n_frames=3,
            duration_s=0.1,
            width=320,
            height=180,
        ),
    ),
    "SubmitFrame": ("frame", FrameResult(path=Path("/f.png"), frame_index=1, width=2, height=2)),
    "SubmitEstimate": (
        "estimate",
        EstimateResult(
            render_s=12.0,
            output_bytes=10,
            disk_needed_bytes=20,
            disk_free_bytes=30,
            n_frames=3,
            fps=5.0,
            encoder="libx264",
            renderer="llvmpipe",
        ),
    ),
}


class FakeClient:
    """Answers as an engine would whose every job ends at once as `end`."""

    def __init__(self, *, end: JobStatus = JobStatus.DONE) -> None:
        self.end = end
        self.asked: list[object] = []
        self.jobs: dict[str, JobView] = {}
        self.before_events: Callable[[], None] = lambda: None
        self.closed = False

    async def close(self) -> None:
        self.closed = True

    async def call(self, request: object) -> object:
        self.asked.append(request)
        name = type(request).__name__
        if name in RESULTS:
            return self._submit(*RESULTS[name])
        answers = {
            "GetSettings": Settings(),
            "GetEngine": EngineInfo(pid=7, version="0", library=Path("/l"), uptime_s=3.0),
            "ListJobs": JobPage(jobs=tuple(self.jobs.values()), counts=COUNTS),
            "WaitIdle": COUNTS,
            "ListAssets": AssetPage(assets=(ASSET,), total=1),
            "GetStats": LibraryStats(
                path=Path("/l"),
                assets=1,
                projects=1,
                jobs=COUNTS,
                bytes_by_kind={"originals": 5_000_000},
                free_bytes=1,
            ),
            "CheckLibrary": LibraryCheck(
                faults=(LibraryFault(code="missing", message="a.wav is gone."),), files_checked=3
            ),
            "ListProjects": ProjectList(
                projects=(ProjectSummary(id=PROJECT.id, title="first cut", updated_at=NOW),)
            ),
        }
        if name in answers:
            return answers[name]
        if isinstance(request, GetAsset) and request.id != ASSET.id:
            raise NotFoundError
        if isinstance(request, CancelJob):
            self._change(request.id, JobStatus.CANCELLED)
        if name.endswith("Asset") and name != "ExportAsset":
            return ASSET
        if name.startswith(("Export", "Backup")):
            return ExportedFiles(paths=(Path("/out/a.wav"),))
        if name.endswith("Project"):
            return PROJECT
        if isinstance(request, GetJob) or name.endswith("Job"):
            return self.jobs[request.id]  # type: ignore[attr-defined]
        return None

    async def stream(self, request: object) -> AsyncIterator[JobEvent]:
        self.asked.append(request)
        view = self.jobs[request.id]  # type: ignore[attr-defined]
        yield self._event(view, 1)
        self.before_events()
        await __import__("asyncio").sleep(0)  # where a Ctrl-C arrives
        _, result = next(item for item in RESULTS.values() if item[0] == view.kind)
        changes: dict[str, object] = {"progress": 1.0, "started_at": NOW, "finished_at": NOW}
        if self.end is JobStatus.DONE:
            changes["result"] = result
            main = OutputView(path=getattr(result, "path", PATH), sha256="0" * 64, bytes=1234)
            changes["outputs"] = (main,)
        elif self.end is JobStatus.FAILED:
            changes["error"] = NotFoundError("It is gone.", hint="Look for it.").view()
        self.jobs[view.id] = msgspec.structs.replace(view, status=self.end, **changes)
        yield self._event(self.jobs[view.id], 2)

    def _submit(self, kind: str, _result: object) -> Submitted:
        first = job("ingest")
        last = first if kind == "ingest" else job(kind, depends_on=(first.id,))
        self.jobs |= {first.id: first, last.id: last}
        return Submitted(job=last, chain=(first,) if first is last else (first, last))

    def _change(self, job_id: str, status: JobStatus) -> None:
        self.jobs[job_id] = msgspec.structs.replace(self.jobs[job_id], status=status)

    def _event(self, view: JobView, seq: int) -> JobEvent:
        return JobEvent(
            seq=seq, job_id=view.id, status=view.status, at=NOW, change="transition", job=view
        )
