"""Prepared audio: the same sound is the same file; every range is read to the sample."""

from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.audio.limiter import CEILING, REACH_S, PeakLimiter
from core.audio.prepared import STEPS, PreparedReader, write_prepared
from core.errors import KnownError, LibraryError
from tests import media


def write(path: Path, samples: np.ndarray, rate: int = 48_000, block: int = 10_000):
    blocks = (samples[:, at : at + block] for at in range(0, samples.shape[1], block))
    return write_prepared(blocks, path, sample_rate_hz=rate, channels=len(samples))


def read(path: Path, *span: int) -> np.ndarray:
    reader = PreparedReader(path)
    blocks = list(reader.blocks(*span))
    return np.concatenate(blocks, axis=1) if blocks else np.zeros((reader.channels, 0))


@pytest.fixture(scope="module")
def prepared(tmp_path_factory) -> tuple[Path, np.ndarray]:
    path = tmp_path_factory.mktemp("prepared") / "a.flac"
    write(path, media.song(30.0))
    return path, read(path)


@settings(max_examples=80, deadline=None)
@given(start=st.integers(0, 1_440_010), length=st.integers(0, 9000), size=st.integers(1, 5000))
def test_any_range_is_read_to_the_sample(prepared, start, length, size):
    path, whole = prepared
    got = list(PreparedReader(path).blocks(start, start + length, size))
    want = whole[:, start : start + length]
    assert all(block.shape[1] == size for block in got[:-1])
    joined = np.concatenate(got, axis=1) if got else whole[:, :0]
    assert np.array_equal(joined, want)
    assert all(block.flags.c_contiguous and block.dtype == np.float32 for block in got)


def test_the_same_sound_is_the_same_bytes_however_it_is_cut_into_blocks(tmp_path):
    sound = media.song(4.0) * 1.8
    write(tmp_path / "a.flac", sound, block=777)
    write(tmp_path / "b.flac", sound, block=100_000)
    assert (tmp_path / "a.flac").read_bytes() == (tmp_path / "b.flac").read_bytes()


def test_the_file_is_24_bit_flac(tmp_path):
    write(tmp_path / "a.flac", media.song(1.0))
    with av.open(tmp_path / "a.flac") as container:
        stream = container.streams.audio[0]
        assert (stream.codec_context.name, stream.codec_context.bits_per_raw_sample) == ("flac", 24)


def test_dither_is_two_steps_wide_and_without_bias(tmp_path):
    sound = media.song(8.0)
    write(tmp_path / "a.flac", sound)
    error = (read(tmp_path / "a.flac").astype(np.float64) - sound) * STEPS
    assert np.abs(error).max() <= 1.51
    assert abs(error.mean()) < 0.01
    assert error.std() == pytest.approx(0.5, rel=0.05)  # triangular dither and rounding together


def test_what_lies_on_the_steps_already_stays_as_it_is(tmp_path):
    sound = media.quantise(media.song(3.0), "s16").astype(np.float32) / 32768
    for name, samples in [("a", sound), ("b", media.silence(1.0)), ("c", -np.ones_like(sound))]:
        write(tmp_path / f"{name}.flac", samples)
        assert np.array_equal(read(tmp_path / f"{name}.flac"), samples)


@pytest.mark.parametrize("channels", [1, 2, 6, 8])
@pytest.mark.parametrize("rate", [44_100, 48_000, 96_000])
def test_any_form_of_mix_comes_back(channels, rate, tmp_path):
    sound = media.noise(0.3, channels=channels, sample_rate_hz=rate)
    info = write(tmp_path / "a.flac", sound, rate)
    reader = PreparedReader(tmp_path / "a.flac")
    assert (reader.sample_rate_hz, reader.channels, reader.n_samples) == (
        *(rate, channels),
        info.n_samples,
    )
    assert np.abs(read(tmp_path / "a.flac") - sound).max() < 2 / STEPS


def test_a_single_sample_is_a_file_too(tmp_path):
    write(tmp_path / "a.flac", media.sine(0.1)[:, 5:6])
    assert read(tmp_path / "a.flac").shape == (2, 1)


def test_nothing_is_no_file(tmp_path):
    with pytest.raises(KnownError, match="no sound"):
        write(tmp_path / "a.flac", media.silence(0.0))


def test_a_damaged_file_is_said_so(tmp_path):
    write(tmp_path / "a.flac", media.song(5.0))
    media.truncate(tmp_path / "a.flac")
    with pytest.raises(LibraryError, match="damaged"):
        read(tmp_path / "a.flac")
    (tmp_path / "b.flac").write_bytes(b"no flac")
    for name in ("b.flac", "missing.flac"):
        with pytest.raises(LibraryError):
            PreparedReader(tmp_path / name)


# --- limiter ----------------------------------------------------------------------------------


def limited(samples: np.ndarray, block: int) -> tuple[np.ndarray, PeakLimiter]:
    limiter = PeakLimiter(48_000)
    blocks = (samples[:, at : at + block] for at in range(0, samples.shape[1], block))
    return np.concatenate(list(limiter.limit(blocks)), axis=1), limiter


@settings(max_examples=25, deadline=None)
@given(
    overs=st.lists(
        st.tuples(st.integers(0, 199_999), st.floats(1.0, 4.0)), min_size=1, max_size=12
    ),
    block=st.integers(500, 90_000),
)
def test_overs_are_held_and_the_rest_is_untouched(overs, block):
    samples = media.noise(200_000 / 48_000, seed=5)
    for at, level in overs:
        samples[at % 2, at] = level
    out, limiter = limited(samples, block)
    assert out.shape == samples.shape
    assert np.abs(out).max() <= 1.0
    assert limiter.peak == np.abs(samples).max()
    reach = round(REACH_S * 48_000) + 1
    near = np.zeros(samples.shape[1], bool)
    for at in np.nonzero(np.abs(samples).max(axis=0) > 1.0)[0]:
        near[max(0, at - reach) : at + reach + 1] = True
    assert np.array_equal(out[:, ~near], samples[:, ~near])
    whole, _ = limited(samples, samples.shape[1])
    assert np.array_equal(out, whole)


def test_a_peak_is_brought_exactly_to_the_ceiling_without_a_step():
    samples = media.silence(1.0)
    samples += np.float32(0.5)
    samples[0, 20_000] = 2.0
    out, limiter = limited(samples, 48_000)
    assert out[0, 20_000] == pytest.approx(CEILING, abs=1e-5)
    assert limiter.limited_peak_db == pytest.approx(6.02, abs=0.01)
    gain = out[1] / samples[1]
    assert np.abs(np.diff(gain)).max() < 0.005


def test_sound_within_full_scale_passes_bit_by_bit():
    samples = media.song(3.0)
    out, limiter = limited(samples, 1234)
    assert np.array_equal(out, samples)
    assert limiter.limited_peak_db is None
