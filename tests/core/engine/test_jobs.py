"""Jobs from submit to their end, through the socket, in real worker processes."""

import asyncio
import os
import signal
import sqlite3
import sys
import time

import psutil
import pytest

from core.engine.protocol import (
    CancelJob,
    GetEngine,
    GetJob,
    HoldJob,
    ListJobs,
    MoveJob,
    PauseQueue,
    ReleaseJob,
    ResumeQueue,
    RetryJob,
    WaitIdle,
)
from core.errors import KnownError
from core.jobs.model import JobKind, JobStatus
from core.store.jobs import JobStore

DONE, FAILED, CANCELLED = JobStatus.DONE, JobStatus.FAILED, JobStatus.CANCELLED


async def test_a_chain_runs_from_the_file_to_the_video(studio, tmp_path):
    output = tmp_path / "out" / "video.mp4"
    submitted = await studio.render(script="steps=3", output=output)
    kinds = [job.kind for job in submitted.chain]
    assert kinds == [JobKind.INGEST, JobKind.PREPARE, JobKind.ANALYZE, JobKind.RENDER]
    render = await studio.end_of(submitted.job.id)
    assert render.status is DONE
    assert render.result.path == output
    assert [view.path for view in render.outputs] == [output]
    assert output.stat().st_size == render.outputs[0].bytes
    ingest = await studio.call(GetJob(id=submitted.chain[0].id))
    assert render.source.asset == ingest.source.asset == ingest.result.asset.id
    asset = studio.rows("assets").get(ingest.result.asset.id)
    assert asset.analysis.tempo_bpm == 120.0
    assert studio.paths.original(asset.sha256, asset.name).is_file()
    assert studio.paths.asset_document(asset.id).is_file()
    assert studio.leftovers() == []


async def test_steps_whose_files_exist_are_left_out(studio):
    first = await studio.render(script="steps=2")
    asset_id = (await studio.end_of(first.chain[0].id)).result.asset.id
    await studio.end_of(first.job.id)
    again = await studio.render(asset_id=asset_id)
    kinds = [job.kind for job in again.chain]
    # The scripted handlers' keys are not those of the real mixer, so its file is not found.
    assert kinds[-1] is JobKind.RENDER
    assert JobKind.INGEST not in kinds


async def test_a_step_that_waits_already_is_shared(studio):
    await studio.call(PauseQueue())
    first, second = await studio.render(script="a=1"), await studio.render(script="a=1")
    assert [job.id for job in first.chain[:3]] == [job.id for job in second.chain[:3]]
    assert first.job.id == second.job.id  # no output named, nothing differs: the same work


async def test_what_a_library_prints_is_no_message(studio):
    job = await studio.end_of(await studio.ingest("print=1"))
    assert job.status is DONE


async def test_a_known_error_fails_the_job_with_its_words(studio):
    job = await studio.end_of(await studio.ingest("fail=media"))
    assert (job.status, job.error.code) == (FAILED, "media")
    assert (job.error.message, job.error.hint) == ("This was meant to fail.", "Expect it.")


async def test_a_bug_fails_the_job_and_leaves_its_traceback_in_the_log(studio, caplog):
    caplog.set_level("INFO")
    job = await studio.end_of(await studio.ingest("bug=1"))
    assert (job.status, job.error.code) == (FAILED, "bug")
    assert "ValueError: this was meant to break" in caplog.text
    assert "Traceback" in caplog.text


async def test_a_worker_that_is_killed_costs_one_attempt(studio):
    job_id = await studio.ingest("steps=4,die_once=2")
    job = await studio.end_of(job_id)
    assert (job.status, job.attempt) == (DONE, 2)
    assert studio.history(job_id)[1:4] == [
        ("queued", "running"),
        ("running", "queued"),
        ("queued", "running"),
    ]


