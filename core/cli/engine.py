"""`cymatic engine`: the library's engine process, which is started when needed.

In: the library. Out: how its engine is. Neither command starts one.
"""

from collections.abc import Awaitable, Callable

import click

from core.cli.connection import with_client
from core.cli.groups import GroupWithOptions, Scope, scope_of
from core.cli.output import fields, print_document, say
from core.engine.client import EngineClient
from core.engine.protocol import GetEngine, StopEngine
from core.engine.replies import EngineInfo
from core.errors import EngineUnreachableError, KnownError
from core.units import time_text


@click.group(cls=GroupWithOptions, invoke_without_command=True)
@click.pass_context
def engine(context: click.Context) -> None:
    """Show the library's engine (the default), or stop it."""
    if context.invoked_subcommand is None:
        context.invoke(status)


@engine.command()
@click.pass_context
def status(context: click.Context) -> None:
    """Show the engine: process, workers, how long it has run."""
    scope = scope_of(context)

    async def work(client: EngineClient) -> EngineInfo:
        return await client.call(GetEngine())

    _show(scope, _if_running(scope, work))


@engine.command()
@click.pass_context
def stop(context: click.Context) -> None:
    """Stop the engine now; running jobs go back to the queue and nothing is lost."""
    scope = scope_of(context)

    async def work(client: EngineClient) -> EngineInfo:
        info = await client.call(GetEngine())
        await client.call(StopEngine())
        return info

    info = _if_running(scope, work)
    if scope.json:
        print_document("engine", info)
    else:
        say(f"Stopped (process {info.pid})." if info else "No engine is running.")


def _if_running(
    scope: Scope, work: Callable[[EngineClient], Awaitable[EngineInfo]]
) -> EngineInfo | None:
    try:
        return with_client(scope, work, start=False)
    except KnownError as error:
        if error.code != EngineUnreachableError.code:
            raise
        return None


def _show(scope: Scope, info: EngineInfo | None) -> None:
    if scope.json:
        print_document("engine", info)
    elif info is None:
        say("No engine is running; one starts when it is needed.")
    else:
        workers = [f"{worker.kind} (process {worker.pid})" for worker in info.workers]
        say(
            fields(
                [
                    ("process", str(info.pid)),
                    ("version", info.version),
                    ("library", str(info.library)),
                    ("running for", time_text(info.uptime_s)),
                    ("workers", ", ".join(workers) or "none"),
                    ("clients", str(info.clients)),
                    ("queue", "paused" if info.paused else "open"),
                    ("SQLite", info.sqlite_version),
                ]
            )
        )
