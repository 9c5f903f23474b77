"""The minimap: the whole mix in a strip, with the stretch on screen as a frame to move and size.

In: the state, the sounds. Out: another stretch on screen.
"""

from enum import Enum, auto
from typing import override

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from desktop import theme
from desktop.editor.picture import ClipTables, overview_pixmap
from desktop.editor.sounds import SoundStore
from desktop.editor.state import EditorState
from desktop.editor.viewport import EditorViewport

MINIMAP_PX = 28
GRIP_PX = 5.0
LEAST_FRAME_PX = 6.0


class _Grip(Enum):
    OUTSIDE = auto()
    MIDDLE = auto()
    LEFT = auto()
    RIGHT = auto()


class Minimap(QWidget):
    """The whole mix.

    Signals
    -------
    view_changed : the viewport shows another stretch
    """

    view_changed = Signal()

    def __init__(self, state: EditorState, store: SoundStore, tables: ClipTables) -> None:
        super().__init__()
        self._state, self._store, self._tables = state, store, tables
        self._whole = EditorViewport()
        self._key: object = None
        self._pixmap = QPixmap()
        self._grip: _Grip | None = None
        self._held_s = (0.0, 0.0)
        self._pressed_s = 0.0
        self.setFixedHeight(MINIMAP_PX)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName("Overview of the whole mix")
        self.setToolTip("Drag the frame to move, its sides to zoom, double-click to see all")

    def move_playhead(self, before_s: float) -> None:
        """Paint where the playhead was and where it is."""
        self._fit()
        for time_s in (before_s, self._state.playhead_s):
            self.update(QRect(int(self._whole.x_of(time_s)) - 2, 0, 5, MINIMAP_PX))

    def _fit(self) -> None:
        state = self._state.viewport
        self._whole.resize(self.width())
        self._whole.set_content(state.duration_s, state.sample_rate_hz)
        self._whole.fit()

    def frame(self) -> QRectF:
        """Return where the stretch on screen lies."""
        self._fit()
        left = self._whole.x_of(self._state.viewport.start_s)
        right = self._whole.x_of(min(self._state.viewport.end_s, self._whole.end_s))
        if right - left < LEAST_FRAME_PX:
            left = (left + right - LEAST_FRAME_PX) / 2
            right = left + LEAST_FRAME_PX
        left, right = max(left, 0.0), min(right, self.width() - 0.0)
        return QRectF(left, 0, right - left, self.height())

    # --- paint ----------------------------------------------------------------------------

    def _picture(self) -> QPixmap:
        ratio = self.devicePixelRatioF()
        state = self._state
        key = (
            *(state.version, state.selection, state.output_range, self._store.generation),
            *(self.size(), ratio, self._whole.px_per_s),
        )
        if key != self._key:
            self._key = key
            self._pixmap = overview_pixmap(
                self._tables, self._store, viewport=self._whole, size=self.size(), ratio=ratio
            )
        return self._pixmap

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        frame = self.frame()
        painter = QPainter(self)
        painter.setClipRegion(event.region())
        painter.drawPixmap(0, 0, self._picture())
        if self._state.arrangement.clips:
            self._paint_frame(painter, frame)
        painter.end()

    def _paint_frame(self, painter: QPainter, frame: QRectF) -> None:
        if not self._state.viewport.whole:
            veil = theme.color("bg0", 150)
            painter.fillRect(QRectF(0, 0, frame.left(), self.height()), veil)
            painter.fillRect(
                QRectF(frame.right(), 0, self.width() - frame.right(), self.height()), veil
            )
        for marker in self._state.markers:
            x = self._whole.x_of(float(marker.time_s))
            painter.fillRect(QRectF(x, 0, 1, 5), theme.color("amber"))
        x = self._whole.x_of(self._state.playhead_s)
        painter.fillRect(QRectF(x - 0.5, 0, 1, self.height()), theme.color("accent"))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ink = theme.color("line2") if self._state.viewport.whole else theme.color("tx2", 210)
        painter.setPen(QPen(ink, 1.2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(frame.adjusted(0.6, 0.6, -0.6, -0.6), 4, 4)

    @override
    def sizeHint(self) -> QSize:
        return QSize(640, MINIMAP_PX)

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        self._fit()

    # --- hand -----------------------------------------------------------------------------

    def _grip_at(self, at: QPointF) -> _Grip:
        frame = self.frame()
        if abs(at.x() - frame.left()) <= GRIP_PX and frame.left() > 0:
            return _Grip.LEFT
        if abs(at.x() - frame.right()) <= GRIP_PX:
            return _Grip.RIGHT
        return _Grip.MIDDLE if frame.left() < at.x() < frame.right() else _Grip.OUTSIDE

    def _show(self, start_s: float, end_s: float) -> None:
        self._state.viewport.show(start_s, end_s)
        self.view_changed.emit()

    @override
    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() is not Qt.MouseButton.LeftButton:
            return
        self._grip = self._grip_at(event.position())
        viewport = self._state.viewport
        if self._grip is _Grip.OUTSIDE:
            viewport.centre(self._whole.time_at(event.position().x()))
            self._grip = _Grip.MIDDLE
            self.view_changed.emit()
        self._pressed_s = self._whole.time_at(event.position().x())
        self._held_s = (viewport.start_s, viewport.end_s)

    @override
    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._grip is None:
            sides = self._grip_at(event.position()) in (_Grip.LEFT, _Grip.RIGHT)
            shape = Qt.CursorShape.SizeHorCursor if sides else Qt.CursorShape.ArrowCursor
            self.setCursor(shape)
            return
        start_s, end_s = self._held_s
        moved_s = self._whole.time_at(event.position().x()) - self._pressed_s
        if self._grip is _Grip.LEFT:
            self._show(min(start_s + moved_s, end_s - 1e-4), end_s)
        elif self._grip is _Grip.RIGHT:
            self._show(start_s, max(end_s + moved_s, start_s + 1e-4))
        else:
            self._state.viewport.pan_to(start_s + moved_s)
            self.view_changed.emit()

    @override
    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._grip = None

    @override
    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self._state.viewport.fit()
        self.view_changed.emit()
