"""Every fault of a recipe has its own sentence, and no document is too wild to be checked."""

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.audio.arrangement import arrange
from core.audio.recipe import (
    Clip,
    Compressor,
    HighPass,
    Lane,
    LoudnessTarget,
    Recipe,
    identity_recipe,
)
from core.audio.recipe_check import RecipeLimits, recipe_faults, require_valid
from core.config import Settings
from core.errors import UsageError
from tests.core.audio.made_assets import ASSETS, WHEN, asset

NAN, INF = float("nan"), float("inf")
F = Fraction
HUGE = Fraction(10**5000 + 1, 10**5000)
"""About 1, in ten thousand digits."""


def voice(**fields) -> Clip:
    return Clip(**{"asset_id": "voice", "name": "Verse", "end_s": F(5), **fields})


def of(*clips: Clip, **fields) -> Recipe:
    return Recipe(clips=clips, **fields)


def effects(*chain) -> Recipe:
    return of(voice(), lanes=(Lane(effects=chain),))


FAULTS = [
    ("empty", None, of()),
    ("newer-version", None, of(voice(), version=2)),
    ("no-version", None, of(voice(), version=0)),
    ("lanes", None, of(voice(), lanes=())),
    ("lanes", None, of(voice(), lanes=(Lane(), Lane()))),
    ("sample-rate", None, of(voice(), sample_rate_hz=7_999)),
    ("sample-rate", None, of(voice(), sample_rate_hz=192_001)),
    ("channels", None, of(voice(), channels=0)),
    ("channels", None, of(voice(), channels=9)),
    ("declick", None, of(voice(), declick_s=F(-1, 1000))),
    ("declick", None, of(voice(), declick_s=F(51, 1000))),
    ("declick", None, of(voice(), declick_s=HUGE / 100)),
    ("loudness", None, of(voice(), loudness=LoudnessTarget(integrated_lufs=NAN))),
    ("loudness", None, of(voice(), loudness=LoudnessTarget(integrated_lufs=1))),
    (
        "true-peak",
        None,
        of(voice(), loudness=LoudnessTarget(integrated_lufs=-14, true_peak_dbtp=-INF)),
    ),
    ("effect", None, effects(HighPass(frequency_hz=NAN))),
    ("effect", None, effects(HighPass(frequency_hz=19))),
    ("effect", None, effects(HighPass(slope_db=18))),
    ("effect", None, effects(Compressor(ratio=0.9))),
    ("effect", None, effects(Compressor(attack_s=0))),
    ("effect", None, effects(Compressor(makeup_db=INF))),
    ("effects", None, effects(*[HighPass()] * 17)),
    ("no-source", 0, of(Clip(asset_id="gone"))),
    ("source-in-trash", 0, of(Clip(asset_id="trashed"))),
    ("source-missing", 0, of(Clip(asset_id="missing"))),
    ("no-lane", 0, of(voice(lane=1))),
    ("no-lane", 0, of(voice(lane=-1))),
    ("gain", 0, of(voice(gain=4.001))),
    ("gain", 0, of(voice(gain=-0.001))),
    ("gain", 0, of(voice(gain=NAN))),
    ("in-negative", 0, of(voice(start_s=F(-1)))),
    ("in-after-out", 0, of(voice(start_s=F(5)))),
    ("in-after-out", 0, of(voice(start_s=F(6)))),
    ("in-after-end", 0, of(voice(start_s=F(10), end_s=None))),
    ("out-after-end", 0, of(voice(end_s=F(11)))),
    ("clip-too-short", 0, of(voice(end_s=F(99, 1000)))),
    ("fade", 0, of(voice(fade_in_s=F(-1)))),
    ("fade", 0, of(voice(fade_out_s=F(-1)))),
    ("fades-too-long", 0, of(voice(fade_in_s=F(3), fade_out_s=F(201, 100)))),
    ("fades-too-long", 1, of(voice(), voice(gap_s=F(-3), fade_out_s=F(201, 100)))),
    ("fades-too-long", 0, of(voice(fade_in_s=F(3)), voice(gap_s=F(-201, 100)))),
    ("gap", 0, of(voice(gap_s=F(-1, 48_000)))),
    ("overlap", 1, of(voice(), voice(gap_s=F(-501, 100)))),
    ("overlap", 1, of(voice(end_s=F(2)), voice(gap_s=F(-3)))),
    ("three-at-once", 2, of(voice(), voice(gap_s=F(-3)), voice(gap_s=F(-201, 100)))),
    ("time", 0, of(voice(gap_s=F(10**7 + 1)))),
    ("time", 0, of(voice(start_s=HUGE))),
    ("time", 0, of(voice(end_s=HUGE))),
    ("time", 0, of(voice(gap_s=-HUGE))),
    ("time", 0, of(voice(fade_in_s=HUGE))),
    ("time", 0, of(voice(fade_out_s=F(10**9000)))),
]
LIBRARY = {
    **ASSETS,
    "trashed": asset("trashed", 3.0, trashed_at=WHEN),
    "missing": asset("missing", 3.0, missing=True),
}


