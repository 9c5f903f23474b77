"""`cymatic scenes`: what there is to see.

In: a name or a scene file. Out: scenes, their parameters, a verdict, a picture.
"""

from pathlib import Path

import click

from core.cli.documents import SceneCheck
from core.cli.groups import GroupWithOptions, scope_of
from core.cli.output import fields, print_document, say, table
from core.scenes.library import list_scenes, load_scene
from core.scenes.model import ColorParameter, FloatParameter, Layer, Parameter, Scene


@click.group(cls=GroupWithOptions, invoke_without_command=True)
@click.pass_context
def scenes(context: click.Context) -> None:
    """List the scenes (the default), or look at one."""
    if context.invoked_subcommand is None:
        context.invoke(list_all)


@scenes.command("list")
@click.pass_context
def list_all(context: click.Context) -> None:
    """List the scenes; the first is the default."""
    found = list_scenes()
    if scope_of(context).json:
        print_document("scenes", found)
        return
    rows = [(scene.name, scene.title, scene.cost, scene.description) for scene in found]
    say(table(("NAME", "TITLE", "COST", "DESCRIPTION"), rows))


@scenes.command()
@click.argument("name")
@click.pass_context
def show(context: click.Context, name: str) -> None:
    """Show a scene's layers and parameters; NAME may be a .scene.json file."""
    scene = load_scene(name)
    if scope_of(context).json:
        print_document("scene", scene)
        return
    head = [("name", scene.name), ("title", scene.title), ("about", scene.description)]
    say(fields([*head, ("author", scene.author), ("licence", scene.license)]))
    say("")
    rows = [_parameter_row(layer, item) for layer in scene.layers for item in layer.parameters]
    say(table(("PARAMETER", "DEFAULT", "RANGE", "WHAT IT DOES"), rows))


@scenes.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.pass_context
def check(context: click.Context, file: Path) -> None:
    """Check a .scene.json file and compile its shaders."""
    from core.doctor.isolation import check_scene_apart

    scene = check_scene_apart(file.expanduser().absolute())
    if scope_of(context).json:
        print_document("scene_check", _report(scene, file))
    else:
        say(f"{scene.title} ({scene.name}) is fine.")


@scenes.command()
@click.argument("name")
@click.option("-o", "output", type=click.Path(path_type=Path), required=True, metavar="P.png")
@click.option("--format", default="640x360", show_default=True, metavar="FMT")
@click.option("--force", is_flag=True, help="Replace P.png if it exists.")
@click.pass_context
def thumbnail(
    context: click.Context,
    name: str,
    output: Path,
    format: str,
    force: bool,
) -> None:
    """Draw a scene as it looks at a strong moment of the demo track."""
    from core.cli.render import output_file
    from core.doctor.samples import draw_sample
    from core.render.formats import format_named

    load_scene(name)
    file = output_file(output, force=force, suffix=".png")
    assert file is not None
    draw_sample(name, format_named(format).name, file)
    print_document("files", [file]) if scope_of(context).json else say(str(file))


def _report(scene: Scene, file: Path) -> SceneCheck:
    return SceneCheck(
        path=file.expanduser().absolute(),
        name=scene.name,
        title=scene.title,
        layers=len(scene.layers),
        compiled=True,
    )


def _parameter_row(layer: Layer, parameter: Parameter) -> tuple[str, str, str, str]:
    name = f"{layer.name}.{parameter.name}"
    hint = parameter.hint or parameter.label
    match parameter:
        case FloatParameter(default=default, min=low, max=high):
            return name, f"{default:g}", f"{low:g} to {high:g}", hint
        case ColorParameter(default=default):
            return name, " ".join(f"{part:.2f}" for part in default), "colour", hint
        case _:
            return name, "on" if parameter.default else "off", "on, off", hint
