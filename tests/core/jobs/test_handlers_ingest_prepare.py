"""Ingest and prepare jobs: what comes of real files, and what is left behind when they fail."""

import hashlib
import os
import shutil
import socket
import stat
import struct
from fractions import Fraction
from pathlib import Path

import msgspec
import numpy as np
import pytest
from PIL import Image

from core.audio.loudness import measure_loudness
from core.audio.loudness_targets import preset_target
from core.audio.pcm import has_pcm, open_pcm
from core.audio.peaks import PeakPyramid
from core.audio.prepared import PreparedReader
from core.audio.recipe import Clip, Recipe, identity_recipe
from core.config import Settings
from core.documents import from_json, hash_of
from core.errors import JobAborted, KnownError, LibraryError, MediaError, NotAvailableYetError
from core.ingest.sources import AudioFile, DirectUrl, YouTube, file_source
from core.jobs.context import Finished
from core.jobs.handlers import ingest, prepare
from core.jobs.model import AssetRef, IngestParams, IngestResult, PrepareParams, PrepareResult
from core.jobs.testing import LocalContext, publish
from core.library.model import Asset
from tests import media


@pytest.fixture
def library(tmp_path: Path) -> Path:
    return tmp_path / "library"


def take_in(path: Path, library: Path, **options) -> tuple[Finished, LocalContext]:
    ctx = LocalContext(library, **options)
    return ingest.run(IngestParams(source=file_source(path)), ctx), ctx


def asset_from(path: Path, library: Path) -> Asset:
    finished, _ = take_in(path, library)
    publish(finished)
    assert isinstance(finished.result, IngestResult)
    return finished.result.asset


def mix(asset: Asset, library: Path, recipe: Recipe | None = None) -> tuple[Finished, LocalContext]:
    ctx = LocalContext(library, job_id="mix", assets={asset.id: asset})
    params = PrepareParams(asset=AssetRef(asset_id=asset.id), recipe=recipe)
    return prepare.run(params, ctx), ctx


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if not path.is_dir()]


# --- ingest -----------------------------------------------------------------------------------


def test_a_wav_becomes_an_asset_with_its_sound_peaks_and_original(tmp_path, library):
    sound = media.song(1.5)
    path = media.write_audio(tmp_path / "My Song.wav", sound, tags={"title": "T", "artist": "A"})

    finished, ctx = take_in(path, library)
    publish(finished)

    asset = finished.result.asset
    assert (asset.title, asset.artist, asset.name) == ("T", "A", "My Song.wav")
    assert asset.duration_s == 1.5
    assert asset.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert ctx.paths.original(asset.sha256, asset.name).read_bytes() == path.read_bytes()
    samples = open_pcm(ctx.paths.pcm(asset.pcm.key), asset.pcm).read(0, 10**9)
    assert asset.pcm.sample_format == "i2"
    assert np.array_equal(samples, media.quantise(sound, "s16").astype(np.float32) / 32768)
    assert PeakPyramid.open(ctx.paths.peaks(asset.pcm.key)).info == asset.pcm
    assert "libavcodec" in asset.provenance.tool_versions
    assert not files_below(ctx.staging)


def test_every_staged_file_tells_its_size_and_hash(tmp_path, library):
    path = media.write_audio(tmp_path / "a.flac", media.sine(0.5), cover=True)
    finished, _ = take_in(path, library)
    for file in finished.files:
        data = file.staged.read_bytes()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (file.bytes, file.sha256)
    assert {file.final.parent.name for file in finished.files} >= {"pcm", "peaks", "assets"}


def test_the_sound_of_a_video_is_taken(tmp_path, library):
    path = media.write_video(tmp_path / "film.mp4", media.sine(1.0))
    asset = asset_from(path, library)
    assert asset.duration_s == pytest.approx(1.0, abs=0.03)
    assert {stream.kind for stream in asset.probe.streams} == {"video", "audio"}


def test_cover_art_becomes_a_png(tmp_path, library):
    path = media.write_audio(tmp_path / "a.mp3", media.sine(0.5), cover=True)
    asset = asset_from(path, library)
    with Image.open(LocalContext(library).paths.cover(asset.sha256)) as picture:
        assert (picture.format, picture.size) == ("PNG", (64, 64))


def test_progress_rises_and_names_both_stages(tmp_path, library):
    path = media.write_audio(tmp_path / "a.mp3", media.song(20.0))
    _, ctx = take_in(path, library)
    fractions = [fraction for _, fraction in ctx.reports]
    assert fractions == sorted(fractions)
    assert {stage for stage, _ in ctx.reports} == {"Copying", "Reading the sound"}
    assert fractions[-1] == 1.0
    assert len(set(fractions)) > 5