@pytest.mark.parametrize(("code", "clip", "recipe"), FAULTS)
def test_each_fault_is_said_in_one_sentence_that_names_the_clip(code, clip, recipe):
    faults = recipe_faults(recipe, LIBRARY)
    assert [fault.code for fault in faults] == [code]
    (fault,) = faults
    assert fault.clip == clip
    assert fault.sentence.endswith(".")
    assert fault.hint.endswith(".")
    assert len(fault.sentence) < 160
    if clip is not None and code not in {"no-source", "source-in-trash", "source-missing"}:
        assert fault.sentence.startswith(f"Clip {clip + 1} “Verse”: ")
    with pytest.raises(UsageError) as caught:
        require_valid(recipe, LIBRARY)
    assert caught.value.message == fault.sentence
    assert caught.value.hint == fault.hint


GOOD = [
    identity_recipe("music"),
    of(voice(gain=0), voice(gain=4, muted=True)),
    of(voice(end_s=F(1, 10))),
    of(voice(fade_in_s=F(2), fade_out_s=F(3))),
    of(voice(), voice(gap_s=F(-5)), voice()),
    of(voice(), voice(gap_s=F(-2)), voice(gap_s=F(-3))),
    # Fades that a crossfade replaces need not fit.
    of(voice(fade_out_s=F(5)), voice(gap_s=F(-4), fade_in_s=F(5))),
    # Written by a program with rounded seconds: half a sample more than the sound.
    of(Clip(asset_id="music", end_s=F(8) + F(1, 100_000))),
    of(Clip(asset_id="music", start_s=F(1, 3), end_s=F(1, 3) + F(1, 10))),
    of(Clip(asset_id="music", start_s=F(1, 3), end_s=F(2), fade_in_s=F(5, 3))),
    effects(HighPass(slope_db=24), Compressor()),
    of(voice(), loudness=LoudnessTarget(integrated_lufs=-14)),
]


@pytest.mark.parametrize("recipe", GOOD)
def test_what_can_be_mixed_has_no_fault(recipe):
    assert recipe_faults(recipe, LIBRARY) == ()
    require_valid(recipe, LIBRARY)


def test_all_faults_are_counted_and_the_first_is_said():
    recipe = of(voice(gain=9), voice(), voice(lane=3, end_s=F(11)), channels=0)
    assert [(fault.clip, fault.code) for fault in recipe_faults(recipe, ASSETS)] == [
        (None, "channels"),
        (0, "gain"),
        (2, "no-lane"),
        (2, "out-after-end"),
    ]
    with pytest.raises(UsageError, match=r"out of range\. \(3 more faults\.\)$"):
        require_valid(recipe, ASSETS)


def test_the_limits_are_settings():
    recipe = of(*[voice()] * 3)
    limits = RecipeLimits.of(Settings(max_clips=2))
    assert [fault.code for fault in recipe_faults(recipe, ASSETS, limits)] == ["too-many-clips"]
    limits = RecipeLimits.of(Settings(max_mix_s=14.9))
    assert [fault.code for fault in recipe_faults(recipe, ASSETS, limits)] == ["too-long"]
    assert recipe_faults(recipe, ASSETS, RecipeLimits(max_clips=3, max_mix_s=15)) == ()


def test_a_long_name_does_not_make_a_long_sentence():
    (fault,) = recipe_faults(of(voice(name="x" * 10_000, gain=9)), ASSETS)
    assert len(fault.sentence) < 160


TIMES = st.fractions(-1, 6, max_denominator=1000) | st.sampled_from([HUGE, F(-1), F(0), F(10**9)])
NUMBERS = st.floats() | st.sampled_from([0.0, 1.0, 4.0])


@settings(max_examples=300, deadline=None)
@given(
    clips=st.lists(
        st.builds(
            Clip,
            asset_id=st.sampled_from(["voice", "music", "jingle", "jingle", "gone"]),
            lane=st.sampled_from([0, 0, 0, 7]),
            start_s=TIMES,
            end_s=st.none() | TIMES,
            gap_s=TIMES,
            gain=NUMBERS,
            fade_in_s=TIMES,
            fade_out_s=TIMES,
        ),
        max_size=4,
    ),
    rate=st.sampled_from([48_000, 44_100, 0]),
)
def test_whatever_has_no_fault_can_be_arranged(clips, rate):
    recipe = of(*clips, sample_rate_hz=rate)
    if recipe_faults(recipe, ASSETS):
        return
    placed = arrange(recipe, ASSETS).clips
    for before, after in pairwise(placed):
        assert before.start <= after.start
        assert before.stop <= after.stop
    for clip in placed:
        assert clip.fade_in <= clip.n_samples
        assert clip.fade_out <= clip.n_samples
