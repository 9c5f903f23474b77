"""The mixer equals a slow, straightforward reference, sample by sample, however it is read."""

import itertools
import math
from fractions import Fraction
from pathlib import Path

import msgspec
import numpy as np
import pytest
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st

from core.audio.arrangement import mixed_samples
from core.audio.channels import mix_matrix
from core.audio.mix import BLOCK_SAMPLES, Mixer, mix_blocks, reblock
from core.audio.recipe import Clip, Compressor, FadeShape, HighPass, Lane, Recipe
from core.errors import LibraryError, NotFoundError, UsageError
from core.ingest.sources import file_source
from core.jobs.handlers import ingest
from core.jobs.model import IngestParams
from core.jobs.testing import LocalContext, publish
from core.library.model import Asset
from core.paths import LibraryPaths
from tests import media

SOUNDS = {  # rate, channels, length in seconds
    "stereo": (48_000, 2, 1.6),
    "mono": (44_100, 1, 1.2),
    "surround": (48_000, 6, 0.9),
    "disc": (44_100, 2, 1.1),
}
type Stock = tuple[LibraryPaths, dict[str, Asset], dict[str, np.ndarray]]


@pytest.fixture(scope="module")
def library(tmp_path_factory) -> Stock:
    root = tmp_path_factory.mktemp("mix")
    assets, sounds = {}, {}
    for name, (rate, channels, seconds) in SOUNDS.items():
        sound = media.noise(seconds, sample_rate_hz=rate, channels=channels, seed=len(name))
        path = media.write_audio(root / f"{name}.wav", sound, sample_rate_hz=rate, codec=".wavf32")
        assets[name] = taken_in(path, root / "lib", name)
        sounds[name] = sound
    return LibraryPaths(root / "lib"), assets, sounds


def taken_in(path: Path, root: Path, name: str) -> Asset:
    finished = ingest.run(IngestParams(source=file_source(path)), LocalContext(root, job_id=name))
    publish(finished)
    return finished.result.asset


def mixed(recipe: Recipe, library: Stock) -> np.ndarray:
    paths, assets, _ = library
    return np.concatenate(list(mix_blocks(recipe, assets, paths)), axis=1)


# --- the reference: from the definition, one thing after the other ------------------------------


def nearest(value: Fraction) -> int:
    return math.floor(value + Fraction(1, 2))


def spans(recipe: Recipe, sounds) -> list[tuple[int, int]]:
    found = []
    for clip in recipe.clips:
        rate, n = SOUNDS[clip.asset_id][0], sounds[clip.asset_id].shape[1]
        end = n if clip.end_s is None else min(nearest(clip.end_s * rate), n)
        found.append((nearest(clip.start_s * rate), end))
    return found


def places(recipe: Recipe, sounds) -> list[tuple[int, int]]:
    found, begin, at = [], Fraction(0), Fraction(0)
    for clip, (first, end) in zip(recipe.clips, spans(recipe, sounds), strict=True):
        begin = max(begin, at + clip.gap_s)
        at = begin + Fraction(end - first, SOUNDS[clip.asset_id][0])
        start, stop = nearest(begin * recipe.sample_rate_hz), nearest(at * recipe.sample_rate_hz)
        found.append((start, max(stop, start + 1)))
    return found


def rising(shape: FadeShape, x: float) -> float:
    if shape == FadeShape.LINEAR:
        return x
    if shape == FadeShape.EQUAL_POWER:
        return math.sin(x * math.pi / 2)
    if shape == FadeShape.S_CURVE:
        return (1 - math.cos(x * math.pi)) / 2
    return max(0.0, 1 + 0.2 * math.log10(x)) if x > 0 else 0.0


