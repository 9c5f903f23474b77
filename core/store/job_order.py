"""The order of the queue: priority, then a number that can always be found between two others."""

import sqlalchemy as sa

from core.errors import NotFoundError
from core.store.database import Database
from core.store.tables import jobs

ENDED_RANK = 2
"""`list_rank` of the jobs that ended."""


class QueueOrder:
    """Finds places in the queue; called inside a transaction of the writer of jobs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def end(self) -> float:
        """Return the position after all jobs that have not ended."""
        last = self._database.row(
            sa.select(sa.func.max(jobs.c.position)).where(jobs.c.list_rank < ENDED_RANK)
        )
        return 1.0 if last is None or last[0] is None else float(last[0]) + 1.0

    def place_before(self, before: str | None) -> tuple[int, float]:
        """Return the priority and position right before a job; None: of the end of the queue.

        Raises NotFoundError when there is no such job.
        """
        if before is None:
            return self._lowest_priority(), self.end()
        mark = self._database.row(
            sa.select(jobs.c.priority, jobs.c.position).where(jobs.c.id == before)
        )
        if mark is None:
            raise NotFoundError(f"There is no job {before}.")
        ahead = self._database.row(
            sa.select(sa.func.max(jobs.c.position)).where(
                jobs.c.list_rank < ENDED_RANK,
                jobs.c.priority == mark.priority,
                jobs.c.position < mark.position,
            )
        )
        floor = mark.position - 1.0 if ahead is None or ahead[0] is None else ahead[0]
        middle = (floor + mark.position) / 2
        if floor < middle < mark.position:
            return mark.priority, middle
        self._spread()
        return self.place_before(before)

    def _lowest_priority(self) -> int:
        lowest = self._database.row(
            sa.select(sa.func.min(jobs.c.priority)).where(jobs.c.list_rank < ENDED_RANK)
        )
        return 0 if lowest is None or lowest[0] is None else int(lowest[0])

    def _spread(self) -> None:
        """Renumber the queue when halving has used up the numbers between two jobs."""
        queue = self._database.rows(
            sa.select(jobs.c.id)
            .where(jobs.c.list_rank < ENDED_RANK)
            .order_by(jobs.c.position, jobs.c.id)
        )
        for index, (job_id,) in enumerate(queue):
            self._database.execute(
                jobs.update().where(jobs.c.id == job_id).values(position=float(index))
            )
