"""The beat grid as an immutable value: where the beats are, and how people correct them.

In: beat times, found or set by hand. Out: corrected grids, and phases at any time. Pure; knows
nothing of how beats are found.
"""

import math
from itertools import pairwise

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.analysis.beat_edit import MAX_DOUBLINGS, BeatEdit
from core.errors import UsageError

MIN_BPM, MAX_BPM = 20.0, 400.0
REST_PHASE = 1.0
"""Phase where there is no beat: a pulse that has died away, never a pulse held at its peak."""


class BeatGrid(msgspec.Struct, frozen=True, kw_only=True):
    """The beats of a track. No beats means that none were found, or that there are none.

    Parameters
    ----------
    times_s : strictly rising beat times in seconds, within the track.
    duration_s : length of the track in seconds.
    confidence : 0 to 1; how sure the tracker is, 1 for a grid set by hand.
    beats_per_bar : beats in a bar, 1 or more.
    first_downbeat : index of the first beat that starts a bar, 0 to beats_per_bar - 1.
    """

    times_s: tuple[float, ...] = ()
    duration_s: float = 0.0
    confidence: float = 0.0
    beats_per_bar: int = 4
    first_downbeat: int = 0

    @property
    def tempo_bpm(self) -> float | None:
        """The median tempo in beats a minute, or None with fewer than two beats."""
        if len(self.times_s) < 2:
            return None
        return float(60.0 / np.median(np.diff(self.times_s)))

    def doubled(self) -> "BeatGrid":
        """Return the grid at twice the tempo: a beat between each two, bars of the same count."""
        times = [time for a, b in pairwise(self.times_s) for time in (a, a + (b - a) / 2)] + list(
            self.times_s[-1:]
        )
        return self._with_times(times, self.first_downbeat * 2 % self.beats_per_bar)

    def halved(self) -> "BeatGrid":
        """Return the grid at half the tempo, keeping the beats that bars start on."""
        start = self.first_downbeat % 2
        return self._with_times(
            list(self.times_s[start::2]), (self.first_downbeat - start) // 2 % self.beats_per_bar
        )

    def shifted(self, seconds: float) -> "BeatGrid":
        """Return the grid moved by `seconds` (later when positive).

        Beats pushed out of the track are dropped; the bar starts on the same beats as before.
        """
        moved = [time + seconds for time in self.times_s]
        dropped = sum(1 for time in moved if time < 0.0)
        kept = [time for time in moved if 0.0 <= time <= self.duration_s]
        return self._with_times(kept, (self.first_downbeat - dropped) % self.beats_per_bar)

    def with_tempo(self, bpm: float, first_beat_s: float) -> "BeatGrid":
        """Return an even grid set by hand: `bpm`, with a bar starting at `first_beat_s`.

        The grid runs over the whole track, to both sides of the given beat. Raises UsageError
        for a tempo outside 20 to 400.
        """
        if not MIN_BPM <= bpm <= MAX_BPM or not math.isfinite(first_beat_s):
            raise UsageError(
                f"{bpm:g} beats a minute is out of range.",
                hint=f"Use {MIN_BPM:g} to {MAX_BPM:g}.",
            )
        beat_s = 60.0 / bpm
        before = math.floor(first_beat_s / beat_s + 1e-9)
        after = math.floor((self.duration_s - first_beat_s) / beat_s + 1e-9)
        indices = np.arange(-before, after + 1)
        times = [max(0.0, float(time)) for time in first_beat_s + indices * beat_s]
        grid = self._with_times(times, before % self.beats_per_bar)
        return msgspec.structs.replace(grid, confidence=1.0)

    def with_bar(self, beats_per_bar: int, first_downbeat: int) -> "BeatGrid":
        """Return the grid with other bars. Raises UsageError unless a bar has 1 to 16 beats."""
        if not 1 <= beats_per_bar <= 16:
            raise UsageError(
                f"A bar of {beats_per_bar} beats is out of range.", hint="Use 1 to 16."
            )
        return msgspec.structs.replace(
            self, beats_per_bar=beats_per_bar, first_downbeat=first_downbeat % beats_per_bar
        )

    def beat_phase(self, times_s: ArrayLike) -> NDArray[np.float32]:
        """Return how far each time is through its beat: 0 on the beat, rising to 1.

        Exact at any time (never interpolated over the jump from 1 to 0). Before the first and
        after the last beat the grid goes on for one beat; further out it rests at 1.0.
        """
        return _phase_of(self._position(times_s))

    def bar_phase(self, times_s: ArrayLike) -> NDArray[np.float32]:
        """Return how far each time is through its bar, 0 to 1; rests at 1.0 as `beat_phase`."""
        position = self._position(times_s)
        return _phase_of((position - self.first_downbeat) / self.beats_per_bar)

    def tempo_at(self, times_s: ArrayLike) -> NDArray[np.float32]:
        """Return the tempo around each time in beats a minute, 0 without beats.

        The tempo of a beat is the median of the up to nine intervals around it; between beats it
        is interpolated.
        """
        times = np.asarray(times_s, np.float64)
        if len(self.times_s) < 2:
            return np.zeros(times.shape, np.float32)
        beats = np.asarray(self.times_s)
        middles = (beats[:-1] + beats[1:]) / 2
        padded = np.pad(np.diff(beats), 4, mode="reflect" if len(middles) > 4 else "edge")
        local = np.median(np.lib.stride_tricks.sliding_window_view(padded, 9), axis=1)
        return np.asarray(np.interp(times, middles, 60.0 / local), np.float32)

    def _position(self, times_s: ArrayLike) -> NDArray[np.float64]:
        """Return times as fractional beat indices, NaN where the grid does not reach."""
        times = np.asarray(times_s, np.float64)
        if len(self.times_s) < 2:
            return np.full(times.shape, np.nan)
        beats = np.asarray(self.times_s)
        first, last = beats[1] - beats[0], beats[-1] - beats[-2]
        knots = np.concatenate(([beats[0] - first], beats, [beats[-1] + last]))
        indices = np.arange(-1.0, len(beats) + 1)
        return np.asarray(np.interp(times, knots, indices, left=np.nan, right=np.nan))

    def _with_times(self, times: list[float], first_downbeat: int) -> "BeatGrid":
        return msgspec.structs.replace(self, times_s=tuple(times), first_downbeat=first_downbeat)


def corrected(grid: BeatGrid, edit: BeatEdit) -> BeatGrid:
    """Return the grid with a person's correction applied.

    Raises UsageError for a tempo outside 20 to 400, or more than three doublings or halvings.
    """
    if abs(edit.doublings) > MAX_DOUBLINGS:
        raise UsageError("The beats cannot be doubled or halved so often.", hint="Set a tempo.")
    if edit.bpm is not None:
        found = grid.times_s[0] if grid.times_s else 0.0
        first = found if edit.first_beat_s is None else edit.first_beat_s
        grid = grid.with_tempo(edit.bpm, first)
    for _ in range(abs(edit.doublings)):
        grid = grid.doubled() if edit.doublings > 0 else grid.halved()
    return grid.shifted(edit.shift_s) if edit.shift_s else grid


def _phase_of(position: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the fractional part, REST_PHASE where there is none."""
    phase = (position - np.floor(position)).astype(np.float32)
    return np.where(np.isnan(phase), np.float32(REST_PHASE), phase)
