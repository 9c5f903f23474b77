"""The sound inspector as a whole: its parts show one state, and every wish comes out of it."""

from fractions import Fraction

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from core.audio.loudness_targets import preset_target
from core.audio.recipe import Compressor, HighPass, Lane, Recipe
from core.library.model import Loudness
from desktop.editor.clip_fields import ClipField
from desktop.editor.sound_panel import SoundPanel
from tests.desktop.editor.mixes import ASSETS, CLIPS, mix

RECIPE = Recipe(
    clips=CLIPS, lanes=(Lane(effects=(HighPass(), Compressor())),), loudness=preset_target("apple")
)


@pytest.fixture
def panel(qtbot: QtBot, styled: QApplication) -> SoundPanel:
    shown = SoundPanel()
    qtbot.addWidget(shown)
    shown.resize(304, 560)
    shown.show()
    shown.set_state(RECIPE, mix(), ASSETS, ("blue", "violet", "amber", "rose"))
    return shown


def test_one_state_reaches_every_part(panel):
    panel.set_selection((1,))
    assert panel.clip.name.text() == "Drop 1"
    assert panel.clip.chip.hue == "violet"
    assert panel.loudness.preset.currentData() == "apple"
    assert [card.kind for card in panel.effects.cards] == [HighPass, Compressor]
    assert panel.mix.rate.currentData() == 48_000


def test_a_selection_outlives_clips_that_go(panel):
    panel.set_selection((1, 3))
    panel.set_state(Recipe(clips=CLIPS[:2]), mix(CLIPS[:2]), ASSETS)
    assert panel.clip.name.text() == "Drop 1"
    panel.set_state(Recipe(clips=()), None, {})
    assert panel.clip.empty.isVisible()


def test_every_wish_comes_out_of_the_panel(qtbot, panel):
    asked: dict[str, object] = {}
    for name in (
        "values_requested",
        "target_requested",
        "effects_requested",
        "sample_rate_requested",
        "channels_requested",
        "declick_requested",
        "menu_requested",
    ):
        getattr(panel, name).connect(lambda value, name=name: asked.update({name: value}))
    panel.set_selection((1,))
    panel.clip.mute.click()
    panel.loudness.target_requested.emit(None)
    panel.effects.cards[0].remove.trigger()
    panel.mix.rate.activated.emit(panel.mix.rate.findData(44_100))
    panel.mix.channels.activated.emit(panel.mix.channels.findData(1))
    panel.mix.soften.click()
    panel.clip.menu_button.click()
    assert asked["values_requested"].values[0].field is ClipField.MUTED
    assert asked["effects_requested"].effects == (Compressor(),)
    assert (asked["target_requested"], asked["sample_rate_requested"]) == (None, 44_100)
    assert (asked["channels_requested"], asked["declick_requested"]) == (1, Fraction(0))
    assert len(asked) == 7


def test_measurements_reach_the_loudness(panel):
    panel.set_busy(True)
    panel.set_measured(Loudness(integrated_lufs=-20.0))
    assert panel.loudness.state.text() == "Measuring…"
    assert panel.loudness.bar.accessibleName() == "−20.0 now, −16 target"


@pytest.mark.parametrize("height", [300, 560, 1000])
def test_it_scrolls_down_and_never_sideways(qtbot, panel, height):
    panel.resize(304, height)
    panel.set_selection((0, 1, 2))
    viewport = panel.area.viewport()
    qtbot.waitUntil(lambda: panel.area.widget().width() == viewport.width())
    assert panel.area.widget().minimumSizeHint().width() <= viewport.width()
    assert panel.area.horizontalScrollBarPolicy() is Qt.ScrollBarPolicy.ScrollBarAlwaysOff


def test_a_new_state_asks_for_nothing(qtbot, panel):
    asked: list[object] = []
    for signal in (panel.values_requested, panel.target_requested, panel.effects_requested):
        signal.connect(asked.append)
    panel.set_selection((2,))
    changed = msgspec.structs.replace(RECIPE, loudness=None, lanes=(Lane(),), channels=1)
    panel.set_state(changed, mix(), ASSETS)
    panel.set_state(RECIPE, mix(), ASSETS)
    assert asked == []


def test_tab_walks_through_the_controls_as_the_eye_does(qtbot, panel):
    panel.activateWindow()
    qtbot.waitUntil(panel.isActiveWindow)
    panel.set_selection((1,))
    panel.clip.name.setFocus()
    walked = []
    for _ in range(60):
        walked.append(QApplication.focusWidget())
        qtbot.keyClick(walked[-1], Qt.Key.Key_Tab)
        if QApplication.focusWidget() is panel.clip.name:
            break
    wanted = [
        panel.clip.name,
        *panel.clip.times.values(),
        panel.clip.gain.slider,
        panel.clip.gain.number,
        panel.clip.fade_in.slider,
        panel.clip.fade_in.picker,
        panel.clip.mute,
        panel.loudness.preset,
        panel.effects.cards[0].rows["frequency_hz"].slider,
        panel.effects.cards[1].rows["ratio"].slider,
        panel.mix.rate,
        panel.mix.soften,
    ]
    places = [walked.index(widget) for widget in wanted]
    assert places == sorted(places)
    assert walked[-1] is panel.mix.soften
