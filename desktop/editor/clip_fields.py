"""What a person reads and types for a clip: times, gains, fades, and what is wrong with them.

In: a clip as it lies in the mix, typed text. Out: words, exact values, `ClipEdit`s. No widgets.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from core.audio.arrangement import Arrangement, PlacedClip
from core.audio.recipe import MAX_GAIN, MIN_CLIP_S, Clip, FadeShape
from core.errors import UsageError
from core.library.model import Asset
from core.units import parse_time
from desktop.history import GESTURE
from desktop.words import precise_time

MAX_GAIN_DB = 12.0
SILENT = {"-inf", "-∞", "-inf db", "-∞ db"}
NO_FADE = {"", "off", "none", "no"}
SLACK_S = Fraction(1, 1000)
"""Fields show milliseconds; a typed end may be that much past the true one."""
_CLOCK = re.compile(r"\d+(:[0-5]?\d){0,2}(\.\d*)?|\.\d+")
_UNITS = re.compile(r"(?P<number>.*?)\s*(?P<unit>ms|min|s|sec)?", re.IGNORECASE)
_SCALES = {"ms": Fraction(1, 1000), "min": Fraction(60)}

FieldValue = str | bool | float | Fraction | FadeShape


class ClipField(StrEnum):
    """What can be set of a clip; the values that a `Clip` holds itself go by its own names."""

    NAME = "name"
    START = "start_s"
    END = "end_s"
    LENGTH = "length_s"
    POSITION = "position_s"
    """Where the clip begins in the mix."""
    GAIN = "gain"
    """Linear."""
    FADE_IN = "fade_in_s"
    FADE_OUT = "fade_out_s"
    FADE_IN_SHAPE = "fade_in_shape"
    FADE_OUT_SHAPE = "fade_out_shape"
    CROSSFADE = "crossfade_s"
    """How long the clip overlaps the one before it."""
    CROSSFADE_SHAPE = "crossfade_shape"
    MUTED = "muted"


EDIT_TEXTS = {
    ClipField.NAME: "Rename clip",
    ClipField.START: "Change start",
    ClipField.END: "Change end",
    ClipField.LENGTH: "Change length",
    ClipField.POSITION: "Move clip",
    ClipField.GAIN: "Change gain",
    ClipField.FADE_IN: "Change fade in",
    ClipField.FADE_OUT: "Change fade out",
    ClipField.FADE_IN_SHAPE: "Change fade in",
    ClipField.FADE_OUT_SHAPE: "Change fade out",
    ClipField.CROSSFADE: "Change crossfade",
    ClipField.CROSSFADE_SHAPE: "Change crossfade",
    ClipField.MUTED: "Mute clip",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipValue:
    """What one field of one clip shall be."""

    index: int
    field: ClipField
    value: FieldValue
    """str for a name, Fraction seconds for times, float for gain, FadeShape, bool for mute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipEdit:
    """One change of one or several clips: one undo step."""

    values: tuple[ClipValue, ...]
    text: str
    """The name of the undo step."""
    merge_key: str = ""
    """Edits of equal keys are one step; those of a drag begin with `GESTURE`."""
    gesture_id: int = 0
    """The drag that it is part of, 0: none; less than 0, so that it is no other widget's."""


