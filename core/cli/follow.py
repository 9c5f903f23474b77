"""Submitting work and waiting for it: progress while it runs, Ctrl-C cancels it cleanly.

In: a request that makes jobs. Out: an `Outcome`: the job as it ended, and whether Ctrl-C ended it.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from core.cli.errors import FAILED, INTERRUPTED
from core.cli.progress import Display, display_for_stderr
from core.engine.client import EngineClient
from core.engine.protocol import CancelJob, GetJob, ListJobs, Request, WatchJob
from core.engine.replies import Submitted
from core.errors import ErrorView, KnownError, error_from_view
from core.jobs.model import JobStatus, JobView


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a job ended."""

    job: JobView
    """The job that was asked for."""
    chain: tuple[JobView, ...] = ()
    """It and every job it needed, in order, as they ended."""
    interrupted: bool = False

    @property
    def exit_status(self) -> int:
        """The exit status that says so."""
        return exit_status(self.job.status, interrupted=self.interrupted)


def exit_status(status: JobStatus, *, interrupted: bool = False) -> int:
    """Return the exit status of a command whose job ended with `status`."""
    if interrupted or status is JobStatus.CANCELLED:
        return INTERRUPTED
    return 0 if status is JobStatus.DONE else FAILED


async def submit(client: EngineClient, request: Request[Submitted]) -> Submitted:
    """Submit; a Ctrl-C in the middle of it cancels what was submitted before it goes on."""
    call = asyncio.ensure_future(client.call(request))
    try:
        return await asyncio.shield(call)
    except asyncio.CancelledError:
        with suppress(KnownError):
            await cancel_all(client, (await call).chain)
        raise


async def submit_and_follow(client: EngineClient, request: Request[Submitted]) -> Outcome:
    """Submit and wait until the job ended, showing the progress of its whole chain."""
    submitted = await submit(client, request)
    with display_for_stderr() as display:
        try:
            chain = await follow_chain(client, submitted, display)
            interrupted = False
        except asyncio.CancelledError:
            await cancel_all(client, submitted.chain)
            chain = await _views(client, submitted.chain)
            interrupted = True
    job = next((link for link in chain if link.id == submitted.job.id), submitted.job)
    return Outcome(job=job, chain=chain, interrupted=interrupted)


async def follow_chain(
    client: EngineClient, submitted: Submitted, display: Display
) -> tuple[JobView, ...]:
    """Show every job of a chain, one after the other, until all ended; return them."""
    chain = submitted.chain or (submitted.job,)
    return tuple([await follow(client, link.id, display) for link in chain])


async def _views(client: EngineClient, chain: Sequence[JobView]) -> tuple[JobView, ...]:
    return tuple([await client.call(GetJob(id=link.id)) for link in chain])


async def follow(client: EngineClient, job_id: str, display: Display) -> JobView:
    """Show a job until it ended and return it."""
    job: JobView | None = None
    async for event in client.stream(WatchJob(id=job_id)):
        job = event.job
        display.show(job)
    return job if job is not None else await client.call(GetJob(id=job_id))


async def cancel_all(client: EngineClient, chain: Sequence[JobView]) -> None:
    """Cancel every job of a chain that has not ended, the last first.

    A step that another job waits for as well goes on: it is not ours alone.
    """
    own = {job.id for job in chain}
    live = await client.call(ListJobs(statuses=(JobStatus.QUEUED, JobStatus.RUNNING)))
    shared = {need for job in live.jobs if job.id not in own for need in job.depends_on}
    for job in reversed(chain):
        if job.id in shared:
            continue
        with suppress(KnownError):  # it ended meanwhile
            await client.call(CancelJob(id=job.id))


def raise_unless_done(job: JobView) -> None:
    """Raise what a job failed with.

    Raises KeyboardInterrupt when it was cancelled, so that every command ends alike.
    """
    if job.status is JobStatus.CANCELLED:
        raise KeyboardInterrupt
    if job.status is not JobStatus.DONE:
        view = job.error or ErrorView(code="known", message="The job did not finish.")
        raise error_from_view(view)
