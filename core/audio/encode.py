"""Encode stage: blocks of sound become a sound file of the user's.

In: float32 (channels, n) blocks, the form of the file, what it says of itself. Out: one finished
file at the path given (staging; the caller publishes it). The same sound gives the same bytes.
Only 32-bit float WAV keeps what goes over full scale; elsewhere peaks are held, and it is said.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import soxr
from av.audio.frame import AudioFrame
from av.container import OutputContainer
from av.packet import Packet

from core.audio.encode_formats import (
    KINDS,
    SoundFormat,
    check_format,
    file_channels,
    file_rate_hz,
)
from core.audio.encode_tags import SoundTags, TagWriter
from core.audio.limiter import PeakLimiter
from core.audio.mix import BLOCK_SAMPLES, reblock
from core.audio.prepared import quantise
from core.errors import CymaticError, DiskError, EncoderError, MediaError
from core.library.files import disk_errors, flush
from core.units import Audio

LAYOUTS = {1: "mono", 2: "stereo", 3: "3.0", 4: "quad", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}
RESAMPLER_QUALITY = "HQ"
AAC_CHANNEL_BPS = 128_000
OPUS_CHANNEL_BPS = 96_000
OPUS_MAX_CHANNEL_BPS = 256_000
AAC_FRAME_BITS, AAC_FRAME_SAMPLES = 6144, 1024
"""ISO/IEC 14496-3, 4.5.1.1: at most so many bits in a frame of one channel."""
VORBIS_MIN_SAMPLES = 4096
"""Fewer come out of FFmpeg's encoder as nothing: the rest is silence, cut off again."""
_MUXER_BITEXACT = 0x400  # AVFMT_FLAG_BITEXACT
_CODEC_BITEXACT = 1 << 23  # AV_CODEC_FLAG_BITEXACT
_PATH_ERRORS = (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError)
_LAMBDA = 118  # FF_QP2LAMBDA
_VORBIS_QUALITY = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenSound:
    """What was written."""

    n_samples: int
    """Per channel, at the rate of the file."""
    sample_rate_hz: int
    channels: int
    limited_peak_db: float | None
    """How far peaks went over full scale before they were held, in dB; None: not at all."""
    notes: tuple[str, ...] = ()
    """Sentences on what the format made different from the mix: its rate, its channels."""


def write_sound(
    blocks: Iterable[Audio],
    path: Path,
    *,
    sample_rate_hz: int,
    channels: int,
    fmt: SoundFormat,
    tags: SoundTags | None = None,
    on_samples: Callable[[int], None] | None = None,
) -> WrittenSound:
    """Write a sound file.

    Parameters
    ----------
    blocks : iterable of Audio
        float32 (channels, n), nominal range [-1, 1].
    path : Path
        A file in staging, which is replaced; complete and flushed when this returns, left
        half-written on an error.
    sample_rate_hz, channels : int
        Form of the blocks.
    fmt : SoundFormat
        See `sound_format_for`.
    tags : SoundTags, optional
        What the file says of itself; what its container cannot hold is left out.
    on_samples : callable, optional
        Called with the samples of the mix taken so far; may raise to stop.

    Returns
    -------
    WrittenSound
        How long the file is, and what differs from the mix.

    Raises
    ------
    UsageError
        The format cannot hold these channels, or the cover is no picture.
    MediaError
        There is no sound in the mix.
    DiskError, EncoderError
        The disk is full; the encoder failed.
    """
    check_format(fmt)
    rate, n_out = file_rate_hz(fmt, sample_rate_hz), file_channels(fmt, channels)
    limiter = PeakLimiter(rate)
    sound = _resampled(_counted(blocks, on_samples), sample_rate_hz, rate)
    if n_out != channels:
        sound = (np.ascontiguousarray(np.repeat(block, n_out, axis=0)) for block in sound)
    sound = sound if fmt.is_float else limiter.limit(sound)
    form = _FileForm(path=path, fmt=fmt, sample_rate_hz=rate, channels=n_out)
    written = _write(reblock(sound, BLOCK_SAMPLES), form, TagWriter(tags or SoundTags(), fmt))
    return WrittenSound(
        n_samples=written,
        sample_rate_hz=rate,
        channels=n_out,
        limited_peak_db=limiter.limited_peak_db,
        notes=_notes(fmt, (sample_rate_hz, channels), (rate, n_out)),
    )


