"""Notices: one calm card per message, below the header, with what to do next.

In: a sentence, a hint, details, one action. Out: a card that leaves by itself, or stays while
the pointer is on it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import override

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QEnterEvent, QGuiApplication
from PySide6.QtWidgets import QFrame, QLabel, QPushButton, QSizePolicy, QWidget

from core.errors import CymaticError
from desktop import theme
from desktop.widgets import column, label, row, tool_button

SHOWN_MS = {"info": 5000, "good": 5000, "problem": 12_000}
MOST_CARDS = 3
CARD_WIDTH = 380
MARGIN = 14
TOP_PX = 60
"""Below the header; the lower right corner belongs to the Render button."""


class Tone(StrEnum):
    """How serious a notice is."""

    INFO = "info"
    GOOD = "good"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something to tell the user."""

    text: str
    hint: str = ""
    tone: Tone = Tone.INFO
    details: str = ""
    """What “Copy details” puts on the clipboard; empty: no such button."""
    action_text: str = ""
    action: Callable[[], None] | None = None


def notice_of(error: CymaticError) -> Notice:
    """Return the notice for an error: its sentence, its hint, its code as details."""
    details = f"{error.code}: {error.message}\n{error.hint}".strip()
    return Notice(text=error.message, hint=error.hint, tone=Tone.PROBLEM, details=details)


_ICONS = {
    Tone.INFO: ("info", "blue"),
    Tone.GOOD: ("circle-check", "green"),
    Tone.PROBLEM: ("triangle-alert", "amber"),
}


class NoticeCard(QFrame):
    """One notice on screen.

    Signals
    -------
    left : NoticeCard, itself, when it goes away
    """

    left = Signal(object)

    def __init__(self, notice: Notice, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("notice")
        self.notice = notice
        self.setAccessibleName(f"{notice.text} {notice.hint}".strip())
        self.setFixedWidth(CARD_WIDTH)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Minimum)
        self._timer = QTimer(self, singleShot=True, interval=SHOWN_MS[notice.tone])
        self._timer.timeout.connect(self.leave)
        self._build()
        self._timer.start()

    def _build(self) -> None:
        icon, token = _ICONS[self.notice.tone]
        image = QLabel()
        image.setPixmap(theme.pixmap(icon, token, 18, 2.0))
        image.setAlignment(Qt.AlignmentFlag.AlignTop)
        text = label(self.notice.text, "h1")
        text.setWordWrap(True)
        close = tool_button("x", "Dismiss", size=14)
        close.clicked.connect(self.leave)
        words = column(text, spacing=3)
        if self.notice.hint:
            hint = label(self.notice.hint, "muted")
            hint.setWordWrap(True)
            words.addWidget(hint)
        if buttons := self._buttons():
            words.addSpacing(4)
            words.addLayout(row(*buttons, None, spacing=8))
        layout = row(image, words, close, margins=(14, 12, 8, 12), spacing=10)
        layout.setStretch(1, 1)
        layout.setAlignment(close, Qt.AlignmentFlag.AlignTop)
        self.setLayout(layout)

    def _buttons(self) -> list[QPushButton]:
        buttons = []
        if self.notice.action is not None:
            act = QPushButton(self.notice.action_text)
            act.clicked.connect(self._act)
            buttons.append(act)
        if self.notice.details:
            copy = QPushButton("Copy details")
            copy.clicked.connect(self._copy)
            buttons.append(copy)
        for button in buttons:
            button.setObjectName("quiet")
        return buttons

    def _act(self) -> None:
        if self.notice.action is not None:
            self.notice.action()
        self.leave()

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.notice.details)

    def fit(self) -> None:
        """Be as high as the words need at this width."""
        layout = self.layout()
        if layout is not None:
            self.resize(CARD_WIDTH, layout.totalHeightForWidth(CARD_WIDTH))

    def leave(self) -> None:
        """Go away."""
        self._timer.stop()
        self.hide()
        self.left.emit(self)
        self.deleteLater()

    @override
    def enterEvent(self, event: QEnterEvent) -> None:
        self._timer.stop()

    @override
    def leaveEvent(self, event: QEvent) -> None:
        self._timer.start()


class Notices(QObject):
    """Stacks cards in the upper right corner of a window, the newest on top."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._cards: list[NoticeCard] = []
        window.installEventFilter(self)

    @property
    def shown(self) -> list[Notice]:
        """What is on screen, oldest first."""
        return [card.notice for card in self._cards]

    def show(self, notice: Notice) -> None:
        """Show a notice; the same one again only starts its time anew."""
        for same in [card for card in self._cards if card.notice.text == notice.text]:
            same.leave()
        card = NoticeCard(notice, self._window)
        self._cards.append(card)
        card.left.connect(self._forget)
        for old in self._cards[:-MOST_CARDS]:
            old.leave()
        self._place()
        card.show()
        card.raise_()

    def show_error(self, error: CymaticError) -> None:
        """Show what went wrong and what to do."""
        self.show(notice_of(error))

    @Slot(object)
    def _forget(self, card: NoticeCard) -> None:
        if card in self._cards:
            self._cards.remove(card)
            self._place()

    def _place(self) -> None:
        y = TOP_PX
        for card in reversed(self._cards):
            card.fit()
            card.move(QPoint(self._window.width() - CARD_WIDTH - MARGIN, y))
            y += card.height() + 10

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._window and event.type() == QEvent.Type.Resize:
            self._place()
        return False
