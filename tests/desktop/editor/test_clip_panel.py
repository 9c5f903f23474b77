"""The clip panel: what each control asks for, what several clips have in common, drags."""

from fractions import Fraction

import msgspec
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from core.audio.recipe import FadeShape
from desktop.editor.clip_fields import ClipEdit, ClipField, ClipValue
from desktop.editor.clip_panel import ClipPanel
from desktop.editor.clip_rows import gain_scale
from desktop.editor.slider_rows import SliderRow
from desktop.editor.value_edit import ValueEdit
from tests.desktop.editor.mixes import CLIPS, views


@pytest.fixture
def panel(qtbot: QtBot, styled: QApplication) -> ClipPanel:
    shown = ClipPanel()
    qtbot.addWidget(shown)
    shown.resize(276, 300)
    shown.show()
    shown.activateWindow()
    qtbot.waitUntil(shown.isActiveWindow)
    shown.set_clips(views(1), ["violet"])
    return shown


@pytest.fixture
def edits(panel: ClipPanel) -> list[ClipEdit]:
    found: list[ClipEdit] = []
    panel.values_requested.connect(found.append)
    return found


def type_in(qtbot: QtBot, edit: ValueEdit, text: str, key: Qt.Key = Qt.Key.Key_Return) -> None:
    edit.setFocus()
    edit.selectAll()
    qtbot.keyClicks(edit, text)
    qtbot.keyClick(edit, key)


def at(line: SliderRow, share: float) -> QPoint:
    return QPoint(round(6 + share * (line.slider.width() - 12)), line.slider.height() // 2)


def drag(qtbot: QtBot, line: SliderRow, *shares: float) -> None:
    handle = at(line, line.slider.value() / 1000)
    qtbot.mousePress(line.slider, Qt.MouseButton.LeftButton, pos=handle)
    for share in shares:
        qtbot.mouseMove(line.slider, at(line, share))
    qtbot.mouseRelease(line.slider, Qt.MouseButton.LeftButton, pos=at(line, shares[-1]))


def test_a_clip_is_shown_in_words(panel):
    assert panel.name.text() == "Drop 1"
    assert [edit.text() for edit in panel.times.values()] == ["1:16.800", "2:02.400", "0:45.600"]
    assert panel.place.full_text == "At 0:30.000 in the mix · Night Drive"
    assert (panel.gain.number.text(), panel.percent.text()) == ("0.0 dB", "100 %")
    assert panel.fade_in.number.text() == "120 ms"
    assert panel.fade_out.number.text() == "2 s"
    assert panel.fade_out.name == "Crossfade out"
    assert not panel.mute.isChecked()


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        (ClipField.START, "1:17", Fraction(77)),
        (ClipField.END, "-0.4", Fraction(122)),
        (ClipField.LENGTH, "40", Fraction(40)),
    ],
)
def test_typed_times_ask_for_exact_values(qtbot, panel, edits, field, text, value):
    type_in(qtbot, panel.times[field], text)
    assert [edit.values for edit in edits] == [(ClipValue(index=1, field=field, value=value),)]
    assert edits[0].merge_key == ""


def test_a_wrong_time_says_why_and_esc_takes_it_back(qtbot, panel, edits):
    end = panel.times[ClipField.END]
    type_in(qtbot, end, "9:00")
    assert end.fault == "“Night Drive” ends at 3:42.100."
    assert end.text() == "9:00"
    qtbot.keyClick(end, Qt.Key.Key_Escape)
    assert (end.fault, end.text()) == ("", "2:02.400")
    assert edits == []


def test_leaving_a_field_sends_it(qtbot, panel, edits):
    type_in(qtbot, panel.times[ClipField.START], "77", Qt.Key.Key_Tab)
    assert edits[0].values[0].value == 77
    assert panel.times[ClipField.END].hasFocus()


def test_up_and_down_move_a_time_by_hundredths_as_one_step(qtbot, panel, edits):
    start = panel.times[ClipField.START]
    start.setFocus()
    qtbot.keyClick(start, Qt.Key.Key_Up)
    qtbot.keyClick(start, Qt.Key.Key_Down)
    assert [edit.values[0].value for edit in edits] == [Fraction("76.81"), Fraction("76.79")]
    assert edits[0].merge_key == edits[1].merge_key != ""