async def test_a_worker_that_always_dies_fails_after_its_attempts_in_plain_words(studio):
    studio.set(max_attempts=2)
    job = await studio.end_of(await studio.ingest("die=1"))
    assert (job.status, job.attempt, job.error.code) == (FAILED, 2, "worker-died")
    assert "tried 2 times" in job.error.message
    assert "killed" in job.error.message


async def test_a_job_without_progress_is_taken_as_hung(studio):
    studio.set(max_attempts=1, ingest_stall_s=1.0)
    job = await studio.end_of(await studio.ingest("hang=1"))
    assert job.status is FAILED
    assert "no progress for 1 seconds" in job.error.message


async def test_facts_stay_for_the_next_attempt(studio):
    job = await studio.end_of(await studio.ingest("fact=encoder,die_once=1"))
    assert job.facts == {"encoder": "attempt 2"}  # the second attempt set it anew
    assert job.status is DONE


# --- cancel, hold, pause ----------------------------------------------------------------------


async def test_a_queued_job_is_cancelled_at_once_with_what_needs_it(studio):
    await studio.call(PauseQueue())
    submitted = await studio.render(script="steps=2")
    cancelled = await studio.call(CancelJob(id=submitted.chain[0].id))
    assert cancelled.status is CANCELLED
    for job in submitted.chain:
        assert (await studio.call(GetJob(id=job.id))).status is CANCELLED


@pytest.mark.parametrize("script", ["steps=500,wait=0.05", "steps=500,wait=0.05,deaf=1", "hang=1"])
async def test_a_running_job_is_cancelled_even_when_it_does_not_listen(studio, script):
    job_id = await studio.ingest(script)
    await studio.until_working(job_id)
    (worker,) = (await studio.call(GetEngine())).workers
    cancelled = await studio.call(CancelJob(id=job_id))
    assert cancelled.status is CANCELLED
    assert not psutil.pid_exists(worker.pid)
    assert not studio.paths.staging(job_id).exists()
    assert (await studio.call(GetEngine())).workers == ()


async def test_a_cancel_kills_the_whole_process_tree(studio):
    job_id = await studio.ingest("child=1,hang=1")
    await studio.until_working(job_id)
    child = psutil.Process(int((studio.root / "child.pid").read_text()))
    await studio.call(CancelJob(id=job_id))
    psutil.wait_procs([child], timeout=5)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


async def test_a_dead_worker_s_children_die_with_it(studio):
    studio.set(max_attempts=1)
    await studio.end_of(await studio.ingest("child=1,steps=2,die=2"))
    child = int((studio.root / "child.pid").read_text())
    assert not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE


async def test_an_ended_job_cannot_be_cancelled(studio):
    job_id = await studio.ingest()
    await studio.end_of(job_id)
    with pytest.raises(KnownError) as caught:
        await studio.call(CancelJob(id=job_id))
    assert caught.value.code == "transition"


async def test_holding_a_running_job_gives_its_lane_back_and_keeps_its_staging(studio):
    studio.set(cpu_jobs=1)
    job_id = await studio.ingest("steps=500,wait=0.05")
    other = await studio.ingest("steps=1")
    await studio.until_working(job_id)
    held = await studio.call(HoldJob(id=job_id))
    assert (held.status, held.held, held.attempt) == (JobStatus.QUEUED, True, 0)
    assert studio.paths.staging(job_id).is_dir()
    assert (await studio.end_of(other)).status is DONE
    await studio.call(ReleaseJob(id=job_id))
    await studio.until(job_id, lambda event: event.status is JobStatus.RUNNING)


async def test_a_held_job_waits_until_released(studio):
    await studio.call(PauseQueue())
    job_id = await studio.ingest()
    assert (await studio.call(HoldJob(id=job_id))).held
    await studio.call(ResumeQueue())
    counts = await studio.call(WaitIdle())
    assert (counts.queued, counts.running) == (1, 0)
    assert not (await studio.call(ReleaseJob(id=job_id))).held
    assert (await studio.end_of(job_id)).status is DONE


