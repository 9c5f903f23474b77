"""The clip list: every clip of the mix as a row, each cell typed in place, rows dragged to reorder.

In: the arrangement and the selection. Out: requests; nothing is changed here. It works from 300
pixels on, and shows more columns where there is room.
"""

from collections.abc import Mapping, Sequence
from typing import override

from PySide6.QtCore import (
    QEvent,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QTableView,
)

from core.audio.arrangement import Arrangement
from core.library.model import Asset
from desktop import theme
from desktop.editor.clip_cells import ENTERS, LONG_TIME_PX, ROW_PX, ClipDelegate
from desktop.editor.clip_table import ClipModel, Column

NAME_PX, TIME_PX, TEN_MINUTES_PX = 84, 70, 78
WIDTHS = {Column.GAIN: 68, Column.FADE_IN: 68, Column.FADE_OUT: 68, Column.MUTED: 46}
TIME_COLUMNS = (Column.POSITION, Column.START, Column.END, Column.LENGTH)
WANTED = (
    Column.LENGTH,
    Column.GAIN,
    Column.START,
    Column.END,
    Column.MUTED,
    Column.FADE_IN,
    Column.FADE_OUT,
    Column.POSITION,
)
"""Which columns come first where there is little room."""
TYPED = frozenset("0123456789+-−.")
"""What begins a value where a cell is chosen; letters stay the window's shortcuts."""
MOVES = frozenset(
    (
        Qt.Key.Key_Up,
        Qt.Key.Key_Down,
        Qt.Key.Key_Left,
        Qt.Key.Key_Right,
        Qt.Key.Key_Home,
        Qt.Key.Key_End,
        Qt.Key.Key_PageUp,
        Qt.Key.Key_PageDown,
    )
)
EMPTY_WORDS = "Clips appear here: drop a sound on the window."


