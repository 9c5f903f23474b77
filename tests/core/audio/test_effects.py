"""Effects against theory: a high-pass's response, a compressor's curve and its times."""

import math

import numpy as np
import pytest

from core.audio.effects import EffectChain, effect_filter
from core.audio.effects_compressor import gain_reduction_db, hop_samples
from core.audio.recipe import Compressor, Effect, HighPass
from tests import media

RATE = 48_000


def treated(sound: np.ndarray, *effects: Effect, rate: int = RATE) -> np.ndarray:
    chain = EffectChain(effects, rate, len(sound))
    step = chain.step_samples
    padded = np.pad(sound, [(0, 0), (0, -sound.shape[1] % step)])
    parts = [
        chain.process(padded[:, at : at + step].copy()) for at in range(0, padded.shape[1], step)
    ]
    return np.concatenate(parts, axis=1)[:, : sound.shape[1]]


def rms(sound: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(sound, dtype=np.float64))))


def db(ratio: float) -> float:
    return 20 * math.log10(ratio)


@pytest.mark.parametrize("slope", [12, 24])
@pytest.mark.parametrize("cutoff", [20.0, 80.0, 500.0, 2000.0])
@pytest.mark.parametrize("times", [0.25, 0.5, 1.0, 2.0, 8.0])
def test_a_high_pass_has_butterworths_response(slope, cutoff, times):
    freq = cutoff * times
    tone = media.sine(2.0, freq_hz=freq)
    got = treated(tone, HighPass(frequency_hz=cutoff, slope_db=slope))
    # The bilinear transform bends frequencies: tan(pi f / rate).
    bent = math.tan(math.pi * cutoff / RATE) / math.tan(math.pi * freq / RATE)
    wanted = -10 * math.log10(1 + bent ** (2 * slope // 6))
    half = slice(RATE, None)  # a second on, it has settled, and holds whole periods
    assert db(rms(got[:, half]) / rms(tone[:, half])) == pytest.approx(wanted, abs=0.02)


def test_a_high_pass_takes_an_offset_away_and_settles_when_it_says():
    effect = HighPass(frequency_hz=20.0, slope_db=24)
    settle_s = effect_filter(effect, RATE, 1).settle_s
    assert 0.3 < settle_s < 0.5
    got = treated(np.ones((1, 2 * RATE), np.float32), effect)
    assert np.abs(got[:, round(settle_s * RATE) :]).max() < 1e-6
    assert np.abs(got[:, : round(settle_s * RATE / 3)]).max() > 0.1


@pytest.mark.parametrize("ratio", [1.0, 2.0, 4.0, 20.0])
@pytest.mark.parametrize("level_db", [-50.0, -26.0, -20.0, -14.0, -3.0])
def test_a_compressor_has_its_static_curve(ratio, level_db):
    effect = Compressor(threshold_db=-20.0, ratio=ratio, knee_db=6.0, attack_s=0.01, release_s=0.1)
    tone = media.sine(2.0, freq_hz=1000, amplitude=10 ** (level_db / 20))
    got = treated(tone, effect)
    over = level_db + 20
    if abs(over) < 3:
        wanted = level_db + (1 / ratio - 1) * (over + 3) ** 2 / 12
    else:
        wanted = level_db + (1 / ratio - 1) * max(over, 0)
    late = slice(RATE, None)
    assert db(np.abs(got[:, late]).max()) == pytest.approx(wanted, abs=0.02)


def test_the_knee_joins_both_straight_lines():
    effect = Compressor(threshold_db=-30.0, ratio=4.0, knee_db=12.0)
    levels = np.linspace(-60, 0, 6001)
    curve = levels - gain_reduction_db(effect, levels)
    slopes = np.diff(curve) / np.diff(levels)
    assert slopes[0] == pytest.approx(1)
    assert slopes[-1] == pytest.approx(1 / 4)
    assert (np.diff(slopes) < 1e-9).all()
    assert np.abs(np.diff(slopes)).max() < 1e-3  # no corner
    hard = gain_reduction_db(Compressor(threshold_db=-30.0, ratio=4.0, knee_db=0.0), levels)
    assert hard == pytest.approx(0.75 * np.maximum(levels + 30, 0))


def gain_course(effect: Compressor, levels: list[tuple[float, float]]) -> np.ndarray:
    """Return the gain in dB over steady levels, each (seconds, amplitude)."""
    sound = np.concatenate([np.full((1, round(s * RATE)), a, np.float32) for s, a in levels], 1)
    return 20 * np.log10(treated(sound, effect) / sound)[0]


@pytest.mark.parametrize("attack_s", [0.005, 0.02, 0.1])
def test_an_attack_goes_63_percent_of_its_way_in_its_time(attack_s):
    effect = Compressor(
        threshold_db=-40.0, ratio=4.0, knee_db=0.0, attack_s=attack_s, release_s=0.05
    )
    gain = gain_course(effect, [(0.5, 1e-3), (2.0, 1.0)])
    assert gain[-1] == pytest.approx(-30, abs=1e-3)
    at = RATE // 2 + round(attack_s * RATE)
    assert gain[at] == pytest.approx(-30 * (1 - math.exp(-1)), abs=0.7 / attack_s * 0.005)


def test_a_release_goes_63_percent_of_its_way_in_its_time():
    effect = Compressor(threshold_db=-40.0, ratio=4.0, knee_db=0.0, attack_s=0.001, release_s=0.3)
    gain = gain_course(effect, [(1.0, 1.0), (4.0, 1e-3)])
    assert gain[RATE + round(0.3 * RATE)] == pytest.approx(-30 * math.exp(-1), abs=0.15)
    assert gain[-1] == pytest.approx(0, abs=1e-3)
    assert (np.diff(gain[RATE + 100 :]) > -1e-4).all()


def test_all_channels_share_one_gain_and_makeup_comes_last():
    loud = np.tile(media.noise(1.0, channels=1), (2, 1)) * np.float32([[1.0], [0.01]])
    got = treated(loud, Compressor(threshold_db=-30.0, ratio=4.0, makeup_db=6.0))
    assert got[1] * 100 == pytest.approx(got[0], abs=1e-5)
    quiet = media.sine(0.5, amplitude=1e-3)
    assert treated(quiet, Compressor(makeup_db=6.0)) == pytest.approx(
        quiet * 10 ** (6 / 20), abs=1e-9
    )


def test_silence_stays_silent():
    for effect in (HighPass(), Compressor()):
        assert not treated(np.zeros((2, RATE), np.float32), effect).any()


@pytest.mark.parametrize("rate", [8000, 44_100, 96_000])
def test_a_step_is_a_whole_number_of_hops_at_any_rate(rate):
    chain = EffectChain([Compressor()], rate, 1)
    assert chain.step_samples % hop_samples(rate) == 0
    assert 4000 < chain.step_samples <= 8192
    assert chain.settle_samples == pytest.approx(18 * 0.27 * rate, abs=1)


def test_effects_come_in_their_order():
    rumble = media.sine(2.0, freq_hz=30, amplitude=0.9) + media.sine(2.0, freq_hz=1000) * 0.1
    cut, press = HighPass(frequency_hz=200.0, slope_db=24), Compressor(threshold_db=-20.0, ratio=8)
    cut_first, cut_last = treated(rumble, cut, press), treated(rumble, press, cut)
    late = slice(RATE, None)
    assert rms(cut_first[:, late]) > 2 * rms(cut_last[:, late])
