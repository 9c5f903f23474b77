"""What an edit leaves behind: steps of the sound as it was, which nobody waits for any more.

In: each submission's chain. Out: cancellations. While a creator edits, every pause asks for a
still (or the features) of the newest recipe, and so for a mixdown. Those of an older recipe of the
same project would hold up the newer ones.

A still that is cancelled does not take its steps along: the next still of the same sound, a
moment later in the track, needs them too. They go when the sound changes.
"""

import asyncio
import contextlib
from collections.abc import Sequence

from core.engine.parts import Parts
from core.errors import TransitionError
from core.jobs.model import JobKind, JobView

_STEPS = frozenset({JobKind.PREPARE, JobKind.ANALYZE})


class Renewals:
    """Remembers which steps were queued to keep up with edits; used on the engine's loop.

    Only in memory: after a restart of the engine, what is queued is simply done.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._steps: set[str] = set()
        self._cancelling: set[asyncio.Task[None]] = set()

    def asked_for(self, chain: Sequence[str]) -> None:
        """Note jobs that somebody asked for to the end: no edit cancels them."""
        self._steps.difference_update(chain)

    def follow(self, chain: Sequence[str], *, new: Sequence[str], project_id: str | None) -> None:
        """Note what keeps up with an edit, and cancel the steps that it makes useless.

        chain : the ids of all jobs of a submission; new : those that nobody had queued before;
        project_id : what is edited, None: nothing that could be edited on.
        """
        if project_id is None:
            return
        views = map(self._parts.jobs.view, new)
        self._steps.update(job.id for job in views if job.kind in _STEPS)
        old = [job for job in self._live() if self._is_old(job, project_id, chain)]
        if old:
            task = asyncio.create_task(self._cancel(old), name="superseded steps")
            self._cancelling.add(task)
            task.add_done_callback(self._cancelling.discard)

    def _live(self) -> list[JobView]:
        jobs = [self._parts.jobs.view(job_id) for job_id in sorted(self._steps)]
        live = [job for job in jobs if not job.status.terminal]
        self._steps.intersection_update(job.id for job in live)
        return live

    def _is_old(self, job: JobView, project_id: str, chain: Sequence[str]) -> bool:
        return job.source.project == project_id and job.id not in chain

    async def _cancel(self, old: list[JobView]) -> None:
        """Cancel steps that nothing but one another waits for, the last of each chain first."""
        for job in reversed(old):  # ids rise with time, and a step comes after what it needs
            if not self._parts.lists.waiting_for(job.id):
                with contextlib.suppress(TransitionError):  # it ended just now
                    await self._parts.scheduler.cancel(job.id)
