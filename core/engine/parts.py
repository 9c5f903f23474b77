"""What the request modules share: the stores, the queue and the hub of one open library."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from core.config import Settings
from core.engine.replies import (
    AnyJobEvent,
    AssetEvent,
    JobCounts,
    LibraryEvent,
    ProjectEvent,
    ProjectSummary,
    QueueEvent,
)
from core.engine.settings import SettingsFile
from core.jobs.events import EventHub
from core.jobs.model import JobEvent, JobKind
from core.jobs.scheduler import Scheduler
from core.library.model import Asset
from core.paths import LibraryPaths
from core.store.assets import AssetStore
from core.store.database import Database
from core.store.job_lists import JobLists
from core.store.jobs import JobStore
from core.store.outputs import OutputStore
from core.store.projects import ProjectStore


class LibraryEvents:
    """Everything that happens in a library, to whoever watches."""

    def __init__(self) -> None:
        self.hub: EventHub[LibraryEvent] = EventHub()

    def job(self, event: JobEvent) -> None:
        """Tell of a job; a newer progress takes the place of one not read yet."""
        key = ("progress", event.job_id) if event.change == "progress" else None
        self.hub.publish(AnyJobEvent(event=event), key=key)

    def asset(self, asset: Asset) -> None:
        """Tell of an asset that came or changed."""
        self.hub.publish(AssetEvent(asset=asset))

    def project(self, project_id: str, summary: ProjectSummary | None) -> None:
        """Tell of a project that came, changed or went."""
        self.hub.publish(ProjectEvent(project_id=project_id, project=summary))

    def queue(self, *, paused: bool, counts: JobCounts) -> None:
        """Tell how the queue stands; only the newest matters."""
        self.hub.publish(QueueEvent(paused=paused, counts=counts), key="queue")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """An open library, as the request modules use it."""

    paths: LibraryPaths
    database: Database
    jobs: JobStore
    lists: JobLists
    outputs: OutputStore
    assets: AssetStore
    projects: ProjectStore
    scheduler: Scheduler
    settings: SettingsFile
    events: LibraryEvents = field(default_factory=LibraryEvents)

    def counts(self, kinds: Sequence[JobKind] = ()) -> JobCounts:
        """Return how many jobs are in each state; of some kinds when any are named."""
        return JobCounts(**self.lists.counts(kinds))

    def current_settings(self) -> Settings:
        """Return the settings."""
        return self.settings.value
