"""The veil over the window while files are dragged over it."""

from typing import override

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFont, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from desktop import theme


class DropVeil(QWidget):
    """Says that a drop is welcome anywhere."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def cover(self) -> None:
        """Cover the whole window."""
        self.setGeometry(self._window.rect())
        self.show()
        self.raise_()

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), theme.color("bg0", 205))
        area = QRectF(self.rect()).adjusted(18, 18, -18, -18)
        painter.setPen(QPen(theme.color("accent"), 2, Qt.PenStyle.DashLine))
        painter.setBrush(theme.color("accent", 14))
        painter.drawRoundedRect(area, 14, 14)
        image = theme.pixmap("download", "accent", 34, painter.device().devicePixelRatio())
        center = area.center()
        painter.drawPixmap(QPointF(center.x() - 17, center.y() - 62), image)
        painter.setPen(theme.color("tx"))
        painter.setFont(theme.font(18, QFont.Weight.DemiBold))
        line = QRectF(area.x(), center.y() - 14, area.width(), 28)
        painter.drawText(line, Qt.AlignmentFlag.AlignCenter, "Drop to add to your library")
        painter.setPen(theme.color("tx2"))
        painter.setFont(theme.font(13))
        line = QRectF(area.x(), center.y() + 16, area.width(), 22)
        words = "Sound and video files, whole folders, or a project"
        painter.drawText(line, Qt.AlignmentFlag.AlignCenter, words)
        painter.end()
