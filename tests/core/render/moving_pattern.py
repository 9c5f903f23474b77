"""A frame source and a sound reader with known content, for tests of the encode pipeline."""

from collections.abc import Callable, Iterator
from fractions import Fraction

import numpy as np

from core.render.formats import format_named
from core.render.plan import ContentRef, FileSpec, PictureSpec, RenderPlan
from core.scenes.model import Cue

N_BITS = 16


class MovingPattern:
    """Draws a moving ramp with the frame's number as a barcode of 16 blocks along the top."""

    def __init__(
        self,
        width: int,
        height: int,
        *,
        is_software: bool = True,
        on_frame: Callable[[int], None] | None = None,
    ) -> None:
        self.width, self.height = width, height
        self.renderer = "moving pattern"
        self.is_software = is_software
        self.drawn: list[int] = []
        self._on_frame = on_frame
        self._begun: list[int] = []

    def read_rgba(self, frame_index: int, out: np.ndarray) -> None:
        self.begin_rgba(frame_index)
        self.finish_rgba(out)

    def begin_rgba(self, frame_index: int) -> None:
        assert len(self._begun) < 2
        self._note(frame_index)
        self._begun.append(frame_index)

    def finish_rgba(self, out: np.ndarray) -> None:
        grey = pattern(self._begun.pop(0), self.width, self.height)
        out[..., :3] = grey[..., np.newaxis]
        out[..., 3] = 255

    def begin_i420(self, frame_index: int) -> None:
        self.begin_rgba(frame_index)

    def finish_i420(self, out: np.ndarray) -> None:
        grey = pattern(self._begun.pop(0), self.width, self.height)
        out[:] = 128
        out[: self.height] = np.rint(16 + grey * (219 / 255))

    def _note(self, frame_index: int) -> None:
        self.drawn.append(frame_index)
        if self._on_frame:
            self._on_frame(frame_index)


def pattern(frame_index: int, width: int, height: int) -> np.ndarray:
    """Full-range grey levels, uint8 (height, width)."""
    across = (np.arange(width) * 3 + frame_index * 5) % 192 + 32
    grey = np.repeat(across[np.newaxis].astype(np.uint8), height, axis=0)
    block = width // N_BITS
    for bit in range(N_BITS):
        grey[: height // 4, bit * block : (bit + 1) * block] = 235 if frame_index >> bit & 1 else 20
    return grey


def read_barcode(luma: np.ndarray) -> int:
    """The frame number in a decoded luma plane."""
    height, width = luma.shape
    block = width // N_BITS
    row = luma[height // 8]
    return sum(int(row[bit * block + block // 2] > 126) << bit for bit in range(N_BITS))


class ArraySound:
    """Prepared audio that lies in memory."""

    def __init__(self, samples: np.ndarray, sample_rate_hz: int = 48_000) -> None:
        self.samples = np.ascontiguousarray(samples, np.float32)
        self.sample_rate_hz = sample_rate_hz
        self.channels, self.n_samples = self.samples.shape

    def blocks(self, start: int, stop: int, size: int) -> Iterator[np.ndarray]:
        stop = min(stop, self.n_samples)
        for at in range(start, stop, size):
            yield np.ascontiguousarray(self.samples[:, at : min(at + size, stop)])


def clicks(times_s: list[float], duration_s: float, rate: int = 48_000) -> ArraySound:
    """Stereo silence with a 1 ms burst at each time."""
    samples = np.zeros((2, round(duration_s * rate)), np.float32)
    for time_s in times_s:
        at = round(time_s * rate)
        samples[:, at : at + rate // 1000] = 0.8
    return ArraySound(samples, rate)


def plan_of(
    format_name: str = "192x96",
    fps: Fraction = Fraction(30),
    *,
    first: int = 0,
    end: int = 25,
    segment_frames: int = 10,
    codec: str = "h264",
    quality: str = "draft",
) -> RenderPlan:
    """A plan whose picture nobody looks at: the pattern is drawn instead."""
    return RenderPlan(
        picture=PictureSpec(
            format=format_named(format_name),
            fps=fps,
            cues=(Cue(scene="none"),),
            scenes=(),
            quality=quality,
        ),
        file=FileSpec(codec=codec, quality=quality, segment_frames=segment_frames),
        audio=ContentRef(key="a", sha256="a"),
        features=ContentRef(key="f", sha256="f"),
        duration_s=float(end / fps),
        first_frame=first,
        end_frame=end,
    )
