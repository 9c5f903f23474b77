"""What of the written sound is heard by now: the audio clock, and the last second for meters.

In: when each block was asked for and how long it takes to the ear. Out: the frame that is heard.
"""

import numpy as np
from numpy.typing import NDArray

SMOOTHING = 0.1
JUMP_S = 0.02
"""Clock readings nearer than this are jitter and averaged, others are believed at once."""
SETTLE_S = 0.3
"""After a start the card finds its pace; later, time that it lost was heard as a gap."""
TAP_S = 1.0


class HeardClock:
    """Latency-compensated count of the frames that have been heard since the beginning.

    The sound card tells with each block when its first frame will be heard; the moment at which
    frame 0 would have been heard follows, is averaged against the jitter of the callbacks, and
    gives the frame heard at any moment. It never runs backwards nor past what was written.
    """

    def __init__(self, rate_hz: int) -> None:
        self.rate_hz = rate_hz
        self._origin_s: float | None = None
        self._started_s = 0.0
        self._last = 0.0
        self.slips = 0
        """How often the card lost time, whether or not it said so."""

    def note(self, frame: int, *, now_s: float, delay_s: float) -> None:
        """Take that `frame` was asked for at `now_s` and will be heard `delay_s` later."""
        origin = now_s + delay_s - frame / self.rate_hz
        if self._origin_s is None:
            self._origin_s, self._started_s = origin, now_s
        elif abs(origin - self._origin_s) > JUMP_S:
            self.slips += origin > self._origin_s and now_s - self._started_s > SETTLE_S
            self._origin_s = origin
        else:
            self._origin_s += SMOOTHING * (origin - self._origin_s)

    def restart(self) -> None:
        """Forget the timing: the output starts anew."""
        self._origin_s = None

    def heard(self, now_s: float, written: int) -> float:
        """Return the frame that is heard at `now_s`, `written` frames having been delivered."""
        origin = self._origin_s
        if origin is not None:
            at = min((now_s - origin) * self.rate_hz, float(written))
            self._last = max(self._last, at)
        return self._last


class Tap:
    """The last second of sound, written by the callback, read by whoever meters."""

    def __init__(self, channels: int, rate_hz: int) -> None:
        self._size = round(TAP_S * rate_hz)
        self._ring = np.zeros((channels, self._size), np.float32)
        self.written = 0

    def write(self, block: NDArray[np.float32]) -> None:
        """Append a block (channels, n)."""
        n = min(block.shape[1], self._size)
        at = self.written % self._size
        first = min(n, self._size - at)
        self._ring[:, at : at + first] = block[:, :first]
        self._ring[:, : n - first] = block[:, first:n]
        self.written += block.shape[1]

    def read(self, start: int, stop: int) -> tuple[int, NDArray[np.float32]]:
        """Return what is left of frames [start, stop), and from which frame on."""
        oldest = max(0, self.written - self._size // 2)
        stop = min(stop, self.written)
        start = min(max(start, oldest), stop)
        where = np.arange(start, stop) % self._size
        return start, self._ring[:, where]
