"""Workers that wait: one process for job after job, alone with each, and gone with the engine."""

import asyncio
import os
import signal

import psutil
import pytest

from core.engine.client import EngineClient
from core.engine.protocol import (
    CancelJob,
    GetEngine,
    GetJob,
    Subject,
    SubmitAnalyze,
    SubmitIngest,
    SubmitPrepare,
    WatchJob,
)
from core.ingest.sources import AudioFile
from core.jobs.model import JobKind, JobStatus
from core.jobs.pool import WorkerPool
from core.jobs.runner import StopReason
from tests.core.engine.studio import HANDLERS, Studio
from tests.core.library.examples import an_asset

pytestmark = pytest.mark.timeout(60)


@pytest.fixture
async def studio(tmp_path):
    studio = await Studio(tmp_path / "library").start()
    yield studio
    await studio.stop()


async def asset_in(studio):
    """Return the subject of an asset that lies in the library."""
    asset = an_asset(name="song.wav", content=b"sound")
    studio.rows("assets").put(asset)
    return Subject(asset_id=asset.id)


async def prepare(studio, subject, script=""):
    (studio.root / "script").write_text(f"{script or 'steps=2'}.script")
    return (await studio.call(SubmitPrepare(subject=subject))).job.id


def is_gone(pid):
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


async def test_one_worker_does_job_after_job_of_its_crew(studio):
    subject = await asset_in(studio)
    await studio.end_of(await prepare(studio, subject))
    (pid,) = studio.engine.parts.scheduler.waiting
    analyzed = await studio.call(SubmitAnalyze(subject=subject))
    assert (await studio.end_of(analyzed.job.id)).status is JobStatus.DONE
    assert studio.engine.parts.scheduler.waiting == (pid,)


async def test_a_waiting_worker_is_no_running_one(studio):
    subject = await asset_in(studio)
    await studio.end_of(await prepare(studio, subject))
    assert studio.engine.parts.scheduler.waiting
    assert (await studio.call(GetEngine())).workers == ()
    assert not studio.engine.has_work()


async def test_a_worker_that_failed_is_not_used_again(studio):
    subject = await asset_in(studio)
    failed = await studio.end_of(await prepare(studio, subject, "fail=media"))
    assert failed.status is JobStatus.FAILED
    assert studio.engine.parts.scheduler.waiting == ()


async def test_a_worker_that_crashes_costs_one_attempt(studio):
    subject = await asset_in(studio)
    await studio.end_of(await prepare(studio, subject))
    job = await studio.end_of(await prepare(studio, subject, "steps=4,die_once=2"))
    assert (job.status, job.attempt) == (JobStatus.DONE, 2)


async def test_a_worker_that_died_while_it_waited_costs_none(studio):
    subject = await asset_in(studio)
    await studio.end_of(await prepare(studio, subject))
    (pid,) = studio.engine.parts.scheduler.waiting
    os.kill(pid, signal.SIGKILL)
    job = await studio.end_of(await prepare(studio, subject))
    assert (job.status, job.attempt) == (JobStatus.DONE, 1)
    assert pid not in studio.engine.parts.scheduler.waiting


async def test_a_cancelled_job_s_worker_stays_and_does_the_next_one(studio):
    subject = await asset_in(studio)
    job_id = await prepare(studio, subject, "steps=1000,wait=0.01")
    await studio.until_working(job_id)
    (runner,) = studio.engine.parts.scheduler.runners
    pid = runner.pid
    assert (await studio.call(CancelJob(id=job_id))).status is JobStatus.CANCELLED
    assert studio.engine.parts.scheduler.waiting == (pid,)
    assert (await studio.end_of(await prepare(studio, subject))).status is JobStatus.DONE
    assert studio.engine.parts.scheduler.waiting == (pid,)


