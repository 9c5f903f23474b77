"""Playback figures: how soon sound comes, and whether any is missing while a render runs.

    python tests/bench/bench_playback.py [--minutes N] [--starts N] [--load burners|render|none]

Through PortAudio and a sound server of its own with a null sink that runs in real time (packages
pulseaudio, pulseaudio-utils, libasound2-plugins, libportaudio2). Wanted: under 100 ms from play to
the first block with sound, from rest and with no output open; no under-run, and not one sample
missing in what the sink recorded, while every core is busy with a render or something like it.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from core.audio.playback.player import Player  # noqa: E402
from tests.core.audio.playback_fakes import RATE, ArraySound  # noqa: E402
from tests.core.audio.sound_server import SoundServer, missing  # noqa: E402

WANTED_START_MS = 100.0
READ_COST_S = 0.003
"""What a mixer may take for one block."""
PERIOD = 65_537
"""Length of the noise that is repeated: a lost or doubled stretch shows as a shift."""
BURNER = "while True: sum(i * i for i in range(10000))"
RENDER = ["tests/bench/bench_render.py", "--sizes", "1080p", "--frames", "300", "--memory", "0"]

pytestmark = pytest.mark.bench


class CostlyNoise(ArraySound):
    """Endless-looking noise of which each read costs what a mixer's may."""

    def __init__(self, seconds):
        rng = np.random.default_rng(0)
        self.cycle = rng.uniform(-0.5, 0.5, (2, PERIOD)).astype(np.float32)
        self.sample_rate_hz, self.channels = RATE, 2
        self.n_samples = round(seconds * RATE)

    def read(self, start, stop):
        until = time.thread_time() + READ_COST_S
        block = self.cycle[:, np.arange(start, stop) % PERIOD]
        while time.thread_time() < until:
            np.square(block)
        return block


NICENESS = 10
"""What the engine gives its workers."""


class Load:
    """Work on every core, as a render makes it, at a worker's priority."""

    def __init__(self, kind):
        self.kind, self.processes = kind, []

    def __enter__(self):
        if self.kind == "burners":
            for _ in range(os.cpu_count() or 1):
                self._start("-c", BURNER)
        elif self.kind == "render":
            self._start(*RENDER, "--trials", "1000")
        return self

    def _start(self, *arguments):
        process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.setpriority(os.PRIO_PROCESS, process.pid, NICENESS)
        self.processes.append(process)

    def __exit__(self, *_):
        for process in self.processes:
            assert process.poll() is None, "the load ended too soon"
            process.kill()
            process.wait()


def wait_until(is_so, timeout_s):
    deadline = time.monotonic() + timeout_s
    while not is_so():
        if time.monotonic() > deadline:
            raise TimeoutError
        threading.Event().wait(0.002)


def child(task, minutes, n_starts):
    """In a process of its own, because PortAudio reads the environment once."""
    result = starts(n_starts) if task == "starts" else long_run(minutes)
    print(json.dumps(result))


def starts(n):
    """Milliseconds from play() to the first block with sound: warm, and with nothing open."""
    figures = {"warm": [], "cold": []}
    for kind, times in figures.items():
        for index in range(n):
            player = Player()
            sound = CostlyNoise(60)
            if kind == "warm":
                player.set_sound(sound)
                wait_until(lambda p=player: p.output is not None, 5)
                player.seek(index * 1000)
                wait_until(lambda p=player: p._transport._tape.ahead > 10_000, 5)
            began = time.monotonic()
            if kind == "cold":
                player.set_sound(sound)
            player.play()
            deck = lambda p=player: p._transport.deck  # noqa: E731
            wait_until(lambda d=deck: d() is not None and d().first_sound_s is not None, 5)
            times.append((deck().first_sound_s - began) * 1000)
            player.close()
    return figures


def long_run(minutes):
    """Play for so long; return what was missed, and how the position went."""
    player = Player()
    player.set_sound(CostlyNoise(minutes * 60 + 5))
    wait_until(lambda: player.output is not None, 5)
    player.play()
    wait_until(lambda: player.position() > RATE, 10)
    began, at = time.monotonic(), player.position()
    last, backwards, gaps = at, 0, []
    while time.monotonic() - began < minutes * 60:
        threading.Event().wait(1 / 60)
        now = player.position()
        backwards += now < last
        off_s = (now - at) / RATE - (time.monotonic() - began)
        gaps.append(off_s)
        last = now
    result = {
        "underruns": player.underruns,
        "dry": player._transport.deck.underruns,
        "backwards": int(backwards),
        "rate": (last - at) / RATE / (time.monotonic() - began),
        "off_ms": [1000 * min(gaps), 1000 * max(gaps)],
        "is_silent": player.output.is_silent,
        "cpu_share": time.process_time() / (time.monotonic() - began),
    }
    player.close()
    return result


