"""Wait for OpenGL without holding Python's lock, so that the encoding thread goes on meanwhile.

In: a frame renderer. Out: the same, which ends each tile by waiting for it unlocked. moderngl
holds the lock in every call; on the software rasteriser the wait is where the drawing is done.
"""

import ctypes
from collections.abc import Callable
from typing import Any

from core.render.frames import FrameRenderer


def unlock_drawing(renderer: FrameRenderer) -> None:
    """Make `renderer` wait for its tiles without Python's lock.

    Only for the software rasteriser: a graphics card is not waited for at all. Does nothing where
    the system does not give OpenGL's own function.
    """
    finish = _finish_function(renderer.context.gl)
    if not renderer.is_software or finish is None:
        return
    report = renderer.on_tile

    def on_tile(n_done: int, n_tiles: int) -> None:
        finish()
        if report:
            report(n_done, n_tiles)

    renderer.on_tile = on_tile


def _finish_function(gl: Any) -> Callable[[], None] | None:  # noqa: ANN401 - moderngl has no types
    """Return `glFinish` as ctypes calls it: with the lock released."""
    loader = getattr(getattr(gl.mglo, "_context", None), "load_opengl_function", None)
    address = loader("glFinish") if loader else 0
    if not address:
        return None
    function: Callable[[], None] = ctypes.CFUNCTYPE(None)(address)
    return function
