"""Requests about the engine itself: how it is, stopping it, the settings."""

import os
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import core
from core.config import Settings
from core.engine.parts import Parts
from core.engine.protocol import GetEngine, GetSettings, SetSettings, StopEngine
from core.engine.replies import EngineInfo, Nothing, WorkerInfo
from core.engine.routes import Answers


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineRequests:
    """Answers what is asked about the engine."""

    parts: Parts
    stop: Callable[[], None]
    n_clients: Callable[[], int]
    started_s: float = field(default_factory=time.monotonic)

    def answers(self) -> Answers:
        """Return what answers which request."""
        return {
            GetEngine: self.info,
            StopEngine: self.stop_engine,
            GetSettings: self.get_settings,
            SetSettings: self.set_settings,
        }

    async def info(self, request: GetEngine) -> EngineInfo:
        """Return how the engine is."""
        workers = tuple(
            WorkerInfo(pid=runner.pid, job_id=runner.lease.job_id, kind=runner.start.kind)
            for runner in self.parts.scheduler.runners
            if runner.pid is not None
        )
        return EngineInfo(
            pid=os.getpid(),
            version=core.__version__,
            library=self.parts.paths.root,
            uptime_s=time.monotonic() - self.started_s,
            workers=workers,
            clients=self.n_clients(),
            paused=self.parts.scheduler.paused,
            sqlite_version=sqlite3.sqlite_version,
        )

    async def stop_engine(self, request: StopEngine) -> Nothing:
        """Stop, once this is answered."""
        self.stop()
        return Nothing()

    async def get_settings(self, request: GetSettings) -> Settings:
        """Return the settings."""
        return self.parts.settings.value

    async def set_settings(self, request: SetSettings) -> Settings:
        """Replace the settings; larger lanes are filled at once."""
        settings = self.parts.settings.replace(request.settings)
        self.parts.scheduler.wake()
        return settings
