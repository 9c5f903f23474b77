"""What each edit does: places, sources, fades, markers, and what it leaves alone."""

from fractions import Fraction
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from core.audio import edit
from core.audio.arrangement import arrange
from core.audio.mix import mix_blocks
from core.audio.recipe import (
    Clip,
    Compressor,
    FadeShape,
    HighPass,
    LoudnessTarget,
    Marker,
    Recipe,
)
from core.audio.silence import Stretch
from core.errors import KnownError, NotFoundError, UsageError
from core.paths import LibraryPaths
from tests import media
from tests.core.audio.made_assets import ASSETS

F = Fraction


def voice(start: object, end: object, **fields) -> Clip:
    return Clip(asset_id="voice", start_s=F(start), end_s=F(end), **fields)


def row(*clips: Clip) -> Recipe:
    return Recipe(clips=clips)


def places(recipe: Recipe) -> list[tuple[float, float]]:
    """Return (start, stop) of every clip in seconds of the mix."""
    rate = recipe.sample_rate_hz
    return [(c.start / rate, c.stop / rate) for c in arrange(recipe, ASSETS).clips]


def sources(recipe: Recipe) -> list[tuple[str, float, float]]:
    return [
        (c.clip.asset_id, c.source.start / rate, c.source.stop / rate)
        for c in arrange(recipe, ASSETS).clips
        for rate in [ASSETS[c.clip.asset_id].pcm.sample_rate_hz]
    ]


THREE = row(voice(0, 4), voice(5, 8, gap_s=F(1)), voice(2, 4, gap_s=F(2)))
"""0-4, 5-8, 10-12."""
CROSSED = row(voice(0, 4), voice(5, 8, gap_s=F(-1)), voice(2, 4))
"""0-4, 3-6, 6-8."""


# --- cutting --------------------------------------------------------------------------------


