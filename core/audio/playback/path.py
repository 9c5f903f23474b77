"""Which sample of a sound comes when: forwards or backwards, to the end or round a loop.

In: a start, a loop. Out: the n-th sample's position, and the stretches to read. Pure.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """The way through a sound of `n_samples` from `start`, as an endless or ended row of steps.

    A position is a boundary between samples, 0 to `n_samples`. Forwards, step i plays the sample
    behind `position(i)`; backwards the one before it. A loop (start, stop) holds when the way
    reaches its far end: from anywhere before `stop` forwards, after `start` backwards.
    """

    start: int
    n_samples: int
    loop: tuple[int, int] | None = None
    is_forward: bool = True

    @property
    def loops(self) -> bool:
        """Whether the way never ends."""
        if self.loop is None:
            return False
        first, last = self.loop
        return self.start < last if self.is_forward else self.start > first

    @property
    def n_steps(self) -> int | None:
        """How many samples the way has; None when it loops."""
        if self.loops:
            return None
        return self.n_samples - self.start if self.is_forward else self.start

    def position(self, step: float) -> float:
        """Return where the way is after `step` samples (0 or more)."""
        sign = 1 if self.is_forward else -1
        lead = self._lead()
        if lead is None:
            at = self.start + sign * step
            return min(max(at, 0), self.n_samples)
        if step < lead or self.loop is None:
            return self.start + sign * step
        first, last = self.loop
        round_steps = (step - lead) % (last - first)
        return first + round_steps if self.is_forward else last - round_steps

    def span(self, step: int, most: int) -> tuple[int, int]:
        """Return the stretch [start, stop) that follows after `step` samples, at most `most` long.

        Backwards it is to be played in reverse. Empty at the end.
        """
        at = int(self.position(step))
        edge = self.n_samples if self.is_forward else 0
        if self.loop is not None and self.loops:
            edge = self.loop[1] if self.is_forward else self.loop[0]
        if self.is_forward:
            return at, min(at + most, edge)
        return max(at - most, edge), at

    def _lead(self) -> int | None:
        """Return how many samples come before the first jump back; None when there is none."""
        if self.loop is None or not self.loops:
            return None
        return self.loop[1] - self.start if self.is_forward else self.start - self.loop[0]
