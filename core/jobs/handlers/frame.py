"""Frame job: one frame of the video as a PNG, drawn exactly as a render draws it.

In: `FrameParams`. Out: the still, staged for `output` or for the library's cache of stills, which
knows it by picture, sound and frame.
"""

import shutil
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

from core.analysis.features import open_features
from core.documents import hash_of
from core.errors import KnownError, UsageError
from core.jobs.context import Finished, JobContext, StagedFile
from core.jobs.model import FrameParams, FrameResult
from core.library.files import flush, hash_file
from core.render.build import plan_for, sound_files
from core.render.context import GlContext, create_context
from core.render.frames import FrameRenderer
from core.render.plan import RENDERER_VERSION, RenderPlan

_OPENING, _DRAWING, _SAVING = "Opening", "Drawing", "Saving"
_CONTEXT = "gl"
_DRAW_FROM, _DRAW_TO = 0.1, 0.9
_STALL_S_PER_MEGAPIXEL = 4.0


def run(params: FrameParams, ctx: JobContext) -> Finished:
    """Draw the frame whose display interval holds `at_s`.

    Raises
    ------
    UsageError
        When `at_s` lies outside the sound, or the output is no PNG.
    KnownError
        When the sound is not analysed, or the output's name is taken.
    """
    _check_output(params)
    ctx.progress(_OPENING, 0.0)
    plan = plan_for(
        asset=params.asset,
        recipe=params.recipe,
        picture=params.picture,
        ctx=ctx,
        start_s=params.at_s,
    )
    cached = ctx.paths.still(still_key(plan))
    staged = ctx.staging / "frame.png"
    if cached.is_file():
        shutil.copyfile(cached, staged)
    else:
        _draw(plan, params, ctx, staged)
    flush(staged)
    final = params.output or cached
    fmt = plan.picture.format
    return Finished(
        result=FrameResult(
            path=final, frame_index=plan.first_frame, width=fmt.width, height=fmt.height
        ),
        files=(
            StagedFile(
                staged=staged,
                final=final,
                sha256=hash_file(staged, tick=ctx.check_abort),
                bytes=staged.stat().st_size,
                overwrite=params.overwrite,
            ),
        ),
    )


def still_key(plan: RenderPlan) -> str:
    """Return the key of the plan's first frame as a still: all that its pixels depend on."""
    return hash_of([RENDERER_VERSION, plan.picture, plan.features, plan.first_frame])


def _check_output(params: FrameParams) -> None:
    output = params.output
    if output is None:
        return
    if output.suffix.lower() != ".png":
        raise UsageError(f"{output.name} is no PNG.", hint="Give the still a name ending in .png.")
    if output.exists() and not params.overwrite:
        raise KnownError(
            f"{output} is there already.",
            code="exists",
            hint="Choose another name, or allow replacing it (--force).",
            path=output,
        )


def _draw(plan: RenderPlan, params: FrameParams, ctx: JobContext, staged: Path) -> None:
    """Draw the plan's first frame into `staged`."""
    features = open_features(
        sound_files(asset=params.asset, recipe=params.recipe, ctx=ctx).features
    )
    fmt = plan.picture.format
    ctx.allow_stall(_STALL_S_PER_MEGAPIXEL * max(1.0, fmt.width * fmt.height / 1e6))

    def on_tile(done: int, total: int) -> None:
        ctx.check_abort()
        ctx.progress(_DRAWING, _DRAW_FROM + (_DRAW_TO - _DRAW_FROM) * done / total)

    pixels = np.empty((fmt.height, fmt.width, 4), np.uint8)
    context = _context(ctx.keep)
    with FrameRenderer(plan, features, context=context, on_tile=on_tile) as renderer:
        renderer.read_rgba(plan.first_frame, pixels)
    ctx.progress(_SAVING, _DRAW_TO)
    # Fast rather than small: a still is looked at once, and 8K takes seconds otherwise.
    fast = {"compress_level": 1, "compress_type": zlib.Z_RLE}
    Image.fromarray(pixels).convert("RGB").save(staged, "PNG", **fast)


def warm(keep: dict[str, object]) -> None:
    """Make the context that stills are drawn in."""
    _context(keep)


def _context(keep: dict[str, object]) -> GlContext:
    """Return the worker's context: making one takes longer than drawing a still."""
    held = keep.get(_CONTEXT)
    if not isinstance(held, GlContext):
        held = keep[_CONTEXT] = create_context()
    return held
