import hashlib
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import msgspec
import numpy as np
import pytest
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace

from core.errors import RenderError, SceneError
from core.jobs.model import PictureParams
from core.render.build import build_plan
from core.render.formats import OutputFormat, Projection
from core.render.frames import FrameRenderer
from core.scenes.model import BoolParameter, ColorParameter, Cue, FloatParameter
from tests.core.render.scene_plans import MADE_UP, draw, flash_scene, layer_of, plan_of, scene_of
from tests.core.scenes.tracks import clicks, silence, song

ROOT = Path(__file__).parents[3]
WHITE = "vec4 shade(Ray ray) { return vec4(vec3(100.0), 1.0); }"
BLACK = "vec4 shade(Ray ray) { return vec4(vec3(0.0), 1.0); }"
TEXTURED = (
    "vec4 shade(Ray ray) {"
    "  uint h = pcg(ivec3(floor(ray.dir * 90.0)));"
    "  return vec4(unit(h), unit(pcg(h)), 0.5 + 0.5 * sin(u_time), 1.0);"
    "}"
)


def default_plan(size: str = "96x54", **picture):
    params = PictureParams(scene="resonance", format=size, **picture)
    return build_plan(picture=params, audio=MADE_UP, features=MADE_UP, duration_s=14.0)


def test_rows_run_from_the_top_and_columns_from_the_left():
    scene = scene_of(
        "vec4 shade(Ray ray) {"
        " return vec4(step(0.0, ray.screen.x), step(0.0, ray.screen.y), 0.0, 1.0) * 100.0; }"
    )
    with FrameRenderer(plan_of(scene), silence()) as renderer:
        out = draw(renderer, 0)
    assert out[0, 0, 1] > 250
    assert out[0, 0, 0] < 5
    assert out[-1, -1, 0] > 250
    assert out[-1, -1, 1] < 5
    assert (out[..., 3] == 255).all()


@pytest.mark.parametrize("fps", [Fraction(24), Fraction(30000, 1001), Fraction(30), Fraction(60)])
@pytest.mark.parametrize("event_s", [1.0, 1.0165, 2.31])
def test_click_flashes_first_and_brightest_on_the_frame_that_holds_it(fps, event_s):
    held = int(Fraction(event_s).limit_denominator(10**6) * fps)
    with FrameRenderer(plan_of(flash_scene(), fps=fps), clicks([event_s])) as renderer:
        means = [draw(renderer, n)[..., :3].mean() for n in range(held - 2, held + 4)]
    assert means[1] == means[0]
    assert means[2] > means[1] + 50
    assert means[2] > means[3] + 3 > means[4] + 3


@pytest.mark.parametrize("fps", [Fraction(24), Fraction(30000, 1001), Fraction(60)])
def test_default_scene_flashes_on_the_frame_that_holds_a_click(fps):
    event_s = 2.3
    held = int(Fraction("2.3") * fps)
    with FrameRenderer(default_plan(fps=fps), clicks([event_s], duration_s=14.0)) as renderer:
        means = [draw(renderer, n)[..., :3].mean() for n in range(held - 3, held + 4)]
    before, flash, after = means[:3], means[3], means[4:]
    assert max(before) - min(before) < 0.5
    assert flash > max(before) + 8
    assert flash > max(after) + 1


def test_frame_depends_on_its_index_alone_in_any_order():
    with FrameRenderer(default_plan(), song()) as renderer:
        forward = [draw(renderer, n).tobytes() for n in range(117, 124)]
        backward = [draw(renderer, n).tobytes() for n in reversed(range(117, 124))]
    assert forward == backward[::-1]
    assert len(set(forward)) == len(forward)


def test_frames_are_bit_identical_in_two_processes():
    source = (
        "import hashlib\n"
        "from core.render.frames import FrameRenderer\n"
        "from tests.core.render.scene_plans import draw\n"
        "from tests.core.render.test_frames import default_plan\n"
        "from tests.core.scenes.tracks import song\n"
        "with FrameRenderer(default_plan(), song()) as renderer:\n"
        "    print(hashlib.sha256(draw(renderer, 240)).hexdigest())\n"
    )
    command = [sys.executable, "-c", source]
    there = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    with FrameRenderer(default_plan(), song()) as renderer:
        assert hashlib.sha256(draw(renderer, 240)).hexdigest() == there.strip()


