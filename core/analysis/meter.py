"""The one pass over the sound: everything that is measured per hop, before it is scaled.

In: a source. Out: a `Survey` of raw columns (powers, positive fluxes) and a fine peak envelope
for placing onsets. Memory is one block; the raw columns lie in a file that has no name.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryFile

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from core.analysis.bands import BANDS, N_LOW_BANDS
from core.analysis.source import AudioSource
from core.analysis.spectrum import Decimator, FrameCutter, PowerSpectrum, Signal
from core.units import Audio

N_BANDS = len(BANDS)
POWER, FLUX = 0, N_BANDS
"""First raw column of band powers and of band fluxes."""
MID, TOTAL, CENTROID, FLATNESS, ALL_FLUX = range(2 * N_BANDS, 2 * N_BANDS + 5)
N_RAW = 2 * N_BANDS + 5

SHORT_S = 0.0213
"""Window over 500 Hz: 1024 samples at 48 kHz."""
LONG_S = 0.0853
"""Window for the levels of the low bands: it resolves 12 Hz."""
LOW_ONSET_S = 0.0427
"""Window for the onsets of the low bands: close partials do not beat in it."""
RMS_S = 0.02
LOW_RATE_HZ = 6_000
FINE_BINS_HZ = 500
BLOCK_HOPS = 200
MEMORY_FRAMES = 4
ATTACK = np.float32(0.35)
"""Share of a fine bin's peak that its first loud sample has."""
RIPPLE = 0.003
"""Share of the track's loud moments (fourth root of power) under which a rise is no onset."""
PRE_EMPHASIS = np.float32(0.95)
FLOOR = np.float32(1e-20)
LOUDEST = 1e6
"""Samples over this are nonsense; their squares must not overflow."""


@dataclass(frozen=True, slots=True)
class Survey:
    """Raw measurements of a whole track.

    raw : float32 (N_RAW, n_hops); powers in full scale squared, fluxes in its fourth root.
    fine_peaks : float32, largest pre-emphasised sample of each fine bin (2 ms).
    fine_at : where in its bin a sample first comes near that, in samples.
    fine_samples : samples in a fine bin.
    """

    sample_rate_hz: int
    n_samples: int
    raw: NDArray[np.float32]
    fine_peaks: NDArray[np.float32]
    fine_at: NDArray[np.uint16]
    fine_samples: int

    def band_flux(self, band: int) -> NDArray[np.float32]:
        """Return a band's flux less what a steady sound's own ripple makes, (n_hops,)."""
        floor = RIPPLE * np.percentile(self.raw[TOTAL], 99) ** 0.25
        flux: NDArray[np.float32] = self.raw[FLUX + band] - np.float32(floor)
        return np.maximum(flux, np.float32(0), out=flux)

    @property
    def n_hops(self) -> int:
        """Rows of the raw columns."""
        return int(self.raw.shape[1])


