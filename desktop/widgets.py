"""Small building blocks that every panel uses: labels, buttons, switches, segments, rows."""

from collections.abc import Sequence
from itertools import pairwise
from typing import override

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QBoxLayout,
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLayout,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from desktop import theme

Item = QWidget | QLayout | int | None
Margins = tuple[int, int, int, int]


def label(text: str = "", name: str = "") -> QLabel:
    """Return a label whose style is picked by name."""
    result = QLabel(text)
    result.setTextFormat(Qt.TextFormat.PlainText)
    if name:
        result.setObjectName(name)
    return result


def _fill(layout: QBoxLayout, items: Sequence[Item], margins: Margins, spacing: int) -> None:
    layout.setContentsMargins(*margins)
    layout.setSpacing(spacing)
    for item in items:
        if item is None:
            layout.addStretch(1)
        elif isinstance(item, int):
            layout.addSpacing(item)
        elif isinstance(item, QLayout):
            layout.addLayout(item)
        else:
            layout.addWidget(item)


def row(*items: Item, margins: Margins = (0, 0, 0, 0), spacing: int = 8) -> QHBoxLayout:
    """Return items side by side; None stretches, a number is a gap."""
    layout = QHBoxLayout()
    _fill(layout, items, margins, spacing)
    return layout


def column(*items: Item, margins: Margins = (0, 0, 0, 0), spacing: int = 8) -> QVBoxLayout:
    """Return items below each other; None stretches, a number is a gap."""
    layout = QVBoxLayout()
    _fill(layout, items, margins, spacing)
    return layout


def framed(name: str, layout: QLayout) -> QFrame:
    """Return a frame, styled by name, around a layout."""
    frame = QFrame()
    frame.setObjectName(name)
    frame.setLayout(layout)
    return frame


def rule() -> QFrame:
    """Return a hairline."""
    frame = QFrame()
    frame.setObjectName("rule")
    return frame


def tool_button(icon: str, tip: str, *, token: str = "tx2", size: int = 16) -> QToolButton:
    """Return a flat button with an icon; the tip is its accessible name too."""
    button = QToolButton()
    button.setIcon(theme.icon(icon, token))
    button.setIconSize(QSize(size, size))
    button.setToolTip(tip)
    button.setAccessibleName(tip.split(" (")[0])
    button.setCursor(Qt.CursorShape.PointingHandCursor)
    return button


def text_button(text: str, tip: str) -> QToolButton:
    """Return a flat button with a short text; the tip is its accessible name too."""
    button = QToolButton()
    button.setObjectName("small")
    button.setText(text)
    button.setToolTip(tip)
    button.setAccessibleName(tip)
    button.setCursor(Qt.CursorShape.PointingHandCursor)
    return button


class ElidedLabel(QLabel):
    """A label that shortens its text with an ellipsis instead of growing its parent."""

    def __init__(
        self,
        text: str = "",
        name: str = "",
        mode: Qt.TextElideMode = Qt.TextElideMode.ElideRight,
    ) -> None:
        super().__init__()
        self._full = ""
        self._mode = mode
        self.setObjectName(name)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.set_text(text)

    def set_text(self, text: str) -> None:
        """Show `text`, shortened as needed; whole in the tool tip."""
        self._full = text
        self.setAccessibleName(text)
        self._elide()

    @property
    def full_text(self) -> str:
        """The whole text."""
        return self._full

    def _elide(self) -> None:
        metrics = QFontMetrics(self.font())
        shown = metrics.elidedText(self._full, self._mode, max(0, self.width()))
        self.setText(shown)
        self.setToolTip(self._full if shown != self._full else "")

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._elide()

    @override
    def minimumSizeHint(self) -> QSize:
        return QSize(24, super().minimumSizeHint().height())

    @override
    def sizeHint(self) -> QSize:
        metrics = QFontMetrics(self.font())
        return QSize(metrics.horizontalAdvance(self._full) + 2, super().sizeHint().height())


class Switch(QAbstractButton):
    """An on-off switch."""

    def __init__(self, name: str, *, checked: bool = False) -> None:
        super().__init__()
        self.setCheckable(True)
        self.setChecked(checked)
        self.setFixedSize(34, 22)
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        track = QRectF(2, 3, 30, 16)
        on = self.isChecked()
        if self.hasFocus():
            painter.setPen(QPen(theme.color("accent2"), 1))
            painter.drawRoundedRect(track.adjusted(-1.5, -1.5, 1.5, 1.5), 9.5, 9.5)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("accent" if on else "line2"))
        painter.drawRoundedRect(track, 8, 8)
        painter.setBrush(theme.color("tx"))
        painter.drawEllipse(QPointF(24 if on else 10, 11), 6, 6)
        painter.end()


class Segmented(QFrame):
    """A row of choices of which one is taken.

    Signals
    -------
    picked : str, the choice that the user took
    """

    picked = Signal(str)

    def __init__(self, choices: Sequence[tuple[str, str]], name: str) -> None:
        super().__init__()
        self.setObjectName("segmented")
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._group = QButtonGroup(self)
        self._buttons: dict[str, QToolButton] = {}
        layout = row(margins=(2, 2, 2, 2), spacing=2)
        for key, text in choices:
            button = QToolButton()
            button.setText(text)
            button.setCheckable(True)
            button.setAccessibleName(f"{name}: {text}")
            button.setCursor(Qt.CursorShape.PointingHandCursor)
            self._group.addButton(button)
            self._buttons[key] = button
            layout.addWidget(button)
        self.setLayout(layout)
        self._group.buttonClicked.connect(self._click)

    def set_choice(self, key: str) -> None:
        """Show a choice as taken, silently."""
        if key in self._buttons:
            self._buttons[key].setChecked(True)

    def _click(self, button: QAbstractButton) -> None:
        self.picked.emit(next(key for key, own in self._buttons.items() if own is button))


def in_tab_order(layout: QLayout) -> list[QWidget]:
    """Return the widgets of a layout that Tab stops at, as the eye meets them."""
    found: list[QWidget] = []
    items = (layout.itemAt(i) for i in range(layout.count()))
    for item in filter(None, items):
        widget, inner = item.widget(), item.layout()
        if widget is not None:
            if widget.focusPolicy() & Qt.FocusPolicy.TabFocus:
                found.append(widget)
            inner = widget.layout()
        if inner is not None:
            found.extend(in_tab_order(inner))
    return found


def chain_tabs(*layouts: QLayout) -> None:
    """Let Tab walk through layouts one after the other."""
    stops = [widget for layout in layouts for widget in in_tab_order(layout)]
    for first, second in pairwise(stops):
        QWidget.setTabOrder(first, second)


def empty_state(icon: str, title: str, text: str, *more: QWidget) -> QWidget:
    """Return a calm centred block that says what to do where nothing is yet."""
    image = QLabel()
    image.setPixmap(theme.pixmap(icon, "tx3", 30, 2.0))
    image.setAlignment(Qt.AlignmentFlag.AlignCenter)
    head = label(title, "h1")
    body = label(text, "muted")
    for part in (head, body):
        part.setAlignment(Qt.AlignmentFlag.AlignCenter)
        part.setWordWrap(True)
    holder = QWidget()
    centred = [row(None, widget, None) for widget in more]
    holder.setLayout(
        column(None, image, 2, head, body, 2, *centred, None, margins=(14, 8, 14, 8), spacing=6)
    )
    return holder
