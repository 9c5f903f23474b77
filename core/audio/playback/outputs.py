"""What the transport needs of something to play through, and the one that plays silently.

An output calls `fill(out, delay_s)` for every block it wants, from a thread of its own, between
`start` and `stop`. The sound card's is in `core.audio.devices`.
"""

import threading
import time
from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from core.audio.playback.model import OutputDevice

type Fill = Callable[[NDArray[np.float32], float], None]
"""Writes float32 (frames, channels), told in how many seconds the first of them is heard."""
TICK_S = 0.02


class Output(Protocol):
    """An opened output. Its methods are called from one thread."""

    name: str
    sample_rate_hz: int
    channels: int
    latency_s: float
    is_silent: bool
    underruns: int
    """Blocks that the sound card missed."""

    @property
    def is_lost(self) -> bool:
        """Whether it ended by itself: unplugged, its server gone."""
        ...

    def start(self) -> None:
        """Begin calling `fill`. Raises PlaybackError."""
        ...

    def stop(self) -> None:
        """Stop calling `fill`, at once; nothing is raised."""
        ...

    def close(self) -> None:
        """Let the device go; nothing is raised."""
        ...


class Outputs(Protocol):
    """The sound devices of a machine."""

    def devices(self) -> tuple[OutputDevice, ...]:
        """Return what there is to play through, as of the last look."""
        ...

    def refresh(self) -> None:
        """Look anew; only while no output is open."""
        ...

    def open(
        self,
        device_id: str | None,
        *,
        sample_rate_hz: int,
        channels: int,
        latency_s: float,
        fill: Fill,
        ended: Callable[[], None],
    ) -> Output:
        """Open a device, None for the system's default, at the rate if it takes it.

        `latency_s` is how much the card shall hold, about. `ended` is called, from any thread,
        when the output ends by itself.

        Raises
        ------
        PlaybackError
            There is no such device, or it refuses.
        """
        ...


class SilentOutput:
    """No sound device: asks for blocks in real time and lets them go unheard."""

    name = ""
    latency_s = 0.0
    is_silent = True
    is_lost = False
    underruns = 0

    def __init__(
        self,
        *,
        sample_rate_hz: int,
        channels: int,
        fill: Fill,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.sample_rate_hz, self.channels = sample_rate_hz, channels
        self._fill, self._clock = fill, clock
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to count."""
        self._stop.clear()
        self._thread = threading.Thread(target=self._run, name="silent-output", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Count no further."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def close(self) -> None:
        """Stop."""
        self.stop()

    def _run(self) -> None:
        began, done = self._clock(), 0
        while True:
            # One tick ahead of the clock, so that the position never waits for this thread.
            elapsed = self._clock() - began
            due = round((elapsed + TICK_S) * self.sample_rate_hz)
            if due - done > self.sample_rate_hz:  # the machine slept
                began, done = self._clock(), 0
                continue
            if due > done:
                out = np.empty((due - done, self.channels), np.float32)
                self._fill(out, done / self.sample_rate_hz - elapsed)
                done = due
            if self._stop.wait(TICK_S):
                return
