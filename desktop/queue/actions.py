"""What can be done with a job, in which state, under which name."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from core.jobs.model import JobKind, JobStatus, JobView, OutputView, RenderResult


class Verb(StrEnum):
    """Something to do with a job."""

    CANCEL = "cancel"
    HOLD = "hold"
    RELEASE = "release"
    RETRY = "retry"
    FIRST = "first"
    LAST = "last"
    PLAY = "play"
    REVEAL = "reveal"
    COPY = "copy"


@dataclass(frozen=True, slots=True)
class Action:
    """A verb with its icon and words."""

    verb: Verb
    icon: str
    text: str


CANCEL = Action(Verb.CANCEL, "x", "Cancel")
HOLD = Action(Verb.HOLD, "circle-pause", "Hold")
PAUSE = Action(Verb.HOLD, "circle-pause", "Pause")
RELEASE = Action(Verb.RELEASE, "circle-play", "Go on")
RETRY = Action(Verb.RETRY, "rotate-ccw", "Try again")
FIRST = Action(Verb.FIRST, "arrow-up-to-line", "Do this first")
LAST = Action(Verb.LAST, "arrow-down-to-line", "Do this last")
PLAY = Action(Verb.PLAY, "circle-play", "Play")
REVEAL = Action(Verb.REVEAL, "folder-open", "Show the file")
COPY = Action(Verb.COPY, "copy", "Copy details")


GROUP_VERBS = {Verb.CANCEL, Verb.HOLD, Verb.RELEASE, Verb.RETRY}
"""What makes sense for several jobs at once."""


def main_output(job: JobView) -> OutputView | None:
    """Return the file that the user asked for."""
    return next((output for output in job.outputs if output.role == "main"), None)


def actions_of(job: JobView) -> tuple[Action, ...]:
    """Return what can be done now; the first two are shown in the row."""
    match job.status:
        case JobStatus.QUEUED:
            hold = RELEASE if job.held else HOLD
            return (hold, CANCEL, FIRST, LAST)
        case JobStatus.RUNNING:
            return (PAUSE, CANCEL) if job.kind is JobKind.RENDER else (CANCEL,)
        case JobStatus.FAILED:
            return (RETRY, COPY)
        case JobStatus.CANCELLED:
            return (RETRY,)
        case JobStatus.DONE if isinstance(job.result, RenderResult):
            return (PLAY, REVEAL)
        case JobStatus.DONE:
            return ()


def verbs_of(job: JobView) -> list[Verb]:
    """Return what can be done now, without its words."""
    return [action.verb for action in actions_of(job)]


def shared_actions(jobs: Sequence[JobView]) -> tuple[Action, ...]:
    """Return what can be done with every one of some jobs."""
    first = actions_of(jobs[0])
    if len(jobs) == 1:
        return first
    shared = set.intersection(*(set(verbs_of(job)) for job in jobs)) & GROUP_VERBS
    return tuple(action for action in first if action.verb in shared)


def details_of(job: JobView) -> str:
    """Return the text that “Copy details” copies."""
    lines = [f"Job {job.id} · {job.kind} · {job.title}", f"Status: {job.status}"]
    if job.stage:
        lines.append(f"Stage: {job.stage}")
    if job.error is not None:
        lines += [f"Error: {job.error.code}: {job.error.message}", f"Hint: {job.error.hint}"]
    lines.append(f"Attempt: {job.attempt} of {job.max_attempts}")
    lines += [f"{name}: {value}" for name, value in job.facts.items()]
    return "\n".join(lines)
