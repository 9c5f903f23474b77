"""Playback's values: what can be played, what the transport does, where it is heard.

Light: loads neither numpy nor the sound library, so that a window may name these types at once.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from core.errors import KnownError
from core.units import Audio

RATES = (1.0, 2.0, 4.0)
"""The speeds that J and L step through, in both directions."""
MIN_LOOP_S = 0.01
"""A shorter loop is a tone, not a stretch of sound."""


class PlaybackError(KnownError):
    """The sound cannot be played."""

    code = "playback"


class PlayableSound(Protocol):
    """Anything that can be played: the mixer, a PCM cache, a test signal.

    `read(start, stop)` returns float32 (channels, stop - start). It may take a few milliseconds,
    and is called from one thread, in order after each jump. KnownError and OSError from it end
    the playback with their sentence.
    """

    sample_rate_hz: int
    channels: int
    n_samples: int

    def read(self, start: int, stop: int) -> Audio:
        """Return samples [start, stop), 0 <= start <= stop <= n_samples."""
        ...


class PlayState(StrEnum):
    """What the transport does."""

    STOPPED = "stopped"
    """At rest, nothing played yet, or stopped back to where playing began."""
    PLAYING = "playing"
    PAUSED = "paused"
    """At rest where it was paused, or at the end."""
    SCRUBBING = "scrubbing"
    """Grains around the pointer are heard while it is dragged."""

    @property
    def is_active(self) -> bool:
        """Whether something is to be heard."""
        return self in (PlayState.PLAYING, PlayState.SCRUBBING)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputDevice:
    """Something to listen through. `id` outlives restarts and is what is remembered."""

    id: str
    name: str
    channels: int
    sample_rate_hz: int
    is_default: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputState:
    """Where the sound goes. `message` is a sentence for people; `is_silent`: only a clock runs."""

    name: str
    message: str
    is_silent: bool
    device_id: str | None = None
    """What was asked for; None is the system's default."""
    sample_rate_hz: int = 0
    latency_s: float = 0.0
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """Highest sample of each channel since the last look, 0 and up; 1 is full scale."""

    peaks: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A stretch of what was just heard, before the volume, for meters.

    `samples` float32 (channels, n); `next_frame` is what to ask from the next time; `is_whole`
    False when the asker came too late and some was lost.
    """

    samples: Audio
    sample_rate_hz: int
    next_frame: int
    is_whole: bool = True


def next_rate(rate: float, direction: int) -> float:
    """Return the speed after one more press of L (`direction` +1) or J (-1), K (0) gives 0.

    From rest or from the other direction it starts at normal speed, then doubles up to 4.
    """
    if direction == 0:
        return 0.0
    if rate * direction <= 0:
        return float(direction)
    return next((r for r in RATES if r > abs(rate)), RATES[-1]) * direction
