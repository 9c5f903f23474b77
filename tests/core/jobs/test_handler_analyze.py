"""Analyze job: the features of a mixdown, made once, and what is said when it is not there."""

from pathlib import Path

import pytest

from core.analysis.features import features_key, open_features
from core.audio.prepared import write_prepared
from core.audio.recipe import Recipe, identity_recipe, prepared_key
from core.errors import JobAborted, KnownError, NotFoundError, UsageError
from core.ingest.sources import file_source
from core.jobs.handlers import analyze, ingest, prepare
from core.jobs.model import AnalyzeParams, AnalyzeResult, AssetRef, IngestParams, PrepareParams
from core.jobs.testing import LocalContext, publish
from core.library.model import Asset
from tests.core.analysis import signals
from tests.media import write_audio


@pytest.fixture(scope="module")
def mixed(tmp_path_factory) -> tuple[Path, Asset]:
    """A library with one asset at 120 beats a minute, mixed."""
    folder = tmp_path_factory.mktemp("analyze")
    beats = signals.beat_times("constant", bpm=120, duration_s=10.0)
    path = write_audio(folder / "drums.wav", signals.make("drums", beats, 10.0))
    library = folder / "library"
    taken = ingest.run(IngestParams(source=file_source(path)), LocalContext(library))
    publish(taken)
    asset = taken.result.asset
    ctx = LocalContext(library, job_id="mix", assets={asset.id: asset})
    publish(prepare.run(PrepareParams(asset=AssetRef(asset_id=asset.id)), ctx))
    return library, asset


def params(asset: Asset, recipe: Recipe | None = None) -> AnalyzeParams:
    return AnalyzeParams(asset=AssetRef(asset_id=asset.id), recipe=recipe)


def test_a_mixdown_is_analysed_once(mixed):
    library, asset = mixed
    ctx = LocalContext(library, job_id="first", assets={asset.id: asset})
    finished = analyze.run(params(asset), ctx)
    result = finished.result
    assert isinstance(result, AnalyzeResult)
    key = prepared_key(identity_recipe(asset.id), {asset.id: asset})
    assert result.asset_id == asset.id
    assert result.analysis.prepared_key == key
    assert result.analysis.features_key == features_key(key)
    assert result.analysis.tempo_bpm == pytest.approx(120, rel=0.01)
    assert result.analysis.loudness_lufs == pytest.approx(-12, abs=12)
    assert [fraction for _, fraction in ctx.reports] == sorted(f for _, f in ctx.reports)
    publish(finished)
    features = open_features(ctx.paths.features(result.analysis.features_key))
    assert features.header.duration_s == pytest.approx(10.0, abs=0.001)

    again = analyze.run(params(asset), LocalContext(library, assets={asset.id: asset}))
    assert again.result == result
    assert again.files == ()


def test_a_damaged_analysis_is_made_anew(mixed):
    library, asset = mixed
    ctx = LocalContext(library, job_id="damaged", assets={asset.id: asset})
    key = features_key(prepared_key(identity_recipe(asset.id), {asset.id: asset}))
    ctx.paths.features(key).parent.mkdir(exist_ok=True)
    ctx.paths.features(key).write_bytes(b"CYMFEAT1 and nothing else")
    finished = analyze.run(params(asset), ctx)
    assert [file.overwrite for file in finished.files] == [True]
    ctx.paths.features(key).unlink()


def test_a_cancel_leaves_no_features(mixed):
    library, asset = mixed

    def stop(stage: str, fraction: float) -> None:
        if fraction > 0.3:
            raise JobAborted

    ctx = LocalContext(library, job_id="stop", assets={asset.id: asset}, on_progress=stop)
    with pytest.raises(JobAborted):
        analyze.run(params(asset, identity_recipe(asset.id)), ctx)
    assert list(ctx.staging.iterdir()) == []


def test_what_is_missing_is_said(mixed, tmp_path):
    _, asset = mixed
    ctx = LocalContext(tmp_path, assets={asset.id: asset})
    with pytest.raises(KnownError) as error:
        analyze.run(params(asset), ctx)
    assert error.value.hint
    with pytest.raises(NotFoundError):
        analyze.run(params(asset), LocalContext(tmp_path))
    with pytest.raises(NotFoundError):
        analyze.run(AnalyzeParams(asset=AssetRef(ingest_job_id="x")), ctx)
    with pytest.raises(UsageError):
        analyze.run(params(asset, Recipe(clips=())), ctx)


def test_a_short_silent_mixdown_has_neither_tempo_nor_loudness(mixed, tmp_path):
    _, asset = mixed
    ctx = LocalContext(tmp_path, assets={asset.id: asset})
    path = ctx.paths.prepared(prepared_key(identity_recipe(asset.id), {asset.id: asset}))
    path.parent.mkdir()
    silence = [signals.np.zeros((2, 4_800), "f4")]
    write_prepared(silence, path, sample_rate_hz=48_000, channels=2)
    analysis = analyze.run(params(asset), ctx).result.analysis
    assert (analysis.tempo_bpm, analysis.loudness_lufs, analysis.true_peak_dbtp) == (None,) * 3
