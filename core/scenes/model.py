"""The scene as a value: a shareable, self-contained description of a picture.

A scene is layers drawn in order; each layer is a fragment shader with typed parameters; each
parameter may be moved by features of the sound. A scene file is `<name>.scene.json` with its
shaders beside it; loading inlines the shaders, so that a `Scene` in a plan depends on no file.
"""

import msgspec

SCENE_VERSION = 1

ParameterValue = float | bool | tuple[float, float, float]
"""A number, a switch, or a colour (linear RGB, 0 to 1)."""


class FloatParameter(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="float"):
    """A number with a range and a unit for the control that shows it."""

    name: str
    label: str
    default: float
    min: float = 0.0
    max: float = 1.0
    step: float = 0.01
    hint: str = ""


class ColorParameter(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="color"):
    """A colour, linear RGB."""

    name: str
    label: str
    default: tuple[float, float, float]
    hint: str = ""


class BoolParameter(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="bool"):
    """A switch."""

    name: str
    label: str
    default: bool
    hint: str = ""


Parameter = FloatParameter | ColorParameter | BoolParameter


class Modulation(msgspec.Struct, frozen=True, kw_only=True):
    """How one feature moves one shader uniform.

    value(t) = base + amount * curve(smooth(feature(t) - threshold)), or, with `integrate`, the
    integral of that over time from the start of the track (law 7: anything accumulated is
    integrated once, in the modulation track).
    """

    feature: str
    """A feature column (`bass.envelope`, `rms`, `beat_phase` …), `event:<kind>` for impulses at
    events of that kind (`event:onset`), `age:<kind>` for the seconds since the last one
    (`age:<kind>:2` since the one before), or `one`, which is always 1."""
    uniform: str
    """The shader uniform that receives the value."""
    base: float = 0.0
    amount: float = 1.0
    amount_parameter: str = ""
    """Name of a float parameter of the layer that multiplies `amount`; empty: none."""
    curve: float = 1.0
    """Exponent on the value after the threshold."""
    threshold: float = 0.0
    attack_s: float = 0.0
    release_s: float = 0.0
    integrate: bool = False
    wrap: float = 0.0
    """Where above 0, the uniform is taken modulo this: angles and scrolls stay small."""


class ShaderLayer(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="shader"):
    """A layer drawn per pixel by a fragment shader of ours (see docs/scenes.md for its uniforms).

    The shader is a function of a ray, so that flat, 360 degrees mono and stereo come natively:
    `vec4 shade(Ray ray)` returns linear RGB and alpha.
    """

    name: str
    title: str
    fragment: str
    """GLSL source; in a scene file the name of the file beside it."""
    blend: str = "normal"
    """normal, add or screen."""
    opacity: float = 1.0
    parameters: tuple[Parameter, ...] = ()
    modulations: tuple[Modulation, ...] = ()


Layer = ShaderLayer


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """A picture that reacts to sound."""

    version: int = SCENE_VERSION
    name: str
    """Identifier: lower case letters, digits and dashes."""
    title: str
    description: str = ""
    author: str = ""
    license: str = ""
    cost: str = "medium"
    """light, medium or heavy: what a pixel costs."""
    layers: tuple[Layer, ...]


class SceneSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A scene in a list."""

    name: str
    title: str
    description: str = ""
    cost: str = "medium"
    thumbnail: str | None = None
    """Path of a PNG, when there is one."""


class Cue(msgspec.Struct, frozen=True, kw_only=True):
    """From `start_s` on, this scene with these values."""

    start_s: float = 0.0
    scene: str = ""
    """Name of the scene."""
    values: dict[str, ParameterValue] = {}
    """Values that differ from the scene's defaults, by `layer.param`."""
    transition_s: float = 0.0
    """Length of the cross-fade into this cue; 0 is a cut."""
