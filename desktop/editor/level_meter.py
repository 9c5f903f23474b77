"""The level meter: a strip for each channel, the peak held, a light for overs, momentary loudness.

In: `Levels` of what is being played. Out: paint. It falls back by itself when nothing comes. The
strips are drawn once per size; a frame only copies the lit part.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, override

from PySide6.QtCore import QElapsedTimer, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetrics,
    QHideEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
    QResizeEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from desktop import theme
from desktop.editor.clip_fields import signed, to_db

if TYPE_CHECKING:  # a window that only opens shall not load the measuring of loudness
    from core.audio.loudness_live import Levels

FLOOR_DB = -60.0
AMBER_DB, RED_DB = -12.0, -1.0
FRAME_MS = 33
FALL_DB_S = 24.0
HOLD_S, HOLD_FALL_DB_S = 1.2, 40.0
BLOCK_PX, GAP_PX = 2, 1
COMPACT_SIZE = QSize(96, 16)
BAR_PX, COMPACT_BAR_PX = 7, 5
LIGHT_PX, NUMBER_PX = 10, 44
MARKS_DB = (-60, -48, -36, -24, -12, 0)
OVER = 1.0
"""A true peak over 0 dBTP."""


@dataclass(slots=True)
class Strip:
    """One channel, in dBFS."""

    shown_db: float = FLOOR_DB
    held_db: float = FLOOR_DB
    age_s: float = 0.0
    """Since the held peak."""

    def take(self, peak_db: float) -> None:
        """Take a new peak."""
        self.shown_db = max(self.shown_db, min(peak_db, 6.0))
        if peak_db >= self.held_db:
            self.held_db, self.age_s = min(peak_db, 6.0), 0.0

    def advance(self, seconds: float) -> None:
        """Fall for a while."""
        self.shown_db = max(FLOOR_DB, self.shown_db - FALL_DB_S * seconds)
        self.age_s += seconds
        if self.age_s > HOLD_S:
            self.held_db = max(FLOOR_DB, self.held_db - HOLD_FALL_DB_S * seconds)
        self.held_db = max(self.held_db, self.shown_db)

    @property
    def rests(self) -> bool:
        """Whether nothing is left to see."""
        return self.shown_db <= FLOOR_DB and self.held_db <= FLOOR_DB


class LevelMeter(QWidget):
    """Levels of what is played.

    Signals
    -------
    cleared : no payload, the user took the over light back
    """

    cleared = Signal()

    def __init__(self, *, compact: bool = False) -> None:
        super().__init__()
        self._compact = compact
        self.strips = [Strip(), Strip()]
        self.is_over = False
        self._momentary: float | None = None
        self._max_dbtp: float | None = None
        self._lit, self._unlit = QPixmap(), QPixmap()
        self._number_font = theme.font(12, QFont.Weight.Medium)
        self._mark_font = theme.font(9)
        self.setAccessibleName("Level meter")
        self.setSizePolicy(
            QSizePolicy.Policy.Fixed if compact else QSizePolicy.Policy.Expanding,
            QSizePolicy.Policy.Fixed,
        )
        self._clock = QElapsedTimer()
        self._timer = QTimer(self, interval=FRAME_MS)
        self._timer.timeout.connect(self._on_frame)
        self._tell()

    # --- state ----------------------------------------------------------------------------

    def set_levels(self, levels: "Levels") -> None:
        """Take a reading of what is being played; as often as 30 times a second."""
        peaks: Sequence[float] = levels.true_peaks or levels.peaks
        for strip, peak in zip(self.strips, _two(peaks), strict=True):
            strip.take(to_db(peak))
        self._momentary = levels.momentary_lufs
        self._max_dbtp = levels.max_true_peak_dbtp
        if any(peak > OVER for peak in levels.true_peaks):
            self.is_over = True
        if not self._timer.isActive():
            self._clock.start()
            self._timer.start()
            self._tell()

    def clear(self) -> None:
        """Put out the over light and forget what was held."""
        self.is_over, self._max_dbtp = False, None
        for strip in self.strips:
            strip.held_db = strip.shown_db
        self._tell()
        self.update()

    @property
    def momentary_words(self) -> str:
        """The loudness of the last 400 ms: −14.2."""
        return "–" if self._momentary is None else signed(self._momentary)

    @property
    def moves(self) -> bool:
        """Whether it is still to be repainted."""
        return self._timer.isActive()

    def advance(self, seconds: float) -> None:
        """Let the strips fall for a while."""
        for strip in self.strips:
            strip.advance(seconds)
        if all(strip.rests for strip in self.strips):
            self._momentary = None
            self._timer.stop()
            self._tell()
        self.update()

    def _on_frame(self) -> None:
        self.advance(self._clock.restart() / 1000)

    def _tell(self) -> None:
        """Say in the tool tip what the strips cannot."""
        peak = "" if self._max_dbtp is None else f"Highest peak {signed(self._max_dbtp)} dBTP"
        over = "Over 0 dBTP: click to clear" if self.is_over else ""
        words = "\n".join(filter(None, (peak, over))) or "Levels of what is played"
        if words != self.toolTip():
            self.setToolTip(words)

    # --- where things lie -----------------------------------------------------------------

    @property
    def _bar_px(self) -> int:
        return COMPACT_BAR_PX if self._compact else BAR_PX

    @property
    def _way_px(self) -> int:
        """Length of the strips."""
        beside = LIGHT_PX + 4 if self._compact else LIGHT_PX + NUMBER_PX + 12
        return max(self.width() - beside, 1)

    def _x(self, level_db: float) -> int:
        share = min(max((level_db - FLOOR_DB) / -FLOOR_DB, 0.0), 1.0)
        return round(share * self._way_px)

    def _tops(self) -> tuple[int, int]:
        """Return where both strips begin."""
        first = (self.height() - 2 * self._bar_px - 2) // 2 if self._compact else 2
        return first, first + self._bar_px + 2

    def _draw_strips(self) -> None:
        """Draw the strips once, lit and unlit."""
        ratio = self.devicePixelRatioF()
        images = []
        for is_lit in (True, False):
            image = QPixmap(round(self._way_px * ratio), round(self._bar_px * ratio))
            image.setDevicePixelRatio(ratio)
            image.fill(Qt.GlobalColor.transparent)
            painter = QPainter(image)
            for x in range(0, self._way_px, BLOCK_PX + GAP_PX):
                level_db = FLOOR_DB * (1 - (x + BLOCK_PX) / self._way_px)
                ink = _ink(level_db) if is_lit else theme.color("bg4")
                painter.fillRect(x, 0, BLOCK_PX, self._bar_px, ink)
            painter.end()
            images.append(image)
        self._lit, self._unlit = images

    # --- Qt -------------------------------------------------------------------------------

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        ratio = self.devicePixelRatioF()
        if self._lit.isNull() or self._lit.devicePixelRatio() != ratio:
            self._draw_strips()
        painter = QPainter(self)
        step = BLOCK_PX + GAP_PX
        for strip, top in zip(self.strips, self._tops(), strict=True):
            painter.drawPixmap(0, top, self._unlit)
            width = self._x(strip.shown_db) // step * step
            if width:
                source = QRectF(0, 0, width * ratio, self._bar_px * ratio)
                painter.drawPixmap(QRectF(0, top, width, self._bar_px), self._lit, source)
            if strip.held_db > FLOOR_DB:
                x = max(0, min(self._x(strip.held_db), self._way_px - 1) // step * step)
                painter.fillRect(x, top, BLOCK_PX, self._bar_px, _ink(strip.held_db))
        self._paint_light(painter)
        if not self._compact:
            self._paint_words(painter)
        painter.end()

    def _paint_light(self, painter: QPainter) -> None:
        first, second = self._tops()
        light = QRectF(self._way_px + 3, first, 6, second + self._bar_px - first)
        painter.fillRect(light, theme.color("red" if self.is_over else "bg4"))

    def _paint_words(self, painter: QPainter) -> None:
        left = self._way_px + LIGHT_PX + 4
        top, second = self._tops()
        height = second + self._bar_px - top
        painter.setFont(self._number_font)
        painter.setPen(theme.color("tx" if self._momentary is not None else "tx3"))
        right = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        number = QRectF(left, top - 2, self.width() - left, height + 4)
        painter.drawText(number, right, self.momentary_words)
        painter.setFont(self._mark_font)
        painter.setPen(theme.color("tx3"))
        below = second + self._bar_px + 2
        painter.drawText(QRectF(left, below, self.width() - left, 12), right, "LUFS")
        for mark in MARKS_DB:
            words = str(mark).replace("-", "−")
            wide = QFontMetrics(self._mark_font).horizontalAdvance(words) + 2
            x = min(max(self._x(mark) - wide // 2, 0), self._way_px - wide)
            painter.drawText(QRectF(x, below, wide, 12), int(Qt.AlignmentFlag.AlignHCenter), words)

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._lit, self._unlit = QPixmap(), QPixmap()

    @override
    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._timer.stop()

    @override
    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.clear()
        self.cleared.emit()

    @override
    def sizeHint(self) -> QSize:
        return COMPACT_SIZE if self._compact else QSize(240, 2 * BAR_PX + 20)


def _two(peaks: Sequence[float]) -> tuple[float, float]:
    """Return what both strips show: mono twice; the louder ones of more than two channels."""
    if len(peaks) < 2:
        return (peaks[0], peaks[0]) if peaks else (0.0, 0.0)
    return max(peaks[0::2]), max(peaks[1::2])


def _ink(level_db: float) -> QColor:
    token = "red" if level_db > RED_DB else "amber" if level_db > AMBER_DB else "green"
    return theme.color(token)
