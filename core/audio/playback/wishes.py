"""What is wanted of the transport: one immutable value, changed by commands from any thread.

In: commands. Out: `Wish`, read by the transport whenever it comes to it; what came twice in
between is simply the newer one. `revision` grows when another tape is needed, `jump` when the
position jumps, `used` with every command.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

from core.audio.playback.model import MIN_LOOP_S, OutputDevice, PlayableSound, PlayState
from core.errors import UsageError

type Question = Callable[[tuple[OutputDevice, ...]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What shall be heard. Positions are samples of `sound`."""

    sound: PlayableSound | None = None
    state: PlayState = PlayState.STOPPED
    rate: float = 1.0
    loop: tuple[int, int] | None = None
    target: int = 0
    """Where the last jump went."""
    origin: int = 0
    """Where playing began; stop returns there."""
    resumes: bool = False
    """Whether playing goes on after scrubbing."""
    device_id: str | None = None
    jump: int = 0
    revision: int = 0
    used: int = 0

    def jumped(self, target: int) -> "Wish":
        """Return the wish with the position at `target`, kept within the sound."""
        last = self.sound.n_samples if self.sound is not None else 0
        return replace(
            self,
            target=min(max(target, 0), last),
            jump=self.jump + 1,
            revision=self.revision + 1,
        )


class Wishes:
    """Holds the wish; every change is one short step under a lock nobody keeps."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wish = Wish()
        self._questions: list[Question] = []
        self.volume = 1.0

    def now(self) -> Wish:
        """Return the wish as it stands."""
        return self._wish

    def change(self, step: Callable[[Wish], Wish]) -> Wish:
        """Apply a command and return the new wish."""
        with self._lock:
            self._wish = replace(step(self._wish), used=self._wish.used + 1)
            return self._wish

    def settle(self, position: float, jump: int) -> None:
        """Keep the position that was heard, unless it jumped meanwhile."""
        with self._lock:
            if self._wish.jump == jump:
                self._wish = replace(self._wish, target=round(position))

    def end(self, played: Wish) -> bool:
        """Come to rest at the end of what was played; False when something else is wanted now."""
        with self._lock:
            if self._wish.used != played.used:
                return False
            self._wish = replace(self._wish, state=PlayState.PAUSED)
            return True

    def ask(self, question: Question) -> None:
        """Leave a question for the transport's thread."""
        with self._lock:
            self._questions.append(question)

    def take_questions(self) -> list[Question]:
        """Return the open questions and forget them."""
        if not self._questions:
            return []
        with self._lock:
            taken, self._questions = self._questions, []
            return taken


def with_sound(wish: Wish, sound: PlayableSound | None, position: float | None) -> Wish:
    """Return the wish for another sound, at the same place, or (None) at rest at its start.

    `position` is what is heard now, in samples of the sound before.
    """
    before = wish.sound
    revision = wish.revision + 1
    if sound is None or before is None or position is None:
        return replace(
            wish, sound=sound, loop=None, state=PlayState.STOPPED, origin=0, rate=1.0
        ).jumped(0)
    scale = sound.sample_rate_hz / before.sample_rate_hz
    return replace(
        wish,
        sound=sound,
        revision=revision,
        target=min(round(wish.target * scale), sound.n_samples),
        origin=min(round(wish.origin * scale), sound.n_samples),
        loop=_fitting(wish.loop, scale, sound),
    )


def playing(wish: Wish, start: int | None, position: float) -> Wish:
    """Return the wish to play, from `start` or from where it stands; from the top at the end."""
    if wish.sound is None:
        return wish
    n_samples = wish.sound.n_samples
    if start is None and wish.state is PlayState.PLAYING and wish.rate == 1:
        return wish
    if wish.rate != 1:
        wish = replace(wish, rate=1.0, revision=wish.revision + 1)
    if start is None and position >= n_samples:
        start = wish.loop[0] if wish.loop else 0
    if start is not None:
        wish = wish.jumped(start)
    origin = wish.target if start is not None else round(position)
    return replace(wish, state=PlayState.PLAYING, origin=origin, resumes=False)


def paused(wish: Wish) -> Wish:
    """Return the wish to rest where it is."""
    at_rest = PlayState.STOPPED if wish.state is PlayState.STOPPED else PlayState.PAUSED
    return replace(wish, state=at_rest, resumes=False)


def stopped(wish: Wish) -> Wish:
    """Return the wish to rest where playing began."""
    return replace(wish.jumped(wish.origin), state=PlayState.STOPPED, rate=1.0, resumes=False)


def at_rate(wish: Wish, rate: float, position: float) -> Wish:
    """Return the wish to play at a speed from −4 to 4; 0 pauses."""
    if rate == 0:
        return paused(wish)
    if wish.sound is None:
        return wish
    rate = min(max(rate, -4.0), 4.0)
    if wish.state is not PlayState.PLAYING:
        wish = replace(wish, state=PlayState.PLAYING, origin=round(position), resumes=False)
    if rate != wish.rate:
        wish = replace(wish, rate=rate, revision=wish.revision + 1)
    return wish


def scrubbed(wish: Wish, target: int) -> Wish:
    """Return the wish to hear a grain around `target`."""
    if wish.sound is None:
        return wish
    is_first = wish.state is not PlayState.SCRUBBING
    if not is_first and target == wish.target:
        return wish
    resumes = wish.state is PlayState.PLAYING if is_first else wish.resumes
    return replace(wish.jumped(target), state=PlayState.SCRUBBING, resumes=resumes)


def released(wish: Wish) -> Wish:
    """Return the wish after scrubbing: to play on, or to rest at the last place."""
    if wish.state is not PlayState.SCRUBBING:
        return wish
    state = PlayState.PLAYING if wish.resumes else PlayState.PAUSED
    return replace(wish.jumped(wish.target), state=state, resumes=False, rate=1.0)


def through(wish: Wish, device_id: str | None) -> Wish:
    """Return the wish to play through another device."""
    return replace(wish, device_id=device_id)


def looped(wish: Wish, loop: tuple[int, int] | None) -> Wish:
    """Return the wish to go round `loop`, or (None) not to.

    Raises
    ------
    UsageError
        It lies outside the sound, or is shorter than `MIN_LOOP_S`.
    """
    if wish.sound is None or loop == wish.loop:
        return wish
    if loop is not None:
        first, last = loop
        if not 0 <= first < last <= wish.sound.n_samples:
            raise UsageError(
                "The loop lies outside the sound.", hint="Select a stretch of the sound."
            )
        if last - first < MIN_LOOP_S * wish.sound.sample_rate_hz:
            raise UsageError("The loop is too short.", hint="Select at least 10 milliseconds.")
    return replace(wish, loop=loop, revision=wish.revision + 1)


def _fitting(
    loop: tuple[int, int] | None, scale: float, sound: PlayableSound
) -> tuple[int, int] | None:
    """Return the loop on another sound; None where too little of it is left."""
    if loop is None:
        return None
    first = min(round(loop[0] * scale), sound.n_samples)
    last = min(round(loop[1] * scale), sound.n_samples)
    return (first, last) if last - first >= MIN_LOOP_S * sound.sample_rate_hz else None
