"""A worker process: one job, one handler, then the end.

In: `wire.Start` as the first line of stdin. Out: `wire.WorkerMessage` lines on stdout, which
carries nothing else (what libraries print goes to stderr, which the engine logs). When the
engine is gone, so is the worker: at once by a signal on Linux, by the end of stdin elsewhere.
"""

import logging
import os
import sys
import threading
from importlib import import_module
from typing import BinaryIO

from core.documents import to_json
from core.errors import ErrorView, JobAborted, KnownError
from core.jobs import wire
from core.jobs.worker_context import WorkerContext
from core.log import log_to_stderr
from core.platform.processes import die_with_parent, end_own_group, lower_priority

_LOG = logging.getLogger(__name__)


class _Line:
    """The line to the engine; several threads may send."""

    def __init__(self, sink: BinaryIO) -> None:
        self._sink = sink
        self._lock = threading.Lock()

    def send(self, message: wire.WorkerMessage) -> None:
        """Write one message."""
        data = to_json(message) + b"\n"
        try:
            with self._lock:
                self._sink.write(data)
                self._sink.flush()
        except OSError:  # nobody listens any more
            end_own_group()


def main(arguments: list[str] | None = None) -> int:
    """Run one job. `arguments` holds the engine's process id."""
    given = sys.argv[1:] if arguments is None else arguments
    if given and given[0].isdigit():
        die_with_parent(int(given[0]))
    lower_priority()
    protocol = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not look like a message
    log_to_stderr()
    source = sys.stdin.buffer
    first = source.readline()
    if not first:
        return 1
    start = wire.read_engine_message(first)
    line = _Line(protocol)
    context = WorkerContext(start, line.send)
    threading.Thread(target=_listen, args=(source, context), daemon=True).start()
    line.send(_run(start, context))
    # Libraries' exit handlers and threads may hang or crash; the job is over, so is this.
    os._exit(0)


def _listen(source: BinaryIO, context: WorkerContext) -> None:
    """Take what the engine says until it hangs up, which ends this process."""
    for data in iter(source.readline, b""):
        context.receive(wire.read_engine_message(data))
    end_own_group()


def _run(start: wire.Start, context: WorkerContext) -> wire.WorkerMessage:
    """Run the handler; one of the three doors where any exception is caught."""
    try:
        handler = import_module(start.handlers).handler_for(start.kind)
        finished = handler(start.params, context)
    except JobAborted:
        return wire.Stopped(fence=start.fence)
    except KnownError as error:
        _LOG.info("%s failed: %s", start.kind, error.message)
        return wire.Failed(fence=start.fence, error=error.view())
    except Exception as error:  # noqa: BLE001 - the door of a worker
        _LOG.exception("a bug in %s", start.kind)
        return wire.Failed(fence=start.fence, error=_bug(start, error))
    return wire.Done(fence=start.fence, finished=finished)


def _bug(start: wire.Start, error: Exception) -> ErrorView:
    if isinstance(error, MemoryError):
        return ErrorView(
            code="memory",
            message="There was not enough memory.",
            hint="Close other programs, or choose a smaller format.",
        )
    return ErrorView(
        code="bug",
        message=f"Cymatic made a mistake in “{start.kind}” ({type(error).__name__}: {error}).",
        hint="The details are in the library's log; please report it.",
    )


if __name__ == "__main__":
    sys.exit(main())
