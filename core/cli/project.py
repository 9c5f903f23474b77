"""`cymatic project`: what a creator opens, saves and finds again.

In: ids, files. Out: projects; `.cymatic` files.
"""

from pathlib import Path

import click

from core.audio.recipe import asset_ids
from core.cli.assets import show_files
from core.cli.connection import ask, with_client
from core.cli.follow import raise_unless_done, submit_and_follow
from core.cli.groups import GroupWithOptions, Scope, scope_of
from core.cli.markers import markers
from core.cli.output import fields, print_document, say, table
from core.cli.recipes import recipe
from core.cli.render import output_file
from core.cli.subject import PROJECT_SUFFIX, project_named, subject_of
from core.engine.client import EngineClient
from core.engine.protocol import (
    ExportProject,
    ImportProject,
    ListProjects,
    NewProject,
    SubmitIngest,
)
from core.errors import BugError, UsageError
from core.jobs.model import IngestResult
from core.library.project import Project
from core.scenes.library import default_scene_name, load_scene
from core.units import fps_text, time_text


@click.group(cls=GroupWithOptions, invoke_without_command=True)
@click.pass_context
def project(context: click.Context) -> None:
    """List the projects (the default), or do something with one."""
    if context.invoked_subcommand is None:
        context.invoke(list_all)


@project.command("list")
@click.pass_context
def list_all(context: click.Context) -> None:
    """List the projects, the most recently changed first."""
    scope = scope_of(context)
    found = ask(scope, ListProjects()).projects
    if scope.json:
        print_document("projects", found)
    elif found:
        rows = [(item.id, f"{item.updated_at:%Y-%m-%d %H:%M}", item.title) for item in found]
        say(table(("ID", "CHANGED", "TITLE"), rows))
    else:
        say("There are no projects: cymatic project new FILE")


@project.command()
@click.argument("subject", metavar="FILE|ASSET")
@click.option("--title", default="", help="Its name; without it, the track's.")
@click.option("--scene", metavar="NAME", help="Its scene; without it, the default one.")
@click.pass_context
def new(context: click.Context, subject: str, title: str, scene: str | None) -> None:
    """Make a project of a file or of a sound of the library."""
    scope = scope_of(context)
    name = load_scene(scene or default_scene_name()).name

    async def work(client: EngineClient) -> Project:
        asset_id = await _asset_id(client, subject)
        return await client.call(NewProject(asset_id=asset_id, title=title, scene=name))

    _show(scope, with_client(scope, work))


@project.command()
@click.argument("project_id", metavar="ID")
@click.pass_context
def show(context: click.Context, project_id: str) -> None:
    """Show a project."""
    scope = scope_of(context)
    _show(scope, with_client(scope, lambda client: project_named(client, project_id)))


@project.command()
@click.argument("project_id", metavar="ID")
@click.option(
    "-o", "output", type=click.Path(path_type=Path), required=True, metavar="FILE.cymatic"
)
@click.option("--force", is_flag=True, help="Replace the file if it exists.")
@click.pass_context
def export(context: click.Context, project_id: str, output: Path, force: bool) -> None:
    """Write a project and its originals to a .cymatic file."""
    scope = scope_of(context)
    file = output_file(output, force=force, suffix=PROJECT_SUFFIX) or output

    async def work(client: EngineClient) -> tuple[Path, ...]:
        found = await project_named(client, project_id)
        request = ExportProject(id=found.id, path=file, overwrite=force)
        return (await client.call(request)).paths

    show_files(scope, with_client(scope, work))


@project.command("import")
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE.cymatic")
@click.pass_context
def import_file(context: click.Context, file: Path) -> None:
    """Open a .cymatic file; its originals are taken into the library."""
    scope = scope_of(context)
    _show(scope, ask(scope, ImportProject(path=file.expanduser().absolute())))


project.add_command(markers)
project.add_command(recipe)


async def _asset_id(client: EngineClient, text: str) -> str:
    """Return the asset the user named; a file is taken in first."""
    about = await subject_of(client, text)
    if about.source is not None:
        job = (await submit_and_follow(client, SubmitIngest(source=about.source))).job
        raise_unless_done(job)
        if not isinstance(job.result, IngestResult):
            raise BugError("An ingest ended without an asset.")
        return job.result.asset.id
    if about.asset_id is None:
        raise UsageError("That is a project already.", hint="Name a file or an asset.")
    return about.asset_id


def _show(scope: Scope, found: Project) -> None:
    if scope.json:
        print_document("project", found)
        return
    pairs = [
        ("id", found.id),
        ("title", found.title),
        ("changed", f"{found.updated_at:%Y-%m-%d %H:%M}"),
        ("sounds", ", ".join(asset_ids(found.recipe))),
        ("clips", str(len(found.recipe.clips)) if len(found.recipe.clips) > 1 else ""),
        ("markers", str(len(found.markers)) if found.markers else ""),
    ]
    pairs += [(f"at {time_text(cue.start_s)}", cue.scene or "default scene") for cue in found.cues]
    pairs += [("output", f"{out.format}, {fps_text(out.fps)} fps") for out in found.outputs]
    say(fields(pairs))
