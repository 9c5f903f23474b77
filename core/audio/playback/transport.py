"""The transport: decides, step by step, what the deck plays next and keeps it fed.

In: commands from any thread (`Wishes`), the time. Out: tapes for the deck, a running line, and
reports. `step` is called by one thread and does a little work at a time; it needs no thread of
its own, so a test can drive it.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.audio.playback.deck import Change, Deck
from core.audio.playback.line import Form, Line, LineEvents
from core.audio.playback.model import Heard, OutputState, PlaybackError, PlayState
from core.audio.playback.outputs import Outputs
from core.audio.playback.path import Path
from core.audio.playback.tape import GrainTape, Tape
from core.audio.playback.wishes import Wish, Wishes
from core.errors import KnownError

AHEAD_S = 0.7
"""How much sound is kept ready while playing."""
PREFILL_S = 0.25
"""How much is made ready before the output starts, and while at rest."""
LOW_S = 0.2
"""Below this the current tape is fed before a new one."""
BUSY_WAIT_S = 0.03
IDLE_WAIT_S = 1.0


@dataclass(slots=True, kw_only=True)
class Reports:
    """Whom the transport tells, from its own thread."""

    output_changed: Callable[[OutputState], None]
    state_changed: Callable[[PlayState], None]
    failed: Callable[[KnownError], None]


class Transport:
    """One sound, one output, one position."""

    def __init__(
        self,
        wishes: Wishes,
        outputs: Outputs,
        reports: Reports,
        *,
        wake: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._wishes, self._outputs, self._reports = wishes, outputs, reports
        self._clock = clock
        events = LineEvents(
            fill=self._fill, ended=wake, started=self._restart, changed=reports.output_changed
        )
        self.line = Line(outputs, events, clock)
        self.deck: Deck | None = None
        self._tape: Tape | None = None
        self._built = (-1, -1)
        self._served = self._failed = -1
        self._past_underruns = 0

    @property
    def underruns(self) -> int:
        """Blocks that were missed, by the card or because a tape ran dry."""
        dry, slips = (self.deck.underruns, self.deck.heard.slips) if self.deck else (0, 0)
        # A slip is mostly an under-run that the card has told of.
        return self._past_underruns + dry + max(slips, self.line.underruns)

    def position(self) -> float:
        """Return the position that is heard, in the sound's samples."""
        wish = self._wishes.now()
        at = float(wish.target)
        deck = self.deck
        found = deck.position(self._clock()) if deck is not None else None
        if wish.sound is None:
            return at
        if found is not None and wish.state is not PlayState.SCRUBBING:
            tape, place = found
            if tape.jump == wish.jump:
                at = place * wish.sound.sample_rate_hz / tape.sound.sample_rate_hz
        return min(max(at, 0.0), float(wish.sound.n_samples))

    def step(self) -> float:
        """Do what is next; return how many seconds it can wait for the next step, 0 for none."""
        wish = self._wishes.now()
        self._serve_devices()
        if wish.sound is None:
            return IDLE_WAIT_S
        if wish.used != self._served or wish.state.is_active:
            self._served = wish.used
            self._fit(wish)
        deck = self.deck
        if deck is None:
            return IDLE_WAIT_S
        fed = self._failed != wish.used and self._work(wish, deck)
        wish = self._wishes.now()
        self._order(wish, deck)
        self._move_line(wish, deck)
        self.line.check(deck.last_call_s)
        self._notice_end(wish, deck)
        if fed or (wish.state.is_active and not self.line.is_running):
            return 0.0 if fed else BUSY_WAIT_S / 10
        return BUSY_WAIT_S if self.line.is_running else IDLE_WAIT_S

    def heard(self, frame: int) -> Heard | None:
        """Return what was heard since output frame `frame`; None before there is a deck."""
        deck = self.deck
        if deck is None:
            return None
        stop = int(deck.heard.heard(self._clock(), deck.written))
        if frame > stop:  # another deck, which counts anew
            frame = 0
        start, samples = deck.tap.read(frame, stop)
        return Heard(
            samples=samples,
            sample_rate_hz=deck.rate_hz,
            next_frame=stop,
            is_whole=start == frame,
        )

    def close(self) -> None:
        """Let the output go."""
        self.line.close()

    def _fill(self, out: NDArray[np.float32], delay_s: float) -> None:
        deck = self.deck
        if deck is None:
            out[:] = 0
        else:
            deck.volume = self._wishes.volume
            deck.fill(out, delay_s)

    def _restart(self) -> None:
        if self.deck is not None:
            self.deck.heard.restart()

    def _serve_devices(self) -> None:
        for done in self._wishes.take_questions():
            self.line.look_anew()
            self._served = -1
            done(self._outputs.devices())

    def _fit(self, wish: Wish) -> None:
        """Have an output open, and a deck for its rate and the sound's channels."""
        sound = wish.sound
        if sound is None:
            return
        form = Form(
            device_id=wish.device_id,
            sample_rate_hz=sound.sample_rate_hz,
            channels=sound.channels,
        )
        before = self.deck
        if before is not None and before.channels != sound.channels:
            self.line.close()  # nothing may ask a deck of the wrong form
        rate = self.line.prepare(form).sample_rate_hz
        if before is not None and (before.rate_hz, before.channels) == (rate, sound.channels):
            return
        if before is not None:
            self._past_underruns += before.underruns
            self._wishes.settle(self.position(), wish.jump)
        self.deck = Deck(rate, sound.channels, self._clock)
        self._built = (-1, -1)

    def _work(self, wish: Wish, deck: Deck) -> bool:
        """Make and fill tapes; return whether there may be more to do."""
        try:
            self._make_tape(wish, deck)
            return self._feed(wish, deck)
        except (KnownError, OSError) as error:
            self._fail(error, wish)
            return False

    def _make_tape(self, wish: Wish, deck: Deck) -> None:
        """Have the tape that belongs to the wish."""
        sound = wish.sound
        if sound is None or self._built == (wish.revision, deck.rate_hz):
            return
        self._built = (wish.revision, deck.rate_hz)
        if wish.state is PlayState.SCRUBBING:
            self._tape = GrainTape(sound, wish.target, rate_hz=deck.rate_hz, jump=wish.jump)
            return
        start, origin_s = float(wish.target), 0.0
        before = deck.tape or self._tape
        if before is not None and before.jump == wish.jump and not before.is_grain:
            origin_s = before.time_s()
            start = before.position(before.taken)
            start *= sound.sample_rate_hz / before.sound.sample_rate_hz
        path = Path(
            start=min(max(round(start), 0), sound.n_samples),
            n_samples=sound.n_samples,
            loop=wish.loop,
            is_forward=wish.rate > 0,
        )
        self._tape = Tape(
            sound,
            path,
            rate_hz=deck.rate_hz,
            speed=abs(wish.rate),
            jump=wish.jump,
            origin_s=origin_s,
        )

    def _feed(self, wish: Wish, deck: Deck) -> bool:
        """Produce one block for the tape that needs it most; return whether one did."""
        current, new = deck.tape, self._tape
        rate = deck.rate_hz
        ahead = AHEAD_S if wish.state.is_active else PREFILL_S
        needs = [(current, LOW_S * rate)]
        if new is not None and new is not current:
            needs.append((new, PREFILL_S * rate + new.behind(deck.last)))
        else:
            needs.append((new, ahead * rate))
        for tape, wanted in needs:
            if tape is not None and not tape.is_complete and tape.ahead < wanted:
                tape.produce()
                return True
        return False

    def _order(self, wish: Wish, deck: Deck) -> None:
        """Tell the deck where to go, unless it is there or on its way."""
        wanted = self._tape if wish.state.is_active else None
        order = deck.order
        heading = deck.tape if order is None or order is deck.done else order.tape
        if heading is not wanted:
            deck.order = Change(wanted)

    def _move_line(self, wish: Wish, deck: Deck) -> None:
        tape = self._tape
        if wish.state.is_active:
            if tape is not None and (tape.is_complete or tape.ahead >= PREFILL_S * deck.rate_hz):
                self.line.run()
        elif deck.is_quiet and deck.is_heard_out(self._clock()):
            self.line.rest()

    def _notice_end(self, wish: Wish, deck: Deck) -> None:
        if wish.state is not PlayState.PLAYING or deck.tape is not self._tape:
            return
        if self._built != (wish.revision, deck.rate_hz):
            return  # it jumped while this step was under way: that tape's end is not its end
        if deck.is_over and deck.is_heard_out(self._clock()) and self._wishes.end(wish):
            self._reports.state_changed(PlayState.PAUSED)

    def _fail(self, error: KnownError | OSError, wish: Wish) -> None:
        """Stop at a sound that cannot be read, and say so."""
        self._wishes.settle(self.position(), wish.jump)
        self._built, self._tape, self._failed = (-1, -1), None, wish.used
        known = (
            error
            if isinstance(error, KnownError)
            else PlaybackError(
                f"The sound cannot be read: {error.strerror or error}",
                hint="Prepare the sound again.",
            )
        )
        if self._wishes.end(wish):
            self._reports.state_changed(PlayState.PAUSED)
        self._reports.failed(known)