def test_the_same_bytes_again_are_not_decoded_again(tmp_path, library):
    path = media.write_audio(tmp_path / "a.wav", media.sine(0.5))
    first = asset_from(path, library)
    twin = shutil.copy(path, tmp_path / "b.wav")
    again, _ = take_in(Path(twin), library)
    assert again.result.duplicate
    assert again.result.asset.pcm == first.pcm
    assert again.result.asset.name == first.name
    assert again.files == ()


def test_evicted_sound_of_known_bytes_is_decoded_again(tmp_path, library):
    path = media.write_audio(tmp_path / "a.wav", media.sine(0.5))
    first = asset_from(path, library)
    LocalContext(library).paths.pcm(first.pcm.key).unlink()
    again, _ = take_in(path, library)
    publish(again)
    assert again.result.asset.pcm == first.pcm
    assert has_pcm(LocalContext(library).paths.pcm(first.pcm.key), first.pcm)


def test_the_source_is_left_as_it_was(tmp_path, library):
    path = media.write_audio(tmp_path / "a.wav", media.sine(0.5))
    path.chmod(0o444)
    before = (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_mode)
    asset_from(path, library)
    assert (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_mode) == before


def test_strange_names_become_safe_ones_and_keep_their_title(tmp_path, library):
    path = media.write_audio(tmp_path / "CON.wav", media.sine(0.3))
    asset = asset_from(path, library)
    assert (asset.name, asset.title) == ("_CON.wav", "CON")


# --- failures: a sentence, a hint, nothing left behind ------------------------------------------


def wav_bytes(channels: int, data: bytes, *, declared: int | None = None, tag: int = 1) -> bytes:
    size = len(data) if declared is None else declared
    bits = 16 if tag == 1 else 32
    block = channels * bits // 8
    form = struct.pack("<HHIIHH", tag, channels, 48_000, 48_000 * block, block, bits)
    head = b"fmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", size)
    return b"RIFF" + struct.pack("<I", 4 + len(head) + size) + b"WAVE" + head + data


def float_wav(bad: float) -> bytes:
    floats = np.sin(np.arange(48_000) / 20).astype("<f4") * 0.5
    floats[30_000] = bad
    return wav_bytes(1, floats.tobytes(), tag=3)


CONTENTS = {
    "text": b"this is a shopping list\n" * 300,
    "empty": b"",
    "random": np.random.default_rng(3).bytes(50_000),
    "no channels": wav_bytes(0, b"\0" * 1000),
    "lying header": wav_bytes(2, b"\0" * 4000, declared=900_000_000),
    "nan": float_wav(np.nan),
    "infinite": float_wav(np.inf),
    "playlist": b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile:///etc/passwd\n",
    "concat list": b"ffconcat version 1.0\nfile other.wav\n",
}


def make_fault(kind: str, folder: Path) -> Path:
    path = folder / f"{kind}.wav"
    if kind in CONTENTS:
        path.write_bytes(CONTENTS[kind])
    elif kind == "silent film":
        path = media.write_video(path.with_suffix(".mp4"), None)
    elif kind == "folder":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "device":
        path = Path("/dev/zero")
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(path))
    return path


FAULTS = {
    "text": "not a sound",
    "empty": "is empty",
    "random": "not a sound",
    "silent film": "no sound",
    "no channels": "0 channels",
    "lying header": "cut off",
    "nan": "not numbers",
    "infinite": "not numbers",
    "folder": "a folder",
    "missing": "does not exist",
    "playlist": "not a sound",
    "concat list": "not a sound",
    "fifo": "a pipe",
    "device": "a device",
    "socket": "a socket",
}