def stretch(sound: np.ndarray, rate: int, recipe: Recipe) -> np.ndarray:
    """Return a piece of a source at the mix's rate and channels."""
    if rate != recipe.sample_rate_hz:
        interleaved = np.ascontiguousarray(sound.T, np.float32)
        sound = soxr.resample(interleaved, rate, recipe.sample_rate_hz, quality="HQ").T
    sound = sound.astype(np.float64)
    if len(sound) == 6:  # ITU-R BS.775, scaled to what cannot go over
        left, right, centre, _, back_left, back_right = sound
        half = 0.5**0.5
        sound = np.stack([left + half * (centre + back_left), right + half * (centre + back_right)])
        sound = sound / (1 + 2 * half)
    if len(sound) == 1 and recipe.channels == 2:
        return np.repeat(sound, 2, axis=0)
    if len(sound) == 2 and recipe.channels == 1:
        return sound.mean(axis=0, keepdims=True)
    return sound


def continues(recipe: Recipe, cuts: list[tuple[int, int]], k: int) -> bool:
    return (
        0 < k < len(cuts)
        and recipe.clips[k].asset_id == recipe.clips[k - 1].asset_id
        and recipe.clips[k].gap_s == 0
        and cuts[k][0] == cuts[k - 1][1]
    )


def gain_of(clip: Clip) -> float:
    return 0.0 if clip.muted else clip.gain


def softening(recipe: Recipe, cuts: list[tuple[int, int]], k: int) -> str:
    """Return what the joint before clip `k` gets: nothing, a glide of gain, or a de-click."""
    if not continues(recipe, cuts, k):
        return "de-click"
    before, after = recipe.clips[k - 1], recipe.clips[k]
    if before.fade_out_s or after.fade_in_s:
        return "de-click"
    if gain_of(before) == gain_of(after):
        return "nothing"
    return "glide" if gain_of(before) and gain_of(after) else "de-click"