@st.composite
def edited(draw) -> Recipe:
    """A recipe with gaps, crossfades, fades and foreign rates, made by edits."""
    clips = []
    for _ in range(draw(st.integers(1, 4))):
        name = draw(st.sampled_from(sorted(ASSETS)))
        rate = ASSETS[name].pcm.sample_rate_hz
        n = ASSETS[name].pcm.n_samples
        start = draw(st.integers(0, n - rate))
        stop = draw(st.none() | st.integers(start + rate // 2, n))
        gap = F(draw(st.sampled_from([0, 0, 700, -200])), 1000) if clips else F(0)
        fades = [F(draw(st.sampled_from([0, 0, 60])), 1000) for _ in range(2)]
        clips.append(
            Clip(
                asset_id=name,
                name=draw(st.sampled_from(["", "Verse"])),
                start_s=F(start, rate),
                end_s=None if stop is None else F(stop, rate),
                gap_s=gap,
                gain=draw(st.sampled_from([1.0, 0.5])),
                fade_in_s=fades[0],
                fade_out_s=fades[1],
                fade_out_shape=draw(st.sampled_from(FadeShape)),
            )
        )
    return Recipe(clips=tuple(clips), sample_rate_hz=draw(st.sampled_from([48_000, 44_100])))


def clear_of_fades(recipe: Recipe, at_s: Fraction) -> bool:
    at = round(at_s * recipe.sample_rate_hz)
    sounding = [c for c in arrange(recipe, ASSETS).clips if c.start < at < c.stop]
    return all(c.start + c.fade_in < at - 2 and at + 2 < c.stop - c.fade_out for c in sounding)


@settings(max_examples=150, deadline=None)
@given(recipe=edited(), at=st.fractions(0, 30, max_denominator=44_100))
def test_split_then_join_is_the_identity(recipe, at):
    try:
        split = edit.split_at(recipe, ASSETS, at)
    except UsageError:
        return
    assume(clear_of_fades(recipe, at))
    (right,) = split.selection
    assert len(split.recipe.clips) == len(recipe.clips) + 1
    joined = edit.join(split.recipe, ASSETS, (right - 1, right))
    assert joined.recipe == recipe
    assert joined.selection == (right - 1,)
    old, new = arrange(recipe, ASSETS), arrange(split.recipe, ASSETS)
    assert new.n_samples == old.n_samples
    assert new.clips[right].continues
    assert [c.start for c in new.clips[right + 1 :]] == [c.start for c in old.clips[right:]]


@pytest.fixture(scope="module")
def cached(tmp_path_factory) -> LibraryPaths:
    paths = LibraryPaths(tmp_path_factory.mktemp("edits"))
    for name, asset in ASSETS.items():
        info = asset.pcm
        sound = media.noise(
            info.n_samples / info.sample_rate_hz, sample_rate_hz=info.sample_rate_hz, seed=len(name)
        )
        path: Path = paths.pcm(info.key)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(np.ascontiguousarray(sound.T).tobytes())
    return paths


@settings(max_examples=12, deadline=None)
@given(recipe=edited(), at=st.fractions(0, 12, max_denominator=44_100))
def test_a_split_changes_no_sample_of_the_mix(cached, recipe, at):
    try:
        split = edit.split_at(recipe, ASSETS, at)
    except UsageError:
        return
    assume(clear_of_fades(recipe, at))
    before, after = (
        np.concatenate(list(mix_blocks(value, ASSETS, cached)), axis=1)
        for value in (recipe, split.recipe)
    )
    assert np.array_equal(before, after)


def test_a_split_keeps_what_the_clip_is_and_its_outer_fades():
    clip = voice(1, 9, name="Verse", gain=0.5, muted=True, fade_in_s=F(1), fade_out_s=F(2))
    result = edit.split_at(row(clip), ASSETS, F(3))
    left, right = result.recipe.clips
    assert result.selection == (1,)
    assert (left.start_s, left.end_s, right.start_s, right.end_s) == (1, 4, 4, 9)
    assert (left.fade_in_s, left.fade_out_s, right.fade_in_s, right.fade_out_s) == (1, 0, 0, 2)
    assert {(c.name, c.gain, c.muted) for c in (left, right)} == {("Verse", 0.5, True)}
    inside = edit.split_at(row(clip), ASSETS, F(1, 2)).recipe.clips
    assert [c.fade_in_s for c in inside] == [F(1, 2), 0]


@pytest.mark.parametrize(
    ("recipe", "at", "words"),
    [
        (THREE, F(9, 2), "nothing to split at"),
        (THREE, F(20), "nothing to split at"),
        (THREE, F(1, 100), "shorter than 0.1 s"),
        (THREE, F(399, 100), "shorter than 0.1 s"),
        (CROSSED, F(7, 2), "crossfades there"),
    ],
)
def test_a_split_that_makes_no_sense_is_refused(recipe, at, words):
    with pytest.raises(UsageError, match=words) as caught:
        edit.split_at(recipe, ASSETS, at)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("recipe", "indices", "words"),
    [
        (THREE, (0,), "takes two"),
        (THREE, (0, 2), "not neighbours"),
        (THREE, (0, 1), "does not go on"),
        (row(voice(0, 1), voice(1, 2, gain=0.5)), (0, 1), "equally loud"),
        (row(voice(0, 1), voice(1, 2, fade_in_s=F(1, 2))), (0, 1), "a fade between"),
        (row(voice(0, 1), Clip(asset_id="music", start_s=F(1))), (0, 1), "does not go on"),
    ],
)
def test_only_what_continues_is_joined(recipe, indices, words):
    with pytest.raises(UsageError, match=words):
        edit.join(recipe, ASSETS, indices)


def test_deleting_leaves_the_others_in_place_or_closes_the_gap():
    left = edit.delete(THREE, ASSETS, (1,), close_gap=False)
    assert places(left.recipe) == [(0, 4), (10, 12)]
    assert left.ripple == ()
    assert left.recipe.clips[0] is THREE.clips[0]
    closed = edit.delete(THREE, ASSETS, (1,), close_gap=True)
    assert places(closed.recipe) == [(0, 4), (7, 9)]
    assert closed.ripple == (edit.Ripple(at_s=F(5), by_s=F(-3)),)
    assert places(edit.delete(THREE, ASSETS, (0, 1), close_gap=True).recipe) == [(3, 5)]
    assert edit.delete(THREE, ASSETS, (0, 1, 2), close_gap=True).recipe.clips == ()


def test_deleting_beside_a_crossfade_takes_only_what_no_other_clip_covers():
    assert places(edit.delete(CROSSED, ASSETS, (1,), close_gap=True).recipe) == [(0, 4), (4, 6)]
    assert places(edit.delete(CROSSED, ASSETS, (0,), close_gap=True).recipe) == [(0, 3), (3, 5)]
    assert places(edit.delete(CROSSED, ASSETS, (0,), close_gap=False).recipe) == [(3, 6), (6, 8)]


@settings(max_examples=100, deadline=None)
@given(recipe=edited(), pick=st.integers(0, 3))
def test_what_is_not_touched_stays_at_its_exact_sample(recipe, pick):
    index = pick % len(recipe.clips)
    old = arrange(recipe, ASSETS).clips
    kept = edit.delete(recipe, ASSETS, (index,), close_gap=False).recipe
    want = [(c.start, c.stop) for c in old if c.index != index]
    assert [(c.start, c.stop) for c in arrange(kept, ASSETS).clips] == want
    trimmed = edit.trim_in(recipe, ASSETS, index, F(old[index].start + 4000, 44_100)).recipe
    new = arrange(trimmed, ASSETS).clips
    assert [(c.start, c.stop) for c in new if c.index != index] == want
    assert new[index].stop == old[index].stop


def test_a_range_goes_with_or_without_its_time():
    gone = edit.delete_range(THREE, ASSETS, start_s=F(3), end_s=F(6), close_gap=False)
    assert places(gone.recipe) == [(0, 3), (6, 8), (10, 12)]
    assert sources(gone.recipe)[:2] == [("voice", 0, 3), ("voice", 6, 8)]
    closed = edit.delete_range(THREE, ASSETS, start_s=F(3), end_s=F(6), close_gap=True)
    assert places(closed.recipe) == [(0, 3), (3, 5), (7, 9)]
    assert closed.ripple == (edit.Ripple(at_s=F(3), by_s=F(-3)),)
    with pytest.raises(UsageError):
        edit.delete_range(THREE, ASSETS, start_s=F(3), end_s=F(3), close_gap=True)


def test_keeping_a_range_crops_the_mix():
    kept = edit.keep_range(THREE, ASSETS, start_s=F(3), end_s=F(11))
    assert places(kept.recipe) == [(0, 1), (2, 5), (7, 8)]
    assert edit.ripple_markers([Marker(time_s=F(5))], kept.ripple) == (Marker(time_s=F(2)),)
    with pytest.raises(UsageError):
        edit.keep_range(THREE, ASSETS, start_s=F(17, 4), end_s=F(19, 4))


# --- putting in ---------------------------------------------------------------------------------


def test_a_duplicate_lies_right_after_and_pushes_what_is_later():
    result = edit.duplicate(THREE, ASSETS, (1,))
    assert places(result.recipe) == [(0, 4), (5, 8), (8, 11), (13, 15)]
    assert result.selection == (2,)
    assert result.ripple == (edit.Ripple(at_s=F(8), by_s=F(3)),)
    both = edit.duplicate(CROSSED, ASSETS, (0, 1))
    assert places(both.recipe) == [(0, 4), (3, 6), (6, 10), (9, 12), (12, 14)]
    assert both.selection == (2, 3)


def test_pasting_splits_the_clip_under_the_playhead():
    copied = edit.copy_clips(THREE, (2,))
    pasted = edit.insert_clips(THREE, ASSETS, copied, at_s=F(6))
    assert places(pasted.recipe) == [(0, 4), (5, 6), (6, 8), (8, 10), (12, 14)]
    assert pasted.selection == (2,)
    in_silence = edit.insert_clips(THREE, ASSETS, copied, at_s=F(9))
    assert places(in_silence.recipe) == [(0, 4), (5, 8), (9, 11), (12, 14)]
    past_the_end = edit.insert_clips(THREE, ASSETS, copied, at_s=F(20))
    assert places(past_the_end.recipe)[-1] == (20, 22)
    at_the_edge = edit.insert_clips(THREE, ASSETS, copied, at_s=F(5) + F(1, 20))
    assert places(at_the_edge.recipe) == [(0, 4), (5, 7), (7, 10), (12, 14)]


def test_a_crossfade_ends_where_something_is_put_between():
    result = edit.insert_assets(CROSSED, ASSETS, ["jingle"], index=1)
    assert places(result.recipe) == [(0, 4), (4, 5.5), (5.5, 8.5), (8.5, 10.5)]
    assert edit.delete(result.recipe, ASSETS, (1,), close_gap=False).recipe.clips[1].gap_s > 0


def test_dropped_sounds_are_whole_and_at_the_end():
    result = edit.insert_assets(Recipe(clips=()), ASSETS, ["music", "jingle"])
    assert sources(result.recipe) == [("music", 0, 8), ("jingle", 0, 1.5)]
    assert result.selection == (0, 1)
    with pytest.raises(NotFoundError):
        edit.insert_assets(THREE, ASSETS, ["gone"])
    with pytest.raises(UsageError):
        edit.insert_clips(THREE, ASSETS, ())


def test_another_sound_takes_the_place_as_far_as_it_has_it():
    recipe = row(voice(1, 9, gain=0.5), voice(0, 1))
    other = edit.replace_asset(recipe, ASSETS, 0, "music").recipe
    assert sources(other)[0] == ("music", 1, 8)
    assert places(other) == [(0, 7), (7, 8)]
    assert other.clips[0].gain == 0.5
    with pytest.raises(UsageError):
        edit.replace_asset(row(voice(5, 9)), ASSETS, 0, "jingle")


# --- moving -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("recipe", "indices", "to", "order", "where"),
    [
        (THREE, (2,), 0, "201", [(0, 2), (2, 6), (7, 10)]),
        (THREE, (0,), 3, "120", [(1, 4), (6, 8), (8, 12)]),
        (THREE, (0, 2), 3, "102", [(1, 4), (4, 8), (10, 12)]),
        (CROSSED, (1,), 0, "102", [(0, 3), (3, 7), (7, 9)]),
        (CROSSED, (0, 1), 3, "201", [(0, 2), (2, 6), (5, 8)]),
    ],
)
def test_reordering_keeps_gaps_and_the_crossfades_of_neighbours(recipe, indices, to, order, where):
    result = edit.move(recipe, ASSETS, indices, to)
    want = [(recipe.clips[int(at)].start_s, recipe.clips[int(at)].end_s) for at in order]
    assert [(clip.start_s, clip.end_s) for clip in result.recipe.clips] == want
    assert places(result.recipe) == where
    assert [order[at] for at in result.selection] == [str(index) for index in indices]


