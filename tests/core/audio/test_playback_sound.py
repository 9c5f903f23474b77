"""Playback through PortAudio and a real sound server, recorded and compared sample by sample."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.core.audio.playback_fakes import RATE, noise
from tests.core.audio.sound_server import SoundServer, missing

ROOT = Path(__file__).parents[3]
ATTEMPTS = 4
needs_server = pytest.mark.skipif(bool(missing()), reason=missing() or "all there")


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


def ended(child):
    if child.process.poll() is None:
        child.process.kill()
        child.process.communicate()


@pytest.fixture
def playing(server):
    child = Playing(server.environment)
    yield child
    ended(child)


def recorded(server, play):
    """Return what the server played while `play(child)` ran, and how the child ended.

    A machine too busy to play in time tells so; then it is tried again.
    """
    for _ in range(ATTEMPTS):
        child = Playing(server.environment)
        try:
            server.record()
            play(child)
            heard = server.recorded()
            report = child("report")
            if report["underruns"] == 0:
                sounding = np.flatnonzero(np.abs(heard).max(axis=0))
                return heard[:, sounding[0] : sounding[-1] + 1], report, child.end()
        finally:
            ended(child)
    pytest.skip("this machine is too busy to play in time")


@needs_server
def test_what_the_server_plays_is_the_sound_sample_for_sample(server):
    def play(child):
        child("sound", 2, 5)
        child("play", 0)
        assert child("until_rest")

    heard, report, n_threads = recorded(server, play)
    np.testing.assert_allclose(heard, noise(2 * RATE, seed=5).samples, atol=1e-6)
    assert report["errors"] == []
    assert report["position"] == 2 * RATE
    assert n_threads == 1


@needs_server
def test_a_loop_is_heard_without_a_gap(server):
    first, last = 24_000, 24_000 + 9_123

    def play(child):
        child("sound", 2, 6)
        child("loop", first, last)
        child("play", 0)
        assert child("until", last - 2_000)
        child("seek", 12_000)
        assert child("until", last - 2_000)
        child("loop", 0, 0)
        assert child("until_rest")

    heard, _, _ = recorded(server, play)
    sound = noise(2 * RATE, seed=6).samples
    gaps = np.abs(heard).max(axis=0) == 0
    assert not (gaps[:-1] & gaps[1:]).any()
    np.testing.assert_allclose(heard[:, :20_000], sound[:, :20_000], atol=1e-6)
    np.testing.assert_allclose(heard[:, -RATE:], sound[:, -RATE:], atol=1e-6)


@needs_server
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


@needs_server
def test_devices_are_listed_and_can_be_chosen(server, playing):
    playing("sound", 10, 8)
    listed = dict(playing("devices"))
    assert listed["default, ALSA"] is True
    playing("choose", "pulse, ALSA")
    playing("play", 0)
    assert playing("until", 4_000)
    assert playing("output") == ["Playing through pulse.", ""]
    playing("choose", "Headset, USB")
    assert playing("until", 30_000)
    message, hint = playing("output")
    assert message == "“Headset” is not connected. Playing through default."
    assert hint == "Connect it, or choose another output."


def test_without_the_sound_library_it_plays_silently_and_says_what_to_install(tmp_path):
    (tmp_path / "sounddevice.py").write_text('raise OSError("PortAudio library not found")')
    child = Playing({**os.environ, "PYTHONPATH": str(tmp_path)})
    child("sound", 1, 9)
    child("play", 40_000)
    assert child("until_rest")
    message, hint = child("output")
    assert message == "No sound device: playing silently."
    assert "libportaudio2" in hint
    assert child("report")["position"] == RATE
    assert child("devices") == []
    assert child.end() == 1
    ended(child)
