"""What a hand does in the editor's window: run by `test_editor_flow`, in a process on a screen.

In: `CYMATIC_WALK`, a folder with sounds. Out: the same folder with what came of it: projects,
videos, `outcome.json`. The name keeps it out of the plain run: it needs the folder.
"""

import json
import os
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QLineEdit, QWidget
from pytestqt.exceptions import TimeoutError
from pytestqt.qtbot import QtBot

from core.documents import to_json
from core.engine.client import EngineClient
from core.jobs.model import JobStatus, JobView
from core.paths import LibraryPaths
from desktop.bridge import Connection, EngineBridge
from desktop.editor.hit import HEAD_PX
from desktop.main_window import MainWindow
from desktop.memory import Memory
from desktop.notices import Tone
from desktop.tasks import Background
from tests.desktop.conftest import end_window, qt_loop, styled  # noqa: F401 - fixtures

FOLDER = Path(os.environ["CYMATIC_WALK"])
WAIT_MS = 60_000
STEPS = 5
NONE = Qt.KeyboardModifier.NoModifier
CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
LEFT = Qt.MouseButton.LeftButton

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support", extend=True)


@pytest.fixture
def window(qtbot: QtBot, styled, qt_loop) -> Iterator[MainWindow]:  # noqa: F811
    """A window on the library of the walk, in front, on the page of the sound."""

    async def connect() -> EngineClient:
        return await EngineClient.connect(FOLDER / "library", start=True)

    made = MainWindow(EngineBridge(connect), Background(), Memory(FOLDER / "window.ini"))
    made.show()
    made.activateWindow()
    assert QTest.qWaitForWindowActive(made, WAIT_MS)
    made.catalog.load()
    made.bridge.start()
    qtbot.waitUntil(lambda: made.bridge.connection is Connection.READY, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: bool(made.catalog.summaries), timeout=WAIT_MS)
    yield made
    end_window(made)


class Walker:
    """Someone at the window: a mouse and a keyboard that go through the window system."""

    def __init__(self, window: MainWindow, qtbot: QtBot) -> None:
        self.window, self.qtbot = window, qtbot
        self.area = window.editor.canvas.area

    def until(self, holds: Callable[[], bool]) -> None:
        """Wait; leave a picture of the window and what it says when it is in vain."""
        try:
            self.qtbot.waitUntil(holds, timeout=WAIT_MS)
        except TimeoutError as error:
            self.window.grab().save(str(FOLDER / "stuck.png"))
            raise AssertionError(f"waited in vain; the window says {self.said()}") from error

    def at(self, widget: QWidget, x: float, y: float) -> QPoint:
        return widget.mapTo(self.window, QPoint(round(x), round(y)))

    def come_to_front(self) -> None:
        """Do what a window manager does when a dialog has gone."""
        self.window.activateWindow()
        assert QTest.qWaitForWindowActive(self.window, WAIT_MS)

    def click(self, at: QPoint, keys: Qt.KeyboardModifier = NONE) -> None:
        QTest.mouseClick(self.window.windowHandle(), LEFT, keys, at)

    def click_on(self, widget: QWidget) -> None:
        self.click(self.at(widget, widget.width() / 2, widget.height() / 2))

    def drag(self, start: QPoint, stop: QPoint) -> None:
        handle = self.window.windowHandle()
        QTest.mousePress(handle, LEFT, NONE, start)
        for step in range(1, STEPS + 1):
            QTest.mouseMove(handle, start + (stop - start) * step / STEPS)
        QTest.mouseRelease(handle, LEFT, NONE, stop)

    def key(self, key: Qt.Key, keys: Qt.KeyboardModifier = NONE) -> None:
        QTest.keyClick(self.window.windowHandle(), key, keys)

    def drop(self, *paths: Path) -> None:
        """Let files go over the waveform."""
        mime = QMimeData()
        mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
        middle, copy = QPointF(self.area.rect().center()), Qt.DropAction.CopyAction
        QApplication.sendEvent(self.area, QDragEnterEvent(middle, copy, mime, LEFT, NONE))
        QApplication.sendEvent(self.area, QDropEvent(middle, copy, mime, LEFT, NONE))

    # --- on the waveform --------------------------------------------------------------------

    def x(self, time_s: float) -> float:
        return self.window.editor.canvas.viewport.x_of(time_s)

    def body(self, time_s: float) -> QPoint:
        return self.at(self.area, self.x(time_s), self.area.height() * 0.8)

    def head(self, time_s: float) -> QPoint:
        return self.at(self.area, self.x(time_s), HEAD_PX / 2)

    def end_of(self, time_s: float) -> QPoint:
        """Return the handle of an edge, seen from the clip on its left."""
        return self.at(self.area, self.x(time_s) - 3, self.area.height() * 0.8)

    def spans(self) -> list[tuple[float, float]]:
        arrangement = self.window.workspace.arrangement
        rate = arrangement.sample_rate_hz
        return [(clip.start / rate, clip.stop / rate) for clip in arrangement.clips]

    def check(self, *spans: tuple[float, float]) -> None:
        """Check that the clips lie where they should, to three pixels."""
        tolerance_s = 3 / self.window.editor.canvas.viewport.px_per_s
        assert self.spans() == [pytest.approx(span, abs=tolerance_s) for span in spans]

    # --- the work ---------------------------------------------------------------------------

    def open(self, *names: str) -> None:
        """Drop sounds on the page of the sound, and wait until they are there."""
        self.key(Qt.Key.Key_1, CTRL)
        self.drop(*(FOLDER / name for name in names))
        self.until(lambda: len(self.window.workspace.project.recipe.clips) == len(names))

    def saved(self) -> None:
        window = self.window
        self.until(lambda: window.workspace.is_stored and not window.workspace.is_dirty)
        self.until(lambda: window.header.saved.text() == "Saved")

    def measured(self) -> None:
        renewal = self.window.desk.renewal
        self.until(lambda: not renewal.is_busy and renewal.analysis is not None)

    def plays(self) -> None:
        """Press Space, see it move, press Space."""
        self.key(Qt.Key.Key_Space)
        begun_s = self.window.editor.time_s
        self.until(lambda: self.window.editor.time_s > begun_s + 0.3)
        self.key(Qt.Key.Key_Space)
        self.until(lambda: not self.window.desk.playback.state.is_active)

    def render(self) -> JobView:
        """Press the button and wait for the video."""
        window = self.window
        small = msgspec.structs.replace(window.workspace.output, format="160x90", fps=Fraction(20))
        window.workspace.set_output(small)
        self.key(Qt.Key.Key_2, CTRL)
        rendered: list[JobView] = []
        window.render_panel.submitted.connect(rendered.append)
        self.click_on(window.render_panel.render_button)
        self.until(lambda: bool(rendered))
        watch = window.bridge.watch(rendered[0].id)
        with self.qtbot.waitSignal(watch.ended, timeout=2 * WAIT_MS) as ended:
            pass
        job: JobView = ended.args[0]
        assert job.status is JobStatus.DONE, job.error
        return job

    def said(self) -> list[str]:
        """Return what went wrong, as the window says it."""
        shown = self.window.notices.shown
        return [f"{note.text} {note.hint}".strip() for note in shown if note.tone is Tone.PROBLEM]


