"""The way through a sound, against a slow walk sample by sample."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.audio.playback.path import Path


@st.composite
def paths(draw):
    n = draw(st.integers(1, 60))
    loop = None
    if draw(st.booleans()):
        first = draw(st.integers(0, n - 1))
        loop = (first, draw(st.integers(first + 1, n)))
    return Path(
        start=draw(st.integers(0, n)), n_samples=n, loop=loop, is_forward=draw(st.booleans())
    )


def walk(path, n_steps):
    """Return the samples played, by walking."""
    at, heard = path.start, []
    for _ in range(n_steps):
        if path.is_forward:
            if path.loops and at == path.loop[1]:
                at = path.loop[0]
            if at == path.n_samples:
                break
            heard.append(at)
            at += 1
        else:
            if path.loops and at == path.loop[0]:
                at = path.loop[1]
            if at == 0:
                break
            at -= 1
            heard.append(at)
    return heard


@given(paths(), st.integers(1, 17))
def test_the_spans_are_what_a_walk_plays(path, most):
    heard, step = [], 0
    while len(heard) < 150:
        start, stop = path.span(step, most)
        assert 0 <= start <= stop <= path.n_samples
        assert stop - start <= most
        if start == stop:
            break
        heard += range(start, stop) if path.is_forward else reversed(range(start, stop))
        step += stop - start
    assert heard[:150] == walk(path, 150)


@given(paths())
def test_the_position_is_beside_the_sample_played_next(path):
    for step, sample in enumerate(walk(path, 150)):
        assert path.position(step) == (sample if path.is_forward else sample + 1)


@given(paths())
def test_only_a_way_without_a_loop_ends(path):
    if path.n_steps is None:
        assert len(walk(path, 500)) == 500
    else:
        assert len(walk(path, 500)) == path.n_steps
        assert path.position(path.n_steps + 5) == (path.n_samples if path.is_forward else 0)


@pytest.mark.parametrize(("start", "loops"), [(0, True), (19, True), (20, False), (30, False)])
def test_past_its_end_a_loop_is_left_alone(start, loops):
    assert Path(start=start, n_samples=40, loop=(10, 20)).loops is loops
