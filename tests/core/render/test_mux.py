"""The finished file: sound in sync to the sample, index first, nothing from a clock, checked."""

import json
import shutil
import subprocess
from fractions import Fraction

import av
import msgspec
import numpy as np
import pytest

from core.errors import EncoderError, JobAborted, RenderError
from core.render.boxes import scan_boxes
from core.render.inspection import check_video
from core.render.mux import write_video
from core.render.soundtrack import soundtrack_of
from core.render.spherical import write_spherical
from core.render.thumbnail import write_thumbnail
from tests.core.render.moving_pattern import ArraySound, clicks, plan_of
from tests.core.render.test_join import make_segments

TAGS = {"title": "Größe & <Maß>", "artist": ""}


def make_video(tmp_path, plan, sound, *, tags=TAGS, on_progress=lambda _: None):
    video = make_segments(
        tmp_path / "segments",
        codec=plan.file.codec,
        fps=plan.picture.fps,
        first=plan.first_frame,
        end=plan.end_frame,
        size=plan.file.segment_frames,
    )
    track = soundtrack_of(plan, sound)
    path = tmp_path / "video.mp4"
    write_video(path, video, track, tags=tags, on_progress=on_progress)
    return path, track


def heard(path):
    """Decoded sound, float32 (channels, n), as a player plays it: edit list applied."""
    with av.open(str(path)) as container:
        return np.concatenate([frame.to_ndarray() for frame in container.decode(audio=0)], axis=1)


def onsets(samples):
    loud = np.flatnonzero(np.abs(samples[0]) > 0.3)
    return loud[np.flatnonzero(np.diff(loud, prepend=-1000) > 480)]


@pytest.mark.parametrize("fps", [Fraction(30), Fraction(30000, 1001), Fraction(25)])
@pytest.mark.parametrize("first", [0, 11])
def test_a_click_is_heard_where_it_is_and_the_sound_is_as_long_as_the_picture(tmp_path, fps, first):
    plan = plan_of(fps=fps, first=first, end=first + 47, segment_frames=20)
    start = round(first / fps * 48_000)
    times = [(start + at) / 48_000 for at in (480, 24_000, 48_000, 70_000)]
    path, track = make_video(tmp_path, plan, clicks(times, 3))
    n_samples = round(47 / fps * 48_000)
    assert track.stop - track.start == n_samples
    samples = heard(path)
    assert samples.shape == (2, n_samples)
    assert np.abs(onsets(samples) - [480, 24_000, 48_000, 70_000]).max() <= 1
    check_video(path, plan, n_samples=n_samples)


def test_sound_that_ends_before_the_last_frame_is_filled_with_silence(tmp_path):
    plan = plan_of(end=40)
    sound = ArraySound(np.full((2, 60_001), 0.25, np.float32))
    path, track = make_video(tmp_path, plan, sound)
    samples = heard(path)
    assert samples.shape[1] == track.stop - track.start == 64_000
    assert np.abs(samples[:, 62_000:]).max() < 0.02