def test_a_name_an_empty_name_and_mute(qtbot, panel, edits):
    type_in(qtbot, panel.name, "Chorus")
    panel.name.setFocus()
    panel.name.selectAll()
    qtbot.keyClick(panel.name, Qt.Key.Key_Backspace)
    qtbot.keyClick(panel.name, Qt.Key.Key_Return)
    qtbot.mouseClick(panel.mute, Qt.MouseButton.LeftButton)
    values = [(v.field, v.value) for edit in edits for v in edit.values]
    assert values == [
        (ClipField.NAME, "Chorus"),
        (ClipField.NAME, ""),
        (ClipField.MUTED, True),
    ]
    assert [edit.text for edit in edits] == ["Rename clip", "Rename clip", "Mute clip"]


def test_a_drag_of_gain_is_one_gesture(qtbot, panel, edits):
    ended: list[str] = []
    panel.gesture_ended.connect(ended.append)
    drag(qtbot, panel.gain, 0.6, 0.8, 1.0)
    keys = {edit.merge_key for edit in edits}
    assert len(edits) == 3
    assert keys == set(ended)
    assert len(keys) == 1
    assert edits[0].merge_key == f"gesture:{edits[0].gesture_id}"
    assert edits[0].gesture_id < 0
    assert edits[-1].values[0].field is ClipField.GAIN
    assert edits[-1].values[0].value == pytest.approx(10 ** (12 / 20))
    drag(qtbot, panel.gain, 0.0)
    assert edits[-1].values[0].value == 0.0
    assert edits[-1].merge_key not in keys


def test_a_press_on_the_handle_alone_asks_for_nothing(qtbot, panel, edits):
    qtbot.mouseClick(panel.gain.slider, Qt.MouseButton.LeftButton, pos=at(panel.gain, 0.5))
    assert edits == []


def test_gain_by_keys_typed_and_put_back_by_a_double_click(qtbot, panel, edits):
    panel.gain.slider.setFocus()
    qtbot.keyClick(panel.gain.slider, Qt.Key.Key_Left)
    assert edits[0].values[0].value == pytest.approx(10 ** (-0.5 / 20))
    assert edits[0].merge_key == "keys:Gain:1"
    type_in(qtbot, panel.gain.number, "-6 dB")
    assert edits[1].values[0].value == pytest.approx(10 ** (-6 / 20))
    half = (CLIPS[0], msgspec.structs.replace(CLIPS[1], gain=0.5), *CLIPS[2:])
    panel.set_clips(views(1, clips=half))
    qtbot.mouseDClick(panel.gain.slider, Qt.MouseButton.LeftButton, pos=at(panel.gain, 0.35))
    assert edits[-1].values[0].value == 1.0


def test_the_gain_scale_goes_both_ways():
    scale = gain_scale()
    assert scale.at(0.5) == 1.0
    assert (scale.at(0.0), scale.at(1.0)) == (0.0, pytest.approx(3.98, abs=0.03))
    for place in (0.1, 0.25, 0.5, 0.77, 0.99):
        assert scale.place(scale.at(place)) == pytest.approx(place, abs=0.005)
    assert scale.step(0.0, 1) > 0.0
    assert scale.step(10 ** (-60 / 20), -1) == 0.0


def test_fades_by_slider_text_and_shape(qtbot, panel, edits):
    drag(qtbot, panel.fade_in, 0.5)
    assert edits[-1].values[0].field is ClipField.FADE_IN
    assert edits[-1].values[0].value == pytest.approx(1.25, abs=0.2)
    type_in(qtbot, panel.fade_in.number, "off")
    assert edits[-1].values[0].value == 0
    panel.fade_in.picker.actions_by_shape[FadeShape.LOG].trigger()
    assert edits[-1].values == (
        ClipValue(index=1, field=ClipField.FADE_IN_SHAPE, value=FadeShape.LOG),
    )
    count = len(edits)
    panel.fade_in.picker.actions_by_shape[FadeShape.LINEAR].trigger()
    assert len(edits) == count


def test_a_crossfade_is_asked_of_the_later_clip_from_both_sides(qtbot, panel, edits):
    type_in(qtbot, panel.fade_out.number, "+0.5")
    panel.fade_out.picker.actions_by_shape[FadeShape.S_CURVE].trigger()
    panel.set_clips(views(2))
    assert panel.fade_in.name == "Crossfade in"
    type_in(qtbot, panel.fade_in.number, "1")
    assert [edit.values for edit in edits] == [
        (ClipValue(index=2, field=ClipField.CROSSFADE, value=Fraction("2.5")),),
        (ClipValue(index=2, field=ClipField.CROSSFADE_SHAPE, value=FadeShape.S_CURVE),),
        (ClipValue(index=2, field=ClipField.CROSSFADE, value=Fraction(1)),),
    ]


