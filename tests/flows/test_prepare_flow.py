"""`cymatic prepare` with a real engine: cuts and loudness are measured from the finished files."""

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from core.ingest.probe import probe_file
from core.paths import LibraryPaths
from tests.core.audio.ffmpeg_meter import ffmpeg_reading, needs_ffmpeg
from tests.flows.conftest import CommandLine
from tests.flows.videos import SAMPLE_RATE_HZ, read_sound
from tests.media import noise, sine, song, write_audio

STEP = 1.5 / 2**15
"""What a 16-bit source and a 24-bit file may differ from the numbers they were made of."""


def ramp(length_s: float, *, rising: bool = True) -> np.ndarray:
    """Return the gain of a linear fade, (i / N) in and ((N - i) / N) out."""
    n = round(length_s * SAMPLE_RATE_HZ)
    gain = np.arange(n) / n
    return gain if rising else 1 - gain


def samples(seconds: float) -> int:
    return round(seconds * SAMPLE_RATE_HZ)


def names(folder: Path) -> list[str]:
    """Return the names of all that lies in a folder, hidden files too."""
    return sorted(path.name for path in folder.iterdir())


# --- one sound --------------------------------------------------------------------------------


@needs_ffmpeg
@pytest.mark.parametrize("suffix", [".m4a", ".wav"])
def test_a_sound_comes_out_cut_to_the_sample_and_as_loud_as_youtube_plays(
    suffix: str, cli: CommandLine, tmp_path: Path
):
    source = write_audio(tmp_path / "Größe 1.wav", 0.4 * song(8.0), tags={"artist": "Ärzte"})
    before, output = source.read_bytes(), tmp_path / f"fertig ü{suffix}"
    words = ("--trim", "0:01-7", "--fade-in", "0.5", "--fade-out", "1", "--loudness", "youtube")
    done = cli("prepare", source, "-o", output, *words, "--json")
    assert done.status == 0, done.err

    sound = read_sound(output)
    assert sound.shape[1] == samples(6)
    reading = ffmpeg_reading(sound)
    assert reading.integrated_lufs == pytest.approx(-14, abs=0.3)
    assert reading.true_peak_dbtp <= -1 + 0.1
    report = done.document
    assert report["path"] == str(output)
    assert report["duration_s"] == 6
    assert report["measured"]["integrated_lufs"] == pytest.approx(reading.integrated_lufs, abs=0.1)
    assert report["loudness"]["before"]["integrated_lufs"] < -18
    assert probe_file(output).tags["artist"] == "Ärzte"
    assert source.read_bytes() == before
    assert names(tmp_path) == sorted([source.name, output.name])


def test_cuts_fades_and_gain_are_those_of_the_numbers(cli: CommandLine, tmp_path: Path):
    made = noise(3.0, seed=7)
    source = write_audio(tmp_path / "noise.wav", made)
    words = ("--trim", "0.5-2.5", "--fade-in", "0.25", "--fade-out", "1/2", "--gain", "-6")
    done = cli("prepare", source, "-o", tmp_path / "cut.wav", *words)
    assert done.status == 0, done.err
    expected = made[:, samples(0.5) : samples(2.5)] * 10 ** (-6 / 20)
    expected[:, : samples(0.25)] *= ramp(0.25)
    expected[:, -samples(0.5) :] *= ramp(0.5, rising=False)
    assert np.abs(read_sound(tmp_path / "cut.wav") - expected).max() < STEP


def test_silence_at_both_ends_goes_and_its_pad_stays(cli: CommandLine, tmp_path: Path):
    sound = np.zeros((2, samples(3)), np.float32)
    sound[:, samples(1) : samples(2)] = sine(1.0)
    source = write_audio(tmp_path / "pauses.wav", sound)
    done = cli("prepare", source, "-o", tmp_path / "tight.flac", "--trim-silence", "--json")
    assert done.status == 0, done.err
    assert done.document["duration_s"] == pytest.approx(1.2, abs=0.001)
    silent = write_audio(tmp_path / "silent.wav", np.zeros((2, samples(1)), np.float32))
    refused = cli("prepare", silent, "-o", tmp_path / "none.flac", "--trim-silence")
    assert refused.status != 0
    assert "silent" in refused.err
    assert not (tmp_path / "none.flac").exists()


def test_without_a_file_the_library_keeps_the_sound_and_says_how_loud(
    cli: CommandLine, tmp_path: Path
):
    source = write_audio(tmp_path / "kept.flac", 0.2 * song(3.0))
    report = cli("prepare", source, "--loudness", "-20", "--json").document
    path = Path(report["path"])
    assert path.is_relative_to(cli.library)
    assert probe_file(path).container == "flac"
    assert report["measured"]["integrated_lufs"] == pytest.approx(-20, abs=0.2)
    text = cli("prepare", source).out
    assert "LUFS" in text
    assert names(tmp_path) == ["kept.flac"]


