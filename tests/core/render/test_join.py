"""Joining without encoding: every frame once, exact times, whatever the segments' lengths."""

from fractions import Fraction
from itertools import pairwise

import av
import msgspec
import numpy as np
import pytest

from core.errors import EncoderError
from core.render.conversion import FrameConverter
from core.render.encoder_options import Resources
from core.render.encoders import resolve_encoder
from core.render.join import JoinedSegments
from core.render.segments import SegmentFolder, segment_ranges
from core.render.shape import VideoShape
from core.render.video_file import VideoFileWriter
from tests.core.render.moving_pattern import MovingPattern, read_barcode

RESOURCES = Resources(cores=2, memory_bytes=1 << 31)


def make_segments(folder_path, *, codec="h264", fps=Fraction(30), first=0, end=25, size=10):
    shape = VideoShape(width=192, height=96, fps=fps)
    name = {"h264": "libx264", "hevc": "libx265"}[codec]
    encoder = resolve_encoder(codec, shape, "draft", resources=RESOURCES, names=(name,))
    folder = SegmentFolder(folder_path)
    folder.prepare()
    source, converter = MovingPattern(192, 96), FrameConverter("yuv420p")
    pixels = np.empty((96, 192, 4), np.uint8)
    files = []
    for frames in segment_ranges(first, end, size):
        with VideoFileWriter(folder.unfinished_path(frames), encoder, shape) as writer:
            for index in range(frames.first, frames.end):
                source.read_rgba(index, pixels)
                writer.write(converter.from_rgba(pixels))
            record = folder.commit(frames, writer.finish())
        files.append((folder.path(frames), record))
    return JoinedSegments(files=files, shape=shape)


def join_to(path, video):
    options = {"video_track_timescale": str(video.shape.timescale)}
    with av.open(str(path), "w", format="mp4", options=options) as container:
        stream = video.add_stream(container)
        for _, packet in video.packets(stream):
            container.mux(packet)


def decode(path):
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            plane = frame.planes[0]
            rows = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
            yield frame.pts, frame.time_base, rows[:, : plane.width].copy()


@pytest.mark.parametrize("codec", ["h264", "hevc"])
@pytest.mark.parametrize("fps", [Fraction(30), Fraction(30000, 1001), Fraction(24000, 1001)])
def test_joined_frames_are_the_segments_frames_at_exact_times(tmp_path, codec, fps):
    video = make_segments(tmp_path / "s", codec=codec, fps=fps, first=7, end=41)
    join_to(tmp_path / "joined.mp4", video)
    joined = list(decode(tmp_path / "joined.mp4"))
    assert [read_barcode(luma) for _, _, luma in joined] == list(range(7, 41))
    assert [pts * Fraction(base.numerator, base.denominator) for pts, base, _ in joined] == [
        index / fps for index in range(34)
    ]
    apart = [luma for path, _ in video.files for _, _, luma in decode(path)]
    assert all(np.array_equal(a, b) for a, (_, _, b) in zip(apart, joined, strict=True))


def test_a_last_segment_of_one_frame_joins(tmp_path):
    video = make_segments(tmp_path / "s", end=21)
    join_to(tmp_path / "joined.mp4", video)
    assert [read_barcode(luma) for *_, luma in decode(tmp_path / "joined.mp4")] == list(range(21))


def test_decoding_times_rise_by_whole_frames_across_borders(tmp_path):
    video = make_segments(tmp_path / "s", end=30)
    with av.open(str(tmp_path / "x.mp4"), "w") as container:
        stream = video.add_stream(container)
        packets = [packet for _, packet in video.packets(stream)]
        ticks = video.shape.frame_ticks
        steps = {after.dts - before.dts for before, after in pairwise(packets)}
        assert steps == {ticks}
        assert all(packet.dts <= packet.pts for packet in packets)
        assert sorted(packet.pts for packet in packets) == [index * ticks for index in range(30)]
        container.mux(packets)


def test_every_segment_starts_with_a_key_frame_and_key_frames_are_close(tmp_path):
    video = make_segments(tmp_path / "s", end=60, size=40)
    keys = []
    with av.open(str(tmp_path / "x.mp4"), "w") as container:
        stream = video.add_stream(container)
        for _, packet in video.packets(stream):
            if packet.is_keyframe:
                keys.append(packet.pts // video.shape.frame_ticks)
            container.mux(packet)
    assert {0, 40} <= set(keys)
    assert max(np.diff([*keys, 60])) <= video.shape.gop_frames


def test_hevc_is_marked_as_apple_players_want_it(tmp_path):
    join_to(tmp_path / "joined.mp4", make_segments(tmp_path / "s", codec="hevc"))
    with av.open(str(tmp_path / "joined.mp4")) as container:
        assert container.streams.video[0].codec_context.codec_tag == "hvc1"


def test_segments_of_other_settings_are_refused(tmp_path):
    video = make_segments(tmp_path / "a", end=10)
    other = make_segments(tmp_path / "b", codec="hevc", end=10)
    mixed = JoinedSegments(files=[*video.files, *other.files], shape=video.shape)
    with pytest.raises(EncoderError, match="other settings") as caught:
        mixed.check(lambda _: None)
    assert caught.value.hint


def test_a_segment_that_holds_too_few_frames_is_refused(tmp_path):
    video = make_segments(tmp_path / "s", end=10)
    path, record = video.files[0]
    frames = msgspec.structs.replace(record.frames, end=11)
    wrong = [(path, msgspec.structs.replace(record, frames=frames))]
    with pytest.raises(EncoderError, match="holds 10 frames"):
        join_to(tmp_path / "x.mp4", JoinedSegments(files=wrong, shape=video.shape))
