"""Snapping: what dragged times catch on, and the edges that keys jump to.

In: the arrangement, markers, beats, the playhead. Out: a snapper for the canvas. It is made when
it is first needed after something changed.
"""

from typing import TYPE_CHECKING

from core.errors import LibraryError
from core.paths import LibraryPaths
from desktop.editor.panel import EditorPanel
from desktop.editor.requests import Snap
from desktop.memory import Memory
from desktop.stage.beats import Beats
from desktop.workspace import Workspace

if TYPE_CHECKING:  # loads numpy
    from core.audio.snap import Snapper

KEY, ZERO_KEY = "editor/snap", "editor/snap-zero"
CLOSE_S = 1e-4
ZERO_WITHIN_S = 0.01
"""So far a cut is moved to where the wave goes through zero."""


class Snapping:
    """Lets times catch, while it is on."""

    def __init__(self, workspace: Workspace, panel: EditorPanel, memory: Memory) -> None:
        self._workspace, self._panel, self._memory = workspace, panel, memory
        self._beats = Beats()
        self._snapper: Snapper | None = None
        self._playhead_s = -1.0
        self.is_on = memory.flag(KEY, default=True)
        self.finds_zero = memory.flag(ZERO_KEY, default=False)
        self._paths: LibraryPaths | None = None
        self._show()

    def set_library(self, paths: LibraryPaths | None) -> None:
        """Say where the decoded sounds lie."""
        self._paths = paths

    def set_zero(self, on: bool) -> None:
        """Meet the wave's zero crossings, or not."""
        self.finds_zero = on
        self._memory.keep(ZERO_KEY, on)

    def toggle(self) -> None:
        """Turn it on or off."""
        self.is_on = not self.is_on
        self._memory.keep(KEY, self.is_on)
        self._show()

    def _show(self) -> None:
        self._panel.transport.snap_button.setChecked(self.is_on)
        self._panel.canvas.set_snap(self.snap if self.is_on else None)

    def renew(self) -> None:
        """Look at everything anew: something moved."""
        self._snapper = None

    def set_beats(self, beats: Beats) -> None:
        """Catch on these beats."""
        self._beats = beats
        self._snapper = None

    def snap(self, time_s: float, tolerance_s: float) -> Snap | None:
        """Return the nearest place to catch on."""
        found = self._made().nearest(time_s, tolerance_s)
        if found is not None:
            return Snap(time_s=found.time_s, kind=found.kind.value)
        if not self.finds_zero:
            return None
        zero_s = self.zero_near(time_s, min(tolerance_s, ZERO_WITHIN_S))
        return None if zero_s is None else Snap(time_s=zero_s, kind="zero crossing")

    def cut_at(self, time_s: float) -> float:
        """Return where a cut at a time is made: at a zero crossing beside it, if that is asked."""
        if not (self.is_on and self.finds_zero):
            return time_s
        zero_s = self.zero_near(time_s, ZERO_WITHIN_S)
        return time_s if zero_s is None else zero_s

    def zero_near(self, time_s: float, within_s: float) -> float | None:
        """Return the nearest time at which the clip there rises through zero."""
        from core.audio.pcm import open_pcm
        from core.audio.snap import nearest_zero_crossing

        arrangement = self._workspace.arrangement
        if arrangement is None or self._paths is None:
            return None
        rate = arrangement.sample_rate_hz
        placed = arrangement.at(round(time_s * rate))
        if placed is None:
            return None
        info = self._workspace.assets[placed.clip.asset_id].pcm
        ahead_s = time_s - placed.start / rate
        sample = placed.source.start + round(ahead_s * info.sample_rate_hz)
        try:
            reader = open_pcm(self._paths.pcm(info.key), info)
        except LibraryError:
            return None  # evicted: it is made anew when it is played
        found = nearest_zero_crossing(reader, sample, round(within_s * info.sample_rate_hz))
        return None if found is None else time_s + (found - sample) / info.sample_rate_hz

    def _made(self) -> "Snapper":
        from core.audio.snap import Snapper, snapper_for

        playhead_s = self._panel.time_s
        if self._snapper is None or playhead_s != self._playhead_s:
            arrangement = self._workspace.arrangement
            self._playhead_s = playhead_s
            self._snapper = (
                Snapper({})
                if arrangement is None
                else snapper_for(
                    arrangement,
                    playhead_s=playhead_s,
                    markers=self._workspace.project.markers,
                    beats_s=self._beats.times_s,
                )
            )
        return self._snapper

    def next_edge(self, time_s: float, direction: int) -> float:
        """Return the clip edge or marker before (-1) or after (+1) a time."""
        arrangement = self._workspace.arrangement
        if arrangement is None:
            return 0.0
        rate = arrangement.sample_rate_hz
        places = {0.0, arrangement.duration_s}
        places |= {clip.start / rate for clip in arrangement.clips}
        places |= {clip.stop / rate for clip in arrangement.clips}
        places |= {float(marker.time_s) for marker in self._workspace.project.markers}
        if direction > 0:
            return min((p for p in places if p > time_s + CLOSE_S), default=arrangement.duration_s)
        return max((p for p in places if p < time_s - CLOSE_S), default=0.0)
