"""Frame jobs: a still of real sound, its cache, and what is refused."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.analysis import analyze_file
from core.analysis.features import features_key, open_features
from core.audio.recipe import identity_recipe, prepared_key
from core.errors import JobAborted, KnownError, NotFoundError, UsageError
from core.ingest.sources import file_source
from core.jobs.handlers import frame, ingest, prepare
from core.jobs.model import AssetRef, FrameParams, IngestParams, PictureParams, PrepareParams
from core.jobs.testing import LocalContext, publish
from core.library.model import Asset
from core.render.build import plan_for
from core.render.frames import FrameRenderer
from tests import media

PICTURE = PictureParams(scene="resonance", format="96x54")


@pytest.fixture(scope="module")
def analysed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Asset]:
    """A library with one sound, mixed and analysed."""
    folder = tmp_path_factory.mktemp("still")
    root = folder / "library"
    path = media.write_audio(folder / "song.wav", media.song(3.0))
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


def params_of(asset: Asset, **fields) -> FrameParams:
    made = {"picture": PICTURE, "at_s": Fraction(1), **fields}
    return FrameParams(asset=AssetRef(asset_id=asset.id), **made)


def context_of(root: Path, asset: Asset, job_id: str = "still", **fields) -> LocalContext:
    return LocalContext(root, job_id=job_id, assets={asset.id: asset}, **fields)


def test_still_is_the_frame_that_a_render_draws(analysed, tmp_path):
    root, asset = analysed
    output = tmp_path / "still.png"
    ctx = context_of(root, asset)
    finished = frame.run(params_of(asset, at_s=Fraction("1.01"), output=output), ctx)
    publish(finished)
    assert finished.result.frame_index == 30
    assert (finished.result.width, finished.result.height) == (96, 54)
    plan = plan_for(asset=AssetRef(asset_id=asset.id), recipe=None, picture=PICTURE, ctx=ctx)
    pixels = np.empty((54, 96, 4), np.uint8)
    with FrameRenderer(plan, open_features(ctx.paths.features(plan.features.key))) as renderer:
        renderer.read_rgba(30, pixels)
    assert np.array_equal(np.asarray(Image.open(output)), pixels[..., :3])
    fractions = [fraction for _, fraction in ctx.reports]
    assert fractions == sorted(fractions)


def test_still_without_an_output_is_kept_and_found_again(analysed):
    root, asset = analysed
    first = frame.run(params_of(asset), context_of(root, asset, "a"))
    publish(first)
    assert first.result.path == context_of(root, asset).paths.still(first.result.path.stem)
    written = first.result.path.read_bytes()
    again = context_of(root, asset, "b")
    finished = frame.run(params_of(asset), again)
    assert finished.result.path == first.result.path
    assert finished.files[0].staged.read_bytes() == written
    assert all(stage != "Drawing" for stage, _ in again.reports)
    other = frame.run(
        params_of(asset, picture=PictureParams(scene="resonance", format="96x54", seed=2)),
        context_of(root, asset, "c"),
    )
    assert other.result.path != first.result.path


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"at_s": Fraction(60)}, UsageError),
        ({"output": Path("still.jpg")}, UsageError),
        ({"picture": PictureParams(scene="nothing")}, KnownError),
    ],
)
def test_what_cannot_be_drawn_is_refused(analysed, fields, kind):
    root, asset = analysed
    with pytest.raises(kind):
        frame.run(params_of(asset, **fields), context_of(root, asset))


def test_existing_output_is_refused_unless_it_may_be_replaced(analysed, tmp_path):
    root, asset = analysed
    output = tmp_path / "mine.png"
    output.write_bytes(b"mine")
    with pytest.raises(KnownError, match="there already"):
        frame.run(params_of(asset, output=output), context_of(root, asset))
    assert output.read_bytes() == b"mine"
    finished = frame.run(params_of(asset, output=output, overwrite=True), context_of(root, asset))
    assert finished.files[0].overwrite


def test_sound_that_is_not_analysed_is_told(analysed, tmp_path):
    _, asset = analysed
    with pytest.raises(NotFoundError, match="mixed"):
        frame.run(params_of(asset), context_of(tmp_path / "empty", asset))


def test_cancel_while_drawing_ends_the_job(analysed, tmp_path):
    root, asset = analysed

    def cancel(stage: str, fraction: float) -> None:
        if stage == "Drawing":
            raise JobAborted

    ctx = context_of(root, asset, "cancelled", on_progress=cancel)
    with pytest.raises(JobAborted):
        frame.run(params_of(asset, at_s=Fraction(2), output=tmp_path / "never.png"), ctx)
    assert not (tmp_path / "never.png").exists()


def test_a_worker_draws_still_after_still_in_one_context(analysed):
    root, asset = analysed
    keep: dict[str, object] = {}
    frame.warm(keep)
    (context,) = keep.values()
    stills = []
    for number in range(2):
        ctx = context_of(root, asset, f"kept{number}")
        ctx.keep = keep
        finished = frame.run(params_of(asset, at_s=Fraction(3, 2) + number), ctx)
        stills.append(np.asarray(Image.open(finished.files[0].staged)))
        assert list(keep.values()) == [context]
    alone = frame.run(params_of(asset, at_s=Fraction(5, 2)), context_of(root, asset, "alone"))
    assert np.array_equal(np.asarray(Image.open(alone.files[0].staged)), stills[1])
    assert not np.array_equal(stills[0], stills[1])
