"""The clips and what a hand does with them: painting, pointer, wheel, drops.

In: the state, the sounds. Out: requests as signals; it changes nothing but the view.
"""

from typing import override

from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QHelpEvent,
    QHideEvent,
    QKeyEvent,
    QMouseEvent,
    QNativeGestureEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from desktop.editor.drops import dropped_texts
from desktop.editor.gestures import Drag, Pointer, next_gesture_id
from desktop.editor.hit import NOTHING, Grip, Hit, Layout
from desktop.editor.overlays import Overlays
from desktop.editor.picture import ClipPicture, ClipTables
from desktop.editor.readouts import hit_words, request_words
from desktop.editor.requests import (
    ContextMenu,
    DropSounds,
    MoveClip,
    Place,
    SelectClips,
    SelectMode,
    SelectTime,
    SetFade,
    SetGain,
    Trim,
)
from desktop.editor.sounds import SoundStore
from desktop.editor.state import EditorState
from desktop.editor.wheel import pinch_factor, wheel_move

EDGE_PAN_MS = 16
EDGE_PAN_SHARE = 0.12
CURSORS = {
    Grip.EDGE: Qt.CursorShape.SizeHorCursor,
    Grip.FADE: Qt.CursorShape.PointingHandCursor,
    Grip.GAIN: Qt.CursorShape.SizeVerCursor,
    Grip.HEAD: Qt.CursorShape.OpenHandCursor,
}
MIN_HEIGHT_PX = 64


