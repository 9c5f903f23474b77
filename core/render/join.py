"""Join stage: the packets of all segments as one stream, without encoding anything again.

In: finished segment files in order. Out: their packets with exact times on one clock. Decoding
times are counted anew, so that encoders' own ideas of them never clash at a border.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import av
from av.container.input import InputContainer
from av.container.output import OutputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from core.errors import EncoderError
from core.render.segments import SegmentRecord
from core.render.shape import VideoShape
from core.render.video_file import CODEC_TAGS, encoder_errors, exact


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinedSegments:
    """Segments of one plan and one encoder, in order, as one video stream."""

    files: Sequence[tuple[Path, SegmentRecord]]
    shape: VideoShape

    @property
    def n_frames(self) -> int:
        """Frames of all segments."""
        return sum(record.frames.n_frames for _, record in self.files)

    @property
    def n_bytes(self) -> int:
        """Bytes of all segments."""
        return sum(record.bytes for _, record in self.files)

    def add_stream(self, container: OutputContainer) -> VideoStream:
        """Add to `container` a stream of the segments' own kind."""
        path = self.files[0][0]
        with _opened(path) as source:
            template = source.streams.video[0]
            stream = container.add_stream_from_template(template, opaque=True)
            tag = CODEC_TAGS.get(template.codec_context.name)
        if tag:
            stream.codec_context.codec_tag = tag
        return stream

    def check(self, on_progress: Callable[[float], None]) -> None:
        """Raise EncoderError when the segments were made with different settings."""
        headers = set()
        for index, (path, _) in enumerate(self.files):
            on_progress(index / len(self.files))
            with encoder_errors("Reading a segment", path), _opened(path) as source:
                headers.add(source.streams.video[0].codec_context.extradata)
            if len(headers) > 1:
                raise _damaged(path, "was made with other settings than the others")

    def packets(self, stream: VideoStream) -> "Iterator[tuple[float, Packet[VideoStream]]]":
        """Yield (decoding time in seconds, packet for `stream`) in decoding order.

        Raises EncoderError when a segment holds other frames than its record says.
        """
        ahead = max(record.reorder_frames for _, record in self.files)
        n_before = 0
        for path, record in self.files:
            with encoder_errors("Reading a segment", path), _opened(path) as source:
                track = source.streams.video[0]
                count = 0
                for packet in source.demux(track):
                    if packet.pts is None:  # the demuxer's mark of the end
                        continue
                    self._place(packet, track, n_before, n_before + count - ahead)
                    count += 1
                    packet.stream = stream
                    yield (n_before + count - 1 - ahead) / float(self.shape.fps), packet
            if count != record.frames.n_frames:
                raise _damaged(path, f"holds {count} frames")
            n_before += count

    def _place(
        self, packet: "Packet[VideoStream]", track: VideoStream, n_before: int, decode_index: int
    ) -> None:
        """Set a packet's times on the joined clock; all are whole frames."""
        position = (packet.pts or 0) * exact(track.time_base) * self.shape.fps
        if position.denominator != 1:
            raise EncoderError("A segment's clock does not match its frame rate.")
        ticks = self.shape.frame_ticks
        packet.time_base = 1 / (self.shape.fps * ticks)
        packet.pts = (n_before + int(position)) * ticks
        packet.dts = decode_index * ticks
        packet.duration = ticks


def _opened(path: Path) -> InputContainer:
    return av.open(str(path), "r")


def _damaged(path: Path, what: str) -> EncoderError:
    return EncoderError(
        f"The segment {path.name} {what}.",
        hint="Render again: damaged parts are made anew.",
        code="segment",
        path=path,
    )
