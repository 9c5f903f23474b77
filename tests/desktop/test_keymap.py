"""Other keys for those who want them: chosen in the sheet, kept, told, and given back."""

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from core.errors import UsageError
from desktop.editor.requests import ContextMenu, Place
from desktop.keymap import Keymap
from desktop.main_window import MainWindow
from desktop.memory import Memory
from desktop.pages import PREPARE
from desktop.settings.sheet import WAITING, ShortcutSheet
from desktop.shortcuts import SHORTCUTS, Act
from tests.desktop.fakes import FakeEngine, asset_like

NIGHT = asset_like(1, "Night", duration_s=10.0)
CTRL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def edited(window: MainWindow, engine: FakeEngine) -> MainWindow:
    """A window with a track, the keyboard on the waveform."""
    window.pages.show(PREPARE)
    window.workspace.choose(engine.add_asset(NIGHT))
    window.desk.go_to(4.0)
    window.activateWindow()
    assert QTest.qWaitForWindowActive(window)
    window.editor.canvas.area.setFocus()
    return window


@pytest.fixture
def sheet(qtbot: QtBot, edited: MainWindow) -> ShortcutSheet:
    made = ShortcutSheet(edited.keymap, edited)
    made.open()
    assert QTest.qWaitForWindowActive(made)
    return made


def set_keys(
    sheet: ShortcutSheet,
    act: Act,
    key: Qt.Key,
    keys: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier,
) -> None:
    """Click on a key of the sheet and press others."""
    sheet.buttons[act].click()
    assert sheet.buttons[act].text() == WAITING
    QTest.keyClick(sheet.buttons[act], key, keys)


def n_clips(window: MainWindow) -> int:
    return len(window.workspace.project.recipe.clips)


def press(window: MainWindow, text: str) -> None:
    QTest.keySequence(window.windowHandle(), QKeySequence(text))


def test_no_two_actions_share_their_keys():
    keys = [line.keys for line in SHORTCUTS]
    assert len(set(keys)) == len(keys)
    assert {line.act for line in SHORTCUTS} == set(Act)


def test_chosen_keys_work_and_the_old_ones_do_not(edited: MainWindow, sheet: ShortcutSheet):
    set_keys(sheet, Act.SPLIT, Qt.Key.Key_C)
    assert sheet.buttons[Act.SPLIT].text() == "C"
    sheet.close()
    edited.activateWindow()
    assert QTest.qWaitForWindowActive(edited)
    edited.editor.canvas.area.setFocus()
    press(edited, "S")
    assert n_clips(edited) == 1
    press(edited, "C")
    assert n_clips(edited) == 2


def test_keys_that_are_taken_are_refused_with_a_sentence(edited: MainWindow, sheet: ShortcutSheet):
    set_keys(sheet, Act.SPLIT, Qt.Key.Key_M)
    assert sheet.note.text().startswith("M does “Set a marker” already.")
    assert "Choose other keys" in sheet.note.text()
    assert sheet.buttons[Act.SPLIT].text() == "S"
    set_keys(sheet, Act.SPLIT, Qt.Key.Key_Z, CTRL | SHIFT)
    assert "“Redo”" in sheet.note.text()
    assert not edited.keymap.is_changed(Act.SPLIT)


def test_waiting_keys_do_nothing_else(edited: MainWindow, sheet: ShortcutSheet):
    set_keys(sheet, Act.SPLIT, Qt.Key.Key_Space)
    assert "“Play or pause”" in sheet.note.text()
    assert not edited.desk.playback.state.is_active
    sheet.buttons[Act.SPLIT].click()
    QTest.keyClick(sheet.buttons[Act.SPLIT], Qt.Key.Key_Control, CTRL)
    assert sheet.buttons[Act.SPLIT].text() == WAITING
    QTest.keyClick(sheet.buttons[Act.SPLIT], Qt.Key.Key_Escape)
    assert sheet.isVisible()
    assert sheet.buttons[Act.SPLIT].text() == "S"


