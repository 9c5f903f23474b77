"""Test media: sounds with known answers, and real files of every kind made of them.

In: a folder and a few words. Out: paths of files that FFmpeg wrote through PyAV, small and the
same every time. The suffix picks the container and the codec.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.container import OutputContainer
from av.stream import Disposition
from PIL import Image

from core.units import Audio

LAYOUTS = {1: "mono", 2: "stereo", 3: "2.1", 4: "quad", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}
BLOCK_SAMPLES = 48_000


@dataclass(frozen=True, slots=True)
class Codec:
    """How the sound of a file with some suffix is written."""

    container: str
    name: str
    sample_format: str
    options: dict[str, str] = field(default_factory=dict)


CODECS = {
    ".wav": Codec("wav", "pcm_s16le", "s16"),
    ".wav24": Codec("wav", "pcm_s24le", "s32"),
    ".wavf32": Codec("wav", "pcm_f32le", "flt"),
    ".wavf64": Codec("wav", "pcm_f64le", "dbl"),
    ".wavu8": Codec("wav", "pcm_u8", "u8"),
    ".aiff": Codec("aiff", "pcm_s16be", "s16"),
    ".flac": Codec("flac", "flac", "s16"),
    ".flac24": Codec("flac", "flac", "s32"),
    ".mp3": Codec("mp3", "libmp3lame", "fltp", {"b": "192000"}),
    ".m4a": Codec("ipod", "aac", "fltp", {"b": "192000"}),
    ".mp4": Codec("mp4", "aac", "fltp", {"b": "192000"}),
    ".mov": Codec("mov", "aac", "fltp", {"b": "192000"}),
    ".aac": Codec("adts", "aac", "fltp", {"b": "192000"}),
    ".alac": Codec("ipod", "alac", "s16p"),
    ".ogg": Codec("ogg", "vorbis", "fltp", {"strict": "experimental"}),
    ".opus": Codec("ogg", "libopus", "flt", {"b": "128000"}),
    ".mka": Codec("matroska", "flac", "s16"),
    ".mkv": Codec("matroska", "aac", "fltp", {"b": "192000"}),
    ".webm": Codec("webm", "libopus", "flt", {"b": "128000"}),
    ".ac3": Codec("ac3", "ac3", "fltp"),
    ".wma": Codec("asf", "wmav2", "fltp", {"b": "128000"}),
}


# --- sounds -----------------------------------------------------------------------------------


def sine(
    duration_s: float,
    *,
    freq_hz: float = 440.0,
    sample_rate_hz: int = 48_000,
    channels: int = 2,
    amplitude: float = 0.5,
) -> Audio:
    """Return a sine, the same in every channel."""
    time_s = np.arange(round(duration_s * sample_rate_hz)) / sample_rate_hz
    wave = amplitude * np.sin(2 * np.pi * freq_hz * time_s)
    return np.tile(wave.astype(np.float32), (channels, 1))


def silence(duration_s: float, *, sample_rate_hz: int = 48_000, channels: int = 2) -> Audio:
    """Return digital silence."""
    return np.zeros((channels, round(duration_s * sample_rate_hz)), dtype=np.float32)


def noise(
    duration_s: float,
    *,
    sample_rate_hz: int = 48_000,
    channels: int = 2,
    amplitude: float = 0.3,
    seed: int = 1,
) -> Audio:
    """Return seeded white noise, different in every channel."""
    rng = np.random.default_rng(seed)
    shape = (channels, round(duration_s * sample_rate_hz))
    return np.asarray(rng.uniform(-amplitude, amplitude, shape), dtype=np.float32)


def click_times(duration_s: float, *, period_s: float = 0.5, first_s: float = 0.25) -> list[float]:
    """Return when `click_track` clicks."""
    count = max(0, int(np.ceil((duration_s - first_s) / period_s - 1e-9)))
    return [first_s + i * period_s for i in range(count)]


def click_track(
    duration_s: float,
    *,
    period_s: float = 0.5,
    first_s: float = 0.25,
    sample_rate_hz: int = 48_000,
    channels: int = 2,
) -> Audio:
    """Return loud 30 ms clicks (decaying bursts from 60 Hz up) on silence."""
    samples = silence(duration_s, sample_rate_hz=sample_rate_hz, channels=channels)
    t = np.arange(round(0.03 * sample_rate_hz)) / sample_rate_hz
    burst = sum(np.sin(2 * np.pi * f * t + 0.3) for f in (60, 180, 700, 2500, 5000, 9000)) / 6
    click = (0.95 * burst * np.exp(-t / 0.006)).astype(np.float32)
    for time_s in click_times(duration_s, period_s=period_s, first_s=first_s):
        start = round(time_s * sample_rate_hz)
        stop = min(start + click.size, samples.shape[1])
        samples[:, start:stop] += click[: stop - start]
    return samples


def song(duration_s: float, *, sample_rate_hz: int = 48_000, bpm: float = 120.0) -> Audio:
    """Return something like music: kick, bass, chords and hats, in stereo."""
    n = round(duration_s * sample_rate_hz)
    t = np.arange(n) / sample_rate_hz
    beat = t * bpm / 60 % 1.0 * 60 / bpm
    kick = 0.5 * np.sin(2 * np.pi * 50 * beat) * np.exp(-beat / 0.08)
    bass = 0.15 * np.sin(2 * np.pi * 82.4 * t)
    chord = sum(np.sin(2 * np.pi * f * t) for f in (261.6, 329.6, 392.0)) * 0.05
    half = (t * bpm / 30 + 0.5) % 1.0 * 30 / bpm
    hats = 0.1 * np.random.default_rng(2).standard_normal(n) * np.exp(-half / 0.02)
    left, right = kick + bass + chord + hats, kick + bass + 0.8 * chord - 0.5 * hats
    return np.ascontiguousarray(np.stack([left, right]), dtype=np.float32)


# --- files ------------------------------------------------------------------------------------


def write_audio(
    path: Path,
    samples: Audio,
    *,
    sample_rate_hz: int = 48_000,
    codec: str = "",
    tags: dict[str, str] | None = None,
    chapters: list[tuple[float, float, str]] | None = None,
    cover: bool = False,
) -> Path:
    """Write `samples` as the file that the suffix names; `codec` is a key of CODECS to differ."""
    recipe = CODECS[codec or path.suffix]
    with av.open(path, "w", format=recipe.container) as container:
        container.metadata.update(tags or {})
        if chapters:
            _add_chapters(container, chapters)
        stream = _audio_stream(container, recipe, samples, sample_rate_hz)
        picture = _cover_stream(container) if cover else None
        container.start_encoding()
        if picture is not None:
            packet = av.Packet(cover_png())
            packet.stream, packet.pts, packet.dts = picture, 0, 0
            packet.time_base, packet.is_keyframe = Fraction(1, 1000), True
            container.mux(packet)
        for frame in _audio_frames(samples, recipe.sample_format, sample_rate_hz):
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def write_video(
    path: Path,
    samples: Audio | None,
    *,
    sample_rate_hz: int = 48_000,
    size: tuple[int, int] = (160, 90),
    fps: Fraction = Fraction(25),
    duration_s: float | None = None,
    tags: dict[str, str] | None = None,
) -> Path:
    """Write a moving picture with `samples` as its sound; None: a film without sound."""
    if duration_s is None:
        duration_s = samples.shape[1] / sample_rate_hz if samples is not None else 1.0
    recipe = CODECS[path.suffix]
    with av.open(path, "w", format=recipe.container) as container:
        container.metadata.update(tags or {})
        name = "libvpx" if path.suffix == ".webm" else "libx264"
        video = container.add_stream(name, rate=fps)
        video.width, video.height, video.pix_fmt = *size, "yuv420p"
        sound = (
            _audio_stream(container, recipe, samples, sample_rate_hz)
            if samples is not None
            else None
        )
        for frame in _video_frames(size, fps, duration_s):
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        if sound is not None and samples is not None:
            for frame in _audio_frames(samples, recipe.sample_format, sample_rate_hz):
                container.mux(sound.encode(frame))
            container.mux(sound.encode(None))
    return path


def truncate(path: Path, fraction: float = 0.5) -> Path:
    """Cut the file's tail off in place."""
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * fraction)])
    return path


