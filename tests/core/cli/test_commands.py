"""The command line over a client without an engine: documents, exit status, Ctrl-C."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from core.cli import app, connection, main
from core.cli.job_text import job_text
from core.engine.protocol import CancelJob, SubmitIngest, SubmitRender
from core.errors import EngineUnreachableError
from core.jobs.model import JobStatus
from tests.core.cli.fakes import ASSET, PROJECT, FakeClient, job

ROOT = Path(__file__).parents[3]
SCHEMAS = ROOT / "resources" / "schemas"


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> FakeClient:
    fake = FakeClient()

    async def open_client(_library: Path, *, start: bool) -> FakeClient:
        return fake

    monkeypatch.setattr(connection, "open_client", open_client)
    return fake


@pytest.fixture
def track(tmp_path: Path) -> Path:
    path = tmp_path / "a.wav"
    path.write_bytes(b"")
    return path


def valid(document: dict[str, object]) -> str:
    """Check a document against its schema and return its name."""
    name = str(document["schema"]).removeprefix("cymatic.").removesuffix("/1")
    schema = json.loads((SCHEMAS / f"cymatic.{name}.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(document)
    return name


COMMANDS = {
    "ingest {track}": "ingest",
    "assets": "assets",
    "assets list": "assets",
    "assets show {asset}": "asset",
    "assets rm {asset}": "assets",
    "assets restore {asset}": "assets",
    "assets relocate {asset} {track}": "asset",
    "assets export {asset} {folder}": "files",
    "library": "library",
    "library stats": "library",
    "library check": "check",
    "library backup": "files",
    "prepare {track} -o {folder}/out.m4a": "prepare",
    "prepare {asset} -o {folder}/out.flac --trim 1-2 --fade-in 0.5 --loudness -16": "prepare",
    "prepare {project} -o {folder}/out.mp3 --detach": "job",
    "analyze {track}": "analysis",
    "scenes": "scenes",
    "scenes list": "scenes",
    "scenes show resonance": "scene",
    "frame {track} --at 1": "job",
    "render {track}": "job",
    "render {project}": "job",
    "render {track} --detach": "job",
    "estimate {track}": "estimate",
    "project": "projects",
    "project new {asset}": "project",
    "project show {project}": "project",
    "project export {project} -o {folder}/p.cymatic": "files",
    "project import {track}": "project",
    "project markers {project}": "markers",
    "project markers {project} --from-chapters --add": "markers",
    "project recipe {project}": "recipe",
    "jobs": "jobs",
    "jobs list": "jobs",
    "jobs list --kind render --status queued --limit 5": "jobs",
    "jobs show {job}": "job",
    "jobs cancel {job}": "job",
    "jobs retry {job}": "job",
    "jobs hold {job}": "job",
    "jobs release {job}": "job",
    "jobs move {job}": "job",
    "jobs pause": "queue",
    "jobs resume": "queue",
    "jobs run": "queue",
    "engine": "engine",
    "engine status": "engine",
    "engine stop": "engine",
}


def words(command: str, client: FakeClient, track: Path) -> list[str]:
    """Return a command's words with its names filled in."""
    waiting = job("render")
    client.jobs[waiting.id] = waiting
    names = {
        "track": track,
        "folder": track.parent,
        "asset": ASSET.id,
        "project": PROJECT.id[:35],
        "job": waiting.id,
    }
    return [word.format(**names) for word in command.split()]


@pytest.mark.parametrize(("command", "name"), COMMANDS.items(), ids=list(COMMANDS))
def test_json_is_one_valid_document(command, name, client, track, capsys):
    status = app.main([*words(command, client, track), "--json"])
    printed = capsys.readouterr()
    assert status == (1 if command == "library check" else 0), printed
    assert valid(json.loads(printed.out)) == name
    assert client.closed or "scenes" in command


@pytest.mark.parametrize("command", COMMANDS, ids=list(COMMANDS))
def test_people_get_text(command, client, track, capsys):
    app.main(words(command, client, track))
    printed = capsys.readouterr()
    assert printed.out.strip()
    assert "{" not in printed.out


@pytest.mark.parametrize(
    "arguments",
    [["--json", "jobs", "list"], ["jobs", "--json", "list"], ["jobs", "list", "--json"]],
)
def test_common_options_stand_before_or_after(arguments, client, capsys):
    assert app.main(arguments) == 0
    assert json.loads(capsys.readouterr().out)["schema"] == "cymatic.jobs/1"


