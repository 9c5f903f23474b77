"""The one writer of jobs: submit, claim, every transition, every edit (DESIGN laws 1 to 3).

In: typed requests on the engine's loop. Out: committed rows, a line in `job_events` for each
transition, and one `JobEvent` to the hub after the commit. Nothing else writes these tables but
`core.store.outputs`, whose rows belong to a job's publication.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.documents import to_json
from core.errors import ErrorView, NotFoundError, TransitionError
from core.jobs.model import (
    KIND_LANE,
    TRANSITIONS,
    JobEvent,
    JobKind,
    JobParams,
    JobProgress,
    JobResult,
    JobStatus,
    JobView,
    Lane,
    SourceLinks,
    kind_of,
)
from core.store.database import Database
from core.store.job_order import ENDED_RANK, QueueOrder
from core.store.job_views import JobReader
from core.store.tables import job_dependencies, job_events, jobs, now

_RANK = {JobStatus.RUNNING: 0, JobStatus.QUEUED: 1}
STALE_LEASE = "stale-lease"
"""Code of the error that a void lease is refused with."""
DEPENDENCY_FAILED = "dependency-failed"
STEPS = {
    JobKind.INGEST: "Reading",
    JobKind.PREPARE: "Mixing",
    JobKind.ANALYZE: "Analysing",
    JobKind.RENDER: "Rendering",
    JobKind.FRAME: "Drawing",
    JobKind.ESTIMATE: "Estimating",
    JobKind.EXPORT: "Writing the sound",
}
"""What each kind of job does, for the sentence that says which step failed."""

_needed = jobs.alias("needed")
_unmet = (
    sa.select(sa.literal(1))
    .select_from(job_dependencies.join(_needed, _needed.c.id == job_dependencies.c.needs_id))
    .where(job_dependencies.c.job_id == jobs.c.id, _needed.c.status != "done")
    .exists()
)
CLAIMABLE = sa.and_(jobs.c.status == "queued", jobs.c.held == sa.false(), ~_unmet)
_STATE = sa.select(
    jobs.c.status, jobs.c.fence, jobs.c.lease_generation, jobs.c.attempt, jobs.c.started_at
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """What is needed to queue a job."""

    id: str
    title: str
    params: JobParams
    depends_on: tuple[str, ...] = ()
    source: SourceLinks = field(default_factory=SourceLinks)
    max_attempts: int = 3
    retry_of: str | None = None
    facts: bytes = b"{}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The right to report on a job: void as soon as the job was claimed or given back again."""

    job_id: str
    fence: int


