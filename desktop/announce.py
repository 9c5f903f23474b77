"""The end of work, announced: in the window when it is in front, by the system when it is not.

In: job events. Out: notices and system notifications; only for work that took a while.
"""

from functools import partial

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from core.config import Settings
from core.engine.protocol import GetSettings, RetryJob
from core.jobs.model import JobEvent, JobKind, JobStatus, JobView
from core.platform.desktop import notify
from desktop.bridge import Connection, EngineBridge
from desktop.memory import Memory
from desktop.notices import Notice, Notices, Tone
from desktop.queue.actions import details_of, main_output
from desktop.settings.dialog import NOTIFY_KEY
from desktop.tasks import Background

ANNOUNCED = (JobKind.RENDER, JobKind.INGEST)


def took_s(job: JobView) -> float:
    """Return how long a job ran."""
    if job.started_at is None or job.finished_at is None:
        return 0.0
    return (job.finished_at - job.started_at).total_seconds()


class Announcer(QObject):
    """Tells the user when work ends.

    Signals
    -------
    play_requested : Path
    """

    play_requested = Signal(object)

    def __init__(
        self,
        bridge: EngineBridge,
        background: Background,
        *,
        notices: Notices,
        memory: Memory,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._bridge, self._background = bridge, background
        self._notices, self._memory, self._window = notices, memory, window
        self._after_s = Settings().notify_after_s
        self.send = notify
        """How the system is told; tests put their own here."""
        bridge.job_changed.connect(self._on_job)
        bridge.connection_changed.connect(self._on_connection)

    def _on_connection(self, connection: Connection) -> None:
        if connection is Connection.READY:
            self._bridge.ask(GetSettings(), self._on_settings)

    def _on_settings(self, settings: Settings) -> None:
        self._after_s = settings.notify_after_s

    def _on_job(self, event: JobEvent) -> None:
        job = event.job
        ended = event.status in (JobStatus.DONE, JobStatus.FAILED)
        if not ended or event.change != "transition" or job.kind not in ANNOUNCED:
            return
        if self._window.isActiveWindow():
            if job.kind is JobKind.RENDER:
                self._show(job)
        elif took_s(job) >= self._after_s and self._memory.flag(NOTIFY_KEY, default=True):
            title, text = self._texts(job)
            self._background.run(partial(self.send, title, text), _nothing)

    @staticmethod
    def _texts(job: JobView) -> tuple[str, str]:
        if job.error is not None:
            return f"“{job.title}” failed", f"{job.error.message} {job.error.hint}".strip()
        what = "The video is ready." if job.kind is JobKind.RENDER else "It is in the library."
        return job.title, what

    def _show(self, job: JobView) -> None:
        output = main_output(job)
        if job.error is not None:
            self._notices.show(
                Notice(
                    text=f"“{job.title}”: {job.error.message}",
                    hint=job.error.hint,
                    tone=Tone.PROBLEM,
                    details=details_of(job),
                    action_text="Try again",
                    action=partial(self._bridge.ask, RetryJob(id=job.id)),
                )
            )
        elif output is not None:
            self._notices.show(
                Notice(
                    text=f"“{job.title}” is ready.",
                    tone=Tone.GOOD,
                    action_text="Play",
                    action=partial(self.play_requested.emit, output.path),
                )
            )


def _nothing(_sent: bool) -> None:
    """Leave it: whether the system showed it cannot be known."""
