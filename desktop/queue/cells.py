"""The columns of the queue and what their cells say, to the eye and to a screen reader.

In: a row. Out: texts. Pure; no Qt.
"""

from core.jobs.model import JobView
from desktop.words import left_words, output_words, stage_words, status_words


class Column:
    """Column numbers."""

    JOB, OUTPUT, PROGRESS, FPS, LEFT, STATUS, ACTIONS = range(7)


HEADERS = ("Job", "Output", "Progress", "Speed", "Left", "Status", "")


def cell_text(job: JobView, column: int) -> str:
    """Return what a cell says, also to a screen reader."""
    match column:
        case Column.JOB:
            return job.title
        case Column.OUTPUT:
            return output_words(job)
        case Column.PROGRESS:
            return f"{job.progress:.0%}"
        case Column.FPS:
            return f"{job.fps:.1f} fps" if job.fps and not job.status.terminal else ""
        case Column.LEFT:
            return left_words(job)
        case Column.STATUS:
            return stage_words(job) or status_words(job)
        case _:
            return ""


def tip_of(job: JobView) -> str:
    """Return the details of a job for its tool tip."""
    lines = [job.title, status_words(job)]
    if job.error is not None:
        lines += [job.error.message, job.error.hint]
    lines += [str(output.path) for output in job.outputs if output.role == "main"]
    lines += [f"{name.capitalize()}: {value}" for name, value in job.facts.items()]
    return "\n".join(line for line in lines if line)
