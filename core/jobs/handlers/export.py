"""Export job: prepared audio becomes a sound file of the user's, as they asked for it.

In: `ExportParams`; the mixdown of its recipe exists. Out: the file, staged for its place, and its
loudness measured from the file itself.
"""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from core.audio.arrangement import asset_of
from core.audio.encode import write_sound
from core.audio.encode_formats import KINDS, SoundFormat, sound_format_for
from core.audio.encode_tags import SoundTags, tags_of
from core.audio.normalisation import NormalisationReport
from core.audio.prepared import PreparedReader
from core.audio.recipe import Marker, Recipe, identity_recipe, prepared_key
from core.errors import NotFoundError, UsageError
from core.ingest.describe import describe
from core.jobs.context import Finished, JobContext, StagedFile
from core.jobs.model import ExportParams, ExportResult
from core.jobs.publish import check_output, staging_place
from core.library.files import hash_file, require_free
from core.library.model import Asset, Chapter, Loudness

WRITING, MEASURING = "Writing the sound", "Measuring loudness"
_WRITTEN = 0.75
OVERSHOOT_DB = 0.1
"""Peaks that much over the ceiling are worth a word."""
_BYTES_PER_SAMPLE = 4


def run(params: ExportParams, ctx: JobContext) -> Finished:
    """Write a mixdown to a file.

    Raises
    ------
    UsageError, NotFoundError
        The file's name tells no format, or the recipe names what is not there.
    OutputExistsError
        A file of that name is there already.
    LibraryError
        The mixdown is missing or damaged.
    DiskError, EncoderError
        The disk is full; the encoder failed.
    """
    check_output(params.output, overwrite=params.overwrite)
    fmt = sound_format_for(
        params.output, bit_depth=params.bit_depth, bit_rate_bps=params.bit_rate_bps
    )
    recipe = _recipe(params)
    assets = {clip.asset_id: asset_of(clip, ctx.assets) for clip in recipe.clips}
    reader = PreparedReader(ctx.paths.prepared(prepared_key(recipe, assets)))
    staged = staging_place(ctx.staging, params.output, ctx.job_id)
    if staged.is_relative_to(ctx.staging):  # elsewhere, only what is written counts
        require_free(ctx.staging, reader.n_samples * reader.channels * _BYTES_PER_SAMPLE)
    with _nothing_left(staged):
        tags = _tags(params, assets[recipe.clips[0].asset_id], ctx, reader.duration_s)
        return _write(params, ctx, reader=reader, staged=staged, fmt=fmt, tags=tags)


@contextmanager
def _nothing_left(staged: Path) -> Iterator[None]:
    """Remove a file that was begun, when it fails: it may lie beside the user's own."""
    try:
        yield
    except BaseException:
        staged.unlink(missing_ok=True)
        raise


def _write(
    params: ExportParams,
    ctx: JobContext,
    *,
    reader: PreparedReader,
    staged: Path,
    fmt: SoundFormat,
    tags: SoundTags,
) -> Finished:
    """Write the file and measure it."""
    ctx.progress(WRITING, 0.0)
    written = write_sound(
        reader.blocks(),
        staged,
        sample_rate_hz=reader.sample_rate_hz,
        channels=reader.channels,
        fmt=fmt,
        tags=tags,
        on_samples=_report(ctx, WRITING, 0.0, _WRITTEN / reader.n_samples),
    )
    measuring = _report(ctx, MEASURING, _WRITTEN, 1 - _WRITTEN)
    loudness = describe(staged, on_progress=measuring).loudness  # as a player decodes it
    report = reader.report
    result = ExportResult(
        path=params.output,
        duration_s=written.n_samples / written.sample_rate_hz,
        sample_rate_hz=written.sample_rate_hz,
        channels=written.channels,
        measured=loudness,
        loudness=msgspec.structs.replace(report, after=loudness) if report else None,
        limited_peak_db=reader.limited_peak_db or written.limited_peak_db,
        notes=(*written.notes, *_peaks_note(fmt, report, loudness)),
    )
    file = StagedFile(
        staged=staged,
        final=params.output,
        sha256=hash_file(staged, tick=ctx.check_abort),
        bytes=staged.stat().st_size,
        overwrite=params.overwrite,
    )
    return Finished(result=result, files=(file,))


def _peaks_note(
    fmt: SoundFormat, report: NormalisationReport | None, measured: Loudness
) -> tuple[str, ...]:
    """Say so where a lossy encoder brings peaks over the ceiling that the mix keeps."""
    if report is None or measured.true_peak_dbtp is None:
        return ()
    ceiling = report.target.true_peak_dbtp
    over = measured.true_peak_dbtp - ceiling
    if over <= OVERSHOOT_DB:
        return ()
    lower = f"{report.target.integrated_lufs:g}/{ceiling - math.ceil(over * 10) / 10:.1f}"
    return (
        f"Encoding to {KINDS[fmt.kind].name} raised peaks {over:.1f} dB over {ceiling:g} dBTP; "
        f"the target {lower} leaves room for that.",
    )


def _recipe(params: ExportParams) -> Recipe:
    if params.recipe is not None:
        if not params.recipe.clips:
            raise UsageError("The recipe has no clips.", hint="Add a clip first.")
        return params.recipe
    if params.asset.asset_id is None:
        raise NotFoundError("The file that this is about was never taken in.")
    return identity_recipe(params.asset.asset_id)


def _report(ctx: JobContext, stage: str, start: float, per: float) -> Callable[[float], None]:
    def report(done: float) -> None:
        ctx.check_abort()
        ctx.progress(stage, start + done * per)

    return report


def _tags(params: ExportParams, asset: Asset, ctx: JobContext, duration_s: float) -> SoundTags:
    """Return what the first sound says of itself, and the markers as chapters."""
    cover = ctx.paths.cover(asset.sha256)
    picture = cover.read_bytes() if cover.is_file() else b""
    tags = tags_of(asset.probe, title=asset.title, cover=picture)
    if params.title:
        tags = msgspec.structs.replace(tags, title=params.title)
    return msgspec.structs.replace(tags, chapters=chapters_of(params.markers, duration_s))


def chapters_of(markers: tuple[Marker, ...], duration_s: float) -> tuple[Chapter, ...]:
    """Return markers as chapters, in order: each lasts to the next, or to its own end.

    Of several at one time only the last is a chapter.
    """
    inside = sorted((m for m in markers if m.time_s < duration_s), key=lambda one: one.time_s)
    following = [float(marker.time_s) for marker in inside[1:]] + [duration_s] * bool(inside)
    chapters = (
        Chapter(
            start_s=float(marker.time_s),
            end_s=min(float(marker.end_s), after) if marker.end_s is not None else after,
            title=marker.name,
        )
        for marker, after in zip(inside, following, strict=True)
    )
    return tuple(chapter for chapter in chapters if chapter.start_s < chapter.end_s)
