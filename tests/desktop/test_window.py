"""The window as a whole: memory, closing, sizes, keyboard, library actions, notifications."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QSize, Qt
from PySide6.QtWidgets import QAbstractButton, QComboBox, QLineEdit, QSlider, QWidget
from pytestqt.qtbot import QtBot

from core.engine.protocol import (
    GetEngine,
    PauseQueue,
    RestoreAsset,
    SetSettings,
    SubmitEstimate,
    TrashAsset,
)
from core.errors import LibraryError
from core.jobs.model import JobStatus
from desktop.main_window import MainWindow
from desktop.memory import Memory
from desktop.settings.dialog import SettingsDialog
from desktop.settings.sheet import ShortcutSheet
from desktop.shortcuts import SHORTCUTS
from desktop.theme import load_theme
from tests.desktop.fakes import START, FakeEngine, asset_like, furnish, render_params

RENDER = render_params(asset_like(1, "Song"))
SMALL = QSize(1280, 720)


def test_geometry_and_the_track_are_remembered(
    qtbot: QtBot, make_window: Callable[[], MainWindow], engine: FakeEngine
):
    song = engine.add_asset(asset_like(1, "Song"))
    first = make_window()
    first.resize(1090, 700)  # as wide as the offscreen screen lets a window come back
    first.columns.setSizes([300, 440])
    first.workspace.choose(song)
    wide = first.columns.sizes()[0]
    assert first.close()
    second = make_window()
    assert abs(second.height() - 700) <= 1
    assert second.columns.sizes()[0] == wide
    qtbot.waitUntil(lambda: second.workspace.asset == song)


def test_an_idle_window_closes_without_a_question(qtbot: QtBot, window: MainWindow):
    with qtbot.waitSignal(window.closed):
        assert window.close()


def start_work(qtbot: QtBot, window: MainWindow, engine: FakeEngine) -> None:
    engine.add_job(RENDER, "Song", status=JobStatus.RUNNING)
    qtbot.waitUntil(lambda: window.closing.counts.running == 1)


def test_closing_with_work_running_asks_and_cancel_stays(
    qtbot: QtBot, window: MainWindow, engine: FakeEngine
):
    start_work(qtbot, window, engine)
    assert not window.close()
    assert "1 job is not finished" in window.closing.question.text()
    window.closing.stay_button.click()
    assert window.isVisible()
    assert window.closing.question is None
    assert not engine.sent(PauseQueue)


def test_keep_working_closes_and_leaves_the_queue_alone(
    qtbot: QtBot, window: MainWindow, engine: FakeEngine
):
    start_work(qtbot, window, engine)
    window.close()
    with qtbot.waitSignal(window.closed):
        window.closing.keep_button.click()
    assert not engine.sent(PauseQueue)


def test_pause_gives_running_jobs_back_before_the_window_closes(
    qtbot: QtBot, window: MainWindow, engine: FakeEngine
):
    start_work(qtbot, window, engine)
    window.close()
    with qtbot.waitSignal(window.closed):
        window.closing.pause_button.click()
    assert engine.sent(PauseQueue) == [PauseQueue(running=True)]


def controls(window: MainWindow) -> list[QWidget]:
    kinds = (QAbstractButton, QLineEdit, QComboBox, QSlider)
    found = [w for kind in kinds for w in window.findChildren(kind)]
    return [
        widget
        for widget in found
        if widget.isVisibleTo(window) and not isinstance(widget.parentWidget(), QLineEdit)
    ]


def test_nothing_is_clipped_at_1280_by_720(
    qtbot: QtBot, make_window: Callable[[], MainWindow], engine: FakeEngine, tmp_path
):
    furnish(engine, tmp_path)
    window = make_window()
    window.resize(SMALL)
    qtbot.waitUntil(lambda: window.library.model.rowCount() == 8)
    window.workspace.choose(engine.assets["asset-0007"])
    qtbot.waitUntil(lambda: window.size() == SMALL)
    assert window.minimumSizeHint().width() <= SMALL.width()
    for widget in controls(window):
        place = widget.mapTo(window, QPoint(0, 0))
        inside = window.rect().contains(widget.rect().translated(place))
        assert inside, f"{widget.accessibleName() or widget} is outside the window"
        parent = widget.parentWidget()
        assert parent.rect().adjusted(-1, -1, 1, 1).contains(widget.geometry()), (
            f"{widget.accessibleName() or widget} is cut off by its parent"
        )
    assert window.render_panel.area.verticalScrollBar().maximum() == 0


def test_every_control_has_an_accessible_name(window: MainWindow):
    nameless = [
        widget
        for widget in controls(window)
        if not (widget.accessibleName() or getattr(widget, "text", str)())
    ]
    assert nameless == []


def test_shortcuts_are_unique_and_all_wired(window: MainWindow):
    keys = [line.keys for line in SHORTCUTS]
    assert len(set(keys)) == len(keys)
    assert set(window.shortcuts) == {line.act for line in SHORTCUTS}


def luminance(token: str) -> float:
    color = load_theme().color(token)
    parts = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in (color.redF(), color.greenF(), color.blueF())
    )
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), parts, strict=True))


@pytest.mark.parametrize("ink", ["tx", "tx2", "tx3", "amber", "red"])
@pytest.mark.parametrize("ground", ["bg0", "bg1", "bg2", "bg3"])
def test_every_text_reaches_aa_contrast(ink: str, ground: str):
    light, dark = luminance(ink) + 0.05, luminance(ground) + 0.05
    assert light / dark >= 4.5


def test_a_track_goes_to_the_trash_and_comes_back(
    qtbot: QtBot, window: MainWindow, engine: FakeEngine
):
    song = engine.add_asset(asset_like(1, "Song"))
    qtbot.waitUntil(lambda: window.library.model.rowCount() == 1)
    window.library.trash(song)
    qtbot.waitUntil(lambda: window.library.model.rowCount() == 0)
    assert engine.sent(TrashAsset)
    qtbot.waitUntil(lambda: bool(window.notices.shown))
    window.notices.shown[0].action()
    qtbot.waitUntil(lambda: window.library.model.rowCount() == 1)
    assert engine.sent(RestoreAsset)


def test_search_asks_the_engine_and_says_when_nothing_fits(
    qtbot: QtBot, window: MainWindow, engine: FakeEngine
):
    engine.add_asset(asset_like(1, "Song"))
    engine.add_asset(asset_like(2, "Other"))
    window.library.search.setText("oth")
    qtbot.waitUntil(lambda: window.library.model.rowCount() == 1)
    window.library.search.setText("xyz")
    qtbot.waitUntil(lambda: window.library.stack.currentWidget() is window.library.nothing)


def test_thumbnails_come_from_the_peaks(qtbot: QtBot, window: MainWindow, engine: FakeEngine):
    song = engine.add_asset(asset_like(1, "Song"))
    assert window.waves.thumb(song) is None
    with qtbot.waitSignal(window.waves.thumb_ready):
        pass
    bars = window.waves.thumb(song)
    assert max(bars) == 1.0
    assert min(bars) >= 0.0


def test_the_estimate_is_measured_on_demand_and_forgotten_on_change(
    qtbot: QtBot, window: MainWindow, engine: FakeEngine
):
    window.workspace.choose(engine.add_asset(asset_like(1, "Song")))
    line = window.render_panel.estimate
    line.button.click()
    qtbot.waitUntil(lambda: line.text.full_text.startswith("About 2 min · 84 MB"))
    assert engine.sent(SubmitEstimate)
    window.workspace.set_value("plate.glow", 1.5, 1.0)
    assert not line.text.isVisibleTo(window)


def test_a_failed_still_says_so_and_a_click_draws_again(
    qtbot: QtBot, window: MainWindow, engine: FakeEngine
):
    engine.finish_stills = False
    window.workspace.choose(engine.add_asset(asset_like(1, "Song")))
    qtbot.waitUntil(lambda: len(engine.jobs) == 1)
    qtbot.waitUntil(lambda: engine.n_watchers == 1)
    with qtbot.waitSignal(window.stage.preview.failed):
        engine.fail(next(iter(engine.jobs)), "The picture could not be drawn.")
    engine.finish_stills = True
    with qtbot.waitSignal(window.stage.preview.still_ready):
        qtbot.mouseClick(window.stage.canvas, Qt.MouseButton.LeftButton)


def test_a_superseded_still_is_cancelled(qtbot: QtBot, window: MainWindow, engine: FakeEngine):
    engine.finish_stills = False
    window.workspace.choose(engine.add_asset(asset_like(1, "Song")))
    qtbot.waitUntil(lambda: len(engine.jobs) == 1)
    qtbot.waitUntil(lambda: engine.n_watchers == 1)
    window.desk.go_to(10.0)
    qtbot.waitUntil(lambda: len(engine.jobs) == 2)
    first = next(iter(engine.jobs.values()))
    assert first.status is JobStatus.CANCELLED


def test_the_range_snaps_to_frames_and_shows_in_the_form(
    qtbot: QtBot, window: MainWindow, engine: FakeEngine
):
    window.workspace.choose(engine.add_asset(asset_like(1, "Song")))
    window.desk.range.set(10.011, 20.02)
    output = window.workspace.output
    assert output.start_s * output.fps == 300
    assert output.end_s * output.fps == 601
    assert window.render_panel.output.start.text() == "0:10.000"
    window.render_panel.output.start.setText("nonsense")
    window.render_panel.output.start.editingFinished.emit()
    assert window.render_panel.output.start.text() == "0:10.000"


def test_a_long_job_that_ends_behind_is_announced_by_the_system(
    qtbot: QtBot, window: MainWindow, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
):
    told = []
    window.announcer.send = lambda title, text: told.append((title, text)) or True
    monkeypatch.setattr(window, "isActiveWindow", lambda: False)
    quick = engine.add_job(RENDER, "Quick", status=JobStatus.RUNNING, started_at=START)
    long = engine.add_job(RENDER, "Long", status=JobStatus.RUNNING, started_at=START)
    engine._change(
        quick.id, "transition", status=JobStatus.DONE, finished_at=START + timedelta(seconds=2)
    )
    engine.finish(long.id)
    qtbot.waitUntil(lambda: bool(told))
    assert told == [("Long", "The video is ready.")]


def test_settings_are_read_and_written(
    qtbot: QtBot, window: MainWindow, engine: FakeEngine, memory_file
):
    dialog = SettingsDialog(window.bridge, Memory(memory_file), window)
    dialog.show()
    qtbot.waitUntil(lambda: dialog.save_button.isEnabled())
    dialog.renders.setValue(2)
    dialog.save_button.click()
    qtbot.waitUntil(lambda: bool(engine.sent(SetSettings)))
    assert engine.settings.gpu_jobs == 2


def test_the_cheat_sheet_lists_every_shortcut(qtbot: QtBot, window: MainWindow):
    sheet = ShortcutSheet(window.keymap, window)
    texts = {label.text() for label in sheet.findChildren(QWidget) if hasattr(label, "text")}
    assert {line.text for line in SHORTCUTS} <= texts
    sheet.deleteLater()


def test_tab_walks_down_the_inspector_in_the_order_of_the_eye(
    window: MainWindow, engine: FakeEngine
):
    window.workspace.choose(engine.add_asset(asset_like(1, "Song")))
    panel = window.render_panel
    stop, seen = panel.variation_button, []
    while stop is not panel.render_button and len(seen) < 200:
        seen.append(stop)
        stop = stop.nextInFocusChain()
    first_slider = next(iter(panel.parameters.rows.values()))
    places = [
        seen.index(panel.tempo.half),
        seen.index(panel.output.format),
        seen.index(panel.output.place),
        seen.index(panel.estimate.button),
    ]
    assert places == sorted(places)
    assert any(first_slider.isAncestorOf(widget) for widget in seen[: places[0]])


def test_a_paused_queue_shows_in_the_header(qtbot: QtBot, window: MainWindow):
    window.queue.toggle_pause()
    qtbot.waitUntil(lambda: window.header.pill.text() == "This computer · Paused")
    window.queue.toggle_pause()
    qtbot.waitUntil(lambda: window.header.pill.text() == "This computer · Ready")


def test_a_library_that_cannot_be_opened_is_said_so(
    qtbot: QtBot, window: MainWindow, engine: FakeEngine
):
    engine.failures[GetEngine] = LibraryError("The library is damaged.", hint="Restore a backup.")
    engine.drop_clients()
    engine.up = True
    qtbot.waitUntil(lambda: window.header.pill.text() == "The library cannot be opened")
    assert window.notices.shown[-1].hint == "Restore a backup."
    engine.failures.clear()
    qtbot.waitUntil(lambda: window.header.pill.text() == "This computer · Ready")


def test_a_video_that_is_gone_is_said_so(qtbot: QtBot, window: MainWindow, tmp_path: Path):
    window.outside.open(tmp_path / "gone.mp4")
    qtbot.waitUntil(lambda: bool(window.notices.shown))
    assert window.notices.shown[0].text == "“gone.mp4” is not there any more."
