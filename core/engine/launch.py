"""The engine process: take the lock, open the library, serve, leave when nobody needs it.

In: the library's folder. Out: the exit status: 0 after a stop or when another engine holds the
library, 1 when it cannot be opened; then `engine.json` says why.
"""

import asyncio
import contextlib
import logging
import os
import signal
import sqlite3
import sys
from dataclasses import dataclass
from pathlib import Path

from core.config import read_environment
from core.engine.endpoint import remove_endpoint, write_endpoint
from core.engine.server import Server
from core.engine.service import REAL_HANDLERS, Engine
from core.errors import KnownError
from core.log import log_to_file
from core.paths import LibraryPaths
from core.platform.drives import require_local_drive
from core.platform.locks import FileLock

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineOptions:
    """How to run an engine."""

    library: Path
    handlers: str = REAL_HANDLERS
    idle_s: float = 30.0


class EngineProcess:
    """An engine with its socket; made and run on one event loop."""

    def __init__(self, options: EngineOptions) -> None:
        self._options = options
        self._paths = LibraryPaths(options.library)
        self._stopping = asyncio.Event()
        self.engine = Engine(
            options.library,
            handlers=options.handlers,
            on_stop=self._stopping.set,
            n_clients=lambda: self._server.n_clients,
        )
        self._server = Server(self.engine, on_quiet=self._look_if_idle)
        self._leave: asyncio.TimerHandle | None = None

    async def start(self) -> None:
        """Open the library and let clients in."""
        self.engine.open()
        port = await self._server.start()
        write_endpoint(self._paths.endpoint, port=port, token=self._server.token)
        self._look_if_idle()
        _LOG.info("the engine of %s listens on port %d", self._paths.root, port)

    async def run_until_stopped(self) -> None:
        """Work until asked to stop, or idle for long enough."""
        loop = asyncio.get_running_loop()
        for name in ("SIGTERM", "SIGINT"):
            with contextlib.suppress(NotImplementedError, ValueError):  # Windows; other threads
                loop.add_signal_handler(getattr(signal, name), self._stopping.set)
        await self._stopping.wait()

    async def stop(self) -> None:
        """Hang up, give back what runs, close the library."""
        if self._leave is not None:
            self._leave.cancel()
        remove_endpoint(self._paths.endpoint)
        await self._server.close()
        await self.engine.close()
        _LOG.info("the engine of %s stopped", self._paths.root)

    def _look_if_idle(self) -> None:
        """Look again after the idle time; leave when it passed without client and work."""
        if self._leave is not None:
            self._leave.cancel()
        loop = asyncio.get_running_loop()
        self._leave = loop.call_later(self._options.idle_s, self._leave_if_idle)

    def _leave_if_idle(self) -> None:
        if self._server.n_clients or self.engine.has_work():
            self._look_if_idle()
        else:
            self._stopping.set()


def hold_library(paths: LibraryPaths) -> FileLock | None:
    """Make the library's folder and take its lock; None when another engine has it.

    Raises LibraryError when the folder cannot be used.
    """
    require_local_drive(paths.root)
    with contextlib.suppress(OSError):
        paths.root.mkdir(parents=True, exist_ok=True)
    lock = FileLock(paths.lock)
    return lock if lock.acquire() else None


def run_engine(options: EngineOptions) -> int:
    """Run an engine to its end; return the exit status."""
    paths = LibraryPaths(options.library)
    try:
        lock = hold_library(paths)
    except KnownError as error:
        with contextlib.suppress(OSError):
            write_endpoint(paths.endpoint, error=error.view())
        return 1
    if lock is None:
        return 0
    try:
        log_to_file(paths.logs / "engine.log")
        _LOG.info("engine %d starts, SQLite %s", os.getpid(), sqlite3.sqlite_version)
        return asyncio.run(_serve(options))
    except KnownError as error:
        _LOG.error("%s %s", error.message, error.hint)
        write_endpoint(paths.endpoint, error=error.view())
        return 1
    finally:
        lock.release()


async def _serve(options: EngineOptions) -> int:
    process = EngineProcess(options)
    await process.start()
    try:
        await process.run_until_stopped()
    finally:
        await process.stop()
    return 0


def main(arguments: list[str] | None = None) -> int:
    """Run the engine named on the command line: LIBRARY [HANDLERS]."""
    given = sys.argv[1:] if arguments is None else arguments
    return run_engine(
        EngineOptions(
            library=Path(given[0]),
            handlers=given[1] if len(given) > 1 else REAL_HANDLERS,
            idle_s=read_environment().engine_idle_s,
        )
    )
