"""`cymatic project markers`, and markers read from files for other commands.

In: a project, files of markers in any known format. Out: markers; files of them.
"""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import click
import msgspec

from core.audio.arrangement import mixed_samples
from core.audio.recipe import Marker, asset_ids
from core.cli.connection import with_client
from core.cli.groups import CommandWithOptions, Scope, scope_of
from core.cli.output import moment_text, note, print_document, say, table
from core.cli.render import output_file
from core.cli.subject import project_named
from core.engine.client import EngineClient
from core.engine.protocol import GetAsset, SaveProject
from core.errors import KnownError, UsageError
from core.ingest.sources import is_media_name
from core.library.model import Asset
from core.library.project import Project

CHAPTERS_IN = ("m4a", "mp3", "flac", "opus", "ogg")
"""Kinds of sound files that hold chapters."""


def markers_of(path: Path, sound: str = "") -> tuple[Marker, ...]:
    """Return the markers in a file: labels, a table, JSON, a cue sheet, a media file's chapters.

    `sound` is the name of the file that they belong to: it chooses from a cue sheet about several.
    """
    from core.audio.exchange.chapters import chapter_markers
    from core.audio.exchange.files import SoundNote, read_markers
    from core.ingest.probe import probe_file

    path = path.expanduser().absolute()
    if not is_media_name(path):
        return read_markers(path, SoundNote(file_name=sound))
    found = chapter_markers(probe_file(path).chapters)
    if not found:
        raise KnownError(
            f"“{path.name}” has no chapters.", code="exchange", hint="Name a file of markers."
        )
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """A project with its sounds."""

    project: Project
    assets: dict[str, Asset]

    @property
    def duration_s(self) -> Fraction:
        """How long the mix is."""
        recipe = self.project.recipe
        return Fraction(mixed_samples(recipe, self.assets), recipe.sample_rate_hz)


@click.command(cls=CommandWithOptions)
@click.argument("project_id", metavar="ID")
@click.option(
    "--import",
    "source",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Take the markers of a file: labels, CSV, JSON, a cue sheet, a media file's chapters.",
)
@click.option("--from-chapters", is_flag=True, help="Take the chapters of the project's sounds.")
@click.option("--add", is_flag=True, help="Keep the markers that are there as well.")
@click.option(
    "--export",
    "output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write them: .txt (labels), .csv, .tsv, .json, .cue or .ffmetadata.",
)
@click.option("--force", is_flag=True, help="Replace the file if it exists.")
@click.pass_context
def markers(
    context: click.Context,
    *,
    project_id: str,
    source: Path | None,
    from_chapters: bool,
    add: bool,
    output: Path | None,
    force: bool,
) -> None:
    """Show, take in or write the markers of a project; times are those of its mix."""
    scope = scope_of(context)
    if source is not None and from_chapters:
        raise UsageError("--import and --from-chapters cannot both be given.", hint="Use --add.")
    file = _checked(output, force=force)

    async def work(client: EngineClient) -> _Work:
        found = await _work(client, await project_named(client, project_id))
        if source is None and not from_chapters:
            return found
        first = found.assets[found.project.recipe.clips[0].asset_id]
        taken = _chapters(found) if source is None else markers_of(source, first.name)
        kept = found.project.markers if add else ()
        ordered = tuple(sorted({*kept, *taken}, key=lambda one: (one.time_s, one.name)))
        changed = msgspec.structs.replace(found.project, markers=ordered)
        saved = await client.call(SaveProject(project=changed))
        note(f"{len(taken)} markers taken in.")
        return _Work(project=saved, assets=found.assets)

    found = with_client(scope, work)
    if file is not None:
        _write(file, found, force=force)
        note(f"Wrote {file}")
    _show(scope, found.project)


def _checked(output: Path | None, *, force: bool) -> Path | None:
    if output is None:
        return None
    from core.audio.exchange.files import marker_format_for

    marker_format_for(output)
    return output_file(output, force=force, suffix=output.suffix.lower())


async def _work(client: EngineClient, project: Project) -> _Work:
    ids = asset_ids(project.recipe)
    if not ids:
        raise KnownError("There is no sound in the mix.", hint="Add a sound to the project first.")
    assets = {asset_id: await client.call(GetAsset(id=asset_id)) for asset_id in ids}
    return _Work(project=project, assets=assets)


def _chapters(work: _Work) -> tuple[Marker, ...]:
    from core.audio.exchange.mix_chapters import mix_chapters

    found = mix_chapters(work.project.recipe, work.assets)
    if not found:
        raise KnownError(
            "The sounds of this project have no chapters.", hint="Use --import FILE instead."
        )
    return found


def _write(file: Path, work: _Work, *, force: bool) -> None:
    from core.audio.exchange.files import SoundNote, write_markers

    first = work.assets[work.project.recipe.clips[0].asset_id]
    about = SoundNote(
        file_name=first.name,
        title=work.project.title,
        performer=first.artist,
        duration_s=work.duration_s,
    )
    write_markers(file, work.project.markers, sound=about, overwrite=force)


def _show(scope: Scope, project: Project) -> None:
    if scope.json:
        print_document("markers", project.markers)
    elif project.markers:
        rows = [
            (moment_text(one.time_s), moment_text(one.end_s) if one.end_s else "", one.name)
            for one in project.markers
        ]
        say(table(("TIME", "END", "NAME"), rows))
    else:
        say("There are no markers: cymatic project markers ID --import FILE")
