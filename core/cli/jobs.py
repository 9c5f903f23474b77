"""`cymatic jobs`: the queue and its history.

In: ids or their unique starts. Out: jobs. `watch` exits as the job ended: 0, 1 or 130.
"""

from collections.abc import Callable, Sequence

import click

from core.cli.connection import with_client
from core.cli.follow import exit_status
from core.cli.groups import GroupWithOptions, Scope, scope_of
from core.cli.job_text import jobs_table, show_job
from core.cli.output import print_document, print_line, say
from core.cli.progress import display_for_stderr
from core.cli.queue import pause, resume, run
from core.cli.subject import job_named
from core.engine.client import EngineClient
from core.engine.protocol import (
    CancelJob,
    HoldJob,
    ListJobs,
    MoveJob,
    ReleaseJob,
    Request,
    RetryJob,
    WatchJob,
)
from core.engine.replies import JobPage
from core.jobs.model import JobKind, JobStatus, JobView

JOB_ID = click.argument("job_id", metavar="ID")


@click.group(cls=GroupWithOptions, invoke_without_command=True)
@click.pass_context
def jobs(context: click.Context) -> None:
    """List the jobs (the default), or do something with one or with the queue."""
    if context.invoked_subcommand is None:
        context.invoke(list_jobs)


jobs.add_command(pause)
jobs.add_command(resume)
jobs.add_command(run)


@jobs.command("list")
@click.option(
    "--status", "statuses", multiple=True, type=click.Choice([str(status) for status in JobStatus])
)
@click.option("--kind", "kinds", multiple=True, type=click.Choice([str(kind) for kind in JobKind]))
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1))
@click.pass_context
def list_jobs(
    context: click.Context,
    statuses: Sequence[str] = (),
    kinds: Sequence[str] = (),
    limit: int = 50,
) -> None:
    """List jobs: running, then queued, then ended, the newest first."""
    scope = scope_of(context)
    request = ListJobs(
        statuses=tuple(map(JobStatus, statuses)), kinds=tuple(map(JobKind, kinds)), limit=limit
    )

    async def work(client: EngineClient) -> JobPage:
        return await client.call(request)

    page = with_client(scope, work)
    if scope.json:
        print_document("jobs", page.jobs)
    else:
        say(jobs_table(page))


@jobs.command()
@JOB_ID
@click.pass_context
def show(context: click.Context, job_id: str) -> None:
    """Show everything about one job."""
    scope = scope_of(context)
    show_job(with_client(scope, lambda client: job_named(client, job_id)), as_json=scope.json)


@jobs.command()
@JOB_ID
@click.pass_context
def watch(context: click.Context, job_id: str) -> int:
    """Follow a job to its end; with --json print each change as a line of JSON.

    Ctrl-C stops watching, not the job.
    """
    scope = scope_of(context)

    async def work(client: EngineClient) -> JobView:
        job = await job_named(client, job_id)
        if scope.json:
            async for event in client.stream(WatchJob(id=job.id)):
                print_line(event)
                job = event.job
            return job
        with display_for_stderr() as display:
            async for event in client.stream(WatchJob(id=job.id)):
                display.show(event.job)
                job = event.job
        return job

    job = with_client(scope, work)
    if not scope.json:
        show_job(job, as_json=False)
    return exit_status(job.status)


@jobs.command()
@click.argument("job_ids", metavar="ID...", nargs=-1, required=True)
@click.pass_context
def cancel(context: click.Context, job_ids: Sequence[str]) -> None:
    """Cancel jobs: at once when queued, within a second when running."""
    _change(scope_of(context), job_ids, lambda job_id: CancelJob(id=job_id))


@jobs.command()
@click.argument("job_ids", metavar="ID...", nargs=-1, required=True)
@click.pass_context
def retry(context: click.Context, job_ids: Sequence[str]) -> None:
    """Make new jobs of ended ones."""
    _change(scope_of(context), job_ids, lambda job_id: RetryJob(id=job_id))


@jobs.command()
@click.argument("job_ids", metavar="ID...", nargs=-1, required=True)
@click.pass_context
def hold(context: click.Context, job_ids: Sequence[str]) -> None:
    """Hold jobs: queued ones are not started, running ones keep what is finished."""
    _change(scope_of(context), job_ids, lambda job_id: HoldJob(id=job_id))


@jobs.command()
@click.argument("job_ids", metavar="ID...", nargs=-1, required=True)
@click.pass_context
def release(context: click.Context, job_ids: Sequence[str]) -> None:
    """Let held jobs go on."""
    _change(scope_of(context), job_ids, lambda job_id: ReleaseJob(id=job_id))


@jobs.command()
@JOB_ID
@click.option("--before", metavar="ID", help="The job to go before; without it, to the end.")
@click.pass_context
def move(context: click.Context, job_id: str, before: str | None) -> None:
    """Move a queued job to another place in the queue."""
    scope = scope_of(context)

    async def work(client: EngineClient) -> JobView:
        job = await job_named(client, job_id)
        other = (await job_named(client, before)).id if before else None
        return await client.call(MoveJob(id=job.id, before=other))

    show_job(with_client(scope, work), as_json=scope.json)


def _change(
    scope: Scope, job_ids: Sequence[str], request: Callable[[str], Request[JobView]]
) -> None:
    async def work(client: EngineClient) -> list[JobView]:
        found = [await job_named(client, text) for text in job_ids]
        return [await client.call(request(job.id)) for job in found]

    changed = with_client(scope, work)
    if scope.json and len(changed) == 1:
        print_document("job", changed[0])
    elif scope.json:
        print_document("jobs", changed)
    else:
        say("\n".join(f"{job.id}  {job.kind} {job.title}: {job.status}" for job in changed))