def test_an_action_may_have_no_keys(edited: MainWindow, sheet: ShortcutSheet):
    set_keys(sheet, Act.SPLIT, Qt.Key.Key_Backspace)
    assert sheet.buttons[Act.SPLIT].text() == "none"
    assert edited.keymap.keys(Act.SPLIT).isEmpty()
    set_keys(sheet, Act.MARKER, Qt.Key.Key_S)  # they are free now
    assert edited.keymap.text(Act.MARKER) == "S"


def test_keys_are_remembered(
    edited: MainWindow, sheet: ShortcutSheet, make_window: Callable[[], MainWindow]
):
    set_keys(sheet, Act.SPLIT, Qt.Key.Key_D, CTRL | SHIFT)
    set_keys(sheet, Act.MUTE, Qt.Key.Key_Backspace)
    edited.memory.flush()
    other = make_window()
    assert other.keymap.text(Act.SPLIT) == "Ctrl+Shift+D"
    assert other.keymap.keys(Act.MUTE).isEmpty()
    assert other.shortcuts[Act.SPLIT].key() == QKeySequence("Ctrl+Shift+D")
    assert other.editor.transport.split_button.toolTip().endswith("(Ctrl+Shift+D)")


def test_the_usual_keys_come_back(edited: MainWindow, sheet: ShortcutSheet):
    assert not sheet.reset_button.isEnabled()
    set_keys(sheet, Act.SPLIT, Qt.Key.Key_C)
    set_keys(sheet, Act.MARKER, Qt.Key.Key_Backspace)
    assert sheet.reset_button.isEnabled()
    sheet.reset_button.click()
    assert [edited.keymap.text(act) for act in (Act.SPLIT, Act.MARKER)] == ["S", "M"]
    assert not sheet.reset_button.isEnabled()
    assert edited.shortcuts[Act.SPLIT].key() == QKeySequence("S")


def test_tool_tips_tell_the_keys_of_today(edited: MainWindow, sheet: ShortcutSheet):
    button = edited.editor.transport.split_button
    usual = button.toolTip()
    assert usual.endswith("(S)")
    set_keys(sheet, Act.SPLIT, Qt.Key.Key_C)
    assert button.toolTip() == usual.replace("(S)", "(C)")
    set_keys(sheet, Act.SPLIT, Qt.Key.Key_Backspace)
    assert button.toolTip() == usual.removesuffix(" (S)")
    sheet.reset_button.click()
    assert button.toolTip() == usual


@pytest.mark.qt_log_ignore("This plugin does not support", extend=True)
def test_menus_tell_the_keys_of_today(edited: MainWindow):
    edited.keymap.choose(Act.SPLIT, QKeySequence("Ctrl+Shift+D"))
    at = edited.mapToGlobal(edited.rect().center())
    request = ContextMenu(at=at, place=Place.CLIP, index=0, side=None, time_s=4.0)
    menu = edited.desk.menus.show(request)
    assert "Split at the playhead\tCtrl+Shift+D" in [action.text() for action in menu.actions()]
    menu.close()


def test_every_key_of_the_sheet_can_be_reached_by_tab(sheet: ShortcutSheet):
    widget, seen = sheet.buttons[Act.ADD_FILES], set()
    while widget not in seen:
        seen.add(widget)
        widget = widget.nextInFocusChain()
    assert set(sheet.buttons.values()) <= seen
    assert QApplication.activeWindow() is sheet


def test_a_keymap_alone_refuses_what_another_action_has(tmp_path, qapp: QApplication):
    keymap = Keymap(Memory(tmp_path / "window.ini"))
    with pytest.raises(UsageError, match="does “Undo” already") as caught:
        keymap.choose(Act.SPLIT, QKeySequence("Ctrl+Z"))
    assert caught.value.hint
    keymap.choose(Act.SPLIT, QKeySequence("S"))  # its own
    assert not keymap.is_changed(Act.SPLIT)
