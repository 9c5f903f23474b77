"""What is heard of a mix: the mixer with its loudness and its peak limiter, from any position.

In: a mixer, the plan that brings it to its loudness. Out: the samples that the prepared file
holds, but for its dither, as blocks that playback asks for. Bounded memory.
"""

from collections.abc import Iterator

import numpy as np

from core.audio.limiter import REACH_S, PeakLimiter
from core.audio.limiter_true_peak import SETTLE_S
from core.audio.mix import Mixer
from core.audio.normalisation import NormalisationPlan
from core.audio.normalise import Normaliser
from core.audio.true_peak import ROW
from core.units import Audio

BLOCK_SAMPLES = 1 << 13


class HeardSound:
    """A mix as it will be in the video; for one reader at a time.

    Parameters
    ----------
    mixer : Mixer
    plan : NormalisationPlan, optional
        How the mix comes to its loudness; None: as loud as it is.
    may_clip : bool
        Whether the mix can go over full scale, so that its peaks have to be held.
    """

    def __init__(
        self, mixer: Mixer, plan: NormalisationPlan | None = None, *, may_clip: bool = True
    ) -> None:
        self._mixer, self._plan = mixer, plan
        self._holds = plan is None and may_clip
        self._gain = np.float32(10 ** (plan.gain_db / 20) if plan else 1.0)
        self._stream: Iterator[Audio] = iter(())
        self._rest: Audio | None = None
        self._at = -1
        self.sample_rate_hz = mixer.sample_rate_hz
        self.channels = mixer.channels
        self.n_samples = mixer.n_samples

    def read(self, start: int, stop: int) -> Audio:
        """Return samples [start, stop), float32 (channels, n); silence past the end."""
        if self._plan is not None and self._plan.is_linear:
            return self._mixer.read(start, stop) * self._gain
        if self._plan is None and not self._holds:
            return self._mixer.read(start, stop)
        if start != self._at:
            self._seek(start)
        return self._next(stop - start)

    def close(self) -> None:
        """Let go of the sources."""
        self._mixer.close()

    def _seek(self, start: int) -> None:
        """Begin early enough that the limiter does at `start` what it does in one go."""
        early = SETTLE_S if self._plan is not None else 2 * REACH_S
        begin = max(0, start - round(early * self.sample_rate_hz)) // ROW * ROW
        blocks = self._mixer.blocks(begin, size=BLOCK_SAMPLES)
        if self._plan is not None:
            held = Normaliser(self._plan, self.sample_rate_hz).apply(blocks, start=begin)
        else:
            held = PeakLimiter(self.sample_rate_hz).limit(blocks)
        self._stream, self._rest, self._at = held, None, begin
        self._next(start - begin)

    def _next(self, n: int) -> Audio:
        out = np.zeros((self.channels, n), np.float32)
        filled = 0
        while filled < n:
            block = self._rest if self._rest is not None else next(self._stream, None)
            if block is None:
                break
            taken = min(block.shape[1], n - filled)
            out[:, filled : filled + taken] = block[:, :taken]
            self._rest = block[:, taken:] if taken < block.shape[1] else None
            filled += taken
        self._at += n
        return out
