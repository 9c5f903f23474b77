"""Files of markers: which format a file has, reading and writing it.

In: a path, or markers. Out: markers, or a whole file at its name; never a part of one, and never
in the place of another file unasked.
"""

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from pathlib import Path

from core.audio.exchange.chapters import (
    DESCRIPTION_LINE,
    description_text,
    ffmetadata_text,
    parse_description,
)
from core.audio.exchange.cue_sheet import cue_markers, cue_sheet_text, parse_cue_sheet
from core.audio.exchange.json_markers import json_markers_text, parse_json_markers
from core.audio.exchange.labels import labels_text, parse_labels
from core.audio.exchange.table import column_of, parse_table, table_text
from core.audio.exchange.text import ExchangeError, decode_text, lines_of, read_time
from core.audio.recipe import Marker
from core.errors import DiskError, UsageError
from core.library.files import disk_errors, open_regular, unreadable, write_flushed

MAX_BYTES = 8 * 1024**2
_CUE_LINE = re.compile(r"^\s*(FILE|TRACK|INDEX|REM|PERFORMER|TITLE|CATALOG)\s", re.IGNORECASE)


class MarkerFormat(StrEnum):
    """What a file of markers can be."""

    LABELS = "labels"
    """Audacity's label track."""
    CSV = "csv"
    TSV = "tsv"
    JSON = "json"
    CUE = "cue"
    DESCRIPTION = "description"
    """Lines such as `1:02 Title`, for a video's description."""
    FFMETADATA = "ffmetadata"
    """FFmpeg's; written only."""


