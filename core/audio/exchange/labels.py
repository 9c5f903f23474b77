"""Audacity label tracks: `start TAB end TAB text`, one label a line. Pure; no I/O.

In: text, or markers. Out: markers, or text. A label whose start is its end is a point. Second
lines with frequencies, which begin with a backslash, are left out.
"""

from collections.abc import Iterable

from core.audio.exchange.text import (
    in_order,
    line_fault,
    lines_of,
    marker,
    plain_name,
    read_time,
    seconds_text,
)
from core.audio.recipe import Marker

_HINT = "A label is a start and an end in seconds and a text, with tabs between them."


def parse_labels(text: str) -> tuple[Marker, ...]:
    """Return the labels of an Audacity label track, by time.

    Decimal points and commas are taken, as is a line with one time only. Raises ExchangeError
    that names the first line at fault.
    """
    return in_order(
        _label(number, line)
        for number, line in enumerate(lines_of(text), 1)
        if line.strip() and not line.startswith("\\")
    )


def _label(number: int, line: str) -> Marker:
    first, *rest = line.split("\t", 2)
    start = read_time(first)
    if start is None:
        raise line_fault(number, line, "does not begin with a time in seconds", _HINT)
    end = read_time(rest[0]) if rest else start
    if end is None:  # one time only, then the text
        return marker(start, None, " ".join(rest))
    if end < start:
        raise line_fault(number, line, "ends before it starts", "Exchange its two times.")
    return marker(start, end, rest[1] if len(rest) > 1 else "")


def labels_text(markers: Iterable[Marker]) -> str:
    """Return markers as an Audacity label track, to the microsecond."""
    return "".join(
        f"{seconds_text(one.time_s)}\t"
        f"{seconds_text(one.time_s if one.end_s is None else one.end_s)}\t"
        f"{plain_name(one.name)}\n"
        for one in markers
    )
