"""Features for other programs: every column, in every format, whole or not at all."""

import csv
import json

import numpy as np
import pytest

from core.analysis.beatgrid import BeatGrid
from core.analysis.export import export_features
from core.analysis.features import Events, FeatureHeader, Features, features_of
from core.errors import DiskError, UsageError

N = 5_001


@pytest.fixture
def features() -> Features:
    grid = BeatGrid(duration_s=50.0).with_tempo(120, 0.0)
    header = FeatureHeader(
        n_hops=N, duration_s=50.0, sample_rate_hz=48_000, beats=grid, events={"onset": 1}
    )
    events = {"onset": Events(np.array([1.5]), np.array([0.5], np.float32))}
    return features_of(header, {"rms": np.linspace(0, 1, N)}, events)


def test_npz_holds_every_column_and_the_events(features, tmp_path):
    export_features(features, tmp_path / "a.npz")
    with np.load(tmp_path / "a.npz") as data:
        for name in features.columns:
            np.testing.assert_array_equal(data[name], features.column(name))
        assert data["time_s"][-1] == 50.0
        assert data["events/onset/times_s"].tolist() == [1.5]
        np.testing.assert_allclose(data["beats_s"], features.beats.times_s)


def test_json_holds_every_column_and_the_header(features, tmp_path):
    export_features(features, tmp_path / "a.json")
    document = json.loads((tmp_path / "a.json").read_text())
    assert document["schema"] == "cymatic.features/1"
    payload = document["features"]
    assert list(payload["columns"]) == list(features.columns)
    np.testing.assert_allclose(payload["columns"]["rms"], features.column("rms"), rtol=1e-5)
    assert payload["header"]["hop_s"] == "1/100"
    assert payload["events"]["onset"] == {"times_s": [1.5], "strengths": [0.5]}


def test_csv_has_a_row_per_hop(features, tmp_path):
    export_features(features, tmp_path / "a.csv")
    with (tmp_path / "a.csv").open(newline="") as file:
        head, *rows = csv.reader(file)
    assert head == ["time_s", *features.columns]
    assert len(rows) == N
    table = np.array(rows, np.float64)
    np.testing.assert_allclose(table[:, 0], features.hop_times_s)
    for name in ("rms", "beat_phase", "tempo"):
        np.testing.assert_allclose(
            table[:, head.index(name)], features.column(name), rtol=1e-5, atol=1e-6
        )


def test_another_suffix_is_refused(features, tmp_path):
    with pytest.raises(UsageError, match="xlsx"):
        export_features(features, tmp_path / "a.xlsx")


def test_a_folder_that_is_not_there_is_said_and_nothing_is_left(features, tmp_path):
    with pytest.raises(DiskError):
        export_features(features, tmp_path / "none" / "a.csv")
    assert list(tmp_path.iterdir()) == []
