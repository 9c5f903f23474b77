"""How loud a sound will be after a gain and the true-peak limiter, for several gains in one run.

In: float32 (channels, n) blocks, gains. Out: integrated loudness for each. Pure; bounded memory.

The limiter's gain changes slowly against the K-weighting, so the power of each 10 ms after it is
the power before times the mean of the squared gain: nothing is filtered or scaled again for a
further gain, and the result is within a few hundredths of a LU.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from core.audio.limiter_true_peak import MARGIN_DB, Curve, GainCurve, rows_with_context
from core.audio.loudness import (
    MOMENTARY_HOPS,
    Powers,
    SlidingPower,
    channel_weights,
    integrated,
)
from core.audio.loudness_filter import KWeightedPower
from core.audio.true_peak import ROW, row_peaks
from core.units import Audio

_NEPERS_PER_DB = math.log(10) / 20
_SILENCE = 1e-12
_BLOCKS_AT_ONCE = 16
"""A gain curve costs more by the call than by the step."""
STEPS_PER_S = 750
"""Of the gain: a quarter of the limiter's own at 48 kHz, which moves the result by 0.02 LU."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What comes out of the limiter, and the true peak of what goes in before any gain."""

    integrated_lufs: tuple[float | None, ...]
    """For each gain; None for silence and what is shorter than 0.4 s."""
    true_peak: float
    """Linear; exact where it is over the ceiling after the highest gain, else a lower bound."""


class _Lane:
    """One gain: its reduction curve, and the powers that come out."""

    def __init__(self, gain_db: float, steps_per_s: float, steps_per_hop: float) -> None:
        self._gain = gain_db * _NEPERS_PER_DB
        self._curve = GainCurve(steps_per_s)
        self._out = SlidingPower(MOMENTARY_HOPS)
        self._steps_per_hop = steps_per_hop
        self._squares = np.zeros(0)
        self._first_step = self._hop = 0
        self._powers = np.zeros(0)

    def add(self, levels: Curve, powers: Powers) -> None:
        """Take the peaks of the next steps, in nepers over the ceiling, and the next powers."""
        reduction = self._curve.add(np.maximum(levels + self._gain, 0.0))
        self._squares = np.concatenate([self._squares, np.exp(2 * (self._gain - reduction))])
        self._powers = np.concatenate([self._powers, powers])
        steps = self._first_step + self._squares.size
        n = min(self._powers.size, int(steps / self._steps_per_hop) - self._hop)
        if n <= 0:
            return
        edges = (self._hop + np.arange(n + 1)) * self._steps_per_hop - self._first_step
        sums = np.concatenate([[0.0], np.cumsum(self._squares)])
        means = np.diff(np.interp(edges, np.arange(sums.size), sums)) / self._steps_per_hop
        self._out.add(self._powers[:n] * means)
        self._hop, self._powers = self._hop + n, self._powers[n:]
        done = int(edges[-1])
        self._first_step, self._squares = self._first_step + done, self._squares[done:]

    def finish(self) -> float | None:
        """Return the integrated loudness of all that was taken."""
        self.add(np.full(self._curve.latency + 2, math.log(_SILENCE)), np.zeros(0))
        return integrated(self._out.blocks)


def forecast_loudness(
    blocks: Iterable[Audio],
    gains_db: Sequence[float],
    *,
    sample_rate_hz: int,
    ceiling_dbtp: float,
    layout: str = "",
) -> Forecast:
    """Return the integrated loudness after each gain and the limiter, and the true peak before.

    Parameters
    ----------
    blocks : iterable of Audio
        float32 (channels, n), before any gain.
    gains_db : sequence of float
        At least one.
    sample_rate_hz : int
        Of the blocks.
    ceiling_dbtp : float
        Of the limiter.
    layout : str
        FFmpeg's name of the channel layout; empty: the usual one.
    """
    ceiling = 10 ** ((ceiling_dbtp - MARGIN_DB) / 20)
    floor = ceiling / 10 ** (max(gains_db) / 20)
    group = max(1, round(sample_rate_hz / ROW / STEPS_PER_S))
    lanes = list[_Lane]()
    highest = -math.inf
    for levels, powers, hop in _measured(blocks, group, sample_rate_hz, floor, layout):
        step = group * ROW
        lanes = lanes or [_Lane(gain, sample_rate_hz / step, hop / step) for gain in gains_db]
        highest = max(highest, float(levels.max()))
        for lane in lanes:
            lane.add(levels - math.log(ceiling), powers)
    return Forecast(
        integrated_lufs=tuple(lane.finish() for lane in lanes) or (None,) * len(gains_db),
        true_peak=math.exp(highest) if highest > math.log(_SILENCE) else 0.0,
    )


def _measured(
    blocks: Iterable[Audio], group: int, sample_rate_hz: int, floor: float, layout: str
) -> Iterator[tuple[Curve, Powers, int]]:
    """Yield log peaks of steps and powers of hops, both many at a time, and samples per hop."""
    power: KWeightedPower | None = None
    weights = np.zeros(0)
    levels: list[Curve] = []
    powers: list[Powers] = []
    for context, sound in rows_with_context(blocks, 0):
        if power is None:
            power = KWeightedPower(sample_rate_hz, len(sound))
            weights = channel_weights(len(sound), layout)
        rows = row_peaks(context, floor).max(axis=0)
        steps = np.maximum.reduceat(rows, np.arange(0, rows.size, group))
        levels.append(np.log(np.maximum(steps.astype(np.float64), _SILENCE)))
        powers.append(weights @ power.add(sound))
        if len(levels) == _BLOCKS_AT_ONCE:
            yield np.concatenate(levels), np.concatenate(powers), power.hop
            levels, powers = [], []
    if power and levels:
        yield np.concatenate(levels), np.concatenate(powers), power.hop
