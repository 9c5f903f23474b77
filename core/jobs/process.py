"""A worker process as the engine holds it: start, talk, know of its end at once, kill.

In: the worker's command. Out: its messages, its exit, the tail of what it printed.
"""

import asyncio
import contextlib
import logging
import os
from collections import deque
from collections.abc import AsyncIterator

from core.documents import to_json
from core.errors import KnownError
from core.jobs import wire
from core.platform.processes import (
    SOURCE_ROOT,
    group_options,
    is_frozen,
    kill_tree,
    process_environment,
    started_at,
    worker_command,
)

_LOG = logging.getLogger(__name__)
_TAIL_LINES = 40
_MAX_LINE_BYTES = 256 * 1024**2
"""A result with thousands of chapters is a long line; this only stops a worker gone mad."""


class WorkerProcess:
    """One worker, at the head of its own process group."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.started = started_at(process.pid)
        self.was_kept = False
        """Whether it waited for the job that it is given, rather than being made for it."""
        self._tail: deque[str] = deque(maxlen=_TAIL_LINES)
        self._printing = asyncio.create_task(self._log_stderr())

    @classmethod
    async def spawn(cls) -> "WorkerProcess":
        """Start a worker; it waits for its first line."""
        process = await asyncio.create_subprocess_exec(
            *worker_command(str(os.getpid())),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=_MAX_LINE_BYTES,
            cwd=None if is_frozen() else SOURCE_ROOT,
            env=process_environment(),
            **group_options(),  # type: ignore[arg-type]
        )
        return cls(process)

    @property
    def pid(self) -> int:
        """The process id, the process group's too."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether the process is not known to have ended."""
        return self._process.returncode is None

    @property
    def tail(self) -> str:
        """The last lines that the worker printed."""
        return "\n".join(self._tail)

    async def send(self, message: wire.EngineMessage) -> None:
        """Write a message; a worker that is gone is noticed by whoever reads, not here."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.write(to_json(message) + b"\n")
            await self._process.stdin.drain()

    async def messages(self) -> AsyncIterator[wire.WorkerMessage]:
        """Iterate over the worker's messages until it closes its end."""
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            try:
                yield wire.read_worker_message(line)
            except KnownError as error:
                _LOG.error("worker %d said %r: %s", self.pid, line[:200], error.message)
                self.kill()

    def kill(self) -> None:
        """Kill the worker and everything it started."""
        kill_tree(self.pid, started=self.started)

    async def end(self) -> int:
        """Wait for the worker's end, kill what it left behind, and return its exit status."""
        status = await self._process.wait()
        self.kill()  # children that outlive it would hold its stderr open
        await self._printing
        if self._process.stdin is not None:
            self._process.stdin.close()
        return status

    async def _log_stderr(self) -> None:
        assert self._process.stderr is not None
        while line := await self._process.stderr.readline():
            text = line.decode(errors="replace").rstrip()
            self._tail.append(text)
            _LOG.info("worker %d: %s", self.pid, text)
