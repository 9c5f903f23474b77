"""The features file and its reading: exact at any frame rate, honest about damage."""

from fractions import Fraction

import numpy as np
import pytest

from core.analysis.bands import GRID_COLUMNS, MEASURED_COLUMNS
from core.analysis.beatgrid import BeatGrid
from core.analysis.features import (
    Events,
    FeatureHeader,
    features_key,
    features_of,
    n_hops_of,
    open_features,
    write_features,
)
from core.errors import BugError, KnownError, NotFoundError

DURATION_S = 4.0
RATES = [Fraction(24), Fraction(25), Fraction(30000, 1001), Fraction(60), Fraction(24000, 1001)]


def header(**changes) -> FeatureHeader:
    beats = BeatGrid(duration_s=DURATION_S).with_tempo(120, 0.25)
    made = {
        "n_hops": n_hops_of(DURATION_S),
        "duration_s": DURATION_S,
        "sample_rate_hz": 48_000,
        "beats": beats,
        "tempo_bpm": 120.0,
    }
    return FeatureHeader(**(made | changes))


@pytest.fixture
def written(tmp_path):
    rng = np.random.default_rng(1)
    head = header()
    matrix = rng.random((len(head.columns), head.n_hops), dtype=np.float32)
    events = {
        "onset": Events(np.array([0.5, 1.0, 1.02]), np.array([0.3, 1.0, 0.6], np.float32)),
        "bass.onset": Events(np.zeros(0), np.zeros(0, np.float32)),
    }
    path = tmp_path / "features"
    write_features(path, head, iter(matrix), events=events)
    return path, matrix


def test_a_file_gives_back_what_was_written(written):
    path, matrix = written
    features = open_features(path)
    for index, name in enumerate(MEASURED_COLUMNS):
        np.testing.assert_array_equal(features.column(name), matrix[index])
    assert features.header.events == {"onset": 3, "bass.onset": 0}
    np.testing.assert_array_equal(features.events("onset").times_s, [0.5, 1.0, 1.02])
    assert len(features.events("bass.onset")) == 0
    assert features.columns == MEASURED_COLUMNS + GRID_COLUMNS
    assert features.header.hop_s == Fraction(1, 100)


def test_columns_are_mapped_and_read_only(written):
    column = open_features(written[0]).column("rms")
    assert isinstance(column, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        column[0] = 1.0


@pytest.mark.parametrize("fps", RATES)
def test_reading_between_rows_is_linear_at_any_frame_rate(written, fps):
    path, matrix = written
    features = open_features(path)
    times = [n / fps for n in range(int(DURATION_S * fps))]
    found = features.at("bass.level", [float(time) for time in times])
    row = matrix[MEASURED_COLUMNS.index("bass.level")].astype(np.float64)
    for time, value in zip(times, found, strict=True):
        left = int(time * 100)
        share = float(time * 100 - left)
        right = min(left + 1, len(row) - 1)
        assert value == pytest.approx(row[left] * (1 - share) + row[right] * share, abs=1e-6)


def test_reading_outside_the_track_holds_the_end_values(written):
    path, matrix = written
    features = open_features(path)
    row = matrix[MEASURED_COLUMNS.index("rms")]
    np.testing.assert_array_equal(features.at("rms", [-1.0, 99.0]), row[[0, -1]])


def test_onsets_are_not_smeared_between_rows():
    column = np.zeros(n_hops_of(DURATION_S), np.float32)
    column[50] = 0.8
    features = features_of(header(), {"onset": column})
    np.testing.assert_allclose(
        features.at("onset", [0.494, 0.496, 0.504, 0.506]), [0, 0.8, 0.8, 0], atol=1e-7
    )


@pytest.mark.parametrize("fps", RATES)
def test_every_event_is_seen_in_exactly_the_frame_that_holds_it(fps):
    times = np.array([0.2, 0.21, 1.0, 1.001, 2.5, 3.3333])
    events = {"onset": Events(times, np.linspace(0.1, 0.6, 6).astype(np.float32))}
    features = features_of(header(), {}, events)
    edges = np.array([float(n / fps) for n in range(int(DURATION_S * fps) + 1)])
    seen = features.strongest("onset", edges[:-1], edges[1:])
    expected = {int(Fraction(str(time)) * fps // 1) for time in times.tolist()}
    assert set(np.flatnonzero(seen)) == expected
    frame = int(Fraction("0.21") * fps // 1)
    assert seen[frame] == np.float32(0.2)


def test_the_integral_of_a_constant_is_its_time():
    n = n_hops_of(DURATION_S)
    features = features_of(header(), {"rms": np.full(n, 0.5)})
    integral = features.integral("rms")
    assert integral.dtype == np.float64
    np.testing.assert_allclose(integral, 0.5 * np.arange(n) / 100, atol=1e-9)


def test_phases_are_exact_and_follow_a_corrected_grid():
    features = features_of(header(), {})
    np.testing.assert_allclose(
        features.at("beat_phase", [0.25, 0.499, 0.7499, 0.75]), [0, 0.498, 0.9998, 0], atol=1e-6
    )
    halved = features.with_beats(features.beats.halved())
    assert halved.header.tempo_bpm == pytest.approx(60.0)
    np.testing.assert_allclose(halved.at("beat_phase", [0.75]), [0.5], atol=1e-6)
    np.testing.assert_allclose(halved.at("tempo", [1.0]), [60.0], rtol=1e-6)


def test_an_unknown_name_says_what_there_is():
    features = features_of(header(), {})
    with pytest.raises(NotFoundError) as error:
        features.column("loudness")
    assert "bass.level" in error.value.hint
    with pytest.raises(NotFoundError):
        features.events("snare")


@pytest.mark.parametrize("size", [0, 7, 20, 100, 4096])
def test_a_damaged_file_is_refused(written, size):
    path, _ = written
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(KnownError):
        open_features(path)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(KnownError):
        open_features(tmp_path / "nothing")


def test_another_version_is_refused(tmp_path):
    path = tmp_path / "features"
    head = header(version=99)
    write_features(path, head, (np.zeros(head.n_hops, np.float32) for _ in head.columns))
    with pytest.raises(KnownError, match="another version"):
        open_features(path)


def test_numbers_that_are_not_finite_are_never_written(tmp_path):
    head = header()
    bad = np.zeros(head.n_hops, np.float32)
    bad[3] = np.nan
    with pytest.raises(BugError):
        write_features(tmp_path / "features", head, (bad for _ in head.columns))
    assert list(tmp_path.iterdir()) == []


def test_the_key_depends_on_the_sound():
    assert features_key("a") == features_key("a") != features_key("b")
