"""A job context without an engine, for tests and benchmarks of handlers."""

from collections.abc import Callable, Mapping
from pathlib import Path

from core.config import Settings
from core.jobs.context import Finished, StagedFile
from core.library.model import Asset
from core.library.project import Project
from core.paths import LibraryPaths


class LocalContext:
    """Keeps what a handler reports; `on_progress` may raise JobAborted to act as a cancel."""

    def __init__(
        self,
        root: Path,
        *,
        job_id: str = "job",
        assets: Mapping[str, Asset] | None = None,
        project: Project | None = None,
        settings: Settings | None = None,
        facts: Mapping[str, str] | None = None,
        on_progress: Callable[[str, float], None] | None = None,
    ) -> None:
        self.job_id = job_id
        self.attempt = 1
        self.paths = LibraryPaths(root)
        self.staging = self.paths.staging(job_id)
        self.staging.mkdir(parents=True, exist_ok=True)
        self.settings = settings or Settings()
        self.assets = dict(assets or {})
        self.project = project
        self.keep: dict[str, object] = {}
        self.facts = dict(facts or {})
        self.reports: list[tuple[str, float]] = []
        self._on_progress = on_progress

    def progress(self, stage: str, fraction: float, *, fps: float | None = None) -> None:
        """Keep the report."""
        self.reports.append((stage, fraction))
        if self._on_progress:
            self._on_progress(stage, fraction)

    def check_abort(self) -> None:
        """Never aborts by itself."""

    def record_fact(self, name: str, value: str) -> None:
        """Keep the fact."""
        self.facts[name] = value

    def allow_stall(self, seconds: float) -> None:
        """Nothing watches here."""


def publish(finished: Finished) -> None:
    """Move the finished files to their places, as the engine does for real jobs."""
    for file in finished.files:
        _publish_one(file)


def _publish_one(file: StagedFile) -> None:
    file.final.parent.mkdir(parents=True, exist_ok=True)
    file.staged.replace(file.final)
