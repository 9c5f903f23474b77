"""Where clips lie: exact places, the fades that take effect, what sounds when."""

from fractions import Fraction
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.audio.arrangement import PlacedClip, arrange, lay_out, mixed_samples
from core.audio.recipe import Clip, FadeShape, Recipe
from core.errors import NotFoundError, UsageError
from tests.core.audio.made_assets import ASSETS


def clip(name: str, start: str = "0", end: str | None = None, **changes) -> Clip:
    last = None if end is None else Fraction(end)
    return Clip(asset_id=name, start_s=Fraction(start), end_s=last, **changes)


def placed(*clips: Clip, **changes) -> tuple[PlacedClip, ...]:
    return arrange(Recipe(clips=clips, **changes), ASSETS).clips


def fades(one: PlacedClip) -> tuple[int, int]:
    return one.fade_in, one.fade_out


def test_clips_follow_each_other_with_their_gaps():
    row = placed(
        clip("voice", "1", "3"),
        clip("voice", "5", "6", gap_s=Fraction(1, 2)),
        clip("voice", "8", gap_s=Fraction(-1, 4)),
    )
    assert [(one.start, one.stop) for one in row] == [
        (0, 96_000),
        (120_000, 168_000),
        (156_000, 252_000),
    ]
    assert [one.overlap for one in row] == [0, 0, 12_000]
    assert (row[1].source.start, row[1].source.stop) == (240_000, 288_000)


def test_nothing_drifts_over_hours_of_cuts_at_another_rate():
    cut = Fraction(1, 44_100)  # 1.088 samples of the mix
    row = placed(*(clip("music", "1", str(1 + 1001 * cut)) for _ in range(3000)))
    assert row[-1].stop == round(3000 * 1001 * 48_000 / 44_100)
    assert all(a.stop == b.start for a, b in pairwise(row))


@given(
    st.lists(
        st.tuples(
            st.sampled_from(sorted(ASSETS)),
            st.integers(0, 999),
            st.integers(1, 400),
            st.integers(-500, 500),
            st.integers(0, 1),
        ),
        min_size=1,
        max_size=12,
    )
)
def test_what_sounds_is_found_wherever_clips_lie(rows):
    recipe = Recipe(
        clips=tuple(
            clip(name, f"{at}/1000", f"{at + n}/1000", gap_s=Fraction(gap, 1000), lane=lane)
            for name, at, n, gap, lane in rows
        )
    )
    found = arrange(recipe, ASSETS)
    assert found.n_samples == mixed_samples(recipe, ASSETS) == max(c.stop for c in found.clips)
    assert sorted(found.starts) == list(found.starts)
    assert sorted(one.index for one in found.clips) == list(range(len(rows)))
    for sample in range(-3, found.n_samples + 500, 997):
        sounding = [one for one in found.clips if one.start <= sample < one.stop]
        assert found.at(sample) == (sounding[-1] if sounding else None)
        window = [one for one in found.clips if one.start < sample + 700 and one.stop > sample]
        assert list(found.between(sample, sample + 700)) == window
    parts = [found.of_lane(lane) for lane in (0, 1)]
    assert sum(len(part.clips) for part in parts) == len(rows)
    assert all(part.n_samples == found.n_samples for part in parts)


def test_a_clip_never_starts_before_the_one_that_it_follows():
    row = placed(
        clip("voice", "0", "1"), clip("voice", "2", "3"), clip("music", gap_s=Fraction(-9))
    )
    assert [one.start for one in row] == [0, 48_000, 48_000]


def test_a_bare_cut_is_softened_and_the_ends_of_a_sound_are_not():
    assert [fades(one) for one in placed(clip("voice"))] == [(0, 0)]
    assert [fades(one) for one in placed(clip("voice", "1", "3"))] == [(144, 144)]
    one, two = placed(clip("voice", "0", "3"), clip("voice", "4"))
    assert (fades(one), fades(two)) == ((0, 144), (144, 0))
    assert one.fade_out_shape == FadeShape.S_CURVE
    assert fades(placed(clip("voice", "1", "3"), declick_s=Fraction(0))[0]) == (0, 0)
    assert fades(placed(clip("voice", "1", "1.004"))[0]) == (96, 96)


def test_a_fade_of_ones_own_takes_the_place_of_the_de_click():
    one = placed(clip("voice", "1", "3", fade_in_s=Fraction(1, 2), fade_in_shape=FadeShape.LOG))[0]
    assert (fades(one), one.fade_in_shape) == ((24_000, 144), FadeShape.LOG)


def test_a_crossfade_takes_the_place_of_both_fades():
    one, two = placed(
        clip("voice", "1", "3", fade_out_s=Fraction(1)),
        clip("music", gap_s=Fraction(-1, 2), fade_in_s=Fraction(1)),
    )
    assert (fades(one), fades(two)) == ((144, 24_000), (24_000, 0))
    assert one.fade_out_shape == two.fade_in_shape == FadeShape.EQUAL_POWER


def test_clips_that_go_on_are_one_stretch():
    one, two = placed(clip("voice", "0", "3"), clip("voice", "3"))
    assert (one.continues, two.continues) == (False, True)
    assert (fades(one), fades(two), two.glide) == ((0, 0), (0, 0), 0)
    apart = placed(clip("voice", "0", "3"), clip("voice", "3", gap_s=Fraction(1)))
    assert not apart[1].continues
    assert (fades(apart[0]), fades(apart[1])) == ((0, 144), (144, 0))


def test_where_only_the_gain_changes_it_glides():
    one, two = placed(clip("voice", "0", "3", gain=0.5), clip("voice", "3", gain=2.0))
    assert (fades(one), fades(two)) == ((0, 0), (0, 0))
    assert (two.glide, two.glide_from) == (144, 0.5)
    muted = placed(clip("voice", "0", "3"), clip("voice", "3", muted=True))
    assert (fades(muted[0]), muted[1].glide, muted[1].gain) == ((0, 144), 0, 0.0)


def test_lanes_each_have_a_row_of_their_own():
    row = placed(
        clip("voice", "0", "4"),
        clip("music", "0", "2", lane=1, gap_s=Fraction(1)),
        clip("voice", "4"),
        clip("music", "2", lane=1),
    )
    assert [one.index for one in row] == [0, 1, 3, 2]
    assert [one.start for one in row] == [0, 48_000, 144_000, 192_000]
    assert [one.continues for one in row] == [False, False, True, True]
    assert not any(one.overlap for one in row)


def test_faults_are_said():
    for bad, error in [
        (clip("unknown"), NotFoundError),
        (clip("voice", "11"), UsageError),
        (clip("voice", "3", "3"), UsageError),
    ]:
        with pytest.raises(error) as caught:
            arrange(Recipe(clips=(bad,)), ASSETS)
        assert caught.value.hint


def test_the_layout_is_exact():
    recipe = Recipe(clips=(clip("music"), clip("jingle", gap_s=Fraction(1, 3)), clip("voice")))
    found = lay_out(recipe, ASSETS)
    assert Fraction(found.starts[2], found.ticks_per_s) == 8 + Fraction(1, 3) + Fraction(3, 2)
    assert found.stop(2) == found.starts[2] + found.lengths[2]
    odd = msgspec.structs.replace(recipe, sample_rate_hz=44_056)
    assert lay_out(odd, ASSETS).ticks_per_s % 44_056 == 0


def test_an_empty_recipe_has_no_sound():
    found = arrange(Recipe(clips=()), ASSETS)
    assert (found.n_samples, found.duration_s, found.at(0), found.between(0, 9)) == (
        0,
        0.0,
        None,
        (),
    )
