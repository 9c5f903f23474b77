"""The beat grid: corrections by hand, and phases at any time."""

import numpy as np
import pytest

from core.analysis.beatgrid import REST_PHASE, BeatGrid
from core.documents import from_json, to_json
from core.errors import UsageError


def even(bpm: float = 120.0, first_s: float = 0.5, duration_s: float = 10.0) -> BeatGrid:
    return BeatGrid(duration_s=duration_s).with_tempo(bpm, first_s)


def test_a_grid_by_hand_runs_over_the_whole_track():
    grid = even(120, 2.25)
    np.testing.assert_allclose(grid.times_s, np.arange(0.25, 10.0, 0.5))
    assert grid.tempo_bpm == pytest.approx(120)
    assert grid.confidence == 1.0
    assert grid.times_s[grid.first_downbeat :: 4][0] == pytest.approx(0.25)
    assert grid.bar_phase([2.25])[0] == pytest.approx(0, abs=1e-6)


def test_doubling_and_halving_undo_one_another():
    grid = even()
    np.testing.assert_allclose(grid.doubled().halved().times_s, grid.times_s)
    assert grid.doubled().tempo_bpm == pytest.approx(240)
    assert grid.halved().tempo_bpm == pytest.approx(60)


@pytest.mark.parametrize("downbeat", range(4))
def test_halving_and_doubling_keep_a_bar_start(downbeat):
    grid = even().with_bar(4, downbeat)
    bar_start = grid.times_s[downbeat]
    for changed in (grid.halved(), grid.doubled()):
        assert changed.bar_phase([bar_start])[0] == pytest.approx(0, abs=1e-6)


def test_shifting_moves_beats_and_bars():
    grid = even().with_bar(4, 2)
    bar_start = grid.times_s[2]
    moved = grid.shifted(-0.7)
    assert min(moved.times_s) >= 0
    assert moved.bar_phase([bar_start - 0.7])[0] == pytest.approx(0, abs=1e-6)
    assert max(grid.shifted(0.3).times_s) <= 10.0


def test_phases_rise_from_beat_to_beat_when_the_tempo_changes():
    grid = BeatGrid(times_s=(1.0, 2.0, 2.5, 2.75), duration_s=4.0)
    np.testing.assert_allclose(
        grid.beat_phase([1.0, 1.5, 2.0, 2.25, 2.625]), [0, 0.5, 0, 0.5, 0.5], atol=1e-6
    )


def test_phases_rest_where_there_is_no_beat():
    assert (BeatGrid(duration_s=5.0).beat_phase([0.0, 2.0]) == REST_PHASE).all()
    grid = BeatGrid(times_s=(10.0, 10.5, 11.0), duration_s=60.0)
    np.testing.assert_allclose(grid.beat_phase([2.0, 9.75, 11.25, 30.0]), [1, 0.5, 0.5, 1])
    assert BeatGrid().tempo_bpm is None
    assert BeatGrid().tempo_at([1.0])[0] == 0


def test_tempo_follows_a_ramp():
    times = np.cumsum(60 / np.linspace(100, 140, 60))
    grid = BeatGrid(times_s=tuple(times), duration_s=40.0)
    tempo = grid.tempo_at(times)
    assert tempo[0] == pytest.approx(101, abs=2)
    assert tempo[-1] == pytest.approx(139, abs=2)


@pytest.mark.parametrize("bpm", [0.0, -3.0, 1000.0, float("nan")])
def test_a_tempo_out_of_range_is_refused(bpm):
    with pytest.raises(UsageError):
        even(bpm)


def test_a_grid_survives_json():
    grid = even().with_bar(3, 1)
    assert from_json(to_json(grid), BeatGrid) == grid
