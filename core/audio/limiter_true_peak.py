"""True-peak limiter: hold what goes between the samples under a ceiling, and be heard little.

In: float32 (channels, n) blocks. Out: the same samples, delayed by none, none of whose points,
four times oversampled, goes over the ceiling.

The gain is found once for each row of 16 samples and drawn straight from row to row, the same
for all channels. It falls before a peak along a smooth curve that ends at the peak (look-ahead),
holds for more than half a period of the lowest bass, so that a low tone is not bent within its
period, then comes back exponentially. Sound that stays under the ceiling passes bit by bit.

A run may begin anywhere: begun `SETTLE_S` earlier, on the same row grid (`start` says where the
first sample lies), it is within 1e-6 of the run from the beginning. Sound after `LOOKAHEAD_S`
ahead has no influence.
"""

import math
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from core.audio.true_peak import ROW, row_peaks
from core.units import Audio

type Curve = NDArray[np.float64]

ATTACK_S = 0.005
"""From the first fall of the gain to half of it; the whole fall takes twice as long."""
HOLD_S = 0.016
"""Half a period of 31 Hz."""
RELEASE_S = 0.100
"""Time constant of the return."""
LOOKAHEAD_S = 2 * ATTACK_S + 0.005
SETTLE_S = 1.5
"""After so long even 60 dB of reduction have gone back to nothing."""
BLOCK_SAMPLES = 1 << 15
MARGIN_DB = 0.05
"""Kept from the ceiling: other meters interpolate otherwise, and the gain moves between points."""
_FLOOR = 1e-4
"""Reduction, in nepers, at which the return ends (0.001 dB)."""
_CHUNK = 2048
"""Rows of release at a time: what is divided by its decay must stay finite."""


