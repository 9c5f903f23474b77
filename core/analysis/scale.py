"""From powers to what the eye wants: levels from 0 to 1 that use their range on any master.

In: raw columns of a survey. Out: columns of the features file. Pure.

A level is the band's power in decibels between a floor and a ceiling that the track itself sets:
the ceiling is the band's own 98th percentile (but at most 48 dB under the whole track's, so that
an empty band stays dark), the floor its 10th (but 18 to 32 dB under the ceiling). Gain therefore
changes nothing: quiet and loud masters move alike.
"""

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

Column = NDArray[np.float32]

RELEASE_S = 0.150
SILENCE_DB = -90.0
"""A track whose loudest moments are under this counts as silent."""
ACTIVE_DB = 60.0
"""Rows this far under the track's loud moments do not set floors or ceilings."""
QUIET_BAND_DB = 48.0
MIN_SPAN_DB, MAX_SPAN_DB = 18.0, 32.0
_SMOOTH = np.array([1, 2, 3, 2, 1], np.float32) / 9


def decibels(power: Column) -> Column:
    """Return powers (full scale squared) in dB, at least -200."""
    db: Column = np.float32(10) * np.log10(np.maximum(power, np.float32(1e-20)))
    return db


def smoothed(power: Column) -> Column:
    """Return powers averaged over five rows, centred: the short window made a steady level."""
    if len(power) < 2:
        return power
    padded = np.pad(power, 2, mode="edge")
    return np.convolve(padded, _SMOOTH, "valid").astype(np.float32)


class LevelScale:
    """Maps a band's power to its level, relative to how loud the whole track is."""

    def __init__(self, total_power: Column) -> None:
        total_db = decibels(total_power)
        self._loud_db = float(np.percentile(total_db, 99))
        self._active = total_db > self._loud_db - ACTIVE_DB

    @property
    def silent(self) -> bool:
        """Whether there is nothing to measure."""
        return self._loud_db < SILENCE_DB

    def level(self, power: Column) -> Column:
        """Return the level of a band, 0 to 1, from its power."""
        if self.silent:
            return np.zeros(len(power), np.float32)
        band_db = decibels(power)
        low, high = (float(q) for q in np.percentile(band_db[self._active], (10, 98)))
        ceiling = max(high, self._loud_db - QUIET_BAND_DB)
        span = min(max(ceiling - low, MIN_SPAN_DB), MAX_SPAN_DB)
        level: Column = 1 + (band_db - np.float32(ceiling)) / np.float32(span)
        np.clip(level, 0, 1, out=level)
        return level


def envelope(level: Column, *, hop_s: Fraction) -> Column:
    """Return a level that rises at once and falls by e-fold in 150 ms.

    row i is the largest of level[j] * exp(-(i - j) * hop / release) over all j <= i.
    """
    slope = float(hop_s) / RELEASE_S * np.arange(len(level))
    with np.errstate(divide="ignore"):
        logs = np.log(level.astype(np.float64)) + slope
    held: NDArray[np.float64] = np.maximum.accumulate(logs) - slope
    return np.exp(held).astype(np.float32)


def width(mid: Column, total: Column) -> Column:
    """Return the share of the energy that differs between channels.

    0 for mono, 0.5 for two unrelated channels, 1 for channels of opposite sign; 0 in silence.
    """
    share = 1 - mid / np.maximum(total, np.float32(1e-12))
    return np.where(total > 1e-10, np.clip(share, 0, 1), np.float32(0)).astype(np.float32)


def relative_flux(flux: Column) -> Column:
    """Return flux in units of the track's 99th percentile (>= 0), 0 where there is none."""
    top = float(np.percentile(flux, 99)) or float(flux.max(initial=0.0))
    return flux / np.float32(top) if top > 1e-9 else np.zeros_like(flux)