@pytest.mark.parametrize("place", [0, 1, 2])
def test_the_library_is_named_before_or_after(place, tmp_path, monkeypatch):
    seen: list[Path] = []

    async def open_client(library: Path, *, start: bool) -> FakeClient:
        seen.append(library)
        return FakeClient()

    monkeypatch.setattr(connection, "open_client", open_client)
    arguments = ["jobs", "list"]
    arguments[place:place] = ["--library", str(tmp_path)]
    assert app.main(arguments) == 0
    assert seen == [tmp_path]


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["render"],
        ["render", "{track}", "--fps", "zero"],
        ["render", "{track}", "--format", "13x13"],
        ["render", "{track}", "--from", "5", "--to", "4"],
        ["render", "{track}", "--to", "5", "--duration", "4"],
        ["render", "{track}", "--set", "nonsense"],
        ["render", "{track}", "--set", "plate.pulse=99"],
        ["render", "{track}", "-o", "{folder}/video.avi"],
        ["ingest", "{track}", "--max-size", "big"],
        ["jobs", "list", "--status", "lost"],
        ["analyze", "{track}", "-o", "{folder}/f.xls"],
    ],
)
def test_wrong_usage_exits_with_2_and_a_sentence(arguments, client, track, capsys):
    names = {"track": track, "folder": track.parent}
    status = app.main([word.format(**names) for word in arguments])
    printed = capsys.readouterr()
    assert (status, printed.out) == (2, "")
    assert printed.err.strip()


def test_a_failed_job_exits_with_1_and_says_why(client, track, capsys):
    client.end = JobStatus.FAILED
    assert app.main(["render", str(track)]) == 1
    assert "It is gone.\nLook for it." in capsys.readouterr().err


