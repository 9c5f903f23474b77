"""The viewport keeps the time under the pointer, its limits, and small numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.editor.viewport import FAR_PX, MAX_PX_PER_SAMPLE, START_PX, EditorViewport, Follow

RATE = 48_000
TWELVE_HOURS_S = 12 * 3600.0


def viewport(duration_s: float = 200.0, width_px: float = 1000.0) -> EditorViewport:
    made = EditorViewport()
    made.resize(width_px)
    made.set_content(duration_s, RATE)
    made.fit()
    return made


def test_at_first_all_of_the_mix_is_shown():
    shown = viewport()
    assert shown.whole
    assert shown.x_of(0) == pytest.approx(START_PX)
    assert 950 < shown.x_of(200) <= 1000


@given(x=st.floats(200, 800), steps=st.lists(st.floats(-4, 4), min_size=1, max_size=20))
def test_zoom_keeps_the_time_under_the_pointer(x, steps):
    shown = viewport(TWELVE_HOURS_S)
    shown.zoom(5000, 500)
    held_s = shown.time_at(x)
    for step in steps:
        shown.zoom(1.25**step, x)
        assert shown.x_of(held_s) == pytest.approx(x, abs=0.01)


def test_zoom_ends_at_single_samples_and_at_the_whole():
    shown = viewport(TWELVE_HOURS_S)
    shown.zoom(1e12, 300)
    assert shown.px_per_sample == pytest.approx(MAX_PX_PER_SAMPLE)
    shown.zoom(1e-12, 300)
    assert shown.whole


@given(st.floats(0, TWELVE_HOURS_S), st.floats(0, TWELVE_HOURS_S), st.floats(1, 1e9))
def test_numbers_stay_small_and_exact_at_any_zoom_and_place(time_s, other_s, factor):
    shown = viewport(TWELVE_HOURS_S)
    shown.centre(time_s)
    shown.zoom(factor, 500)
    shown.centre(time_s)
    assert abs(shown.x_of(other_s)) <= FAR_PX + shown.width_px
    at = shown.time_at(400)
    assert shown.x_of(at) == pytest.approx(400, abs=0.01)
    assert -1e-6 - START_PX / shown.px_per_s <= shown.start_s <= TWELVE_HOURS_S


def test_panning_stops_at_both_ends():
    shown = viewport()
    shown.zoom(10, 0)
    shown.pan_px(-1e9)
    assert shown.x_of(0) == pytest.approx(START_PX)
    shown.pan_px(1e9)
    assert shown.end_s == pytest.approx(200, abs=0.07 * shown.length_s)
    assert shown.end_s >= 200


def test_following_turns_the_page_before_the_playhead_leaves():
    shown = viewport()
    shown.show(0, 20)
    assert not shown.follow(10, Follow.PAGE)
    assert shown.follow(19.5, Follow.PAGE)
    assert shown.start_s == pytest.approx(18.3, abs=0.1)
    assert not shown.follow(150, Follow.OFF)
    assert shown.follow(150, Follow.CENTRED)
    assert shown.x_of(150) == pytest.approx(500)


def test_a_wider_window_keeps_the_whole_whole_and_a_stretch_where_it_is():
    shown = viewport()
    shown.resize(1700)
    assert shown.whole
    shown.show(50, 60)
    start_s, scale = shown.start_s, shown.px_per_s
    shown.resize(900)
    assert (shown.start_s, shown.px_per_s) == (start_s, scale)


def test_revealing_moves_no_more_than_needed():
    shown = viewport()
    shown.show(50, 70)
    before = shown.start_s
    shown.reveal(55, 60)
    assert shown.start_s == before
    shown.reveal(68, 75)
    assert shown.end_s >= 75
    shown.reveal(10, 12)
    assert shown.start_s <= 10


def test_what_was_whole_stays_whole_from_the_first_pixel_on():
    shown = EditorViewport()
    for width_px in (1, 3, 700, 1900):
        shown.resize(width_px)
        assert shown.whole
    for duration_s in (0.1, 30, TWELVE_HOURS_S):
        shown.set_content(duration_s, RATE)
        assert shown.whole
        assert shown.x_of(0) == pytest.approx(START_PX)


def test_an_empty_mix_has_a_view():
    shown = viewport(0.0)
    assert shown.px_per_s > 0
    assert shown.x_of(0) == pytest.approx(START_PX)
