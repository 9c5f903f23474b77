"""An engine for the window's tests: the client's interface over model values in memory.

It keeps assets, jobs and projects like the engine does, publishes the same events, and never
starts work by itself: a test moves jobs with `advance` and `finish`.
"""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path

import msgspec
import numpy as np

from core.audio.arrangement import mixed_samples
from core.audio.recipe import identity_recipe
from core.config import Settings
from core.engine import protocol as p
from core.engine import replies as r
from core.errors import EngineUnreachableError, ErrorView, NotFoundError
from core.ingest.sources import AudioFile, source_name
from core.jobs.model import (
    KIND_LANE,
    AnalyzeParams,
    AssetRef,
    EstimateParams,
    EstimateResult,
    FrameParams,
    FrameResult,
    IngestParams,
    IngestResult,
    JobEvent,
    JobParams,
    JobResult,
    JobStatus,
    JobView,
    OutputView,
    PictureParams,
    RenderParams,
    RenderResult,
    SourceLinks,
    kind_of,
)
from core.library.model import Analysis, Asset, PcmInfo, Probe, Provenance, StreamInfo
from core.library.project import Project
from core.render.formats import format_named
from core.scenes.model import Cue
from desktop.words import shape_of

START = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
ORDER = {JobStatus.RUNNING: 0, JobStatus.QUEUED: 1}


def asset_like(
    number: int,
    title: str,
    *,
    duration_s: float = 222.1,
    tempo_bpm: float | None = 124.0,
    loudness_lufs: float | None = -9.8,
    artist: str = "",
    analysed: bool = True,
    name: str = "",
) -> Asset:
    """Return an asset as ingest makes it."""
    sha256 = f"{number:064x}"
    stream = StreamInfo(index=0, kind="audio", codec="flac", sample_rate_hz=48_000, channels=2)
    analysis = Analysis(
        prepared_key="p" * 8,
        features_key="f" * 8,
        tempo_bpm=tempo_bpm,
        loudness_lufs=loudness_lufs,
        true_peak_dbtp=-0.4,
    )
    return Asset(
        id=f"asset-{number:04d}",
        name=name or f"{title}.flac",
        title=title,
        artist=artist,
        sha256=sha256,
        size_bytes=24_000_000,
        duration_s=duration_s,
        probe=Probe(
            container="flac",
            duration_s=duration_s,
            size_bytes=24_000_000,
            audio_stream=0,
            streams=(stream,),
        ),
        pcm=PcmInfo(
            key=f"pcm-{number}",
            sample_rate_hz=48_000,
            channels=2,
            n_samples=round(duration_s * 48_000),
            sample_format="f4",
            peak=0.98,
        ),
        provenance=Provenance(
            source=AudioFile(path=Path(f"/music/{title}.flac")),
            ingested_at=START,
            tool_versions={"av": "19.0.2"},
        ),
        analysis=analysis if analysed else None,
        created_at=START + timedelta(minutes=number),
    )


def render_params(
    asset: Asset, *, fmt: str = "flat-1080p-landscape", **more: object
) -> RenderParams:
    """Return the parameters of a render of an asset."""
    return RenderParams(
        asset=AssetRef(asset_id=asset.id),
        picture=PictureParams(scene="resonance", format=fmt, fps=Fraction(30)),
    )


