"""Loudness figures: the meter beside FFmpeg's `ebur128`, the limiter, a live meter's share.

CPU seconds (user and system), interleaved trials, median with its spread. Wanted: the meter, with
everything it measures, in at most half of what the `ffmpeg` command takes for the same
(`ebur128=peak=true` from the same float file, less what it takes to read it); the limiter at 60
times real time or better on the worst material; a live meter read 30 times a second in under 1 %
of a core.
"""

import resource
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyebur128
import pytest

from core.audio.limiter_forecast import forecast_loudness
from core.audio.limiter_true_peak import TruePeakLimiter
from core.audio.loudness import LoudnessMeter
from core.audio.loudness_live import LiveMeter
from core.audio.normalise import MAKEUP_DB
from tests import media
from tests.core.audio import ebu_signals as ebu

SECONDS, TRIALS = 240.0, 5
WANTED_SHARE, WANTED_LIMITER, WANTED_LIVE = 0.5, 60.0, 0.01
BLOCK = 1 << 16

pytestmark = [pytest.mark.bench, pytest.mark.filterwarnings("ignore")]
Work = Callable[[], object]


@pytest.fixture(scope="module")
def music() -> np.ndarray:
    return np.ascontiguousarray(0.7 * ebu.beats(SECONDS))


@pytest.fixture(scope="module")
def quiet() -> np.ndarray:
    return ebu.calm(SECONDS)


def say(text: str) -> None:
    sys.stdout.write(text + "\n")


def blocks(sound: np.ndarray):
    return (sound[:, at : at + BLOCK] for at in range(0, sound.shape[1], BLOCK))


def cpu_s(work: Work) -> float:
    def spent() -> float:
        used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        return sum(usage.ru_utime + usage.ru_stime for usage in used)

    started = spent()
    work()
    return spent() - started


def interleaved(parts: dict[str, Work]) -> dict[str, list[float]]:
    for work in parts.values():
        work()
    times: dict[str, list[float]] = {name: [] for name in parts}
    for _ in range(TRIALS):
        for name, work in parts.items():
            times[name].append(cpu_s(work))
    return times


def spread(values: list[float], form: str = ".2f") -> str:
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"{middle:{form}} ({low:{form}} to {high:{form}})"


def metered(sound: np.ndarray, *, true_peak: bool) -> None:
    meter = LoudnessMeter(ebu.RATE, 2, true_peak=true_peak)
    for block in blocks(sound):
        meter.add(block)
    meter.result()


def libebur128(sound: np.ndarray, *, true_peak: bool) -> None:
    mode = pyebur128.MeasurementMode
    wanted = mode.MODE_I | mode.MODE_LRA | (mode.MODE_TRUE_PEAK if true_peak else mode.MODE_I)
    state = pyebur128.R128State(2, ebu.RATE, wanted)
    for block in blocks(sound):
        state.add_frames(np.ascontiguousarray(block.T).ravel(), block.shape[1])
    pyebur128.get_loudness_global(state)


def ffmpeg(path: Path, filters: str) -> None:
    form = ["-f", "f32le", "-ar", str(ebu.RATE), "-ac", "2", "-i", path]
    command = ["ffmpeg", "-v", "error", "-nostats", *form, "-af", filters, "-f", "null", "-"]
    subprocess.run(command, check=True)


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="no ffmpeg command here")
@pytest.mark.parametrize("genre", ["music", "quiet"])
def test_the_meter_beside_ffmpegs(genre, request, tmp_path):
    sound = request.getfixturevalue(genre)
    path = tmp_path / "sound.f32"
    np.ascontiguousarray(sound.T).tofile(path)
    times = interleaved(
        {
            "ours": lambda: metered(sound, true_peak=True),
            "ours without true peak": lambda: metered(sound, true_peak=False),
            "libebur128": lambda: libebur128(sound, true_peak=True),
            "libebur128 without true peak": lambda: libebur128(sound, true_peak=False),
            "reading": lambda: ffmpeg(path, "anull"),
            "ffmpeg": lambda: ffmpeg(path, "ebur128=peak=true"),
            "ffmpeg without true peak": lambda: ffmpeg(path, "ebur128"),
        }
    )
    say(f"\n{genre}, CPU s for an hour of stereo:")
    for name, values in times.items():
        say(f"  {name}: {spread([value * 3600 / SECONDS for value in values])}")
    shares = {}
    for kind in ("", " without true peak"):
        pairs = zip(times["ours" + kind], times["ffmpeg" + kind], times["reading"], strict=True)
        shares[kind] = [ours / (theirs - reading) for ours, theirs, reading in pairs]
        say(f"  ours{kind}: {spread(shares[kind])} of ffmpeg's, less reading")
    assert statistics.median(shares[""]) <= WANTED_SHARE


def test_the_limiter_is_far_quicker_than_sound():
    sounds = {
        "beats +12 dB": 4 * ebu.beats(30.0),
        "noise +20 dB": 10 * media.noise(30.0),
        "song, 1 dB over": 1.4 * media.song(30.0),
        "nothing over": 0.3 * media.song(30.0),
    }
    speeds = {}
    for name, sound in sounds.items():

        def work(sound: np.ndarray = sound) -> None:
            for _ in TruePeakLimiter(ebu.RATE).limit(blocks(sound)):
                pass

        times = interleaved({name: work})[name]
        speeds[name] = [30.0 / value for value in times]
        say(f"\nlimiter, {name}: {spread(speeds[name], '.0f')} times real time")
    assert min(statistics.median(values) for values in speeds.values()) >= WANTED_LIMITER


def test_a_forecast_of_the_limiter():
    sound = ebu.beats(60.0)

    def work() -> None:
        forecast_loudness(blocks(sound), MAKEUP_DB, sample_rate_hz=ebu.RATE, ceiling_dbtp=-1.0)

    times = interleaved({"": work})[""]
    say(f"\nforecast of {len(MAKEUP_DB)} gains: {spread([60 / t for t in times], '.0f')} x")


@pytest.mark.parametrize("block", [256, 1024])
def test_a_live_meter_is_hardly_felt(block, music):
    sound = music[:, : 20 * ebu.RATE]
    meter = LiveMeter(ebu.RATE, 2)

    def work() -> None:
        next_s = 0.0
        for at in range(0, sound.shape[1], block):
            meter.feed(sound[:, at : at + block])
            if at / ebu.RATE >= next_s:
                next_s += 1 / 30
                meter.read()

    times = interleaved({"": work})[""]
    shares = [value / 20.0 for value in times]
    started = time.perf_counter()
    for _ in range(2000):
        meter.feed(sound[:, :block])
    feed_us = (time.perf_counter() - started) / 2000 * 1e6
    say(
        f"\nlive meter, blocks of {block}, 30 readings a second: "
        f"{spread([100 * share for share in shares])} % of a core; {feed_us:.0f} us a feed"
    )
    assert statistics.median(shares) < WANTED_LIVE
