"""Colour stage: drawn frames to what the encoder takes, BT.709 limited range, 4:2:0.

In: RGBA8 rows top-down (software rasteriser), or I420 planes (hardware GPU). Out: a `VideoFrame`
of its own memory. The matrix and ranges are given, never guessed; the tags say the same.
"""

from typing import cast

import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter
from numpy.typing import NDArray

from core.render.video_file import BT709, CHROMA_CENTER

Pixels = NDArray[np.uint8]
"""uint8; RGBA (height, width, 4), or I420 (height * 3 / 2, width)."""

_SCALING = Interpolation.AREA | Interpolation.BITEXACT
"""Chroma is the mean of its four pixels, as on the graphics card."""


class FrameConverter:
    """Makes encoder frames of drawn ones; one per thread, keeps swscale's state."""

    def __init__(self, pixel_format: str) -> None:
        self._pixel_format = pixel_format
        self._reformatter = VideoReformatter()

    def from_rgba(self, pixels: Pixels) -> VideoFrame:
        """Return the YUV frame of `pixels`, which are free to be reused on return.

        Parameters
        ----------
        pixels : uint8 (height, width, 4)
            sRGB, full range, rows top-down, C-contiguous. Read in place, not copied.
        """
        source = VideoFrame.from_numpy_buffer(pixels, format="rgba")
        frame = self._reformatter.reformat(
            source,
            format=self._pixel_format,
            dst_colorspace=Colorspace.ITU709,
            src_color_range=ColorRange.JPEG,
            dst_color_range=ColorRange.MPEG,
            interpolation=_SCALING,
            threads=1,
        )
        return _tagged(frame)

    def from_i420(self, planes: Pixels) -> VideoFrame:
        """Return the frame of planes that were converted on the GPU, copied.

        Parameters
        ----------
        planes : uint8 (height * 3 / 2, width)
            Y, then U, then V, tightly packed, BT.709 limited range.
        """
        frame = _tagged(VideoFrame.from_ndarray(planes, format="yuv420p"))
        if self._pixel_format == "yuv420p":
            return frame
        return _tagged(self._reformatter.reformat(frame, format=self._pixel_format, threads=1))


def _tagged(frame: VideoFrame) -> VideoFrame:
    frame.colorspace = frame.color_primaries = frame.color_trc = BT709
    frame.color_range = cast("int", ColorRange.MPEG)
    frame.chroma_location = CHROMA_CENTER
    return frame