def test_moving_to_where_it_is_changes_nothing():
    assert edit.move(THREE, ASSETS, (1,), 1).recipe is THREE
    assert edit.move(THREE, ASSETS, (1,), 2).recipe is THREE
    assert edit.place(THREE, ASSETS, 1, F(5)).recipe is THREE


@pytest.mark.parametrize(
    ("index", "at", "where", "selected"),
    [
        (1, 6, [(0, 4), (6, 9), (10, 12)], 1),  # into the gap
        (1, 4, [(0, 4), (4, 7), (10, 12)], 1),  # meets the one before
        (1, F(7, 2), [(0, 4), (3.5, 6.5), (10, 12)], 1),  # crossfades
        (1, 8, [(0, 4), (8, 11), (10, 12)], 1),  # crossfades with the one after
        (1, 30, [(0, 4), (10, 12), (30, 33)], 2),  # hops over the last
        (2, 1, [(0, 4), (2, 4), (5, 8)], 1),  # inside another: to its end
        (0, -3, [(0, 4), (5, 8), (10, 12)], 0),
    ],
)
def test_a_dragged_clip_lies_where_it_fits_and_the_others_stay(index, at, where, selected):
    result = edit.place(THREE, ASSETS, index, F(at))
    assert sorted(places(result.recipe)) == where
    assert result.selection == (selected,)
    assert result.ripple == ()


