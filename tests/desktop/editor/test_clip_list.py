"""The clip list: typed cells, selection both ways, dragged rows, updates that touch little."""

from fractions import Fraction

import msgspec
import pytest
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QDropEvent, QKeyEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from core.audio.recipe import Clip
from desktop.editor.clip_fields import ClipEdit, ClipField, ClipValue
from desktop.editor.clip_list import ClipList
from desktop.editor.clip_table import Column
from desktop.editor.value_edit import ValueEdit
from tests.desktop.editor.mixes import ASSETS, CINDER, CLIPS, NIGHT, many, mix

WIDE = 1000


@pytest.fixture
def clip_list(qtbot: QtBot, styled: QApplication) -> ClipList:
    shown = ClipList()
    qtbot.addWidget(shown)
    shown.resize(WIDE, 300)
    shown.show()
    shown.activateWindow()
    qtbot.waitUntil(shown.isActiveWindow)
    shown.setFocus()
    shown.set_arrangement(mix(), ASSETS)
    return shown


class Wishes:
    """What the list asked for."""

    def __init__(self, clip_list: ClipList) -> None:
        self.edits: list[ClipEdit] = []
        self.selections: list[tuple[int, ...]] = []
        self.reorders: list[tuple[tuple[int, ...], int]] = []
        clip_list.values_requested.connect(self.edits.append)
        clip_list.selection_requested.connect(self.selections.append)
        clip_list.reorder_requested.connect(lambda rows, to: self.reorders.append((rows, to)))

    @property
    def values(self) -> list[ClipValue]:
        return [value for edit in self.edits for value in edit.values]


@pytest.fixture
def wishes(clip_list: ClipList) -> Wishes:
    return Wishes(clip_list)


def open_cell(qtbot: QtBot, clip_list: ClipList, row: int, column: Column) -> ValueEdit:
    clip_list.setCurrentIndex(clip_list.clips.index(row, column))
    qtbot.keyClick(clip_list, Qt.Key.Key_Return)
    return editor_of(clip_list)


def editor_of(clip_list: ClipList) -> ValueEdit:
    (editor,) = (e for e in clip_list.viewport().findChildren(ValueEdit) if e.isVisible())
    return editor


def has_editor(clip_list: ClipList) -> bool:
    return any(e.isVisible() for e in clip_list.viewport().findChildren(ValueEdit))


def current_cell(clip_list: ClipList) -> tuple[int, int]:
    return clip_list.currentIndex().row(), clip_list.currentIndex().column()


def type_in(qtbot: QtBot, editor: ValueEdit, text: str, key: Qt.Key = Qt.Key.Key_Return) -> None:
    editor.selectAll()
    qtbot.keyClicks(editor, text)
    qtbot.keyClick(editor, key)


@pytest.mark.parametrize(
    ("column", "text", "field", "value"),
    [
        (Column.NAME, "Chorus", ClipField.NAME, "Chorus"),
        (Column.POSITION, "0:29", ClipField.POSITION, Fraction(29)),
        (Column.START, "1:17.5", ClipField.START, Fraction("77.5")),
        (Column.END, "+0.5", ClipField.END, Fraction("122.9")),
        (Column.LENGTH, "40", ClipField.LENGTH, Fraction(40)),
        (Column.GAIN, "50 %", ClipField.GAIN, 0.5),
        (Column.FADE_IN, "250 ms", ClipField.FADE_IN, Fraction("0.25")),
    ],
)
def test_each_cell_asks_for_its_value(qtbot, clip_list, wishes, column, text, field, value):
    type_in(qtbot, open_cell(qtbot, clip_list, 1, column), text)
    assert wishes.values == [ClipValue(index=1, field=field, value=value)]
    assert not has_editor(clip_list)


def test_a_crossfade_is_set_in_the_row_of_the_later_clip(qtbot, clip_list, wishes):
    type_in(qtbot, open_cell(qtbot, clip_list, 2, Column.FADE_IN), "1.5")
    assert wishes.values == [ClipValue(index=2, field=ClipField.CROSSFADE, value=Fraction("1.5"))]
    cell = clip_list.clips.index(1, Column.FADE_OUT)
    assert not cell.flags() & Qt.ItemFlag.ItemIsEditable
    assert cell.data() == "2 s"


