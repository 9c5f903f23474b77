"""Edit figures: every edit of 1,000 clips over a 3-hour sound, and finding its silences.

CPU seconds, interleaved trials, median with its spread. Wanted: an edit with the arrangement that
is drawn afterwards under 16 ms, the check of 5,000 clips no dearer than arranging them, and the
silences of 3 hours in under 1 s.
"""

import statistics
import sys
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from core.audio import edit
from core.audio.arrangement import arrange
from core.audio.pcm import PcmReader
from core.audio.peaks import PeakPyramid, PeakWriter
from core.audio.recipe import Clip, Recipe
from core.audio.recipe_check import recipe_faults
from core.audio.silence import find_sounds
from core.library.model import PcmInfo
from tests.core.audio.made_assets import asset

HOURS = 3
RATE = 48_000
TRIALS = 7
WANTED_EDIT_S, WANTED_SILENCE_S = 0.016, 1.0
ASSETS = {"talk": asset("talk", HOURS * 3600.0)}

pytestmark = pytest.mark.bench


def recipe_of(n_clips: int) -> Recipe:
    """Return clips with gains and fades, every third over the one before."""
    return Recipe(
        clips=tuple(
            Clip(
                asset_id="talk",
                start_s=Fraction(index),
                end_s=Fraction(index + 2),
                gap_s=Fraction(-1, 4) if index % 3 == 1 else Fraction(0),
                fade_in_s=Fraction(1, 10),
                gain=0.5,
            )
            for index in range(n_clips)
        )
    )


def seconds(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def measured(title: str, works: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Run all in turn, several times; say and return the medians in seconds."""
    trials = [{name: seconds(work) for name, work in works.items()} for _ in range(TRIALS)]
    medians = {}
    for name in works:
        values = sorted(trial[name] for trial in trials)
        medians[name] = statistics.median(values)
        spread = f"{values[0] * 1e3:.1f} to {values[-1] * 1e3:.1f}"
        sys.stdout.write(f"{title}: {name} {medians[name] * 1e3:.1f} ms ({spread})\n")
    return medians


def test_an_edit_of_a_thousand_clips_is_drawn_within_a_frame():
    recipe = recipe_of(1000)
    edits: dict[str, Callable[[], edit.EditResult]] = {
        "split": lambda: edit.split_at(recipe, ASSETS, Fraction(1001)),
        "trim": lambda: edit.trim_out(recipe, ASSETS, 500, Fraction(1), ripple=True),
        "drag": lambda: edit.place(recipe, ASSETS, 500, Fraction(30)),
        "delete": lambda: edit.delete(recipe, ASSETS, range(0, 900, 3), close_gap=True),
        "move": lambda: edit.move(recipe, ASSETS, (5,), 600),
        "fade": lambda: edit.set_fade_in(recipe, ASSETS, 500, length_s=Fraction(1, 5)),
    }
    drawn = {name: lambda work=work: arrange(work().recipe, ASSETS) for name, work in edits.items()}
    medians = measured("edit and arrangement, 1,000 clips", drawn)
    assert max(medians.values()) < WANTED_EDIT_S


def test_the_check_costs_no_more_than_the_arrangement():
    recipe = recipe_of(5000)
    medians = measured(
        "5,000 clips",
        {
            "check": lambda: recipe_faults(recipe, ASSETS),
            "arrangement": lambda: arrange(recipe, ASSETS),
        },
    )
    assert medians["check"] < medians["arrangement"]


def test_the_silences_of_hours_are_found_at_once(tmp_path: Path):
    info = PcmInfo(
        key="k",
        sample_rate_hz=RATE,
        channels=2,
        n_samples=RATE * 3600 * HOURS,
        sample_format="i2",
        peak=0.5,
    )
    rng = np.random.default_rng(1)
    block = rng.integers(-20, 20, (2, 2 * RATE), np.int16)
    block[:, : RATE * 6 // 5] = rng.integers(-9000, 9000, (2, RATE * 6 // 5), np.int16)
    raw = np.ascontiguousarray(block.T).tobytes()
    with PeakWriter(tmp_path / "peaks") as peaks, (tmp_path / "pcm").open("wb") as pcm:
        for _ in range(3600 * HOURS // 2):
            peaks.add(block)
            pcm.write(raw)
        peaks.finish(info)
    reader, pyramid = PcmReader(tmp_path / "pcm", info), PeakPyramid.open(tmp_path / "peaks")
    assert len(find_sounds(reader, pyramid)) == 3600 * HOURS // 2
    medians = measured("3 hours of stereo", {"silences": lambda: find_sounds(reader, pyramid)})
    (tmp_path / "pcm").unlink()
    assert medians["silences"] < WANTED_SILENCE_S
