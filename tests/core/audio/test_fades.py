"""Fade shapes: their ends, their middles, their mirror, and long ones in pieces."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.audio.fades import CACHED_SAMPLES, fade_curve, fade_in_gains, fade_out_gains
from core.audio.recipe import FadeShape

SHAPES = list(FadeShape)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_fade_starts_silent_ends_full_and_never_turns(shape):
    gains = fade_curve(shape, np.linspace(0, 1, 1001))
    assert gains[0] == 0
    assert gains[-1] == pytest.approx(1)
    assert (np.diff(gains) >= 0).all()
    assert fade_curve(shape, [-1.0, 2.0]).tolist() == pytest.approx([0, 1])


@pytest.mark.parametrize(
    ("shape", "middle"),
    [
        (FadeShape.LINEAR, 0.5),
        (FadeShape.EQUAL_POWER, 0.5**0.5),
        (FadeShape.S_CURVE, 0.5),
        (FadeShape.LOG, 1 - 0.2 * np.log10(2)),
    ],
)
def test_the_middle_of_a_shape_is_known(shape, middle):
    assert float(fade_curve(shape, 0.5)) == pytest.approx(middle)


def test_shapes_of_a_crossfade_keep_level_or_power():
    x = np.linspace(0, 1, 101)
    for shape, power in [
        (FadeShape.LINEAR, 1),
        (FadeShape.S_CURVE, 1),
        (FadeShape.EQUAL_POWER, 2),
    ]:
        total = fade_curve(shape, x) ** power + fade_curve(shape, 1 - x) ** power
        assert np.abs(total - 1).max() < 1e-12


@pytest.mark.parametrize("shape", SHAPES)
def test_a_fade_out_is_the_fade_in_backwards(shape):
    rising = fade_curve(shape, np.arange(11) / 10)
    assert fade_in_gains(shape, 10, 0, 10) == pytest.approx(rising[:10])
    assert fade_out_gains(shape, 10, 0, 10) == pytest.approx(rising[:0:-1])
    assert fade_out_gains(shape, 10, 0, 1)[0] == 1


@given(
    shape=st.sampled_from(SHAPES),
    length=st.sampled_from([1, 7, 1000, CACHED_SAMPLES, CACHED_SAMPLES + 1, 10**9]),
    data=st.data(),
)
def test_a_part_of_a_fade_is_that_part(shape, length, data):
    start = data.draw(st.integers(0, length - 1))
    stop = data.draw(st.integers(start, min(length, start + 50)))
    i = np.arange(start, stop)
    got_in, got_out = (f(shape, length, start, stop) for f in (fade_in_gains, fade_out_gains))
    assert got_in.dtype == got_out.dtype == np.float32
    assert np.abs(got_in - fade_curve(shape, i / length)).max(initial=0) < 1e-7
    assert np.abs(got_out - fade_curve(shape, (length - i) / length)).max(initial=0) < 1e-7
