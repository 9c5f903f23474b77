"""Workers that wait: started ahead, or kept from a job that ended well, for the next of its kind.

In: the kind of a job that is about to run. Out: a worker for it alone, with what it needs loaded
where one waits, else a new one. Loading takes a worker seconds; a picture has to follow an edit
within one.

Only work on what the library holds already is done by a worker twice: mixing, analysing, stills.
What reads strangers' files (ingest) or is long (render) gets a process that ends with its job.
"""

import asyncio
import contextlib
import logging
from collections.abc import Iterable
from enum import StrEnum

from core.jobs import wire
from core.jobs.model import JobKind
from core.jobs.process import WorkerProcess

_LOG = logging.getLogger(__name__)
IDLE_S = 600.0
"""How long a worker waits. An engine that nobody needs leaves long before, and takes it along."""


class _Crew(StrEnum):
    """Workers that can stand in for one another."""

    SOUND = "sound"
    STILL = "still"


_CREW_OF = {
    JobKind.PREPARE: _Crew.SOUND,
    JobKind.ANALYZE: _Crew.SOUND,
    JobKind.FRAME: _Crew.STILL,
}
_MAX_WAITING = {_Crew.SOUND: 2, _Crew.STILL: 1}
"""More would hold memory for little: most computers run one or two of these at a time."""


class WorkerPool:
    """The workers that wait in one engine; used on its loop.

    Parameters
    ----------
    handlers : str
        Module whose `warm(kinds, keep)`, where it has one, loads what jobs need.
    idle_s : float
        How long a worker waits for a job before it is let go.
    """

    def __init__(self, *, handlers: str, idle_s: float = IDLE_S) -> None:
        self._handlers = handlers
        self._idle_s = idle_s
        self._waiting: dict[_Crew, dict[WorkerProcess, asyncio.TimerHandle]] = {
            crew: {} for crew in _Crew
        }
        self._coming: dict[_Crew, asyncio.Task[None]] = {}
        self._leaving: set[asyncio.Task[int]] = set()
        self._closed = False

    @property
    def pids(self) -> tuple[int, ...]:
        """The process ids of those that wait."""
        return tuple(worker.pid for crew in self._waiting.values() for worker in crew)

    def keeps(self, kind: JobKind) -> bool:
        """Return whether a worker of such a job may wait for another one."""
        return kind in _CREW_OF and not self._closed

    def expect(self, kinds: Iterable[JobKind]) -> None:
        """Have a worker ready for each of these kinds, unless one waits already."""
        for crew in {_CREW_OF[kind] for kind in kinds if self.keeps(kind)}:
            if not self._waiting[crew] and crew not in self._coming:
                self._coming[crew] = asyncio.create_task(self._bring(crew), name=f"warm {crew}")

    async def _bring(self, crew: _Crew) -> None:
        try:
            with contextlib.suppress(OSError):  # whoever needs one will be told
                worker = await WorkerProcess.spawn()
                kinds = tuple(kind for kind, of in _CREW_OF.items() if of is crew)
                await worker.send(wire.Warm(kinds=kinds, handlers=self._handlers))
                self._wait(worker, crew)
        finally:
            del self._coming[crew]

    async def take(self, kind: JobKind) -> WorkerProcess:
        """Return a worker for one job; raise OSError when none can be started."""
        crew = _CREW_OF.get(kind)
        if crew is None:
            return await WorkerProcess.spawn()
        if not self._waiting[crew] and crew in self._coming:
            await asyncio.wait([self._coming[crew]])
        while self._waiting[crew]:
            worker, timer = self._waiting[crew].popitem()
            timer.cancel()
            if worker.is_alive:
                worker.was_kept = True
                return worker
            self._dismiss(worker)
        return await WorkerProcess.spawn()

    def give_back(self, worker: WorkerProcess, kind: JobKind) -> None:
        """Let a worker wait for its next job."""
        self._wait(worker, _CREW_OF[kind])

    def _wait(self, worker: WorkerProcess, crew: _Crew) -> None:
        waiting = self._waiting[crew]
        if self._closed or len(waiting) >= _MAX_WAITING[crew]:
            self._dismiss(worker)
            return
        loop = asyncio.get_running_loop()
        waiting[worker] = loop.call_later(self._idle_s, self._expire, worker, crew)

    def _expire(self, worker: WorkerProcess, crew: _Crew) -> None:
        if self._waiting[crew].pop(worker, None) is not None:
            self._dismiss(worker)

    def _dismiss(self, worker: WorkerProcess) -> None:
        worker.kill()  # it has no job, so there is nothing that it could leave half done
        task = asyncio.create_task(worker.end(), name=f"end of worker {worker.pid}")
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)

    async def close(self) -> None:
        """End all that wait, and keep none from now on."""
        self._closed = True
        if self._coming:
            await asyncio.wait(list(self._coming.values()))
        for crew in self._waiting.values():
            while crew:
                worker, timer = crew.popitem()
                timer.cancel()
                self._dismiss(worker)
        if self._leaving:
            await asyncio.wait(list(self._leaving))