@pytest.mark.parametrize("projection", list(Projection))
def test_tiled_frame_equals_the_untiled_one(projection, monkeypatch):
    side = {"width": 256, "height": 512, "projection": projection}
    plan = plan_of(scene_of(TEXTURED), **side)
    with FrameRenderer(plan, silence()) as renderer:
        whole = draw(renderer, 5)
    monkeypatch.setattr("core.render.tiles._FIRST_PIXELS", 256 * 64)
    monkeypatch.setattr("core.render.tiles.TARGET_S", 0.0)
    heard = []
    with FrameRenderer(plan, silence(), on_tile=lambda *now: heard.append(now)) as renderer:
        assert np.array_equal(draw(renderer, 5), whole)
    assert heard == [(done, 8) for done in range(1, 9)]


def test_what_on_tile_raises_ends_the_frame_and_the_next_is_whole():
    class StopError(Exception):
        pass

    def stop(done: int, total: int) -> None:
        raise StopError

    with FrameRenderer(plan_of(scene_of(TEXTURED)), silence()) as renderer:
        whole = draw(renderer, 3)
        renderer.on_tile = stop
        with pytest.raises(StopError):
            draw(renderer, 4)
        renderer.on_tile = None
        assert np.array_equal(draw(renderer, 3), whole)


