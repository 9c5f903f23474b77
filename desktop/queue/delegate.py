"""How a job looks in the table: thumbnail and name, bar, plain words, two buttons."""

from collections.abc import Callable
from pathlib import Path
from typing import override

from PySide6.QtCore import (
    QAbstractItemModel,
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QPointF,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QFont, QFontMetrics, QHelpEvent, QMouseEvent, QPainter, QPainterPath
from PySide6.QtWidgets import (
    QAbstractItemView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QToolTip,
)

from core.jobs.model import IngestParams, JobKind, JobStatus, JobView
from desktop import theme
from desktop.pictures import Pictures
from desktop.queue.actions import Action, actions_of
from desktop.queue.cells import Column, cell_text
from desktop.queue.model import JOB_ROLE
from desktop.words import format_short, picture_of

ROW_PX = 42
THUMB = QSize(50, 28)
BUTTON_PX = 28
VCENTER = Qt.AlignmentFlag.AlignVCenter
Index = QModelIndex | QPersistentModelIndex
STATUS_TOKENS = {
    JobStatus.QUEUED: "tx3",
    JobStatus.RUNNING: "accent",
    JobStatus.DONE: "green",
    JobStatus.FAILED: "red",
    JobStatus.CANCELLED: "tx3",
}
KIND_ICONS = {JobKind.INGEST: "download", JobKind.PREPARE: "music", JobKind.ANALYZE: "audio-lines"}


class JobDelegate(QStyledItemDelegate):
    """Paints jobs and reacts to their buttons.

    Signals
    -------
    action_picked : (JobView, Verb)
    """

    action_picked = Signal(object, object)

    def __init__(
        self,
        pictures: Pictures,
        thumb_of: Callable[[JobView], Path | None],
        scene_title: Callable[[str], str],
        view: QTableView,
    ) -> None:
        super().__init__(view)
        self._pictures, self._thumb_of, self._scene_title = pictures, thumb_of, scene_title
        self._view = view
        self._pointer = QPoint(-1, -1)
        self._name_font = theme.font(13, QFont.Weight.Medium)
        self._small_font = theme.font(11)
        self._cell_font = theme.font(12)
        self._status_font = theme.font(12, QFont.Weight.Medium)

    # --- cells ----------------------------------------------------------------------------

    def _text(self, painter: QPainter, area: QRectF, text: str, *, font: QFont, token: str) -> None:
        painter.setFont(font)
        painter.setPen(theme.color(token))
        shown = QFontMetrics(font).elidedText(text, Qt.TextElideMode.ElideRight, int(area.width()))
        painter.drawText(area, VCENTER, shown)

    def _paint_job(self, painter: QPainter, area: QRectF, job: JobView) -> None:
        box = QRectF(
            area.x() + 10, area.center().y() - THUMB.height() / 2, THUMB.width(), THUMB.height()
        )
        self._paint_thumb(painter, box, job)
        x = box.right() + 12
        width = area.right() - x - 12
        self._text(
            painter,
            QRectF(x, area.y() + 4, width, 18),
            job.title,
            font=self._name_font,
            token="tx",
        )
        self._text(
            painter,
            QRectF(x, area.y() + 21, width, 15),
            self._subtitle(job),
            font=self._small_font,
            token="tx3",
        )

    def _subtitle(self, job: JobView) -> str:
        picture = picture_of(job.params)
        if picture is not None:
            parts = [self._scene_title(picture.scene)]
            if picture.quality == "draft":
                parts.append("quick draft")
            if job.status is JobStatus.FAILED:
                parts.append(format_short(picture.format))
            return " · ".join(parts)
        if isinstance(job.params, IngestParams):
            return "Add to library"
        return "Mix sound" if job.kind is JobKind.PREPARE else "Analyse sound"

    def _paint_thumb(self, painter: QPainter, box: QRectF, job: JobView) -> None:
        clip = QPainterPath()
        clip.addRoundedRect(box, 4, 4)
        ratio = painter.device().devicePixelRatio()
        path = self._thumb_of(job)
        image = self._pictures.picture(path, THUMB * ratio) if path else None
        if image is None:
            painter.fillPath(clip, theme.color("bg3"))
            name = KIND_ICONS.get(job.kind, "film")
            painter.drawPixmap(
                QPointF(box.center().x() - 7, box.center().y() - 7),
                theme.pixmap(name, "tx3", 14, ratio),
            )
            return
        painter.save()
        painter.setClipPath(clip)
        top = (image.height() - image.width() * box.height() / box.width()) / 2
        source = QRectF(0, max(0.0, top), image.width(), image.height() - 2 * max(0.0, top))
        painter.drawPixmap(box, image, source)
        painter.restore()

    def _paint_bar(self, painter: QPainter, area: QRectF, job: JobView) -> None:
        groove = QRectF(area.x() + 10, area.center().y() - 2.5, area.width() - 68, 5)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("bg4"))
        painter.drawRoundedRect(groove, 2.5, 2.5)
        done = 1.0 if job.status is JobStatus.DONE else min(1.0, max(0.0, job.progress))
        starts = job.status is JobStatus.QUEUED and done == 0
        if done > 0:
            bar = QRectF(groove)
            bar.setWidth(max(5.0, groove.width() * done))
            painter.setBrush(theme.color(STATUS_TOKENS[job.status]))
            painter.drawRoundedRect(bar, 2.5, 2.5)
        painter.setFont(self._small_font)
        painter.setPen(theme.color("tx3" if starts else "tx2"))
        area = QRectF(groove.right() + 8, area.y(), 44, area.height())
        painter.drawText(
            area, VCENTER | Qt.AlignmentFlag.AlignRight, "—" if starts else f"{done:.0%}"
        )

    def _paint_status(self, painter: QPainter, area: QRectF, job: JobView) -> None:
        token = STATUS_TOKENS[job.status]
        if job.held:
            token = "amber"
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color(token))
        painter.drawEllipse(QPointF(area.x() + 13, area.center().y()), 3, 3)
        ink = "red" if job.status is JobStatus.FAILED else "tx2"
        self._text(
            painter,
            area.adjusted(24, 0, -6, 0),
            cell_text(job, Column.STATUS),
            font=self._status_font,
            token=ink,
        )

    def _paint_error(self, painter: QPainter, cell: QRectF, job: JobView) -> None:
        """Draw the error over the columns from output to time left, this cell's part of it."""
        left = self._view.columnViewportPosition(Column.OUTPUT)
        right = self._view.columnViewportPosition(Column.STATUS)
        area = QRectF(left + 10, cell.y(), right - left - 22, cell.height())
        painter.setClipRect(cell)
        if job.error is None:
            return
        line = QRectF(area.x(), area.y() + 4, area.width(), 18)
        self._text(painter, line, job.error.message, font=self._cell_font, token="red")
        line = QRectF(area.x(), area.y() + 21, area.width(), 15)
        self._text(painter, line, job.error.hint, font=self._small_font, token="tx2")

    def _paint_actions(self, painter: QPainter, cell: QRect, job: JobView) -> None:
        ratio = painter.device().devicePixelRatio()
        for box, action in self._buttons(cell, job):
            hot = box.contains(self._pointer)
            if hot:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(theme.color("bg4"))
                painter.drawRoundedRect(QRectF(box), 6, 6)
            image = theme.pixmap(action.icon, "tx" if hot else "tx2", 16, ratio)
            painter.drawPixmap(box.topLeft() + QPoint(6, 6), image)

    def _buttons(self, cell: QRect, job: JobView) -> list[tuple[QRect, Action]]:
        shown = actions_of(job)[:2]
        x = cell.right() - 6 - BUTTON_PX * len(shown)
        y = cell.center().y() - BUTTON_PX // 2 + 1
        return [
            (QRect(x + BUTTON_PX * i, y, BUTTON_PX, BUTTON_PX), action)
            for i, action in enumerate(shown)
        ]

    def action_at(self, index: Index, at: QPoint) -> Action | None:
        """Return the button under a point of the viewport."""
        job = index.data(JOB_ROLE)
        if job is None or index.column() != Column.ACTIONS:
            return None
        buttons = self._buttons(self._view.visualRect(index), job)
        return next((action for box, action in buttons if box.contains(at)), None)

    # --- Qt -------------------------------------------------------------------------------

    @override
    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        job = index.data(JOB_ROLE)
        cell = QRectF(option.rect)
        painter.save()
        painter.setRenderHints(
            QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform
        )
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(cell, theme.color("bg3"))
        elif option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(cell, theme.color("bg2"))
        painter.setPen(theme.color("line", 150))
        painter.drawLine(cell.bottomLeft(), cell.bottomRight())
        self._paint_cell(painter, option.rect, job, index.column())
        painter.restore()

    def _paint_cell(self, painter: QPainter, rect: QRect, job: JobView, column: int) -> None:
        cell = QRectF(rect)
        is_failed = job.status is JobStatus.FAILED
        if is_failed and Column.OUTPUT <= column <= Column.LEFT:
            self._paint_error(painter, cell, job)
        elif column == Column.JOB:
            self._paint_job(painter, cell, job)
        elif column == Column.PROGRESS:
            self._paint_bar(painter, cell, job)
        elif column == Column.STATUS:
            self._paint_status(painter, cell, job)
        elif column == Column.ACTIONS:
            self._paint_actions(painter, rect, job)
        else:
            token = "tx2" if column == Column.OUTPUT else "tx3"
            area = cell.adjusted(10, 0, -6, 0)
            self._text(painter, area, cell_text(job, column), font=self._cell_font, token=token)

    @override
    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(60, ROW_PX)

    @override
    def editorEvent(
        self,
        event: QEvent,
        model: QAbstractItemModel,
        option: QStyleOptionViewItem,
        index: Index,
    ) -> bool:
        if isinstance(event, QMouseEvent):
            self._pointer = event.position().toPoint()
            if (
                event.type() == QEvent.Type.MouseButtonRelease
                and event.button() == Qt.MouseButton.LeftButton
                and (action := self.action_at(index, self._pointer)) is not None
            ):
                self.action_picked.emit(index.data(JOB_ROLE), action.verb)
                return True
            if index.column() == Column.ACTIONS:
                self._view.viewport().update(option.rect)
        return False

    @override
    def helpEvent(
        self,
        event: QHelpEvent,
        view: QAbstractItemView,
        option: QStyleOptionViewItem,
        index: Index,
    ) -> bool:
        action = self.action_at(index, event.pos())
        if action is not None:
            QToolTip.showText(event.globalPos(), action.text, view)
            return True
        return super().helpEvent(event, view, option, index)
