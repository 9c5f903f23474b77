"""The peak pyramid: min, max and rms of a sound at seven zoom levels, for drawing it at once.

In: blocks of decoded samples, in order. Out: one small file, memory-mapped by whoever draws.

Level 0 has a column for 256 samples, each further level one for 4 columns of the level below.
Values are int16 in steps of 1/16384 (so up to twice full scale, which lossy sources reach),
rounded outward: what is drawn never hides a sample.
"""

import math
import sys
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from core.documents import from_json, to_json
from core.errors import KnownError, LibraryError
from core.library.files import disk_errors
from core.library.model import PcmInfo

BASE_SAMPLES = 256
FACTOR = 4
N_LEVELS = 7
STEPS = 16_384
"""Steps per full scale."""
MAGIC = b"CYMPEAK1"
HEADER_BYTES = 1024
CHUNK_COLUMNS = 1 << 16
MIN, MAX, RMS = 0, 1, 2


class PeakHeader(msgspec.Struct, frozen=True, kw_only=True):
    """What a peak file says of itself: the sound it was made from and its levels."""

    pcm: PcmInfo
    level_columns: tuple[int, ...]
    """Columns per level, level 0 first, in the order they lie in the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeakColumns:
    """What to draw: float32 (channels, n) each; 0 where the sound is not."""

    min: NDArray[np.float32]
    max: NDArray[np.float32]
    rms: NDArray[np.float32]


class PeakWriter:
    """Writes level 0 while blocks come in and the other levels at the end."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._columns = 0
        self.peak = 0.0
        """Largest absolute sample so far, full scale 1.0; NaN or infinite if any sample is."""
        with disk_errors(path):
            self._stream: BinaryIO = path.open("wb+", buffering=0)
            self._stream.write(bytes(HEADER_BYTES))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stream.close()

    def add(self, block: NDArray[Any]) -> None:
        """Take the next block, int16 or float32 (channels, n); only the last may not be × 256."""
        columns, peak = level_zero(block)
        self.peak = max(self.peak, peak) if math.isfinite(peak) else peak
        if math.isfinite(peak):
            self._append(columns)

    def finish(self, info: PcmInfo) -> None:
        """Write the upper levels and the header, and bring the file to the disk."""
        counts = [self._columns]
        start = HEADER_BYTES
        for _ in range(N_LEVELS - 1):
            counts.append(self._add_level(start, counts[-1], info.channels))
            start += counts[-2] * info.channels * 6
        header = to_json(PeakHeader(pcm=info, level_columns=tuple(counts)))
        with disk_errors(self._path):
            self._stream.seek(0)
            self._stream.write(MAGIC + len(header).to_bytes(4, "little") + header)
            self._stream.flush()

    def _append(self, columns: NDArray[np.int16]) -> None:
        with disk_errors(self._path):
            self._stream.seek(0, 2)
            self._stream.write(memoryview(columns).cast("B"))
        self._columns += len(columns)

    def _add_level(self, start: int, n_below: int, channels: int) -> int:
        total = self._columns
        for first in range(0, n_below, CHUNK_COLUMNS):
            count = min(CHUNK_COLUMNS, n_below - first)
            self._stream.seek(start + first * channels * 6)
            raw = self._stream.read(count * channels * 6)
            self._append(next_level(np.frombuffer(raw, "<i2").reshape(count, channels, 3)))
        made, self._columns = self._columns - total, total
        return made