class FakePyramid:
    """Peaks of a plausible song, told apart by the file's name."""

    def __init__(self, path: Path) -> None:
        self._rng_seed = sum(path.name.encode())

    def columns(self, start_s: float, end_s: float, n: int) -> "FakeColumns":
        """Return `n` columns of the stretch; the song is 200 beats on a rising shape."""
        rng = np.random.default_rng(self._rng_seed)
        grid = np.linspace(0, 1, 14)
        shape = np.clip(np.cumsum(rng.normal(0, 0.22, 14)) + 0.55, 0.22, 0.95)
        shape[0], shape[-1] = 0.05, 0.02
        times_s = np.linspace(start_s, end_s, n, endpoint=False)
        place = np.clip(times_s / 222.0, 0, 1)
        beat = np.exp(-((times_s * 2.07) % 1) * 2.4)
        noise = np.random.default_rng(self._rng_seed + n).random((2, n))
        level = np.interp(place, grid, shape)
        peak = level * (0.55 + 0.45 * beat) * (0.6 + 0.4 * noise)
        peak[1] *= 0.92
        peak = peak.astype(np.float32)
        rms = (peak * (0.35 + 0.2 * beat)).astype(np.float32)
        return FakeColumns(-peak, peak, rms)


class FakeColumns:
    """Columns as a pyramid gives them."""

    def __init__(self, low: np.ndarray, high: np.ndarray, rms: np.ndarray) -> None:
        self.min, self.max, self.rms = low, high, rms


