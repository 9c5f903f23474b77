"""`cymatic jobs pause|resume|run`: the queue as a whole.

In: nothing. Out: whether it is paused, and how many jobs are in each state.
"""

import click

from core.cli.connection import with_client
from core.cli.documents import QueueReport
from core.cli.errors import FAILED
from core.cli.groups import CommandWithOptions, Scope, scope_of
from core.cli.output import print_document, say
from core.engine.client import EngineClient
from core.engine.protocol import ListJobs, PauseQueue, ResumeQueue, WaitIdle


async def _report(client: EngineClient) -> QueueReport:
    page = await client.call(ListJobs(limit=1))
    return QueueReport(paused=page.paused, counts=page.counts)


def _show(scope: Scope, report: QueueReport) -> None:
    if scope.json:
        print_document("queue", report)
        return
    state = "paused" if report.paused else "open"
    counts = report.counts
    say(f"The queue is {state}: {counts.running} running, {counts.queued} queued.")


@click.command(cls=CommandWithOptions)
@click.option("--running", is_flag=True, help="Give running jobs back to the queue too.")
@click.pass_context
def pause(context: click.Context, running: bool) -> None:
    """Start no more jobs."""

    async def work(client: EngineClient) -> QueueReport:
        await client.call(PauseQueue(running=running))
        return await _report(client)

    _show(scope_of(context), with_client(scope_of(context), work))


@click.command(cls=CommandWithOptions)
@click.pass_context
def resume(context: click.Context) -> None:
    """Start jobs again."""

    async def work(client: EngineClient) -> QueueReport:
        await client.call(ResumeQueue())
        return await _report(client)

    _show(scope_of(context), with_client(scope_of(context), work))


@click.command(cls=CommandWithOptions)
@click.pass_context
def run(context: click.Context) -> int:
    """Wait until everything that can run has run; exit with 1 if anything failed meanwhile."""

    async def work(client: EngineClient) -> tuple[int, QueueReport]:
        failed_before = (await _report(client)).counts.failed
        await client.call(WaitIdle())
        return failed_before, await _report(client)

    failed_before, report = with_client(scope_of(context), work)
    _show(scope_of(context), report)
    return FAILED if report.counts.failed > failed_before else 0