def level_zero(block: NDArray[Any]) -> tuple[NDArray[np.int16], float]:
    """Return the columns (n, channels, 3) of a block and its largest absolute sample (1.0 = FS)."""
    planar = _planar(block)
    channels, n = planar.shape
    whole = n - n % BASE_SAMPLES
    values = np.empty((3, channels, -(-n // BASE_SAMPLES)), np.float32)
    _reduce(
        planar[:, :whole].reshape(channels, -1, BASE_SAMPLES), values[:, :, : n // BASE_SAMPLES]
    )
    if whole < n:
        _reduce(planar[:, None, whole:], values[:, :, -1:])
    full = 32768.0 if planar.dtype == np.int16 else 1.0
    peak = max(-float(values[MIN].min()), float(values[MAX].max()), 0.0) / full
    if not np.isfinite(values[:2]).all():
        return np.empty((0, channels, 3), np.int16), math.nan
    values *= np.float32(STEPS / full)
    np.floor(values[MIN], out=values[MIN])
    np.ceil(values[MAX:], out=values[MAX:])
    np.clip(values, -32768, 32767, out=values)
    return values.transpose(2, 1, 0).astype(np.int16, order="C"), peak


def _planar(block: NDArray[Any]) -> NDArray[Any]:
    pairs = block.T
    if pairs.dtype == np.int16 and pairs.shape[1] == 2 and pairs.flags.c_contiguous:
        # A pair of 16-bit samples is one 32-bit number: five times as fast as a transposition.
        both = pairs.reshape(-1).view(np.uint32)
        out = np.empty(block.shape, np.int16)
        np.copyto(out[0], both, casting="unsafe")
        np.copyto(out[1], both >> 16, casting="unsafe")
        return out if sys.byteorder == "little" else out[::-1]
    return np.ascontiguousarray(block)


def _reduce(shaped: NDArray[Any], out: NDArray[np.float32]) -> None:
    """Write min, max and rms over the last axis to `out`, (3, channels, columns)."""
    out[MIN], out[MAX] = shaped.min(2), shaped.max(2)
    wave = shaped if shaped.dtype == np.float32 else shaped.astype(np.float32)
    np.vecdot(wave, wave, out=out[RMS])
    out[RMS] /= shaped.shape[2]
    np.sqrt(out[RMS], out=out[RMS])


def next_level(columns: NDArray[np.int16]) -> NDArray[np.int16]:
    """Return a level of a quarter of the columns (n, channels, 3), rounded outward."""
    missing = -len(columns) % FACTOR
    if missing:
        columns = np.concatenate([columns, np.repeat(columns[-1:], missing, axis=0)])
    groups = columns.reshape(-1, FACTOR, columns.shape[1], 3)
    out = np.empty((len(groups), columns.shape[1], 3), np.int16)
    out[:, :, MIN] = groups[..., MIN].min(1)
    out[:, :, MAX] = groups[..., MAX].max(1)
    rms = groups[..., RMS].astype(np.float32)
    out[:, :, RMS] = np.ceil(np.sqrt((rms * rms).mean(1))).clip(0, 32767)
    return out


class PeakPyramid:
    """A peak file, mapped for reading. Cheap to open, safe to share between threads."""

    def __init__(self, header: PeakHeader, levels: tuple[NDArray[np.int16], ...]) -> None:
        self.info = header.pcm
        self.sample_rate_hz = header.pcm.sample_rate_hz
        self.channels = header.pcm.channels
        self.duration_s = header.pcm.n_samples / header.pcm.sample_rate_hz
        self._levels = levels

    @classmethod
    def open(cls, path: Path) -> Self:
        """Map the peak file at `path`.

        Raises
        ------
        LibraryError
            The file is missing, of another version, or not whole.
        """
        try:
            header = read_header(path)
            mapped = np.memmap(path, "<i2", "r", offset=HEADER_BYTES)
        except (OSError, ValueError) as error:
            raise _not_peaks(path) from error
        width = header.pcm.channels * 3
        if mapped.size != sum(header.level_columns) * width:
            raise _not_peaks(path)
        levels, at = [], 0
        for count in header.level_columns:
            levels.append(mapped[at : at + count * width].reshape(count, -1, 3))
            at += count * width
        return cls(header, tuple(levels))

    def columns(self, start_s: float, end_s: float, n: int) -> PeakColumns:
        """Return `n` columns over [start_s, end_s), each bounding every sample in its stretch.

        Parameters
        ----------
        start_s, end_s : float
            Seconds; may reach outside the sound, where columns are 0.
        n : int
            Columns wanted, more than 0.

        Returns
        -------
        PeakColumns
            float32 (channels, n); values in steps of 1/16384, |value| <= 2.
        """
        edges = np.linspace(start_s, end_s, n + 1) * self.sample_rate_hz
        level = self._level_for((end_s - start_s) * self.sample_rate_hz / n)
        width, data = BASE_SAMPLES * FACTOR**level, self._levels[level]
        inside = (edges[1:] > 0) & (edges[:-1] < self.info.n_samples)
        first = np.clip(np.floor(edges[:-1] / width), 0, len(data) - 1).astype(np.intp)
        stop = np.clip(np.ceil(edges[1:] / width), 0, len(data)).astype(np.intp)
        stop = np.maximum(stop, first + 1)
        return _fold(data, first, stop, inside)

    @property
    def level_counts(self) -> tuple[int, ...]:
        """Columns of each level; one of level k stands for `BASE_SAMPLES * FACTOR**k` samples."""
        return tuple(len(level) for level in self._levels)

    def level_columns(self, level: int, first: int, stop: int) -> NDArray[np.int16]:
        """Return the columns [first, stop) of a level as they lie in the file.

        Returns
        -------
        NDArray[np.int16]
            (n, channels, 3): min, max, rms in steps of 1/16384; fewer than asked past the end.
        """
        return np.array(self._levels[level][first:stop])

    def level(self, index: int) -> NDArray[np.int16]:
        """Return a level as it lies in the file, (columns, channels, 3) in steps of 1/16384.

        A column of level `index` covers 256 × 4**index samples; its values are MIN, MAX and RMS.
        """
        return self._levels[index]

    def thumbnail(self, n: int) -> NDArray[np.float32]:
        """Return `n` peaks from 0 to 1 over the whole sound, all channels together."""
        columns = self.columns(0.0, self.duration_s, n)
        peaks: NDArray[np.float32] = np.maximum(-columns.min, columns.max).max(0)
        return np.minimum(peaks, np.float32(1.0))

    def _level_for(self, samples_per_column: float) -> int:
        ratio = max(samples_per_column / BASE_SAMPLES, 1.0)
        return min(int(math.log(ratio, FACTOR)), N_LEVELS - 1)


def _fold(
    data: NDArray[np.int16], first: NDArray[np.intp], stop: NDArray[np.intp], inside: NDArray[Any]
) -> PeakColumns:
    origin = first[0]
    # One row more, because reduceat takes no index at the very end.
    view = np.concatenate([data[origin : stop[-1]], data[stop[-1] - 1 : stop[-1]]])
    pairs = np.stack([first, stop], axis=1).ravel() - origin
    low = np.minimum.reduceat(view[:, :, MIN], pairs)[::2]
    high = np.maximum.reduceat(view[:, :, MAX], pairs)[::2]
    power = np.add.reduceat(view[:, :, RMS].astype(np.float32) ** 2, pairs)[::2]
    rms = np.sqrt(power / (stop - first)[:, None])
    scale = np.where(inside, 1 / STEPS, 0.0)[:, None]
    minimum, maximum, level = (
        np.ascontiguousarray((values * scale).T, dtype=np.float32) for values in (low, high, rms)
    )
    return PeakColumns(min=minimum, max=maximum, rms=level)


def read_header(path: Path) -> PeakHeader:
    """Return the header of a peak file; LibraryError when it is none of ours."""
    with path.open("rb") as stream:
        head = stream.read(HEADER_BYTES)
    if len(head) < HEADER_BYTES or head[: len(MAGIC)] != MAGIC:
        raise _not_peaks(path)
    length = int.from_bytes(head[8:12], "little")
    try:
        return from_json(head[12 : 12 + length], PeakHeader)
    except KnownError as error:
        raise _not_peaks(path) from error


def _not_peaks(path: Path) -> LibraryError:
    return LibraryError(
        "The waveform of this sound is missing or damaged.",
        hint="Run “cymatic library check --repair”, or take the file in again.",
        path=path,
    )