def shifts_in(heard):
    """Return how often the recorded noise jumps within its cycle, and its silent samples."""
    cycle = CostlyNoise(1).cycle[0]
    spectrum = np.conj(np.fft.rfft(cycle, 1 << 18))
    places = []
    for start in range(RATE, heard.shape[1] - 2 * RATE, RATE // 2):
        piece = heard[0, start : start + RATE // 2]
        match = np.fft.irfft(np.fft.rfft(piece, 1 << 18) * spectrum)
        lag = int(match.argmax())  # the cycle begins `lag` into the piece, modulo the transform
        lag = lag - (1 << 18) if lag > 1 << 17 else lag
        places.append((start + lag) % PERIOD)
    silent = int((np.abs(heard[:, RATE : -2 * RATE]).max(axis=0) == 0).sum())
    return int(np.count_nonzero(np.diff(places))), silent


def in_child(server, task, minutes=0.0, n_starts=0):
    command = [sys.executable, __file__, "--child", task]
    command += ["--minutes", str(minutes), "--starts", str(n_starts)]
    done = subprocess.run(
        command, env=server.environment, capture_output=True, text=True, check=True, cwd=ROOT
    )
    return json.loads(done.stdout.splitlines()[-1])


def measure_starts(n, load):
    with tempfile.TemporaryDirectory() as folder:
        server = SoundServer(Path(folder) / "sound")
        server.start()
        with Load(load):
            figures = in_child(server, "starts", n_starts=n)
        server.stop()
    for kind, times in figures.items():
        print(
            f"start, {kind}, load {load}: median {statistics.median(times):.1f} ms, "
            f"worst {max(times):.1f} ms of {len(times)} (wanted under {WANTED_START_MS:.0f})"
        )
    return figures


def measure_run(minutes, load):
    with tempfile.TemporaryDirectory() as folder:
        server = SoundServer(Path(folder) / "sound")
        server.start()
        server.record()
        with Load(load):
            result = in_child(server, "run", minutes=minutes)
        heard = server.recorded()
        server.stop()
    loud = np.flatnonzero(np.abs(heard[0]) > 0)
    result["shifts"], result["silent"] = shifts_in(heard[:, loud[0] : loud[-1]])
    low, high = result["off_ms"]
    print(
        f"{minutes:g} min, load {load}: {result['underruns']} under-runs "
        f"({result['dry']} of them a dry tape), recorded: "
        f"{result['shifts']} shifts, {result['silent']} silent samples; position against the "
        f"wall clock: rate {result['rate']:.5f}, {low:+.1f} to {high:+.1f} ms, "
        f"{result['backwards']} steps back; {result['cpu_share']:.1%} of a core"
    )
    return result


needs_server = pytest.mark.skipif(bool(missing()), reason=missing() or "all there")


@needs_server
@pytest.mark.parametrize("load", ["none", "burners"])
def test_sound_comes_at_once(load):
    figures = measure_starts(8, load)
    assert max(figures["warm"] + figures["cold"]) < WANTED_START_MS


@needs_server
@pytest.mark.timeout(900)
@pytest.mark.parametrize("load", ["burners", "render"])
def test_nothing_is_missing_while_a_render_runs(load):
    result = measure_run(1.0, load)
    assert not result["is_silent"]
    assert (result["underruns"], result["shifts"], result["silent"]) == (0, 0, 0)
    assert result["backwards"] == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--starts", type=int, default=10)
    parser.add_argument("--load", choices=["burners", "render", "none"], default="render")
    parser.add_argument("--child", choices=["starts", "run"], help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        child(given.child, given.minutes, given.starts)
    elif missing():
        parser.exit(1, f"{missing()}\n")
    else:
        if given.starts:
            measure_starts(given.starts, "none")
            measure_starts(given.starts, given.load)
        measure_run(given.minutes, given.load)


if __name__ == "__main__":
    main()
