"""A sound comes to its target: by one gain where that fits, else limited, and says which."""

import tracemalloc

import msgspec
import numpy as np
import pytest

from core.audio.limiter_forecast import forecast_loudness
from core.audio.limiter_true_peak import TruePeakLimiter
from core.audio.loudness import measure_loudness
from core.audio.loudness_targets import parse_target
from core.audio.normalise import (
    MAX_GAIN_DB,
    WITHIN_LU,
    Normaliser,
    apply_normalisation,
    normalise,
    plan_normalisation,
)
from core.audio.recipe import LoudnessTarget
from core.library.model import Loudness
from tests import media
from tests.core.audio import ebu_signals as ebu

RATE = ebu.RATE


class Sound:
    """A sound that can be run through again, and counts how often it was."""

    def __init__(self, samples: np.ndarray, rate: int = RATE) -> None:
        self.samples, self.rate, self.runs = np.asarray(samples, np.float32), rate, 0

    def blocks(self):
        self.runs += 1
        for at in range(0, self.samples.shape[1], 50_000):
            yield self.samples[:, at : at + 50_000]

    def loudness(self) -> Loudness:
        return measure_loudness([self.samples], self.rate, len(self.samples))

    def normalised(self, target: str):
        form = {"sample_rate_hz": self.rate, "channels": len(self.samples)}
        plan = normalise(self.blocks, parse_target(target), **form)
        out = np.concatenate(list(apply_normalisation(self.blocks(), plan, self.rate)), axis=1)
        return plan, Sound(out, self.rate)


def spiky() -> np.ndarray:
    """Return quiet music under loud clicks: far from its peaks."""
    return 0.2 * media.song(12.0) + media.click_track(12.0)


def quiet() -> np.ndarray:
    return np.float32(0.1) * media.song(12.0)


SOUNDS = {
    "song": lambda: media.song(12.0),
    "calm": lambda: ebu.calm(12.0),
    "beats": lambda: ebu.beats(12.0),
    "spiky": spiky,
    "quiet": quiet,
    "mono": lambda: media.song(12.0)[:1],
}


@pytest.mark.parametrize("target", ["youtube", "podcast-mono", "ebu", "atsc", "-10"])
@pytest.mark.parametrize("name", SOUNDS)
def test_the_target_is_reached_under_the_ceiling_or_it_is_said_why_not(name, target):
    sound = Sound(SOUNDS[name]())
    plan, out = sound.normalised(target)
    after = out.loudness()
    assert out.samples.shape == sound.samples.shape
    assert after.true_peak_dbtp <= plan.target.true_peak_dbtp + 0.05
    assert after.integrated_lufs == pytest.approx(plan.expected_lufs, abs=WITHIN_LU)
    reached = abs(after.integrated_lufs - plan.target.integrated_lufs) <= WITHIN_LU
    assert reached or plan.note
    assert plan.gain_db <= MAX_GAIN_DB


@pytest.mark.parametrize(
    ("target", "runs"), [("ebu", 2), ("podcast", 2), ("youtube", 3)], ids=["far", "guarded", "near"]
)
def test_where_it_fits_it_is_one_gain_and_true_peaks_are_looked_at_only_near_the_ceiling(
    target, runs
):
    sound = Sound(quiet())
    plan, out = sound.normalised(target)
    assert sound.runs == runs  # the last applies
    assert plan.is_linear == (target != "podcast")
    assert np.array_equal(out.samples, sound.samples * np.float32(10 ** (plan.gain_db / 20)))
    wanted = plan.target.integrated_lufs
    assert out.loudness().integrated_lufs == pytest.approx(wanted, abs=0.01)


def test_a_guard_that_had_nothing_to_do_is_reported_as_one_gain():
    sound = Sound(quiet())
    plan = normalise(sound.blocks, parse_target("podcast"), sample_rate_hz=RATE, channels=2)
    normaliser = Normaliser(plan, RATE)
    out = Sound(np.concatenate(list(normaliser.apply(sound.blocks())), axis=1))
    report = normaliser.report(out.loudness())
    assert (plan.is_linear, report.is_linear, report.limited_db) == (False, True, 0.0)
    want = sound.loudness().true_peak_dbtp
    assert report.before.true_peak_dbtp == pytest.approx(want, abs=0.001)


def test_a_guard_holds_what_goes_far_over_between_samples():
    tone = np.sin(np.pi / 2 * np.arange(10 * RATE) + np.pi / 4)  # 3 dB over its samples
    sound = Sound(np.tile(0.1 * tone, (2, 1)))
    target = LoudnessTarget(integrated_lufs=sound.loudness().integrated_lufs + 20.0)
    plan = normalise(sound.blocks, target, sample_rate_hz=RATE, channels=2)
    normaliser = Normaliser(plan, RATE)
    out = Sound(np.concatenate(list(normaliser.apply(sound.blocks())), axis=1))
    report = normaliser.report(out.loudness())
    assert out.loudness().true_peak_dbtp <= -1.0 + 0.06
    assert (report.is_linear, report.limited_db > 0) == (False, True)


def test_the_limiters_loss_is_made_up_for_in_one_more_run():
    sound = Sound(media.song(12.0))
    plan, out = sound.normalised("-9")
    assert not plan.is_linear
    assert sound.runs == 3
    assert plan.gain_db > -9.0 - plan.before.integrated_lufs + 1.0
    assert out.loudness().integrated_lufs == pytest.approx(-9.0, abs=WITHIN_LU)
    assert plan.note == ""


