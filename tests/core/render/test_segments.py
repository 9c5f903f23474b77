"""Segments: published whole or not at all, verified before they are used again."""

import pytest

from core.errors import DiskError
from core.render.disk import RESERVE_BYTES, DiskGuard, size_text
from core.render.segments import FrameRange, SegmentFolder, segment_ranges, segments_key
from core.render.video_file import EncodedRun, ResolvedEncoder
from tests.core.render.moving_pattern import plan_of

FRAMES = FrameRange(first=10, end=20)
ENCODER = ResolvedEncoder(
    name="libx264", codec="h264", version="1", options={"crf": "17"}, thread_count=2, gop_frames=15
)


@pytest.fixture
def folder(tmp_path):
    folder = SegmentFolder(tmp_path / "segments")
    folder.prepare()
    return folder


def commit(folder, data=b"a segment", frames=FRAMES):
    folder.unfinished_path(frames).write_bytes(data)
    return folder.commit(frames, EncodedRun(n_frames=frames.n_frames, reorder_frames=2))


@pytest.mark.parametrize(
    ("first", "end", "size", "expected"),
    [
        (0, 30, 10, [(0, 10), (10, 20), (20, 30)]),
        (7, 30, 10, [(7, 17), (17, 27), (27, 30)]),
        (5, 6, 120, [(5, 6)]),
        (0, 121, 120, [(0, 120), (120, 121)]),
    ],
)
def test_ranges_cover_every_frame_once(first, end, size, expected):
    assert [(r.first, r.end) for r in segment_ranges(first, end, size)] == expected


def test_a_committed_segment_is_verified(folder):
    record = commit(folder)
    assert folder.verified(FRAMES) == record
    assert record.bytes == 9
    assert sorted(path.suffix for path in folder.folder.iterdir()) == [".json", ".mp4"]


def test_an_unfinished_segment_does_not_count_and_is_swept(folder):
    folder.unfinished_path(FRAMES).write_bytes(b"half")
    assert folder.verified(FRAMES) is None
    folder.prepare()
    assert list(folder.folder.iterdir()) == []


def test_a_segment_without_its_record_does_not_count(folder):
    commit(folder)
    folder.path(FRAMES).with_suffix(".json").unlink()
    assert folder.verified(FRAMES) is None


@pytest.mark.parametrize("data", [b"", b"a segmenT", b"a segment and more"])
def test_a_changed_segment_does_not_count(folder, data):
    commit(folder)
    folder.path(FRAMES).write_bytes(data)
    assert folder.verified(FRAMES) is None


@pytest.mark.parametrize("note", [b"", b"{}", b"\xff\xfe", b'{"frames":{"first":0,"end":10}}'])
def test_a_damaged_record_does_not_count(folder, note):
    commit(folder)
    folder.path(FRAMES).with_suffix(".json").write_bytes(note)
    assert folder.verified(FRAMES) is None


def test_a_record_of_other_frames_does_not_count(folder):
    commit(folder)
    other = FrameRange(first=20, end=30)
    for suffix in (".mp4", ".json"):
        source = folder.path(FRAMES).with_suffix(suffix)
        folder.path(other).with_suffix(suffix).write_bytes(source.read_bytes())
    assert folder.verified(other) is None


def test_making_a_segment_anew_replaces_the_damaged_one(folder):
    commit(folder, b"damaged")
    record = commit(folder, b"whole")
    assert folder.verified(FRAMES) == record
    assert folder.path(FRAMES).read_bytes() == b"whole"


def test_discard_removes_everything_and_may_be_repeated(folder):
    commit(folder)
    folder.discard()
    folder.discard()
    assert not folder.folder.exists()


def test_the_key_tells_plans_encoders_and_renderers_apart():
    plan, other_plan = plan_of(), plan_of(end=26)
    other_encoder = ResolvedEncoder(
        name="libx264",
        codec="h264",
        version="1",
        options={"crf": "17"},
        thread_count=3,
        gop_frames=15,
    )
    keys = {
        segments_key(plan, ENCODER, "llvmpipe"),
        segments_key(other_plan, ENCODER, "llvmpipe"),
        segments_key(plan, other_encoder, "llvmpipe"),
        segments_key(plan, ENCODER, "another card"),
    }
    assert len(keys) == 4
    assert segments_key(plan_of(), ENCODER, "llvmpipe") in keys


def test_the_guard_keeps_a_reserve_free(tmp_path):
    guard = DiskGuard(
        folder=tmp_path, max_output_bytes=1000, free=lambda _: RESERVE_BYTES + 500_000
    )
    guard.check_room(500_000)
    with pytest.raises(DiskError, match="about 500 kB more") as caught:
        guard.check_room(500_001)
    assert caught.value.hint


def test_the_guard_measures_the_disk_of_a_folder_that_is_not_there_yet(tmp_path):
    DiskGuard(folder=tmp_path / "a" / "b", max_output_bytes=1).check_room(1)


@pytest.mark.parametrize(
    ("n_bytes", "text"), [(0, "0 bytes"), (999, "999 bytes"), (1500, "2 kB"), (2.5e9, "2.5 GB")]
)
def test_sizes_read_well(n_bytes, text):
    assert size_text(n_bytes) == text
