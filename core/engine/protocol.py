"""The engine's interface as plain values: requests, one reply each, and event streams.

On the wire every message is one line of JSON over a loopback socket:
client: `{"id": 1, "token": "…", "request": {"type": "GetJob", …}}`, `{"id": 1, "stop": true}`;
engine: `{"id": 1, "reply": …}`, `{"id": 1, "error": {…}}`, `{"id": 1, "event": …}`,
`{"id": 1, "end": true}`. Each request class names its reply type, so that
`await client.call(GetJob(id=…))` is a `JobView` for the type checker as well.
"""

from fractions import Fraction
from pathlib import Path
from typing import ClassVar

import msgspec

from core.audio.recipe import Marker, Recipe
from core.config import Settings
from core.engine.replies import (
    AssetPage,
    EngineInfo,
    ExportedFiles,
    JobCounts,
    JobPage,
    LibraryCheck,
    LibraryEvent,
    LibraryStats,
    Nothing,
    ProjectList,
    Submitted,
)
from core.ingest.sources import Source
from core.jobs.model import JobEvent, JobKind, JobStatus, JobView, PictureParams
from core.library.model import Asset
from core.library.project import Project


class Request[R](msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """A request whose one answer is an `R`."""

    reply: ClassVar[type]


class Stream[E](msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """A request answered by a stream of `E`."""

    event: ClassVar[type]


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """What work is about: exactly one of an asset, a source not yet ingested, a project, a recipe.

    A recipe comes with the title to show; `project_id` may stand beside it: the project as it is
    being edited, ahead of what is stored.
    """

    asset_id: str | None = None
    source: Source | None = None
    project_id: str | None = None
    recipe: Recipe | None = None
    title: str = ""


# --- engine -----------------------------------------------------------------------------------


class GetEngine(Request[EngineInfo], frozen=True, tag="GetEngine"):
    """Ask how the engine is."""

    reply: ClassVar[type] = EngineInfo


class StopEngine(Request[Nothing], frozen=True, tag="StopEngine"):
    """Stop now: running jobs go back to the queue, nothing is lost."""

    reply: ClassVar[type] = Nothing


class GetSettings(Request[Settings], frozen=True, tag="GetSettings"):
    """Ask for the library's settings."""

    reply: ClassVar[type] = Settings


class SetSettings(Request[Settings], frozen=True, kw_only=True, tag="SetSettings"):
    """Replace the settings."""

    settings: Settings
    reply: ClassVar[type] = Settings


# --- work -------------------------------------------------------------------------------------


class SubmitIngest(Request[Submitted], frozen=True, kw_only=True, tag="SubmitIngest"):
    """Take a source in; with `analyze`, mix and analyse it as well."""

    source: Source
    analyze: bool = False
    max_duration_s: float | None = None
    max_bytes: int | None = None
    reply: ClassVar[type] = Submitted


class SubmitPrepare(Request[Submitted], frozen=True, kw_only=True, tag="SubmitPrepare"):
    """Mix; earlier steps are added where missing.

    With `sounds` the decoded sounds are there afterwards too, also where the mixdown was.
    """

    subject: Subject
    sounds: bool = False
    reply: ClassVar[type] = Submitted


class SubmitAnalyze(Request[Submitted], frozen=True, kw_only=True, tag="SubmitAnalyze"):
    """Analyse; earlier steps are added where missing."""

    subject: Subject
    reply: ClassVar[type] = Submitted


class SubmitRender(Request[Submitted], frozen=True, kw_only=True, tag="SubmitRender"):
    """Render; earlier steps are added where missing."""

    subject: Subject
    picture: PictureParams
    start_s: Fraction = msgspec.field(default_factory=lambda: Fraction(0))
    end_s: Fraction | None = None
    target: str = "local"
    output: Path | None = None
    overwrite: bool = False
    reply: ClassVar[type] = Submitted


class SubmitFrame(Request[Submitted], frozen=True, kw_only=True, tag="SubmitFrame"):
    """Draw one frame to a PNG; earlier steps are added where missing."""

    subject: Subject
    picture: PictureParams
    at_s: Fraction
    output: Path | None = None
    overwrite: bool = False
    reply: ClassVar[type] = Submitted


class SubmitExport(Request[Submitted], frozen=True, kw_only=True, tag="SubmitExport"):
    """Write the mix to a sound file; its name tells the format. Earlier steps are added."""

    subject: Subject
    output: Path
    overwrite: bool = False
    bit_depth: int | None = None
    bit_rate_bps: int | None = None
    markers: tuple[Marker, ...] = ()
    reply: ClassVar[type] = Submitted


class SubmitEstimate(Request[Submitted], frozen=True, kw_only=True, tag="SubmitEstimate"):
    """Probe what a render would cost."""

    render: SubmitRender
    reply: ClassVar[type] = Submitted


# --- jobs -------------------------------------------------------------------------------------


class ListJobs(Request[JobPage], frozen=True, kw_only=True, tag="ListJobs"):
    """Ask for a page of jobs."""

    kinds: tuple[JobKind, ...] = ()
    statuses: tuple[JobStatus, ...] = ()
    limit: int = 100
    cursor: str | None = None
    reply: ClassVar[type] = JobPage


class GetJob(Request[JobView], frozen=True, kw_only=True, tag="GetJob"):
    """Ask for a job."""

    id: str
    reply: ClassVar[type] = JobView


class CancelJob(Request[JobView], frozen=True, kw_only=True, tag="CancelJob"):
    """Cancel a job: at once when queued, within a second when running.

    With `if_unneeded` a job that another one waits for, or that has ended, is left as it is.
    """

    id: str
    if_unneeded: bool = False
    reply: ClassVar[type] = JobView


class RetryJob(Request[JobView], frozen=True, kw_only=True, tag="RetryJob"):
    """Make a new job of an ended one, `retry_of` it; failed jobs it needs are retried first."""

    id: str
    reply: ClassVar[type] = JobView


class HoldJob(Request[JobView], frozen=True, kw_only=True, tag="HoldJob"):
    """Hold a queued job; a running one gives its lane back and keeps its finished segments."""

    id: str
    reply: ClassVar[type] = JobView


class ReleaseJob(Request[JobView], frozen=True, kw_only=True, tag="ReleaseJob"):
    """Let a held job be claimed."""

    id: str
    reply: ClassVar[type] = JobView


class MoveJob(Request[JobView], frozen=True, kw_only=True, tag="MoveJob"):
    """Move a queued job before another one; None: to the end."""

    id: str
    before: str | None = None
    reply: ClassVar[type] = JobView


class PauseQueue(Request[Nothing], frozen=True, kw_only=True, tag="PauseQueue"):
    """Claim nothing more; with `running`, running jobs go back to the queue too."""

    running: bool = False
    reply: ClassVar[type] = Nothing


class ResumeQueue(Request[Nothing], frozen=True, tag="ResumeQueue"):
    """Claim again."""

    reply: ClassVar[type] = Nothing


class WaitIdle(Request[JobCounts], frozen=True, tag="WaitIdle"):
    """Answer once nothing is running and nothing that could run is queued."""

    reply: ClassVar[type] = JobCounts


class WatchJob(Stream[JobEvent], frozen=True, kw_only=True, tag="WatchJob"):
    """The job's view now, then each change; ends by itself after the terminal one."""

    id: str
    event: ClassVar[type] = JobEvent


# --- library ----------------------------------------------------------------------------------


class WatchLibrary(Stream[LibraryEvent], frozen=True, tag="WatchLibrary"):
    """Every change in the library from now on; at most 20 progress events a second and job."""

    event: ClassVar[type] = LibraryEvent  # type: ignore[assignment]


class ListAssets(Request[AssetPage], frozen=True, kw_only=True, tag="ListAssets"):
    """Ask for a page of assets."""

    search: str = ""
    trashed: bool = False
    limit: int = 200
    cursor: str | None = None
    reply: ClassVar[type] = AssetPage


class GetAsset(Request[Asset], frozen=True, kw_only=True, tag="GetAsset"):
    """Ask for an asset."""

    id: str
    reply: ClassVar[type] = Asset


class TrashAsset(Request[Asset], frozen=True, kw_only=True, tag="TrashAsset"):
    """Put an asset in the trash; refused while a project uses it, unless forced."""

    id: str
    force: bool = False
    reply: ClassVar[type] = Asset


class RestoreAsset(Request[Asset], frozen=True, kw_only=True, tag="RestoreAsset"):
    """Take an asset out of the trash."""

    id: str
    reply: ClassVar[type] = Asset


class RelocateAsset(Request[Asset], frozen=True, kw_only=True, tag="RelocateAsset"):
    """Give a missing original back; the file must have the same SHA-256."""

    id: str
    path: Path
    reply: ClassVar[type] = Asset


class ExportAsset(Request[ExportedFiles], frozen=True, kw_only=True, tag="ExportAsset"):
    """Copy an original and its document into a folder."""

    id: str
    folder: Path
    reply: ClassVar[type] = ExportedFiles


class GetStats(Request[LibraryStats], frozen=True, tag="GetStats"):
    """Ask how much the library holds."""

    reply: ClassVar[type] = LibraryStats


class CheckLibrary(Request[LibraryCheck], frozen=True, kw_only=True, tag="CheckLibrary"):
    """Compare rows with files; with `repair`, mend what can be mended without losing anything."""

    repair: bool = False
    reply: ClassVar[type] = LibraryCheck


class BackupLibrary(Request[ExportedFiles], frozen=True, tag="BackupLibrary"):
    """Copy the store into the library's backups folder."""

    reply: ClassVar[type] = ExportedFiles


# --- projects ---------------------------------------------------------------------------------


class ListProjects(Request[ProjectList], frozen=True, tag="ListProjects"):
    """Ask for the projects."""

    reply: ClassVar[type] = ProjectList


class NewProject(Request[Project], frozen=True, kw_only=True, tag="NewProject"):
    """Make a project of one asset and a scene."""

    asset_id: str
    title: str = ""
    scene: str = ""
    reply: ClassVar[type] = Project


class GetProject(Request[Project], frozen=True, kw_only=True, tag="GetProject"):
    """Ask for a project."""

    id: str
    reply: ClassVar[type] = Project


class SaveProject(Request[Project], frozen=True, kw_only=True, tag="SaveProject"):
    """Store a project's new state; `updated_at` must be the one it was read with."""

    project: Project
    reply: ClassVar[type] = Project


class ExportProject(Request[ExportedFiles], frozen=True, kw_only=True, tag="ExportProject"):
    """Write a project to a `.cymatic` file (zip: the document and its originals)."""

    id: str
    path: Path
    overwrite: bool = False
    reply: ClassVar[type] = ExportedFiles


class ImportProject(Request[Project], frozen=True, kw_only=True, tag="ImportProject"):
    """Open a `.cymatic` file; its originals are taken into the library."""

    path: Path
    reply: ClassVar[type] = Project


AnyRequest = (
    GetEngine
    | StopEngine
    | GetSettings
    | SetSettings
    | SubmitIngest
    | SubmitPrepare
    | SubmitAnalyze
    | SubmitRender
    | SubmitFrame
    | SubmitEstimate
    | SubmitExport
    | ListJobs
    | GetJob
    | CancelJob
    | RetryJob
    | HoldJob
    | ReleaseJob
    | MoveJob
    | PauseQueue
    | ResumeQueue
    | WaitIdle
    | ListAssets
    | GetAsset
    | TrashAsset
    | RestoreAsset
    | RelocateAsset
    | ExportAsset
    | GetStats
    | CheckLibrary
    | BackupLibrary
    | ListProjects
    | NewProject
    | GetProject
    | SaveProject
    | ExportProject
    | ImportProject
    | WatchJob
    | WatchLibrary
)
