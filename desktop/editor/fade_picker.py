"""The four shapes of a fade as drawn curves, and the button that picks one.

In: a shape. Out: the shape that was picked.
"""

import math
from functools import lru_cache, partial
from typing import override

from PySide6.QtCore import QPointF, QSize, Qt, Signal
from PySide6.QtGui import QAction, QIcon, QPainter, QPen, QPixmap, QPolygonF
from PySide6.QtWidgets import QMenu, QToolButton, QWidget

from core.audio.recipe import FadeShape
from desktop import theme

SHAPE_NAMES = {
    FadeShape.LINEAR: "Straight",
    FadeShape.EQUAL_POWER: "Equal power",
    FadeShape.S_CURVE: "S-curve",
    FadeShape.LOG: "Logarithmic",
}
SHAPE_TIPS = {
    FadeShape.LINEAR: "Even all the way",
    FadeShape.EQUAL_POWER: "Two different sounds keep their power in a crossfade",
    FadeShape.S_CURVE: "Gentle at both ends",
    FadeShape.LOG: "Even to the ear: loud fast, then slow",
}
CURVE = QSize(18, 16)
PICKER_PX = 34
POINTS = 32


def _gain(shape: FadeShape, x: float) -> float:
    """Return the gain of a fade at x in 0 to 1 (see FadeShape)."""
    match shape:
        case FadeShape.LINEAR:
            return x
        case FadeShape.EQUAL_POWER:
            return math.sin(math.pi * x / 2)
        case FadeShape.S_CURVE:
            return (1 - math.cos(math.pi * x)) / 2
        case FadeShape.LOG:
            return max(0.0, 1 + math.log10(x) / 5) if x > 0 else 0.0


@lru_cache(maxsize=64)
def _pixmap(shape: FadeShape, token: str, ratio: float, *, falls: bool) -> QPixmap:
    image = QPixmap(CURVE * ratio)
    image.fill(Qt.GlobalColor.transparent)
    image.setDevicePixelRatio(ratio)
    width, height = CURVE.width() - 4, CURVE.height() - 5
    points = []
    for step in range(POINTS + 1):
        x = step / POINTS
        gain = _gain(shape, 1 - x if falls else x)
        points.append(QPointF(2 + x * width, 2.5 + (1 - gain) * height))
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.color(token, 46))
    floor = 2.5 + height
    painter.drawPolygon(QPolygonF([QPointF(2, floor), *points, QPointF(2 + width, floor)]))
    painter.setPen(QPen(theme.color(token), 1.6, c=Qt.PenCapStyle.RoundCap))
    painter.drawPolyline(QPolygonF(points))
    painter.end()
    return image


def curve_icon(shape: FadeShape, token: str = "tx2", *, falls: bool = False) -> QIcon:
    """Return a fade's curve as an icon; `falls` for a fade out."""
    icon = QIcon()
    for ratio in (1.0, 2.0):
        for mode, ink in (
            (QIcon.Mode.Normal, token),
            (QIcon.Mode.Active, "tx"),
            (QIcon.Mode.Disabled, "line2"),
        ):
            icon.addPixmap(_pixmap(shape, ink, ratio, falls=falls), mode)
    return icon


class FadePicker(QToolButton):
    """Shows a fade's curve; its menu offers the four.

    Signals
    -------
    shape_picked : FadeShape
    """

    shape_picked = Signal(object)

    def __init__(self, name: str, *, falls: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("tight")
        self._name, self._falls = name, falls
        self.shape: FadeShape | None = FadeShape.LINEAR
        self.actions_by_shape: dict[FadeShape, QAction] = {}
        self.setIconSize(CURVE)
        self.setFixedSize(PICKER_PX, 24)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMenu(self._build_menu())
        self.show_shape(FadeShape.LINEAR)

    def _build_menu(self) -> QMenu:
        menu = QMenu(self)
        menu.setToolTipsVisible(True)
        for shape, text in SHAPE_NAMES.items():
            action = QAction(curve_icon(shape, falls=self._falls), text, menu)
            action.setToolTip(SHAPE_TIPS[shape])
            action.triggered.connect(partial(self._on_action, shape))
            self.actions_by_shape[shape] = action
            menu.addAction(action)
        return menu

    def show_shape(self, shape: FadeShape | None) -> None:
        """Show a shape, None for several that differ; nothing is sent."""
        self.shape = shape
        words = "mixed" if shape is None else SHAPE_NAMES[shape]
        self.setToolTip(f"{self._name}: {words}")
        self.setAccessibleName(f"{self._name}: {words}")
        self.setIcon(QIcon() if shape is None else curve_icon(shape, falls=self._falls))
        self.setText("—" if shape is None else "")

    def set_name(self, name: str) -> None:
        """Say whose shape it is."""
        self._name = name
        self.show_shape(self.shape)

    def _on_action(self, shape: FadeShape, *_: object) -> None:
        if shape is not self.shape:
            self.shape_picked.emit(shape)

    @override
    def sizeHint(self) -> QSize:
        return QSize(PICKER_PX, 24)
