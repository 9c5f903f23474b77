"""The scene picker: a card per scene, its picture, its name.

In: the catalogue. Out: the name that the user took.
"""

from typing import override

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QFont,
    QFontMetrics,
    QLinearGradient,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QGridLayout, QSizePolicy, QWidget

from core.scenes.model import SceneSummary
from desktop import theme
from desktop.pictures import Pictures
from desktop.render.catalog import SceneCatalog

WIDE_PX, SMALL_PX, NAME_PX = 80, 46, 18
PER_ROW = 3


class SceneCard(QAbstractButton):
    """One scene."""

    def __init__(self, summary: SceneSummary, catalog: SceneCatalog, pictures: Pictures) -> None:
        super().__init__()
        self.summary = summary
        self._catalog, self._pictures = catalog, pictures
        self.is_wide = False
        self.setCheckable(True)
        self.setAccessibleName(f"Scene {summary.title}")
        self.setToolTip(f"{summary.title}\n{summary.description}".strip())
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_wide(self, wide: bool) -> None:
        """Take the whole width, for the only scene there is."""
        self.is_wide = wide
        self.setFixedHeight((WIDE_PX if wide else SMALL_PX + NAME_PX) + 2)

    @override
    def sizeHint(self) -> QSize:
        return QSize(80, (WIDE_PX if self.is_wide else SMALL_PX + NAME_PX) + 2)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHints(
            QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform
        )
        box = QRectF(1, 1, self.width() - 2, WIDE_PX if self.is_wide else SMALL_PX)
        shape = QPainterPath()
        shape.addRoundedRect(box, 6, 6)
        painter.fillPath(shape, theme.color("bg3"))
        self._paint_picture(painter, shape, box)
        self._paint_name(painter, shape, box)
        chosen = self.isChecked()
        painter.setBrush(Qt.BrushStyle.NoBrush)
        focus = self.hasFocus()
        token = "tx" if focus else "accent" if chosen else "line2"
        painter.setPen(QPen(theme.color(token), 2 if chosen or focus else 1))
        painter.drawPath(shape)
        painter.end()

    def _paint_picture(self, painter: QPainter, shape: QPainterPath, box: QRectF) -> None:
        path = self._catalog.thumbnail(self.summary.name)
        size = (box.size() * self.devicePixelRatioF()).toSize()
        image = self._pictures.picture(path, size) if path else None
        if image is None:
            return
        painter.save()
        painter.setClipPath(shape)
        height = image.width() * box.height() / box.width()
        source = QRectF(0, (image.height() - height) / 2, image.width(), height)
        painter.drawPixmap(box, image, source)
        painter.restore()

    def _paint_name(self, painter: QPainter, shape: QPainterPath, box: QRectF) -> None:
        if not self.is_wide:
            painter.setFont(theme.font(11, QFont.Weight.Medium))
            painter.setPen(theme.color("tx" if self.isChecked() else "tx3"))
            text = QFontMetrics(painter.font()).elidedText(
                self.summary.title, Qt.TextElideMode.ElideRight, self.width()
            )
            area = QRectF(0, SMALL_PX + 3, self.width(), NAME_PX - 2)
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter, text)
            return
        shade = QLinearGradient(box.bottomLeft(), box.topLeft())
        shade.setColorAt(0, theme.color("stage", 225))
        shade.setColorAt(0.6, theme.color("stage", 0))
        painter.fillPath(shape, shade)
        painter.setFont(theme.font(12, QFont.Weight.DemiBold))
        painter.setPen(theme.color("tx"))
        area = box.adjusted(10, 0, -10, -7)
        bottom = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom
        painter.drawText(area, bottom, self.summary.title)


class ScenePicker(QWidget):
    """All scenes, one of them taken.

    Signals
    -------
    picked : str, a scene's name
    """

    picked = Signal(str)

    def __init__(self, catalog: SceneCatalog, pictures: Pictures) -> None:
        super().__init__()
        self.setAccessibleName("Scene")
        self._catalog, self._pictures = catalog, pictures
        self._cards: dict[str, SceneCard] = {}
        self._group = QButtonGroup(self)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(6)
        catalog.loaded.connect(self._fill)
        pictures.ready.connect(self.update)
        self._group.buttonClicked.connect(self._on_click)

    def show_choice(self, name: str) -> None:
        """Mark a scene as taken."""
        if name in self._cards:
            self._cards[name].setChecked(True)

    def _fill(self) -> None:
        for card in self._cards.values():
            card.deleteLater()
        self._cards.clear()
        count = len(self._catalog.summaries)
        columns = min(PER_ROW, count)
        for i, summary in enumerate(self._catalog.summaries):
            card = SceneCard(summary, self._catalog, self._pictures)
            card.set_wide(count == 1)
            self._pictures.ready.connect(card.update)
            self._group.addButton(card)
            self._cards[summary.name] = card
            self._grid.addWidget(card, i // PER_ROW, i % PER_ROW)
        for i in range(columns):
            self._grid.setColumnStretch(i, 1)

    def _on_click(self, button: QAbstractButton) -> None:
        if isinstance(button, SceneCard):
            self.picked.emit(button.summary.name)