async def test_pausing_the_queue_gives_back_what_runs_and_resuming_goes_on(studio):
    job_id = await studio.ingest("steps=30,wait=0.02")
    await studio.until_working(job_id)
    await studio.call(PauseQueue(running=True))
    page = await studio.call(ListJobs())
    assert page.paused
    assert page.jobs[0].status is JobStatus.QUEUED
    assert not page.jobs[0].held
    await studio.call(ResumeQueue())
    assert (await studio.end_of(job_id)).status is DONE


async def test_a_paused_queue_stays_paused_across_a_restart(studio):
    await studio.call(PauseQueue())
    job_id = await studio.ingest()
    await studio.stop()
    await studio.start()
    assert (await studio.call(ListJobs())).paused
    assert (await studio.call(GetJob(id=job_id))).status is JobStatus.QUEUED


async def test_lanes_hold_as_many_jobs_as_the_settings_say(studio):
    studio.set(cpu_jobs=2)
    made = [await studio.ingest(f"steps=400,wait=0.05,n={n}") for n in range(3)]
    for job_id in made[:2]:
        await studio.until_working(job_id)
    assert len((await studio.call(GetEngine())).workers) == 2
    assert (await studio.call(GetJob(id=made[2]))).status is JobStatus.QUEUED


async def test_the_queue_runs_in_the_order_it_was_given(studio):
    studio.set(cpu_jobs=1)
    await studio.call(PauseQueue())
    a, b, c = [await studio.ingest(f"steps=1,n={n}") for n in range(3)]
    await studio.call(MoveJob(id=c, before=a))
    await studio.call(MoveJob(id=a))
    await studio.call(ResumeQueue())
    await studio.call(WaitIdle())
    ended = [await studio.call(GetJob(id=job_id)) for job_id in (c, b, a)]
    assert [job.started_at for job in ended] == sorted(job.started_at for job in ended)


# --- retry ------------------------------------------------------------------------------------


async def test_a_retry_is_a_new_job_and_the_old_one_stays_as_it_ended(studio):
    job_id = await studio.ingest("fail=media")
    old = await studio.end_of(job_id)
    retry = await studio.call(RetryJob(id=job_id))
    assert retry.id != job_id
    assert retry.retry_of == job_id
    assert retry.params == old.params
    await studio.end_of(retry.id)
    assert await studio.call(GetJob(id=job_id)) == old


async def test_a_retry_keeps_what_the_failed_job_had_in_staging(studio):
    job_id = await studio.ingest("fail=media")
    await studio.end_of(job_id)
    studio.paths.staging(job_id).mkdir(parents=True)
    (studio.paths.staging(job_id) / "half").write_text("work")
    await studio.call(PauseQueue())
    retry = await studio.call(RetryJob(id=job_id))
    assert (studio.paths.staging(retry.id) / "half").read_text() == "work"


async def test_a_retry_of_a_chain_retries_what_failed_before_it(studio):
    submitted = await studio.render(script="fail=media")
    assert (await studio.end_of(submitted.job.id)).error.code == "dependency-failed"
    await studio.call(PauseQueue())
    retry = await studio.call(RetryJob(id=submitted.job.id))
    page = await studio.call(ListJobs(statuses=(JobStatus.QUEUED,)))
    assert {job.retry_of for job in page.jobs} == {job.id for job in submitted.chain}
    ingest = next(job for job in page.jobs if job.kind is JobKind.INGEST)
    assert retry.params.asset.ingest_job_id == ingest.id


async def test_a_job_that_runs_cannot_be_retried(studio):
    await studio.call(PauseQueue())
    job_id = await studio.ingest()
    with pytest.raises(KnownError) as caught:
        await studio.call(RetryJob(id=job_id))
    assert caught.value.code == "transition"


# --- recovery ---------------------------------------------------------------------------------


async def test_stopping_the_engine_gives_jobs_back_and_the_next_run_finishes_them(studio):
    job_id = await studio.ingest("steps=30,wait=0.02")
    await studio.until_working(job_id)
    await studio.stop()
    await studio.start()
    job = await studio.end_of(job_id)
    assert (job.status, job.attempt) == (DONE, 1)


