"""The engine's socket: lines in, answers and streams out, one task per request.

In: an `Engine`. Out: a loopback port that answers whoever knows the token. A client that reads
slowly slows its own streams only: what it has not read is merged, transitions are kept.
"""

import asyncio
import contextlib
import hmac
import logging
import secrets
import traceback
from collections.abc import Callable
from typing import Any

import msgspec

from core.documents import to_json
from core.engine.messages import (
    MAX_LINE_BYTES,
    ClientLine,
    EngineLine,
    read_client_line,
    read_request,
)
from core.engine.protocol import Request, Stream
from core.engine.service import Engine
from core.errors import EngineUnreachableError, ErrorView, KnownError
from core.store.database import reported_faults

_LOG = logging.getLogger(__name__)
_HIGH_WATER_BYTES = 256 * 1024


class Server:
    """Listens for clients of one engine. `on_quiet` is called when the last one left."""

    def __init__(self, engine: Engine, *, on_quiet: Callable[[], None] = lambda: None) -> None:
        self.token = secrets.token_urlsafe(32)
        self._engine = engine
        self._on_quiet = on_quiet
        self._clients: set[_Client] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> int:
        """Begin to listen; return the port."""
        self._server = await asyncio.start_server(
            self._serve, host="127.0.0.1", port=0, limit=MAX_LINE_BYTES
        )
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    @property
    def n_clients(self) -> int:
        """How many clients are connected."""
        return len(self._clients)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = _Client(self._engine, self.token, writer)
        self._clients.add(client)
        try:
            await client.listen(reader)
        finally:
            self._clients.discard(client)
            await client.close()
            if not self._clients:
                self._on_quiet()

    async def close(self) -> None:
        """Hang up on everyone and stop listening."""
        if self._server is not None:
            self._server.close()
        for client in list(self._clients):
            await client.close()
        if self._server is not None:
            await self._server.wait_closed()


class _Client:
    """One connection."""

    def __init__(self, engine: Engine, token: str, writer: asyncio.StreamWriter) -> None:
        self._engine = engine
        self._token = token.encode()
        self._writer = writer
        self._tasks: dict[int, asyncio.Task[None]] = {}
        writer.transport.set_write_buffer_limits(high=_HIGH_WATER_BYTES)

    async def listen(self, reader: asyncio.StreamReader) -> None:
        """Take lines until the client hangs up, breaks the protocol, or has the wrong token."""
        with contextlib.suppress(OSError, ValueError):  # ValueError: a line beyond the limit
            while data := await reader.readline():
                try:
                    line: ClientLine = read_client_line(data)
                except KnownError:
                    return
                if not hmac.compare_digest(line.token.encode(), self._token):
                    refusal = EngineUnreachableError("The token is not this engine's.")
                    await self._send(EngineLine(id=line.id, error=refusal.view()))
                    return
                self._take(line)

    def _take(self, line: ClientLine) -> None:
        if line.stop:
            if task := self._tasks.get(line.id):
                task.cancel()
            return
        task = asyncio.create_task(self._handle(line))
        self._tasks[line.id] = task
        task.add_done_callback(lambda ended: self._ended(line.id, ended))

    async def _handle(self, line: ClientLine) -> None:
        try:
            with reported_faults(self._engine.paths):
                request = read_request(bytes(line.request))
                if isinstance(request, Stream):
                    await self._stream(line.id, request)
                else:
                    await self._answer(line.id, request)
        except KnownError as error:
            await self._send(EngineLine(id=line.id, error=error.view()))

    async def _answer(self, number: int, request: Request[Any]) -> None:
        reply = await self._engine.answer(request)
        await self._send(EngineLine(id=number, reply=msgspec.Raw(to_json(reply))))

    async def _stream(self, number: int, request: Stream[Any]) -> None:
        async with contextlib.aclosing(self._engine.feed(request)) as events:
            async for event in events:
                await self._send(EngineLine(id=number, event=msgspec.Raw(to_json(event))))
        await self._send(EngineLine(id=number, end=True))

    def _ended(self, number: int, task: asyncio.Task[None]) -> None:
        """Forget a request; one that ended in a bug is answered and logged here."""
        self._tasks.pop(number, None)
        error = None if task.cancelled() else task.exception()
        if error is None or isinstance(error, OSError):
            return
        _LOG.error("a bug: %s", "".join(traceback.format_exception(error)))
        view = ErrorView(
            code="bug",
            message=f"Cymatic made a mistake ({type(error).__name__}: {error}).",
            hint="The details are in the library's log; please report it.",
        )
        if not self._writer.is_closing():
            self._writer.write(to_json(EngineLine(id=number, error=view)) + b"\n")

    async def _send(self, line: EngineLine) -> None:
        with contextlib.suppress(OSError):
            self._writer.write(to_json(line) + b"\n")
            await self._writer.drain()

    async def close(self) -> None:
        """End all requests of this client and hang up."""
        tasks = [task for task in self._tasks.values() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()
