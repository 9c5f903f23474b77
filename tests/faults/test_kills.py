"""`make faults`: SIGKILL at random moments; nothing may be stuck, lost, doubled or left over."""

import asyncio
import sqlite3
from contextlib import closing
from fractions import Fraction

import pytest

from core.engine.protocol import ListJobs, Subject, SubmitRender
from core.ingest.sources import AudioFile
from core.jobs.model import JobStatus, PictureParams
from tests.faults.harness import Storm

HANDLERS = "tests.core.jobs.scripted"
FULL = pytest.mark.slow
pytestmark = pytest.mark.timeout(1800)


def _scripted(root):
    """Return what submits a chain of scripted jobs: a new source, a video of its own."""

    def submit(number, output):
        source = AudioFile(path=root / f"steps=5,wait=0.02,seed={number}.wav")
        picture = PictureParams(scene="")
        return SubmitRender(subject=Subject(source=source), picture=picture, output=output)

    return submit


def _assert_history_is_whole(storm):
    """Every job went into each state and out of it again, and was done exactly once."""
    with closing(sqlite3.connect(storm.paths.database)) as store:
        rows = store.execute(
            "SELECT job_id, from_status, to_status FROM job_events ORDER BY job_id, seq"
        ).fetchall()
    histories = {}
    for job_id, before, after in rows:
        states = histories.setdefault(job_id, [None])
        assert states[-1] == before
        states.append(after)
    assert set(histories) == set(storm.jobs)
    for states in histories.values():
        assert states[-1] == "done"
        assert states.count("done") == 1


@pytest.mark.parametrize(
    ("n_kills", "seed"), [(10, 1), *(pytest.param(50, seed, marks=FULL) for seed in (2, 3))]
)
async def test_killing_workers_and_engines_costs_nothing(tmp_path, n_kills, seed):
    async with Storm(tmp_path, seed=seed, handlers=HANDLERS, submit=_scripted(tmp_path)) as storm:
        (storm.paths.root / "script").write_text("steps=4,wait=0.05")
        await storm.rage(n_kills)
        assert await storm.faults() == []
        assert len(set(storm.seen)) == len(storm.outputs)
        assert len({storm.digest(output) for output in storm.outputs}) == 1
        _assert_history_is_whole(storm)
    assert len(storm.killed) == n_kills


@pytest.mark.parametrize(
    ("n_kills", "seed"), [(2, 11), *(pytest.param(12, seed, marks=FULL) for seed in (12, 13))]
)
async def test_a_video_rendered_under_fire_equals_an_unbroken_one(tmp_path, n_kills, seed):
    """The real handlers: sound in, video out, byte for byte the same however often it broke."""
    media = pytest.importorskip("tests.media")
    song = tmp_path / "song.wav"
    media.write_audio(song, media.song(9.0))

    def submit(number, output):
        picture = PictureParams(scene="resonance", format="96x64", fps=Fraction(30))
        subject = Subject(source=AudioFile(path=song))
        return SubmitRender(subject=subject, picture=picture, output=output)

    async with Storm(tmp_path, seed=seed, submit=submit) as storm:
        unbroken = await storm.submit()
        await _wait(storm, unbroken.job.id)
        await storm.rage(n_kills)
        assert await storm.faults() == []
        assert len({storm.digest(output) for output in storm.outputs}) == 1


async def _wait(storm, job_id):
    while True:
        page = await storm.client.call(ListJobs())
        job = next(job for job in page.jobs if job.id == job_id)
        assert job.status is not JobStatus.FAILED, job.error
        if job.status is JobStatus.DONE:
            return
        await asyncio.sleep(0.1)
