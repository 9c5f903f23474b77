"""The queue panel: rows follow events in batches, pages load, actions become requests."""

from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import QModelIndex, Qt
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
    SubmitFrame,
)
from core.errors import ErrorView
from core.ingest.sources import AudioFile
from core.jobs.model import (
    AnalyzeParams,
    AssetRef,
    IngestParams,
    JobStatus,
    OutputView,
    PrepareParams,
)
from desktop.main_window import MainWindow
from desktop.queue.actions import Verb, actions_of
from desktop.queue.cells import Column, tip_of
from desktop.queue.model import JobModel, QueueFilter
from desktop.stage.preview import Preview
from tests.desktop.fakes import FakeEngine, asset_like, render_params

RENDER = render_params(asset_like(1, "Song"))


def text(model: JobModel, row: int, column: int) -> str:
    return model.data(model.index(row, column))


def test_rows_at_work_stand_first_then_what_waits_then_what_ended(
    qtbot: QtBot, window: MainWindow, engine: FakeEngine
):
    model = window.queue.model
    engine.add_job(RENDER, "First")
    second = engine.add_job(RENDER, "Second")
    qtbot.waitUntil(lambda: model.rowCount() == 2)
    assert [text(model, row, Column.JOB) for row in (0, 1)] == ["First", "Second"]
    engine.advance(second.id, 0.25, stage="Drawing", fps=48.0, eta_s=75.0)
    qtbot.waitUntil(lambda: text(model, 0, Column.PROGRESS) == "25%")
    assert text(model, 0, Column.STATUS) == "Drawing"
    assert text(model, 0, Column.FPS) == "48.0 fps"
    assert text(model, 0, Column.LEFT) == "1:15"
    engine.finish(second.id)
    qtbot.waitUntil(lambda: text(model, 1, Column.STATUS) == "Done")
    assert text(model, 0, Column.STATUS) == "Waiting"


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
    qtbot.waitUntil(lambda: model.row_of(late.id) == 0)
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
    qtbot.waitUntil(lambda: window.queue.model.row_of(job.id) == 0)
    assert verb in [action.verb for action in actions_of(job)]
    window.queue.act(job, verb)
    qtbot.waitUntil(lambda: len(engine.sent(kind)) == 1)
    assert engine.sent(kind)[0].id == job.id


def test_do_this_first_moves_before_the_one_that_waits_longest(
    qtbot: QtBot, window: MainWindow, engine: FakeEngine
):
    oldest, _, newest = (engine.add_job(RENDER, name) for name in ("A", "B", "C"))
    qtbot.waitUntil(lambda: window.queue.model.rowCount() == 3)
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


def add_track(engine: FakeEngine, name: str) -> list[str]:
    """Queue what a dropped file is: three jobs, one after the other."""
    ingest = engine.add_job(IngestParams(source=AudioFile(path=Path(f"/music/{name}"))), name)
    ref = AssetRef(ingest_job_id=ingest.id)
    needs = {"depends_on": (ingest.id,), "blocked": True}
    prepare = engine.add_job(PrepareParams(asset=ref), name, **needs)
    needs["depends_on"] = (prepare.id,)
    analyze = engine.add_job(AnalyzeParams(asset=ref), name, **needs)
    return [ingest.id, prepare.id, analyze.id]


def test_a_dropped_file_is_one_row_through_all_its_steps(
    qtbot: QtBot, window: MainWindow, engine: FakeEngine
):
    model = window.queue.model
    steps = add_track(engine, "song.flac")
    qtbot.waitUntil(lambda: model.rowCount() == 1)
    assert text(model, 0, Column.STATUS) == "Waiting"
    assert text(model, 0, Column.OUTPUT) == "Track"
    seen = []
    for job_id, stage in zip(steps, ("Copying", "Mixing", "Analysing"), strict=True):
        engine.advance(job_id, 0.5, stage=stage)
        model.flush()
        qtbot.waitUntil(lambda stage=stage: text(model, 0, Column.STATUS).startswith(stage[:4]))
        seen.append(text(model, 0, Column.PROGRESS))
        engine.finish(job_id)
    qtbot.waitUntil(lambda: text(model, 0, Column.STATUS) == "Done")
    assert seen == ["20%", "50%", "80%"]
    assert model.rowCount() == 1
    assert model.counts.running == model.counts.queued == 0


def test_counts_are_of_rows(qtbot: QtBot, window: MainWindow, engine: FakeEngine):
    first = add_track(engine, "a.flac")
    add_track(engine, "b.flac")
    engine.advance(first[0], 0.1)
    qtbot.waitUntil(lambda: window.queue.summary.text() == "1 running · 1 waiting")


