"""The store keeps what was used last, reads what is wanted now, and survives missing files."""

from pathlib import Path

import numpy as np
import pytest

from desktop.editor import sounds
from desktop.editor.sounds import PageKey, SoundStore, Wanted
from desktop.tasks import Background
from tests import media
from tests.desktop.editor.sounds import write_sound


@pytest.fixture
def store():
    background = Background()
    yield SoundStore(background)
    background.stop()


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return write_sound(tmp_path_factory.mktemp("sound"), "s", media.noise(3.0))


def key(number):
    return PageKey("a", "test", 0, number)


def test_a_sound_is_opened_off_the_gui_thread_and_announced(qtbot, store, files):
    with qtbot.waitSignal(store.changed):
        store.set_files({"a": files})
        assert store.sound("a") is None
    assert store.sound("a").resident
    assert store.idle


def test_what_is_no_longer_wanted_is_not_read(qtbot, store, files):
    with qtbot.waitSignal(store.changed):
        store.set_files({"a": files})
    read = []

    def item(number):
        return Wanted(key(number), lambda: (read.append(number), np.zeros(4))[1])

    store.want([item(number) for number in range(50)])
    store.want([item(100)])
    qtbot.waitUntil(lambda: store.page(key(100)) is not None)
    assert store.idle
    assert len(read) <= 1 + sounds.AT_ONCE


def test_the_oldest_pages_make_room(qtbot, store, files, monkeypatch):
    with qtbot.waitSignal(store.changed):
        store.set_files({"a": files})
    monkeypatch.setattr(sounds, "KEPT_BYTES", 3000)
    for number in range(6):
        store.want([Wanted(key(number), lambda: np.zeros(1000, np.uint8))])
        qtbot.waitUntil(lambda number=number: store.page(key(number)) is not None)
        store.page(key(0))
    assert store.page(key(0)) is not None
    assert store.page(key(1)) is None
    assert store.page(key(5)) is not None


def test_missing_peaks_leave_a_flat_line_until_they_are_there(qtbot, store, files):
    gone = sounds.SoundFiles(peaks=Path("/nowhere"), pcm=files.pcm, info=files.info)
    store.set_files({"a": gone})
    qtbot.waitUntil(lambda: store.idle)
    assert store.sound("a") is None
    with qtbot.waitSignal(store.changed):
        store.set_files({"a": files})
    assert store.sound("a") is not None


def test_samples_that_were_decoded_anew_are_found(qtbot, store, files, tmp_path):
    moved = sounds.SoundFiles(peaks=files.peaks, pcm=tmp_path / "later", info=files.info)
    with qtbot.waitSignal(store.changed):
        store.set_files({"a": moved})
    assert store.sound("a").reader.samples is None
    moved.pcm.write_bytes(files.pcm.read_bytes())
    with qtbot.waitSignal(store.changed):
        store.retry()
    assert store.sound("a").reader.samples is not None


def test_a_sound_that_is_let_go_leaves_nothing(qtbot, store, files):
    with qtbot.waitSignal(store.changed):
        store.set_files({"a": files})
    store.want([Wanted(key(1), lambda: np.zeros(10))])
    qtbot.waitUntil(lambda: store.page(key(1)) is not None)
    store.set_files({})
    assert store.page(key(1)) is None
    assert store.sound("a") is None
