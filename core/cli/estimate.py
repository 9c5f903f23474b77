"""`cymatic estimate`: what a render would cost, from a short probe of it.

In: the arguments of `render`. Out: time, size and disk.
"""

import click

from core.cli.connection import with_client
from core.cli.follow import Outcome, raise_unless_done, submit_and_follow
from core.cli.groups import CommandWithOptions, scope_of
from core.cli.output import fields, print_document, say, size_text
from core.cli.picture import (
    PictureOptions,
    RangeOptions,
    picture_options,
    range_options,
    render_request,
)
from core.engine.client import EngineClient
from core.engine.protocol import SubmitEstimate
from core.errors import BugError
from core.jobs.model import EstimateResult
from core.units import length_text


@click.command(cls=CommandWithOptions)
@click.argument("subject", metavar="FILE|ASSET|PROJECT")
@picture_options
@range_options
@click.pass_context
def estimate(
    context: click.Context,
    *,
    subject: str,
    picture: PictureOptions,
    part: RangeOptions,
) -> None:
    """Say how long a render would take here, and how much disk it needs."""
    scope = scope_of(context)

    async def work(client: EngineClient) -> Outcome:
        request = await render_request(client, subject, picture, part)
        return await submit_and_follow(client, SubmitEstimate(render=request))

    job = with_client(scope, work).job
    raise_unless_done(job)
    if not isinstance(job.result, EstimateResult):
        raise BugError("An estimate ended without a result.")
    print_document("estimate", job.result) if scope.json else say(_text(job.result))


def _text(result: EstimateResult) -> str:
    return fields(
        [
            ("time", f"about {length_text(result.render_s)}"),
            ("speed", f"{result.fps:.1f} frames a second ({result.n_frames} frames)"),
            ("video", f"about {size_text(result.output_bytes)}"),
            ("needs", f"{size_text(result.disk_needed_bytes)} of disk"),
            ("free", size_text(result.disk_free_bytes)),
            ("drawn by", result.renderer),
            ("encoder", result.encoder),
        ]
    )
