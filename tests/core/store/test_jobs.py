import itertools
import random

import pytest
import sqlalchemy as sa

from core.errors import ErrorView, NotFoundError, TransitionError
from core.jobs.model import (
    TRANSITIONS,
    AssetRef,
    JobKind,
    JobProgress,
    JobStatus,
    Lane,
    PictureParams,
    PrepareParams,
    RenderParams,
)
from core.store.jobs import Lease
from core.store.tables import jobs

ERROR = ErrorView(code="media", message="It is no sound.", hint="Use another file.")
PAIRS = list(itertools.product(JobStatus, JobStatus))
WAY_TO = {
    JobStatus.QUEUED: (),
    JobStatus.RUNNING: (JobStatus.RUNNING,),
    JobStatus.DONE: (JobStatus.RUNNING, JobStatus.DONE),
    JobStatus.FAILED: (JobStatus.RUNNING, JobStatus.FAILED),
    JobStatus.CANCELLED: (JobStatus.CANCELLED,),
}


def _go(shelf, job_id, status):
    error = ERROR if status is JobStatus.FAILED else None
    shelf.jobs.transition(job_id, status, reason="test", error=error)


def _bring_to(shelf, status):
    job_id = shelf.add()
    for step in WAY_TO[status]:
        _go(shelf, job_id, step)
    return job_id


@pytest.mark.parametrize(("before", "after"), PAIRS)
def test_every_pair_of_states_is_legal_or_refused(shelf, before, after):
    job_id = _bring_to(shelf, before)
    history = shelf.lists.history(job_id)
    if (before, after) in TRANSITIONS:
        _go(shelf, job_id, after)
        assert shelf.jobs.view(job_id).status is after
        assert len(shelf.lists.history(job_id)) == len(history) + 1
    else:
        with pytest.raises(TransitionError):
            _go(shelf, job_id, after)
        assert shelf.jobs.view(job_id).status is before
        assert shelf.lists.history(job_id) == history


def test_every_transition_is_in_the_events_table(shelf):
    job_id = shelf.add()
    for status in (JobStatus.RUNNING, JobStatus.QUEUED, JobStatus.RUNNING, JobStatus.DONE):
        _go(shelf, job_id, status)
    assert [(a, b) for a, b, _ in shelf.lists.history(job_id)] == [
        (None, "queued"),
        ("queued", "running"),
        ("running", "queued"),
        ("queued", "running"),
        ("running", "done"),
    ]


@pytest.mark.parametrize("status", [s for s in JobStatus if s.terminal])
def test_a_row_that_ended_never_changes_whoever_tries(shelf, status):
    job_id = _bring_to(shelf, status)
    with pytest.raises(TransitionError):
        shelf.jobs.edit(job_id, stage="more")
    statement = jobs.update().where(jobs.c.id == job_id).values(stage="more")
    with pytest.raises(sa.exc.IntegrityError, match="never changes"), shelf.database.write():
        shelf.database.execute(statement)


def test_an_unknown_job_is_not_found(shelf):
    with pytest.raises(NotFoundError):
        shelf.jobs.view("nothing")
    with pytest.raises(NotFoundError):
        _go(shelf, "nothing", JobStatus.RUNNING)
    with pytest.raises(NotFoundError):
        shelf.jobs.edit("nothing", held=True)


def test_a_job_is_claimed_once_in_the_order_of_the_queue(shelf):
    made = [shelf.add() for _ in range(4)]
    taken = [shelf.jobs.claim(Lane.CPU) for _ in range(5)]
    assert [lease and lease.job_id for lease in taken] == [*made, None]
    assert shelf.jobs.claim(Lane.GPU) is None


def test_attempts_and_fences_rise_with_each_claim(shelf):
    job_id = shelf.add()
    for attempt in (1, 2, 3):
        lease = shelf.jobs.claim(Lane.CPU)
        assert lease == Lease(job_id=job_id, fence=attempt)
        assert shelf.jobs.view(job_id).attempt == attempt
        shelf.jobs.transition(job_id, JobStatus.QUEUED, reason="died", lease=lease)


def test_a_pause_does_not_count_as_an_attempt(shelf):
    job_id = shelf.add()
    lease = shelf.jobs.claim(Lane.CPU)
    shelf.jobs.transition(
        job_id, JobStatus.QUEUED, reason="pause", lease=lease, held=True, counted=False
    )
    view = shelf.jobs.view(job_id)
    assert (view.attempt, view.held) == (0, True)
    assert shelf.jobs.claim(Lane.CPU) is None