@pytest.mark.parametrize(("channels", "rate"), [(1, 48_000), (2, 44_100), (6, 48_000), (2, 96_000)])
def test_other_rates_and_channels_stay_in_sync(tmp_path, channels, rate):
    samples = np.zeros((channels, rate * 2), np.float32)
    samples[0, rate // 2 : rate // 2 + 48] = 0.9
    plan = plan_of(fps=Fraction(30000, 1001), end=40)
    path, track = make_video(tmp_path, plan, ArraySound(samples, rate))
    decoded = heard(path)
    assert decoded.shape == (channels, track.stop - track.start)
    assert abs(np.flatnonzero(np.abs(decoded[0]) > 0.3)[0] - rate // 2) <= 1
    check_video(path, plan, n_samples=decoded.shape[1])


def test_a_rate_that_aac_does_not_have_is_refused(tmp_path):
    with pytest.raises(EncoderError, match="50000 Hz") as caught:
        make_video(tmp_path, plan_of(), ArraySound(np.zeros((2, 50_000)), 50_000))
    assert "48 kHz" in caught.value.hint


def test_the_index_is_first_and_the_room_for_it_is_used_well(tmp_path):
    path, _ = make_video(tmp_path, plan_of(end=60), clicks([0.5], 2))
    with path.open("rb") as file:
        extents = scan_boxes(file)
    assert [extent.kind for extent in extents] == [b"ftyp", b"moov", b"free", b"free", b"mdat"]
    assert extents[2].size < 40_000


def test_the_file_is_the_same_at_any_time_and_has_its_tags(tmp_path):
    plan, sound = plan_of(), clicks([0.5], 1)
    first, _ = make_video(tmp_path / "a", plan, sound)
    second, _ = make_video(tmp_path / "b", plan, sound)
    assert first.read_bytes() == second.read_bytes()
    with av.open(str(first)) as container:
        assert container.metadata["title"] == "Größe & <Maß>"
        assert "artist" not in container.metadata
        assert "creation_time" not in container.metadata


def test_a_stop_half_way_ends_the_work(tmp_path):
    def stop(fraction):
        if fraction > 0.3:
            raise JobAborted

    with pytest.raises(JobAborted):
        make_video(tmp_path, plan_of(end=200, segment_frames=100), clicks([], 7), on_progress=stop)


@pytest.mark.skipif(not shutil.which("ffprobe"), reason="ffprobe is not installed")
def test_ffprobe_sees_what_was_asked_for(tmp_path):
    plan = plan_of(fps=Fraction(30000, 1001), end=45)
    path, _ = make_video(tmp_path, plan, clicks([0.5], 2))
    command = ["ffprobe", "-v", "error", "-show_streams", "-of", "json", str(path)]
    document = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    picture, sound = document["streams"]
    assert picture["codec_name"] == "h264"
    assert picture["profile"] == "High"
    assert picture["r_frame_rate"] == picture["avg_frame_rate"] == "30000/1001"
    assert picture["duration_ts"] == 45 * 1001
    assert picture["time_base"] == "1/30000"
    assert picture["pix_fmt"] == "yuv420p"
    tags = ("color_range", "color_space", "color_transfer", "color_primaries")
    assert [picture[tag] for tag in tags] == ["tv", "bt709", "bt709", "bt709"]
    assert picture["chroma_location"] == "center"
    assert sound["codec_name"] == "aac"
    assert float(picture["start_time"]) == float(sound["start_time"]) == 0
    assert abs(float(sound["duration"]) - float(picture["duration"])) < 1e-5


def test_the_check_names_what_is_wrong(tmp_path):
    plan = plan_of()
    path, track = make_video(tmp_path, plan, clicks([0.5], 1))
    n_samples = track.stop - track.start
    check_video(path, plan, n_samples=n_samples)
    wrong = {
        "frames": plan_of(end=26),
        "192×96": plan_of("192x98"),
        "frames a second": plan_of(fps=Fraction(25)),
        "marked avc1": plan_of(codec="hevc"),
    }
    for words, other in wrong.items():
        with pytest.raises(RenderError, match=words):
            check_video(path, other, n_samples=n_samples)
    with pytest.raises(RenderError, match="sound has another length"):
        check_video(path, plan, n_samples=n_samples + 1)


def test_the_check_wants_360_metadata_for_360_formats(tmp_path):
    plan = plan_of()
    path, track = make_video(tmp_path, plan, clicks([0.5], 1))
    stereo = msgspec.structs.replace(plan.picture.format, projection="equirect_stereo")
    picture = msgspec.structs.replace(
        plan.picture, format=msgspec.convert(msgspec.to_builtins(stereo), type(stereo))
    )
    plan = msgspec.structs.replace(plan, picture=picture)
    n_samples = track.stop - track.start
    with pytest.raises(RenderError, match="360°"):
        check_video(path, plan, n_samples=n_samples)
    write_spherical(path, is_stereo=True)
    check_video(path, plan, n_samples=n_samples)


@pytest.mark.parametrize("cut", [100, 3000])
def test_a_cut_file_fails_its_check(tmp_path, cut):
    plan = plan_of()
    path, track = make_video(tmp_path, plan, clicks([0.5], 1))
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(RenderError):
        check_video(path, plan, n_samples=track.stop - track.start)


def test_the_thumbnail_is_small_and_shows_the_picture(tmp_path):
    from PIL import Image

    path, _ = make_video(tmp_path, plan_of(), clicks([0.5], 1))
    write_thumbnail(path, tmp_path / "t.png")
    with Image.open(tmp_path / "t.png") as image:
        assert image.size == (480, 240)
        assert np.asarray(image).std() > 20
    write_thumbnail(path, tmp_path / "left.png", is_stereo=True)
    with Image.open(tmp_path / "left.png") as image:
        assert image.size == (480, 120)


@pytest.mark.slow
def test_ten_minutes_at_29_97_end_in_sync(tmp_path):
    check_sync_over(tmp_path, minutes=10)


def test_twenty_seconds_at_29_97_end_in_sync(tmp_path):
    check_sync_over(tmp_path, minutes=Fraction(1, 3))


def check_sync_over(tmp_path, minutes):
    fps = Fraction(30000, 1001)
    n_frames = int(60 * minutes * fps)
    n_samples = round(n_frames / fps * 48_000)
    last_click = n_samples - 10_000
    plan = plan_of(fps=fps, end=n_frames, segment_frames=120)
    path, _ = make_video(tmp_path, plan, clicks([last_click / 48_000], n_samples / 48_000))
    samples = heard(path)
    assert samples.shape[1] == n_samples
    assert abs(onsets(samples)[0] - last_click) <= 1
    check_video(path, plan, n_samples=n_samples)
