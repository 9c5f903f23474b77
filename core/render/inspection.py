"""Check stage: the finished file, opened and looked at before anybody gets it.

In: an MP4 and the plan it was made from. Out: nothing, or a RenderError that names what is wrong.
Reads the index whole, decodes only the first frame and the last run of frames.
"""

from pathlib import Path

import av
from av.container.input import InputContainer
from av.video.frame import VideoFrame

from core.errors import RenderError
from core.render.boxes import scan_boxes
from core.render.formats import Projection
from core.render.plan import RenderPlan
from core.render.shape import shape_of
from core.render.spherical import check_spherical
from core.render.video_file import BT709, CODEC_TAGS, LIMITED, encoder_errors, exact

_SAMPLE_ENTRIES = {"h264": "avc1", **CODEC_TAGS}
_DECODER_THREADS = 2
"""Each holds frames of its own: 50 MB at 5760²."""


def check_video(path: Path, plan: RenderPlan, *, n_samples: int) -> None:
    """Raise RenderError unless the file is what the plan asks for.

    Parameters
    ----------
    path : Path
    plan : RenderPlan
    n_samples : int
        Samples per channel that its sound must have, exactly.
    """
    with encoder_errors("Checking the video", path):
        _check_layout(path)
        with av.open(str(path), "r") as container:
            _check_picture(container, plan, path)
            _check_sound(container, n_samples, path)
            _check_frames(container, plan, path)
    projection = plan.picture.format.projection
    if projection is not Projection.FLAT:
        check_spherical(path, is_stereo=projection is Projection.EQUIRECT_STEREO)


def _check_layout(path: Path) -> None:
    with path.open("rb") as file:
        kinds = [extent.kind for extent in scan_boxes(file)]
    if b"moov" not in kinds or kinds.index(b"moov") > kinds.index(b"mdat"):
        raise _wrong(path, "its index is not at the front")


def _check_picture(container: InputContainer, plan: RenderPlan, path: Path) -> None:
    stream, shape = container.streams.video[0], shape_of(plan)
    found = (stream.codec_context.width, stream.codec_context.height)
    if found != (shape.width, shape.height):
        raise _wrong(path, f"it is {found[0]}×{found[1]}")
    if stream.frames != plan.n_frames:
        raise _wrong(path, f"it has {stream.frames} of {plan.n_frames} frames")
    rate = stream.average_rate
    if rate is None or exact(rate) != shape.fps:
        raise _wrong(path, f"it runs at {rate} frames a second")
    if (stream.duration or 0) * exact(stream.time_base) != plan.n_frames / shape.fps:
        raise _wrong(path, "its picture has another length")
    tag = stream.codec_context.codec_tag
    if tag != _SAMPLE_ENTRIES[plan.file.codec]:
        raise _wrong(path, f"its picture is marked {tag}")


def _check_sound(container: InputContainer, n_samples: int, path: Path) -> None:
    if not container.streams.audio:
        raise _wrong(path, "it has no sound")
    stream = container.streams.audio[0]
    rate = stream.codec_context.sample_rate
    if (stream.duration or 0) * exact(stream.time_base) * rate != n_samples:
        raise _wrong(path, "its sound has another length than its picture")


def _check_frames(container: InputContainer, plan: RenderPlan, path: Path) -> None:
    """Decode the first frame and everything from the last key frame on."""
    stream = container.streams.video[0]
    stream.codec_context.thread_count = _DECODER_THREADS
    first = next(container.decode(stream), None)
    if first is None or first.pts != 0:
        raise _wrong(path, "its first frame does not play")
    _check_colours(first, path)
    ticks = shape_of(plan).frame_ticks
    last_pts = (plan.n_frames - 1) * ticks
    container.seek(last_pts, stream=stream)
    last = max((frame.pts or 0 for frame in container.decode(stream)), default=-1)
    if last != last_pts:
        raise _wrong(path, "its last frame does not play")


def _check_colours(frame: VideoFrame, path: Path) -> None:
    tags = (frame.colorspace, frame.color_primaries, frame.color_trc, frame.color_range)
    if tags != (BT709, BT709, BT709, LIMITED):
        raise _wrong(path, "its colours are not marked BT.709")


def _wrong(path: Path, what: str) -> RenderError:
    return RenderError(
        f"The finished video failed its check: {what}.",
        hint="Render again; if it stays, please report it.",
        code="video-check",
        path=path,
    )
