"""Mux stage: joined picture and sound in one MP4, its index first, in one pass.

In: joined segments, a soundtrack, tags. Out: an MP4 file, flushed. Room for the index (`moov`) is
reserved at the front: how many packets come is known, so nothing is ever moved, and what is left
of the room takes the boxes of 360° video. Nothing in the file comes from a clock.
"""

import heapq
import math
import operator
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import av
from av.packet import Packet

from core.library.files import flush
from core.render.join import JoinedSegments
from core.render.soundtrack import Soundtrack
from core.render.video_file import encoder_errors, suppressed_encoder_errors

type _TimedPackets = Iterator[tuple[float, Packet[Any]]]

_VIDEO_SAMPLE_BYTES = 36
"""At most, per frame in the index: stsz 4, ctts 8, stss 4, stsc 12, co64 8."""
_AUDIO_SAMPLE_BYTES = 32
"""At most, per packet: stsz 4, stts 8, stsc 12, co64 8."""
_INDEX_BYTES = 16 * 1024
"""The rest of the index, with tags and the boxes of 360° video."""
_MAX_TIMESCALE = 1 << 31
_REPORT_EVERY = 64


def write_video(
    target: Path,
    video: JoinedSegments,
    sound: Soundtrack,
    *,
    tags: Mapping[str, str],
    on_progress: Callable[[float], None],
) -> None:
    """Write the finished MP4 to `target`.

    Parameters
    ----------
    target : Path
        A place in staging; what is there is replaced, and left half-written on an error.
    video : JoinedSegments
    sound : Soundtrack
    tags : mapping
        title, artist and the like.
    on_progress : callable
        Called with 0 to 1 as packets are written; what it raises ends the work.

    Raises
    ------
    EncoderError, DiskError
    """
    with encoder_errors("Writing the video", target):
        container = av.open(str(target), "w", format="mp4", options=_options(video, sound, tags))
        try:
            picture = video.add_stream(container)
            audio = sound.add_stream(container)
            container.metadata.update({key: text for key, text in tags.items() if text})
            packets: _TimedPackets = heapq.merge(
                video.packets(picture), sound.packets(audio), key=operator.itemgetter(0)
            )
            n_packets = video.n_frames + sound.n_packets
            for packet in _reporting(packets, n_packets, on_progress):
                container.mux(packet)
        except BaseException:
            with suppressed_encoder_errors():
                container.close()
            raise
        container.close()
        flush(target)


def _options(video: JoinedSegments, sound: Soundtrack, tags: Mapping[str, str]) -> dict[str, str]:
    timescale = video.shape.timescale
    rate = sound.reader.sample_rate_hz
    common = math.lcm(timescale, rate)
    index = (
        video.n_frames * _VIDEO_SAMPLE_BYTES
        + sound.n_packets * _AUDIO_SAMPLE_BYTES
        + sum(len(text.encode()) for text in tags.values())
        + _INDEX_BYTES
    )
    return {
        "video_track_timescale": str(timescale),
        # Edit lists count in this clock: fine enough for both tracks to end exactly.
        "movie_timescale": str(common if common < _MAX_TIMESCALE else rate),
        "moov_size": str(index),
    }


def _reporting(
    packets: _TimedPackets, n_packets: int, on_progress: Callable[[float], None]
) -> "Iterator[Packet[Any]]":
    for count, (_, packet) in enumerate(packets):
        if count % _REPORT_EVERY == 0:
            on_progress(min(1.0, count / n_packets))
        yield packet
    on_progress(1.0)
