"""Columns of a sound at every zoom: read from its peaks, and below their base from its samples.

In: the files of a sound. Out: `Planes` of float32 in two lanes, in pages. Level 0 is the samples
themselves, each further level has a column for four of the level below. Runs on the pool: reading
touches the disk.
"""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.audio.pcm import PcmReader, open_pcm
from core.audio.peaks import FACTOR, STEPS, PeakPyramid
from core.errors import LibraryError
from core.library.model import PcmInfo

PEAK_LEVEL = 4
"""The first level that lies in the peak file: a column of it is `FACTOR**4`, 256 samples."""
RESIDENT_COLUMNS = 1 << 17
"""A level with no more columns is kept in memory as long as the sound is open."""
PAGE_COLUMNS = 4096


@dataclass(frozen=True, slots=True)
class Planes:
    """A run of columns: float32 (2, n) each, full scale 1.0; mono sound fills both lanes."""

    low: NDArray[np.float32]
    high: NDArray[np.float32]
    rms: NDArray[np.float32]

    @property
    def n_columns(self) -> int:
        """How many columns it has."""
        return int(self.low.shape[1])


def level_samples(level: int) -> int:
    """Return how many samples of the source a column of a level stands for."""
    return 1 << 2 * level


def level_for(samples_per_px: float) -> int:
    """Return the coarsest level that has at least a column for each pixel."""
    return max(0, math.floor(math.log(max(samples_per_px, 1.0), FACTOR) + 1e-9))


class LevelReader:
    """The levels of one sound. Raises LibraryError when its peaks cannot be read."""

    def __init__(self, peaks: Path, pcm: Path, info: PcmInfo) -> None:
        self._pyramid = PeakPyramid.open(peaks)
        self._pcm: PcmReader | None
        try:
            self._pcm = open_pcm(pcm, info)
        except LibraryError:
            self._pcm = None  # evicted: the peaks alone are drawn, however near one looks
        self.sample_rate_hz = self._pyramid.sample_rate_hz
        self.n_samples = info.n_samples
        self.channels = self._pyramid.channels
        counts = self._pyramid.level_counts
        self.top_level = PEAK_LEVEL + len(counts) - 1
        self.resident_level = PEAK_LEVEL + next(
            (k for k, count in enumerate(counts) if count <= RESIDENT_COLUMNS), len(counts) - 1
        )
        self.finest_level = PEAK_LEVEL if self._pcm is None else 0

    @property
    def samples(self) -> PcmReader | None:
        """The decoded sound, None when it is not in the cache."""
        return self._pcm

    def resident(self) -> dict[int, Planes]:
        """Return the coarse levels, which stay in memory."""
        counts = self._pyramid.level_counts
        return {
            level: self._peaks(level, 0, counts[level - PEAK_LEVEL])
            for level in range(self.resident_level, self.top_level + 1)
        }

    def page(self, level: int, page: int) -> Planes:
        """Return one page of a level that is not resident; shorter at the end of the sound."""
        first = page * PAGE_COLUMNS
        if level >= PEAK_LEVEL:
            return self._peaks(level, first, first + PAGE_COLUMNS)
        if self._pcm is None:
            raise LibraryError("The decoded sound is not in the cache.")
        width = level_samples(level)
        block = self._pcm.read(first * width, (first + PAGE_COLUMNS) * width)
        return _planes_of(block, width)

    def _peaks(self, level: int, first: int, stop: int) -> Planes:
        raw = self._pyramid.level_columns(level - PEAK_LEVEL, first, stop)
        values = raw.transpose(2, 1, 0).astype(np.float32) / np.float32(STEPS)
        low, high, rms = values
        return Planes(_lanes(low, np.minimum), _lanes(high, np.maximum), _lanes(rms, np.maximum))


def _lanes(values: NDArray[np.float32], fold: np.ufunc) -> NDArray[np.float32]:
    """Return (2, n): the even channels folded into one lane, the odd ones into the other."""
    left, right = values[0::2], values[1::2]
    if not len(right):
        right = left
    pair = np.stack([fold.reduce(left, axis=0), fold.reduce(right, axis=0)])
    return np.ascontiguousarray(pair, dtype=np.float32)


def _planes_of(block: NDArray[np.float32], width: int) -> Planes:
    if width == 1:
        left, right = block[0], block[1 if len(block) > 1 else 0]
        pair = np.stack([left, right])
        return Planes(pair, pair, np.zeros_like(pair))
    missing = -block.shape[1] % width
    if missing:
        block = np.concatenate([block, np.repeat(block[:, -1:], missing, axis=1)], axis=1)
    groups = block.reshape(len(block), -1, width)
    power = np.vecdot(groups, groups) / np.float32(width)
    return Planes(
        _lanes(groups.min(2), np.minimum),
        _lanes(groups.max(2), np.maximum),
        _lanes(np.sqrt(power), np.maximum),
    )
