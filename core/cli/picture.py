"""The options that say what to draw, shared by `render`, `estimate` and `frame`.

In: click's values. Out: a `SubmitRender` or `PictureParams` for a subject; a project brings its
own scenes and, unless an option says otherwise, its first output's format, rate and range.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import click

from core.analysis.beat_edit import BeatEdit
from core.backends import TARGETS, require_target
from core.cli.groups import gathered
from core.cli.subject import subject_of
from core.cli.values import BEATS, FPS, TIME
from core.engine.client import EngineClient
from core.engine.protocol import GetProject, Subject, SubmitRender
from core.errors import UsageError
from core.jobs.model import PictureParams
from core.library.project import OutputSpec, Project
from core.render.formats import DEFAULT_FORMAT, FORMATS, format_named
from core.scenes.library import default_scene_name, load_scene
from core.scenes.values import parse_assignments, validate_values

QUALITIES = ("draft", "final")
DEFAULT_FPS = Fraction(30)


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureOptions:
    """What was said on the command line; None: nothing."""

    scene: str | None = None
    format: str | None = None
    fps: Fraction | None = None
    quality: str | None = None
    seed: int | None = None
    settings: Sequence[str] = ()
    """`layer.param=value`, as written."""
    beats: BeatEdit | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RangeOptions:
    """Which part, and where it is rendered."""

    start_s: Fraction | None = None
    end_s: Fraction | None = None
    duration_s: Fraction | None = None
    target: str | None = None


def picture_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --scene, --format, --fps, --set, --quality, --seed and --beats, as one `picture`."""
    command = gathered(command, "picture", PictureOptions)
    names = ", ".join(FORMATS)
    for option in reversed(
        (
            click.option("--scene", metavar="NAME", help="A scene's name or its .scene.json file."),
            click.option("--format", metavar="FMT", help=f"WxH or one of: {names}."),
            click.option("--fps", type=FPS, metavar="FPS", help="24, 29.97, 30, 60 … or a/b."),
            click.option(
                "--set",
                "settings",
                multiple=True,
                metavar="LAYER.PARAM=VALUE",
                help="Change a parameter of the scene; may be repeated.",
            ),
            click.option("--quality", type=click.Choice(QUALITIES)),
            click.option("--seed", type=int, help="Another seed, another variation."),
            click.option(
                "--beats",
                type=BEATS,
                metavar="GRID",
                help="Correct the beats found: double, half, 128, or 128@0.35 (first beat).",
            ),
        )
    ):
        command = option(command)
    return command


def range_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --from, --to, --duration and --target, as one `part`."""
    command = gathered(command, "part", RangeOptions)
    for option in reversed(
        (
            click.option("--from", "start_s", type=TIME, metavar="TIME", help="Begin here."),
            click.option("--to", "end_s", type=TIME, metavar="TIME", help="End before this."),
            click.option("--duration", "duration_s", type=TIME, metavar="TIME", help="So long."),
            click.option("--target", type=click.Choice(TARGETS), help="Where to render."),
        )
    ):
        command = option(command)
    return command


def make_picture(said: PictureOptions, project: Project | None = None) -> PictureParams:
    """Return what to draw; scene, format and values are checked before any work begins.

    Raises
    ------
    UsageError
        For an unknown format or value, or a scene named for a project.
    SceneError
        When there is no such scene.
    """
    if project is not None and (said.scene or said.settings):
        raise UsageError(
            "A project brings its own scenes.", hint="Leave --scene and --set out, or name a file."
        )
    scene = said.scene or default_scene_name()
    if scene.endswith(".scene.json"):
        scene = str(Path(scene).expanduser().absolute())
    values = validate_values(load_scene(scene), parse_assignments(said.settings))
    base = output_of(project) or OutputSpec(format=DEFAULT_FORMAT, fps=DEFAULT_FPS)
    seed, beats = (project.seed, project.beats) if project else (1, BeatEdit())
    return PictureParams(
        scene=scene,
        format=format_named(said.format or base.format).name,
        fps=said.fps or base.fps,
        values=values,
        seed=seed if said.seed is None else said.seed,
        quality=said.quality or base.quality,
        beats=said.beats or beats,
    )


def time_range(said: RangeOptions, output: OutputSpec | None) -> tuple[Fraction, Fraction | None]:
    """Return start and end in seconds; None is the end of the sound.

    Raises UsageError when --to and --duration are both there, or the range is empty.
    """
    if said.end_s is not None and said.duration_s is not None:
        raise UsageError("--to and --duration cannot both be given.", hint="Leave one out.")
    base = output or OutputSpec()
    start_s = base.start_s if said.start_s is None else said.start_s
    end_s = base.end_s if said.end_s is None else said.end_s
    if said.duration_s is not None:
        end_s = start_s + said.duration_s
    if end_s is not None and end_s <= start_s:
        raise UsageError(
            "The range is empty: it ends where it begins or before.",
            hint="Give a --to after --from, or a --duration above 0.",
        )
    return start_s, end_s


async def project_of(client: EngineClient, subject: Subject) -> Project | None:
    """Return the project that a subject is; None when it is none."""
    if subject.project_id is None:
        return None
    return await client.call(GetProject(id=subject.project_id))


def output_of(project: Project | None) -> OutputSpec | None:
    """Return a project's first output; None without a project."""
    if project is None:
        return None
    return project.outputs[0] if project.outputs else OutputSpec()


async def render_request(
    client: EngineClient,
    text: str,
    picture: PictureOptions,
    part: RangeOptions,
    *,
    output: Path | None = None,
    overwrite: bool = False,
) -> SubmitRender:
    """Return the request that renders what the user named."""
    require_target(part.target or TARGETS[0])
    subject = await subject_of(client, text)
    project = await project_of(client, subject)
    spec = output_of(project)
    start_s, end_s = time_range(part, spec)
    return SubmitRender(
        subject=subject,
        picture=make_picture(picture, project),
        start_s=start_s,
        end_s=end_s,
        target=part.target or (spec.target if spec else "local"),
        output=output,
        overwrite=overwrite,
    )
