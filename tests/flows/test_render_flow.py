"""The main job through the command line: a sound in, a video out, for each source kind."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from tests.flows.conftest import CommandLine
from tests.flows.videos import (
    BT709,
    LIMITED,
    SAMPLE_RATE_HZ,
    correlation,
    flash_frames,
    lag_samples,
    read_video,
)
from tests.media import click_times, click_track, song, write_audio, write_video

LENGTH_S = 3.0
SMALL = ("--format", "320x180", "--fps", "30")
KINDS = ("audio_file", "video_file")


def write_source(kind: str, folder: Path, samples: np.ndarray) -> Path:
    """Write a sound as a source of a kind."""
    if kind == "audio_file":
        return write_audio(folder / "track.wav", samples)
    return write_video(folder / "film.mp4", samples)


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_becomes_a_video_that_follows_its_sound(kind: str, cli: CommandLine, tmp_path: Path):
    samples = click_track(LENGTH_S)
    source = write_source(kind, tmp_path, samples)
    before = source.read_bytes()
    done = cli("render", source, "-o", tmp_path / "out.mp4", *SMALL, "--json")
    assert done.status == 0, done.err

    job = done.document
    assert job["status"] == "done"
    assert [output["path"] for output in job["outputs"] if output["role"] == "main"] == [
        str(tmp_path / "out.mp4")
    ]
    assert source.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([source.name, "out.mp4"])

    video = read_video(tmp_path / "out.mp4")
    assert (video.width, video.height, video.fps) == (320, 180, 30)
    assert (video.codec, video.pixel_format) == ("h264", "yuv420p")
    assert abs(video.duration_s - LENGTH_S) <= 1.5 / 30
    assert video.n_frames == pytest.approx(LENGTH_S * 30, abs=1)
    assert video.color == (BT709, BT709, BT709, LIMITED)
    assert video.atoms.index("moov") < video.atoms.index("mdat")

    assert abs(lag_samples(video.sound, samples)) < SAMPLE_RATE_HZ / 30
    assert correlation(video.sound, samples) > 0.9

    clicks = [int(time_s * 30) for time_s in click_times(LENGTH_S)]
    assert flash_frames(video.luma, len(clicks)) == clicks


@pytest.mark.parametrize(
    "fps",
    [
        "29.97",
        pytest.param("24", marks=pytest.mark.slow),
        pytest.param("60", marks=pytest.mark.slow),
    ],
)
def test_a_click_flashes_on_the_frame_that_holds_it(fps: str, cli: CommandLine, tmp_path: Path):
    source = write_audio(tmp_path / "clicks.wav", click_track(LENGTH_S, period_s=0.7, first_s=0.31))
    done = cli("render", source, "-o", tmp_path / "out.mp4", "--format", "160x90", "--fps", fps)
    assert done.status == 0, done.err
    video = read_video(tmp_path / "out.mp4")
    exact = Fraction(30000, 1001) if fps == "29.97" else Fraction(fps)
    assert video.fps == exact
    times = click_times(LENGTH_S, period_s=0.7, first_s=0.31)
    clicks = [int(Fraction(time_s).limit_denominator(1000) * exact) for time_s in times]
    assert flash_frames(video.luma, len(clicks)) == clicks


def test_a_range_is_exactly_its_frames_and_its_sound(cli: CommandLine, tmp_path: Path):
    samples = song(LENGTH_S)
    source = write_audio(tmp_path / "song.flac", samples)
    done = cli("render", source, "-o", tmp_path / "part.mp4", *SMALL, "--from", "1", "--to", "2.5")
    assert done.status == 0, done.err
    video = read_video(tmp_path / "part.mp4")
    assert video.n_frames == 45
    part = samples[:, SAMPLE_RATE_HZ : SAMPLE_RATE_HZ * 5 // 2]
    assert abs(lag_samples(video.sound, part)) <= 1
    assert correlation(video.sound, part) > 0.98


def test_a_still_is_the_frame_of_the_video_and_a_video_is_the_same_bytes_twice(
    cli: CommandLine, tmp_path: Path
):
    source = write_audio(tmp_path / "song.wav", song(2.0))
    assert cli("frame", source, "--at", "1.5", "-o", tmp_path / "still.png", *SMALL).status == 0
    for name in ("one.mp4", "two.mp4"):
        assert cli("render", source, "-o", tmp_path / name, *SMALL).status == 0
    assert (tmp_path / "one.mp4").read_bytes() == (tmp_path / "two.mp4").read_bytes()

    with av.open(tmp_path / "still.png") as container:
        picture = next(container.decode(video=0)).to_ndarray(format="rgb24").astype(np.float64)
    with av.open(tmp_path / "one.mp4") as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    differences = [float(np.abs(frame - picture).mean()) for frame in frames]
    assert differences[45] < 4  # levels that encoder and chroma subsampling lose
    assert differences[45] < 1.1 * min(differences)