def test_tab_goes_on_and_back_and_over_what_cannot_be_typed(qtbot, clip_list, wishes):
    editor = open_cell(qtbot, clip_list, 1, Column.GAIN)
    type_in(qtbot, editor, "-3", Qt.Key.Key_Tab)
    assert clip_list.currentIndex().column() == Column.FADE_IN
    qtbot.keyClick(editor_of(clip_list), Qt.Key.Key_Tab)  # fade out crosses, mute is no text
    assert current_cell(clip_list) == (2, Column.NAME)
    qtbot.keyClick(editor_of(clip_list), Qt.Key.Key_Backtab)
    assert (clip_list.currentIndex().row(), clip_list.currentIndex().column()) == (
        1,
        Column.FADE_IN,
    )
    assert [value.field for value in wishes.values] == [ClipField.GAIN]


def test_escape_takes_back_and_unchanged_text_asks_for_nothing(qtbot, clip_list, wishes):
    editor = open_cell(qtbot, clip_list, 1, Column.START)
    editor.selectAll()
    qtbot.keyClicks(editor, "9")
    qtbot.keyClick(editor, Qt.Key.Key_Escape)
    assert clip_list.clips.index(1, Column.START).data() == "1:16.800"
    assert not has_editor(clip_list)
    qtbot.keyClick(open_cell(qtbot, clip_list, 1, Column.START), Qt.Key.Key_Return)
    assert wishes.edits == []


def test_a_wrong_text_stays_with_its_sentence_until_it_is_right(qtbot, clip_list, wishes):
    editor = open_cell(qtbot, clip_list, 1, Column.END)
    type_in(qtbot, editor, "soon")
    assert editor.fault == "“soon” is not a time."
    assert "1:02.5" in editor.accessibleDescription()
    assert editor.isVisible()
    assert wishes.edits == []
    type_in(qtbot, editor, "5:00", Qt.Key.Key_Tab)
    assert editor.fault == "“Night Drive” ends at 3:42.100."
    type_in(qtbot, editor, "2:00")
    assert editor.fault == ""
    assert wishes.values == [ClipValue(index=1, field=ClipField.END, value=Fraction(120))]


def test_leaving_a_wrong_text_leaves_the_value(qtbot, clip_list, wishes):
    editor = open_cell(qtbot, clip_list, 1, Column.END)
    editor.selectAll()
    qtbot.keyClicks(editor, "soon")
    qtbot.mouseClick(
        clip_list.viewport(),
        Qt.MouseButton.LeftButton,
        pos=clip_list.visualRect(clip_list.clips.index(0, 0)).center(),
    )
    assert wishes.edits == []
    assert clip_list.clips.index(1, Column.END).data() == "2:02.400"


def test_figures_begin_to_be_typed_and_letters_stay_shortcuts(qtbot, clip_list, wishes):
    clip_list.setCurrentIndex(clip_list.clips.index(1, Column.GAIN))
    qtbot.keyClick(clip_list, Qt.Key.Key_Minus)
    editor = editor_of(clip_list)
    qtbot.keyClicks(editor, "6")
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    assert wishes.values[0].value == pytest.approx(10 ** (-6 / 20))
    for key, text in ((Qt.Key.Key_S, "s"), (Qt.Key.Key_Space, " ")):
        for column in (Column.GAIN, Column.NAME):
            clip_list.setCurrentIndex(clip_list.clips.index(1, column))
            press = QKeyEvent(QKeyEvent.Type.KeyPress, key, Qt.KeyboardModifier.NoModifier, text)
            QApplication.sendEvent(clip_list, press)
            assert not press.isAccepted()
            assert not has_editor(clip_list)


def test_figures_and_arrows_are_not_taken_by_shortcuts(clip_list):
    clip_list.setCurrentIndex(clip_list.clips.index(1, Column.GAIN))
    taken = []
    for key, text in ((Qt.Key.Key_3, "3"), (Qt.Key.Key_Down, ""), (Qt.Key.Key_S, "s")):
        event = QKeyEvent(
            QKeyEvent.Type.ShortcutOverride, key, Qt.KeyboardModifier.NoModifier, text
        )
        event.ignore()
        QApplication.sendEvent(clip_list, event)
        taken.append(event.isAccepted())
    assert taken == [True, True, False]


def test_mute_is_a_click_or_enter(qtbot, clip_list, wishes):
    cell = clip_list.clips.index(0, Column.MUTED)
    qtbot.mouseClick(
        clip_list.viewport(), Qt.MouseButton.LeftButton, pos=clip_list.visualRect(cell).center()
    )
    clip_list.setCurrentIndex(cell)
    qtbot.keyClick(clip_list, Qt.Key.Key_Return)
    assert [(v.index, v.field, v.value) for v in wishes.values] == [(0, ClipField.MUTED, True)] * 2