def gesture_of(merge_key: str) -> int:
    """Return the drag that a merge key names, 0: none."""
    return int(merge_key.removeprefix(GESTURE)) if merge_key.startswith(GESTURE) else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipView:
    """A clip as the panels show it; times are exact seconds."""

    placed: PlacedClip
    asset: Asset
    sample_rate_hz: int
    """Of the mix."""
    after: PlacedClip | None = None

    @property
    def clip(self) -> Clip:
        """The clip itself."""
        return self.placed.clip

    @property
    def name(self) -> str:
        """Its name, or the track's where it has none."""
        return self.clip.name or self.asset.title

    @property
    def asset_s(self) -> Fraction:
        """Length of the whole track."""
        return Fraction(self.asset.pcm.n_samples, self.asset.pcm.sample_rate_hz)

    @property
    def start_s(self) -> Fraction:
        """In point in the track."""
        return self.clip.start_s

    @property
    def end_s(self) -> Fraction:
        """Out point in the track."""
        return self.asset_s if self.clip.end_s is None else self.clip.end_s

    @property
    def length_s(self) -> Fraction:
        """How long it is."""
        return self.end_s - self.start_s

    @property
    def position_s(self) -> Fraction:
        """Where it begins in the mix."""
        return Fraction(self.placed.start, self.sample_rate_hz)

    @property
    def crossfade_in_s(self) -> Fraction:
        """How long it overlaps the clip before."""
        return Fraction(self.placed.overlap, self.sample_rate_hz)

    @property
    def crossfade_out_s(self) -> Fraction:
        """How long the clip after overlaps it."""
        return Fraction(self.after.overlap if self.after else 0, self.sample_rate_hz)

    def free_s(self, field: ClipField) -> Fraction:
        """Return how long a fade may be beside the one at the other end."""
        other = self.clip.fade_out_s if field is ClipField.FADE_IN else self.clip.fade_in_s
        taken = self.crossfade_out_s if field is ClipField.FADE_IN else self.crossfade_in_s
        return max(self.length_s - (taken or other), Fraction(0))


def view_clip(arrangement: Arrangement, assets: Mapping[str, Asset], index: int) -> ClipView:
    """Return clip `index` of the mix as panels show it."""
    placed = arrangement.clips[index]
    last = index + 1 == len(arrangement.clips)
    return ClipView(
        placed=placed,
        asset=assets[placed.clip.asset_id],
        sample_rate_hz=arrangement.sample_rate_hz,
        after=None if last else arrangement.clips[index + 1],
    )


# --- words --------------------------------------------------------------------------------


def to_db(gain: float) -> float:
    """Return decibels of a linear gain, -inf for 0."""
    return 20 * math.log10(gain) if gain > 0 else -math.inf


def from_db(gain_db: float) -> float:
    """Return the linear gain of decibels."""
    return 10 ** (gain_db / 20)


def signed(value: float, digits: int = 1) -> str:
    """Return a number with its sign: +3.0, 0.0, −1.5, −∞."""
    if value == -math.inf:
        return "−∞"
    text = f"{value:+.{digits}f}"
    return text[1:] if not float(text) else text.replace("-", "−")


def gain_words(gain: float) -> str:
    """Return a linear gain as decibels: −1.5 dB."""
    return f"{signed(to_db(gain))} dB"


def percent_words(gain: float) -> str:
    """Return a linear gain as percent: 84 %."""
    return f"{gain * 100:.0f} %"


def moment_words(seconds: Fraction) -> str:
    """Return a time: 1:16.800."""
    return precise_time(float(seconds))


def fade_words(seconds: Fraction) -> str:
    """Return a fade's length: Off, 120 ms, 1.25 s."""
    millis = round(seconds * 1000)
    if not millis:
        return "Off"
    if millis < 1000:
        return f"{millis} ms"
    if millis < 60_000:
        return f"{millis / 1000:.2f}".rstrip("0").rstrip(".") + " s"
    return precise_time(float(seconds))


# --- parsing ------------------------------------------------------------------------------


def _plain(text: str) -> str:
    return text.strip().replace("−", "-").replace(",", ".")


def parse_moment(text: str, now: Fraction) -> Fraction:
    """Return seconds from 62.5, 1:02.5 or 250 ms; +0.5 and -0.5 count from `now`.

    Raises UsageError with the sentence to show.
    """
    words = _plain(text)
    sign = words[:1] if words[:1] in ("+", "-") else ""
    parts = _UNITS.fullmatch(words[len(sign) :].strip())
    number, unit = (parts["number"], (parts["unit"] or "").lower()) if parts else ("", "")
    if not _CLOCK.fullmatch(number) or (unit in _SCALES and ":" in number):
        raise UsageError(f"“{text.strip()}” is not a time.", hint="Write 62.5, 1:02.5 or +0.5.")
    value = parse_time(number) * _SCALES.get(unit, Fraction(1))
    if sign:
        value = now + value if sign == "+" else now - value
    if value < 0:
        raise UsageError("That is before the beginning.", hint="Write 0 or more.")
    return value


