"""The engine of one library: composition of stores, queue and request modules, no logic.

In: the library's folder, locked by the caller. Out: an object that answers requests and feeds
streams on its event loop. The engine process and the tests hold the same one.
"""

import logging
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any

from core.engine.announcer import Announcer
from core.engine.asset_requests import AssetRequests
from core.engine.engine_requests import EngineRequests
from core.engine.job_requests import JobRequests
from core.engine.library_requests import LibraryRequests
from core.engine.parts import LibraryEvents, Parts
from core.engine.project_requests import ProjectRequests
from core.engine.protocol import Request, Stream
from core.engine.routes import Answers, Feeds
from core.engine.settings import SettingsFile
from core.engine.submissions import Submissions
from core.errors import LibraryError
from core.jobs.claims import StartMaker
from core.jobs.pool import WorkerPool
from core.jobs.progress import ProgressKeeper
from core.jobs.publish import Publisher
from core.jobs.recovery import Recovery
from core.jobs.scheduler import QUEUE_PAUSED, Scheduler, SchedulerParts
from core.jobs.sweep import Sweeper
from core.library.intake import Intake
from core.paths import LibraryPaths
from core.platform.awake import AwakeKeeper
from core.store.assets import AssetStore
from core.store.database import (
    Database,
    mark_clean,
    open_database,
    reported_damage,
    reported_faults,
)
from core.store.job_lists import JobLists
from core.store.job_views import JobReader
from core.store.jobs import JobStore
from core.store.outputs import OutputStore
from core.store.projects import ProjectStore

_LOG = logging.getLogger(__name__)
REAL_HANDLERS = "core.jobs.handlers"


class Engine:
    """An open library. `open` on the event loop's thread, then `answer` and `feed`, then `close`.

    Parameters
    ----------
    library : Path
        Its folder, whose lock the caller holds.
    handlers : str
        Module whose `handler_for(kind)` gives the job handlers; tests name their own.
    on_stop : callable
        Called when a client asks the engine to stop.
    n_clients : callable
        Returns how many clients are connected.
    """

    def __init__(
        self,
        library: Path,
        *,
        handlers: str = REAL_HANDLERS,
        on_stop: Callable[[], None] = lambda: None,
        n_clients: Callable[[], int] = lambda: 0,
    ) -> None:
        self.paths = LibraryPaths(library)
        self._handlers = handlers
        self._on_stop = on_stop
        self._n_clients = n_clients
        self._answers: Answers = {}
        self._feeds: Feeds = {}

    def open(self) -> None:
        """Open the store, recover what an earlier run left, and begin to work.

        Raises LibraryError when the store is newer, damaged or unreachable.
        """
        database = open_database(self.paths)
        self.parts = self._compose(database)
        with reported_damage(self.paths):
            self._recovery.recover()
        modules = (
            JobRequests(self.parts),
            Submissions(self.parts),
            AssetRequests(self.parts),
            ProjectRequests(self.parts),
            LibraryRequests(self.parts),
            EngineRequests(parts=self.parts, stop=self._on_stop, n_clients=self._n_clients),
        )
        for module in modules:
            self._answers |= module.answers()
        self._feeds |= modules[0].feeds()
        self.parts.scheduler.open(paused=database.get_meta(QUEUE_PAUSED) == "1")

    def _compose(self, database: Database) -> Parts:
        events, reader = LibraryEvents(), JobReader(database)
        announcer = Announcer(events)
        jobs = JobStore(database, reader, announcer.job_changed)
        lists, outputs = JobLists(database, reader), OutputStore(database)
        assets, projects = AssetStore(database), ProjectStore(database)
        settings = SettingsFile(self.paths.settings)
        sweeper = Sweeper(paths=self.paths, lists=lists)
        publisher = Publisher(
            paths=self.paths,
            database=database,
            jobs=jobs,
            outputs=outputs,
            intake=Intake(paths=self.paths, assets=assets, announce=announcer.asset_changed),
        )
        self._recovery = Recovery(jobs=jobs, lists=lists, publisher=publisher, sweeper=sweeper)
        starts = StartMaker(
            paths=self.paths,
            assets=assets,
            projects=projects,
            view=jobs.view,
            settings=lambda: settings.value,
            handlers=self._handlers,
        )
        scheduler = Scheduler(
            SchedulerParts(
                jobs=jobs,
                lists=lists,
                starts=starts,
                publisher=publisher,
                progress=ProgressKeeper(jobs, reader.live.set),
                sweeper=sweeper,
                awake=AwakeKeeper(),
                pool=WorkerPool(handlers=self._handlers),
                settings=lambda: settings.value,
            )
        )
        parts = Parts(
            paths=self.paths,
            database=database,
            jobs=jobs,
            lists=lists,
            outputs=outputs,
            assets=assets,
            projects=projects,
            scheduler=scheduler,
            settings=settings,
            events=events,
        )
        announcer.attend(parts)
        return parts

    async def answer[R](self, request: Request[R]) -> R:
        """Return the one answer to a request; raise KnownError when it is refused."""
        reply: R = await self._answers[type(request)](request)
        return reply

    def feed(self, request: Stream[Any]) -> AsyncGenerator[Any]:
        """Return the events of a stream."""
        return self._feeds[type(request)](request)

    @property
    def routed(self) -> frozenset[type]:
        """The request classes that something answers or feeds."""
        return frozenset(self._answers) | frozenset(self._feeds)

    def has_work(self) -> bool:
        """Return whether something runs or could."""
        return self.parts.scheduler.has_work()

    async def close(self) -> None:
        """Give back what runs, end all streams and close the store."""
        await self.parts.scheduler.close()
        self.parts.events.hub.close()
        try:
            with reported_faults(self.paths):
                mark_clean(self.parts.database)
        except LibraryError as error:
            _LOG.error("%s", error.message)  # the next start reads the store whole
        finally:
            self.parts.database.close()
