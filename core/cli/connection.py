"""The engine for the length of one command.

In: the scope and a coroutine function that takes a client. Out: what it returns.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from core.cli.groups import Scope
from core.engine.client import EngineClient
from core.engine.protocol import Request


async def open_client(library: Path, *, start: bool) -> EngineClient:
    """Return a connection to the library's engine, starting one if none answers and `start`."""
    return await EngineClient.connect(library, start=start)


def with_client[T](
    scope: Scope, work: Callable[[EngineClient], Awaitable[T]], *, start: bool = True
) -> T:
    """Run `work` with a client and return its outcome."""

    async def run() -> T:
        client = await open_client(scope.library, start=start)
        try:
            return await work(client)
        finally:
            await client.close()

    return asyncio.run(run())


def ask[R](scope: Scope, request: Request[R]) -> R:
    """Send one request and return its answer."""

    async def work(client: EngineClient) -> R:
        return await client.call(request)

    return with_client(scope, work)