class GainCurve:
    """From the reduction that each row needs to the reduction at each row's first sample.

    Both in nepers, 0 or more, one value a row. What comes out at a row is at least what the two
    rows before it and the row itself and the next need, so that a straight line between two rows,
    and points that reach over a row's border, are held as well.
    """

    def __init__(self, rows_per_s: float) -> None:
        self._reach = max(1, round(ATTACK_S * rows_per_s))
        self._ahead = self._reach + 2
        self._hold = max(self._reach + 3, round(HOLD_S * rows_per_s))
        self._decay = math.exp(-1 / (RELEASE_S * rows_per_s))
        kernel = np.hanning(2 * self._reach + 3)[1:-1]
        self._kernel = kernel / kernel.sum()
        self._needed = np.zeros(self._hold + self._reach)
        self._held = np.zeros(0)
        self._level = 0.0

    @property
    def latency(self) -> int:
        """Rows that must be known after a row before its gain is."""
        return self._ahead + self._reach

    def add(self, needed: Curve) -> Curve:
        """Take what the next rows need; return the reduction of the rows that are now known."""
        from scipy.ndimage import maximum_filter1d  # slow to load, seldom needed

        self._needed = np.concatenate([self._needed, needed])
        window = self._hold + self._ahead + 1
        ready = self._needed.size - window + 1
        if ready <= 0:
            return np.zeros(0)
        largest = maximum_filter1d(self._needed, window, mode="constant")
        held = self._released(largest[window // 2 : window // 2 + ready])
        self._needed = self._needed[ready:]
        self._held = np.concatenate([self._held, held])
        known = self._held.size - 2 * self._reach
        if known <= 0:
            return np.zeros(0)
        smooth = np.convolve(self._held, self._kernel, mode="valid")
        self._held = self._held[known:]
        return np.maximum(smooth, 0.0)

    def _released(self, held: Curve) -> Curve:
        """Let each reduction die away exponentially, to nothing at all in finite time."""
        if not held.any() and self._level < _FLOOR:
            self._level = 0.0
            return held
        out = np.empty_like(held)
        for first in range(0, held.size, _CHUNK):
            part = held[first : first + _CHUNK]
            decay = self._decay ** np.arange(1, part.size + 1)
            level = np.maximum(np.maximum.accumulate(part / decay), self._level) * decay
            out[first : first + part.size] = np.maximum(part, level - _FLOOR)
            self._level = float(level[-1])
        return np.maximum(out, 0.0)


class TruePeakLimiter:
    """Limits one sound.

    Parameters
    ----------
    sample_rate_hz : int
        Of the blocks.
    ceiling_dbtp : float
        Highest true peak that comes out.
    """

    def __init__(self, sample_rate_hz: int, ceiling_dbtp: float = -1.0) -> None:
        self.reduction_db = 0.0
        """The largest reduction so far, 0 or more."""
        self._rate = sample_rate_hz
        self._ceiling = 10 ** ((ceiling_dbtp - MARGIN_DB) / 20)

    def limit(self, blocks: Iterable[Audio], *, start: int = 0) -> Iterator[Audio]:
        """Yield the limited sound, float32 (channels, n), however the blocks fall.

        Parameters
        ----------
        blocks : iterable of Audio
            float32 (channels, n); any level.
        start : int
            Index of the first sample in the whole sound, for runs begun in the middle.
        """
        curve = GainCurve(self._rate / ROW)
        skip = start % ROW
        gains = np.zeros(0)
        waiting: Audio | None = None
        for context, sound in rows_with_context(blocks, skip):
            waiting = sound if waiting is None else np.concatenate([waiting, sound], axis=1)
            gains = np.concatenate([gains, curve.add(self._needed(context))])
            rows = min(gains.size - 1, waiting.shape[1] // ROW)
            if rows > 0:
                out = self._apply(waiting[:, : rows * ROW], gains[: rows + 1])
                waiting, gains = waiting[:, rows * ROW :], gains[rows:]
                yield np.ascontiguousarray(out[:, skip:])
                skip = 0
        if waiting is None or not waiting.shape[1]:
            return
        gains = np.concatenate([gains, curve.add(np.zeros(curve.latency + 2))])
        out = self._apply(waiting, gains[: -(-waiting.shape[1] // ROW) + 1])
        yield np.ascontiguousarray(out[:, skip:])

    def _needed(self, context: Audio) -> Curve:
        """Return the reduction that each row needs, in nepers."""
        peaks = row_peaks(context, self._ceiling).max(axis=0).astype(np.float64)
        return np.log(np.maximum(peaks / self._ceiling, 1.0))

    def _apply(self, sound: Audio, reduction: Curve) -> Audio:
        """Scale whole rows (the last may be short) by gains drawn from row to row."""
        if not reduction.any():
            return np.ascontiguousarray(sound)
        self.reduction_db = max(self.reduction_db, float(reduction.max()) * 20 / math.log(10))
        gain = np.exp(-reduction)
        share = np.arange(ROW) / ROW
        drawn = gain[:-1, None] + (gain[1:] - gain[:-1])[:, None] * share
        return np.asarray(sound * drawn.ravel()[: sound.shape[1]].astype(np.float32))


def rows_with_context(blocks: Iterable[Audio], skip: int) -> Iterator[tuple[Audio, Audio]]:
    """Yield (rows with one row on either side, the samples of those rows), in even blocks.

    `skip` samples of silence come first, to begin on the grid of rows. The samples of the last
    block end with the sound; its rows are filled up with silence.
    """
    size = BLOCK_SAMPLES + 2 * ROW
    parts: list[Audio] = []
    for block in blocks:
        parts = parts or [np.zeros((len(block), ROW + skip), np.float32)]
        parts.append(block)
        if sum(part.shape[1] for part in parts) < size:
            continue
        buffer = np.concatenate(parts, axis=1)
        while buffer.shape[1] >= size:
            yield buffer[:, :size], buffer[:, ROW : ROW + BLOCK_SAMPLES]
            buffer = buffer[:, BLOCK_SAMPLES:]
        parts = [buffer]
    ended = np.concatenate(parts, axis=1) if parts else np.zeros((1, 0), np.float32)
    n = ended.shape[1] - ROW
    if n > 0:
        context = np.zeros((len(ended), (-(-n // ROW) + 2) * ROW), np.float32)
        context[:, : ended.shape[1]] = ended
        yield context, ended[:, ROW:]
