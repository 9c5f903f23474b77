"""The numbers of the effects in plain words: their sliders' ways, and what may be typed.

In: an effect's kind. Out: `Knob`s and their scales. No widgets.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

from core.audio.recipe import Compressor, Effect, HighPass
from core.errors import UsageError
from desktop.editor.clip_fields import signed
from desktop.editor.slider_rows import Scale

_NUMBER = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))\s*(ms|khz|hz|db|s|k)?(?:\s*:\s*1)?")
_UNITS = {"ms": 0.001, "k": 1000.0, "khz": 1000.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Knob:
    """One number of an effect, in plain words."""

    field: str
    text: str
    tip: str
    words: Callable[[float], str]
    grain: float
    """What values are rounded to, and a step of the keyboard."""
    is_even: bool = True
    """Whether the slider's way is even; otherwise each part of it multiplies alike."""
    least: float | None = None
    most: float | None = None
    """What the slider reaches where that is less than what may be typed."""


def _db(value: float) -> str:
    return f"{signed(value)} dB"


def _plain_db(value: float) -> str:
    return f"{value:.1f} dB"


def _hertz(value: float) -> str:
    return f"{value:.0f} Hz" if value < 1000 else f"{value / 1000:.2f} kHz"


def _seconds(value: float) -> str:
    return f"{value * 1000:.3g} ms" if value < 1 else f"{value:.2f} s"


def _ratio(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0") + " : 1"


KNOBS: dict[type[Effect], tuple[Knob, ...]] = {
    HighPass: (
        Knob(
            field="frequency_hz",
            text="Cut below",
            tip="What lies below is taken away; 80 Hz suits voices",
            words=_hertz,
            grain=1.0,
            is_even=False,
        ),
    ),
    Compressor: (
        Knob(
            field="threshold_db",
            text="Threshold",
            tip="What is louder than this is turned down",
            words=_db,
            grain=0.5,
        ),
        Knob(
            field="ratio",
            text="Ratio",
            tip="How much it is turned down: 2 : 1 halves what is over the threshold",
            words=_ratio,
            grain=0.1,
            is_even=False,
        ),
        Knob(
            field="knee_db",
            text="Knee",
            tip="How gently it sets in around the threshold",
            words=_plain_db,
            grain=0.5,
        ),
        Knob(
            field="attack_s",
            text="Attack",
            tip="How fast it turns down; slower lets beats through",
            words=_seconds,
            grain=0.001,
            is_even=False,
            least=0.001,
            most=0.3,
        ),
        Knob(
            field="release_s",
            text="Release",
            tip="How fast it lets go again",
            words=_seconds,
            grain=0.005,
            is_even=False,
            least=0.01,
            most=2.0,
        ),
        Knob(
            field="makeup_db",
            text="Make-up",
            tip="Gain after compression, to make up for what was turned down",
            words=_db,
            grain=0.5,
        ),
    ),
}


def parse_number(text: str, low: float, high: float, words: Callable[[float], str]) -> float:
    """Return a number typed with or without its unit: 80, 80 Hz, 1.2 kHz, 20 ms, 2 : 1, -3 dB.

    Raises UsageError when it is none or out of range.
    """
    match = _NUMBER.fullmatch(text.strip().lower().replace("−", "-").replace(",", "."))
    if match is None:
        raise UsageError(f"“{text.strip()}” is not a value.", hint=f"Write {words(low)}, say.")
    value = float(match[1]) * _UNITS.get(match[2] or "", 1.0)
    if match[2] is None and words is _seconds:
        value /= 1000  # the field shows milliseconds
    if not low <= value <= high:
        raise UsageError(f"Choose {words(low)} to {words(high)}.", hint="")
    return value


def knob_scale(knob: Knob, low: float, high: float, default: float) -> Scale:
    """Return the scale of a knob whose value may be `low` to `high`."""
    least = low if knob.least is None else knob.least
    most = high if knob.most is None else knob.most

    def at(place: float) -> float:
        if knob.is_even:
            value = least + place * (most - least)
        else:
            value = least * (most / least) ** place
        return min(max(round(round(value / knob.grain) * knob.grain, 6), least), most)

    def place(value: float) -> float:
        value = min(max(value, least), most)
        if knob.is_even:
            return (value - least) / (most - least)
        return math.log(value / least) / math.log(most / least)

    return Scale(
        at=at,
        place=place,
        step=lambda value, steps: min(max(round(value + steps * knob.grain, 6), low), high),
        words=knob.words,
        parse=lambda text: parse_number(text, low, high, knob.words),
        default=default,
    )