@pytest.mark.parametrize("kind", FAULTS)
def test_a_file_that_cannot_be_taken_is_refused_in_words(kind, tmp_path, library):
    if kind in {"fifo", "device", "socket"} and os.name == "nt":
        pytest.skip("Windows has none of these")
    path = make_fault(kind, tmp_path)
    ctx = LocalContext(library)
    with pytest.raises(MediaError, match=FAULTS[kind]) as caught:
        ingest.run(IngestParams(source=AudioFile(path=path)), ctx)
    assert caught.value.hint
    assert caught.value.message.endswith(".")
    assert files_below(library) == []


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".mp3", ".m4a", ".opus", ".ogg", ".mkv"])
@pytest.mark.parametrize("fraction", [0.05, 0.5, 0.95])
def test_a_cut_off_file_is_refused_and_leaves_nothing(suffix, fraction, tmp_path, library):
    path = media.write_audio(tmp_path / f"cut{suffix}", media.song(3.0))
    media.truncate(path, fraction)
    ctx = LocalContext(library)
    with pytest.raises(MediaError, match=r"cut off|damaged") as caught:
        ingest.run(IngestParams(source=file_source(path)), ctx)
    assert caught.value.hint
    assert files_below(library) == []


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file_is_refused(tmp_path, library):
    path = media.write_audio(tmp_path / "a.wav", media.sine(0.2))
    path.chmod(0)
    with pytest.raises(MediaError, match="may not be read"):
        take_in(path, library)
    path.chmod(stat.S_IRUSR | stat.S_IWUSR)


def append(path: Path) -> None:
    with path.open("ab") as stream:
        stream.write(b"more")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda path: path.unlink(), "went away"),
        (append, "changed"),
        (lambda path: os.truncate(path, 100), "changed"),
        (lambda path: path.rename(path.with_suffix(".old")), "went away"),
    ],
)
def test_a_file_that_changes_or_vanishes_half_way_is_refused(change, words, tmp_path, library):
    path = media.write_audio(tmp_path / "a.wav", media.noise(40.0, channels=1))
    done = []

    def meddle(stage: str, fraction: float) -> None:
        if fraction > 0 and not done:
            done.append(change(path))

    with pytest.raises(MediaError, match=words) as caught:
        take_in(path, library, on_progress=meddle)
    assert caught.value.hint
    assert files_below(library) == []


@pytest.mark.parametrize("stage", ["Copying", "Reading the sound"])
def test_an_aborted_ingest_leaves_nothing(stage, tmp_path, library):
    path = media.write_audio(tmp_path / "a.mp3", media.song(10.0))

    def stop(now: str, fraction: float) -> None:
        if now == stage and fraction > 0:
            raise JobAborted

    with pytest.raises(JobAborted):
        take_in(path, library, on_progress=stop)
    assert files_below(library) == []


def test_limits_are_kept(tmp_path, library):
    path = media.write_audio(tmp_path / "a.wav", media.sine(2.0))
    with pytest.raises(MediaError, match="longer than 0:01"):
        take_in(path, library, settings=Settings(max_duration_s=1.0))
    with pytest.raises(MediaError, match="larger than"):
        take_in(path, library, settings=Settings(max_source_bytes=1000))
    assert files_below(library) == []


def test_a_length_that_no_header_states_is_limited_while_decoding(tmp_path, library):
    path = media.write_audio(tmp_path / "a.aac", media.sine(4.0))
    with pytest.raises(MediaError, match="longer than"):
        take_in(path, library, settings=Settings(max_duration_s=1.0))
    assert files_below(library) == []


@pytest.mark.parametrize("source", [DirectUrl(url="https://a.b/c.mp3"), YouTube(url="x")])
def test_network_sources_are_not_available_yet(source, library):
    with pytest.raises(NotAvailableYetError):
        ingest.run(IngestParams(source=source), LocalContext(library))


def test_a_full_disk_is_said_so(tmp_path, library, monkeypatch):
    path = media.write_audio(tmp_path / "a.wav", media.sine(0.5))
    monkeypatch.setattr(
        shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**9, 10**9 - 1000, 1000)
    )
    with pytest.raises(KnownError, match="disk space") as caught:
        take_in(path, library)
    assert caught.value.code == "disk"
    assert files_below(library) == []


# --- prepare ----------------------------------------------------------------------------------


def test_a_bare_file_is_mixed_to_48_khz_stereo(tmp_path, library):
    sound = media.sine(1.0, channels=1, sample_rate_hz=44_100)
    asset = asset_from(media.write_audio(tmp_path / "a.wav", sound, sample_rate_hz=44_100), library)
    finished, ctx = mix(asset, library)
    publish(finished)
    assert isinstance(finished.result, PrepareResult)
    reader = PreparedReader(ctx.paths.prepared(finished.result.prepared_key))
    assert (reader.sample_rate_hz, reader.channels, reader.n_samples) == (48_000, 2, 48_000)
    got = np.concatenate(list(reader.blocks()), axis=1)[:, 2000:-2000]
    want = media.sine(1.0)[:, 2000:-2000]
    assert np.abs(got - want).max() < 2e-4
    recipe = identity_recipe(asset.id)
    stored = ctx.paths.recipe(hash_of(recipe)).read_bytes()
    assert from_json(stored, Recipe) == recipe


