"""Stills for the stage: what changed last is drawn, everything older is dropped.

In: a subject, a picture, a time. Out: an image drawn by the engine with the renderer's own code
(law 8). Requests wait a moment for the hand to rest; a superseded job is cancelled.
"""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import msgspec
from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtGui import QImage

from core.engine.protocol import CancelJob, Subject, SubmitFrame
from core.engine.replies import Submitted
from core.errors import CymaticError, RenderError
from core.jobs.model import FrameResult, JobEvent, JobStatus, JobView, PictureParams
from core.render.formats import OutputFormat, Projection, format_named
from desktop.bridge import EngineBridge, JobWatch
from desktop.pictures import read_image
from desktop.tasks import Background

REST_MS = 220
PREVIEW_SIDE = 960
SHOWN_SIDE = 1600
PREVIEW_360 = "360-mono-4k"


@dataclass(frozen=True, slots=True)
class StillRequest:
    """What the stage should show."""

    subject: Subject
    picture: PictureParams
    at_s: Fraction


@dataclass(frozen=True, slots=True)
class Still:
    """A drawn picture."""

    request: StillRequest
    image: QImage
    path: Path


def preview_format(fmt: OutputFormat) -> str:
    """Return a smaller format of the same shape, for a quick look."""
    if fmt.projection is not Projection.FLAT:
        return PREVIEW_360
    scale = min(1.0, PREVIEW_SIDE / max(fmt.width, fmt.height))
    width, height = (max(16, 2 * round(side * scale / 2)) for side in (fmt.width, fmt.height))
    return f"{width}x{height}"


def read_still(path: Path) -> QImage:
    """Return a still no larger than the stage can show, so that painting it stays quick."""
    image = read_image(path)
    if max(image.width(), image.height()) <= SHOWN_SIDE:
        return image
    return image.scaled(
        SHOWN_SIDE,
        SHOWN_SIDE,
        Qt.AspectRatioMode.KeepAspectRatio,
        Qt.TransformationMode.SmoothTransformation,
    )


class Preview(QObject):
    """Keeps the stage's still up to date.

    Signals
    -------
    still_ready : Still
    busy_changed : str, what is going on; empty when nothing is
    failed : CymaticError
    """

    still_ready = Signal(object)
    busy_changed = Signal(str)
    failed = Signal(object)

    def __init__(
        self, bridge: EngineBridge, background: Background, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._bridge, self._background = bridge, background
        self._wanted: StillRequest | None = None
        self._shown: StillRequest | None = None
        self._next: StillRequest | None = None
        self._is_drawing = False
        self._job_id = ""
        self._number = 0
        self.is_live = False
        """Whether the time runs: a still is finished then before a later one is begun."""
        self._timer = QTimer(self, singleShot=True, interval=REST_MS)
        self._timer.timeout.connect(self._submit)

    def want(self, request: StillRequest | None) -> None:
        """Ask for a still; None: nothing is on the stage."""
        if request == self._wanted:
            return
        if self.is_live and request is not None and self._is_drawing:
            self._next = request
            return
        self._drop()
        self._wanted, self._next = request, None
        if request is None or request == self._shown:
            self._timer.stop()
            self.busy_changed.emit("")
        elif self.is_live:
            self._submit()
        else:
            self._timer.start()

    def _go_on(self) -> None:
        """Take up what was wanted while a still was drawn."""
        self._is_drawing = False
        following, self._next = self._next, None
        if following is not None:
            self.want(following)

    def again(self) -> None:
        """Draw the wanted still once more, after a failure."""
        self._shown = None
        if self._wanted is not None:
            self._submit()

    def _drop(self) -> None:
        self._number += 1
        self._is_drawing = False
        if self._job_id:
            self._bridge.ask(CancelJob(id=self._job_id), failed=_ignore)
            self._job_id = ""

    def _submit(self) -> None:
        request = self._wanted
        if request is None:
            return
        self._number += 1
        number = self._number
        fmt = preview_format(format_named(request.picture.format))
        frame = SubmitFrame(
            subject=request.subject,
            picture=msgspec.structs.replace(request.picture, format=fmt),
            at_s=request.at_s,
        )
        self._is_drawing = True
        if not self.is_live:
            self.busy_changed.emit("Drawing…")
        self._bridge.ask(
            frame,
            lambda answer: self._on_submitted(answer, request, number),
            lambda error: self._on_error(error, number),
        )

    def _on_submitted(self, answer: Submitted, request: StillRequest, number: int) -> None:
        if number != self._number:
            self._bridge.ask(CancelJob(id=answer.job.id), failed=_ignore)
            return
        self._job_id = answer.job.id
        watch = self._bridge.watch(answer.job.id)
        self._follow(watch, request, number)

    def _follow(self, watch: JobWatch, request: StillRequest, number: int) -> None:
        watch.changed.connect(lambda event: self._on_event(event, number))
        watch.ended.connect(lambda job: self._on_ended(job, request, number))

    def _on_event(self, event: JobEvent, number: int) -> None:
        if number == self._number and not event.status.terminal and not self.is_live:
            waits = event.job.blocked
            self.busy_changed.emit("Analysing the track first…" if waits else "Drawing…")

    def _on_ended(self, job: JobView, request: StillRequest, number: int) -> None:
        if number != self._number:
            return
        self._job_id = ""
        if isinstance(job.result, FrameResult):
            path = job.result.path
            self._background.run(
                lambda: read_still(path),
                lambda image: self._on_image(Still(request, image, path), number),
                lambda error: self._on_error(error, number),
            )
        elif job.error is not None:
            view = job.error
            error = RenderError(view.message, hint=view.hint, code=view.code)
            self._on_error(error, number)
        elif job.status is JobStatus.CANCELLED:
            self.busy_changed.emit("")
            self._go_on()

    def _on_image(self, still: Still, number: int) -> None:
        if number == self._number:
            self._shown = still.request
            self.busy_changed.emit("")
            self.still_ready.emit(still)
            self._go_on()

    def _on_error(self, error: CymaticError, number: int) -> None:
        if number == self._number:
            self.busy_changed.emit("")
            self.failed.emit(error)
            self._go_on()


def _ignore(error: CymaticError) -> None:
    """Leave it: a superseded still that has just ended needs no cancelling."""
