"""The desk in its window: playback keys, tracks dropped in, the video's range, text fields."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from core.audio.playback.model import PlayState
from core.engine.protocol import GetAsset, SubmitIngest, SubmitRender
from core.errors import NotFoundError, UsageError
from core.jobs.model import IngestResult, JobKind
from desktop.editor.desk import EditorDesk
from desktop.editor.drops import asset_mime
from desktop.editor.hit import HEAD_PX
from desktop.main_window import MainWindow
from desktop.pages import PREPARE
from tests.desktop.fakes import FakeEngine, asset_like

NIGHT = asset_like(1, "Night", duration_s=10.0)
CINDER = asset_like(2, "Cinder", duration_s=8.0)
LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


@pytest.fixture
def shown(qtbot: QtBot, window: MainWindow, engine: FakeEngine) -> MainWindow:
    """The window in front, on the page of the sound; nothing on the table."""
    for asset in (NIGHT, CINDER):
        engine.add_asset(asset)
    qtbot.waitUntil(lambda: window.library.model.rowCount() == 2)
    window.pages.show(PREPARE)
    window.activateWindow()
    assert QTest.qWaitForWindowActive(window)
    return window


@pytest.fixture
def desk(shown: MainWindow) -> EditorDesk:
    """Two tracks, ten and eight seconds; the keyboard belongs to the waveform."""
    shown.workspace.choose(NIGHT)
    shown.desk.drop((CINDER,))
    shown.workspace.undo_stack.clear()
    shown.editor.canvas.area.setFocus()
    return shown.desk


@pytest.fixture
def press(shown: MainWindow) -> Callable[..., None]:
    """Return what presses keys, as the window system does."""

    def press(*texts: str) -> None:
        for text in texts:
            QTest.keySequence(shown.windowHandle(), QKeySequence(text))

    return press


def drop_on_clips(window: MainWindow, mime: QMimeData, time_s: float) -> None:
    area = window.editor.canvas.area
    at, copy = QPointF(window.editor.canvas.viewport.x_of(time_s), 60), Qt.DropAction.CopyAction
    QApplication.sendEvent(area, QDragEnterEvent(at, copy, mime, LEFT, NONE))
    QApplication.sendEvent(area, QDropEvent(at, copy, mime, LEFT, NONE))


def titles(window: MainWindow) -> list[str]:
    workspace = window.workspace
    return [workspace.assets[clip.asset_id].title for clip in workspace.project.recipe.clips]


# --- moving about -------------------------------------------------------------------------------

MOVES = {
    "Home": 0.0,
    "End": 18.0,
    "Left": 3.99,
    "Right": 4.01,
    "Shift+Left": 3.0,
    "Shift+Right": 5.0,
    "Alt+Left": 4 - 1 / 48_000,
    "Alt+Right": 4 + 1 / 48_000,
    "PgUp": 0.0,
    "PgDown": 10.0,
}


@pytest.mark.parametrize("keys", MOVES)
def test_a_key_moves_the_playhead(keys: str, shown: MainWindow, desk: EditorDesk, press):
    desk.go_to(4.0)
    press(keys)
    assert shown.editor.time_s == pytest.approx(MOVES[keys], abs=1e-9)


def test_edges_and_markers_are_stops(shown: MainWindow, desk: EditorDesk, press):
    desk.go_to(12.5)
    press("M", "Home")
    stops = []
    for _ in range(4):
        press("PgDown")
        stops.append(shown.editor.time_s)
    assert stops == [10.0, 12.5, 18.0, 18.0]


def test_the_playhead_stays_inside_the_mix(shown: MainWindow, desk: EditorDesk, press):
    press("Home", "Left", "Shift+Left")
    assert shown.editor.time_s == 0
    press("End", "Right", "Alt+Right")
    assert shown.editor.time_s == 18


def test_keys_zoom_and_show_everything_again(shown: MainWindow, desk: EditorDesk, press):
    viewport = shown.editor.canvas.viewport
    whole = viewport.px_per_s
    press("+", "+")
    assert viewport.px_per_s > 2 * whole
    press("-")
    assert whole < viewport.px_per_s < 2 * whole
    press("Ctrl+0")
    assert viewport.px_per_s == whole
    assert viewport.whole


def test_snapping_is_turned_off_and_remembered(shown: MainWindow, desk: EditorDesk, press):
    button = shown.editor.transport.snap_button
    assert button.isChecked()
    press("N")
    assert not button.isChecked()
    assert not shown.memory.flag("editor/snap", default=True)


def test_the_view_stands_still_under_the_hand(shown: MainWindow, desk: EditorDesk):
    canvas = shown.editor.canvas
    area, viewport = canvas.area, canvas.viewport
    desk.snapping.toggle()
    scale = viewport.px_per_s
    handle = shown.windowHandle()

    def place(time_s: float):
        return area.mapTo(shown, QPointF(viewport.x_of(time_s), HEAD_PX / 2).toPoint())

    start, stop = place(14.0), place(11.0)
    QTest.mousePress(handle, LEFT, NONE, start)
    for step in range(1, 11):
        QTest.mouseMove(handle, start + (stop - start) * step / 10)
        assert viewport.px_per_s == scale
    arrangement = shown.workspace.arrangement
    assert arrangement.clips[1].start / 48_000 == pytest.approx(7.0, abs=3 / scale)
    QTest.mouseRelease(handle, LEFT, NONE, stop)
    assert viewport.whole
    assert viewport.px_per_s > scale


def test_alt_and_a_click_split_where_the_pointer_is(shown: MainWindow, desk: EditorDesk):
    area = shown.editor.canvas.area
    at = area.mapTo(shown, QPointF(shown.editor.canvas.viewport.x_of(5.0), 90).toPoint())
    QTest.mouseClick(shown.windowHandle(), LEFT, Qt.KeyboardModifier.AltModifier, at)
    assert len(shown.workspace.project.recipe.clips) == 3
    assert shown.workspace.arrangement.clips[1].start / 48_000 == pytest.approx(5.0, abs=0.05)


# --- playing ------------------------------------------------------------------------------------


def test_space_plays_on_and_pauses(qtbot: QtBot, shown: MainWindow, desk: EditorDesk, press):
    told: list[bool] = []
    desk.playing_changed.connect(told.append)
    desk.go_to(2.0)
    press("Space")
    qtbot.waitUntil(lambda: shown.editor.time_s > 2.1, timeout=20_000)
    press("Space")
    qtbot.waitUntil(lambda: not desk.playback.state.is_active, timeout=20_000)
    assert told[0] is True
    assert told[-1] is False


def test_at_the_end_play_starts_over(qtbot: QtBot, shown: MainWindow, desk: EditorDesk, press):
    press("End", "Space")
    qtbot.waitUntil(lambda: 0 < shown.editor.time_s < 17, timeout=20_000)


def test_j_k_and_l_play_both_ways_and_rest(
    qtbot: QtBot, shown: MainWindow, desk: EditorDesk, press
):
    desk.go_to(9.0)
    press("L")
    qtbot.waitUntil(lambda: shown.editor.time_s > 9.1, timeout=20_000)
    press("K")
    qtbot.waitUntil(lambda: not desk.playback.state.is_active, timeout=20_000)
    rest_s = shown.editor.time_s
    press("J")
    qtbot.waitUntil(lambda: shown.editor.time_s < rest_s - 0.1, timeout=20_000)
    press("K")


def test_an_edit_while_it_plays_lets_it_play_on(
    qtbot: QtBot, shown: MainWindow, desk: EditorDesk, press
):
    press("Space")
    qtbot.waitUntil(lambda: shown.editor.time_s > 0.3, timeout=20_000)
    press("S")
    assert len(shown.workspace.project.recipe.clips) == 3
    at_s = shown.editor.time_s
    qtbot.waitUntil(lambda: shown.editor.time_s > at_s + 0.2, timeout=20_000)
    assert desk.playback.state is PlayState.PLAYING


def test_loop_takes_the_stretch_else_the_clips_else_everything(
    shown: MainWindow, desk: EditorDesk, press
):
    canvas = shown.editor.canvas
    desk.editing.select(())
    loops = []
    for stretch, chosen in (((2.0, 3.0), ()), (None, (1,)), (None, ())):
        desk.editing.select_stretch(stretch)
        desk.editing.select(chosen)
        press("Ctrl+L")
        loops.append(canvas.loop)
        assert shown.editor.transport.loop_button.isChecked()
        press("Ctrl+L")
        assert canvas.loop is None
    assert loops == [(2.0, 3.0), (10.0, 18.0), (0.0, 18.0)]


# --- tracks dropped in --------------------------------------------------------------------------


def test_a_track_of_the_library_goes_where_it_is_dropped(shown: MainWindow, desk: EditorDesk):
    drop_on_clips(shown, asset_mime([CINDER.id]), 1.0)
    assert titles(shown) == ["Cinder", "Night", "Cinder"]
    drop_on_clips(shown, asset_mime([NIGHT.id, CINDER.id]), 25.9)
    assert titles(shown) == ["Cinder", "Night", "Cinder", "Night", "Cinder"]
    assert desk.editing.selection == (3, 4)
    assert shown.workspace.undo_stack.undoText() == "Add 2 tracks"


def drop_files(window: MainWindow, folder: Path, *names: str) -> None:
    mime = QMimeData()
    for name in names:
        (folder / name).touch()
    mime.setUrls([QUrl.fromLocalFile(str(folder / name)) for name in names])
    drop_on_clips(window, mime, 1.0)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_files_dropped_on_an_empty_editor_become_its_clips_in_their_order(
    order: tuple[int, int], qtbot: QtBot, shown: MainWindow, engine: FakeEngine, tmp_path: Path
):
    drop_files(shown, tmp_path, "night.wav", "cinder.wav")
    qtbot.waitUntil(lambda: len(engine.sent(SubmitIngest)) == 2)
    jobs = [job for job in engine.jobs.values() if job.kind is JobKind.INGEST]
    qtbot.waitUntil(lambda: engine.n_watchers == 4)
    for place in order:
        engine.finish(jobs[place].id, IngestResult(asset=(NIGHT, CINDER)[place]))
    qtbot.waitUntil(lambda: len(shown.workspace.project.recipe.clips) == 2)
    assert titles(shown) == ["Night", "Cinder"]


def test_of_dropped_files_those_that_fail_hold_nobody_up(
    qtbot: QtBot, shown: MainWindow, engine: FakeEngine, tmp_path: Path
):
    drop_files(shown, tmp_path, "broken.wav", "cinder.wav")
    qtbot.waitUntil(lambda: len(engine.sent(SubmitIngest)) == 2)
    jobs = [job for job in engine.jobs.values() if job.kind is JobKind.INGEST]
    qtbot.waitUntil(lambda: engine.n_watchers == 4)
    engine.finish(jobs[1].id, IngestResult(asset=CINDER))
    engine.fail(jobs[0].id, "“broken.wav” has no sound.")
    qtbot.waitUntil(lambda: titles(shown) == ["Cinder"])
    assert "“broken.wav” has no sound." in [notice.text for notice in shown.notices.shown]


def test_the_same_file_dropped_again_is_in_the_mix_twice(
    qtbot: QtBot, shown: MainWindow, engine: FakeEngine, tmp_path: Path
):
    shown.workspace.choose(NIGHT)
    drop_files(shown, tmp_path, "night.wav")
    qtbot.waitUntil(lambda: len(engine.sent(SubmitIngest)) == 1)
    (job,) = (job for job in engine.jobs.values() if job.kind is JobKind.INGEST)
    engine.finish(job.id, IngestResult(asset=NIGHT, duplicate=True))
    qtbot.waitUntil(lambda: titles(shown) == ["Night", "Night"])


# --- projects -----------------------------------------------------------------------------------


def test_a_project_of_several_tracks_opens_again(
    qtbot: QtBot, shown: MainWindow, desk: EditorDesk, engine: FakeEngine, press
):
    press("M")
    desk.go_to(4.0)
    press("S")
    workspace = shown.workspace
    qtbot.waitUntil(lambda: workspace.is_stored and not workspace.is_dirty)
    before = workspace.project
    other = engine.add_asset(asset_like(3, "Other"))
    workspace.choose(other)
    assert titles(shown) == ["Other"]
    shown.files.open_recent(before.id)
    qtbot.waitUntil(lambda: workspace.project.id == before.id)
    assert workspace.project.recipe == before.recipe
    assert workspace.project.markers == before.markers
    assert titles(shown) == ["Night", "Night", "Cinder"]
    assert not workspace.undo_stack.canUndo()


def test_a_project_that_cannot_be_opened_leaves_the_one_on_the_table_alone(
    qtbot: QtBot, shown: MainWindow, desk: EditorDesk, engine: FakeEngine, press
):
    workspace = shown.workspace
    desk.go_to(4.0)
    press("S")
    qtbot.waitUntil(lambda: workspace.is_stored and not workspace.is_dirty)
    first = workspace.project.id
    workspace.choose(engine.add_asset(asset_like(3, "Other")))
    workspace.rename("Second")
    engine.failures[GetAsset] = NotFoundError("“Night” is not in the library.", hint="Add it.")
    shown.files.open_recent(first)
    qtbot.waitUntil(lambda: bool(shown.notices.shown))
    assert shown.notices.shown[0].text == "“Night” is not in the library."
    qtbot.waitUntil(lambda: workspace.is_stored and not workspace.is_dirty)
    assert [project.title for project in engine.projects.values()] == ["Night", "Second"]
    assert workspace.project.title == "Second"


def test_the_project_on_the_table_is_remembered_as_soon_as_it_is_stored(
    qtbot: QtBot, shown: MainWindow, desk: EditorDesk, press
):
    desk.go_to(4.0)
    press("S")
    qtbot.waitUntil(lambda: bool(shown.memory.text("work/project")))
    assert shown.memory.text("work/project") == shown.workspace.project.id


# --- the video's range --------------------------------------------------------------------------


def test_i_and_o_set_the_range_and_the_whole_comes_back(shown: MainWindow, desk: EditorDesk, press):
    desk.go_to(3.0)
    press("I")
    desk.go_to(15.0)
    press("O")
    assert shown.workspace.range_s() == (3.0, 15.0)
    desk.range.use_whole()
    assert shown.workspace.output.end_s is None
    assert shown.workspace.range_s() == (0.0, 18.0)


def test_the_range_follows_a_mix_that_grew_shorter(
    qtbot: QtBot, shown: MainWindow, desk: EditorDesk, engine: FakeEngine, press
):
    desk.range.set(3.0, 15.0)
    desk.editing.select((1,))
    press("Delete")
    assert shown.workspace.range_s() == (3.0, 10.0)
    shown.render_panel.submit()
    qtbot.waitUntil(lambda: bool(engine.sent(SubmitRender)))
    assert engine.sent(SubmitRender)[0].end_s in (None, Fraction(10))


def test_a_range_behind_the_end_of_a_shorter_mix_is_not_sent(
    qtbot: QtBot, shown: MainWindow, desk: EditorDesk, engine: FakeEngine, press
):
    desk.range.set(12.0, 15.0)
    desk.editing.select((1,))
    press("Delete")
    start_s, end_s = shown.workspace.range_s()
    assert 0 <= start_s < end_s <= 10
    shown.render_panel.submit()
    qtbot.waitUntil(lambda: bool(engine.sent(SubmitRender)))
    request = engine.sent(SubmitRender)[0]
    assert request.start_s < (request.end_s or 10)


# --- text fields --------------------------------------------------------------------------------


def editors(window: MainWindow) -> list[QWidget]:
    return [window.desk.inspector.clip.times[field] for field in window.desk.inspector.clip.times]


def test_letters_typed_into_a_name_edit_the_name(qtbot: QtBot, shown: MainWindow, desk: EditorDesk):
    desk.go_to(4.0)
    desk._rename_clip(0)
    qtbot.waitUntil(lambda: isinstance(shown.focusWidget(), QLineEdit))
    for key in (Qt.Key.Key_A, Qt.Key.Key_S, Qt.Key.Key_Space, Qt.Key.Key_M, Qt.Key.Key_L):
        QTest.keyClick(shown.windowHandle(), key)
    QTest.keyClick(shown.windowHandle(), Qt.Key.Key_Home)
    QTest.keyClick(shown.windowHandle(), Qt.Key.Key_Delete)
    QTest.keyClick(shown.windowHandle(), Qt.Key.Key_Return)
    assert [clip.name for clip in shown.workspace.project.recipe.clips] == ["s ml", ""]
    assert shown.workspace.project.markers == ()
    assert not desk.playback.state.is_active


def test_keys_in_a_time_field_edit_the_time(shown: MainWindow, desk: EditorDesk):
    desk.go_to(4.0)
    desk.editing.select((0,))
    recipe = shown.workspace.project.recipe
    for field in editors(shown):
        field.setFocus()
        assert shown.focusWidget() is field
        for text in ("S", "Space", "M", "Delete", "[", "]", "Home", "Ctrl+A", "Shift+M", "I", "O"):
            QTest.keySequence(shown.windowHandle(), QKeySequence(text))
        field.take_back()
    assert shown.workspace.project.recipe == recipe
    assert shown.workspace.project.markers == ()
    assert shown.workspace.output.start_s == 0
    assert not desk.playback.state.is_active
    assert not shown.workspace.undo_stack.canUndo()


def test_letters_in_the_search_field_edit_the_search(shown: MainWindow, desk: EditorDesk):
    shown.library.search.setFocus()
    for key in (Qt.Key.Key_S, Qt.Key.Key_Space, Qt.Key.Key_M, Qt.Key.Key_N):
        QTest.keyClick(shown.windowHandle(), key)
    assert shown.library.search.text() == "s mn"
    assert shown.workspace.project.markers == ()
    assert desk.snapping.is_on


# --- what goes wrong ----------------------------------------------------------------------------


def test_an_edit_that_cannot_be_measured_is_said_and_kept(
    qtbot: QtBot, shown: MainWindow, desk: EditorDesk, engine: FakeEngine, press
):
    desk.go_to(4.0)
    press("S")
    qtbot.waitUntil(lambda: desk.renewal.is_busy and bool(desk.renewal._jobs))
    qtbot.waitUntil(lambda: engine.n_watchers >= 1)
    engine.fail(desk.renewal._jobs[-1], "The original of “Night” is not in the library.")
    qtbot.waitUntil(lambda: bool(shown.notices.shown))
    assert [notice.text for notice in shown.notices.shown] == [
        "The original of “Night” is not in the library."
    ]
    assert len(shown.workspace.project.recipe.clips) == 3
    assert not desk.renewal.is_busy


def test_a_sound_that_cannot_be_heard_is_said_once(
    qtbot: QtBot, shown: MainWindow, desk: EditorDesk
):
    error = UsageError("It cannot be heard.", hint="Try again.")
    desk.playback.failed.emit(error)
    qtbot.waitUntil(lambda: bool(shown.notices.shown))
    assert len(shown.notices.shown) == 1


def test_tracks_news_reach_the_desk(shown: MainWindow, desk: EditorDesk, engine: FakeEngine):
    renamed = msgspec.structs.replace(CINDER, title="Ember")
    shown.workspace.update_asset(renamed)
    assert titles(shown) == ["Night", "Ember"]
