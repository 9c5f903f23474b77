"""What lies over the picture of the clips and changes with every frame.

In: the state, what is hovered, held, dropped. Out: a few strokes: stretches, handles, the thing in
hand, the playhead.
"""

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen

from desktop import theme
from desktop.editor.hit import NOTHING, ClipShape, Grip, Hit, Layout
from desktop.editor.painting import ghost_color, paint_bubble, paint_handles
from desktop.editor.requests import MoveClip
from desktop.editor.state import EditorState


class Overlays:
    """Paints what moves."""

    def __init__(self, state: EditorState) -> None:
        self._state = state
        self.hover: Hit = NOTHING
        self.held: ClipShape | None = None
        self.moving: MoveClip | None = None
        self.readout = ""
        self.pointer = QPointF()
        self.drop_s: float | None = None

    def clear(self) -> None:
        """Show nothing in hand."""
        self.held = self.moving = None
        self.readout = ""

    def paint(self, painter: QPainter, layout: Layout, room: QRectF) -> None:
        """Paint everything over the clips."""
        state = self._state
        if state.loop is not None:
            self._stretch(painter, state.loop, room, token="green", alpha=20)
        if state.time_selection is not None:
            self._stretch(painter, state.time_selection, room, token="tx", alpha=38)
        self._handles(painter, layout)
        if self.moving is not None and self.held is not None:
            self._ghost(painter, self.moving, self.held)
        if state.snap_line_s is not None:
            self._line(painter, state.snap_line_s, room, token="amber")
        if state.arrangement.clips:
            self._line(painter, state.playhead_s, room, token="accent", width=1.5)
        if self.drop_s is not None:
            self._drop(painter, self.drop_s, room)
        if self.readout:
            paint_bubble(painter, self.readout, self.pointer, room)

    @staticmethod
    def paint_focus(painter: QPainter, room: QRectF) -> None:
        """Show that keys arrive here."""
        painter.setPen(QPen(theme.color("accent2"), 1))
        y = room.bottom() - 0.5
        painter.drawLine(QPointF(room.left() + 4, y), QPointF(room.right() - 4, y))

    def _stretch(
        self,
        painter: QPainter,
        stretch: tuple[float, float],
        room: QRectF,
        *,
        token: str,
        alpha: int,
    ) -> None:
        left, right = (self._state.viewport.x_of(time_s) for time_s in stretch)
        box = QRectF(left, room.top(), right - left, room.height()).intersected(room)
        if box.isEmpty():
            return
        painter.fillRect(box, theme.color(token, alpha))
        painter.setPen(QPen(theme.color(token, 150), 1))
        for x in (left, right):
            if room.left() <= x <= room.right():
                painter.drawLine(QPointF(round(x) + 0.5, 0), QPointF(round(x) + 0.5, room.height()))

    def _handles(self, painter: QPainter, layout: Layout) -> None:
        clips = self._state.arrangement.clips
        shown = set(self._state.selection) if len(self._state.selection) <= 1 else set()
        if self.hover.index is not None:
            shown.add(self.hover.index)
        for index in sorted(shown):
            if index >= len(clips):
                continue
            hovered = index == self.hover.index
            paint_handles(
                painter,
                self._state,
                layout.shape(clips[index]),
                lit=self.hover.side if hovered else None,
                fade_lit=hovered and self.hover.grip is Grip.FADE,
            )

    def _ghost(self, painter: QPainter, moving: MoveClip, held: ClipShape) -> None:
        """Show where the clip in hand would lie."""
        left = self._state.viewport.x_of(moving.start_s)
        length_s = held.clip.n_samples / self._state.arrangement.sample_rate_hz
        width = self._state.viewport.x_of(moving.start_s + length_s) - left
        box = QRectF(left, 0, width, held.rect.height()).adjusted(0.5, 0.5, -0.5, -0.5)
        hue = ghost_color(self._state, moving.index)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(hue, 1.5, Qt.PenStyle.DashLine))
        hue.setAlpha(46)
        painter.setBrush(hue)
        painter.drawRoundedRect(box, 6, 6)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def _line(
        self, painter: QPainter, time_s: float, room: QRectF, *, token: str, width: float = 1.0
    ) -> None:
        x = self._state.viewport.x_of(time_s)
        if -2 <= x <= room.right() + 2:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(theme.color(token), width))
            painter.drawLine(QPointF(x, room.top()), QPointF(x, room.bottom()))
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def _drop(self, painter: QPainter, time_s: float, room: QRectF) -> None:
        """Show between which clips the dropped sound would come."""
        state = self._state
        before = state.insertion_index(time_s)
        clips = state.arrangement.clips
        at_s = time_s
        if before < len(clips):
            at_s = state.span_s(clips[before])[0]
        elif clips:
            at_s = state.span_s(clips[-1])[1]
        x = state.viewport.x_of(at_s)
        painter.fillRect(QRectF(x - 1.5, room.top(), 3, room.height()), theme.color("accent"))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("accent"))
        painter.drawEllipse(QPointF(x, room.top() + 5), 5, 5)
        painter.drawEllipse(QPointF(x, room.bottom() - 5), 5, 5)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
