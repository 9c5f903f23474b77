"""360° metadata: written in place, read back by an independent parser, media bytes untouched."""

import json
import shutil
import struct
import subprocess
from fractions import Fraction

import av
import numpy as np
import pytest
from av.video.frame import VideoFrame

from core.errors import RenderError
from core.render.boxes import chunk_offsets, read_index, scan_boxes, video_track
from core.render.spherical import check_spherical, read_spherical, write_spherical

CONTAINERS = (b"moov", b"trak", b"mdia", b"minf", b"stbl")


def make_video(path, *, codec="libx264", options=None):
    with av.open(str(path), "w", format="mp4", options=options or {}) as container:
        stream = container.add_stream(codec, rate=Fraction(25))
        stream.width, stream.height = 64, 32
        if codec == "libx265":
            stream.options = {"x265-params": "log-level=none"}
            stream.codec_context.codec_tag = "hvc1"
        sound = container.add_stream("aac", rate=48_000)
        for index in range(6):
            frame = VideoFrame.from_ndarray(np.full((48, 64), 40 * index, np.uint8), "yuv420p")
            frame.pts, frame.time_base = index, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        frame = av.AudioFrame.from_ndarray(np.zeros((2, 1024), np.float32), "fltp", "stereo")
        frame.sample_rate, frame.pts = 48_000, 0
        container.mux(sound.encode(frame))
        container.mux(sound.encode(None))
    return path


def decoded(path):
    with av.open(str(path)) as container:
        return [frame.to_ndarray().tobytes() for frame in container.decode(video=0)]


def walk(data, start, end, path=()):
    """An independent reader: yield (path of kinds, body) of every box."""
    while start + 8 <= end:
        size, kind = struct.unpack_from(">I4s", data, start)
        header = 8
        if size == 1:
            size, header = struct.unpack_from(">Q", data, start + 8)[0], 16
        assert size >= header
        assert start + size <= end
        here = (*path, kind)
        yield here, data[start + header : start + size]
        inner = start + header
        if kind in CONTAINERS or kind in (b"sv3d", b"proj"):
            yield from walk(data, inner, start + size, here)
        elif kind == b"stsd":
            yield from walk(data, inner + 8, start + size, here)
        elif kind in (b"avc1", b"hvc1"):
            yield from walk(data, inner + 78, start + size, here)
        start += size
    assert start == end


def boxes_of(path):
    data = path.read_bytes()
    return list(walk(data, 0, len(data)))


@pytest.mark.parametrize("is_stereo", [False, True])
@pytest.mark.parametrize("codec", ["libx264", "libx265"])
@pytest.mark.parametrize("movflags", ["", "faststart"])
def test_boxes_lie_where_the_specification_puts_them(tmp_path, codec, is_stereo, movflags):
    path = make_video(
        tmp_path / "v.mp4", codec=codec, options={"movflags": movflags} if movflags else {}
    )
    pictures = decoded(path)
    write_spherical(path, is_stereo=is_stereo)
    found = boxes_of(path)
    entry = {"libx264": b"avc1", "libx265": b"hvc1"}[codec]
    by_kind = {kinds[-1]: (kinds, body) for kinds, body in found}
    stsd = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd", entry)
    assert by_kind[b"st3d"] == ((*stsd, b"st3d"), bytes([0, 0, 0, 0, int(is_stereo)]))
    assert by_kind[b"svhd"][0] == (*stsd, b"sv3d", b"svhd")
    assert by_kind[b"svhd"][1] == b"\0\0\0\0Cymatic\0"
    assert by_kind[b"prhd"][1] == bytes(16)
    assert by_kind[b"equi"] == ((*stsd, b"sv3d", b"proj", b"equi"), bytes(20))
    kinds = [kinds[-1] for kinds, _ in found]
    assert kinds.index(b"st3d") < kinds.index(b"sv3d")
    if b"pasp" in kinds:
        assert kinds.index(b"sv3d") < kinds.index(b"pasp")
    uuid = next(body for path_, body in found if path_ == (b"moov", b"trak", b"uuid"))
    assert uuid[:16].hex() == "ffcc8263f8554a938814587a02521fdd"
    assert (b"top-bottom" in uuid) is is_stereo
    assert decoded(path) == pictures
    check_spherical(path, is_stereo=is_stereo)
    assert kinds[:2].count(b"moov") == (1 if movflags else 0)


def test_v1_metadata_is_on_the_video_track_only(tmp_path):
    path = make_video(tmp_path / "v.mp4")
    write_spherical(path, is_stereo=False)
    with path.open("rb") as file:
        _, moov = read_index(file, scan_boxes(file))
    tracks = list(moov.find_all(b"trak"))
    assert len(tracks) == 2
    assert [any(box.kind == b"uuid" for box in track.children) for track in tracks] == [
        track is video_track(moov) for track in tracks
    ]


def test_room_behind_the_index_is_used_and_nothing_moves(tmp_path):
    path = make_video(tmp_path / "v.mp4", options={"moov_size": "9000"})
    before = path.read_bytes()
    write_spherical(path, is_stereo=True)
    after = path.read_bytes()
    media = before.index(b"mdat")
    assert after[media:] == before[media:]
    assert len(after) == len(before)


