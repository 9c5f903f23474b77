"""One connection of a client to an engine: numbered requests, their answers, their streams.

In: requests. Out: replies and events, or `LinkLostError` for everything pending when the engine
goes. It never reconnects; the client does.
"""

import asyncio
import contextlib
import itertools
from collections.abc import Hashable
from typing import Any

from core.documents import json_reader
from core.engine.endpoint import Endpoint
from core.engine.messages import (
    MAX_LINE_BYTES,
    EngineLine,
    read_engine_line,
    request_line,
    stop_line,
)
from core.engine.protocol import Request, Stream
from core.engine.replies import AnyJobEvent, QueueEvent
from core.errors import EngineUnreachableError, KnownError, error_from_view
from core.jobs.events import Subscription
from core.jobs.model import JobEvent


class LinkLostError(EngineUnreachableError):
    """The connection to the engine broke."""


def _merge_key(event: object) -> Hashable | None:
    """Return the key under which a newer event takes this one's place, None for never."""
    if isinstance(event, AnyJobEvent):
        event = event.event
    if isinstance(event, JobEvent) and event.change == "progress":
        return event.job_id
    return "queue" if isinstance(event, QueueEvent) else None


class _Pending:
    """A request that waits for its answer, or a stream that goes on."""

    def __init__(self, kind: type, inbox: Subscription[Any] | None = None) -> None:
        self.read = json_reader(kind)
        self.inbox = inbox
        self.answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    def fail(self, error: KnownError) -> None:
        """End with an error."""
        if not self.answer.done():
            self.answer.set_exception(error)
            self.answer.exception()  # a stream may never look
        if self.inbox is not None:
            self.inbox.close()


class Link:
    """An open connection."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, token: str
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._token = token
        self._numbers = itertools.count(1)
        self._pending: dict[int, _Pending] = {}
        self.lost = False
        self._listening = asyncio.create_task(self._listen())

    @classmethod
    async def open(cls, endpoint: Endpoint) -> "Link":
        """Connect; raise OSError when nobody listens there."""
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", endpoint.port, limit=MAX_LINE_BYTES
        )
        return cls(reader, writer, endpoint.token)

    async def call[R](self, request: Request[R]) -> R:
        """Return the reply; raise what the engine refused it with, or LinkLostError."""
        number = next(self._numbers)
        pending = self._pending[number] = _Pending(type(request).reply)
        try:
            await self._write(request_line(number, self._token, request))
            reply: R = await pending.answer
            return reply
        finally:
            self._pending.pop(number, None)

    async def feed[E](self, request: Stream[E], inbox: Subscription[E]) -> None:
        """Feed `inbox` until the stream ends; raise as `call` does."""
        number = next(self._numbers)
        pending = self._pending[number] = _Pending(type(request).event, inbox)
        try:
            await self._write(request_line(number, self._token, request))
            await pending.answer
        finally:
            self._pending.pop(number, None)
            if not pending.answer.done() or pending.answer.cancelled():
                with contextlib.suppress(LinkLostError):
                    await self._write(stop_line(number, self._token))

    async def _write(self, data: bytes) -> None:
        if self.lost:
            raise LinkLostError
        try:
            self._writer.write(data)
            await self._writer.drain()
        except OSError as error:
            raise LinkLostError from error

    async def _listen(self) -> None:
        reason: KnownError = LinkLostError(hint="Try again; another engine will be started.")
        try:
            while data := await self._reader.readline():
                self._take(read_engine_line(data))
        except KnownError as error:  # an engine of another version
            reason = error
        except (OSError, ValueError):  # ValueError: a line beyond the limit
            pass
        finally:
            self.lost = True
            for pending in list(self._pending.values()):
                pending.fail(reason)

    def _take(self, line: EngineLine) -> None:
        pending = self._pending.get(line.id)
        if pending is None or pending.answer.done():
            return
        if line.error is not None:
            pending.fail(error_from_view(line.error))
        elif line.end:
            pending.answer.set_result(None)
            if pending.inbox is not None:
                pending.inbox.close()
        elif bytes(line.event) and pending.inbox is not None:
            event = pending.read(bytes(line.event))
            pending.inbox.put(event, _merge_key(event))
        elif bytes(line.reply):
            pending.answer.set_result(pending.read(bytes(line.reply)))

    async def close(self) -> None:
        """Hang up."""
        self._listening.cancel()
        await asyncio.gather(self._listening, return_exceptions=True)
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()
