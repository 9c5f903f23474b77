"""Loudness against the test signals of EBU Tech 3341 and 3342, within their own tolerances."""

import numpy as np
import pyebur128
import pytest
from scipy.signal import sosfilt

from core.audio.loudness import LoudnessMeter, channel_weights, measure_loudness
from core.audio.loudness_filter import KWeightedPower, high_pass, hop_of, shelf
from tests import media
from tests.core.audio import ebu_signals as ebu

RATE = ebu.RATE
WITHIN_LU = 0.1
WITHIN_RANGE_LU = 1.0


def measure(sound: np.ndarray, rate: int = RATE, **options):
    return measure_loudness([sound], rate, len(sound), **options)


def within(lufs: float):
    return pytest.approx(lufs, abs=WITHIN_LU)


# --- integrated -------------------------------------------------------------------------------


@pytest.mark.parametrize("case", ebu.INTEGRATED)
def test_3341_cases_1_to_5_integrated(case):
    assert measure(ebu.tones(*ebu.INTEGRATED[case])).integrated_lufs == within(
        -33 if case == 2 else -23
    )


@pytest.mark.parametrize("case", [1, 2])
def test_3341_cases_1_and_2_momentary_and_short_term_too(case):
    meter = LoudnessMeter(RATE, 2)
    meter.add(ebu.tones(*ebu.INTEGRATED[case]))
    want = within(-33 if case == 2 else -23)
    assert (meter.momentary_lufs, meter.short_term_lufs) == (want, want)
    got = meter.result()
    assert (got.max_momentary_lufs, got.max_short_term_lufs) == (want, want)


@pytest.mark.parametrize(("channels", "layout"), [(5, "5.0"), (6, "5.1"), (6, "5.1(side)")])
def test_3341_case_6_surrounds_count_more_and_low_frequency_effects_nothing(channels, layout):
    sound = ebu.five_channels()
    if channels == 6:
        sound = np.insert(sound, 3, media.noise(20.0, channels=1)[0], axis=0)
    assert measure(sound, layout=layout).integrated_lufs == within(-23)


def test_back_loudspeakers_beside_side_ones_count_as_front_ones():
    assert channel_weights(8, "7.1").tolist() == [1, 1, 1, 0, 1, 1, 1.41, 1.41]
    assert channel_weights(6, "5.1").tolist() == [1, 1, 1, 0, 1.41, 1.41]
    assert channel_weights(4, "unheard of").tolist() == [1, 1, 1, 1]


def test_the_reference_tone_in_one_channel_is_3_01_below_full_scale():
    """BS.1770-4: 997 Hz at full scale in one channel reads -3.01 LKFS."""
    tone = media.sine(5.0, freq_hz=997, amplitude=1.0, channels=1)
    assert measure(tone).integrated_lufs == pytest.approx(-3.01, abs=0.02)
    assert measure(tone, dual_mono=True).integrated_lufs == pytest.approx(0.0, abs=0.02)
    both = np.tile(tone, (2, 1))
    assert measure(both).integrated_lufs == pytest.approx(0.0, abs=0.02)


# --- momentary and short-term -----------------------------------------------------------------


