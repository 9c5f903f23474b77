"""The render and estimate jobs, whole: a real sound, the real scene, OpenGL, the finished file."""

from fractions import Fraction
from pathlib import Path

import av
import pytest
from PIL import Image

from core.analysis import analyze_file
from core.analysis.features import features_key
from core.audio.recipe import identity_recipe, prepared_key
from core.documents import from_json
from core.errors import DiskError, JobAborted, KnownError, NotAvailableYetError
from core.ingest.sources import file_source
from core.jobs.handlers import estimate, ingest, prepare, render
from core.jobs.model import (
    AssetRef,
    EstimateParams,
    IngestParams,
    PictureParams,
    PrepareParams,
    RenderParams,
)
from core.jobs.testing import LocalContext, publish
from core.library.model import Asset
from core.render.disk import DiskGuard
from core.render.plan import RenderPlan
from core.render.spherical import check_spherical
from tests import media

PICTURE = PictureParams(scene="resonance", format="96x64", fps=Fraction(10), quality="draft")


@pytest.fixture(scope="module")
def analysed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Asset]:
    """A library with one sound of ten seconds, mixed and analysed."""
    folder = tmp_path_factory.mktemp("render")
    root = folder / "library"
    path = media.write_audio(folder / "Lied: ein „Stück“.wav".replace(":", ""), media.song(10.0))
    taken = ingest.run(IngestParams(source=file_source(path)), LocalContext(root))
    publish(taken)
    asset = taken.result.asset
    ctx = LocalContext(root, job_id="mix", assets={asset.id: asset})
    publish(prepare.run(PrepareParams(asset=AssetRef(asset_id=asset.id)), ctx))
    key = prepared_key(identity_recipe(asset.id), {asset.id: asset})
    features = ctx.paths.features(features_key(key))
    features.parent.mkdir(exist_ok=True)
    analyze_file(ctx.paths.prepared(key), features)
    return root, asset


def params_of(asset: Asset, **fields) -> RenderParams:
    return RenderParams(asset=AssetRef(asset_id=asset.id), **{"picture": PICTURE, **fields})


def context_of(analysed, job_id: str, **fields) -> LocalContext:
    root, asset = analysed
    return LocalContext(root, job_id=job_id, assets={asset.id: asset}, **fields)


def test_a_render_makes_the_video_its_plan_and_a_thumbnail(analysed):
    ctx = context_of(analysed, "whole")
    finished = render.run(params_of(analysed[1]), ctx)
    publish(finished)
    folder = ctx.paths.render("whole")
    assert {file.role: file.final.parent for file in finished.files} == {
        "main": folder,
        "plan": folder,
        "thumbnail": folder,
    }
    result = finished.result
    assert result.path.parent == folder
    assert result.path.suffix == ".mp4"
    assert (result.n_frames, result.width, result.height) == (100, 96, 64)
    assert result.duration_s == 10
    assert ctx.facts["renderer"] == result.renderer
    assert result.encoder in ctx.facts["encoder"]
    assert from_json((folder / "plan.json").read_bytes(), RenderPlan).hash() == result.plan_hash
    with Image.open(folder / "thumbnail.png") as image:
        assert image.size == (480, 320)
    with av.open(str(result.path)) as container:
        assert container.metadata["title"] == analysed[1].title
        assert sum(1 for _ in container.decode(video=0)) == 100
    assert not any((ctx.paths.root / "segments").iterdir())
    fractions = [fraction for _, fraction in ctx.reports]
    assert fractions == sorted(fractions)


def test_a_range_renders_exactly_those_frames_to_the_named_file(analysed, tmp_path):
    output = tmp_path / "part.mp4"
    params = params_of(analysed[1], start_s=Fraction("2.05"), end_s=Fraction("4.5"), output=output)
    finished = render.run(params, context_of(analysed, "part"))
    publish(finished)
    assert finished.result.path == output
    assert finished.result.n_frames == 25
    with av.open(str(output)) as container:
        assert container.streams.audio[0].duration == 25 * 4800


