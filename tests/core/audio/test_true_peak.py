"""True peak: EBU Tech 3341 cases 15 to 23; what is skipped changes nothing."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import resample

from core.audio.loudness import measure_loudness
from core.audio.true_peak import BOUND, ROW, TruePeakMeter, decibels, row_peaks
from tests import media
from tests.core.audio import ebu_signals as ebu


def peak_dbtp(sound: np.ndarray) -> float:
    return measure_loudness([sound], ebu.RATE, len(sound)).true_peak_dbtp


@pytest.mark.parametrize("case", ebu.TRUE_PEAKS)
def test_3341_cases_15_to_19(case):
    tone, want = ebu.TRUE_PEAKS[case]
    assert want - 0.4 <= peak_dbtp(ebu.true_peak_tone(*tone)) <= want + 0.2


@pytest.mark.parametrize("offset", range(4), ids=lambda offset: f"case {20 + offset}")
def test_3341_cases_20_to_23(offset):
    assert -0.4 <= peak_dbtp(ebu.true_peak_burst(offset)) <= 0.2


@pytest.mark.parametrize("name", ["square 1 kHz", "clicks +12 dB", "gated noise"])
def test_it_is_never_far_from_a_perfect_interpolation_at_the_same_points(name):
    """But for the last octave before half the rate, where every finite interpolator gives in."""
    sound = ebu.worst()[name][:, : ebu.RATE // 4]
    spectrum = np.fft.rfft(sound, axis=1)
    spectrum[:, round(0.84 * spectrum.shape[1]) :] = 0
    sound = np.fft.irfft(spectrum, n=sound.shape[1], axis=1).astype(np.float32)
    perfect = np.abs(resample(sound, 4 * sound.shape[1], axis=1)).max()
    assert peak_dbtp(sound) == pytest.approx(decibels(perfect), abs=0.02)


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_what_is_skipped_and_how_it_is_cut_changes_nothing(data):
    seed = data.draw(st.integers(0, 1000))
    rng = np.random.default_rng(seed)
    n = data.draw(st.integers(1, 3000))
    loud = rng.uniform(0, 1, (2, -(-n // 200))).repeat(200, axis=1)[:, :n] ** 3
    sound = (loud * rng.uniform(-1, 1, (2, n))).astype(np.float32)
    meter = TruePeakMeter(2)
    at = 0
    while at < n:
        size = data.draw(st.integers(1, 700))
        meter.add(sound[:, at : at + size])
        at += size
    rows = -(-n // ROW)
    context = np.zeros((2, (rows + 2) * ROW), np.float32)
    context[:, ROW : ROW + n] = sound
    want = row_peaks(context, 0.0).max(axis=1)
    assert meter.peaks() == pytest.approx(tuple(want.tolist()), rel=1e-6)


def test_no_point_is_higher_than_the_bound_allows():
    rng = np.random.default_rng(1)
    sound = rng.choice(np.array([-1, 1], np.float32), (1, 100 * ROW))
    peaks = row_peaks(sound, 0.0)
    assert 1.5 < peaks.max() <= BOUND


def test_each_channel_has_its_own_peak():
    sound = media.sine(0.5, amplitude=1.0)
    sound[1] *= 0.25
    meter = TruePeakMeter(2)
    meter.add(sound)
    left, right = meter.peaks()
    assert left == pytest.approx(1.0, abs=1e-3)
    assert right == pytest.approx(0.25, abs=1e-3)


def test_a_single_sample_is_its_own_peak():
    meter = TruePeakMeter(1)
    meter.add(np.array([[0.5]], np.float32))
    assert meter.peaks() == (0.5,)
