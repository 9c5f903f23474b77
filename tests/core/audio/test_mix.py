"""The mixer equals a slow, straightforward reference, sample by sample."""

import itertools
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st

from core.audio.arrangement import mixed_samples
from core.audio.channels import mix_matrix
from core.audio.mix import BLOCK_SAMPLES, mix_blocks, reblock
from core.audio.recipe import Clip, Recipe
from core.errors import LibraryError, NotFoundError, UsageError
from core.ingest.sources import file_source
from core.jobs.handlers import ingest
from core.jobs.model import IngestParams
from core.jobs.testing import LocalContext, publish
from core.library.model import Asset
from core.paths import LibraryPaths
from tests import media


@pytest.fixture(scope="module")
def library(tmp_path_factory) -> tuple[LibraryPaths, dict[str, Asset], dict[str, np.ndarray]]:
    root = tmp_path_factory.mktemp("mix")
    assets, sounds = {}, {}
    for name, rate, channels, seconds in [
        ("stereo", 48_000, 2, 3.0),
        ("mono", 44_100, 1, 2.0),
        ("surround", 48_000, 6, 1.5),
    ]:
        sound = media.noise(seconds, sample_rate_hz=rate, channels=channels, seed=len(name))
        path = media.write_audio(root / f"{name}.wav", sound, sample_rate_hz=rate, codec=".wavf32")
        finished = ingest.run(
            IngestParams(source=file_source(path)), LocalContext(root / "lib", job_id=name)
        )
        publish(finished)
        assets[name], sounds[name] = finished.result.asset, sound
    return LibraryPaths(root / "lib"), assets, sounds


def reference(recipe: Recipe, assets, sounds) -> np.ndarray:
    """Mix the slow way: whole clips, one after the other."""
    out = []
    for clip in recipe.clips:
        sound, rate = sounds[clip.asset_id], assets[clip.asset_id].pcm.sample_rate_hz
        end = sound.shape[1] if clip.end_s is None else round(clip.end_s * rate)
        piece = sound[:, round(clip.start_s * rate) : end]
        if len(piece) == 6:  # ITU-R BS.775, scaled to what cannot go over
            left, right, centre, _, back_left, back_right = piece
            half = 0.5**0.5
            piece = np.stack(
                [left + half * (centre + back_left), right + half * (centre + back_right)]
            )
            piece = piece / (1 + 2 * half)
        length = piece.shape[1]
        if rate != recipe.sample_rate_hz:
            piece = soxr.resample(
                np.ascontiguousarray(piece.T, np.float32), rate, recipe.sample_rate_hz, quality="HQ"
            ).T
            length = int(length * recipe.sample_rate_hz / rate + 0.5)
        padded = np.zeros((len(piece), length))
        padded[:, : min(length, piece.shape[1])] = piece[:, :length]
        if len(padded) == 1 and recipe.channels == 2:
            padded = np.repeat(padded, 2, axis=0)
        elif len(padded) == 2 and recipe.channels == 1:
            padded = padded.mean(axis=0, keepdims=True)
        out.append(padded)
    return np.concatenate(out, axis=1)


@st.composite
def recipes(draw) -> Recipe:
    clips = []
    for _ in range(draw(st.integers(1, 4))):
        name, seconds = draw(st.sampled_from([("stereo", 3.0), ("mono", 2.0), ("surround", 1.5)]))
        start = Fraction(draw(st.integers(0, int(seconds * 900))), 1000)
        length = Fraction(draw(st.integers(1, 1500)), 1000)
        end = draw(st.none() | st.just(min(start + length, Fraction(seconds))))
        clips.append(Clip(asset_id=name, start_s=start, end_s=end))
    return Recipe(
        clips=tuple(clips),
        sample_rate_hz=draw(st.sampled_from([48_000, 44_100])),
        channels=draw(st.sampled_from([1, 2])),
    )


@settings(max_examples=60, deadline=None)
@given(recipe=recipes())
def test_the_mix_equals_the_reference(library, recipe):
    paths, assets, sounds = library
    got = np.concatenate(list(mix_blocks(recipe, assets, paths)), axis=1)
    want = reference(recipe, assets, sounds)
    assert got.shape == want.shape == (recipe.channels, mixed_samples(recipe, assets))
    assert np.abs(got - want).max() <= 2e-6


def test_an_identity_mix_is_the_source_bit_by_bit(library):
    paths, assets, sounds = library
    recipe = Recipe(clips=(Clip(asset_id="stereo"),))
    blocks = list(mix_blocks(recipe, assets, paths))
    assert [block.shape[1] for block in blocks[:-1]] == [BLOCK_SAMPLES] * (len(blocks) - 1)
    assert np.array_equal(np.concatenate(blocks, axis=1), sounds["stereo"])


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
