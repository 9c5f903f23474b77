"""Analyze job: the features of prepared audio, measured once.

In: `AnalyzeParams`; the mixdown of its recipe exists. Out: the analysis in short, and in staging
the features file. An analysis that exists is used as it is.
"""

from core.analysis import analyze_file
from core.analysis.features import FeatureHeader, features_key, open_features
from core.audio.arrangement import asset_of
from core.audio.prepared import PreparedReader
from core.audio.recipe import Recipe, identity_recipe, prepared_key
from core.errors import KnownError, NotFoundError, UsageError
from core.jobs.context import Finished, JobContext, StagedFile
from core.jobs.model import AnalyzeParams, AnalyzeResult
from core.library.files import disk_errors, hash_file
from core.library.model import Analysis

ANALYSING = "Analysing"


def run(params: AnalyzeParams, ctx: JobContext) -> Finished:
    """Measure the mixdown of a recipe, or of the identity recipe of an asset.

    Raises
    ------
    UsageError, NotFoundError
        The recipe is empty, or names what is not there.
    LibraryError
        The mixdown is missing or damaged.
    DiskError
        The disk is full.
    """
    recipe = _recipe(params)
    assets = {clip.asset_id: asset_of(clip, ctx.assets) for clip in recipe.clips}
    mix_key = prepared_key(recipe, assets)
    key = features_key(mix_key)
    final = ctx.paths.features(key)
    ctx.progress(ANALYSING, 0.0)
    header = _existing(ctx, key)
    files: tuple[StagedFile, ...] = ()
    if header is None:
        staged = ctx.staging / "features"
        header = _measure(ctx, mix_key)
        file = StagedFile(
            staged=staged,
            final=final,
            sha256=hash_file(staged),
            bytes=staged.stat().st_size,
            overwrite=final.exists(),
        )
        files = (file,)
    analysis = Analysis(
        prepared_key=mix_key,
        features_key=key,
        tempo_bpm=header.tempo_bpm,
        loudness_lufs=header.loudness_lufs,
        true_peak_dbtp=header.true_peak_dbtp,
    )
    asset_id = params.asset.asset_id or recipe.clips[0].asset_id
    report = PreparedReader(ctx.paths.prepared(mix_key)).report if recipe.loudness else None
    result = AnalyzeResult(asset_id=asset_id, analysis=analysis, loudness=report)
    return Finished(result=result, files=files)


def _recipe(params: AnalyzeParams) -> Recipe:
    if params.recipe is not None:
        if not params.recipe.clips:
            raise UsageError("The recipe has no clips.", hint="Add a clip first.")
        return params.recipe
    if params.asset.asset_id is None:
        raise NotFoundError("The file that this is about was never taken in.")
    return identity_recipe(params.asset.asset_id)


def _existing(ctx: JobContext, key: str) -> FeatureHeader | None:
    path = ctx.paths.features(key)
    if not path.is_file():
        return None
    try:
        return open_features(path).header
    except KnownError:
        return None  # damaged: measured again, over it


def _measure(ctx: JobContext, mix_key: str) -> FeatureHeader:
    staged = ctx.staging / "features"

    def report(fraction: float) -> None:
        ctx.check_abort()
        ctx.progress(ANALYSING, fraction)

    with disk_errors(staged):
        return analyze_file(ctx.paths.prepared(mix_key), staged, progress=report)
