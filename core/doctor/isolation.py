"""Work with graphics and codecs in a process of its own: a broken driver ends that, not us.

In: the name of a task. Out: what it printed as a typed value, or a clear error. The child is
`python -m core.doctor.isolation TASK ARGUMENT…` and prints one JSON document.
"""

import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import click
import msgspec

from core.documents import from_json, to_json
from core.errors import ErrorView, KnownError, RenderError, error_from_view
from core.platform.processes import doctor_command, process_environment
from core.scenes.model import Scene

TIMEOUT_S = 120.0


class Graphics(msgspec.Struct, frozen=True, kw_only=True):
    """What draws on this computer."""

    renderer: str
    is_software: bool
    max_side: int
    vendor: str = ""
    version: str = ""


class EncoderTrial(msgspec.Struct, frozen=True, kw_only=True):
    """An encoder that was really tried."""

    name: str
    codec: str
    is_hardware: bool
    is_verified: bool
    works: bool
    version: str = ""
    reason: str = ""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What the child prints: a value or an error."""

    value: msgspec.Raw = msgspec.Raw(b"null")
    error: ErrorView | None = None


def run_apart[T](task: str, kind: type[T], *arguments: str) -> T:
    """Run one of this module's tasks in a child process and return its value.

    Raises
    ------
    KnownError
        What the task raised; or RenderError when the child died or hung.
    """
    try:
        done = subprocess.run(
            doctor_command(task, *arguments),
            capture_output=True,
            env=process_environment(),
            timeout=TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise RenderError(
            f"Looking at {task} took over {TIMEOUT_S:.0f} seconds.",
            hint="The graphics driver may hang; update it, or restart the computer.",
        ) from None
    if not done.stdout:
        raise RenderError(
            f"Looking at {task} ended the process (status {done.returncode}).",
            hint="The graphics driver may be broken; update it.",
            code="driver",
        )
    answer = from_json(done.stdout, Answer)
    if answer.error is not None:
        raise error_from_view(answer.error)
    return from_json(bytes(answer.value), kind)


def look_at_graphics() -> Graphics:
    """Return what draws here; asked in a child process."""
    return run_apart("graphics", Graphics)


def try_encoders() -> tuple[EncoderTrial, ...]:
    """Return every encoder, really tried; in a child process."""
    return run_apart("encoders", tuple[EncoderTrial, ...])


def check_scene_apart(path: Path) -> Scene:
    """Return a scene file's scene after compiling its shaders in a child process.

    Raises SceneError (as KnownError) for any fault of it.
    """
    return run_apart("scene", Scene, str(path))


# --- the child --------------------------------------------------------------------------------


def _graphics(_arguments: Sequence[str]) -> object:
    from core.render.context import create_context

    context = create_context()
    info = context.gl.info
    found = Graphics(
        renderer=context.renderer,
        is_software=context.is_software,
        max_side=context.max_side,
        vendor=str(info.get("GL_VENDOR", "")),
        version=str(info.get("GL_VERSION", "")),
    )
    context.release()
    return found


def _encoders(_arguments: Sequence[str]) -> object:
    from core.render.encoder_options import measure_resources
    from core.render.encoders import list_encoders

    return list_encoders(measure_resources())


def _scene(arguments: Sequence[str]) -> object:
    from core.scenes.library import check_scene

    return check_scene(Path(arguments[0]))


TASKS: dict[str, Callable[[Sequence[str]], object]] = {
    "graphics": _graphics,
    "encoders": _encoders,
    "scene": _scene,
}


def main(arguments: Sequence[str]) -> None:
    """Run a task and print its answer."""
    try:
        answer: dict[str, object] = {"value": TASKS[arguments[0]](arguments[1:])}
    except KnownError as error:
        answer = {"error": error.view()}
    click.echo(to_json(answer).decode())


if __name__ == "__main__":
    main(sys.argv[1:])