def test_markers_become_chapters_and_move_with_the_trim(cli: CommandLine, tmp_path: Path):
    source = write_audio(tmp_path / "talk.wav", sine(5.0))
    labels = tmp_path / "labels.txt"
    labels.write_text("0\t2\tIntro\n2\t2\tThema ü\n", encoding="utf-8")
    output = tmp_path / "talk.m4a"
    done = cli("prepare", source, "-o", output, "--trim", "1-", "--markers", labels)
    assert done.status == 0, done.err
    chapters = [(one.start_s, one.end_s, one.title) for one in probe_file(output).chapters]
    assert chapters == [(0, 1, "Intro"), (1, 4, "Thema ü")]


# --- recipes ----------------------------------------------------------------------------------


def test_two_files_are_crossfaded_as_their_recipe_says(cli: CommandLine, tmp_path: Path):
    one, two = noise(2.0, seed=1, amplitude=0.2), noise(2.0, seed=2, amplitude=0.2)
    folder = tmp_path / "Töne"
    folder.mkdir()
    write_audio(folder / "eins ä.wav", one)
    write_audio(folder / "zwei.wav", two)
    clips = [
        {"asset_id": "Töne/eins ä.wav"},
        {"asset_id": "Töne/zwei.wav", "gap_s": "-1/2", "start_s": "1/4"},
    ]
    recipe = tmp_path / "mix.json"
    recipe.write_text(json.dumps({"version": 1, "clips": clips}), encoding="utf-8")
    used = tmp_path / "used.json"
    done = cli("prepare", recipe, "-o", tmp_path / "mix.wav", "--recipe-out", used)
    assert done.status == 0, done.err

    n, start = samples(0.5), samples(1.5)
    angle = np.pi / 2 * np.arange(n) / n
    expected = np.zeros((2, start + samples(1.75)))
    expected[:, : samples(2)] = one
    expected[:, start : samples(2)] *= np.sin(np.pi / 2 - angle)
    tail = two[:, samples(0.25) :].astype(float)
    tail[:, :n] *= np.sin(angle)
    expected[:, start:] += tail
    assert np.abs(read_sound(tmp_path / "mix.wav") - expected).max() < 2 * STEP

    again = cli("prepare", used, "-o", tmp_path / "again.wav")
    assert again.status == 0, again.err
    assert np.array_equal(read_sound(tmp_path / "again.wav"), read_sound(tmp_path / "mix.wav"))


def test_an_older_recipe_is_taken_and_its_faults_are_told(cli: CommandLine, tmp_path: Path):
    made = noise(3.0, seed=3, sample_rate_hz=44_100)
    write_audio(tmp_path / "old.wav", made, sample_rate_hz=44_100)
    clip = {"id": "c", "startTime": 0.5, "endTime": 2.5, "volume": 0.5, "fadeIn": 0, "fadeOut": 0}
    older = {"version": 1, "assetId": "old.wav", "clips": [clip], "outputSampleRate": 44_100}
    recipe = tmp_path / "older.json"
    recipe.write_text(json.dumps(older))
    done = cli("prepare", recipe, "-o", tmp_path / "new.wav", "--no-declick", "--json")
    assert done.status == 0, done.err
    assert (done.document["duration_s"], done.document["sample_rate_hz"]) == (2, 44_100)

    bad = older | {"clips": [clip | {"endTime": 0.1}] * 51, "outputFormat": "xyz"}
    recipe.write_text(json.dumps(bad))
    refused = cli("prepare", recipe, "-o", tmp_path / "bad.wav")
    assert refused.status == 1
    assert "51 clips; 50 is the most" in refused.err
    assert "“xyz”" in refused.err
    assert names(tmp_path) == ["new.wav", "old.wav", "older.json"]


BAD_RECIPES = {
    "beyond the end": {"clips": [{"asset_id": "a.wav", "end_s": "9"}]},
    "fades": {"clips": [{"asset_id": "a.wav", "fade_in_s": "2", "fade_out_s": "2"}]},
    "a source that is not there": {"clips": [{"asset_id": "b.wav"}]},
    "an unknown id": {"clips": [{"asset_id": "0" * 8 + "-0000-0000-0000-" + "0" * 12}]},
    "no clips": {"clips": []},
    "a newer version": {"version": 7, "clips": [{"asset_id": "a.wav"}]},
    "endless digits": {"clips": [{"asset_id": "a.wav", "start_s": "1e999999999"}]},
    "no recipe": {"notes": 1},
}


