"""The effects panel: add, change, reorder and remove, each a whole list to be had."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from core.audio.recipe import Compressor, HighPass
from core.audio.recipe_check import EFFECT_RANGES, MAX_EFFECTS
from desktop.editor.effect_knobs import KNOBS, knob_scale
from desktop.editor.effects_panel import EffectsEdit, EffectsPanel


@pytest.fixture
def panel(qtbot: QtBot, styled: QApplication) -> EffectsPanel:
    shown = EffectsPanel()
    qtbot.addWidget(shown)
    shown.resize(276, 400)
    shown.show()
    return shown


@pytest.fixture
def edits(panel: EffectsPanel) -> list[EffectsEdit]:
    found: list[EffectsEdit] = []
    panel.effects_requested.connect(found.append)
    return found


def test_effects_are_added_behind_the_others(panel, edits):
    assert panel.hint.isVisible()
    panel.set_effects((HighPass(),))
    assert not panel.hint.isVisible()
    panel.add_actions[Compressor].trigger()
    assert edits == [EffectsEdit(effects=(HighPass(), Compressor()), text="Add compressor")]


def test_effects_are_moved_and_removed(panel, edits):
    panel.set_effects((HighPass(), Compressor()))
    first, second = panel.cards
    assert (first.up.isEnabled(), first.down.isEnabled()) == (False, True)
    assert (second.up.isEnabled(), second.down.isEnabled()) == (True, False)
    second.up.trigger()
    first.remove.trigger()
    assert [edit.effects for edit in edits] == [(Compressor(), HighPass()), (Compressor(),)]
    assert [edit.text for edit in edits] == ["Reorder effects", "Remove high-pass"]


def test_knobs_are_dragged_stepped_and_typed(qtbot, panel, edits):
    panel.set_effects((HighPass(), Compressor()))
    cut = panel.cards[0].rows["frequency_hz"]
    assert cut.number.text() == "80 Hz"
    cut.slider.setFocus()
    qtbot.keyClick(cut.slider, Qt.Key.Key_Right)
    assert edits[-1].effects[0] == HighPass(frequency_hz=81.0)
    assert edits[-1].merge_key
    cut.number.setFocus()
    cut.number.selectAll()
    qtbot.keyClicks(cut.number, "1.2 kHz")
    qtbot.keyClick(cut.number, Qt.Key.Key_Return)
    assert edits[-1].effects == (HighPass(frequency_hz=1200.0), Compressor())
    cut.slider.sliderPressed.emit()
    cut.slider.moved.emit(1.0)
    assert edits[-1].effects[0] == HighPass(frequency_hz=2000.0)
    assert edits[-1].gesture_id < 0
    assert edits[-1].text == "Change high-pass"


def test_the_slope_is_one_of_two(panel, edits):
    panel.set_effects((HighPass(),))
    panel.cards[0].slope.picked.emit("24")
    assert edits[-1].effects == (HighPass(slope_db=24),)


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        ("threshold_db", "-30 dB", -30.0),
        ("ratio", "4 : 1", 4.0),
        ("attack_s", "5", 0.005),
        ("attack_s", "5 ms", 0.005),
        ("release_s", "0.5 s", 0.5),
        ("makeup_db", "+3", 3.0),
    ],
)
def test_compressor_values_read_as_they_show(qtbot, panel, edits, field, text, value):
    panel.set_effects((Compressor(),))
    number = panel.cards[0].rows[field].number
    number.setFocus()
    number.selectAll()
    qtbot.keyClicks(number, text)
    qtbot.keyClick(number, Qt.Key.Key_Return)
    assert getattr(edits[-1].effects[0], field) == pytest.approx(value)


@pytest.mark.parametrize("text", ["loud", "5000", ""])
def test_a_wrong_value_stays_with_its_sentence(qtbot, panel, edits, text):
    panel.set_effects((HighPass(),))
    number = panel.cards[0].rows["frequency_hz"].number
    number.setFocus()
    number.selectAll()
    qtbot.keyClick(number, Qt.Key.Key_Backspace)
    qtbot.keyClicks(number, text)
    qtbot.keyClick(number, Qt.Key.Key_Return)
    assert number.fault
    assert edits == []


def test_a_change_keeps_the_controls_and_asks_for_nothing(panel, edits):
    panel.set_effects((HighPass(), Compressor()))
    cards = list(panel.cards)
    panel.set_effects((HighPass(frequency_hz=120.0), Compressor(ratio=4.0)))
    assert panel.cards == cards
    assert cards[0].rows["frequency_hz"].number.text() == "120 Hz"
    assert cards[1].rows["ratio"].number.text() == "4 : 1"
    assert edits == []


def test_no_more_than_a_lane_may_have(panel):
    panel.set_effects((HighPass(),) * MAX_EFFECTS)
    assert not panel.add_button.isEnabled()


def test_every_number_of_an_effect_has_its_knob_inside_its_range():
    for kind, knobs in KNOBS.items():
        ranges = EFFECT_RANGES[kind][1]
        assert {knob.field for knob in knobs} == set(ranges)
        for knob in knobs:
            low, high, _unit = ranges[knob.field]
            scale = knob_scale(knob, low, high, getattr(kind(), knob.field))
            for place in (0.0, 0.3, 1.0):
                assert low <= scale.at(place) <= high
                assert scale.place(scale.at(place)) == pytest.approx(place, abs=0.03)
            assert scale.step(high, 1) == high
            assert scale.step(low, -1) == low
