"""What the engine answers and announces, as plain values.

The answers that are not values of the model themselves, and the events of a library's stream;
`core.engine.protocol` says which request gets which.
"""

from datetime import datetime
from pathlib import Path

import msgspec

from core.jobs.model import JobEvent, JobKind, JobView
from core.library.model import Asset


class Nothing(msgspec.Struct, frozen=True):
    """Done, with nothing to say."""


class WorkerInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A worker process at work."""

    pid: int
    job_id: str
    kind: JobKind


class EngineInfo(msgspec.Struct, frozen=True, kw_only=True):
    """The engine of a library."""

    pid: int
    version: str
    library: Path
    uptime_s: float
    workers: tuple[WorkerInfo, ...] = ()
    clients: int = 0
    paused: bool = False
    sqlite_version: str = ""


class Submitted(msgspec.Struct, frozen=True, kw_only=True):
    """The job that gives what was asked for, and every job of its chain in order, it included."""

    job: JobView
    chain: tuple[JobView, ...]


class JobCounts(msgspec.Struct, frozen=True, kw_only=True):
    """How many jobs are in each state."""

    queued: int = 0
    running: int = 0
    done: int = 0
    failed: int = 0
    cancelled: int = 0


class JobPage(msgspec.Struct, frozen=True, kw_only=True):
    """Jobs, newest first within running, queued, then ended. `cursor` fetches the next page.

    `counts` is of all jobs of the kinds asked for, in every state, on every page.
    """

    jobs: tuple[JobView, ...]
    cursor: str | None = None
    counts: JobCounts = JobCounts()
    paused: bool = False


class AssetPage(msgspec.Struct, frozen=True, kw_only=True):
    """Assets, newest first."""

    assets: tuple[Asset, ...]
    cursor: str | None = None
    total: int = 0


class ProjectSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A project in a list."""

    id: str
    title: str
    updated_at: datetime


class ProjectList(msgspec.Struct, frozen=True, kw_only=True):
    """Projects, most recently changed first."""

    projects: tuple[ProjectSummary, ...]


class LibraryStats(msgspec.Struct, frozen=True, kw_only=True):
    """How much the library holds, by storage kind (originals, pcm, renders …)."""

    path: Path
    assets: int
    projects: int
    jobs: JobCounts
    bytes_by_kind: dict[str, int]
    free_bytes: int


class LibraryFault(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is not as it should be, and whether a repair mends it."""

    code: str
    message: str
    path: Path | None = None
    repaired: bool = False


class LibraryCheck(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of a check."""

    faults: tuple[LibraryFault, ...]
    files_checked: int


class ExportedFiles(msgspec.Struct, frozen=True, kw_only=True):
    """Files written for the user."""

    paths: tuple[Path, ...]


# --- events ---------------------------------------------------------------------------------


class AssetEvent(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="asset"):
    """An asset came or changed (also: into the trash, out of it)."""

    asset: Asset


class ProjectEvent(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="project"):
    """A project came or changed; `project` None: it was deleted."""

    project_id: str
    project: ProjectSummary | None = None


class AnyJobEvent(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="job"):
    """A job came or changed."""

    event: JobEvent


class QueueEvent(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="queue"):
    """The queue was paused or resumed, or its counts changed."""

    paused: bool
    counts: JobCounts


LibraryEvent = AssetEvent | ProjectEvent | AnyJobEvent | QueueEvent
