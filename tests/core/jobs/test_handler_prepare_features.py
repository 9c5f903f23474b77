"""A mixdown that is measured while it is made: the very file that an analysis of it would write."""

import threading
from fractions import Fraction
from pathlib import Path

import msgspec
import pytest

from core.analysis.features import features_key, open_features
from core.audio.recipe import Recipe, identity_recipe
from core.errors import JobAborted
from core.ingest.sources import file_source
from core.jobs.handlers import analyze, ingest, prepare
from core.jobs.model import AnalyzeParams, AssetRef, IngestParams, PrepareParams
from core.jobs.testing import LocalContext, publish
from core.library.model import Asset
from tests import media


@pytest.fixture(scope="module")
def taken(tmp_path_factory) -> tuple[Path, Asset]:
    folder = tmp_path_factory.mktemp("measured")
    sound = media.song(6.0, sample_rate_hz=44_100)
    path = media.write_audio(folder / "song.wav", sound, sample_rate_hz=44_100)
    finished = ingest.run(IngestParams(source=file_source(path)), LocalContext(folder / "library"))
    publish(finished)
    return folder / "library", finished.result.asset


def edited(asset: Asset, start_s: Fraction, **fields) -> Recipe:
    (clip,) = identity_recipe(asset.id).clips
    clip = msgspec.structs.replace(clip, start_s=start_s, **fields)
    return Recipe(clips=(clip,))


def run(taken, recipe: Recipe, *, job_id: str = "mix", features: bool = True, **options):
    library, asset = taken
    ctx = LocalContext(library, job_id=job_id, assets={asset.id: asset}, **options)
    params = PrepareParams(asset=AssetRef(asset_id=asset.id), recipe=recipe, features=features)
    return prepare.run(params, ctx), ctx


def analysis_of(taken, recipe: Recipe):
    library, asset = taken
    ctx = LocalContext(library, job_id="analyze", assets={asset.id: asset})
    return analyze.run(AnalyzeParams(asset=AssetRef(asset_id=asset.id), recipe=recipe), ctx), ctx


def test_the_features_are_those_of_the_finished_file(taken):
    recipe = edited(taken[1], Fraction(1), gain=0.7)
    finished, ctx = run(taken, recipe)
    key = features_key(finished.result.prepared_key)
    (measured,) = [file for file in finished.files if file.final == ctx.paths.features(key)]
    live = measured.staged.read_bytes()
    publish(finished)
    measured.final.unlink()
    analysed, _ = analysis_of(taken, recipe)
    assert analysed.files[0].final == measured.final
    assert analysed.files[0].staged.read_bytes() == live
    publish(analysed)


def test_an_analysis_finds_them_and_measures_nothing(taken):
    recipe = edited(taken[1], Fraction(2))
    finished, _ = run(taken, recipe)
    publish(finished)
    analysed, ctx = analysis_of(taken, recipe)
    assert analysed.files == ()
    assert [fraction for _, fraction in ctx.reports] == [0.0]
    header = open_features(ctx.paths.features(analysed.result.analysis.features_key)).header
    assert header.duration_s == pytest.approx(4.0, abs=0.001)
    assert analysed.result.analysis.loudness_lufs == header.loudness_lufs


def test_the_mixdown_is_the_same_measured_or_not(taken):
    recipe = edited(taken[1], Fraction(3))
    measured, _ = run(taken, recipe, job_id="a")
    plain, _ = run(taken, recipe, job_id="b", features=False)
    assert plain.files[0].staged.read_bytes() == measured.files[0].staged.read_bytes()
    assert len(measured.files) == len(plain.files) + 1


def test_features_that_are_there_are_not_measured_again(taken):
    recipe = edited(taken[1], Fraction(4))
    finished, ctx = run(taken, recipe)
    publish(finished)
    ctx.paths.prepared(finished.result.prepared_key).unlink()
    again, _ = run(taken, recipe)
    assert len(again.files) == len(finished.files) - 1


def test_an_abort_ends_every_thread(taken):
    def stop(stage, fraction):
        if fraction > 0.2:
            raise JobAborted

    with pytest.raises(JobAborted):
        run(taken, edited(taken[1], Fraction(1, 2)), on_progress=stop)
    assert threading.active_count() == 1
