"""The tempo row and the beat ticks: corrections are undoable, stored, drawn and rendered."""

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from core.analysis.beat_edit import BeatEdit
from core.analysis.beatgrid import BeatGrid
from core.analysis.features import FeatureHeader, write_features
from core.engine.protocol import SubmitRender
from core.errors import KnownError
from core.paths import LibraryPaths
from desktop.main_window import MainWindow
from desktop.render.tempo import TempoRow
from desktop.stage.beats import Beats, read_beats
from tests.desktop.fakes import FakeEngine, asset_like


@pytest.fixture
def tempo(window: MainWindow, engine: FakeEngine) -> TempoRow:
    window.workspace.choose(engine.add_asset(asset_like(1, "Song", tempo_bpm=124.0)))
    return window.render_panel.tempo


def type_in(qtbot: QtBot, tempo: TempoRow, text: str) -> None:
    tempo.number.setText(text)
    qtbot.keyClick(tempo.number, Qt.Key.Key_Return)


def test_half_and_double_are_edits_that_undo_takes_back(
    qtbot: QtBot, window: MainWindow, engine: FakeEngine, tempo: TempoRow
):
    assert tempo.number.text() == "124 BPM"
    qtbot.mouseClick(tempo.half, Qt.MouseButton.LeftButton)
    assert tempo.number.text() == "62 BPM"
    assert window.library.delegate.chosen_bpm == 62.0
    assert window.workspace.picture().beats == BeatEdit(doublings=-1)
    qtbot.waitUntil(lambda: window.workspace.is_stored)
    stored = engine.projects[window.workspace.project.id]
    assert stored.beats == BeatEdit(doublings=-1)
    window.workspace.undo_stack.undo()
    assert tempo.number.text() == "124 BPM"


def test_a_typed_tempo_is_rendered_and_reset_goes_back_to_the_found_one(
    qtbot: QtBot, window: MainWindow, engine: FakeEngine, tempo: TempoRow
):
    type_in(qtbot, tempo, "128.5@0.35")
    assert tempo.number.text() == "128.5 BPM"
    qtbot.mouseClick(window.render_panel.render_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(engine.sent(SubmitRender)))
    picture = engine.sent(SubmitRender)[0].picture
    assert picture.beats == BeatEdit(bpm=128.5, first_beat_s=0.35)
    assert tempo.reset.isVisible()
    qtbot.mouseClick(tempo.reset, Qt.MouseButton.LeftButton)
    assert tempo.number.text() == "124 BPM"
    assert not tempo.reset.isVisible()


@pytest.mark.parametrize("text", ["fast", "5000", "-3", ""])
def test_what_is_no_tempo_changes_nothing(
    qtbot: QtBot, window: MainWindow, tempo: TempoRow, text: str
):
    type_in(qtbot, tempo, text)
    assert window.workspace.project.beats == BeatEdit()
    assert tempo.number.text() == "124 BPM"


def test_no_correction_leads_out_of_what_the_analysis_accepts(qtbot: QtBot, tempo: TempoRow):
    tempo.show_beats(BeatEdit(doublings=1), 124.0, ready=True)
    assert not tempo.double.isEnabled()  # 496 a minute
    tempo.show_beats(BeatEdit(doublings=-2), 124.0, ready=True)
    assert not tempo.half.isEnabled()  # 15.5 a minute
    tempo.show_beats(BeatEdit(), None, ready=True)
    assert not tempo.half.isEnabled()
    assert tempo.number.isEnabled()


def test_another_track_starts_without_correction(
    window: MainWindow, engine: FakeEngine, tempo: TempoRow
):
    window.workspace.set_beats(BeatEdit(doublings=1))
    window.workspace.choose(engine.add_asset(asset_like(2, "Other", tempo_bpm=90.0)))
    assert tempo.number.text() == "90 BPM"


def test_beats_are_read_from_the_features_and_corrected(tmp_path: Path):
    times = tuple(float(beat) for beat in range(8))
    grid = BeatGrid(times_s=times, duration_s=8.0, confidence=1.0, first_downbeat=2)
    path = tmp_path / "features"
    header = FeatureHeader(n_hops=801, duration_s=8.0, sample_rate_hz=48_000, beats=grid)
    write_features(path, header, [np.zeros(801, np.float32) for _ in header.columns])
    found = read_beats(path, BeatEdit())
    assert found.times_s == times
    assert [i for i in range(8) if found.starts_bar(i)] == [2, 6]
    assert read_beats(path, BeatEdit(doublings=1)).times_s[:3] == (0.0, 0.5, 1.0)
    assert list(found.within(2.5, 5.0)) == [3, 4, 5]
    with pytest.raises(KnownError):
        read_beats(tmp_path / "none", BeatEdit())


def test_a_track_without_features_has_no_ticks(
    qtbot: QtBot, window: MainWindow, engine: FakeEngine, tempo: TempoRow
):
    assert LibraryPaths(engine.root).features("f" * 8).exists() is False
    with qtbot.waitSignal(window.desk.beats.beats_ready) as blocker:
        window.workspace.set_beats(BeatEdit(doublings=1))
    assert blocker.args == [Beats()]
