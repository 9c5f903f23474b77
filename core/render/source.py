"""What the pipeline needs of whatever draws, and of whoever watches it draw.

`FrameSource` is met by `core.render.frames.FrameRenderer`; `RenderMonitor` by a job's context.
"""

from typing import Protocol

from core.render.conversion import Pixels


class FrameSource(Protocol):
    """Draws any frame of one plan, on the thread that made it."""

    @property
    def renderer(self) -> str:
        """Name of what draws."""
        ...

    @property
    def is_software(self) -> bool:
        """Whether the processor draws; then frames are read as RGBA, else as I420."""
        ...

    def begin_rgba(self, frame_index: int) -> None:
        """Have a frame drawn; two may be on their way."""
        ...

    def finish_rgba(self, out: Pixels) -> None:
        """Copy the oldest frame begun into `out`, uint8 (height, width, 4), sRGB, row 0 on top."""
        ...

    def begin_i420(self, frame_index: int) -> None:
        """Draw and convert a frame and start its way back; two may be on their way."""
        ...

    def finish_i420(self, out: Pixels) -> None:
        """Copy the oldest frame begun into `out`, uint8 (height * 3 / 2, width)."""
        ...


class RenderMonitor(Protocol):
    """Hears of progress and may end the render."""

    def progress(self, stage: str, fraction: float, *, fps: float | None = None) -> None:
        """Take a report: 0 to 1 over the whole render."""
        ...

    def check_abort(self) -> None:
        """Raise JobAborted when the render shall stop."""
        ...

    def allow_stall(self, seconds: float) -> None:
        """Hear how long one step may take without progress."""
        ...


class QuietMonitor:
    """Watches nothing, stops nothing: for probes and tests."""

    def progress(self, stage: str, fraction: float, *, fps: float | None = None) -> None:
        """Ignore the report."""

    def check_abort(self) -> None:
        """Never stop."""

    def allow_stall(self, seconds: float) -> None:
        """Allow anything."""