@pytest.mark.parametrize("name", BAD_RECIPES, ids=list(BAD_RECIPES))
def test_a_bad_recipe_is_a_sentence_and_nothing_is_left(
    name: str, cli: CommandLine, tmp_path: Path
):
    write_audio(tmp_path / "a.wav", sine(1.0, freq_hz=777.0))
    recipe = tmp_path / "recipe.json"
    recipe.write_text(json.dumps(BAD_RECIPES[name]))
    done = cli("prepare", recipe, "-o", tmp_path / "out.wav")
    assert (done.status, done.out) == (1, "")
    assert "Traceback" not in done.err
    assert len(done.err.strip().splitlines()[-2:]) == 2  # a sentence and a hint
    assert names(tmp_path) == ["a.wav", "recipe.json"]


# --- what goes wrong later --------------------------------------------------------------------


def forget_decoded(cli: CommandLine, asset: dict) -> Path:
    """Remove all that was made of an asset, as the cache does; return its original."""
    paths = LibraryPaths(cli.library)
    paths.pcm(asset["pcm"]["key"]).unlink()
    return paths.original(asset["sha256"], asset["name"])


def test_a_missing_or_changed_original_fails_the_job_with_a_sentence(
    cli: CommandLine, tmp_path: Path
):
    source = write_audio(tmp_path / "gone.wav", sine(2.0, freq_hz=555.0))
    asset = cli("ingest", source, "--json").document[0]["asset"]
    original = forget_decoded(cli, asset)
    whole = original.read_bytes()
    words = ("prepare", asset["id"], "-o", tmp_path / "out.wav", "--gain", "-1")

    original.write_bytes(whole[: len(whole) // 2])
    changed = cli(*words)
    assert (changed.status, changed.out) == (1, "")
    original.unlink()
    missing = cli(*words)
    assert missing.status == 1
    assert "is not in the library" in missing.err
    assert "relocate" in missing.err
    assert names(tmp_path) == ["gone.wav"]
    assert cli("jobs", "list", "--json").document[0]["status"] == "failed"

    original.write_bytes(whole)
    assert cli(*words).status == 0


def test_ctrl_c_cancels_and_leaves_nothing(cli: CommandLine, tmp_path: Path):
    source = write_audio(tmp_path / "long.flac", noise(120.0))
    process = cli.start("prepare", source, "-o", tmp_path / "out.mp3", "--loudness", "ebu")
    done = cli.interrupt(process, after="Mix long")
    assert (done.status, done.out) == (130, "")
    assert names(tmp_path) == ["long.flac"]
    newest = cli("jobs", "list", "--kind", "export", "--json").document[0]
    assert newest["status"] == "cancelled"


def test_a_detached_job_is_waited_for_elsewhere(cli: CommandLine, tmp_path: Path):
    source = write_audio(tmp_path / "tone.wav", sine(1.0, freq_hz=999.0))
    done = cli("prepare", source, "-o", tmp_path / "tone.opus", "--detach")
    assert done.status == 0, done.err
    assert cli("jobs", "watch", done.out.strip()).status == 0
    assert probe_file(tmp_path / "tone.opus").duration_s == pytest.approx(1.0, abs=0.02)


# --- projects ---------------------------------------------------------------------------------


def test_markers_and_recipes_of_a_project_go_out_and_in(cli: CommandLine, tmp_path: Path):
    chapters = [(0.0, 1.0, "Eins"), (1.0, 3.0, "Zwei")]
    source = write_audio(tmp_path / "show.m4a", song(3.0), chapters=chapters)
    project = cli("project", "new", source, "--json").document["id"]
    taken = cli("project", "markers", project, "--from-chapters", "--json").document
    assert [one["name"] for one in taken] == ["Eins", "Zwei"]
    assert Fraction(taken[1]["time_s"]) == 1
    table = tmp_path / "markers.csv"
    assert cli("project", "markers", project, "--export", table).status == 0
    again = cli("project", "markers", project, "--import", table, "--json").document
    assert again == taken

    recipe = tmp_path / "recipe.json"
    assert cli("project", "recipe", project, "--export", recipe).status == 0
    document = json.loads(recipe.read_text())
    document["clips"][0] |= {"end_s": "2", "fade_out_s": "1/2"}
    recipe.write_text(json.dumps(document))
    changed = cli("project", "recipe", project, "--import", recipe, "--json").document
    assert changed["clips"][0]["end_s"] == "2/1"
    document["clips"][0] |= {"end_s": "99"}
    recipe.write_text(json.dumps(document))
    refused = cli("project", "recipe", project, "--import", recipe)
    assert refused.status == 1
    assert "reaches beyond the end" in refused.err
    assert cli("project", "recipe", project, "--json").document == changed
    done = cli("prepare", project, "-o", tmp_path / "show.mp3", "--json")
    assert done.document["duration_s"] == 2
    assert [one.title for one in probe_file(tmp_path / "show.mp3").chapters] == ["Eins", "Zwei"]
