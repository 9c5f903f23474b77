"""Chapters: of a media file, of a video's description, of FFmpeg's metadata files. Pure; no I/O.

In: chapters or text, or markers. Out: markers, or chapters or text.
"""

import re
from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import pairwise

from core.audio.exchange.text import (
    in_order,
    line_fault,
    lines_of,
    marker,
    plain_name,
    read_time,
)
from core.audio.recipe import Marker
from core.library.model import Chapter
from core.units import time_text

_MICROSECONDS = 1_000_000
DESCRIPTION_LINE = re.compile(
    r"[\s\-–•*(\[]*(\d{1,4}(?::\d{2}){1,2}(?:\.\d{1,6})?)[)\]]?[\s\-–:|]*(.*)", re.ASCII
)
"""A time such as 1:02 or [01:02:03], then a title."""
_FFMETADATA_SPECIAL = re.compile(r"([=;#\\\n])")


def chapter_markers(chapters: Iterable[Chapter]) -> tuple[Marker, ...]:
    """Return the chapters of a media file as stretches, to the microsecond, by time."""
    found = [
        marker(_exact(chapter.start_s), _exact(chapter.end_s), chapter.title)
        for chapter in chapters
    ]
    return tuple(sorted(found, key=lambda one: one.time_s))


def _exact(time_s: float) -> Fraction:
    return Fraction(round(time_s * _MICROSECONDS), _MICROSECONDS)


def marker_chapters(markers: Iterable[Marker], duration_s: Fraction) -> tuple[Chapter, ...]:
    """Return markers as chapters of a sound that lasts `duration_s`.

    A point lasts to the next marker, the last one to the end; what lies after the end is left
    out, what reaches over it is cut.
    """
    inside = sorted((m for m in markers if m.time_s < duration_s), key=lambda one: one.time_s)
    ends = [two.time_s for _, two in pairwise(inside)] + [duration_s]
    return tuple(
        Chapter(
            start_s=float(one.time_s),
            end_s=float(min(end if one.end_s is None else one.end_s, duration_s)),
            title=plain_name(one.name),
        )
        for one, end in zip(inside, ends, strict=True)
    )


def parse_description(text: str) -> tuple[Marker, ...]:
    """Return the chapters listed in a video's description: lines such as `1:02 Title`.

    Lines without a time are left out. Raises ExchangeError when there are none.
    """
    found = []
    for number, line in enumerate(lines_of(text), 1):
        match = DESCRIPTION_LINE.fullmatch(line.strip())
        if match is None:
            continue
        time_s = read_time(match[1])
        if time_s is None:
            raise line_fault(number, line, "has a time out of range", "Correct its time.")
        found.append(marker(time_s, None, match[2]))
    return in_order(found)


def description_text(markers: Sequence[Marker]) -> str:
    """Return markers as lines for a video's description, in whole seconds.

    The first must be at 0:00 for YouTube to take them; a first line is put in where it is not.
    """
    ordered = sorted(markers, key=lambda one: one.time_s)
    lines = [f"{time_text(int(one.time_s))} {plain_name(one.name)}".strip() for one in ordered]
    if ordered and int(ordered[0].time_s) > 0:
        lines.insert(0, "0:00 Start")
    return "".join(f"{line}\n" for line in lines)


def ffmetadata_text(markers: Iterable[Marker], duration_s: Fraction) -> str:
    """Return markers as chapters in FFmpeg's metadata format, in milliseconds."""
    parts = [";FFMETADATA1\n"]
    for chapter in marker_chapters(markers, duration_s):
        start, end = round(chapter.start_s * 1000), round(chapter.end_s * 1000)
        title = _FFMETADATA_SPECIAL.sub(r"\\\1", chapter.title)
        parts.append(f"[CHAPTER]\nTIMEBASE=1/1000\nSTART={start}\nEND={end}\ntitle={title}\n")
    return "".join(parts)
