"""The PCM cache: a source decoded once, raw and memory-mapped, with its peaks from the same pass.

In: a media file and its probe. Out: interleaved little-endian samples (float32, or int16 for
16-bit sources) at the source's own rate and channels, and a peak file. Only the mixer and
whoever plays or draws reads it. It is derived: it may be evicted and written anew.
"""

import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from core.audio.decode import DECODER_VERSION, SoundDecoder
from core.audio.peaks import PeakWriter
from core.documents import hash_of
from core.errors import LibraryError, MediaError
from core.library.files import disk_errors
from core.library.model import PcmInfo, Probe
from core.units import Audio, time_text

BYTES_PER_SAMPLE = {"f4": 4, "i2": 2}


def pcm_key(sha256: str, stream_index: int) -> str:
    """Return the key of a decoded sound: its original's hash, its stream, the decoder."""
    codec_major = av.library_versions["libavcodec"][0]
    return hash_of([sha256, stream_index, DECODER_VERSION, codec_major])


def write_pcm(
    source: Path,
    probe: Probe,
    *,
    key: str,
    pcm_path: Path,
    peaks_path: Path,
    max_duration_s: float = math.inf,
    on_progress: Callable[[float], None] | None = None,
) -> PcmInfo:
    """Decode `source` once into the cache file and the peak file.

    Parameters
    ----------
    source : Path
        The media file that `probe` describes.
    key : str
        `pcm_key` of the original; kept in both the result and the peak file.
    pcm_path, peaks_path : Path
        Files in staging; complete and flushed when this returns.
    max_duration_s : float
        Longest sound taken, in seconds.
    on_progress : callable, optional
        Called with 0 to 1; may raise to stop.

    Returns
    -------
    PcmInfo
        Rate, channels, length and peak of what was decoded.

    Raises
    ------
    MediaError
        The sound is damaged, cut off, too long, or has samples that are not numbers.
    DiskError
        The disk is full.
    """
    decoder = SoundDecoder(source, probe, on_progress=on_progress)
    with PeakWriter(peaks_path) as peaks, disk_errors(pcm_path):
        with pcm_path.open("wb", buffering=0) as out:
            for block in decoder.blocks():
                peaks.add(block)
                _require_numbers(source, decoder, peaks.peak)
                _require_length(source, decoder, max_duration_s)
                out.write(memoryview(np.ascontiguousarray(block.T)).cast("B"))
            os.fsync(out.fileno())
        info = PcmInfo(
            key=key,
            sample_rate_hz=decoder.sample_rate_hz,
            channels=decoder.channels,
            n_samples=decoder.n_samples,
            sample_format="i2" if decoder.is_short else "f4",
            peak=peaks.peak,
        )
        peaks.finish(info)
    return info


def _require_numbers(source: Path, decoder: SoundDecoder, peak: float) -> None:
    if not math.isfinite(peak):
        at = time_text(decoder.n_samples / decoder.sample_rate_hz)
        raise MediaError(
            f"“{source.name}” has samples that are not numbers, around {at}.",
            hint="Export it again from the program that made it.",
            path=source,
        )


def _require_length(source: Path, decoder: SoundDecoder, max_duration_s: float) -> None:
    if decoder.n_samples > max_duration_s * decoder.sample_rate_hz:
        raise too_long(source, max_duration_s)


def too_long(source: Path, max_duration_s: float) -> MediaError:
    """Return the sentence for a sound that is longer than the setting allows."""
    return MediaError(
        f"“{source.name}” is longer than {time_text(max_duration_s)}.",
        hint="Raise the duration limit in the settings, or cut the file first.",
        path=source,
    )


def pcm_bytes(info: PcmInfo) -> int:
    """Return the size of the cache file of a sound."""
    return info.n_samples * info.channels * BYTES_PER_SAMPLE[info.sample_format]


def has_pcm(path: Path, info: PcmInfo) -> bool:
    """Return whether the cache file is there and whole."""
    return path.is_file() and path.stat().st_size == pcm_bytes(info)


class PcmReader:
    """A cache file, mapped for reading; safe to share between threads."""

    def __init__(self, path: Path, info: PcmInfo) -> None:
        self.info = info
        self.sample_rate_hz = info.sample_rate_hz
        self.channels = info.channels
        self.n_samples = info.n_samples
        self._scale = np.float32(1 / 32768 if info.sample_format == "i2" else 1)
        self._map: NDArray[Any] = np.memmap(
            path, f"<{info.sample_format}", "r", shape=(info.n_samples, info.channels)
        )

    def read(self, start: int, stop: int) -> Audio:
        """Return samples [start, stop) as float32 (channels, n); fewer past the end.

        `start` and `stop` are sample indices, 0 or more.
        """
        piece = self._map[start:stop].T.astype(np.float32, order="C")
        if self._scale != 1:
            piece *= self._scale
        return piece


def open_pcm(path: Path, info: PcmInfo) -> PcmReader:
    """Map the decoded sound of an asset.

    Raises
    ------
    LibraryError
        The file was evicted or is not whole; `core.jobs.handlers.prepare` makes it anew.
    """
    if not has_pcm(path, info):
        raise LibraryError(
            "The decoded sound is not in the cache.",
            hint="It is made again from the original when the sound is prepared.",
            code="pcm-missing",
            path=path,
        )
    return PcmReader(path, info)
