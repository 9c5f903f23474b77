"""The job context of a worker process: reports go to the engine, stops come from it."""

import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from core.config import Settings
from core.errors import JobAborted
from core.jobs import wire
from core.library.model import Asset
from core.library.project import Project
from core.paths import LibraryPaths

_REPORT_INTERVAL_S = 0.05
"""The engine tells clients of at most 20 changes a second and job."""


class WorkerContext:
    """What a handler holds. `send` writes one message to the engine and may be called anywhere."""

    def __init__(
        self,
        start: wire.Start,
        send: Callable[[wire.WorkerMessage], None],
        *,
        keep: dict[str, object] | None = None,
    ) -> None:
        self._start = start
        self._send = send
        self._keep = {} if keep is None else keep
        self._facts = dict(start.facts)
        self._stop = threading.Event()
        self._kept = threading.Condition()
        self._facts_sent = 0
        self._facts_kept = 0
        self._reported_at = float("-inf")
        self._stage = ""

    @property
    def start(self) -> wire.Start:
        """What the engine said about the job."""
        return self._start

    @property
    def job_id(self) -> str:
        """The job's id."""
        return self._start.job_id

    @property
    def attempt(self) -> int:
        """1 for the first try."""
        return self._start.attempt

    @property
    def paths(self) -> LibraryPaths:
        """The library's folders."""
        return LibraryPaths(Path(self._start.library))

    @property
    def staging(self) -> Path:
        """The job's own folder."""
        return self.paths.staging(self.job_id)

    @property
    def settings(self) -> Settings:
        """The library's settings when the job started."""
        return self._start.settings

    @property
    def assets(self) -> Mapping[str, Asset]:
        """Every asset that the job's parameters name."""
        return self._start.assets

    @property
    def project(self) -> Project | None:
        """The project that the job's parameters name."""
        return self._start.project

    @property
    def keep(self) -> dict[str, object]:
        """What an earlier job of this worker left for this one."""
        return self._keep

    @property
    def facts(self) -> Mapping[str, str]:
        """What an earlier attempt or this one fixed."""
        return self._facts

    def progress(self, stage: str, fraction: float, *, fps: float | None = None) -> None:
        """Report how far the job is; reports closer than a twentieth of a second are dropped."""
        at = time.monotonic()
        if stage == self._stage and fraction < 1 and at - self._reported_at < _REPORT_INTERVAL_S:
            return
        self._stage, self._reported_at = stage, at
        fraction = min(max(fraction, 0.0), 1.0)
        self._send(wire.Progress(fence=self._start.fence, stage=stage, fraction=fraction, fps=fps))

    def check_abort(self) -> None:
        """Raise JobAborted once the engine asked to stop."""
        if self._stop.is_set():
            raise JobAborted

    def record_fact(self, name: str, value: str) -> None:
        """Fix something for all attempts; returns once the engine has committed it."""
        with self._kept:
            self._facts_sent += 1
            number = self._facts_sent
        self._send(wire.Fact(fence=self._start.fence, number=number, name=name, value=value))
        with self._kept:
            self._kept.wait_for(lambda: self._facts_kept >= number)
        self._facts[name] = value

    def allow_stall(self, seconds: float) -> None:
        """Say how long one step may take without progress."""
        self._send(wire.Stall(fence=self._start.fence, seconds=seconds))

    def receive(self, message: wire.EngineMessage) -> None:
        """Take a message of the engine, on the thread that reads them."""
        match message:
            case wire.Stop():
                self._stop.set()
            case wire.FactKept(number=number):
                with self._kept:
                    self._facts_kept = max(self._facts_kept, number)
                    self._kept.notify_all()
            case wire.Start() | wire.Warm():
                pass  # for the worker itself
