"""Playback through PortAudio and a real sound server, recorded and compared sample by sample."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from core.audio.playback.deck import FADE_S
from tests.core.audio.playback_fakes import RATE, noise
from tests.core.audio.sound_server import SoundServer, missing

ROOT = Path(__file__).parents[3]
FADE = round(FADE_S * RATE)
pytestmark = pytest.mark.skipif(bool(missing()), reason=missing() or "all there")


@pytest.fixture
def server(tmp_path):
    server = SoundServer(tmp_path / "sound")
    server.start()
    yield server
    server.stop()


class Playing:
    """A child process that plays."""

    def __init__(self, environment):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.core.audio.playback_child"],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __call__(self, *order):
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def end(self):
        """Close the player; return how many threads are left."""
        left, _ = self.process.communicate(timeout=30)
        return json.loads(left.splitlines()[-1])


@pytest.fixture
def playing(server):
    child = Playing(server.environment)
    yield child
    if child.process.poll() is None:
        child.process.kill()
        child.process.communicate()


def first_sound(heard):
    return int(np.flatnonzero(np.abs(heard).max(axis=0) > 0)[0])


def test_what_the_server_plays_is_the_sound_sample_for_sample(server, playing):
    playing("sound", 3, 5)
    server.record()
    playing("play", 0)
    assert playing("until_rest")
    heard = server.recorded()
    sound = noise(3 * RATE, seed=5).samples
    start = first_sound(heard)
    np.testing.assert_allclose(heard[:, start : start + 3 * RATE], sound, atol=1e-6)
    report = playing("report")
    assert report["underruns"] == 0
    assert report["errors"] == []
    assert report["position"] == 3 * RATE
    assert playing.end() == 1


def test_a_loop_is_heard_without_a_gap(server, playing):
    first, last = 24_000, 24_000 + 9_123
    playing("sound", 3, 6)
    playing("loop", first, last)
    server.record()
    playing("play", 0)
    assert playing("until", last - 2_000)
    playing("seek", 12_000)
    assert playing("until", last - 2_000)
    playing("loop", 0, 0)
    assert playing("until_rest")
    heard = server.recorded()
    sound = noise(3 * RATE, seed=6).samples
    start = first_sound(heard)
    tail = heard[:, start:]
    tail = tail[:, : np.flatnonzero(np.abs(tail).max(axis=0))[-1] + 1]
    gaps = np.abs(tail).max(axis=0) == 0
    assert not (gaps[:-1] & gaps[1:]).any()
    np.testing.assert_allclose(tail[:, -RATE:], sound[:, -RATE:], atol=1e-6)
    np.testing.assert_allclose(tail[:, :20_000], sound[:, :20_000], atol=1e-6)
    assert playing("report")["underruns"] == 0


def test_a_server_that_dies_gives_way_to_the_clock_and_one_that_comes_is_used(server, playing):
    playing("sound", 60, 7)
    playing("play", 0)
    assert playing("until", RATE // 2)
    before = playing("report")["position"]
    server.kill()
    assert playing("until_silent", True)
    after = playing("report")["position"]
    assert before <= after < before + 2 * RATE
    assert playing("until", after + RATE // 4)
    server.start()
    assert playing("until_silent", False)
    server.record()
    at = playing("report")["position"]
    assert playing("until", at + RATE // 2)
    heard = server.recorded()
    assert np.abs(heard).max() > 0.4
    assert [silent for _, silent in playing("report")["outputs"]] == [False, True, False]
