"""Frame stage: shader sources put together, built, and their faults told by line.

In: a scene's layer, a quality. Out: moderngl programs. A layer's parameters and modulated
uniforms are declared for it, and `#line` keeps the compiler's line numbers those of its file.
"""

import re
from functools import cache
from pathlib import Path
from typing import Any

import moderngl

from core.errors import RenderError, SceneError
from core.render.context import GlContext
from core.scenes.model import BoolParameter, ColorParameter, FloatParameter, Layer, Parameter

SHADERS = Path(__file__).parents[2] / "resources" / "shaders"
_GLSL_TYPES: dict[type[Parameter], str] = {
    FloatParameter: "float",
    ColorParameter: "vec3",
    BoolParameter: "bool",
}
# Mesa: "0:12(5): error: …"; NVIDIA: "0(12) : error …"; Apple: "ERROR: 0:12: …"
_LOG_LINE = re.compile(r"(?:ERROR: )?\b\d+[:(](\d+)(?:\(\d+\))?\)?\s*:\s*(.+)")


@cache
def shader_source(name: str) -> str:
    """Return one of our own shader files."""
    return (SHADERS / name).read_text(encoding="utf-8")


def layer_source(layer: Layer, *, quality: str, direct: bool) -> str:
    """Return the whole fragment shader of a layer.

    Parameters
    ----------
    quality : draft or final; draft defines `DRAFT`, for fewer steps.
    direct : whether the layer is the whole picture and may be resolved at once.
    """
    head = "#version 410 core\n"
    head += "#define DRAFT 1\n" if quality == "draft" else ""
    head += "#define DIRECT 1\n" if direct else ""
    return "\n".join(
        (
            head + shader_source("prelude.glsl"),
            shader_source("projection.glsl"),
            shader_source("resolve.glsl"),
            *declarations(layer),
            "#line 1",
            layer.fragment,
            "#line 1",
            shader_source("layer.glsl"),
        )
    )


def declarations(layer: Layer) -> list[str]:
    """Return the uniforms that a layer's parameters and modulations give it."""
    lines = [f"uniform {_GLSL_TYPES[type(p)]} {p.name};" for p in layer.parameters]
    moved = dict.fromkeys(m.uniform for m in layer.modulations)
    return lines + [f"uniform float {name};" for name in moved]


def build_layer(
    context: GlContext, scene_name: str, layer: Layer, *, quality: str, direct: bool
) -> Any:  # noqa: ANN401 - moderngl has no types
    """Return the program of a layer.

    Raises
    ------
    SceneError
        When its shader does not compile; the message has the line in the layer's file.
    """
    try:
        return build(context, layer_source(layer, quality=quality, direct=direct))
    except moderngl.Error as error:
        raise SceneError(
            f"The shader of layer “{layer.name}” of scene “{scene_name}” does not compile: "
            f"{compiler_fault(str(error))}.",
            hint="Correct the shader at that line; docs/scenes.md lists what it may use.",
        ) from error


def build_own(context: GlContext, name: str, *parts: str) -> Any:  # noqa: ANN401 - untyped
    """Return the program of our own fragment shader `name`, after the shared `parts`."""
    head = ["#version 410 core"] if parts else []
    source = "\n".join((*head, *(shader_source(part) for part in parts), shader_source(name)))
    try:
        return build(context, source)
    except moderngl.Error as error:
        raise RenderError(
            f"The graphics driver refuses the shader {name}: {compiler_fault(str(error))}.",
            hint="Update the driver of your graphics card.",
        ) from error


def build(context: GlContext, fragment: str) -> Any:  # noqa: ANN401 - moderngl has no types
    """Return the program that runs `fragment` for every pixel."""
    try:
        return context.gl.program(
            vertex_shader=shader_source("frame.vert"), fragment_shader=fragment
        )
    finally:
        context.drain_errors()


def compiler_fault(log: str) -> str:
    """Return the first fault of a compiler's log as `line 12: what is wrong`."""
    for line in log.splitlines():
        match = _LOG_LINE.search(line)
        if match:
            return f"line {match[1]}: {match[2].strip().rstrip('.')}"
    return " ".join(log.split()).rstrip(".") or "no reason given"


def set_uniform(program: Any, name: str, value: object) -> None:  # noqa: ANN401 - untyped
    """Set a uniform, unless the compiler dropped it because nothing reads it."""
    member = program.get(name, None)
    if member is not None:
        member.value = value
