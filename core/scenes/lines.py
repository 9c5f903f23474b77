"""Modulation stage: how one uniform's value is read for a frame.

In: curves by the hop, events, the beat grid. Out: a number per frame, a pure function of the
frame's index and rate. A curve and a phase are read at the frame's centre. An event belongs to
the frame whose display interval [n / fps, (n + 1) / fps) holds it: that frame is the brightest,
and the one before knows nothing of it, whatever the frame rate.
"""

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from core.analysis.features import HOP_S, Features

Column = NDArray[np.float64]

NEVER_S = 1e4
"""The age of an event that has not been."""
_EDGE_S = 1e-6  # an event this close before a frame's start counts as on it
_LOOK_BACK = 8  # how many earlier events may still outshine the last one


class Line(Protocol):
    """A part of a uniform's value over the track."""

    def over_frame(self, frame_index: int, fps: Fraction) -> float:
        """Return the value for frame `frame_index`."""
        ...


@dataclass(frozen=True, slots=True)
class CurveLine:
    """One value per hop, linear between hops; its ends go on for ever."""

    curve: Column

    def over_frame(self, frame_index: int, fps: Fraction) -> float:
        """Return the curve at the frame's centre."""
        last = len(self.curve) - 1
        position = min(max(float(centre_s(frame_index, fps) / HOP_S), 0.0), float(last))
        index = min(int(position), max(last - 1, 0))
        share = position - index
        if share == 0.0:
            return float(self.curve[index])
        return float(self.curve[index] * (1.0 - share) + self.curve[index + 1] * share)


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseLine:
    """A column made of the beat grid: read at the exact time, for it jumps."""

    features: Features
    column: str
    amount: float
    curve: float

    def over_frame(self, frame_index: int, fps: Fraction) -> float:
        """Return the phase at the frame's centre."""
        value = float(self.features.at(self.column, float(centre_s(frame_index, fps))))
        return self.amount * float(value**self.curve)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImpulseLine:
    """Flashes at events, each falling to 1/e in `release_s`; the brightest one counts."""

    times_s: Column
    heights: Column
    release_s: float

    def over_frame(self, frame_index: int, fps: Fraction) -> float:
        """Return the value over the frame: full in the frame that holds the event."""
        stop = self._first_at(float(Fraction(frame_index + 1) / fps))
        start = max(0, stop - _LOOK_BACK)
        if start == stop:
            return 0.0
        shown = np.floor((self.times_s[start:stop] + _EDGE_S) * float(fps))
        age_s = np.maximum(frame_index - shown, 0.0) / float(fps)
        return float(np.max(self.heights[start:stop] * np.exp(-age_s / self.release_s)))

    def _first_at(self, time_s: float) -> int:
        """Return the index of the first event at `time_s` or later."""
        return int(np.searchsorted(self.times_s, time_s - _EDGE_S, side="left"))


@dataclass(frozen=True, slots=True, kw_only=True)
class AgeLine:
    """Seconds since the `nth` latest event (1: the last), `NEVER_S` before there was one."""

    times_s: Column
    nth: int
    amount: float

    def over_frame(self, frame_index: int, fps: Fraction) -> float:
        """Return the age at the frame's centre; half a frame in the one that holds the event."""
        end_s = float(Fraction(frame_index + 1) / fps) - _EDGE_S
        index = int(np.searchsorted(self.times_s, end_s, side="left")) - self.nth
        if index < 0:
            return NEVER_S
        shown = math.floor((self.times_s[index] + _EDGE_S) * float(fps))
        return float(self.amount * (max(frame_index - shown, 0) + 0.5) / float(fps))


@dataclass(frozen=True, slots=True, kw_only=True)
class UniformLine:
    """The value of one uniform: a base, and what moves it."""

    base: float
    parts: tuple[Line, ...]
    wrap: float = 0.0

    def over_frame(self, frame_index: int, fps: Fraction) -> float:
        """Return the sum for a frame, modulo `wrap` where that is above 0."""
        value = self.base + sum(part.over_frame(frame_index, fps) for part in self.parts)
        return value % self.wrap if self.wrap > 0 else value


def centre_s(frame_index: int, fps: Fraction) -> Fraction:
    """Return the middle of a frame's display interval, in seconds."""
    return Fraction(2 * frame_index + 1, 2) / fps
