"""Markers follow the edits of the mix. In: markers, ripples. Out: markers. Pure; no I/O."""

from collections.abc import Iterable
from fractions import Fraction

import msgspec

from core.audio.edit_base import Ripple
from core.audio.recipe import Marker


def shift_markers(markers: Iterable[Marker], at_s: Fraction, by_s: Fraction) -> tuple[Marker, ...]:
    """Return markers after an edit put in or took out a stretch of the mix.

    Parameters
    ----------
    markers : iterable of Marker
    at_s : Fraction
        Where, in seconds of the mix.
    by_s : Fraction
        Seconds; more than 0: put in at `at_s`; less: [at_s, at_s - by_s) was taken out, and with
        it the markers inside; a stretch that reaches out of it is shortened.
    """
    shifted = (_shifted(marker, at_s, by_s) for marker in markers)
    return tuple(marker for marker in shifted if marker is not None)


def ripple_markers(markers: Iterable[Marker], ripple: Iterable[Ripple]) -> tuple[Marker, ...]:
    """Return markers after all that an edit moved."""
    moved = tuple(markers)
    for step in ripple:
        moved = shift_markers(moved, step.at_s, step.by_s)
    return moved


def _shifted(marker: Marker, at_s: Fraction, by_s: Fraction) -> Marker | None:
    start, end = marker.time_s, marker.end_s
    if by_s < 0 and at_s < start and (start if end is None else end) < at_s - by_s:
        return None
    new_start = _moved(start, at_s, by_s, inclusive=True)
    new_end = None if end is None else _moved(end, at_s, by_s, inclusive=False)
    if new_end is not None and new_end <= new_start and end != start:
        return None
    if (new_start, new_end) == (start, end):
        return marker
    return msgspec.structs.replace(marker, time_s=new_start, end_s=new_end)


def _moved(time_s: Fraction, at_s: Fraction, by_s: Fraction, *, inclusive: bool) -> Fraction:
    if time_s < at_s or (time_s == at_s and not inclusive):
        return time_s
    if by_s < 0:
        return max(time_s + by_s, at_s)
    return time_s + by_s