class FakeEngine:
    """The library's state and its events; clients come and go."""

    def __init__(self, root: Path, *, still: Path | None = None) -> None:
        self.root = root
        self.still = still
        self.stills: dict[str, Path] = {}
        self.assets: dict[str, Asset] = {}
        self.jobs: dict[str, JobView] = {}
        self.projects: dict[str, Project] = {}
        self.settings = Settings()
        self.paused = False
        self.requests: list[object] = []
        self.failures: dict[type, Exception] = {}
        self.up = True
        self.finish_stills = True
        self._library_watchers: list[asyncio.Queue[object]] = []
        self._job_watchers: dict[str, list[asyncio.Queue[object]]] = {}
        self._numbers = itertools.count(1)
        self._seqs = itertools.count(1)
        self._clock = itertools.count(0)

    # --- for tests ------------------------------------------------------------------------

    async def connect(self) -> "FakeClient":
        """Return a client, as the connector does."""
        if not self.up:
            raise EngineUnreachableError
        return FakeClient(self)

    def sent(self, kind: type) -> list[object]:
        """Return every request of a kind so far."""
        return [request for request in self.requests if isinstance(request, kind)]

    def add_asset(self, asset: Asset) -> Asset:
        """Put an asset in the library."""
        self.assets[asset.id] = asset
        self._publish(r.AssetEvent(asset=asset))
        return asset

    def add_job(
        self, params: JobParams, title: str, *, announce: bool = True, **fields: object
    ) -> JobView:
        """Put a job in the queue, in any state."""
        number = next(self._numbers)
        kind = kind_of(params)
        asset_ref = getattr(params, "asset", None)
        job = JobView(
            id=f"job-{number:06d}",
            kind=kind,
            title=title,
            lane=KIND_LANE[kind],
            created_at=START + timedelta(seconds=number),
            params=params,
            source=SourceLinks(asset=asset_ref.asset_id if asset_ref else None),
            **{"status": JobStatus.QUEUED, **fields},
        )
        self.jobs[job.id] = job
        if announce:
            self._announce(job, "transition")
        return job

    def advance(self, job_id: str, progress: float, **fields: object) -> JobView:
        """Report progress; a queued job starts."""
        job = self.jobs[job_id]
        change = "progress" if job.status is JobStatus.RUNNING else "transition"
        return self._change(job_id, change, status=JobStatus.RUNNING, progress=progress, **fields)

    def finish(self, job_id: str, result: JobResult | None = None, **fields: object) -> JobView:
        """End a job as done."""
        return self._change(
            job_id,
            "transition",
            status=JobStatus.DONE,
            progress=1.0,
            result=result,
            finished_at=START + timedelta(hours=1),
            **fields,
        )

    def fail(self, job_id: str, message: str, hint: str = "", code: str = "render") -> JobView:
        """End a job as failed."""
        error = ErrorView(code=code, message=message, hint=hint)
        return self._change(job_id, "transition", status=JobStatus.FAILED, error=error)

    def drop_clients(self) -> None:
        """Vanish as a killed engine does."""
        self.up = False
        for queue in [*self._library_watchers, *itertools.chain(*self._job_watchers.values())]:
            queue.put_nowait(EngineUnreachableError())
        self._library_watchers.clear()
        self._job_watchers.clear()

    @property
    def n_watchers(self) -> int:
        """How many job watches are open."""
        return sum(len(queues) for queues in self._job_watchers.values())

    def counts(self) -> r.JobCounts:
        """Return how many jobs are in each state."""
        values = [job.status.value for job in self.jobs.values()]
        return r.JobCounts(**{status.value: values.count(status.value) for status in JobStatus})

    # --- events ---------------------------------------------------------------------------

    def _change(self, job_id: str, change: str, **fields: object) -> JobView:
        job = msgspec.structs.replace(self.jobs[job_id], **fields)
        self.jobs[job_id] = job
        self._announce(job, change)
        return job

    def _announce(self, job: JobView, change: str) -> None:
        event = JobEvent(
            seq=next(self._seqs),
            job_id=job.id,
            status=job.status,
            at=START,
            change=change,
            job=job,
        )
        self._publish(r.AnyJobEvent(event=event))
        if change != "progress":
            self._publish(r.QueueEvent(paused=self.paused, counts=self.counts()))
        for queue in self._job_watchers.get(job.id, []):
            queue.put_nowait(event)

    def _publish(self, event: object) -> None:
        for queue in self._library_watchers:
            queue.put_nowait(event)

    # --- requests -------------------------------------------------------------------------

    def answer(self, request: object) -> object:
        """Answer a request."""
        self.requests.append(request)
        failure = self.failures.get(type(request))
        if failure is not None:
            raise failure
        handler: Callable[[object], object] = getattr(self, f"_on_{type(request).__name__}")
        return handler(request)

    def _on_GetEngine(self, _request: p.GetEngine) -> r.EngineInfo:
        return r.EngineInfo(pid=1, version="0.1.0", library=self.root, uptime_s=1.0)

    def _on_GetSettings(self, _request: p.GetSettings) -> Settings:
        return self.settings

    def _on_SetSettings(self, request: p.SetSettings) -> Settings:
        self.settings = request.settings
        return self.settings

    def _on_GetStats(self, _request: p.GetStats) -> r.LibraryStats:
        return r.LibraryStats(
            path=self.root,
            assets=len(self.assets),
            projects=len(self.projects),
            jobs=self.counts(),
            bytes_by_kind={"originals": 1_610_000_000, "pcm": 490_000_000},
            free_bytes=412_000_000_000,
        )

    def _on_ListAssets(self, request: p.ListAssets) -> r.AssetPage:
        words = request.search.lower().split()
        found = [
            asset
            for asset in sorted(self.assets.values(), key=lambda a: a.created_at, reverse=True)
            if (asset.trashed_at is not None) == request.trashed
            and all(word in f"{asset.title} {asset.artist}".lower() for word in words)
        ]
        return r.AssetPage(assets=tuple(found), total=len(found))

    def _on_GetAsset(self, request: p.GetAsset) -> Asset:
        return self.assets[request.id]

    def _on_TrashAsset(self, request: p.TrashAsset) -> Asset:
        return self._set_trashed(request.id, START)

    def _on_RestoreAsset(self, request: p.RestoreAsset) -> Asset:
        return self._set_trashed(request.id, None)

    def _set_trashed(self, asset_id: str, when: datetime | None) -> Asset:
        return self.add_asset(msgspec.structs.replace(self.assets[asset_id], trashed_at=when))

    def _on_ListJobs(self, request: p.ListJobs) -> r.JobPage:
        found = [
            job
            for job in self.jobs.values()
            if (not request.kinds or job.kind in request.kinds)
            and (not request.statuses or job.status in request.statuses)
        ]
        found.sort(key=lambda job: job.id, reverse=True)
        found.sort(key=lambda job: ORDER.get(job.status, 2))
        first = int(request.cursor or 0)
        last = first + request.limit
        return r.JobPage(
            jobs=tuple(found[first:last]),
            cursor=str(last) if last < len(found) else None,
            counts=self.counts(),
            paused=self.paused,
        )

    def _on_CancelJob(self, request: p.CancelJob) -> JobView:
        if self.jobs[request.id].status.terminal:
            return self.jobs[request.id]
        return self._change(request.id, "transition", status=JobStatus.CANCELLED)

    def _on_RetryJob(self, request: p.RetryJob) -> JobView:
        old = self.jobs[request.id]
        return self.add_job(old.params, old.title, retry_of=old.id)

    def _on_HoldJob(self, request: p.HoldJob) -> JobView:
        return self._change(request.id, "edit", status=JobStatus.QUEUED, held=True)

    def _on_ReleaseJob(self, request: p.ReleaseJob) -> JobView:
        return self._change(request.id, "edit", held=False)

    def _on_MoveJob(self, request: p.MoveJob) -> JobView:
        return self.jobs[request.id]

    def _on_PauseQueue(self, _request: p.PauseQueue) -> r.Nothing:
        return self._set_paused(True)

    def _on_ResumeQueue(self, _request: p.ResumeQueue) -> r.Nothing:
        return self._set_paused(False)

    def _set_paused(self, paused: bool) -> r.Nothing:
        self.paused = paused
        self._publish(r.QueueEvent(paused=paused, counts=self.counts()))
        return r.Nothing()

    def _on_SubmitIngest(self, request: p.SubmitIngest) -> r.Submitted:
        name = source_name(request.source)
        ingest = self.add_job(IngestParams(source=request.source), name)
        analyze = self.add_job(
            AnalyzeParams(asset=AssetRef(ingest_job_id=ingest.id)),
            name,
            depends_on=(ingest.id,),
            blocked=True,
        )
        return r.Submitted(job=ingest, chain=(ingest, analyze))

    def _on_SubmitAnalyze(self, request: p.SubmitAnalyze) -> r.Submitted:
        asset = self._asset_of(request.subject)
        job = self.add_job(AnalyzeParams(asset=AssetRef(asset_id=asset.id)), asset.title)
        return r.Submitted(job=job, chain=(job,))

    def _asset_of(self, subject: p.Subject) -> Asset:
        if subject.recipe is not None:
            return self.assets[subject.recipe.clips[0].asset_id]
        if subject.project_id:
            return self.assets[self.projects[subject.project_id].recipe.clips[0].asset_id]
        return self.assets[subject.asset_id or ""]

    def _on_SubmitRender(self, request: p.SubmitRender) -> r.Submitted:
        asset = self._asset_of(request.subject)
        params = RenderParams(
            asset=AssetRef(asset_id=asset.id),
            project_id=request.subject.project_id,
            picture=request.picture,
            start_s=request.start_s,
            end_s=request.end_s,
            output=request.output,
        )
        job = self.add_job(params, asset.title)
        return r.Submitted(job=job, chain=(job,))

    def _on_SubmitFrame(self, request: p.SubmitFrame) -> r.Submitted:
        asset = self._asset_of(request.subject)
        params = FrameParams(
            asset=AssetRef(asset_id=asset.id),
            picture=request.picture,
            at_s=request.at_s,
            output=request.output,
        )
        job = self.add_job(params, asset.title)
        if self.finish_stills and self.still is not None:
            shape = shape_of(format_named(request.picture.format))
            path = self.stills.get(shape, self.still)
            result = FrameResult(path=path, frame_index=0, width=960, height=540)
            self.finish(job.id, result)
        return r.Submitted(job=job, chain=(job,))

    def _on_SubmitEstimate(self, request: p.SubmitEstimate) -> r.Submitted:
        asset = self._asset_of(request.render.subject)
        render = RenderParams(asset=AssetRef(asset_id=asset.id), picture=request.render.picture)
        job = self.add_job(EstimateParams(render=render), asset.title)
        result = EstimateResult(
            render_s=131.0,
            output_bytes=84_000_000,
            disk_needed_bytes=170_000_000,
            disk_free_bytes=412_000_000_000,
            n_frames=6663,
            fps=51.0,
            encoder="libx264",
            renderer="llvmpipe",
        )
        self.finish(job.id, result)
        return r.Submitted(job=job, chain=(job,))

    def _on_ListProjects(self, _request: p.ListProjects) -> r.ProjectList:
        return r.ProjectList(
            projects=tuple(
                r.ProjectSummary(id=project.id, title=project.title, updated_at=project.updated_at)
                for project in self.projects.values()
            )
        )

    def _on_NewProject(self, request: p.NewProject) -> Project:
        number = len(self.projects) + 1
        project = Project(
            id=f"project-{number}",
            title=request.title,
            recipe=identity_recipe(request.asset_id),
            cues=(Cue(scene=request.scene),),
            created_at=START,
            updated_at=START,
        )
        self.projects[project.id] = project
        return project

    def _on_GetProject(self, request: p.GetProject) -> Project:
        return self.projects[request.id]

    def _on_SaveProject(self, request: p.SaveProject) -> Project:
        later = START + timedelta(seconds=next(self._clock) + 1)
        saved = msgspec.structs.replace(request.project, updated_at=later)
        self.projects[saved.id] = saved
        return saved

    def _on_ExportProject(self, request: p.ExportProject) -> r.ExportedFiles:
        return r.ExportedFiles(paths=(request.path,))

    def _on_ImportProject(self, request: p.ImportProject) -> Project:
        if not self.projects:
            raise NotFoundError("There is no project in that file.")
        return next(iter(self.projects.values()))


