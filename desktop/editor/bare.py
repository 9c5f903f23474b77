"""Clips before their sounds are open: bodies without waves, and a word where there are no clips.

In: the state. Out: a pixmap. It does not load numpy: the window's first paint comes through here.
"""

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPixmap

from desktop import theme
from desktop.editor.hit import Layout
from desktop.editor.looks import ROLES, Role, color_table
from desktop.editor.painting import clip_slot, paint_clips
from desktop.editor.state import HEAD_PX, EditorState

EMPTY_TEXT = "Drop sound here, or pick a track in the library"


def ground(size: QSize, ratio: float) -> QPixmap:
    """Return an empty picture."""
    pixmap = QPixmap(max(1, round(size.width() * ratio)), max(1, round(size.height() * ratio)))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(theme.color("bg0"))
    return pixmap


def bare_picture(state: EditorState, size: QSize, ratio: float) -> QPixmap:
    """Return the clips without waves."""
    pixmap = ground(size, ratio)
    painter = QPainter(pixmap)
    if not state.arrangement.clips:
        painter.setPen(theme.color("tx3"))
        painter.setFont(theme.font(12, QFont.Weight.Medium))
        room = QRectF(0, 0, size.width(), size.height())
        painter.drawText(room, Qt.AlignmentFlag.AlignCenter, EMPTY_TEXT)
    shapes = Layout(state, size.height()).shapes()
    table = color_table()
    for shape in shapes:
        first = clip_slot(state, shape.clip.index) * ROLES
        painter.fillRect(shape.rect, QColor.fromRgba(table[first + Role.BODY]))
        head = QRectF(shape.rect.left(), 0, shape.rect.width(), HEAD_PX)
        painter.fillRect(head, QColor.fromRgba(table[first + Role.HEAD]))
        painter.setPen(QColor.fromRgba(table[first + Role.MIDDLE]))
        middle = round(shape.body.center().y()) + 0.5
        painter.drawLine(QPointF(shape.rect.left(), middle), QPointF(shape.rect.right(), middle))
        painter.setPen(QColor.fromRgba(table[first + Role.EDGE]))
        painter.drawRect(shape.rect.adjusted(0.5, 0.5, -0.5, -0.5))
    paint_clips(painter, state, shapes)
    painter.end()
    return pixmap
