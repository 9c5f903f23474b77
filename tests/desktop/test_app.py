"""The door of the window: arguments, the last save, the end of the session."""

import asyncio
import subprocess
import sys
from pathlib import Path

from pytestqt.qtbot import QtBot

from core.engine.protocol import SaveProject, SubmitIngest
from desktop.app import parse, session
from desktop.main_window import MainWindow
from tests.desktop.fakes import FakeEngine, asset_like


def test_arguments_name_a_library_and_files():
    arguments = parse(["--library", "/music/lib", "a.wav", "b.mp4"])
    assert arguments.library == Path("/music/lib")
    assert arguments.files == ["a.wav", "b.mp4"]


def test_the_session_saves_the_last_edit_and_ends_with_the_window(
    qtbot: QtBot, window: MainWindow, engine: FakeEngine, tmp_path: Path
):
    running = asyncio.ensure_future(session(window, files=[str(tmp_path / "song.wav")]))
    qtbot.waitUntil(lambda: bool(engine.sent(SubmitIngest)))
    engine.jobs.clear()
    window.closing.counts = type(window.closing.counts)()
    window.workspace.choose(engine.add_asset(asset_like(1, "Song")))
    window.workspace.set_value("plate.glow", 1.5, 1.0)
    window.close()
    qtbot.waitUntil(running.done)
    assert engine.sent(SaveProject)[-1].project.cues[0].values == {"plate.glow": 1.5}


def test_the_first_paint_needs_neither_numpy_nor_the_store():
    code = (
        "import sys, desktop.app\n"
        "print([name for name in ('numpy', 'sqlalchemy', 'av') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