@pytest.fixture
def walker(window: MainWindow, qtbot: QtBot) -> Walker:
    return Walker(window, qtbot)


def tell(**facts: object) -> None:
    """Leave what came of the walk."""
    part = FOLDER / "outcome.part"
    part.write_text(json.dumps(facts))
    part.rename(FOLDER / "outcome.json")


def test_two_sounds_become_one_video(walker: Walker, window: MainWindow):
    stack = window.workspace.undo_stack
    walker.open("rising.wav", "high.wav")
    titles = [
        window.workspace.assets[c.asset_id].title for c in window.workspace.project.recipe.clips
    ]
    assert titles == ["rising", "high"]
    walker.check((0, 6), (6, 10))
    walker.until(lambda: window.desk.playback.position_s == 0)
    start = stack.index()

    if window.desk.snapping.is_on:
        walker.click(walker.body(1))  # the keyboard goes to the waveform
        walker.key(Qt.Key.Key_N)
    assert not window.desk.snapping.is_on

    walker.click(walker.head(3))
    assert window.desk.editing.selection == (0,)
    walker.drag(walker.end_of(6), walker.end_of(5))  # trim
    walker.check((0, 5), (6, 10))
    assert stack.undoText() == "Trim"
    walker.drag(walker.head(8), walker.head(6.5))  # crossfade
    walker.check((0, 5), (4.5, 8.5))
    assert window.workspace.arrangement.clips[1].overlap
    walker.click(walker.body(2))
    walker.key(Qt.Key.Key_S)  # split
    walker.check((0, 2), (2, 5), (4.5, 8.5))
    walker.drag(walker.head(1), walker.head(7))  # reorder
    walker.check((0, 3), (2.5, 6.5), (6.5, 8.5))
    assert stack.index() == start + 4

    made = window.workspace.project.recipe
    for _ in range(4):
        walker.key(Qt.Key.Key_Z, CTRL)
    walker.check((0, 6), (6, 10))
    for _ in range(4):
        walker.key(Qt.Key.Key_Z, CTRL | SHIFT)
    assert window.workspace.project.recipe == made

    preset = window.desk.inspector.loudness.preset
    walker.click_on(preset)
    walker.until(preset.view().isVisible)
    QTest.keyClick(preset.view(), Qt.Key.Key_Down)
    QTest.keyClick(preset.view(), Qt.Key.Key_Return)
    assert window.workspace.project.recipe.loudness.name == "youtube"
    walker.measured()
    report = window.desk.inspector.loudness.sentence.text()
    walker.click(walker.body(0.2))
    walker.plays()

    walker.key(Qt.Key.Key_S, CTRL)
    dialog = window.findChild(QFileDialog)
    name = dialog.findChild(QLineEdit)
    name.setText(str(FOLDER / "mix.cymatic"))
    QTest.keyClick(name, Qt.Key.Key_Return)
    walker.come_to_front()
    walker.until((FOLDER / "mix.cymatic").exists)
    walker.saved()
    job = walker.render()
    (video,) = (str(output.path) for output in job.outputs if output.role == "main")
    tell(
        video=video,
        recipe=json.loads(to_json(window.workspace.project.recipe)),
        spans=walker.spans(),
        overlap_s=window.workspace.arrangement.clips[1].overlap / 48_000,
        report=report,
        silent=window.desk.playback.output.is_silent,
        says_so=window.editor.transport.output_label.isVisible(),
        platform=QApplication.platformName(),
    )
    assert walker.said() == []


