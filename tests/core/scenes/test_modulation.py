from fractions import Fraction

import numpy as np
import pytest

from core.analysis.beatgrid import BeatGrid
from core.analysis.features import FeatureHeader, features_of
from core.errors import SceneError
from core.scenes.lines import NEVER_S
from core.scenes.model import FloatParameter, Modulation, Scene, ShaderLayer
from core.scenes.modulation import build_track, smooth
from tests.core.scenes.tracks import clicks

RATES = [Fraction(24), Fraction(30000, 1001), Fraction(30), Fraction(60)]


def scene_of(*modulations: Modulation) -> Scene:
    gain = FloatParameter(name="gain", label="Gain", default=1.0, max=4.0)
    layer = ShaderLayer(
        name="a", title="A", fragment="", parameters=(gain,), modulations=modulations
    )
    return Scene(name="s", title="S", layers=(layer,))


def features_with(name: str, values: np.ndarray):
    duration_s = (len(values) - 1) / 100
    header = FeatureHeader(n_hops=len(values), duration_s=duration_s, sample_rate_hz=48_000)
    return features_of(header, {name: values})


def step(n: int = 1001, at: int = 100) -> np.ndarray:
    return (np.arange(n) >= at).astype(float)


def test_attack_reaches_1_minus_1_over_e_after_its_time():
    out = smooth(step(), attack_s=0.5, release_s=0.0)
    assert out[99] == 0.0
    assert out[100 + 49] == pytest.approx(1 - np.exp(-1), abs=1e-9)


def test_release_falls_to_1_over_e_after_its_time():
    out = smooth(1.0 - step(), attack_s=0.0, release_s=0.3)
    assert out[99] == 1.0
    assert out[99 + 30] == pytest.approx(np.exp(-1), abs=1e-9)


def test_release_follows_the_sample_by_sample_rule():
    values = np.random.default_rng(1).random(500) ** 4
    expected, value = [], 0.0
    for sample in values:
        value = max(sample, value * np.exp(-0.01 / 0.2))
        expected.append(value)
    assert smooth(values, attack_s=0.0, release_s=0.2) == pytest.approx(expected, abs=1e-9)


def test_smoothing_starts_settled():
    assert smooth(np.full(10, 0.7), attack_s=1.0, release_s=1.0) == pytest.approx(np.full(10, 0.7))


@pytest.mark.parametrize("fps", RATES)
def test_value_at_a_time_does_not_depend_on_the_frame_rate(fps):
    scene = scene_of(Modulation(feature="rms", uniform="x", attack_s=0.2, release_s=0.4))
    track = build_track(scene, {}, features_with("rms", np.linspace(0, 1, 1001)))
    n = int(5 * fps)
    centre_s = float(Fraction(2 * n + 1, 2) / fps)
    assert track.frame(n, fps)["a.x"] == pytest.approx(track.at(centre_s)["a.x"], abs=2e-4)


def test_base_amount_parameter_threshold_and_curve_apply_in_that_order():
    move = Modulation(
        feature="rms",
        uniform="x",
        base=1.0,
        amount=2.0,
        amount_parameter="gain",
        threshold=0.2,
        curve=2.0,
    )
    track = build_track(scene_of(move), {"a.gain": 3.0}, features_with("rms", np.full(101, 0.7)))
    assert track.at(0.5)["a.x"] == pytest.approx(1.0 + 2.0 * 3.0 * 0.5**2)


def test_modulations_of_one_uniform_add_up():
    moves = [Modulation(feature="rms", uniform="x"), Modulation(feature="one", uniform="x", base=1)]
    track = build_track(scene_of(*moves), {}, features_with("rms", np.full(101, 0.25)))
    assert track.at(0.5)["a.x"] == pytest.approx(2.25)


