"""Mix stage, its sources: runs of a source's samples at the mix's rate and channels.

In: placed clips, the PCM caches of their assets. Out: `Run`s, and a `RunReader` that writes any
stretch of one into a block. A run is what clips that continue each other take of one source: cut
out, resampled as one, so that a split changes no sample. Before and after it there is silence.
"""

import math
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from threading import Lock

import numpy as np
import soxr
from numpy.typing import NDArray

from core.audio.arrangement import ClipSpan, PlacedClip
from core.audio.channels import mix_matrix
from core.audio.pcm import PcmReader, open_pcm
from core.library.model import Asset
from core.paths import LibraryPaths
from core.units import Audio

RESAMPLER_QUALITY = "HQ"
RESAMPLER_SAMPLES = 1 << 14
"""Source samples that a resampler is given at once."""
PREROLL_SAMPLES = 256
"""Source samples that a resampler hears before those wanted, at the lower of the two rates: soxr's
HQ filter reaches 100 (measured to 1e-6)."""
MAX_OPEN_SOUNDS = 16


@dataclass(frozen=True, slots=True)
class Run:
    """Clips that continue each other: one stretch of a source, and where it starts in the mix."""

    asset_id: str
    source: ClipSpan
    start: int


def runs_of(clips: Sequence[PlacedClip]) -> dict[int, Run]:
    """Return the run of every clip of one lane, by the clip's index in the recipe."""
    heads = [at for at, clip in enumerate(clips) if not clip.continues]
    runs: dict[int, Run] = {}
    for first, stop in pairwise([*heads, len(clips)]):
        head = clips[first]
        span = ClipSpan(start=head.source.start, stop=clips[stop - 1].source.stop)
        run = Run(head.clip.asset_id, span, head.start)
        runs.update((clip.index, run) for clip in clips[first:stop])
    return runs


class Sounds:
    """The PCM caches of a library, opened when first read; few stay open. Safe between threads."""

    def __init__(self, paths: LibraryPaths) -> None:
        self._paths = paths
        self._lock = Lock()
        self._open: OrderedDict[str, PcmReader] = OrderedDict()

    def reader(self, asset: Asset) -> PcmReader:
        """Return the decoded sound of an asset; LibraryError when it is not in the cache."""
        with self._lock:
            reader = self._open.get(asset.pcm.key)
            if reader is None:
                reader = open_pcm(self._paths.pcm(asset.pcm.key), asset.pcm)
                self._open[asset.pcm.key] = reader
                if len(self._open) > MAX_OPEN_SOUNDS:
                    self._open.popitem(last=False)
            self._open.move_to_end(asset.pcm.key)
            return reader

    def close(self) -> None:
        """Let go of every file; a later read opens it again."""
        with self._lock:
            self._open.clear()


