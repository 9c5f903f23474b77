"""A worker process: one job at a time, each by its handler, then the end.

In: `wire.Warm` or `wire.Start` as the first line of stdin. Out: `wire.WorkerMessage` lines on
stdout, which carries nothing else (what libraries print goes to stderr, which the engine logs).
When the engine is gone, so is the worker: at once by a signal on Linux, by the end of stdin
elsewhere.

A worker that is told so may stay after a job that was done, or that stopped when asked to, and
take the next one. After a failure, or when it grew large or left a thread behind, it always ends.
"""

import contextlib
import logging
import os
import queue
import sys
import threading
from importlib import import_module
from typing import BinaryIO

import msgspec
import psutil

from core.documents import to_json
from core.errors import ErrorView, JobAborted, KnownError
from core.jobs import wire
from core.jobs.worker_context import WorkerContext
from core.log import log_to_stderr
from core.platform.processes import die_with_parent, end_own_group, lower_priority

_LOG = logging.getLogger(__name__)
MAX_JOBS = 100
MAX_STAY_BYTES = 768 * 1024**2
"""A worker larger than this ends after its job: what it holds goes back to the system."""
_OWN_THREADS = 2
"""The main one and the one that listens."""


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


class _Worker:
    """What lasts from job to job."""

    def __init__(self, line: _Line) -> None:
        self._line = line
        self._tasks: queue.SimpleQueue[wire.Warm | WorkerContext] = queue.SimpleQueue()
        self._keep: dict[str, object] = {}
        self._n_jobs = 0

    def listen(self, source: BinaryIO) -> None:
        """Take what the engine says until it hangs up, which ends this process."""
        context: WorkerContext | None = None
        for data in iter(source.readline, b""):
            message = wire.read_engine_message(data)
            if isinstance(message, wire.Warm):
                self._tasks.put(message)
            elif isinstance(message, wire.Start):
                # Made here, so that a stop right behind it finds its own job's context.
                context = WorkerContext(message, self._line.send, keep=self._keep)
                self._tasks.put(context)
            elif context is not None:
                context.receive(message)
        end_own_group()

    def work(self) -> None:
        """Do what comes until a job ends that this process does not outlive."""
        stays = True
        while stays:
            task = self._tasks.get()
            if isinstance(task, wire.Warm):
                _warm(task, self._keep)
            else:
                stays = self._do(task)

    def _do(self, context: WorkerContext) -> bool:
        """Run a job and say how it went; return whether to wait for another."""
        context.staging.mkdir(parents=True, exist_ok=True)
        self._n_jobs += 1
        answer = _run(context.start, context)
        stays = False
        if not isinstance(answer, wire.Failed):
            stays = context.start.stay and self._is_fit()
            answer = msgspec.structs.replace(answer, stays=stays)
        self._line.send(answer)
        return stays

    def _is_fit(self) -> bool:
        """Return whether this process is as good as a new one, but faster."""
        return (
            self._n_jobs < MAX_JOBS
            and threading.active_count() <= _OWN_THREADS
            and psutil.Process().memory_info().rss <= MAX_STAY_BYTES
        )


def main(arguments: list[str] | None = None) -> int:
    """Run jobs. `arguments` holds the engine's process id."""
    given = sys.argv[1:] if arguments is None else arguments
    if given and given[0].isdigit():
        die_with_parent(int(given[0]))
    lower_priority()
    protocol = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not look like a message
    log_to_stderr()
    worker = _Worker(_Line(protocol))
    threading.Thread(target=worker.listen, args=(sys.stdin.buffer,), daemon=True).start()
    worker.work()
    # Libraries' exit handlers and threads may hang or crash; the job is over, so is this.
    os._exit(0)


def _warm(message: wire.Warm, keep: dict[str, object]) -> None:
    """Load what jobs of some kinds need; whatever is wrong shows when one of them runs."""
    with contextlib.suppress(ImportError, OSError, KnownError):
        warm = getattr(import_module(message.handlers), "warm", None)
        if warm is not None:
            warm(message.kinds, keep)


def _run(start: wire.Start, context: WorkerContext) -> wire.Done | wire.Failed | wire.Stopped:
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
