"""Stretches of sound are found where they were put, to the sample."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.audio.pcm import PcmReader
from core.audio.peaks import PeakPyramid, PeakWriter
from core.audio.silence import SilenceRule, Stretch, find_sounds, programme_level_db
from core.errors import UsageError
from core.library.model import PcmInfo

RATE = 8_000


def cached(folder: Path, wave: np.ndarray, *, rate: int = RATE) -> tuple[PcmReader, PeakPyramid]:
    """Write a sound as ingest does, without a file to decode; float32 or int16 (channels, n)."""
    form = "i2" if wave.dtype == np.int16 else "f4"
    info = PcmInfo(
        key="k",
        sample_rate_hz=rate,
        channels=len(wave),
        n_samples=wave.shape[1],
        sample_format=form,
        peak=1.0,
    )
    (folder / "pcm").write_bytes(np.ascontiguousarray(wave.T).tobytes())
    with PeakWriter(folder / "peaks") as peaks:
        peaks.add(wave)
        peaks.finish(info)
    return PcmReader(folder / "pcm", info), PeakPyramid.open(folder / "peaks")


def sounding(seconds: float, *spans: tuple[int, int], floor: float = 0.0) -> np.ndarray:
    """Return noise at half scale in the spans (samples), and a noise floor elsewhere."""
    rng = np.random.default_rng(7)
    n = round(seconds * RATE)
    wave = rng.uniform(-floor, floor, (2, n)) if floor else np.zeros((2, n))
    for start, stop in spans:
        wave[1, start:stop] = 0.5 * np.sign(rng.uniform(-1, 1, stop - start))
    return wave.astype(np.float32)


def samples(stretches: tuple[Stretch, ...], rate: int = RATE) -> list[tuple[int, int]]:
    return [(round(s.start_s * rate), round(s.end_s * rate)) for s in stretches]


BARE = SilenceRule(pad_s=0.0)


@pytest.mark.parametrize("floor", [0.0, 0.003])
def test_sounds_are_found_to_the_sample_over_a_noise_floor(tmp_path, floor):
    spans = [(4_001, 9_999), (16_123, 24_457), (39_000, 39_999)]
    got = find_sounds(*cached(tmp_path, sounding(5, *spans, floor=floor)), BARE)
    assert samples(got) == spans


def test_padding_stays_inside_the_sound_and_joins_what_it_makes_meet(tmp_path):
    wave = sounding(5, (100, 8_000), (12_500, 20_000), (30_000, 40_000))
    got = find_sounds(*cached(tmp_path, wave), SilenceRule(pad_s=0.3))
    assert samples(got) == [(0, 22_400), (27_600, 40_000)]


def test_a_short_pause_belongs_to_the_sound(tmp_path):
    source = cached(tmp_path, sounding(3, (1_000, 8_000), (11_999, 20_000)))
    assert samples(find_sounds(*source, BARE)) == [(1_000, 20_000)]
    rule = SilenceRule(pad_s=0.0, min_silence_s=0.4999)
    assert samples(find_sounds(*source, rule)) == [(1_000, 8_000), (11_999, 20_000)]


def test_a_click_alone_in_silence_is_silence(tmp_path):
    wave = sounding(6, (2_000, 2_003), (20_000, 20_801), (30_000, 30_799))
    assert samples(find_sounds(*cached(tmp_path, wave), BARE)) == [(20_000, 20_801)]


def test_a_single_loud_sample_in_any_channel_counts_when_clicks_do(tmp_path):
    wave = sounding(2)
    wave[0, 7_777] = -0.25
    rule = SilenceRule(pad_s=0.0, min_sound_s=0.0)
    assert samples(find_sounds(*cached(tmp_path, wave), rule)) == [(7_777, 7_778)]


def test_digital_silence_has_no_sound_and_no_level(tmp_path):
    reader, peaks = cached(tmp_path, sounding(2))
    assert find_sounds(reader, peaks) == ()
    assert find_sounds(reader, peaks, SilenceRule(relative=True)) == ()
    assert programme_level_db(peaks) is None


def test_only_the_stretch_asked_for_is_looked_at(tmp_path):
    source = cached(tmp_path, sounding(4, (3_000, 9_000), (20_000, 25_000)))
    got = find_sounds(*source, start_s=Fraction(8_000, RATE), end_s=Fraction(21_001, RATE))
    assert samples(got) == [(8_000, 9_800), (19_200, 21_001)]
    assert find_sounds(*source, start_s=Fraction(9)) == ()
    got = find_sounds(*source, BARE, start_s=Fraction(9_010, RATE), end_s=Fraction(19_990, RATE))
    assert got == ()


def test_a_relative_threshold_follows_the_level(tmp_path):
    wave = sounding(4, (8_000, 16_000), floor=0.004)
    for at, gain in enumerate((1.0, 0.02)):
        folder = tmp_path / str(at)
        folder.mkdir()
        source = cached(folder, (wave * gain).astype(np.float32))
        rule = SilenceRule(relative=True, threshold_db=-30, pad_s=0)
        assert samples(find_sounds(*source, rule)) == [(8_000, 16_000)]
        want = 20 * np.log10(0.5 * gain)
        assert programme_level_db(source[1]) == pytest.approx(want, abs=1.0)  # columns at the edges


def test_sixteen_bit_sound_is_read_the_same(tmp_path):
    wave = (sounding(3, (5_000, 12_345)) * 32767).astype(np.int16)
    assert samples(find_sounds(*cached(tmp_path, wave), BARE)) == [(5_000, 12_345)]


def slow_reference(wave: np.ndarray, rule: SilenceRule) -> list[tuple[int, int]]:
    """Walk sample by sample."""
    steps = max(np.ceil(10 ** (rule.threshold_db / 20) * 16_384), 1)
    loud = np.flatnonzero(np.abs(wave).max(axis=0) > (steps - 1) / 16_384)
    spans: list[list[int]] = []
    for at in map(int, loud):
        if spans and at - spans[-1][1] < round(rule.min_silence_s * RATE):
            spans[-1][1] = at + 1
        else:
            spans.append([at, at + 1])
    return [(a, b) for a, b in spans if b - a >= rule.min_sound_s * RATE]


@settings(max_examples=60, deadline=None)
@given(
    cuts=st.lists(st.integers(0, 24_000), max_size=16),
    level=st.sampled_from([0.5, 0.006, 0.0057, 0.0001]),
    pause=st.sampled_from([0.064, 0.1, 0.5]),
    shortest=st.sampled_from([0.0, 0.01, 0.1]),
    threshold_db=st.sampled_from([-45.0, -90.0, -20.0]),
)
def test_the_fast_search_equals_the_slow_one(
    tmp_path_factory, cuts, level, pause, shortest, threshold_db
):
    edges = sorted({*cuts, 0, 24_000})
    wave = np.zeros((1, 24_000), np.float32)
    for start, stop in zip(edges[::2], edges[1::2], strict=False):
        wave[0, start:stop] = level * np.cos(np.arange(stop - start))
    rule = SilenceRule(
        threshold_db=threshold_db, min_silence_s=pause, min_sound_s=shortest, pad_s=0
    )
    source = cached(tmp_path_factory.mktemp("s"), wave)
    assert samples(find_sounds(*source, rule)) == slow_reference(wave, rule)


@pytest.mark.parametrize(
    "rule",
    [
        SilenceRule(threshold_db=float("nan")),
        SilenceRule(threshold_db=1.0),
        SilenceRule(min_silence_s=0.0),
        SilenceRule(min_sound_s=-1.0),
        SilenceRule(pad_s=float("inf")),
    ],
)
def test_a_rule_out_of_range_is_refused(tmp_path, rule):
    with pytest.raises(UsageError) as caught:
        find_sounds(*cached(tmp_path, sounding(1)), rule)
    assert caught.value.hint
