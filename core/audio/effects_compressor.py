"""The compressor: a feed-forward gain computer with a soft knee, one gain for all channels.

In: float32 (channels, n) blocks, n a whole number of hops. Out: the same, quieter where they were
loud. Pure; no I/O.

Design after D. Giannoulis, M. Massberg, J. Reiss, "Digital Dynamic Range Compressor Design - A
Tutorial and Analysis", J. Audio Eng. Soc. 60(6), 2012: the gain computer is its equation 4, the
ballistics its smooth, decoupled peak detector (equation 17), placed after the gain computer and so
in decibels. The level is the peak over hops of a millisecond; the gain found for a hop is reached
at its end, in a straight line, so that onsets are met up to a millisecond early. The recursion goes
over hops, everything else over arrays.
"""

import math

import numpy as np
from numpy.typing import NDArray

from core.audio.recipe import Compressor
from core.units import Audio

HOPS_PER_S = 1000
SETTLE_TIME_CONSTANTS = 18
"""exp(-18) of 60 dB is 1e-6 dB, far below 1e-6 of a sample."""
FLOOR = 1e-6
"""-120 dB: the lowest level that is told apart from silence."""


def hop_samples(sample_rate_hz: int) -> int:
    """Return how many samples share one level."""
    return max(1, round(sample_rate_hz / HOPS_PER_S))


def gain_reduction_db(effect: Compressor, level_db: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return by how much sound of a steady level is turned down, in dB, 0 or more.

    Source: Giannoulis, Massberg, Reiss 2012, equation 4.
    """
    over = level_db - effect.threshold_db
    slope = 1 - 1 / effect.ratio
    reduction = slope * np.maximum(over, 0.0)
    if effect.knee_db > 0:
        half = effect.knee_db / 2
        bent = slope * np.square(over + half) / (2 * effect.knee_db)
        reduction = np.where(np.abs(over) < half, bent, reduction)
    return reduction


class CompressorFilter:
    """A compressor at work.

    Parameters
    ----------
    effect : Compressor
    sample_rate_hz : int
    """

    def __init__(self, effect: Compressor, sample_rate_hz: int) -> None:
        self.settle_s = SETTLE_TIME_CONSTANTS * (effect.attack_s + effect.release_s)
        self._effect = effect
        self._hop = hop_samples(sample_rate_hz)
        hop_s = self._hop / sample_rate_hz
        self._attack = _pole(effect.attack_s, hop_s)
        self._release = _pole(effect.release_s, hop_s)
        self._held = 0.0
        self._smooth = np.zeros(1)
        self._makeup = 10 ** (effect.makeup_db / 20)
        self._gain = self._makeup
        self._ramp = (np.arange(1, self._hop + 1) / self._hop).astype(np.float32)

    def process(self, block: Audio) -> Audio:
        """Turn the next block down in place and return it; its length is a multiple of the hop."""
        reduction = self._ballistics(gain_reduction_db(self._effect, self._levels_db(block)))
        ends = np.power(10.0, reduction / -20) * self._makeup
        begins = np.concatenate([[self._gain], ends[:-1]])
        self._gain = float(ends[-1])
        rise = (ends - begins).astype(np.float32)
        gains = rise[:, None] * self._ramp + begins.astype(np.float32)[:, None]
        block *= gains.ravel()
        return block

    def _levels_db(self, block: Audio) -> NDArray[np.float64]:
        hops = block.reshape(len(block), -1, self._hop)
        highest = np.maximum(hops.max(axis=2), -hops.min(axis=2)).max(axis=0)
        return 20 * np.log10(np.maximum(highest.astype(np.float64), FLOOR))

    def _ballistics(self, wanted: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the reduction after release and attack, one value per hop, in dB."""
        from scipy.signal import lfilter  # slow to load, and most mixes do without

        held, release = self._held, self._release
        peaks = []
        for reduction in wanted.tolist():
            falling = release * held + (1 - release) * reduction
            held = reduction if reduction > falling else falling
            peaks.append(held)
        self._held = held
        smoothed, self._smooth = lfilter(
            [1 - self._attack], [1, -self._attack], peaks, zi=self._smooth
        )
        result: NDArray[np.float64] = smoothed
        return result


def _pole(time_s: float, hop_s: float) -> float:
    """Return the pole of a one-pole filter that goes 63 % of its way in `time_s`."""
    return math.exp(-hop_s / time_s) if time_s > 0 else 0.0
