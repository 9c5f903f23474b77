"""Closing the window while work goes on: keep working, or pause.

In: the queue's counts. Out: whether the window may close now, or a question first.
"""

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QAbstractButton, QMessageBox, QWidget

from core.engine.protocol import PauseQueue
from core.engine.replies import JobCounts, Nothing
from desktop.bridge import Connection, EngineBridge
from desktop.words import plural


class Closing(QObject):
    """Asks before the window closes on running work.

    Signals
    -------
    agreed : no payload, close now
    """

    agreed = Signal()

    def __init__(self, bridge: EngineBridge, window: QWidget) -> None:
        super().__init__(window)
        self._bridge, self._window = bridge, window
        self._is_agreed = False
        self.counts = JobCounts()
        self.paused = False
        self.question: QMessageBox | None = None

    def may_close(self, *, unasked: int = 0) -> bool:
        """Return whether to close now; if not, the question is on screen.

        `unasked` jobs the window began of itself: they are no reason to ask.
        """
        connected = self._bridge.connection is Connection.READY
        waiting = self.counts.running + (0 if self.paused else self.counts.queued) - unasked
        if self._is_agreed or not connected or waiting <= 0:
            return True
        if self.question is None:
            self._ask(waiting)
        return False

    def set_paused(self, paused: bool) -> None:
        """Take note that the queue claims nothing; waiting jobs then are no reason to ask."""
        self.paused = paused

    def _ask(self, waiting: int) -> None:
        box = QMessageBox(self._window)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setWindowTitle("Close Cymatic")
        box.setIcon(QMessageBox.Icon.NoIcon)
        verb = "is" if waiting == 1 else "are"
        box.setText(f"{plural(waiting, 'job')} {verb} not finished yet.")
        box.setInformativeText(
            "Work can go on without this window, or pause until you resume the queue. "
            "Nothing is lost either way."
        )
        self.keep_button = box.addButton("Keep working", QMessageBox.ButtonRole.AcceptRole)
        self.pause_button = box.addButton("Pause", QMessageBox.ButtonRole.DestructiveRole)
        self.stay_button = box.addButton("Cancel", QMessageBox.ButtonRole.RejectRole)
        self.keep_button.setObjectName("primary")
        self.keep_button.style().polish(self.keep_button)
        if (layout := box.layout()) is not None:
            layout.setContentsMargins(8, 16, 20, 16)
        box.setDefaultButton(self.keep_button)
        box.setEscapeButton(self.stay_button)
        box.buttonClicked.connect(self._on_answer)
        box.destroyed.connect(self._on_gone)
        self.question = box
        box.open()

    def _on_answer(self, button: QAbstractButton) -> None:
        self.question = None
        if button is self.keep_button:
            self._agree()
        elif button is self.pause_button:
            self._bridge.ask(PauseQueue(running=True), self._on_paused)

    def _on_paused(self, _nothing: Nothing) -> None:
        self._agree()

    def _on_gone(self) -> None:
        self.question = None

    def _agree(self) -> None:
        self._is_agreed = True
        self.agreed.emit()
