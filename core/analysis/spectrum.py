"""Windows and spectra over a stream: cut frames at exact times, transform them in batches.

In: blocks of one signal. Out: frames centred at exact rational times, power spectra, and a
low-rate copy of the signal for the low bands. Holds a block and a window, never the whole signal.
"""

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray
from scipy import fft

Signal = NDArray[np.float32]


class FrameCutter:
    """Cuts windows out of a stream: window i is centred on sample round(i × step).

    Outside the signal there is silence. `step` may be any fraction, so a hop of 1/100 s is exact
    at any sample rate.
    """

    def __init__(self, *, step: Fraction, window_samples: int, n_frames: int) -> None:
        self._num, self._den = step.numerator, step.denominator
        self._window = window_samples
        self._n_frames = n_frames
        self._done = 0
        self._origin = -(window_samples // 2)
        self._buffer: Signal = np.zeros(window_samples // 2, np.float32)

    def push(self, samples: Signal, *, last: bool = False) -> Signal:
        """Take the next samples; return the frames that are complete, float32 (k, window).

        The frames may be views of a buffer: use them before the next push, and do not write.
        """
        buffer = np.concatenate((self._buffer, samples))
        if last:
            missing = self._start(self._n_frames - 1) + self._window - self._origin - len(buffer)
            buffer = np.concatenate((buffer, np.zeros(max(0, missing), np.float32)))
        stop = self._first_incomplete(self._origin + len(buffer))
        frames = self._cut(buffer, stop)
        self._done = stop
        keep = min(max(self._start(stop) - self._origin, 0), len(buffer))
        self._buffer, self._origin = buffer[keep:].copy(), self._origin + keep
        return frames

    def _start(self, index: int) -> int:
        return (2 * index * self._num + self._den) // (2 * self._den) - self._window // 2

    def _first_incomplete(self, end: int) -> int:
        """Return the first frame whose window reaches past sample `end`."""
        guess = (end - self._window + self._window // 2) * self._den // self._num + 2
        stop = min(max(guess, self._done), self._n_frames)
        while stop > self._done and self._start(stop - 1) + self._window > end:
            stop -= 1
        return stop

    def _cut(self, buffer: Signal, stop: int) -> Signal:
        if stop <= self._done:
            return np.zeros((0, self._window), np.float32)
        windows = np.lib.stride_tricks.sliding_window_view(buffer, self._window)
        first, final = self._start(self._done) - self._origin, self._start(stop - 1) - self._origin
        if self._den == 1:
            return windows[first : final + 1 : self._num]
        index = np.arange(self._done, stop, dtype=np.int64)
        centres = (2 * index * self._num + self._den) // (2 * self._den)
        return windows[centres - self._window // 2 - self._origin]


class PowerSpectrum:
    """Power spectra of frames: the bins of a frame add up to its windowed mean square."""

    def __init__(self, *, window_samples: int, sample_rate_hz: float) -> None:
        n = window_samples
        window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n) / n)
        scale = np.full(n // 2 + 1, 2.0)
        scale[0] = 1.0
        self._window = (window * np.sqrt(2.0 / (n * np.sum(window**2)))).astype(np.float32)
        self.frequencies_hz = fft.rfftfreq(n, 1.0 / sample_rate_hz)
        self.bin_hz = sample_rate_hz / n

    def power(self, frames: Signal) -> Signal:
        """Return float32 (k, window // 2 + 1), in full scale squared."""
        spectrum = fft.rfft(frames * self._window, axis=1, overwrite_x=True)
        parts: Signal = spectrum.view(np.float32)
        np.multiply(parts, parts, out=parts)
        power: Signal = np.add(parts[:, ::2], parts[:, 1::2])
        return power

    def band_weights(self, low_hz: float, high_hz: float) -> NDArray[np.float32]:
        """Return each bin's share that lies between two frequencies, 0 to 1, (bins,)."""
        left = np.maximum(self.frequencies_hz - self.bin_hz / 2, low_hz)
        right = np.minimum(self.frequencies_hz + self.bin_hz / 2, high_hz)
        share: NDArray[np.float64] = np.maximum(right - left, 0.0) / self.bin_hz
        return share.astype(np.float32)


class Decimator:
    """A signal at a lower rate, for the low bands only.

    A Kaiser-windowed low-pass keeps what lies under a tenth of the new rate flat (to 0.1 dB) and
    what would fold onto it 60 dB down. Sample i of the output lies at sample i × factor.
    """

    SPAN = 6
    """Length of the low-pass in samples of the new rate."""

    def __init__(self, *, factor: int) -> None:
        self.factor = factor
        at = (np.arange(self.SPAN * factor) - self.SPAN * factor // 2) / factor
        low_pass = np.sinc(at) * np.kaiser(len(at), 7.86)
        low_pass = (low_pass / low_pass.sum()).astype(np.float32)
        self._taps = np.ascontiguousarray(low_pass.reshape(self.SPAN, factor).T)
        self._buffer: Signal = np.zeros(self.SPAN * factor // 2, np.float32)

    def push(self, samples: Signal, *, last: bool = False) -> Signal:
        """Take the next samples, return those of the low rate that are complete."""
        if self.factor == 1:
            return samples
        buffer = np.concatenate((self._buffer, samples))
        if last:
            size = (self.SPAN // 2 + 1) * self.factor
            buffer = np.concatenate((buffer, np.zeros(size, np.float32)))
        rows = len(buffer) // self.factor
        count = max(0, rows - self.SPAN + 1)
        self._buffer = buffer[count * self.factor :].copy()
        # Each row of `factor` samples meets each part of the low-pass once; an output is the sum
        # along a diagonal of those products.
        parts = buffer[: rows * self.factor].reshape(rows, self.factor) @ self._taps
        out = np.zeros(count, np.float32)
        for part in range(self.SPAN):
            out += parts[part : part + count, part]
        return out
