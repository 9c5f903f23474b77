"""The player with its own thread, on the clock that stands in for a sound card."""

import threading

import numpy as np
import pytest

from core.audio.playback.model import PlayState
from core.audio.playback.player import Player
from tests.core.audio.playback_fakes import RATE, Clock, FakeOutputs, noise, ramp

WAIT_S = 10.0


class Until:
    """Waits for what the player reports."""

    def __init__(self):
        self.seen = []
        self._changed = threading.Condition()

    def __call__(self, value):
        with self._changed:
            self.seen.append(value)
            self._changed.notify_all()

    def wait(self, is_so):
        with self._changed:
            assert self._changed.wait_for(lambda: any(map(is_so, self.seen)), WAIT_S)


@pytest.fixture
def nothing_plugged():
    outputs = FakeOutputs(Clock(), ())
    outputs.listed = outputs.plugged = []
    return outputs


def test_without_a_device_a_sound_is_played_to_its_end_in_silence(nothing_plugged):
    outputs, states = Until(), Until()
    player = Player(nothing_plugged, on_output_changed=outputs, on_state_changed=states)
    player.set_sound(noise(RATE // 5))
    player.play()
    states.wait(lambda state: state is PlayState.PAUSED)
    assert states.seen == [PlayState.PLAYING, PlayState.PAUSED]
    assert player.position() == RATE // 5
    assert [state.is_silent for state in outputs.seen] == [True]
    assert player.underruns == 0
    player.close()


def test_what_is_heard_reaches_the_meters(nothing_plugged):
    states = Until()
    player = Player(nothing_plugged, on_state_changed=states)
    sound = noise(RATE // 4, seed=3)
    player.set_sound(sound)
    player.play()
    states.wait(lambda state: state is PlayState.PAUSED)
    heard = player.heard(0)
    assert heard.is_whole
    assert heard.sample_rate_hz == RATE
    np.testing.assert_array_equal(heard.samples[:, : RATE // 4], sound.samples)
    assert player.levels().peaks == tuple(np.abs(sound.samples).max(axis=1).tolist())
    player.close()


def test_close_ends_every_thread_at_once_and_nothing_starts_again(nothing_plugged):
    before = threading.active_count()
    player = Player(nothing_plugged)
    player.set_sound(ramp(100 * RATE))
    player.play()
    player.close()
    assert threading.active_count() == before
    player.play()
    assert threading.active_count() == before


def test_many_threads_may_command_it(nothing_plugged):
    states = Until()
    player = Player(nothing_plugged, on_state_changed=states)
    player.set_sound(noise(30 * RATE))

    def command(seed):
        rng = np.random.default_rng(seed)
        for _ in range(50):
            player.seek(int(rng.integers(0, 29 * RATE)))
            player.play()
            player.set_sound(noise(30 * RATE, seed=seed))
            player.shuttle(int(rng.integers(-1, 2)))
            player.position()

    threads = [threading.Thread(target=command, args=(seed,)) for seed in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    player.play(30 * RATE - 2_000)
    states.wait(lambda _: states.seen[-1] is PlayState.PAUSED)
    assert player.position() == 30 * RATE
    player.close()


def test_devices_are_listed_on_request():
    outputs = FakeOutputs(Clock(), ("Speakers", "USB"))
    listed = Until()
    player = Player(outputs)
    player.ask_devices(listed)
    listed.wait(lambda devices: [device.name for device in devices] == ["Speakers", "USB"])
    player.close()


def test_the_shuttle_keys_step_through_the_speeds(nothing_plugged):
    player = Player(nothing_plugged)
    player.set_sound(ramp(100 * RATE))
    player.seek(50 * RATE)
    for direction, rate in ((1, 1), (1, 2), (1, 4), (-1, -1), (-1, -2)):
        player.shuttle(direction)
        assert player.rate == rate
        assert player.state is PlayState.PLAYING
    player.shuttle(0)
    assert player.state is PlayState.PAUSED
    player.play()
    assert player.rate == 1
    player.toggle()
    assert player.state is PlayState.PAUSED
    player.close()
