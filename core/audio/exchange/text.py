"""What all text formats share: bytes to text, times in it, the error that names the line. Pure."""

import codecs
import re
import unicodedata
from collections.abc import Iterable
from fractions import Fraction

from core.audio.recipe import Marker
from core.errors import KnownError
from core.units import parse_time

MAX_MARKERS = 20_000
MAX_TIME_S = 10_000 * 3600
MAX_NAME = 1000
RESOLUTION_S = Fraction(1, 1_000_000)
"""Of times written as decimals: a fifth of a sample at 192 kHz."""
_DIGITS = 6
_TIME = re.compile(r"(?:\d{1,9}:){0,2}(?:\d{1,9}(?:[.,]\d{0,30})?|[.,]\d{1,30})", re.ASCII)
_LINE_END = re.compile(r"\r\n|\r|\n")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


class ExchangeError(KnownError):
    """The file cannot be read as markers."""

    code = "exchange"


def decode_text(data: bytes) -> str:
    """Return the text of a file: UTF-8 or UTF-16 by its byte order mark, UTF-8, else Latin-1.

    Latin-1 as Windows has it. Raises ExchangeError for what is not text.
    """
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return _checked(data[len(mark) :].decode(encoding, "replace"))
    for encoding in ("utf-8", "cp1252"):
        try:
            return _checked(data.decode(encoding))
        except UnicodeDecodeError:
            continue
    return _checked(data.decode("latin-1"))


def _checked(text: str) -> str:
    if "\x00" in text:
        raise ExchangeError(
            "This is not a text file.", hint="Choose a file of labels, markers or a cue sheet."
        )
    return text.removeprefix("\ufeff")


def lines_of(text: str) -> list[str]:
    """Return the lines of text; only line ends end a line, no other separator does."""
    return _LINE_END.split(text)


def read_time(text: str) -> Fraction | None:
    """Return the seconds that `90`, `1:30.5`, `1:02:03,5` mean; None when it is no such time.

    Always exact. None as well beyond 10,000 hours.
    """
    text = text.strip()
    if not _TIME.fullmatch(text):
        return None
    time_s = parse_time(text.replace(",", "."))
    return time_s if time_s <= MAX_TIME_S else None


def seconds_text(time_s: Fraction) -> str:
    """Return seconds as a decimal with six places, rounded."""
    microseconds = max(0, round(time_s / RESOLUTION_S))
    return f"{microseconds // 10**_DIGITS}.{microseconds % 10**_DIGITS:0{_DIGITS}d}"


def plain_name(name: str) -> str:
    """Return a name as one line: controls become spaces, none at the ends, of bounded length."""
    text = "".join(" " if unicodedata.category(char) in ("Cc", "Cs") else char for char in name)
    return text.strip()[:MAX_NAME].strip()


def marker(time_s: Fraction, end_s: Fraction | None, name: str) -> Marker:
    """Return a marker with a tidy name; a stretch of no length is a point."""
    return Marker(time_s=time_s, end_s=None if end_s == time_s else end_s, name=plain_name(name))


def in_order(markers: Iterable[Marker]) -> tuple[Marker, ...]:
    """Return markers by time, as many as a project may have.

    Raises ExchangeError when there are none, or too many.
    """
    found = sorted(markers, key=lambda one: one.time_s)
    if not found:
        raise ExchangeError(
            "There are no markers in this file.",
            hint="Export labels, markers or a cue sheet again, then open that file.",
        )
    if len(found) > MAX_MARKERS:
        raise ExchangeError(
            f"There are {len(found):,} markers in this file; {MAX_MARKERS:,} is the most.",
            hint="Split the file, or leave some of them out.",
        )
    return tuple(found)


def line_fault(number: int, line: str, words: str, hint: str) -> ExchangeError:
    """Return the error that names a line (counted from 1) and what is wrong with it."""
    shown = plain_name(line)
    shown = shown if len(shown) <= 60 else f"{shown[:60]}…"
    return ExchangeError(f"Line {number} (“{shown}”) {words}.", hint=hint)
