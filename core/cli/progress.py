"""Progress of a chain of jobs on stderr: bars on a terminal, a few plain lines elsewhere.

In: `JobView`s as they change. Out: text; nothing else.
"""

import sys
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from core.cli.output import note
from core.jobs.model import JobKind, JobStatus, JobView
from core.units import time_text

if TYPE_CHECKING:
    from rich.progress import TaskID

VERBS = {
    JobKind.INGEST: "Read",
    JobKind.PREPARE: "Mix",
    JobKind.ANALYZE: "Analyse",
    JobKind.RENDER: "Render",
    JobKind.FRAME: "Draw",
    JobKind.ESTIMATE: "Estimate",
    JobKind.EXPORT: "Write",
}
PLAIN_STEP = 0.25
"""Without a terminal, a line each time a job came this much further."""


def status_text(job: JobView) -> str:
    """Return in a word where a job stands, for people."""
    if job.status is JobStatus.QUEUED:
        return "held" if job.held else "waiting" if job.blocked else "queued"
    return job.status.value


class Display(Protocol):
    """Something that shows how far jobs are."""

    def __enter__(self) -> Self:
        """Begin."""
        ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End."""
        ...

    def show(self, job: JobView) -> None:
        """Show a job as it is now."""
        ...


class PlainDisplay:
    """A line when a job starts, at each quarter, and when it ends."""

    def __init__(self) -> None:
        self._shown: dict[str, tuple[JobStatus, int]] = {}

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End."""

    def show(self, job: JobView) -> None:
        """Print a line if the job came further by a step."""
        step = int(job.progress / PLAIN_STEP)
        if job.status is JobStatus.QUEUED or self._shown.get(job.id) == (job.status, step):
            return
        self._shown[job.id] = (job.status, step)
        state = f"{job.progress:.0%}" if job.status is JobStatus.RUNNING else job.status.value
        note(f"{VERBS[job.kind]} {job.title}: {state}")


class BarDisplay:
    """One bar a job: verb, title, bar, stage, frames a second, time left."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn

        self._progress: Progress = Progress(
            TextColumn("{task.fields[verb]:<8}"),
            TextColumn("{task.description}"),
            BarColumn(bar_width=32),
            TextColumn("{task.percentage:>3.0f} %"),
            TextColumn("{task.fields[detail]}"),
            console=Console(stderr=True),
        )
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        """Begin."""
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End."""
        self._progress.stop()

    def show(self, job: JobView) -> None:
        """Move the job's bar."""
        if job.id not in self._tasks:
            from rich.markup import escape

            self._tasks[job.id] = self._progress.add_task(
                escape(job.title[:32]), total=1.0, verb=VERBS[job.kind], detail=""
            )
        done = 1.0 if job.status is JobStatus.DONE else job.progress
        self._progress.update(self._tasks[job.id], completed=done, detail=_detail(job))


def _detail(job: JobView) -> str:
    if job.status is not JobStatus.RUNNING:
        return status_text(job)
    parts = [job.stage]
    if job.fps:
        parts.append(f"{job.fps:.1f} fps")
    if job.eta_s is not None:
        parts.append(f"{time_text(job.eta_s)} left")
    return "  ".join(part for part in parts if part)


def display_for_stderr() -> Display:
    """Return bars if somebody watches a terminal, lines otherwise."""
    if sys.stderr.isatty():
        return BarDisplay()
    return PlainDisplay()
