"""Aliases and conversions for the quantities that cross module borders.

Audio is float32, shape (channels, samples), C-contiguous, nominal range [-1, 1]. Times are
seconds, rates are Hz, frame rates are exact fractions.
"""

import re
from fractions import Fraction
from typing import TYPE_CHECKING

from core.errors import UsageError

if TYPE_CHECKING:  # the command line imports this module, and shall not load numpy
    import numpy as np
    from numpy.typing import NDArray

type Audio = NDArray[np.float32]
"""float32, (channels, samples), C-contiguous, nominal range [-1, 1]."""

NTSC_RATES = {
    "23.976": Fraction(24000, 1001),
    "29.97": Fraction(30000, 1001),
    "59.94": Fraction(60000, 1001),
}
_NUMBER = re.compile(r"\d{1,15}(?:\.\d{0,30}|/0{0,9}[1-9]\d{0,14})?|\.\d{1,30}", re.ASCII)
"""A plain number or a fraction; an exponent could ask for a number of a billion digits."""
FRAME_RATES = ("23.976", "24", "25", "29.97", "30", "50", "59.94", "60")


def parse_fps(text: str) -> Fraction:
    """Return the exact frame rate named by `text`: 30, 29.97 or 30000/1001.

    Raises UsageError for anything outside 1 to 240 frames a second.
    """
    if not _NUMBER.fullmatch(text.strip()):
        raise UsageError(
            f"“{text[:40]}” is not a frame rate.", hint=f"Use one of {', '.join(FRAME_RATES)}."
        )
    fps = NTSC_RATES.get(text.strip()) or Fraction(text.strip())
    if not 1 <= fps <= 240:
        raise UsageError(f"{text} frames a second is out of range.", hint="Use 1 to 240.")
    return fps


def fps_text(fps: Fraction) -> str:
    """Return the short name of a frame rate: 30, 29.97."""
    for name, rate in NTSC_RATES.items():
        if rate == fps:
            return name
    return str(fps) if fps.denominator == 1 else f"{float(fps):.3f}"


def frame_at(time_s: Fraction, fps: Fraction) -> int:
    """Return the index of the frame whose display interval [n/fps, (n+1)/fps) holds `time_s`."""
    return int(time_s * fps // 1)


def samples_at(time_s: Fraction, sample_rate_hz: int) -> int:
    """Return the sample index nearest to `time_s`, halves up."""
    # In integers: an edit of a long recipe asks this thousands of times.
    whole = time_s.denominator
    return (2 * time_s.numerator * sample_rate_hz + whole) // (2 * whole)


def parse_time(text: str) -> Fraction:
    """Return seconds from `90`, `1:30`, `1:02:03.5`.

    Raises UsageError when the text is no time, negative or of more digits than any time has.
    """
    parts = [part.strip() for part in text.split(":", 3)]
    if len(parts) > 3 or not all(_NUMBER.fullmatch(part) for part in parts):
        shown = text if len(text) <= 40 else f"{text[:40]}…"
        raise UsageError(f"“{shown}” is not a time.", hint="Write 90, 1:30 or 1:02:03.5.")
    total = Fraction(0)
    for part in parts:
        total = total * 60 + Fraction(part)
    return total


def length_text(seconds: float) -> str:
    """Return a length for people: as `time_text`, below ten seconds with its tenths, 0:02.5."""
    tenths = round(seconds * 10)
    return f"0:{tenths // 10:02d}.{tenths % 10}" if tenths < 100 else time_text(seconds)


def time_text(seconds: float) -> str:
    """Return m:ss or h:mm:ss for people."""
    whole = round(seconds)
    hours, rest = divmod(whole, 3600)
    minutes, secs = divmod(rest, 60)
    return f"{hours}:{minutes:02d}:{secs:02d}" if hours else f"{minutes}:{secs:02d}"
