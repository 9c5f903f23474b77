import pytest

from core.jobs.events import EventHub
from core.jobs.progress import TimeLeft


def test_the_time_left_of_steady_work_is_what_remains_of_it():
    left = TimeLeft()
    estimates = [left.estimate(second, second / 100) for second in range(1, 61)]
    assert estimates[0] is None
    assert estimates[-1] == pytest.approx(40.0, rel=0.01)


def test_a_resumed_job_is_not_taken_for_a_fast_one():
    left = TimeLeft()
    left.estimate(0.0, 0.9)
    assert left.estimate(10.0, 0.92) == pytest.approx(40.0, rel=0.01)


def test_the_estimate_follows_a_change_of_speed():
    left = TimeLeft()
    for second in range(50):
        left.estimate(second, second / 100)
    slow = [left.estimate(50 + second, 0.5 + second / 1000) for second in range(1, 100)]
    assert slow[-1] > 150


def test_work_that_starts_over_is_estimated_anew():
    left = TimeLeft()
    left.estimate(0.0, 0.0)
    left.estimate(10.0, 0.5)
    assert left.estimate(11.0, 0.0) is None


async def test_a_slow_reader_gets_every_transition_and_only_the_newest_progress():
    hub = EventHub()
    subscription = hub.subscribe()
    for number in range(1000):
        hub.publish(("progress", number), key="a")
        if number % 250 == 0:
            hub.publish(("transition", number))
    subscription.close()
    seen = [event async for event in subscription]
    assert seen == [
        ("transition", 0), ("transition", 250), ("transition", 500), ("transition", 750),
        ("progress", 999),
    ]  # fmt: skip


async def test_a_reader_that_is_stuck_is_cut_off():
    hub = EventHub()
    hub.subscribe()
    for number in range(30_000):
        hub.publish(number)
    assert len(hub) == 0
