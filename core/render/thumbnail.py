"""A picture for lists: one good frame of a finished video, small, as PNG.

In: a finished MP4. Out: a PNG of at most 480 pixels a side. Takes the most lively of a few key
frames, so that a dark start does not stand for the whole.
"""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.container.input import InputContainer
from av.video.frame import VideoFrame
from numpy.typing import NDArray
from PIL import Image

from core.errors import RenderError
from core.render.video_file import encoder_errors, exact

THUMBNAIL_SIDE = 480
_PLACES = (0.12, 0.28, 0.44, 0.6, 0.76, 0.92)


def write_thumbnail(video: Path, target: Path, *, is_stereo: bool = False) -> None:
    """Write the thumbnail of `video` to `target`.

    Parameters
    ----------
    video : Path
    target : Path
    is_stereo : bool
        Top-bottom stereo: only the left eye's half is shown.

    Raises
    ------
    RenderError
        When no frame can be decoded.
    """
    best: NDArray[np.uint8] | None = None
    with encoder_errors("Making the thumbnail", video), av.open(str(video), "r") as container:
        container.streams.video[0].codec_context.thread_count = 2
        for place in _PLACES:
            frame = _key_frame(container, place)
            if frame is None:
                continue
            pixels = _small(frame, is_stereo=is_stereo)
            if best is None or _liveliness(pixels) > _liveliness(best):
                best = pixels
    if best is None:
        raise RenderError("No frame of the video can be shown.", path=video)
    Image.fromarray(best).save(target, format="PNG", optimize=True)


def _key_frame(container: InputContainer, place: float) -> VideoFrame | None:
    """Return the key frame at or before `place`, 0 to 1 of the video."""
    stream = container.streams.video[0]
    at_s = Fraction(place) * (stream.duration or 0) * exact(stream.time_base)
    container.seek(int(at_s / exact(stream.time_base)), stream=stream)
    return next(container.decode(stream), None)


def _small(frame: VideoFrame, *, is_stereo: bool) -> NDArray[np.uint8]:
    """Return RGB, uint8 (height, width, 3), the longer side 480."""
    height = frame.height // 2 if is_stereo else frame.height
    scale = THUMBNAIL_SIDE / max(frame.width, height)
    width, tall = round(frame.width * scale), round(frame.height * scale)
    small = frame.reformat(
        width=width, height=tall, format="rgb24", interpolation="AREA", src_colorspace="ITU709"
    )
    pixels: NDArray[np.uint8] = small.to_ndarray().astype(np.uint8, copy=False)
    return pixels[: round(height * scale)]


def _liveliness(pixels: NDArray[np.uint8]) -> float:
    """How much there is to see: contrast, and a little for brightness."""
    return float(pixels.std()) + 0.1 * float(pixels.mean())
