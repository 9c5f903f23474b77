"""`cymatic project recipe`: the recipe of a project as a JSON file, out and in.

In: a project, a recipe's JSON file, ours or the older kind. Out: the recipe; its file.
"""

from pathlib import Path

import click
import msgspec

from core.audio.recipe import Clip, Effect, Recipe, asset_ids
from core.cli.connection import with_client
from core.cli.groups import CommandWithOptions, Scope, scope_of
from core.cli.output import fields, note, print_document, say, table
from core.cli.render import output_file
from core.cli.sounds import RECIPE_SUFFIX, mix_of_file, require_mixable
from core.cli.subject import project_named
from core.cli.writing import write_json
from core.engine.client import EngineClient
from core.engine.protocol import SaveProject
from core.library.project import Project


@click.command(cls=CommandWithOptions)
@click.argument("project_id", metavar="ID")
@click.option(
    "--import",
    "source",
    type=click.Path(path_type=Path),
    metavar="FILE.json",
    help="Take a recipe in, ours or the older kind; files that it names are taken in as well.",
)
@click.option(
    "--export",
    "output",
    type=click.Path(path_type=Path),
    metavar="FILE.json",
    help="Write the recipe.",
)
@click.option("--force", is_flag=True, help="Replace the file if it exists.")
@click.pass_context
def recipe(
    context: click.Context,
    *,
    project_id: str,
    source: Path | None,
    output: Path | None,
    force: bool,
) -> None:
    """Show, take in or write the recipe of a project: its clips, effects and loudness."""
    scope = scope_of(context)
    file = output_file(output, force=force, suffix=RECIPE_SUFFIX)

    async def work(client: EngineClient) -> Project:
        found = await project_named(client, project_id)
        if source is None:
            return found
        mix = await mix_of_file(client, source.expanduser())
        await require_mixable(client, mix)
        changed = msgspec.structs.replace(found, recipe=mix.recipe)
        return await client.call(SaveProject(project=changed))

    found = with_client(scope, work).recipe
    if file is not None:
        write_json(file, found, overwrite=force)
        note(f"Wrote {file}")
    _show(scope, found)


def _show(scope: Scope, found: Recipe) -> None:
    if scope.json:
        print_document("recipe", found)
        return
    target = found.loudness
    pairs = [
        ("sounds", str(len(asset_ids(found)))),
        ("form", f"{found.sample_rate_hz} Hz, {found.channels} channels"),
        ("loudness", f"{target.integrated_lufs:g} LUFS" if target else "as it is"),
        ("effects", ", ".join(_effect(one) for lane in found.lanes for one in lane.effects)),
    ]
    rows = [_row(number, clip) for number, clip in enumerate(found.clips, 1)]
    say(f"{fields(pairs)}\n\n{table(('CLIP', 'IN', 'OUT', 'GAP', 'GAIN', 'SOUND', 'NAME'), rows)}")


def _effect(effect: Effect) -> str:
    name = str(effect.__struct_config__.tag)
    return name if effect.enabled else f"{name} (off)"


def _row(number: int, clip: Clip) -> tuple[str, ...]:
    return (
        str(number),
        f"{float(clip.start_s):.3f}",
        f"{float(clip.end_s):.3f}" if clip.end_s is not None else "end",
        f"{float(clip.gap_s):+.3f}" if clip.gap_s else "",
        "muted" if clip.muted else f"{clip.gain:.0%}",
        clip.asset_id,
        clip.name,
    )
