"""Our mix beside FFmpeg's of the same recipe, and the mixer with recipes as long as they come."""

import tracemalloc
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from core.audio.mix import Mixer
from core.audio.recipe import Clip, FadeShape, Recipe
from core.ingest.sources import file_source
from core.jobs.handlers import ingest
from core.jobs.model import IngestParams
from core.jobs.testing import LocalContext, publish
from core.library.model import Asset
from core.paths import LibraryPaths
from tests import media
from tests.core.audio.ffmpeg_mix import (
    amix_graph,
    concat_graph,
    ffmpeg_mix,
    needs_ffmpeg,
    samples_of,
)

SHAPES = list(FadeShape)
SECONDS = 20


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> tuple[Path, Asset, LibraryPaths]:
    root = tmp_path_factory.mktemp("peers")
    sound = media.noise(SECONDS, amplitude=0.4)
    path = media.write_audio(root / "a.wav", sound, codec=".wavf32")
    finished = ingest.run(IngestParams(source=file_source(path)), LocalContext(root / "lib"))
    publish(finished)
    return path, finished.result.asset, LibraryPaths(root / "lib")


def ten_clips(*, gaps: tuple[int, ...]) -> Recipe:
    """Return clips with gains and fades of all shapes; the gaps in milliseconds."""
    return Recipe(
        clips=tuple(
            Clip(
                asset_id="a",
                start_s=Fraction(1234 * (k + 1), 1000),
                end_s=Fraction(1234 * (k + 1) + 900 + 31 * k, 1000),
                gap_s=Fraction(gaps[k % len(gaps)], 1000),
                gain=(1.0, 0.7, 1.3)[k % 3],
                fade_in_s=Fraction(17 * (k % 4), 1000),
                fade_out_s=Fraction(29 * (k % 5), 1000),
                fade_in_shape=SHAPES[k % 4],
                fade_out_shape=SHAPES[(k + 1) % 4],
                crossfade_shape=SHAPES[(k + 2) % 4],
            )
            for k in range(10)
        )
    )


@needs_ffmpeg
def test_ffmpegs_cuts_fades_gains_and_joins_give_the_same_samples(source, tmp_path):
    path, asset, paths = source
    mixer = Mixer(ten_clips(gaps=(0,)), {"a": asset}, paths)
    ffmpeg_mix(path, concat_graph(mixer.arrangement), tmp_path / "theirs")
    theirs = samples_of(tmp_path / "theirs", channels=2)
    ours = mixer.read(0, mixer.n_samples)
    assert ours.shape == theirs.shape
    assert np.abs(ours - theirs).max() <= 1e-6


@needs_ffmpeg
def test_ffmpegs_crossfades_and_gaps_give_the_same_samples(source, tmp_path):
    path, asset, paths = source
    mixer = Mixer(ten_clips(gaps=(120, -300, -70, 0)), {"a": asset}, paths)
    ffmpeg_mix(path, amix_graph(mixer.arrangement), tmp_path / "theirs")
    theirs = samples_of(tmp_path / "theirs", channels=2)
    ours = mixer.read(0, mixer.n_samples)
    assert ours.shape == theirs.shape
    assert np.abs(ours - theirs).max() <= 1e-6


def test_five_thousand_clips_take_little_memory(source):
    _, asset, paths = source
    n = 5000
    recipe = Recipe(
        clips=tuple(
            Clip(
                asset_id=str(k),
                start_s=Fraction(k % 7, 10),
                end_s=Fraction(9 + k % 7, 10),
                gap_s=Fraction(-1, 20),
                fade_in_s=Fraction(1, 10 + k),
                gain=0.9,
            )
            for k in range(n)
        ),
        sample_rate_hz=44_100,
    )
    mixer = Mixer(recipe, dict.fromkeys(map(str, range(n)), asset), paths)
    assert mixer.n_samples == pytest.approx(n * 0.85 * 44_100, rel=0.001)
    tracemalloc.start()
    try:
        for at in range(0, mixer.n_samples, mixer.n_samples // 300):
            mixer.read(at, at + 5000)
        for _ in mixer.blocks(stop=60 * 44_100):
            pass
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak_bytes < 12e6
