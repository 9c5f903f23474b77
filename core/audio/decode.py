"""Decode stage: the sound of a file as blocks of samples, streamed once from start to end.

In: a media file and the index of its sound. Out: blocks of (channels, n) in the source's own
rate and channels, float32 or int16. Bounded memory however long the file is.

Planes are copied as bytes, the fastest way out of PyAV, or read with `np.frombuffer`. Seeking is
never used: it is not exact in most compressed formats.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, cast

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.container import InputContainer
from numpy.typing import NDArray

from core.errors import MediaError
from core.ingest.opening import open_media
from core.ingest.wholeness import states_duration
from core.library.model import Probe
from core.units import time_text

DECODER_VERSION = 1
"""Raised whenever the decoded samples change."""
BLOCK_SAMPLES = 1 << 17
MAX_CUT_SAMPLES = 4096
"""How much padding after the declared end an MP4 may have; more means the header lies."""
MAX_SHORT_S, MAX_SHORT_RATIO = 0.1, 0.02
"""How much less sound than declared is taken as a rounding of the container."""
EXACT_CODECS = ("pcm_", "flac", "alac")
"""Codecs whose containers state the length exactly (Matroska: to the millisecond)."""
EXACT_SHORT_S = 0.002
MAX_BAD_RATIO = 0.05
"""Share of packets that may be broken before the file counts as damaged."""

Samples = NDArray[Any]
"""int16 or float32, (channels, n)."""


@dataclass(frozen=True, slots=True)
class SampleForm:
    """How one FFmpeg sample format lies in memory and becomes int16 or float32."""

    dtype: str
    planar: bool
    scale: float = 1.0
    offset: float = 0.0


_FORMS = {
    "u8": SampleForm("<u1", False, 1 / 128, -128.0),
    "s16": SampleForm("<i2", False),
    "s32": SampleForm("<i4", False, 1 / (1 << 31)),
    "s64": SampleForm("<i8", False, 1 / (1 << 63)),
    "flt": SampleForm("<f4", False),
    "dbl": SampleForm("<f8", False),
}
FORMS = _FORMS | {
    f"{name}p": SampleForm(form.dtype, True, form.scale, form.offset)
    for name, form in _FORMS.items()
}


class _BlockBuffer:
    """Gathers frames, small and of any size, into blocks of one size."""

    def __init__(self, form: SampleForm, channels: int) -> None:
        self._form = form
        self._channels = channels
        kept = np.dtype(np.int16 if form.dtype == "<i2" else np.float32)
        if form.planar:
            self._buffer: Samples = np.empty((channels, BLOCK_SAMPLES), kept)
            rows, self._step = list(self._buffer), kept.itemsize
        else:
            self._buffer = np.empty((BLOCK_SAMPLES, channels), kept).T
            rows, self._step = [self._buffer.T], kept.itemsize * channels
        # Bytes go to bytes where nothing has to be converted: twice as fast as arrays.
        self._is_direct = np.dtype(form.dtype) == kept
        self._rows = [memoryview(row).cast("B") for row in rows]

    def gather(self, frames: Iterable[AudioFrame]) -> Iterator[Samples]:
        """Yield full blocks, and at the end what is left; each overwrites the one before."""
        rows, step, fill = self._rows, self._step, 0
        for frame in frames:
            count = frame.samples
            if self._is_direct and fill + count < BLOCK_SAMPLES:
                planes, start, stop = frame.planes, fill * step, (fill + count) * step
                fill += count
                if planes[0].buffer_size == stop - start:
                    for row, plane in zip(rows, planes, strict=False):
                        row[start:stop] = plane
                else:  # padded: never take the plane whole
                    for row, plane in zip(rows, planes, strict=False):
                        row[start:stop] = memoryview(plane)[: stop - start]
                continue
            arrays, taken = self._planes(frame), 0
            while taken < count:
                piece = min(count - taken, BLOCK_SAMPLES - fill)
                self._convert(arrays, taken, self._buffer[:, fill : fill + piece])
                taken, fill = taken + piece, fill + piece
                if fill == BLOCK_SAMPLES:
                    fill = 0
                    yield self._buffer
        if fill:
            yield self._buffer[:, :fill]

    def _planes(self, frame: AudioFrame) -> list[Samples]:
        count = frame.samples  # planes are padded: never take them whole
        dtype = np.dtype(self._form.dtype)
        if self._form.planar:
            return [np.frombuffer(plane, dtype, count) for plane in frame.planes]
        flat = np.frombuffer(frame.planes[0], dtype, count * self._channels)
        return [flat.reshape(count, self._channels).T]

    def _convert(self, planes: list[Samples], start: int, out: Samples) -> None:
        stop = start + out.shape[1]
        form = self._form
        for plane, target in zip(planes, out if form.planar else [out], strict=True):
            piece = plane[..., start:stop]
            if form.scale == 1.0:
                target[...] = piece
            else:
                target[...] = (piece + form.offset) * form.scale


class SoundDecoder:
    """The sound of one file: iterate over `blocks` once.

    `sample_rate_hz`, `channels` and `is_short` are those of the first decoded frame, and known
    once the first block is out.
    """

    def __init__(
        self,
        path: Path,
        probe: Probe,
        *,
        on_progress: Callable[[float], None] | None = None,
    ) -> None:
        self.path = path
        self.sample_rate_hz = 0
        self.channels = 0
        self.is_short = False
        """Whether blocks are int16 (a 16-bit source) rather than float32."""
        self.n_samples = 0
        """Samples per channel decoded so far."""
        self._probe = probe
        self._on_progress = on_progress
        self._n_packets = self._n_bad = 0
        self._first_bad_s: float | None = None
        self._form = _FORMS["flt"]
        self._format_name = ""
        self._first: AudioFrame | None = None
        self._resampler: AudioResampler | None = None
        self._resampled_form: tuple[int, str, str] | None = None

    def blocks(self) -> Iterator[Samples]:
        """Yield the sound in blocks of BLOCK_SAMPLES; the last is shorter.

        A block is a view into a buffer that the next one overwrites. Blocks of planar sources
        are contiguous, of interleaved ones their transposition is.

        Raises
        ------
        MediaError
            Nothing could be decoded, much less than declared came out, or packets are broken.
        """
        with open_media(self.path) as container:
            frames = self._frames(container)
            first = next(frames, None)
            if first is not None:
                buffer = _BlockBuffer(self._form, self.channels)
                for block in buffer.gather(self._cut(container, chain([first], frames))):
                    self.n_samples += block.shape[1]
                    yield block
        self._require_enough()

    def _frames(self, container: InputContainer) -> Iterator[AudioFrame]:
        """Yield the frames, each in the form of the first; broken packets are counted.

        Runs once per frame of 20 ms: what it does costs more than it seems.
        """
        stream = container.streams.get(self._probe.audio_stream)[0]
        stream.codec_context.thread_count = 1  # threads cost more than they gain here
        rate, channels, name = 0, 0, ""
        try:
            for packet in container.demux(stream):
                self._n_packets += 1
                try:
                    frames = cast("list[AudioFrame]", packet.decode())
                except (av.OSError, av.MemoryError):
                    raise
                except av.FFmpegError:
                    self._note_bad(packet)
                    continue
                for frame in frames:
                    if (
                        frame.rate == rate
                        and frame.layout.nb_channels == channels
                        and frame.format.name == name
                    ):
                        yield frame
                    else:
                        yield from self._in_first_form(frame)
                        rate, channels, name = self._form_as_is()
                if not self._n_packets & 63:
                    self._report(packet)
        except av.InvalidDataError as error:
            raise self._damaged() from error
        if self._resampler is not None:
            yield from self._resampler.resample(None)

    def _note_bad(self, packet: "av.Packet[Any]") -> None:
        self._n_bad += 1
        if self._first_bad_s is None:
            has_time = packet.pts is not None and packet.time_base
            self._first_bad_s = float((packet.pts or 0) * packet.time_base) if has_time else 0.0

    def _report(self, packet: "av.Packet[Any]") -> None:
        if self._on_progress is None:
            return
        at, size = packet.pos, self._probe.size_bytes
        self._on_progress(min(at / size, 1.0) if at and at > 0 and size else 0.0)

    def _in_first_form(self, frame: AudioFrame) -> Iterator[AudioFrame]:
        """Yield the first frame as it is, and what differs from it converted to its form."""
        if self._first is None:
            self._first = frame
            self._format_name = frame.format.name
            self._form = FORMS[self._format_name]
            self.is_short = self._form.dtype == "<i2"
            self.sample_rate_hz, self.channels = frame.rate, frame.layout.nb_channels
            yield frame
            return
        form = (frame.rate, frame.format.name, frame.layout.name)
        if self._resampler is None or self._resampled_form != form:
            if self._resampler is not None:
                yield from self._resampler.resample(None)
            first = self._first
            self._resampler = AudioResampler(first.format, first.layout, first.rate)
            self._resampled_form = form
        frame.pts = None
        yield from self._resampler.resample(frame)

    def _form_as_is(self) -> tuple[int, int, str]:
        """Return the rate, channels and format that pass untouched; none after a change."""
        if self._resampler is not None:
            return 0, 0, ""
        return self.sample_rate_hz, self.channels, self._format_name

    def _cut(self, container: InputContainer, frames: Iterable[AudioFrame]) -> Iterable[AudioFrame]:
        """Drop the encoder's padding after the declared end of a track in an MP4."""
        limit = self._declared_samples(container)
        return frames if limit is None else _without_padding(frames, limit)

    def _declared_samples(self, container: InputContainer) -> int | None:
        duration_s = self._probe.streams[self._probe.audio_stream].duration_s
        if "mp4" not in container.format.name.split(",") or not duration_s:
            return None
        return round(duration_s * self.sample_rate_hz)

    def _require_enough(self) -> None:
        if not self.n_samples or self._n_bad > max(1, MAX_BAD_RATIO * self._n_packets):
            raise self._damaged()
        declared_s = self._stated_duration_s()
        if declared_s is None:
            return
        codec = self._probe.streams[self._probe.audio_stream].codec
        short_s = declared_s - self.n_samples / self.sample_rate_hz
        allowed_s = max(MAX_SHORT_S, MAX_SHORT_RATIO * declared_s)
        if short_s > (EXACT_SHORT_S if codec.startswith(EXACT_CODECS) else allowed_s):
            raise self._damaged()

    def _stated_duration_s(self) -> float | None:
        """Return what a header states the sound to last; None when nothing reliable does."""
        probe = self._probe
        if not states_duration(self.path, probe.container):
            return None
        stated = probe.streams[probe.audio_stream].duration_s
        alone = sum(not stream.is_cover for stream in probe.streams) == 1
        return stated or (probe.duration_s if alone else None)

    def _damaged(self) -> MediaError:
        at_s = self.n_samples / self.sample_rate_hz if self.n_samples else 0.0
        if self._first_bad_s is not None:
            at_s = min(self._first_bad_s, at_s)
        if not self.n_samples:
            words = "is damaged: none of its sound can be decoded"
        else:
            words = f"is damaged at {time_text(at_s)}"
            declared_s = self._stated_duration_s()
            if declared_s is not None and at_s < declared_s:
                words += f" of {time_text(declared_s)}"
        return MediaError(
            f"“{self.path.name}” {words}.",
            hint="Copy or download it again, or convert what is left of it to WAV.",
            path=self.path,
        )


def _without_padding(frames: Iterable[AudioFrame], limit: int) -> Iterator[AudioFrame]:
    """Yield frames up to `limit` samples; all, when more follows than an encoder pads."""
    aside: list[AudioFrame] = []
    seen = 0
    for frame in frames:
        seen += frame.samples
        if seen <= limit or seen > limit + MAX_CUT_SAMPLES:
            yield from aside  # the header lies: the sound goes on
            aside.clear()
            yield frame
        else:
            aside.append(frame)
    kept = limit - (seen - sum(frame.samples for frame in aside))
    for frame in aside:
        if kept > 0:
            yield frame if frame.samples <= kept else _shortened(frame, kept)
        kept -= frame.samples


def _shortened(frame: AudioFrame, count: int) -> AudioFrame:
    samples = frame.to_ndarray()
    width = count if frame.format.is_planar else count * frame.layout.nb_channels
    piece: Any = np.ascontiguousarray(samples[:, :width])
    short = AudioFrame.from_ndarray(piece, format=frame.format.name, layout=frame.layout)
    short.sample_rate = frame.sample_rate
    return short
