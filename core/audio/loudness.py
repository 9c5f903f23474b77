"""How loud a sound is, measured while it streams by (EBU R 128, ITU-R BS.1770-4).

In: float32 blocks. Out: integrated, momentary and short-term loudness, loudness range, peaks.
Memory grows by 16 bytes for each 100 ms and no more; pure.

Windows slide in steps of about 10 ms for the maxima (EBU Tech 3341 asks for 100 ms or less; a
burst of 400 ms may fall anywhere), and in steps of 100 ms for what is gated.

One channel is measured as one channel: a mono file sounds from two loudspeakers 3 LU louder than
it measures, which is why podcasts are asked for -16 LUFS in stereo and -19 LUFS in mono. With
`dual_mono` a single channel counts twice instead.
"""

import math
from array import array
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from core.audio.channels import DEFAULT_LAYOUTS, LAYOUTS
from core.audio.loudness_filter import KWeightedPower
from core.audio.true_peak import TruePeakMeter, decibels
from core.library.model import Loudness
from core.units import Audio

type Powers = NDArray[np.float64]

MIN_LUFS = -70.0
"""The absolute gate (BS.1770-4): below it nothing counts."""
OFFSET_LU = -0.691
"""Makes a 997 Hz tone at full scale in one channel -3.01 LUFS (BS.1770-4)."""
MOMENTARY_HOPS, SHORT_TERM_HOPS, GATE_HOPS = 40, 300, 10
"""400 ms, 3 s, and 100 ms from one gated block to the next, in steps of 10 ms."""
GATE_LU, RANGE_GATE_LU = -10.0, -20.0
"""Relative gates of BS.1770-4 and EBU Tech 3342."""
RANGE_PERCENTILES = (0.10, 0.95)
SURROUND_WEIGHT = 1.41
"""Of loudspeakers 60 to 120 degrees to the side (BS.1770-4, table 4); others count 1."""


def channel_weights(channels: int, layout: str = "", *, dual_mono: bool = False) -> Powers:
    """Return how much each channel counts, float64 (channels,).

    Surrounds count 1.41, low-frequency effects nothing. The back loudspeakers of 5.1 are its
    surrounds; beside side loudspeakers (7.1) they stand behind the listener and count 1.
    """
    if channels == 1:
        return np.array([2.0 if dual_mono else 1.0])
    names = LAYOUTS.get(layout or DEFAULT_LAYOUTS.get(channels, ""), "").split()
    weights = np.ones(channels)
    if len(names) != channels:
        return weights
    surrounds = {"SL", "SR"} if "SL" in names else {"BL", "BR"}
    for index, name in enumerate(names):
        if name == "LFE":
            weights[index] = 0.0
        elif name in surrounds:
            weights[index] = SURROUND_WEIGHT
    return weights


def lufs(power: float) -> float | None:
    """Return the loudness of a K-weighted power; None at or below the absolute gate."""
    loudness = OFFSET_LU + 10 * math.log10(power) if power > 0 else -math.inf
    return loudness if loudness > MIN_LUFS else None


def power_of(loudness_lufs: float) -> float:
    """Return the K-weighted power of a loudness."""
    return float(10 ** ((loudness_lufs - OFFSET_LU) / 10))


def gated(powers: Powers, gate_lu: float) -> Powers:
    """Return the blocks above the absolute gate and above the relative one."""
    loud = powers[powers > power_of(MIN_LUFS)]
    return loud[loud > loud.mean() * 10 ** (gate_lu / 10)] if loud.size else loud


def integrated(powers: Powers) -> float | None:
    """Return the gated loudness of blocks of 400 ms, in LUFS (BS.1770-4)."""
    kept = gated(powers, GATE_LU)
    return lufs(float(kept.mean())) if kept.size else None


def loudness_range(powers: Powers) -> float | None:
    """Return the loudness range of blocks of 3 s, in LU (EBU Tech 3342)."""
    kept = np.sort(gated(powers, RANGE_GATE_LU))
    if not kept.size:
        return None
    low, high = (kept[round((kept.size - 1) * part)] for part in RANGE_PERCENTILES)
    return float(10 * np.log10(high / low))


