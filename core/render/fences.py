"""Frame stage: waiting for OpenGL without holding Python's lock.

In: a moderngl context. Out: fences, and waits that let other threads go on: moderngl holds the
lock in every call, and on the software rasteriser the wait is where the drawing is done. Where
the system does not give OpenGL's own functions, waiting holds the lock but waits all the same.
"""

import ctypes
from collections.abc import Callable
from typing import Any

from core.errors import RenderError

_COMMANDS_COMPLETE = 0x9117  # GL_SYNC_GPU_COMMANDS_COMPLETE
_FLUSH_BIT = 0x1  # GL_SYNC_FLUSH_COMMANDS_BIT
_WAIT_FAILED = 0x911D
_TIMEOUT_EXPIRED = 0x911B
_ONE_SECOND_NS = 1_000_000_000

_SIGNATURES: dict[str, tuple[Any, ...]] = {
    "glFinish": (None,),
    "glFlush": (None,),
    "glFenceSync": (ctypes.c_void_p, ctypes.c_uint, ctypes.c_uint),
    "glClientWaitSync": (ctypes.c_uint, ctypes.c_void_p, ctypes.c_uint, ctypes.c_uint64),
    "glDeleteSync": (None, ctypes.c_void_p),
}


class Fences:
    """Marks places in a context's command stream and waits for them."""

    def __init__(self, gl: Any) -> None:  # noqa: ANN401 - moderngl has no types
        self._gl = gl
        self._calls = _functions(gl)

    def finish(self) -> None:
        """Wait until everything is drawn."""
        if self._calls:
            self._calls["glFinish"]()
        else:
            self._gl.finish()

    def place(self) -> int | None:
        """Have what was asked for so far begun, and return a fence behind it."""
        if not self._calls:
            return None
        fence: int | None = self._calls["glFenceSync"](_COMMANDS_COMPLETE, 0)
        self._calls["glFlush"]()
        return fence

    def wait(self, fence: int | None) -> None:
        """Wait until everything before the fence is drawn, and forget the fence.

        Raises RenderError when the driver has lost what it was drawing.
        """
        if fence is None:
            self.finish()
            return
        outcome = _TIMEOUT_EXPIRED
        while outcome == _TIMEOUT_EXPIRED:
            outcome = self._calls["glClientWaitSync"](fence, _FLUSH_BIT, _ONE_SECOND_NS)
        self._calls["glDeleteSync"](fence)
        if outcome == _WAIT_FAILED:
            raise RenderError(
                "The graphics driver stopped in the middle of a frame.",
                hint="Try again; if it happens again, update the driver.",
            )


def _functions(gl: Any) -> dict[str, Callable[..., Any]]:  # noqa: ANN401
    """Return OpenGL's own functions, which ctypes calls with the lock released; {} if not had."""
    load = getattr(getattr(gl.mglo, "_context", None), "load_opengl_function", None)
    found = {name: load(name) if load else 0 for name in _SIGNATURES}
    if not all(found.values()):
        return {}
    return {name: ctypes.CFUNCTYPE(*_SIGNATURES[name])(address) for name, address in found.items()}
