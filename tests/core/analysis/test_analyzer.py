"""The whole analysis on sounds whose features are known."""

from pathlib import Path

import numpy as np
import pytest

from core.analysis.analyzer import analyze_source
from core.analysis.bands import BANDS
from core.analysis.features import Features, open_features
from core.analysis.source import ArraySource

RATE = 48_000


def analysed(folder: Path, samples: np.ndarray, rate: int = RATE) -> Features:
    path = folder / "features"
    analyze_source(ArraySource(np.atleast_2d(samples).astype(np.float32), rate), path)
    return open_features(path)


def sine(freq_hz: float, duration_s: float = 3.0, rate: int = RATE) -> np.ndarray:
    return 0.5 * np.sin(2 * np.pi * freq_hz * np.arange(round(duration_s * rate)) / rate)


@pytest.mark.parametrize("rate", [44_100, 48_000])
@pytest.mark.parametrize(
    ("band", "freq_hz"),
    [(name, freq) for (name, low, high) in BANDS for freq in [np.sqrt(low * high)]],
)
def test_a_sine_lights_its_own_band_and_no_other(tmp_path, band, freq_hz, rate):
    features = analysed(tmp_path, sine(freq_hz, 1.5, rate), rate)
    middle = slice(40, 110)
    levels = {name: features.column(f"{name}.level")[middle].mean() for name, _, _ in BANDS}
    assert levels.pop(band) > 0.9
    assert max(levels.values()) < 0.2


def test_rms_centroid_flatness_and_width_are_what_they_say(tmp_path):
    features = analysed(tmp_path, sine(1_000))
    middle = slice(20, 280)
    assert features.column("rms")[middle] == pytest.approx(0.5 / np.sqrt(2), rel=0.01)
    assert features.column("centroid")[middle] == pytest.approx(1_000, rel=0.02)
    assert features.column("flatness")[middle].max() < 0.01
    assert features.column("width").max() == 0
    noise = np.random.default_rng(1).standard_normal((2, 2 * RATE)) * 0.1
    features = analysed(tmp_path, noise)
    assert features.column("flatness")[10:-10].mean() == pytest.approx(0.56, abs=0.03)
    assert features.column("width")[10:-10].mean() == pytest.approx(0.5, abs=0.03)
    features = analysed(tmp_path, np.stack((noise[0], -noise[0])))
    assert features.column("width")[10:-10].min() > 0.99


def test_levels_do_not_depend_on_gain(tmp_path):
    rng = np.random.default_rng(2)
    swell = rng.standard_normal(4 * RATE) * 0.3 * np.linspace(0.05, 1, 4 * RATE)
    loud = analysed(tmp_path, swell)
    levels = {name: np.array(loud.column(f"{name}.level")) for name, _, _ in BANDS}
    quiet = analysed(tmp_path, 0.02 * swell)
    for name, level in levels.items():
        np.testing.assert_allclose(quiet.column(f"{name}.level"), level, atol=0.01)