def survey(
    source: AudioSource,
    *,
    hop_s: Fraction,
    scratch: Path | None = None,
    on_block: Callable[[Audio, float], None] = lambda block, fraction: None,
) -> Survey:
    """Measure a source in one pass.

    Parameters
    ----------
    source : any length, rate and channel count; samples that are not finite count as 0.
    hop_s : exact distance of the rows in seconds.
    scratch : folder for the nameless file that holds the raw columns; None: in memory.
    on_block : called with each block and the fraction of the track behind it.
    """
    rate, n = source.sample_rate_hz, source.n_samples
    n_hops = n * hop_s.denominator // (rate * hop_s.numerator) + 1
    fine = max(1, rate // FINE_BINS_HZ)
    n_fine = n // fine + 1
    result = Survey(
        rate,
        n,
        _columns((N_RAW, n_hops), np.float32, scratch),
        _columns((n_fine,), np.float32, scratch),
        _columns((n_fine,), np.uint16, scratch),
        fine,
    )
    stages = (
        _Energy(result, hop_s, source.channels),
        _Short(result, hop_s),
        _Low(result, hop_s),
        _Fine(result),
    )
    size = int(BLOCK_HOPS * hop_s * rate)
    done = 0
    for block in source.blocks(0, n, size):
        clean = _finite(block)
        done += clean.shape[1]
        mid = np.ascontiguousarray(clean.mean(axis=0)) if len(clean) > 1 else clean[0]
        for stage in stages:
            stage.take(clean, mid, last=False)
        on_block(clean, done / n)
    empty = np.zeros((source.channels, 0), np.float32)
    for stage in stages:
        stage.take(empty, empty[0], last=True)
    return result


class _Energy:
    """Mean square over all channels, and of their mean, around each hop."""

    def __init__(self, result: Survey, hop_s: Fraction, channels: int) -> None:
        self._out, self._done = result.raw, 0
        signals = channels + 1 if channels > 1 else 1
        self._cutters = [
            FrameCutter(
                step=hop_s * result.sample_rate_hz,
                window_samples=max(1, round(RMS_S * result.sample_rate_hz)),
                n_frames=result.n_hops,
            )
            for _ in range(signals)
        ]

    def take(self, block: Audio, mid: Signal, *, last: bool) -> None:
        signals = [*block, mid] if len(block) > 1 else [mid]
        squares = []
        for cutter, signal in zip(self._cutters, signals, strict=True):
            frames = cutter.push(signal, last=last)
            squares.append(np.einsum("ij,ij->i", frames, frames) / np.float32(frames.shape[1]))
        stop = self._done + len(squares[0])
        self._out[MID, self._done : stop] = squares[-1]
        self._out[TOTAL, self._done : stop] = np.mean(squares[:-1] or squares, axis=0)
        self._done = stop


class _Short:
    """Levels and onsets over 500 Hz, and the shape of the spectrum, from the short window."""

    def __init__(self, result: Survey, hop_s: Fraction) -> None:
        window = fft.next_fast_len(max(16, round(SHORT_S * result.sample_rate_hz)), real=True)
        self._out, self._done = result.raw, 0
        self._cutter = FrameCutter(
            step=hop_s * result.sample_rate_hz, window_samples=window, n_frames=result.n_hops
        )
        self._spectrum = PowerSpectrum(window_samples=window, sample_rate_hz=result.sample_rate_hz)
        edges = [(low, high) for _, low, high in BANDS[N_LOW_BANDS:]]
        bands = [self._spectrum.band_weights(low, high) for low, high in edges]
        every = self._spectrum.band_weights(BANDS[0][1], BANDS[-1][2])
        self._audible = slice(*_extent(every))
        self._powers = _matrix([*bands, every])[self._audible]
        self._fluxes = _matrix([*bands, every], means=True)[self._audible]
        frequency = self._spectrum.frequencies_hz.astype(np.float32)
        self._shape = np.stack((np.ones_like(frequency), frequency), axis=1)[self._audible]
        self._rise = _Rise(len(self._shape))

    def take(self, block: Audio, mid: Signal, *, last: bool) -> None:
        power = self._spectrum.power(self._cutter.push(mid, last=last))[:, self._audible]
        if not len(power):
            return
        rows = slice(self._done, self._done + len(power))
        self._done = rows.stop
        powers = power @ self._powers
        magnitude = np.sqrt(power)
        self._out[POWER + N_LOW_BANDS : POWER + N_BANDS, rows] = powers[:, :-1].T
        self._out[CENTROID, rows] = _centroid(magnitude @ self._shape)
        self._out[FLATNESS, rows] = _flatness(power, powers[:, -1])
        fluxes = self._rise.of(np.sqrt(magnitude, out=magnitude)) @ self._fluxes
        self._out[FLUX + N_LOW_BANDS : FLUX + N_BANDS, rows] = fluxes[:, :-1].T
        self._out[ALL_FLUX, rows] = fluxes[:, -1]


class _Low:
    """Levels and onsets of the low bands, from a low-rate copy of the signal."""

    def __init__(self, result: Survey, hop_s: Fraction) -> None:
        factor = max(1, result.sample_rate_hz // LOW_RATE_HZ)
        self._out, self._done = result.raw, [0, 0]
        self._decimator = Decimator(factor=factor)
        step = hop_s * result.sample_rate_hz / factor
        self._cutters, self._spectra, self._weights = [], [], []
        for seconds, means in ((LONG_S, False), (LOW_ONSET_S, True)):
            rate_hz = result.sample_rate_hz / factor
            window = fft.next_fast_len(max(16, round(seconds * rate_hz)), real=True)
            spectrum = PowerSpectrum(window_samples=window, sample_rate_hz=rate_hz)
            bands = [spectrum.band_weights(low, high) for _, low, high in BANDS[:N_LOW_BANDS]]
            self._cutters.append(
                FrameCutter(step=step, window_samples=window, n_frames=result.n_hops)
            )
            self._spectra.append(spectrum)
            self._weights.append(_matrix(bands, means=means))
        self._rise = _Rise(len(self._weights[1]))

    def take(self, block: Audio, mid: Signal, *, last: bool) -> None:
        low = self._decimator.push(mid, last=last)
        power = self._spectra[0].power(self._cutters[0].push(low, last=last))
        self._write(0, POWER, power @ self._weights[0])
        power = self._spectra[1].power(self._cutters[1].push(low, last=last))
        if len(power):
            self._write(1, FLUX, self._rise.of(np.sqrt(np.sqrt(power))) @ self._weights[1])

    def _write(self, part: int, column: int, values: Signal) -> None:
        start = self._done[part]
        self._done[part] = start + len(values)
        self._out[column : column + N_LOW_BANDS, start : self._done[part]] = values.T


class _Fine:
    """The largest pre-emphasised sample in every 2 ms, and where the rise to it begins."""

    def __init__(self, result: Survey) -> None:
        self._result, self._done = result, 0
        self._left: Signal = np.zeros(0, np.float32)
        self._before = np.float32(0)

    def take(self, block: Audio, mid: Signal, *, last: bool) -> None:
        size = self._result.fine_samples
        sharp = np.abs(mid - PRE_EMPHASIS * np.concatenate(([self._before], mid[:-1])))[: len(mid)]
        self._before = mid[-1] if len(mid) else self._before
        ready = np.concatenate((self._left, sharp))
        if last:
            ready = np.concatenate((ready, np.zeros(-len(ready) % size, np.float32)))
        whole = len(ready) // size
        bins = ready[: whole * size].reshape(whole, size)
        self._left = ready[whole * size :]
        rows = slice(self._done, self._done + whole)
        peaks = bins.max(axis=1)
        self._result.fine_peaks[rows] = peaks
        self._result.fine_at[rows] = (bins >= ATTACK * peaks[:, None]).argmax(axis=1)
        self._done += whole


def _columns[T: np.generic](
    shape: tuple[int, ...], dtype: type[T], scratch: Path | None
) -> NDArray[T]:
    if scratch is None:
        return np.zeros(shape, dtype)
    with TemporaryFile(dir=scratch) as file:
        return np.memmap(file, dtype, "w+", shape=shape)


def _finite(block: Audio) -> Audio:
    """Return the block with 0 for what is not a finite number."""
    # Extremes are NaN when any sample is, and NaN compares false.
    if block.size == 0 or (block.max() < LOUDEST and block.min() > -LOUDEST):
        return block
    clean = np.nan_to_num(block, nan=0.0, posinf=0.0, neginf=0.0)
    return np.clip(clean, -LOUDEST, LOUDEST, out=clean)


def _matrix(columns: list[NDArray[np.float32]], *, means: bool = False) -> NDArray[np.float32]:
    """Return band weights side by side; with `means` each column averages over its bins."""
    matrix = np.stack(columns, axis=1)
    if means:
        matrix /= np.maximum(matrix.sum(axis=0), np.float32(1e-6))
    return matrix


def _extent(weights: NDArray[np.float32]) -> tuple[int, int]:
    used = np.flatnonzero(weights)
    return (int(used[0]), int(used[-1]) + 1) if len(used) else (0, len(weights))


class _Rise:
    """How far each bin rises over what it and its neighbours reached in the last four frames.

    A difference to the frame before alone takes vibrato and the beating of close partials for
    onsets. Source: Böck and Widmer, "Maximum filter vibrato suppression for onset detection",
    2013 (SuperFlux), with the maximum taken over time as well.
    """

    def __init__(self, n_bins: int) -> None:
        self._before = np.zeros((MEMORY_FRAMES, n_bins), np.float32)

    def of(self, compressed: Signal) -> Signal:
        """Return the rises of these frames, which follow those of the last call; >= 0."""
        frames = np.concatenate((self._before, compressed))
        self._before = frames[-MEMORY_FRAMES:].copy()
        two = np.maximum(frames[:-1], frames[1:])
        held = np.maximum(two[:-3], two[2:-1])
        wide = held.copy()
        np.maximum(wide[:, 1:], held[:, :-1], out=wide[:, 1:])
        np.maximum(wide[:, :-1], held[:, 1:], out=wide[:, :-1])
        np.subtract(compressed, wide, out=wide)
        return np.maximum(wide, np.float32(0), out=wide)


def _centroid(sums: Signal) -> Signal:
    """Return the mean frequency weighted by magnitude, 0 in silence; sums of 1 and of f."""
    return np.where(sums[:, 0] > 1e-7, sums[:, 1] / np.maximum(sums[:, 0], 1e-7), np.float32(0))


def _flatness(power: Signal, total: Signal) -> Signal:
    """Return the geometric over the arithmetic mean of the bins' powers, 0 in silence."""
    n = np.float32(power.shape[1])
    logs = np.log(power + FLOOR, out=power).sum(axis=1) / n
    flat = np.exp(logs) / np.maximum(total / n, FLOOR)
    return np.where(total > 1e-14, np.minimum(flat, np.float32(1)), np.float32(0))
