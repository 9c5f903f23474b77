"""Modulation stage: what the sound does to a scene's uniforms, over the whole track at once.

In: a scene, its values, the features. Out: a `ModulationTrack`: every modulated uniform, with all
smoothing and all integration over time done here and nowhere else (DESIGN law 7), so that a frame
stays a function of its index alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from scipy.signal import lfilter

from core.analysis.bands import GRID_COLUMNS
from core.analysis.features import HOP_S, Features
from core.errors import NotFoundError, SceneError
from core.scenes.lines import AgeLine, Column, CurveLine, ImpulseLine, Line, PhaseLine, UniformLine
from core.scenes.model import Layer, Modulation, ParameterValue, Scene
from core.scenes.values import layer_values

EVENT_PREFIX = "event:"
"""`event:<kind>` names impulses at events of a kind instead of a column."""
AGE_PREFIX = "age:"
"""`age:<kind>` is the time since the last event of a kind, `age:<kind>:2` since the one before."""
CONSTANT = "one"
"""A feature that is always 1, for motion that only a parameter drives."""
DEFAULT_FLASH_S = 0.12
"""Release of an impulse that names none."""
_DT_S = float(HOP_S)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModulationTrack:
    """Every modulated uniform of a scene, by `layer.uniform`."""

    lines: Mapping[str, UniformLine]

    def frame(self, frame_index: int, fps: Fraction) -> dict[str, float]:
        """Return all values for a frame; the same in whatever order frames are asked."""
        return {name: line.over_frame(frame_index, fps) for name, line in self.lines.items()}

    def at(self, time_s: float) -> dict[str, float]:
        """Return the values at a time, as a frame of one millisecond there would have them."""
        return self.frame(int(time_s * 1000.0 + 1e-3), Fraction(1000))


def build_track(
    scene: Scene, values: Mapping[str, ParameterValue], features: Features
) -> ModulationTrack:
    """Compute the modulation of a scene over the whole track.

    Parameters
    ----------
    values : values that differ from the scene's defaults, by `layer.param`
    features : the track's features, one row per 1/100 s

    Raises
    ------
    SceneError
        When a modulation names a feature or an event that does not exist.
    """
    lines: dict[str, UniformLine] = {}
    for layer in scene.layers:
        settings = layer_values(layer, values)
        for name in dict.fromkeys(m.uniform for m in layer.modulations):
            parts = [m for m in layer.modulations if m.uniform == name]
            lines[f"{layer.name}.{name}"] = UniformLine(
                base=sum(part.base for part in parts),
                parts=tuple(_line(layer, part, settings, features) for part in parts),
                wrap=max(part.wrap for part in parts),
            )
    return ModulationTrack(lines=lines)


def smooth(values: Column, *, attack_s: float, release_s: float) -> Column:
    """Follow `values` (>= 0) up in about `attack_s` and down in about `release_s`, per hop.

    The value is held and falls by exp(-dt / release), and a one-pole low-pass of
    1 - exp(-dt / attack) follows that: a decoupled peak follower (Giannoulis, Massberg and Reiss,
    Digital Dynamic Range Compressor Design, 2012, eq. 17). Both are whole-array operations: the
    running maximum is taken of log(value) + t / release.
    """
    out = values
    if release_s > 0:
        slope = np.arange(len(out)) * (_DT_S / release_s)
        with np.errstate(divide="ignore"):
            out = np.exp(np.maximum.accumulate(np.log(np.maximum(out, 0.0)) + slope) - slope)
    if attack_s > 0:
        keep = float(np.exp(-_DT_S / attack_s))
        out, _ = lfilter([1.0 - keep], [1.0, -keep], out, zi=out[:1] * keep)
    return np.asarray(out, np.float64)


def _line(
    layer: Layer, part: Modulation, settings: Mapping[str, ParameterValue], features: Features
) -> Line:
    amount = part.amount * _factor(layer, part, settings)
    try:
        if part.feature.startswith(EVENT_PREFIX):
            return _impulses(part, amount, features)
        if part.feature.startswith(AGE_PREFIX):
            return _age(part, amount, features)
        if part.feature in GRID_COLUMNS and not (part.integrate or part.attack_s > 0):
            return PhaseLine(
                features=features, column=part.feature, amount=amount, curve=part.curve
            )
        return CurveLine(amount * _curve(part, features))
    except NotFoundError as error:
        raise SceneError(
            f"The uniform “{part.uniform}” of layer “{layer.name}” follows the feature "
            f"“{part.feature}”, which does not exist.",
            hint=error.hint,
        ) from error


def _factor(layer: Layer, part: Modulation, settings: Mapping[str, ParameterValue]) -> float:
    """Return the value of the parameter that scales a modulation, 1 when none does."""
    value = settings.get(f"{layer.name}.{part.amount_parameter}", 1.0)
    return float(value) if isinstance(value, int | float) else 1.0


def _impulses(part: Modulation, amount: float, features: Features) -> ImpulseLine:
    times_s, strengths = _events(part.feature.removeprefix(EVENT_PREFIX), part, features)
    return ImpulseLine(
        times_s=times_s,
        heights=amount * strengths**part.curve,
        release_s=part.release_s or DEFAULT_FLASH_S,
    )


def _age(part: Modulation, amount: float, features: Features) -> AgeLine:
    kind, _, nth = part.feature.removeprefix(AGE_PREFIX).partition(":")
    times_s, _ = _events(kind, part, features)
    return AgeLine(times_s=times_s, nth=int(nth) if nth.isdigit() else 1, amount=amount)


def _events(kind: str, part: Modulation, features: Features) -> tuple[Column, Column]:
    """Return times and strengths of the events that are stronger than the threshold."""
    events = features.events(kind)
    strengths = np.asarray(events.strengths, np.float64)
    kept = strengths > part.threshold
    return np.asarray(events.times_s, np.float64)[kept], strengths[kept]


def _curve(part: Modulation, features: Features) -> Column:
    if part.feature == CONSTANT:
        column = np.ones(features.header.n_hops)
    else:
        column = features.column(part.feature).astype(np.float64)
    column = np.maximum(column - part.threshold, 0.0)
    column = smooth(column, attack_s=part.attack_s, release_s=part.release_s)
    if part.curve != 1.0:
        column = column**part.curve
    return _integral(column) if part.integrate else column


def _integral(column: Column) -> Column:
    """Integrate over time by trapezoids; 0 at the start of the track."""
    total = np.zeros_like(column)
    np.cumsum((column[1:] + column[:-1]) * (_DT_S / 2), out=total[1:])
    return total