def test_the_envelope_falls_by_e_in_150_ms(tmp_path):
    burst = np.zeros(2 * RATE)
    burst[RATE // 2 : RATE] = np.random.default_rng(3).standard_normal(RATE // 2) * 0.2
    features = analysed(tmp_path, burst)
    envelope, level = features.column("mid.envelope"), features.column("mid.level")
    assert (envelope >= level - 1e-6).all()
    assert envelope[125] / envelope[110] == pytest.approx(np.exp(-1), rel=0.02)


@pytest.mark.parametrize("rate", [44_100, 48_000])
def test_a_click_lies_in_the_hop_and_the_frame_that_hold_it(tmp_path, rate):
    rng = np.random.default_rng(4)
    samples = np.arange(1, 60) * rate // 4 + rng.integers(0, rate // 10, 59)
    click = np.zeros(16 * rate)
    click[samples] = 0.8
    features = analysed(tmp_path, click, rate)
    events = features.events("onset")
    np.testing.assert_allclose(events.times_s, samples / rate, atol=1.5 / rate)
    column = features.column("onset")
    np.testing.assert_array_equal(np.flatnonzero(column), np.rint(samples / rate * 100))
    assert column[column > 0].min() > 0.5


def test_clicks_on_frame_edges_flash_on_the_frame_they_start(tmp_path):
    frames = np.arange(15, 300, 15)
    for fps_num, fps_den in ((24, 1), (30, 1), (60, 1), (30_000, 1_001)):
        click = np.zeros(13 * RATE)
        starts = -(-frames * RATE * fps_den // fps_num)
        starts, wanted = starts[starts < 12 * RATE], frames[starts < 12 * RATE]
        t = np.arange(480) / RATE
        for start in starts:
            click[start : start + 480] = 0.7 * np.cos(2 * np.pi * 1_000 * t) * np.exp(-t / 0.003)
        events = analysed(tmp_path, click).events("onset")
        seen = np.floor(events.times_s * fps_num / fps_den + 1e-6).astype(int)
        np.testing.assert_array_equal(seen, wanted)


@pytest.mark.parametrize("freq_hz", [50.0, 220.0, 3_000.0])
def test_a_steady_tone_has_no_onsets_after_its_start(tmp_path, freq_hz):
    features = analysed(tmp_path, sine(freq_hz, 6.0))
    for kind in ("onset", "bass.onset", "mid.onset"):
        times = features.events(kind).times_s
        assert not len(times[(times > 0.1) & (times < 5.9)])


ODD = {
    "nothing": np.zeros((1, 1)),
    "one sample": np.ones((2, 1)),
    "a tenth of a second": np.random.default_rng(5).standard_normal((2, 4_800)) * 0.1,
    "silence": np.zeros((2, 4 * RATE)),
    "constant": np.full((1, 4 * RATE), 0.5),
    "full scale noise": np.clip(np.random.default_rng(6).standard_normal((2, 4 * RATE)), -1, 1),
    "six channels": np.random.default_rng(7).standard_normal((6, RATE)) * 0.1,
    "far too quiet": np.random.default_rng(8).standard_normal((1, RATE)) * 1e-30,
    "not numbers": np.array([[0.0, np.nan, 0.5, np.inf, -np.inf] * 9_600]),
    "absurdly loud": np.full((1, RATE), 3e38),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_sounds_give_finite_features_and_no_beat(tmp_path, name):
    features = analysed(tmp_path, ODD[name])
    for column in features.columns:
        values = features.column(column)
        assert np.isfinite(values).all()
        if column not in ("centroid", "flux", "tempo"):
            assert values.min() >= 0
            assert values.max() <= 1
    assert features.header.tempo_bpm is None
    assert features.beats.times_s == ()


def test_silence_is_dark_and_has_no_loudness(tmp_path):
    features = analysed(tmp_path, ODD["silence"])
    assert features.header.loudness_lufs is None
    assert all(features.column(f"{name}.level").max() == 0 for name, _, _ in BANDS)


def test_an_empty_band_stays_dark(tmp_path):
    low = sine(80) + 1e-6 * np.random.default_rng(9).standard_normal(3 * RATE)
    assert analysed(tmp_path, low).column("air.level")[20:-20].max() < 0.1


def test_the_same_sound_gives_the_same_bytes_in_blocks_of_any_size(tmp_path):
    class Ragged(ArraySource):
        def blocks(self, start, stop, size):
            yield from super().blocks(start, stop, 7_777)

    sound = np.random.default_rng(10).standard_normal((2, 3 * RATE)).astype(np.float32) * 0.1
    for index in range(2):
        analyze_source(ArraySource(sound, RATE), tmp_path / str(index))
    assert (tmp_path / "0").read_bytes() == (tmp_path / "1").read_bytes()
    analyze_source(Ragged(sound, RATE), tmp_path / "ragged")
    one, other = open_features(tmp_path / "0"), open_features(tmp_path / "ragged")
    for column in one.columns:
        np.testing.assert_allclose(other.column(column), one.column(column), rtol=1e-3, atol=1e-4)


def test_no_more_than_a_block_of_the_sound_is_asked_for_at_once(tmp_path):
    sizes = []

    class Counted(ArraySource):
        def blocks(self, start, stop, size):
            sizes.append(size)
            return super().blocks(start, stop, size)

    analyze_source(Counted(np.zeros((2, 10 * RATE), np.float32), RATE), tmp_path / "features")
    assert sizes == [2 * RATE]


def test_progress_rises_to_one_and_an_abort_leaves_nothing(tmp_path):
    reports: list[float] = []
    sound = ArraySource(np.zeros((1, 5 * RATE), np.float32), RATE)
    analyze_source(sound, tmp_path / "features", progress=reports.append)
    assert reports == sorted(reports)
    assert reports[-1] == 1.0
    (tmp_path / "features").unlink()

    def stop(fraction: float) -> None:
        if fraction > 0.5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        analyze_source(sound, tmp_path / "features", progress=stop)
    assert list(tmp_path.iterdir()) == []
