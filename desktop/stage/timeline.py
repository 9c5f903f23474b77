"""The timeline: the track's waveform, a playhead, and the stretch that is rendered.

In: a track, its waves, a time and a range. Out: picked times and ranges, on frame borders. The
waveform is drawn once per zoom level and size; everything that moves is painted over it.
"""

from dataclasses import dataclass
from enum import Enum, auto
from fractions import Fraction
from typing import override

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QFont,
    QFontMetricsF,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QPolygonF,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from core.library.model import Asset
from core.units import time_text
from desktop import theme
from desktop.library.waves import Wave, Waves
from desktop.stage.beat_ticks import paint_beats
from desktop.stage.beats import Beats
from desktop.stage.wave_picture import WavePictures
from desktop.words import tick_text

RULER_PX = 24
HEAD_PX = 18
GRIP_PX = 7
PAD_PX = 10
SHORTEST_S = 1.0
MOST_ZOOM = 60.0
TICK_STEPS_S = (0.1, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600)
TICK_GAP_PX = 72


class Grip(Enum):
    """What the hand holds."""

    NONE = auto()
    PLAYHEAD = auto()
    START = auto()
    END = auto()


@dataclass(slots=True)
class View:
    """The stretch of the track that is on screen, in seconds."""

    start_s: float = 0.0
    end_s: float = 1.0

    @property
    def length_s(self) -> float:
        """How long it is."""
        return self.end_s - self.start_s


