"""The ruler: times above the clips, marker flags, the head of the playhead.

In: the state. Out: times to go to, markers and ranges to move, as signals.
"""

from dataclasses import dataclass
from enum import Enum, auto
from typing import override

from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QFont,
    QFontMetricsF,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QPolygonF,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from desktop import theme
from desktop.editor.gestures import SNAP_PX, START_PX, next_gesture_id
from desktop.editor.requests import ContextMenu, MoveMarker, Place, SetOutputRange, Side
from desktop.editor.state import EditorState
from desktop.editor.ticks import ticks
from desktop.editor.wheel import wheel_move
from desktop.words import precise_time

RULER_PX = 26
FLAG_PX = 14
FLAG_MOST_PX = 120.0
RANGE_PX = 6.0


class _Part(Enum):
    TIME = auto()
    MARKER = auto()
    RANGE = auto()


@dataclass(slots=True)
class _Hold:
    """What a press on the ruler took hold of."""

    part: _Part
    pressed: QPointF
    index: int = -1
    side: Side = Side.START
    id: int = 0
    moved: bool = False


class Ruler(QWidget):
    """The strip of times. Its signals are those of `EditorCanvas`."""

    seek_requested = Signal(float)
    scrub_requested = Signal(float)
    scrub_ended = Signal()
    marker_moved = Signal(object)
    marker_rename_requested = Signal(int)
    output_range_requested = Signal(object)
    context_menu_requested = Signal(object)
    gesture_ended = Signal(int)
    gesture_cancelled = Signal(int)
    view_changed = Signal()

    def __init__(self, state: EditorState) -> None:
        super().__init__()
        self._state = state
        self._hold: _Hold | None = None
        self.setFixedHeight(RULER_PX)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName("Time ruler")
        self._font = theme.font(10, QFont.Weight.Medium)
        self._flag_font = theme.font(10, QFont.Weight.DemiBold)

    def move_playhead(self, before_s: float) -> None:
        """Paint where the playhead was and where it is."""
        for time_s in (before_s, self._state.playhead_s):
            x = self._state.viewport.x_of(time_s)
            if -12 <= x <= self.width() + 12:
                self.update(QRect(int(x) - 9, 0, 19, RULER_PX))

    def cancel(self) -> bool:
        """Let go of what is in hand; return whether there was any."""
        hold, self._hold = self._hold, None
        if hold is None or not hold.moved:
            return False
        if hold.part is _Part.TIME:
            self.scrub_ended.emit()
        else:
            self.gesture_cancelled.emit(hold.id)
        return True

    # --- geometry -------------------------------------------------------------------------

    def flags(self) -> list[tuple[int, QRectF, str]]:
        """Return number, place and text of every flag on screen; later ones give way."""
        metrics = QFontMetricsF(self._flag_font)
        markers = self._state.markers
        places = [self._state.viewport.x_of(float(marker.time_s)) for marker in markers]
        order = sorted(range(len(markers)), key=places.__getitem__)
        found = []
        for position, index in enumerate(order):
            x = places[index]
            if not -FLAG_MOST_PX <= x <= self.width() + 2:
                continue
            after = order[position + 1 : position + 2]
            room = min(FLAG_MOST_PX, (places[after[0]] - x if after else FLAG_MOST_PX) - 14)
            text = metrics.elidedText(markers[index].name, Qt.TextElideMode.ElideRight, room)
            wide = metrics.horizontalAdvance(text) + 4 if room > 12 and text else 0.0
            found.append((index, QRectF(x - 1, 1, 11 + wide, FLAG_PX), text if wide else ""))
        return found

    def _at(self, at: QPointF) -> _Hold:
        for index, box, _text in reversed(self.flags()):
            if box.adjusted(-2, -1, 1, 2).contains(at):
                return _Hold(_Part.MARKER, at, index)
        if self._state.output_range is not None and at.y() > RULER_PX / 2:
            for side, time_s in zip(Side, self._state.output_range, strict=True):
                if abs(self._state.viewport.x_of(time_s) - at.x()) <= RANGE_PX:
                    return _Hold(_Part.RANGE, at, side=side)
        return _Hold(_Part.TIME, at)

    def _time_at(self, x: float) -> float:
        time_s = self._state.viewport.time_at(x)
        return min(max(0.0, time_s), self._state.viewport.duration_s)

    def _snapped(self, x: float) -> float:
        time_s = self._time_at(x)
        caught = self._state.snap(time_s, SNAP_PX / self._state.viewport.px_per_s)
        return caught.time_s if caught else time_s

    # --- paint ----------------------------------------------------------------------------

    def _paint_ticks(self, painter: QPainter, taken: list[QRectF]) -> None:
        painter.setFont(self._font)
        metrics = QFontMetricsF(self._font)
        long, short, words = theme.color("line2"), theme.color("line"), theme.color("tx3")
        for tick in ticks(self._state.viewport, self._state.unit, self._state.beats):
            x = round(tick.x) + 0.5
            painter.setPen(long if tick.text else short)
            painter.drawLine(QPointF(x, 17 if tick.text else 21), QPointF(x, RULER_PX))
            wide = metrics.horizontalAdvance(tick.text)
            box = QRectF(x + 4, 2, wide, 14)
            inside = box.left() >= 0 and box.right() <= self.width()
            if tick.text and inside and not any(box.intersects(flag) for flag in taken):
                painter.setPen(words)
                painter.drawText(QPointF(x + 4, 14), tick.text)

    def _paint_stretches(self, painter: QPainter) -> None:
        for stretch, token, y in (
            (self._state.output_range, "accent", RULER_PX - 3),
            (self._state.loop, "green", RULER_PX - 6),
        ):
            if stretch is None:
                continue
            left, right = (self._state.viewport.x_of(time_s) for time_s in stretch)
            left, right = max(left, -4.0), min(right, self.width() + 4.0)
            if right > left:
                painter.fillRect(QRectF(left, y, right - left, 2), theme.color(token, 170))
        if self._state.output_range is not None:
            painter.setPen(QPen(theme.color("accent"), 2))
            for side, time_s in zip(Side, self._state.output_range, strict=True):
                x = self._state.viewport.x_of(time_s) + (1 if side is Side.START else -1)
                painter.drawLine(QPointF(x, RULER_PX - 9), QPointF(x, RULER_PX - 1))

    def _paint_flags(self, painter: QPainter, flags: list[tuple[int, QRectF, str]]) -> None:
        painter.setFont(self._flag_font)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ink = theme.color("amber")
        for _index, box, text in flags:
            x = round(box.left() + 1) + 0.5
            painter.setPen(QPen(ink, 1))
            painter.drawLine(QPointF(x, 2), QPointF(x, RULER_PX))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(ink)
            painter.drawPolygon(QPolygonF([QPointF(x, 2), QPointF(x + 8, 5.5), QPointF(x, 9.5)]))
            if text:
                painter.setPen(ink)
                painter.drawText(QPointF(x + 11, 11.5), text)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def _paint_head(self, painter: QPainter) -> None:
        x = self._state.viewport.x_of(self._state.playhead_s)
        if not -8 <= x <= self.width() + 8:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("accent"))
        head = QPainterPath()
        head.addRoundedRect(QRectF(x - 5.5, 4, 11, 10), 3, 3)
        head.addPolygon(QPolygonF([QPointF(x - 5.5, 12), QPointF(x + 5.5, 12), QPointF(x, 20)]))
        painter.drawPath(head.simplified())
        painter.fillRect(QRectF(x - 0.75, 19, 1.5, RULER_PX - 19), theme.color("accent"))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setClipRegion(event.region())
        painter.fillRect(self.rect(), theme.color("bg1"))
        if self._state.arrangement.clips:
            self._paint_all(painter)
        painter.end()

    def _paint_all(self, painter: QPainter) -> None:
        flags = self.flags()
        self._paint_ticks(painter, [box.adjusted(-3, 0, 6, 4) for _, box, _ in flags])
        self._paint_stretches(painter)
        self._paint_flags(painter, flags)
        self._paint_head(painter)

    @override
    def sizeHint(self) -> QSize:
        return QSize(640, RULER_PX)

    # --- hand -----------------------------------------------------------------------------

    @override
    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() is not Qt.MouseButton.LeftButton:
            return
        self._hold = self._at(event.position())
        self._hold.id = next_gesture_id()
        if self._hold.part is _Part.TIME:
            self.seek_requested.emit(self._time_at(event.position().x()))

    @override
    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        hold = self._hold
        if hold is None:
            self._show_cursor(event.position())
            return
        if abs(event.position().x() - hold.pressed.x()) >= START_PX:
            hold.moved = True
        if hold.moved:
            self._drag(hold, event.position().x())

    def _drag(self, hold: _Hold, x: float) -> None:
        if hold.part is _Part.TIME:
            self.scrub_requested.emit(self._time_at(x))
        elif hold.part is _Part.MARKER:
            moved = MoveMarker(gesture_id=hold.id, index=hold.index, time_s=self._snapped(x))
            self.marker_moved.emit(moved)
        elif self._state.output_range is not None:
            start_s, end_s = self._state.output_range
            time_s = self._snapped(x)
            if hold.side is Side.START:
                start_s = min(time_s, end_s)
            else:
                end_s = max(time_s, start_s)
            wanted = SetOutputRange(gesture_id=hold.id, start_s=start_s, end_s=end_s)
            self.output_range_requested.emit(wanted)

    @override
    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        hold, self._hold = self._hold, None
        if hold is None:
            return
        if not hold.moved and hold.part is _Part.MARKER:
            for marker in self._state.markers[hold.index : hold.index + 1]:
                self.seek_requested.emit(float(marker.time_s))
        elif hold.moved and hold.part is _Part.TIME:
            self.scrub_ended.emit()
        elif hold.moved:
            self.gesture_ended.emit(hold.id)

    @override
    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        found = self._at(event.position())
        if found.part is _Part.MARKER:
            self.marker_rename_requested.emit(found.index)

    @override
    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        found = self._at(QPointF(event.pos()))
        on_marker = found.part is _Part.MARKER
        menu = ContextMenu(
            at=event.globalPos(),
            place=Place.MARKER if on_marker else Place.RULER,
            index=found.index if on_marker else None,
            side=None,
            time_s=self._time_at(event.pos().x()),
        )
        self.context_menu_requested.emit(menu)

    @override
    def wheelEvent(self, event: QWheelEvent) -> None:
        move = wheel_move(event, self.width())
        if move.factor != 1.0:
            self._state.viewport.zoom(move.factor, event.position().x())
        self._state.viewport.pan_px(move.pan_px)
        event.accept()
        self.view_changed.emit()

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.cancel():
            return
        super().keyPressEvent(event)

    @override
    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            found = self._at(QPointF(event.pos()))
            text = precise_time(self._time_at(event.pos().x()))
            if found.part is _Part.MARKER:
                marker = self._state.markers[found.index]
                text = f"{marker.name}\n{precise_time(float(marker.time_s))}".strip()
            QToolTip.showText(event.globalPos(), text, self)
            return True
        return super().event(event)

    def _show_cursor(self, at: QPointF) -> None:
        shapes = {
            _Part.MARKER: Qt.CursorShape.PointingHandCursor,
            _Part.RANGE: Qt.CursorShape.SizeHorCursor,
        }
        self.setCursor(shapes.get(self._at(at).part, Qt.CursorShape.ArrowCursor))
