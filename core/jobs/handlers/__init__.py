"""One module per job kind, each with `run(params, ctx) -> Finished`; imported only by workers.

A module may have `warm(keep)`, which makes ready what every job of its kind needs.
"""

from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any

from core.jobs.context import Finished, JobContext
from core.jobs.model import JobKind

_MODULES = {
    JobKind.INGEST: "core.jobs.handlers.ingest",
    JobKind.PREPARE: "core.jobs.handlers.prepare",
    JobKind.ANALYZE: "core.jobs.handlers.analyze",
    JobKind.RENDER: "core.jobs.handlers.render",
    JobKind.FRAME: "core.jobs.handlers.frame",
    JobKind.ESTIMATE: "core.jobs.handlers.estimate",
    JobKind.EXPORT: "core.jobs.handlers.export",
}


def handler_for(kind: JobKind) -> Callable[[Any, JobContext], Finished]:
    """Return the handler of a kind; only its own imports are loaded."""
    run: Callable[[Any, JobContext], Finished] = import_module(_MODULES[kind]).run
    return run


def warm(kinds: Iterable[JobKind], keep: dict[str, object]) -> None:
    """Load the handlers of some kinds and all that they need; `keep` is what their jobs will find.

    Raises KnownError or OSError where a job would fail as well.
    """
    for kind in kinds:
        make_ready = getattr(import_module(_MODULES[kind]), "warm", None)
        if make_ready is not None:
            make_ready(keep)