def test_a_crossfade_stops_at_the_fade_of_the_other_end():
    recipe = row(voice(0, 4, fade_in_s=F(3)), voice(5, 8, gap_s=F(1), fade_out_s=F(5, 2)))
    result = edit.place(recipe, ASSETS, 1, F(2)).recipe
    assert places(result) == [(0, 4), (3.5, 6.5)]
    assert result.clips[0].fade_in_s == 3
    assert result.clips[1].fade_out_s == F(5, 2)


def test_a_clip_meets_a_neighbour_of_another_rate_exactly():
    music = Clip(asset_id="music", end_s=F(44_101, 44_100))
    recipe = row(music, voice(0, 1, gap_s=F(1)))
    result = edit.place(recipe, ASSETS, 1, F(arrange(recipe, ASSETS).clips[0].stop, 48_000))
    assert result.recipe.clips[1].gap_s == 0


# --- in and out points ----------------------------------------------------------------------------


def test_a_dragged_edge_stops_at_the_neighbour_the_sound_and_a_tenth_of_a_second():
    assert places(edit.trim_in(THREE, ASSETS, 1, F(6)).recipe)[1] == (6, 8)
    assert sources(edit.trim_in(THREE, ASSETS, 1, F(6)).recipe)[1] == ("voice", 6, 8)
    assert places(edit.trim_in(THREE, ASSETS, 1, F(0)).recipe) == [(0, 4), (4, 8), (10, 12)]
    assert places(edit.trim_in(THREE, ASSETS, 2, F(0)).recipe)[2] == (8, 12)
    assert places(edit.trim_in(THREE, ASSETS, 1, F(20)).recipe)[1] == (7.9, 8)
    assert places(edit.trim_out(THREE, ASSETS, 0, F(20)).recipe)[0] == (0, 5)
    assert places(edit.trim_out(THREE, ASSETS, 1, F(20)).recipe)[1] == (5, 10)
    assert places(edit.trim_out(THREE, ASSETS, 2, F(0)).recipe)[2] == (10, 10.1)
    last = row(voice(0, 9))
    assert places(edit.trim_out(last, ASSETS, 0, F(30)).recipe) == [(0, 10)]
    assert edit.trim_in(last, ASSETS, 0, F(-5)).recipe is last


