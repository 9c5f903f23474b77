"""Run one claimed job in a worker process and say how it ended.

In: the lease and the `Start` for the worker. Out: an `Outcome`. Progress and facts go to their
keepers on the way. Nothing here writes a transition.
"""

import asyncio
import contextlib
import logging
import signal
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from core.errors import ErrorView, TransitionError
from core.jobs import wire
from core.jobs.context import Finished
from core.jobs.model import JobProgress, Lane
from core.jobs.pool import WorkerPool
from core.jobs.process import WorkerProcess
from core.store.jobs import JobStore, Lease

_LOG = logging.getLogger(__name__)
_GRACE_S = 0.4
"""From asking a worker to stop to killing it: a stop takes under a second in all."""


class StopReason(StrEnum):
    """Why a running job is stopped."""

    CANCEL = "cancel"
    PAUSE = "pause"
    SHUTDOWN = "shutdown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a run ended: finished, failed, or neither (stopped, or `died` of this)."""

    finished: Finished | None = None
    error: ErrorView | None = None
    died: str = ""


class JobRunner:
    """One run of one job."""

    def __init__(
        self,
        lease: Lease,
        start: wire.Start,
        *,
        lane: Lane,
        store: JobStore,
        pool: WorkerPool,
        stall_s: float,
        report: Callable[[Lease, JobProgress], None],
    ) -> None:
        self.lease = lease
        self.start = start
        self.lane = lane
        self.stop_reason: StopReason | None = None
        self.hold = False
        """Whether a pause is of this one job, which is then held."""
        self.ended = asyncio.Event()
        """Set by the scheduler once the outcome is settled."""
        self._store = store
        self._pool = pool
        self._stall_s = stall_s
        self._report = report
        self._worker: WorkerProcess | None = None
        self._outcome: Outcome | None = None
        self._asking: asyncio.Task[None] | None = None
        self._heard = False
        self._stays = False

    @property
    def pid(self) -> int | None:
        """The worker's process id."""
        return None if self._worker is None else self._worker.pid

    def stop(self, reason: StopReason) -> None:
        """Ask the worker to stop and kill its tree if it does not; a cancel wins over a pause."""
        if self.stop_reason is None or reason is StopReason.CANCEL:
            self.stop_reason = reason
        if self._worker is not None:
            self._ask_to_stop(self._worker)

    def _ask_to_stop(self, worker: WorkerProcess) -> None:
        self._asking = asyncio.create_task(worker.send(wire.Stop()))
        asyncio.get_running_loop().call_later(_GRACE_S, self._kill_if_alive)

    def _kill_if_alive(self) -> None:
        if self._worker is not None:
            self._worker.kill()

    async def run(self) -> Outcome:
        """Run the job to its end in a worker that does nothing else meanwhile."""
        while True:
            try:
                worker = await self._pool.take(self.start.kind)
            except OSError as error:
                return Outcome(died=f"no worker process could be started ({error})")
            outcome = await self._run_in(worker)
            # One that died while it waited, before it knew of this job, costs no attempt.
            lost = outcome.died and worker.was_kept and not self._heard
            if not lost or self.stop_reason is not None:
                return outcome

    async def _run_in(self, worker: WorkerProcess) -> Outcome:
        self._worker = worker
        try:
            self._store.edit(
                self.lease.job_id,
                lease=self.lease,
                worker_pid=worker.pid,
                worker_started=worker.started,
            )
            await worker.send(
                msgspec.structs.replace(self.start, stay=self._pool.keeps(self.start.kind))
            )
            if self.stop_reason is not None:
                self._ask_to_stop(worker)
            stalled = await self._listen(worker)
        finally:
            status = await self._let_go(worker)
        if self._outcome is not None:
            return self._outcome
        return Outcome(died=stalled or _reason_of_death(status, worker.tail))

    async def _let_go(self, worker: WorkerProcess) -> int:
        """Keep a worker that waits for more; see any other to its end and return its exit status.

        A stop that comes too late for it means nothing to its next job: the worker reads this
        job's stop first, and `_kill_if_alive` finds nobody.
        """
        if self._stays:
            if self._asking is not None:
                await self._asking
            self._worker = None
            self._pool.give_back(worker, self.start.kind)
            return 0
        if self._outcome is None:
            worker.kill()
        status = await worker.end()
        self._worker = None
        return status

    async def _listen(self, worker: WorkerProcess) -> str:
        """Take the worker's messages; return why it was taken as hung, or nothing."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._stall_s) as deadline:
                async for message in worker.messages():
                    with contextlib.suppress(TransitionError):  # a late message: void
                        await self._take(worker, message)
                    if self._outcome is not None:
                        return ""
                    deadline.reschedule(loop.time() + self._stall_s)
        except TimeoutError:
            return f"it made no progress for {self._stall_s:.0f} seconds"
        return ""

    async def _take(self, worker: WorkerProcess, message: wire.WorkerMessage) -> None:
        if message.fence != self.lease.fence:
            _LOG.warning("a message of another lease of %s was dropped", self.lease.job_id)
            return
        self._heard = True
        match message:
            case wire.Progress(stage=stage, fraction=fraction, fps=fps):
                self._report(self.lease, JobProgress(stage=stage, fraction=fraction, fps=fps))
            case wire.Fact(name=name, value=value, number=number):
                self._store.add_fact(self.lease, name, value)
                await worker.send(wire.FactKept(number=number))
            case wire.Stall(seconds=seconds):
                self._stall_s = max(self._stall_s, seconds)
            case wire.Done(finished=finished, stays=stays):
                self._outcome, self._stays = Outcome(finished=finished), stays
            case wire.Failed(error=error):
                self._outcome = Outcome(error=error)
            case wire.Stopped(stays=stays):
                self._outcome, self._stays = Outcome(), stays


def _reason_of_death(status: int, tail: str) -> str:
    """Return in plain words how a worker ended that did not say how its job went."""
    if tail:
        _LOG.warning("a worker ended with status %d; it last printed:\n%s", status, tail)
    if status >= 0:
        return f"its worker process ended by itself (status {status})"
    with contextlib.suppress(ValueError):
        number = signal.Signals(-status)
        if number.name == "SIGKILL":
            return "its worker process was killed, perhaps because memory ran out"
        return f"its worker process crashed ({number.name})"
    return f"its worker process crashed (signal {-status})"
