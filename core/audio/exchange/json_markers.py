"""Markers as JSON: our own document, podcast chapters, and lists that other programs write.

In: JSON, or markers. Out: markers, or JSON. A list of objects is looked for at the top or under
one of a few names; the objects' fields may be called as the columns of a table. Pure; no I/O.
"""

import re
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

import msgspec

from core.audio.exchange.table import column_of
from core.audio.exchange.text import MAX_TIME_S, ExchangeError, in_order, marker, read_time
from core.audio.recipe import Marker
from core.documents import document

LIST_NAMES = ("markers", "chapters", "labels", "regions", "cues")
_FRACTION = re.compile(r"(\d{1,40})/(\d{1,40})", re.ASCII)
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_HINT = "Each marker is an object with a time, and as you like an end and a name."


def parse_json_markers(text: str) -> tuple[Marker, ...]:
    """Return the markers of a JSON text, by time; ExchangeError names the first at fault."""
    return in_order(_marker(number, entry) for number, entry in enumerate(_entries(text), 1))


def _entries(text: str) -> list[Any]:
    try:
        value = msgspec.json.decode(text.encode("utf-8", "replace"))
    except (msgspec.DecodeError, RecursionError) as error:
        raise ExchangeError(
            f"This is not valid JSON: {error}.", hint="It may be cut off; export it again."
        ) from error
    if isinstance(value, dict):
        value = next((value[name] for name in LIST_NAMES if name in value), value)
    if not isinstance(value, list):
        raise ExchangeError(
            "There is no list of markers in this JSON.", hint=f"{_HINT[:-1]}, in a list."
        )
    return value


def _marker(number: int, entry: object) -> Marker:
    if not isinstance(entry, dict):
        raise ExchangeError(f"Marker {number} is not an object.", hint=_HINT)
    fields: dict[str, Any] = {}
    for key, value in entry.items():
        column = column_of(_CAMEL.sub("_", key))
        if column is not None and value is not None:
            fields.setdefault(column, value)
    start = _time(number, fields, "time")
    if start is None:
        raise ExchangeError(f"Marker {number} has no time.", hint=_HINT)
    end, duration = _time(number, fields, "end"), _time(number, fields, "duration")
    if end is None and duration is not None:
        end = start + duration
    if end is not None and end < start:
        raise ExchangeError(f"Marker {number} ends before it starts.", hint="Exchange the two.")
    name = fields.get("name", "")
    return marker(start, end, name if isinstance(name, str) else str(name)[:100])


def _time(number: int, fields: Mapping[str, Any], column: str) -> Fraction | None:
    if column not in fields:
        return None
    time_s = _seconds(fields[column])
    if time_s is None:
        raise ExchangeError(f"Marker {number} has no {column} that can be read.", hint=_HINT)
    return time_s


def _seconds(value: object) -> Fraction | None:
    if isinstance(value, str):
        match = _FRACTION.fullmatch(value.strip())
        if match is None:
            return read_time(value)
        if not int(match[2]):
            return None
        time_s = Fraction(int(match[1]), int(match[2]))
        return time_s if time_s <= MAX_TIME_S else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if not 0 <= value <= MAX_TIME_S:  # no NaN passes either
        return None
    return Fraction(repr(value))  # the decimal that was written, not its nearest binary


def json_markers_text(markers: Iterable[Marker]) -> str:
    """Return markers as our own document; its times are exact fractions of seconds."""
    data = msgspec.json.encode(document("markers", tuple(markers)))
    return msgspec.json.format(data, indent=2).decode() + "\n"
