"""Jobs as text for people.

In: `JobView`s. Out: a table of many, or one in full.
"""

from typing import Any

from core.cli.output import fields, print_document, say, size_text, table
from core.cli.progress import status_text
from core.documents import from_json
from core.engine.replies import JobPage
from core.jobs.model import JobStatus, JobView
from core.units import time_text

TITLE_WIDTH = 36


def jobs_table(page: JobPage) -> str:
    """Return a page of jobs in columns, and a line that sums up."""
    if not page.jobs:
        return "There are no jobs."
    rows = [
        (job.id, str(job.kind), status_text(job), _progress(job), job.title[:TITLE_WIDTH])
        for job in page.jobs
    ]
    counts = page.counts
    sums = (
        f"{counts.running} running, {counts.queued} queued, {counts.done} done, "
        f"{counts.failed} failed, {counts.cancelled} cancelled"
    )
    paused = "  (the queue is paused)" if page.paused else ""
    return f"{table(('ID', 'KIND', 'STATUS', 'PROGRESS', 'TITLE'), rows)}\n{sums}{paused}"


def _progress(job: JobView) -> str:
    if job.status is JobStatus.RUNNING:
        left = f", {time_text(job.eta_s)} left" if job.eta_s is not None else ""
        return f"{job.progress:.0%}{left}"
    if job.started_at and job.finished_at:
        return time_text((job.finished_at - job.started_at).total_seconds())
    return ""


def show_job(job: JobView, *, as_json: bool) -> None:
    """Print one job in full."""
    if as_json:
        print_document("job", job)
    else:
        say(job_text(job))


def _fact(text: str) -> str:
    """Return a fact in a few words: of a record only its name; `--json` has all of it."""
    if not text.startswith("{"):
        return text
    record = from_json(text.encode(), dict[str, Any])
    return str(record.get("name", "")) or text


def job_text(job: JobView) -> str:
    """Return one job in full."""
    pairs = [
        ("id", job.id),
        ("job", f"{job.kind}: {job.title}"),
        ("status", status_text(job)),
        ("stage", job.stage if job.status is JobStatus.RUNNING else ""),
        ("progress" if job.status is JobStatus.RUNNING else "took", _progress(job)),
        ("attempt", f"{job.attempt} of {job.max_attempts}" if job.attempt > 1 else ""),
        ("retry of", job.retry_of or ""),
        ("needs", ", ".join(job.depends_on)),
        ("submitted", f"{job.created_at:%Y-%m-%d %H:%M:%S}"),
        ("asset", job.source.asset or ""),
        ("project", job.source.project or ""),
        *((name, _fact(text)) for name, text in sorted(job.facts.items())),
    ]
    if job.error:
        pairs += [("error", job.error.message), ("hint", job.error.hint)]
    for output in job.outputs:
        pairs.append((output.role, f"{output.path}  ({size_text(output.bytes)})"))
    return fields(pairs)