class RunReader:
    """Reads one run. Reading on from where the last read stopped is cheap, elsewhere it seeks."""

    def __init__(self, run: Run, asset: Asset, sounds: Sounds, *, form: tuple[int, int]) -> None:
        self.run = run
        self._asset = asset
        self._sounds = sounds
        self._sample_rate_hz, self._channels = form
        layout = asset.probe.streams[asset.probe.audio_stream].layout
        self._matrix = mix_matrix(layout, asset.pcm.channels, self._channels)
        # The resampler is the dear part: it gets the fewer channels of the two.
        self._maps_first = self._channels < asset.pcm.channels
        self._stream: _Resampling | None = None

    def read_into(self, out: Audio, first: int) -> None:
        """Write the run's samples from `first` on over `out`, float32 (channels, n)."""
        if self._asset.pcm.sample_rate_hz == self._sample_rate_hz:
            self._copy_into(out, self.run.source.start + first)
            return
        if self._stream is None or self._stream.at != first:
            self._stream = self._resampling(first)
        if self._matrix is None or self._maps_first:
            self._stream.read_into(out)
        else:
            plain = np.empty((self._asset.pcm.channels, out.shape[1]), np.float32)
            self._stream.read_into(plain)
            _map_into(out, plain, self._matrix)

    def _copy_into(self, out: Audio, start: int) -> None:
        stop = min(start + out.shape[1], self.run.source.stop)
        piece = self._sounds.reader(self._asset).read(start, stop)
        n = piece.shape[1]
        if self._matrix is None:
            out[:, :n] = piece
        else:
            _map_into(out[:, :n], piece, self._matrix)
        out[:, n:] = 0

    def _resampling(self, first: int) -> "_Resampling":
        """Return a resampler of which sample `first` comes next.

        It starts at a source sample that falls on a sample of the mix, as the run's first does.
        """
        rate_in, rate_out = self._asset.pcm.sample_rate_hz, self._sample_rate_hz
        common = math.gcd(rate_in, rate_out)
        step_in, step_out = rate_in // common, rate_out // common
        preroll = PREROLL_SAMPLES * max(rate_in, rate_out) // rate_out
        steps = max(0, first * step_in // step_out - preroll) // step_in
        span = ClipSpan(start=self.run.source.start + steps * step_in, stop=self.run.source.stop)
        reader = self._sounds.reader(self._asset)
        stream = _Resampling(
            _pieces(reader, span, self._matrix if self._maps_first else None),
            rates=(rate_in, rate_out),
            channels=min(self._channels, reader.channels),
            at=steps * step_out,
        )
        stream.skip(first - steps * step_out)
        return stream


def _pieces(
    reader: PcmReader, span: ClipSpan, matrix: NDArray[np.float32] | None
) -> Iterator[Audio]:
    """Yield a stretch of a source, at the mix's channels when it is given a matrix."""
    for at in range(span.start, span.stop, RESAMPLER_SAMPLES):
        piece = reader.read(at, min(at + RESAMPLER_SAMPLES, span.stop))
        if matrix is None:
            yield piece
        else:
            out = np.empty((len(matrix), piece.shape[1]), np.float32)
            _map_into(out, piece, matrix)
            yield out


class _Resampling:
    """A source on its way through soxr; `at` is the run's sample that comes next."""

    def __init__(
        self, source: Iterator[Audio], *, rates: tuple[int, int], channels: int, at: int
    ) -> None:
        self.at = at
        self._source = source
        self._soxr = soxr.ResampleStream(
            *rates, channels, dtype="float32", quality=RESAMPLER_QUALITY
        )
        self._ready: NDArray[np.float32] = np.empty((0, channels), np.float32)
        self._is_over = False

    def read_into(self, out: Audio) -> None:
        """Write the next samples over `out`; silence after the end."""
        done = 0
        while done < out.shape[1] and self._has_more():
            n = min(len(self._ready), out.shape[1] - done)
            out[:, done : done + n] = self._ready[:n].T
            self._ready = self._ready[n:]
            done += n
        out[:, done:] = 0
        self.at += out.shape[1]

    def skip(self, n: int) -> None:
        """Go on by `n` samples."""
        self.at += n
        while n and self._has_more():
            step = min(len(self._ready), n)
            self._ready = self._ready[step:]
            n -= step

    def _has_more(self) -> bool:
        while not len(self._ready) and not self._is_over:
            piece = next(self._source, None)
            self._is_over = piece is None
            chunk = self._ready[:0] if piece is None else np.ascontiguousarray(piece.T)
            self._ready = self._soxr.resample_chunk(chunk, last=self._is_over)
        return bool(len(self._ready))


def _map_into(out: Audio, piece: Audio, matrix: NDArray[np.float32]) -> None:
    # Channel by channel: a matrix product may round differently from machine to machine.
    for target, gains in zip(out, matrix, strict=True):
        used = np.flatnonzero(gains)
        if not used.size:
            target[:] = 0
            continue
        np.multiply(piece[used[0]], gains[used[0]], out=target)
        for channel in used[1:]:
            target += piece[channel] * gains[channel]
