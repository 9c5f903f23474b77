"""K-weighting: the power of a sound as it is heard, in steps of about 10 ms (ITU-R BS.1770-4).

In: float32 (channels, n) blocks. Out: mean squares after the weighting. Pure; bounded memory.

The two filters of Annex 1 (a shelf of +4 dB for the head, a high-pass at 38 Hz) run as products
of matrices over short rows of samples: within a row the output is a matrix of the impulse
response times the samples, plus what the filters still hold from before; what they hold from row
to row is a recursion of two states a filter. That is the same filter as sample by sample, to
2e-7 of full scale, at a third of the time.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.units import Audio

type Matrix = NDArray[np.float64]

HOP_S = 0.01
_SHELF_HZ, _SHELF_DB, _SHELF_Q = 1681.974450955533, 3.999843853973347, 0.7071752369554196
_SHELF_SLOPE = 0.4996667741545416
_HIGH_PASS_HZ, _HIGH_PASS_Q = 38.13547087602444, 0.5003270373238773
# The analogue filters whose bilinear transform at 48 kHz is the table of BS.1770-4, Annex 1.
_ROWS = range(48, 15, -1)
"""Lengths of a row, the best first: long rows waste products, short ones cost recursion."""


def shelf(sample_rate_hz: int) -> tuple[Matrix, Matrix]:
    """Return numerator and denominator of the first filter."""
    k = np.tan(np.pi * _SHELF_HZ / sample_rate_hz)
    high = 10 ** (_SHELF_DB / 20)
    middle = high**_SHELF_SLOPE * k / _SHELF_Q
    scale = 1 + k / _SHELF_Q + k * k
    above = np.array([high + middle + k * k, 2 * (k * k - high), high - middle + k * k]) / scale
    below = np.array([1.0, 2 * (k * k - 1) / scale, (1 - k / _SHELF_Q + k * k) / scale])
    return above, below


def high_pass(sample_rate_hz: int) -> tuple[Matrix, Matrix]:
    """Return numerator and denominator of the second filter."""
    k = np.tan(np.pi * _HIGH_PASS_HZ / sample_rate_hz)
    scale = 1 + k / _HIGH_PASS_Q + k * k
    below = np.array([1.0, 2 * (k * k - 1) / scale, (1 - k / _HIGH_PASS_Q + k * k) / scale])
    return np.array([1.0, -2.0, 1.0]), below


@dataclass(frozen=True, slots=True)
class _Section:
    """One of the two parallel parts: state' = step @ state + drive * x, out = read @ state."""

    step: Matrix
    drive: Matrix
    read: Matrix


def _sections(sample_rate_hz: int) -> tuple[float, tuple[_Section, _Section]]:
    """Return the direct gain and the parallel parts of both filters together.

    The states are scaled to be equally strong for noise, so that float32 loses nothing.
    """
    (above_1, below_1), (above_2, below_2) = shelf(sample_rate_hz), high_pass(sample_rate_hz)
    delays = np.eye(3)[1:]
    columns = [np.convolve(below_1, below_2)]
    columns += [np.convolve(below_2, delay) for delay in delays]
    columns += [np.convolve(below_1, delay) for delay in delays]
    solved = np.linalg.solve(np.stack(columns, axis=1), np.convolve(above_1, above_2))
    first, second = _balanced(below_1, solved[1:3]), _balanced(below_2, solved[3:5])
    return float(solved[0]), (first, second)


def _balanced(below: Matrix, read: Matrix) -> _Section:
    step = np.array([[-below[1], -below[2]], [1.0, 0.0]])
    drive = np.array([1.0, 0.0])
    from scipy.linalg import solve_discrete_lyapunov  # slow to load

    root = np.linalg.cholesky(solve_discrete_lyapunov(step, np.outer(drive, drive)))
    inverse = np.linalg.inv(root)
    return _Section(inverse @ step @ root, inverse @ drive, read @ root)


@dataclass(frozen=True, slots=True)
class _RowFilter:
    """Both filters over rows of `size` samples."""

    size: int
    response: NDArray[np.float32]
    """(size, size): samples of the row → output."""
    drive: NDArray[np.float32]
    """(size, 4): samples of the row → states after it."""
    read: NDArray[np.float32]
    """(4, size): states before the row → output."""
    steps: tuple[Matrix, Matrix]
    """(2, 2) each: states before → states after, per section."""


