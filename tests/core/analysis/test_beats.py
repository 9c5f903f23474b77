"""Beats: found at constant, stepping and ramping tempo; not found where there are none."""

from pathlib import Path

import numpy as np
import pytest

from core.analysis.analyzer import analyze_source
from core.analysis.beatgrid import BeatGrid
from core.analysis.features import open_features
from core.analysis.source import ArraySource
from tests.core.analysis import signals

SLICE = [
    ("clicks", "ramp", 112),
    ("drums", "step", 96),
    ("drums", "ramp", 128),
    ("chords", "step", 110),
]
FULL = [
    (kind, course, bpm)
    for kind in signals.KINDS
    for course in signals.COURSES
    for bpm in (82, 96, 112, 128, 140)
]


def grid_of(samples: np.ndarray, folder: Path) -> BeatGrid:
    analyze_source(ArraySource(np.asarray(samples, np.float32), signals.RATE), folder / "features")
    return open_features(folder / "features").beats


def score(kind: str, course: str, bpm: float, *, duration_s: float, folder: Path) -> float:
    beats = signals.beat_times(course, bpm=bpm, duration_s=duration_s)
    grid = grid_of(signals.make(kind, beats, duration_s, seed=bpm), folder)
    return signals.f_measure(np.array(grid.times_s), beats)


@pytest.mark.parametrize(("kind", "course", "bpm"), SLICE)
def test_beats_are_found_when_the_tempo_changes(tmp_path, kind, course, bpm):
    assert score(kind, course, bpm, duration_s=24.0, folder=tmp_path) >= 0.95


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "course", "bpm"), FULL)
def test_beats_are_found_at_every_tempo(tmp_path, kind, course, bpm):
    assert score(kind, course, bpm, duration_s=40.0, folder=tmp_path) >= 0.95


def test_a_constant_tempo_is_named(tmp_path):
    beats = signals.beat_times("constant", bpm=112, duration_s=20.0)
    grid = grid_of(signals.make("drums", beats, 20.0), tmp_path)
    assert grid.tempo_bpm == pytest.approx(112, rel=0.01)
    assert grid.confidence > 0.5


def _drone(t: np.ndarray) -> np.ndarray:
    partials = (110, 165, 220, 277, 331)
    return sum(
        0.1
        * np.sin(2 * np.pi * freq * t + i)
        * (1 + 0.3 * np.sin(2 * np.pi * t * (0.07 + 0.03 * i)))
        for i, freq in enumerate(partials)
    )


def _random_clicks(t: np.ndarray) -> np.ndarray:
    times = np.cumsum(np.random.default_rng(1).exponential(0.4, 200))
    return signals.make("clicks", times[times < t[-1]], t[-1])[0]


BEATLESS = {
    "noise": lambda t: 0.1 * np.random.default_rng(2).standard_normal(len(t)),
    "sine": lambda t: 0.5 * np.sin(2 * np.pi * 220 * t),
    "drone": _drone,
    "sweep": lambda t: 0.3 * np.sin(2 * np.pi * (100 * t + 60 * t * t)),
    "random clicks": _random_clicks,
    "silence": np.zeros_like,
}


@pytest.mark.parametrize("name", BEATLESS)
def test_sound_without_a_beat_gets_no_grid(tmp_path, name):
    t = np.arange(20 * signals.RATE) / signals.RATE
    grid = grid_of(np.stack([BEATLESS[name](t)] * 2), tmp_path)
    assert grid.tempo_bpm is None
    assert grid.times_s == ()


def test_the_grid_starts_and_ends_with_the_music(tmp_path):
    beats = 6.0 + np.arange(24) * 0.5
    grid = grid_of(signals.make("clicks", beats, 26.0), tmp_path)
    assert grid.times_s[0] > 5.4
    assert grid.times_s[-1] < 18.6


def test_bars_start_on_the_heavy_beat(tmp_path):
    beats = 0.3 + np.arange(40) * 0.5
    sound = signals.make("clicks", beats, 20.5) * 0.5
    heavy = signals.make("drums", beats[2::4], 20.5)
    grid = grid_of(sound + heavy, tmp_path)
    starts = np.array(grid.times_s[grid.first_downbeat :: 4])
    assert np.abs(starts - beats[2::4][: len(starts)]).max() < 0.05