SUFFIXES = {
    ".txt": MarkerFormat.LABELS,
    ".csv": MarkerFormat.CSV,
    ".tsv": MarkerFormat.TSV,
    ".json": MarkerFormat.JSON,
    ".cue": MarkerFormat.CUE,
    ".ffmetadata": MarkerFormat.FFMETADATA,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundNote:
    """What some formats say of the sound that the markers belong to."""

    file_name: str = ""
    """The sound's file: named in a cue sheet, chosen from one that names several."""
    title: str = ""
    performer: str = ""
    duration_s: Fraction | None = None
    """Where the last chapter ends; None: at the last marker."""


def marker_format_for(path: Path) -> MarkerFormat:
    """Return the format that a file to be written gets by its suffix.

    Raises UsageError, with the suffixes that there are, for any other.
    """
    found = SUFFIXES.get(path.suffix.lower())
    if found is None:
        raise UsageError(
            f"Markers cannot be written to “{path.name}”: its ending names no format.",
            hint=f"End it in one of {', '.join(SUFFIXES)}.",
        )
    return found


def read_markers(path: Path, sound: SoundNote | None = None) -> tuple[Marker, ...]:
    """Return the markers in a file: labels, a table, JSON, a cue sheet, a list of chapters.

    Parameters
    ----------
    path : Path
        At most 8 MB. Its content says what it is; its suffix only where that is open.
    sound : SoundNote, optional
        Its file name chooses from a cue sheet about several files.

    Returns
    -------
    tuple of Marker
        At least one, by time.

    Raises
    ------
    ExchangeError
        It is none of these, or a line of it is at fault.
    MediaError
        It cannot be read.
    """
    try:
        return parse_markers(_read(path), suffix=path.suffix, sound=sound)
    except ExchangeError as error:
        raise ExchangeError(
            f"“{path.name}” cannot be read as markers. {error.message}", hint=error.hint, path=path
        ) from error


def parse_markers(
    data: bytes, *, suffix: str = "", sound: SoundNote | None = None
) -> tuple[Marker, ...]:
    """Return the markers in the bytes of a file; see `read_markers`."""
    text = decode_text(data)
    match _format_of(text, SUFFIXES.get(suffix.lower())):
        case MarkerFormat.JSON:
            return parse_json_markers(text)
        case MarkerFormat.CUE:
            return cue_markers(parse_cue_sheet(text), sound.file_name if sound else "")
        case MarkerFormat.CSV | MarkerFormat.TSV:
            return parse_table(text)
        case MarkerFormat.DESCRIPTION:
            return parse_description(text)
        case _:
            return parse_labels(text)


def _format_of(text: str, by_suffix: MarkerFormat | None) -> MarkerFormat:
    head = next((line for line in lines_of(text) if line.strip()), "")
    if head.lstrip()[:1] in ("{", "[") and not DESCRIPTION_LINE.fullmatch(head.strip()):
        return MarkerFormat.JSON
    if by_suffix in (MarkerFormat.CSV, MarkerFormat.TSV, MarkerFormat.JSON, MarkerFormat.CUE):
        return by_suffix
    if _CUE_LINE.match(head):
        return MarkerFormat.CUE
    first, *rest = head.split("\t")
    if rest and read_time(first) is not None and (len(rest) < 2 or read_time(rest[0]) is not None):
        return MarkerFormat.LABELS
    if any(DESCRIPTION_LINE.fullmatch(line.strip()) for line in lines_of(text)):
        return MarkerFormat.DESCRIPTION
    if any(column_of(cell) == "time" for cell in re.split(r"[\t,;]", head)):
        return MarkerFormat.CSV
    return MarkerFormat.LABELS


def _read(path: Path) -> bytes:
    with os.fdopen(open_regular(path), "rb") as stream:
        try:
            data = stream.read(MAX_BYTES + 1)
        except OSError as error:
            raise unreadable(path, error) from error
    if len(data) > MAX_BYTES:
        raise ExchangeError(
            f"It is larger than {MAX_BYTES // 1024**2} MB.",
            hint="Choose a file of labels, markers or a cue sheet.",
        )
    return data


def markers_text(
    markers: Iterable[Marker], fmt: MarkerFormat, sound: SoundNote | None = None
) -> str:
    """Return markers as the text of a file.

    Raises ExchangeError when there are none, or more than the format holds.
    """
    ordered, note = sorted(markers, key=lambda one: one.time_s), sound or SoundNote()
    if not ordered:
        raise ExchangeError("There are no markers to write.", hint="Set one with M first.")
    match fmt:
        case MarkerFormat.LABELS:
            return labels_text(ordered)
        case MarkerFormat.CSV:
            return table_text(ordered)
        case MarkerFormat.TSV:
            return table_text(ordered, delimiter="\t")
        case MarkerFormat.JSON:
            return json_markers_text(ordered)
        case MarkerFormat.CUE:
            return cue_sheet_text(
                ordered, file_name=note.file_name, title=note.title, performer=note.performer
            )
        case MarkerFormat.DESCRIPTION:
            return description_text(ordered)
        case MarkerFormat.FFMETADATA:
            last = ordered[-1].time_s + 1
            return ffmetadata_text(ordered, last if note.duration_s is None else note.duration_s)


def write_markers(
    path: Path,
    markers: Iterable[Marker],
    *,
    fmt: MarkerFormat | None = None,
    sound: SoundNote | None = None,
    overwrite: bool = False,
) -> None:
    """Write markers to a file, whole or not at all.

    Parameters
    ----------
    path : Path
        Its suffix chooses the format, unless `fmt` does.
    markers : iterable of Marker
    fmt : MarkerFormat, optional
    sound : SoundNote, optional
        What cue sheets and chapters say of the sound.
    overwrite : bool
        Whether a file of that name may be replaced.

    Raises
    ------
    UsageError
        The suffix names no format, or a file is there already.
    ExchangeError
        There are no markers, or more than the format holds.
    DiskError
    """
    data = markers_text(markers, fmt or marker_format_for(path), sound).encode("utf-8", "replace")
    hidden = path.with_name(f".{path.name}.part")
    try:
        with disk_errors(path):
            try:
                write_flushed(hidden, data)
                _place(hidden, path, overwrite=overwrite)
            finally:
                hidden.unlink(missing_ok=True)
    except OSError as error:
        raise DiskError(
            f"“{path.name}” could not be written: {error.strerror or error}.",
            hint="Check that the folder is there and may be written to, then try again.",
            path=path,
        ) from error


def _place(hidden: Path, path: Path, *, overwrite: bool) -> None:
    if not overwrite:
        try:
            os.link(hidden, path)
        except FileExistsError as error:
            raise _exists(path) from error
        except OSError:  # a file system without hard links
            if path.exists():
                raise _exists(path) from None
        else:
            return
    hidden.replace(path)


def _exists(path: Path) -> UsageError:
    return UsageError(
        f"{path} is there already.", hint="Choose another name, or allow replacing it.", path=path
    )