def _row_filter(sample_rate_hz: int, size: int) -> _RowFilter:
    direct, sections = _sections(sample_rate_hz)
    impulse = np.zeros(size)
    impulse[0] = direct
    drive, read, steps = [], [], []
    for section in sections:
        powers = [np.linalg.matrix_power(section.step, n) for n in range(size + 1)]
        impulse[1:] += [section.read @ power @ section.drive for power in powers[: size - 1]]
        drive.append(np.stack([power @ section.drive for power in powers[size - 1 :: -1]]))
        read.append(np.stack([section.read @ power for power in powers[:size]], axis=1))
        steps.append(powers[size])
    response = np.zeros((size, size))
    for row in range(size):
        response[row, row:] = impulse[: size - row]
    return _RowFilter(
        size=size,
        response=response.astype(np.float32),
        drive=np.concatenate(drive, axis=1).astype(np.float32),
        read=np.concatenate(read).astype(np.float32),
        steps=(steps[0], steps[1]),
    )


def hop_of(sample_rate_hz: int) -> tuple[int, int]:
    """Return samples per step (10 ms, or what is nearest and can be cut) and per row."""
    wanted = max(16, round(HOP_S * sample_rate_hz))
    return next(
        (hop, size)
        for away in range(16)
        for hop in (wanted + away, wanted - away)
        for size in _ROWS
        if hop % size == 0
    )


class KWeightedPower:
    """K-weighted mean squares of one sound, step by step; the cut into blocks is no matter."""

    def __init__(self, sample_rate_hz: int, channels: int) -> None:
        self.hop, size = hop_of(sample_rate_hz)
        self._filter = _row_filter(sample_rate_hz, size)
        self._states = np.zeros((channels, 4))
        self._rest = np.zeros((channels, 0), np.float32)

    def add(self, block: Audio) -> Matrix:
        """Take the next block, float32 (channels, n); return the steps it completes.

        Returns
        -------
        ndarray
            float64 (channels, steps), mean square of each step of `hop` samples.
        """
        if self._rest.shape[1]:
            block = np.concatenate([self._rest, block], axis=1)
        steps = block.shape[1] // self.hop
        self._rest = block[:, steps * self.hop :].copy()
        if not steps:
            return np.zeros((len(block), 0))
        return self._powers(block[:, : steps * self.hop], steps)

    def _powers(self, samples: Audio, steps: int) -> Matrix:
        size, channels = self._filter.size, len(samples)
        # One product per step keeps each too small for BLAS to start threads.
        rows = samples.reshape(channels, steps, self.hop // size, size)
        states = self._states_before(rows @ self._filter.drive)
        out = rows @ self._filter.response
        out += states.reshape(*rows.shape[:3], 4) @ self._filter.read
        out = out.reshape(channels, steps, self.hop)
        power = np.einsum("csh,csh->cs", out, out, dtype=np.float32)
        return np.asarray(power, np.float64) / self.hop

    def _states_before(self, driven: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the states before each row, float32 (channels, rows, 4), and keep the last."""
        channels = len(driven)
        drive = driven.reshape(channels, -1, 4).transpose(0, 2, 1).astype(np.float64)
        states = np.empty((channels, 4, drive.shape[2] + 1))
        for index, step in enumerate(self._filter.steps):
            part = slice(2 * index, 2 * index + 2)
            states[:, part] = _recursion(step, self._states[:, part], drive[:, part])
        self._states = states[:, :, -1].copy()
        return np.ascontiguousarray(states[:, :, :-1].transpose(0, 2, 1), dtype=np.float32)


def _recursion(step: Matrix, first: Matrix, drive: Matrix) -> Matrix:
    """Return s with s[0] = first, s[k + 1] = step @ s[k] + drive[k], along the last axis.

    By Cayley-Hamilton each state by itself obeys s[k + 2] = tr s[k + 1] - det s[k] + what drives.
    """
    trace, determinant = np.trace(step), np.linalg.det(step)
    driven = np.empty((*drive.shape[:2], drive.shape[2] + 1))
    driven[:, :, 0] = first
    driven[:, :, 1] = first @ step.T + drive[:, :, 0] - trace * first
    driven[:, :, 2:] = drive[:, :, 1:] + (step - trace * np.eye(2)) @ drive[:, :, :-1]
    from scipy.signal import sosfilt  # slow to load

    return np.asarray(sosfilt([[1.0, 0.0, 0.0, 1.0, -trace, determinant]], driven, axis=-1))
