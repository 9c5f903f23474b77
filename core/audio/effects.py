"""Effects of a lane, in order: high-pass and compressor, with their state kept between blocks.

In: float32 (channels, n) blocks of one length, one after the other. Out: the same, treated. Pure;
no I/O; deterministic.
"""

import math
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from core.audio.effects_compressor import CompressorFilter, hop_samples
from core.audio.recipe import Compressor, Effect, HighPass
from core.units import Audio

STEP_SAMPLES = 1 << 13
"""About how many samples effects treat at once."""
SETTLED = 1e-9
"""What is left of an old state when a high-pass counts as settled."""
DB_PER_POLE = 6


class EffectFilter(Protocol):
    """One effect at work."""

    settle_s: float
    """After so long its output no longer tells what it heard before (to 1e-6)."""

    def process(self, block: Audio) -> Audio:
        """Return the next block treated; `block` may be written over."""
        ...


class EffectChain:
    """Effects in a row.

    Parameters
    ----------
    effects : sequence of Effect
    sample_rate_hz, channels : int
        Of the sound.

    Attributes
    ----------
    step_samples : int
        How long every block is; the first begins at a whole number of them in the mix.
    settle_samples : int
        How much of the sound they hear before a place, so that they are there as if they had
        heard everything: 0.43 s for a high-pass at 20 Hz, 18 times attack and release for a
        compressor.
    """

    def __init__(self, effects: Sequence[Effect], sample_rate_hz: int, channels: int) -> None:
        hop = hop_samples(sample_rate_hz)
        self.step_samples = max(1, STEP_SAMPLES // hop) * hop
        self._filters = [effect_filter(effect, sample_rate_hz, channels) for effect in effects]
        settle_s = sum(part.settle_s for part in self._filters)
        self.settle_samples = math.ceil(settle_s * sample_rate_hz)

    def process(self, block: Audio) -> Audio:
        """Return the next block treated, float32 (channels, step_samples)."""
        for part in self._filters:
            block = part.process(block)
        return block


def effect_filter(effect: Effect, sample_rate_hz: int, channels: int) -> EffectFilter:
    """Return an effect at work, that has heard nothing yet."""
    match effect:
        case HighPass():
            return HighPassFilter(effect, sample_rate_hz, channels)
        case Compressor():
            return CompressorFilter(effect, sample_rate_hz)


class HighPassFilter:
    """A Butterworth high-pass of second or fourth order, in double precision.

    Source: S. Butterworth 1930, as second-order sections by the bilinear transform
    (scipy.signal.butter).
    """

    def __init__(self, effect: HighPass, sample_rate_hz: int, channels: int) -> None:
        from scipy.signal import butter  # slow to load, and most mixes do without

        order = effect.slope_db // DB_PER_POLE
        self._sections: NDArray[np.float64] = butter(
            order, effect.frequency_hz, "highpass", fs=sample_rate_hz, output="sos"
        )
        self._state = np.zeros((len(self._sections), channels, 2))
        slowest = 2 * math.pi * effect.frequency_hz * math.sin(math.pi / (2 * order))
        self.settle_s = -math.log(SETTLED) / slowest

    def process(self, block: Audio) -> Audio:
        """Return the next block treated."""
        from scipy.signal import sosfilt

        treated, self._state = sosfilt(self._sections, block, axis=1, zi=self._state)
        return treated.astype(np.float32)
