"""The main job through the window: a real file dropped on it, a real engine behind it."""

import json
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import jsonschema
import msgspec
import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from pytestqt.qtbot import QtBot

from core.documents import to_json
from core.engine.client import EngineClient
from core.jobs.model import JobStatus, JobView
from desktop.bridge import Connection, EngineBridge
from desktop.main_window import MainWindow
from desktop.memory import Memory
from desktop.tasks import Background
from tests.desktop.conftest import end_window, qt_loop, styled  # noqa: F401 - fixtures
from tests.flows.conftest import SCHEMAS, CommandLine
from tests.flows.test_render_flow import write_source
from tests.flows.videos import flash_frames, lag_samples, read_video
from tests.media import click_times, click_track

WAIT_MS = 120_000
LENGTH_S = 2.0


@pytest.fixture
def window(qtbot: QtBot, styled, qt_loop, cli: CommandLine, tmp_path: Path) -> Iterator[MainWindow]:  # noqa: F811
    """A window on the library that the command line uses too."""

    async def connect() -> EngineClient:
        return await EngineClient.connect(cli.library, start=True)

    made = MainWindow(EngineBridge(connect), Background(), Memory(tmp_path / "window.ini"))
    made.show()
    made.catalog.load()
    made.bridge.start()
    qtbot.waitUntil(lambda: made.bridge.connection is Connection.READY, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: bool(made.catalog.summaries), timeout=WAIT_MS)
    yield made
    end_window(made)


def drop(window: MainWindow, path: Path) -> None:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path))])
    keys = Qt.KeyboardModifier.NoModifier
    place, button = QPointF(300, 300), Qt.MouseButton.LeftButton
    window.dropEvent(QDropEvent(place, Qt.DropAction.CopyAction, mime, button, keys))


@pytest.mark.parametrize("source", ["audio_file", "video_file"])
@pytest.mark.parametrize("recipe", ["none", "recipe"])
@pytest.mark.parametrize("to", ["library", "file"])
def test_a_dropped_file_becomes_a_video(
    source: str,
    recipe: str,
    to: str,
    qtbot: QtBot,
    window: MainWindow,
    cli: CommandLine,
    tmp_path: Path,
):
    samples = click_track(LENGTH_S)
    file = write_source(source, tmp_path, samples)
    folder = tmp_path / "videos"
    folder.mkdir()
    rendered: list[JobView] = []
    window.render_panel.submitted.connect(rendered.append)

    drop(window, file)
    qtbot.waitUntil(lambda: window.workspace.asset is not None, timeout=WAIT_MS)
    cut_s = (0.0, LENGTH_S)
    if recipe == "recipe":
        cut_s = (0.25, 1.75)
        window.desk.editing.select_stretch(cut_s)
        window.desk.editing.crop()
    small = msgspec.structs.replace(window.workspace.output, format="160x90", fps=Fraction(20))
    window.workspace.set_output(small)
    window.render_panel.output.set_folder(folder if to == "file" else None)
    qtbot.mouseClick(window.render_panel.render_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(rendered), timeout=WAIT_MS)

    watch = window.bridge.watch(rendered[0].id)
    with qtbot.waitSignal(watch.ended, timeout=WAIT_MS) as ended:
        pass
    job: JobView = ended.args[0]
    assert job.status is JobStatus.DONE, job.error
    schema = json.loads((SCHEMAS / "JobView.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(json.loads(to_json(job)))

    (path,) = (output.path for output in job.outputs if output.role == "main")
    assert path.is_relative_to(folder if to == "file" else cli.library)
    video = read_video(path)
    assert (video.width, video.height, video.fps) == (160, 90, 20)
    heard = samples[:, round(cut_s[0] * 48_000) : round(cut_s[1] * 48_000)]
    assert abs(lag_samples(video.sound, heard)) < 48_000 / 20
    inside = [
        time_s - cut_s[0] for time_s in click_times(LENGTH_S) if cut_s[0] <= time_s < cut_s[1]
    ]
    clicks = [int(time_s * 20) for time_s in inside]
    assert flash_frames(video.luma, len(clicks)) == clicks
    assert job.id in [listed["id"] for listed in cli("jobs", "list", "--json").document]
