"""Any edit of a valid recipe gives a valid recipe, whatever came before."""

import random
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from core.audio import edit
from core.audio.arrangement import arrange, lay_out
from core.audio.recipe import Clip, FadeShape, Marker, Recipe
from core.audio.recipe_check import recipe_faults
from core.audio.silence import Stretch
from core.errors import KnownError
from tests.core.audio.made_assets import ASSETS

TIMES = st.integers(-2_000, 40_000).map(lambda ms: Fraction(ms, 1000)) | st.fractions(
    0, 40, max_denominator=96_000
)
LENGTHS = st.integers(0, 4_000).map(lambda ms: Fraction(ms, 1000))
SHAPES = st.none() | st.sampled_from(FadeShape)
PICKS = st.integers(0, 1 << 20)


def picked(recipe: Recipe, *picks: int) -> tuple[int, ...]:
    return tuple(pick % max(len(recipe.clips), 1) for pick in picks)


class Editor(RuleBasedStateMachine):
    """A hand that does anything, and remembers what it copied."""

    def __init__(self) -> None:
        super().__init__()
        self.recipe = Recipe(clips=(Clip(asset_id="voice"), Clip(asset_id="music")))
        self.markers: tuple[Marker, ...] = (Marker(time_s=Fraction(3), end_s=Fraction(9)),)
        self.copied: tuple[Clip, ...] = (Clip(asset_id="jingle"),)

    def do(self, function, *args, **options) -> None:
        """Edit; what is refused has a sentence and a hint, and changes nothing."""
        refused: KnownError | None = None
        try:
            result = function(*args, **options)
        except KnownError as error:
            refused = error
        if refused is not None:
            assert refused.message.endswith(".")
            assert refused.hint.endswith(".")
            return
        assert all(0 <= index < len(result.recipe.clips) for index in result.selection)
        assert list(result.selection) == sorted(set(result.selection))
        assert (result.recipe == self.recipe) == (result.recipe is self.recipe)
        self.recipe = result.recipe
        self.markers = edit.ripple_markers(self.markers, result.ripple)

    @invariant()
    def is_valid(self) -> None:
        faults = [f for f in recipe_faults(self.recipe, ASSETS) if f.code != "empty"]
        assert not faults, faults
        placed = arrange(self.recipe, ASSETS).clips
        assert all(clip.fade_in <= clip.n_samples for clip in placed)
        assert all(marker.time_s >= 0 for marker in self.markers)

    @rule(at=TIMES)
    def split(self, at) -> None:
        self.do(edit.split_at, self.recipe, ASSETS, at)

    @rule(pick=PICKS, n=st.integers(1, 3))
    def join(self, pick, n) -> None:
        (first,) = picked(self.recipe, pick)
        self.do(edit.join, self.recipe, ASSETS, range(first, first + n))

    @rule(pick=PICKS)
    def join_what_continues(self, pick) -> None:
        placed = arrange(self.recipe, ASSETS).clips
        parts = [clip.index for clip in placed if clip.continues]
        if parts:
            index = parts[pick % len(parts)]
            self.do(edit.join, self.recipe, ASSETS, (index - 1, index))

    @rule(picks=st.lists(PICKS, max_size=3), close=st.booleans())
    def delete(self, picks, close) -> None:
        self.do(edit.delete, self.recipe, ASSETS, picked(self.recipe, *picks), close_gap=close)

    @rule(start=TIMES, length=LENGTHS, close=st.booleans())
    def delete_range(self, start, length, close) -> None:
        self.do(
            edit.delete_range,
            self.recipe,
            ASSETS,
            start_s=start,
            end_s=start + length,
            close_gap=close,
        )

    @rule(start=TIMES, length=TIMES)
    def keep_range(self, start, length) -> None:
        self.do(edit.keep_range, self.recipe, ASSETS, start_s=start, end_s=start + abs(length))

    @rule(picks=st.lists(PICKS, max_size=3))
    def duplicate(self, picks) -> None:
        if len(self.recipe.clips) < 30:
            self.do(edit.duplicate, self.recipe, ASSETS, picked(self.recipe, *picks))

    @rule(picks=st.lists(PICKS, min_size=1, max_size=3))
    def copy(self, picks) -> None:
        if self.recipe.clips:
            self.copied = edit.copy_clips(self.recipe, picked(self.recipe, *picks))

    @rule(at=TIMES)
    def paste_at(self, at) -> None:
        if len(self.recipe.clips) < 30:
            self.do(edit.insert_clips, self.recipe, ASSETS, self.copied, at_s=at)

    @rule(pick=PICKS, names=st.lists(st.sampled_from(sorted(ASSETS)), max_size=2))
    def drop(self, pick, names) -> None:
        if len(self.recipe.clips) < 30:
            index = pick % (len(self.recipe.clips) + 1)
            self.do(edit.insert_assets, self.recipe, ASSETS, names, index=index)

    @rule(pick=PICKS, name=st.sampled_from(sorted(ASSETS)))
    def replace(self, pick, name) -> None:
        self.do(edit.replace_asset, self.recipe, ASSETS, *picked(self.recipe, pick), name)

    @rule(picks=st.lists(PICKS, max_size=3), to=PICKS)
    def move(self, picks, to) -> None:
        to_index = to % (len(self.recipe.clips) + 1)
        self.do(edit.move, self.recipe, ASSETS, picked(self.recipe, *picks), to_index)

    @rule(pick=PICKS, at=TIMES)
    def place(self, pick, at) -> None:
        self.do(edit.place, self.recipe, ASSETS, *picked(self.recipe, pick), at)

    @rule(pick=PICKS, by=st.integers(-3000, 3000), ripple=st.booleans(), out=st.booleans())
    def trim(self, pick, by, ripple, out) -> None:
        if self.recipe.clips:
            (index,) = picked(self.recipe, pick)
            layout = lay_out(self.recipe, ASSETS)
            edge = layout.stop(index) if out else layout.starts[index]
            to = Fraction(edge, layout.ticks_per_s) + Fraction(by, 1000)
            function = edit.trim_out if out else edit.trim_in
            self.do(function, self.recipe, ASSETS, index, to, ripple=ripple)

    @rule(pick=PICKS, by=TIMES)
    def slip(self, pick, by) -> None:
        self.do(edit.slip, self.recipe, ASSETS, *picked(self.recipe, pick), by)

    @rule(pick=PICKS, start=LENGTHS, length=LENGTHS, ripple=st.booleans())
    def type_times(self, pick, start, length, ripple) -> None:
        times = edit.ClipTimes(in_s=start, length_s=length)
        self.do(
            edit.set_times,
            self.recipe,
            ASSETS,
            *picked(self.recipe, pick),
            times,
            ripple=ripple,
        )

    @rule(pick=PICKS, length=st.none() | LENGTHS, shape=SHAPES, out=st.booleans())
    def fade(self, pick, length, shape, out) -> None:
        function = edit.set_fade_out if out else edit.set_fade_in
        index = picked(self.recipe, pick)
        self.do(function, self.recipe, ASSETS, *index, length_s=length, shape=shape)

    @rule(pick=PICKS, length=st.none() | LENGTHS, shape=SHAPES)
    def crossfade(self, pick, length, shape) -> None:
        index = picked(self.recipe, pick)
        self.do(edit.set_crossfade, self.recipe, ASSETS, *index, length_s=length, shape=shape)

    @rule(rate=st.sampled_from([48_000, 44_100, 37_800]), channels=st.sampled_from([1, 2]))
    def form(self, rate, channels) -> None:
        self.do(edit.set_form, self.recipe, sample_rate_hz=rate, channels=channels)

    @rule(
        pick=PICKS,
        spans=st.lists(st.tuples(LENGTHS, LENGTHS), max_size=5),
        close=st.booleans(),
        how=st.integers(0, 2),
    )
    def follow_silence(self, pick, spans, close, how) -> None:
        sounds, at = [], Fraction(0)
        for pause, length in spans:
            sounds.append(Stretch(start_s=at + pause, end_s=at + pause + length))
            at += pause + length
        known = dict.fromkeys(ASSETS, sounds)
        index = picked(self.recipe, pick)
        if how == 0:
            self.do(edit.clips_from_silence, self.recipe, ASSETS, *index, sounds, close_gaps=close)
        elif how == 1:
            self.do(edit.trim_clips, self.recipe, ASSETS, index, known)
        else:
            self.do(edit.trim_silence, self.recipe, ASSETS, known)

    @rule(pick=PICKS, gain=st.floats(-1, 5) | st.just(float("nan")), muted=st.booleans())
    def level(self, pick, gain, muted) -> None:
        self.do(edit.set_gain, self.recipe, picked(self.recipe, pick), gain)
        self.do(edit.set_muted, self.recipe, picked(self.recipe, pick), muted)


