"""What an encoder must know of the video: its size, its rate, and the exact clock of its file.

In: an output format and a frame rate. Out: `VideoShape`, a plain value. Knows no codec.
"""

from dataclasses import dataclass
from fractions import Fraction

from core.render.plan import RenderPlan

_MIN_TIMESCALE = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoShape:
    """Frame size in pixels and exact frame rate of a video."""

    width: int
    height: int
    fps: Fraction

    @property
    def n_pixels(self) -> int:
        """Pixels in a frame."""
        return self.width * self.height

    @property
    def frame_ticks(self) -> int:
        """How long a frame lasts in ticks of `timescale`; an exact whole number."""
        coarse = self.fps.numerator < _MIN_TIMESCALE
        return self.fps.denominator * (1000 if coarse else 1)

    @property
    def timescale(self) -> int:
        """Ticks a second of the file's video clock, so that no frame time is rounded."""
        return int(self.fps * self.frame_ticks)

    @property
    def gop_frames(self) -> int:
        """Longest run between key frames: half a second, as YouTube asks (FACTS G)."""
        return max(1, int(self.fps / 2))


def shape_of(plan: RenderPlan) -> VideoShape:
    """Return the shape of the plan's video."""
    picture = plan.picture
    return VideoShape(width=picture.format.width, height=picture.format.height, fps=picture.fps)
