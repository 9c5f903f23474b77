"""The deck: what the sound card calls for its next block. It never waits.

In: tapes, one current and one to change to. Out: blocks in the card's form, and the record from
which the position follows. The callback takes no lock, reads no sound and calls nobody.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.audio.channels import mix_matrix
from core.audio.playback.heard import HeardClock, Tap
from core.audio.playback.tape import Tape

FADE_S = 0.005
"""Every change of tape is a crossfade of this length, so that nothing clicks."""
READY_S = 0.03
"""A tape is changed to when it holds this much beyond what is needed at once."""
HOLD_S = 0.04
"""A scrubbing grain is heard at least so long before the next."""
MARKS_KEPT = 64


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """An order to the deck: go over to `tape` (None: fall silent).

    A tape of the same jump leaves out what the one before went on to play meanwhile, so that the
    sound goes on where it is.
    """

    tape: Tape | None


@dataclass(frozen=True, slots=True)
class Mark:
    """From frame `frame` of the output on, `tape` is heard from its frame `at`, or stands."""

    frame: int
    tape: Tape
    at: int
    moves: bool


class Deck:
    """Plays tapes into one form of output: `rate_hz`, and sounds of `channels`."""

    def __init__(self, rate_hz: int, channels: int, clock: Callable[[], float]) -> None:
        self.rate_hz, self.channels = rate_hz, channels
        self.volume = 1.0
        self.order: Change | None = None
        """Set by the transport; done once, when its tape is ready."""
        self.done: Change | None = None
        self.tape: Tape | None = None
        self.written = 0
        self.underruns = 0
        self.last_call_s: float | None = None
        self.first_sound_s: float | None = None
        """When sound was first delivered after silence."""
        self.marks: tuple[Mark, ...] = ()
        self.heard = HeardClock(rate_hz)
        self.tap = Tap(channels, rate_hz)
        self._clock = clock
        self._gain = 1.0
        self.last: Tape | None = None
        """The tape that was heard last, also after it was left for silence."""
        self._starved = self._ended = False
        self._fade = max(1, round(FADE_S * rate_hz))
        self._block = np.zeros((channels, rate_hz // 4), np.float32)
        self._aside = np.zeros((channels, self._fade), np.float32)
        self._matrices: dict[int, NDArray[np.float32] | None] = {}

    @property
    def is_quiet(self) -> bool:
        """Whether nothing is played and nothing is ordered."""
        return self.tape is None and (self.order is self.done or self.order is None)

    @property
    def is_over(self) -> bool:
        """Whether the current tape came to its end."""
        return self._ended

    def fill(self, out: NDArray[np.float32], delay_s: float) -> None:
        """Write the next frames.

        Parameters
        ----------
        out : ndarray
            float32 (frames, output channels), all of it is overwritten.
        delay_s : float
            How long from now until the first of them is heard, seconds.
        """
        now = self._clock()
        self.heard.note(self.written, now_s=now, delay_s=delay_s)
        for start in range(0, len(out), self._block.shape[1]):
            piece = out[start : start + self._block.shape[1]]
            block = self._block[:, : len(piece)]
            self._play(block, now)
            self.tap.write(block)
            self._apply_volume(block)
            self._deliver(block, piece)
            self.written += len(piece)
        self.last_call_s = now

    def position(self, now_s: float) -> tuple[Tape, float] | None:
        """Return the tape that is heard at `now_s` and the position in its sound."""
        heard = self.heard.heard(now_s, self.written)
        marks = self.marks
        for mark in reversed(marks):
            if mark.frame <= heard or mark is marks[0]:
                frames = max(0.0, heard - mark.frame) if mark.moves else 0.0
                return mark.tape, mark.tape.position(mark.at + frames)
        return None

    def is_heard_out(self, now_s: float) -> bool:
        """Whether everything up to the last change has been heard."""
        return not self.marks or self.heard.heard(now_s, self.written) >= self.marks[-1].frame

    def _play(self, block: NDArray[np.float32], now_s: float) -> None:
        order = self.order
        if order is not None and order is not self.done and self._is_ready(order, block.shape[1]):
            self._change(order, block, now_s)
            self.done = order
        else:
            self._run(block)

    def _is_ready(self, order: Change, n: int) -> bool:
        tape, current = order.tape, self.tape
        if tape is None or tape is current:
            return True
        if current is not None and current.is_grain and tape.is_grain and not current.is_over:
            held = current.taken >= HOLD_S * self.rate_hz
        else:
            held = True
        wanted = tape.behind(self.last) + n + READY_S * self.rate_hz
        return held and (tape.is_complete or tape.ahead >= wanted)

    def _change(self, order: Change, block: NDArray[np.float32], now_s: float) -> None:
        old, new = self.tape, order.tape
        if new is old:
            self._run(block)
            return
        left_out = 0 if new is None else new.behind(self.last)
        n = min(self._fade, block.shape[1])
        fading = self._aside[:, :n]
        got = 0 if old is None else old.take_into(fading)
        fading[:, got:] = 0
        if new is not None:
            new.skip(left_out)
            if old is None:
                self.first_sound_s = now_s
        self.tape, self._starved, self._ended = new, False, False
        self.last = new or self.last
        plain = new is not None and new.starts_fresh and got == 0
        if new is not None:
            self._mark(0, new, moves=True)
        elif old is not None:
            self._mark(n, old, moves=False)
        self._run(block)
        if not plain:
            rise = np.linspace(0, 1, n, endpoint=False, dtype=np.float32)
            block[:, :n] *= rise
            block[:, :n] += fading * (1 - rise)

    def _run(self, block: NDArray[np.float32]) -> None:
        """Fill with the current tape; with silence where there is none."""
        tape = self.tape
        if tape is None:
            block[:] = 0
            return
        if self._starved and tape.ahead:
            self._mark(0, tape, moves=True)
            self._starved = False
        got = tape.take_into(block)
        block[:, got:] = 0
        if got == block.shape[1] or self._ended or self._starved:
            return
        self._mark(got, tape, moves=False)
        if tape.is_over:
            self._ended = True
        else:
            self._starved = True
            self.underruns += 1

    def _mark(self, offset: int, tape: Tape, *, moves: bool) -> None:
        mark = Mark(self.written + offset, tape, tape.taken, moves)
        self.marks = (*self.marks[-MARKS_KEPT:], mark)

    def _apply_volume(self, block: NDArray[np.float32]) -> None:
        volume = self.volume
        if volume != self._gain:
            block *= np.linspace(self._gain, volume, block.shape[1], dtype=np.float32)
            self._gain = volume
        elif volume != 1:
            block *= np.float32(volume)

    def _deliver(self, block: NDArray[np.float32], out: NDArray[np.float32]) -> None:
        n_out = out.shape[1]
        if n_out not in self._matrices:
            self._matrices[n_out] = mix_matrix("", self.channels, n_out)
        matrix = self._matrices[n_out]
        out[:] = block.T if matrix is None else (matrix @ block).T