def readings(sound: np.ndarray, from_s: float, name: str) -> list[float]:
    """Return what a meter shows every 100 ms from `from_s` on."""
    meter = LoudnessMeter(RATE, 2, true_peak=False)
    shown = []
    for at in range(0, sound.shape[1], RATE // 10):
        meter.add(sound[:, at : at + RATE // 10])
        if (at + RATE // 10) / RATE >= from_s:
            shown.append(getattr(meter, name))
    return shown


def test_3341_case_9_short_term_stays():
    sound = ebu.tones(*[(-20, 1.34), (-30, 1.66)] * 5)
    assert readings(sound, 3.0, "short_term_lufs") == [within(-23)] * 121


def test_3341_case_12_momentary_stays():
    sound = ebu.tones(*[(-20, 0.18), (-30, 0.22)] * 25)
    assert readings(sound, 1.0, "momentary_lufs") == [within(-23)] * 91


@pytest.mark.parametrize("index", range(20))
def test_3341_cases_10_and_13_a_burst_anywhere_is_found(index):
    long = ebu.tones((None, 0.15 * index), (-23, 3.0), (None, 1.0))
    assert measure(long).max_short_term_lufs == within(-23)
    short = ebu.tones((None, 0.02 * index), (-23, 0.4), (None, 1.0))
    assert measure(short).max_momentary_lufs == within(-23)


@pytest.mark.parametrize(
    ("name", "length_s", "shift_s"),
    [("max_short_term_lufs", 3.0, 0.15), ("max_momentary_lufs", 0.4, 0.02)],
    ids=["case 11", "case 14"],
)
def test_3341_cases_11_and_14_maxima_follow_louder_bursts(name, length_s, shift_s):
    meter = LoudnessMeter(RATE, 2, true_peak=False)
    for index in range(20):
        silence = shift_s * index
        meter.add(ebu.tones((None, silence), (index - 38, length_s), (None, length_s - silence)))
        assert getattr(meter.result(), name) == within(index - 38)


# --- range ------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", ebu.RANGES)
def test_3342_cases_1_to_4_loudness_range(case):
    steps, want = ebu.RANGES[case]
    assert measure(ebu.tones(*steps)).loudness_range_lu == pytest.approx(want, abs=WITHIN_RANGE_LU)


def test_a_repeated_signal_has_the_same_range():
    steps, want = ebu.RANGES[1]
    assert measure(ebu.tones(*steps, *steps)).loudness_range_lu == pytest.approx(
        want, abs=WITHIN_RANGE_LU
    )


# --- edges ------------------------------------------------------------------------------------


def test_silence_has_no_loudness_and_no_peaks():
    got = measure(media.silence(5.0))
    assert (got.integrated_lufs, got.loudness_range_lu, got.max_momentary_lufs) == (None,) * 3
    assert (got.true_peak_dbtp, got.sample_peak_dbfs) == (None, None)


def test_what_is_too_short_has_peaks_but_no_loudness():
    got = measure(ebu.tones((-20, 0.39)))
    assert got.integrated_lufs is None
    assert got.max_momentary_lufs is None
    assert got.sample_peak_dbfs == pytest.approx(-20, abs=0.01)
    second = measure(ebu.tones((-20, 2.0)))
    assert second.integrated_lufs == within(-20)
    assert (second.max_short_term_lufs, second.loudness_range_lu) == (None, None)


def test_nothing_at_all_is_measured_too():
    got = measure_loudness([], RATE, 2)
    assert got == type(got)()
    assert measure_loudness([media.silence(0.0)], RATE, 2) == got


def test_the_true_peak_can_be_left_out():
    meter = LoudnessMeter(RATE, 2, true_peak=False)
    meter.add(media.song(1.0))
    assert meter.result().true_peak_dbtp is None
    assert meter.result().sample_peak_dbfs is not None


@pytest.mark.parametrize("size", [1, 479, 4800, 7777, 65_536])
def test_the_cut_into_blocks_is_no_matter(size):
    sound = media.song(0.6 if size == 1 else 6.0)
    blocks = [sound[:, at : at + size] for at in range(0, sound.shape[1], size)]
    got, want = measure_loudness(blocks, RATE, 2), measure(sound)
    for name in ("integrated_lufs", "true_peak_dbtp", "max_momentary_lufs", "sample_peak_dbfs"):
        assert getattr(got, name) == pytest.approx(getattr(want, name), abs=1e-5)


def test_a_loud_past_does_not_spoil_a_quiet_present():
    meter = LoudnessMeter(RATE, 2)
    meter.add(ebu.tones((0, 5.0)))
    meter.add(ebu.tones((-60, 5.0)))
    assert meter.momentary_lufs == within(-60)
    assert meter.short_term_lufs == within(-60)


# --- the filter -------------------------------------------------------------------------------


def test_the_filters_at_48_khz_are_those_of_the_recommendation():
    """BS.1770-4, Annex 1, tables 1 and 2."""
    assert shelf(48_000)[0] == pytest.approx(
        [1.53512485958697, -2.69169618940638, 1.19839281085285]
    )
    assert shelf(48_000)[1] == pytest.approx([1, -1.69065929318241, 0.73248077421585])
    assert high_pass(48_000)[0].tolist() == [1, -2, 1]
    assert high_pass(48_000)[1] == pytest.approx([1, -1.99004745483398, 0.99007225036621])


@pytest.mark.parametrize("rate", [8000, 11_025, 22_050, 44_100, 48_000, 96_000, 192_000])
def test_powers_are_those_of_the_filters_sample_by_sample(rate):
    sound = media.noise(0.5, sample_rate_hz=rate) + np.float32(0.3)
    sections = [np.concatenate(part(rate)) for part in (shelf, high_pass)]
    filtered = sosfilt(np.array(sections), sound.astype(np.float64))
    hop, _ = hop_of(rate)
    steps = sound.shape[1] // hop
    want = (filtered[:, : steps * hop].reshape(2, steps, hop) ** 2).mean(axis=2)
    meter = KWeightedPower(rate, 2)
    got = [meter.add(sound[:, at : at + 1000]) for at in range(0, sound.shape[1], 1000)]
    assert np.concatenate(got, axis=1) == pytest.approx(want, rel=1e-5)


@pytest.mark.parametrize("rate", [*range(4000, 200_000, 1999), 44_056, 47_952])
def test_steps_are_about_10_ms_at_any_rate(rate):
    hop, size = hop_of(rate)
    assert hop % size == 0
    assert abs(hop - rate / 100) <= 8.5


# --- peers ------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [22_050, 44_100, 48_000, 96_000])
def test_libebur128_says_the_same(rate):
    mode = pyebur128.MeasurementMode
    sound = media.song(20.0, sample_rate_hz=rate)
    sound *= np.linspace(0.1, 1.0, sound.shape[1], dtype=np.float32)
    state = pyebur128.R128State(2, rate, mode.MODE_I | mode.MODE_LRA)
    state.add_frames(np.ascontiguousarray(sound.T).ravel(), sound.shape[1])
    got = measure(sound, rate)
    lufs = pyebur128.get_loudness_global(state)
    assert got.integrated_lufs == pytest.approx(lufs, abs=0.02)
    assert got.loudness_range_lu == pytest.approx(pyebur128.get_loudness_range(state), abs=0.5)
