"""A tape: the sound ahead of the sound card along one way, at the card's rate.

In: a sound and a `Path`; one thread produces, block by block. Out: samples for the callback,
which takes without waiting. One producer and one consumer share it without a lock: each counter
has one writer, and a deque's ends are safe.
"""

from collections import deque
from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray

from core.audio.playback.model import PlayableSound
from core.audio.playback.path import Path
from core.units import Audio

BLOCK_SAMPLES = 4096
"""What is asked of the sound at a time: 85 ms at 48 kHz."""
GRAIN_S = 0.07
GRAIN_EDGE_S = 0.015
"""Heard while scrubbing: so much around the pointer, so much of it faded at each end."""


class Tape:
    """The samples along `path`, produced ahead.

    Parameters
    ----------
    sound : PlayableSound
        Read from the producing thread only.
    path : Path
        Which samples.
    rate_hz : int
        The sound card's rate.
    speed : float
        1 is normal, up to 4; the direction is the path's. At speed 1 and the sound's own rate the
        samples come out as they are.
    jump : int
        Which jump of the position led here; tapes of one jump lie along one time.
    origin_s : float
        When on that time this tape begins, in seconds of sound.
    """

    is_grain = False

    def __init__(
        self,
        sound: PlayableSound,
        path: Path,
        *,
        rate_hz: int,
        speed: float = 1.0,
        jump: int = 0,
        origin_s: float = 0.0,
    ) -> None:
        self.sound, self.path, self.rate_hz = sound, path, rate_hz
        self.step = speed * sound.sample_rate_hz / rate_hz
        """Samples of the sound for each frame."""
        self.jump, self._origin_s = jump, origin_s
        self.is_complete = path.n_steps == 0
        self.filled = self.taken = 0
        self._read = 0
        self._blocks: deque[Audio] = deque()
        self._offset = 0
        self._resampler: Any = None
        if self.step != 1:
            self._resampler = soxr.ResampleStream(
                speed * sound.sample_rate_hz,
                rate_hz,
                sound.channels,
                dtype="float32",
                quality="HQ" if speed == 1 else "MQ",
            )

    @property
    def ahead(self) -> int:
        """Frames that can be taken now."""
        return self.filled - self.taken

    @property
    def is_over(self) -> bool:
        """Whether everything was taken."""
        return self.is_complete and self.ahead <= 0

    @property
    def starts_fresh(self) -> bool:
        """Whether it stands at the very beginning of the sound, which needs no fade in."""
        return self.taken == 0 and self.path.start == 0 and self.path.is_forward

    def position(self, frame: float) -> float:
        """Return the position in the sound, in its samples, before frame `frame` of the tape."""
        return self.path.position(frame * self.step)

    def time_s(self) -> float:
        """Return how much sound was taken since the jump, in seconds."""
        return self._origin_s + self.taken * self.step / self.sound.sample_rate_hz

    def behind(self, other: "Tape | None") -> int:
        """Return how many frames to skip to be where `other` is, on the same way."""
        if other is None or other is self or other.is_grain or self.is_grain:
            return 0
        if other.jump != self.jump or other.path.is_forward != self.path.is_forward:
            return 0
        seconds = other.time_s() - self.time_s()
        return max(0, round(seconds * self.sound.sample_rate_hz / self.step))

    def produce(self) -> None:
        """Read and append the next block (producer only)."""
        if self.is_complete:
            return
        start, stop = self.path.span(self._read, BLOCK_SAMPLES)
        piece = read_exactly(self.sound, start, stop)
        if not self.path.is_forward:
            piece = np.ascontiguousarray(piece[:, ::-1])
        self._read += stop - start
        is_last = self._read == self.path.n_steps
        if self._resampler is not None:
            interleaved = np.ascontiguousarray(piece.T)
            piece = self._resampler.resample_chunk(interleaved, last=is_last).T
        self._append(piece)
        self.is_complete = is_last

    def take_into(self, out: NDArray[np.float32]) -> int:
        """Copy the next frames into `out` (channels, n); return how many (consumer only)."""
        wanted = min(out.shape[1], self.ahead)
        done = 0
        while done < wanted:
            block = self._blocks[0]
            piece = block[:, self._offset : self._offset + wanted - done]
            out[:, done : done + piece.shape[1]] = piece
            done += self._advance(block, piece.shape[1])
        self.taken += done
        return done

    def skip(self, frames: int) -> None:
        """Leave the next frames out (consumer only)."""
        left = min(frames, self.ahead)
        self.taken += left
        while left:
            block = self._blocks[0]
            left -= self._advance(block, min(left, block.shape[1] - self._offset))

    def _advance(self, block: Audio, frames: int) -> int:
        self._offset += frames
        if self._offset == block.shape[1]:
            self._blocks.popleft()
            self._offset = 0
        return frames

    def _append(self, piece: Audio) -> None:
        if piece.shape[1]:
            self._blocks.append(piece)
            self.filled += piece.shape[1]


class GrainTape(Tape):
    """A short faded stretch around one position, for scrubbing; it reports that position."""

    is_grain = True

    def __init__(self, sound: PlayableSound, centre: int, *, rate_hz: int, jump: int = 0) -> None:
        half = round(GRAIN_S / 2 * sound.sample_rate_hz)
        self.centre = centre
        stop = min(centre + half, sound.n_samples)
        start = min(max(centre - half, 0), stop)
        super().__init__(sound, Path(start=start, n_samples=stop), rate_hz=rate_hz, jump=jump)

    def position(self, frame: float) -> float:
        """Return the pointer's position, whatever is heard of the grain."""
        return float(self.centre)

    def produce(self) -> None:
        """Make the whole grain at once."""
        while not self.is_complete:
            super().produce()
        if self._blocks:
            grain = np.concatenate(self._blocks, axis=1)
            self._blocks.clear()
            self._blocks.append(grain * self._window(grain.shape[1]))

    def _window(self, n: int) -> NDArray[np.float32]:
        edge = min(round(GRAIN_EDGE_S * self.rate_hz), n // 2)
        rise = np.sin(np.linspace(0, np.pi / 2, edge, endpoint=False)) ** 2
        return np.concatenate([rise, np.ones(n - 2 * edge), rise[::-1]]).astype(np.float32)


def read_exactly(sound: PlayableSound, start: int, stop: int) -> Audio:
    """Return samples [start, stop) with silence where the sound gave fewer."""
    piece = sound.read(start, stop)
    missing = stop - start - piece.shape[1]
    if missing <= 0:
        return piece
    return np.concatenate([piece, np.zeros((sound.channels, missing), np.float32)], axis=1)
