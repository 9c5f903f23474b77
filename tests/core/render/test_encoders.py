"""Encoder choice: proven by encoding, bounded by memory, the same bytes every time."""

from fractions import Fraction

import av
import msgspec
import numpy as np
import pytest
from av.video.frame import VideoFrame

from core.documents import from_json, to_json
from core.errors import EncoderError
from core.render.conversion import FrameConverter
from core.render.encoder_options import (
    MAX_ENCODER_BYTES,
    X264_SLOT_BYTES_PER_PIXEL,
    X265_SLOT_BYTES_PER_PIXEL,
    Resources,
    measure_resources,
    target_bit_rate,
    tune_encoder,
)
from core.render.encoders import (
    SOFTWARE,
    candidates,
    list_encoders,
    resolve_encoder,
    still_works,
    try_encoder,
)
from core.render.shape import VideoShape
from core.render.video_file import ResolvedEncoder, VideoFileWriter
from tests.core.render.moving_pattern import MovingPattern

SMALL = VideoShape(width=128, height=96, fps=Fraction(30))
PLENTY = Resources(cores=2, memory_bytes=8 * 1024**3)
RATES = [Fraction(24000, 1001), Fraction(24), Fraction(25), Fraction(30000, 1001), Fraction(60)]


@pytest.mark.parametrize("fps", RATES)
def test_the_clock_of_a_file_is_exact(fps):
    shape = VideoShape(width=64, height=64, fps=fps)
    assert Fraction(shape.frame_ticks, shape.timescale) == 1 / fps
    assert shape.timescale >= 10_000
    assert Fraction(shape.gop_frames) <= fps / 2


@pytest.mark.parametrize("codec", SOFTWARE)
def test_the_software_encoder_is_resolved_with_everything_that_decides_its_bytes(codec):
    encoder = resolve_encoder(codec, SMALL, "final", resources=PLENTY, names=(SOFTWARE[codec],))
    assert encoder.name == SOFTWARE[codec]
    assert encoder.thread_count > 0
    assert encoder.is_verified
    assert not encoder.is_hardware
    assert av.__version__ in encoder.version
    assert "x26" in encoder.version
    assert from_json(to_json(encoder), ResolvedEncoder) == encoder
    assert still_works(encoder, SMALL)


def test_an_encoder_that_does_not_work_here_is_passed_over():
    names = ("h264_not_there", "h264_nor_this", "libx264")
    encoder = resolve_encoder("h264", SMALL, "draft", resources=PLENTY, names=names)
    assert encoder.name == "libx264"


def test_when_none_works_the_error_says_why_and_what_next():
    with pytest.raises(EncoderError, match="128×96") as caught:
        resolve_encoder("h264", SMALL, "draft", resources=PLENTY, names=("h264_not_there",))
    assert "h264_not_there" in caught.value.hint


def test_an_unknown_codec_is_refused():
    with pytest.raises(EncoderError, match="vp9"):
        resolve_encoder("vp9", SMALL, "draft", resources=PLENTY)


def test_a_fixed_encoder_of_another_version_no_longer_counts():
    encoder = resolve_encoder("h264", SMALL, "draft", resources=PLENTY, names=("libx264",))
    assert not still_works(msgspec.structs.replace(encoder, version="older"), SMALL)


def test_an_encoder_that_is_there_but_does_not_open_is_refused():
    encoder = resolve_encoder("h264", SMALL, "draft", resources=PLENTY, names=("libx264",))
    with pytest.raises(EncoderError, match="failed"):
        try_encoder(msgspec.structs.replace(encoder, options={"preset": "no such"}), SMALL)


def test_hardware_comes_first_and_is_marked_unverified():
    for codec in SOFTWARE:
        names = candidates(codec)
        assert names[-1] == SOFTWARE[codec]
        assert all(name.startswith(f"{codec}_") for name in names[:-1])
    reports = {report.name: report for report in list_encoders(PLENTY)}
    assert set(reports) == {*candidates("h264"), *candidates("hevc")}
    for report in reports.values():
        assert report.works is not bool(report.reason)
        assert report.is_verified is (report.name in SOFTWARE.values())
        assert report.is_hardware is not report.is_verified
    assert reports["libx264"].works
    assert reports["libx265"].works


