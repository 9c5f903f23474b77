"""Our meter beside FFmpeg's `ebur128`, on sounds of three genres."""

import shutil
import subprocess
import wave
from pathlib import Path

import numpy as np
import pytest

from core.audio.loudness import measure_loudness
from tests.core.audio import ebu_signals as ebu
from tests.core.audio.ffmpeg_meter import ffmpeg_reading, needs_ffmpeg

WITHIN_LU, WITHIN_RANGE_LU, WITHIN_DB = 0.1, 0.5, 0.15
TEXT = (
    "The river rises in the hills above the town. For most of the year it is a quiet stream, "
    "and the children cross it on stones. Then, one night in March, the snow melts; "
    "and by morning the bridge is gone!"
)


def agrees(sound: np.ndarray, rate: int) -> None:
    ours, theirs = measure_loudness([sound], rate, len(sound)), ffmpeg_reading(sound, rate)
    assert ours.integrated_lufs == pytest.approx(theirs.integrated_lufs, abs=WITHIN_LU)
    assert ours.loudness_range_lu == pytest.approx(theirs.range_lu, abs=WITHIN_RANGE_LU)
    assert ours.true_peak_dbtp == pytest.approx(theirs.true_peak_dbtp, abs=WITHIN_DB)


def spoken(path: Path) -> tuple[np.ndarray, int]:
    subprocess.run(["espeak-ng", "-w", path, TEXT], check=True, capture_output=True)
    with wave.open(str(path)) as file:
        rate = file.getframerate()
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    return (samples / np.float32(32768)).astype(np.float32)[None], rate


@needs_ffmpeg
@pytest.mark.parametrize("make", [ebu.calm, ebu.beats])
def test_ffmpeg_agrees_on_music(make):
    agrees(make(30.0), ebu.RATE)


@needs_ffmpeg
@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="no espeak-ng to speak with")
def test_ffmpeg_agrees_on_a_voice(tmp_path):
    sound, rate = spoken(tmp_path / "voice.wav")
    agrees(sound, rate)
    agrees(np.tile(sound, (2, 1)), rate)


@needs_ffmpeg
@pytest.mark.slow
@pytest.mark.parametrize("make", [ebu.calm, ebu.beats])
@pytest.mark.parametrize("rate", [44_100, 48_000, 96_000])
def test_ffmpeg_agrees_on_ten_minutes_at_other_rates(make, rate):
    sound = make(600.0)  # played at another rate it is another sound, as good as any
    ours, theirs = measure_loudness([sound], rate, 2), ffmpeg_reading(sound, rate)
    assert ours.integrated_lufs == pytest.approx(theirs.integrated_lufs, abs=WITHIN_LU)
    assert ours.loudness_range_lu == pytest.approx(theirs.range_lu, abs=WITHIN_RANGE_LU)
