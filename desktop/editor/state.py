"""What the editor shows just now, shared by canvas, ruler and minimap.

In: setters of the canvas. Out: plain fields. Times are seconds of the mix.
"""

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from core.audio.arrangement import Arrangement, PlacedClip
from core.audio.recipe import Marker
from desktop.editor.requests import Snap
from desktop.editor.viewport import EditorViewport
from desktop.stage.beats import Beats

EMPTY = Arrangement(clips=(), sample_rate_hz=48_000, n_samples=0, starts=())
NEUTRAL_HUE = "blue"
HEAD_PX = 18
"""Height of a clip's title bar."""

Snapper = Callable[[float, float], Snap | None]
"""(time_s, tolerance_s) to the place that the time catches on, if any."""


class View(StrEnum):
    """How sound is drawn."""

    WAVE = "wave"
    SPECTROGRAM = "spectrogram"


class Lanes(StrEnum):
    """How many waves lie below each other."""

    AUTO = "auto"
    """Two where there is room and something is stereo."""
    MONO = "mono"
    STEREO = "stereo"


class TimeUnit(StrEnum):
    """What the ruler counts."""

    TIME = "time"
    SAMPLES = "samples"
    BARS = "bars"


def no_snap(_time_s: float, _tolerance_s: float) -> Snap | None:
    """Catch on nothing."""
    return None


@dataclass(slots=True)
class EditorState:
    """The picture's content."""

    viewport: EditorViewport = field(default_factory=EditorViewport)
    arrangement: Arrangement = EMPTY
    titles: tuple[str, ...] = ()
    hues: tuple[str, ...] = ()
    version: int = 0
    """Counts arrangements, titles and hues; part of the keys of what is cached."""
    selection: frozenset[int] = frozenset()
    markers: tuple[Marker, ...] = ()
    beats: Beats = field(default_factory=Beats)
    playhead_s: float = 0.0
    time_selection: tuple[float, float] | None = None
    output_range: tuple[float, float] | None = None
    loop: tuple[float, float] | None = None
    view: View = View.WAVE
    lanes: Lanes = Lanes.AUTO
    unit: TimeUnit = TimeUnit.TIME
    snap: Snapper = no_snap
    snap_line_s: float | None = None
    """Where the thing in hand has caught."""

    def hue(self, index: int) -> str:
        """Return the colour token of a clip."""
        return self.hues[index] if index < len(self.hues) else NEUTRAL_HUE

    def title(self, index: int) -> str:
        """Return what is written on a clip."""
        return self.titles[index] if index < len(self.titles) else ""

    def seconds(self, samples: int) -> float:
        """Return samples of the mix in seconds."""
        return samples / self.arrangement.sample_rate_hz

    def span_s(self, clip: PlacedClip) -> tuple[float, float]:
        """Return where a clip starts and ends in the mix."""
        rate = self.arrangement.sample_rate_hz
        return clip.start / rate, clip.stop / rate

    def visible(self) -> tuple[PlacedClip, ...]:
        """Return the clips of which something is on screen."""
        rate = self.arrangement.sample_rate_hz
        first = int(self.viewport.start_s * rate)
        return self.arrangement.between(first, int(self.viewport.end_s * rate) + 2)

    def insertion_index(self, time_s: float) -> int:
        """Return before which clip something that is dropped at a time comes."""
        clips = self.arrangement.clips
        sample = time_s * self.arrangement.sample_rate_hz
        return bisect_left(clips, sample, key=lambda clip: (clip.start + clip.stop) / 2)
