"""Questions about many jobs: pages, counts, what runs, what was left by an earlier run."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from core.documents import to_json
from core.errors import UsageError
from core.jobs.model import JobKind, JobParams, JobStatus, JobView, kind_of
from core.store.database import Database
from core.store.job_views import JobReader
from core.store.jobs import CLAIMABLE
from core.store.tables import job_counts, job_dependencies, job_events, jobs

MAX_PAGE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Abandoned:
    """A job that an earlier run of the engine left running."""

    id: str
    cancel_requested: bool
    attempt: int
    max_attempts: int
    worker_pid: int | None
    worker_started: float | None


class JobLists:
    """Reads about many jobs at once."""

    def __init__(self, database: Database, reader: JobReader) -> None:
        self._database = database
        self._reader = reader

    def page(
        self,
        *,
        kinds: Sequence[JobKind] = (),
        statuses: Sequence[JobStatus] = (),
        limit: int = 100,
        cursor: str | None = None,
    ) -> tuple[tuple[JobView, ...], str | None]:
        """Return a page, running first, then queued, then ended, newest first, and its cursor."""
        limit = max(1, min(limit, MAX_PAGE))
        query = sa.select(jobs).order_by(jobs.c.list_rank, jobs.c.id.desc()).limit(limit + 1)
        if kinds:
            query = query.where(jobs.c.kind.in_([kind.value for kind in kinds]))
        if statuses:
            query = query.where(jobs.c.status.in_([status.value for status in statuses]))
        if cursor:
            rank, job_id = _read_cursor(cursor)
            after = sa.or_(
                jobs.c.list_rank > rank, sa.and_(jobs.c.list_rank == rank, jobs.c.id < job_id)
            )
            # The first condition is what the index is entered by; `after` alone scans.
            query = query.where(jobs.c.list_rank >= rank, after)
        rows = self._database.rows(query)
        more = len(rows) > limit
        rows = rows[:limit]
        last = f"{rows[-1].list_rank}:{rows[-1].id}" if more else None
        return self._reader.views(rows), last

    def counts(self, kinds: Sequence[JobKind] = ()) -> dict[str, int]:
        """Return how many jobs are in each state; of some kinds when any are named."""
        total = sa.func.sum(job_counts.c.n).label("total")
        query = sa.select(job_counts.c.status, total).group_by(job_counts.c.status)
        if kinds:
            query = query.where(job_counts.c.kind.in_([kind.value for kind in kinds]))
        return {row.status: row.total for row in self._database.rows(query)}

    def has_claimable(self) -> bool:
        """Return whether a queued job could be claimed now."""
        query = sa.select(jobs.c.id).where(jobs.c.list_rank == 1, CLAIMABLE).limit(1)
        return self._database.row(query) is not None

    def ids_in(self, status: JobStatus) -> list[str]:
        """Return the ids of the jobs in a state, oldest first."""
        query = sa.select(jobs.c.id).where(jobs.c.status == status.value).order_by(jobs.c.id)
        return [row.id for row in self._database.rows(query)]

    def abandoned(self) -> list[Abandoned]:
        """Return what runs in the name of an earlier run of the engine."""
        query = sa.select(
            jobs.c.id,
            jobs.c.cancel_requested,
            jobs.c.attempt,
            jobs.c.max_attempts,
            jobs.c.worker_pid,
            jobs.c.worker_started,
        ).where(jobs.c.status == "running", jobs.c.lease_generation != self._database.generation)
        return [Abandoned(**row._mapping) for row in self._database.rows(query)]

    def keeps_staging(self, *, failed_since: datetime) -> set[str]:
        """Return the ids whose staging must stay: not ended, or failed since then."""
        query = sa.select(jobs.c.id).where(
            sa.or_(
                jobs.c.list_rank < 2,
                sa.and_(jobs.c.status == "failed", jobs.c.finished_at >= failed_since),
            )
        )
        return {row.id for row in self._database.rows(query)}

    def ended_with_output(self, *, since: datetime) -> list[tuple[str, str]]:
        """Return (id, output path) of the jobs with an output of their own ended since then."""
        query = sa.select(jobs.c.id, jobs.c.output_path).where(
            jobs.c.list_rank == 2, jobs.c.output_path.is_not(None), jobs.c.finished_at >= since
        )
        return [(row.id, row.output_path) for row in self._database.rows(query)]

    def writers_of(self, output: str) -> list[str]:
        """Return the jobs, not ended, that will write a file of this name."""
        query = sa.select(jobs.c.id).where(jobs.c.output_path == output, jobs.c.list_rank < 2)
        return [row.id for row in self._database.rows(query)]

    def live_like(self, params: JobParams) -> str | None:
        """Return a job, not ended and not being cancelled, that does exactly this already."""
        query = sa.select(jobs.c.id).where(
            jobs.c.kind == kind_of(params).value,
            jobs.c.list_rank < 2,
            jobs.c.held == sa.false(),
            jobs.c.cancel_requested == sa.false(),
            jobs.c.params == to_json(params).decode(),
        )
        found = self._database.row(query.limit(1))
        return None if found is None else str(found.id)

    def waiting_for(self, job_id: str) -> list[str]:
        """Return the jobs, not ended, that depend on a job."""
        query = (
            sa.select(jobs.c.id)
            .join(job_dependencies, job_dependencies.c.job_id == jobs.c.id)
            .where(job_dependencies.c.needs_id == job_id, jobs.c.list_rank < 2)
        )
        return [row.id for row in self._database.rows(query)]

    def users_of_asset(self, asset_id: str) -> list[str]:
        """Return the jobs, not ended, that read an asset, alone or among others of a recipe."""
        reads = sa.or_(
            jobs.c.source_asset == asset_id, jobs.c.params.contains(asset_id, autoescape=True)
        )
        query = sa.select(jobs.c.id).where(jobs.c.list_rank < 2, reads)
        return [row.id for row in self._database.rows(query)]

    def history(self, job_id: str) -> list[tuple[str | None, str, str]]:
        """Return a job's transitions: (from, to, reason), in order."""
        query = (
            sa.select(job_events).where(job_events.c.job_id == job_id).order_by(job_events.c.seq)
        )
        return [(row.from_status, row.to_status, row.reason) for row in self._database.rows(query)]


def _read_cursor(cursor: str) -> tuple[int, str]:
    rank, separator, job_id = cursor.partition(":")
    if not separator or not rank.isdigit():
        raise UsageError("This page cursor is not one of ours.", hint="Start at the first page.")
    return int(rank), job_id
