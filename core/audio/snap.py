"""Snapping: the nearest thing worth meeting within a few pixels of a time. Pure but for reads.

In: the arrangement, markers, beats, the playhead; for zero crossings, sound. Out: what a dragged
time meets, and what kind of thing it is.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.audio.arrangement import Arrangement
from core.audio.recipe import Marker
from core.units import Audio


class SnapKind(StrEnum):
    """What a time was snapped to. Of several at one place, the first here counts."""

    PLAYHEAD = "playhead"
    CLIP_EDGE = "clip-edge"
    MARKER = "marker"
    BEAT = "beat"
    ZERO_CROSSING = "zero-crossing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Snap:
    """Something to meet."""

    kind: SnapKind
    time_s: float
    """Where it is, in seconds of the mix."""
    by_s: float
    """How far the dragged time moves to meet it."""


class SoundSource(Protocol):
    """Sound to look for zero crossings in: a `PcmReader`, or the mixer's player."""

    n_samples: int

    def read(self, start: int, stop: int) -> Audio:
        """Return samples [start, stop) as float32 (channels, n)."""
        ...


class Snapper:
    """Finds what is near; made once when a drag begins, asked at each move of the pointer.

    Parameters
    ----------
    targets : mapping of SnapKind to array_like
        Seconds of the mix, in any order; numbers that are not finite are left out.
    """

    def __init__(self, targets: Mapping[SnapKind, ArrayLike]) -> None:
        self._targets: dict[SnapKind, NDArray[np.float64]] = {}
        for kind in SnapKind:
            times = np.asarray(targets.get(kind, ()), np.float64).ravel()
            times = np.unique(times[np.isfinite(times)])
            if len(times):
                self._targets[kind] = times

    def nearest(self, time_s: float, tolerance_s: float) -> Snap | None:
        """Return what lies nearest to a time, at most `tolerance_s` away; None without."""
        return self.nearest_of((time_s,), tolerance_s)

    def nearest_of(self, times_s: Sequence[float], tolerance_s: float) -> Snap | None:
        """Return the nearest thing to any of several times that move together.

        For a dragged clip both of its edges; `by_s` says how far all of them move. At equal
        distance the kind that comes first in `SnapKind` counts.
        """
        best: Snap | None = None
        wanted = np.asarray(times_s, np.float64)
        for kind, times in self._targets.items():
            at = np.searchsorted(times, wanted)
            near = np.stack([times[np.maximum(at - 1, 0)], times[np.minimum(at, len(times) - 1)]])
            off = near - wanted
            pick = np.unravel_index(np.argmin(np.abs(off)), off.shape) if off.size else None
            if pick is None or abs(off[pick]) > tolerance_s:
                continue
            if best is None or abs(off[pick]) < abs(best.by_s) - 1e-9:
                best = Snap(kind=kind, time_s=float(near[pick]), by_s=float(off[pick]))
        return best


def snapper_for(
    arrangement: Arrangement,
    *,
    playhead_s: float | None = None,
    markers: Iterable[Marker] = (),
    beats_s: ArrayLike = (),
    leave_out: Collection[int] = (),
) -> Snapper:
    """Return a snapper over all that a mix has.

    Parameters
    ----------
    arrangement : Arrangement
        Its clips' edges count, and the start of the mix.
    playhead_s : float, optional
        None: the playhead does not count.
    markers : iterable of Marker
        Both ends of stretches count.
    beats_s : array_like of float
        Seconds, ascending or not.
    leave_out : collection of int
        Clips that do not count: the dragged ones.
    """
    rate = arrangement.sample_rate_hz
    kept = [clip for clip in arrangement.clips if clip.index not in leave_out]
    edges = [0.0, *(clip.start / rate for clip in kept), *(clip.stop / rate for clip in kept)]
    ends = [
        float(time_s)
        for marker in markers
        for time_s in (marker.time_s, marker.end_s)
        if time_s is not None
    ]
    return Snapper(
        {
            SnapKind.PLAYHEAD: () if playhead_s is None else (playhead_s,),
            SnapKind.CLIP_EDGE: edges,
            SnapKind.MARKER: ends,
            SnapKind.BEAT: beats_s,
        }
    )


def nearest_zero_crossing(source: SoundSource, sample: int, within: int) -> int | None:
    """Return the nearest sample at which the mean of the channels rises through zero.

    Parameters
    ----------
    source : SoundSource
    sample : int
        Where to look around.
    within : int
        Samples to either side, 0 or more.

    Returns
    -------
    int or None
        Index of the first sample at or above zero after one below; in silence, the sample itself;
        None when there is none.
    """
    start = max(sample - within - 1, 0)
    stop = min(sample + within + 1, source.n_samples)
    if start >= stop:
        return None
    wave = source.read(start, stop).mean(axis=0)
    here = sample - start
    if 0 <= here < len(wave) and not wave[max(here - 1, 0) : here + 1].any():
        return sample
    rising = np.flatnonzero((wave[:-1] < 0) & (wave[1:] >= 0)) + 1 + start
    if not len(rising):
        return None
    nearest = int(rising[np.argmin(np.abs(rising - sample))])
    return nearest if abs(nearest - sample) <= within else None