class SlidingPower:
    """Mean power in a window that slides by the step: its maximum, and its value every 100 ms.

    Without `keep` only the maximum and the latest value.
    """

    def __init__(self, hops: int, *, keep: bool = True) -> None:
        self.largest = 0.0
        self.latest = 0.0
        self._hops, self._keep = hops, keep
        self._seen = 0
        self._recent = np.zeros(0)
        self._blocks = array("d")

    @property
    def blocks(self) -> Powers:
        """The windows that end on a multiple of 100 ms."""
        return np.array(self._blocks, np.float64)

    def add(self, powers: Powers) -> None:
        """Take the powers of the next steps, float64 (steps,)."""
        joined = np.concatenate([self._recent, powers])
        self._seen += powers.size
        self._recent = joined[max(0, joined.size - self._hops + 1) :]
        if joined.size < self._hops:
            return
        sums = np.concatenate([[0.0], np.cumsum(joined)])
        means = np.maximum(sums[self._hops :] - sums[: -self._hops], 0.0) / self._hops
        self.latest = float(means[-1])
        self.largest = max(self.largest, float(means.max()))
        if not self._keep:
            return
        first_end = self._seen - means.size + 1
        self._blocks.frombytes(means[-first_end % GATE_HOPS :: GATE_HOPS].tobytes())


class LoudnessMeter:
    """Measures one sound, block by block; the cut into blocks is no matter.

    Parameters
    ----------
    sample_rate_hz, channels : int
        Form of the blocks.
    layout : str
        FFmpeg's name of the channel layout; empty: the usual one for the count.
    true_peak : bool
        Measure the true peak too, about half of the work.
    dual_mono : bool
        Count a single channel as two loudspeakers playing it, 3 LU louder.
    """

    def __init__(
        self,
        sample_rate_hz: int,
        channels: int,
        *,
        layout: str = "",
        true_peak: bool = True,
        dual_mono: bool = False,
    ) -> None:
        self._weights = channel_weights(channels, layout, dual_mono=dual_mono)
        self._power = KWeightedPower(sample_rate_hz, channels)
        self._momentary = SlidingPower(MOMENTARY_HOPS)
        self._short_term = SlidingPower(SHORT_TERM_HOPS)
        self._true_peak = TruePeakMeter(channels) if true_peak else None
        self._sample_peak = 0.0

    def add(self, block: Audio) -> None:
        """Take the next block, float32 (channels, n)."""
        if not block.shape[1]:
            return
        self._sample_peak = max(self._sample_peak, float(block.max()), -float(block.min()))
        if self._true_peak:
            self._true_peak.add(block)
        powers = self._weights @ self._power.add(block)
        self._momentary.add(powers)
        self._short_term.add(powers)

    @property
    def momentary_lufs(self) -> float | None:
        """Loudness of the last 400 ms."""
        return lufs(self._momentary.latest)

    @property
    def short_term_lufs(self) -> float | None:
        """Loudness of the last 3 s."""
        return lufs(self._short_term.latest)

    def result(self) -> Loudness:
        """Return the loudness of all blocks so far."""
        return Loudness(
            integrated_lufs=integrated(self._momentary.blocks),
            true_peak_dbtp=decibels(max(self._true_peak.peaks())) if self._true_peak else None,
            loudness_range_lu=loudness_range(self._short_term.blocks),
            max_momentary_lufs=lufs(self._momentary.largest),
            max_short_term_lufs=lufs(self._short_term.largest),
            sample_peak_dbfs=decibels(self._sample_peak),
        )


def measure_loudness(
    blocks: Iterable[Audio],
    sample_rate_hz: int,
    channels: int,
    *,
    layout: str = "",
    true_peak: bool = True,
    dual_mono: bool = False,
) -> Loudness:
    """Return the loudness of a sound given in blocks, float32 (channels, n)."""
    meter = LoudnessMeter(
        sample_rate_hz, channels, layout=layout, true_peak=true_peak, dual_mono=dual_mono
    )
    for block in blocks:
        meter.add(block)
    return meter.result()
