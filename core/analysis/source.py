"""Where the analyser's samples come from: any sound that can be read in blocks.

`core.audio.prepared.PreparedReader` is one; `ArraySource` is one in memory, `StreamSource` one that
is being made.
"""

from collections.abc import Iterable, Iterator
from typing import Protocol

import numpy as np

from core.audio.mix import reblock
from core.units import Audio


class AudioSource(Protocol):
    """Sound of known length, read front to back in blocks."""

    @property
    def sample_rate_hz(self) -> int:
        """Samples a second."""
        ...

    @property
    def n_samples(self) -> int:
        """Samples per channel."""
        ...

    @property
    def channels(self) -> int:
        """Channels, at least 1."""
        ...

    def blocks(self, start: int, stop: int, size: int) -> Iterator[Audio]:
        """Yield float32 (channels, n <= size) from sample `start` to `stop`."""
        ...


class ArraySource:
    """Samples in memory as a source: float32 (channels, n)."""

    def __init__(self, samples: Audio, sample_rate_hz: int) -> None:
        self._samples = np.ascontiguousarray(samples, np.float32)
        self.sample_rate_hz = sample_rate_hz
        self.channels, self.n_samples = self._samples.shape

    def blocks(self, start: int, stop: int, size: int) -> Iterator[Audio]:
        """Yield slices of the array."""
        for first in range(start, stop, size):
            yield self._samples[:, first : min(first + size, stop)]


class StreamSource:
    """Sound on its way as a source: its whole length is known, and it is read once.

    Parameters
    ----------
    blocks : iterable of Audio
        float32 (channels, n), n_samples in all.
    sample_rate_hz, channels, n_samples : int
        Form of the sound.
    """

    def __init__(
        self, blocks: Iterable[Audio], *, sample_rate_hz: int, channels: int, n_samples: int
    ) -> None:
        self._blocks = blocks
        self.sample_rate_hz = sample_rate_hz
        self.channels = channels
        self.n_samples = n_samples

    def blocks(self, start: int, stop: int, size: int) -> Iterator[Audio]:
        """Yield the blocks as they come, from the first sample to the last."""
        assert (start, stop) == (0, self.n_samples)
        return reblock(self._blocks, size)