def test_news_while_typing_leave_what_is_typed(qtbot, clip_list, wishes):
    editor = open_cell(qtbot, clip_list, 1, Column.GAIN)
    editor.selectAll()
    qtbot.keyClicks(editor, "-4")
    louder = (CLIPS[0], msgspec.structs.replace(CLIPS[1], gain=2.0), *CLIPS[2:])
    clip_list.set_arrangement(mix(louder), ASSETS)
    assert editor.text() == "-4"
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    assert wishes.values[0].value == pytest.approx(10 ** (-4 / 20))


# --- selection ----------------------------------------------------------------------------


def test_a_click_asks_for_a_selection_and_setting_one_is_silent(qtbot, clip_list, wishes):
    place = clip_list.visualRect(clip_list.clips.index(2, Column.NAME)).center()
    qtbot.mouseClick(clip_list.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert wishes.selections == [(2,)]
    clip_list.set_selection((0, 1, 3))
    assert clip_list.selected() == (0, 1, 3)
    assert clip_list.currentIndex().row() in (0, 1, 3)
    clip_list.set_selection(())
    assert clip_list.selected() == ()
    assert wishes.selections == [(2,)]


def test_arrow_keys_and_select_all_ask_for_selections(qtbot, clip_list, wishes):
    clip_list.set_selection((0,))
    qtbot.keyClick(clip_list, Qt.Key.Key_Down)
    qtbot.keyClick(clip_list, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    assert wishes.selections == [(1,), (1, 2)]


def test_rows_that_go_ask_for_nothing(clip_list, wishes):
    clip_list.set_selection((1, 2))
    clip_list.set_arrangement(mix(CLIPS[:1]), ASSETS)
    clip_list.set_arrangement(mix(()), ASSETS)
    assert clip_list.clips.rowCount() == 0
    assert wishes.selections == []


def test_the_menu_is_asked_for_on_the_screen(qtbot, clip_list):
    at = clip_list.visualRect(clip_list.clips.index(1, 0)).center()
    with qtbot.waitSignal(clip_list.menu_requested) as asked:
        clip_list.customContextMenuRequested.emit(at)
    assert asked.args == [clip_list.viewport().mapToGlobal(at)]


# --- dragging -----------------------------------------------------------------------------


def drop(clip_list: ClipList, row: int, *, below: bool = False) -> None:
    box = clip_list.visualRect(clip_list.clips.index(row, 0))
    y = box.bottom() - 3 if below else box.top() + 3
    clip_list._drop_row = None
    clip_list._ask_reorder(clip_list._row_at(y))


def test_dragged_rows_ask_for_another_order(clip_list, wishes):
    clip_list.set_selection((0, 2))
    drop(clip_list, 3, below=True)
    clip_list.set_selection((3,))
    drop(clip_list, 0)
    assert wishes.reorders == [((0, 2), 4), ((3,), 0)]


def test_rows_dropped_where_they_are_ask_for_nothing(clip_list, wishes):
    clip_list.set_selection((1, 2))
    for row, below in ((1, False), (1, True), (2, True)):
        drop(clip_list, row, below=below)
    assert wishes.reorders == []


def test_something_else_dropped_is_left_to_others(clip_list, wishes):
    data = QMimeData()
    data.setText("file:///music/a.flac")
    event = QDropEvent(
        QPointF(20, 40),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    clip_list.dropEvent(event)
    assert not event.isAccepted()
    assert wishes.reorders == []


# --- updates ------------------------------------------------------------------------------


class Touched:
    """Which rows the model announced."""

    def __init__(self, clip_list: ClipList) -> None:
        self.changed: list[tuple[int, int]] = []
        self.inserted: list[tuple[int, int]] = []
        self.removed: list[tuple[int, int]] = []
        self.resets = 0
        model = clip_list.clips
        model.dataChanged.connect(lambda a, b, _roles: self.changed.append((a.row(), b.row())))
        model.rowsInserted.connect(lambda _p, a, b: self.inserted.append((a, b)))
        model.rowsRemoved.connect(lambda _p, a, b: self.removed.append((a, b)))
        model.modelReset.connect(self._on_reset)

    def _on_reset(self) -> None:
        self.resets += 1


def test_a_gain_among_5000_clips_touches_one_row_and_keeps_the_view(clip_list):
    clips = many(5000)
    clip_list.set_arrangement(mix(clips), ASSETS)
    clip_list.set_selection((4000, 4001))
    clip_list.verticalScrollBar().setValue(70_000)
    touched = Touched(clip_list)
    louder = msgspec.structs.replace(clips[2500], gain=2.0)
    clip_list.set_arrangement(mix((*clips[:2500], louder, *clips[2501:])), ASSETS)
    assert (touched.changed, touched.inserted, touched.removed) == ([(2500, 2500)], [], [])
    assert clip_list.verticalScrollBar().value() == 70_000
    assert clip_list.selected() == (4000, 4001)
    clip_list.set_arrangement(mix((*clips[:2500], louder, *clips[2501:])), ASSETS)
    assert len(touched.changed) == 1
    assert touched.resets == 0


def test_split_and_delete_among_5000_clips_insert_and_remove_one_row(clip_list):
    clips = many(5000)
    clip_list.set_arrangement(mix(clips), ASSETS)
    touched = Touched(clip_list)
    first = msgspec.structs.replace(clips[10], end_s=clips[10].start_s + Fraction("0.5"))
    second = msgspec.structs.replace(clips[10], start_s=clips[10].start_s + Fraction("0.5"))
    clip_list.set_arrangement(mix((*clips[:10], first, second, *clips[11:])), ASSETS)
    assert touched.inserted == [(11, 11)]
    assert touched.changed == [(10, 10)]
    clip_list.set_arrangement(mix((*clips[:10], *clips[11:])), ASSETS)
    assert touched.removed == [(10, 11)]
    assert clip_list.clips.rowCount() == 4999
    assert touched.resets == 0


def test_a_clip_made_longer_announces_what_moved_as_one_stretch(clip_list):
    clips = many(5000)
    clip_list.set_arrangement(mix(clips), ASSETS)
    touched = Touched(clip_list)
    longer = msgspec.structs.replace(clips[100], end_s=clips[100].start_s + 2)
    clip_list.set_arrangement(mix((*clips[:100], longer, *clips[101:])), ASSETS)
    assert touched.changed == [(100, 4999)]


def test_a_crossfade_touches_both_rows(clip_list):
    touched = Touched(clip_list)
    apart = msgspec.structs.replace(CLIPS[2], gap_s=Fraction(0))
    clip_list.set_arrangement(mix((*CLIPS[:2], apart, CLIPS[3])), ASSETS)
    assert touched.changed == [(1, 3)]
    assert clip_list.clips.index(1, Column.FADE_OUT).data() == "640 ms"


def test_news_of_a_track_or_colours_reach_every_row(clip_list):
    touched = Touched(clip_list)
    renamed = {**ASSETS, CINDER.id: msgspec.structs.replace(CINDER, title="Ember")}
    clip_list.set_arrangement(mix(), renamed)
    assert clip_list.clips.index(3, Column.NAME).data() == "Ember"
    clip_list.set_arrangement(mix(), renamed, ("blue", "teal", "rose", "amber"))
    assert touched.changed == [(0, 3), (0, 3)]


@pytest.mark.parametrize(
    ("width", "shown"),
    [
        (300, {Column.NAME, Column.START, Column.LENGTH, Column.GAIN}),
        (1000, set(Column)),
    ],
)
def test_columns_come_with_the_room(qtbot, clip_list, width, shown):
    clip_list.resize(width, 300)
    assert {c for c in Column if not clip_list.isColumnHidden(c)} == shown
    qtbot.waitUntil(lambda: clip_list.horizontalScrollBar().maximum() == 0)


def test_long_mixes_have_room_for_hours(clip_list):
    hours = msgspec.structs.replace(NIGHT, duration_s=7200.0)
    clip_list.set_arrangement(mix((Clip(asset_id=NIGHT.id),)), {NIGHT.id: hours})
    assert clip_list.columnWidth(Column.START) == 88


def test_a_name_is_edited_on_request(qtbot, clip_list, wishes):
    clip_list.edit_name(3)
    type_in(qtbot, editor_of(clip_list), "Outro")
    assert wishes.values == [ClipValue(index=3, field=ClipField.NAME, value="Outro")]


def test_an_empty_list_says_what_to_do(clip_list):
    clip_list.set_arrangement(mix(()), ASSETS)
    assert not clip_list.grab().isNull()
    assert not clip_list.indexAt(QPoint(5, 5)).isValid()


def test_the_row_under_the_pointer_offers_its_mute(qtbot, clip_list):
    cell = clip_list.clips.index(2, Column.GAIN)
    qtbot.mouseMove(clip_list.viewport(), clip_list.visualRect(cell).center())
    qtbot.waitUntil(lambda: clip_list.delegate.hot_row == 2)
    QApplication.sendEvent(clip_list, QEvent(QEvent.Type.Leave))
    assert clip_list.delegate.hot_row == -1