async def test_a_worker_deaf_to_a_stop_is_killed(studio):
    subject = await asset_in(studio)
    job_id = await prepare(studio, subject, "steps=1000,wait=0.01,deaf=1")
    await studio.until_working(job_id)
    (runner,) = studio.engine.parts.scheduler.runners
    pid = runner.pid
    await studio.call(CancelJob(id=job_id))
    assert is_gone(pid)
    assert studio.engine.parts.scheduler.waiting == ()


async def test_a_stop_that_comes_with_the_end_leaves_the_next_job_alone(studio):
    subject = await asset_in(studio)
    first = await prepare(studio, subject, "steps=3")
    await studio.until_working(first)
    for runner in studio.engine.parts.scheduler.runners:
        runner.stop(StopReason.PAUSE)
    await studio.end_of(first)
    job = await studio.end_of(await prepare(studio, subject))
    assert (job.status, job.attempt) == (JobStatus.DONE, 1)


async def test_waiting_workers_end_with_the_engine(tmp_path):
    studio = await Studio(tmp_path / "library").start()
    subject = await asset_in(studio)
    await studio.end_of(await prepare(studio, subject))
    (pid,) = studio.engine.parts.scheduler.waiting
    await studio.stop()
    assert is_gone(pid)


async def test_an_expected_worker_waits_and_is_taken():
    pool = WorkerPool(handlers="core.jobs.handlers")
    pool.expect([JobKind.ANALYZE, JobKind.PREPARE, JobKind.INGEST])
    worker = await pool.take(JobKind.PREPARE)
    assert worker.was_kept
    assert pool.pids == ()
    pool.give_back(worker, JobKind.PREPARE)
    assert pool.pids == (worker.pid,)
    pool.expect([JobKind.PREPARE])  # one waits: no other is started
    assert await pool.take(JobKind.ANALYZE) is worker
    worker.kill()
    await worker.end()
    await pool.close()


async def test_a_closed_pool_keeps_nobody():
    pool = WorkerPool(handlers="core.jobs.handlers")
    worker = await pool.take(JobKind.FRAME)
    await pool.close()
    assert not pool.keeps(JobKind.FRAME)
    pool.give_back(worker, JobKind.FRAME)
    await pool.close()
    assert is_gone(worker.pid)


async def test_a_worker_is_let_go_when_no_job_comes():
    pool = WorkerPool(handlers="core.jobs.handlers", idle_s=0.0)
    worker = await pool.take(JobKind.FRAME)
    pool.give_back(worker, JobKind.FRAME)
    assert await worker.end() != 0
    assert pool.pids == ()
    await pool.close()


async def test_only_work_on_what_the_library_holds_is_done_by_a_worker_twice():
    pool = WorkerPool(handlers="core.jobs.handlers")
    assert [kind for kind in JobKind if pool.keeps(kind)] == [
        JobKind.PREPARE,
        JobKind.ANALYZE,
        JobKind.FRAME,
    ]


async def test_no_job_is_lost_that_a_worker_began(studio):
    subject = await asset_in(studio)
    ids = [await prepare(studio, subject, f"steps=2,seed={n}") for n in range(5)]
    for job_id in ids:
        await studio.end_of(job_id)
        assert (await studio.call(GetJob(id=job_id))).status is JobStatus.DONE


async def test_waiting_workers_die_with_an_engine_that_is_killed(tmp_path):
    root = tmp_path / "library"
    client = await EngineClient.connect(root, handlers=HANDLERS)
    source = AudioFile(path=root / "steps=2.wav")
    submitted = await client.call(SubmitIngest(source=source, analyze=True))
    async for event in client.stream(WatchJob(id=submitted.chain[-1].id)):
        last = event
    assert last.status is JobStatus.DONE
    engine = psutil.Process((await client.call(GetEngine())).pid)
    waiting = engine.children()
    assert len(waiting) == 1
    engine.kill()
    _, alive = await asyncio.to_thread(psutil.wait_procs, [engine, *waiting], 10)
    assert alive == []
    await client.close()
