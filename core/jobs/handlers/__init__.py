"""One module per job kind, each with `run(params, ctx) -> Finished`; imported only by workers."""

from collections.abc import Callable
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
}


def handler_for(kind: JobKind) -> Callable[[Any, JobContext], Finished]:
    """Return the handler of a kind; only its own imports are loaded."""
    run: Callable[[Any, JobContext], Finished] = import_module(_MODULES[kind]).run
    return run
