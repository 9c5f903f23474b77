"""The scheduler: lanes with capacities, a runner per claimed job, and how each run is settled.

In: wake-ups whenever the queue changed. Out: transitions by outcome. It lives on the engine's
loop; everything that lasts happens in workers or in a thread.
"""

import asyncio
import logging
import os
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from core.config import Settings
from core.errors import ErrorView, KnownError, TransitionError
from core.jobs.claims import StartMaker
from core.jobs.context import Finished
from core.jobs.model import JobKind, JobStatus, JobView, Lane
from core.jobs.pool import WorkerPool
from core.jobs.progress import ProgressKeeper
from core.jobs.publish import Publisher, ready_to_rename
from core.jobs.runner import JobRunner, Outcome, StopReason
from core.jobs.sweep import Sweeper
from core.platform.awake import AwakeKeeper
from core.store.job_lists import JobLists
from core.store.jobs import STALE_LEASE, JobStore, Lease

_LOG = logging.getLogger(__name__)
QUEUE_PAUSED = "queue_paused"
"""The row of the meta table that says whether the queue is paused."""


def lane_capacity(lane: Lane, settings: Settings) -> int:
    """Return how many jobs of a lane may run side by side."""
    match lane:
        case Lane.GPU:
            return settings.gpu_jobs
        case Lane.CPU:
            return settings.cpu_jobs or max(1, (os.cpu_count() or 2) - 1)
        case Lane.NET:
            return settings.net_jobs
        case Lane.STILL:
            return 1


def stall_limit_s(kind: JobKind, settings: Settings) -> float:
    """Return how long a job of a kind may go without progress."""
    match kind:
        case JobKind.INGEST:
            return settings.ingest_stall_s
        case JobKind.PREPARE | JobKind.EXPORT:
            return settings.prepare_stall_s
        case JobKind.ANALYZE:
            return settings.analyze_stall_s
        case JobKind.RENDER | JobKind.FRAME | JobKind.ESTIMATE:
            return settings.render_stall_s


@dataclass(frozen=True, slots=True, kw_only=True)
class SchedulerParts:
    """What the scheduler works with."""

    jobs: JobStore
    lists: JobLists
    starts: StartMaker
    publisher: Publisher
    progress: ProgressKeeper
    sweeper: Sweeper
    awake: AwakeKeeper
    pool: WorkerPool
    settings: Callable[[], Settings]


