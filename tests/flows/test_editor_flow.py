"""The editor in a real window on a real screen: edited by hand, rendered, measured.

Each walk is a process of its own with a window under Xvfb (offscreen where there is none), driven
by events that go through the window system; see `editor_walk`.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.audio.loudness import measure_loudness
from core.audio.recipe import Recipe
from core.documents import from_json
from tests.conftest import stop_engine
from tests.flows.conftest import ROOT
from tests.flows.videos import SAMPLE_RATE_HZ, read_video
from tests.media import write_audio

WALK_S = 280
CUT_S = 0.005
TOLERANCE_LU, TOLERANCE_DB = 0.3, 0.2


@pytest.fixture(scope="session")
def screen() -> Iterator[dict[str, str]]:
    """The environment of a window: an X server of its own, else no screen at all."""
    program = shutil.which("Xvfb")
    if program is None:
        yield {"QT_QPA_PLATFORM": "offscreen"}
        return
    reader, writer = os.pipe()
    words = (program, "-displayfd", str(writer), "-screen", "0", "1600x1000x24", "-nolisten", "tcp")
    quiet = subprocess.DEVNULL
    with subprocess.Popen(words, pass_fds=(writer,), stdout=quiet, stderr=quiet) as server:
        os.close(writer)
        with os.fdopen(reader) as pipe:
            number = pipe.readline().strip()
        assert number, "Xvfb did not start"
        yield {"QT_QPA_PLATFORM": "xcb", "DISPLAY": f":{number}"}
        server.terminate()


@dataclass(frozen=True)
class Walk:
    """A folder with sounds in it, and walks through a window on its library."""

    folder: Path
    screen: dict[str, str]
    running: list[subprocess.Popen[str]] = field(default_factory=list)

    def start(self, name: str) -> subprocess.Popen[str]:
        """Start a walk."""
        (self.folder / "outcome.json").unlink(missing_ok=True)
        words = (
            *("-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"),
            *(f"--timeout={WALK_S}", f"tests/flows/editor_walk.py::test_{name}"),
        )
        process = subprocess.Popen(
            [sys.executable, *words],
            cwd=ROOT,
            env=os.environ | self.screen | {"CYMATIC_WALK": str(self.folder)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.running.append(process)
        return process

    def __call__(self, name: str) -> dict[str, Any]:
        """Walk to the end and return what came of it."""
        out, _ = self.start(name).communicate(timeout=WALK_S + 20)
        assert self.running[-1].returncode == 0, out
        return self.outcome()

    def outcome(self) -> dict[str, Any]:
        """Return what the walk told."""
        return json.loads((self.folder / "outcome.json").read_text())


@pytest.fixture
def walk(tmp_path: Path, screen: dict[str, str]) -> Iterator[Walk]:
    write_audio(tmp_path / "rising.wav", two_of(RISING.wave() + bursts(6.0)))
    write_audio(tmp_path / "high.wav", two_of(HIGH.wave()))
    made = Walk(tmp_path, screen)
    yield made
    for process in made.running:
        if process.poll() is None:
            process.kill()
            process.communicate()
    stop_engine(tmp_path / "library")


# --- sounds whose every moment can be told ------------------------------------------------------


@dataclass(frozen=True)
class Sweep:
    """A tone that rises steadily: its pitch tells the time in the source."""

    start_hz: float
    rise_hz: float
    """A second."""
    length_s: float
    amplitude: float = 0.1

    def phase(self, time_s: np.ndarray) -> np.ndarray:
        return 2 * np.pi * (self.start_hz * time_s + self.rise_hz * time_s**2 / 2)

    def wave(self) -> np.ndarray:
        time_s = np.arange(round(self.length_s * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
        return self.amplitude * np.sin(self.phase(time_s))

    def strength(self, sound: np.ndarray, *, at_s: float, in_s: float) -> np.ndarray:
        """Return how much of the sweep sounds at each sample, were its `in_s` at `at_s`."""
        time_s = np.arange(sound.size) / SAMPLE_RATE_HZ - at_s + in_s
        mixed = sound * np.exp(-1j * self.phase(time_s))
        width = round(0.008 * SAMPLE_RATE_HZ)
        window = np.hanning(width)
        return 2 * np.abs(np.convolve(mixed, window / window.sum(), "same"))


RISING = Sweep(start_hz=500, rise_hz=200, length_s=6)
HIGH = Sweep(start_hz=3000, rise_hz=300, length_s=4)


def bursts(length_s: float) -> np.ndarray:
    """Return loud short bursts, high above the sweeps, for a limiter to work on."""
    sound = np.zeros(round(length_s * SAMPLE_RATE_HZ))
    n = round(0.03 * SAMPLE_RATE_HZ)
    burst = 0.8 * np.hanning(n) * np.sin(2 * np.pi * 8000 * np.arange(n) / SAMPLE_RATE_HZ)
    for time_s in (1.0, 3.5):
        at = round(time_s * SAMPLE_RATE_HZ)
        sound[at : at + n] += burst
    return sound


def two_of(wave: np.ndarray) -> np.ndarray:
    return np.tile(wave.astype(np.float32), (2, 1))


def half_s(strength: np.ndarray, near_s: float, *, rises: bool, within_s: float = 0.1) -> float:
    """Return when a strength crosses half its level within reach of a time."""
    first = max(round((near_s - within_s) * SAMPLE_RATE_HZ), 0)
    part = strength[first : round((near_s + within_s) * SAMPLE_RATE_HZ)]
    part = part if rises else part[::-1]
    level = np.median(part[part > part.max() / 2])
    above = int(np.argmax(part > level / 2))
    place = above if rises else part.size - above
    return (first + place) / SAMPLE_RATE_HZ


# --- walks --------------------------------------------------------------------------------------


def test_two_sounds_dropped_edited_and_rendered_are_in_the_video_as_cut(walk: Walk):
    told = walk("two_sounds_become_one_video")
    if shutil.which("Xvfb"):
        assert told["platform"] == "xcb"
    assert told["says_so"] == told["silent"]
    recipe = from_json(json.dumps(told["recipe"]).encode(), Recipe)
    assert told["report"].startswith("Turned up by")
    assert "limiter" in told["report"]

    video = read_video(Path(told["video"]))
    length_s = told["spans"][-1][1]
    assert (video.width, video.height, video.fps) == (160, 90, 20)
    assert video.n_frames == pytest.approx(length_s * 20, abs=1)
    loudness = measure_loudness([video.sound], SAMPLE_RATE_HZ, 2)
    assert loudness.integrated_lufs == pytest.approx(-14, abs=TOLERANCE_LU)
    assert loudness.true_peak_dbtp <= -1 + TOLERANCE_DB

    sound = video.sound[0].astype(np.float64)
    sweeps = (RISING, HIGH, RISING)
    strengths = [
        sweep.strength(sound, at_s=start_s, in_s=float(clip.start_s))
        for sweep, clip, (start_s, _) in zip(sweeps, recipe.clips, told["spans"], strict=True)
    ]
    (_, cross_end_s), (cross_s, turn_s), (again_s, end_s) = told["spans"]
    assert again_s == pytest.approx(turn_s, abs=1e-4)
    assert half_s(strengths[1], turn_s, rises=False) == pytest.approx(turn_s, abs=CUT_S)
    assert half_s(strengths[2], turn_s, rises=True) == pytest.approx(turn_s, abs=CUT_S)
    check_crossfade(strengths[0], strengths[1], cross_s, cross_end_s)
    assert end_s == pytest.approx(video.sound.shape[1] / SAMPLE_RATE_HZ, abs=0.06)


def check_crossfade(leaving: np.ndarray, coming: np.ndarray, start_s: float, end_s: float) -> None:
    """Check an equal-power crossfade: sines of a quarter turn, crossing in the middle."""
    around = [round(t * SAMPLE_RATE_HZ) for t in (start_s - 0.2, end_s + 0.2)]
    leaving, coming = leaving / leaving[around[0]], coming / coming[around[1]]
    for share in (0.25, 0.5, 0.75):
        at = round((start_s + share * (end_s - start_s)) * SAMPLE_RATE_HZ)
        angle = share * np.pi / 2
        assert leaving[at] == pytest.approx(np.cos(angle), abs=0.04)
        assert coming[at] == pytest.approx(np.sin(angle), abs=0.04)


def test_a_window_that_is_killed_loses_nothing_that_was_edited(walk: Walk):
    process = walk.start("edits_until_killed")
    deadline = time.monotonic() + WALK_S
    while not (walk.folder / "outcome.json").exists():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.1)
    before = walk.outcome()
    process.send_signal(signal.SIGKILL)
    process.communicate()
    after = walk("a_new_window_has_the_edits")
    assert after["project"] == before["project"]
    assert after["recipe"] == before["recipe"]
    assert len(after["recipe"]["clips"]) == 3
    assert after["n_markers"] == 1
    assert after["page"] == "prepare"


def test_a_decoded_sound_that_was_evicted_comes_back_by_itself(walk: Walk):
    assert walk("a_decoded_sound_that_was_evicted_comes_back")["clips"] == 2


def test_a_source_that_is_gone_is_said_and_nothing_is_lost(walk: Walk):
    said = walk("a_source_that_is_gone_is_said_and_nothing_is_lost")["said"]
    assert len(said) == 1, said
    assert "rising" in said[0]
