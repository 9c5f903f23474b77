"""Mixdown figures: a recipe to a file with its loudness, against the `ffmpeg` command line.

What is compared: 50 clips cut from a stereo source of an hour (48 kHz, 16-bit WAV), most of them
with gains other than 1 and fades of all shapes, joined end to end, brought to YouTube's -14 LUFS
and written with 24 bits. The material needs a gain of 9 dB and has room for it, so that both sides
apply one gain.

- Ours: one process that loads the mixer, measures (`normalise`), mixes again with the plan applied
  and writes the file (`write_sound`); it reads the PCM cache that taking the file in has left.
- FFmpeg: two runs of `ffmpeg` on the WAV file. The first measures: a `filter_complex` of atrim,
  volume, afade (in float) and concat, then `ebur128=peak=true`. The second runs the same graph,
  then `volume` with the gain found, and writes pcm_s24le or FLAC. Beside it the same with 50 seeked
  inputs (-ss, -t) in place of atrim, which spares FFmpeg the copies of every frame to 50 filters
  that drop them: the figure for whoever writes that.

CPU seconds (user and system, all threads, start-up too), interleaved trials, median with its
spread. Wanted: at most 0.4 of the first form of FFmpeg's; anonymous memory under 200 MB; the mixes
equal to 1e-6 before normalising. `CYMATIC_BENCH_MINUTES` makes the source shorter.
"""

import os
import re
import statistics
import subprocess
import sys
import threading
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from core.audio.arrangement import arrange
from core.audio.effects import EffectChain
from core.audio.mix import Mixer
from core.audio.recipe import (
    Clip,
    Compressor,
    FadeShape,
    HighPass,
    Lane,
    LoudnessTarget,
    Recipe,
)
from core.documents import to_json
from core.ingest.sources import file_source
from core.jobs.handlers import ingest
from core.jobs.model import IngestParams
from core.jobs.testing import LocalContext, publish
from core.library.model import Asset
from core.paths import LibraryPaths
from tests import media
from tests.core.audio.ffmpeg_mix import (
    clip_chain,
    concat_graph,
    ffmpeg_mix,
    needs_ffmpeg,
    samples_of,
)

MINUTES = float(os.environ.get("CYMATIC_BENCH_MINUTES", "60"))
TRIALS = int(os.environ.get("CYMATIC_BENCH_TRIALS", "5"))
CLIPS = 50
RATE = 48_000
WANTED_CPU, WANTED_MB, WANTED_SPEED, WITHIN = 0.4, 200, 100, 1e-6
YOUTUBE = LoudnessTarget(integrated_lufs=-14.0, true_peak_dbtp=-1.0, name="youtube")

pytestmark = [pytest.mark.bench, pytest.mark.timeout(3600)]

OURS = """
import sys
from pathlib import Path
from core.audio.encode import write_sound
from core.audio.encode_formats import sound_format_for
from core.audio.mix import Mixer
from core.audio.normalise import Normaliser, normalise
from core.audio.recipe import Recipe
from core.documents import from_json
from core.library.model import Asset
from core.paths import LibraryPaths

root, out = Path(sys.argv[1]), Path(sys.argv[2])
asset = from_json((root / "asset.json").read_bytes(), Asset)
recipe = from_json((root / "recipe.json").read_bytes(), Recipe)
mixer = Mixer(recipe, {"a": asset}, LibraryPaths(root / "lib"))
form = {"sample_rate_hz": mixer.sample_rate_hz, "channels": mixer.channels}
plan = normalise(mixer.blocks, recipe.loudness, **form)
normaliser = Normaliser(plan, mixer.sample_rate_hz)
fmt = sound_format_for(out, bit_depth=24, bit_rate_bps=None)
write_sound(normaliser.apply(mixer.blocks()), out, fmt=fmt, **form)
sys.stdout.write(f"{plan.gain_db} {plan.is_linear}")
"""


@dataclass(frozen=True)
class Case:
    """What both sides mix."""

    root: Path
    wav: Path
    asset: Asset
    recipe: Recipe

    @property
    def mixer(self) -> Mixer:
        return Mixer(self.recipe, {"a": self.asset}, LibraryPaths(self.root / "lib"))


@dataclass(frozen=True)
class Cost:
    """What a process took."""

    cpu_s: float
    anonymous_mb: float
    said: str


def say(text: str) -> None:
    sys.stdout.write(text + "\n")


def spread(values: list[float], form: str = ".2f") -> str:
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"{middle:{form}} ({low:{form}} to {high:{form}})"


