"""Recovery at the start of an engine: what an earlier run left running is finished or queued.

In: jobs with a lease of an earlier run. Out: none of them running; their workers are dead, their
committed intents carried out, their staging kept for the next attempt.
"""

import logging
from dataclasses import dataclass

from core.errors import KnownError
from core.jobs.model import JobStatus
from core.jobs.publish import Publisher
from core.jobs.scheduler import give_back_or_fail
from core.jobs.sweep import Sweeper
from core.platform.processes import kill_tree
from core.store.job_lists import Abandoned, JobLists
from core.store.jobs import JobStore

_LOG = logging.getLogger(__name__)
_ENGINE_DIED = "the engine that ran it ended unexpectedly"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """Brings a library into order before its queue opens."""

    jobs: JobStore
    lists: JobLists
    publisher: Publisher
    sweeper: Sweeper

    def recover(self) -> int:
        """Settle everything that an earlier run left; return how many jobs that were."""
        left = self.lists.abandoned()
        for job in left:
            if job.worker_pid is not None:
                kill_tree(job.worker_pid, started=job.worker_started or 0.0)
        for job in left:
            self._settle(job)
        self.sweeper.sweep_library()
        return len(left)

    def _settle(self, job: Abandoned) -> None:
        view = self.jobs.view(job.id)
        try:
            if self.publisher.roll_forward(job.id, view.params):
                _LOG.info("finished the publication of job %s", job.id)
                return
        except KnownError as error:
            self.jobs.transition(job.id, JobStatus.FAILED, reason=error.code, error=error.view())
            return
        if job.cancel_requested:
            self.jobs.transition(job.id, JobStatus.CANCELLED, reason="cancelled")
            return
        give_back_or_fail(self.jobs, view, _ENGINE_DIED)
