"""The client and the engine process: started when needed, found again when it died."""

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing

import psutil
import pytest
import sqlalchemy as sa

from core.engine.client import EngineClient
from core.engine.endpoint import read_endpoint
from core.engine.launch import EngineOptions, run_engine
from core.engine.link import Link
from core.engine.messages import request_line
from core.engine.protocol import (
    AnyRequest,
    GetEngine,
    GetJob,
    ListJobs,
    ListProjects,
    PauseQueue,
    StopEngine,
    SubmitIngest,
    WatchJob,
)
from core.errors import EngineUnreachableError, KnownError
from core.ingest.sources import AudioFile
from core.jobs.model import JobStatus
from core.paths import LibraryPaths
from core.platform.locks import FileLock
from tests.core.engine.studio import HANDLERS


@pytest.fixture
async def clients(tmp_path, monkeypatch):
    """Return a function that makes clients of one library, whose engine ends with the test."""
    monkeypatch.setenv("CYMATIC_ENGINE_IDLE_S", "60")
    made = []

    async def connect(**fields):
        client = await EngineClient.connect(tmp_path / "library", handlers=HANDLERS, **fields)
        made.append(client)
        return client

    yield connect
    for client in made:
        await client.close()
    await _stop(tmp_path / "library")


async def _stop(library):
    try:
        client = await EngineClient.connect(library, start=False)
    except EngineUnreachableError:
        return
    process = psutil.Process((await client.call(GetEngine())).pid)
    await client.call(StopEngine())
    await client.close()
    await asyncio.to_thread(psutil.wait_procs, [process], timeout=20)


def _source(tmp_path, script):
    return AudioFile(path=tmp_path / f"{script}.wav")


