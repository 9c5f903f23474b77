"""What the engine and a worker process say to each other: one JSON value a line.

Engine to worker on stdin: `Warm` or `Start` first, then `Stop` or `FactKept` about the job that
started last, and another `Start` only after a worker said that it stays. Worker to engine on
stdout: anything of `WorkerMessage`, each with the fence of the lease it works under.
"""

import msgspec

from core.config import Settings
from core.documents import json_reader
from core.errors import ErrorView
from core.jobs.context import Finished
from core.jobs.model import JobKind, JobParams
from core.library.model import Asset
from core.library.project import Project


class Start(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="start"):
    """The job to do, with everything the handler may ask its context for."""

    job_id: str
    kind: JobKind
    attempt: int
    fence: int
    library: str
    params: JobParams
    settings: Settings
    assets: dict[str, Asset] = {}
    project: Project | None = None
    facts: dict[str, str] = {}
    handlers: str = "core.jobs.handlers"
    """The module whose `handler_for(kind)` gives the handler."""
    stay: bool = False
    """Whether the worker may wait for another job when this one is done."""


class Warm(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="warm"):
    """Load what the handlers of these kinds need: a job of one of them is likely to come."""

    kinds: tuple[JobKind, ...]
    handlers: str = "core.jobs.handlers"


class Stop(msgspec.Struct, frozen=True, tag_field="type", tag="stop"):
    """Stop at the next check: cancelled, paused, or the engine ends."""


class FactKept(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="fact_kept"):
    """A fact is committed."""

    number: int


EngineMessage = Warm | Start | Stop | FactKept


class Progress(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="progress"):
    """How far the job is."""

    fence: int
    stage: str
    fraction: float
    fps: float | None = None


class Fact(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="fact"):
    """Something to fix for all attempts; answered by `FactKept` with the same number."""

    fence: int
    number: int
    name: str
    value: str


class Stall(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="stall"):
    """How long a step may take without progress."""

    fence: int
    seconds: float


class Done(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="done"):
    """The handler returned; its files wait to be published."""

    fence: int
    finished: Finished
    stays: bool = False
    """Whether the worker waits for another job; else it ends now."""


class Failed(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="failed"):
    """The handler raised; code `bug` when it was no `KnownError`."""

    fence: int
    error: ErrorView


class Stopped(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="stopped"):
    """The handler stopped because it was asked to."""

    fence: int
    stays: bool = False
    """As in `Done`."""


WorkerMessage = Progress | Fact | Stall | Done | Failed | Stopped

read_engine_message = json_reader(EngineMessage)
read_worker_message = json_reader(WorkerMessage)
