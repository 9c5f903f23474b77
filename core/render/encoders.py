"""Which encoder makes the video: every candidate is proven by really encoding a few frames.

In: a codec and the video's shape. Out: a `ResolvedEncoder`, fixed for the whole job. Listed is
not working: a driver may offer an encoder that fails at this size, so each is tried at the size
asked for, and its frames are decoded and looked at.
"""

import io
import re
from collections.abc import Sequence
from fractions import Fraction

import av
import msgspec
import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from core.errors import EncoderError
from core.render.encoder_options import Resources, tune_encoder
from core.render.shape import VideoShape
from core.render.video_file import ResolvedEncoder, VideoFileWriter, encoder_errors

SOFTWARE = {"h264": "libx264", "hevc": "libx265"}
HARDWARE_FAMILIES = ("nvenc", "videotoolbox", "qsv", "amf", "mf")
"""NVIDIA, Apple, Intel, AMD, and Windows' own Media Foundation, in order of preference."""
VERIFIED = frozenset(SOFTWARE.values())
"""Encoders that our own machines have run; the doctor marks all others as unverified."""
N_TRIAL_FRAMES = 3
_MAX_TRIAL_ERROR = 24.0
"""Mean difference in luma levels between a trial frame and what came back of it."""
_LIBRARY_VERSION = re.compile(rb"x264 - core \d+(?: r\w+)?|x265 \(build \d+\) - [\w.+-]+")


class EncoderReport(msgspec.Struct, frozen=True, kw_only=True):
    """One candidate as the doctor shows it; `reason` says why it does not work."""

    name: str
    codec: str
    is_hardware: bool
    is_verified: bool
    works: bool
    version: str = ""
    reason: str = ""


def candidates(codec: str) -> tuple[str, ...]:
    """Return FFmpeg's encoder names for `codec` in order of preference, hardware first.

    Raises EncoderError for a codec that Cymatic does not make.
    """
    if codec not in SOFTWARE:
        raise EncoderError(f"Cymatic makes no {codec} video.", hint="Use h264 or hevc.")
    return (*(f"{codec}_{family}" for family in HARDWARE_FAMILIES), SOFTWARE[codec])


def resolve_encoder(
    codec: str,
    shape: VideoShape,
    quality: str,
    *,
    resources: Resources,
    names: Sequence[str] = (),
) -> ResolvedEncoder:
    """Return the first encoder that really encodes frames of this shape here.

    Parameters
    ----------
    codec : str
        h264 or hevc.
    shape : VideoShape
    quality : str
        draft or final.
    resources : Resources
        Bounds threads and look-ahead.
    names : sequence of str
        Which encoders to try; empty: all candidates of the codec.

    Raises
    ------
    EncoderError
        When none works, with the reason of the last, the software encoder.
    """
    failure: EncoderError | None = None
    for name in names or candidates(codec):
        encoder = _configure(name, codec, shape, quality, resources)
        try:
            version = try_encoder(encoder, shape)
        except EncoderError as error:
            failure = error
            continue
        return msgspec.structs.replace(encoder, version=version)
    raise EncoderError(
        f"No encoder on this computer can make {shape.width}×{shape.height} {codec} video.",
        hint=failure.message if failure else "See the encoders in `cymatic doctor`.",
    )


def still_works(encoder: ResolvedEncoder, shape: VideoShape) -> bool:
    """Return whether an encoder fixed earlier exists unchanged, so that its segments fit."""
    try:
        return try_encoder(encoder, shape) == encoder.version
    except EncoderError:
        return False


def list_encoders(resources: Resources) -> tuple[EncoderReport, ...]:
    """Try every candidate at 720p and report each, for `cymatic doctor`."""
    shape = VideoShape(width=1280, height=720, fps=Fraction(30))
    return tuple(
        _report(name, codec, shape, resources) for codec in SOFTWARE for name in candidates(codec)
    )


