"""The stages of a render as one fraction of the whole, for whoever watches.

In: a stage's name and how far it is. Out: reports over the whole render, which only go forward.
"""

from core.render.source import RenderMonitor

SPANS = {
    "Preparing": (0.0, 0.02),
    "Drawing": (0.02, 0.94),
    "Joining": (0.94, 0.95),
    "Adding sound": (0.95, 0.98),
    "Checking": (0.98, 0.99),
}


class StageMonitor:
    """A `RenderMonitor` that places each stage's fraction within the whole."""

    def __init__(self, watcher: RenderMonitor) -> None:
        self._watcher = watcher
        self._whole = 0.0
        self._fps: float | None = None

    def progress(self, stage: str, fraction: float, *, fps: float | None = None) -> None:
        """Report how far a stage is, 0 to 1."""
        first, last = SPANS[stage]
        self._whole = max(self._whole, first + (last - first) * fraction)
        self._fps = fps
        self._watcher.progress(stage, self._whole, fps=fps)

    def step(self, stage: str, fraction: float) -> None:
        """Report, and raise JobAborted when the render shall stop."""
        self.check_abort()
        self.progress(stage, fraction)

    def check_abort(self) -> None:
        """Raise JobAborted when the render shall stop."""
        self._watcher.check_abort()

    def allow_stall(self, seconds: float) -> None:
        """Say how long one step may take without progress."""
        self._watcher.allow_stall(seconds)

    def on_tile(self, n_done: int, n_tiles: int) -> None:
        """Note that a part of a frame was drawn: a sign of life, and a place to stop."""
        self.check_abort()
        if n_done < n_tiles:
            self._watcher.progress("Drawing", self._whole, fps=self._fps)
