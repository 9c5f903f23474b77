"""Wheels, touchpads and pinches, as zoom and pan.

In: Qt's events. Out: a factor and a distance. The wheel zooms around the pointer; with Shift, or
sideways, it pans.
"""

from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QNativeGestureEvent, QWheelEvent

NOTCH = 120.0
NOTCH_FACTOR = 1.25
NOTCH_PAN_SHARE = 0.12
"""Share of the view that one notch pans."""
PIXELS_TO_DOUBLE = 180.0
"""Touchpad pixels that double the zoom."""


@dataclass(frozen=True, slots=True)
class WheelMove:
    """What a turn of the wheel does to the view."""

    factor: float = 1.0
    pan_px: float = 0.0


def wheel_move(event: QWheelEvent, width_px: float) -> WheelMove:
    """Return what a wheel event asks for in a view of some width."""
    pixels, angle = event.pixelDelta(), event.angleDelta()
    sideways = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
    zooms = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
    if not pixels.isNull():  # a touchpad: as smooth as the fingers
        across, along = float(pixels.x()), float(pixels.y())
        if not zooms and (sideways or abs(across) > abs(along)):
            return WheelMove(pan_px=-(across or along))
        return WheelMove(factor=2.0 ** (along / PIXELS_TO_DOUBLE))
    across, along = angle.x() / NOTCH, angle.y() / NOTCH
    if not zooms and (sideways or abs(across) > abs(along)):
        return WheelMove(pan_px=-(across or along) * NOTCH_PAN_SHARE * width_px)
    return WheelMove(factor=NOTCH_FACTOR**along)


def pinch_factor(event: QNativeGestureEvent) -> float | None:
    """Return the zoom of a pinch, None for any other gesture."""
    if event.gestureType() is not Qt.NativeGestureType.ZoomNativeGesture:
        return None
    return float(max(0.2, 1.0 + event.value()))
