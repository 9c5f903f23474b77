"""What a job handler is given and gives back; handlers know nothing else of the job flow.

A handler is `(params, ctx) -> Finished`. It runs in a worker process, writes only below
`ctx.staging` (and into content-addressed caches by `publish_cached`), reports progress, polls
`check_abort`, and returns the files that the engine shall publish.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import msgspec

from core.config import Settings
from core.jobs.model import JobResult
from core.library.model import Asset
from core.library.project import Project
from core.paths import LibraryPaths


class StagedFile(msgspec.Struct, frozen=True, kw_only=True):
    """A finished, flushed file in staging and where it belongs.

    `final` outside the library (a render named with `-o`) is published by a hidden file beside
    it. A content-addressed `final` that already exists is kept and the staged one dropped.
    """

    staged: Path
    final: Path
    sha256: str
    bytes: int
    role: str = "main"
    overwrite: bool = False


class Finished(msgspec.Struct, frozen=True, kw_only=True):
    """What a handler returns."""

    result: JobResult
    files: tuple[StagedFile, ...] = ()


class JobContext(Protocol):
    """A running job's view of the engine. Tests use `core.jobs.testing.LocalContext`."""

    @property
    def job_id(self) -> str:
        """The job's id."""
        ...

    @property
    def attempt(self) -> int:
        """1 for the first try."""
        ...

    @property
    def paths(self) -> LibraryPaths:
        """The library's folders."""
        ...

    @property
    def staging(self) -> Path:
        """The job's own folder; it exists, and may hold what an earlier attempt left."""
        ...

    @property
    def settings(self) -> Settings:
        """The library's settings when the job started."""
        ...

    @property
    def assets(self) -> Mapping[str, Asset]:
        """Every asset that the job's parameters name, by id."""
        ...

    @property
    def project(self) -> Project | None:
        """The project that the job's parameters name."""
        ...

    @property
    def keep(self) -> dict[str, object]:
        """What a handler keeps for later jobs of the same worker; empty in a fresh one.

        A worker may end after any job, so only what can be made again belongs here (a GL context),
        and no file of a job.
        """
        ...

    @property
    def facts(self) -> Mapping[str, str]:
        """What an earlier attempt fixed with `record_fact`."""
        ...

    def progress(self, stage: str, fraction: float, *, fps: float | None = None) -> None:
        """Report how far the whole job is, 0 to 1. Cheap: call it as often as you like."""
        ...

    def check_abort(self) -> None:
        """Raise JobAborted when the job was cancelled or paused."""
        ...

    def record_fact(self, name: str, value: str) -> None:
        """Fix something for all attempts of this job; returns once it is committed."""
        ...

    def allow_stall(self, seconds: float) -> None:
        """Say how long one step may take without progress (law 6)."""
        ...
