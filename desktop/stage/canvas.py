"""The canvas: a still in the shape of the output, what is happening to it, or what to do.

In: a still, a busy text, an error. Out: paint only; a click on the failure asks again.
"""

from typing import override

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QFont,
    QFontMetricsF,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
    QTextOption,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from core.errors import CymaticError
from core.render.formats import OutputFormat, Projection, format_named
from desktop import theme
from desktop.stage.preview import Still
from desktop.words import precise_time

TICK_MS = 40
BUSY_SHOWN_AFTER_MS = 250
CENTER = Qt.AlignmentFlag.AlignCenter


class Canvas(QWidget):
    """Shows the picture.

    Signals
    -------
    retry_requested : no payload
    opened : no payload, on a double click: show it at full size
    """

    retry_requested = Signal()
    opened = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setMinimumSize(200, 112)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Picture")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._format = format_named("flat-1080p-landscape")
        self._fps = "30"
        self._still: Still | None = None
        self._scaled: QPixmap | None = None
        self._busy = ""
        self._error: CymaticError | None = None
        self._message = ("Choose or drop a track", "Its picture appears here.")
        self._has_track = False
        self._phase = 0.0
        self._ticker = QTimer(self, interval=TICK_MS)
        self._ticker.timeout.connect(self._tick)
        self._patience = QTimer(self, singleShot=True, interval=BUSY_SHOWN_AFTER_MS)
        self._patience.timeout.connect(self._start_ticking)

    def set_format(self, fmt: OutputFormat, fps: str) -> None:
        """Take the shape of the output."""
        if fmt != self._format:
            self._scaled = None
        self._format, self._fps = fmt, fps
        self.update()

    def set_track(self, has_track: bool) -> None:
        """Say whether there is anything to draw; a new track drops the old picture."""
        self._has_track = has_track
        self._still, self._scaled, self._error = None, None, None
        self.update()

    def show_still(self, still: Still) -> None:
        """Show a picture."""
        self._still, self._scaled, self._error = still, None, None
        self.setAccessibleDescription(f"At {precise_time(float(still.request.at_s))}")
        self.update()

    def show_busy(self, text: str) -> None:
        """Say what is going on; an empty text ends it."""
        self._busy = text
        if text:
            self._error = None
            self._patience.start()
        else:
            self._patience.stop()
            self._ticker.stop()
        self.update()

    def show_error(self, error: CymaticError) -> None:
        """Say what went wrong."""
        self._error = error
        self.update()

    def frame(self) -> QRectF:
        """Return where the picture lies: as large as fits, in the output's shape."""
        ratio = self._shown_ratio()
        width = min(self.width() - 24.0, (self.height() - 12.0) * ratio)
        height = width / ratio
        return QRectF((self.width() - width) / 2, (self.height() - height) / 2 - 2, width, height)

    def _shown_ratio(self) -> float:
        if self._format.projection is not Projection.FLAT:
            return 2.0
        return self._format.width / self._format.height

    def _start_ticking(self) -> None:
        self._ticker.start()

    def _tick(self) -> None:
        self._phase = (self._phase + 0.018) % 1.0
        self.update()

    # --- paint ----------------------------------------------------------------------------

    def _paint_picture(self, painter: QPainter, area: QRectF) -> None:
        clip = QPainterPath()
        clip.addRoundedRect(area, 6, 6)
        painter.fillPath(clip, theme.color("bg1"))
        if self._still is None or not self._fits(self._still):
            return
        if self._scaled is None:
            size = (area.size() * self.devicePixelRatioF()).toSize()
            image = self._still.image.scaled(
                size,
                Qt.AspectRatioMode.IgnoreAspectRatio,
                Qt.TransformationMode.SmoothTransformation,
            )
            self._scaled = QPixmap.fromImage(image)
        painter.save()
        painter.setClipPath(clip)
        painter.drawPixmap(area, self._scaled, QRectF(self._scaled.rect()))
        painter.restore()

    def _fits(self, still: Still) -> bool:
        size = still.image.size()
        return abs(size.width() / max(1, size.height()) - self._shown_ratio()) < 0.02

    def _paint_badge(self, painter: QPainter, area: QRectF, text: str, *, right: bool) -> None:
        painter.setFont(theme.font(11, QFont.Weight.Medium))
        width = QFontMetricsF(painter.font()).horizontalAdvance(text) + 16
        x = area.right() - width - 10 if right else area.left() + 10
        box = QRectF(x, area.bottom() - 32, width, 22)
        shade = theme.color("stage", 190)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(shade)
        painter.drawRoundedRect(box, 6, 6)
        painter.setPen(theme.color("tx2"))
        painter.drawText(box, CENTER, text)

    def _paint_busy(self, painter: QPainter, area: QRectF) -> None:
        y = area.bottom() - 3
        length = area.width() * 0.28
        x = area.left() + (area.width() + length) * self._phase - length
        clip = QPainterPath()
        clip.addRoundedRect(area, 6, 6)
        painter.save()
        painter.setClipPath(clip)
        painter.fillRect(QRectF(area.left(), y, area.width(), 3), theme.color("bg4"))
        painter.fillRect(QRectF(x, y, length, 3), theme.color("accent"))
        painter.restore()

    def _paint_words(
        self, painter: QPainter, area: QRectF, *, head: str, text: str, icon: str, token: str
    ) -> None:
        ratio = painter.device().devicePixelRatio()
        center = area.center()
        image = theme.pixmap(icon, token, 28, ratio)
        painter.drawPixmap(QPointF(center.x() - 14, center.y() - 52), image)
        painter.setPen(theme.color("tx"))
        painter.setFont(theme.font(14, QFont.Weight.DemiBold))
        wrap = QTextOption(Qt.AlignmentFlag.AlignHCenter)
        wrap.setWrapMode(QTextOption.WrapMode.WordWrap)
        inner = area.adjusted(16, 0, -16, 0)
        fit = painter.boundingRect(
            QRectF(inner.x(), center.y() - 14, inner.width(), 60), head, wrap
        )
        painter.drawText(QRectF(inner.x(), center.y() - 14, inner.width(), 60), head, wrap)
        painter.setPen(theme.color("tx2"))
        painter.setFont(theme.font(12))
        painter.drawText(QRectF(inner.x(), fit.bottom() + 5, inner.width(), 54), text, wrap)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHints(
            QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform
        )
        if not self._has_track:
            head, text = self._message
            self._paint_words(
                painter, QRectF(self.rect()), head=head, text=text, icon="audio-lines", token="tx3"
            )
            painter.end()
            return
        area = self.frame()
        self._paint_picture(painter, area)
        if self._error is not None:
            self._paint_error(painter, area, self._error)
        else:
            self._paint_labels(painter, area)
        if self.hasFocus():
            painter.setPen(QPen(theme.color("accent", 160), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(area.adjusted(-2, -2, 2, 2), 8, 8)
        painter.end()

    def _paint_error(self, painter: QPainter, area: QRectF, error: CymaticError) -> None:
        clip = QPainterPath()
        clip.addRoundedRect(area, 6, 6)
        painter.fillPath(clip, theme.color("stage", 225))
        hint = f"{error.hint}\nClick to try again." if error.hint else "Click to try again."
        wide = area if area.width() > 280 else QRectF(self.rect())
        self._paint_words(
            painter, wide, head=error.message, text=hint, icon="triangle-alert", token="amber"
        )

    def _paint_labels(self, painter: QPainter, area: QRectF) -> None:
        if area.width() > 330:
            fmt = self._format
            self._paint_badge(
                painter, area, f"{fmt.width} × {fmt.height} · {self._fps} fps", right=False
            )
        if self._ticker.isActive():
            self._paint_busy(painter, area)
            self._paint_badge(painter, area, self._busy, right=True)
        elif self._still is not None and self._fits(self._still):
            size = self._still.image.size()
            if area.width() > 330:
                self._paint_badge(
                    painter, area, f"Preview {size.width()} × {size.height()}", right=True
                )

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        self._scaled = None

    @override
    def sizeHint(self) -> QSize:
        return QSize(640, 360)

    @override
    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self._error is not None:
            self.retry_requested.emit()

    @override
    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self._still is not None:
            self.opened.emit()

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if self._error is not None:
                self.retry_requested.emit()
            else:
                self.opened.emit()
        else:
            super().keyPressEvent(event)
