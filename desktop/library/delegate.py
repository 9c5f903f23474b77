"""How a track looks in the list: waveform tile, title, one line of numbers, its state."""

from typing import override

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from core.library.model import Asset
from desktop import theme
from desktop.library.model import ASSET_ROLE
from desktop.library.waves import THUMB_BARS, Waves
from desktop.words import asset_line

ROW_PX = 56
TILE = QSize(48, 40)
SCROLL_PX = 8
"""Room for the scroll bar, there or not, so that rows keep their width."""
_RIGHT = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight


def paint_tile(painter: QPainter, tile: QRectF, hue: str, bars: tuple[float, ...] | None) -> None:
    """Draw a waveform tile; without bars, a quiet line."""
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.color(hue, 34))
    painter.drawRoundedRect(tile, 7, 7)
    painter.setBrush(theme.color(hue) if bars else theme.color(hue, 120))
    heights = bars or (0.0,) * THUMB_BARS
    pitch = (tile.width() - 10) / len(heights)
    for i, height in enumerate(heights):
        tall = max(2.5, height * (tile.height() - 12))
        bar = QRectF(tile.x() + 5.4 + i * pitch, tile.center().y() - tall / 2, 2, tall)
        painter.drawRoundedRect(bar, 1, 1)


class AssetDelegate(QStyledItemDelegate):
    """Paints one track."""

    def __init__(self, waves: Waves, parent: QWidget) -> None:
        super().__init__(parent)
        self._waves, self._view = waves, parent
        self.busy: dict[str, float] = {}
        """Progress 0 to 1 of the analysis of tracks that are worked on, by asset id."""
        self.chosen_id = ""
        """The track on the table."""
        self.chosen_bpm: float | None = None
        """Its tempo as the project corrects it."""

    def _state_icon(self, asset: Asset) -> tuple[str, str] | None:
        if asset.missing:
            return "triangle-alert", "amber"
        if asset.id in self.busy:
            return "loader", "tx3"
        return None if asset.analysis else ("clock", "tx3")

    def _line(self, asset: Asset) -> str:
        if asset.id in self.busy:
            return f"{asset_line(asset).split(' · ')[0]} · analysing {self.busy[asset.id]:.0%}"
        return asset_line(asset, self.chosen_bpm if asset.id == self.chosen_id else None)

    def _background(
        self, painter: QPainter, option: QStyleOptionViewItem, area: QRectF, *, chosen: bool
    ) -> None:
        state = option.state
        if chosen or state & QStyle.StateFlag.State_MouseOver:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("bg3" if chosen else "bg2"))
            painter.drawRoundedRect(area, 8, 8)
        if state & QStyle.StateFlag.State_HasFocus and state & QStyle.StateFlag.State_Selected:
            painter.setPen(QPen(theme.color("accent", 200), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(area.adjusted(0.5, 0.5, -0.5, -0.5), 8, 8)

    def _texts(
        self, painter: QPainter, asset: Asset, area: QRectF, *, x: float, chosen: bool
    ) -> None:
        weight = QFont.Weight.DemiBold if chosen else QFont.Weight.Medium
        state = self._state_icon(asset)
        width = area.right() - x - (30 if state else 10)
        title = theme.font(13, weight)
        painter.setFont(title)
        painter.setPen(theme.color("tx"))
        text = QFontMetrics(title).elidedText(asset.title, Qt.TextElideMode.ElideRight, int(width))
        painter.drawText(QRectF(x, area.y() + 8, width, 19), Qt.AlignmentFlag.AlignVCenter, text)
        small = theme.font(11)
        painter.setFont(small)
        painter.setPen(theme.color("amber" if asset.missing else "tx3"))
        line = self._line(asset)
        metrics = QFontMetrics(small)
        if asset.artist and asset.analysis:
            with_artist = f"{line} · {asset.artist}"
            fits = metrics.horizontalAdvance(with_artist) <= width
            line = with_artist if fits else line
        line = metrics.elidedText(line, Qt.TextElideMode.ElideRight, int(width))
        painter.drawText(QRectF(x, area.y() + 27, width, 17), Qt.AlignmentFlag.AlignVCenter, line)
        if state is not None:
            ratio = painter.device().devicePixelRatio()
            image = theme.pixmap(*state, 14, ratio)
            painter.drawPixmap(QPointF(area.right() - 24, area.center().y() - 7), image)

    @override
    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        asset = index.data(ASSET_ROLE)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(option.rect).adjusted(0, 1, 0, -1)
        area.setWidth(min(area.width(), self._view.width() - SCROLL_PX))
        chosen = asset.id == self.chosen_id
        self._background(painter, option, area, chosen=chosen)
        tile = QRectF(area.x() + 7, area.y() + 7, TILE.width(), TILE.height())
        paint_tile(painter, tile, theme.load_theme().track_hue(asset.id), self._waves.thumb(asset))
        self._texts(painter, asset, area, x=tile.right() + 10, chosen=chosen)
        painter.restore()

    @override
    def sizeHint(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        return QSize(100, ROW_PX)
