"""The PCM cache: its samples are FFmpeg's own, its length is right, its oddities are handled."""

import shutil
import subprocess
from pathlib import Path

import av
import msgspec
import numpy as np
import pytest

from core.audio.decode import BLOCK_SAMPLES, SoundDecoder
from core.audio.pcm import has_pcm, open_pcm, pcm_key, write_pcm
from core.errors import LibraryError, MediaError
from core.ingest.probe import probe_file
from core.library.model import PcmInfo
from tests import media

SAME = 1e-6


def decode(path: Path, folder: Path) -> tuple[PcmInfo, np.ndarray]:
    pcm = folder / "sound.pcm"
    info = write_pcm(
        path, probe_file(path), key="k", pcm_path=pcm, peaks_path=folder / "sound.peaks"
    )
    return info, open_pcm(pcm, info).read(0, info.n_samples)


def ffmpeg_library(path: Path) -> np.ndarray:
    """Return the full decode by the straightforward road: whole frames, resampler to float."""
    frames = []
    with av.open(path) as container:
        resampler = av.AudioResampler("fltp")
        for frame in container.decode(audio=0):
            frame.pts = None
            frames += [one.to_ndarray() for one in resampler.resample(frame)]
        frames += [one.to_ndarray() for one in resampler.resample(None)]
    return np.concatenate(frames, axis=1)


def ffmpeg_command(path: Path, channels: int) -> np.ndarray:
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-map", "0:a:0", "-f", "f32le", "-"]
    raw = subprocess.run(command, capture_output=True, check=True).stdout
    return np.frombuffer(raw, "<f4").reshape(-1, channels).T


KINDS = [
    *[".wav", ".wav24", ".wavf32", ".wavf64", ".wavu8", ".aiff", ".flac", ".flac24", ".alac"],
    *[".mp3", ".m4a", ".mov", ".aac", ".ogg", ".opus", ".mka", ".mkv", ".webm", ".ac3", ".wma"],
]


def file_of(kind: str, folder: Path, samples: np.ndarray, rate: int = 48_000) -> Path:
    suffixes = {".alac": ".m4a", ".flac24": ".flac"}
    suffix = suffixes.get(kind, ".wav" if kind.startswith(".wav") else kind)
    return media.write_audio(folder / f"a{suffix}", samples, codec=kind, sample_rate_hz=rate)


@pytest.mark.parametrize("kind", KINDS)
def test_samples_equal_ffmpegs_full_decode(kind, tmp_path):
    path = file_of(kind, tmp_path, media.song(3.1))
    info, samples = decode(path, tmp_path)
    want = ffmpeg_library(path)
    overlap = min(want.shape[1], samples.shape[1])
    assert abs(want.shape[1] - samples.shape[1]) <= 2048
    assert np.abs(want[:, :overlap] - samples[:, :overlap]).max() <= SAME
    assert info.peak == pytest.approx(np.abs(samples).max(), abs=SAME)


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs the ffmpeg command")
@pytest.mark.parametrize("kind", [".wav", ".flac", ".mp3", ".m4a", ".opus", ".aac"])
def test_samples_equal_the_ffmpeg_commands(kind, tmp_path):
    path = file_of(kind, tmp_path, media.song(3.1))
    info, samples = decode(path, tmp_path)
    want = ffmpeg_command(path, info.channels)
    overlap = min(want.shape[1], samples.shape[1])
    assert abs(want.shape[1] - samples.shape[1]) <= 2048
    assert np.abs(want[:, :overlap] - samples[:, :overlap]).max() <= SAME


@pytest.mark.parametrize("kind", [".wav", ".flac", ".alac", ".mp3", ".m4a", ".ogg", ".opus"])
def test_length_is_that_of_what_was_encoded(kind, tmp_path):
    info, _ = decode(file_of(kind, tmp_path, media.song(3.1)), tmp_path)
    assert info.n_samples == round(3.1 * 48_000)


@pytest.mark.parametrize(
    ("kind", "stored"), [(".wav", "i2"), (".flac", "i2"), (".alac", "i2"), (".flac24", "f4")]
)
def test_sixteen_bit_sources_are_kept_as_sixteen_bits(kind, stored, tmp_path):
    info, _ = decode(file_of(kind, tmp_path, media.song(0.5)), tmp_path)
    assert info.sample_format == stored