def test_what_an_earlier_claim_says_is_void(shelf):
    job_id = shelf.add()
    late = shelf.jobs.claim(Lane.CPU)
    shelf.jobs.transition(job_id, JobStatus.QUEUED, reason="died", lease=late)
    shelf.jobs.claim(Lane.CPU)
    for act in (
        lambda: shelf.jobs.save_progress(late, JobProgress(stage="late", fraction=0.9), None),
        lambda: shelf.jobs.add_fact(late, "encoder", "late"),
        lambda: shelf.jobs.transition(job_id, JobStatus.DONE, reason="late", lease=late),
    ):
        with pytest.raises(TransitionError) as caught:
            act()
        assert caught.value.code == "stale-lease"
    view = shelf.jobs.view(job_id)
    assert (view.status, view.stage, view.facts) == (JobStatus.RUNNING, "", {})


def test_a_lease_of_an_earlier_run_of_the_engine_is_void(shelf):
    shelf.add()
    lease = shelf.jobs.claim(Lane.CPU)
    shelf.database.start_generation()
    with pytest.raises(TransitionError):
        shelf.jobs.transition(lease.job_id, JobStatus.DONE, reason="late", lease=lease)


def test_two_partial_updates_lose_nothing(shelf):
    job_id = shelf.add()
    lease = shelf.jobs.claim(Lane.CPU)
    first = shelf.jobs.view(job_id)
    shelf.jobs.add_fact(lease, "encoder", "x264")
    shelf.jobs.save_progress(lease, JobProgress(stage="drawing", fraction=0.5, fps=12.0), 3.0)
    shelf.jobs.add_fact(lease, "renderer", "a.b'\"$ c")
    shelf.jobs.edit(job_id, priority=7)
    view = shelf.jobs.view(job_id)
    assert first.facts == {}
    assert view.facts == {"encoder": "x264", "renderer": "a.b'\"$ c"}
    assert (view.stage, view.progress, view.fps, view.eta_s) == ("drawing", 0.5, 12.0, 3.0)
    assert view.priority == 7


# --- dependencies -----------------------------------------------------------------------------


def test_a_job_waits_for_what_it_needs(shelf):
    first = shelf.add()
    second = shelf.add("second.wav", depends_on=(first,))
    assert shelf.jobs.view(second).blocked
    assert shelf.jobs.view(second).depends_on == (first,)
    lease = shelf.jobs.claim(Lane.CPU)
    assert lease.job_id == first
    assert shelf.jobs.claim(Lane.CPU) is None
    shelf.jobs.transition(first, JobStatus.DONE, reason="done", lease=lease)
    assert not shelf.jobs.view(second).blocked
    assert shelf.jobs.claim(Lane.CPU).job_id == second


def test_a_failure_fails_the_whole_chain_naming_what_failed(shelf):
    first = shelf.add("broken.wav")
    second = shelf.add("second.wav", depends_on=(first,))
    third = shelf.add("third.wav", depends_on=(second,))
    _go(shelf, first, JobStatus.RUNNING)
    _go(shelf, first, JobStatus.FAILED)
    for job_id in (second, third):
        view = shelf.jobs.view(job_id)
        assert view.status is JobStatus.FAILED
        assert view.error.code == "dependency-failed"
        assert view.error.message == f"Reading “broken.wav” failed: {ERROR.message}"
        assert view.error.hint == ERROR.hint


def test_a_cancel_cancels_the_whole_chain(shelf):
    first = shelf.add()
    second = shelf.add(depends_on=(first,))
    third = shelf.add(depends_on=(second,))
    shelf.jobs.transition(first, JobStatus.CANCELLED, reason="cancelled")
    assert shelf.jobs.view(second).status is JobStatus.CANCELLED
    assert shelf.jobs.view(third).status is JobStatus.CANCELLED


def test_a_job_that_needs_two_waits_for_both(shelf):
    needs = (shelf.add(), shelf.add())
    last = shelf.add(depends_on=needs)
    for job_id in needs:
        assert shelf.jobs.view(last).blocked
        lease = shelf.jobs.claim(Lane.CPU)
        assert lease.job_id == job_id
        shelf.jobs.transition(job_id, JobStatus.DONE, reason="done", lease=lease)
    assert shelf.jobs.claim(Lane.CPU).job_id == last


# --- order ------------------------------------------------------------------------------------


def _claim_all(shelf):
    return [lease.job_id for lease in iter(lambda: shelf.jobs.claim(Lane.CPU), None)]


def test_a_job_can_be_moved_before_another_and_to_the_end(shelf):
    a, b, c, d = (shelf.add() for _ in range(4))
    shelf.jobs.place(d, before=b)
    shelf.jobs.place(a, before=None)
    assert _claim_all(shelf) == [d, b, c, a]