def envelope(recipe: Recipe, sounds, k: int) -> np.ndarray:
    """Return the gain of every sample of clip `k`."""
    cuts, at, clip = spans(recipe, sounds), places(recipe, sounds), recipe.clips[k]
    rate, n = recipe.sample_rate_hz, at[k][1] - at[k][0]
    declick = min(nearest(recipe.declick_s * rate), n // 2)
    gains = [gain_of(clip)] * n
    if softening(recipe, cuts, k) == "glide":
        before = gain_of(recipe.clips[k - 1])
        for i in range(declick):
            step = rising(FadeShape.S_CURVE, i / declick)
            gains[i] = before + (gain_of(clip) - before) * step
    length, shape = nearest(clip.fade_in_s * rate), clip.fade_in_shape
    if k and at[k - 1][1] > at[k][0]:
        length, shape = at[k - 1][1] - at[k][0], clip.crossfade_shape
    elif not length and cuts[k][0] > 0 and softening(recipe, cuts, k) == "de-click":
        length, shape = declick, FadeShape.S_CURVE
    length = min(length, n)
    for i in range(length):
        gains[i] *= rising(shape, i / length)
    length, shape = nearest(clip.fade_out_s * rate), clip.fade_out_shape
    whole = cuts[k][1] == sounds[clip.asset_id].shape[1]
    if k + 1 < len(at) and at[k][1] > at[k + 1][0]:
        length, shape = at[k][1] - at[k + 1][0], recipe.clips[k + 1].crossfade_shape
    elif not length and not whole and softening(recipe, cuts, k + 1) == "de-click":
        length, shape = declick, FadeShape.S_CURVE
    length = min(length, n)
    for i in range(length):
        gains[n - length + i] *= rising(shape, (length - i) / length)
    return np.array(gains)


def reference(recipe: Recipe, sounds) -> np.ndarray:
    """Mix the slow way: whole runs, resampled whole, each clip added with its envelope."""
    cuts, at = spans(recipe, sounds), places(recipe, sounds)
    out = np.zeros((recipe.channels, max(stop for _, stop in at)))
    for k, clip in enumerate(recipe.clips):
        head, tail = k, k
        while continues(recipe, cuts, head):
            head -= 1
        while continues(recipe, cuts, tail + 1):
            tail += 1
        sound = sounds[clip.asset_id][:, cuts[head][0] : cuts[tail][1]]
        run = stretch(sound, SOUNDS[clip.asset_id][0], recipe)
        run = np.pad(run, [(0, 0), (0, 8)])  # a sample may be missing by rounding
        start, stop = at[k]
        piece = run[:, start - at[head][0] : stop - at[head][0]]
        out[:, start:stop] += piece * envelope(recipe, sounds, k)
    return out


# --- recipes ------------------------------------------------------------------------------------


SHAPES = st.sampled_from(list(FadeShape))


@st.composite
def clips(draw, before: Clip | None) -> Clip:
    goes_on = before is not None and before.end_s is not None and draw(st.integers(0, 2)) == 0
    if goes_on:
        name, start, gap = before.asset_id, before.end_s, Fraction(0)
    else:
        name = draw(st.sampled_from(sorted(SOUNDS)))
        start = Fraction(draw(st.integers(0, 400)), 1000)
        gap = Fraction(draw(st.just(0) | st.integers(-200, 150)), 1000)
    longest = int(Fraction(SOUNDS[name][2]).limit_denominator(1000) * 1000) - int(start * 1000) - 1
    length = Fraction(draw(st.integers(1, max(1, longest))), 1000)
    fade = st.sampled_from([0, 0, 1, 20, 77, 300])
    return Clip(
        asset_id=name,
        start_s=start,
        end_s=draw(st.none() | st.just(start + length)),
        gap_s=gap,
        gain=draw(st.sampled_from([1.0, 1.0, 0.5, 0.0, 1.9])),
        muted=draw(st.integers(0, 5)) == 0,
        fade_in_s=min(Fraction(draw(fade), 1000), length / 2),
        fade_out_s=min(Fraction(draw(fade), 1000), length / 2),
        fade_in_shape=draw(SHAPES),
        fade_out_shape=draw(SHAPES),
        crossfade_shape=draw(SHAPES),
    )


@st.composite
def recipes(draw) -> Recipe:
    row: list[Clip] = []
    for _ in range(draw(st.integers(1, 5))):
        row.append(draw(clips(row[-1] if row else None)))
    return Recipe(
        clips=tuple(row),
        declick_s=Fraction(draw(st.sampled_from([0, 3, 3, 50])), 1000),
        sample_rate_hz=draw(st.sampled_from([48_000, 44_100])),
        channels=draw(st.sampled_from([1, 2])),
    )


def check_against_reference(library: Stock, recipe: Recipe) -> None:
    _, assets, sounds = library
    got, want = mixed(recipe, library), reference(recipe, sounds)
    assert got.shape == want.shape == (recipe.channels, mixed_samples(recipe, assets))
    assert np.abs(got - want).max() <= 1e-6


@settings(max_examples=60, deadline=None)
@given(recipe=recipes())
def test_the_mix_equals_the_reference(library, recipe):
    check_against_reference(library, recipe)


@pytest.mark.slow
@settings(max_examples=1500, deadline=None)
@given(recipe=recipes())
def test_the_mix_of_many_recipes_equals_the_reference(library, recipe):
    check_against_reference(library, recipe)


# --- however it is read -------------------------------------------------------------------------

EFFECTS = (
    HighPass(frequency_hz=90.0, slope_db=24),
    Compressor(threshold_db=-20.0, ratio=4.0, attack_s=0.005, release_s=0.03),
)


@st.composite
def treated_recipes(draw) -> Recipe:
    lanes = (Lane(effects=EFFECTS),) if draw(st.booleans()) else (Lane(),)
    return msgspec.structs.replace(draw(recipes()), lanes=lanes)


@settings(max_examples=30, deadline=None)
@given(recipe=treated_recipes(), data=st.data())
def test_how_blocks_fall_changes_no_sample(library, recipe, data):
    paths, assets, _ = library
    mixer, whole = Mixer(recipe, assets, paths), mixed(recipe, library)
    size = data.draw(st.sampled_from([1009, 4800, 16_384, 40_000, 1 << 20]))
    assert np.array_equal(np.concatenate(list(mixer.blocks(size=size)), axis=1), whole)
    cuts = data.draw(st.lists(st.integers(0, mixer.n_samples), max_size=12))
    edges = sorted({0, *cuts, mixer.n_samples})
    parts = [mixer.read(start, stop) for start, stop in itertools.pairwise(edges)]
    assert np.array_equal(np.concatenate(parts, axis=1), whole)


@settings(max_examples=30, deadline=None)
@given(recipe=treated_recipes(), data=st.data())
def test_a_read_anywhere_equals_the_whole(library, recipe, data):
    paths, assets, _ = library
    mixer, whole = Mixer(recipe, assets, paths), mixed(recipe, library)
    for _ in range(8):
        start = data.draw(st.integers(0, mixer.n_samples - 1))
        stop = start + data.draw(st.integers(1, 9000))
        got = mixer.read(start, stop)
        assert got.shape == whole[:, start:stop].shape
        assert np.abs(got - whole[:, start:stop]).max() <= 1e-6
    start = data.draw(st.integers(0, mixer.n_samples - 1))
    tail = np.concatenate(list(mixer.blocks(start)), axis=1)
    assert np.abs(tail - whole[:, start:]).max() <= 1e-6


@settings(max_examples=30, deadline=None)
@given(recipe=treated_recipes(), data=st.data())
def test_a_split_changes_no_sample(library, recipe, data):
    k = data.draw(st.integers(0, len(recipe.clips) - 1))
    clip = recipe.clips[k]
    end = clip.end_s or Fraction(SOUNDS[clip.asset_id][2]).limit_denominator(1000)
    cut = clip.start_s + (end - clip.start_s) * Fraction(data.draw(st.integers(1, 99)), 100)
    later = recipe.clips[k + 1] if k + 1 < len(recipe.clips) else None
    room = min(cut - clip.start_s, end - cut)
    overlaps = [-other.gap_s for other in (clip, later) if other is not None]
    if max(clip.fade_in_s, clip.fade_out_s, *overlaps) + Fraction(1, 10) > room:
        return  # a fade over the cut is not the same fade
    halves = (
        msgspec.structs.replace(clip, end_s=cut, fade_out_s=Fraction(0)),
        msgspec.structs.replace(clip, start_s=cut, gap_s=Fraction(0), fade_in_s=Fraction(0)),
    )
    row = (*recipe.clips[:k], *halves, *recipe.clips[k + 1 :])
    split = msgspec.structs.replace(recipe, clips=row)
    assert np.array_equal(mixed(split, library), mixed(recipe, library))


def test_reads_past_the_end_give_what_there_is(library):
    paths, assets, sounds = library
    mixer = Mixer(Recipe(clips=(Clip(asset_id="stereo"),)), assets, paths)
    assert (mixer.sample_rate_hz, mixer.channels) == (48_000, 2)
    assert mixer.n_samples == sounds["stereo"].shape[1]
    assert np.array_equal(mixer.read(76_000, 10**9), sounds["stereo"][:, 76_000:])
    assert mixer.read(10**9, 10**9 + 5).shape == (2, 0)
    assert not list(mixer.blocks(10**9))
    assert mixer.read(5, 5).shape == (2, 0)


def test_a_closed_mixer_opens_its_sounds_again(library):
    paths, assets, _ = library
    mixer = Mixer(Recipe(clips=(Clip(asset_id="disc"),)), assets, paths)
    before = mixer.read(0, 5000)
    mixer.close()
    mixer.close()
    assert np.array_equal(mixer.read(0, 5000), before)


# --- identity, cuts, gaps -----------------------------------------------------------------------


def test_an_identity_mix_is_the_source_bit_by_bit(library):
    paths, assets, sounds = library
    recipe = Recipe(clips=(Clip(asset_id="stereo"),))
    blocks = list(mix_blocks(recipe, assets, paths))
    assert [block.shape[1] for block in blocks[:-1]] == [BLOCK_SAMPLES] * (len(blocks) - 1)
    assert all(block.flags.c_contiguous and block.dtype == np.float32 for block in blocks)
    assert np.array_equal(np.concatenate(blocks, axis=1), sounds["stereo"])


def test_a_short_integer_source_passes_bit_by_bit(tmp_path):
    steps = np.random.default_rng(3).integers(-32_768, 32_768, (2, 20_000))
    sound = (steps / 32_768).astype(np.float32)
    asset = taken_in(media.write_audio(tmp_path / "a.wav", sound), tmp_path / "lib", "a")
    assert asset.pcm.sample_format == "i2"
    stock = (LibraryPaths(tmp_path / "lib"), {"a": asset}, {"a": sound})
    assert np.array_equal(mixed(Recipe(clips=(Clip(asset_id="a"),)), stock), sound)


def test_a_muted_clip_is_silent_and_is_not_read(library, tmp_path):
    _, assets, sounds = library
    recipe = Recipe(clips=(Clip(asset_id="stereo", muted=True),))
    empty = (LibraryPaths(tmp_path), assets, sounds)  # nothing is in its cache
    got = mixed(recipe, empty)
    assert got.shape == sounds["stereo"].shape
    assert not got.any()


def test_lanes_are_summed_each_with_its_effects(library):
    low = Clip(asset_id="stereo", gap_s=Fraction(1, 10))
    row = [Clip(asset_id="mono"), low, Clip(asset_id="disc", gap_s=Fraction(-1, 5))]
    effects = (HighPass(frequency_hz=500.0),)
    below = [msgspec.structs.replace(clip, lane=1) for clip in row[1:]]
    both = Recipe(clips=(row[0], *below), lanes=(Lane(), Lane(effects=effects)))
    one = mixed(Recipe(clips=(row[0],)), library)
    two = mixed(Recipe(clips=tuple(row[1:]), lanes=(Lane(effects=effects),)), library)
    want = two.copy()
    want[:, : one.shape[1]] += one
    got = mixed(both, library)
    assert got.shape[1] == mixed_samples(both, library[1])
    assert np.abs(got - want).max() < 1e-6


# --- de-click -----------------------------------------------------------------------------------


def steepest(sound: np.ndarray) -> float:
    return float(np.abs(np.diff(sound)).max())


@pytest.mark.parametrize("case", ["jump", "gap", "gain", "mute"])
def test_a_cut_does_not_click(tmp_path, case):
    sine = media.sine(1.0, freq_hz=440)
    asset = taken_in(
        media.write_audio(tmp_path / "a.wav", sine, codec=".wavf32"), tmp_path / "lib", "a"
    )
    stock = (LibraryPaths(tmp_path / "lib"), {"a": asset}, {})
    cut = Fraction(1, 4) + Fraction(1, 4 * 440)  # at a crest
    second = {
        "jump": Clip(asset_id="a", start_s=cut + Fraction(1, 880)),
        "gap": Clip(asset_id="a", start_s=cut, gap_s=Fraction(1, 5)),
        "gain": Clip(asset_id="a", start_s=cut, gain=0.25),
        "mute": Clip(asset_id="a", start_s=cut, muted=True),
    }[case]
    recipe = Recipe(clips=(Clip(asset_id="a", end_s=cut), second))
    natural = steepest(sine)  # 2 pi 440 / 48000 of the amplitude
    assert steepest(mixed(recipe, stock)) < 1.5 * natural
    hard = msgspec.structs.replace(recipe, declick_s=Fraction(0))
    assert steepest(mixed(hard, stock)) > 0.3


def test_a_change_of_gain_does_not_dip_to_silence(tmp_path):
    level = np.full((2, 48_000), 0.5, np.float32)
    asset = taken_in(
        media.write_audio(tmp_path / "a.wav", level, codec=".wavf32"), tmp_path / "lib", "a"
    )
    cut = Fraction(1, 2)
    recipe = Recipe(
        clips=(Clip(asset_id="a", end_s=cut), Clip(asset_id="a", start_s=cut, gain=0.5))
    )
    got = mixed(recipe, (LibraryPaths(tmp_path / "lib"), {"a": asset}, {}))[0]
    assert (np.diff(got) <= 0).all()
    assert np.flatnonzero(np.diff(got))[[0, -1]].tolist() == [24_000, 24_143]
    assert got[[0, -1]].tolist() == [0.5, 0.25]


# --- resampling, faults, channels -------------------------------------------------------------


def test_cuts_that_meet_leave_no_seam(library):
    paths, assets, sounds = library
    cut = Fraction(12_345, 48_000)
    recipe = Recipe(
        clips=(Clip(asset_id="stereo", end_s=cut), Clip(asset_id="stereo", start_s=cut))
    )
    got = np.concatenate(list(mix_blocks(recipe, assets, paths)), axis=1)
    assert np.array_equal(got, sounds["stereo"])


def test_resampling_is_in_place_and_clean(tmp_path):
    tone = media.sine(2.0, sample_rate_hz=44_100, freq_hz=9000, channels=1)
    path = media.write_audio(tmp_path / "a.wav", tone, sample_rate_hz=44_100, codec=".wavf32")
    finished = ingest.run(IngestParams(source=file_source(path)), LocalContext(tmp_path / "lib"))
    publish(finished)
    asset = finished.result.asset
    recipe = Recipe(clips=(Clip(asset_id="a"),))
    got = np.concatenate(
        list(mix_blocks(recipe, {"a": asset}, LibraryPaths(tmp_path / "lib"))), axis=1
    )
    want = media.sine(2.0, freq_hz=9000)
    assert np.abs(got - want)[:, 3000:-3000].max() < 1e-5


def test_faults_of_a_recipe_are_said_before_the_first_block(library):
    paths, assets, _ = library
    for clip, error in [
        (Clip(asset_id="unknown"), NotFoundError),
        (Clip(asset_id="mono", start_s=Fraction(9)), UsageError),
        (Clip(asset_id="mono", start_s=Fraction(1), end_s=Fraction(1)), UsageError),
    ]:
        with pytest.raises(error) as caught:
            next(mix_blocks(Recipe(clips=(clip,)), assets, paths))
        assert caught.value.hint


def test_an_evicted_sound_is_said_so(library, tmp_path: Path):
    _, assets, _ = library
    recipe = Recipe(clips=(Clip(asset_id="mono"),))
    with pytest.raises(LibraryError) as caught:
        next(mix_blocks(recipe, assets, LibraryPaths(tmp_path)))
    assert caught.value.code == "pcm-missing"


@pytest.mark.parametrize("layout", ["5.1", "5.1(side)", "7.1", "quad", "3.0", "6.1", "", "odd"])
@pytest.mark.parametrize("channels_in", [3, 4, 5, 6, 7, 8, 16, 32])
@pytest.mark.parametrize("channels_out", [1, 2])
def test_a_downmix_of_full_scale_never_goes_over(layout, channels_in, channels_out):
    matrix = mix_matrix(layout, channels_in, channels_out)
    assert matrix is not None
    assert matrix.shape == (channels_out, channels_in)
    assert (matrix >= 0).all()
    assert 0.9 < np.abs(matrix).sum(axis=1).max() <= 1.000001


def test_a_centre_is_heard_on_both_sides_and_a_left_only_left():
    matrix = mix_matrix("5.1", 6, 2)
    assert matrix[0, 2] == matrix[1, 2] > 0
    assert matrix[0, 0] > 0 == matrix[1, 0]
    assert not matrix[:, 3].any()


@given(
    sizes=st.lists(st.integers(0, 50), max_size=12), size=st.integers(1, 40), channels=st.just(2)
)
def test_reblocking_keeps_every_sample_in_order(sizes, size, channels):
    edges = np.cumsum([0, *sizes])
    whole = np.arange(edges[-1] * channels, dtype=np.float32).reshape(channels, -1)
    blocks = [whole[:, a:b] for a, b in itertools.pairwise(edges)]
    got = list(reblock(blocks, size))
    assert all(block.shape[1] == size for block in got[:-1])
    joined = np.concatenate(got, axis=1) if got else whole[:, :0]
    assert np.array_equal(joined, whole)


def test_the_sound_passes_by_an_effect_that_is_off(library):
    paths, assets, _ = library
    off = HighPass(frequency_hz=1000, enabled=False)
    plain = Recipe(clips=(Clip(asset_id="stereo"),))
    passed_by = msgspec.structs.replace(plain, lanes=(Lane(effects=(off,)),))
    got = np.concatenate(list(mix_blocks(passed_by, assets, paths)), axis=1)
    assert np.array_equal(got, np.concatenate(list(mix_blocks(plain, assets, paths)), axis=1))
