"""What a job is: kinds, states, typed parameters and results, the one view, the one event.

Every job of every kind is shown by one `JobView` (DESIGN law 1) and announced by one `JobEvent`
(law 3). Parameters and results are tagged unions, one member per kind, versioned.
"""

from datetime import datetime
from enum import StrEnum
from fractions import Fraction
from pathlib import Path

import msgspec

from core.analysis.beat_edit import BeatEdit
from core.audio.normalisation import NormalisationReport
from core.audio.recipe import Marker, Recipe
from core.errors import ErrorView
from core.ingest.sources import Source
from core.library.model import Analysis, Asset, Loudness
from core.scenes.model import ParameterValue


class JobKind(StrEnum):
    """The kinds of work."""

    INGEST = "ingest"
    PREPARE = "prepare"
    ANALYZE = "analyze"
    RENDER = "render"
    FRAME = "frame"
    ESTIMATE = "estimate"
    EXPORT = "export"


class JobStatus(StrEnum):
    """Where a job stands; `TRANSITIONS` lists every legal change."""

    QUEUED = "queued"
    """Submitted, or given back by a dead worker or a pause."""
    RUNNING = "running"
    """Claimed by a lane."""
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def terminal(self) -> bool:
        """Whether the job never changes again."""
        return self in (JobStatus.DONE, JobStatus.FAILED, JobStatus.CANCELLED)


TRANSITIONS: frozenset[tuple[JobStatus | None, JobStatus]] = frozenset(
    {
        (None, JobStatus.QUEUED),
        (JobStatus.QUEUED, JobStatus.RUNNING),
        (JobStatus.QUEUED, JobStatus.CANCELLED),
        (JobStatus.QUEUED, JobStatus.FAILED),
        (JobStatus.RUNNING, JobStatus.DONE),
        (JobStatus.RUNNING, JobStatus.FAILED),
        (JobStatus.RUNNING, JobStatus.CANCELLED),
        (JobStatus.RUNNING, JobStatus.QUEUED),
    }
)


class Lane(StrEnum):
    """A resource that limits how many jobs run side by side."""

    GPU = "gpu"
    CPU = "cpu"
    NET = "net"
    STILL = "still"


class AssetRef(msgspec.Struct, frozen=True, kw_only=True):
    """An asset by id, or the one that an ingest job will make; exactly one is set."""

    asset_id: str | None = None
    ingest_job_id: str | None = None


class IngestParams(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="ingest"):
    """Take a source into the library."""

    source: Source
    max_duration_s: float | None = None
    max_bytes: int | None = None


class PrepareParams(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="prepare"):
    """Mix a recipe to prepared audio. No recipe means the identity recipe of `asset`."""

    asset: AssetRef
    recipe: Recipe | None = None
    features: bool = False
    """Whether to measure the sound while it is mixed, for the analysis that comes next."""
    sounds: bool = False
    """Whether the decoded sounds must be there as well, to be played."""


class AnalyzeParams(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="analyze"):
    """Measure the features of prepared audio."""

    asset: AssetRef
    recipe: Recipe | None = None


class PictureParams(msgspec.Struct, frozen=True, kw_only=True):
    """What to draw, in the user's words; a `RenderPlan` is made of it once features exist."""

    scene: str
    format: str = "flat-1080p-landscape"
    fps: Fraction = msgspec.field(default_factory=lambda: Fraction(30))
    values: dict[str, ParameterValue] = {}
    """Parameter values that differ from the scene's, by `layer.param`."""
    seed: int = 1
    quality: str = "final"
    """draft or final."""
    beats: BeatEdit = BeatEdit()
    """How the found beat grid is corrected."""


class RenderParams(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="render"):
    """Render a video."""

    asset: AssetRef
    recipe: Recipe | None = None
    project_id: str | None = None
    picture: PictureParams
    start_s: Fraction = msgspec.field(default_factory=lambda: Fraction(0))
    end_s: Fraction | None = None
    target: str = "local"
    output: Path | None = None
    """Where `-o` wants the file; None: the library's renders folder."""
    overwrite: bool = False


class FrameParams(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="frame"):
    """Draw one frame to a PNG; `output` None: the library's cache of stills."""

    asset: AssetRef
    recipe: Recipe | None = None
    picture: PictureParams
    at_s: Fraction
    output: Path | None = None
    overwrite: bool = False


class EstimateParams(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="estimate"):
    """Probe what a render would cost: the render's own parameters."""

    render: RenderParams


class ExportParams(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="export"):
    """Write prepared audio to a sound file, whose format its name tells."""

    asset: AssetRef
    recipe: Recipe | None = None
    output: Path
    overwrite: bool = False
    bit_depth: int | None = None
    bit_rate_bps: int | None = None
    title: str = ""
    """Empty: the first sound's own."""
    markers: tuple[Marker, ...] = ()
    """Become chapters where the format has them."""


