"""The estimate line: what the render would cost, measured on demand.

In: the render's own request. Out: one line, stale as soon as anything changes.
"""

from collections.abc import Callable
from functools import partial

from PySide6.QtWidgets import QPushButton, QSizePolicy, QWidget

from core.engine.protocol import SubmitEstimate, SubmitRender
from core.engine.replies import Submitted
from core.errors import CymaticError
from core.jobs.model import EstimateResult, JobView
from desktop import theme
from desktop.bridge import EngineBridge
from desktop.widgets import ElidedLabel, row
from desktop.words import duration_words, size_words

ASK = "Estimate time and size"


class EstimateLine(QWidget):
    """One line below the output."""

    def __init__(self, bridge: EngineBridge, request: Callable[[], SubmitRender | None]) -> None:
        super().__init__()
        self._bridge, self._request = bridge, request
        self._number = 0
        self.text = ElidedLabel("", "muted")
        self.text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.button = QPushButton(ASK)
        self.button.setObjectName("link")
        self.button.setIcon(theme.icon("calculator", "accent2"))
        self.button.clicked.connect(self.ask)
        self.setLayout(row(self.button, self.text, spacing=4))
        self.text.hide()
        self.setFixedHeight(24)

    def forget(self) -> None:
        """Drop an estimate that no longer fits."""
        self._number += 1
        self.text.hide()
        self.button.show()
        self.button.setEnabled(self._request() is not None)

    def ask(self) -> None:
        """Measure."""
        request = self._request()
        if request is None:
            return
        self._number += 1
        self._say("Measuring a few frames…")
        self._bridge.ask(
            SubmitEstimate(render=request),
            partial(self._on_submitted, self._number),
            partial(self._on_error, self._number),
        )

    def _say(self, text: str, token: str = "muted") -> None:
        self.button.hide()
        self.text.setObjectName(token)
        self.text.style().polish(self.text)
        self.text.set_text(text)
        self.text.show()

    def _on_submitted(self, number: int, answer: Submitted) -> None:
        self._bridge.watch(answer.job.id).ended.connect(partial(self._on_ended, number))

    def _on_ended(self, number: int, job: JobView) -> None:
        if number != self._number:
            return
        if isinstance(job.result, EstimateResult):
            result = job.result
            if result.disk_needed_bytes > result.disk_free_bytes:
                needed = size_words(result.disk_needed_bytes)
                self._say(f"Needs {needed} of free space", "bad")
                return
            cost = f"About {duration_words(result.render_s)} · {size_words(result.output_bytes)}"
            self._say(f"{cost} · {result.fps:.0f} frames/s")
        elif job.error is not None:
            self._say(job.error.message, "bad")
        else:
            self.forget()

    def _on_error(self, number: int, error: CymaticError) -> None:
        if number == self._number:
            self._say(error.message, "bad")
