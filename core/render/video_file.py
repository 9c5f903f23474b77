"""Encode stage: frames in, one video-only MP4 out.

In: YUV frames in order and a `ResolvedEncoder`. Out: an MP4 file of one closed run of frames,
BT.709 limited range and tagged so, exact clock. Knows nothing of segments, plans or sound.
"""

import errno
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import av
import msgspec
from av.container.output import OutputContainer
from av.packet import Packet
from av.rational import AVRational
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from core.errors import CymaticError, DiskError, EncoderError
from core.render.shape import VideoShape

BT709 = 1
"""ITU-T H.273: matrix, primaries and transfer of BT.709 all have code 1."""
LIMITED = 1
"""AVCOL_RANGE_MPEG."""
CHROMA_CENTER = 2
"""AVCHROMA_LOC_CENTER: a chroma sample sits amid its four luma samples."""
CODEC_TAGS = {"hevc": "hvc1"}
"""Sample entries that differ from the muxer's default; Apple's players want hvc1."""


class ResolvedEncoder(msgspec.Struct, frozen=True, kw_only=True):
    """An encoder with everything that decides its bytes, fixed when a job starts.

    `is_verified` is False for the hardware encoders that none of our own machines has run.
    """

    name: str
    """FFmpeg's name: libx264, h264_nvenc …"""
    codec: str
    """h264 or hevc."""
    version: str
    """Of FFmpeg, its binding, and the encoder library where it says so."""
    options: dict[str, str]
    thread_count: int
    gop_frames: int
    bit_rate: int = 0
    pixel_format: str = "yuv420p"
    is_hardware: bool = False
    is_verified: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodedRun:
    """What was written: how many frames, and how far decoding runs ahead of display."""

    n_frames: int
    reorder_frames: int


def exact(rational: AVRational) -> Fraction:
    """Return FFmpeg's rational as a Fraction."""
    return Fraction(rational.numerator, rational.denominator)


@contextmanager
def encoder_errors(doing: str, path: Path | None = None) -> Iterator[None]:
    """Turn FFmpeg's errors into ours: DiskError when the disk is full, else EncoderError."""
    try:
        yield
    except CymaticError:
        raise
    except (OSError, av.FFmpegError) as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS):
            raise DiskError(
                "The disk is full.", hint="Free some space and try again.", path=path
            ) from error
        raise EncoderError(
            f"{doing} failed: {error.strerror or error}.",
            hint="Try another format, or see the encoders in `cymatic doctor`.",
            path=path,
        ) from error
    except MemoryError as error:
        raise EncoderError(
            f"{doing} failed: there is not enough memory.",
            hint="Close other programs or choose a smaller format.",
            path=path,
        ) from error


class VideoFileWriter:
    """Writes one MP4 of consecutive frames; a context manager that always closes its file."""

    def __init__(
        self, target: Path | BinaryIO, encoder: ResolvedEncoder, shape: VideoShape
    ) -> None:
        self._path = target if isinstance(target, Path) else None
        self._frame_time = 1 / shape.fps
        self._n_in = 0
        self._n_out = 0
        self._reorder = 0
        with encoder_errors(f"Starting the encoder {encoder.name}", self._path):
            self._container = av.open(
                str(target) if isinstance(target, Path) else target,
                "w",
                format="mp4",
                options={"video_track_timescale": str(shape.timescale)},
            )
            self._stream = _open_stream(self._container, encoder, shape)

    def write(self, frame: VideoFrame) -> None:
        """Encode the next frame. Raises EncoderError or DiskError."""
        frame.pts = self._n_in
        frame.time_base = self._frame_time
        self._n_in += 1
        with encoder_errors("Encoding a frame", self._path):
            self._mux(self._stream.encode(frame))

    def finish(self) -> EncodedRun:
        """Drain the encoder and close the file. Raises EncoderError when frames are missing."""
        with encoder_errors("Finishing the video", self._path):
            self._mux(self._stream.encode(None))
            self._container.close()
        if self._n_out != self._n_in:
            raise EncoderError(
                f"The encoder returned {self._n_out} of {self._n_in} frames.",
                hint="Try again; if it stays, choose another format.",
            )
        return EncodedRun(n_frames=self._n_out, reorder_frames=self._reorder)

    def _mux(self, packets: Iterable["Packet[VideoStream]"]) -> None:
        for packet in packets:
            if packet.pts is None:
                raise EncoderError("The encoder gave a frame without a time.")
            time = packet.pts * exact(packet.time_base) / self._frame_time
            self._reorder = max(self._reorder, self._n_out - int(time))
            packet.duration = round(self._frame_time / exact(packet.time_base))
            self._n_out += 1
            self._container.mux(packet)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self._container.close()
            return
        # The file is thrown away: what closing it says about its bad end does not matter.
        with suppressed_encoder_errors():
            self._container.close()


@contextmanager
def suppressed_encoder_errors() -> Iterator[None]:
    """Ignore FFmpeg's errors, while a half-written file is closed to be thrown away."""
    try:
        yield
    except (OSError, ValueError, av.FFmpegError):
        return


def _open_stream(
    container: OutputContainer, encoder: ResolvedEncoder, shape: VideoShape
) -> VideoStream:
    stream = container.add_stream(encoder.name, rate=shape.fps, options=dict(encoder.options))
    if not isinstance(stream, VideoStream):
        raise EncoderError(f"{encoder.name} is not a video encoder.")
    context = stream.codec_context
    context.width, context.height = shape.width, shape.height
    context.pix_fmt = encoder.pixel_format
    context.time_base = 1 / shape.fps
    context.framerate = shape.fps
    context.gop_size = encoder.gop_frames
    # PyAV's default is SLICE, which makes x264 cut frames into slices: larger files.
    context.thread_type = "AUTO"
    context.thread_count = encoder.thread_count
    if encoder.bit_rate:
        context.bit_rate = encoder.bit_rate
    context.color_range = LIMITED
    context.colorspace = context.color_primaries = context.color_trc = BT709
    context.chroma_sample_location = CHROMA_CENTER
    if encoder.codec in CODEC_TAGS:
        context.codec_tag = CODEC_TAGS[encoder.codec]
    return stream
