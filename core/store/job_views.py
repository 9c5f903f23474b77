"""Rows of jobs to `JobView`s: the only reader of a job there is (DESIGN law 1)."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from core.documents import json_reader
from core.errors import ErrorView
from core.jobs.model import (
    JobKind,
    JobParams,
    JobProgress,
    JobResult,
    JobStatus,
    JobView,
    Lane,
    OutputView,
    SourceLinks,
)
from core.store.database import Database
from core.store.tables import job_dependencies, job_outputs, jobs

_read_params = json_reader(JobParams)
_read_result = json_reader(JobResult)
_read_error = json_reader(ErrorView)
_read_facts = json_reader(dict[str, str])

_needed = jobs.alias("needed")
_DEPENDENCIES = (
    sa.select(
        job_dependencies.c.job_id,
        job_dependencies.c.needs_id,
        (_needed.c.status != "done").label("open"),
    )
    .join(_needed, _needed.c.id == job_dependencies.c.needs_id)
    .where(job_dependencies.c.job_id.in_(sa.bindparam("ids", expanding=True)))
    .order_by(job_dependencies.c.needs_id)
)
_OUTPUTS = (
    sa.select(job_outputs)
    .where(job_outputs.c.state == "published")
    .where(job_outputs.c.job_id.in_(sa.bindparam("ids", expanding=True)))
    .order_by(job_outputs.c.id)
)
_BY_IDS = sa.select(jobs).where(jobs.c.id.in_(sa.bindparam("ids", expanding=True)))


class LiveProgress:
    """Progress that is newer than the row: rows are written twice a second at most."""

    def __init__(self) -> None:
        self._reports: dict[str, tuple[JobProgress, float | None]] = {}

    def set(self, job_id: str, report: JobProgress, eta_s: float | None) -> None:
        """Keep the newest report of a running job."""
        self._reports[job_id] = (report, eta_s)

    def clear(self, job_id: str) -> None:
        """Forget a job that does not run any more."""
        self._reports.pop(job_id, None)

    def get(self, job_id: str) -> tuple[JobProgress, float | None] | None:
        """Return the newest report and the estimate made of it."""
        return self._reports.get(job_id)


class JobReader:
    """Reads jobs as views, in batches: three queries however many jobs."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.live = LiveProgress()

    def views(self, rows: Sequence[sa.Row[Any]]) -> tuple[JobView, ...]:
        """Return the views of whole rows of the table, in their order."""
        ids = [row.id for row in rows]
        needs: dict[str, list[str]] = defaultdict(list)
        blocked: set[str] = set()
        for edge in self._database.rows(_DEPENDENCIES.params(ids=ids)):
            needs[edge.job_id].append(edge.needs_id)
            if edge.open:
                blocked.add(edge.job_id)
        outputs: dict[str, list[OutputView]] = defaultdict(list)
        for row in self._database.rows(_OUTPUTS.params(ids=ids)):
            outputs[row.job_id].append(_output_view(row))
        return tuple(
            self._view(row, tuple(needs[row.id]), row.id in blocked, tuple(outputs[row.id]))
            for row in rows
        )

    def by_ids(self, ids: Sequence[str]) -> tuple[JobView, ...]:
        """Return the jobs of these ids that exist, in the order of `ids`."""
        found = {row.id: row for row in self._database.rows(_BY_IDS.params(ids=list(ids)))}
        return self.views([found[job_id] for job_id in ids if job_id in found])

    def _view(
        self,
        row: Any,  # noqa: ANN401 - a row of `jobs`
        depends_on: tuple[str, ...],
        needs_unmet: bool,
        outputs: tuple[OutputView, ...],
    ) -> JobView:
        report = JobProgress(stage=row.stage, fraction=row.progress, fps=row.fps)
        live = self.live.get(row.id) if row.status == JobStatus.RUNNING else None
        report, eta_s = live or (report, row.eta_s)
        return JobView(
            id=row.id,
            kind=JobKind(row.kind),
            title=row.title,
            status=JobStatus(row.status),
            held=row.held,
            blocked=needs_unmet and row.status == JobStatus.QUEUED,
            stage=report.stage,
            progress=report.fraction,
            fps=report.fps,
            eta_s=eta_s,
            attempt=row.attempt,
            max_attempts=row.max_attempts,
            retry_of=row.retry_of,
            depends_on=depends_on,
            priority=row.priority,
            position=row.position,
            lane=Lane(row.lane),
            created_at=row.created_at,
            started_at=row.started_at,
            finished_at=row.finished_at,
            params=_read_params(row.params),
            result=None if row.result is None else _read_result(row.result),
            error=None if row.error is None else _read_error(row.error),
            facts=_read_facts(row.facts),
            source=SourceLinks(
                asset=row.source_asset, recipe=row.source_recipe, project=row.source_project
            ),
            outputs=outputs,
        )


def _output_view(row: Any) -> OutputView:  # noqa: ANN401 - a row of `job_outputs`
    return OutputView(
        path=Path(row.final), sha256=row.sha256, bytes=row.bytes, role=row.role, remote=row.remote
    )