def test_what_was_measured_before_is_not_measured_again():
    sound = Sound(quiet())
    before = sound.loudness()
    form = {"sample_rate_hz": RATE, "channels": 2}
    plan = normalise(sound.blocks, parse_target("ebu"), before=before, **form)
    assert sound.runs == 0
    assert plan.before == before


@pytest.mark.parametrize(
    ("seconds", "level"), [(2.0, 0.0), (0.3, 0.3), (2.0, 1e-4)], ids=["silence", "short", "faint"]
)
def test_silence_and_what_is_too_short_stay_as_they_are(seconds, level):
    sound = Sound(level * media.song(seconds))
    plan, out = sound.normalised("youtube")
    assert (plan.gain_db, plan.is_linear, plan.expected_lufs) == (0.0, True, None)
    assert "left alone" in plan.note
    assert np.array_equal(out.samples, sound.samples)


def test_what_is_too_short_to_measure_is_still_held_under_the_ceiling():
    plan, out = Sound(2 * media.song(0.3)).normalised("youtube")
    assert (plan.gain_db, plan.is_linear) == (0.0, False)
    assert out.loudness().true_peak_dbtp == pytest.approx(-1.0, abs=0.06)


def test_a_nearly_silent_recording_is_raised_by_24_db_at_most():
    plan, out = Sound(0.01 * media.song(6.0)).normalised("youtube")
    assert plan.gain_db == MAX_GAIN_DB
    assert "so quiet" in plan.note
    assert f"{out.loudness().integrated_lufs:.1f} LUFS" in plan.note


def test_peaks_that_keep_a_sound_down_are_named():
    plan, out = Sound(media.click_track(12.0)).normalised("youtube")
    after = out.loudness().integrated_lufs
    assert after < -20
    assert f"keep it at {after:.1f} LUFS" in plan.note
    assert plan.gain_db < 20  # no more gain than does something


@pytest.mark.parametrize(
    ("before", "is_linear"),
    [
        (Loudness(integrated_lufs=-20, true_peak_dbtp=-7.0), True),
        (Loudness(integrated_lufs=-20, true_peak_dbtp=-6.9), False),
        (Loudness(integrated_lufs=-20, sample_peak_dbfs=-15), True),
        (Loudness(integrated_lufs=-20, sample_peak_dbfs=-14), False),
        (Loudness(integrated_lufs=-20), False),
    ],
)
def test_one_gain_is_taken_only_where_the_peaks_surely_fit(before, is_linear):
    plan = plan_normalisation(before, parse_target("youtube"))
    assert plan.gain_db == 6.0
    assert plan.is_linear == is_linear


@pytest.mark.parametrize("rate", [8000, 44_100, 48_000, 96_000])
def test_the_forecast_is_what_the_limiter_does(rate):
    sound = Sound(media.song(8.0, sample_rate_hz=rate), rate)
    gains = [0.0, 6.0, 12.0]
    got = forecast_loudness(sound.blocks(), gains, sample_rate_hz=rate, ceiling_dbtp=-1.0)
    for gain, lufs in zip(gains, got.integrated_lufs, strict=True):
        louder = [block * np.float32(10 ** (gain / 20)) for block in sound.blocks()]
        out = measure_loudness(TruePeakLimiter(rate).limit(louder), rate, 2)
        assert lufs == pytest.approx(out.integrated_lufs, abs=0.12)


def test_a_forecast_of_nothing_is_none():
    form = {"sample_rate_hz": RATE, "ceiling_dbtp": -1.0}
    nothing = forecast_loudness([], [0.0, 1.0], **form)
    assert (nothing.integrated_lufs, nothing.true_peak) == ((None, None), 0.0)
    silence = forecast_loudness([media.silence(2.0)], [0.0], **form)
    assert (silence.integrated_lufs, silence.true_peak) == ((None,), 0.0)


def test_the_report_says_what_was_done():
    sound = Sound(media.song(6.0))
    target = parse_target("-10/-2")
    plan = normalise(sound.blocks, target, sample_rate_hz=RATE, channels=2)
    normaliser = Normaliser(plan, RATE)
    out = Sound(np.concatenate(list(normaliser.apply(sound.blocks())), axis=1))
    report = normaliser.report(out.loudness())
    assert (report.target, report.is_linear, report.before) == (target, False, plan.before)
    assert report.after.true_peak_dbtp <= -2.0 + 0.05
    assert 0 < report.limited_db < 20
    assert msgspec.json.decode(msgspec.json.encode(report), type=type(report)) == report


def test_a_run_begun_in_the_middle_joins():
    sound = Sound(media.song(10.0))
    plan = normalise(sound.blocks, parse_target("-9"), sample_rate_hz=RATE, channels=2)
    whole = np.concatenate(list(Normaliser(plan, RATE).apply(sound.blocks())), axis=1)
    begin, seek = 3 * RATE + 7, 5 * RATE
    blocks = [sound.samples[:, begin : 8 * RATE]]
    part = np.concatenate(list(Normaliser(plan, RATE).apply(blocks, start=begin)), axis=1)
    got = part[:, seek - begin : 7 * RATE - begin]
    assert np.abs(got - whole[:, seek : 7 * RATE]).max() < 1e-6


@pytest.mark.slow
def test_an_hour_takes_little_memory():
    block = 0.9 * media.song(2.0)

    def hour():
        return (block for _ in range(1800))

    tracemalloc.start()
    try:
        plan = normalise(hour, parse_target("-9"), sample_rate_hz=RATE, channels=2)
        for _ in apply_normalisation(hour(), plan, RATE):
            pass
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak_bytes < 40e6
