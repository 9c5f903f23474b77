"""Cue sheets: the tracks of a long recording, as CD burners write them. Pure; no I/O.

In: text, or markers. Out: a `CueSheet` and its markers, or text. Times are minutes, seconds and
frames of 1/75 s, exact as fractions. INDEX 01 is where a track begins; gaps before it belong to
the track before.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from core.audio.exchange.text import (
    MAX_MARKERS,
    ExchangeError,
    in_order,
    line_fault,
    lines_of,
    marker,
    plain_name,
)
from core.audio.recipe import Marker

FRAMES_PER_S = 75
MAX_TRACKS = 99
"""IEC 60908: what a sheet that we write may hold; longer ones are read."""
_WORD = re.compile(r'"([^"]*)"?|(\S+)')
_INDEX_TIME = re.compile(r"(\d{1,6}):(\d{1,2}):(\d{1,2})", re.ASCII)
_TIME_HINT = "An index is minutes:seconds:frames, with 75 frames to a second, such as 03:25:37."


@dataclass(frozen=True, slots=True, kw_only=True)
class CueTrack:
    """One track: where it begins in its file."""

    start_s: Fraction
    title: str = ""
    performer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CueFile:
    """A sound file that a sheet is about, and its tracks in order."""

    name: str
    tracks: tuple[CueTrack, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CueSheet:
    """What a cue sheet says."""

    title: str = ""
    performer: str = ""
    files: tuple[CueFile, ...]
    """At least one, each with at least one track."""


@dataclass(slots=True)
class _Draft:
    """A track while its lines are read."""

    file_index: int
    is_sound: bool
    title: str = ""
    performer: str = ""
    start_s: Fraction | None = None


@dataclass(slots=True)
class _Reader:
    """Takes a sheet line by line."""

    title: str = ""
    performer: str = ""
    files: list[str] = field(default_factory=list)
    tracks: list[_Draft] = field(default_factory=list)

    def take(self, number: int, line: str) -> None:
        words = [quoted or bare for quoted, bare in _WORD.findall(line)]
        if not words:
            return
        command, values = words[0].upper(), words[1:]
        match command:
            case "FILE":
                # Unquoted names have spaces too; the last word is the type.
                name = values[0] if '"' in line else " ".join(values[:-1] or values)
                self.files.append(plain_name(name) if values else "")
            case "TRACK":
                kind = values[-1].upper() if values else "AUDIO"
                self.files = self.files or [""]
                self.tracks.append(_Draft(len(self.files) - 1, kind in ("AUDIO", "CDG")))
            case "TITLE" | "PERFORMER":
                owner = self.tracks[-1] if self.tracks else self
                setattr(owner, command.lower(), plain_name(" ".join(values)))
            case "INDEX" if len(values) >= 2:
                self._index(number, line, values)

    def _index(self, number: int, line: str, values: Sequence[str]) -> None:
        match = _INDEX_TIME.fullmatch(values[1])
        minutes, seconds, frames = (int(part) for part in match.groups()) if match else (0, 60, 0)
        if seconds >= 60 or frames >= FRAMES_PER_S:
            raise line_fault(number, line, "has no time that can be read", _TIME_HINT)
        if not self.tracks:
            raise line_fault(number, line, "stands before any TRACK", "Put a TRACK line first.")
        track = self.tracks[-1]
        if values[0].lstrip("0") == "1":
            # A gap at the end of one file and the track in the next: INDEX 01 says which.
            track.file_index = len(self.files) - 1
            track.start_s = minutes * 60 + seconds + Fraction(frames, FRAMES_PER_S)

    def sheet(self) -> CueSheet:
        by_file: dict[int, list[CueTrack]] = {}
        for track in self.tracks:
            if track.is_sound and track.start_s is not None:
                by_file.setdefault(track.file_index, []).append(
                    CueTrack(start_s=track.start_s, title=track.title, performer=track.performer)
                )
        if not by_file:
            raise ExchangeError(
                "There are no sound tracks in this cue sheet.",
                hint="Each track needs a TRACK line and a line INDEX 01 with its start.",
            )
        if len(self.tracks) > MAX_MARKERS:
            raise ExchangeError("There are too many tracks in this cue sheet.", hint="Split it.")
        files = tuple(
            CueFile(
                name=self.files[index],
                tracks=tuple(sorted(tracks, key=lambda track: track.start_s)),
            )
            for index, tracks in sorted(by_file.items())
        )
        return CueSheet(title=self.title, performer=self.performer, files=files)


def parse_cue_sheet(text: str) -> CueSheet:
    """Return what a cue sheet says; ExchangeError names the first line at fault.

    Remarks, data tracks and commands that say nothing about time or title are left out.
    """
    reader = _Reader()
    for number, line in enumerate(lines_of(text), 1):
        reader.take(number, line.strip())
    return reader.sheet()


def cue_markers(sheet: CueSheet, file_name: str = "") -> tuple[Marker, ...]:
    """Return the tracks of one file of a sheet as points in time.

    Parameters
    ----------
    sheet : CueSheet
    file_name : str
        Which of several files, by its name in the sheet (folders and case do not count).

    Raises
    ------
    ExchangeError
        The sheet is about several files and none is named, or none is called so.
    """
    file = _chosen(sheet, file_name)
    return in_order(marker(track.start_s, None, _name(track, sheet)) for track in file.tracks)


def _chosen(sheet: CueSheet, file_name: str) -> CueFile:
    if len(sheet.files) == 1:
        return sheet.files[0]
    wanted = _bare(file_name)
    for file in sheet.files:
        if wanted and _bare(file.name) == wanted:
            return file
    names = ", ".join(f"“{file.name}”" for file in sheet.files[:5])
    more = ", …" if len(sheet.files) > 5 else ""
    raise ExchangeError(
        f"This cue sheet is about {len(sheet.files)} files: {names}{more}.",
        hint="Open one of these sounds first, then the sheet gives its markers.",
    )


def _bare(name: str) -> str:
    return re.split(r"[\\/]", name)[-1].strip().casefold()


def _name(track: CueTrack, sheet: CueSheet) -> str:
    if track.performer and track.performer != sheet.performer and track.title:
        return f"{track.performer} – {track.title}"
    return track.title or track.performer


def cue_sheet_text(
    markers: Iterable[Marker], *, file_name: str, title: str = "", performer: str = ""
) -> str:
    """Return a cue sheet with a track for each marker's start, to the nearest 1/75 s.

    Parameters
    ----------
    markers : iterable of Marker
        1 to 99.
    file_name : str
        Of the sound that the sheet is about; its suffix says the type.

    Raises
    ------
    ExchangeError
        There are no markers, or more than a sheet can hold.
    """
    ordered = sorted(markers, key=lambda one: one.time_s)
    if not 1 <= len(ordered) <= MAX_TRACKS:
        raise ExchangeError(
            f"A cue sheet holds 1 to {MAX_TRACKS} tracks, and these are {len(ordered)} markers.",
            hint="Export them as labels, CSV or JSON instead.",
        )
    lines = [f'PERFORMER "{_quoted(performer)}"'] if performer else []
    lines += [f'TITLE "{_quoted(title)}"'] if title else []
    lines.append(f'FILE "{_quoted(file_name)}" {_file_type(file_name)}')
    for number, one in enumerate(ordered, 1):
        frames = round(one.time_s * FRAMES_PER_S)
        seconds, frame = divmod(frames, FRAMES_PER_S)
        lines += [
            f"  TRACK {number:02d} AUDIO",
            f'    TITLE "{_quoted(one.name)}"',
            f"    INDEX 01 {seconds // 60:02d}:{seconds % 60:02d}:{frame:02d}",
        ]
    return "".join(f"{line}\n" for line in lines)


def _quoted(text: str) -> str:
    return plain_name(text).replace('"', "'")  # the format has no way to write one


def _file_type(file_name: str) -> str:
    suffix = file_name.rpartition(".")[2].lower()
    return {"mp3": "MP3", "aiff": "AIFF", "aif": "AIFF"}.get(suffix, "WAVE")
