"""Where the ruler's ticks and labels lie. Pure; no painting.

In: the viewport, the unit, the beats. Out: ticks whose labels never touch.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from core.units import time_text
from desktop.editor.state import TimeUnit
from desktop.editor.viewport import EditorViewport
from desktop.stage.beats import Beats

TIME_STEPS_S = (
    *(digit * 10.0**power for power in range(-6, 0) for digit in (1, 2, 5)),
    *(1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 7200.0),
)
CHAR_PX = 6.4
LABEL_ROOM_PX = 22.0
MINOR_GAP_PX = 6.0
MAX_TICKS = 2000


@dataclass(frozen=True, slots=True)
class Tick:
    """A line on the ruler; `text` is empty for a short one."""

    x: float
    text: str = ""


def ticks(viewport: EditorViewport, unit: TimeUnit, beats: Beats) -> list[Tick]:
    """Return the ticks of what is on screen, from left to right."""
    if unit is TimeUnit.BARS and len(beats.times_s) > 1:
        return _bar_ticks(viewport, beats)
    if unit is TimeUnit.SAMPLES:
        return _sample_ticks(viewport)
    return _time_ticks(viewport)


def label_px(text: str) -> float:
    """Return about how wide a label is."""
    return len(text) * CHAR_PX


def time_label(time_s: float, step_s: float) -> str:
    """Return a label as exact as its step: 1:05, 1:05.25."""
    if step_s >= 1:
        return time_text(time_s)
    digits = max(1, math.ceil(-math.log10(step_s) - 1e-9))
    scale = 10**digits
    whole, part = divmod(round(time_s * scale), scale)
    return f"{time_text(whole)}.{part:0{digits}d}"


def _time_ticks(viewport: EditorViewport) -> list[Tick]:
    def room(step_s: float) -> float:
        return label_px(time_label(viewport.end_s, step_s)) + LABEL_ROOM_PX

    step_s = next(
        (step for step in TIME_STEPS_S if step * viewport.px_per_s >= room(step)),
        TIME_STEPS_S[-1],
    )
    return _even(viewport, step_s, lambda time_s: time_label(time_s, step_s))


def _sample_ticks(viewport: EditorViewport) -> list[Tick]:
    rate = viewport.sample_rate_hz
    room = label_px(f"{viewport.end_s * rate:,.0f}") + LABEL_ROOM_PX
    least = max(1.0, room / viewport.px_per_sample)
    power = 10.0 ** math.floor(math.log10(least))
    step = next(power * digit for digit in (1, 2, 5, 10) if power * digit >= least - 1e-9)
    return _even(viewport, step / rate, lambda time_s: f"{round(time_s * rate):,}")


def _even(viewport: EditorViewport, step_s: float, text: Callable[[float], str]) -> list[Tick]:
    parts = next((n for n in (5, 4, 2) if step_s * viewport.px_per_s / n >= MINOR_GAP_PX), 1)
    first = max(0, math.floor(viewport.start_s / step_s) * parts)
    last = min(math.ceil(viewport.end_s / step_s) * parts, first + MAX_TICKS)
    found = []
    for number in range(first, last + 1):
        time_s = number * step_s / parts
        label = text(time_s) if number % parts == 0 else ""
        found.append(Tick(viewport.x_of(time_s), label))
    return found


def _bar_ticks(viewport: EditorViewport, beats: Beats) -> list[Tick]:
    shown = beats.within(viewport.start_s, viewport.end_s)
    if len(shown) < 2:
        return _time_ticks(viewport)
    width = viewport.x_of(beats.times_s[shown[-1]]) - viewport.x_of(beats.times_s[shown[0]])
    pitch = width / (len(shown) - 1)
    room = label_px("888.8") + LABEL_ROOM_PX
    every = 1  # beats between two labels
    if pitch < room:
        every = beats.beats_per_bar
        while pitch * every < room and every < 1 << 20:
            every *= 2
    found = []
    for index in shown:
        place = index - beats.first_downbeat
        x = viewport.x_of(beats.times_s[index])
        if place % every == 0:
            bar, beat = divmod(place, beats.beats_per_bar)
            found.append(Tick(x, f"{bar + 1}.{beat + 1}" if every == 1 else f"{bar + 1}"))
        elif pitch >= MINOR_GAP_PX or (
            place % beats.beats_per_bar == 0 and pitch * beats.beats_per_bar >= MINOR_GAP_PX
        ):
            found.append(Tick(x))
    return found
