"""A line with a name, a slider and the value to read and type: gain, fades, thresholds.

In: a value and its scale. Out: values, each with a merge key: all of one drag are one undo step.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import override

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QSizePolicy, QStyle, QWidget

from desktop.editor.value_edit import ValueEdit
from desktop.history import GESTURE
from desktop.render.parameters import Slider
from desktop.widgets import ElidedLabel, row

LABEL_PX, VALUE_PX, ROW_PX = 62, 68, 24
STEPS = 1000
HANDLE_PX = 8
"""A press so near the handle takes it where it is; farther off it jumps there."""
_KEYS = {
    Qt.Key.Key_Right: 1,
    Qt.Key.Key_Up: 1,
    Qt.Key.Key_Left: -1,
    Qt.Key.Key_Down: -1,
    Qt.Key.Key_PageUp: 10,
    Qt.Key.Key_PageDown: -10,
}
_GESTURES = count(-1, -1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How a slider's way, 0 to 1, stands for values, and how values read."""

    at: Callable[[float], float]
    """The value at a place."""
    place: Callable[[float], float]
    """The place of a value."""
    step: Callable[[float, int], float]
    """(value, steps) to the value that many steps of the keyboard on."""
    words: Callable[[float], str]
    parse: Callable[[str], object]
    default: float = 0.0


def linear_scale(low: float, high: float, step: float) -> tuple[Callable[..., float], ...]:
    """Return `at`, `place` and `step` of an even scale."""
    return (
        lambda place: round((low + place * (high - low)) / step) * step,
        lambda value: (value - low) / (high - low),
        lambda value, steps: min(max(value + steps * step, low), high),
    )


class ScaleSlider(Slider):
    """A slider over any scale; a click jumps there, the keyboard goes in steps of the value.

    Signals
    -------
    moved : float, by the mouse
    stepped : int, keyboard steps
    reset : no payload, after a double click
    """

    moved = Signal(float)
    stepped = Signal(int)
    reset = Signal()

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.setRange(0, STEPS)
        self._held_px = 0.0

    def _way(self) -> tuple[float, int]:
        """Return half the handle, and the pixels between both ends."""
        handle = self.style().pixelMetric(QStyle.PixelMetric.PM_SliderLength, None, self)
        return handle / 2, max(1, self.width() - handle)

    def _place(self, event: QMouseEvent) -> float:
        half, way = self._way()
        return min(max((event.position().x() - self._held_px - half) / way, 0.0), 1.0)

    @override
    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            event.ignore()
            return
        half, way = self._way()
        beside_px = event.position().x() - half - self.value() / STEPS * way
        self._held_px = beside_px if abs(beside_px) <= HANDLE_PX else 0.0
        self.setSliderDown(True)
        if not self._held_px and beside_px:
            self.moved.emit(self._place(event))

    @override
    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self.isSliderDown():
            self.moved.emit(self._place(event))

    @override
    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self.isSliderDown():
            self.setSliderDown(False)

    @override
    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.reset.emit()

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in _KEYS and not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.stepped.emit(_KEYS[Qt.Key(event.key())])
        else:
            event.ignore()


class SliderRow(QWidget):
    """One value.

    Signals
    -------
    value_picked : (float or what the parser made, str), the value and its merge key
    gesture_ended : str, the merge key of the drag that is over
    """

    value_picked = Signal(object, str)
    gesture_ended = Signal(str)

    def __init__(self, name: str, scale: Scale, *more: QWidget | int) -> None:
        super().__init__()
        self.name, self.scale = name, scale
        self._value: float | None = None
        self._gesture = ""
        self.caption = ElidedLabel(name, "muted")
        self.caption.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
        self.caption.setFixedWidth(LABEL_PX)
        self.slider = ScaleSlider(name)
        self.number = ValueEdit(f"{name}, value", self._parse, style="figure")
        self.number.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.number.setFixedWidth(VALUE_PX)
        layout = row(self.caption, self.slider, self.number, *more, spacing=4)
        layout.setStretch(1, 1)
        self.setLayout(layout)
        self.setFixedHeight(ROW_PX)
        self._connect()

    def _connect(self) -> None:
        self.slider.sliderPressed.connect(self._begin)
        self.slider.sliderReleased.connect(self._end)
        self.slider.moved.connect(self._on_moved)
        self.slider.stepped.connect(self._on_stepped)
        self.slider.reset.connect(self._on_reset)
        self.number.stepped.connect(self._on_stepped)
        self.number.value_typed.connect(lambda value: self.value_picked.emit(value, ""))

    @property
    def value(self) -> float | None:
        """What is shown; None when several clips differ."""
        return self._value

    @property
    def is_dragged(self) -> bool:
        """Whether the hand holds the slider."""
        return bool(self._gesture)

    def show_value(self, value: float | None, tip: str = "") -> None:
        """Show a value, None for several that differ; nothing is sent."""
        self._value = value
        if value is None:
            self.number.show_value("", "mixed")
        else:
            self.number.show_value(self.scale.words(value))
        self.number.setToolTip(tip)
        place = self.scale.place(self.scale.default if value is None else value)
        self.slider.setValue(round(min(max(place, 0.0), 1.0) * STEPS))

    def set_name(self, name: str, caption: str) -> None:
        """Call the value something else, in short on the line."""
        if name != self.name:
            self.name = name
            self.caption.set_text(caption)
            self.caption.setToolTip(name if name != caption else "")
            self.slider.setAccessibleName(name)
            self.number.setAccessibleName(f"{name}, value")

    def _parse(self, text: str) -> object:
        return self.scale.parse(text)

    def _begin(self) -> None:
        self._gesture = f"{GESTURE}{next(_GESTURES)}"

    def _end(self) -> None:
        ended, self._gesture = self._gesture, ""
        if ended:
            self.gesture_ended.emit(ended)

    def _on_moved(self, place: float) -> None:
        value = self.scale.at(place)
        if value != self._value:
            self.show_value(value)
            self.value_picked.emit(value, self._gesture)

    def _on_stepped(self, steps: int) -> None:
        start = self.scale.default if self._value is None else self._value
        value = self.scale.step(start, steps)
        if value != self._value:
            self.number.take_back()
            self.value_picked.emit(value, f"keys:{self.name}")

    def _on_reset(self) -> None:
        if self._value != self.scale.default:
            self.value_picked.emit(self.scale.default, "")
