"""Corrections of the beats: what people write, and what becomes of the grid."""

import numpy as np
import pytest

from core.analysis.beat_edit import BeatEdit, parse_beats
from core.analysis.beatgrid import BeatGrid, corrected
from core.errors import UsageError

FOUND = BeatGrid(duration_s=10.0).with_tempo(120, 0.25)


@pytest.mark.parametrize(
    ("text", "edit"),
    [
        ("double", BeatEdit(doublings=1)),
        ("÷2", BeatEdit(doublings=-1)),
        ("128", BeatEdit(bpm=128.0)),
        ("96.5@0.35", BeatEdit(bpm=96.5, first_beat_s=0.35)),
        ("found", BeatEdit()),
    ],
)
def test_words_become_corrections(text, edit):
    assert parse_beats(text) == edit


@pytest.mark.parametrize("text", ["fast", "0", "1000", "120@", "-3", "120@x"])
def test_other_words_are_refused_with_a_hint(text):
    with pytest.raises(UsageError) as caught:
        parse_beats(text)
    assert "double" in caught.value.hint


def test_no_correction_is_the_found_grid():
    assert corrected(FOUND, BeatEdit()) == FOUND


def test_tempo_replaces_the_grid_from_the_first_beat_found():
    grid = corrected(FOUND, BeatEdit(bpm=100.0))
    assert grid.tempo_bpm == pytest.approx(100)
    assert np.min(np.abs(np.asarray(grid.times_s) - FOUND.times_s[0])) < 1e-9


def test_doubling_then_shifting():
    grid = corrected(FOUND, BeatEdit(doublings=1, shift_s=0.1))
    assert grid.tempo_bpm == pytest.approx(240)
    assert grid.times_s[0] == pytest.approx(0.35)


def test_absurd_doublings_are_refused():
    with pytest.raises(UsageError):
        corrected(FOUND, BeatEdit(doublings=9))