@pytest.mark.parametrize("channels", [1, 2, 3, 5, 6, 8])
def test_any_number_of_channels_keeps_its_order(channels, tmp_path):
    levels = np.arange(1, channels + 1)[:, None] / 16
    sound = (levels * np.ones((channels, 4000))).astype(np.float32)
    path = media.write_audio(tmp_path / "a.wav", sound)
    info, samples = decode(path, tmp_path)
    assert info.channels == channels
    assert np.array_equal(samples, sound)


@pytest.mark.parametrize("n", [1, 255, 256, 257, BLOCK_SAMPLES, BLOCK_SAMPLES + 1])
def test_any_length_comes_through_whole(n, tmp_path):
    sound = media.noise(3.0, channels=1)[:, :n]
    info, samples = decode(media.write_audio(tmp_path / "a.wav", sound), tmp_path)
    assert info.n_samples == n
    assert np.array_equal(samples * 32768, media.quantise(sound, "s16"))


def test_a_change_of_rate_and_channels_in_mid_stream_becomes_the_first(tmp_path):
    first = media.write_audio(
        tmp_path / "1.mp3", media.sine(12.0, sample_rate_hz=44_100), sample_rate_hz=44_100
    )
    second = media.write_audio(tmp_path / "2.mp3", media.sine(1.0, channels=1))
    joined = tmp_path / "joined.mp3"
    joined.write_bytes(first.read_bytes() + second.read_bytes())
    probe = probe_file(joined)
    decoder = SoundDecoder(joined, probe)
    blocks = [block.copy() for block in decoder.blocks()]
    assert (decoder.sample_rate_hz, decoder.channels) == (44_100, 2)
    samples = np.concatenate(blocks, axis=1)
    assert samples.shape[1] == pytest.approx(13 * 44_100, abs=4000)
    tail = samples[:, -30_000:-10_000]
    spectrum = np.abs(np.fft.rfft(tail[0] * np.hanning(tail.shape[1])))
    assert np.argmax(spectrum) * 44_100 / tail.shape[1] == pytest.approx(440, abs=3)


def test_a_read_past_the_end_is_shorter(tmp_path):
    info, _ = decode(media.write_audio(tmp_path / "a.wav", media.sine(0.1)), tmp_path)
    reader = open_pcm(tmp_path / "sound.pcm", info)
    assert reader.read(4000, 9000).shape == (2, 800)
    assert reader.read(9000, 9999).shape == (2, 0)
    piece = reader.read(10, 20)
    assert piece.dtype == np.float32
    assert piece.flags.c_contiguous


def test_a_cache_file_that_is_not_whole_is_refused(tmp_path):
    info, _ = decode(media.write_audio(tmp_path / "a.wav", media.sine(0.1)), tmp_path)
    media.truncate(tmp_path / "sound.pcm")
    assert not has_pcm(tmp_path / "sound.pcm", info)
    with pytest.raises(LibraryError, match="cache"):
        open_pcm(tmp_path / "sound.pcm", info)


def test_broken_packets_in_the_middle_say_where(tmp_path):
    path = media.write_audio(tmp_path / "a.flac", media.noise(20.0))
    data = bytearray(path.read_bytes())
    data[len(data) // 4 : len(data) * 3 // 4] = bytes(len(data) * 3 // 4 - len(data) // 4)
    path.write_bytes(data)
    with pytest.raises(MediaError, match=r"damaged at 0:\d\d"):
        decode(path, tmp_path)


@pytest.mark.parametrize(("missing", "kept"), [(700, 700), (3000, 3000), (60_000, 0)])
@pytest.mark.parametrize("kind", [".m4a", ".alac"])
def test_padding_after_the_declared_end_is_cut_unless_the_header_lies(
    kind, missing, kept, tmp_path
):
    path = file_of(kind, tmp_path, media.song(3.0))
    probe = probe_file(path)
    stream = probe.streams[0]
    length = 3 * 48_000
    shorter = msgspec.structs.replace(stream, duration_s=(length - missing) / 48_000)
    probe = msgspec.structs.replace(probe, streams=(shorter,))
    whole, _ = decode(path, tmp_path)
    blocks = [block.copy() for block in SoundDecoder(path, probe).blocks()]
    samples = np.concatenate(blocks, axis=1)
    assert samples.shape[1] == length - kept
    reader = open_pcm(tmp_path / "sound.pcm", whole)
    full = 32768 if samples.dtype == np.int16 else 1
    assert np.array_equal(samples.astype(np.float32) / full, reader.read(0, length - kept))


def test_the_key_tells_originals_and_streams_apart():
    keys = {pcm_key("a" * 64, 0), pcm_key("a" * 64, 1), pcm_key("b" * 64, 0)}
    assert len(keys) == 3
