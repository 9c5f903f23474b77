"""What is dropped, opened or pasted becomes ingest jobs, or a calm refusal with a hint."""

from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from core.engine.protocol import SubmitFrame, SubmitIngest
from core.ingest.sources import AudioFile, VideoFile
from core.jobs.model import IngestResult
from desktop.intake import expand, texts_of
from desktop.main_window import MainWindow
from tests.desktop.fakes import FakeEngine, asset_like, render_params


def drop(window: MainWindow, mime: QMimeData) -> None:
    window.dropEvent(
        QDropEvent(
            QPointF(300, 300),
            Qt.DropAction.CopyAction,
            mime,
            Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
        )
    )


def mime_of(*paths: Path) -> QMimeData:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return mime


def test_dropped_files_are_submitted_with_analysis(
    qtbot: QtBot, window: MainWindow, engine: FakeEngine, tmp_path: Path
):
    song, film = tmp_path / "song.wav", tmp_path / "film.mp4"
    for path in (song, film):
        path.touch()
    drop(window, mime_of(song, film))
    qtbot.waitUntil(lambda: len(engine.sent(SubmitIngest)) == 2)
    requests = engine.sent(SubmitIngest)
    assert [request.source for request in requests] == [
        AudioFile(path=song),
        VideoFile(path=film),
    ]
    assert all(request.analyze for request in requests)


def test_a_dropped_folder_gives_its_media_files(
    qtbot: QtBot, window: MainWindow, engine: FakeEngine, tmp_path: Path
):
    album = tmp_path / "album"
    (album / "cd1").mkdir(parents=True)
    for name in ("cd1/b.flac", "a.mp3", "cover.jpg", ".hidden.mp3"):
        (album / name).touch()
    drop(window, mime_of(album))
    qtbot.waitUntil(lambda: len(engine.sent(SubmitIngest)) == 2)
    names = [request.source.path.name for request in engine.sent(SubmitIngest)]
    assert names == ["a.mp3", "b.flac"]


def test_a_folder_without_media_is_refused_with_a_hint(
    qtbot: QtBot, window: MainWindow, engine: FakeEngine, tmp_path: Path
):
    (tmp_path / "papers").mkdir()
    drop(window, mime_of(tmp_path / "papers"))
    qtbot.waitUntil(lambda: bool(window.notices.shown))
    assert "papers" in window.notices.shown[0].text
    assert window.notices.shown[0].hint
    assert not engine.sent(SubmitIngest)


def test_a_dropped_link_is_refused_and_says_what_to_do(
    qtbot: QtBot, window: MainWindow, engine: FakeEngine
):
    mime = QMimeData()
    mime.setUrls([QUrl("https://www.youtube.com/watch?v=abc")])
    drop(window, mime)
    qtbot.waitUntil(lambda: bool(window.notices.shown))
    notice = window.notices.shown[0]
    assert notice.text == "Links are not available yet."
    assert "Download the file" in notice.hint
    assert not engine.sent(SubmitIngest)


def test_pasted_text_is_read_line_by_line():
    mime = QMimeData()
    mime.setText(' "/music/a song.wav" \n\nhttps://example.org/b.mp3\n')
    assert texts_of(mime) == ["/music/a song.wav", "https://example.org/b.mp3"]


def test_links_are_not_taken_for_folders():
    assert expand(["https://example.org/album/"]) == (["https://example.org/album/"], [])


def test_the_first_track_goes_on_the_table_and_waits_for_its_own_analysis(
    qtbot: QtBot, window: MainWindow, engine: FakeEngine, tmp_path: Path
):
    (tmp_path / "song.wav").touch()
    window.intake.take([str(tmp_path / "song.wav")])
    qtbot.waitUntil(lambda: len(engine.jobs) == 2)
    ingest, analyze = engine.jobs.values()
    raw = engine.add_asset(asset_like(1, "Song", analysed=False))
    engine.finish(ingest.id, IngestResult(asset=raw))
    qtbot.waitUntil(lambda: window.workspace.asset == raw)
    assert not engine.sent(SubmitFrame)
    engine.add_asset(asset_like(1, "Song"))
    engine.finish(analyze.id)
    qtbot.waitUntil(lambda: len(engine.sent(SubmitFrame)) == 1)


def test_the_same_file_again_is_told_so(
    qtbot: QtBot, window: MainWindow, engine: FakeEngine, tmp_path: Path
):
    window.intake.take([str(tmp_path / "song.wav")])
    qtbot.waitUntil(lambda: len(engine.jobs) == 2)
    ingest = next(iter(engine.jobs.values()))
    engine.finish(ingest.id, IngestResult(asset=asset_like(1, "Song"), duplicate=True))
    qtbot.waitUntil(lambda: bool(window.notices.shown))
    assert window.notices.shown[0].text == "“Song” is already in the library."


def test_words_that_name_nothing_are_refused_at_once(
    qtbot: QtBot, window: MainWindow, engine: FakeEngine
):
    window.intake.take(["remember the milk " * 20])
    qtbot.waitUntil(lambda: bool(window.notices.shown))
    assert "neither a file nor a link" in window.notices.shown[0].text
    assert len(window.notices.shown[0].text) < 120
    assert not engine.sent(SubmitIngest)


@pytest.mark.filterwarnings("ignore:.*QDragEnterEvent.*:DeprecationWarning")
def test_files_dragged_over_the_queue_reach_the_window(
    qtbot: QtBot, window: MainWindow, engine: FakeEngine, tmp_path: Path
):
    engine.add_job(render_params(asset_like(1, "Song")), "Song")
    qtbot.waitUntil(lambda: window.queue.model.rowCount() == 1)
    keys, button = Qt.KeyboardModifier.NoModifier, Qt.MouseButton.LeftButton
    copy, mime = Qt.DropAction.CopyAction, mime_of(tmp_path / "song.wav")
    entering = QDragEnterEvent(QPoint(20, 20), copy, mime, button, keys)
    QApplication.sendEvent(window.queue.view.viewport(), entering)
    assert window.veil.isVisible()