JobParams = (
    IngestParams
    | PrepareParams
    | AnalyzeParams
    | RenderParams
    | FrameParams
    | EstimateParams
    | ExportParams
)


class IngestResult(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="ingest"):
    """The asset that came of it; `duplicate` when the library already held the same bytes."""

    asset: Asset
    duplicate: bool = False


class PrepareResult(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="prepare"):
    """The mixdown. `limited_peak_db` says how far peaks went over full scale, if they did."""

    prepared_key: str
    sha256: str
    duration_s: float
    limited_peak_db: float | None = None
    loudness: NormalisationReport | None = None
    """How the mix was brought to its target; None without one."""


class AnalyzeResult(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="analyze"):
    """The analysis in short, with the asset it was made for."""

    asset_id: str
    analysis: Analysis
    loudness: NormalisationReport | None = None
    """How the mix was brought to its target; None without one."""


class RenderResult(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="render"):
    """The finished video."""

    path: Path
    plan_hash: str
    encoder: str
    renderer: str
    """Name of the GL renderer that drew it."""
    n_frames: int
    duration_s: float
    width: int
    height: int
    segments_reused: int = 0


class FrameResult(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="frame"):
    """The finished still."""

    path: Path
    frame_index: int
    width: int
    height: int


class EstimateResult(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="estimate"):
    """What a render would cost on this computer, from a short probe of it."""

    render_s: float
    output_bytes: int
    disk_needed_bytes: int
    disk_free_bytes: int
    n_frames: int
    fps: float
    """Frames this computer makes in a second."""
    encoder: str
    renderer: str


class ExportResult(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="export"):
    """The finished sound file, with its loudness as a player decodes it."""

    path: Path
    duration_s: float
    sample_rate_hz: int
    channels: int
    measured: Loudness
    loudness: NormalisationReport | None = None
    """How the mix was brought to its target; None without one."""
    limited_peak_db: float | None = None
    notes: tuple[str, ...] = ()
    """What differs from the mix, in sentences."""


JobResult = (
    IngestResult
    | PrepareResult
    | AnalyzeResult
    | RenderResult
    | FrameResult
    | EstimateResult
    | ExportResult
)


class SourceLinks(msgspec.Struct, frozen=True, kw_only=True):
    """What a job was made from."""

    asset: str | None = None
    recipe: str | None = None
    """Hash of the recipe."""
    project: str | None = None


class OutputView(msgspec.Struct, frozen=True, kw_only=True):
    """A file that a job made."""

    path: Path
    sha256: str
    bytes: int
    role: str = "main"
    """main for what the user asked for; plan, thumbnail, derived and the like for the rest."""
    remote: str | None = None


class JobProgress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a running job is. `fraction` is 0 to 1 over the whole job."""

    stage: str = ""
    fraction: float = 0.0
    fps: float | None = None
    """Frames drawn a second, for renders."""


class JobView(msgspec.Struct, frozen=True, kw_only=True):
    """A job as every door sees it (DESIGN §4)."""

    id: str
    kind: JobKind
    title: str
    """What it is about, for people: the track's or the file's name."""
    status: JobStatus
    held: bool = False
    blocked: bool = False
    """Queued, and waiting for a job it depends on."""
    stage: str = ""
    progress: float = 0.0
    fps: float | None = None
    eta_s: float | None = None
    attempt: int = 0
    max_attempts: int = 3
    retry_of: str | None = None
    depends_on: tuple[str, ...] = ()
    priority: int = 0
    """Higher is claimed first; within one priority, `position` then age decide."""
    position: float = 0.0
    lane: Lane = Lane.CPU
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    params: JobParams
    result: JobResult | None = None
    error: ErrorView | None = None
    facts: dict[str, str] = {}
    """What was fixed when the job started and a retry keeps: resolved encoder, renderer."""
    source: SourceLinks = SourceLinks()
    outputs: tuple[OutputView, ...] = ()


class JobEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One change of one job. `seq` rises strictly per job, across engine restarts too."""

    seq: int
    job_id: str
    status: JobStatus
    at: datetime
    change: str
    """view (the first of a watch), transition, progress or edit."""
    job: JobView


KIND_LANE = {
    JobKind.INGEST: Lane.CPU,
    JobKind.PREPARE: Lane.CPU,
    JobKind.ANALYZE: Lane.CPU,
    JobKind.RENDER: Lane.GPU,
    JobKind.FRAME: Lane.STILL,
    JobKind.ESTIMATE: Lane.STILL,
    JobKind.EXPORT: Lane.CPU,
}


def kind_of(params: JobParams) -> JobKind:
    """Return the kind of job that these parameters ask for."""
    return JobKind(str(params.__struct_config__.tag))
