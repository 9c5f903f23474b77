"""How loud the mix is on a scale: where it stands now, and where it shall be.

In: loudness in LUFS. Out: paint.
"""

from typing import override

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QLinearGradient, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from desktop import theme
from desktop.editor.clip_fields import signed

LOW_LUFS, HIGH_LUFS = -36.0, 0.0
HEIGHT_PX, TRACK_PX = 34, 6
NEAR_LU = 0.5
GAP_PX = 8


class LoudnessBar(QWidget):
    """A track filled to the loudness now, with a tick at the target."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedHeight(HEIGHT_PX)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._now: float | None = None
        self._target: float | None = None
        self._font = theme.font(11, QFont.Weight.Medium)

    def set_levels(self, now_lufs: float | None, target_lufs: float | None) -> None:
        """Show a loudness and a target; None: not known, no target."""
        self._now, self._target = now_lufs, target_lufs
        words = [text for text, _, _ in self._labels()]
        self.setAccessibleName(", ".join(words) or "Loudness not measured yet")
        self.update()

    def _share(self, lufs: float) -> float:
        return min(max((lufs - LOW_LUFS) / (HIGH_LUFS - LOW_LUFS), 0.0), 1.0)

    def _x(self, lufs: float) -> float:
        return self._share(lufs) * self.width()

    def _over(self) -> bool:
        """Whether the mix is louder than its target."""
        if self._now is None or self._target is None:
            return False
        return self._now > self._target + NEAR_LU

    def _labels(self) -> list[tuple[str, float, QColor]]:
        """Return what stands below the track: words, their middle, their colour."""
        labels = []
        if self._target is not None:
            text = f"{signed(self._target).removesuffix('.0')} target"
            labels.append((text, self._x(self._target), theme.color("tx2")))
        if self._now is not None:
            token = "amber" if self._over() else "green"
            labels.append((f"{signed(self._now)} now", self._x(self._now), theme.color(token)))
        return sorted(labels, key=lambda label: label[1])

    def _places(self) -> list[tuple[str, float, QColor]]:
        """Return the labels with their left edges, side by side inside the bar."""
        metrics = QFontMetrics(self._font)
        placed: list[tuple[str, float, QColor]] = []
        room = float(self.width())
        widths = [float(metrics.horizontalAdvance(text) + 1) for text, _, _ in self._labels()]
        left = 0.0
        for number, (text, middle, color) in enumerate(self._labels()):
            behind = sum(widths[number + 1 :]) + GAP_PX * (len(widths) - number - 1)
            most = room - behind - widths[number]
            at = min(max(middle - widths[number] / 2, left), max(most, left))
            if number + 1 < len(widths):
                after = self._labels()[number + 1][1] - widths[number + 1] / 2
                at = min(at, max(left, min(after, room) - GAP_PX - widths[number]))
            placed.append((text, at, color))
            left = at + widths[number] + GAP_PX
        return placed

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        track = QRectF(0, 5, self.width(), TRACK_PX)
        painter.setBrush(theme.color("bg4"))
        painter.drawRoundedRect(track, 3, 3)
        if self._now is not None and self._now > LOW_LUFS:
            painter.setBrush(self._fill())
            width = max(self._x(self._now), float(TRACK_PX))
            painter.drawRoundedRect(QRectF(0, 5, width, TRACK_PX), 3, 3)
        if self._target is not None:
            x = min(max(self._x(self._target), 1.0), self.width() - 1.0)
            painter.setBrush(theme.color("tx"))
            painter.drawRoundedRect(QRectF(x - 1, 2, 2, 12), 1, 1)
        painter.setFont(self._font)
        for text, at, color in self._places():
            painter.setPen(color)
            painter.drawText(QPointF(at, HEIGHT_PX - 6), text)
        painter.end()

    def _fill(self) -> QLinearGradient:
        fill = QLinearGradient(0, 0, self.width(), 0)
        fill.setColorAt(0, theme.color("green", 30))
        edge = 1.0 if self._target is None else self._share(self._target)
        fill.setColorAt(max(edge - 0.01, 0.0), theme.color("green"))
        if edge < 1.0:
            fill.setColorAt(1, theme.color("amber"))
        return fill

    @override
    def sizeHint(self) -> QSize:
        return QSize(200, HEIGHT_PX)
