"""Markers as a table (CSV): ours, Adobe Audition's, Reaper's, and what spreadsheets make.

In: text, or markers. Out: markers, or text. The first line may name the columns in many words;
commas, semicolons or tabs part them; times are seconds, m:s, or as Audition's Time Format says.
Pure; no I/O.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction

from core.audio.exchange.text import (
    MAX_TIME_S,
    ExchangeError,
    in_order,
    line_fault,
    lines_of,
    marker,
    plain_name,
    read_time,
    seconds_text,
)
from core.audio.recipe import Marker

COLUMNS = {
    "time": "time start start_s time_s start_time starttime position begin in from timestamp",
    "end": "end end_s end_time endtime out to stop",
    "duration": "duration duration_s length length_s",
    "name": "name title label text marker marker_name comment",
    "format": "time_format",
}
"""What columns are called, spaces as underscores, in any case."""
_COLUMN_OF = {word: column for column, words in COLUMNS.items() for word in words.split()}
_HINT = "Name the columns in the first line: name, start, end (seconds, or 1:02.5)."
_RATE = re.compile(r"(\d{1,9})\s*hz")
_FPS = re.compile(r"(\d{1,4}(?:\.\d{1,6})?)\s*fps.*")
_NTSC = {"23.976": Fraction(24000, 1001), "29.97": Fraction(30000, 1001)} | {
    "59.94": Fraction(60000, 1001)
}
_FRAMES = re.compile(r"(\d{1,6}):(\d{1,2}):(\d{1,2})[:;](\d{1,3})")


def column_of(word: str) -> str | None:
    """Return which column a heading means: time, end, duration, name, format; None: another."""
    return _COLUMN_OF.get(word.strip().lower().replace(" ", "_"))


def parse_table(text: str) -> tuple[Marker, ...]:
    """Return the markers of a table, by time.

    Raises ExchangeError that names the first line at fault, or says that a column is missing.
    """
    rows = _rows(text)
    first = next(rows, None)
    if first is None:
        return in_order(())
    columns = _named_columns(first[1])
    if columns is None:
        columns = _guessed_columns(first)
        return in_order([_marker(columns, *first), *(_marker(columns, *row) for row in rows)])
    if "time" not in columns:
        raise ExchangeError("No column of this table is called time or start.", hint=_HINT)
    return in_order(_marker(columns, *row) for row in rows)


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield (line number, cells) of the lines that hold something."""
    head = next((line for line in lines_of(text) if line.strip()), "")
    delimiter = max("\t;,", key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                yield reader.line_num, row
    except csv.Error as error:
        raise ExchangeError(
            f"Line {reader.line_num} of this table cannot be read: {error}.", hint=_HINT
        ) from error


def _named_columns(cells: Sequence[str]) -> dict[str, int] | None:
    """Return where each column is; None when the first line is no heading."""
    if any(read_time(cell) is not None for cell in cells):
        return None
    columns: dict[str, int] = {}
    for index, cell in enumerate(cells):
        column = column_of(cell)
        if column is not None:
            columns.setdefault(column, index)
    return columns


def _guessed_columns(first: tuple[int, list[str]]) -> dict[str, int]:
    number, cells = first
    times = [index for index, cell in enumerate(cells) if read_time(cell) is not None]
    start = times[0]
    if start + 1 in times and len(cells) > 2:
        return {"time": start, "end": start + 1, "name": 0 if start else start + 2}
    if start > 1:
        raise line_fault(number, ",".join(cells), "names no columns that are known", _HINT)
    return {"time": start, "name": 0 if start else 1}


def _marker(columns: Mapping[str, int], number: int, cells: Sequence[str]) -> Marker:
    def cell(column: str) -> str:
        index = columns.get(column, len(cells))
        return cells[index].strip() if index < len(cells) else ""

    def time(column: str) -> Fraction | None:
        if not cell(column):
            return None
        time_s = _time(cell(column), cell("format"))
        if time_s is None:
            raise line_fault(number, cell(column), f"has no {column} that can be read", _HINT)
        return time_s

    start, end, duration = time("time"), time("end"), time("duration")
    if start is None:
        raise line_fault(number, ",".join(cells), "has no time", _HINT)
    if end is None and duration is not None:
        end = start + duration
    if end is not None and end < start:
        raise line_fault(number, ",".join(cells), "ends before it starts", "Exchange the two.")
    return marker(start, end, cell("name"))


def _time(text: str, time_format: str) -> Fraction | None:
    """Return seconds from a cell, by Audition's Time Format: decimal, 48000 Hz, 25 fps."""
    wanted = time_format.strip().lower()
    rate, frames = _RATE.fullmatch(wanted), _FPS.fullmatch(wanted)
    if rate is not None and int(rate[1]) and text.isascii() and text.isdigit() and len(text) < 16:
        return _bounded(Fraction(int(text), int(rate[1])))
    parts = _FRAMES.fullmatch(text)
    if frames is None or parts is None:
        return read_time(text)
    fps = _NTSC.get(frames[1]) or Fraction(frames[1])
    if not fps:
        return None
    hours, minutes, seconds, frame = (int(part) for part in parts.groups())
    return _bounded(hours * 3600 + minutes * 60 + seconds + frame / fps)


def _bounded(time_s: Fraction) -> Fraction | None:
    return time_s if time_s <= MAX_TIME_S else None


def table_text(markers: Iterable[Marker], *, delimiter: str = ",") -> str:
    """Return markers as a table with columns name, start, end; to the microsecond."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    writer.writerow(["name", "start", "end"])
    for one in markers:
        end = "" if one.end_s is None else seconds_text(one.end_s)
        writer.writerow([plain_name(one.name), seconds_text(one.time_s), end])
    return out.getvalue()
