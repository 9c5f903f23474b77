"""Every key of the editor edits as its line in the table says; undo takes each step back."""

from fractions import Fraction

import msgspec
import pytest
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from core.audio.recipe import Marker
from desktop.editor.desk import EditorDesk
from desktop.editor.requests import MoveClip, SetFade, SetGain, Side, Trim
from desktop.main_window import MainWindow
from desktop.pages import PREPARE
from desktop.workspace import Workspace
from tests.desktop.fakes import FakeEngine, asset_like

NIGHT = asset_like(1, "Night", duration_s=10.0)
CINDER = asset_like(2, "Cinder", duration_s=8.0)


@pytest.fixture
def desk(qtbot: QtBot, window: MainWindow, engine: FakeEngine) -> EditorDesk:
    """Two tracks, ten and eight seconds; the keyboard belongs to the waveform."""
    for asset in (NIGHT, CINDER):
        engine.add_asset(asset)
    window.pages.show(PREPARE)
    window.workspace.choose(NIGHT)
    window.desk.drop((CINDER,))
    window.workspace.undo_stack.clear()
    window.desk.editing.select(())
    window.activateWindow()
    assert QTest.qWaitForWindowActive(window)
    window.editor.canvas.area.setFocus()
    return window.desk


@pytest.fixture
def workspace(window: MainWindow, desk: EditorDesk) -> Workspace:
    return window.workspace


@pytest.fixture
def press(window: MainWindow, desk: EditorDesk):
    """Return what presses keys, as the window system does."""

    def press(*texts: str) -> None:
        for text in texts:
            QTest.keySequence(window.windowHandle(), QKeySequence(text))

    return press


def spans(workspace: Workspace) -> list[tuple[float, float]]:
    arrangement = workspace.arrangement
    if arrangement is None:
        return []
    rate = arrangement.sample_rate_hz
    return [(clip.start / rate, clip.stop / rate) for clip in arrangement.clips]


def steps(workspace: Workspace) -> list[str]:
    stack = workspace.undo_stack
    return [stack.text(index) for index in range(stack.count())]


# --- verbs --------------------------------------------------------------------------------------

BOTH = [(0, 10), (10, 18)]
VERBS = {
    "split": ("S", (0,), [(0, 4), (4, 10), (10, 18)], (1,), "Split"),
    "delete": ("Delete", (0,), [(0, 8)], (), "Delete"),
    "lift": ("Shift+Delete", (0,), [(10, 18)], (), "Delete"),
    "duplicate": ("Ctrl+D", (0,), [(0, 10), (10, 20), (20, 28)], (1,), "Duplicate"),
    "duplicate the one under the playhead": (
        *("Ctrl+D", (), [(0, 10), (10, 20), (20, 28)], (1,), "Duplicate"),
    ),
    "cut": ("Ctrl+X", (0,), [(0, 8)], (), "Delete"),
    "start the clip here": ("[", (0,), [(4, 10), (10, 18)], (0,), "Trim"),
    "end the clip here": ("]", (0,), [(0, 4), (10, 18)], (0,), "Trim"),
    "nudge on": ("Ctrl+Right", (1,), [(0, 10), (10.01, 18.01)], (1,), "Move"),
    "nudge back": ("Ctrl+Left", (1,), [(0, 10), (9.99, 17.99)], (1,), "Move"),
}


@pytest.mark.parametrize("verb", VERBS)
def test_a_key_edits_with_a_name_and_undo_takes_it_back(
    verb: str, desk: EditorDesk, workspace: Workspace, press
):
    keys, chosen, after, selection, name = VERBS[verb]
    before = workspace.project.recipe
    desk.go_to(4.0)
    desk.editing.select(chosen)
    press(keys)
    assert spans(workspace) == [pytest.approx(span) for span in after]
    assert desk.editing.selection == selection
    assert steps(workspace) == [name]
    done = workspace.project.recipe
    press("Ctrl+Z")
    assert workspace.project.recipe == before
    press("Ctrl+Shift+Z")
    assert workspace.project.recipe == done


def test_join_makes_one_of_what_was_split(desk: EditorDesk, workspace: Workspace, press):
    before = workspace.project.recipe
    desk.go_to(4.0)
    press("S")
    desk.editing.select((0, 1))
    press("Ctrl+J")
    assert workspace.project.recipe == before
    assert desk.editing.selection == (0,)
    assert steps(workspace) == ["Split", "Join"]


