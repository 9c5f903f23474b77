"""A line edit for one value: it parses what is typed, and says beside itself what is wrong.

In: the value in words, a parser. Out: parsed values. Text that nobody changed is never parsed, so
that a value keeps the digits that its words do not show.
"""

from collections.abc import Callable
from typing import override

from PySide6.QtCore import QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QFontMetrics,
    QHideEvent,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QLineEdit, QWidget

from core.errors import UsageError
from desktop import theme

PAD_PX = 10
BUBBLE_PX = 300
STEP_KEYS = {Qt.Key.Key_Up: 1, Qt.Key.Key_Down: -1}


class FaultBubble(QWidget):
    """One sentence and its hint beside a field."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._holder = parent
        self._sentence, self._hint = "", ""
        self._fonts = theme.font(12), theme.font(11)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    @property
    def sentence(self) -> str:
        """What it says."""
        return self._sentence

    def show_fault(self, error: UsageError, field: QWidget) -> None:
        """Say what is wrong below a field, or above it where there is no room."""
        self._sentence, self._hint = error.message, error.hint
        field.setAccessibleDescription(f"{error.message} {error.hint}".strip())
        holder = self._holder
        self.resize(self._size(min(BUBBLE_PX, holder.width() - 8)))
        at = field.mapTo(holder, QPoint(0, field.height() + 4))
        if at.y() + self.height() > holder.height():
            at.setY(field.mapTo(holder, QPoint(0, 0)).y() - self.height() - 4)
        at.setX(max(4, min(at.x(), holder.width() - self.width() - 4)))
        at.setY(max(at.y(), 0))
        self.move(at)
        self.show()
        self.raise_()

    def _lines(self, width: int) -> list[QRectF]:
        """Return where the sentence and the hint lie."""
        boxes = []
        y = 7
        for text, font in zip((self._sentence, self._hint), self._fonts, strict=True):
            if text:
                room = QFontMetrics(font).boundingRect(
                    0, 0, width - 2 * PAD_PX, 1000, int(Qt.TextFlag.TextWordWrap), text
                )
                boxes.append(QRectF(PAD_PX, y, room.width() + 2, room.height()))
                y += room.height() + 2
        return boxes

    def _size(self, width: int) -> QSize:
        boxes = self._lines(width)
        right = max(box.right() for box in boxes)
        return QSize(round(right) + PAD_PX, round(boxes[-1].bottom()) + 8)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(theme.color("bg4"))
        painter.setPen(QPen(theme.color("red"), 1))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
        lines = [text for text in (self._sentence, self._hint) if text]
        for box, text, font, token in zip(
            self._lines(self.width()), lines, self._fonts, ("tx", "tx2"), strict=False
        ):
            painter.setFont(font)
            painter.setPen(theme.color(token))
            painter.drawText(box, int(Qt.TextFlag.TextWordWrap), text)
        painter.end()


class ValueEdit(QLineEdit):
    """A field for one value.

    Enter and leaving the field send what was typed; Esc takes it back. Text that is no such value
    stays, with what is wrong beside it; leaving the field then shows the value again.

    Signals
    -------
    value_typed : what the parser made of the text
    stepped : int, +1 or -1, by the Up and Down keys
    """

    value_typed = Signal(object)
    stepped = Signal(int)

    def __init__(self, name: str, parse: Callable[[str], object], *, style: str = "") -> None:
        super().__init__()
        self._parse, self._shown = parse, ""
        self._bubble: FaultBubble | None = None
        self.setObjectName(style)
        self.setAccessibleName(name)
        self.setMaxLength(200)
        self.textEdited.connect(self._forget_fault)
        self.returnPressed.connect(self._on_return)

    @property
    def fault(self) -> str:
        """What is wrong with the text, empty when nothing is."""
        return self._bubble.sentence if self._bubble and not self._bubble.isHidden() else ""

    def show_value(self, words: str, hint: str = "") -> None:
        """Show a value in words; what is being typed stays."""
        self._shown = words
        self.setPlaceholderText(hint)
        if not (self.hasFocus() and self.isModified()) and self.text() != words:
            self.setText(words)
            self.setCursorPosition(0)

    def commit(self) -> bool:
        """Send what was typed; return whether it is a value."""
        if not self.isModified() or self.text() == self._shown:
            self.setModified(False)
            return True
        try:
            value = self._parse(self.text())
        except UsageError as error:
            self.show_fault(error)
            return False
        self.setModified(False)
        self.value_typed.emit(value)
        return True

    def take_back(self) -> None:
        """Show the value again instead of what was typed."""
        self._forget_fault()
        self.setText(self._shown)
        self.setModified(False)

    def show_fault(self, error: UsageError) -> None:
        """Say beside the field what is wrong."""
        if self._bubble is None:
            self._bubble = FaultBubble(self.window())
            self.destroyed.connect(self._bubble.deleteLater)
        self._bubble.show_fault(error, self)

    def _forget_fault(self) -> None:
        self.setAccessibleDescription("")
        if self._bubble is not None:
            self._bubble.hide()

    def _on_return(self) -> None:
        if self.commit():
            self.setText(self._shown)
            self.selectAll()

    @override
    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._forget_fault()

    @override
    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        if event.reason() != Qt.FocusReason.PopupFocusReason:
            self.selectAll()

    @override
    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if event.reason() == Qt.FocusReason.PopupFocusReason:
            return  # its own menu
        self.commit()
        self.take_back()
        self.setCursorPosition(0)

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and (self.isModified() or self.fault):
            self.take_back()
            self.selectAll()
        elif event.key() in STEP_KEYS and not event.modifiers():
            self.stepped.emit(STEP_KEYS[Qt.Key(event.key())])
        else:
            super().keyPressEvent(event)
