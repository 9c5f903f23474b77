"""The window's transport: a real player that plays into silence, its reports as signals."""

import threading

import numpy as np
import pytest
from PySide6.QtCore import QThread

from core.audio.playback.model import OutputDevice, PlaybackError, PlayState
from core.errors import KnownError
from desktop.memory import Memory
from desktop.playback import Playback
from desktop.tasks import Background

RATE = 48_000
WAIT_MS = 5_000


class Sound:
    """A second and a half of a tone."""

    sample_rate_hz, channels, n_samples = RATE, 2, RATE * 3 // 2

    def read(self, start, stop):
        wave = 0.5 * np.sin(np.arange(start, stop) * 0.05)
        return np.stack([wave, wave / 2]).astype(np.float32)


class NoOutputs:
    """A machine that lists one device and opens none."""

    def devices(self):
        return (OutputDevice(id="USB, ALSA", name="USB", channels=2, sample_rate_hz=RATE),)

    def refresh(self):
        pass

    def open(self, device_id, **form):
        raise PlaybackError("There is no sound device.", hint="Connect one.")


@pytest.fixture
def made():
    return []


@pytest.fixture
def playback(qtbot, memory_file, made):
    background = Background()

    def load():
        from core.audio.playback.player import Player

        assert QThread.currentThread() is not background.thread()

        def make(**reports):
            made.append(Player(NoOutputs(), **reports))
            return made[-1]

        return make

    playback = Playback(background, Memory(memory_file), load=load)
    yield playback
    playback.close()
    background.stop()


def begun(qtbot, playback):
    playback.set_sound(Sound())
    qtbot.waitUntil(lambda: playback._player is not None, timeout=WAIT_MS)


def test_what_is_asked_while_the_player_loads_is_done_then(qtbot, playback):
    with qtbot.waitSignal(playback.state_changed, timeout=WAIT_MS) as told:
        playback.set_sound(Sound())
        playback.seek_s(0.5)
        playback.play()
        assert playback.state is PlayState.STOPPED
    assert told.args == [PlayState.PLAYING]
    assert playback.position_s >= 0.5


def test_the_position_follows_while_playing_and_rests_after_a_pause(qtbot, playback):
    begun(qtbot, playback)
    seen, threads = [], set()

    def note(position_s):
        seen.append(position_s)
        threads.add(threading.current_thread())

    playback.position_changed.connect(note)
    playback.play()
    qtbot.waitUntil(lambda: len(seen) > 12, timeout=WAIT_MS)
    playback.pause()
    qtbot.waitUntil(lambda: not playback._timer.isActive(), timeout=WAIT_MS)
    assert (np.diff(seen) > 0).all()
    assert threads == {threading.main_thread()}
    assert playback.state is PlayState.PAUSED
    assert playback.position_s == seen[-1]


def test_a_seek_at_rest_is_shown_at_once(qtbot, playback):
    begun(qtbot, playback)
    with qtbot.waitSignal(playback.position_changed, timeout=WAIT_MS) as told:
        playback.seek_s(0.75)
    assert told.args == [0.75]
    assert not playback._timer.isActive()


def test_levels_are_told_while_something_is_heard_and_end_at_nothing(qtbot, playback):
    begun(qtbot, playback)
    seen = []
    playback.levels_changed.connect(seen.append)
    playback.play_from_s(1.2)
    qtbot.waitUntil(lambda: bool(seen) and seen[-1].peaks == (), timeout=WAIT_MS)
    assert max(max(levels.peaks, default=0) for levels in seen) == pytest.approx(0.5, abs=0.01)
    assert playback.state is PlayState.PAUSED


def test_without_a_device_it_plays_silently_and_says_so(qtbot, playback):
    with qtbot.waitSignal(playback.output_changed, timeout=WAIT_MS) as told:
        playback.set_sound(Sound())
        playback.toggle()
    (output,) = told.args
    assert output.is_silent
    assert output.message == "No sound device: playing silently."
    assert output.hint == "There is no sound device. Connect one."


def test_the_device_and_the_volume_are_remembered(qtbot, playback, memory_file):
    begun(qtbot, playback)
    playback.choose_device("USB, ALSA")
    playback.set_volume(0.25)
    background = Background()
    again = Playback(background, Memory(memory_file))
    assert again.device_id == "USB, ALSA"
    assert again.volume == 0.25
    again.close()
    background.stop()
    playback.choose_device(None)
    assert playback.device_id is None


def test_devices_come_as_a_signal(qtbot, playback):
    with qtbot.waitSignal(playback.devices_changed, timeout=WAIT_MS) as told:
        playback.ask_devices()
    assert [device.name for device in told.args[0]] == ["USB"]


def test_a_loop_that_cannot_be_is_refused_with_a_sentence(qtbot, playback):
    begun(qtbot, playback)
    with qtbot.waitSignal(playback.failed, timeout=WAIT_MS) as told:
        playback.set_loop_s((0.5, 0.5))
    assert isinstance(told.args[0], KnownError)
    playback.set_loop_s((0.2, 0.4))
    playback.set_loop_s(None)


def test_the_keys_scrub_and_shuttle(qtbot, playback):
    begun(qtbot, playback)
    playback.scrub_s(0.6)
    assert playback.state is PlayState.SCRUBBING
    assert playback.position_s == 0.6
    playback.end_scrub()
    assert playback.state is PlayState.PAUSED
    playback.shuttle(1)
    playback.shuttle(1)
    assert playback.rate == 2
    playback.shuttle(0)
    assert playback.state is PlayState.PAUSED
    playback.stop()
    assert playback.state is PlayState.STOPPED


def test_closing_ends_its_threads_and_it_stays_quiet(qtbot, playback, made):
    begun(qtbot, playback)
    playback.play()
    playback.close()
    playback.play()
    assert playback.state is PlayState.STOPPED
    names = {thread.name for thread in threading.enumerate()}
    assert not names & {"player", "silent-output"}


def test_closing_before_it_was_loaded_makes_no_player(qtbot, playback, made):
    playback.play()
    playback.close()
    playback._background.stop()
    assert made == []
