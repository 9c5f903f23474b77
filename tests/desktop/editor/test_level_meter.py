"""The level meter: it rises at once, falls by itself, holds peaks and remembers overs."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from core.audio.loudness_live import Levels
from desktop import theme
from desktop.editor.level_meter import FALL_DB_S, FLOOR_DB, HOLD_S, LevelMeter


def levels(*peaks: float, lufs: float | None = -14.2) -> Levels:
    return Levels(
        peaks=peaks,
        true_peaks=peaks,
        momentary_lufs=lufs,
        short_term_lufs=None,
        max_true_peak_dbtp=-1.0,
    )


@pytest.fixture(params=[False, True], ids=["whole", "compact"])
def meter(request: pytest.FixtureRequest, qtbot: QtBot, styled: QApplication) -> LevelMeter:
    shown = LevelMeter(compact=request.param)
    qtbot.addWidget(shown)
    shown.resize(shown.sizeHint())
    shown.show()
    return shown


def test_levels_rise_at_once_and_fall_when_nothing_comes(meter):
    meter.set_levels(levels(1.0, 0.1))
    assert [strip.shown_db for strip in meter.strips] == pytest.approx([0.0, -20.0])
    meter.advance(0.5)
    assert meter.strips[0].shown_db == pytest.approx(-FALL_DB_S / 2)
    assert meter.strips[0].held_db == 0.0
    meter.advance(HOLD_S)
    assert meter.strips[0].held_db < 0.0
    for _ in range(10):
        meter.advance(1.0)
    assert all(strip.shown_db == FLOOR_DB == strip.held_db for strip in meter.strips)
    assert meter.momentary_words == "–"


def test_at_rest_nothing_is_repainted(meter):
    assert not meter.moves
    meter.set_levels(levels(0.5, 0.5))
    assert meter.moves
    for _ in range(10):
        meter.advance(1.0)
    assert not meter.moves
    meter.set_levels(levels(0.5, 0.5))
    meter.hide()
    assert not meter.moves


def test_an_over_stays_until_it_is_taken_back(qtbot, meter):
    meter.set_levels(levels(1.0, 0.9))
    assert not meter.is_over
    meter.set_levels(levels(1.01, 0.9))
    meter.advance(10.0)
    assert meter.is_over
    with qtbot.waitSignal(meter.cleared):
        qtbot.mouseClick(meter, Qt.MouseButton.LeftButton)
    assert not meter.is_over


def test_mono_fills_both_strips_and_many_channels_fold_into_two(meter):
    meter.set_levels(levels(0.5))
    assert meter.strips[0].shown_db == meter.strips[1].shown_db
    meter.set_levels(levels(0.1, 0.2, 1.0, 0.1, 0.1, 0.9))
    assert meter.strips[0].shown_db == pytest.approx(0.0)
    assert meter.strips[1].shown_db == pytest.approx(-0.915, abs=0.01)
    meter.set_levels(levels())


def test_silence_and_infinity_are_drawn(meter):
    for peaks in ((0.0, 0.0), (1e9, 0.0), (0.001, 0.002)):
        meter.set_levels(levels(*peaks, lufs=None))
        assert not meter.grab().isNull()


def test_green_amber_and_red_come_in_order(meter):
    meter.set_levels(levels(1.0, 1.0))
    image = meter.grab().toImage()
    top = meter._tops()[0] + 1
    ratio = image.devicePixelRatio()
    row = [image.pixelColor(round(x * ratio), round(top * ratio)) for x in range(meter._way_px)]
    first = {name: row.index(theme.color(name)) for name in ("green", "amber", "red")}
    assert first["green"] < first["amber"] < first["red"]


def test_loudness_is_a_number(meter):
    meter.set_levels(levels(0.5, 0.5))
    assert meter.momentary_words == "−14.2"
    assert "−1.0 dBTP" in meter.toolTip()
