"""`cymatic frame`: one frame of a video as a PNG.

In: a file or an asset, what to draw, and when. Out: the picture, as the render would show it.
"""

from fractions import Fraction
from pathlib import Path

import click

from core.cli.connection import with_client
from core.cli.follow import Outcome, submit_and_follow
from core.cli.groups import CommandWithOptions, scope_of
from core.cli.picture import PictureOptions, make_picture, picture_options, project_of
from core.cli.render import output_file, show_outcome
from core.cli.subject import subject_of
from core.cli.values import TIME
from core.engine.client import EngineClient
from core.engine.protocol import SubmitFrame


@click.command(cls=CommandWithOptions)
@click.argument("subject", metavar="FILE|ASSET|PROJECT")
@click.option("--at", "at_s", type=TIME, required=True, metavar="TIME", help="When in the sound.")
@click.option(
    "-o",
    "output",
    type=click.Path(path_type=Path),
    metavar="P.png",
    help="The picture's file; without it, the library's cache.",
)
@picture_options
@click.option("--force", is_flag=True, help="Replace P.png if it exists.")
@click.pass_context
def frame(
    context: click.Context,
    *,
    subject: str,
    at_s: Fraction,
    output: Path | None,
    force: bool,
    picture: PictureOptions,
) -> int:
    """Draw the frame that the video shows at a time."""
    scope = scope_of(context)
    file = output_file(output, force=force, suffix=".png")

    async def work(client: EngineClient) -> Outcome:
        about = await subject_of(client, subject)
        params = make_picture(picture, await project_of(client, about))
        request = SubmitFrame(
            subject=about, picture=params, at_s=at_s, output=file, overwrite=force
        )
        return await submit_and_follow(client, request)

    return show_outcome(scope, with_client(scope, work))
