"""The lines of the clip panel: the scales of gains and fades, a fade's line, the clip's colour.

In: values. Out: values that the hand picked.
"""

from collections.abc import Callable
from fractions import Fraction
from typing import override

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from core.audio.recipe import FadeShape
from desktop import theme
from desktop.editor.clip_fields import (
    MAX_GAIN_DB,
    fade_words,
    from_db,
    gain_words,
    parse_gain,
    to_db,
)
from desktop.editor.fade_picker import FadePicker
from desktop.editor.slider_rows import Scale, SliderRow

MOST_FADE_S = 10.0
"""What a fade's slider reaches; longer ones are typed."""
FADE_CURVE = 3
GAIN_STEP_DB = 0.5
CATCH_DB = 0.2
"""So near 0 dB the slider catches."""


def _gain_at(place: float) -> float:
    """Return the gain at a place of the slider: 0 dB in the middle, in tenths of a decibel."""
    gain = 4.0 * place * place
    if gain < 1e-3:
        return 0.0
    gain_db = round(to_db(gain), 1)
    return 1.0 if abs(gain_db) <= CATCH_DB else min(from_db(gain_db), 4.0)


def _step_gain(gain: float, steps: int) -> float:
    start = to_db(gain) if gain > 1e-3 else -60.0
    after = min(start + steps * GAIN_STEP_DB, MAX_GAIN_DB)
    return 0.0 if after < -60.0 else min(from_db(after), 4.0)


def gain_scale() -> Scale:
    """Return the scale of a gain: -∞ to +12 dB."""
    return Scale(
        at=_gain_at,
        place=lambda gain: (gain / 4.0) ** 0.5,
        step=_step_gain,
        words=gain_words,
        parse=parse_gain,
        default=1.0,
    )


class FadeScale:
    """The way of a fade's slider: fine where fades are short, up to what the clip has room for."""

    def __init__(self, parse: Callable[[str], object]) -> None:
        self.most_s = MOST_FADE_S
        self.scale = Scale(
            at=self._at,
            place=lambda value: (value / self.most_s) ** (1 / FADE_CURVE) if self.most_s else 0.0,
            step=self._step,
            words=lambda value: fade_words(Fraction(value)),
            parse=parse,
        )

    def _at(self, place: float) -> float:
        value = self.most_s * place**FADE_CURVE
        grain = 0.01 if value < 1 else 0.05
        return min(round(value / grain) * grain, self.most_s)

    def _step(self, value: float, steps: int) -> float:
        grain = 0.01 if value + steps * 1e-6 < 1 else 0.05
        return min(max(value + steps * grain, 0.0), max(self.most_s, value))


class Chip(QWidget):
    """The colour that the clip has in the waveform."""

    def __init__(self) -> None:
        super().__init__()
        self.hue = "violet"
        self.setFixedSize(10, 10)

    def set_hue(self, hue: str) -> None:
        """Take a colour of the theme."""
        self.hue = hue
        self.update()

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color(self.hue))
        painter.drawRoundedRect(QRectF(self.rect()), 3, 3)
        painter.end()


class FadeRow(SliderRow):
    """One fade: its length and shape; a crossfade where the clips overlap."""

    def __init__(self, name: str, parse: Callable[[str], object], *, falls: bool) -> None:
        self.fade = FadeScale(parse)
        self.picker = FadePicker(f"{name}, shape", falls=falls)
        self.crosses = False
        """Whether it stands for a crossfade; stays as it is while the slider is held."""
        super().__init__(name, self.fade.scale, self.picker)

    def show_fade(
        self, name: str, seconds: float | None, shape: FadeShape | None, *, room_s: float
    ) -> None:
        """Show a fade that may be `room_s` long; None: several that differ."""
        self.set_name(name, name.replace("Crossfade", "Cross"))
        self.picker.set_name(f"{name}, shape")
        self.picker.show_shape(shape)
        if not self.is_dragged:
            self.fade.most_s = max(min(room_s, MOST_FADE_S), seconds or 0.0)
        self.show_value(seconds)
