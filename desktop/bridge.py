"""The bridge: the engine's client as typed Qt signals on the GUI thread.

In: a client (`call`, `stream`) made by a connector. Out: signals for every change in the library,
answers for requests, one watch per job that ends with the job. It reconnects by itself.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from enum import StrEnum
from typing import Any, Protocol

from PySide6.QtCore import QObject, Signal

from core.engine.protocol import GetEngine, Request, Stream, WatchJob, WatchLibrary
from core.engine.replies import AnyJobEvent, AssetEvent, EngineInfo, ProjectEvent, QueueEvent
from core.errors import CymaticError, EngineUnreachableError, KnownError
from core.jobs.model import JobEvent

_log = logging.getLogger(__name__)
RETRY_S = (0.2, 0.5, 1.0, 2.0, 5.0)


class Client(Protocol):
    """What the bridge needs of an engine client."""

    async def call[R](self, request: Request[R]) -> R:
        """Return the one answer."""
        ...

    def stream[E](self, request: Stream[E]) -> AsyncIterator[E]:
        """Iterate over the events."""
        ...

    async def close(self) -> None:
        """Leave."""
        ...


Connector = Callable[[], Awaitable[Client]]


class Connection(StrEnum):
    """How the window stands with the engine."""

    CONNECTING = "connecting"
    READY = "ready"
    LOST = "lost"
    REFUSED = "refused"
    """The library cannot be opened; a notice says why."""


class JobWatch(QObject):
    """One job's events until it ends.

    Signals
    -------
    changed : JobEvent, the view first, then each change
    ended : JobView, once, right after the terminal event; nothing follows it
    """

    changed = Signal(object)
    ended = Signal(object)

    def __init__(self, job_id: str, parent: QObject) -> None:
        super().__init__(parent)
        self.job_id = job_id
        self.is_over = False

    def publish(self, event: JobEvent) -> None:
        """Emit an event, and the end when it is the last one."""
        if self.is_over:
            return
        self.changed.emit(event)
        if event.status.terminal:
            self.finish(event)

    def finish(self, event: JobEvent) -> None:
        """Emit the end; with this object every connection goes."""
        self.is_over = True
        self.ended.emit(event.job)
        self.blockSignals(True)
        self.deleteLater()


class EngineBridge(QObject):
    """The window's only way to the engine.

    Signals
    -------
    connection_changed : Connection
    job_changed : JobEvent, of any job
    asset_changed : Asset
    project_changed : ProjectEvent
    queue_changed : QueueEvent
    request_failed : CymaticError that no asker took
    """

    connection_changed = Signal(object)
    job_changed = Signal(object)
    asset_changed = Signal(object)
    project_changed = Signal(object)
    queue_changed = Signal(object)
    request_failed = Signal(object)

    def __init__(self, connector: Connector, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._connector = connector
        self._client: Client | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self._ready = asyncio.Event()
        self.connection = Connection.CONNECTING
        self.engine: EngineInfo | None = None

    def start(self) -> None:
        """Connect and follow the library from now on."""
        self._spawn(self._follow())

    async def stop(self) -> None:
        """Leave the engine; running jobs go on."""
        tasks = [task for task in self._tasks if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._client is not None:
            await self._client.close()

    async def call[R](self, request: Request[R]) -> R:
        """Return the answer, once the engine is there.

        The client itself sends again what may be sent twice; anything else that was lost with
        an engine is the user's to decide.
        """
        await self._ready.wait()
        return await self._require().call(request)

    def ask[R](
        self,
        request: Request[R],
        done: Callable[[R], None] | None = None,
        failed: Callable[[CymaticError], None] | None = None,
    ) -> None:
        """Send a request from plain widget code; the answer comes back as a call."""
        self._spawn(self._ask(request, done, failed))

    def watch(self, job_id: str) -> JobWatch:
        """Return the signals of one job; they end with it, and late watchers get its end."""
        watch = JobWatch(job_id, self)
        self._spawn(self._watch(watch))
        return watch

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine whose known errors are shown to the user."""
        self._spawn(self._guarded(work))

    async def _ask[R](
        self,
        request: Request[R],
        done: Callable[[R], None] | None,
        failed: Callable[[CymaticError], None] | None,
    ) -> None:
        try:
            answer = await self.call(request)
        except CymaticError as error:
            if failed is None:
                self.request_failed.emit(error)
            else:
                failed(error)
            return
        if done is not None:
            done(answer)

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except CymaticError as error:
            self.request_failed.emit(error)

    async def _watch(self, watch: JobWatch) -> None:
        while not watch.is_over:
            await self._ready.wait()
            try:
                async for event in self._require().stream(WatchJob(id=watch.job_id)):
                    watch.publish(event)
            except EngineUnreachableError as error:
                _log.info("A watch was cut off: %s", error.message)
            except KnownError as error:
                self.request_failed.emit(error)
                return
            if not watch.is_over:
                await asyncio.sleep(RETRY_S[0])

    async def _follow(self) -> None:
        attempt = 0
        while True:
            refused = False
            try:
                self._client = await self._connector()
                async for event in self._events(self._client):
                    attempt = 0
                    self._publish(event)
            except EngineUnreachableError as error:
                _log.info("Engine: %s", error.message)
            except KnownError as error:
                self.request_failed.emit(error)
                refused = True
            self._ready.clear()
            without = Connection.LOST if self.engine else Connection.CONNECTING
            self._set_connection(Connection.REFUSED if refused else without)
            if self._client is not None:
                await self._client.close()
            await asyncio.sleep(RETRY_S[min(attempt, len(RETRY_S) - 1)])
            attempt += 1

    async def _events(self, client: Client) -> AsyncIterator[object]:
        """Give the library's events; the panels look at it only once nothing can be missed."""
        events = aiter(client.stream(WatchLibrary()))
        upcoming = asyncio.ensure_future(anext(events))
        try:
            self.engine = await client.call(GetEngine())
            self._ready.set()
            self._set_connection(Connection.READY)
            while True:
                yield await upcoming
                upcoming = asyncio.ensure_future(anext(events))
        except StopAsyncIteration:
            return
        finally:
            upcoming.cancel()
            await asyncio.gather(upcoming, return_exceptions=True)

    def _publish(self, event: object) -> None:
        match event:
            case AnyJobEvent(event=job_event):
                self.job_changed.emit(job_event)
            case AssetEvent(asset=asset):
                self.asset_changed.emit(asset)
            case ProjectEvent():
                self.project_changed.emit(event)
            case QueueEvent():
                self.queue_changed.emit(event)

    def _set_connection(self, connection: Connection) -> None:
        if connection is not self.connection:
            self.connection = connection
            self.connection_changed.emit(connection)

    def _require(self) -> Client:
        if self._client is None:
            raise EngineUnreachableError
        return self._client

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._settle)

    def _settle(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("A task of the window failed", exc_info=error)
            self.request_failed.emit(CymaticError(f"Something unexpected happened: {error}"))
