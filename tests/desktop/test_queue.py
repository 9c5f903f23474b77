"""The queue panel: rows follow events in batches, pages load, actions become requests."""

from pathlib import Path

import pytest
from PySide6.QtCore import QModelIndex
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from core.engine.protocol import (
    CancelJob,
    HoldJob,
    ListJobs,
    MoveJob,
    PauseQueue,
    ReleaseJob,
    ResumeQueue,
    RetryJob,
)
from core.jobs.model import JobStatus, OutputView
from desktop.main_window import MainWindow
from desktop.queue.actions import Verb, actions_of
from desktop.queue.model import Column, JobModel, QueueFilter, tip_of
from desktop.stage.preview import Preview
from tests.desktop.fakes import FakeEngine, asset_like, render_params

RENDER = render_params(asset_like(1, "Song"))


def text(model: JobModel, row: int, column: int) -> str:
    return model.data(model.index(row, column))


def test_a_new_job_comes_on_top_and_follows_its_events(
    qtbot: QtBot, window: MainWindow, engine: FakeEngine
):
    model = window.queue.model
    engine.add_job(RENDER, "First")
    second = engine.add_job(RENDER, "Second")
    qtbot.waitUntil(lambda: model.rowCount() == 2)
    assert text(model, 0, Column.JOB) == "Second"
    engine.advance(second.id, 0.25, stage="Drawing", fps=48.0, eta_s=75.0)
    qtbot.waitUntil(lambda: text(model, 0, Column.PROGRESS) == "25%")
    assert text(model, 0, Column.STATUS) == "Drawing"
    assert text(model, 0, Column.FPS) == "48.0 fps"
    assert text(model, 0, Column.LEFT) == "1:15"
    engine.finish(second.id)
    qtbot.waitUntil(lambda: text(model, 0, Column.STATUS) == "Done")
    assert text(model, 1, Column.STATUS) == "Waiting"


def test_many_events_of_one_job_are_one_change(
    qtbot: QtBot, window: MainWindow, engine: FakeEngine
):
    model = window.queue.model
    job = engine.add_job(RENDER, "Song")
    qtbot.waitUntil(lambda: model.rowCount() == 1)
    model.flush()
    changes = []
    model.dataChanged.connect(lambda first, last: changes.append(first.row()))
    for step in range(50):
        engine.advance(job.id, step / 50)
    qtbot.waitUntil(lambda: text(model, 0, Column.PROGRESS) == "98%")
    qtbot.waitUntil(lambda: bool(changes))
    assert len(changes) <= 2


def test_a_failed_job_shows_its_sentence_and_hint(
    qtbot: QtBot, window: MainWindow, engine: FakeEngine
):
    job = engine.add_job(RENDER, "Song")
    failed = engine.fail(job.id, "The disk is full.", "Free some space.")
    qtbot.waitUntil(lambda: window.queue.model.rowCount() == 1)
    tip = tip_of(failed)
    assert "The disk is full." in tip
    assert "Free some space." in tip


def test_stills_are_no_rows_and_do_not_count(qtbot: QtBot, window: MainWindow, engine: FakeEngine):
    window.workspace.choose(engine.add_asset(asset_like(1, "Song")))
    preview: Preview = window.stage.preview
    with qtbot.waitSignal(preview.still_ready):
        pass
    engine.add_job(RENDER, "Song")
    qtbot.waitUntil(lambda: window.queue.model.rowCount() == 1)
    assert window.queue.model.counts.queued == 1


def test_ten_thousand_jobs_come_page_by_page(qtbot: QtBot, make_window, engine: FakeEngine):
    for _ in range(10_000):
        engine.add_job(RENDER, "Song", announce=False, status=JobStatus.DONE)
    window = make_window()
    model = window.queue.model
    qtbot.waitUntil(lambda: model.rowCount() == 200)
    model.fetchMore(QModelIndex())
    qtbot.waitUntil(lambda: model.rowCount() == 400)
    late = engine.add_job(RENDER, "Late")
    qtbot.waitUntil(lambda: model.rowCount() == 401)
    assert model.row_of(late.id) == 0
    assert model.job(model.index(400, 0)).id == "job-009601"
    assert model.row_of("job-009601") == 400


def test_a_filter_asks_for_its_statuses_only(qtbot: QtBot, window: MainWindow, engine: FakeEngine):
    engine.add_job(RENDER, "Failed", status=JobStatus.FAILED)
    engine.add_job(RENDER, "Waiting")
    window.queue.model.set_filter(QueueFilter.FAILED)
    qtbot.waitUntil(lambda: window.queue.model.rowCount() == 1)
    assert text(window.queue.model, 0, Column.JOB) == "Failed"
    assert engine.sent(ListJobs)[-1].statuses == (JobStatus.FAILED, JobStatus.CANCELLED)


@pytest.mark.parametrize(
    ("verb", "fields", "kind"),
    [
        (Verb.CANCEL, {}, CancelJob),
        (Verb.HOLD, {}, HoldJob),
        (Verb.RELEASE, {"held": True}, ReleaseJob),
        (Verb.RETRY, {"status": JobStatus.FAILED}, RetryJob),
        (Verb.LAST, {}, MoveJob),
    ],
)
def test_an_action_becomes_its_request(
    qtbot: QtBot, window: MainWindow, engine: FakeEngine, verb: Verb, fields: dict, kind: type
):
    job = engine.add_job(RENDER, "Song", **fields)
    assert verb in [action.verb for action in actions_of(job)]
    window.queue.act(job, verb)
    qtbot.waitUntil(lambda: len(engine.sent(kind)) == 1)
    assert engine.sent(kind)[0].id == job.id


def test_do_this_first_moves_before_the_one_that_waits_longest(
    qtbot: QtBot, window: MainWindow, engine: FakeEngine
):
    oldest, _, newest = (engine.add_job(RENDER, name) for name in ("A", "B", "C"))
    window.queue.act(newest, Verb.FIRST)
    qtbot.waitUntil(lambda: bool(engine.sent(MoveJob)))
    assert engine.sent(MoveJob)[0] == MoveJob(id=newest.id, before=oldest.id)


def test_a_finished_video_can_be_played_and_shown(
    qtbot: QtBot, window: MainWindow, engine: FakeEngine
):
    video = OutputView(path=Path("/videos/song.mp4"), sha256="0", bytes=1)
    job = engine.add_job(RENDER, "Song", status=JobStatus.DONE, outputs=(video,))
    with qtbot.waitSignal(window.queue.reveal_requested) as blocker:
        window.queue.reveal_requested.disconnect(window.outside.reveal)
        window.queue.act(job, Verb.REVEAL)
    assert blocker.args == [video.path]


def test_copied_details_hold_the_error(window: MainWindow, engine: FakeEngine):
    job = engine.add_job(RENDER, "Song")
    window.queue.act(engine.fail(job.id, "The disk is full.", "Free space."), Verb.COPY)
    assert "The disk is full." in QGuiApplication.clipboard().text()


def test_the_queue_can_be_paused_and_resumed(qtbot: QtBot, window: MainWindow, engine: FakeEngine):
    window.queue.toggle_pause()
    qtbot.waitUntil(lambda: window.queue.model.paused)
    assert engine.sent(PauseQueue)
    window.queue.toggle_pause()
    qtbot.waitUntil(lambda: not window.queue.model.paused)
    assert engine.sent(ResumeQueue)
