"""What needs a graphics card: `make gpu`. Without one every test says so and is skipped."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from av import VideoFrame
from av.video.reformatter import ColorRange, Colorspace

from core.doctor.samples import render_sample
from core.jobs.model import JobStatus, RenderResult
from core.render.context import GlContext, create_context
from core.render.encoder_options import measure_resources
from core.render.encoders import list_encoders, resolve_encoder
from core.render.frames import FrameRenderer
from core.render.shape import shape_of
from core.render.video_file import VideoFileWriter
from tests.core.render.scene_plans import flash_scene, plan_of
from tests.core.render.test_frames import default_plan, song

pytestmark = pytest.mark.gpu


@pytest.fixture(scope="module")
def card() -> Iterator[GlContext]:
    context = create_context()
    if context.is_software:
        context.release()
        pytest.skip(f"no graphics card draws here, but {context.renderer}")
    yield context
    context.release()


def test_the_scene_is_drawn_with_light_and_dark(card):
    pixels = np.empty((540, 960, 4), np.uint8)
    with FrameRenderer(default_plan("960x540"), song(), context=card) as renderer:
        renderer.read_rgba(241, pixels)
    assert pixels[..., :3].mean() > 8
    assert pixels[..., :3].std() > 8


def test_a_frame_is_the_same_alone_and_in_flight(card):
    alone, again = (np.empty(960 * 540 * 3 // 2, np.uint8) for _ in range(2))
    with FrameRenderer(default_plan("960x540"), song(), context=card) as renderer:
        renderer.read_i420(100, alone)
        renderer.begin_i420(99)
        renderer.begin_i420(100)
        renderer.finish_i420(again)
        renderer.finish_i420(again)
    assert np.array_equal(alone, again)


def test_i420_of_the_card_equals_swscale_within_a_level(card):
    rgba = np.empty((540, 960, 4), np.uint8)
    i420 = np.empty(960 * 540 * 3 // 2, np.uint8)
    with FrameRenderer(default_plan("960x540"), song(), context=card) as renderer:
        renderer.read_rgba(241, rgba)
        renderer.read_i420(241, i420)
    expected = VideoFrame.from_ndarray(rgba, format="rgba").reformat(
        format="yuv420p",
        dst_colorspace=Colorspace.ITU709,
        src_color_range=ColorRange.JPEG,
        dst_color_range=ColorRange.MPEG,
        interpolation="AREA",
    )
    assert np.abs(i420.astype(int) - expected.to_ndarray().ravel()).max() <= 1


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_an_encoder_of_the_card_makes_a_video(codec, tmp_path):
    hardware = {
        report.name
        for report in list_encoders(measure_resources())
        if report.is_hardware and report.works
    }
    shape = shape_of(plan_of(flash_scene(), width=1920, height=1080))
    encoder = resolve_encoder(codec, shape, "final", resources=measure_resources())
    if encoder.name not in hardware:
        pytest.skip(f"no {codec} encoder of a graphics card works here ({encoder.name} does)")
    with VideoFileWriter(tmp_path / "v.mp4", encoder, shape) as writer:
        for level in range(30):
            grey = np.full((1080 * 3 // 2, 1920), 60 + level, np.uint8)
            writer.write(VideoFrame.from_ndarray(grey, format="yuv420p"))
        assert writer.finish().n_frames == 30


def test_a_whole_render_uses_the_card(card, tmp_path: Path):
    job = render_sample(tmp_path / "sample.mp4")
    assert job.status is JobStatus.DONE, job.error
    assert isinstance(job.result, RenderResult)
    assert job.result.renderer == card.renderer
    assert job.result.n_frames == 120
