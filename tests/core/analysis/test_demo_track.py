"""The bundled demo track: small, tagged, and everything a scene needs is found in it."""

from pathlib import Path

import av
import numpy as np
import pytest

from core.analysis.analyzer import analyze_source
from core.analysis.features import Features, open_features
from core.analysis.source import ArraySource

DEMO = Path(__file__).parents[3] / "resources" / "demo" / "first-light.opus"
BEAT_S = 60 / 112
KICK_BARS = (*range(4, 8), *range(10, 14))
KICKS_S = np.array([(4 * bar + beat) * BEAT_S for bar in KICK_BARS for beat in range(4)])


@pytest.fixture(scope="module")
def demo(tmp_path_factory) -> Features:
    with av.open(DEMO) as file:
        samples = np.concatenate([frame.to_ndarray() for frame in file.decode(audio=0)], axis=1)
    path = tmp_path_factory.mktemp("demo") / "features"
    analyze_source(ArraySource(samples, 48_000), path)
    return open_features(path)


def test_the_file_is_small_and_tagged():
    assert DEMO.stat().st_size < 1_500_000
    with av.open(DEMO) as file:
        tags = file.streams.audio[0].metadata  # where Ogg keeps them
        assert (tags["title"], tags["artist"]) == ("First Light", "Cymatic")
        assert 20 <= file.duration / av.time_base <= 40
    assert DEMO.name in (DEMO.parent / "LICENSE").read_text()


def test_it_is_mixed_for_listening(demo):
    assert demo.header.loudness_lufs == pytest.approx(-12, abs=1)
    assert -2 < demo.header.true_peak_dbtp <= -1


def test_every_kick_is_found_where_it_is(demo):
    events = demo.events("bass.onset")
    nearest = [np.abs(events.times_s - time).argmin() for time in KICKS_S]
    assert np.percentile(np.abs(events.times_s[nearest] - KICKS_S), 90) < 0.005
    assert np.min(events.strengths[nearest]) > 0.5


def test_beats_and_bars_are_right(demo):
    assert demo.header.tempo_bpm == pytest.approx(112, rel=0.005)
    beats = np.array(demo.beats.times_s)
    number = np.rint(beats / BEAT_S)
    assert np.abs(beats - number * BEAT_S).max() < 0.04
    assert (number[demo.beats.first_downbeat :: 4] % 4 == 0).all()


def test_it_has_quiet_and_loud_parts(demo):
    level = demo.column("level")
    groove, rest = slice(900, 1_700), slice(1_750, 1_900)
    assert level[groove].mean() > 2 * level[rest].mean()
