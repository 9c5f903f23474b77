"""The video's range: which stretch of the mix the video shows, to the frame.

In: times from the hand and the keys. Out: another output of the workspace.
"""

from collections.abc import Callable
from fractions import Fraction

import msgspec

from desktop.editor.requests import SetOutputRange
from desktop.workspace import Workspace


class VideoRange:
    """Sets what the video shows; `time_s` says where the playhead stands."""

    def __init__(self, workspace: Workspace, time_s: Callable[[], float]) -> None:
        self._workspace, self._time_s = workspace, time_s

    def drag(self, request: SetOutputRange) -> None:
        """Follow the hand."""
        self.set(request.start_s, request.end_s)

    def set(self, start_s: float, end_s: float) -> None:
        """Let the video show this stretch."""
        output = self._workspace.output
        fps = output.fps
        start = max(Fraction(round(start_s * fps)) / fps, Fraction(0))
        is_end = end_s >= self._workspace.duration_s - float(1 / fps) / 2
        end = None if is_end else Fraction(round(end_s * fps)) / fps
        changed = msgspec.structs.replace(output, start_s=start, end_s=end)
        self._workspace.set_output(changed, text="Change range")

    def start_here(self) -> None:
        """Let the video start at the playhead."""
        end_s = self._workspace.range_s()[1]
        if self._time_s() < end_s:
            self.set(self._time_s(), end_s)

    def end_here(self) -> None:
        """Let the video end at the playhead."""
        start_s = self._workspace.range_s()[0]
        if self._time_s() > start_s:
            self.set(start_s, self._time_s())

    def use_whole(self) -> None:
        """Let the video show the whole mix."""
        self.set(0.0, self._workspace.duration_s)
