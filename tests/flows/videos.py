"""What is really in a finished video, read back with a decoder of its own process state."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.resampler import AudioResampler
from numpy.typing import NDArray

SAMPLE_RATE_HZ = 48_000
BT709 = 1
LIMITED = 1


@dataclass(frozen=True)
class Video:
    """A finished video as a player sees it."""

    width: int
    height: int
    fps: Fraction
    n_frames: int
    duration_s: float
    codec: str
    pixel_format: str
    color: tuple[int, int, int, int]
    """Primaries, transfer, matrix, range."""
    luma: NDArray[np.float64]
    """Mean luma of every frame."""
    sound: NDArray[np.float32]
    """(2, n) at 48 kHz, priming removed by the decoder."""
    atoms: tuple[str, ...]
    """The file's boxes in order."""


def read_video(path: Path) -> Video:
    """Decode a whole video."""
    with av.open(path) as container:
        stream = container.streams.video[0]
        frames = list(container.decode(stream))
        context = stream.codec_context
        color = (
            context.color_primaries,
            context.color_trc,
            context.colorspace,
            context.color_range,
        )
        duration = float(container.duration or 0) / av.time_base
        fps = Fraction(stream.average_rate or 0)
        codec, pixel_format = context.name, str(context.pix_fmt)
    luma = np.array([np.asarray(frame.to_ndarray()[: frame.height]).mean() for frame in frames])
    return Video(
        width=frames[0].width,
        height=frames[0].height,
        fps=fps,
        n_frames=len(frames),
        duration_s=duration,
        codec=codec,
        pixel_format=pixel_format,
        color=tuple(map(int, color)),
        luma=luma,
        sound=read_sound(path),
        atoms=read_atoms(path),
    )


def read_sound(path: Path) -> NDArray[np.float32]:
    """Decode the sound to 48 kHz stereo."""
    resampler = AudioResampler(format="fltp", layout="stereo", rate=SAMPLE_RATE_HZ)
    blocks = []
    with av.open(path) as container:
        for frame in container.decode(audio=0):
            blocks += [block.to_ndarray() for block in resampler.resample(frame)]
        blocks += [block.to_ndarray() for block in resampler.resample(None)]
    return np.concatenate(blocks, axis=1)


def read_atoms(path: Path) -> tuple[str, ...]:
    """Return the names of the top-level boxes."""
    names = []
    with path.open("rb") as file:
        while head := file.read(8):
            size = int.from_bytes(head[:4], "big")
            names.append(head[4:].decode("ascii"))
            if size == 1:
                size = int.from_bytes(file.read(8), "big") - 8
            if size == 0:
                break
            file.seek(size - 8, 1)
    return tuple(names)


def correlation(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    """Return the correlation of two sounds at lag 0, over what both have."""
    n = min(first.shape[1], second.shape[1])
    a, b = first[:, :n].astype(np.float64).ravel(), second[:, :n].astype(np.float64).ravel()
    return float(a @ b / np.sqrt((a @ a) * (b @ b)))


def lag_samples(sound: NDArray[np.float32], of: NDArray[np.float32]) -> int:
    """Return how many samples `sound` comes after `of` (negative: before)."""
    n = min(sound.shape[1], of.shape[1])
    a, b = sound[0, :n].astype(np.float64), of[0, :n].astype(np.float64)
    size = 2 * n
    cross = np.fft.irfft(np.fft.rfft(a, size) * np.conj(np.fft.rfft(b, size)), size)
    best = int(np.argmax(cross))
    return best if best < n else best - size


def flash_frames(luma: NDArray[np.float64], count: int) -> list[int]:
    """Return the frames in which the picture grows brighter the most, in order."""
    rises = np.diff(luma, prepend=luma[0])
    return sorted(np.argsort(rises)[-count:].tolist())
