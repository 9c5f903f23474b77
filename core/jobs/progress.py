"""Progress of running jobs: estimates of the time left, few writes, few events.

In: every report of a worker. Out: the newest one in memory at once, at most two writes a second
and twenty events a second for each job.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from core.errors import TransitionError
from core.jobs.model import JobProgress
from core.store.jobs import JobStore, Lease

WRITE_INTERVAL_S = 0.5
EVENT_INTERVAL_S = 0.05
_SETTLED_FRACTION = 0.01
"""Below this an estimate says nothing."""


class TimeLeft:
    """Estimates the time left from the speed since the run began and of late.

    A resumed job begins in the middle, so the speed counts from its first report.
    """

    def __init__(self) -> None:
        self._first: tuple[float, float] | None = None
        self._last: tuple[float, float] | None = None
        self._speed = 0.0

    def estimate(self, at_s: float, fraction: float) -> float | None:
        """Return the seconds left after a report at `at_s` (any clock), None while unknown."""
        if self._first is None or self._last is None or fraction < self._last[1]:
            self._first = self._last = (at_s, fraction)
            return None
        step_s, step = at_s - self._last[0], fraction - self._last[1]
        if step_s > 0.25 and step > 0:
            late = step / step_s
            self._speed = late if not self._speed else 0.85 * self._speed + 0.15 * late
            self._last = (at_s, fraction)
        whole_s, whole = at_s - self._first[0], fraction - self._first[1]
        if whole_s <= 0 or whole < _SETTLED_FRACTION:
            return None
        speed = (whole / whole_s + (self._speed or whole / whole_s)) / 2
        return max(0.0, (1.0 - fraction) / speed)


@dataclass(slots=True)
class _Tracked:
    lease: Lease
    time_left: TimeLeft
    written_at: float = float("-inf")
    told_at: float = float("-inf")
    write: asyncio.TimerHandle | None = None
    tell: asyncio.TimerHandle | None = None


class ProgressKeeper:
    """Keeps the newest report of each running job, and passes it on at a calm pace."""

    def __init__(
        self, store: JobStore, remember: Callable[[str, JobProgress, float | None], None]
    ) -> None:
        self._store = store
        self._remember = remember
        self._tracked: dict[str, _Tracked] = {}
        self._newest: dict[str, tuple[JobProgress, float | None]] = {}

    def report(self, lease: Lease, report: JobProgress) -> None:
        """Take a report of a worker."""
        loop = asyncio.get_running_loop()
        tracked = self._tracked.get(lease.job_id)
        if tracked is None or tracked.lease != lease:
            self.forget(lease.job_id)
            tracked = self._tracked[lease.job_id] = _Tracked(lease, TimeLeft())
        at = loop.time()
        eta_s = tracked.time_left.estimate(at, report.fraction)
        self._newest[lease.job_id] = (report, eta_s)
        self._remember(lease.job_id, report, eta_s)
        if tracked.write is None:
            due = max(at, tracked.written_at + WRITE_INTERVAL_S)
            tracked.write = loop.call_at(due, self._write, tracked)
        if tracked.tell is None:
            due = max(at, tracked.told_at + EVENT_INTERVAL_S)
            tracked.tell = loop.call_at(due, self._tell, tracked)

    def forget(self, job_id: str) -> None:
        """Stop passing on what a job reported: it does not run any more."""
        tracked = self._tracked.pop(job_id, None)
        self._newest.pop(job_id, None)
        if tracked is not None:
            for timer in (tracked.write, tracked.tell):
                if timer is not None:
                    timer.cancel()

    def flush(self, job_id: str) -> None:
        """Write the last report of a job whose run ends, so that a requeued one shows it."""
        tracked = self._tracked.get(job_id)
        if tracked is not None and tracked.write is not None:
            tracked.write.cancel()
            self._write(tracked)

    def _write(self, tracked: _Tracked) -> None:
        tracked.write = None
        tracked.written_at = asyncio.get_running_loop().time()
        report, eta_s = self._newest[tracked.lease.job_id]
        try:
            self._store.save_progress(tracked.lease, report, eta_s)
        except TransitionError:  # the lease is void: somebody else's job now
            self.forget(tracked.lease.job_id)

    def _tell(self, tracked: _Tracked) -> None:
        tracked.tell = None
        tracked.told_at = asyncio.get_running_loop().time()
        self._store.announce(tracked.lease.job_id, "progress")
