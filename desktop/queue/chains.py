"""Chains: jobs that are steps of another one are told of in its row.

In: jobs as they come, in any order. Out: for a job the one that leads it, for a leader one
`JobView` that tells of all its steps. A creator asks for a track or for a video; that a track is
read, mixed and analysed one after the other shows as the stage of one row. Pure; no Qt.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator

import msgspec

from core.jobs.model import IngestResult, JobKind, JobStatus, JobView

SHARES = {JobKind.INGEST: 0.4, JobKind.PREPARE: 0.2, JobKind.ANALYZE: 0.4}
"""How much of adding a track each step is, for its bar."""
Edges = Callable[[str], Iterable[str]]


class Chains:
    """The jobs that are known, and who needs whom."""

    def __init__(self) -> None:
        self._jobs: dict[str, JobView] = {}
        self._followers: defaultdict[str, list[str]] = defaultdict(list)

    def __contains__(self, job_id: str) -> bool:
        return job_id in self._jobs

    def put(self, job: JobView) -> set[str]:
        """Take a job or its news; return the ids whose rows it may change."""
        known = job.id in self._jobs
        self._jobs[job.id] = job
        if known:
            return {job.id, *self._before(job.id)} if job.status.terminal else {job.id}
        for needed in job.depends_on:
            self._followers[needed].append(job.id)
        return {job.id, *self._before(job.id), *self._after(job.id)}

    def leader_of(self, job_id: str) -> str:
        """Return the job in whose row a job is told of; mostly itself."""
        job = self._jobs[job_id]
        followers = [self._jobs[id_] for id_ in sorted(self._followers.get(job_id, ()))]
        match job.kind:
            case JobKind.INGEST | JobKind.PREPARE if followers:
                analyses = [other for other in followers if other.kind is JobKind.ANALYZE]
                return self.leader_of(self._foremost(analyses or followers))
            case JobKind.ANALYZE if followers and self._ingest_of(job_id) is None:
                return self._foremost(followers)
            case _:
                return job_id

    @staticmethod
    def _foremost(followers: list[JobView]) -> str:
        """Return the first that is not over, else the newest."""
        return next((job.id for job in followers if not job.status.terminal), followers[-1].id)

    def members(self, leader: str) -> list[JobView]:
        """Return a row's jobs in the order they run, the leader last."""
        steps = sorted(id_ for id_ in self._before(leader) if self.leader_of(id_) == leader)
        return [*(self._jobs[id_] for id_ in steps), self._jobs[leader]]

    def own(self, leader: str) -> list[JobView]:
        """Return the unfinished jobs of a row that no other row waits for, last first."""
        members = self.members(leader)
        ids = {job.id for job in members}
        return [
            job
            for job in reversed(members)
            if not job.status.terminal
            and not any(
                id_ not in ids and id_ in self._jobs and not self._jobs[id_].status.terminal
                for id_ in self._after(job.id)
            )
        ]

    def row(self, leader: str) -> JobView:
        """Return the one view of a leader and its steps."""
        job = self._jobs[leader]
        members = self.members(leader)
        if (ingest := self._ingest_of(leader)) is not None and job.kind is JobKind.ANALYZE:
            job = self._adding(job, ingest, members)
        match job.status:
            case JobStatus.QUEUED:
                return self._waiting(job, members)
            case JobStatus.FAILED:
                return self._failed(job)
            case _:
                return job

    @staticmethod
    def is_shown(row: JobView) -> bool:
        """Return whether a row is worth a line: a step of nothing is, until it ended well."""
        over = row.status in (JobStatus.DONE, JobStatus.CANCELLED)
        return not (over and row.kind in (JobKind.PREPARE, JobKind.ANALYZE))

    # --- rows ---------------------------------------------------------------------------------

    @staticmethod
    def _adding(job: JobView, ingest: JobView, members: list[JobView]) -> JobView:
        """Return the analysis that ends the adding of a track as the adding itself."""
        done = sum(
            SHARES.get(step.kind, 0.0) * (1.0 if step.status is JobStatus.DONE else step.progress)
            for step in members
        )
        result = ingest.result
        title = result.asset.title if isinstance(result, IngestResult) else ingest.title
        starts = [step.started_at for step in members if step.started_at is not None]
        return msgspec.structs.replace(
            job,
            kind=ingest.kind,
            params=ingest.params,
            title=title,
            progress=min(1.0, done),
            eta_s=None,
            started_at=min(starts, default=None),
        )

    @staticmethod
    def _waiting(job: JobView, members: list[JobView]) -> JobView:
        """Return a waiting row, at work when one of its steps is."""
        steps = members[:-1]
        current = next((step for step in steps if step.status is JobStatus.RUNNING), None)
        if current is not None:
            return msgspec.structs.replace(
                job, status=JobStatus.RUNNING, stage=current.stage, attempt=current.attempt
            )
        own = {step.id for step in steps if step.status is not JobStatus.DONE}
        held = job.held or any(step.held for step in steps if not step.status.terminal)
        foreign = not own
        return msgspec.structs.replace(job, held=held, blocked=job.blocked and foreign)

    def _failed(self, job: JobView) -> JobView:
        """Return a failed row with the error of the step where it began."""
        causes = [self._jobs[id_] for id_ in sorted(self._before(job.id))]
        first = next((step for step in causes if step.status is JobStatus.FAILED), None)
        return job if first is None else msgspec.structs.replace(job, error=first.error)

    # --- edges --------------------------------------------------------------------------------

    def _ingest_of(self, job_id: str) -> JobView | None:
        kinds = (self._jobs[id_] for id_ in sorted(self._before(job_id)))
        return next((job for job in kinds if job.kind is JobKind.INGEST), None)

    def _before(self, job_id: str) -> set[str]:
        """Return every known job that a job needs, directly or not."""
        return set(self._walk(job_id, lambda id_: self._jobs[id_].depends_on))

    def _after(self, job_id: str) -> set[str]:
        """Return every known job that needs a job, directly or not."""
        return set(self._walk(job_id, lambda id_: self._followers.get(id_, ())))

    def _walk(self, job_id: str, edges: Edges) -> Iterator[str]:
        seen: set[str] = set()
        ahead = list(edges(job_id))
        while ahead:
            id_ = ahead.pop()
            if id_ not in seen and id_ in self._jobs:
                seen.add(id_)
                yield id_
                ahead.extend(edges(id_))