def test_a_crossfade_grows_and_shrinks_with_a_dragged_edge():
    assert places(edit.trim_in(CROSSED, ASSETS, 1, F(1)).recipe)[1] == (1, 6)
    assert places(edit.trim_in(CROSSED, ASSETS, 1, F(5)).recipe)[1] == (5, 6)
    assert places(edit.trim_out(CROSSED, ASSETS, 0, F(10)).recipe)[0] == (0, 6)
    assert places(edit.trim_out(CROSSED, ASSETS, 0, F(2)).recipe)[:2] == [(0, 2), (3, 6)]


def test_with_ripple_what_is_later_moves_along():
    result = edit.trim_in(THREE, ASSETS, 1, F(6), ripple=True)
    assert places(result.recipe) == [(0, 4), (5, 7), (9, 11)]
    assert sources(result.recipe)[1] == ("voice", 6, 8)
    assert result.ripple == (edit.Ripple(at_s=F(5), by_s=F(-1)),)
    result = edit.trim_out(THREE, ASSETS, 1, F(9), ripple=True)
    assert places(result.recipe) == [(0, 4), (5, 9), (11, 13)]
    assert result.ripple == (edit.Ripple(at_s=F(8), by_s=F(1)),)
    assert places(edit.trim_out(CROSSED, ASSETS, 0, F(3), ripple=True).recipe)[:2] == [
        (0, 3),
        (2, 5),
    ]


def test_fades_shrink_in_proportion_when_a_clip_gets_too_short_for_them():
    clip = voice(0, 9, fade_in_s=F(4), fade_out_s=F(2))
    (short,) = edit.trim_out(row(clip), ASSETS, 0, F(3)).recipe.clips
    assert (short.fade_in_s, short.fade_out_s) == (2, 1)


def test_slipping_moves_the_sound_under_the_clip():
    result = edit.slip(THREE, ASSETS, 1, F(1)).recipe
    assert places(result) == places(THREE)
    assert sources(result)[1] == ("voice", 6, 9)
    assert sources(edit.slip(THREE, ASSETS, 1, F(9)).recipe)[1] == ("voice", 7, 10)
    assert sources(edit.slip(THREE, ASSETS, 1, F(-9)).recipe)[1] == ("voice", 0, 3)


