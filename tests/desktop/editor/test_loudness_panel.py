"""The loudness panel and the mix's form: targets, figures, and one sentence of what was done."""

from fractions import Fraction

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from core.audio.loudness_targets import PRESETS, preset_target
from core.audio.normalisation import NormalisationReport
from core.audio.recipe import LoudnessTarget, Recipe
from core.library.model import Loudness
from desktop.editor.loudness_panel import LoudnessPanel, forecast_sentence, report_sentence
from desktop.editor.mix_panel import MixPanel

BEFORE = Loudness(
    integrated_lufs=-9.8, true_peak_dbtp=-0.4, loudness_range_lu=6.1, max_short_term_lufs=-7.0
)
AFTER = Loudness(
    integrated_lufs=-14.0, true_peak_dbtp=-4.6, loudness_range_lu=6.1, max_short_term_lufs=-11.2
)


def report(**changes: object) -> NormalisationReport:
    """Return a report of a mix that was turned down for YouTube."""
    plain = NormalisationReport(
        target=preset_target("youtube"),
        before=BEFORE,
        after=AFTER,
        gain_db=-4.2,
        is_linear=True,
        limited_db=0.0,
    )
    return msgspec.structs.replace(plain, **changes)


@pytest.fixture
def panel(qtbot: QtBot, styled: QApplication) -> LoudnessPanel:
    shown = LoudnessPanel()
    qtbot.addWidget(shown)
    shown.resize(276, 300)
    shown.show()
    return shown


@pytest.fixture
def targets(panel: LoudnessPanel) -> list[LoudnessTarget | None]:
    found: list[LoudnessTarget | None] = []
    panel.target_requested.connect(found.append)
    return found


def choose(panel: LoudnessPanel, key: str) -> None:
    place = panel.preset.findData(key)
    panel.preset.setCurrentIndex(place)
    panel.preset.activated.emit(place)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({}, "Turned down by 4.2 dB, nothing else changed."),
        ({"gain_db": 0.01}, "Already as loud as it should be, nothing else changed."),
        (
            {"gain_db": 3.1, "is_linear": False, "limited_db": 2.0},
            "Turned up by 3.1 dB; a limiter holds peaks under −1 dBTP (up to 2.0 dB).",
        ),
        (
            {"gain_db": 9.0, "is_linear": False, "limited_db": 8.0},
            "Turned up by 9.0 dB; a limiter holds peaks under −1 dBTP "
            "(up to 8.0 dB, which may be heard).",
        ),
        (
            {"before": Loudness(), "gain_db": 0.0},
            "Too quiet or too short to measure: nothing was changed.",
        ),
        (
            {"note": "It stays at −15.0 LUFS."},
            "Turned down by 4.2 dB, nothing else changed. It stays at −15.0 LUFS.",
        ),
    ],
)
def test_a_report_is_one_plain_sentence(changes, sentence):
    assert report_sentence(report(**changes)) == sentence


@pytest.mark.parametrize(
    ("lufs", "peak", "sentence"),
    [
        (-9.8, -0.4, "Will be turned down by about 4.2 dB."),
        (-17.1, -6.0, "Will be turned up by about 3.1 dB."),
        (
            -17.1,
            -3.0,
            "Will be turned up by about 3.1 dB, with a limiter that holds peaks under −1 dBTP.",
        ),
        (-14.0, -2.0, "It is as loud as it should be."),
        (None, None, ""),
    ],
)
def test_before_the_mix_is_made_the_sentence_says_what_will_be_done(lufs, peak, sentence):
    before = Loudness(integrated_lufs=lufs, true_peak_dbtp=peak)
    assert forecast_sentence(before, preset_target("youtube")) == sentence


def test_figures_that_nobody_measured_are_not_shown(panel):
    panel.set_measured(Loudness(integrated_lufs=-9.8, true_peak_dbtp=-0.4))
    shown = [key for key, (cell, _) in panel.cells.items() if cell.isVisible()]
    assert shown == ["integrated_lufs", "true_peak_dbtp"]
    panel.set_measured(BEFORE)
    assert all(cell.isVisible() for cell, _ in panel.cells.values())


def test_every_preset_asks_for_its_target(panel, targets):
    for key in PRESETS:
        choose(panel, key)
    assert targets == [preset_target(key) for key in PRESETS]
    panel.set_target(preset_target("ebu"))
    choose(panel, "")
    assert targets[-1] is None


def test_choosing_what_is_chosen_asks_for_nothing(panel, targets):
    panel.set_target(preset_target("podcast"))
    choose(panel, "podcast")
    panel.set_target(None)
    choose(panel, "")
    assert targets == []