def test_integral_of_a_constant_is_time_and_wraps():
    plain = Modulation(feature="one", uniform="x", amount=2.0, integrate=True)
    wrapped = Modulation(feature="one", uniform="y", amount=2.0, integrate=True, wrap=3.0)
    track = build_track(scene_of(plain, wrapped), {}, features_with("rms", np.zeros(1001)))
    values = track.at(7.0)
    assert values["a.x"] == pytest.approx(14.0, abs=2e-3)
    assert values["a.y"] == pytest.approx(2.0, abs=2e-3)


def test_integrated_motion_never_goes_back_where_the_feature_is_positive():
    rng = np.random.default_rng(2)
    scene = scene_of(Modulation(feature="rms", uniform="x", integrate=True))
    track = build_track(scene, {}, features_with("rms", rng.random(1001)))
    values = [track.frame(n, Fraction(60))["a.x"] for n in range(600)]
    assert np.all(np.diff(values) > 0)


@pytest.mark.parametrize("fps", RATES)
def test_flash_is_first_and_brightest_in_the_frame_that_holds_the_event(fps):
    rng = np.random.default_rng(3)
    for event_s in [*rng.uniform(0.2, 3.5, 50), 1.0, 0.7, float(45 / fps)]:
        scene = scene_of(Modulation(feature="event:onset", uniform="x", release_s=0.1))
        track = build_track(scene, {}, clicks([float(event_s)]))
        held = int(Fraction(event_s).limit_denominator(10**6) * fps)
        values = [track.frame(n, fps)["a.x"] for n in range(held - 2, held + 6)]
        assert values[:2] == [0.0, 0.0]
        assert values[2] == 1.0
        assert np.all(np.diff(values[2:]) < -0.04)


def test_flash_depends_on_strength_and_ignores_what_is_below_the_threshold():
    features = clicks([1.0, 2.0])
    features.events("onset").strengths[:] = (0.5, 0.2)
    move = Modulation(feature="event:onset", uniform="x", threshold=0.3, curve=2.0, release_s=0.05)
    track = build_track(scene_of(move), {}, features)
    assert track.frame(30, Fraction(30))["a.x"] == pytest.approx(0.25)
    assert track.frame(60, Fraction(30))["a.x"] < 1e-3


def test_age_counts_from_the_frame_that_holds_the_event():
    moves = [
        Modulation(feature="age:onset", uniform="x"),
        Modulation(feature="age:onset:2", uniform="y"),
    ]
    track = build_track(scene_of(*moves), {}, clicks([1.01, 2.0]))
    fps = Fraction(30)
    assert track.frame(29, fps) == {"a.x": NEVER_S, "a.y": NEVER_S}
    assert track.frame(30, fps)["a.x"] == pytest.approx(0.5 / 30)
    assert track.frame(60, fps)["a.y"] == pytest.approx(30.5 / 30)


def test_beat_phase_is_read_from_the_grid_without_smearing_its_jump():
    beats = BeatGrid(times_s=tuple(np.arange(0, 10, 0.5).tolist()), duration_s=10.0)
    features = features_with("rms", np.zeros(1001)).with_beats(beats)
    track = build_track(scene_of(Modulation(feature="beat_phase", uniform="x")), {}, features)
    for n in range(0, 200, 7):
        phase = (n + 0.5) / 30 / 0.5 % 1
        assert track.frame(n, Fraction(30))["a.x"] == pytest.approx(phase, abs=1e-3)


def test_unknown_feature_is_a_scene_error_that_names_it():
    for feature in ("bass.envelop", "event:snare", "age:snare"):
        with pytest.raises(SceneError, match=feature):
            build_track(scene_of(Modulation(feature=feature, uniform="x")), {}, clicks([]))


def test_order_of_asking_changes_nothing():
    scene = scene_of(
        Modulation(feature="event:onset", uniform="x"),
        Modulation(feature="one", uniform="y", integrate=True, wrap=1.0),
    )
    track = build_track(scene, {}, clicks([0.5, 1.5, 2.5]))
    forward = [track.frame(n, Fraction(30)) for n in range(90)]
    assert [track.frame(n, Fraction(30)) for n in reversed(range(90))] == forward[::-1]
