"""Settings of each video encoder, bounded by the memory at hand.

In: an encoder's FFmpeg name, the video's shape, a quality (draft or final), the computer's
resources. Out: `EncoderTuning`. Pure: nothing here opens an encoder. Sources: the x264 and x265
preset tables, YouTube's upload advice (H.264 High, 2 B-frames, closed GOP of half a second).
"""

from dataclasses import dataclass, field

import psutil

from core.render.shape import VideoShape

MAX_ENCODER_BYTES = 3 * 1024**3
"""Never give an encoder more, however much is free: a 360° render must stay under 8 GB in all."""
X264_SLOT_BYTES_PER_PIXEL = 4.0
"""Measured: 5760² medium takes 6.4 GB over about 48 frames held, 190 bytes a pixel."""
X265_SLOT_BYTES_PER_PIXEL = 7.0
"""Measured at 5760²; a frame thread costs about two slots more than a look-ahead frame."""
_MAX_THREADS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """What encoding may use: processor cores, and bytes of memory that are free now."""

    cores: int
    memory_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderTuning:
    """An encoder's options (FFmpeg names and values), thread count, rate and pixel format."""

    options: dict[str, str] = field(default_factory=dict)
    thread_count: int = 0
    bit_rate: int = 0
    pixel_format: str = "yuv420p"


def measure_resources() -> Resources:
    """Return what this computer has to give right now."""
    cores = psutil.Process().cpu_affinity() if hasattr(psutil.Process, "cpu_affinity") else None
    n_cores = len(cores) if cores else psutil.cpu_count() or 1
    return Resources(cores=n_cores, memory_bytes=psutil.virtual_memory().available)


def tune_encoder(name: str, shape: VideoShape, quality: str, resources: Resources) -> EncoderTuning:
    """Return the settings of the encoder called `name`.

    Parameters
    ----------
    name : str
        FFmpeg's encoder name; libx264, libx265 or one of the hardware families.
    shape : VideoShape
    quality : str
        draft or final.
    resources : Resources
        Threads and look-ahead shrink until the encoder fits in half of the free memory, and in
        `MAX_ENCODER_BYTES`.
    """
    draft = quality == "draft"
    if name == "libx264":
        return _tune_x264(shape, draft, resources)
    if name == "libx265":
        return _tune_x265(shape, draft, resources)
    family = name.rpartition("_")[2]
    if family == "nvenc":
        return EncoderTuning(options=_nvenc_options(name, draft))
    if family == "qsv":
        options = {"preset": "medium", "global_quality": "26" if draft else "19"}
        return EncoderTuning(options=options, pixel_format="nv12")
    if family == "amf":
        return EncoderTuning(options=_amf_options(draft), pixel_format="nv12")
    rate = target_bit_rate(shape, draft=draft)
    if family == "mf":
        return EncoderTuning(options={"hw_encoding": "1"}, bit_rate=rate, pixel_format="nv12")
    return EncoderTuning(options={"allow_sw": "0"}, bit_rate=rate)


def target_bit_rate(shape: VideoShape, *, draft: bool) -> int:
    """Return bits a second for encoders without constant quality.

    Twice YouTube's upload advice, 8 Mb/s for 1080p at 30 frames a second, growing with pixels
    and with the square root of the frame rate; half of that for a draft.
    """
    megapixels = shape.n_pixels / 1e6
    rate = 16e6 * megapixels / 2.07 * (float(shape.fps) / 30) ** 0.5
    return int(rate / 2 if draft else rate)


def _slots(shape: VideoShape, bytes_per_pixel: float, resources: Resources) -> int:
    """How many frames the encoder may hold at once."""
    budget = min(resources.memory_bytes // 2, MAX_ENCODER_BYTES)
    return int(budget / (bytes_per_pixel * shape.n_pixels))


def _tune_x264(shape: VideoShape, draft: bool, resources: Resources) -> EncoderTuning:
    slots = _slots(shape, X264_SLOT_BYTES_PER_PIXEL, resources)
    threads = max(1, min(resources.cores * 3 // 2, _MAX_THREADS, (slots - 8) // 2))
    lookahead = max(0, min(10 if draft else 30, slots - threads - 8))
    options = {
        "preset": "veryfast" if draft else "fast",
        "crf": "24" if draft else "18",
        "profile": "high",
        "bf": "2",
        "rc-lookahead": str(lookahead),
        # With its macroblock tree x264 (core 165) did not always give the same bits for the same
        # frames: 454 of 17,645 small segments differed in the last block of a picture, none of
        # 17,110 without it. With key frames half a second apart CRF + 1 makes up for it.
        "x264-params": "open-gop=0:mbtree=0",
    }
    return EncoderTuning(options=options, thread_count=threads)


def _tune_x265(shape: VideoShape, draft: bool, resources: Resources) -> EncoderTuning:
    slots = _slots(shape, X265_SLOT_BYTES_PER_PIXEL, resources)
    frame_threads = max(1, min((resources.cores + 1) // 2, 4, (slots - 6) // 4))
    lookahead = max(3, min(10 if draft else 20, slots - 2 * frame_threads - 6))
    params = {
        "open-gop": 0,
        "rc-lookahead": lookahead,
        "frame-threads": frame_threads,
        "pools": min(resources.cores, _MAX_THREADS),
        "bframes": 2,
        "log-level": "error",
    }
    options = {
        "preset": "superfast" if draft else "fast",
        "crf": "26" if draft else "20",
        "x265-params": ":".join(f"{key}={value}" for key, value in params.items()),
    }
    return EncoderTuning(options=options, thread_count=frame_threads)


def _nvenc_options(name: str, draft: bool) -> dict[str, str]:
    return {
        "preset": "p3" if draft else "p5",
        "tune": "hq",
        "rc": "vbr",
        "cq": "27" if draft else "19",
        "spatial-aq": "1",
        "forced-idr": "1",
        "profile": "high" if name.startswith("h264") else "main",
    }


def _amf_options(draft: bool) -> dict[str, str]:
    level = 26 if draft else 18
    return {
        "usage": "transcoding",
        "quality": "balanced" if draft else "quality",
        "rc": "cqp",
        "qp_i": str(level),
        "qp_p": str(level + 2),
    }