def test_moving_takes_the_priority_of_the_place(shelf):
    a, b, c = (shelf.add() for _ in range(3))
    shelf.jobs.edit(c, priority=5)
    shelf.jobs.place(b, before=c)
    assert _claim_all(shelf) == [b, c, a]


def test_the_order_survives_more_moves_than_numbers_have_bits(shelf):
    made = [shelf.add() for _ in range(5)]
    order, dice = list(made), random.Random(5)
    for _ in range(300):
        job_id, before = dice.sample(made, 2)
        if dice.random() < 0.7:
            job_id, before = order[-1], order[1]
        shelf.jobs.place(job_id, before=before)
        order.remove(job_id)
        order.insert(order.index(before), job_id)
    assert _claim_all(shelf) == order


# --- lists ------------------------------------------------------------------------------------


def test_pages_hold_every_job_once_running_then_queued_then_ended_newest_first(shelf):
    made = [shelf.add() for _ in range(25)]
    for job_id in made[:10]:
        shelf.jobs.transition(job_id, JobStatus.CANCELLED, reason="test")
    running = [shelf.jobs.claim(Lane.CPU).job_id for _ in range(5)]
    seen, cursor = [], None
    while True:
        page, cursor = shelf.lists.page(limit=4, cursor=cursor)
        seen += [view.id for view in page]
        if cursor is None:
            break
    assert seen == [*reversed(running), *reversed(made[15:]), *reversed(made[:10])]


def test_pages_can_be_of_some_kinds_and_states(shelf):
    ingest = shelf.add()
    ref = AssetRef(ingest_job_id=ingest)
    prepare = shelf.add(params=PrepareParams(asset=ref), depends_on=(ingest,))
    render = shelf.add(params=RenderParams(asset=ref, picture=PictureParams(scene="x")))
    shelf.jobs.transition(render, JobStatus.CANCELLED, reason="test")

    def ids(**fields):
        return [view.id for view in shelf.lists.page(**fields)[0]]

    assert ids(kinds=(JobKind.PREPARE,)) == [prepare]
    assert ids(kinds=(JobKind.PREPARE, JobKind.RENDER)) == [prepare, render]
    assert ids(statuses=(JobStatus.CANCELLED,)) == [render]
    assert ids(kinds=(JobKind.INGEST,), statuses=(JobStatus.DONE,)) == []


def test_counts_follow_every_change(shelf):
    made = [shelf.add() for _ in range(6)]
    _go(shelf, made[0], JobStatus.RUNNING)
    _go(shelf, made[0], JobStatus.DONE)
    _go(shelf, made[1], JobStatus.RUNNING)
    shelf.jobs.transition(made[2], JobStatus.CANCELLED, reason="test")
    counts = {status: n for status, n in shelf.lists.counts().items() if n}
    assert counts == {"queued": 3, "running": 1, "done": 1, "cancelled": 1}


def test_counts_can_be_of_some_kinds(shelf):
    ingest = shelf.add()
    ref = AssetRef(ingest_job_id=ingest)
    prepare = shelf.add(params=PrepareParams(asset=ref), depends_on=(ingest,))
    shelf.jobs.transition(prepare, JobStatus.CANCELLED, reason="test")
    shelf.add(params=RenderParams(asset=ref, picture=PictureParams(scene="x")))

    def counts(*kinds):
        return {status: n for status, n in shelf.lists.counts(kinds).items() if n}

    assert counts() == {"queued": 2, "cancelled": 1}
    assert counts(JobKind.PREPARE) == {"cancelled": 1}
    assert counts(JobKind.INGEST, JobKind.RENDER) == {"queued": 2}
    assert counts(JobKind.FRAME) == {}


# --- events -----------------------------------------------------------------------------------


def test_events_say_what_was_committed_with_rising_numbers(shelf):
    job_id = shelf.add()
    lease = shelf.jobs.claim(Lane.CPU)
    shelf.jobs.add_fact(lease, "encoder", "x264")
    shelf.jobs.transition(job_id, JobStatus.DONE, reason="done", lease=lease)
    assert [event.status.value for event in shelf.events] == [
        "queued",
        "running",
        "running",
        "done",
    ]
    assert [event.seq for event in shelf.events] == sorted({event.seq for event in shelf.events})
    assert all(event.job.status is event.status for event in shelf.events)


def test_nothing_is_told_of_what_was_rolled_back(shelf):
    def fail():
        with shelf.database.write():
            shelf.add()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert shelf.events == []
    assert shelf.lists.page()[0] == ()
