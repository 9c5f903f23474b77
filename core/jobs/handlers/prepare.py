"""Prepare job: a recipe becomes prepared audio, one FLAC file that all later stages read.

In: `PrepareParams`. Out: the mixdown's key, and in staging the file and the recipe; where they are
wanted, the features as well, measured of the same samples while they are made. A mixdown that
exists is used as it is; a PCM cache that was evicted is made anew from its original.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import msgspec

from core.analysis import analyze_blocks
from core.analysis.features import FeatureHeader, features_key
from core.audio.arrangement import asset_of, mixed_samples
from core.audio.aside import Aside
from core.audio.cache import enforce_limit, mark_used
from core.audio.mix import mix_blocks
from core.audio.normalisation import NormalisationPlan
from core.audio.normalise import normalise
from core.audio.pcm import has_pcm, pcm_bytes, write_pcm
from core.audio.prepared import PreparedReader, write_prepared
from core.audio.recipe import Recipe, identity_recipe, prepared_key
from core.documents import hash_of, to_json
from core.errors import LibraryError, NotFoundError, UsageError
from core.jobs.context import Finished, JobContext, StagedFile
from core.jobs.model import PrepareParams, PrepareResult
from core.library.files import (
    disk_errors,
    hash_file,
    publish_cached,
    require_free,
    write_flushed,
)
from core.library.model import Asset
from core.units import Audio

READING, MEASURING, MIXING = "Reading the sound", "Measuring loudness", "Mixing"
BYTES_PER_SAMPLE = 3


def run(params: PrepareParams, ctx: JobContext) -> Finished:
    """Mix a recipe, or the identity recipe of an asset, to prepared audio.

    Raises
    ------
    UsageError, NotFoundError
        The recipe is empty, or names what is not there.
    MediaError, LibraryError
        An original is gone, or no longer decodes as it did.
    DiskError
        The disk is full.
    """
    recipe = _recipe(params)
    assets = {clip.asset_id: asset_of(clip, ctx.assets) for clip in recipe.clips}
    key = prepared_key(recipe, assets)
    document = _recipe_file(recipe, ctx)
    ctx.progress(MIXING, 0.0)
    final = ctx.paths.prepared(key)
    ready = _open_if_whole(final)
    if ready is not None:
        mark_used(final)
        if params.sounds:
            _require_sounds(assets, ctx)
        result = PrepareResult(
            prepared_key=key,
            sha256=hash_file(final, tick=ctx.check_abort),
            duration_s=ready.duration_s,
            limited_peak_db=ready.limited_peak_db,
            loudness=ready.report,
        )
        return Finished(result=result, files=(document,))
    features = ctx.paths.features(features_key(key)) if params.features else None
    files, result = _mix(recipe, assets, ctx, final=final, features=features)
    return Finished(result=result, files=(*files, document))


def _recipe(params: PrepareParams) -> Recipe:
    if params.recipe is not None:
        if not params.recipe.clips:
            raise UsageError("The recipe has no clips.", hint="Add a clip first.")
        return params.recipe
    if params.asset.asset_id is None:
        raise NotFoundError("The file that this is about was never taken in.")
    return identity_recipe(params.asset.asset_id)


def _recipe_file(recipe: Recipe, ctx: JobContext) -> StagedFile:
    path = write_flushed(ctx.staging / "recipe.json", to_json(recipe))
    return _staged(path, ctx.paths.recipe(hash_of(recipe)), role="recipe")


def _open_if_whole(path: Path) -> PreparedReader | None:
    if not path.is_file():
        return None
    try:
        return PreparedReader(path)
    except LibraryError:
        return None  # damaged: mixed again, over it


def _mix(
    recipe: Recipe,
    assets: Mapping[str, Asset],
    ctx: JobContext,
    *,
    final: Path,
    features: Path | None,
) -> tuple[tuple[StagedFile, ...], PrepareResult]:
    """Write the mixdown that belongs at `final`, and the features unless they are there."""
    total = mixed_samples(recipe, assets)
    require_free(ctx.staging, total * recipe.channels * BYTES_PER_SAMPLE)
    share = _require_sounds(assets, ctx)
    staged = ctx.staging / "prepared.flac"

    plan = _plan(recipe, assets, ctx, _part(ctx, MEASURING, share, (1 - share) / 2))
    share += (1 - share) / 2 if plan else 0.0

    def report(n_samples: int) -> None:
        ctx.check_abort()
        ctx.progress(MIXING, share + (0.98 - share) * n_samples / total)

    with ExitStack() as stack:
        meter = None
        if features is not None and not features.exists():
            meter = stack.enter_context(_measuring(recipe, total, ctx.staging / "features"))
        info = write_prepared(
            mix_blocks(recipe, assets, ctx.paths),
            staged,
            sample_rate_hz=recipe.sample_rate_hz,
            channels=recipe.channels,
            on_samples=report,
            on_block=meter.put if meter else None,
            plan=plan,
        )
        files = [_staged(staged, final, overwrite=final.exists())]
        if features is not None and meter is not None:
            meter.finish()
            files.append(_staged(ctx.staging / "features", features, role="derived"))
    ctx.progress(MIXING, 1.0)
    return tuple(files), PrepareResult(
        prepared_key=final.stem,
        sha256=files[0].sha256,
        duration_s=info.n_samples / recipe.sample_rate_hz,
        limited_peak_db=info.limited_peak_db,
        loudness=info.report,
    )


def _plan(
    recipe: Recipe, assets: Mapping[str, Asset], ctx: JobContext, report: Callable[[float], None]
) -> NormalisationPlan | None:
    """Measure the mix, where it has a loudness to come to; `report` hears 0 to 1."""
    if recipe.loudness is None:
        return None
    total = mixed_samples(recipe, assets)
    runs = count()

    def mix() -> Iterator[Audio]:
        part = min(next(runs), 1) / 2  # a second run, where the limiter is needed
        done = 0
        for block in mix_blocks(recipe, assets, ctx.paths):
            done += block.shape[1]
            report(part + done / total / 2)
            yield block

    return normalise(
        mix, recipe.loudness, sample_rate_hz=recipe.sample_rate_hz, channels=recipe.channels
    )


def _measuring(recipe: Recipe, n_samples: int, path: Path) -> Aside[Audio, FeatureHeader]:
    """Begin to measure what is put, to the features file `path`."""

    def measure(blocks: Iterator[Audio]) -> FeatureHeader:
        with disk_errors(path):
            return analyze_blocks(
                blocks,
                path,
                sample_rate_hz=recipe.sample_rate_hz,
                channels=recipe.channels,
                n_samples=n_samples,
            )

    return Aside(measure)


def warm(keep: dict[str, object]) -> None:
    """Load the analyser."""
    import core.analysis.analyzer  # noqa: F401


def _require_sounds(assets: Mapping[str, Asset], ctx: JobContext) -> float:
    """Make evicted PCM caches anew; return the share of the job that this took."""
    unique = {asset.pcm.key: asset for asset in assets.values()}
    missing = [a for key, a in unique.items() if not has_pcm(ctx.paths.pcm(key), a.pcm)]
    share = 0.6 if missing else 0.0
    for index, asset in enumerate(missing):
        _rebuild(
            asset, ctx, _part(ctx, READING, share * index / len(missing), share / len(missing))
        )
    for key in unique:
        mark_used(ctx.paths.pcm(key))
    if missing:
        enforce_limit(ctx.paths, limit_bytes=ctx.settings.pcm_cache_bytes, keep=unique)
    return share


def _part(ctx: JobContext, stage: str, start: float, length: float) -> Callable[[float], None]:
    def report(fraction: float) -> None:
        ctx.check_abort()
        ctx.progress(stage, start + length * fraction)

    return report


def _rebuild(asset: Asset, ctx: JobContext, report: Callable[[float], None]) -> None:
    original = ctx.paths.original(asset.sha256, asset.name)
    if not original.is_file():
        raise LibraryError(
            f"The original of “{asset.title}” is not in the library.",
            hint=f"Give it back with “cymatic assets relocate {asset.id} FILE”.",
            path=original,
        )
    require_free(ctx.staging, pcm_bytes(asset.pcm))
    pcm_path, peaks_path = ctx.staging / "sound.pcm", ctx.staging / "sound.peaks"
    info = write_pcm(
        original,
        asset.probe,
        key=asset.pcm.key,
        pcm_path=pcm_path,
        peaks_path=peaks_path,
        on_progress=report,
    )
    # An update of FFmpeg may move a sample by a rounding; what has to hold is every position.
    if msgspec.structs.replace(info, peak=asset.pcm.peak) != asset.pcm:
        raise LibraryError(
            f"“{asset.title}” no longer decodes to the same sound.",
            hint="The original was changed, or FFmpeg was updated: take the file in again.",
            path=original,
        )
    publish_cached(pcm_path, ctx.paths.pcm(info.key))
    publish_cached(peaks_path, ctx.paths.peaks(info.key))


def _staged(path: Path, final: Path, *, role: str = "main", overwrite: bool = False) -> StagedFile:
    return StagedFile(
        staged=path,
        final=final,
        sha256=hash_file(path),
        bytes=path.stat().st_size,
        role=role,
        overwrite=overwrite,
    )