def test_copied_clips_are_put_in_at_the_playhead(desk: EditorDesk, workspace: Workspace, press):
    desk.editing.select((1,))
    press("Ctrl+C")
    assert not steps(workspace)
    desk.go_to(0.0)
    press("Ctrl+V")
    assert spans(workspace) == [(0, 8), (8, 18), (18, 26)]
    assert desk.editing.selection == (0,)
    assert steps(workspace) == ["Paste 1 clip"]


def test_paste_without_a_copy_edits_nothing(workspace: Workspace, press):
    press("Ctrl+V")
    assert not steps(workspace)


def test_mute_turns_all_chosen_off_then_on(desk: EditorDesk, workspace: Workspace, press):
    desk.editing.select((1,))
    press("Shift+M")
    press("Ctrl+A", "Shift+M")
    assert [clip.muted for clip in workspace.project.recipe.clips] == [True, True]
    press("Shift+M")
    assert [clip.muted for clip in workspace.project.recipe.clips] == [False, False]
    assert steps(workspace) == ["Mute", "Mute", "Unmute"]
    assert desk.editing.selection == (0, 1)


def test_select_all_chooses_every_clip(desk: EditorDesk, press):
    press("Ctrl+A")
    assert desk.editing.selection == (0, 1)


def test_nudges_in_a_row_are_one_step(desk: EditorDesk, workspace: Workspace, press):
    desk.editing.select((1,))
    press("Ctrl+Right", "Ctrl+Right", "Ctrl+Right")
    assert spans(workspace)[1] == pytest.approx((10.03, 18.03))
    assert steps(workspace) == ["Move"]


def test_what_cannot_be_done_is_said_and_changes_nothing(
    window: MainWindow, desk: EditorDesk, workspace: Workspace, press
):
    desk.go_to(10.0)
    press("S")
    desk.editing.select((0, 1))
    press("Ctrl+J")
    assert spans(workspace) == BOTH
    assert not steps(workspace)
    assert "nothing to split" in window.notices.shown[0].text
    assert "does not go on" in window.notices.shown[1].text
    assert all(notice.hint for notice in window.notices.shown)


# --- stretches ----------------------------------------------------------------------------------


def test_a_chosen_stretch_is_split_at_both_ends(desk: EditorDesk, workspace: Workspace, press):
    desk.editing.select_stretch((2.0, 5.0))
    press("S")
    assert spans(workspace) == [(0, 2), (2, 5), (5, 10), (10, 18)]
    assert steps(workspace) == ["Split"]


@pytest.mark.parametrize(
    ("keys", "after"),
    [("Delete", [(0, 2), (2, 7), (7, 15)]), ("Shift+Delete", [(0, 2), (5, 10), (10, 18)])],
)
def test_a_chosen_stretch_is_deleted(
    keys: str, after: list, desk: EditorDesk, workspace: Workspace, press
):
    desk.editing.select_stretch((2.0, 5.0))
    press(keys)
    assert spans(workspace) == after
    assert desk.editing.stretch is None


def test_only_a_chosen_stretch_is_kept(desk: EditorDesk, workspace: Workspace):
    desk.editing.select_stretch((8.0, 12.0))
    desk.editing.crop()
    assert spans(workspace) == [(0, 2), (2, 4)]


# --- markers ------------------------------------------------------------------------------------


def test_a_marker_names_a_place_or_a_stretch(desk: EditorDesk, workspace: Workspace, press):
    desk.go_to(12.0)
    press("M")
    desk.editing.select_stretch((2.0, 5.0))
    press("M")
    assert workspace.project.markers == (
        Marker(time_s=Fraction(2), end_s=Fraction(5), name="Marker 2"),
        Marker(time_s=Fraction(12), name="Marker 1"),
    )
    press("Ctrl+Z", "Ctrl+Z")
    assert workspace.project.markers == ()


def test_markers_move_with_the_sound_and_back(desk: EditorDesk, workspace: Workspace, press):
    desk.go_to(12.0)
    press("M")
    desk.editing.select_stretch((2.0, 5.0))
    press("Delete")
    assert [marker.time_s for marker in workspace.project.markers] == [9]
    press("Ctrl+Z")
    assert [marker.time_s for marker in workspace.project.markers] == [12]


def test_a_marker_is_renamed_and_taken_away(desk: EditorDesk, workspace: Workspace, press):
    press("M")
    marker = msgspec.structs.replace(workspace.project.markers[0], name="Drop")
    desk.editing.change_marker(0, marker)
    assert workspace.project.markers[0].name == "Drop"
    desk.editing.change_marker(0, None)
    assert workspace.project.markers == ()
    assert steps(workspace) == ["Add marker", "Change marker", "Delete marker"]