def test_own_numbers_begin_with_those_there_were(qtbot, panel, targets):
    panel.set_target(preset_target("atsc"))
    assert not panel.custom.isVisible()
    choose(panel, "custom")
    own = targets[-1]
    assert (own.integrated_lufs, own.true_peak_dbtp) == (-24.0, -2.0)
    panel.set_target(own)
    assert panel.custom.isVisible()
    assert (panel.lufs.text(), panel.dbtp.text()) == ("−24.0 LUFS", "−2.0 dBTP")
    for edit, text in ((panel.lufs, "-18.5"), (panel.dbtp, "-1,5 dBTP")):
        edit.setFocus()
        edit.selectAll()
        qtbot.keyClicks(edit, text)
        qtbot.keyClick(edit, Qt.Key.Key_Return)
    assert [(t.integrated_lufs, t.true_peak_dbtp) for t in targets[1:]] == [
        (-18.5, -2.0),
        (-24.0, -1.5),
    ]


@pytest.mark.parametrize(
    ("text", "fault"), [("14", "14 LUFS is out of range."), ("loud", "“loud” is not a level.")]
)
def test_a_wrong_number_stays_with_its_sentence(qtbot, panel, targets, text, fault):
    panel.set_target(LoudnessTarget(integrated_lufs=-16.0, name="custom"))
    panel.lufs.setFocus()
    panel.lufs.selectAll()
    qtbot.keyClicks(panel.lufs, text)
    qtbot.keyClick(panel.lufs, Qt.Key.Key_Return)
    assert panel.lufs.fault == fault
    assert targets == []


def test_a_preset_with_other_numbers_is_ones_own(panel):
    panel.set_target(LoudnessTarget(integrated_lufs=-13.0, name="youtube"))
    assert panel.preset.currentData() == "custom"


def test_before_and_after_are_shown(panel):
    panel.set_target(preset_target("youtube"))
    panel.set_report(report())
    assert [cell.text() for cell in panel.cells["integrated_lufs"]] == ["−9.8", "−14.0"]
    assert [cell.text() for cell in panel.cells["loudness_range_lu"]] == ["6.1", "6.1"]
    assert panel.bar.accessibleName() == "−14 target, −9.8 now"
    assert panel.sentence.text() == "Turned down by 4.2 dB, nothing else changed."
    panel.set_report(report(after=None))
    assert not panel.head_after.isVisible()


def test_what_is_not_measured_is_said(panel):
    panel.set_target(preset_target("youtube"))
    panel.set_busy(True)
    assert panel.state.text() == "Measuring…"
    assert not panel.figures.isVisible()
    assert panel.sentence.text() == "Measured as soon as the mix is ready."
    panel.set_busy(False)
    panel.set_target(None)
    assert panel.sentence.text() == "The mix stays as loud as it is."
    assert not panel.bar.isVisible()
    panel.set_measured(BEFORE)
    assert panel.bar.accessibleName() == "−9.8 now"
    assert panel.head_before.text() == "Now"


def test_a_report_of_another_time_is_not_shown_without_a_target(panel):
    panel.set_report(report())
    assert panel.sentence.text() == "The mix stays as loud as it is."


@pytest.mark.parametrize(
    ("now", "target"), [(-14.0, -14.0), (-14.1, -13.9), (0.0, -1.0), (-70.0, -36.0), (5.0, None)]
)
def test_the_labels_of_the_bar_stand_apart_inside_it(panel, now, target):
    panel.bar.set_levels(now, target)
    places = panel.bar._places()
    assert all(left >= 0 for _, left, _ in places)
    if len(places) == 2:
        (first, left, _), (_, right, _) = places
        width = panel.bar.fontMetrics().horizontalAdvance(first)
        assert right - left > width * 0.7
    assert not panel.bar.grab().isNull()


# --- the mix's form -----------------------------------------------------------------------


def test_the_form_of_the_mix_is_picked(qtbot, styled):
    panel = MixPanel()
    qtbot.addWidget(panel)
    asked: list[object] = []
    panel.sample_rate_requested.connect(asked.append)
    panel.channels_requested.connect(asked.append)
    panel.declick_requested.connect(asked.append)
    for box, value in ((panel.rate, 96_000), (panel.rate, 48_000), (panel.channels, 1)):
        box.activated.emit(box.findData(value))
    qtbot.mouseClick(panel.soften, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(panel.soften, Qt.MouseButton.LeftButton)
    assert asked == [96_000, 1, Fraction(0), Fraction(3, 1000)]


def test_an_unusual_form_is_shown_as_it_is(qtbot, styled):
    panel = MixPanel()
    qtbot.addWidget(panel)
    panel.set_recipe(Recipe(clips=(), sample_rate_hz=22_050, channels=6, declick_s=Fraction(0)))
    assert panel.rate.currentText() == "22.05 kHz"
    assert panel.channels.currentText() == "6 channels"
    assert not panel.soften.isChecked()
