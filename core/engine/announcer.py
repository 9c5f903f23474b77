"""What happens when a job or an asset changed: watchers are told, the queue looks, people hear.

In: each `JobEvent`, right after its commit. Out: library events, a wake-up of the scheduler, a
notification of the system when a long job ended.
"""

from core.engine.parts import LibraryEvents, Parts
from core.jobs.model import JobEvent, JobKind, JobStatus, JobView
from core.library.model import Asset
from core.platform.desktop import notify

_TOLD = {
    JobKind.INGEST: "Added",
    JobKind.RENDER: "Video finished",
    JobKind.PREPARE: "",
    JobKind.ANALYZE: "",
    JobKind.FRAME: "",
    JobKind.ESTIMATE: "",
    JobKind.EXPORT: "Sound written",
}
"""Steps on the way are nobody's news; their failure reaches people through what needed them."""


class Announcer:
    """Passes changes on. `attend` gives it the open library, once that is composed."""

    def __init__(self, events: LibraryEvents) -> None:
        self._events = events
        self._parts: Parts | None = None

    def attend(self, parts: Parts) -> None:
        """Begin to pass on what concerns the queue."""
        self._parts = parts

    def asset_changed(self, asset: Asset) -> None:
        """Tell of an asset once its row is committed."""
        if self._parts is not None:
            self._parts.database.after_commit(lambda: self._events.asset(asset))

    def job_changed(self, event: JobEvent) -> None:
        """Tell of a job."""
        self._events.job(event)
        if self._parts is None or event.change not in ("transition", "edit"):
            return
        self._parts.scheduler.wake()
        if event.change == "transition":
            self._events.queue(paused=self._parts.scheduler.paused, counts=self._parts.counts())
            if event.status in (JobStatus.DONE, JobStatus.FAILED):
                self._notify(event.job)

    def _notify(self, job: JobView) -> None:
        assert self._parts is not None
        title = _TOLD[job.kind]
        if not title or job.started_at is None or job.finished_at is None:
            return
        lasted_s = (job.finished_at - job.started_at).total_seconds()
        if lasted_s < self._parts.current_settings().notify_after_s:
            return
        if job.error is not None:
            notify("That did not work", f"{job.title}: {job.error.message}")
        else:
            notify(title, job.title)
