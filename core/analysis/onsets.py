"""Onsets: where sound begins, picked per band from its flux and placed to the millisecond.

In: flux columns and the fine peaks of a survey. Out: `Events`. A picked hop only says that
something begins nearby; its exact time is that of the steepest rise of the fine envelope, so an
event falls into the hop and into the video frame that really holds it.
"""

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from core.analysis.features import Events
from core.analysis.meter import Survey
from core.analysis.scale import Column

COOLDOWN_HOPS = 3
MEAN_HOPS = 40
"""Half width of the local mean."""
RATIO = 2.5
"""How far over its local mean a flux must be."""
SURE_RATIO = 7.0
"""From here on an onset counts in full."""
QUIET = 0.07
"""Onsets under this share of the track's strong ones are left out."""
EMPTY_BAND = 0.04
"""A band whose strong onsets are under this share of the strongest band's has none."""
MIN_GAP_S = 0.03
CLEAR_RISE = 0.35
"""Share of the peak that must come within two fine bins to be taken as an attack."""


def local_mean(values: Column, half: int) -> NDArray[np.float64]:
    """Return the mean over `half` rows to each side, shorter at the ends."""
    total = np.concatenate(([0.0], np.cumsum(values, dtype=np.float64)))
    index = np.arange(len(values))
    low, high = np.maximum(index - half, 0), np.minimum(index + half + 1, len(values))
    return np.asarray(np.maximum((total[high] - total[low]) / (high - low), 0.0))


def strong(flux: Column) -> float:
    """Return how large the flux of this band's strong onsets is, 0 when it has none."""
    peaks = flux[_peaks(flux)]
    return float(np.percentile(peaks, 95)) if len(peaks) else 0.0


def pick(
    flux: Column, background: Column, *, strongest_band: float
) -> tuple[NDArray[np.int64], Column]:
    """Return the rows where something begins and how strong it is, 0 to 1.

    Parameters
    ----------
    flux : float32 (n_hops,), >= 0: positive flux of a band, less its ripple.
    background : the same with its ripple, whose local mean an onset must clearly exceed.
    strongest_band : `strong` of the band where it is largest; far weaker bands are empty.
    """
    rows = _peaks(flux)
    top = strong(flux)
    if not len(rows) or top <= max(EMPTY_BAND * strongest_band, 1e-6):
        return np.zeros(0, np.int64), np.zeros(0, np.float32)
    around = local_mean(background, MEAN_HOPS)[rows]
    ratio = background[rows] / np.maximum(around, 1e-9)
    sure = np.clip((ratio - RATIO) / (SURE_RATIO - RATIO), 0, 1)
    strength = np.clip(flux[rows] / top, 0, 1) ** 0.7 * (0.15 + 0.85 * sure)
    keep = (ratio > RATIO) & (flux[rows] > QUIET * top)
    return rows[keep], strength[keep].astype(np.float32)


def place(
    survey: Survey,
    rows: NDArray[np.int64],
    strengths: Column,
    *,
    hop_s: Fraction,
    reach_s: float,
) -> Events:
    """Return picked rows as events at exact times, in order, at least 30 ms apart.

    `reach_s` is how far from its row an event may begin (half the analysis window or so).
    """
    if not len(rows):
        return Events(np.zeros(0), np.zeros(0, np.float32))
    times = np.minimum(
        _attack_times(survey, rows.astype(np.float64) * float(hop_s), reach_s),
        survey.n_samples / survey.sample_rate_hz,
    )
    order = np.argsort(times, kind="stable")
    return _apart(Events(times[order], strengths[order]))


def impulses(events: Events, *, n_hops: int, hop_s: Fraction) -> Column:
    """Return a column that is 0 but in the rows nearest to an event: its strength there."""
    column = np.zeros(n_hops, np.float32)
    rows = np.rint(events.times_s * hop_s.denominator / hop_s.numerator).astype(np.int64)
    np.maximum.at(column, np.minimum(rows, n_hops - 1), events.strengths)
    return column


def _peaks(flux: Column) -> NDArray[np.int64]:
    """Return the rows that are the largest within the cooldown to both sides."""
    padded = np.pad(flux, COOLDOWN_HOPS)
    n = len(flux)
    is_peak = flux > 1e-9
    for step in range(1, COOLDOWN_HOPS + 1):
        is_peak &= flux > padded[COOLDOWN_HOPS - step : COOLDOWN_HOPS - step + n]
        is_peak &= flux >= padded[COOLDOWN_HOPS + step : COOLDOWN_HOPS + step + n]
    return np.flatnonzero(is_peak)


def _attack_times(
    survey: Survey, times_s: NDArray[np.float64], reach_s: float
) -> NDArray[np.float64]:
    """Return the time of the first steep rise of the fine envelope near each time."""
    bin_s = survey.fine_samples / survey.sample_rate_hz
    reach = max(1, round(reach_s / bin_s))
    centre = np.rint(times_s / bin_s).astype(np.int64)
    bins = centre[:, None] + np.arange(-reach - 3, reach + 1)
    inside = (bins >= 0) & (bins < len(survey.fine_peaks))
    peaks = np.where(inside, survey.fine_peaks[np.clip(bins, 0, len(survey.fine_peaks) - 1)], 0)
    before = np.maximum(np.maximum(peaks[:, 2:-1], peaks[:, 1:-2]), peaks[:, :-3])
    rise = np.maximum(peaks[:, 3:] - before, 0)
    top = rise.max(axis=1)
    first = np.argmax(rise >= 0.5 * top[:, None], axis=1)
    chosen = np.clip(bins[np.arange(len(bins)), first + 3], 0, len(survey.fine_peaks) - 1)
    exact = (chosen * survey.fine_samples + survey.fine_at[chosen]) / survey.sample_rate_hz
    clear = top > CLEAR_RISE * peaks.max(axis=1)
    return np.where(clear, exact, times_s)


def _apart(events: Events) -> Events:
    """Return the events with the weaker of two that are too close left out."""
    keep: list[int] = []
    for index, time in enumerate(events.times_s):
        if keep and time - events.times_s[keep[-1]] < MIN_GAP_S:
            if events.strengths[index] > events.strengths[keep[-1]]:
                keep[-1] = index
        else:
            keep.append(index)
    return Events(events.times_s[keep], events.strengths[keep])
