"""Estimate a render: a short probe of it on this computer.

In: `EstimateParams`, the render's own parameters. Out: time, size and room it would take. Makes
no files that stay.
"""

from core.analysis.features import open_features
from core.backends import backend_for
from core.backends.local import open_frames
from core.jobs.context import Finished, JobContext
from core.jobs.model import EstimateParams, EstimateResult
from core.render.build import plan_for, sound_files
from core.render.disk import free_bytes
from core.render.encoder_options import measure_resources
from core.render.encoders import resolve_encoder
from core.render.estimate import probe_render
from core.render.shape import shape_of
from core.render.windows import probe_windows

_LOUDNESS = "rms"


def run(params: EstimateParams, ctx: JobContext) -> Finished:
    """Probe what a render would cost.

    Raises
    ------
    KnownError
        When the sound is not prepared, or the render could not be made here at all.
    JobAborted
        When the job was cancelled.
    """
    render = params.render
    backend_for(render.target)  # refuses what cannot be rendered, in its own words
    ctx.progress("Preparing", 0.0)
    plan = plan_for(
        asset=render.asset,
        recipe=render.recipe,
        picture=render.picture,
        ctx=ctx,
        start_s=render.start_s,
        end_s=render.end_s,
    )
    files = sound_files(asset=render.asset, recipe=render.recipe, ctx=ctx)
    features = open_features(files.features)
    encoder = resolve_encoder(
        plan.file.codec, shape_of(plan), plan.file.quality, resources=measure_resources()
    )
    windows = probe_windows(plan, features.hop_times_s, features.column(_LOUDNESS))
    with open_frames(plan, files.features, lambda *_: ctx.check_abort()) as source:
        renderer = source.renderer
        report = probe_render(
            plan, source, encoder, windows, folder=ctx.staging / "probe", monitor=ctx
        )
    result = EstimateResult(
        render_s=report.render_s,
        output_bytes=report.output_bytes,
        disk_needed_bytes=report.disk_needed_bytes,
        disk_free_bytes=free_bytes(ctx.paths.root),
        n_frames=plan.n_frames,
        fps=report.fps,
        encoder=encoder.name,
        renderer=renderer,
    )
    return Finished(result=result)
