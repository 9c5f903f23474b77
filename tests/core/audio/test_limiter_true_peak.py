"""The true-peak limiter holds its ceiling on the worst there is, and is otherwise not heard."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.audio.limiter_true_peak import (
    HOLD_S,
    LOOKAHEAD_S,
    RELEASE_S,
    SETTLE_S,
    TruePeakLimiter,
)
from core.audio.loudness import measure_loudness
from core.audio.true_peak import ROW
from tests import media
from tests.core.audio import ebu_signals as ebu
from tests.core.audio.ffmpeg_meter import ffmpeg_reading, needs_ffmpeg

RATE = ebu.RATE
OVER_DB = 0.05
ROUNDED_DB = 0.05  # FFmpeg prints tenths


def limited(
    sound: np.ndarray, *, block: int = 10_000, ceiling: float = -1.0, rate: int = RATE, start=0
) -> np.ndarray:
    limiter = TruePeakLimiter(rate, ceiling)
    blocks = (sound[:, at : at + block] for at in range(0, sound.shape[1], block))
    return np.concatenate(list(limiter.limit(blocks, start=start)), axis=1)


def peak_dbtp(sound: np.ndarray) -> float:
    return measure_loudness([sound], RATE, len(sound)).true_peak_dbtp


@pytest.mark.parametrize("name", ebu.worst())
def test_the_ceiling_holds_on_the_worst_material(name):
    sound = ebu.worst()[name]
    out = limited(sound)
    assert out.shape == sound.shape
    assert peak_dbtp(sound) > -1.0
    assert peak_dbtp(out) <= -1.0 + OVER_DB
    assert peak_dbtp(out) >= -1.2  # and no more is taken than has to be


@needs_ffmpeg
@pytest.mark.parametrize("name", ebu.worst())
def test_ffmpeg_finds_nothing_over_the_ceiling(name):
    out = limited(ebu.worst()[name])
    assert ffmpeg_reading(out).true_peak_dbtp <= -1.0 + OVER_DB + ROUNDED_DB


@pytest.mark.parametrize("rate", [8000, 22_050, 44_100, 96_000, 192_000])
@pytest.mark.parametrize("ceiling", [0.0, -2.0, -9.0])
def test_any_rate_and_ceiling(rate, ceiling):
    sound = 4 * media.song(1.5, sample_rate_hz=rate)
    assert peak_dbtp(limited(sound, ceiling=ceiling, rate=rate)) <= ceiling + OVER_DB


@settings(max_examples=25, deadline=None)
@given(
    peaks=st.lists(st.tuples(st.integers(0, 99_999), st.floats(0.5, 8.0)), max_size=12),
    sizes=st.lists(st.integers(1, 60_000), min_size=1, max_size=5),
    n=st.integers(1, 100_000),
)
def test_any_peaks_in_any_blocks_give_the_same_sound_under_the_ceiling(peaks, sizes, n):
    sound = media.noise(n / RATE, amplitude=0.5, seed=n)
    for at, level in peaks:
        sound[at % 2, at % n] = level
    cuts = np.cumsum(sizes * (1 + n // sum(sizes)))
    limiter = TruePeakLimiter(RATE)
    out = np.concatenate(list(limiter.limit(np.split(sound, cuts, axis=1))), axis=1)
    assert out.shape == sound.shape
    assert out.flags.c_contiguous
    assert out.dtype == np.float32
    assert np.array_equal(out, limited(sound, block=n))
    assert peak_dbtp(out) <= -1.0 + OVER_DB


def test_sound_under_the_ceiling_passes_bit_by_bit():
    sound = media.song(2.0) * np.float32(0.5)
    limiter = TruePeakLimiter(RATE)
    assert np.array_equal(np.concatenate(list(limiter.limit([sound])), axis=1), sound)
    assert limiter.reduction_db == 0.0


def test_far_from_a_peak_nothing_changes():
    sound = media.noise(4.0, amplitude=0.3)
    at = 2 * RATE
    sound[0, at] = 2.0
    out = limited(sound)
    before, after = at - round(LOOKAHEAD_S * RATE) - ROW, at + round(SETTLE_S * RATE)
    assert np.array_equal(out[:, :before], sound[:, :before])
    assert np.array_equal(out[:, after:], sound[:, after:])


def test_all_channels_share_one_gain_which_moves_without_a_step():
    sound = media.silence(1.0) + np.float32(0.5)
    sound[0, RATE // 2] = 2.0
    out = limited(sound)
    gain = out[1] / sound[1]
    quiet = np.arange(RATE) != RATE // 2
    assert np.array_equal((out[0] / sound[0])[quiet], gain[quiet])
    assert np.abs(np.diff(gain)).max() < 0.005
    assert gain.min() == pytest.approx(10 ** (-1 / 20) / 2, rel=0.02)
    held = np.flatnonzero(gain < gain.min() * 1.01)
    assert held[0] / RATE == pytest.approx(0.5, abs=0.006)
    assert held[-1] / RATE > 0.5 + HOLD_S - 0.005
    back = np.flatnonzero(gain < gain.min() ** np.exp(-1))
    assert back[-1] / RATE - 0.5 - HOLD_S == pytest.approx(RELEASE_S, abs=0.02)


@pytest.mark.parametrize("freq_hz", [35, 50, 80, 200])
def test_driven_bass_is_not_distorted(freq_hz):
    out = limited(media.sine(3.0, freq_hz=freq_hz, amplitude=4.0))[0, RATE : 2 * RATE]
    spectrum = np.abs(np.fft.rfft(out))
    assert spectrum[freq_hz] > 0.8 * RATE / 2
    spectrum[freq_hz] = 0.0
    assert 20 * np.log10(spectrum.max() / (RATE / 2)) < -80


@pytest.mark.parametrize("wanted", [5 * RATE, 5 * RATE + 3, 7 * RATE + 11])
def test_a_run_begun_in_the_middle_joins_the_run_from_the_start(wanted):
    sound = 4 * media.song(10.0)
    whole = limited(sound)
    begin = wanted - round(SETTLE_S * RATE)
    end = wanted + RATE
    part = limited(sound[:, begin : end + round(LOOKAHEAD_S * RATE)], start=begin)
    got = part[:, wanted - begin : end - begin]
    assert np.abs(got - whole[:, wanted:end]).max() < 1e-6


def test_nothing_in_nothing_out():
    assert list(TruePeakLimiter(RATE).limit([])) == []
    empty = list(TruePeakLimiter(RATE).limit([media.silence(0.0)]))
    assert sum(block.shape[1] for block in empty) == 0
    assert limited(np.full((1, 1), 3.0, np.float32))[0, 0] == pytest.approx(10 ** (-1.05 / 20))


def test_the_largest_reduction_is_told():
    limiter = TruePeakLimiter(RATE, -1.0)
    sound = media.sine(1.0, freq_hz=1000, amplitude=4.0)
    for _ in limiter.limit([sound]):
        pass
    assert limiter.reduction_db == pytest.approx(12.04 + 1.05, abs=0.05)