class FakeClient:
    """One connection."""

    def __init__(self, engine: FakeEngine) -> None:
        self._engine = engine

    async def call(self, request: object) -> object:
        """Answer, a turn of the loop later."""
        await asyncio.sleep(0)
        if not self._engine.up:
            raise EngineUnreachableError
        return self._engine.answer(request)

    async def stream(self, request: object) -> AsyncIterator[object]:
        """Give the events that the request asks for."""
        queue: asyncio.Queue[object] = asyncio.Queue()
        if isinstance(request, p.WatchJob):
            async for event in self._watch(request.id, queue):
                yield event
            return
        self._engine._library_watchers.append(queue)
        while True:
            event = await queue.get()
            if isinstance(event, Exception):
                raise event
            yield event

    async def _watch(self, job_id: str, queue: asyncio.Queue[object]) -> AsyncIterator[object]:
        engine = self._engine
        job = engine.jobs[job_id]
        watchers = engine._job_watchers.setdefault(job_id, [])
        watchers.append(queue)
        first = JobEvent(seq=0, job_id=job.id, status=job.status, at=START, change="view", job=job)
        try:
            yield first
            if job.status.terminal:
                return
            while True:
                event = await queue.get()
                if isinstance(event, Exception):
                    raise event
                yield event
                if event.status.terminal:
                    return
        finally:
            if queue in watchers:
                watchers.remove(queue)

    async def close(self) -> None:
        """Leave."""


