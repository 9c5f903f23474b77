"""The features of a track: one row per hop, mapped from one self-describing file.

In: columns that the analyser measured. Out: `Features`, whose columns are read at any time and
any frame rate. The file is little-endian:

    bytes 0-7    b"CYMFEAT1"
    bytes 8-15   uint64, length of the header
    header       JSON of `FeatureHeader`, padded with spaces to a multiple of 64 bytes
    columns      float32, one column after the other, each n_hops long, padded to 64 bytes in all
    events       per kind in the header's order: float64 times, then float32 strengths, padded

Columns lie one after the other because readers want a few columns whole: a 12-hour track is
4.3 million hops, 17 MB a column, and only the pages that are touched come into memory.
"""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.analysis.bands import GRID_COLUMNS, MEASURED_COLUMNS, is_onset
from core.analysis.beatgrid import BeatGrid
from core.documents import from_json, hash_of, to_json
from core.errors import BugError, KnownError, NotFoundError

FEATURES_VERSION = 1
"""Raised whenever the file's layout changes."""
ANALYZER_VERSION = 1
"""Raised whenever the analyser's numbers change, so that old analyses are not reused."""
HOP_S = Fraction(1, 100)

_MAGIC = b"CYMFEAT1"
_ALIGN = 64


class FeatureHeader(msgspec.Struct, frozen=True, kw_only=True):
    """What a features file says of itself.

    `n_hops` rows, row i at time i × `hop_s`; `columns` in the file's order; `events` maps each
    kind of event to how many there are; `loudness_lufs` and `true_peak_dbtp` are None for
    silence; `tempo_bpm` is None when no steady beat was found.
    """

    version: int = FEATURES_VERSION
    analyzer_version: int = ANALYZER_VERSION
    hop_s: Fraction = HOP_S
    n_hops: int
    columns: tuple[str, ...] = MEASURED_COLUMNS
    duration_s: float
    sample_rate_hz: int
    beats: BeatGrid = BeatGrid()
    tempo_bpm: float | None = None
    loudness_lufs: float | None = None
    true_peak_dbtp: float | None = None
    events: dict[str, int] = {}


@dataclass(frozen=True, slots=True)
class Events:
    """Onsets of one kind, in order: float64 `times_s`, float32 `strengths` (0 to 1)."""

    times_s: NDArray[np.float64]
    strengths: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.times_s)


