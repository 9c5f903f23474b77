"""An engine in the test's own process, with a real socket, real workers, scripted handlers."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

from core.engine.client import EngineClient
from core.engine.launch import EngineOptions, EngineProcess, hold_library
from core.engine.protocol import Subject, SubmitIngest, SubmitRender, WatchJob
from core.ingest.sources import AudioFile
from core.jobs.model import PictureParams
from core.paths import LibraryPaths

HANDLERS = "tests.core.jobs.scripted"


class Studio:
    """One library; `start` and `stop` as often as a test likes."""

    def __init__(self, root):
        self.root = Path(root)
        self.paths = LibraryPaths(self.root)
        self.clients = []

    async def start(self, **settings):
        self.lock = hold_library(self.paths)
        assert self.lock is not None
        self.process = EngineProcess(
            EngineOptions(library=self.root, handlers=HANDLERS, idle_s=600)
        )
        await self.process.start()
        self.engine = self.process.engine
        self.client = await self.connect()
        if settings:
            self.set(**settings)
        return self

    def set(self, **changes):
        import msgspec

        settings = self.engine.parts.settings
        settings.replace(msgspec.structs.replace(settings.value, **changes))
        self.engine.parts.scheduler.wake()

    async def connect(self):
        client = await EngineClient.connect(self.root, start=False)
        self.clients.append(client)
        return client

    async def stop(self):
        for client in self.clients:
            await client.close()
        self.clients.clear()
        await self.process.stop()
        self.lock.release()

    def abandon(self, job_id, **columns):
        """Make a stopped library look as if its engine had died with this job running."""
        columns = {"status": "running", "list_rank": 0, "lease_generation": 1, **columns}
        assignments = ", ".join(f"{name} = ?" for name in columns)
        with closing(sqlite3.connect(self.paths.database)) as connection:
            connection.execute(
                f"UPDATE jobs SET {assignments} WHERE id = ?", [*columns.values(), job_id]
            )
            connection.commit()

    async def call(self, request):
        return await self.client.call(request)

    async def submit(self, script="steps=2", **fields):
        source = AudioFile(path=self.root / f"{script}.wav")
        return await self.call(SubmitIngest(source=source, **fields))

    async def ingest(self, script="steps=2", **fields):
        """Return the id of the ingest job."""
        return (await self.submit(script, **fields)).job.id

    async def render(self, *, script=None, asset_id=None, **fields):
        if script is None:
            subject = Subject(asset_id=asset_id)
        else:
            subject = Subject(source=AudioFile(path=self.root / f"{script}.wav"))
        fields.setdefault("picture", PictureParams(scene=""))
        return await self.call(SubmitRender(subject=subject, **fields))

    async def watch(self, job_id):
        return [event async for event in self.client.stream(WatchJob(id=job_id))]

    async def end_of(self, job_id):
        """Return the job as it ended."""
        return (await self.watch(job_id))[-1].job

    async def until(self, job_id, condition):
        """Return the first event of a job for which `condition` holds."""
        async for event in self.client.stream(WatchJob(id=job_id)):
            if condition(event):
                return event
        raise AssertionError("the job ended first")

    async def until_working(self, job_id):
        """Wait until a job's worker has reported."""
        return await self.until(job_id, lambda event: event.job.progress > 0)

    def rows(self, name):
        return getattr(self.engine.parts, name)

    def history(self, job_id):
        return [(a, b) for a, b, _ in self.engine.parts.lists.history(job_id)]

    def leftovers(self):
        """Return every file in staging and every hidden file of the library."""
        staged = (self.root / "staging").rglob("*") if (self.root / "staging").exists() else ()
        return [path for path in staged if path.is_file()] + list(self.root.glob("**/.*.part"))


async def settle():
    """Let everything that is ready on the loop happen."""
    for _ in range(5):
        await asyncio.sleep(0)