def try_encoder(encoder: ResolvedEncoder, shape: VideoShape) -> str:
    """Encode and decode a few frames; return the version of what did it.

    Raises EncoderError when the encoder does not open, loses frames, or returns another picture.
    """
    if encoder.name not in av.codecs_available:
        raise EncoderError(f"{encoder.name} is not part of this build of FFmpeg.")
    buffer = io.BytesIO()
    sources = [_trial_luma(shape, index) for index in range(N_TRIAL_FRAMES)]
    with VideoFileWriter(buffer, encoder, shape) as writer:
        for luma in sources:
            writer.write(_trial_frame(luma, encoder.pixel_format))
        writer.finish()
    _check_trial(buffer, sources, encoder.name)
    return _version(buffer.getvalue())


def _configure(
    name: str, codec: str, shape: VideoShape, quality: str, resources: Resources
) -> ResolvedEncoder:
    tuning = tune_encoder(name, shape, quality, resources)
    return ResolvedEncoder(
        name=name,
        codec=codec,
        version="",
        options=tuning.options,
        thread_count=tuning.thread_count,
        gop_frames=shape.gop_frames,
        bit_rate=tuning.bit_rate,
        pixel_format=tuning.pixel_format,
        is_hardware=name not in VERIFIED,
        is_verified=name in VERIFIED,
    )


def _report(name: str, codec: str, shape: VideoShape, resources: Resources) -> EncoderReport:
    encoder = _configure(name, codec, shape, "final", resources)
    version = reason = ""
    try:
        version = try_encoder(encoder, shape)
    except EncoderError as error:
        reason = error.message
    return EncoderReport(
        name=name,
        codec=codec,
        is_hardware=encoder.is_hardware,
        is_verified=encoder.is_verified,
        works=not reason,
        version=version,
        reason=reason,
    )


def _trial_luma(shape: VideoShape, index: int) -> NDArray[np.uint8]:
    """Return a ramp that moves with `index`, (height, width): easy to encode, easy to tell."""
    across = np.linspace(32, 208, shape.width, dtype=np.float32)
    return np.broadcast_to((across + 8 * index).astype(np.uint8), (shape.height, shape.width))


def _trial_frame(luma: NDArray[np.uint8], pixel_format: str) -> VideoFrame:
    height, width = luma.shape
    planes = np.full((height * 3 // 2, width), 128, np.uint8)
    planes[:height] = luma
    frame = VideoFrame.from_ndarray(planes, format="yuv420p")
    return frame if pixel_format == "yuv420p" else frame.reformat(format=pixel_format)


def _check_trial(buffer: io.BytesIO, sources: Sequence[NDArray[np.uint8]], name: str) -> None:
    buffer.seek(0)
    with encoder_errors(f"Reading back what {name} encoded"), av.open(buffer, "r") as container:
        frames = [_luma(frame) for frame in container.decode(video=0)]
    if len(frames) != len(sources):
        raise EncoderError(f"{name} returned {len(frames)} of {len(sources)} frames.")
    for got, sent in zip(frames, sources, strict=True):
        if got.shape != sent.shape:
            raise EncoderError(f"{name} changed the size of the picture.")
        if float(np.abs(got[::8].astype(np.int16) - sent[::8]).mean()) > _MAX_TRIAL_ERROR:
            raise EncoderError(f"{name} returned another picture than it was given.")


def _luma(frame: VideoFrame) -> NDArray[np.uint8]:
    plane = frame.planes[0]
    rows = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
    return rows[:, : plane.width].copy()


def _version(encoded: bytes) -> str:
    """Name what made these bytes: the binding, FFmpeg, and the library that signed the stream."""
    library = _LIBRARY_VERSION.search(encoded)
    parts = [f"PyAV {av.__version__}", f"FFmpeg {av.ffmpeg_version_info}"]
    if library:
        parts.append(library[0].decode("ascii"))
    return ", ".join(parts)
