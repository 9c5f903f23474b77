"""Frame stage: the textures a frame is drawn into, and the way of its bytes back.

In: a frame drawn as RGBA. Out: its bytes, as RGBA or, as I420, through two pixel buffers that the
graphics card fills. Either way the next frame is drawn meanwhile.
"""

from collections import deque
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import RenderError
from core.render.context import GlContext
from core.render.fences import Fences
from core.render.gl import build_own, set_uniform

_N_BUFFERS = 2


class TargetSet:
    """Two RGBA frames, drawn in turn, and on demand the light buffers and the I420 stage."""

    def __init__(self, context: GlContext, width: int, height: int) -> None:
        self._context = context
        self._size = (width, height)
        self._lights: dict[int, Any] = {}
        self._i420: _I420Stage | None = None
        self._frames = [self._framebuffer("f1")]
        self._busy: deque[tuple[Any, int | None]] = deque()
        self.fences = Fences(context.gl)

    @property
    def frame(self) -> Any:  # noqa: ANN401 - moderngl has no types
        """The frame that is drawn next, or was drawn last."""
        return self._frames[0]

    @property
    def in_flight(self) -> int:
        """How many frames are on their way."""
        return len(self._busy) + (self._i420.in_flight if self._i420 else 0)

    def light(self, index: int) -> Any:  # noqa: ANN401
        """Return a target for linear light, half floats."""
        if index not in self._lights:
            self._lights[index] = self._framebuffer("f2")
        return self._lights[index]

    def start_rgba(self) -> None:
        """Have the frame drawn, and draw the next one into the other target."""
        self._busy.append((self.frame, self.fences.place()))
        if len(self._frames) < _N_BUFFERS:
            self._frames.append(self._framebuffer("f1"))
        self._frames.reverse()

    def collect_rgba(self, out: NDArray[np.uint8]) -> None:
        """Wait for the oldest frame started and copy it into `out`."""
        if not self._busy:
            raise RenderError("No frame is on its way.", code="bug")
        frame, fence = self._busy.popleft()
        self.fences.wait(fence)
        frame.read_into(out, components=4, alignment=1)

    def start_i420(self) -> None:
        """Convert the frame to I420 and start its way back."""
        if self._i420 is None:
            self._i420 = _I420Stage(self._context, self._size, self.fences)
        self._i420.start(self.frame.color_attachments[0])

    def collect_i420(self, out: NDArray[np.uint8]) -> None:
        """Wait for the oldest converted frame and copy it into `out`."""
        if self._i420 is None:
            raise RenderError("No frame is on its way.", code="bug")
        self._i420.collect(out)

    def release(self) -> None:
        """Free the textures and buffers."""
        for framebuffer in (*self._frames, *self._lights.values()):
            framebuffer.color_attachments[0].release()
            framebuffer.release()
        if self._i420:
            self._i420.release()

    def _framebuffer(self, dtype: str) -> Any:  # noqa: ANN401
        gl = self._context.gl
        return gl.framebuffer([gl.texture(self._size, 4, dtype=dtype)])


class _I420Stage:
    """Converts RGBA to I420 in a shader and reads it back through pixel buffers."""

    def __init__(self, context: GlContext, size: tuple[int, int], fences: Fences) -> None:
        gl = context.gl
        width, height = size
        self._gl = gl
        self._fences = fences
        self._n_bytes = width * height * 3 // 2
        self._program = build_own(context, "i420.frag")
        self._vertices = gl.vertex_array(self._program, [])
        self._texture = gl.texture((width, height * 3 // 2), 1, dtype="f1", alignment=1)
        self._target = gl.framebuffer([self._texture])
        self._free = deque(gl.buffer(reserve=self._n_bytes) for _ in range(_N_BUFFERS))
        self._busy: deque[tuple[Any, int | None]] = deque()

    @property
    def in_flight(self) -> int:
        return len(self._busy)

    def start(self, rgba: Any) -> None:  # noqa: ANN401
        rgba.use(0)
        set_uniform(self._program, "u_rgba", 0)
        self._target.use()
        self._gl.disable(self._gl.BLEND)
        self._vertices.render(vertices=3)
        buffer = self._free.popleft()
        self._target.read_into(buffer, components=1, alignment=1)
        self._busy.append((buffer, self._fences.place()))

    def collect(self, out: NDArray[np.uint8]) -> None:
        if not self._busy:
            raise RenderError("No frame is on its way.", code="bug")
        buffer, fence = self._busy.popleft()
        self._fences.wait(fence)
        buffer.read_into(out, size=self._n_bytes)
        self._free.append(buffer)

    def release(self) -> None:
        for thing in (
            *self._free,
            *(buffer for buffer, _ in self._busy),
            self._vertices,
            self._program,
            self._target,
            self._texture,
        ):
            thing.release()