# --- gestures -----------------------------------------------------------------------------------


def drag_end(desk: EditorDesk, *times_s: float, gesture_id: int = 70_001) -> None:
    for time_s in times_s:
        desk.hand.trim(
            Trim(gesture_id=gesture_id, index=0, side=Side.END, mix_s=time_s, ripple=False)
        )


def test_a_drag_is_one_step_and_starts_from_where_it_began(desk: EditorDesk, workspace: Workspace):
    drag_end(desk, 9.0, 2.0, 6.0)
    desk.editing.end_gesture()
    assert spans(workspace)[0] == (0, 6)
    assert steps(workspace) == ["Trim"]
    drag_end(desk, 5.0, gesture_id=70_002)
    desk.editing.end_gesture()
    assert steps(workspace) == ["Trim", "Trim"]


def test_a_drag_given_up_leaves_no_step(desk: EditorDesk, workspace: Workspace):
    before = workspace.project.recipe
    drag_end(desk, 9.0, 2.0)
    desk.editing.cancel_gesture()
    assert workspace.project.recipe == before
    assert steps(workspace) == []


def test_a_drag_that_ends_where_it_began_leaves_no_step(desk: EditorDesk, workspace: Workspace):
    before = workspace.project.recipe
    drag_end(desk, 9.0, 7.0, 10.0)
    desk.editing.end_gesture()
    assert workspace.project.recipe == before
    assert steps(workspace) == []


def test_a_drag_given_up_keeps_the_steps_before_it(desk: EditorDesk, workspace: Workspace):
    drag_end(desk, 9.0)
    desk.editing.end_gesture()
    drag_end(desk, 4.0, gesture_id=70_003)
    desk.editing.cancel_gesture()
    assert spans(workspace)[0] == (0, 9)
    assert steps(workspace) == ["Trim"]


def test_dragging_a_clip_over_its_neighbour_crossfades_and_its_selection_follows(
    desk: EditorDesk, workspace: Workspace
):
    desk.hand.move(MoveClip(gesture_id=70_004, index=1, start_s=9.0, to_index=1))
    assert spans(workspace) == [(0, 10), (9, 17)]
    assert workspace.arrangement.clips[1].overlap == 48_000
    desk.hand.move(MoveClip(gesture_id=70_004, index=1, start_s=0.0, to_index=0))
    assert spans(workspace) == [(0, 8), (8, 18)]
    assert desk.editing.selection == (0,)
    assert steps(workspace) == ["Move"]


def test_fades_and_gain_are_pulled_in_one_step_each(desk: EditorDesk, workspace: Workspace):
    for length_s in (0.2, 0.9, 0.5):
        desk.hand.fade(SetFade(gesture_id=70_005, index=0, side=Side.START, length_s=length_s))
    desk.editing.end_gesture()
    for gain in (1.5, 2.0):
        desk.hand.gain(SetGain(gesture_id=70_006, index=1, gain=gain))
    desk.editing.end_gesture()
    first, second = workspace.project.recipe.clips
    assert (first.fade_in_s, second.gain) == (Fraction(1, 2), 2.0)
    assert steps(workspace) == ["Fade in", "Gain"]


def test_a_wish_that_cannot_be_keeps_the_nearest_that_could(
    window: MainWindow, desk: EditorDesk, workspace: Workspace
):
    drag_end(desk, 500.0, -5.0)
    assert spans(workspace)[0] == pytest.approx((0, 0.1))
    assert window.notices.shown == []


# --- an empty mix -------------------------------------------------------------------------------


def test_without_clips_the_window_is_calm_and_undo_brings_them_back(
    qtbot: QtBot, window: MainWindow, desk: EditorDesk, workspace: Workspace, press
):
    before = workspace.project.recipe
    press("Ctrl+A", "Delete")
    assert workspace.project.recipe.clips == ()
    assert workspace.duration_s == 0
    assert not window.editor.transport.play_button.isEnabled()
    press("S", "Ctrl+J", "Ctrl+D", "Ctrl+C", "Delete", "[", "]", "Shift+M", "Ctrl+Right", "M")
    press("Space", "Home", "End", "Right", "PgDown", "I", "O", "Ctrl+L", "+", "-")
    while workspace.undo_stack.canUndo():
        press("Ctrl+Z")
    assert workspace.project.recipe == before
    assert spans(workspace) == BOTH
    assert window.editor.transport.play_button.isEnabled()
