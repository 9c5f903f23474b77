"""The player: what a window holds to play a sound. Every call returns at once.

In: a sound, commands. Out: sound through a device or, where there is none, a clock that runs as
if; the position that is heard, levels, reports. One thread of its own does all that is slow.
"""

import threading
import time
from collections.abc import Callable

import numpy as np

from core.audio.devices import PortAudioOutputs
from core.audio.playback import wishes as to
from core.audio.playback.model import (
    Heard,
    Levels,
    OutputDevice,
    OutputState,
    PlayableSound,
    PlayState,
    next_rate,
)
from core.audio.playback.outputs import Outputs
from core.audio.playback.transport import Reports, Transport
from core.audio.playback.wishes import Wishes
from core.errors import KnownError
from core.platform.urgency import hurry_this_thread


def _nothing(_value: object) -> None:
    """Report to nobody."""


class Player:
    """Plays one sound at a time. Safe to use from any thread.

    Parameters
    ----------
    outputs : Outputs, optional
        The sound devices; PortAudio's by default.
    clock : callable
        Seconds, monotonic.
    on_output_changed, on_state_changed, on_failed : callable
        Called with an OutputState, a PlayState, a KnownError, from whichever thread noticed.
    """

    def __init__(
        self,
        outputs: Outputs | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        on_output_changed: Callable[[OutputState], None] = _nothing,
        on_state_changed: Callable[[PlayState], None] = _nothing,
        on_failed: Callable[[KnownError], None] = _nothing,
    ) -> None:
        self._wishes = Wishes()
        self._on_state_changed = on_state_changed
        self._reporting = threading.RLock()
        self._reported = PlayState.STOPPED
        self._wake = threading.Event()
        self._starting = threading.Lock()
        self._is_closed = False
        self._thread: threading.Thread | None = None
        self._metered = 0
        self._transport = Transport(
            self._wishes,
            outputs or PortAudioOutputs(),
            Reports(
                output_changed=on_output_changed,
                state_changed=self._report_state,
                failed=on_failed,
            ),
            wake=self._wake.set,
            clock=clock,
        )

    @property
    def state(self) -> PlayState:
        """What the transport does."""
        return self._wishes.now().state

    @property
    def rate(self) -> float:
        """The speed: 1 is normal, negative backwards."""
        return self._wishes.now().rate

    @property
    def loop(self) -> tuple[int, int] | None:
        """The loop, in samples."""
        return self._wishes.now().loop

    @property
    def output(self) -> OutputState | None:
        """Where the sound goes; None before anything was opened."""
        return self._transport.line.state

    @property
    def underruns(self) -> int:
        """How often sound was missing when it was due, since the beginning."""
        return self._transport.underruns

    @property
    def volume(self) -> float:
        """How loud it is listened to, 0 to 1; it changes nothing that is rendered."""
        return self._wishes.volume

    @volume.setter
    def volume(self, volume: float) -> None:
        self._wishes.volume = min(max(volume, 0.0), 1.0)

    def position(self) -> float:
        """Return what is heard now, in samples; while a jump is on its way, where it goes."""
        return self._transport.position()

    def set_sound(self, sound: PlayableSound | None, *, keep_position: bool = True) -> None:
        """Play another sound from now on: after an edit at the same place, without a gap.

        With `keep_position` False, and with None, the transport stops at the beginning.
        """
        position = self.position() if keep_position else None
        self._change(lambda wish: to.with_sound(wish, sound, position))

    def play(self, start: int | None = None) -> None:
        """Play from sample `start`, else on from where it stands."""
        position = self.position()
        self._change(lambda wish: to.playing(wish, start, position))

    def pause(self) -> None:
        """Fade out at once and rest there."""
        self._change(to.paused)

    def stop(self) -> None:
        """Rest where playing began."""
        self._change(to.stopped)

    def toggle(self) -> None:
        """Play, or pause."""
        if self.state.is_active:
            self.pause()
        else:
            self.play()

    def seek(self, sample: int) -> None:
        """Go to a sample, playing on or resting as before."""
        self._change(lambda wish: wish.jumped(sample))

    def set_loop(self, loop: tuple[int, int] | None) -> None:
        """Go round samples [start, stop) without a gap; None: play on to the end.

        Raises
        ------
        UsageError
            It lies outside the sound or is shorter than 10 ms.
        """
        self._change(lambda wish: to.looped(wish, loop))

    def set_rate(self, rate: float) -> None:
        """Play at a speed from −4 to 4; 0 pauses."""
        position = self.position()
        self._change(lambda wish: to.at_rate(wish, rate, position))

    def shuttle(self, direction: int) -> None:
        """Press L (+1), J (−1) or K (0)."""
        rate = self.rate if self.state is PlayState.PLAYING else 0.0
        self.set_rate(next_rate(rate, direction))

    def scrub(self, sample: int) -> None:
        """Let a short grain around a sample be heard; call it while the pointer is dragged."""
        self._change(lambda wish: to.scrubbed(wish, sample))

    def end_scrub(self) -> None:
        """Play on from where the pointer was let go, or rest there."""
        self._change(to.released)

    def set_device(self, device_id: str | None) -> None:
        """Play through a device, None for the system's default."""
        self._change(lambda wish: to.through(wish, device_id))

    def ask_devices(self, done: Callable[[tuple[OutputDevice, ...]], None]) -> None:
        """Look for devices and hand them to `done`, on the player's thread."""
        self._wishes.ask(done)
        self._stir()

    def levels(self) -> Levels:
        """Return the highest sample of each channel since the last call, before the volume."""
        heard = self.heard(self._metered)
        if heard is None:
            return Levels()
        self._metered = heard.next_frame
        if not heard.samples.shape[1]:
            return Levels(peaks=(0.0,) * heard.samples.shape[0])
        return Levels(peaks=tuple(float(peak) for peak in np.abs(heard.samples).max(axis=1)))

    def heard(self, frame: int) -> Heard | None:
        """Return what was heard since output frame `frame`, at most half a second of it.

        Ask first with 0, then with `next_frame` of the answer. None before anything was opened.
        """
        return self._transport.heard(frame)

    def close(self) -> None:
        """Fall silent, let the device go, end the thread."""
        with self._starting:
            self._is_closed = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _change(self, step: Callable[[to.Wish], to.Wish]) -> None:
        self._report_state(self._wishes.change(step).state)
        self._stir()

    def _report_state(self, _state: PlayState) -> None:
        """Tell the state as it is by now: two threads may come here, the later one is right."""
        with self._reporting:
            state = self.state
            if state is not self._reported:
                self._reported = state
                self._on_state_changed(state)

    def _stir(self) -> None:
        """Wake the thread; the first command starts it."""
        self._wake.set()
        with self._starting:
            if self._is_closed or (self._thread is not None and self._thread.is_alive()):
                return
            self._thread = threading.Thread(target=self._run, name="player", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        hurry_this_thread()  # the sound library's own threads inherit it
        try:
            while not self._is_closed:
                wait_s = self._transport.step()
                if wait_s and not self._is_closed:
                    self._wake.wait(wait_s)
                    self._wake.clear()
        finally:
            self._transport.close()
