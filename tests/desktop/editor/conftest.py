"""A canvas on screen with three clips of two real sounds."""

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from core.audio.recipe import FadeShape
from desktop.editor.canvas import EditorCanvas
from desktop.tasks import Background
from tests import media
from tests.desktop.editor.sounds import asset_of, clip, mix_of, write_sound

WIDTH, HEIGHT = 1000, 258
CLIPS = ("Intro", "Verse", "Drop")


@pytest.fixture(scope="session")
def two_sounds(tmp_path_factory: pytest.TempPathFactory):
    """Two decoded sounds of 20 seconds: a song, and one at another rate with one channel."""
    folder = tmp_path_factory.mktemp("sounds")
    song = write_sound(folder, "song", media.song(20.0))
    sine = media.sine(20.0, sample_rate_hz=44_100, channels=1, amplitude=0.5)
    return song, write_sound(folder, "sine", sine, 44_100)


@pytest.fixture
def make_canvas(
    qtbot: QtBot, styled: QApplication, two_sounds
) -> Iterator[Callable[..., EditorCanvas]]:
    """Return canvases that show clips (by default three, 30 s of mix)."""
    background = Background()
    assets = [asset_of(1, "Song", two_sounds[0]), asset_of(2, "Sine", two_sounds[1])]
    made: list[EditorCanvas] = []

    def make(clips: Callable[[list], list] | None = None) -> EditorCanvas:
        canvas = EditorCanvas(background)
        made.append(canvas)
        canvas.resize(WIDTH, HEIGHT)
        chosen = (clips or three_clips)(assets)
        canvas.set_sounds(
            {asset.id: files for asset, files in zip(assets, two_sounds, strict=True)}
        )
        canvas.set_arrangement(
            mix_of(assets, chosen),
            titles=[item.name for item in chosen],
            hues=["teal" if item.asset_id == assets[0].id else "violet" for item in chosen],
        )
        canvas.show()
        settle(qtbot, canvas)
        return canvas

    yield make
    for canvas in made:
        canvas.hide()
        canvas.deleteLater()
    background.stop()


def three_clips(assets: list) -> list:
    """Intro 0 to 10 s, Verse 10 to 20 s, two seconds of nothing, Drop 22 to 30 s."""
    song, sine = assets
    return [
        clip(song, 2, 12, name="Intro", fade_in_s=2),
        clip(sine, 5, 15, name="Verse"),
        clip(
            song,
            0,
            8,
            name="Drop",
            gap_s=2,
            fade_out_s=3,
            fade_out_shape=FadeShape.EQUAL_POWER,
        ),
    ]


def settle(qtbot: QtBot, canvas: EditorCanvas) -> None:
    """Wait until what is on screen is drawn from the finest columns."""

    def done() -> bool:
        canvas.area.grab()
        return canvas.store.idle

    qtbot.waitUntil(done, timeout=10_000)


@pytest.fixture
def canvas(make_canvas: Callable[..., EditorCanvas]) -> EditorCanvas:
    """A canvas with three clips."""
    return make_canvas()
