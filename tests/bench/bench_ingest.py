"""Ingest figures: decoding against the ffmpeg command, the cost of peaks, memory over six hours.

CPU seconds, five interleaved trials. What is held against the wanted figure is the best trial of
each side, because other work on the computer only ever adds; median and spread are printed.
Wanted: decode at least 1.2 times as fast as `ffmpeg` piping the same floats, peaks at most 15 % on
top of the decode, anonymous memory under 150 MB for a file of six hours.
"""

import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from core.audio.decode import SoundDecoder
from core.audio.peaks import PeakWriter
from core.ingest.probe import probe_file
from core.library.model import Probe
from tests import media

SECONDS = 240.0
TRIALS = 5
WANTED_RATIO, WANTED_PEAKS, WANTED_MB = 1.2, 0.15, 150
KINDS = (".mp3", ".m4a", ".flac", ".opus")

pytestmark = pytest.mark.bench


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("bench")
    sound = media.song(SECONDS)
    return {kind: media.write_audio(folder / f"a{kind}", sound) for kind in KINDS}


def ffmpeg_cpu_s(path: Path) -> float:
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-map", "0:a:0", "-f", "f32le", "-"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        while process.stdout.read(1 << 20):
            pass
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return usage.ru_utime + usage.ru_stime


def cpu_s(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def decode(path: Path, probe: Probe) -> None:
    for _ in SoundDecoder(path, probe).blocks():
        pass


def peaks_cpu_s(path: Path, probe: Probe) -> float:
    """Return the time spent in the peaks alone while the same blocks stream by."""
    spent = 0.0
    with PeakWriter(path.with_suffix(".peaks")) as writer:
        for block in SoundDecoder(path, probe).blocks():
            spent += cpu_s(lambda block=block: writer.add(block))
    return spent


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def spread(values: list[float], form: str = ".2f") -> str:
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"{middle:{form}} ({low:{form}} to {high:{form}})"


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs the ffmpeg command")
@pytest.mark.parametrize("kind", KINDS)
def test_decoding_is_faster_than_the_ffmpeg_command(kind, files):
    path = files[kind]
    probe = probe_file(path)
    trials = [
        (cpu_s(lambda: decode(path, probe)), ffmpeg_cpu_s(path), peaks_cpu_s(path, probe))
        for _ in range(TRIALS)
    ]
    ours, theirs, peaks = (min(column) for column in zip(*trials, strict=True))
    ratios = [other / own for own, other, _ in trials]
    shares = [100 * extra / own for own, _, extra in trials]
    say(
        f"\n{kind[1:]:>5}: decode {theirs / ours:.2f} times the ffmpeg command "
        f"(trials {spread(ratios)}), {SECONDS / ours:.0f} times real time; "
        f"peaks {100 * peaks / ours:.1f} % on top (trials {spread(shares, '.1f')})"
    )
    assert theirs / ours >= WANTED_RATIO
    assert peaks / ours <= WANTED_PEAKS


# --- memory -------------------------------------------------------------------------------------

MEASURE = """
import sys, threading
from pathlib import Path
from core.audio.pcm import write_pcm
from core.ingest.probe import probe_file

def anonymous_kb():
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon"):
            return int(line.split()[1])
    return 0

most, over = [anonymous_kb()], threading.Event()
def watch():
    while not over.wait(0.05):
        most[0] = max(most[0], anonymous_kb())
watcher = threading.Thread(target=watch)
watcher.start()
source, folder = Path(sys.argv[1]), Path(sys.argv[2])
info = write_pcm(source, probe_file(source), key="k",
                 pcm_path=folder / "a.pcm", peaks_path=folder / "a.peaks")
over.set()
watcher.join()
sys.stdout.write(f"{most[0]} {info.n_samples / info.sample_rate_hz} {info.channels}")
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads Linux's /proc")
def test_six_hours_take_little_memory(files, tmp_path):
    part = files[".mp3"].read_bytes()
    source = tmp_path / "six hours.mp3"
    # Frames of one MP3 after the other, the first one (which states a length) left out.
    frames = part[part.index(b"\xff\xfb") :]
    frames = frames[frames.index(b"\xff\xfb", 100) :]
    with source.open("wb") as stream:
        for _ in range(round(6 * 3600 / SECONDS)):
            stream.write(frames)
    started = time.perf_counter()
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(source), str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        cwd=root,
    )
    kilobytes, seconds, channels = done.stdout.split()
    say(
        f"\n{float(seconds) / 3600:.2f} hours, {channels} channels: "
        f"{int(kilobytes) / 1024:.0f} MB of anonymous memory at most, "
        f"{time.perf_counter() - started:.0f} s"
    )
    (tmp_path / "a.pcm").unlink()
    assert float(seconds) > 5.9 * 3600
    assert int(kilobytes) / 1024 < WANTED_MB