def cover_png() -> bytes:
    """Return a small picture for covers."""
    picture = Image.linear_gradient("L").resize((64, 64)).convert("RGB")
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def _audio_stream(
    container: OutputContainer, recipe: Codec, samples: Audio, sample_rate_hz: int
) -> av.AudioStream:
    stream = container.add_stream(recipe.name, rate=sample_rate_hz, options=recipe.options)
    stream.layout = LAYOUTS[samples.shape[0]]
    stream.format = recipe.sample_format
    return stream


def _add_chapters(container: OutputContainer, chapters: list[tuple[float, float, str]]) -> None:
    container.set_chapters(
        [
            {
                "id": index,
                "start": round(start * 1000),
                "end": round(end * 1000),
                "time_base": Fraction(1, 1000),
                "metadata": {"title": title},
            }
            for index, (start, end, title) in enumerate(chapters)
        ]
    )


def _cover_stream(container: OutputContainer) -> av.VideoStream:
    stream = container.add_stream("png", rate=1)
    stream.width, stream.height, stream.pix_fmt = 64, 64, "rgb24"
    stream.disposition = Disposition.attached_pic
    return stream


def _audio_frames(samples: Audio, sample_format: str, sample_rate_hz: int) -> Iterator[AudioFrame]:
    for start in range(0, samples.shape[1], BLOCK_SAMPLES):
        block = quantise(samples[:, start : start + BLOCK_SAMPLES], sample_format)
        planar = sample_format.endswith("p")
        array = block if planar else np.ascontiguousarray(block.T).reshape(1, -1)
        frame = AudioFrame.from_ndarray(array, format=sample_format, layout=LAYOUTS[len(samples)])
        frame.sample_rate, frame.pts, frame.time_base = (
            sample_rate_hz,
            start,
            Fraction(1, sample_rate_hz),
        )
        yield frame


def quantise(samples: Audio, sample_format: str) -> np.ndarray:
    """Return float samples in an FFmpeg sample format, still (channels, n)."""
    wide = samples.astype(np.float64)
    match sample_format.rstrip("p"):
        case "u8":
            return np.clip(np.rint(wide * 128) + 128, 0, 255).astype(np.uint8)
        case "s16":
            return np.clip(np.rint(wide * 32768), -32768, 32767).astype(np.int16)
        case "s32":
            steps = np.clip(np.rint(wide * (1 << 23)), -(1 << 23), (1 << 23) - 1)
            return (steps.astype(np.int64) << 8).astype(np.int32)
        case "dbl":
            return wide
        case _:
            return np.ascontiguousarray(samples, dtype=np.float32)


def _video_frames(
    size: tuple[int, int], fps: Fraction, duration_s: float
) -> Iterator[av.VideoFrame]:
    width, height = size
    row = np.arange(width, dtype=np.uint8)
    for index in range(max(1, round(duration_s * fps))):
        picture = np.zeros((height, width, 3), dtype=np.uint8)
        picture[:, :, 0] = row + np.uint8(4 * index % 256)  # wraps around
        picture[: (index * 3) % height, :, 1] = 160
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
        frame.pts, frame.time_base = index, 1 / fps
        yield frame