@pytest.mark.parametrize(
    ("times", "source", "where"),
    [
        (edit.ClipTimes(in_s=F(6)), (6, 8), (5, 7)),
        (edit.ClipTimes(out_s=F(9)), (5, 9), (5, 9)),
        (edit.ClipTimes(length_s=F(1)), (5, 6), (5, 6)),
        (edit.ClipTimes(in_s=F(1), length_s=F(2)), (1, 3), (5, 7)),
        (edit.ClipTimes(in_s=F(9), out_s=F(10)), (9, 10), (5, 6)),
    ],
)
def test_typed_times_are_taken_as_they_are(times, source, where):
    result = edit.set_times(THREE, ASSETS, 1, times).recipe
    assert sources(result)[1] == ("voice", *source)
    assert places(result)[1] == where
    assert places(result)[2][0] == where[1] + 2


@pytest.mark.parametrize(
    ("times", "ripple"),
    [
        (edit.ClipTimes(in_s=F(-1)), True),
        (edit.ClipTimes(in_s=F(8)), True),
        (edit.ClipTimes(out_s=F(11)), True),
        (edit.ClipTimes(length_s=F(1, 20)), True),
        (edit.ClipTimes(out_s=F(6), length_s=F(1)), True),
        (edit.ClipTimes(in_s=F(0)), False),
    ],
)
def test_typed_times_that_cannot_be_are_refused(times, ripple):
    with pytest.raises(UsageError) as caught:
        edit.set_times(THREE, ASSETS, 1, times, ripple=ripple)
    assert caught.value.hint


# --- levels, fades, the whole ---------------------------------------------------------------


def test_gain_name_and_mute_change_the_chosen_clips_only():
    result = edit.set_gain(THREE, (0, 2), 2.0)
    assert [clip.gain for clip in result.recipe.clips] == [2, 1, 2]
    assert result.recipe.clips[1] is THREE.clips[1]
    assert edit.set_gain(THREE, (0,), 1.0).recipe is THREE
    assert [c.gain for c in edit.change_gain(result.recipe, (0, 1), 3.0).recipe.clips] == [4, 3, 2]
    assert edit.set_muted(THREE, (1,), True).recipe.clips[1].muted
    assert edit.rename(THREE, (1,), " The \n verse ").recipe.clips[1].name == "The verse"
    for gain in (-0.1, 4.1, float("nan"), float("inf")):
        with pytest.raises(UsageError):
            edit.set_gain(THREE, (0,), gain)


def test_a_fade_is_at_most_what_the_other_end_leaves():
    recipe = edit.set_fade_in(THREE, ASSETS, 0, length_s=F(3), shape=FadeShape.LOG).recipe
    assert recipe.clips[0].fade_in_shape == FadeShape.LOG
    assert edit.set_fade_out(recipe, ASSETS, 0, length_s=F(2)).recipe.clips[0].fade_out_s == 1
    assert edit.set_fade_in(recipe, ASSETS, 0, shape=FadeShape.LOG).recipe is recipe
    assert edit.set_fade_in(CROSSED, ASSETS, 0, length_s=F(9)).recipe.clips[0].fade_in_s == 3
    for function, index in [(edit.set_fade_in, 1), (edit.set_fade_out, 0)]:
        with pytest.raises(UsageError, match="Clip 2 “Voice” crossfades"):
            function(CROSSED, ASSETS, index, length_s=F(1))
    with pytest.raises(UsageError):
        edit.set_fade_in(THREE, ASSETS, 0, length_s=F(-1))


