"""The peak pyramid never hides a sample, at any zoom, and is quick to read."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.audio.decode import BLOCK_SAMPLES
from core.audio.peaks import BASE_SAMPLES, STEPS, PeakPyramid, PeakWriter
from core.errors import LibraryError
from core.library.model import PcmInfo
from tests import media

STEP = 1 / STEPS


def pyramid_of(samples: np.ndarray, path: Path, rate: int = 48_000) -> PeakPyramid:
    short = samples.dtype == np.int16
    with PeakWriter(path) as writer:
        for start in range(0, samples.shape[1], BLOCK_SAMPLES):
            writer.add(samples[:, start : start + BLOCK_SAMPLES])
        info = PcmInfo(
            key="k",
            sample_rate_hz=rate,
            channels=len(samples),
            n_samples=samples.shape[1],
            sample_format="i2" if short else "f4",
            peak=writer.peak,
        )
        writer.finish(info)
    return PeakPyramid.open(path)


@settings(max_examples=60, deadline=None)
@given(
    n=st.integers(1, 200_000),
    channels=st.integers(1, 3),
    seed=st.integers(0, 99),
    n_columns=st.integers(1, 400),
    start=st.floats(0, 0.95),
    length=st.floats(0.001, 1.0),
    short=st.booleans(),
)
def test_columns_bound_every_sample(
    tmp_path_factory, n, channels, seed, n_columns, start, length, short
):
    samples = media.noise(n / 48_000, channels=channels, seed=seed, amplitude=1.0)[:, :n]
    if short:
        samples = media.quantise(samples, "s16")
    pyramid = pyramid_of(samples, tmp_path_factory.mktemp("peaks") / "p")
    floats = samples.astype(np.float32) / (32768 if short else 1)
    start_s, end_s = start * pyramid.duration_s, (start + length) * pyramid.duration_s
    columns = pyramid.columns(start_s, end_s, n_columns)
    assert columns.min.shape == (channels, n_columns)
    edges = np.linspace(start_s, end_s, n_columns + 1) * 48_000
    for index in range(n_columns):
        first, stop = int(np.ceil(edges[index])), int(np.ceil(edges[index + 1]))
        stretch = floats[:, first:stop]
        if stretch.shape[1]:
            assert (columns.min[:, index] <= stretch.min(axis=1)).all()
            assert (columns.max[:, index] >= stretch.max(axis=1)).all()


def test_the_whole_sound_in_one_column_is_exact_to_a_step(tmp_path):
    samples = media.song(5.0)
    column = pyramid_of(samples, tmp_path / "p").columns(0.0, 5.0, 1)
    assert column.max[:, 0] == pytest.approx(samples.max(axis=1), abs=STEP)
    assert column.min[:, 0] == pytest.approx(samples.min(axis=1), abs=STEP)


def test_rms_of_a_sine_is_right_at_every_zoom(tmp_path):
    pyramid = pyramid_of(media.sine(60.0, amplitude=0.8, freq_hz=1000), tmp_path / "p")
    for n in (1, 30, 1000):
        rms = pyramid.columns(0.0, 60.0, n).rms
        assert rms == pytest.approx(0.8 / np.sqrt(2), rel=0.02)


def test_samples_over_full_scale_are_shown(tmp_path):
    pyramid = pyramid_of(media.sine(1.0, amplitude=1.5), tmp_path / "p")
    assert pyramid.columns(0, 1, 10).max.max() == pytest.approx(1.5, abs=2 * STEP)


def test_outside_the_sound_columns_are_zero(tmp_path):
    pyramid = pyramid_of(media.sine(1.0), tmp_path / "p")
    columns = pyramid.columns(-1.0, 2.0, 300)
    assert not columns.max[:, :99].any()
    assert not columns.max[:, 201:].any()
    assert columns.max[:, 101:199].min() > 0.4


def test_a_click_is_seen_at_every_zoom_and_where_it_is(tmp_path):
    samples = media.silence(100.0, channels=1)
    samples[0, 48_000 * 37] = 0.9
    pyramid = pyramid_of(samples, tmp_path / "p")
    for n in (10, 100, 1000, 5000):
        peaks = pyramid.columns(0.0, 100.0, n).max[0]
        hit = int(37 / 100 * n)
        near = peaks[max(0, hit - 1) : hit + 2]
        assert near.max() == pytest.approx(0.9, abs=STEP)


def test_a_thumbnail_is_from_nought_to_one(tmp_path):
    loud = pyramid_of(media.click_track(10.0) * 1.5, tmp_path / "p").thumbnail(64)
    assert loud.shape == (64,)
    assert 0.0 <= loud.min() <= loud.max() <= 1.0


def test_a_file_of_an_hour_is_about_eleven_megabytes(tmp_path):
    pyramid_of(media.noise(36.0), tmp_path / "p")
    assert (tmp_path / "p").stat().st_size * 100 == pytest.approx(10.8e6, rel=0.05)


def test_less_than_one_base_column_is_enough(tmp_path):
    pyramid = pyramid_of(media.noise(1.0)[:, : BASE_SAMPLES // 3], tmp_path / "p")
    assert pyramid.columns(0.0, pyramid.duration_s, 7).max.min() > 0


@pytest.mark.parametrize("damage", [b"", b"rubbish" * 500, None])
def test_what_is_no_peak_file_is_refused(damage, tmp_path):
    pyramid_of(media.sine(1.0), tmp_path / "p")
    whole = (tmp_path / "p").read_bytes()
    (tmp_path / "q").write_bytes(whole[:-6] if damage is None else damage)
    for path in (tmp_path / "q", tmp_path / "missing"):
        with pytest.raises(LibraryError):
            PeakPyramid.open(path)
