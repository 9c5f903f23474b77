"""Whole flows of the command line with a real engine: what ends how, what is found where."""

from pathlib import Path

import pytest

from tests.flows.conftest import CommandLine
from tests.media import click_track, sine, song, truncate, write_audio, write_video

TINY = ("--format", "160x90", "--fps", "10")


def test_a_detached_job_is_found_watched_and_shown(cli: CommandLine, tmp_path: Path):
    source = write_audio(tmp_path / "song.wav", song(2.0))
    done = cli("render", source, "-o", tmp_path / "out.mp4", *TINY, "--detach")
    assert done.status == 0, done.err
    job_id = done.out.strip()
    assert job_id in [job["id"] for job in cli("jobs", "list", "--json").document]
    watched = cli("jobs", "watch", job_id, "--json")
    assert watched.status == 0
    late = cli("jobs", "watch", job_id, "--json")
    assert (late.status, len(late.out.splitlines())) == (0, 1)
    shown = cli("jobs", "show", job_id, "--json").document
    assert shown["status"] == "done"
    assert (tmp_path / "out.mp4").is_file()


def test_ctrl_c_cancels_the_job_and_leaves_nothing(cli: CommandLine, tmp_path: Path):
    source = write_audio(tmp_path / "long.wav", song(60.0))
    process = cli.start("render", source, "-o", tmp_path / "out.mp4", "--format", "640x360")
    done = cli.interrupt(process, after="Render long.wav")
    assert done.status == 130, done.err
    assert [path.name for path in tmp_path.iterdir()] == ["long.wav"]
    newest = cli("jobs", "list", "--kind", "render", "--json").document[0]
    assert (newest["title"], newest["status"]) == ("long.wav", "cancelled")


def test_the_same_file_twice_is_one_asset(cli: CommandLine, tmp_path: Path):
    first = write_audio(tmp_path / "a.flac", sine(1.0, freq_hz=441.0))
    second = tmp_path / "b.flac"
    second.write_bytes(first.read_bytes())
    one, two = cli("ingest", first, second, "--json").document
    assert (one["duplicate"], two["duplicate"]) == (False, True)
    assert one["asset"]["id"] == two["asset"]["id"]


def test_a_folder_is_taken_in_and_listed(cli: CommandLine, tmp_path: Path):
    folder = tmp_path / "album"
    folder.mkdir()
    write_audio(folder / "one.mp3", sine(1.0, freq_hz=330.0))
    write_video(folder / "two.mkv", sine(1.0, freq_hz=550.0))
    done = cli("ingest", folder, "--json")
    assert done.status == 0, done.err
    ids = {report["asset"]["id"] for report in done.document}
    assert len(ids) == 2
    assert ids <= {asset["id"] for asset in cli("assets", "--json").document}


def test_an_asset_goes_to_the_trash_and_back(cli: CommandLine, tmp_path: Path):
    source = write_audio(tmp_path / "trash.wav", sine(1.0, freq_hz=123.0))
    asset = cli("ingest", source, "--json").document[0]["asset"]["id"]
    assert cli("assets", "rm", asset).status == 0
    assert asset not in cli("assets").out
    assert asset in cli("assets", "list", "--trash").out
    assert cli("assets", "restore", asset).status == 0
    assert asset in cli("assets").out
    exported = cli("assets", "export", asset, tmp_path / "copy", "--json").document
    assert Path(exported[0]).read_bytes() == source.read_bytes()


def test_a_project_is_made_rendered_exported_and_opened(cli: CommandLine, tmp_path: Path):
    source = write_audio(tmp_path / "song.wav", song(1.5))
    project = cli("project", "new", source, "--title", "first cut", "--json").document
    file = tmp_path / "cut.cymatic"
    assert cli("project", "export", project["id"], "-o", file).status == 0
    opened = cli("project", "import", file, "--json")
    assert opened.status == 0, opened.err
    done = cli("render", project["id"], "-o", tmp_path / "out.mp4", *TINY, "--json")
    assert done.status == 0, done.err
    assert done.document["source"]["project"] == project["id"]
    assert project["id"] in cli("project").out


@pytest.mark.parametrize("suffix", [".npz", ".json", ".csv"])
def test_an_analysis_is_written_where_it_is_wanted(suffix: str, cli: CommandLine, tmp_path: Path):
    source = write_audio(tmp_path / "clicks.wav", click_track(4.0))
    output = tmp_path / f"features{suffix}"
    done = cli("analyze", source, "-o", output, "--json")
    assert done.status == 0, done.err
    assert done.document["analysis"]["loudness_lufs"] is not None
    assert output.stat().st_size > 1000


def test_an_estimate_says_time_and_size(cli: CommandLine, tmp_path: Path):
    source = write_audio(tmp_path / "song.wav", song(2.0))
    done = cli("estimate", source, *TINY, "--json")
    assert done.status == 0, done.err
    assert done.document["n_frames"] == 20
    assert done.document["render_s"] > 0


def test_the_library_is_whole_after_all_this(cli: CommandLine):
    checked = cli("library", "check", "--json")
    assert checked.document["faults"] == []
    assert checked.status == 0
    assert cli("library", "backup").status == 0
    assert cli("library", "stats", "--json").document["bytes_by_kind"]


def write_no_media(folder: Path) -> Path:
    path = folder / "notes.wav"
    path.write_text("these are words")
    return path


def write_empty(folder: Path) -> Path:
    path = folder / "empty.mp3"
    path.touch()
    return path


def write_film_without_sound(folder: Path) -> Path:
    return write_video(folder / "silent.mp4", None)


def write_truncated(folder: Path) -> Path:
    return truncate(write_audio(folder / "half.m4a", sine(2.0)))


BAD = {
    "no media": write_no_media,
    "empty": write_empty,
    "no sound": write_film_without_sound,
    "truncated": write_truncated,
    "not there": lambda folder: folder / "gone.wav",
    "a link": lambda _folder: "https://example.org/a.mp3",
}


@pytest.mark.parametrize("name", BAD, ids=list(BAD))
@pytest.mark.parametrize("command", ["ingest", "render"])
def test_what_cannot_be_used_exits_with_1_and_leaves_nothing(
    command: str, name: str, cli: CommandLine, tmp_path: Path
):
    source = BAD[name](tmp_path)
    before = sorted(tmp_path.iterdir())
    assets = len(cli("assets", "--json").document)
    output = ("-o", tmp_path / "out.mp4", *TINY) if command == "render" else ()
    done = cli(command, source, *output)
    assert done.status == 1, done
    assert done.err.strip()
    assert "Traceback" not in done.err
    assert sorted(tmp_path.iterdir()) == before
    assert len(cli("assets", "--json").document) == assets


def test_an_engine_that_is_stopped_comes_back_with_everything(cli: CommandLine):
    count = len(cli("assets", "--json").document)
    first = cli("engine", "status", "--json").document["pid"]
    assert cli("engine", "stop").status == 0
    assert len(cli("assets", "--json").document) == count
    assert cli("engine", "status", "--json").document["pid"] != first
