"""A consumer on its own thread: everything arrives in order, faults come back, nothing hangs."""

import threading

import pytest

from core.audio.aside import Aside
from core.errors import JobAborted, MediaError


def test_the_consumer_gets_every_item_in_order_and_its_result_comes_back():
    with Aside(list, depth=2) as aside:
        for item in range(100):
            aside.put(item)
        assert aside.finish() == list(range(100))
    assert threading.active_count() == 1


def test_the_consumer_runs_beside_its_maker():
    def threads(items):
        return {threading.get_ident() for _ in items}

    with Aside(threads) as aside:
        aside.put(1)
        assert threading.get_ident() not in aside.finish()


def test_what_the_consumer_raises_reaches_the_maker_who_never_waits_for_it():
    def fail(items):
        next(items)
        raise MediaError("No room.")

    def make():
        with Aside(fail, depth=1) as aside:
            for item in range(1000):
                aside.put(item)
            aside.finish()

    with pytest.raises(MediaError, match="No room"):
        make()
    assert threading.active_count() == 1


def test_a_consumer_that_has_enough_holds_nobody_up():
    with Aside(next, depth=1) as aside:
        for item in range(50):
            aside.put(item)
        assert aside.finish() == 0


def test_a_maker_that_gives_up_aborts_the_consumer():
    seen = []

    def consume(items):
        try:
            seen.extend(items)
        except JobAborted:
            seen.append("aborted")
            raise

    def make():
        with Aside(consume) as aside:
            aside.put(1)
            raise ValueError("enough")

    with pytest.raises(ValueError, match="enough"):
        make()
    assert seen == [1, "aborted"]
    assert threading.active_count() == 1
