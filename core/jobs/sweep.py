"""Remove what no job will finish: staging of ended jobs, hidden files beside outputs.

In: what the store says must stay. Out: freed disk. Staging of failed jobs is kept for a week, for
a retry, unless it is empty; that of cancelled ones goes at once.
"""

import asyncio
import logging
import shutil
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from core.jobs.model import JobParams
from core.jobs.publish import hidden_beside
from core.paths import LibraryPaths
from core.store.job_lists import JobLists
from core.store.tables import now

_LOG = logging.getLogger(__name__)
KEEP_FAILED = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweeper:
    """Sweeps the library's folders."""

    paths: LibraryPaths
    lists: JobLists

    async def sweep_job(self, job_id: str, params: JobParams) -> None:
        """Remove what a cancelled job left."""
        output = getattr(params, "output", None)
        if output is not None:
            hidden_beside(output, job_id).unlink(missing_ok=True)
        staging = self.paths.staging(job_id)
        if staging.exists():
            await asyncio.to_thread(shutil.rmtree, staging, ignore_errors=True)

    def sweep_empty(self, job_id: str) -> None:
        """Remove a job's staging when there is no file in it: no retry could use it."""
        staging = self.paths.staging(job_id)
        if not any(path.is_file() for path in staging.rglob("*")):
            shutil.rmtree(staging, ignore_errors=True)

    def sweep_library(self) -> None:
        """Remove what earlier runs of the engine left; called at start, before anything runs."""
        since = now() - KEEP_FAILED
        keep = self.lists.keeps_staging(failed_since=since)
        self._sweep_staging(keep)
        for job_id, output in self.lists.ended_with_output(since=since - KEEP_FAILED):
            if job_id not in keep:
                hidden_beside(Path(output), job_id).unlink(missing_ok=True)
        self._sweep_segments()

    def _sweep_staging(self, keep: set[str]) -> None:
        folder = self.paths.staging("any").parent
        for staging in folder.iterdir() if folder.is_dir() else ():
            if staging.name not in keep:
                _LOG.info("swept %s", staging)
                shutil.rmtree(staging, ignore_errors=True)

    def _sweep_segments(self) -> None:
        """Remove segments that no render touched for a week: a cache, made anew when needed."""
        folder = self.paths.segments("any").parent
        oldest = time.time() - KEEP_FAILED.total_seconds()
        for segments in folder.iterdir() if folder.is_dir() else ():
            files = [segments, *segments.rglob("*")]
            if max(path.stat().st_mtime for path in files) < oldest:
                shutil.rmtree(segments, ignore_errors=True)
