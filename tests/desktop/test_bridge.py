"""The bridge: one job's signals end with the job; a lost engine is found again."""

import asyncio
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QCoreApplication
from pytestqt.qtbot import QtBot
from shiboken6 import isValid

from core.engine.protocol import GetSettings
from core.errors import DiskError
from core.jobs.model import JobStatus
from desktop.bridge import Connection, EngineBridge
from tests.desktop.fakes import FakeEngine, asset_like, render_params

RENDER = render_params(asset_like(1, "Song"))


@pytest.fixture
def bridge(qtbot: QtBot, qt_loop, engine: FakeEngine) -> Iterator[EngineBridge]:
    made = EngineBridge(engine.connect)
    made.start()
    qtbot.waitUntil(lambda: made.connection is Connection.READY)
    yield made
    leaving = asyncio.ensure_future(made.stop())
    while not leaving.done():
        QCoreApplication.processEvents()


def end(engine: FakeEngine, job_id: str, status: JobStatus) -> None:
    if status is JobStatus.DONE:
        engine.finish(job_id)
    elif status is JobStatus.FAILED:
        engine.fail(job_id, "No.")
    else:
        engine._change(job_id, "transition", status=status)


@pytest.mark.parametrize("status", [JobStatus.DONE, JobStatus.FAILED, JobStatus.CANCELLED])
def test_a_watch_gets_the_view_then_the_changes_and_ends_with_the_job(
    qtbot: QtBot, bridge: EngineBridge, engine: FakeEngine, status: JobStatus
):
    job = engine.add_job(RENDER, "Song")
    watch = bridge.watch(job.id)
    seen, ended = [], []
    watch.changed.connect(lambda event: seen.append(event.status))
    watch.ended.connect(lambda view: ended.append(view.status))
    qtbot.waitUntil(lambda: len(seen) == 1)
    engine.advance(job.id, 0.5)
    qtbot.waitUntil(lambda: len(seen) == 2)
    end(engine, job.id, status)
    qtbot.waitUntil(lambda: ended == [status])
    assert seen == [JobStatus.QUEUED, JobStatus.RUNNING, status]
    qtbot.waitUntil(lambda: not isValid(watch))
    qtbot.waitUntil(lambda: engine.n_watchers == 0)


def test_a_watch_opened_late_gets_the_end(qtbot: QtBot, bridge: EngineBridge, engine: FakeEngine):
    job = engine.add_job(RENDER, "Song")
    engine.finish(job.id)
    watch = bridge.watch(job.id)
    with qtbot.waitSignal(watch.ended, timeout=2000) as blocker:
        pass
    assert blocker.args[0].status is JobStatus.DONE


def test_a_killed_engine_is_found_again_and_watches_go_on(
    qtbot: QtBot, bridge: EngineBridge, engine: FakeEngine
):
    job = engine.add_job(RENDER, "Song")
    watch = bridge.watch(job.id)
    ended = []
    watch.ended.connect(lambda view: ended.append(view.status))
    qtbot.waitUntil(lambda: engine.n_watchers == 1)
    with qtbot.waitSignal(bridge.connection_changed):
        engine.drop_clients()
    assert bridge.connection is Connection.LOST
    engine.up = True
    qtbot.waitUntil(lambda: bridge.connection is Connection.READY)
    engine.finish(job.id)
    qtbot.waitUntil(lambda: ended == [JobStatus.DONE])


def test_every_library_event_becomes_its_own_signal(
    qtbot: QtBot, bridge: EngineBridge, engine: FakeEngine
):
    with qtbot.waitSignals([bridge.job_changed, bridge.queue_changed]):
        engine.add_job(RENDER, "Song")
    with qtbot.waitSignal(bridge.asset_changed) as blocker:
        engine.add_asset(asset_like(2, "Other"))
    assert blocker.args[0].title == "Other"


def test_a_refusal_that_nobody_takes_is_announced(
    qtbot: QtBot, bridge: EngineBridge, engine: FakeEngine
):
    engine.failures[GetSettings] = DiskError("The disk is full.", hint="Free some space.")
    with qtbot.waitSignal(bridge.request_failed) as blocker:
        bridge.ask(GetSettings())
    assert blocker.args[0].hint == "Free some space."