@pytest.mark.parametrize("side", [256, 1920, 4096, 5760, 8192])
@pytest.mark.parametrize("memory_bytes", [1 << 30, 1 << 33, 1 << 37])
@pytest.mark.parametrize("cores", [1, 2, 16, 128])
def test_what_software_encoders_hold_fits_the_memory(side, memory_bytes, cores):
    shape = VideoShape(width=side, height=side, fps=Fraction(30))
    resources = Resources(cores=cores, memory_bytes=memory_bytes)
    budget = min(memory_bytes // 2, MAX_ENCODER_BYTES)
    x264 = tune_encoder("libx264", shape, "final", resources)
    assert 1 <= x264.thread_count <= 16
    assert 0 <= int(x264.options["rc-lookahead"]) <= 30
    held = int(x264.options["rc-lookahead"]) + x264.thread_count + 8
    least = 9 * X264_SLOT_BYTES_PER_PIXEL * shape.n_pixels
    assert held * X264_SLOT_BYTES_PER_PIXEL * shape.n_pixels <= max(budget, least)
    x265 = tune_encoder("libx265", shape, "final", resources)
    params = dict(item.split("=") for item in x265.options["x265-params"].split(":"))
    held = int(params["rc-lookahead"]) + 2 * int(params["frame-threads"]) + 6
    least = 11 * X265_SLOT_BYTES_PER_PIXEL * shape.n_pixels
    assert held * X265_SLOT_BYTES_PER_PIXEL * shape.n_pixels <= max(budget, least)
    assert params["open-gop"] == "0"


def test_this_computer_has_something_to_give():
    resources = measure_resources()
    assert resources.cores >= 1
    assert resources.memory_bytes > 0


@pytest.mark.parametrize(
    "name", ["h264_nvenc", "hevc_qsv", "h264_amf", "hevc_mf", "h264_videotoolbox"]
)
def test_every_hardware_family_has_settings_of_its_own(name):
    draft = tune_encoder(name, SMALL, "draft", PLENTY)
    final = tune_encoder(name, SMALL, "final", PLENTY)
    assert draft != final or draft.bit_rate
    assert final.pixel_format in ("yuv420p", "nv12")


def test_the_bit_rate_follows_size_and_rate():
    full_hd = VideoShape(width=1920, height=1080, fps=Fraction(30))
    assert target_bit_rate(full_hd, draft=False) == pytest.approx(16e6, rel=0.01)
    uhd = VideoShape(width=3840, height=2160, fps=Fraction(60))
    assert target_bit_rate(uhd, draft=False) == pytest.approx(64e6 * 2**0.5, rel=0.01)


@pytest.mark.parametrize("codec", SOFTWARE)
def test_the_same_frames_give_the_same_bytes(tmp_path, codec):
    encoder = resolve_encoder(codec, SMALL, "draft", resources=PLENTY, names=(SOFTWARE[codec],))
    files = [tmp_path / f"{index}.mp4" for index in range(2)]
    for path in files:
        with VideoFileWriter(path, encoder, SMALL) as writer:
            for frame in frames(20):
                writer.write(frame)
            run = writer.finish()
        assert run.n_frames == 20
        assert 0 <= run.reorder_frames <= 2
    assert files[0].read_bytes() == files[1].read_bytes()


def frames(count):
    source = MovingPattern(SMALL.width, SMALL.height)
    converter = FrameConverter("yuv420p")
    pixels = np.empty((SMALL.height, SMALL.width, 4), np.uint8)
    for index in range(count):
        source.read_rgba(index, pixels)
        yield converter.from_rgba(pixels)


COLOURS = {
    "black": (0, 0, 0),
    "white": (255, 255, 255),
    "red": (255, 0, 0),
    "green": (0, 255, 0),
    "blue": (0, 0, 255),
    "grey": (119, 119, 119),
    "skin": (224, 172, 105),
}


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("pixel_format", ["yuv420p", "nv12"])
def test_colours_are_bt709_limited_range_to_one_level(colour, pixel_format):
    pixels = np.empty((16, 32, 4), np.uint8)
    pixels[:] = (*COLOURS[colour], 255)
    frame = FrameConverter(pixel_format).from_rgba(pixels)
    assert frame.format.name == pixel_format
    assert (frame.colorspace, frame.color_primaries, frame.color_trc, frame.color_range) == (
        1,
        1,
        1,
        1,
    )
    red, green, blue = (value / 255 for value in COLOURS[colour])
    y = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    expected = (16 + 219 * y, 128 + 224 * (blue - y) / 1.8556, 128 + 224 * (red - y) / 1.5748)
    assert np.abs(np.array(yuv_of(frame)) - expected).max() <= 1


def test_chroma_is_the_mean_of_its_four_pixels_to_one_level():
    rng = np.random.default_rng(3)
    pixels = rng.integers(0, 256, (64, 96, 4), np.uint8)
    frame = FrameConverter("yuv420p").from_rgba(pixels)
    rgb = pixels[..., :3].astype(float) / 255
    y = rgb @ (0.2126, 0.7152, 0.0722)
    luma, blue, red = (np.frombuffer(plane, np.uint8) for plane in frame.planes)
    assert np.abs(luma.reshape(64, -1)[:, :96] - (16 + 219 * y)).max() <= 1
    for plane, scale, channel in ((blue, 1.8556, 2), (red, 1.5748, 0)):
        difference = 128 + 224 * (rgb[..., channel] - y) / scale
        means = difference.reshape(32, 2, 48, 2).mean(axis=(1, 3))
        assert np.abs(plane.reshape(32, -1)[:, :48] - means).max() <= 1


def yuv_of(frame):
    planes = [np.frombuffer(plane, np.uint8) for plane in frame.planes]
    if frame.format.name == "nv12":
        return int(planes[0][0]), int(planes[1][0]), int(planes[1][1])
    return tuple(int(plane[0]) for plane in planes)


def test_rows_stay_the_right_way_up_and_the_buffer_is_free_at_once():
    pixels = np.zeros((32, 32, 4), np.uint8)
    pixels[:16] = 255
    frame = FrameConverter("yuv420p").from_rgba(pixels)
    pixels[:] = 90
    luma = np.frombuffer(frame.planes[0], np.uint8).reshape(32, -1)
    assert luma[0, 0] > 200
    assert luma[31, 0] < 40


@pytest.mark.parametrize("pixel_format", ["yuv420p", "nv12"])
def test_converted_planes_pass_through_unchanged(pixel_format):
    rng = np.random.default_rng(5)
    planes = rng.integers(16, 236, (48, 32), np.uint8)
    frame = FrameConverter(pixel_format).from_i420(planes)
    back = frame if pixel_format == "yuv420p" else frame.reformat(format="yuv420p")
    np.testing.assert_array_equal(VideoFrame.to_ndarray(back), planes)
    assert frame.colorspace == 1