async def _left_running(studio, **columns):
    """Return a job that the engine died with; the library is stopped."""
    await studio.call(PauseQueue())
    job_id = await studio.ingest()
    await studio.call(HoldJob(id=job_id))
    await studio.stop()
    studio.abandon(job_id, **columns)
    return job_id


async def test_a_job_whose_engine_died_goes_back_to_the_queue(studio):
    job_id = await _left_running(studio, attempt=1)
    await studio.start()
    job = await studio.call(GetJob(id=job_id))
    assert (job.status, job.attempt) == (JobStatus.QUEUED, 1)
    assert studio.history(job_id)[-1] == ("running", "queued")


async def test_a_job_that_no_attempt_is_left_for_fails_when_the_engine_died(studio):
    job_id = await _left_running(studio, attempt=3)
    await studio.start()
    job = await studio.end_of(job_id)
    assert (job.status, job.error.code) == (FAILED, "worker-died")
    assert "engine" in job.error.message


async def test_a_cancel_that_the_engine_did_not_survive_is_carried_out_at_the_next_start(studio):
    job_id = await _left_running(studio, attempt=1, cancel_requested=1)
    await studio.start()
    assert (await studio.end_of(job_id)).status is CANCELLED


async def test_recovery_kills_a_worker_that_outlived_its_engine(studio):
    process = psutil.Popen(
        [sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True
    )
    await _left_running(
        studio, attempt=1, worker_pid=process.pid, worker_started=process.create_time()
    )
    await studio.start()
    assert process.wait(timeout=10) == -signal.SIGKILL


async def test_recovery_leaves_a_stranger_alone_who_got_the_worker_s_process_id(studio):
    process = psutil.Popen(
        [sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True
    )
    await _left_running(studio, attempt=1, worker_pid=process.pid, worker_started=1000.0)
    await studio.start()
    assert process.poll() is None
    process.kill()
    process.wait()


async def test_an_empty_staging_folder_goes_with_the_failed_job(studio):
    failed = await studio.ingest("fail=media")
    assert (await studio.end_of(failed)).status is FAILED
    assert not studio.paths.staging(failed).exists()


async def test_orphans_in_staging_are_swept_at_start_and_a_failed_job_s_are_kept(studio):
    failed = await studio.ingest("fail=media")
    await studio.end_of(failed)
    studio.paths.staging(failed).mkdir(parents=True)
    (studio.paths.staging(failed) / "half").write_text("work")
    await studio.stop()
    orphan = studio.paths.staging("nobody")
    orphan.mkdir(parents=True)
    (orphan / "file").write_text("lost")
    await studio.start()
    assert not orphan.exists()
    assert (studio.paths.staging(failed) / "half").exists()


async def test_a_killed_worker_is_noticed_through_its_handle_not_by_a_timer(studio):
    studio.set(ingest_stall_s=3600.0)
    job_id = await studio.ingest("steps=500,wait=0.05")
    await studio.until_working(job_id)
    (worker,) = (await studio.call(GetEngine())).workers
    began = time.monotonic()
    os.kill(worker.pid, signal.SIGKILL)
    await studio.until(job_id, lambda event: event.job.attempt == 2)
    assert time.monotonic() - began < 3000  # it did not wait for the stall limit


async def test_a_store_that_fails_at_the_end_of_a_run_does_not_keep_the_engine(studio, monkeypatch):
    transition = JobStore.transition

    def failing(store, job_id, to, **fields):
        if to is not JobStatus.RUNNING:
            raise sqlite3.DatabaseError("database disk image is malformed")
        transition(store, job_id, to, **fields)

    monkeypatch.setattr(JobStore, "transition", failing)
    await studio.until_working(await studio.ingest("steps=2"))
    (runner,) = studio.engine.parts.scheduler.runners
    async with asyncio.timeout(60):
        await runner.ended.wait()
    assert studio.engine.parts.scheduler.runners == ()