def test_a_render_that_was_stopped_goes_on_to_the_same_bytes(analysed):
    params = params_of(analysed[1], end_s=Fraction(9))
    unbroken = render.run(params, context_of(analysed, "unbroken")).files[0].staged.read_bytes()

    def stop(stage: str, fraction: float) -> None:
        if fraction > 0.7:
            raise JobAborted

    ctx = context_of(analysed, "broken", on_progress=stop)
    with pytest.raises(JobAborted):
        render.run(params, ctx)
    assert any((ctx.paths.root / "segments").iterdir())
    ctx = context_of(analysed, "broken", facts=ctx.facts)
    finished = render.run(params, ctx)
    assert finished.result.segments_reused > 0
    assert finished.files[0].staged.read_bytes() == unbroken


def test_what_was_finished_before_the_worker_died_is_not_made_again(analysed):
    params = params_of(analysed[1], end_s=Fraction(1))
    first = render.run(params, context_of(analysed, "twice"))
    again = context_of(analysed, "twice")
    assert render.run(params, again) == first
    assert all(stage != "Drawing" for stage, _ in again.reports)
    first.files[0].staged.write_bytes(b"damaged")
    third = context_of(analysed, "twice")
    assert render.run(params, third).files[0].sha256 == first.files[0].sha256
    assert any(stage == "Drawing" for stage, _ in third.reports)


def test_a_360_render_says_that_it_is_one(analysed):
    picture = PictureParams(scene="resonance", format="96x64", fps=Fraction(10), quality="draft")
    params = params_of(analysed[1], picture=picture, end_s=Fraction(1))
    ctx = context_of(analysed, "round")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(render, "plan_for", _as_stereo(render.plan_for))
        finished = render.run(params, ctx)
    check_spherical(finished.files[0].staged, is_stereo=True)
    with Image.open(ctx.staging / "thumbnail.png") as image:
        assert image.size == (480, 160)


def _as_stereo(plan_for):
    """The same plan in a 360° format that is small enough for a test."""
    from msgspec.structs import replace

    from core.render.formats import Projection

    def stereo_plan(**arguments):
        plan = plan_for(**arguments)
        fmt = replace(plan.picture.format, projection=Projection.EQUIRECT_STEREO)
        return replace(plan, picture=replace(plan.picture, format=fmt))

    return stereo_plan


def test_a_taken_name_is_refused_before_any_work(analysed, tmp_path):
    output = tmp_path / "taken.mp4"
    output.write_bytes(b"mine")
    ctx = context_of(analysed, "taken")
    with pytest.raises(KnownError) as caught:
        render.run(params_of(analysed[1], output=output), ctx)
    assert caught.value.code == "exists"
    assert ctx.reports == []
    assert output.read_bytes() == b"mine"


def test_the_cloud_is_not_available_yet(analysed):
    with pytest.raises(NotAvailableYetError):
        render.run(params_of(analysed[1], target="modal"), context_of(analysed, "cloud"))


def test_a_full_disk_ends_the_render_with_nothing_at_its_name(analysed, tmp_path, monkeypatch):
    def full(guard, needed_bytes):
        raise DiskError("The disk is full.", hint="Free some space.")

    monkeypatch.setattr(DiskGuard, "check_room", full)
    output = tmp_path / "video.mp4"
    with pytest.raises(DiskError):
        render.run(params_of(analysed[1], output=output), context_of(analysed, "full"))
    assert not output.exists()


def test_an_estimate_measures_and_leaves_nothing(analysed):
    ctx = context_of(analysed, "estimate")
    finished = estimate.run(EstimateParams(render=params_of(analysed[1])), ctx)
    result = finished.result
    assert finished.files == ()
    assert result.n_frames == 100
    assert result.fps > 0
    assert result.render_s > 0
    assert result.output_bytes > 384_000 / 8 * 10
    assert result.disk_needed_bytes > result.output_bytes
    assert result.disk_free_bytes > 0
    assert result.encoder
    assert result.renderer
    assert list(ctx.staging.iterdir()) == []
