"""Ruler labels never touch, and are as exact as the zoom asks for."""

from itertools import pairwise

import pytest

from desktop.editor.state import TimeUnit
from desktop.editor.ticks import label_px, ticks, time_label
from desktop.editor.viewport import EditorViewport
from desktop.stage.beats import Beats

BEATS = Beats(tuple(0.25 + i * 0.5 for i in range(400)), first_downbeat=1)


def shown(duration_s: float, start_s: float, length_s: float) -> EditorViewport:
    made = EditorViewport()
    made.resize(1000)
    made.set_content(duration_s, 48_000)
    made.show(start_s, start_s + length_s)
    return made


@pytest.mark.parametrize("unit", list(TimeUnit))
@pytest.mark.parametrize("length_s", [0.0013, 0.05, 1.0, 7.0, 60.0, 200.0])
def test_labels_never_touch(unit, length_s):
    found = [t for t in ticks(shown(200, 20, length_s), unit, BEATS) if t.text]
    for one, other in pairwise(found):
        assert one.x + label_px(one.text) < other.x


@pytest.mark.parametrize("length_s", [0.0013, 10.0, 43_000.0])
def test_labels_are_there_at_any_zoom_and_time(length_s):
    found = ticks(shown(43_200, 43_000, length_s), TimeUnit.TIME, Beats())
    labels = [t for t in found if t.text and 0 <= t.x <= 1000]
    assert 2 <= len(labels) <= 20
    assert len({t.text for t in labels}) == len(labels)
    assert len(found) < 2000


def test_labels_are_as_exact_as_their_step():
    assert time_label(65.0, 1.0) == "1:05"
    assert time_label(65.25, 0.05) == "1:05.25"
    assert time_label(0.0004, 0.0002) == "0:00.0004"
    assert time_label(3661.5, 0.5) == "1:01:01.5"


def test_bars_count_from_the_first_downbeat():
    found = ticks(shown(200, 0, 12), TimeUnit.BARS, BEATS)
    labels = {t.text: t.x for t in found if t.text}
    view = shown(200, 0, 12)
    bar_one = labels.get("1") or labels["1.1"]
    assert bar_one == pytest.approx(view.x_of(0.75))


def test_without_beats_the_ruler_counts_time():
    view = shown(200, 0, 60)
    assert ticks(view, TimeUnit.BARS, Beats()) == ticks(view, TimeUnit.TIME, Beats())