def test_a_client_imports_neither_numpy_nor_the_store():
    code = (
        "import sys, core.engine.client;"
        "print([m for m in ('numpy', 'sqlalchemy', 'av', 'PySide6') if m in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


async def test_every_request_is_answered_by_exactly_one_module(studio):
    assert studio.engine.routed == frozenset(AnyRequest.__args__)


async def test_clients_that_start_at_once_share_one_engine(clients):
    made = await asyncio.gather(*(clients() for _ in range(4)))
    infos = [await client.call(GetEngine()) for client in made]
    assert len({info.pid for info in infos}) == 1


async def test_without_start_nothing_is_started(tmp_path):
    with pytest.raises(EngineUnreachableError):
        await EngineClient.connect(tmp_path / "library", start=False)
    assert not (tmp_path / "library").exists()


async def test_the_next_request_starts_another_engine_and_work_goes_on(clients, tmp_path):
    """A window that watches and two commands, while the engine is killed under them."""
    window, command, other = [await clients() for _ in range(3)]
    submitted = await window.call(SubmitIngest(source=_source(tmp_path, "steps=100,wait=0.02")))
    job_id = submitted.job.id
    killed = asyncio.Event()
    events = []

    async def watch():
        async for event in window.stream(WatchJob(id=job_id)):
            events.append(event)
            if event.job.progress > 0 and not killed.is_set():
                os.kill((await command.call(GetEngine())).pid, signal.SIGKILL)
                killed.set()

    watching = asyncio.create_task(watch())
    await killed.wait()
    listed, shown = await asyncio.gather(command.call(ListJobs()), other.call(GetJob(id=job_id)))
    assert [job.id for job in listed.jobs] == [job_id]
    assert shown.id == job_id
    await watching
    assert events[-1].status is JobStatus.DONE
    assert events[-1].job.attempt == 2
    numbers = [event.seq for event in events]
    assert numbers == sorted(set(numbers))


async def test_a_worker_ends_with_its_engine_even_when_it_listens_to_nobody(clients, tmp_path):
    client = await clients()
    submitted = await client.call(SubmitIngest(source=_source(tmp_path, "hang=1")))
    async for event in client.stream(WatchJob(id=submitted.job.id)):
        if event.job.progress > 0:
            break
    info = await client.call(GetEngine())
    worker = psutil.Process(info.workers[0].pid)
    os.kill(info.pid, signal.SIGKILL)
    gone, _ = await asyncio.to_thread(psutil.wait_procs, [worker], 10)
    assert gone
    await client.call(PauseQueue(running=True))  # the next engine took it up again


async def test_a_library_that_cannot_be_opened_is_refused_in_the_engine_s_own_words(
    clients, tmp_path
):
    paths = LibraryPaths(tmp_path / "library")
    paths.root.mkdir()
    paths.database.write_bytes(b"no database at all" * 500)
    with pytest.raises(KnownError, match="damaged") as caught:
        await clients()
    assert caught.value.code == "damaged-library"
    assert str(paths.backups) in caught.value.hint


async def test_a_library_under_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(KnownError, match="cannot be used"):
        await EngineClient.connect(tmp_path / "file" / "library")


async def test_an_idle_engine_leaves(tmp_path, monkeypatch):
    monkeypatch.setenv("CYMATIC_ENGINE_IDLE_S", "0.2")
    client = await EngineClient.connect(tmp_path / "library", handlers=HANDLERS)
    process = psutil.Process((await client.call(GetEngine())).pid)
    await client.close()
    gone, _ = await asyncio.to_thread(psutil.wait_procs, [process], 20)
    assert gone
    assert read_endpoint(LibraryPaths(tmp_path / "library").endpoint) is None


async def test_sigterm_stops_an_engine_in_order(clients, tmp_path):
    client = await clients()
    process = psutil.Process((await client.call(GetEngine())).pid)
    process.terminate()
    gone, _ = await asyncio.to_thread(psutil.wait_procs, [process], 20)
    assert gone
    assert read_endpoint(LibraryPaths(tmp_path / "library").endpoint) is None


def test_a_second_engine_leaves_a_held_library_alone(tmp_path):
    lock = FileLock(tmp_path / "engine.lock")
    assert lock.acquire()
    assert run_engine(EngineOptions(library=tmp_path)) == 0
    assert not LibraryPaths(tmp_path).database.exists()
    lock.release()


async def test_the_endpoint_is_for_this_user_alone_and_the_token_is_checked(studio):
    path = studio.paths.endpoint
    assert path.stat().st_mode & 0o777 == 0o600
    endpoint = json.loads(path.read_text())
    reader, writer = await asyncio.open_connection("127.0.0.1", endpoint["port"])
    writer.write(request_line(1, "guess", GetEngine()))
    assert b"token" in await reader.readline()
    assert await reader.readline() == b""  # hung up
    writer.close()
    await writer.wait_closed()


@pytest.mark.parametrize(
    "line", [b"GET / HTTP/1.1\r\n\r\n", b"\xff\xfe\n", b'{"id": 1}\n', b"[]\n", b"{\n"]
)
async def test_a_stranger_s_bytes_do_the_engine_no_harm(studio, line):
    endpoint = read_endpoint(studio.paths.endpoint)
    reader, writer = await asyncio.open_connection("127.0.0.1", endpoint.port)
    writer.write(line)
    await reader.read()
    writer.close()
    await writer.wait_closed()
    assert (await studio.call(GetEngine())).clients == 1


async def test_an_unknown_request_is_refused_and_the_connection_stays(studio):
    link = await Link.open(read_endpoint(studio.paths.endpoint))

    class Strange(GetEngine, frozen=True, tag="Strange"):
        pass

    with pytest.raises(KnownError):
        await link.call(Strange())
    assert (await link.call(GetEngine())).clients == 2
    await link.close()


async def test_a_bug_in_the_engine_is_answered_and_logged(studio, monkeypatch, caplog):
    def broken():
        raise ZeroDivisionError("broken on purpose")

    monkeypatch.setattr(type(studio.engine.parts), "counts", lambda *_: broken())
    with pytest.raises(KnownError) as caught:
        await studio.call(ListJobs())
    assert caught.value.code == "bug"
    assert "broken on purpose" in caplog.text


async def test_damage_that_is_met_at_work_is_said_and_the_engine_goes_on(studio):
    database = studio.engine.parts.database
    query = "SELECT rootpage FROM sqlite_master WHERE name = 'ix_projects_updated'"
    (page,) = database.row(sa.text(query))
    with closing(sqlite3.connect(studio.paths.database)) as connection:
        (size,) = connection.execute("PRAGMA page_size").fetchone()
        connection.execute("INSERT INTO meta VALUES ('another', 'writer')")  # ends cached pages
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with studio.paths.database.open("r+b") as stream:
        stream.seek((page - 1) * size)
        stream.write(b"\xa5" * size)
    with pytest.raises(KnownError, match="damaged") as caught:
        await studio.call(ListProjects())
    assert caught.value.code == "damaged-library"
    assert "Close Cymatic" in caught.value.hint
    assert (await studio.call(ListJobs())).jobs == ()


async def test_a_statement_of_ours_that_sqlite_refuses_stays_a_bug(studio, monkeypatch):
    monkeypatch.setattr(
        type(studio.engine.parts),
        "counts",
        lambda parts, _: parts.database.rows(sa.text("SELECT nothing FROM nowhere")),
    )
    with pytest.raises(KnownError) as caught:
        await studio.call(ListJobs())
    assert caught.value.code == "bug"
