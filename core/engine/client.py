"""The engine's client: what the window and every command hold, and all they need to know.

In: the library's folder. Out: typed answers and event streams. An engine is started when none
answers, and again when it died; what it was doing goes on. Imports no numpy, no SQLAlchemy.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from core.engine.endpoint import read_endpoint
from core.engine.link import Link, LinkLostError
from core.engine.protocol import (
    CheckLibrary,
    GetAsset,
    GetEngine,
    GetJob,
    GetProject,
    GetSettings,
    GetStats,
    ListAssets,
    ListJobs,
    ListProjects,
    PauseQueue,
    ReleaseJob,
    Request,
    ResumeQueue,
    SetSettings,
    Stream,
    WaitIdle,
    WatchJob,
)
from core.errors import EngineUnreachableError, LibraryError, error_from_view
from core.jobs.events import EventHub
from core.jobs.model import JobEvent
from core.paths import LibraryPaths
from core.platform.processes import DetachedProcess, engine_command, start_detached

_REPEATABLE = (
    GetEngine, GetSettings, SetSettings, ListJobs, GetJob, ReleaseJob, PauseQueue, ResumeQueue,
    WaitIdle, ListAssets, GetAsset, GetStats, CheckLibrary, ListProjects, GetProject,
)  # fmt: skip
"""Asking these twice is the same as once, so they are sent again when the engine died."""
_START_LIMIT_S = 60.0
"""An engine is up in half a second; a migration or a very slow disk takes longer."""
_LOOK_INTERVAL_S = 0.02
_MAX_TRIES = 5


class EngineClient:
    """A client of one library's engine. Safe for many requests at once on one event loop."""

    def __init__(self, library: Path, *, start: bool, handlers: str = "") -> None:
        self._paths = LibraryPaths(library)
        self._start = start
        self._arguments = (str(library), *([handlers] if handlers else []))
        self._link: Link | None = None
        self._connecting = asyncio.Lock()
        self._closed = False

    @classmethod
    async def connect(cls, library: Path, *, start: bool = True, handlers: str = "") -> Self:
        """Return a connected client.

        Parameters
        ----------
        library : Path
            The library's folder; made when it is not there.
        start : bool
            Start an engine when none answers.
        handlers : str
            Module with the job handlers of an engine that is started, for tests; empty: the
            real ones.

        Raises
        ------
        EngineUnreachableError, LibraryError
            Nothing answers; the library cannot be opened, with the engine's own words.
        """
        client = cls(Path(library).absolute(), start=start, handlers=handlers)
        await client._connected()
        return client

    async def call[R](self, request: Request[R]) -> R:
        """Send a request and return its answer; raise the KnownError it was refused with.

        When the engine dies in between, another is started; a request that changes something is
        then not repeated unless it never left: EngineUnreachableError says so.
        """
        for _ in range(_MAX_TRIES):
            link = await self._connected()
            try:
                return await link.call(request)
            except LinkLostError as error:
                if self._closed or not isinstance(request, _REPEATABLE):
                    raise EngineUnreachableError(
                        "The engine stopped before it answered.",
                        hint="Look at the queue: it may have been done. Another engine starts "
                        "with the next request.",
                    ) from error
        raise EngineUnreachableError("The engine stops again and again.", hint=self._log_hint)

    async def stream[E](self, request: Stream[E]) -> AsyncIterator[E]:
        """Iterate over a stream. A job's watch goes on when the engine died, and ends by itself.

        Any other stream ends with EngineUnreachableError then: its reader must look anew.
        """
        for _ in range(_MAX_TRIES):
            link = await self._connected()
            try:
                async with contextlib.aclosing(_events(link, request)) as events:
                    async for event in events:
                        yield event
                        if isinstance(event, JobEvent) and event.status.terminal:
                            return
                return
            except LinkLostError:
                if self._closed or not isinstance(request, WatchJob):
                    raise
        raise EngineUnreachableError("The engine stops again and again.", hint=self._log_hint)

    async def close(self) -> None:
        """Leave; jobs go on."""
        self._closed = True
        if self._link is not None:
            await self._link.close()

    async def __aenter__(self) -> Self:
        """Return itself."""
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Close."""
        await self.close()

    # --- finding an engine --------------------------------------------------------------------

    @property
    def _log_hint(self) -> str:
        return f"The log says more: {self._paths.logs / 'engine.log'}"

    async def _connected(self) -> Link:
        """Return the open link, or a new one to an engine that answers."""
        async with self._connecting:
            if self._link is None or self._link.lost:
                if self._link is not None:
                    await self._link.close()
                self._link = await self._reach() or await self._start_and_reach()
            return self._link

    async def _reach(self) -> Link | None:
        """Connect to the engine that the endpoint file names, if it answers to its token."""
        endpoint = read_endpoint(self._paths.endpoint)
        if endpoint is None or endpoint.error is not None:
            return None
        try:
            link = await Link.open(endpoint)
        except OSError:
            return None
        try:
            await link.call(GetEngine())
        except EngineUnreachableError:  # a stranger on a port that was an engine's once
            await link.close()
            return None
        except BaseException:
            await link.close()
            raise
        return link

    async def _start_and_reach(self) -> Link:
        if not self._start:
            raise EngineUnreachableError("No engine is running for this library.")
        began = datetime.now(UTC)
        process = self._spawn()
        try:
            async with asyncio.timeout(_START_LIMIT_S):
                while True:
                    if link := await self._reach():
                        return link
                    self._raise_if_refused(began)
                    if process.poll() is not None and not self._is_tried_elsewhere(process):
                        process = self._spawn()
                    await asyncio.sleep(_LOOK_INTERVAL_S)  # files and ports tell nobody
        except TimeoutError:
            raise EngineUnreachableError(
                "The engine did not start in time.", hint=self._log_hint
            ) from None
        finally:
            process.forget()

    def _spawn(self) -> DetachedProcess:
        try:
            self._paths.root.mkdir(parents=True, exist_ok=True)
            log = self._paths.logs / "engine-output.log"
            return start_detached(engine_command(*self._arguments), log=log)
        except OSError as error:
            raise LibraryError(
                f"The library at {self._paths.root} cannot be used: {error.strerror or error}.",
                hint="Choose a folder that you may write to, with --library.",
            ) from error

    def _raise_if_refused(self, since: datetime) -> None:
        endpoint = read_endpoint(self._paths.endpoint)
        if endpoint is not None and endpoint.error is not None and endpoint.written_at >= since:
            raise error_from_view(endpoint.error)

    def _is_tried_elsewhere(self, process: DetachedProcess) -> bool:
        """Return whether our engine left because another holds the library.

        That one may be on its way up, or down: then ours is needed after all, so we look at the
        lock rather than believe. Raises when ours crashed.
        """
        status = process.poll()
        if status:
            raise EngineUnreachableError(
                f"The engine could not start (status {status}).", hint=self._log_hint
            )
        return _is_locked(self._paths)


def _is_locked(paths: LibraryPaths) -> bool:
    from core.platform.locks import FileLock

    lock = FileLock(paths.lock)
    if not lock.acquire():
        return True
    lock.release()
    return False


async def _events[E](link: Link, request: Stream[E]) -> AsyncGenerator[E]:
    """Iterate over one stream of one link."""
    inbox = EventHub[E]().subscribe()
    feeding: asyncio.Task[Any] = asyncio.create_task(link.feed(request, inbox))
    feeding.add_done_callback(lambda _: inbox.close())
    try:
        async for event in inbox:
            yield event
        await feeding
    finally:
        feeding.cancel()
        await asyncio.gather(feeding, return_exceptions=True)
