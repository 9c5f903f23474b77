"""Where the analyser's samples come from: any sound that can be read in blocks.

`core.audio.prepared.PreparedReader` is one; `ArraySource` is one in memory.
"""

from collections.abc import Iterator
from typing import Protocol

import numpy as np

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
