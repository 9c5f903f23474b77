from fractions import Fraction

import msgspec
import pytest

from core.documents import from_json, to_json
from core.errors import SceneError, UsageError
from core.jobs.model import PictureParams
from core.render.build import build_plan, frame_range
from core.render.plan import RenderPlan
from core.scenes.model import Cue
from core.units import parse_fps
from tests.core.render.scene_plans import MADE_UP


def plan(duration_s: float = 10.0, cues=(), start_s=Fraction(0), end_s=None, **picture):
    params = PictureParams(**{"scene": "resonance", "format": "320x180", **picture})
    return build_plan(
        picture=params,
        cues=cues,
        audio=MADE_UP,
        features=MADE_UP,
        duration_s=duration_s,
        start_s=start_s,
        end_s=end_s,
    )


@pytest.mark.parametrize("fps", ["24", "29.97", "30", "59.94"])
def test_every_frame_that_starts_before_the_end_is_in(fps):
    rate = parse_fps(fps)
    first, end = frame_range(600.0, rate, Fraction(0), None)
    assert first == 0
    assert (end - 1) / rate < 600 <= end / rate


def test_range_is_exact_where_floats_are_not():
    # 0.7 s at 30 a second is frame 21 exactly; as a float 0.7 * 30 is 20.999...
    assert frame_range(10.0, Fraction(30), Fraction("0.7"), Fraction("0.8")) == (21, 24)
    assert frame_range(10.0, Fraction(30000, 1001), Fraction(1001, 1000), None)[0] == 30


def test_range_beside_another_shares_no_frame_and_leaves_none_out():
    whole = frame_range(10.0, Fraction(30), Fraction(0), None)
    left = frame_range(10.0, Fraction(30), Fraction(0), Fraction(4))
    right = frame_range(10.0, Fraction(30), Fraction(4), None)
    assert (left[0], left[1], right[1]) == (whole[0], right[0], whole[1])


def test_end_past_the_sound_is_its_end():
    assert frame_range(2.0, Fraction(30), Fraction(1), Fraction(99)) == (30, 60)


@pytest.mark.parametrize(("start_s", "end_s"), [(10, None), (11, None), (5, 5), (5, 4), (-1, None)])
def test_range_that_holds_nothing_is_refused(start_s, end_s):
    with pytest.raises(UsageError):
        plan(start_s=Fraction(start_s), end_s=None if end_s is None else Fraction(end_s))


@pytest.mark.parametrize(("fmt", "codec"), [("flat-4k-landscape", "h264"), ("360-mono-6k", "hevc")])
def test_codec_follows_the_format(fmt, codec):
    assert plan(format=fmt).file.codec == codec


@pytest.mark.parametrize("fps", ["24", "29.97", "60"])
def test_segment_lasts_two_to_four_seconds(fps):
    made = plan(fps=parse_fps(fps))
    assert 2 <= made.file.segment_frames / made.picture.fps <= Fraction("4.01")


def test_plan_survives_json_and_keeps_its_hash():
    made = plan(values={"plate.glow": 1.5, "plate.light": (1.0, 0.5, 0.0)})
    again = from_json(to_json(made), RenderPlan)
    assert again.hash() == made.hash()


def test_anything_a_frame_depends_on_changes_the_hash():
    hashes = {plan().hash()}
    changes = [
        {"seed": 2},
        {"quality": "draft"},
        {"fps": Fraction(60)},
        {"format": "322x180"},
        {"values": {"plate.glow": 1.5}},
        {"start_s": Fraction(1)},
    ]
    for change in changes:
        hashes.add(plan(**change).hash())
    assert len(hashes) == len(changes) + 1


def test_cues_replace_the_scene_and_come_in_order():
    cues = (
        Cue(scene="resonance", start_s=4.0, values={"plate.glow": 0.5}, transition_s=1.0),
        Cue(scene="resonance"),
    )
    made = plan(cues=cues, scene="")
    assert [cue.start_s for cue in made.picture.cues] == [0.0, 4.0]
    assert [scene.name for scene in made.picture.scenes] == ["resonance"]


def test_faults_are_found_before_anything_is_drawn():
    with pytest.raises(SceneError):
        plan(scene="nothing")
    with pytest.raises(UsageError):
        plan(values={"plate.nothing": 1.0})
    with pytest.raises(UsageError):
        plan(quality="best")
    with pytest.raises(UsageError):
        plan(format="7x7")


def test_scene_file_is_carried_whole_by_its_own_name(tmp_path):
    (tmp_path / "a.frag").write_text("vec4 shade(Ray ray) { return vec4(1.0); }")
    layer = {"type": "shader", "name": "a", "title": "A", "fragment": "a.frag"}
    file = tmp_path / "mine.scene.json"
    file.write_bytes(msgspec.json.encode({"name": "mine", "title": "Mine", "layers": [layer]}))
    made = plan(scene=str(file))
    assert made.picture.cues[0].scene == "mine"
    assert "vec4(1.0)" in made.picture.scenes[0].layers[0].fragment
    assert str(tmp_path) not in to_json(made).decode()


def test_a_time_after_the_end_is_said_so():
    with pytest.raises(UsageError, match="nothing at 99 s") as caught:
        plan(start_s=Fraction(99))
    assert "10.000 s" in caught.value.hint