def furnish(engine: FakeEngine, outputs: Path) -> None:
    """Fill a library as a creator has it after a week."""
    rows = [
        ("Room tone 2", 45.2, None, -41.0, "", True),
        ("Cinder", 200.0, 172.0, -8.1, "North Kiln", True),
        ("Episode 48 · interview", 3500.0, None, -16.0, "The Listening Hour", True),
        ("Low Tide (rough mix)", 313.0, 92.0, -11.8, "", True),
        ("Paper Lanterns", 177.0, 140.0, -14.1, "Ida Moreau", True),
        ("Static Bloom (live)", 411.0, None, None, "", False),
        (
            "An extraordinarily long working title that somebody typed at three in the morning "
            "and never shortened (final) (final 2)",
            248.0,
            98.0,
            -14.0,
            "A collective with a name nearly as long as its songs",
            True,
        ),
        ("Night Drive", 222.1, 124.0, -9.8, "Ida Moreau", True),
    ]
    for number, (title, duration_s, tempo, loudness, artist, analysed) in enumerate(rows, 1):
        engine.assets[f"asset-{number:04d}"] = asset_like(
            number,
            title,
            duration_s=duration_s,
            tempo_bpm=tempo,
            loudness_lufs=loudness,
            artist=artist,
            analysed=analysed,
        )
    _furnish_jobs(engine, outputs)


