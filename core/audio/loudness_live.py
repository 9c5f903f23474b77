"""Live meter: what a level display shows of the sound that is being played.

In: blocks as they are played, from the thread that plays them. Out: `Levels` for the thread that
draws, as often as it asks. Feeding only puts the block aside; the work is done by who reads, on
all that came since the last reading.
"""

from collections import deque
from dataclasses import dataclass

import numpy as np

from core.audio.loudness import (
    MOMENTARY_HOPS,
    SHORT_TERM_HOPS,
    SlidingPower,
    channel_weights,
    lufs,
)
from core.audio.loudness_filter import KWeightedPower
from core.audio.true_peak import TruePeakMeter, decibels
from core.units import Audio

MAX_WAITING = 256
"""Blocks kept for a reader that does not come; then the oldest goes."""
LOUDNESS_S = 0.1
"""Loudness is renewed as often as EBU Tech 3341 asks for, and not at each reading."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """One reading. Per channel: linear, of the sound since the reading before."""

    peaks: tuple[float, ...]
    """Largest absolute samples."""
    true_peaks: tuple[float, ...]
    """Largest points, four times oversampled; at least `peaks`."""
    momentary_lufs: float | None
    """Loudness of the last 400 ms, renewed every 100 ms.

    None: at or below -70 LUFS, or too little was heard yet.
    """
    short_term_lufs: float | None
    """Loudness of the last 3 s."""
    max_true_peak_dbtp: float | None
    """Of all channels since the last reset."""

    @property
    def true_peak_dbtp(self) -> tuple[float | None, ...]:
        """`true_peaks` in dBTP; None for silence."""
        return tuple(decibels(peak) for peak in self.true_peaks)


class LiveMeter:
    """Measures the sound that is played. One thread feeds, one other reads and resets."""

    def __init__(self, sample_rate_hz: int, channels: int, *, layout: str = "") -> None:
        self._rate, self._channels = sample_rate_hz, channels
        self._weights = channel_weights(channels, layout)
        self._waiting: deque[Audio] = deque()
        self._peaks: tuple[float, ...]
        self._true_peaks: tuple[float, ...]
        self._largest: float
        self._unweighted: list[Audio]
        self.reset()

    def feed(self, block: Audio) -> None:
        """Put a block aside, float32 (channels, n); never waits for the reader."""
        self._waiting.append(np.array(block, np.float32))
        if len(self._waiting) > MAX_WAITING:
            self._take()

    def read(self) -> Levels:
        """Return the levels of what was fed since the last reading."""
        parts: list[Audio] = []
        while (part := self._take()) is not None:
            parts.append(part)
        if parts:
            self._measure(np.concatenate(parts, axis=1))
        else:
            self._peaks = self._true_peaks = (0.0,) * self._channels
        self._largest = max(self._largest, *self._true_peaks)
        return Levels(
            peaks=self._peaks,
            true_peaks=self._true_peaks,
            momentary_lufs=lufs(self._momentary.latest),
            short_term_lufs=lufs(self._short_term.latest),
            max_true_peak_dbtp=decibels(self._largest),
        )

    def reset(self) -> None:
        """Forget all that was heard, as at a seek or another sound."""
        self._waiting.clear()
        self._power = KWeightedPower(self._rate, self._channels)
        self._momentary = SlidingPower(MOMENTARY_HOPS, keep=False)
        self._short_term = SlidingPower(SHORT_TERM_HOPS, keep=False)
        self._true_peak = TruePeakMeter(self._channels)
        self._peaks = self._true_peaks = (0.0,) * self._channels
        self._largest = 0.0
        self._unweighted = []

    def _take(self) -> Audio | None:
        try:  # both threads take
            return self._waiting.popleft()
        except IndexError:
            return None

    def _measure(self, sound: Audio) -> None:
        self._unweighted.append(sound)
        if sum(part.shape[1] for part in self._unweighted) >= LOUDNESS_S * self._rate:
            heard = np.concatenate(self._unweighted, axis=1)
            self._unweighted = []
            powers = self._weights @ self._power.add(heard)
            self._momentary.add(powers)
            self._short_term.add(powers)
        self._peaks = tuple(float(peak) for peak in np.abs(sound).max(axis=1))
        self._true_peak.add(sound)
        between = self._true_peak.take()
        self._true_peaks = tuple(max(pair) for pair in zip(self._peaks, between, strict=True))
