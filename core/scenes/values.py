"""Scene stage: parameter values, checked against a scene and read from what people type.

In: values by `layer.param`, or texts like `membrane.glow=0.8`. Out: values that fit the scene.
"""

import math
import re
from collections.abc import Iterable, Mapping

from core.errors import UsageError
from core.scenes.model import (
    BoolParameter,
    ColorParameter,
    FloatParameter,
    Layer,
    Parameter,
    ParameterValue,
    Scene,
)

_SWITCH = {"true": True, "on": True, "yes": True, "false": False, "off": False, "no": False}


def layer_values(layer: Layer, values: Mapping[str, ParameterValue]) -> dict[str, ParameterValue]:
    """Return every parameter of a layer by `layer.param`: the given value or its default."""
    names = {f"{layer.name}.{p.name}": p.default for p in layer.parameters}
    return {name: values.get(name, default) for name, default in names.items()}


def validate_values(
    scene: Scene, values: Mapping[str, ParameterValue]
) -> dict[str, ParameterValue]:
    """Return `values` in the types of the scene's parameters.

    Raises
    ------
    UsageError
        For a name that the scene does not have, a value of another type, or out of range.
    """
    known = {f"{layer.name}.{p.name}": p for layer in scene.layers for p in layer.parameters}
    checked: dict[str, ParameterValue] = {}
    for name, value in values.items():
        if name not in known:
            raise UsageError(
                f"The scene “{scene.name}” has no parameter “{name}”.",
                hint=f"Its parameters: {', '.join(known) or 'none'}.",
            )
        checked[name] = _checked(name, known[name], value)
    return checked


def parse_assignments(texts: Iterable[str]) -> dict[str, ParameterValue]:
    """Return the values of texts `layer.param=value`; a later one wins.

    A value is a number, true or false, or a colour as #rrggbb (sRGB; kept as linear RGB).

    Raises
    ------
    UsageError
        For a text that is none of these.
    """
    values: dict[str, ParameterValue] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not re.fullmatch(r"\s*[\w-]+\.\w+\s*", name):
            raise UsageError(f"“{text}” sets nothing.", hint="Write layer.param=value.")
        values[name.strip()] = parse_value(value)
    return values


def parse_value(text: str) -> ParameterValue:
    """Return the number, switch or colour that `text` spells."""
    word = text.strip().lower()
    if word in _SWITCH:
        return _SWITCH[word]
    if re.fullmatch(r"#[0-9a-f]{6}", word):
        return linear_color(word)
    try:
        number = float(word)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise UsageError(
            f"“{text}” is no value.", hint="Write a number, true or false, or a colour #rrggbb."
        )
    return number


def linear_color(text: str) -> tuple[float, float, float]:
    """Return the linear RGB of an sRGB colour written #rrggbb (IEC 61966-2-1)."""
    red, green, blue = (int(text[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return _linear(red), _linear(green), _linear(blue)


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4


def _checked(name: str, parameter: Parameter, value: ParameterValue) -> ParameterValue:
    match parameter:
        case FloatParameter():
            return _number(name, parameter, value)
        case BoolParameter():
            if not isinstance(value, bool):
                raise UsageError(f"{name} is a switch.", hint="Use true or false.")
            return value
        case ColorParameter():
            return _color(name, value)


def _number(name: str, parameter: FloatParameter, value: ParameterValue) -> float:
    hint = f"{name} goes from {parameter.min:g} to {parameter.max:g}."
    if isinstance(value, bool | tuple | list):
        raise UsageError(f"{name} is a number.", hint=hint)
    if not parameter.min <= value <= parameter.max:
        raise UsageError(f"{value:g} is out of range for {name}.", hint=hint)
    return float(value)


def _color(name: str, value: ParameterValue) -> tuple[float, float, float]:
    hint = "Write a colour as #rrggbb."
    if not isinstance(value, tuple | list) or len(value) != 3:
        raise UsageError(f"{name} is a colour.", hint=hint)
    if not all(0.0 <= channel <= 1.0 for channel in value):
        raise UsageError(f"{name} has a channel outside 0 to 1.", hint=hint)
    return float(value[0]), float(value[1]), float(value[2])
