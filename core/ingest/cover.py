"""Cover art: the picture embedded in a sound file, as a PNG of bounded size.

In: a media file. Out: PNG bytes, or None; a broken picture is no reason to refuse the sound.
"""

import io
from pathlib import Path

import av
from av.container import InputContainer
from PIL import Image

from core.errors import MediaError
from core.ingest.opening import open_media
from core.library.model import Probe

MAX_SIDE = 1024
MAX_PIXELS = 64_000_000
"""A larger picture is left out: it would take more memory than the whole ingest."""
MAX_PACKET_BYTES = 64 * 1024**2


def cover_png(path: Path, probe: Probe) -> bytes | None:
    """Return the first embedded picture, at most 1024 pixels a side, as PNG."""
    indices = [s.index for s in probe.streams if s.is_cover and s.kind == "video"]
    if not indices:
        return None
    try:
        with open_media(path) as container:
            picture = _first_picture(container, indices[0])
    except MediaError:
        return None
    if picture is None:
        return None
    picture.thumbnail((MAX_SIDE, MAX_SIDE), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    picture.save(out, "PNG", optimize=False)
    return out.getvalue()


def _first_picture(container: InputContainer, index: int) -> Image.Image | None:
    stream = container.streams.get(index)[0]
    if not isinstance(stream, av.VideoStream) or stream.codec_context is None:
        return None
    if not 0 < stream.width * stream.height <= MAX_PIXELS:
        return None
    # An attached picture is the first packet of its stream; the decoder is told that no more comes.
    packet = next(container.demux(stream), None)
    if packet is None or packet.size > MAX_PACKET_BYTES:
        return None
    for frame in (*packet.decode(), *stream.codec_context.decode(None)):
        if isinstance(frame, av.VideoFrame) and frame.width * frame.height <= MAX_PIXELS:
            return Image.fromarray(frame.to_ndarray(format="rgb24"))
    return None
