"""The live meter shows what was played since it was last looked at."""

import threading

import numpy as np
import pytest

from core.audio.loudness_live import MAX_WAITING, LiveMeter
from tests import media
from tests.core.audio import ebu_signals as ebu

RATE = ebu.RATE
BLOCK = 512


def play(meter: LiveMeter, sound: np.ndarray, *, read_every: int = 4) -> list:
    readings = []
    for index, at in enumerate(range(0, sound.shape[1], BLOCK)):
        meter.feed(sound[:, at : at + BLOCK])
        if index % read_every == read_every - 1:
            readings.append(meter.read())
    return readings


def test_a_tone_reads_its_level():
    readings = play(LiveMeter(RATE, 2), ebu.tones((-23, 4.0)))
    assert readings[-1].momentary_lufs == pytest.approx(-23, abs=0.1)
    assert readings[-1].short_term_lufs == pytest.approx(-23, abs=0.1)
    assert readings[-1].true_peak_dbtp == pytest.approx((-23, -23), abs=0.05)


def test_momentary_falls_soon_after_silence_begins():
    meter = LiveMeter(RATE, 2)
    play(meter, ebu.tones((-20, 1.0)))
    assert meter.read().momentary_lufs == pytest.approx(-20, abs=0.1)
    play(meter, media.silence(0.5))
    assert meter.read().momentary_lufs is None


def test_channels_are_told_apart_and_peaks_between_samples_are_seen():
    sound = ebu.true_peak_tone(4, 0.5, 45.0)
    sound[1] *= 0.5
    reading = play(LiveMeter(RATE, 2), sound)[5]
    assert reading.peaks == pytest.approx((0.354, 0.177), abs=0.002)
    assert reading.true_peaks == pytest.approx((0.5, 0.25), abs=0.002)


def test_peaks_are_those_since_the_reading_before_and_the_highest_is_kept():
    meter = LiveMeter(RATE, 1)
    meter.feed(media.sine(0.1, amplitude=0.9, channels=1))
    assert meter.read().peaks == pytest.approx((0.9,), abs=0.01)
    meter.feed(media.sine(0.1, amplitude=0.1, channels=1))
    last = meter.read()
    assert last.peaks == pytest.approx((0.1,), abs=0.01)
    assert last.max_true_peak_dbtp == pytest.approx(-0.9, abs=0.2)
    assert meter.read().peaks == (0.0,)


def test_a_reset_forgets_everything():
    meter = LiveMeter(RATE, 2)
    play(meter, media.song(1.0))
    meter.feed(media.song(0.1))
    meter.reset()
    reading = meter.read()
    assert (reading.momentary_lufs, reading.max_true_peak_dbtp) == (None, None)
    assert reading.peaks == (0.0, 0.0)


def test_the_block_may_be_reused_by_who_fed_it():
    meter = LiveMeter(RATE, 2)
    block = media.sine(0.1, amplitude=0.5)
    meter.feed(block)
    block[:] = 0.0
    assert max(meter.read().peaks) > 0.4


def test_what_nobody_reads_does_not_pile_up():
    meter = LiveMeter(RATE, 2)
    for _ in range(400):
        meter.feed(media.silence(0.05))
    meter.feed(media.sine(0.05, amplitude=0.5))
    assert len(meter._waiting) <= MAX_WAITING
    assert max(meter.read().peaks) > 0.4


def test_one_thread_feeds_while_another_reads():
    meter = LiveMeter(RATE, 2)
    sound = media.sine(20.0, amplitude=0.5)
    player = threading.Thread(target=play, args=(meter, sound), kwargs={"read_every": 10**9})
    player.start()
    readings = []
    while player.is_alive():
        readings.append(meter.read())
    player.join()
    readings.append(meter.read())
    assert max(max(reading.peaks) for reading in readings) == pytest.approx(0.5, abs=0.001)