def test_without_room_the_media_moves_and_offsets_follow(tmp_path):
    path = make_video(tmp_path / "v.mp4", options={"movflags": "faststart"})
    pictures, size = decoded(path), path.stat().st_size
    close_gap(path)
    write_spherical(path, is_stereo=True)
    assert path.stat().st_size > size
    assert decoded(path) == pictures


def close_gap(path):
    """Turn the free box behind the index into one that is not free."""
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    at = data.index(b"free")
    path.write_bytes(data[:at] + b"skip" + data[at + 4 :])


def test_writing_twice_is_writing_once(tmp_path):
    path = make_video(tmp_path / "v.mp4", options={"moov_size": "9000"})
    write_spherical(path, is_stereo=True)
    once = path.read_bytes()
    write_spherical(path, is_stereo=True)
    assert path.read_bytes() == once
    write_spherical(path, is_stereo=False)
    check_spherical(path, is_stereo=False)


def test_check_fails_without_the_boxes_and_with_the_wrong_layout(tmp_path):
    path = make_video(tmp_path / "v.mp4")
    assert read_spherical(path) is None
    with pytest.raises(RenderError) as caught:
        check_spherical(path, is_stereo=False)
    assert caught.value.code == "spherical"
    write_spherical(path, is_stereo=False)
    with pytest.raises(RenderError):
        check_spherical(path, is_stereo=True)


@pytest.mark.parametrize("damage", [b"", b"not a video at all", b"\0\0\0\x10moovshort..."])
def test_a_file_that_is_no_video_is_refused(tmp_path, damage):
    path = tmp_path / "v.mp4"
    path.write_bytes(damage)
    with pytest.raises(RenderError):
        write_spherical(path, is_stereo=False)
    assert path.read_bytes() == damage


@pytest.mark.skipif(not shutil.which("ffprobe"), reason="ffprobe is not installed")
def test_ffprobe_sees_the_projection(tmp_path):
    path = make_video(tmp_path / "v.mp4", options={"moov_size": "9000"})
    write_spherical(path, is_stereo=True)
    command = ["ffprobe", "-v", "error", "-show_streams", "-of", "json", str(path)]
    document = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    sides = {data["side_data_type"]: data for data in document["streams"][0]["side_data_list"]}
    assert sides["Spherical Mapping"]["projection"] == "equirectangular"
    assert sides["Stereo 3D"]["type"] == "top and bottom"


def test_offsets_that_no_longer_fit_get_the_wide_table(tmp_path):
    path = sparse_video(tmp_path / "v.mp4", first_chunk=0xFFFFFFF0, media_bytes=64)
    _, before = index_of(path)
    assert table_of(before).kind == b"stco"
    old_size = path.stat().st_size
    write_spherical(path, is_stereo=True)
    moved = path.stat().st_size - old_size
    _, after = index_of(path)
    assert table_of(after).kind == b"co64"
    assert chunk_offsets(table_of(after)) == (0xFFFFFFF0 + moved,)


@pytest.mark.slow
def test_a_file_over_four_gigabytes_is_moved_exactly(tmp_path):
    path = sparse_video(tmp_path / "v.mp4", first_chunk=0, media_bytes=(1 << 32) + 4096)
    with path.open("rb+") as file:
        file.seek(-16, 2)
        file.write(b"the very end....")
    old_size = path.stat().st_size
    write_spherical(path, is_stereo=False)
    check_spherical(path, is_stereo=False)
    moved = path.stat().st_size - old_size
    with path.open("rb") as file:
        file.seek(-16, 2)
        assert file.read() == b"the very end...."
        file.seek(0)
        extents = scan_boxes(file)
    assert [extent.kind for extent in extents] == [b"ftyp", b"moov", b"mdat"]
    assert extents[-1].size == (1 << 32) + 4096 + 16
    assert moved > 0


def sparse_video(path, *, first_chunk, media_bytes):
    """A hand-made MP4, index first, without room behind it; its media is a hole in the file."""
    entry = box(b"avc1", bytes(78) + box(b"avcC", b"\1"))
    table = box(b"stco", struct.pack(">III", 0, 1, first_chunk))
    stbl = box(b"stbl", box(b"stsd", struct.pack(">II", 0, 1) + entry) + table)
    handler = box(b"hdlr", bytes(8) + b"vide" + bytes(12))
    moov = box(b"moov", box(b"trak", box(b"mdia", handler + box(b"minf", stbl))))
    head = box(b"ftyp", b"isom\0\0\2\0") + moov
    with path.open("wb") as file:
        file.write(head + struct.pack(">I4sQ", 1, b"mdat", 16 + media_bytes))
        file.truncate(len(head) + 16 + media_bytes)
    return path


def box(kind, body):
    return struct.pack(">I4s", 8 + len(body), kind) + body


def index_of(path):
    with path.open("rb") as file:
        return read_index(file, scan_boxes(file))


def table_of(moov):
    stbl = next(moov.find_all(b"trak", b"mdia", b"minf", b"stbl"))
    return next(child for child in stbl.children if child.kind in (b"stco", b"co64"))
