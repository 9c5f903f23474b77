"""Frame stage: an OpenGL 4.1 context without a window.

In: nothing but the machine. Out: a `GlContext` that says what drives it. EGL on Linux, each
system's own way elsewhere. A broken driver can end the process, so contexts are made in worker
processes only.
"""

import sys
from dataclasses import dataclass
from typing import Any

import moderngl

from core.errors import RenderError

GL_VERSION_CODE = 410
"""The highest that macOS has; every shader is GLSL 4.10."""

_WAYS: dict[str, tuple[dict[str, Any], ...]] = {"linux": ({"backend": "egl"}, {})}
_HINTS = {
    "linux": "Install the packages libegl1 and libgl1 (Mesa draws without a graphics card), or the "
    "driver of your graphics card.",
}
_SOFTWARE_NAMES = ("llvmpipe", "softpipe", "swiftshader", "microsoft basic render", "swrast")


@dataclass(frozen=True, slots=True)
class GlContext:
    """A context, current on the thread that made it, and what it runs on."""

    gl: Any
    """The moderngl context."""
    renderer: str
    """What draws: `NVIDIA GeForce …`, `llvmpipe (LLVM …)`."""
    is_software: bool
    """Whether the processor draws, not a graphics card."""
    max_side: int
    """Longest side of a texture, in pixels."""

    def release(self) -> None:
        """Give the context back; nothing made in it may be used afterwards."""
        self.gl.release()

    def drain_errors(self) -> None:
        """Forget GL's error flag: moderngl leaves one set after it builds a program."""
        while self.gl.error != "GL_NO_ERROR":
            pass


def create_context() -> GlContext:
    """Return a new context of at least OpenGL 4.1, made current on this thread.

    Raises
    ------
    RenderError
        When this computer offers none.
    """
    attempts: list[str] = []
    for options in _ways():
        try:
            gl = moderngl.create_context(standalone=True, require=GL_VERSION_CODE, **options)
        except (RuntimeError, ValueError, ImportError, OSError, moderngl.Error) as error:
            attempts.append(" ".join(str(error).split()))
            continue
        return describe(gl)
    raise RenderError(
        "This computer offers no OpenGL 4.1, so no picture can be drawn "
        f"({'; '.join(attempts) or 'no reason given'}).",
        hint=_missing_hint(),
        code="no-gl",
    )


def describe(gl: Any) -> GlContext:  # noqa: ANN401 - moderngl has no types
    """Return a moderngl context together with what it runs on."""
    info = gl.info
    renderer = str(info["GL_RENDERER"])
    context = GlContext(
        gl=gl,
        renderer=renderer,
        is_software=is_software_renderer(renderer),
        max_side=int(info["GL_MAX_TEXTURE_SIZE"]),
    )
    context.drain_errors()
    return context


def is_software_renderer(renderer: str) -> bool:
    """Return whether a GL renderer of this name is the processor."""
    return any(name in renderer.lower() for name in _SOFTWARE_NAMES)


def _ways() -> tuple[dict[str, Any], ...]:
    """How to ask for a context here, best first."""
    return _WAYS.get(sys.platform, ({},))


def _missing_hint() -> str:
    return _HINTS.get(sys.platform, "Update the driver of your graphics card.")
