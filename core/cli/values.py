"""Argument types: times, sizes, frame rates, decibels, loudness.

In: a word of the command line. Out: the typed value; a wrong one is wrong usage (exit status 2).
"""

import re
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import click

from core.analysis.beat_edit import parse_beats
from core.audio.loudness_targets import parse_target
from core.errors import KnownError, UsageError
from core.units import parse_fps, parse_time

type Span = tuple[Fraction, Fraction | None]
"""Start and end of a stretch in seconds; None: the end of the sound."""

_NUMBER = re.compile(r"[+-]?\d{1,9}(?:\.\d{0,9})?", re.ASCII)
_BIT_RATE = re.compile(r"(\d{1,7}(?:\.\d{0,3})?)\s*(k(?:bit/s|bps|b)?)?", re.IGNORECASE | re.ASCII)
_HIGHEST_IN_K = 4000
_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}


class Value[T](click.ParamType[T]):
    """A word that a function of ours turns into a value."""

    def __init__(self, name: str, parse: Callable[[str], T]) -> None:
        self.name = name
        self._parse = parse

    def convert(
        self,
        value: Any,  # noqa: ANN401 - click's own signature
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> T:
        """Return the value of a word; fail as wrong usage with our sentence and hint."""
        try:
            return self._parse(str(value))
        except KnownError as error:
            self.fail(f"{error.message} {error.hint}".strip(), param, ctx)


def parse_bytes(text: str) -> int:
    """Return a size: 1500, 200MB, 1.5 GB, 2GiB."""
    match = re.fullmatch(r"([\d.]+)\s*([KMGT]?)(i?)B?", text.strip(), re.IGNORECASE)
    try:
        number = Fraction(match[1]) if match else Fraction(0)
    except ValueError:
        number = Fraction(0)
    if match is None or number <= 0:
        raise UsageError(f"“{text}” is not a size.", hint="Write 500MB or 2GB.")
    unit = _UNITS[match[2].upper()]
    if match[3]:
        unit = 1024 ** list(_UNITS.values()).index(unit)
    return int(number * unit)


def parse_span(text: str) -> Span:
    """Return a stretch: 0:10-1:02.5, 0:10- (to the end), -1:02.5 (from the start)."""
    first, dash, last = text.replace("–", "-").partition("-")
    if not dash or not (first.strip() or last.strip()):
        raise UsageError(
            f"“{text[:40]}” is not a stretch.", hint="Write 0:10-1:02.5, 0:10- or -1:02.5."
        )
    start_s = parse_time(first) if first.strip() else Fraction(0)
    end_s = parse_time(last) if last.strip() else None
    if end_s is not None and end_s <= start_s:
        raise UsageError(
            f"The stretch {text[:40]} ends where it begins or before.", hint="Exchange the two."
        )
    return start_s, end_s


def number_in(low: float, high: float, unit: str) -> Callable[[str], float]:
    """Return a function that reads a number of some unit within limits."""

    def parse(text: str) -> float:
        words = text.strip().lower().replace("−", "-").removesuffix(unit.lower()).strip()
        if not _NUMBER.fullmatch(words) or not low <= float(words) <= high:
            raise UsageError(
                f"“{text[:40]}” is out of range.", hint=f"Use {low:g} to {high:g} {unit}."
            )
        return float(words)

    return parse


def parse_bit_rate(text: str) -> int:
    """Return bits a second: 192k, 192 kbit/s, 192000; a bare number under 4000 is in kbit/s."""
    match = _BIT_RATE.fullmatch(text.strip())
    if match is None or not float(match[1]):
        raise UsageError(f"“{text[:40]}” is not a bit rate.", hint="Write 192k.")
    number = Fraction(match[1])
    return int(number * 1000 if match[2] or number < _HIGHEST_IN_K else number)


def _loudness(text: str) -> str:
    """Return the words for a loudness once they are known to mean one."""
    parse_target(text)
    return text


def _seconds(text: str) -> float:
    return float(parse_time(text))


TIME = Value("time", parse_time)
SECONDS = Value("time", _seconds)
FPS = Value("fps", parse_fps)
BYTES = Value("size", parse_bytes)
BEATS = Value("beats", parse_beats)
SPAN = Value("span", parse_span)
DECIBELS = Value("decibels", number_in(-90, 12, "dB"))
HIGH_PASS = Value("frequency", number_in(20, 2000, "Hz"))
BIT_RATE = Value("bit rate", parse_bit_rate)
LOUDNESS = Value("loudness", _loudness)