def test_a_crossfade_dragged_to_nothing_stays_one_until_the_hand_lets_go(qtbot, panel, edits):
    line = panel.fade_out
    apart = (*CLIPS[:2], msgspec.structs.replace(CLIPS[2], gap_s=Fraction(0)), CLIPS[3])
    qtbot.mousePress(
        line.slider, Qt.MouseButton.LeftButton, pos=at(line, line.slider.value() / 1000)
    )
    qtbot.mouseMove(line.slider, at(line, 0.0))
    panel.set_clips(views(1, clips=apart))
    assert line.name == "Crossfade out"
    qtbot.mouseMove(line.slider, at(line, 0.4))
    assert {value.field for edit in edits for value in edit.values} == {ClipField.CROSSFADE}
    panel.set_clips(views(1, clips=apart))
    qtbot.mouseRelease(line.slider, Qt.MouseButton.LeftButton)
    assert line.name == "Fade out"


def test_a_fade_never_asks_for_more_than_there_is_room(qtbot, panel, edits):
    short = (msgspec.structs.replace(CLIPS[0], end_s=Fraction("0.5"), fade_out_s=Fraction("0.2")),)
    panel.set_clips(views(0, clips=short))
    drag(qtbot, panel.fade_in, 1.0)
    assert edits[-1].values[0].value == Fraction("0.3")
    type_in(qtbot, panel.fade_in.number, "0.4")
    assert panel.fade_in.number.fault == "There is room for 300 ms in this clip."


# --- several ------------------------------------------------------------------------------


def test_several_clips_show_what_they_share_and_change_together(qtbot, panel, edits):
    panel.set_clips(views(0, 1), ["blue", "violet"])
    assert panel.name.placeholderText() == "2 clips"
    assert panel.times[ClipField.START].placeholderText() == "mixed"
    assert panel.gain.number.text() == "0.0 dB"
    assert panel.fade_in.number.placeholderText() == "mixed"
    assert panel.place.full_text == "2 clips, 1:15.600 in all · Night Drive"
    drag(qtbot, panel.gain, 1.0)
    assert [value.index for value in edits[0].values] == [0, 1]
    assert edits[0].text == "Change gain"
    type_in(qtbot, panel.times[ClipField.START], "+0.5")
    assert [value.value for value in edits[-1].values] == [Fraction("0.5"), Fraction("77.3")]
    qtbot.mouseClick(panel.mute, Qt.MouseButton.LeftButton)
    assert edits[-1].text == "Mute clips"


def test_one_of_several_that_cannot_refuses_for_all(qtbot, panel, edits):
    panel.set_clips(views(0, 1))
    type_in(qtbot, panel.times[ClipField.LENGTH], "2:40")
    assert panel.times[ClipField.LENGTH].fault == "“Night Drive” ends at 3:42.100."
    assert edits == []


def test_nothing_selected_says_what_to_do(panel, edits):
    panel.set_clips(())
    assert panel.empty.isVisible()
    assert not panel.body.isVisible()
    panel.set_clips(views(0))
    assert panel.body.isVisible()
    assert edits == []


def test_showing_other_clips_asks_for_nothing(panel, edits):
    for index in (0, 2, 3, 1):
        panel.set_clips(views(index))
    assert edits == []


def test_the_menu_is_asked_for_on_the_screen(qtbot, panel):
    with qtbot.waitSignal(panel.menu_requested) as asked:
        qtbot.mouseClick(panel.menu_button, Qt.MouseButton.LeftButton)
    assert isinstance(asked.args[0], QPoint)


def test_every_control_has_a_name_for_those_who_do_not_see_it(panel):
    controls = [panel.name, panel.mute, panel.menu_button, *panel.times.values()]
    for line in (panel.gain, panel.fade_in, panel.fade_out):
        controls += [line.slider, line.number]
    controls += [panel.fade_in.picker, panel.fade_out.picker]
    names = [control.accessibleName() for control in controls]
    assert all(names)
    assert len(set(names)) == len(names)
