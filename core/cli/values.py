"""Argument types: times, sizes, frame rates.

In: a word of the command line. Out: the typed value; a wrong one is wrong usage (exit status 2).
"""

import re
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import click

from core.analysis.beat_edit import parse_beats
from core.errors import KnownError, UsageError
from core.units import parse_fps, parse_time

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


def _seconds(text: str) -> float:
    return float(parse_time(text))


TIME = Value("time", parse_time)
SECONDS = Value("time", _seconds)
FPS = Value("fps", parse_fps)
BYTES = Value("size", parse_bytes)
BEATS = Value("beats", parse_beats)
