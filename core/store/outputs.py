"""The files of jobs: intents before the renames, published rows after (DESIGN law 4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from core.documents import json_reader, to_json
from core.jobs.context import StagedFile
from core.jobs.model import JobResult
from core.store.database import Database
from core.store.tables import job_outputs, jobs

_read_result = json_reader(JobResult)


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """What a job was about to publish when it was last seen."""

    result: JobResult
    files: tuple[StagedFile, ...]


class OutputStore:
    """Writes and reads the rows of published files."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def intend(self, job_id: str, result: JobResult, files: Sequence[StagedFile]) -> None:
        """Commit what will be renamed to where, and the result that goes with it."""
        with self._database.write():
            self._database.execute(job_outputs.delete().where(job_outputs.c.job_id == job_id))
            for file in files:
                self._database.execute(
                    job_outputs.insert().values(
                        job_id=job_id,
                        staged=str(file.staged),
                        final=str(file.final),
                        sha256=file.sha256,
                        bytes=file.bytes,
                        role=file.role,
                        overwrite=file.overwrite,
                        state="intent",
                    )
                )
            self._database.execute(
                jobs.update()
                .where(jobs.c.id == job_id)
                .values(pending_result=to_json(result).decode())
            )

    def intent(self, job_id: str) -> Intent | None:
        """Return what a job intended to publish, None when it had not come that far."""
        found = self._database.row(sa.select(jobs.c.pending_result).where(jobs.c.id == job_id))
        if found is None or found.pending_result is None:
            return None
        rows = self._database.rows(
            sa.select(job_outputs)
            .where(job_outputs.c.job_id == job_id, job_outputs.c.state == "intent")
            .order_by(job_outputs.c.id)
        )
        files = tuple(
            StagedFile(
                staged=Path(row.staged),
                final=Path(row.final),
                sha256=row.sha256,
                bytes=row.bytes,
                role=row.role,
                overwrite=row.overwrite,
            )
            for row in rows
        )
        return Intent(result=_read_result(found.pending_result), files=files)

    def mark_published(self, job_id: str) -> None:
        """Note that every file of a job is at its place."""
        with self._database.write():
            self._database.execute(
                job_outputs.update().where(job_outputs.c.job_id == job_id).values(state="published")
            )

    def withdraw(self, job_id: str) -> None:
        """Forget intents that could not be carried out."""
        with self._database.write():
            self._database.execute(
                job_outputs.delete().where(
                    job_outputs.c.job_id == job_id, job_outputs.c.state == "intent"
                )
            )

    def published(self) -> list[tuple[str, Path, int]]:
        """Return (job, path, bytes) of every published file, for checks of the library."""
        query = sa.select(job_outputs.c.job_id, job_outputs.c.final, job_outputs.c.bytes).where(
            job_outputs.c.state == "published"
        )
        return [(row.job_id, Path(row.final), row.bytes) for row in self._database.rows(query)]