def test_i420_equals_swscale_within_a_level():
    plan = default_plan("128x66")  # a height that 4 does not divide: V starts within a row
    rgba = np.empty((66, 128, 4), np.uint8)
    i420 = np.empty(66 * 128 * 3 // 2, np.uint8)
    with FrameRenderer(plan, song()) as renderer:
        renderer.read_rgba(241, rgba)
        renderer.read_i420(241, i420)
    expected = VideoFrame.from_ndarray(rgba, format="rgba").reformat(
        format="yuv420p",
        dst_colorspace=Colorspace.ITU709,
        src_color_range=ColorRange.JPEG,
        dst_color_range=ColorRange.MPEG,
        interpolation="AREA",
    )
    difference = i420.astype(int) - expected.to_ndarray().ravel()
    assert np.abs(difference).max() <= 1


@pytest.mark.parametrize("kind", ["rgba", "i420"])
def test_two_frames_may_be_on_their_way_and_come_back_in_order(kind):
    shape = (32, 64, 4) if kind == "rgba" else (32 * 3 // 2, 64)
    alone, first, second = (np.empty(shape, np.uint8) for _ in range(3))
    with FrameRenderer(plan_of(flash_scene()), clicks([1.0])) as renderer:
        begin, finish = getattr(renderer, f"begin_{kind}"), getattr(renderer, f"finish_{kind}")
        getattr(renderer, f"read_{kind}")(30, alone)
        begin(30)
        begin(29)
        with pytest.raises(RenderError):
            begin(31)
        finish(first)
        finish(second)
        with pytest.raises(RenderError):
            finish(first)
    assert np.array_equal(first, alone)
    assert first[:32].mean() > second[:32].mean() + 50


def test_cut_shows_the_new_cue_on_the_frame_that_holds_it():
    one, two = scene_of(BLACK, name="one"), scene_of(WHITE, name="two")
    cues = [Cue(scene="one"), Cue(scene="two", start_s=1.01)]
    with FrameRenderer(plan_of(one, two, cues=cues), silence()) as renderer:
        assert draw(renderer, 29)[..., :3].mean() < 3
        assert draw(renderer, 30)[..., :3].mean() > 250


def test_cross_fade_goes_evenly_from_one_cue_to_the_next():
    one = scene_of(BLACK, name="one")
    two = scene_of("vec4 shade(Ray ray) { return vec4(vec3(0.6), 1.0); }", name="two")
    cues = [Cue(scene="one"), Cue(scene="two", start_s=1.0, transition_s=0.5)]
    with FrameRenderer(plan_of(one, two, cues=cues), silence()) as renderer:
        means = [draw(renderer, n)[..., :3].mean() for n in (29, 30, 33, 37, 41, 44, 45)]
        direct = FrameRenderer(plan_of(two), silence(), context=renderer.context)
        with direct:
            alone = draw(direct, 45)[..., :3].mean()
    assert np.all(np.diff(means) >= 0)
    assert means[0] < 3
    assert means[1] < 30
    assert means[-1] == alone


def test_layers_blend_in_linear_light():
    half = "vec4 shade(Ray ray) { return vec4(vec3(0.4), %s); }"
    expected = {"normal": 0.2, "add": 0.3, "screen": 0.28}
    with FrameRenderer(plan_of(scene_of(BLACK)), silence()) as first:
        for blend, light in expected.items():
            layers = scene_of(
                layer_of("vec4 shade(Ray ray) { return vec4(vec3(0.1), 1.0); }", name="low"),
                layer_of(half % "1.0", name="top", blend=blend, opacity=0.5),
                name=blend,
            )
            if blend == "normal":
                light = 0.5 * 0.1 + 0.5 * 0.4
            flat = scene_of(f"vec4 shade(Ray ray) {{ return vec4(vec3({light}), 1.0); }}")
            with FrameRenderer(plan_of(layers), silence(), context=first.context) as renderer:
                got = draw(renderer, 0).astype(int)
            with FrameRenderer(plan_of(flat), silence(), context=first.context) as renderer:
                want = draw(renderer, 0).astype(int)
            assert np.abs(got - want).max() <= 1, blend


def test_parameters_of_every_type_reach_the_shader():
    layer = layer_of(
        "vec4 shade(Ray ray) { return vec4(on ? ink * gain : vec3(0.0), 1.0); }",
        parameters=(
            FloatParameter(name="gain", label="", default=0.0, max=100.0),
            ColorParameter(name="ink", label="", default=(1.0, 0.0, 1.0)),
            BoolParameter(name="on", label="", default=False),
        ),
    )
    scene = scene_of(layer)
    cue = Cue(scene="test", values={"a.gain": 100.0, "a.on": True})
    with FrameRenderer(plan_of(scene, cues=[cue]), silence()) as renderer:
        pixel = draw(renderer, 0)[9, 9]
    assert pixel[0] > 250
    assert pixel[1] < 3
    assert pixel[2] > 250


def test_preview_size_replaces_the_formats():
    with FrameRenderer(default_plan("192x108"), silence(14.0), size=(48, 26)) as renderer:
        assert draw(renderer, 0).shape == (26, 48, 4)


def test_draft_and_final_are_both_drawn_and_differ():
    pictures = []
    for quality in ("draft", "final"):
        with FrameRenderer(default_plan(quality=quality), song()) as renderer:
            pictures.append(draw(renderer, 240))
    assert not np.array_equal(*pictures)


def test_shader_fault_is_told_by_scene_layer_and_line():
    plan = plan_of(scene_of("\n\nvec4 shade(Ray ray) { return missing; }"))
    with pytest.raises(SceneError, match=r"“a” of scene “test” .*line 3"):
        FrameRenderer(plan, silence())


def test_size_beyond_the_hardware_is_refused():
    with pytest.raises(RenderError, match="65536"):
        FrameRenderer(plan_of(scene_of(BLACK), width=65536, height=16), silence())


def test_quiet_is_dark_but_never_black_and_a_loud_part_is_brighter():
    with FrameRenderer(default_plan("192x108"), song()) as renderer:
        quiet, loud = (draw(renderer, n)[..., :3].astype(float) for n in (60, 285))
        with FrameRenderer(default_plan(), silence(14.0), context=renderer.context) as mute:
            silent = draw(mute, 60)[..., :3]
    assert 8 < silent.mean() < quiet.mean() + 5 < 80
    assert loud.mean() > 1.4 * quiet.mean()
    assert np.isfinite(loud).all()
    for block in np.split(quiet, 6, axis=1):
        assert block.mean() > 6


def test_default_scene_has_no_seam_and_quiet_poles_in_360():
    plan = default_plan("256x128")
    fmt = OutputFormat(name="e", title="e", width=256, height=128, projection=Projection.EQUIRECT)
    plan = msgspec.structs.replace(plan, picture=msgspec.structs.replace(plan.picture, format=fmt))
    with FrameRenderer(plan, song()) as renderer:
        out = draw(renderer, 255)[..., :3].astype(float)
    across = np.abs(out[:, 0] - out[:, -1]).mean()
    beside = np.abs(np.diff(out, axis=1)).mean(axis=(0, 2)).max()
    assert across <= beside
    for pole in (out[0], out[-1]):
        assert pole.std(axis=0).max() < 12