def parse_fade(text: str, now: Fraction) -> Fraction:
    """Return the length of a fade from 0.25, 250 ms, off, +0.1."""
    return Fraction(0) if text.strip().lower() in NO_FADE else parse_moment(text, now)


def parse_gain(text: str) -> float:
    """Return the linear gain of -3, -3 dB, 50 % or -inf.

    Raises UsageError when it is no number, or over +12 dB (400 %).
    """
    words = _plain(text).lower()
    if words in SILENT:
        return 0.0
    is_percent = words.endswith("%")
    number = words.removesuffix("%").removesuffix("db").strip()
    if not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)", number):
        raise UsageError(
            f"“{text.strip()}” is not a gain.", hint="Write -3 (dB), 50 % or -inf for silence."
        )
    gain = float(number) / 100 if is_percent else from_db(min(float(number), 200.0))
    if gain < 0:
        raise UsageError("A gain is at least 0 %.", hint="Write 0 % or -inf for silence.")
    if gain > MAX_GAIN * 1.003:  # +12 dB is 398 %; both ends of the scale are welcome
        raise UsageError("The most is +12 dB, 400 %.", hint="Match loudness makes the mix louder.")
    return min(gain, MAX_GAIN)


def parse_field(field: ClipField, text: str, view: ClipView) -> FieldValue:
    """Return what typed text makes of a clip's field; UsageError when it cannot be."""
    if field is ClipField.NAME:
        return text.strip()
    if field is ClipField.GAIN:
        return parse_gain(text)
    now = READERS[field](view)
    if field in (ClipField.FADE_IN, ClipField.FADE_OUT, ClipField.CROSSFADE):
        return fitting_fade(field, parse_fade(text, now), view)
    return fitting_time(field, parse_moment(text, now), view)


def fitting_time(field: ClipField, value: Fraction, view: ClipView) -> Fraction:
    """Return a start, end, length or position if the clip can have it."""
    if field is ClipField.POSITION:
        return value
    end = {ClipField.START: view.end_s, ClipField.LENGTH: view.start_s + value}.get(field, value)
    start = value if field is ClipField.START else view.start_s
    if view.asset_s < end <= view.asset_s + SLACK_S:
        value, end = value - (end - view.asset_s), view.asset_s
    if end > view.asset_s:
        raise UsageError(
            f"“{view.asset.title}” ends at {moment_words(view.asset_s)}.",
            hint="A clip cannot go past the end of its track.",
        )
    if end - start < MIN_CLIP_S:
        if field is ClipField.START:
            text = f"The clip ends at {moment_words(view.end_s)}; it lasts at least 0.1 s."
        elif field is ClipField.END:
            text = f"The clip starts at {moment_words(view.start_s)}; it lasts at least 0.1 s."
        else:
            text = "A clip lasts at least 0.1 s."
        raise UsageError(text, hint="Choose a longer stretch.")
    return value


def room_s(field: ClipField, view: ClipView) -> Fraction:
    """Return how long a fade or crossfade of a clip may be."""
    if field is ClipField.CROSSFADE:
        return Fraction(view.placed.n_samples, view.sample_rate_hz)
    return view.free_s(field)


def fitting_fade(field: ClipField, value: Fraction, view: ClipView) -> Fraction:
    """Return a fade's length if it has room in the clip."""
    room = room_s(field, view)
    if value > room + SLACK_S:
        sentence = f"There is room for {fade_words(room)} in this clip."
        if not round(room * 1000):
            sentence = "There is no room for a fade in this clip."
        raise UsageError(sentence, hint="Write 0.25 or 250 ms, or make the clip longer.")
    return min(value, room)


READERS: dict[ClipField, Callable[[ClipView], Fraction]] = {
    ClipField.START: lambda view: view.start_s,
    ClipField.END: lambda view: view.end_s,
    ClipField.LENGTH: lambda view: view.length_s,
    ClipField.POSITION: lambda view: view.position_s,
    ClipField.FADE_IN: lambda view: view.clip.fade_in_s,
    ClipField.FADE_OUT: lambda view: view.clip.fade_out_s,
    ClipField.CROSSFADE: lambda view: view.crossfade_in_s,
}
