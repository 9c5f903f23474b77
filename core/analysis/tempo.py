"""Tempo over time: a tempogram of the onset flux, and the likeliest path through it.

In: the pulse (onset flux without its slow part). Out: the beat's period at every half second and
how clearly it repeats. Pure.

The tempogram is a windowed autocorrelation, read with a comb over the multiples of each period;
the path is found by dynamic programming (Viterbi) over a logarithmic grid of tempi, where small
changes are cheap and any jump costs the same, so that ramps and steps are both followed.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from core.analysis.onsets import local_mean
from core.analysis.scale import Column

WINDOW_HOPS = 600
STEP_HOPS = 50
MIN_BPM, MAX_BPM = 50.0, 220.0
STATES_PER_OCTAVE = 40
PRIOR_BPM, PRIOR_OCTAVES = 120.0, 0.9
"""Among tempi that repeat equally well, the one nearest to 120 is what people tap."""
COMB = (1.0, 0.8, 0.6, 0.4)
MOVE_COST, JUMP_COST = 0.035, 0.5
BATCH = 256
HOPS_A_SECOND = 100


@dataclass(frozen=True, slots=True)
class TempoPath:
    """The period in hops at rows 0, 50, 100 …; `salience` is how well it repeats, -1 to 1."""

    period_hops: NDArray[np.float64]
    salience: NDArray[np.float64]

    def period_at(self, row: int) -> float:
        """Return the period in hops around a row."""
        index = min((row + STEP_HOPS // 2) // STEP_HOPS, len(self.period_hops) - 1)
        return float(self.period_hops[index])


def pulse_of(flux: Column) -> NDArray[np.float64]:
    """Return flux over its local mean, smoothed to about 30 ms, at unit local strength.

    Quiet passages count as much as loud ones, down to a seventh of the track's own strength;
    under that it fades, so that silence stays silent.
    """
    over = np.maximum(flux - local_mean(flux, 30), 0.0)
    smooth = np.convolve(over, np.array([1, 3, 4, 3, 1]) / 12.0, "same")
    strength = np.sqrt(local_mean((smooth**2).astype(np.float32), 300))
    floor = 0.15 * float(np.sqrt(np.mean(smooth**2))) + 1e-9
    return smooth / np.maximum(strength, floor)


def tempo_path(pulse: NDArray[np.float64]) -> TempoPath:
    """Return the likeliest tempo over time of a pulse."""
    n_octaves = np.log2(MAX_BPM / MIN_BPM)
    bpm = MIN_BPM * 2 ** np.linspace(0, n_octaves, round(n_octaves * STATES_PER_OCTAVE) + 1)
    periods = 60.0 * HOPS_A_SECOND / bpm
    scores = _tempogram(pulse, periods)
    prior = np.exp(-0.5 * (np.log2(bpm / PRIOR_BPM) / PRIOR_OCTAVES) ** 2)
    states = _likeliest(np.maximum(scores, 0) * prior)
    return TempoPath(periods[states], scores[np.arange(len(states)), states])


def _tempogram(pulse: NDArray[np.float64], periods: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how well each period repeats around each step, -1 to 1, (steps, periods)."""
    comb = _comb(periods)
    window = np.hanning(WINDOW_HOPS + 1)[:-1]
    size = fft.next_fast_len(WINDOW_HOPS + len(comb), real=True)
    taper = fft.irfft(np.abs(fft.rfft(window, size)) ** 2, size)[: len(comb)]
    padded = np.pad(pulse, WINDOW_HOPS // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW_HOPS)[::STEP_HOPS]
    scores = np.zeros((len(frames), len(periods)))
    for first in range(0, len(frames), BATCH):
        rows = frames[first : first + BATCH]
        spectrum = fft.rfft((rows - rows.mean(axis=1, keepdims=True)) * window, size, axis=1)
        power = spectrum.real**2 + spectrum.imag**2
        acf = fft.irfft(power, size, axis=1)[:, : len(comb)]
        energy = np.maximum(acf[:, :1], 1e-9)
        unbiased = acf / energy * (taper[0] / np.maximum(taper, 0.05 * taper[0]))
        scores[first : first + BATCH] = unbiased @ comb
    return scores


def _comb(periods: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return weights (lags, periods) that read an autocorrelation at the periods' multiples."""
    longest = int(np.ceil(periods.max() * len(COMB))) + 2
    comb = np.zeros((min(longest, WINDOW_HOPS * 3 // 4), len(periods)))
    columns = np.arange(len(periods))
    for multiple, weight in enumerate(COMB, start=1):
        lags = periods * multiple
        low = lags.astype(np.int64)
        share = lags - low
        inside = low + 1 < len(comb)
        np.add.at(comb, (low[inside], columns[inside]), (weight * (1 - share))[inside])
        np.add.at(comb, (low[inside] + 1, columns[inside]), (weight * share)[inside])
    return np.asarray(comb / comb.sum(axis=0))


def _likeliest(scores: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the path of states with the largest sum of scores less the cost of its moves."""
    n_steps, n_states = scores.shape
    apart = np.abs(np.subtract.outer(np.arange(n_states), np.arange(n_states)))
    cost = np.minimum(MOVE_COST * apart, JUMP_COST)
    best = scores[0]
    came_from = np.zeros((n_steps, n_states), np.int16)
    for step in range(1, n_steps):
        candidates = best[:, None] - cost
        came_from[step] = candidates.argmax(axis=0)
        best = candidates.max(axis=0) + scores[step]
    path = np.zeros(n_steps, np.int64)
    path[-1] = int(best.argmax())
    for step in range(n_steps - 1, 0, -1):
        path[step - 1] = came_from[step, path[step]]
    return path