class ClipList(QTableView):
    """All clips of the mix.

    Signals
    -------
    values_requested : ClipEdit, one cell of one clip
    selection_requested : tuple of int, ascending
    reorder_requested : (tuple of int, int), the clips and the index that they go before
    menu_requested : QPoint, global; the clips are selected by then
    """

    values_requested = Signal(object)
    selection_requested = Signal(object)
    reorder_requested = Signal(object, int)
    menu_requested = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._silent = False
        self._drop_row: int | None = None
        self._pressed = QPersistentModelIndex()
        self.clips = ClipModel(self)
        self.setModel(self.clips)
        self.delegate = ClipDelegate(self, self.clips)
        self.setItemDelegate(self.delegate)
        self._build()
        self._connect()

    def _build(self) -> None:
        self.setAccessibleName("Clips")
        self.setShowGrid(False)
        self.setMouseTracking(True)
        self.setWordWrap(False)
        self.setMinimumSize(240, 96)
        self.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QTableView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QTableView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setTabKeyNavigation(False)
        self.setDragDropMode(QTableView.DragDropMode.DragDrop)
        self.setDefaultDropAction(Qt.DropAction.MoveAction)
        self.setDragDropOverwriteMode(False)
        self.setDropIndicatorShown(False)  # ours goes over the whole row
        self.setCornerButtonEnabled(False)
        triggers = QAbstractItemView.EditTrigger
        self.setEditTriggers(
            triggers.DoubleClicked | triggers.EditKeyPressed | triggers.AnyKeyPressed
        )
        lines = self.verticalHeader()
        lines.hide()
        lines.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        lines.setDefaultSectionSize(ROW_PX)
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setHighlightSections(False)
        header.setSectionsClickable(False)
        header.setMinimumSectionSize(40)
        header.setSectionResizeMode(Column.NAME, QHeaderView.ResizeMode.Stretch)

    def _connect(self) -> None:
        self.clips.values_requested.connect(self.values_requested)
        self.selectionModel().selectionChanged.connect(self._on_selection)
        self.customContextMenuRequested.connect(self._on_menu)
        self.delegate.goes_on.connect(self._go_on)
        self.entered.connect(lambda index: self._show_hot(index.row()))
        self.viewportEntered.connect(lambda: self._show_hot(-1))

    # --- state ----------------------------------------------------------------------------

    def set_arrangement(
        self, arrangement: Arrangement, assets: Mapping[str, Asset], hues: Sequence[str] = ()
    ) -> None:
        """Show the clips of a mix, and the colour token of each (empty: its track's)."""
        self._silent = True
        time_px = self._time_px
        self.clips.set_arrangement(arrangement, assets, hues)
        self._silent = False
        if time_px != self._time_px:
            self._share_width()

    def set_selection(self, indices: Sequence[int]) -> None:
        """Show which clips are selected, silently."""
        wanted = tuple(sorted(indices))
        if wanted == self.selected():
            return
        ranges = QItemSelection()
        for first, last in _stretches(wanted):
            ranges.select(self.clips.index(first, 0), self.clips.index(last, Column.MUTED))
        self._silent = True
        flags = QItemSelectionModel.SelectionFlag
        self.selectionModel().select(ranges, flags.ClearAndSelect)
        if wanted and self.currentIndex().row() not in wanted:
            column = max(self.currentIndex().column(), 0)
            current = self.clips.index(wanted[0], column)
            self.selectionModel().setCurrentIndex(current, flags.NoUpdate)
        self._silent = False
        if wanted and self.state() is not QAbstractItemView.State.EditingState:
            self.scrollTo(self.clips.index(wanted[0], 0))

    def selected(self) -> tuple[int, ...]:
        """Return the selected clips, in order."""
        rows: set[int] = set()
        parts = self.selectionModel().selection()
        for number in range(parts.size()):
            part = parts.at(number)
            rows.update(range(part.top(), part.bottom() + 1))
        return tuple(sorted(rows))

    def edit_name(self, index: int) -> None:
        """Let a clip be renamed in place."""
        place = self.clips.index(index, Column.NAME)
        self.setFocus()
        self.setCurrentIndex(place)
        self.edit(place)

    @property
    def _time_px(self) -> int:
        """How wide the longest time is."""
        longest_s = self.clips.longest_s
        if longest_s >= 3600:
            return LONG_TIME_PX
        return TEN_MINUTES_PX if longest_s >= 600 else TIME_PX

    def _share_width(self) -> None:
        """Show as many columns as there is room for."""
        time_px = self._time_px
        room = self.viewport().width() - NAME_PX
        full = False
        for column in WANTED:
            width = time_px if column in TIME_COLUMNS else WIDTHS[column]
            room -= width
            full = full or room < 0
            self.setColumnWidth(column, width)
            self.setColumnHidden(column, full)

    def _show_hot(self, row: int) -> None:
        """Show which row the pointer is on."""
        if row != self.delegate.hot_row:
            self.delegate.hot_row = row
            self.viewport().update()

    # --- hand -----------------------------------------------------------------------------

    def _on_selection(self) -> None:
        if not self._silent:
            self.selection_requested.emit(self.selected())

    def _on_menu(self, at: QPoint) -> None:
        if self.clips.rowCount():
            self.menu_requested.emit(self.viewport().mapToGlobal(at))

    def _go_on(self, place: QPersistentModelIndex, step: int) -> None:
        """Edit the next cell, on to the next row; at the last one stay."""
        if not place.isValid():
            return
        row, column = place.row(), place.column()
        while 0 <= row < self.clips.rowCount():
            column += step
            if not 0 <= column < len(Column):
                row, column = row + step, 0 if step > 0 else len(Column) - 1
            cell = self.clips.index(row, column)
            if not cell.isValid():
                return
            if not self.isColumnHidden(column) and cell.flags() & Qt.ItemFlag.ItemIsEditable:
                self.setCurrentIndex(cell)
                self.edit(cell)
                return

    def _starts_typing(self, event: QKeyEvent) -> bool:
        if event.modifiers() & ~(
            Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier
        ):
            return False
        index = self.currentIndex()
        return event.text() in TYPED and event.text() != "" and self._is_figure(index)

    @staticmethod
    def _is_figure(index: QModelIndex) -> bool:
        editable = bool(index.flags() & Qt.ItemFlag.ItemIsEditable)
        return index.isValid() and index.column() != Column.NAME and editable

    def _row_at(self, y: int) -> int:
        """Return the row that something dropped at `y` goes before."""
        index = self.indexAt(QPoint(4, y))
        if not index.isValid():
            return self.clips.rowCount()
        box = self.visualRect(index)
        return index.row() + (1 if y > box.center().y() else 0)

    # --- Qt -------------------------------------------------------------------------------

    @override
    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            plain = not event.modifiers() & Qt.KeyboardModifier.ControlModifier
            keys = (*MOVES, *ENTERS, Qt.Key.Key_F2)
            if self._starts_typing(event) or (plain and event.key() in keys):
                event.accept()
                return True
        return super().event(event)

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        current = self.currentIndex()
        if event.key() in ENTERS and current.isValid():
            if current.column() == Column.MUTED:
                self.clips.toggle_mute(current.row())
            elif current.flags() & Qt.ItemFlag.ItemIsEditable:
                self.edit(current)
        elif event.text().isprintable() and event.text() and not self._starts_typing(event):
            event.ignore()  # letters and Space are the window's
        else:
            super().keyPressEvent(event)

    @override
    def mousePressEvent(self, event: QMouseEvent) -> None:
        index = self.indexAt(event.position().toPoint())
        self._pressed = QPersistentModelIndex(index)
        plain = event.modifiers() == Qt.KeyboardModifier.NoModifier
        if index.isValid() and plain and not self.selectionModel().isSelected(index):
            self.setCurrentIndex(index)  # what is selected already is dragged, not swept over
        super().mousePressEvent(event)

    @override
    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        index = self.indexAt(event.position().toPoint())
        left = event.button() == Qt.MouseButton.LeftButton
        if left and index.column() == Column.MUTED and self._pressed == index:
            self.clips.toggle_mute(index.row())

    @override
    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._show_hot(-1)

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._share_width()

    @override
    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        super().dragEnterEvent(event)
        if event.source() is self:
            event.acceptProposedAction()

    @override
    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        super().dragMoveEvent(event)
        if event.source() is self:
            self._drop_row = self._row_at(event.position().toPoint().y())
            self.viewport().update()
            event.acceptProposedAction()

    @override
    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        super().dragLeaveEvent(event)
        self._drop_row = None
        self.viewport().update()

    @override
    def dropEvent(self, event: QDropEvent) -> None:
        if event.source() is not self:
            event.ignore()
            return
        row, self._drop_row = self._row_at(event.position().toPoint().y()), None
        self.setState(QAbstractItemView.State.NoState)
        self.viewport().update()
        event.setDropAction(Qt.DropAction.CopyAction)  # the editor moves them, its news the rows
        event.accept()
        self._ask_reorder(row)

    def _ask_reorder(self, row: int) -> None:
        chosen = self.selected()
        together = chosen == tuple(range(chosen[0], chosen[-1] + 1)) if chosen else True
        if chosen and not (together and chosen[0] <= row <= chosen[-1] + 1):
            self.reorder_requested.emit(chosen, row)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.clips.rowCount() and self._drop_row is None:
            return
        painter = QPainter(self.viewport())
        if not self.clips.rowCount():
            painter.setPen(theme.color("tx3"))
            painter.setFont(theme.font(12))
            area = self.viewport().rect().adjusted(12, 0, -12, 0)
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(area, int(flags), EMPTY_WORDS)
        elif self._drop_row is not None:
            y = self.rowViewportPosition(0) + self._drop_row * ROW_PX
            painter.fillRect(0, max(y - 1, 0), self.viewport().width(), 2, theme.color("accent"))
        painter.end()


def _stretches(indices: Sequence[int]) -> list[tuple[int, int]]:
    """Return ascending indices as stretches (first, last)."""
    stretches: list[tuple[int, int]] = []
    for index in indices:
        if stretches and stretches[-1][1] == index - 1:
            stretches[-1] = (stretches[-1][0], index)
        else:
            stretches.append((index, index))
    return stretches