def test_a_failed_step_gives_the_row_its_own_sentence(
    qtbot: QtBot, window: MainWindow, engine: FakeEngine
):
    model = window.queue.model
    ingest, *rest = add_track(engine, "junk.mp3")
    engine.fail(ingest, "“junk.mp3” is not a sound.", "Choose another file.")
    for job_id in rest:
        engine.fail(job_id, "The ingest that this needs failed.")
    qtbot.waitUntil(lambda: model.rowCount() == 1)
    row = model.job(model.index(0, 0))
    assert row.error == ErrorView(
        code="render", message="“junk.mp3” is not a sound.", hint="Choose another file."
    )


def test_a_render_tells_of_its_steps_and_ended_steps_leave_no_row(
    qtbot: QtBot, window: MainWindow, engine: FakeEngine
):
    model = window.queue.model
    ref = AssetRef(asset_id="asset-0001")
    analyze = engine.add_job(AnalyzeParams(asset=ref), "Song")
    qtbot.waitUntil(lambda: model.rowCount() == 1)
    render = engine.add_job(RENDER, "Song", depends_on=(analyze.id,), blocked=True)
    engine.advance(analyze.id, 0.5, stage="Analysing")
    qtbot.waitUntil(lambda: model.row_of(render.id) == 0)
    assert model.rowCount() == 1
    assert text(model, 0, Column.STATUS) == "Analysing"
    alone = engine.add_job(AnalyzeParams(asset=ref), "Other")
    qtbot.waitUntil(lambda: model.rowCount() == 2)
    engine.finish(alone.id)
    qtbot.waitUntil(lambda: model.rowCount() == 1)


def test_cancelling_a_row_cancels_its_steps_but_not_those_of_others(
    qtbot: QtBot, window: MainWindow, engine: FakeEngine
):
    ref = AssetRef(asset_id="asset-0001")
    analyze = engine.add_job(AnalyzeParams(asset=ref), "Song")
    first, second = (
        engine.add_job(RENDER, name, depends_on=(analyze.id,), blocked=True) for name in "AB"
    )
    qtbot.waitUntil(lambda: window.queue.model.rowCount() == 2)
    window.queue.act(first, Verb.CANCEL)
    qtbot.waitUntil(lambda: engine.jobs[first.id].status is JobStatus.CANCELLED)
    assert [request.id for request in engine.sent(CancelJob)] == [first.id]
    window.queue.model.flush()
    window.queue.act(second, Verb.CANCEL)
    qtbot.waitUntil(lambda: len(engine.sent(CancelJob)) == 3)
    assert {request.id for request in engine.sent(CancelJob)[1:]} == {second.id, analyze.id}


def test_delete_cancels_every_selected_row(qtbot: QtBot, window: MainWindow, engine: FakeEngine):
    jobs = [engine.add_job(RENDER, name) for name in "ABC"]
    queue = window.queue
    qtbot.waitUntil(lambda: queue.model.rowCount() == 3)
    queue.view.selectRow(0)
    both = queue.view.selectionModel().SelectionFlag
    queue.view.selectionModel().select(queue.model.index(2, 0), both.Select | both.Rows)
    assert [item.text() for item in queue.menu_for(queue.selected()).actions()] == [
        "Hold (2 jobs)",
        "Cancel (2 jobs)",
    ]
    qtbot.keyClick(queue.view, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: len(engine.sent(CancelJob)) == 2)
    assert engine.jobs[jobs[1].id].status is JobStatus.QUEUED


def test_a_dragged_row_moves_before_the_row_it_is_dropped_on(
    qtbot: QtBot, window: MainWindow, engine: FakeEngine
):
    model = window.queue.model
    a, b, c = (engine.add_job(RENDER, name, position=i) for i, name in enumerate("ABC"))
    qtbot.waitUntil(lambda: model.rowCount() == 3)
    dragged = model.mimeData([model.index(model.row_of(c.id), 0)])
    model.dropMimeData(dragged, Qt.DropAction.MoveAction, model.row_of(b.id), 0, QModelIndex())
    qtbot.waitUntil(lambda: bool(engine.sent(MoveJob)))
    assert engine.sent(MoveJob) == [MoveJob(id=c.id, before=b.id)]
    engine.jobs[c.id] = msgspec.structs.replace(engine.jobs[c.id], position=0.5)
    model.refresh()
    qtbot.waitUntil(lambda: [model.row_of(job.id) for job in (a, c, b)] == [0, 1, 2])


def test_a_track_that_was_being_analysed_before_is_not_analysed_twice(
    qtbot: QtBot, make_window, engine: FakeEngine
):
    song = engine.add_asset(asset_like(1, "Song", analysed=False))
    job = engine.add_job(AnalyzeParams(asset=AssetRef(asset_id=song.id)), "Song")
    window = make_window()
    qtbot.waitUntil(lambda: window.queue.model.rowCount() == 1)
    qtbot.waitUntil(lambda: window.queue.model.counts.queued == 1)
    window.workspace.choose(song)
    with qtbot.waitSignal(window.stage.preview.still_ready):
        assert not engine.sent(SubmitFrame)
        engine.finish(job.id)