class ClipArea(QWidget):
    """The canvas below the ruler. Its signals are those of `EditorCanvas`."""

    seek_requested = Signal(float)
    selection_requested = Signal(object)
    time_selection_requested = Signal(object)
    trim_requested = Signal(object)
    fade_requested = Signal(object)
    gain_requested = Signal(object)
    move_requested = Signal(object)
    split_requested = Signal(float)
    drop_requested = Signal(object)
    context_menu_requested = Signal(object)
    gesture_ended = Signal(int)
    gesture_cancelled = Signal(int)
    view_changed = Signal()

    def __init__(self, state: EditorState, store: SoundStore, tables: ClipTables) -> None:
        super().__init__()
        self._state = state
        self._store = store
        self.picture = ClipPicture(state, store, tables)
        self._overlays = Overlays(state)
        self._hover = NOTHING
        self._drag: Drag | None = None
        self._pointer = Pointer(QPointF())
        self._edge_timer = QTimer(self, interval=EDGE_PAN_MS)
        self._edge_timer.timeout.connect(self._pan_at_edge)
        self._build()

    def _build(self) -> None:
        self.setMinimumHeight(MIN_HEIGHT_PX)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAcceptDrops(True)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName("Clips")
        self.setAccessibleDescription(
            "The mix as clips on a waveform. The clip list beside it says the same in words."
        )

    @property
    def dragging(self) -> bool:
        """Whether something is in hand."""
        return self._drag is not None and self._drag.is_drag

    def layout_of_clips(self) -> Layout:
        """Return where the clips lie."""
        return Layout(self._state, self.height())

    def hit_at(self, at: QPointF) -> Hit:
        """Return what is at a place."""
        return self.layout_of_clips().hit(at)

    def move_playhead(self, before_s: float) -> None:
        """Paint where the playhead was and where it is."""
        for time_s in (before_s, self._state.playhead_s):
            x = self._state.viewport.x_of(time_s)
            if -4 <= x <= self.width() + 4:
                self.update(QRect(int(x) - 3, 0, 7, self.height()))

    def cancel(self) -> bool:
        """Let go of what is in hand as if it had not been touched; return whether there was any."""
        drag, self._drag = self._drag, None
        self._end_looks()
        if drag is None or not drag.is_drag:
            return False
        self.gesture_cancelled.emit(drag.id)
        return True

    def _end_looks(self) -> None:
        self._edge_timer.stop()
        self._state.snap_line_s = None
        self._overlays.clear()
        self.update()

    # --- drags ----------------------------------------------------------------------------

    def _ask(self, drag: Drag, pointer: Pointer) -> None:
        request = drag.request(pointer)
        if request is None:
            return
        self._overlays.readout = request_words(self._state, drag, request)
        self._overlays.pointer = pointer.at
        self._overlays.moving = request if isinstance(request, MoveClip) else None
        self._overlays.held = drag.shape
        match request:
            case Trim():
                self.trim_requested.emit(request)
            case SetFade():
                self.fade_requested.emit(request)
            case SetGain():
                self.gain_requested.emit(request)
            case MoveClip():
                self.move_requested.emit(request)
            case SelectTime():
                self.time_selection_requested.emit(request)
        self.update()

    def _pan_at_edge(self) -> None:
        """Move the view while something is held beyond its border."""
        x = self._pointer.at.x()
        beyond = x if x < 0 else x - self.width() if x > self.width() else 0.0
        if self._drag is None or not beyond:
            self._edge_timer.stop()
            return
        self._state.viewport.pan_px(beyond * EDGE_PAN_SHARE)
        self._ask(self._drag, self._pointer)
        self.view_changed.emit()

    def _click(self, drag: Drag, pointer: Pointer) -> None:
        """Choose the clip that was clicked and go there; with Alt, split it there."""
        index = drag.hit.index
        if pointer.has(Qt.KeyboardModifier.AltModifier):
            if index is not None:
                self.split_requested.emit(self._inside(drag.pressed_s))
            return
        if pointer.has(Qt.KeyboardModifier.ControlModifier):
            mode = SelectMode.TOGGLE
        elif pointer.has(Qt.KeyboardModifier.ShiftModifier):
            mode = SelectMode.EXTEND
        else:
            mode = SelectMode.REPLACE
        chosen = () if index is None else (index,)
        if chosen or mode is SelectMode.REPLACE:
            self.selection_requested.emit(SelectClips(indices=chosen, mode=mode))
        if mode is SelectMode.REPLACE and drag.hit.grip in (Grip.BODY, Grip.NOTHING):
            if self._state.time_selection is not None:
                nothing = SelectTime(gesture_id=drag.id, start_s=None, end_s=None)
                self.time_selection_requested.emit(nothing)
                self.gesture_ended.emit(drag.id)
            self.seek_requested.emit(self._inside(drag.pressed_s))

    def _inside(self, time_s: float) -> float:
        return min(max(0.0, time_s), self._state.viewport.duration_s)

    def _show_hover(self, at: QPointF) -> None:
        hit = self.hit_at(at)
        if hit != self._hover:
            self._hover = hit
            self._overlays.hover = hit
            self.setCursor(CURSORS.get(hit.grip, Qt.CursorShape.ArrowCursor))
            self.update()

    # --- Qt: painting ---------------------------------------------------------------------

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        pixmap = self.picture.of(self.size(), self.devicePixelRatioF())
        painter = QPainter(self)
        painter.setClipRegion(event.region())
        painter.drawPixmap(0, 0, pixmap)
        self._overlays.paint(painter, self.layout_of_clips(), QRectF(self.rect()))
        if self.hasFocus():
            self._overlays.paint_focus(painter, QRectF(self.rect()))
        painter.end()

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        self._state.viewport.resize(self.width())
        self.view_changed.emit()

    @override
    def hideEvent(self, event: QHideEvent) -> None:
        self.cancel()

    @override
    def sizeHint(self) -> QSize:
        return QSize(640, 150)

    # --- Qt: pointer ----------------------------------------------------------------------

    @override
    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() is not Qt.MouseButton.LeftButton or self._drag is not None:
            return
        hit = self.hit_at(event.position())
        shape = None
        if hit.index is not None:
            shape = self.layout_of_clips().shape(self._state.arrangement.clips[hit.index])
        pointer = Pointer(event.position(), event.modifiers())
        self._drag = Drag(self._state, hit, pointer, shape)
        if hit.grip is Grip.HEAD:
            self.setCursor(Qt.CursorShape.ClosedHandCursor)

    @override
    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._pointer = Pointer(event.position(), event.modifiers())
        if self._drag is None:
            self._show_hover(event.position())
        elif self._drag.starts(self._pointer):
            self._ask(self._drag, self._pointer)
            if self._drag is not None and not 0 <= event.position().x() <= self.width():
                self._edge_timer.start()

    @override
    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() is not Qt.MouseButton.LeftButton or self._drag is None:
            return
        drag, self._drag = self._drag, None
        self._end_looks()
        if drag.is_drag:
            self.gesture_ended.emit(drag.id)
        else:
            self._click(drag, Pointer(event.position(), event.modifiers()))
        self._hover = NOTHING
        self._show_hover(event.position())

    @override
    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        hit = self.hit_at(event.position())
        if event.button() is not Qt.MouseButton.LeftButton or hit.index is None:
            return
        gesture_id = next_gesture_id()
        clip = self._state.arrangement.clips[hit.index]
        if hit.grip is Grip.GAIN:
            self.gain_requested.emit(SetGain(gesture_id=gesture_id, index=hit.index, gain=1.0))
        elif hit.grip is Grip.FADE and hit.side is not None:
            none = SetFade(gesture_id=gesture_id, index=hit.index, side=hit.side, length_s=0.0)
            self.fade_requested.emit(none)
        else:
            start_s, end_s = self._state.span_s(clip)
            stretch = SelectTime(gesture_id=gesture_id, start_s=start_s, end_s=end_s)
            self.time_selection_requested.emit(stretch)
        self.gesture_ended.emit(gesture_id)

    @override
    def leaveEvent(self, event: QEvent) -> None:
        self._hover = self._overlays.hover = NOTHING
        self.update()

    @override
    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        at = QPointF(event.pos())
        hit = self.hit_at(at)
        time_s = self._inside(self._state.viewport.time_at(at.x()))
        chosen = self._state.time_selection
        place = Place.CLIP if hit.index is not None else Place.GAP
        if hit.grip is Grip.FADE:
            place = Place.FADE
        elif chosen is not None and chosen[0] <= time_s <= chosen[1]:
            place = Place.TIME_SELECTION
        menu = ContextMenu(
            at=event.globalPos(), place=place, index=hit.index, side=hit.side, time_s=time_s
        )
        self.context_menu_requested.emit(menu)

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.cancel():
            return
        super().keyPressEvent(event)

    # --- Qt: zoom and pan -----------------------------------------------------------------

    @override
    def wheelEvent(self, event: QWheelEvent) -> None:
        move = wheel_move(event, self.width())
        if move.factor != 1.0:
            self._state.viewport.zoom(move.factor, event.position().x())
        if move.pan_px:
            self._state.viewport.pan_px(move.pan_px)
        event.accept()
        self.view_changed.emit()

    @override
    def event(self, event: QEvent) -> bool:
        if isinstance(event, QNativeGestureEvent):
            factor = pinch_factor(event)
            if factor is not None:
                self._state.viewport.zoom(factor, event.position().x())
                self.view_changed.emit()
                return True
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            self._show_tip(event.pos(), event.globalPos())
            return True
        return super().event(event)

    def _show_tip(self, at: QPoint, global_at: QPoint) -> None:
        text = "" if self._drag else hit_words(self._state, self.hit_at(QPointF(at)))
        QToolTip.showText(global_at, text, self)

    # --- Qt: drops ------------------------------------------------------------------------

    @override
    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if dropped_texts(event.mimeData()):
            event.acceptProposedAction()

    @override
    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        self._overlays.drop_s = self._drop_time(event.position())
        event.acceptProposedAction()
        self.update()

    @override
    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._overlays.drop_s = None
        self.update()

    @override
    def dropEvent(self, event: QDropEvent) -> None:
        self._overlays.drop_s = None
        texts = dropped_texts(event.mimeData())
        if texts:
            time_s = self._drop_time(event.position())
            before = self._state.insertion_index(time_s)
            event.acceptProposedAction()
            self.drop_requested.emit(DropSounds(texts=texts, time_s=time_s, before=before))
        self.update()

    def _drop_time(self, at: QPointF) -> float:
        return max(0.0, self._state.viewport.time_at(at.x()))