def walk(number: int, steps: int) -> int:
    """Edit at random, about eight clips at a time; return how many edits were made."""
    rng = random.Random(number)
    editor = Editor()
    made = 0

    def ms(low: int, high: int) -> Fraction:
        return Fraction(rng.randint(low, high), 1000)

    def within() -> Fraction:
        return ms(0, max(1, int(arrange(editor.recipe, ASSETS).duration_s * 1000)))

    def pick() -> int:
        return rng.randrange(1 << 20)

    def flag() -> bool:
        return rng.random() < 0.5

    fewer = [
        lambda: editor.join_what_continues(pick()),
        lambda: editor.join_what_continues(pick()),
        lambda: editor.delete([pick()], flag()),
        lambda: editor.delete_range(within(), ms(100, 5000), flag()),
        lambda: editor.keep_range(within(), ms(8000, 30_000)),
        lambda: editor.follow_silence(pick(), [(ms(0, 900), ms(50, 9000))], False, 1),
    ]
    more = [
        lambda: editor.split(within()),
        lambda: editor.duplicate([pick(), pick()]),
        lambda: editor.paste_at(within()),
        lambda: editor.drop(pick(), [rng.choice(sorted(ASSETS))]),
        lambda: editor.follow_silence(pick(), [(ms(0, 900), ms(50, 1500))] * 3, flag(), 0),
    ]
    other = [
        lambda: editor.copy([pick(), pick()]),
        lambda: editor.replace(pick(), rng.choice(sorted(ASSETS))),
        lambda: editor.move([pick(), pick()], pick()),
        lambda: editor.place(pick(), within()),
        lambda: editor.place(pick(), within()),
        lambda: editor.trim(pick(), rng.randint(-3000, 3000), flag(), flag()),
        lambda: editor.trim(pick(), rng.randint(-300, 300), flag(), flag()),
        lambda: editor.slip(pick(), ms(-900, 900)),
        lambda: editor.type_times(pick(), ms(0, 3000), ms(90, 4000), flag()),
        lambda: editor.fade(pick(), ms(0, 3000), None, flag()),
        lambda: editor.crossfade(pick(), ms(0, 900), None),
        lambda: editor.form(rng.choice([48_000, 44_100, 37_800]), 2),
        lambda: editor.follow_silence(pick(), [(ms(0, 900), ms(50, 9000))] * 2, False, 2),
    ]
    for _ in range(steps):
        before = editor.recipe
        sized = fewer if len(before.clips) > rng.randint(2, 14) else more
        rng.choice(sized if rng.random() < 0.4 else other)()
        editor.is_valid()
        made += editor.recipe is not before
    return made


@pytest.mark.parametrize("number", range(20))
def test_a_long_walk_of_edits_stays_valid(number):
    assert walk(number, 60) > 20


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("number", range(20))
def test_a_long_walk_of_edits_stays_valid_full_count(number):
    for more in range(100):
        walk(1000 * (number + 1) + more, 100)


QUIET = {
    "deadline": None,
    "suppress_health_check": list(HealthCheck),
}


def test_any_edit_of_a_valid_recipe_gives_a_valid_recipe():
    machine = seed(20)(Editor)
    run_state_machine_as_test(
        machine, settings=settings(max_examples=80, stateful_step_count=25, **QUIET)
    )


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_any_edit_of_a_valid_recipe_gives_a_valid_recipe_full_count():
    run_state_machine_as_test(
        Editor, settings=settings(max_examples=2000, stateful_step_count=50, **QUIET)
    )
