"""FFmpeg's own loudness meter, as a peer. In: float32 (channels, n). Out: what it reads."""

import re
import shutil
import subprocess
from dataclasses import dataclass

import numpy as np
import pytest

needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="no ffmpeg command here")


@dataclass(frozen=True)
class Reading:
    """What `ebur128` says at the end; the peak is rounded to 0.1 dB."""

    integrated_lufs: float
    range_lu: float
    true_peak_dbtp: float


def ffmpeg_reading(sound: np.ndarray, sample_rate_hz: int = 48_000) -> Reading:
    """Return what FFmpeg's `ebur128` filter reads."""
    filters = "ebur128=peak=true:metadata=1,ametadata=print:key=lavfi.r128.I:file=-"
    form = ["-f", "f32le", "-ar", str(sample_rate_hz), "-ac", str(len(sound))]
    done = subprocess.run(
        ["ffmpeg", "-hide_banner", "-nostats", *form, "-i", "-", "-af", filters, "-f", "null", "-"],
        input=np.ascontiguousarray(sound.T, dtype="<f4").tobytes(),
        capture_output=True,
        check=True,
    )
    summary = done.stderr.decode()
    return Reading(
        integrated_lufs=float(re.findall(r"r128\.I=(\S+)", done.stdout.decode())[-1]),
        range_lu=float(re.findall(r"LRA:\s+(\S+) LU", summary)[-1]),
        true_peak_dbtp=float(re.findall(r"Peak:\s+(\S+) dBFS", summary)[-1]),
    )
