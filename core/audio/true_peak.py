"""True peak: how high a sound goes between its samples, four times oversampled.

In: float32 (channels, n) blocks. Out: peaks, linear. Pure; bounded memory; no other stage.

ITU-R BS.1770-4, Annex 2, asks for four times oversampling and leaves the interpolator open. This
one is longer than the annex's example (32 taps a phase, Kaiser window), because short ones miss
up to 1.5 dB of what lies between the samples of bright, clipped material. It is exact about what
it skips: no point between samples can go higher than the largest sample near it times
`BOUND`, so stretches that cannot reach the largest peak known are not interpolated.
"""

import math

import numpy as np
from numpy.typing import NDArray

from core.units import Audio

OVERSAMPLING = 4
TAPS = 32
ROW = 16
"""Samples whose peaks are found together; half the taps, so that three rows hold all they need."""
_BETA = 6.0
_BATCH = 112
"""Rows in one product: just too few for BLAS to start threads for it."""
MOST = 0.5
"""Where more rows than this are wanted it is quicker to take all than to pick them."""


def _interpolator() -> NDArray[np.float64]:
    """Return the taps (phases without the first, which is the samples themselves; taps)."""
    phases = np.arange(1, OVERSAMPLING)[:, None] / OVERSAMPLING
    away = np.arange(1 - TAPS // 2, TAPS // 2 + 1) - phases
    window = np.i0(_BETA * np.sqrt(np.clip(1 - (away / (TAPS // 2)) ** 2, 0, 1)))
    taps = np.sinc(away) * window
    return np.asarray(taps / taps.sum(axis=1, keepdims=True))


def _row_matrix(taps: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the matrix from three rows of samples to all points between those of the middle one.

    Sample i of the middle row is input 16 + i; the points after it need inputs 1 + i to 32 + i.
    """
    matrix = np.zeros((3 * ROW, len(taps), ROW))
    for sample in range(ROW):
        matrix[sample + 1 : sample + 1 + TAPS, :, sample] = taps.T
    return np.ascontiguousarray(matrix.reshape(3 * ROW, -1).T, dtype=np.float32)


_TAPS = _interpolator()
_MATRIX = _row_matrix(_TAPS)
BOUND = float(np.abs(_TAPS).sum(axis=1).max()) * (1 + 1e-6)
"""How many times higher than the samples around it a point between them can be."""
BOUND_DB = 20 * math.log10(BOUND)


def row_peaks(context: Audio, floor: NDArray[np.float32] | float) -> NDArray[np.float32]:
    """Return the largest absolute value at and between the samples of each row.

    Parameters
    ----------
    context : Audio
        float32 (channels, (rows + 2) * ROW): the rows with one row on either side of them.
    floor : float or ndarray
        Linear; one for all channels or (channels, 1). Rows that cannot go over it are given
        their largest sample only.

    Returns
    -------
    ndarray
        float32 (channels, rows), linear, full scale 1.0; the points after a row's last sample
        and before the next row's first belong to it.
    """
    channels = len(context)
    # Samples first, so that all that follows goes along long rows of memory.
    folded = np.ascontiguousarray(context.reshape(channels, -1, ROW).transpose(2, 0, 1))
    level = np.abs(folded).max(axis=0)
    near = np.maximum(np.maximum(level[:, :-2], level[:, 2:]), level[:, 1:-1])
    peaks = level[:, 1:-1].copy()
    wanted = near * np.float32(BOUND) > floor
    if wanted.mean() > MOST:
        three = (folded[:, :, :-2], folded[:, :, 1:-1], folded[:, :, 2:])
        between = _peaks_between(np.concatenate(three).reshape(3 * ROW, -1))
        np.maximum(peaks, between.reshape(peaks.shape), out=peaks)
    elif wanted.any():
        flat = folded.reshape(ROW, -1)
        channel, row = np.nonzero(wanted)
        first = channel * folded.shape[2] + row
        columns = np.concatenate([flat.take(first + i, axis=1) for i in range(3)])
        peaks[wanted] = np.maximum(peaks[wanted], _peaks_between(columns))
    return peaks


def _peaks_between(columns: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the largest point of each column of three rows, float32 (3 * ROW, n) to (n,)."""
    n = columns.shape[1]
    even = n - n % _BATCH
    batches = columns[:, :even].reshape(3 * ROW, -1, _BATCH).transpose(1, 0, 2)
    points = _MATRIX @ batches
    rest = _MATRIX @ columns[:, even:]
    largest = np.abs(points, out=points).max(axis=1).ravel()
    return np.concatenate([largest, np.abs(rest, out=rest).max(axis=0)])


class TruePeakMeter:
    """True peaks of the channels of a sound that streams by; the cut into blocks is no matter."""

    def __init__(self, channels: int) -> None:
        self._peaks = np.zeros((channels, 1), np.float32)
        self._tail = np.zeros((channels, ROW), np.float32)

    def add(self, block: Audio) -> None:
        """Take the next block, float32 (channels, n)."""
        joined = np.concatenate([self._tail, block], axis=1)
        rows = joined.shape[1] // ROW - 2
        if rows > 0:
            self._peaks = self._raised(joined[:, : (rows + 2) * ROW])
            joined = joined[:, rows * ROW :]
        self._tail = joined.copy()

    def peaks(self) -> tuple[float, ...]:
        """Return the true peak of each channel so far, linear, as if the sound ended here."""
        rest = -(-self._tail.shape[1] // ROW) + 1
        ended = np.zeros((len(self._tail), rest * ROW), np.float32)
        ended[:, : self._tail.shape[1]] = self._tail
        return tuple(float(peak) for peak in self._raised(ended)[:, 0])

    def take(self) -> tuple[float, ...]:
        """Return the peaks since the last time, of a sound that goes on, and begin anew.

        The last 32 samples or so count the next time: what is between them is not certain yet.
        """
        peaks = tuple(float(peak) for peak in self._peaks[:, 0])
        self._peaks = np.zeros_like(self._peaks)
        return peaks

    def _raised(self, context: Audio) -> NDArray[np.float32]:
        """Return the peaks after the inner rows of `context`."""
        inner = context[:, ROW:-ROW]
        if not inner.shape[1]:
            return self._peaks
        largest = np.maximum(inner.max(axis=1), -inner.min(axis=1))[:, None]
        floor = np.maximum(self._peaks, largest)
        return np.maximum(floor, row_peaks(context, floor).max(axis=1, keepdims=True))


def decibels(linear: float) -> float | None:
    """Return an amplitude in dB; None for nothing at all."""
    return 20 * math.log10(linear) if linear > 0 else None
