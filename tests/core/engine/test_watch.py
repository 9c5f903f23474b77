"""Watching: the view first, then each change, the end right after the terminal one."""

import asyncio
import json

import jsonschema
import pytest

from core.documents import json_schema, to_json
from core.engine.protocol import (
    CancelJob,
    GetAsset,
    ListJobs,
    PauseQueue,
    ResumeQueue,
    WatchJob,
    WatchLibrary,
)
from core.engine.replies import AnyJobEvent, AssetEvent, LibraryEvent, QueueEvent
from core.errors import KnownError
from core.jobs.model import JobEvent, JobStatus

ENDS = [
    ("steps=4,wait=0.05", JobStatus.DONE),
    ("steps=2,fail=media", JobStatus.FAILED),
    ("steps=900,wait=0.05", JobStatus.CANCELLED),
]


async def _run(studio, script, status):
    """Run a job to its end, watched from the start; return its id and the events."""
    await studio.call(PauseQueue())
    job_id = await studio.ingest(script)
    watching = asyncio.create_task(studio.watch(job_id))
    await studio.call(ResumeQueue())
    if status is JobStatus.CANCELLED:
        await studio.until_working(job_id)
        await studio.call(CancelJob(id=job_id))
    return job_id, await watching


@pytest.mark.parametrize(("script", "status"), ENDS)
async def test_a_watch_ends_by_itself_right_after_the_terminal_event(studio, script, status):
    job_id, events = await _run(studio, script, status)
    assert events[0].change == "view"
    assert [event.status.terminal for event in events] == [False] * (len(events) - 1) + [True]
    assert events[-1].status is status
    assert {event.job_id for event in events} == {job_id}
    numbers = [event.seq for event in events]
    assert numbers == sorted(set(numbers))
    schema = json_schema(JobEvent)
    for event in events:
        jsonschema.validate(json.loads(to_json(event)), schema)
        assert event.job.status is event.status
    # a late watcher gets the terminal view and the end
    (late,) = await studio.watch(job_id)
    assert (late.change, late.status, late.job) == ("view", status, events[-1].job)
    assert late.seq > events[-1].seq


async def test_nothing_is_held_after_a_watch_ended(studio):
    await studio.end_of(await studio.ingest())
    assert len(studio.engine.parts.events.hub) == 0


async def test_a_watch_that_its_reader_leaves_is_dropped_by_the_engine(studio):
    await studio.call(PauseQueue())
    job_id = await studio.ingest()
    stream = studio.client.stream(WatchJob(id=job_id))
    await anext(stream)
    await stream.aclose()
    await studio.call(ListJobs())
    await studio.call(ListJobs())  # the stop went out before these
    assert len(studio.engine.parts.events.hub) == 0


async def test_watching_an_unknown_job_is_refused(studio):
    with pytest.raises(KnownError) as caught:
        await studio.watch("nothing")
    assert caught.value.code == "not-found"


async def test_numbers_rise_across_restarts_of_the_engine(studio):
    await studio.call(PauseQueue())
    job_id = await studio.ingest()
    numbers = []
    for _ in range(3):
        numbers.append((await anext(studio.client.stream(WatchJob(id=job_id)))).seq)
        await studio.stop()
        await studio.start()
    assert numbers == sorted(set(numbers))


async def test_the_library_s_watch_tells_of_jobs_assets_and_the_queue(studio):
    seen = []

    async def watch(client):
        async for event in client.stream(WatchLibrary()):
            seen.append(event)
            if isinstance(event, AnyJobEvent) and event.event.status.terminal:
                return

    other = await studio.connect()
    watching = asyncio.create_task(watch(other))
    await other.call(ListJobs())  # the watch stands before the job is submitted
    job_id = await studio.ingest("steps=2")
    await watching
    schema = json_schema(LibraryEvent)
    for event in seen:
        jsonschema.validate(json.loads(to_json(event)), schema)
    (asset,) = [event.asset for event in seen if isinstance(event, AssetEvent)]
    assert asset == await studio.call(GetAsset(id=asset.id))
    statuses = [
        event.event.status
        for event in seen
        if isinstance(event, AnyJobEvent) and event.event.change == "transition"
    ]
    assert statuses == [JobStatus.QUEUED, JobStatus.RUNNING, JobStatus.DONE]
    assert any(isinstance(event, QueueEvent) for event in seen)
    assert {e.event.job_id for e in seen if isinstance(e, AnyJobEvent)} == {job_id}


async def test_progress_is_told_at_a_calm_pace(studio):
    """Of 400 reports few become events: 20 a second at most, by the times they carry."""
    events = await studio.watch(await studio.ingest("steps=400"))
    told = [event.at for event in events if event.change == "progress"]
    lasted_s = (told[-1] - told[0]).total_seconds()
    assert len(told) <= 20 * lasted_s + 2
