"""What the job flow costs: submit, the first page of 100,000 jobs, a progress update.

Run as a script or by `make bench`. Each figure is compared with the barest SQLite doing the same
durable work in the same run (one row in, 100 rows out, one row changed).
"""

import asyncio
import sqlite3
import statistics
import tempfile
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from core.engine.client import EngineClient
from core.engine.launch import EngineOptions, EngineProcess, hold_library
from core.engine.protocol import ListJobs, PauseQueue, SubmitIngest
from core.ids import new_id
from core.ingest.sources import AudioFile
from core.jobs.model import IngestParams, JobProgress, JobStatus, Lane
from core.paths import LibraryPaths
from core.store.jobs import NewJob
from core.store.tables import jobs

N_JOBS = 100_000
TRIALS = 7
SUBMIT_MS, PAGE_MS, PROGRESS_MS = 50.0, 10.0, 2.0


def _milliseconds(work, repeats):
    """Return the time of one call of `work`, for each of the trials."""
    times = []
    for _ in range(TRIALS):
        began = time.perf_counter()
        for _ in range(repeats):
            work()
        times.append((time.perf_counter() - began) * 1000 / repeats)
    return times


def _said(name, times, limit_ms, bare):
    middle, floor = statistics.median(times), statistics.median(bare)
    print(
        f"{name}: {middle:.2f} ms ({min(times):.2f} to {max(times):.2f}), limit {limit_ms:g} ms; "
        f"{middle / floor:.1f} times bare SQLite ({floor:.2f} ms)"
    )
    return middle


def _fill(engine):
    """Put 100,000 ended jobs into the store: copies of one that the writer made."""
    parts, job_id = engine.parts, new_id()
    source = AudioFile(path=Path("/music/song.wav"))
    parts.jobs.submit(NewJob(id=job_id, title="song.wav", params=IngestParams(source=source)))
    parts.jobs.transition(job_id, JobStatus.CANCELLED, reason="filling")
    names = ", ".join(column.name for column in jobs.columns if column.name != "id")
    with parts.database.write():
        parts.database.execute(
            sa.text(
                "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < :n) "
                f"INSERT INTO jobs (id, {names}) "
                f"SELECT printf('%s-%06d', id, x), {names} FROM c, jobs WHERE id = :id"
            ),
            {"n": N_JOBS - 1, "id": job_id},
        )
    assert parts.counts().cancelled == N_JOBS


class _Bare:
    """The least that a durable store must do, with the same pragmas on the same disk."""

    def __init__(self, path):
        self.connection = sqlite3.connect(path, isolation_level=None)
        for pragma in ("journal_mode=WAL", "synchronous=FULL"):
            self.connection.execute(f"PRAGMA {pragma}")
        self.connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT, n REAL)")
        self.connection.execute(
            "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 1000) "
            "INSERT INTO t (text, n) SELECT hex(randomblob(300)), x FROM c"
        )

    def insert(self):
        self.connection.execute("BEGIN IMMEDIATE")
        self.connection.execute("INSERT INTO t (text, n) VALUES ('x', 1)")
        self.connection.execute("COMMIT")

    def update(self):
        self.connection.execute("BEGIN IMMEDIATE")
        self.connection.execute("UPDATE t SET n = n + 1 WHERE id = 5")
        self.connection.execute("COMMIT")

    def page(self):
        self.connection.execute("SELECT * FROM t ORDER BY id DESC LIMIT 100").fetchall()


async def measure(root):
    """Return the medians of (submit, first page in the engine, progress update).

    The page is judged by its CPU time: it waits for no disk, and other programs share the cores.
    """
    library = root / "library"
    lock = hold_library(LibraryPaths(library))
    process = EngineProcess(EngineOptions(library=library))
    await process.start()
    engine = process.engine
    await engine.parts.scheduler.pause(running=False)
    _fill(engine)
    bare = _Bare(root / "bare.sqlite3")
    client = await EngineClient.connect(library, start=False)
    await client.call(PauseQueue())

    submits, pages, round_trips, page_cpu = [], [], [], []
    for trial in range(40):
        request = SubmitIngest(source=AudioFile(path=Path(f"/x/{trial}.wav")), analyze=True)
        began = time.perf_counter()
        await client.call(request)
        submits.append((time.perf_counter() - began) * 1000)
    request = ListJobs()
    for _ in range(15):
        began, cpu = time.perf_counter(), time.process_time()
        await engine.answer(request)
        pages.append((time.perf_counter() - began) * 1000)
        page_cpu.append((time.process_time() - cpu) * 1000)
        began = time.perf_counter()
        await client.call(request)
        round_trips.append((time.perf_counter() - began) * 1000)
    lease = engine.parts.jobs.claim(Lane.CPU)
    report = JobProgress(stage="Reading", fraction=0.5)
    updates = _milliseconds(lambda: engine.parts.jobs.save_progress(lease, report, 5.0), 50)

    figures = (
        _said("submit of three jobs, through the socket", submits, SUBMIT_MS,
              _milliseconds(bare.insert, 50)),
        _said(f"first page (100) of {N_JOBS} jobs, in the engine", pages, PAGE_MS,
              _milliseconds(bare.page, 20)),
        _said("progress update", updates, PROGRESS_MS, _milliseconds(bare.update, 50)),
    )  # fmt: skip
    cpu = statistics.median(page_cpu)
    print(f"the page took {cpu:.2f} ms of CPU; through the socket it took "
          f"{statistics.median(round_trips):.2f} ms")  # fmt: skip
    bare.connection.close()
    await client.close()
    await process.stop()
    lock.release()
    return figures[0], cpu, figures[2]


@pytest.mark.bench
@pytest.mark.timeout(900)
async def test_the_job_flow_is_cheap(tmp_path):
    submit, page, progress = await measure(tmp_path)
    assert submit < SUBMIT_MS
    assert page < PAGE_MS
    assert progress < PROGRESS_MS


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure(Path(folder)))
