"""`cymatic render`: a sound in, a video out, in one go.

In: a file, an asset or a project, and what to draw. Out: an MP4; Ctrl-C cancels it cleanly.
"""

import os
from pathlib import Path

import click

from core.cli.connection import with_client
from core.cli.follow import Outcome, submit, submit_and_follow
from core.cli.groups import CommandWithOptions, Scope, scope_of
from core.cli.job_text import show_job
from core.cli.output import note, print_document, say, size_text
from core.cli.picture import (
    PictureOptions,
    RangeOptions,
    picture_options,
    range_options,
    render_request,
)
from core.engine.client import EngineClient
from core.errors import DiskError, KnownError
from core.jobs.model import JobStatus, JobView, RenderResult
from core.units import length_text


@click.command(cls=CommandWithOptions)
@click.argument("subject", metavar="FILE|ASSET|PROJECT")
@click.option(
    "-o",
    "output",
    type=click.Path(path_type=Path),
    metavar="OUT.mp4",
    help="The video's file; without it, the library keeps it.",
)
@picture_options
@range_options
@click.option("--force", is_flag=True, help="Replace OUT.mp4 if it exists.")
@click.option("--detach", is_flag=True, help="Return at once with the job's id.")
@click.pass_context
def render(
    context: click.Context,
    *,
    subject: str,
    output: Path | None,
    force: bool,
    detach: bool,
    picture: PictureOptions,
    part: RangeOptions,
) -> int:
    """Render a video of a file, of a sound of the library, or of a project."""
    scope = scope_of(context)
    file = output_file(output, force=force, suffix=".mp4")

    async def work(client: EngineClient) -> Outcome | JobView:
        request = await render_request(client, subject, picture, part, output=file, overwrite=force)
        if detach:
            return (await submit(client, request)).job
        return await submit_and_follow(client, request)

    outcome = with_client(scope, work)
    if isinstance(outcome, JobView):
        print_document("job", outcome) if scope.json else say(outcome.id)
        return 0
    return show_outcome(scope, outcome)


def output_file(path: Path | None, *, force: bool, suffix: str) -> Path | None:
    """Return the absolute path of an output, refused early where it cannot be written.

    Raises KnownError when the file exists and `force` is not set, when it is a folder, when its
    folder does not exist or may not be written to, or when its name does not end as it must.
    """
    if path is None:
        return None
    path = path.expanduser().absolute()
    if os.path.isdir(path):
        raise KnownError(f"{path} is a folder.", code="output", hint="Name a file in it.")
    if path.suffix.lower() != suffix:
        raise KnownError(
            f"“{path.name}” does not end in {suffix}.",
            code="usage",
            hint=f"Name it {path.stem}{suffix}.",
        )
    if not os.path.isdir(path.parent):
        raise KnownError(
            f"There is no folder {path.parent}.", code="output", hint="Create it first."
        )
    if os.path.exists(path) and not force:
        raise KnownError(f"{path} exists.", code="exists", hint="Add --force to replace it.")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise DiskError(
            f"The folder {path.parent} may not be written to.", hint="Choose another one."
        )
    return path


def show_outcome(scope: Scope, outcome: Outcome) -> int:
    """Print how a job ended and return the exit status that says so."""
    job = outcome.job
    if scope.json:
        show_job(job, as_json=True)
    elif job.status is JobStatus.DONE:
        say(_result_text(job))
    elif outcome.interrupted or job.status is JobStatus.CANCELLED:
        note("Cancelled.")
    elif job.error:
        note(f"{job.error.message}\n{job.error.hint}".strip())
    return outcome.exit_status


def _result_text(job: JobView) -> str:
    main = next((output for output in job.outputs if output.role == "main"), None)
    match job.result:
        case RenderResult(path=path, width=width, height=height, duration_s=duration_s):
            size = f", {size_text(main.bytes)}" if main else ""
            return f"{path}  ({width} × {height}, {length_text(duration_s)}{size})"
        case _:
            return str(main.path) if main else job.id