def fifty_clips(seconds: float) -> Recipe:
    each = Fraction(round(seconds * 1000) - 3000, CLIPS * 1000)
    shapes = list(FadeShape)
    return Recipe(
        clips=tuple(
            Clip(
                asset_id="a",
                start_s=1 + k * each + Fraction(k * 7, 10_000),
                end_s=1 + (k + 1) * each - Fraction(1, 100),
                gain=(1.0, 0.8, 1.1, 0.95)[k % 4],
                fade_in_s=Fraction((0, 5, 500, 2000)[k % 4], 1000),
                fade_out_s=Fraction((3000, 20, 0)[k % 3], 1000),
                fade_in_shape=shapes[k % 4],
                fade_out_shape=shapes[(k + 1) % 4],
            )
            for k in range(CLIPS)
        ),
        loudness=YOUTUBE,
        sample_rate_hz=RATE,
    )


def hour_of_music(path: Path, seconds: float) -> Path:
    """Write a dense song over and over, with little between its loudness and its peaks."""
    minute = np.float32(0.25) * np.tanh(4 * media.song(60.0))
    whole = np.tile(minute, round(np.ceil(seconds / 60)))[:, : round(seconds * RATE)]
    return media.write_audio(path, whole)


@pytest.fixture(scope="module")
def case(tmp_path_factory) -> Case:
    root = tmp_path_factory.mktemp("mixdown")
    wav = hour_of_music(root / "hour.wav", MINUTES * 60)
    finished = ingest.run(IngestParams(source=file_source(wav)), LocalContext(root / "lib"))
    publish(finished)
    recipe = fifty_clips(MINUTES * 60)
    (root / "asset.json").write_bytes(to_json(finished.result.asset))
    (root / "recipe.json").write_bytes(to_json(recipe))
    return Case(root, wav, finished.result.asset, recipe)


