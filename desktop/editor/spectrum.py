"""Spectra of a sound in pages, for the spectrogram. Runs on the pool.

In: the decoded sound. Out: levels of `ROWS` bands, spaced evenly in pitch, a column for every
4**level samples, as bytes, 1 for `FLOOR_DB` to 255 for 0 dB (a full-scale sine).
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from core.audio.pcm import PcmReader
from desktop.editor.levels import level_samples

WINDOW = 2048
ROWS = 192
HANN_BINS = 1.5
"""Equivalent noise bandwidth of the Hann window: what a sine adds up to over its bins."""
LOWEST_HZ, HIGHEST_HZ = 30.0, 20_000.0
FLOOR_DB = -90.0
SILENT = 1
"""The least byte of a spectrum; 0 says that nothing is known."""
PAGE_COLUMNS = 256
FINEST_LEVEL = 3
"""Columns of 64 samples: finer than that the window shows nothing new."""
FRAMES_PER_COLUMN = 4
"""A column longer than the window is the mean of so many places in it."""

type Spectrum = NDArray[np.uint8]
"""(ROWS, columns), lowest band first."""


def spectrum_page(samples: PcmReader, level: int, page: int) -> Spectrum:
    """Return a page of spectra; columns past the end are silent."""
    width = level_samples(level)
    per_column = min(FRAMES_PER_COLUMN, max(1, width // WINDOW))
    offsets = (np.arange(per_column) + 0.5) * width / per_column - WINDOW / 2
    columns = (page * PAGE_COLUMNS + np.arange(PAGE_COLUMNS)) * width
    starts = (columns[:, None] + offsets).astype(np.int64).ravel()
    power = _bands(_frames(samples, starts), samples.sample_rate_hz)
    power = power.reshape(PAGE_COLUMNS, per_column, ROWS).mean(1)
    level_db = 10 * np.log10(np.maximum(power, 1e-12))
    scaled = np.clip((level_db - FLOOR_DB) * (255 / -FLOOR_DB), SILENT, 255)
    return np.ascontiguousarray(scaled.astype(np.uint8).T)


def band_edges_hz() -> NDArray[np.float64]:
    """Return the borders of the bands, ROWS + 1 of them."""
    return np.geomspace(LOWEST_HZ, HIGHEST_HZ, ROWS + 1)


def _frames(samples: PcmReader, starts: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return windows (channels, n, WINDOW) of the sound; outside of it there is silence."""
    channels = min(samples.channels, 2)
    span = int(starts[-1] - starts[0]) + WINDOW
    frames = np.zeros((channels, len(starts), WINDOW), np.float32)
    if span <= len(starts) * WINDOW:
        first = max(0, int(starts[0]))
        block = samples.read(first, max(first, int(starts[0]) + span))[:channels]
        padded = np.zeros((channels, span), np.float32)
        at = first - int(starts[0])
        padded[:, at : at + block.shape[1]] = block
        windows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW, axis=1)
        return np.ascontiguousarray(windows[:, starts - starts[0]])
    for index, start in enumerate(starts.tolist()):
        first = max(0, start)
        if first < samples.n_samples:
            block = samples.read(first, start + WINDOW)[:channels]
            frames[:, index, first - start : first - start + block.shape[1]] = block
    return frames


@lru_cache(maxsize=1)
def _window() -> NDArray[np.float32]:
    from scipy.signal.windows import hann

    window: NDArray[np.float32] = hann(WINDOW, sym=False).astype(np.float32)
    return window


def _bands(frames: NDArray[np.float32], sample_rate_hz: int) -> NDArray[np.float64]:
    """Return the power in each band (n, ROWS), mean of the channels; a full sine is about 1."""
    from scipy.fft import rfft

    window = _window()
    bins = np.abs(rfft(frames * window, axis=2)) * np.float32(2 / window.sum())
    power = np.square(bins, dtype=np.float64).mean(0)
    last = power.shape[1] - 1
    below = np.zeros((len(power), last + 2))
    np.cumsum(power, axis=1, out=below[:, 1:])
    edges = np.clip(band_edges_hz() * WINDOW / sample_rate_hz, 0, last)
    total = _between(below, edges + 0.5)
    width = np.diff(edges)
    inside = np.diff(total, axis=1) / HANN_BINS
    # A low band is narrower than a bin: it lies between the middles of two.
    narrow = _between(power, (edges[:-1] + edges[1:]) / 2)
    bands: NDArray[np.float64] = np.where(width > HANN_BINS, inside, narrow)
    return np.where(width > 0, bands, 0.0)


def _between(values: NDArray[np.float64], places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return columns of `values` (n, bins) at places between them."""
    whole = np.minimum(places.astype(np.intp), values.shape[1] - 2)
    share = places - whole
    found: NDArray[np.float64] = values[:, whole] * (1 - share) + values[:, whole + 1] * share
    return found
