import itertools

import pytest

from core.render.tiles import TileClock


def rows(clock: TileClock) -> list[int]:
    return [len(band) for band in clock.bands("a")]


def pretend(monkeypatch: pytest.MonkeyPatch, *times_s: float) -> None:
    ticks = iter(times_s)
    monkeypatch.setattr("core.render.tiles.time.perf_counter", lambda: next(ticks))


def test_bands_cover_the_frame_once_from_the_top():
    bands = list(TileClock(8192, 1000).bands("a"))
    assert bands[0].start == 0
    assert bands[-1].stop == 1000
    assert all(one.stop == two.start for one, two in itertools.pairwise(bands))


def test_first_frame_of_an_unknown_pass_starts_in_small_bands():
    assert rows(TileClock(1920, 1080))[0] == 128


def test_cheap_pass_is_then_drawn_at_once(monkeypatch):
    clock = TileClock(1920, 1080)
    pretend(monkeypatch, 0.0, 0.001)
    with clock.timed("a", range(128)):
        pass
    assert rows(clock) == [1080]


def test_dear_pass_is_drawn_in_bands_of_bounded_time(monkeypatch):
    clock = TileClock(8192, 8192)
    pretend(monkeypatch, 0.0, 0.32)  # 5 ms a row
    with clock.timed("a", range(64)):
        pass
    assert max(rows(clock)) * 0.005 <= 0.4
    assert clock.n_tiles("a") == len(rows(clock))


def test_dearest_part_of_a_picture_counts(monkeypatch):
    clock = TileClock(1000, 4000)
    pretend(monkeypatch, 0.0, 0.64, 0.0, 0.0)
    with clock.timed("a", range(64)):
        pass
    with clock.timed("a", range(64)):
        pass
    assert rows(clock)[0] == 64


def test_passes_are_timed_apart(monkeypatch):
    clock = TileClock(1920, 1080)
    pretend(monkeypatch, 0.0, 10.0)
    with clock.timed("b", range(128)):
        pass
    assert rows(clock)[0] == 128


def test_parts_of_a_frame_are_waited_for_and_whole_frames_now_and_then():
    clock = TileClock(64, 64)
    assert all(clock.wants_time("part", range(32)) for _ in range(40))
    assert sum(clock.wants_time("whole", range(64)) for _ in range(64)) == 4