def compiled(root: Path) -> dict[str, str]:
    """Return surroundings in which Python keeps its bytecode, as an installed program has it."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": str(root / "bytecode")}


def cost(*words: object, env: dict[str, str] | None = None) -> Cost:
    """Run a command; return what it cost, by the kernel's own account of it."""
    child = subprocess.Popen(
        [str(word) for word in words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
        text=True,
        env=env,
    )
    most, over = [0], threading.Event()

    def watch() -> None:
        while not over.wait(0.02):
            try:
                status = Path(f"/proc/{child.pid}/status").read_text()
            except OSError:
                return
            found = re.search(r"RssAnon:\s+(\d+)", status)
            most[0] = max(most[0], int(found[1]) if found else 0)

    watcher = threading.Thread(target=watch)
    before = os.times()
    watcher.start()
    said, complaints = child.communicate()
    over.set()
    watcher.join()
    after = os.times()
    assert child.returncode == 0, complaints
    used = after.children_user + after.children_system
    used -= before.children_user + before.children_system
    return Cost(cpu_s=used, anonymous_mb=most[0] / 1024, said=said + complaints)


def seeked_graph(case: Case, after: str) -> tuple[list[str], str]:
    """Return 50 inputs, each seeked to its clip, and the graph that joins them."""
    clips = arrange(case.recipe, {"a": case.asset}).clips
    inputs: list[str] = []
    for clip in clips:
        start, n = clip.source.start, clip.source.stop - clip.source.start
        # Half a sample more, so that rounding to FFmpeg's microseconds takes none away.
        inputs += ["-ss", f"{start / RATE:.6f}", "-t", f"{n / RATE + 0.001:.6f}"]
        inputs += ["-i", str(case.wav)]
    chains = []
    for index, clip in enumerate(clips):
        n = clip.source.stop - clip.source.start
        rest = clip_chain(clip).split(",", 1)[1]
        chains.append(f"[{index}:a]{FLOAT},atrim=end_sample={n},{rest}[c{index}]")
    joined = "".join(f"[c{index}]" for index in range(len(clips)))
    chains.append(f"{joined}concat=n={len(clips)}:v=0:a=1,{after}[out]")
    return inputs, ";".join(chains)


FLOAT = "aformat=sample_fmts=flt"


def ffmpeg_mixdown(case: Case, out: Path, *, seeked: bool) -> Cost:
    def words(after: str, *target: object) -> Cost:
        if seeked:
            inputs, graph = seeked_graph(case, after)
        else:
            arrangement = arrange(case.recipe, {"a": case.asset})
            graph = concat_graph(arrangement, after=after, before=FLOAT)
            inputs = ["-i", str(case.wav)]
        quiet = ["-hide_banner", "-nostats", "-y"]
        return cost("ffmpeg", *quiet, *inputs, "-filter_complex", graph, "-map", "[out]", *target)

    first = words("ebur128=peak=true:framelog=verbose", "-f", "null", "-")
    loudness = float(re.findall(r"I:\s+(-?[\d.]+) LUFS", first.said)[-1])
    gain_db = YOUTUBE.integrated_lufs - loudness
    codec = ["-c:a", "pcm_s24le"] if out.suffix == ".wav" else ["-sample_fmt", "s32"]
    second = words(f"volume={gain_db:.2f}dB:precision=float", *codec, out)
    return Cost(
        cpu_s=first.cpu_s + second.cpu_s,
        anonymous_mb=max(first.anonymous_mb, second.anonymous_mb),
        said=f"{gain_db:.2f}",
    )


def our_mixdown(case: Case, out: Path) -> Cost:
    return cost(sys.executable, "-c", OURS, case.root, out, env=compiled(case.root))


@needs_ffmpeg
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads Linux's /proc")
@pytest.mark.parametrize("suffix", [".wav", ".flac"])
def test_a_mixdown_takes_little_of_ffmpegs_time(case, suffix):
    our_mixdown(case, case.root / f"ours{suffix}")  # from now on bytecode is there
    ours, theirs, seeked = [], [], []
    for _ in range(TRIALS):
        ours.append(our_mixdown(case, case.root / f"ours{suffix}"))
        theirs.append(ffmpeg_mixdown(case, case.root / f"theirs{suffix}", seeked=False))
        seeked.append(ffmpeg_mixdown(case, case.root / f"seeked{suffix}", seeked=True))
    ratios = [a.cpu_s / b.cpu_s for a, b in zip(ours, theirs, strict=True)]
    ratios_seeked = [a.cpu_s / b.cpu_s for a, b in zip(ours, seeked, strict=True)]
    memory = max(one.anonymous_mb for one in ours)
    say(
        f"\n{MINUTES:g} minutes to {suffix}: {spread(ratios)} of ffmpeg's CPU time, "
        f"{spread(ratios_seeked)} of that with seeked inputs; ours "
        f"{spread([one.cpu_s for one in ours])} s, ffmpeg "
        f"{spread([one.cpu_s for one in theirs])} and {spread([one.cpu_s for one in seeked])} s; "
        f"anonymous memory {memory:.0f} MB, ffmpeg "
        f"{max(one.anonymous_mb for one in theirs):.0f} MB; gain {ours[0].said} (ours), "
        f"{theirs[0].said} (ffmpeg)"
    )
    assert memory < WANTED_MB
    assert statistics.median(ratios) <= WANTED_CPU


@needs_ffmpeg
def test_the_mixes_are_equal(case):
    mixer = case.mixer
    raw = case.root / "theirs.f32"
    graph = concat_graph(mixer.arrangement, before=FLOAT)
    ffmpeg_mix(case.wav, graph, raw)
    theirs = samples_of(raw, channels=2)
    assert theirs.shape == (2, mixer.n_samples)
    worst, at = 0.0, 0
    for block in mixer.blocks():
        worst = max(worst, float(np.abs(block - theirs[:, at : at + block.shape[1]]).max()))
        at += block.shape[1]
    say(f"\n{CLIPS} clips: at most {worst:.1e} from ffmpeg's samples")
    assert worst <= WITHIN


def cpu_of_mix(case: Case, recipe: Recipe) -> float:
    mixer = Mixer(recipe, {"a": case.asset}, LibraryPaths(case.root / "lib"))
    before = os.times()
    for _ in mixer.blocks():
        pass
    after = os.times()
    return after.user + after.system - before.user - before.system


def test_the_mixer_and_its_effects_are_fast(case):
    clips = case.recipe.clips
    effects = {
        "high-pass": (HighPass(frequency_hz=80.0, slope_db=24),),
        "compressor": (Compressor(),),
        "both": (HighPass(), Compressor()),
    }
    recipes = {"plain": case.recipe, "to 44.1 kHz": Recipe(clips=clips, sample_rate_hz=44_100)}
    for name, row in effects.items():
        recipes[name] = Recipe(clips=clips, lanes=(Lane(effects=row),))
    seconds = case.mixer.n_samples / RATE
    speeds: dict[str, list[float]] = {name: [] for name in recipes}
    for _ in range(TRIALS):
        for name, recipe in recipes.items():
            speeds[name].append(seconds / cpu_of_mix(case, recipe))
    say("")
    for name, values in speeds.items():
        say(f"mixing, {name}: {spread(values, '.0f')} times real time")
        assert statistics.median(values) >= WANTED_SPEED
    settle_s = EffectChain(effects["both"], RATE, 2).settle_samples / RATE
    say(f"both effects settle in {settle_s:.1f} s")