def test_a_crossfade_moves_what_is_later_and_can_be_taken_away():
    result = edit.set_crossfade(THREE, ASSETS, 1, length_s=F(1), shape=FadeShape.S_CURVE)
    assert places(result.recipe) == [(0, 4), (3, 6), (8, 10)]
    assert result.recipe.clips[1].crossfade_shape == FadeShape.S_CURVE
    assert result.ripple == (edit.Ripple(at_s=F(3), by_s=F(-2)),)
    apart = edit.set_crossfade(result.recipe, ASSETS, 1, length_s=F(0))
    assert places(apart.recipe) == [(0, 4), (4, 7), (9, 11)]
    for index, length in [(0, F(1)), (1, F(7, 2)), (1, F(-1))]:
        with pytest.raises(UsageError):
            edit.set_crossfade(THREE, ASSETS, index, length_s=length)


def test_the_whole_mix_has_loudness_effects_and_a_de_click():
    target = LoudnessTarget(integrated_lufs=-14, name="youtube")
    assert edit.set_loudness(THREE, target).recipe.loudness == target
    assert edit.set_loudness(THREE, None).recipe is THREE
    chain = (HighPass(), Compressor())
    assert edit.set_effects(THREE, 0, chain).recipe.lanes[0].effects == chain
    assert edit.set_declick(THREE, F(0)).recipe.declick_s == 0
    formed = edit.set_form(THREE, sample_rate_hz=44_100, channels=1).recipe
    assert (formed.sample_rate_hz, formed.channels) == (44_100, 1)
    assert places(formed) == places(THREE)
    assert edit.set_form(THREE).recipe is THREE
    for form in ({"sample_rate_hz": 0}, {"channels": 9}):
        with pytest.raises(UsageError):
            edit.set_form(THREE, **form)
    with pytest.raises(NotFoundError):
        edit.set_effects(THREE, 1, chain)
    with pytest.raises(UsageError):
        edit.set_declick(THREE, F(1))


@pytest.mark.parametrize("indices", [(), (3,), (-1,)])
def test_clips_that_are_not_there_are_said_so(indices):
    for attempt in (
        lambda: edit.delete(THREE, ASSETS, indices, close_gap=True),
        lambda: edit.set_gain(THREE, indices, 1.0),
        lambda: edit.duplicate(THREE, ASSETS, indices),
        lambda: edit.move(THREE, ASSETS, indices, 0),
    ):
        with pytest.raises(KnownError) as caught:
            attempt()
        assert caught.value.hint


# --- silence and markers ------------------------------------------------------------------------


def heard(*spans: tuple[object, object]) -> tuple[Stretch, ...]:
    return tuple(Stretch(start_s=F(a), end_s=F(b)) for a, b in spans)


def test_leading_and_trailing_silence_of_the_mix_is_cut():
    result = edit.trim_silence(THREE, ASSETS, {"voice": heard((1, 3), (6, 7))})
    assert places(result.recipe) == [(0, 3), (4, 7), (9, 10)]
    assert sources(result.recipe)[0] == ("voice", 1, 4)
    assert sources(result.recipe)[2] == ("voice", 2, 3)
    muted = edit.set_muted(THREE, (0,), True).recipe
    assert places(edit.trim_silence(muted, ASSETS, {"voice": heard((6, 7))}).recipe) == [(0, 1)]
    assert edit.trim_silence(THREE, ASSETS, {}).recipe is THREE
    with pytest.raises(UsageError):
        edit.trim_silence(THREE, ASSETS, {"voice": ()})


def test_clips_are_trimmed_to_their_sound_in_place():
    result = edit.trim_clips(THREE, ASSETS, (0, 1, 2), {"voice": heard((1, 3), (6, 7))})
    assert places(result.recipe) == [(1, 3), (6, 7), (10, 11)]
    assert edit.trim_clips(THREE, ASSETS, (1,), {"voice": ()}).recipe is THREE
    assert places(edit.trim_clips(CROSSED, ASSETS, (0,), {"voice": heard((1, 2))}).recipe)[0] == (
        1,
        4,
    )


