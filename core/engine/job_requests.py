"""Requests about jobs: lists, one job, watching, cancelling, retrying, ordering, the queue."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass

import msgspec

from core.documents import to_json
from core.engine.parts import Parts
from core.engine.protocol import (
    CancelJob,
    GetJob,
    HoldJob,
    ListJobs,
    MoveJob,
    PauseQueue,
    ReleaseJob,
    ResumeQueue,
    RetryJob,
    WaitIdle,
    WatchJob,
    WatchLibrary,
)
from core.engine.replies import AnyJobEvent, JobCounts, JobPage, LibraryEvent, Nothing, QueueEvent
from core.engine.routes import Answers, Feeds
from core.errors import TransitionError
from core.ids import new_id
from core.jobs.claims import subject_of
from core.jobs.model import (
    AssetRef,
    EstimateParams,
    IngestParams,
    JobEvent,
    JobParams,
    JobStatus,
    JobView,
)
from core.jobs.publish import check_output
from core.jobs.scheduler import QUEUE_PAUSED
from core.store.jobs import NewJob


@dataclass(frozen=True, slots=True)
class JobRequests:
    """Answers what is asked about jobs."""

    parts: Parts

    def answers(self) -> Answers:
        """Return what answers which request."""
        return {
            ListJobs: self.list,
            GetJob: self.get,
            CancelJob: self.cancel,
            RetryJob: self.retry,
            HoldJob: self.hold,
            ReleaseJob: self.release,
            MoveJob: self.move,
            PauseQueue: self.pause,
            ResumeQueue: self.resume,
            WaitIdle: self.wait_idle,
        }

    def feeds(self) -> Feeds:
        """Return what feeds which stream."""
        return {WatchJob: self.watch, WatchLibrary: self.watch_library}

    async def list(self, request: ListJobs) -> JobPage:
        """Return a page of jobs."""
        views, cursor = self.parts.lists.page(
            kinds=request.kinds,
            statuses=request.statuses,
            limit=request.limit,
            cursor=request.cursor,
        )
        return JobPage(
            jobs=views,
            cursor=cursor,
            counts=self.parts.counts(request.kinds),
            paused=self.parts.scheduler.paused,
        )

    async def get(self, request: GetJob) -> JobView:
        """Return a job."""
        return self.parts.jobs.view(request.id)

    async def watch(self, request: WatchJob) -> AsyncGenerator[JobEvent]:
        """Yield the job now, then each change; end after the terminal one."""

        def is_of_job(event: LibraryEvent) -> bool:
            return isinstance(event, AnyJobEvent) and event.event.job_id == request.id

        with self.parts.events.hub.subscribe(is_of_job) as subscription:
            first = self.parts.jobs.event(request.id, "view")
            yield first
            if first.status.terminal:
                return
            async for change in subscription:
                assert isinstance(change, AnyJobEvent)
                yield change.event
                if change.event.status.terminal:
                    return

    async def watch_library(self, request: WatchLibrary) -> AsyncGenerator[LibraryEvent]:
        """Yield every change in the library."""
        with self.parts.events.hub.subscribe() as subscription:
            async for event in subscription:
                yield event

    # --- one job ------------------------------------------------------------------------------

    async def cancel(self, request: CancelJob) -> JobView:
        """Cancel a job and return it as it ended."""
        view = self.parts.jobs.view(request.id)
        status = view.status
        if request.if_unneeded and (status.terminal or self.parts.lists.waiting_for(request.id)):
            return view
        if status.terminal:
            raise TransitionError(f"The job is {status.value} already.")
        await self.parts.scheduler.cancel(request.id)
        return self.parts.jobs.view(request.id)

    async def hold(self, request: HoldJob) -> JobView:
        """Hold a job."""
        await self.parts.scheduler.hold(request.id)
        return self._edited(request.id)

    async def release(self, request: ReleaseJob) -> JobView:
        """Let a held job be claimed."""
        self._require_queued(request.id)
        self.parts.jobs.edit(request.id, held=False)
        return self._edited(request.id)

    async def move(self, request: MoveJob) -> JobView:
        """Move a queued job."""
        for job_id in filter(None, (request.id, request.before)):
            self._require_queued(job_id)
        if request.id != request.before:
            self.parts.jobs.place(request.id, before=request.before)
        return self._edited(request.id)

    def _edited(self, job_id: str) -> JobView:
        """Tell of an edit, unless the job ended meanwhile, and return the job."""
        view = self.parts.jobs.view(job_id)
        if not view.status.terminal:
            self.parts.jobs.announce(job_id, "edit")
        return view

    def _require_queued(self, job_id: str) -> None:
        status = self.parts.jobs.view(job_id).status
        if status is not JobStatus.QUEUED:
            raise TransitionError(f"The job is {status.value}; only a queued one can be moved.")

    # --- retry --------------------------------------------------------------------------------

    async def retry(self, request: RetryJob) -> JobView:
        """Queue a new job like an ended one; failed ones that it needs come first."""
        made: dict[str, str] = {}
        with self.parts.database.write():
            self._retry(self.parts.jobs.view(request.id), made)
        return self.parts.jobs.view(made[request.id])

    def _retry(self, job: JobView, made: dict[str, str]) -> None:
        if not job.status.terminal:
            raise TransitionError(
                f"The job is {job.status.value}.", hint="Only a job that ended can be retried."
            )
        for needed in map(self.parts.jobs.view, job.depends_on):
            ended_badly = needed.status.terminal and needed.status is not JobStatus.DONE
            if ended_badly and needed.id not in made:
                self._retry(needed, made)
        params = _with_new_ingest(job.params, made)
        output = getattr(params, "output", None)
        if output is not None:
            check_output(output, overwrite=getattr(params, "overwrite", False))
        made[job.id] = new_id()
        self.parts.jobs.submit(
            NewJob(
                id=made[job.id],
                title=job.title,
                params=params,
                depends_on=tuple(made.get(job_id, job_id) for job_id in job.depends_on),
                source=job.source,
                max_attempts=self.parts.current_settings().max_attempts,
                retry_of=job.id,
                facts=to_json(job.facts),
            )
        )
        self.parts.database.after_commit(self._staging_mover(job.id, made[job.id]))

    def _staging_mover(self, old_id: str, retry_id: str) -> Callable[[], None]:
        def move() -> None:
            """Give the retry what the failed job had finished."""
            with contextlib.suppress(OSError):
                self.parts.paths.staging(old_id).rename(self.parts.paths.staging(retry_id))

        return move

    # --- the queue ----------------------------------------------------------------------------

    async def pause(self, request: PauseQueue) -> Nothing:
        """Claim nothing more."""
        with self.parts.database.write():
            self.parts.database.set_meta(QUEUE_PAUSED, "1")
        await self.parts.scheduler.pause(running=request.running)
        self._tell_queue()
        return Nothing()

    async def resume(self, request: ResumeQueue) -> Nothing:
        """Claim again."""
        with self.parts.database.write():
            self.parts.database.set_meta(QUEUE_PAUSED, "0")
        self.parts.scheduler.resume()
        self._tell_queue()
        return Nothing()

    def _tell_queue(self) -> None:
        self.parts.events.queue(paused=self.parts.scheduler.paused, counts=self.parts.counts())

    async def wait_idle(self, request: WaitIdle) -> JobCounts:
        """Answer once nothing runs and nothing could."""
        with self.parts.events.hub.subscribe(
            lambda event: isinstance(event, AnyJobEvent | QueueEvent)
        ) as subscription:
            while self.parts.scheduler.has_work():
                await anext(subscription, None)
                await asyncio.sleep(0)  # the run that told of its end leaves right after
        return self.parts.counts()


def _with_new_ingest(params: JobParams, made: dict[str, str]) -> JobParams:
    """Return parameters that wait for the retried ingest job instead of the failed one."""
    ref, _ = subject_of(params)
    if ref is None or ref.ingest_job_id not in made or isinstance(params, IngestParams):
        return params
    retried = AssetRef(ingest_job_id=made[ref.ingest_job_id])
    if isinstance(params, EstimateParams):
        return EstimateParams(render=msgspec.structs.replace(params.render, asset=retried))
    return msgspec.structs.replace(params, asset=retried)
