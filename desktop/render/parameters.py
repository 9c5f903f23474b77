"""Controls made from a scene's parameters: a slider, a colour or a switch for each.

In: a scene and the values that differ from its own. Out: `(key, value, default)` as the hand
moves; keys are `layer.param`.
"""

from typing import assert_never, override

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QWheelEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QColorDialog,
    QSizePolicy,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from core.scenes.model import (
    BoolParameter,
    ColorParameter,
    FloatParameter,
    Layer,
    Parameter,
    ParameterValue,
    Scene,
)
from desktop import theme
from desktop.widgets import ElidedLabel, Switch, column, label, row

LABEL_PX, VALUE_PX = 98, 44
ROW_PX, SWATCH_ROW_PX = 22, 42
Rgb = tuple[float, float, float]


def to_screen(linear: Rgb) -> QColor:
    """Return the screen colour of a linear one. Source: IEC 61966-2-1."""
    encoded = (12.92 * c if c <= 0.0031308 else 1.055 * c ** (1 / 2.4) - 0.055 for c in linear)
    return QColor.fromRgbF(*(min(1.0, max(0.0, channel)) for channel in encoded))


def to_linear(color: QColor) -> Rgb:
    """Return the linear colour of a screen one. Source: IEC 61966-2-1."""
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in (color.redF(), color.greenF(), color.blueF())
    )
    return red, green, blue


class Slider(QSlider):
    """A slider that a passing scroll wheel does not move."""

    def __init__(self, name: str) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    @override
    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


class ColorButton(QAbstractButton):
    """A swatch that opens a colour dialog.

    Signals
    -------
    color_picked : (float, float, float), linear RGB
    """

    color_picked = Signal(object)

    def __init__(self, name: str) -> None:
        super().__init__()
        self._color: Rgb = (0.0, 0.0, 0.0)
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFixedHeight(24)
        self.setMinimumWidth(30)
        self.clicked.connect(self._open)

    def set_color(self, color: Rgb) -> None:
        """Show a colour."""
        self._color = color
        self.setToolTip(to_screen(color).name())
        self.update()

    def _open(self) -> None:
        dialog = QColorDialog(to_screen(self._color), self)
        dialog.setWindowTitle(self.accessibleName())
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.currentColorChanged.connect(self._on_color)
        dialog.open()

    def _on_color(self, color: QColor) -> None:
        self.set_color(to_linear(color))
        self.color_picked.emit(self._color)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(to_screen(self._color))
        painter.setPen(QPen(theme.color("accent2" if self.hasFocus() else "line2"), 1))
        painter.drawRoundedRect(QRectF(0.5, 0.5, self.width() - 1, self.height() - 1), 6, 6)
        painter.end()

    @override
    def sizeHint(self) -> QSize:
        return QSize(60, 24)


class ParameterRow(QWidget):
    """One parameter.

    Signals
    -------
    value_picked : (str, value, default)
    """

    value_picked = Signal(str, object, object)

    def __init__(self, key: str, parameter: Parameter) -> None:
        super().__init__()
        self.key, self.parameter = key, parameter
        self._silent = False
        if parameter.hint:
            self.setToolTip(parameter.hint)
        match parameter:
            case FloatParameter():
                self._slider = Slider(parameter.label)
                self._number = label("", "value")
                self._number.setFixedWidth(VALUE_PX)
                self._number.setAlignment(
                    Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
                )
                self._slider.setRange(0, self._steps(parameter))
                self._slider.valueChanged.connect(self._on_slider)
                self.setLayout(row(self._name_label(parameter), self._slider, self._number))
            case ColorParameter():
                self._swatch = ColorButton(parameter.label)
                self._swatch.color_picked.connect(self._pick)
                caption = ElidedLabel(parameter.label, "dim")
                caption.setAlignment(Qt.AlignmentFlag.AlignHCenter)
                self.setLayout(column(self._swatch, caption, spacing=2))
            case BoolParameter():
                self._switch = Switch(parameter.label)
                self._switch.toggled.connect(self._pick)
                self.setLayout(row(self._name_label(parameter), None, self._switch))
            case _:
                assert_never(parameter)
        self.setFixedHeight(SWATCH_ROW_PX if isinstance(parameter, ColorParameter) else ROW_PX)

    @staticmethod
    def _name_label(parameter: Parameter) -> ElidedLabel:
        name = ElidedLabel(parameter.label, "muted")
        name.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
        name.setFixedWidth(LABEL_PX)
        return name

    @staticmethod
    def _steps(parameter: FloatParameter) -> int:
        return max(1, round((parameter.max - parameter.min) / (parameter.step or 0.01)))

    def show_value(self, value: ParameterValue) -> None:
        """Show a value without sending it."""
        self._silent = True
        match self.parameter:
            case FloatParameter(min=low, max=high) if isinstance(value, float | int):
                share = (value - low) / ((high - low) or 1.0)
                self._slider.setValue(round(share * self._slider.maximum()))
                self._number.setText(self._text(float(value)))
            case ColorParameter() if isinstance(value, tuple | list):
                self._swatch.set_color((value[0], value[1], value[2]))
            case BoolParameter():
                self._switch.setChecked(bool(value))
        self._silent = False

    def _text(self, value: float) -> str:
        step = self.parameter.step if isinstance(self.parameter, FloatParameter) else 0.01
        digits = 0 if step >= 1 else 1 if step >= 0.1 else 2
        return f"{value:.{digits}f}".replace("-", "−")

    def _on_slider(self, position: int) -> None:
        if isinstance(self.parameter, FloatParameter):
            low, high = self.parameter.min, self.parameter.max
            value = round(low + position / self._slider.maximum() * (high - low), 6)
            self._number.setText(self._text(value))
            self._pick(value)

    def _pick(self, value: ParameterValue) -> None:
        if not self._silent:
            self.value_picked.emit(self.key, value, self.parameter.default)


class ParameterList(QWidget):
    """All parameters of a scene, layer by layer.

    Signals
    -------
    value_picked : (str, value, default)
    """

    value_picked = Signal(str, object, object)

    def __init__(self) -> None:
        super().__init__()
        self._scene_name = ""
        self.rows: dict[str, ParameterRow] = {}
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(2)

    def show_scene(self, scene: Scene, values: dict[str, ParameterValue]) -> bool:
        """Show a scene's controls at these values; return whether the controls are new."""
        is_new = scene.name != self._scene_name
        if is_new:
            self._rebuild(scene)
        for key, line in self.rows.items():
            line.show_value(values.get(key, line.parameter.default))
        return is_new

    def _add_rows(self, layer: Layer) -> None:
        """Add a layer's controls: colours side by side, everything else a line each."""
        colors = row(spacing=8)
        for parameter in layer.parameters:
            key = f"{layer.name}.{parameter.name}"
            line = ParameterRow(key, parameter)
            line.value_picked.connect(self.value_picked)
            self.rows[key] = line
            if isinstance(parameter, ColorParameter):
                colors.addWidget(line, 1)
        if colors.count():
            holder = QWidget()
            holder.setLayout(colors)
            self._column.addWidget(holder)
            self._column.addSpacing(4)
        for line in self.rows.values():
            if line.parent() is None:
                self._column.addWidget(line)

    def _rebuild(self, scene: Scene) -> None:
        self._scene_name = scene.name
        self.rows.clear()
        while (item := self._column.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        layers = [layer for layer in scene.layers if layer.parameters]
        for layer in layers:
            if len(layers) > 1:
                self._column.addWidget(label(layer.title, "dim"))
            self._add_rows(layer)
        if not layers:
            self._column.addWidget(label("This scene has no settings.", "dim"))
