"""Kill workers, engines and everything with SIGKILL at random moments, and look at what is left.

A `Storm` submits renders of its own choosing through a client, kills by a seeded die, and at the
end says what is wrong: a job stuck, lost or run twice, a file that nothing refers to, a partial
file at a final name.
"""

import asyncio
import contextlib
import hashlib
import os
import random
import signal
from pathlib import Path

import msgspec
import psutil

from core.config import Settings
from core.documents import to_json
from core.engine.client import EngineClient
from core.engine.protocol import CheckLibrary, GetEngine, GetJob, ListJobs, StopEngine, WaitIdle
from core.jobs.model import JobStatus
from core.paths import LibraryPaths

KILLS = ("worker", "worker", "engine", "everything")


class Storm:
    """One library under fire."""

    def __init__(self, root, *, seed, handlers="", submit):
        self.paths = LibraryPaths(root / "library")
        self.videos = root / "videos"
        self.dice = random.Random(seed)
        self._handlers = handlers
        self._submit = submit
        self.jobs = []
        self.outputs = {}
        self.seen = {}
        self.killed = []

    async def __aenter__(self):
        self.videos.mkdir(parents=True)
        self.paths.root.mkdir(parents=True)
        patient = msgspec.structs.replace(Settings(), max_attempts=10_000, cpu_jobs=2)
        self.paths.settings.write_bytes(to_json(patient))
        self.client = await EngineClient.connect(self.paths.root, handlers=self._handlers)
        return self

    async def __aexit__(self, *exc):
        process = psutil.Process((await self.client.call(GetEngine())).pid)
        await self.client.call(StopEngine())
        await self.client.close()
        await asyncio.to_thread(psutil.wait_procs, [process], 20)

    async def submit(self):
        """Submit one more chain of jobs that ends in a video."""
        output = self.videos / f"{len(self.outputs)}.mp4"
        submitted = await self.client.call(self._submit(len(self.outputs), output))
        self.jobs += [job.id for job in submitted.chain]
        self.outputs[output] = submitted.job.id
        return submitted

    async def rage(self, n_kills):
        """Kill `n_kills` times, keeping a few jobs in the queue all the while."""
        for _ in range(n_kills):
            while await self._n_left() < 6:
                await self.submit()
            await asyncio.sleep(self.dice.uniform(0.0, 0.5))  # the random moment
            await self._kill(self.dice.choice(KILLS))
            self._look_at_outputs()
        await self.client.call(WaitIdle())
        self._look_at_outputs()

    async def _n_left(self):
        counts = (await self.client.call(ListJobs(limit=1))).counts
        return counts.queued + counts.running

    async def _kill(self, what):
        info = await self.client.call(GetEngine())
        workers = [worker.pid for worker in info.workers]
        victims = {
            "worker": [self.dice.choice(workers)] if workers else [info.pid],
            "engine": [info.pid],
            "everything": [info.pid, *workers],
        }[what]
        for pid in victims:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.killed.append(what)

    def _look_at_outputs(self):
        """Note what lies at final names: it must never be anything but the finished file."""
        for output in self.videos.iterdir():
            if not output.name.startswith("."):
                digest = hashlib.sha256(output.read_bytes()).hexdigest()
                self.seen.setdefault(output, set()).add(digest)

    async def faults(self):
        """Return everything that is wrong, in words."""
        found = []
        for job_id in dict.fromkeys(self.jobs):
            job = await self.client.call(GetJob(id=job_id))  # raises when it is lost
            if job.status is not JobStatus.DONE:
                found.append(f"{job.kind} {job_id} is {job.status}: {job.error}")
        found += [f"{path} was seen in {len(seen)} forms" for path, seen in self._changed()]
        missing = set(self.outputs) - set(self.seen)
        strangers = set(self.videos.iterdir()) - set(self.outputs)
        found += [f"{path} was never made" for path in missing]
        found += [f"{path} is left over" for path in strangers]
        found += [f"{path} is left over" for path in self._left_in_library()]
        check = await self.client.call(CheckLibrary())
        found += [fault.message for fault in check.faults]
        violations = self.paths.root / "violations"
        if violations.exists():
            found += [f"job {path.name} ran twice at once" for path in violations.iterdir()]
        return found

    def _changed(self):
        return [(path, seen) for path, seen in self.seen.items() if len(seen) > 1]

    def _left_in_library(self):
        staging = self.paths.staging("any").parent
        staged = list(staging.iterdir()) if staging.exists() else []
        return staged + list(self.paths.root.glob("**/*.part"))

    def digest(self, output: Path):
        """Return the one form in which a video was seen."""
        (digest,) = self.seen[output]
        return digest
