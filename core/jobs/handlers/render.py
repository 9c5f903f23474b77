"""Render a video: parameters to a plan, a backend that makes it, the files to publish.

In: `RenderParams`. Out: the video, its plan and a thumbnail, staged. Segments are removed once the
video is safe in staging; what was finished is noted there too, so that a worker that dies between
the two loses nothing.
"""

from pathlib import Path

import msgspec

from core.backends import backend_for
from core.backends.base import RenderOutcome, RenderRequest
from core.documents import from_json, to_json
from core.errors import KnownError
from core.jobs.context import Finished, JobContext, StagedFile
from core.jobs.model import RenderParams, RenderResult
from core.library.files import flush, hash_file, safe_name, write_flushed
from core.library.model import Asset
from core.render.build import plan_for, sound_files
from core.render.formats import Projection
from core.render.plan import RenderPlan
from core.render.segments import SegmentFolder
from core.render.thumbnail import write_thumbnail

_NOTE = "finished.json"
_HASHING_FRACTION = 0.995


class _FinishedNote(msgspec.Struct, frozen=True, kw_only=True):
    """What an earlier attempt has finished, kept beside it in staging."""

    plan_hash: str
    finished: Finished


def run(params: RenderParams, ctx: JobContext) -> Finished:
    """Render a video.

    Raises
    ------
    KnownError
        When the sound is not prepared, the output's name is taken, or the render fails.
    JobAborted
        When the job was cancelled or paused; finished segments are kept.
    """
    _check_name(params)
    backend = backend_for(params.target)
    plan = plan_for(
        asset=params.asset,
        recipe=params.recipe,
        picture=params.picture,
        ctx=ctx,
        start_s=params.start_s,
        end_s=params.end_s,
    )
    done = _finished_before(ctx, plan)
    if done is not None:
        return done
    files = sound_files(asset=params.asset, recipe=params.recipe, ctx=ctx)
    outcome = backend.render(
        RenderRequest(
            plan=plan,
            prepared=files.prepared,
            features=files.features,
            paths=ctx.paths,
            target=ctx.staging / "video.mp4",
            max_output_bytes=ctx.settings.max_output_bytes,
            tags=_tags(params, ctx),
            facts=ctx.facts,
        ),
        ctx,
    )
    finished = _stage(params, ctx, plan, outcome)
    note = _FinishedNote(plan_hash=plan.hash(), finished=finished)
    write_flushed(ctx.staging / _NOTE, to_json(note))
    SegmentFolder(outcome.segments).discard()
    return finished


def _check_name(params: RenderParams) -> None:
    """Refuse before hours of work what publishing would refuse after them."""
    output = params.output
    if output is not None and output.exists() and not params.overwrite:
        raise KnownError(
            f"{output} is there already.",
            code="exists",
            hint="Choose another name, or allow replacing it (--force).",
            path=output,
        )


def _finished_before(ctx: JobContext, plan: RenderPlan) -> Finished | None:
    """Return what an earlier attempt left whole in staging."""
    try:
        note = from_json((ctx.staging / _NOTE).read_bytes(), _FinishedNote)
        is_whole = note.plan_hash == plan.hash() and all(
            file.staged.stat().st_size == file.bytes
            and hash_file(file.staged, tick=ctx.check_abort) == file.sha256
            for file in note.finished.files
        )
    except (OSError, KnownError):
        return None
    return note.finished if is_whole else None


def _asset(params: RenderParams, ctx: JobContext) -> Asset | None:
    """Return the asset that the video is of, or None when it is of several."""
    return ctx.assets.get(params.asset.asset_id or "") or next(iter(ctx.assets.values()), None)


def _title(params: RenderParams, ctx: JobContext) -> str:
    asset = _asset(params, ctx)
    if ctx.project is not None and ctx.project.title:
        return ctx.project.title
    return asset.title if asset else ""


def _tags(params: RenderParams, ctx: JobContext) -> dict[str, str]:
    asset = _asset(params, ctx)
    return {"title": _title(params, ctx), "artist": asset.artist if asset else ""}


def _stage(
    params: RenderParams, ctx: JobContext, plan: RenderPlan, outcome: RenderOutcome
) -> Finished:
    """Write what goes beside the video and say where everything belongs."""
    folder = ctx.paths.render(ctx.job_id)
    plan_file, thumbnail = ctx.staging / "plan.json", ctx.staging / "thumbnail.png"
    write_flushed(plan_file, to_json(plan))
    is_stereo = plan.picture.format.projection is Projection.EQUIRECT_STEREO
    write_thumbnail(outcome.path, thumbnail, is_stereo=is_stereo)
    flush(thumbnail)
    name = safe_name(f"{_title(params, ctx) or 'video'}.mp4", fallback="video")
    output = params.output or folder / name
    files = (
        _staged(ctx, outcome.path, output, role="main", overwrite=params.overwrite),
        _staged(ctx, plan_file, folder / plan_file.name, role="plan", overwrite=True),
        _staged(ctx, thumbnail, folder / thumbnail.name, role="thumbnail", overwrite=True),
    )
    fmt = plan.picture.format
    result = RenderResult(
        path=files[0].final,
        plan_hash=plan.hash(),
        encoder=outcome.encoder,
        renderer=outcome.renderer,
        n_frames=plan.n_frames,
        duration_s=float(plan.n_frames / plan.picture.fps),
        width=fmt.width,
        height=fmt.height,
        segments_reused=outcome.segments_reused,
    )
    return Finished(result=result, files=files)


def _staged(ctx: JobContext, path: Path, final: Path, *, role: str, overwrite: bool) -> StagedFile:
    def alive() -> None:
        ctx.check_abort()
        ctx.progress("Checking", _HASHING_FRACTION)

    return StagedFile(
        staged=path,
        final=final,
        sha256=hash_file(path, tick=alive),
        bytes=path.stat().st_size,
        role=role,
        overwrite=overwrite,
    )