def _notes(fmt: SoundFormat, mix: tuple[int, int], file: tuple[int, int]) -> tuple[str, ...]:
    name, notes = KINDS[fmt.kind].name, []
    if mix[0] != file[0]:
        notes.append(f"{name} cannot hold {mix[0]} Hz: the sound was resampled to {file[0]} Hz.")
    if mix[1] != file[1]:
        notes.append(f"{name} is written in stereo here: both sides carry the same sound.")
    return tuple(notes)


@dataclass(frozen=True, slots=True, kw_only=True)
class _FileForm:
    """Where a file goes and what form its sound has."""

    path: Path
    fmt: SoundFormat
    sample_rate_hz: int
    channels: int


def _counted(blocks: Iterable[Audio], on_samples: Callable[[int], None] | None) -> Iterator[Audio]:
    count = 0
    for block in blocks:
        yield block
        count += block.shape[1]
        if on_samples:
            on_samples(count)


def _resampled(blocks: Iterable[Audio], rate_in: int, rate_out: int) -> Iterator[Audio]:
    """Yield the sound at another rate, as long as it was to the nearest sample."""
    if rate_in == rate_out:
        yield from blocks
        return
    stream: soxr.ResampleStream | None = None
    n_in = n_out = channels = 0
    for block in blocks:
        if stream is None:
            channels = len(block)
            stream = soxr.ResampleStream(
                rate_in, rate_out, channels, dtype="float32", quality=RESAMPLER_QUALITY
            )
        piece = stream.resample_chunk(np.ascontiguousarray(block.T))
        n_in, n_out = n_in + block.shape[1], n_out + len(piece)
        yield np.ascontiguousarray(piece.T)
    if stream is None:
        return
    left = (2 * n_in * rate_out + rate_in) // (2 * rate_in) - n_out
    tail = stream.resample_chunk(np.empty((0, channels), np.float32), last=True)[: max(left, 0)]
    out = np.zeros((channels, max(left, 0)), np.float32)
    out[:, : len(tail)] = tail.T
    yield out


# --- the file ---------------------------------------------------------------------------------


def _write(blocks: Iterator[Audio], form: _FileForm, tags: TagWriter) -> int:
    """Write and flush the file; return its samples per channel."""
    first = next(blocks, None)
    if first is None or not first.shape[1]:
        raise MediaError("There is no sound in this mix.", hint="Add a clip that is not empty.")
    with _writing(form.path):
        container = av.open(
            str(form.path),
            "w",
            format=KINDS[form.fmt.kind].container,
            options=_muxing(form, is_short=first.shape[1] < BLOCK_SAMPLES),
        )
        try:
            written = _Encoder(container, form, tags).encode(first, blocks)
        except BaseException:
            # The file is thrown away: what closing it says of its bad end does not matter.
            with suppress(OSError, ValueError, av.FFmpegError):
                container.close()
            raise
        container.close()
        flush(form.path)
    return written


def _muxing(form: _FileForm, *, is_short: bool) -> dict[str, str]:
    options = dict(KINDS[form.fmt.kind].options)
    if form.fmt.kind == "m4a":
        # The edit list that cuts the encoder's priming counts in these: exact to the sample.
        options["movie_timescale"] = str(form.sample_rate_hz)
    if form.fmt.kind == "ogg" and is_short:
        # The end is trimmed by comparing the last page with the one before: there must be two.
        options["page_duration"] = "1"
    return options


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    """Turn errors of FFmpeg and the system into ours."""
    try:
        with disk_errors(path):
            yield
    except CymaticError:
        raise
    except (av.FFmpegError, OSError) as error:
        if isinstance(error, av.FFmpegError) and not isinstance(error, _PATH_ERRORS):
            raise EncoderError(
                f"Writing the sound file failed: {error.strerror or error}.",
                hint="Choose another format, such as WAV or FLAC.",
                path=path,
            ) from error
        raise DiskError(
            f"The sound file could not be written: {error.strerror or error}.",
            hint="Check that the folder is there and may be written to, then try again.",
            path=path,
        ) from error


