"""How a clip's cells look, and how they are typed in.

In: rows of the clip table. Out: painted cells; what was typed, asked of the table's model.
"""

from functools import partial
from typing import override

from PySide6.QtCore import (
    QAbstractItemModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QFont, QFontMetrics, QKeyEvent, QPainter, QPen
from PySide6.QtWidgets import (
    QAbstractItemDelegate,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from desktop import theme
from desktop.editor.clip_fields import ClipView, parse_field
from desktop.editor.clip_table import (
    ClipModel,
    Column,
    cell_words,
    crosses_after,
    field_of,
)
from desktop.editor.value_edit import ValueEdit

ROW_PX, LONG_TIME_PX = 28, 88
PAD_PX = 10
LEFT = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft)
RIGHT = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight)
ENTERS = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
Index = QModelIndex | QPersistentModelIndex


class ClipDelegate(QStyledItemDelegate):
    """Paints clips and edits their cells.

    Signals
    -------
    goes_on : (QPersistentModelIndex, int), Tab or Shift+Tab left a cell
    """

    goes_on = Signal(object, int)

    def __init__(self, view: QTableView, model: ClipModel) -> None:
        super().__init__(view)
        self._view, self._model = view, model
        self.hot_row = -1
        """The row under the pointer."""
        self._name_font = theme.font(12, QFont.Weight.Medium)
        self._font = theme.font(12)
        self._name_metrics, self._metrics = QFontMetrics(self._name_font), QFontMetrics(self._font)
        self._rule = theme.color("line", 150)
        self._inks = {token: theme.color(token) for token in ("tx", "tx2", "tx3", "bg2", "bg3")}
        self._badge_font = theme.font(10, QFont.Weight.DemiBold)

    # --- painting -------------------------------------------------------------------------

    def _paint_name(self, painter: QPainter, cell: QRectF, view: ClipView, hue: str) -> None:
        hue = hue or theme.load_theme().track_hue(view.clip.asset_id)
        ink = theme.color("tx3" if view.clip.muted else hue)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ink)
        painter.drawRoundedRect(QRectF(cell.x() + 12, cell.center().y() - 5, 10, 10), 3, 3)
        painter.setFont(self._name_font)
        painter.setPen(self._inks["tx3" if view.clip.muted else "tx"])
        area = cell.adjusted(30, 0, -4, 0)
        room = max(0, int(area.width()))
        shown = self._name_metrics.elidedText(view.name, Qt.TextElideMode.ElideRight, room)
        painter.drawText(area, LEFT, shown)

    def _paint_figure(self, painter: QPainter, cell: QRectF, column: int, view: ClipView) -> None:
        words = cell_words(column, view)
        token = "tx3" if view.clip.muted or words == "Off" else "tx2"
        painter.setFont(self._font)
        painter.setPen(self._inks[token])
        area = cell.adjusted(2, 0, -PAD_PX, 0)
        painter.drawText(area, RIGHT, words)
        crossed = (column == Column.FADE_IN and view.placed.overlap) or (
            column == Column.FADE_OUT and crosses_after(view)
        )
        if crossed:
            left = area.right() - self._metrics.horizontalAdvance(words) - 15
            _paint_cross(painter, QRectF(left, cell.center().y() - 4, 9, 8))

    def _paint_mute(self, painter: QPainter, cell: QRectF, view: ClipView, *, hot: bool) -> None:
        if not (view.clip.muted or hot):
            return
        badge = QRectF(0, 0, 20, 18)
        badge.moveCenter(cell.center())
        muted = view.clip.muted
        painter.setPen(Qt.PenStyle.NoPen if muted else QPen(theme.color("line2"), 1))
        painter.setBrush(theme.color("amber") if muted else Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(badge, 5, 5)
        painter.setFont(self._badge_font)
        painter.setPen(theme.color("on_accent" if muted else "tx3"))
        painter.drawText(badge, int(Qt.AlignmentFlag.AlignCenter), "M")

    # --- editing --------------------------------------------------------------------------

    def _parse(self, index: QPersistentModelIndex, text: str) -> object:
        view = self._model.view(index.row())
        return parse_field(field_of(index.column(), view), text, view)

    def _on_typed(self, index: QPersistentModelIndex, value: object) -> None:
        field = field_of(index.column(), self._model.view(index.row()))
        self._model.request(index.row(), field, value)  # type: ignore[arg-type]

    def _leave(self, editor: ValueEdit, key: Qt.Key, index: QPersistentModelIndex) -> bool:
        """Send what was typed and close the cell; a wrong text keeps it open."""
        if editor.commit():
            self.closeEditor.emit(editor, QAbstractItemDelegate.EndEditHint.NoHint)
            if key in (Qt.Key.Key_Tab, Qt.Key.Key_Backtab):
                self.goes_on.emit(index, 1 if key == Qt.Key.Key_Tab else -1)
        return True

    # --- Qt -------------------------------------------------------------------------------

    @override
    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        view = self._model.view(index.row())
        cell, column = QRectF(option.rect), index.column()
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        hot = index.row() == self.hot_row
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(cell, self._inks["bg3"])
        elif hot:
            painter.fillRect(cell, self._inks["bg2"])
        painter.fillRect(QRectF(cell.x(), cell.bottom() - 1, cell.width(), 1), self._rule)
        if column == Column.NAME:
            self._paint_name(painter, cell, view, self._model.hue(index.row()))
        elif column == Column.MUTED:
            self._paint_mute(painter, cell, view, hot=hot)
        else:
            self._paint_figure(painter, cell, column, view)
        if self._view.hasFocus() and index == self._view.currentIndex():
            painter.setPen(QPen(theme.color("accent"), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(cell.adjusted(1.5, 1.5, -1.5, -2.5), 5, 5)
        painter.restore()

    @override
    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(60, ROW_PX)

    @override
    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:
        lasting = QPersistentModelIndex(index)
        name = self._model.headerData(index.column(), Qt.Orientation.Horizontal)
        editor = ValueEdit(str(name), partial(self._parse, lasting), style="cell")
        editor.setParent(parent)
        editor.setProperty("place", lasting)
        if index.column() != Column.NAME:
            editor.setAlignment(Qt.AlignmentFlag.AlignRight)
        editor.value_typed.connect(partial(self._on_typed, lasting))
        return editor

    @override
    def setEditorData(self, editor: QWidget, index: Index) -> None:
        assert isinstance(editor, ValueEdit)
        editor.show_value(cell_words(index.column(), self._model.view(index.row())))

    @override
    def setModelData(self, editor: QWidget, model: QAbstractItemModel, index: Index) -> None:
        assert isinstance(editor, ValueEdit)
        editor.commit()  # focus has gone elsewhere; a wrong text is let go

    @override
    def updateEditorGeometry(
        self, editor: QWidget, option: QStyleOptionViewItem, index: Index
    ) -> None:
        left = 24 if index.column() == Column.NAME else 0
        wish = QRect(option.rect).adjusted(left, 1, 0, -2)
        if index.column() != Column.NAME and wish.width() < LONG_TIME_PX:
            wish.setLeft(max(0, wish.right() - LONG_TIME_PX))
        editor.setGeometry(wish)

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(watched, ValueEdit) and isinstance(event, QKeyEvent):
            keys = (Qt.Key.Key_Tab, Qt.Key.Key_Backtab, *ENTERS)
            if event.type() == QEvent.Type.KeyPress and event.key() == Qt.Key.Key_Escape:
                watched.take_back()  # or closing the cell would send it
            if event.type() == QEvent.Type.KeyPress and event.key() in keys:
                place = watched.property("place")
                return self._leave(watched, Qt.Key(event.key()), place)
        return super().eventFilter(watched, event)


def _paint_cross(painter: QPainter, box: QRectF) -> None:
    """Draw two crossing lines: this end is a crossfade."""
    painter.setPen(QPen(theme.color("accent2"), 1.4, c=Qt.PenCapStyle.RoundCap))
    painter.drawLine(box.topLeft(), box.bottomRight())
    painter.drawLine(box.bottomLeft(), box.topRight())