@dataclass(frozen=True, slots=True)
class Features:
    """The measured track; made by `open_features` or `features_of`."""

    header: FeatureHeader
    _matrix: NDArray[np.float32]
    _events: Mapping[str, Events]

    @property
    def beats(self) -> BeatGrid:
        """The beat grid that the phases follow."""
        return self.header.beats

    @property
    def columns(self) -> tuple[str, ...]:
        """Every name that `column`, `at` and `integral` take."""
        return self.header.columns + GRID_COLUMNS

    @property
    def event_kinds(self) -> tuple[str, ...]:
        """Every name that `events` takes."""
        return (*self._events, "beat")

    @property
    def hop_times_s(self) -> NDArray[np.float64]:
        """The time of every row in seconds, float64 (n_hops,)."""
        hop = self.header.hop_s
        return np.arange(self.header.n_hops, dtype=np.float64) * hop.numerator / hop.denominator

    def with_beats(self, beats: BeatGrid) -> "Features":
        """Return the same features over a corrected grid: its phases and tempo are new."""
        header = msgspec.structs.replace(self.header, beats=beats, tempo_bpm=beats.tempo_bpm)
        return replace(self, header=header)

    def column(self, name: str) -> NDArray[np.float32]:
        """Return a column, float32 (n_hops,), row i at time i × hop; read-only.

        Raises NotFoundError for an unknown name.
        """
        if name in GRID_COLUMNS:
            return self._from_grid(name, self.hop_times_s)
        row: NDArray[np.float32] = self._matrix[self._index(name)]
        return row

    def at(self, name: str, times_s: ArrayLike) -> NDArray[np.float32]:
        """Return a column's values at any times in seconds, float32 of the times' shape.

        Linear between rows, the end values outside the track. Two kinds of column are not
        interpolated, because that would smear them: onsets take the value of the nearest row
        (an impulse stays one hop wide; frames are longer than a hop, so ask `strongest` for the
        onset within a frame), and phases are computed from the grid at the exact time.
        Raises NotFoundError for an unknown name.
        """
        times = np.asarray(times_s, np.float64)
        if name in GRID_COLUMNS:
            return self._from_grid(name, times)
        values = self.column(name)
        hop = self.header.hop_s
        position = np.clip(times * hop.denominator / hop.numerator, 0, self.header.n_hops - 1)
        if is_onset(name):
            return np.asarray(values[np.rint(position).astype(np.int64)], np.float32)
        left = np.minimum(position.astype(np.int64), max(self.header.n_hops - 2, 0))
        right = np.minimum(left + 1, self.header.n_hops - 1)
        weight = (position - left).astype(np.float32)
        low = np.asarray(values[left], np.float32)
        return low + (np.asarray(values[right], np.float32) - low) * weight

    def integral(self, name: str) -> NDArray[np.float64]:
        """Return the column integrated over time from 0, float64 (n_hops,), unit × seconds.

        Trapezoids between rows; row 0 is 0. Raises NotFoundError for an unknown name.
        """
        values = self.column(name).astype(np.float64)
        total = np.zeros(len(values))
        np.cumsum((values[1:] + values[:-1]) * (float(self.header.hop_s) / 2), out=total[1:])
        return total

    def events(self, kind: str) -> Events:
        """Return the exact onsets of a kind: `onset`, `<band>.onset`, or `beat`.

        Times are refined to about a millisecond, finer than the hop, so that the frame whose
        display interval [n/fps, (n+1)/fps) holds an onset is the right one at any frame rate.
        Raises NotFoundError for an unknown kind.
        """
        if kind == "beat":
            times = np.asarray(self.beats.times_s, np.float64)
            return Events(times, np.ones(len(times), np.float32))
        if kind not in self._events:
            raise NotFoundError(
                f"There are no events called “{kind}”.",
                hint=f"Use one of: {', '.join(self.event_kinds)}.",
            )
        return self._events[kind]

    def strongest(self, kind: str, starts_s: ArrayLike, ends_s: ArrayLike) -> NDArray[np.float32]:
        """Return the strongest event in each interval [start, end), 0 where there is none.

        float32 of the intervals' shape. With frame n's interval [n/fps, (n+1)/fps) every event
        is seen in exactly one frame.
        """
        events = self.events(kind)
        first = np.searchsorted(events.times_s, np.asarray(starts_s, np.float64), "left")
        stop = np.searchsorted(events.times_s, np.asarray(ends_s, np.float64), "left")
        best = np.zeros(first.shape, np.float32)
        padded = np.append(events.strengths, np.float32(0))
        for step in range(int(np.max(stop - first, initial=0))):
            index = np.where(first + step < stop, first + step, len(events))
            best = np.maximum(best, padded[index])
        return best

    def _index(self, name: str) -> int:
        try:
            return self.header.columns.index(name)
        except ValueError:
            raise NotFoundError(
                f"There is no feature called “{name}”.",
                hint=f"Use one of: {', '.join(self.columns)}.",
            ) from None

    def _from_grid(self, name: str, times_s: NDArray[np.float64]) -> NDArray[np.float32]:
        if name == "beat_phase":
            return self.beats.beat_phase(times_s)
        if name == "bar_phase":
            return self.beats.bar_phase(times_s)
        return self.beats.tempo_at(times_s)


def features_key(prepared_key: str) -> str:
    """Return the key of the analysis of the mixdown of this key: both and the versions, hashed."""
    return hash_of([FEATURES_VERSION, ANALYZER_VERSION, prepared_key])


def n_hops_of(duration_s: float) -> int:
    """Return how many rows a track has: one at 0 and one at each hop up to its end, at least 1."""
    return int(Fraction(duration_s).limit_denominator(10**9) / HOP_S) + 1