class _Encoder:
    """Encodes one sound into an open container."""

    def __init__(self, container: OutputContainer, form: _FileForm, tags: TagWriter) -> None:
        self._container, self._form, self._tags = container, form, tags
        container.flags |= _MUXER_BITEXACT  # no library version, no random serial number
        stream = container.add_stream(
            _codec_name(form.fmt), rate=form.sample_rate_hz, options=_codec_options(form)
        )
        if not isinstance(stream, av.AudioStream):
            raise EncoderError(f"{_codec_name(form.fmt)} is not an encoder of sound.")
        self._stream = stream
        self._sample_format = _sample_format(form.fmt)
        context = self._stream.codec_context
        context.layout, context.format = LAYOUTS[form.channels], self._sample_format
        context.time_base = Fraction(1, form.sample_rate_hz)
        context.flags |= _CODEC_BITEXACT
        tags.declare(container)
        self._end: int | None = None
        """Where the sound ends and padding begins, once that is known and has to be cut off."""

    def encode(self, first: Audio, rest: Iterable[Audio]) -> int:
        """Encode all blocks; return how many samples they had."""
        self._container.start_encoding()
        self._tags.attach(self._container)
        written = self._block(first, 0, 0)
        for index, block in enumerate(rest, 1):
            written += self._block(block, index, written)
        if self._form.fmt.kind == "ogg":
            self._end = written
            if written < VORBIS_MIN_SAMPLES:
                silence = np.zeros((self._form.channels, VORBIS_MIN_SAMPLES - written), np.float32)
                self._block(silence, 1, written)
        self._mux(self._stream.encode(None))
        return written

    def _block(self, block: Audio, index: int, pts: int) -> int:
        frame = AudioFrame.from_ndarray(
            _samples(block, index, self._form.fmt),
            format=self._sample_format,
            layout=LAYOUTS[self._form.channels],
        )
        frame.sample_rate, frame.pts = self._form.sample_rate_hz, pts
        frame.time_base = Fraction(1, self._form.sample_rate_hz)
        self._mux(self._stream.encode(frame))
        return int(block.shape[1])

    def _mux(self, packets: Iterable["Packet[av.AudioStream]"]) -> None:
        """Write packets, as far as the sound goes."""
        for packet in packets:
            if self._end is not None and packet.pts is not None:
                # FFmpeg's encoder counts its padding as sound; the muxer goes by the duration.
                if packet.pts >= self._end:
                    continue
                packet.duration = min(packet.duration or 0, self._end - packet.pts)
            self._container.mux(packet)


def _codec_name(fmt: SoundFormat) -> str:
    if fmt.kind != "wav":
        return KINDS[fmt.kind].codec
    return {16: "pcm_s16le", 32: "pcm_f32le"}.get(fmt.bit_depth or 24, "pcm_s24le")


def _sample_format(fmt: SoundFormat) -> str:
    if fmt.is_float:
        return "flt"
    return "s16" if fmt.bit_depth == 16 else KINDS[fmt.kind].sample_format


def _codec_options(form: _FileForm) -> dict[str, str]:
    bit_rate, channels = form.fmt.bit_rate_bps, form.channels
    match form.fmt.kind:
        case "mp3" if bit_rate is None:
            return {"flags": "+qscale", "global_quality": "0"}
        case "m4a":
            most = AAC_FRAME_BITS * form.sample_rate_hz // AAC_FRAME_SAMPLES * channels
            bit_rate = min(bit_rate or AAC_CHANNEL_BPS * channels, most)
        case "opus":
            most = OPUS_MAX_CHANNEL_BPS * channels
            bit_rate = min(bit_rate or OPUS_CHANNEL_BPS * channels, most)
        case "ogg":
            quality = str(_VORBIS_QUALITY * _LAMBDA)
            return {"strict": "experimental", "flags": "+qscale", "global_quality": quality}
    return {"b": str(bit_rate)} if bit_rate else {}


def _samples(block: Audio, index: int, fmt: SoundFormat) -> np.ndarray:
    """Return a block as FFmpeg takes it: planar, or interleaved as (1, channels * n)."""
    if KINDS[fmt.kind].sample_format == "fltp":
        return np.ascontiguousarray(block)
    if fmt.is_float or fmt.kind == "opus":
        return np.ascontiguousarray(block.T).reshape(1, -1)
    if fmt.bit_depth == 16:
        steps = quantise(block, index, bits=16).T.astype(np.int16)
        return np.ascontiguousarray(steps).reshape(1, -1)
    # FFmpeg carries 24 bits in the upper part of 32.
    packed = np.empty(block.shape[::-1], np.int32)
    for channel, steps in enumerate(quantise(block, index)):  # a transposed copy takes three times
        np.left_shift(steps, 8, out=packed[:, channel])
    return packed.reshape(1, -1)