def test_sounds_between_silences_become_numbered_clips():
    recipe = row(voice(1, 9, fade_in_s=F(1, 2), fade_out_s=F(1, 2)), voice(0, 1))
    sounds = heard((0, 2), (4, 5), (F(51, 10), F(515, 100)), (7, 9))
    result = edit.clips_from_silence(recipe, ASSETS, 0, sounds)
    assert places(result.recipe) == [(0, 1), (3, 4), (6, 8), (8, 9)]
    assert [clip.name for clip in result.recipe.clips] == ["Voice 1", "Voice 2", "Voice 3", ""]
    assert [c.fade_in_s + c.fade_out_s for c in result.recipe.clips] == [F(1, 2), 0, F(1, 2), 0]
    assert result.selection == (0, 1, 2)
    closed = edit.clips_from_silence(recipe, ASSETS, 0, sounds, close_gaps=True)
    assert places(closed.recipe) == [(0, 1), (1, 2), (2, 4), (4, 5)]
    assert edit.ripple_markers([Marker(time_s=F(17, 2))], closed.ripple) == (
        Marker(time_s=F(9, 2)),
    )
    assert edit.clips_from_silence(recipe, ASSETS, 0, heard((0, 10))).recipe is recipe
    with pytest.raises(UsageError):
        edit.clips_from_silence(recipe, ASSETS, 0, ())
    with pytest.raises(UsageError):
        edit.clips_from_silence(CROSSED, ASSETS, 0, sounds)


@pytest.mark.parametrize(
    ("by", "want"),
    [
        (2, [(1, None), (5, None), (7, None), (2, 9), (8, 10), (1, 3)]),
        (-2, [(1, None), (3, None), (3, None), (2, 5), (4, 6), (1, 3)]),
        (-4, [(1, None), (3, None), (2, 3), (3, 4), (1, 3)]),
    ],
)
def test_markers_follow(by, want):
    spans = [(1, None), (3, None), (5, None), (2, 7), (6, 8), (1, 3)]
    markers = [Marker(time_s=F(a), end_s=None if b is None else F(b)) for a, b in spans]
    got = edit.shift_markers(markers, F(3), F(by))
    assert [(m.time_s, m.end_s) for m in got] == want
    assert got[0] is markers[0]


@settings(max_examples=100, deadline=None)
@given(
    at=st.integers(0, 20),
    by=st.integers(1, 20),
    spans=st.lists(st.tuples(st.integers(0, 30), st.none() | st.integers(1, 9)), max_size=6),
)
def test_markers_come_back_when_what_was_put_in_is_taken_out(at, by, spans):
    markers = tuple(
        Marker(time_s=F(start), end_s=None if length is None else F(start + length))
        for start, length in spans
    )
    moved = edit.shift_markers(markers, F(at), F(by))
    assert edit.shift_markers(moved, F(at), F(-by)) == markers


@settings(max_examples=150, deadline=None)
@given(
    recipe=edited(),
    pick=st.integers(0, 3),
    by=st.integers(-800, 800),
    how=st.sampled_from(["delete", "duplicate", "in", "out", "crossfade"]),
)
def test_a_marker_on_a_later_clip_stays_on_it(recipe, pick, by, how):
    index = pick % len(recipe.clips)
    old = arrange(recipe, ASSETS).clips
    rate = recipe.sample_rate_hz
    if how == "delete":
        result = edit.delete(recipe, ASSETS, (index,), close_gap=True)
    elif how == "duplicate":
        result = edit.duplicate(recipe, ASSETS, (index,))
    elif how == "crossfade":
        assume(index)
        result = edit.set_crossfade(recipe, ASSETS, index, length_s=F(abs(by) % 190, 1000))
    else:
        edge = old[index].start if how == "in" else old[index].stop
        function = edit.trim_in if how == "in" else edit.trim_out
        result = function(recipe, ASSETS, index, F(edge, rate) + F(by, 1000), ripple=True)
    later = [clip for clip in old if clip.index > index]
    marks = [Marker(time_s=F(clip.stop, rate)) for clip in later]
    moved = edit.ripple_markers(marks, result.ripple)
    new = arrange(result.recipe, ASSETS).clips[len(result.recipe.clips) - len(later) :]
    assert [m.time_s * rate for m in moved] == pytest.approx([c.stop for c in new], abs=1)


def test_an_edit_leaves_the_recipe_it_got_as_it_was():
    before = msgspec.json.encode(THREE, enc_hook=str)
    edit.delete_range(THREE, ASSETS, start_s=F(1), end_s=F(6), close_gap=True)
    assert msgspec.json.encode(THREE, enc_hook=str) == before