def features_of(
    header: FeatureHeader,
    columns: Mapping[str, ArrayLike],
    events: Mapping[str, Events] | None = None,
) -> Features:
    """Return features held in memory: what `write_features` and `open_features` give by a file.

    Columns of the header that are not given are 0. Handy for tests and generated tracks.
    """
    matrix = np.zeros((len(header.columns), header.n_hops), np.float32)
    for name, values in columns.items():
        matrix[header.columns.index(name)] = values
    matrix.flags.writeable = False
    return Features(header, matrix, MappingProxyType(dict(events or {})))


def write_features(
    path: Path,
    header: FeatureHeader,
    columns: Iterable[NDArray[np.float32]],
    *,
    events: Mapping[str, Events] | None = None,
) -> None:
    """Write a features file; it appears at `path` whole and flushed, or not at all.

    Parameters
    ----------
    columns : one float32 (n_hops,) array per column, in the header's order; taken one at a time,
        so a generator never holds more than one.
    events : the events by kind; the header's counts are filled from it.

    Raises
    ------
    BugError when a column is missing, of the wrong length, or holds a number that is not finite.
    """
    table = dict(events or {})
    header = msgspec.structs.replace(
        header, events={kind: len(rows) for kind, rows in table.items()}
    )
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("wb") as file:
            _write_header(file, header)
            _write_columns(file, header, columns)
            for rows in table.values():
                file.write(rows.times_s.astype("<f8").tobytes())
                file.write(rows.strengths.astype("<f4").tobytes())
                _pad(file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def open_features(path: Path) -> Features:
    """Return the features in a file, mapped: only what is read comes into memory.

    Raises KnownError when the file is missing, damaged, or of another version.
    """
    try:
        data = np.memmap(path, np.uint8, "r")
    except (OSError, ValueError) as error:
        raise _damaged(path) from error
    if data[:8].tobytes() != _MAGIC or len(data) < 16:
        raise _damaged(path)
    start = 16 + int(data[8:16].view("<u8")[0])
    header = from_json(data[16:start].tobytes(), FeatureHeader)
    if header.version != FEATURES_VERSION:
        raise KnownError(
            "This analysis was made by another version of Cymatic.",
            code="features",
            hint="Analyse the track again.",
            path=path,
        )
    n_columns = len(header.columns)
    stop = start + 4 * n_columns * header.n_hops
    if len(data) < _aligned(stop):
        raise _damaged(path)
    matrix = data[start:stop].view("<f4").reshape(n_columns, header.n_hops)
    return Features(header, matrix, _read_events(path, data, header, _aligned(stop)))


def _read_events(
    path: Path, data: NDArray[np.uint8], header: FeatureHeader, start: int
) -> Mapping[str, Events]:
    events = {}
    for kind, count in header.events.items():
        middle, stop = start + 8 * count, start + 12 * count
        if len(data) < _aligned(stop):
            raise _damaged(path)
        events[kind] = Events(data[start:middle].view("<f8"), data[middle:stop].view("<f4"))
        start = _aligned(stop)
    return MappingProxyType(events)


def _write_header(file: BinaryIO, header: FeatureHeader) -> None:
    text = to_json(header)
    text += b" " * (_aligned(16 + len(text)) - 16 - len(text))
    file.write(_MAGIC + len(text).to_bytes(8, "little") + text)


def _write_columns(
    file: BinaryIO, header: FeatureHeader, columns: Iterable[NDArray[np.float32]]
) -> None:
    for name, values in zip(header.columns, columns, strict=True):
        if values.shape != (header.n_hops,) or not np.isfinite(values).all():
            raise BugError(f"The analysis of {name} is not one finite number per hop.")
        file.write(np.ascontiguousarray(values, "<f4").data)
    _pad(file)


def _pad(file: BinaryIO) -> None:
    position = file.tell()
    file.write(b"\0" * (_aligned(position) - position))


def _aligned(position: int) -> int:
    return -(-position // _ALIGN) * _ALIGN


def _damaged(path: Path) -> KnownError:
    return KnownError(
        "The analysis cannot be read.",
        code="features",
        hint="Analyse the track again.",
        path=path,
    )