def _furnish_jobs(engine: FakeEngine, outputs: Path) -> None:
    def asset(number: int) -> Asset:
        return engine.assets[f"asset-{number:04d}"]

    def quiet(params: JobParams, title: str, **fields: object) -> JobView:
        return engine.add_job(params, title, announce=False, **fields)

    done = RenderResult(
        path=outputs / "Paper Lanterns.mp4",
        plan_hash="0" * 64,
        encoder="libx264",
        renderer="llvmpipe",
        n_frames=5310,
        duration_s=177.0,
        width=1080,
        height=1920,
    )
    quiet(
        render_params(asset(5), fmt="flat-1080p-portrait"),
        asset(5).title,
        status=JobStatus.DONE,
        progress=1.0,
        result=done,
        started_at=START,
        finished_at=START + timedelta(seconds=151),
        outputs=(OutputView(path=done.path, sha256="0" * 64, bytes=83_000_000),),
    )
    quiet(
        IngestParams(source=AudioFile(path=Path("/music/Cinder.flac"))),
        asset(2).title,
        status=JobStatus.DONE,
        progress=1.0,
        result=IngestResult(asset=asset(2)),
        started_at=START,
        finished_at=START + timedelta(seconds=4),
    )
    quiet(
        render_params(asset(4), fmt="360-mono-8k"),
        asset(4).title,
        status=JobStatus.FAILED,
        progress=0.47,
        attempt=3,
        error=ErrorView(
            code="disk",
            message="The disk is full: 12.4 GB more are needed.",
            hint="Free some space or choose another folder, then try again; "
            "finished parts are kept.",
        ),
    )
    quiet(render_params(asset(2), fmt="360-stereo-5.7k"), asset(2).title, held=True)
    quiet(render_params(asset(7), fmt="flat-4k-landscape"), asset(7).title)
    quiet(
        AnalyzeParams(asset=AssetRef(asset_id=asset(6).id)),
        asset(6).title,
        status=JobStatus.RUNNING,
        stage="analyze",
        progress=0.62,
        eta_s=9.0,
        attempt=1,
    )
    quiet(
        render_params(asset(8), fmt="flat-1080p-portrait"),
        "Night Drive, teaser",
        status=JobStatus.RUNNING,
        stage="render",
        progress=0.31,
        fps=24.8,
        eta_s=280.0,
        attempt=1,
    )
    quiet(
        render_params(asset(8)),
        asset(8).title,
        status=JobStatus.RUNNING,
        stage="render",
        progress=0.64,
        fps=51.3,
        eta_s=72.0,
        attempt=1,
        facts={"encoder": "libx264 (8 threads)"},
    )


@dataclass(frozen=True)
class QuietSound:
    """A mix of the right length in which nothing is heard."""

    sample_rate_hz: int
    channels: int
    n_samples: int

    def read(self, start: int, stop: int) -> np.ndarray:
        """Return silence."""
        return np.zeros((self.channels, min(stop, self.n_samples) - start), np.float32)


def quiet_sound(recipe, assets, paths, plan) -> QuietSound:
    """Make no sound of any recipe."""
    n_samples = mixed_samples(recipe, assets)
    return QuietSound(recipe.sample_rate_hz, recipe.channels, n_samples)
