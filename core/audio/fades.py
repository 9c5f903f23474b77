"""Fades: gains from silence to full level and back, in four shapes. Pure; no I/O.

In: a shape, a length in samples, the stretch that is wanted. Out: float32 gains. The mixer applies
them, the editor draws them. The shapes are those of FFmpeg's `afade`: tri, qsin, hsin and log.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.audio.recipe import FadeShape

LOG_SPAN = 0.2
"""Gain of the log shape that a tenth of the way takes: 1 / 5, as in libavfilter/af_afade.c."""
SILENT_X = 1e-5
"""Below it the log shape is silent."""
CACHED_SAMPLES = 1 << 16
CACHED_TABLES = 32


def fade_curve(shape: FadeShape, x: ArrayLike) -> NDArray[np.float64]:
    """Return the gain of a fade in at each place of it.

    Parameters
    ----------
    shape : FadeShape
    x : array_like
        Places, 0 (silent) to 1 (full level); outside they count as the nearer end.

    Returns
    -------
    ndarray
        float64, the form of `x`, 0 to 1, never falling. Source: `fade_gain` of FFmpeg's afade.
    """
    place = np.clip(np.asarray(x, np.float64), 0.0, 1.0)
    match shape:
        case FadeShape.LINEAR:
            gain = place
        case FadeShape.EQUAL_POWER:
            gain = np.sin(place * (np.pi / 2))
        case FadeShape.S_CURVE:
            gain = (1.0 - np.cos(place * np.pi)) / 2
        case FadeShape.LOG:
            gain = np.maximum(1.0 + LOG_SPAN * np.log10(np.maximum(place, SILENT_X)), 0.0)
    return gain


def fade_in_gains(shape: FadeShape, length: int, start: int, stop: int) -> NDArray[np.float32]:
    """Return gains [start, stop) of a fade in over `length` samples; sample i has shape(i / N).

    Parameters
    ----------
    shape : FadeShape
    length : int
        Samples, 1 or more.
    start, stop : int
        0 <= start <= stop <= length.

    Returns
    -------
    ndarray
        float32 (stop - start,), 0 to 1; not to be written to.
    """
    return _steps(shape, length, start, stop)


def fade_out_gains(shape: FadeShape, length: int, start: int, stop: int) -> NDArray[np.float32]:
    """Return gains [start, stop) of a fade out over `length` samples: shape((N - i) / N).

    As `fade_in_gains`; the first sample has full level.
    """
    return _steps(shape, length, length - stop + 1, length - start + 1)[::-1]


def _steps(shape: FadeShape, length: int, first: int, stop: int) -> NDArray[np.float32]:
    """Return shape(i / length) of i in [first, stop); i may be `length` itself."""
    if length <= CACHED_SAMPLES:
        return _table(shape, length)[first:stop]
    return _gains(shape, length, first, stop)


@lru_cache(maxsize=CACHED_TABLES)
def _table(shape: FadeShape, length: int) -> NDArray[np.float32]:
    table = _gains(shape, length, 0, length + 1)
    table.setflags(write=False)
    return table


def _gains(shape: FadeShape, length: int, first: int, stop: int) -> NDArray[np.float32]:
    return fade_curve(shape, np.arange(first, stop) / length).astype(np.float32)
