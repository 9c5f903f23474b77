"""`cymatic ingest`: take files and folders into the library.

In: paths and links. Out: a result for each source; exit status 1 if any failed.
"""

import os
from collections.abc import Sequence
from pathlib import Path

import click

from core.cli.connection import with_client
from core.cli.documents import IngestReport
from core.cli.errors import FAILED, INTERRUPTED
from core.cli.follow import Outcome, submit_and_follow
from core.cli.groups import CommandWithOptions, scope_of
from core.cli.output import note, print_document, say
from core.cli.values import BYTES, SECONDS
from core.engine.client import EngineClient
from core.engine.protocol import SubmitIngest
from core.errors import ErrorView, KnownError, MediaError
from core.ingest.sources import (
    AudioFile,
    VideoFile,
    is_media_name,
    require_available,
    source_from_text,
)
from core.jobs.model import IngestResult, JobStatus
from core.units import time_text


@click.command(cls=CommandWithOptions)
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@click.option("--analyze", is_flag=True, help="Analyse the sound as well.")
@click.option("--max-size", type=BYTES, metavar="SIZE", help="Refuse more than this: 500MB, 2GB.")
@click.option(
    "--max-duration", type=SECONDS, metavar="TIME", help="Refuse more than this: 1:30:00."
)
@click.pass_context
def ingest(
    context: click.Context,
    sources: Sequence[str],
    analyze: bool,
    max_size: int | None,
    max_duration: float | None,
) -> int:
    """Take audio and video files, or the media files of folders, into the library."""
    scope = scope_of(context)
    names, reports = _expand_all(sources)

    async def work(client: EngineClient) -> bool:
        for name in names:
            try:
                request = SubmitIngest(
                    source=_present(name),
                    analyze=analyze,
                    max_bytes=max_size,
                    max_duration_s=max_duration,
                )
                outcome = await submit_and_follow(client, request)
            except KnownError as error:
                reports.append(IngestReport(source=name, error=error.view()))
                continue
            reports.append(_report(name, outcome))
            if outcome.interrupted:
                return True
        return False

    interrupted = with_client(scope, work) if names else False
    _show(reports, as_json=scope.json)
    if interrupted:
        return INTERRUPTED
    return FAILED if any(report.error for report in reports) else 0


def _expand_all(sources: Sequence[str]) -> tuple[list[str], list[IngestReport]]:
    """Return the files to take, and a report of each folder that holds none."""
    names: list[str] = []
    empty: list[IngestReport] = []
    for source in sources:
        try:
            names += expand(source)
        except MediaError as error:
            empty.append(IngestReport(source=source, error=error.view()))
    return names, empty


def _present(name: str) -> AudioFile | VideoFile:
    """Return the source that a name means; a file that is not there need not wait in the queue."""
    source = require_available(source_from_text(name))
    if not os.path.exists(source.path):
        raise MediaError(
            f"There is no file “{name}”.", hint="Check the path; the file may have been moved."
        )
    return source


def expand(text: str) -> list[str]:
    """Return the media files of a folder, sorted, at any depth; anything else as it is.

    Raises MediaError for a folder without media.
    """
    folder = Path(text).expanduser()
    if "://" in text or not os.path.isdir(folder):
        return [text]
    files = sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and is_media_name(path) and not path.name.startswith(".")
    )
    if not files:
        raise MediaError(
            f"The folder “{text}” holds no audio or video files.",
            hint="Give a folder with media files, or the files themselves.",
        )
    return [str(path) for path in files]


def _report(name: str, outcome: Outcome) -> IngestReport:
    # With --analyze the chain is longer, and the first job that did not end well counts.
    job = next((job for job in outcome.chain if job.status is not JobStatus.DONE), outcome.job)
    results = [link.result for link in outcome.chain]
    taken = next((result for result in results if isinstance(result, IngestResult)), None)
    error = job.error
    if job.status is JobStatus.CANCELLED and error is None:
        error = ErrorView(code="cancelled", message="Cancelled.")
    return IngestReport(
        source=name,
        job=job.id,
        asset=taken.asset if taken else None,
        duplicate=bool(taken and taken.duplicate),
        error=error,
    )


def _show(reports: Sequence[IngestReport], *, as_json: bool) -> None:
    if as_json:
        print_document("ingest", reports)
    for report in reports:
        if report.error:
            hint = f" {report.error.hint}" if report.error.hint else ""
            note(f"{report.source}: {report.error.message}{hint}")
        elif report.asset and not as_json:
            known = "  (already in the library)" if report.duplicate else ""
            duration = time_text(report.asset.duration_s)
            say(f"{report.asset.id}  {duration:>7}  {report.asset.title}{known}")