class Timeline(QWidget):
    """The strip below the picture.

    Signals
    -------
    time_picked : float, seconds
    range_picked : (float, float), seconds
    """

    time_picked = Signal(float)
    range_picked = Signal(float, float)

    def __init__(self, waves: Waves) -> None:
        super().__init__()
        self.setMinimumHeight(96)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName("Timeline")
        self.setAccessibleDescription(
            "Left and Right step one frame, with Shift one second; I and O set the start and end"
        )
        self._waves = waves
        self._asset: Asset | None = None
        self._wave: Wave | None = None
        self._pictures = WavePictures()
        self._beats = Beats()
        self._view = View()
        self._time_s = 0.0
        self._range_s = (0.0, 0.0)
        self._fps = Fraction(30)
        self._title = ""
        self._grip = Grip.NONE
        waves.wave_ready.connect(self._on_wave)

    # --- state ----------------------------------------------------------------------------

    @property
    def duration_s(self) -> float:
        """Length of the track."""
        return self._asset.duration_s if self._asset else 0.0

    @property
    def time_s(self) -> float:
        """Where the playhead stands."""
        return self._time_s

    def set_asset(self, asset: Asset | None) -> None:
        """Show another track from its start."""
        same = asset is not None and self._asset is not None and asset.id == self._asset.id
        self._asset = asset
        if not same:
            self._wave, self._beats = None, Beats()
            self._view = View(0.0, asset.duration_s if asset else 1.0)
            self._time_s = 0.0
        self._ask()
        self.update()

    def set_project(self, title: str, range_s: tuple[float, float], fps: Fraction) -> None:
        """Show the stretch that is rendered."""
        self._title, self._range_s, self._fps = title, range_s, fps
        self.update()

    def set_beats(self, beats: Beats) -> None:
        """Show where the beats are."""
        self._beats = beats
        self.update()

    def set_time(self, time_s: float) -> None:
        """Move the playhead."""
        self._time_s = self.snap(time_s)
        self.update()

    def snap(self, time_s: float) -> float:
        """Return the nearest frame border inside the track."""
        inside = min(max(0.0, time_s), max(0.0, self.duration_s))
        return float(Fraction(round(inside * self._fps)) / self._fps)

    def zoom(self, factor: float, around_s: float | None = None) -> None:
        """Show less (factor over 1) or more of the track."""
        if self._asset is None:
            return
        around = self._time_s if around_s is None else around_s
        shortest = max(SHORTEST_S, self.duration_s / MOST_ZOOM)
        length = min(self.duration_s, max(shortest, self._view.length_s / factor))
        share = (around - self._view.start_s) / self._view.length_s
        self._show_from(around - share * length, length)

    def _show_from(self, start_s: float, length_s: float) -> None:
        start_s = min(max(0.0, start_s), max(0.0, self.duration_s - length_s))
        self._view = View(start_s, start_s + length_s)
        self._ask()
        self.update()

    def _ask(self) -> None:
        if self._asset is None or self.width() < 10:
            return
        columns = round(self._inner_px() * self.devicePixelRatioF())
        wave = self._waves.wave(self._asset, self._view.start_s, self._view.end_s, columns)
        if wave is not None:
            self._on_wave(wave)

    def _on_wave(self, wave: Wave) -> None:
        if self._asset is not None and wave.span.asset_id == self._asset.id:
            self._wave = wave
            self.update()

    # --- geometry -------------------------------------------------------------------------

    def x_of(self, time_s: float) -> float:
        """Return where a time lies."""
        share = (time_s - self._view.start_s) / max(1e-6, self._view.length_s)
        return PAD_PX + share * self._inner_px()

    def time_at(self, x: float) -> float:
        """Return the time at a place."""
        return self._view.start_s + (x - PAD_PX) / self._inner_px() * self._view.length_s

    def _inner_px(self) -> float:
        return max(1.0, self.width() - 2.0 * PAD_PX)

    def _body(self) -> QRectF:
        return QRectF(0, RULER_PX + 2, self.width(), self.height() - RULER_PX - 6)

    def grip_at(self, at: QPointF) -> Grip:
        """Return what a press at a place takes hold of."""
        start, end = (self.x_of(edge) for edge in self._range_s)
        if at.y() > RULER_PX:
            if abs(at.x() - start) <= GRIP_PX and at.x() >= start - 3:
                return Grip.START
            if abs(at.x() - end) <= GRIP_PX and at.x() <= end + 3:
                return Grip.END
        return Grip.PLAYHEAD

    # --- paint ----------------------------------------------------------------------------

    def _paint_ruler(self, painter: QPainter) -> None:
        pixels_per_s = self._inner_px() / max(1e-6, self._view.length_s)
        step = next((s for s in TICK_STEPS_S if s * pixels_per_s >= TICK_GAP_PX), TICK_STEPS_S[-1])
        painter.setFont(theme.font(10, QFont.Weight.Medium))
        index = int(self._view.start_s / step)
        head_x = self.x_of(self._time_s)
        while index * step <= self._view.end_s:
            x = round(self.x_of(index * step)) + 0.5
            painter.setPen(theme.color("line2"))
            painter.drawLine(QPointF(x, 17), QPointF(x, RULER_PX))
            if abs(x + 16 - head_x) > 26 and x + 34 < self.width():
                painter.setPen(theme.color("tx3"))
                painter.drawText(QPointF(x + 5, 15), tick_text(index * step, step))
            index += 1

    def _paint_wave(self, painter: QPainter, body: QRectF, wave: Wave) -> None:
        hue = theme.load_theme().track_hue(self._asset.sha256 if self._asset else "")
        ratio = self.devicePixelRatioF()
        height = round((body.height() - HEAD_PX) * ratio)
        inside, outside = self._pictures.of(wave, height, hue)
        x0, x1 = self.x_of(wave.span.start_s), self.x_of(wave.span.end_s)
        target = QRectF(x0, body.y() + HEAD_PX, x1 - x0, body.height() - HEAD_PX)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.drawPixmap(target, outside, QRectF(outside.rect()))
        clip = self._clip_rect(body)
        if clip.width() > 0:
            painter.save()
            path = QPainterPath()
            path.addRoundedRect(clip, 6, 6)
            painter.setClipPath(path)
            painter.fillRect(clip, theme.color("bg1"))
            painter.fillRect(clip, theme.color(hue, 28))
            painter.drawPixmap(target, inside, QRectF(inside.rect()))
            painter.restore()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)

    def _clip_rect(self, body: QRectF) -> QRectF:
        x0 = max(-8.0, self.x_of(self._range_s[0]))
        x1 = min(self.width() + 8.0, self.x_of(self._range_s[1]))
        return QRectF(x0 + 0.5, body.y() + 0.5, max(0.0, x1 - x0 - 1), body.height() - 1)

    def _paint_clip(self, painter: QPainter, body: QRectF) -> None:
        clip = self._clip_rect(body)
        if clip.width() <= 0:
            return
        hue = theme.load_theme().track_hue(self._asset.sha256 if self._asset else "")
        path = QPainterPath()
        path.addRoundedRect(clip, 6, 6)
        painter.save()
        painter.setClipPath(path)
        head = QRectF(clip.x(), clip.y(), clip.width(), HEAD_PX)
        painter.fillRect(head, theme.color(hue, 215))
        self._paint_clip_texts(painter, head)
        painter.restore()
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(theme.color(hue), 1.5))
        painter.drawPath(path)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("tx"))
        middle = clip.y() + HEAD_PX + (clip.height() - HEAD_PX) / 2
        for x in (clip.left() + 3.5, clip.right() - 6.5):
            painter.drawRoundedRect(QRectF(x, middle - 13, 3, 26), 1.5, 1.5)

    def _paint_clip_texts(self, painter: QPainter, head: QRectF) -> None:
        ink = theme.color("on_accent")
        shown = head.intersected(QRectF(0, head.y(), self.width(), head.height()))
        inner = shown.adjusted(9, 0, -9, 0)
        length = time_text(self._range_s[1] - self._range_s[0])
        painter.setPen(ink)
        painter.setFont(theme.font(10, QFont.Weight.DemiBold))
        room = QFontMetricsF(painter.font()).horizontalAdvance(length) + 12
        vcenter = Qt.AlignmentFlag.AlignVCenter
        if inner.width() > room + 40:
            painter.drawText(inner, vcenter | Qt.AlignmentFlag.AlignRight, length)
            inner.setWidth(inner.width() - room)
        painter.setFont(theme.font(11, QFont.Weight.DemiBold))
        text = QFontMetricsF(painter.font()).elidedText(
            self._title, Qt.TextElideMode.ElideRight, inner.width()
        )
        if inner.width() > 24:
            painter.drawText(inner, vcenter, text)

    def _paint_playhead(self, painter: QPainter) -> None:
        x = self.x_of(self._time_s)
        x = min(max(x, 1.0), self.width() - 1.0) if 0 <= round(x) <= self.width() else x
        painter.setPen(QPen(theme.color("accent"), 1.5))
        painter.drawLine(QPointF(x, 10), QPointF(x, self.height() - 2))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("accent"))
        head = QPainterPath()
        head.addRoundedRect(QRectF(x - 5.5, 3, 11, 11), 3, 3)
        head.addPolygon(QPolygonF([QPointF(x - 5.5, 11), QPointF(x + 5.5, 11), QPointF(x, 19)]))
        painter.drawPath(head.simplified())

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.color("bg1"))
        body = self._body()
        if self._asset is None:
            painter.setPen(theme.color("line2"))
            y = round(body.y() + body.height() / 2)
            painter.drawLine(12, y, self.width() - 12, y)
            painter.end()
            return
        self._paint_ruler(painter)
        if self._wave is not None:
            self._paint_wave(painter, body, self._wave)
        shown = self._beats.within(self._view.start_s, self._view.end_s)
        paint_beats(painter, self._beats, shown, x_of=self.x_of, bottom=body.bottom() - 2)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_clip(painter, body)
        self._paint_playhead(painter)
        if self.hasFocus():
            painter.setPen(theme.color("accent2"))
            painter.drawLine(QPointF(4, RULER_PX - 0.5), QPointF(self.width() - 4, RULER_PX - 0.5))
        painter.end()

    # --- hand -----------------------------------------------------------------------------

    def _drag(self, x: float) -> None:
        time_s = self.snap(self.time_at(x))
        frame_s = float(1 / self._fps)
        start_s, end_s = self._range_s
        if self._grip is Grip.PLAYHEAD:
            self.set_time(time_s)
            self.time_picked.emit(self._time_s)
        elif self._grip is Grip.START:
            self.range_picked.emit(min(time_s, end_s - frame_s), end_s)
        elif self._grip is Grip.END:
            self.range_picked.emit(start_s, max(time_s, start_s + frame_s))

    @override
    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self._asset is not None:
            self._grip = self.grip_at(event.position())
            if self._grip is Grip.PLAYHEAD:
                self._drag(event.position().x())

    @override
    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._grip is not Grip.NONE:
            self._drag(event.position().x())
            return
        over = self._asset is not None and self.grip_at(event.position()) is not Grip.PLAYHEAD
        self.setCursor(Qt.CursorShape.SizeHorCursor if over else Qt.CursorShape.ArrowCursor)

    @override
    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._grip = Grip.NONE

    @override
    def wheelEvent(self, event: QWheelEvent) -> None:
        steps = event.angleDelta().y() / 120
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.zoom(1.25**steps, self.time_at(event.position().x()))
        else:
            shift = -0.1 * steps * self._view.length_s
            self._show_from(self._view.start_s + shift, self._view.length_s)

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        big = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        step_s = 1.0 if big else float(1 / self._fps)
        moves = {
            Qt.Key.Key_Left: self._time_s - step_s,
            Qt.Key.Key_Right: self._time_s + step_s,
            Qt.Key.Key_Home: 0.0,
            Qt.Key.Key_End: self.duration_s - float(1 / self._fps),
        }
        key = Qt.Key(event.key())
        if self._asset is None:
            super().keyPressEvent(event)
        elif key in moves:
            self.set_time(moves[key])
            self.time_picked.emit(self._time_s)
        elif key is Qt.Key.Key_I and self._time_s < self._range_s[1]:
            self.range_picked.emit(self._time_s, self._range_s[1])
        elif key is Qt.Key.Key_O and self._time_s > self._range_s[0]:
            self.range_picked.emit(self._range_s[0], self._time_s)
        else:
            super().keyPressEvent(event)

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        self._ask()

    @override
    def sizeHint(self) -> QSize:
        return QSize(600, 150)