class JobStore:
    """Writes jobs and tells what changed."""

    def __init__(
        self, database: Database, reader: JobReader, publish: Callable[[JobEvent], None]
    ) -> None:
        self._database = database
        self._reader = reader
        self._publish = publish
        self._order = QueueOrder(database)

    # --- rows come ----------------------------------------------------------------------------

    def submit(self, new: NewJob) -> None:
        """Queue a job. What it depends on must exist; a failed one fails it at once."""
        kind = kind_of(new.params)
        output = getattr(new.params, "output", None)
        with self._database.write():
            self._database.execute(
                jobs.insert().values(
                    id=new.id,
                    kind=kind.value,
                    title=new.title,
                    status=JobStatus.QUEUED.value,
                    list_rank=_RANK[JobStatus.QUEUED],
                    max_attempts=new.max_attempts,
                    retry_of=new.retry_of,
                    position=self._order.end(),
                    lane=KIND_LANE[kind].value,
                    created_at=now(),
                    params=to_json(new.params).decode(),
                    facts=new.facts.decode(),
                    source_asset=new.source.asset,
                    source_recipe=new.source.recipe,
                    source_project=new.source.project,
                    output_path=None if output is None else str(output),
                )
            )
            for needs_id in new.depends_on:
                self._database.execute(
                    job_dependencies.insert().values(job_id=new.id, needs_id=needs_id)
                )
            self._record(new.id, None, JobStatus.QUEUED, attempt=0, reason="submitted")

    def claim(self, lane: Lane) -> Lease | None:
        """Take the first job of a lane that can run; None when there is none."""
        with self._database.write():
            found = self._database.row(
                sa.select(jobs.c.id)
                .where(jobs.c.lane == lane.value, CLAIMABLE)
                .order_by(jobs.c.priority.desc(), jobs.c.position, jobs.c.id)
                .limit(1)
            )
            if found is None:
                return None
            self.transition(found.id, JobStatus.RUNNING, reason="claimed")
            state = self._database.row(_STATE.where(jobs.c.id == found.id))
            assert state is not None
            return Lease(job_id=found.id, fence=state.fence)

    # --- the one transition function ----------------------------------------------------------

    def transition(
        self,
        job_id: str,
        to: JobStatus,
        *,
        reason: str,
        lease: Lease | None = None,
        result: JobResult | None = None,
        error: ErrorView | None = None,
        held: bool = False,
        counted: bool = True,
    ) -> None:
        """Change a job's status, and fail or cancel what depends on it.

        Parameters
        ----------
        job_id, to :
            Which job, to what; the pair (its status now, `to`) must be in `TRANSITIONS`.
        reason : str
            A few words for the events table.
        lease : Lease, optional
            When given, the lease must still hold.
        result, error :
            For done and for failed.
        held, counted : bool
            For a job given back: hold it; count the attempt.

        Raises
        ------
        NotFoundError, TransitionError
            There is no such job; the change is not legal, or the lease is void.
        """
        with self._database.write():
            state = self._database.row(_STATE.where(jobs.c.id == job_id))
            if state is None:
                raise NotFoundError(f"There is no job {job_id}.")
            status = JobStatus(state.status)
            if (status, to) not in TRANSITIONS:
                raise TransitionError(
                    f"The job is {status.value} and cannot become {to.value}.",
                    hint="Retry makes a new job of one that ended." if status.terminal else "",
                )
            if lease is not None:
                self._require_lease(state.fence, state.lease_generation, lease)
            values = self._columns_for(state, to, held=held, counted=counted)
            values["result"] = None if result is None else to_json(result).decode()
            values["error"] = None if error is None else to_json(error).decode()
            self._database.execute(jobs.update().where(jobs.c.id == job_id).values(**values))
            self._record(job_id, status, to, attempt=values["attempt"], reason=reason)
            if to.terminal:
                self._settle_dependents(job_id, to, error)

    def _columns_for(
        self,
        state: Any,  # noqa: ANN401 - a row of `_STATE`
        to: JobStatus,
        *,
        held: bool,
        counted: bool,
    ) -> dict[str, Any]:
        at: datetime = now()
        values: dict[str, Any] = {
            "status": to.value,
            "list_rank": _RANK.get(to, ENDED_RANK),
            "attempt": state.attempt,
            "held": held,
            "eta_s": None,
            "fps": None,
            "lease_generation": None,
            "worker_pid": None,
            "worker_started": None,
        }
        match to:
            case JobStatus.RUNNING:
                values["attempt"] = state.attempt + 1
                values["fence"] = state.fence + 1
                values["lease_generation"] = self._database.generation
                values["started_at"] = state.started_at or at
            case JobStatus.QUEUED:
                values["attempt"] = state.attempt - (0 if counted else 1)
                values["cancel_requested"] = False
                values["pending_result"] = None
            case JobStatus.DONE:
                values |= {"finished_at": at, "progress": 1.0, "pending_result": None}
            case JobStatus.FAILED | JobStatus.CANCELLED:
                values |= {"finished_at": at, "pending_result": None}
        return values

    def _require_lease(self, fence: int, generation: int | None, lease: Lease) -> None:
        if fence != lease.fence or generation != self._database.generation:
            raise TransitionError("The worker's lease is void.", code=STALE_LEASE)

    def _record(
        self,
        job_id: str,
        before: JobStatus | None,
        after: JobStatus,
        *,
        attempt: int,
        reason: str,
    ) -> None:
        seq = self._database.next_seq()
        self._database.execute(
            job_events.insert().values(
                seq=seq,
                job_id=job_id,
                from_status=None if before is None else before.value,
                to_status=after.value,
                at=now(),
                attempt=attempt,
                reason=reason,
            )
        )
        if after is not JobStatus.RUNNING:
            self._database.after_commit(lambda: self._reader.live.clear(job_id))
        self._database.after_commit(lambda: self.announce(job_id, "transition", seq=seq))

    def _settle_dependents(self, job_id: str, to: JobStatus, error: ErrorView | None) -> None:
        found = self._database.rows(
            sa.select(jobs.c.id)
            .join(job_dependencies, job_dependencies.c.job_id == jobs.c.id)
            .where(job_dependencies.c.needs_id == job_id, jobs.c.status == "queued")
        )
        for (dependent,) in found:
            state = self._database.row(_STATE.where(jobs.c.id == dependent))
            if state is None or state.status != JobStatus.QUEUED:
                continue  # settled through another job between it and this one
            match to:
                case JobStatus.DONE:
                    self.announce_later(dependent)
                case JobStatus.CANCELLED:
                    self.transition(
                        dependent, to, reason=f"the job it depends on was cancelled: {job_id}"
                    )
                case _:
                    self.transition(
                        dependent,
                        JobStatus.FAILED,
                        reason=f"the job it depends on failed: {job_id}",
                        error=self._dependency_error(job_id, error),
                    )

    def _dependency_error(self, job_id: str, error: ErrorView | None) -> ErrorView:
        if error is not None and error.code == DEPENDENCY_FAILED:
            return error  # it names what failed first
        found = self._database.row(sa.select(jobs.c.kind, jobs.c.title).where(jobs.c.id == job_id))
        name = f"{STEPS[found.kind]} “{found.title}”" if found else job_id
        why = error.message if error else "It failed."
        return ErrorView(
            code=DEPENDENCY_FAILED,
            message=f"{name} failed: {why}",
            hint=(error.hint if error and error.hint else "Retry runs both again."),
        )

    # --- rows change, their status does not ---------------------------------------------------

    def edit(self, job_id: str, *, lease: Lease | None = None, **columns: object) -> None:
        """Change columns of a job that has not ended; only those named, nothing else.

        Raises TransitionError when it has ended or the lease is void, NotFoundError.
        """
        with self._database.write():
            state = self._database.row(_STATE.where(jobs.c.id == job_id))
            if state is None:
                raise NotFoundError(f"There is no job {job_id}.")
            if JobStatus(state.status).terminal:
                raise TransitionError(f"The job is {state.status} and cannot be changed.")
            if lease is not None:
                self._require_lease(state.fence, state.lease_generation, lease)
            self._database.execute(jobs.update().where(jobs.c.id == job_id).values(**columns))

    def add_fact(self, lease: Lease, name: str, value: str) -> None:
        """Fix a fact of a job, beside those it has."""
        patch = to_json({name: value}).decode()
        self.edit(lease.job_id, lease=lease, facts=sa.func.json_patch(jobs.c.facts, patch))
        self.announce(lease.job_id, "edit")

    def save_progress(self, lease: Lease, report: JobProgress, eta_s: float | None) -> None:
        """Write how far a running job is."""
        self.edit(
            lease.job_id,
            lease=lease,
            stage=report.stage,
            progress=report.fraction,
            fps=report.fps,
            eta_s=eta_s,
        )

    def link_asset(self, job_id: str, asset_id: str) -> None:
        """Note which asset an ingest job made, on it and on all that waits for it."""
        linked, fresh = set[str](), [job_id]
        with self._database.write():
            while fresh:
                linked.update(fresh)
                found = self._database.rows(
                    sa.select(job_dependencies.c.job_id)
                    .join(jobs, jobs.c.id == job_dependencies.c.job_id)
                    .where(job_dependencies.c.needs_id.in_(fresh), jobs.c.list_rank < ENDED_RANK)
                )
                fresh = [row.job_id for row in found if row.job_id not in linked]
            self._database.execute(
                jobs.update()
                .where(jobs.c.id.in_(linked), jobs.c.source_asset.is_(None))
                .values(source_asset=asset_id)
            )

    def place(self, job_id: str, *, before: str | None) -> None:
        """Put a queued job right before another queued one, or at the end."""
        with self._database.write():
            priority, position = self._order.place_before(before)
            self.edit(job_id, priority=priority, position=position)

    # --- telling ------------------------------------------------------------------------------

    def view(self, job_id: str) -> JobView:
        """Return a job; raise NotFoundError when there is none of that id."""
        found = self._reader.by_ids([job_id])
        if not found:
            raise NotFoundError(
                f"There is no job {job_id}.", hint="`cymatic jobs list` shows them all."
            )
        return found[0]

    def event(self, job_id: str, change: str, *, seq: int | None = None) -> JobEvent:
        """Return the event that says how a job is now."""
        view = self.view(job_id)
        return JobEvent(
            seq=self._database.next_seq() if seq is None else seq,
            job_id=job_id,
            status=view.status,
            at=now(),
            change=change,
            job=view,
        )

    def announce(self, job_id: str, change: str, *, seq: int | None = None) -> None:
        """Tell who watches that a job changed."""
        self._publish(self.event(job_id, change, seq=seq))

    def announce_later(self, job_id: str) -> None:
        """Tell of an edit once the transaction is committed."""
        self._database.after_commit(lambda: self.announce(job_id, "edit"))