def test_edits_until_killed(walker: Walker, window: MainWindow, qtbot: QtBot):
    walker.open("rising.wav", "high.wav")
    walker.click(walker.body(2))
    walker.key(Qt.Key.Key_S)
    walker.key(Qt.Key.Key_M)
    walker.saved()
    tell(
        recipe=json.loads(to_json(window.workspace.project.recipe)),
        project=window.workspace.project.id,
    )
    walker.click(walker.body(4))
    walker.until(lambda: False)  # whoever watches ends it


def test_a_new_window_has_the_edits(walker: Walker, window: MainWindow):
    walker.until(lambda: window.workspace.asset is not None)
    tell(
        recipe=json.loads(to_json(window.workspace.project.recipe)),
        project=window.workspace.project.id,
        n_markers=len(window.workspace.project.markers),
        page=window.pages.now,
    )
    walker.click(walker.body(1))
    walker.key(Qt.Key.Key_S)
    assert len(window.workspace.project.recipe.clips) == 4
    assert walker.said() == []


def _sounds_like_something(walker: Walker) -> None:
    """The sound on the table can be read from start to end."""
    playback = walker.window.desk.playback
    walker.until(lambda: playback._sound is not None)
    n_samples = walker.window.workspace.arrangement.n_samples
    walker.until(lambda: playback._sound.n_samples == n_samples)
    assert abs(playback._sound.read(1000, 49_000)).max() > 0.05


def test_a_decoded_sound_that_was_evicted_comes_back(walker: Walker, window: MainWindow):
    walker.open("rising.wav")
    walker.measured()
    paths = LibraryPaths(window.bridge.engine.library)
    pcm = paths.pcm(window.workspace.asset.pcm.key)
    pcm.unlink()
    walker.click(walker.body(2))
    walker.key(Qt.Key.Key_S)
    walker.until(pcm.exists)
    walker.measured()
    _sounds_like_something(walker)
    walker.plays()
    assert walker.said() == []
    tell(clips=len(window.workspace.project.recipe.clips))


def test_a_source_that_is_gone_is_said_and_nothing_is_lost(walker: Walker, window: MainWindow):
    walker.open("rising.wav")
    walker.measured()
    asset = window.workspace.asset
    paths = LibraryPaths(window.bridge.engine.library)
    original, pcm = paths.original(asset.sha256, asset.name), paths.pcm(asset.pcm.key)
    kept = original.read_bytes()
    original.unlink()
    pcm.unlink()
    walker.click(walker.body(2))
    walker.key(Qt.Key.Key_S)
    walker.until(lambda: bool(walker.said()))
    walker.saved()
    assert len(window.workspace.project.recipe.clips) == 2
    said = walker.said()
    walker.key(Qt.Key.Key_Z, CTRL)
    assert window.workspace.is_bare
    original.write_bytes(kept)  # the file is found again
    walker.key(Qt.Key.Key_Z, CTRL | SHIFT)
    walker.until(pcm.exists)
    walker.measured()
    _sounds_like_something(walker)
    tell(said=said)
