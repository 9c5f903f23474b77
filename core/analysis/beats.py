"""Beats: the chain of onsets that best keeps the tempo, and whether there is a beat at all.

In: the overall onset flux, the exact onsets, the low bands' flux. Out: a `BeatGrid`, empty when
nothing keeps time. Pure.

Flux -> tempogram -> Viterbi over tempo (`tempo.py`) -> dynamic programming over beats, as in
Ellis, "Beat Tracking by Dynamic Programming" (2007), with the tempo free to change.
"""

import numpy as np
from numpy.typing import NDArray

from core.analysis.beatgrid import BeatGrid
from core.analysis.features import Events
from core.analysis.scale import Column
from core.analysis.tempo import HOPS_A_SECOND, TempoPath, pulse_of, tempo_path

TIGHTNESS = 100.0
"""How much keeping the tempo weighs against hitting onsets (Ellis 2007)."""
MIN_TRACK_S = 3.0
MIN_BEATS = 4
SNAP_S = 0.035
SURE_SALIENCE, NO_SALIENCE = 0.45, 0.18
SURE_CONTRAST, NO_CONTRAST = 5.0, 2.2
MIN_CONFIDENCE = 0.15
WEAK = 0.15
"""Beats at either end under this share of the median beat's strength are silence, not music."""
BEATS_PER_BAR = 4


def track_beats(flux: Column, low_flux: Column, onsets: Events, *, duration_s: float) -> BeatGrid:
    """Return the beat grid of a track, without beats when none is steady enough.

    Parameters
    ----------
    flux : float32 (n_hops,), overall positive flux at 100 rows a second.
    low_flux : the same of the low bands, where bars show themselves.
    onsets : exact onsets; beats near one are moved onto it.
    """
    empty = BeatGrid(duration_s=duration_s)
    if duration_s < MIN_TRACK_S or float(flux.max(initial=0.0)) < 1e-6:
        return empty
    pulse = pulse_of(flux)
    path = tempo_path(pulse)
    rows = _chain(pulse, path)
    rows = _without_silent_ends(rows, _around(flux, rows))
    if len(rows) < MIN_BEATS:
        return empty
    confidence = _confidence(pulse, path, rows)
    if confidence < MIN_CONFIDENCE:
        return empty
    downbeat = int(np.argmax([_around(low_flux, rows[k::4]).mean() for k in range(BEATS_PER_BAR)]))
    return BeatGrid(
        times_s=_snapped(rows / HOPS_A_SECOND, onsets, duration_s),
        duration_s=duration_s,
        confidence=confidence,
        beats_per_bar=BEATS_PER_BAR,
        first_downbeat=downbeat,
    )


def _chain(pulse: NDArray[np.float64], path: TempoPath) -> NDArray[np.int64]:
    """Return the rows of the best chain of beats.

    The score of a row is its pulse plus the best score about one period before, less the squared
    log of how far off the period that is. Rows nearer than half a period do not depend on one
    another, so half a period is scored at once.
    """
    n = len(pulse)
    reach = int(2 * path.period_hops.max()) + 1
    score = np.zeros(n + reach)  # the first `reach` rows stand for "no beat before"
    came_from = np.full(n, -1, np.int64)
    first = 0
    while first < n:
        period = path.period_at(first)
        gaps = np.arange(int(np.ceil(period / 2)), int(2 * period) + 1)[::-1]
        stop = min(first + int(gaps[-1]), n)
        windows = np.lib.stride_tricks.sliding_window_view(score, len(gaps))
        before = windows[first + reach - gaps[0] : stop + reach - gaps[0]]
        candidates = before - TIGHTNESS * np.log(gaps / period) ** 2
        best = candidates.argmax(axis=1)
        rows = np.arange(first, stop)
        gain = candidates[np.arange(len(rows)), best]
        came_from[first:stop] = np.where(gain > 0, rows - gaps[best], -1)
        score[first + reach : stop + reach] = pulse[first:stop] + np.maximum(gain, 0)
        first = stop
    last = max(0, n - int(path.period_hops[-1]))
    row = last + int(score[last + reach :].argmax())
    chain = []
    while row >= 0:
        chain.append(row)
        row = int(came_from[row])
    return np.array(chain[::-1], np.int64)


def _around(values: NDArray[np.floating], rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the largest value within three rows of each row."""
    padded = np.pad(np.asarray(values, np.float64), 3)
    return np.asarray(np.max([padded[rows + step] for step in range(7)], axis=0))


def _without_silent_ends(
    rows: NDArray[np.int64], strengths: NDArray[np.float64]
) -> NDArray[np.int64]:
    alive = np.flatnonzero(strengths > WEAK * np.median(strengths)) if len(rows) else rows
    return rows[alive[0] : alive[-1] + 1] if len(alive) else rows[:0]


def _confidence(pulse: NDArray[np.float64], path: TempoPath, rows: NDArray[np.int64]) -> float:
    """Return 0 to 1: the tempo repeats, and beats stand out from what lies between them."""
    steps = slice(rows[0] // 50, rows[-1] // 50 + 1)
    salience = float(np.mean(path.salience[steps]))
    inside = pulse[rows[0] : rows[-1] + 1]
    contrast = float(_around(pulse, rows).mean() / max(inside.mean(), 1e-9))
    repeats = (salience - NO_SALIENCE) / (SURE_SALIENCE - NO_SALIENCE)
    stands_out = (contrast - NO_CONTRAST) / (SURE_CONTRAST - NO_CONTRAST)
    return float(np.clip(repeats, 0, 1) * np.clip(stands_out, 0, 1))


def _snapped(times_s: NDArray[np.float64], onsets: Events, duration_s: float) -> tuple[float, ...]:
    """Return beat times moved onto the exact onset nearby, where there is one."""
    if len(onsets):
        after = np.minimum(np.searchsorted(onsets.times_s, times_s), len(onsets) - 1)
        before = np.maximum(after - 1, 0)
        earlier, later = onsets.times_s[before], onsets.times_s[after]
        nearest = np.where(np.abs(earlier - times_s) < np.abs(later - times_s), earlier, later)
        times_s = np.where(np.abs(nearest - times_s) <= SNAP_S, nearest, times_s)
    return tuple(np.clip(times_s, 0.0, duration_s).tolist())