def test_a_failed_job_is_a_document_too(client, track, capsys):
    client.end = JobStatus.FAILED
    assert app.main(["render", str(track), "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert valid(document) == "job"
    assert document["job"]["error"]["code"] == "not-found"


def test_a_failed_estimate_is_an_error_document(client, track, capsys):
    client.end = JobStatus.FAILED
    assert app.main(["estimate", str(track), "--json"]) == 1
    assert valid(json.loads(capsys.readouterr().out)) == "error"


def test_one_failed_source_fails_the_ingest_and_the_others_go_on(client, track, capsys):
    arguments = ["ingest", "https://example.org/a.mp3", str(track), "--json"]
    assert app.main(arguments) == 1
    document = json.loads(capsys.readouterr().out)
    assert valid(document) == "ingest"
    refused, taken = document["ingest"]
    assert refused["error"]["code"] == "not-available-yet"
    assert taken["asset"]["id"] == ASSET.id


def test_a_folder_is_its_media_files_at_any_depth(client, tmp_path, capsys):
    for name in ("b.mp3", "deep/a.flac", "film.mkv", "notes.txt", ".hidden.wav"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    assert app.main(["ingest", str(tmp_path)]) == 0
    asked = [request.source.path.name for request in client.asked if type(request) is SubmitIngest]
    assert asked == ["b.mp3", "a.flac", "film.mkv"]


def test_a_folder_without_media_is_an_error(client, tmp_path, capsys):
    assert app.main(["ingest", str(tmp_path)]) == 1
    assert "holds no audio or video files" in capsys.readouterr().err


def test_a_bug_exits_with_3_a_sentence_and_a_traceback_in_the_log(client, tmp_path, capsys):
    async def broken(_request: object) -> None:
        raise RuntimeError("this is a bug")

    client.call = broken
    (tmp_path / "logs").mkdir()
    assert app.main(["jobs", "list", "--library", str(tmp_path)]) == 3
    assert "inside Cymatic: this is a bug" in capsys.readouterr().err
    assert "Traceback" in (tmp_path / "logs" / "command-line.log").read_text(encoding="utf-8")


def test_an_existing_output_is_refused_without_force(client, track, capsys):
    video = track.with_suffix(".mp4")
    video.write_bytes(b"mine")
    assert app.main(["render", str(track), "-o", str(video)]) == 1
    assert "--force" in capsys.readouterr().err
    assert app.main(["render", str(track), "-o", str(video), "--force"]) == 0
    request = next(request for request in client.asked if type(request) is SubmitRender)
    assert (request.output, request.overwrite) == (video, True)
    assert video.read_bytes() == b"mine"


def test_ctrl_c_cancels_the_whole_chain_and_exits_with_130(client, track, capsys):
    client.before_events = lambda: os.kill(os.getpid(), signal.SIGINT)
    assert app.main(["render", str(track), "--json"]) == 130
    cancelled = [request.id for request in client.asked if type(request) is CancelJob]
    assert set(cancelled) == set(client.jobs)
    document = json.loads(capsys.readouterr().out)
    assert valid(document) == "job"
    assert document["job"]["status"] == "cancelled"


def test_ctrl_c_leaves_a_step_that_another_job_needs(client, track):
    def interrupt() -> None:
        first = next(iter(client.jobs))
        other = job("render", depends_on=(first,))
        client.jobs[other.id] = other
        os.kill(os.getpid(), signal.SIGINT)

    client.before_events = interrupt
    assert app.main(["render", str(track)]) == 130
    first, last, other = client.jobs.values()
    assert last.status is JobStatus.CANCELLED
    assert first.status is not JobStatus.CANCELLED
    assert other.status is JobStatus.QUEUED


@pytest.mark.parametrize(
    ("end", "status"),
    [(JobStatus.DONE, 0), (JobStatus.FAILED, 1), (JobStatus.CANCELLED, 130)],
)
def test_watch_exits_as_the_job_ended(end, status, client, capsys):
    waiting = job("render")
    client.jobs[waiting.id] = waiting
    client.end = end
    assert app.main(["jobs", "watch", waiting.id[:35], "--json"]) == status
    schema = json.loads((SCHEMAS / "JobEvent.json").read_text(encoding="utf-8"))
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["status"] for line in lines] == ["queued", str(end)]
    for line in lines:
        jsonschema.Draft202012Validator(schema).validate(line)


def test_no_engine_is_no_error_for_its_status(monkeypatch, capsys):
    async def open_client(_library: Path, *, start: bool) -> FakeClient:
        assert not start
        raise EngineUnreachableError

    monkeypatch.setattr(connection, "open_client", open_client)
    assert app.main(["engine", "status", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert valid(document) == "engine"
    assert document["engine"] is None
    assert app.main(["engine", "stop"]) == 0


def test_without_a_display_the_window_says_so(monkeypatch, capsys):
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("core.cli.window.read_environment", lambda: NoDisplay())
    assert app.main([]) == 0
    assert "no display" in capsys.readouterr().err


class NoDisplay:
    has_display = False


def test_a_project_brings_its_own_scenes(client, capsys):
    assert app.main(["render", PROJECT.id, "--scene", "resonance"]) == 2
    assert "brings its own scenes" in capsys.readouterr().err


def test_an_unknown_name_says_where_to_look(client, capsys):
    assert app.main(["render", "nothing-of-that-name.wav"]) == 1
    assert "cymatic assets" in capsys.readouterr().err


def test_a_file_that_is_not_there_is_refused_without_waiting_in_the_queue(client, track, capsys):
    assert app.main(["ingest", str(track.with_name("none.wav")), str(track)]) == 1
    assert "There is no file" in capsys.readouterr().err
    asked = [request.source.path for request in client.asked if type(request) is SubmitIngest]
    assert asked == [track]


def test_an_empty_folder_among_others_is_one_result_of_many(client, track, tmp_path, capsys):
    empty = tmp_path / "empty"
    empty.mkdir()
    assert app.main(["--json", "ingest", str(empty), str(track)]) == 1
    document = json.loads(capsys.readouterr().out)
    assert valid(document) == "ingest"
    refused, taken = document["ingest"]
    assert "holds no audio" in refused["error"]["message"]
    assert taken["asset"]["id"] == ASSET.id


@pytest.mark.parametrize("arguments", [["render", "LONG"], ["ingest", "LONG"]])
def test_a_name_no_system_takes_is_a_sentence_and_no_bug(arguments, client, capsys):
    words = [word.replace("LONG", "x" * 300 + ".wav") for word in arguments]
    assert app.main(words) == 1
    assert "There is no file" in capsys.readouterr().err


def test_ctrl_c_while_the_program_loads_exits_with_130(monkeypatch, capsys):
    class Interrupting:
        def find_spec(self, name: str, *_: object) -> None:
            if name == "core.cli.app":
                raise KeyboardInterrupt

    monkeypatch.delitem(sys.modules, "core.cli.app")
    monkeypatch.setattr(sys, "meta_path", [Interrupting(), *sys.meta_path])
    assert main(["jobs"]) == 130
    assert capsys.readouterr().err == "Cancelled.\n"


def test_a_job_is_shown_without_records_for_programs():
    facts = {"encoder": '{"name":"libx264","options":{"crf":"24"}}', "renderer": "llvmpipe"}
    text = job_text(job("render", status=JobStatus.DONE, facts=facts))
    assert "encoder    libx264\nrenderer   llvmpipe" in text


# --- the one executable of a frozen build -----------------------------------------------------


def _process(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "core.cli", *arguments]
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=60)


def test_a_worker_begins_at_the_command_line_s_door():
    ended = _process("--worker")  # nobody tells it what to do
    assert (ended.returncode, ended.stdout, ended.stderr) == (1, b"", b"")


def test_an_engine_begins_at_the_command_line_s_door(tmp_path):
    (tmp_path / "library.sqlite3").write_bytes(b"no database" * 500)
    ended = _process("--engine", str(tmp_path))
    assert (ended.returncode, ended.stdout) == (1, b"")
    endpoint = json.loads((tmp_path / "engine.json").read_bytes())
    assert endpoint["error"]["code"] == "damaged-library"


def test_the_doctor_s_process_begins_at_the_command_line_s_door(tmp_path):
    ended = _process("--doctor", "scene", str(tmp_path / "notes.txt"))
    answer = json.loads(ended.stdout)
    assert answer["error"]["message"] == "“notes.txt” is no scene file."
    assert ended.returncode == 0