def test_the_same_recipe_is_mixed_once_and_to_the_same_bytes(tmp_path, library):
    asset = asset_from(media.write_audio(tmp_path / "a.mp3", media.song(2.0)), library)
    first, ctx = mix(asset, library)
    publish(first)
    final = ctx.paths.prepared(first.result.prepared_key)
    made, bytes_made = final.stat().st_ino, final.read_bytes()
    second, _ = mix(asset, library)
    publish(second)
    assert second.result == first.result
    assert final.stat().st_ino == made
    final.unlink()
    third, _ = mix(asset, library)
    publish(third)
    assert final.read_bytes() == bytes_made


def test_a_damaged_mixdown_is_made_anew(tmp_path, library):
    asset = asset_from(media.write_audio(tmp_path / "a.wav", media.song(1.0)), library)
    first, ctx = mix(asset, library)
    publish(first)
    final = ctx.paths.prepared(first.result.prepared_key)
    whole = final.read_bytes()
    final.write_bytes(b"rubbish")
    again, _ = mix(asset, library)
    publish(again)
    assert final.read_bytes() == whole


def test_an_evicted_sound_is_made_again_from_the_original(tmp_path, library):
    asset = asset_from(media.write_audio(tmp_path / "a.m4a", media.song(2.0)), library)
    first, ctx = mix(asset, library)
    publish(first)
    final = ctx.paths.prepared(first.result.prepared_key)
    whole = final.read_bytes()
    final.unlink()
    ctx.paths.pcm(asset.pcm.key).unlink()
    again, _ = mix(asset, library)
    publish(again)
    assert final.read_bytes() == whole
    assert has_pcm(ctx.paths.pcm(asset.pcm.key), asset.pcm)


def test_a_missing_original_is_said_so(tmp_path, library):
    asset = asset_from(media.write_audio(tmp_path / "a.wav", media.song(1.0)), library)
    paths = LocalContext(library).paths
    paths.pcm(asset.pcm.key).unlink()
    paths.original(asset.sha256, asset.name).unlink()
    with pytest.raises(LibraryError, match="original"):
        mix(asset, library)


def test_peaks_over_full_scale_are_held_and_reported(tmp_path, library):
    sound = media.sine(1.0, amplitude=1.5)
    asset = asset_from(media.write_audio(tmp_path / "a.wav", sound, codec=".wavf32"), library)
    finished, ctx = mix(asset, library)
    publish(finished)
    assert finished.result.limited_peak_db == pytest.approx(20 * np.log10(1.5), abs=0.01)
    reader = PreparedReader(ctx.paths.prepared(finished.result.prepared_key))
    assert max(np.abs(block).max() for block in reader.blocks()) < 1.0
    again, _ = mix(asset, library)
    assert again.result.limited_peak_db == pytest.approx(3.522, abs=0.001)


def test_a_recipe_of_nothing_is_refused(tmp_path, library):
    asset = asset_from(media.write_audio(tmp_path / "a.wav", media.sine(1.0)), library)
    late = Recipe(clips=(Clip(asset_id=asset.id, start_s=Fraction(5)),))
    for recipe in (Recipe(clips=()), late):
        with pytest.raises(KnownError) as caught:
            mix(asset, library, recipe)
        assert caught.value.hint


@pytest.mark.parametrize("linear", [True, False])
def test_a_mix_comes_to_its_loudness_and_tells_how(linear, tmp_path, library):
    # A quiet tone has room to be raised; a tone with clicks as high as can be has none.
    sound = media.sine(6.0, amplitude=0.05)
    if not linear:
        sound[:, ::24_000] = 0.95
    asset = asset_from(media.write_audio(tmp_path / "a.wav", sound), library)
    target = preset_target("youtube")
    recipe = msgspec.structs.replace(identity_recipe(asset.id), loudness=target)
    finished, ctx = mix(asset, library, recipe)
    publish(finished)
    report = finished.result.loudness
    reader = PreparedReader(ctx.paths.prepared(finished.result.prepared_key))
    measured = measure_loudness(reader.blocks(), reader.sample_rate_hz, reader.channels)
    assert abs(measured.integrated_lufs - target.integrated_lufs) < 0.2
    assert measured.true_peak_dbtp <= target.true_peak_dbtp + 0.05
    assert report.is_linear is linear
    assert report.after.integrated_lufs == pytest.approx(measured.integrated_lufs, abs=1e-6)
    assert reader.report == report
    again, _ = mix(asset, library, recipe)
    assert again.result.loudness == report