class Scheduler:
    """Claims what can run and runs it. `on_idle` is called when the last run ended."""

    def __init__(self, parts: SchedulerParts) -> None:
        self._parts = parts
        self._runners: dict[str, JobRunner] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._woken = False
        self._open = False
        self.paused = False

    @property
    def runners(self) -> tuple[JobRunner, ...]:
        """The runs going on."""
        return tuple(self._runners.values())

    @property
    def waiting(self) -> tuple[int, ...]:
        """Process ids of the workers that wait for a job."""
        return self._parts.pool.pids

    def open(self, *, paused: bool) -> None:
        """Begin to claim."""
        self._open = True
        self.paused = paused
        self.wake()

    def wake(self) -> None:
        """Look at the queue soon; calls between two looks are one."""
        if not self._woken and self._open:
            self._woken = True
            asyncio.get_running_loop().call_soon(self._fill_lanes)

    def expect(self, kinds: Iterable[JobKind]) -> None:
        """Have workers ready for jobs of these kinds, which are likely to come."""
        if self._open:
            self._parts.pool.expect(kinds)

    def _fill_lanes(self) -> None:
        self._woken = False
        if not self._open or self.paused:
            return
        settings = self._parts.settings()
        for lane in Lane:
            running = sum(1 for runner in self._runners.values() if runner.lane is lane)
            for _ in range(lane_capacity(lane, settings) - running):
                lease = self._parts.jobs.claim(lane)
                if lease is None:
                    break
                self._begin(lease, settings)

    def _begin(self, lease: Lease, settings: Settings) -> None:
        job = self._parts.jobs.view(lease.job_id)
        try:
            start = self._parts.starts.start(job, lease)
        except KnownError as error:
            self._fail(lease, error.view())
            return
        runner = JobRunner(
            lease,
            start,
            lane=job.lane,
            store=self._parts.jobs,
            pool=self._parts.pool,
            stall_s=stall_limit_s(job.kind, settings),
            report=self._parts.progress.report,
        )
        self._runners[lease.job_id] = runner
        if job.lane is not Lane.STILL:
            self._parts.awake.hold()
        task = asyncio.create_task(self._run(runner), name=f"job {lease.job_id}")
        self._tasks.add(task)
        task.add_done_callback(lambda ended: self._ended(runner, ended))

    async def _run(self, runner: JobRunner) -> None:
        outcome = await runner.run()
        self._parts.progress.flush(runner.lease.job_id)
        self._parts.progress.forget(runner.lease.job_id)
        await self._settle(runner, outcome)
        if self._parts.jobs.view(runner.lease.job_id).status is JobStatus.FAILED:
            self._parts.sweeper.sweep_empty(runner.lease.job_id)

    def _ended(self, runner: JobRunner, task: asyncio.Task[None]) -> None:
        """Take leave of a run, even when the store refuses to note how it ended."""
        self._tasks.discard(task)
        self._parts.progress.forget(runner.lease.job_id)
        try:
            self._note_bug(runner, None if task.cancelled() else task.exception())
        finally:
            self._leave(runner)

    def _note_bug(self, runner: JobRunner, error: BaseException | None) -> None:
        """Fail the job of a run that ended in a bug of ours: it must not be left running."""
        if isinstance(error, TransitionError) and error.code == STALE_LEASE:
            _LOG.warning("job %s is somebody else's by now", runner.lease.job_id)
        elif error is not None:
            _LOG.error("a bug: %s", "".join(traceback.format_exception(error)))
            self._fail(runner.lease, _bug(error))

    def _leave(self, runner: JobRunner) -> None:
        if self._runners.get(runner.lease.job_id) is runner:  # else: claimed again already
            del self._runners[runner.lease.job_id]
        runner.ended.set()
        if not self._runners:
            self._parts.awake.release()
        self.wake()

    async def _settle(self, runner: JobRunner, outcome: Outcome) -> None:
        lease, reason = runner.lease, runner.stop_reason
        if reason is StopReason.CANCEL:
            self._parts.jobs.transition(
                lease.job_id, JobStatus.CANCELLED, reason="cancelled", lease=lease
            )
            await self._parts.sweeper.sweep_job(runner.start.job_id, runner.start.params)
        elif outcome.finished is not None:
            await self._publish(runner, outcome.finished)
        elif outcome.error is not None:
            self._fail(lease, outcome.error)
        elif reason is not None:
            self._give_back(runner, reason)
        else:
            self._retry_or_fail(lease, outcome.died or "it stopped without being asked to")

    async def _publish(self, runner: JobRunner, finished: Finished) -> None:
        publisher, lease = self._parts.publisher, runner.lease
        try:
            files = await asyncio.to_thread(
                ready_to_rename, finished.files, publisher.paths, lease.job_id
            )
            if runner.stop_reason is StopReason.CANCEL:
                await self._settle(runner, Outcome())
                return
            publisher.publish(lease, runner.start.params, finished.result, files)
        except TransitionError:
            raise
        except KnownError as error:
            self._fail(lease, error.view())

    def _fail(self, lease: Lease, error: ErrorView) -> None:
        self._parts.jobs.transition(
            lease.job_id, JobStatus.FAILED, reason=error.code, lease=lease, error=error
        )

    def _give_back(self, runner: JobRunner, reason: StopReason) -> None:
        self._parts.jobs.transition(
            runner.lease.job_id,
            JobStatus.QUEUED,
            reason=reason.value,
            lease=runner.lease,
            held=runner.hold,
            counted=False,
        )

    def _retry_or_fail(self, lease: Lease, why: str) -> None:
        job = self._parts.jobs.view(lease.job_id)
        give_back_or_fail(self._parts.jobs, job, why, lease=lease)

    # --- stopping -----------------------------------------------------------------------------

    async def cancel(self, job_id: str) -> None:
        """Cancel a job and wait until it is; nothing to do for one that just ended."""
        runner = self._runners.get(job_id)
        if runner is None:
            job = self._parts.jobs.view(job_id)
            self._parts.jobs.transition(job_id, JobStatus.CANCELLED, reason="cancelled")
            await self._parts.sweeper.sweep_job(job_id, job.params)
            return
        self._parts.jobs.edit(job_id, cancel_requested=True)  # holds even if we die now
        runner.stop(StopReason.CANCEL)
        await runner.ended.wait()

    async def hold(self, job_id: str) -> None:
        """Hold a job; a running one gives its lane back and keeps its staging."""
        runner = self._runners.get(job_id)
        if runner is None:
            self._parts.jobs.edit(job_id, held=True)
            return
        runner.hold = True
        runner.stop(StopReason.PAUSE)
        await runner.ended.wait()

    async def pause(self, *, running: bool) -> None:
        """Claim nothing more; with `running`, give back what runs."""
        self.paused = True
        if running:
            await self._stop_all(StopReason.PAUSE)

    def resume(self) -> None:
        """Claim again."""
        self.paused = False
        self.wake()

    async def close(self) -> None:
        """Give back what runs and claim nothing any more."""
        self._open = False
        await self._stop_all(StopReason.SHUTDOWN)
        await self._parts.pool.close()
        self._parts.awake.release()

    async def _stop_all(self, reason: StopReason) -> None:
        runners = self.runners
        for runner in runners:
            runner.stop(reason)
        for runner in runners:
            await runner.ended.wait()

    def has_work(self) -> bool:
        """Return whether something runs or could."""
        return bool(self._runners) or (not self.paused and self._parts.lists.has_claimable())


def _bug(error: BaseException) -> ErrorView:
    return ErrorView(
        code="bug",
        message=f"Cymatic made a mistake ({type(error).__name__}: {error}).",
        hint="The details are in the library's log; please report it.",
    )


def give_back_or_fail(
    jobs: JobStore, job: JobView, why: str, *, lease: Lease | None = None
) -> None:
    """Queue a job again whose worker died, or fail it when its attempts are used up."""
    if job.attempt < job.max_attempts:
        jobs.transition(job.id, JobStatus.QUEUED, reason=why, lease=lease)
        return
    error = ErrorView(
        code="worker-died",
        message=f"This was tried {job.attempt} times; the last time {why}.",
        hint="Retry it; if it fails again, the library's log says more.",
    )
    jobs.transition(job.id, JobStatus.FAILED, reason=why, lease=lease, error=error)
