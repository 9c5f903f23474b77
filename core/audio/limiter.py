"""Peak limiter: hold sound at full scale where it goes over, and leave all the rest alone.

In: float32 (channels, n) blocks. Out: the same blocks, delayed by none, at most full scale.

It looks ahead: around a peak over full scale the gain dips smoothly, as a moving average (Hann)
of the running minimum of the gain needed, so it reaches the needed gain exactly at the peak and
is exactly 1 further than `REACH_S` from it. All channels share one gain.
"""

import math
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from core.audio.mix import reblock
from core.units import Audio

CEILING = 1.0 - 2.0**-20
HALF_WINDOW_S = 0.010
REACH_S = 2 * HALF_WINDOW_S


class PeakLimiter:
    """Limits one sound; `peak` is the largest absolute sample that came in so far."""

    def __init__(self, sample_rate_hz: int) -> None:
        self.peak = 0.0
        self._half = max(1, round(HALF_WINDOW_S * sample_rate_hz))
        hann = np.hanning(2 * self._half + 3)[1:-1]
        self._kernel = hann / hann.sum()

    @property
    def limited_peak_db(self) -> float | None:
        """How far peaks went over full scale, in dB; None when none did."""
        return 20 * math.log10(self.peak) if self.peak > 1.0 else None

    def limit(self, blocks: Iterable[Audio]) -> Iterator[Audio]:
        """Yield the limited sound in the same blocks."""
        before: Audio | None = None
        current: Audio | None = None
        for block in reblock(blocks, max(1 << 16, 4 * self._half)):
            self.peak = max(self.peak, float(np.abs(block).max()))
            if current is not None:
                yield self._limited(before, current, block)
            before, current = current, block
        if current is not None:
            yield self._limited(before, current, None)

    def _limited(self, before: Audio | None, current: Audio, after: Audio | None) -> Audio:
        reach = 2 * self._half
        left = before[:, -reach:] if before is not None else current[:, :0]
        right = after[:, :reach] if after is not None else current[:, :0]
        level = np.abs(np.concatenate([left, current, right], axis=1)).max(axis=0)
        if level.max() <= 1.0:
            return current
        gain = self._gain(level.astype(np.float64))
        return current * gain[left.shape[1] : left.shape[1] + current.shape[1]].astype(np.float32)

    def _gain(self, level: NDArray[np.float64]) -> NDArray[np.float64]:
        from scipy.ndimage import convolve1d, minimum_filter1d  # slow to load, seldom needed

        needed = np.where(level > 1.0, CEILING / np.maximum(level, 1.0), 1.0)
        lowest = minimum_filter1d(needed, 2 * self._half + 1, mode="nearest")
        gain = convolve1d(lowest, self._kernel, mode="nearest")
        touched = minimum_filter1d(needed, 4 * self._half + 1, mode="nearest") < 1.0
        return np.where(touched, np.minimum(gain, 1.0), 1.0)
