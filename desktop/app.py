"""The door of the window: paints first with Qt alone, then connects to the engine.

In: arguments (`--library DIR`, files to add). Out: the exit code.
"""

import argparse
import asyncio
import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from qasync import QEventLoop

from core.config import read_environment
from core.errors import CymaticError
from desktop import theme
from desktop.bridge import Client, EngineBridge
from desktop.main_window import MainWindow
from desktop.memory import Memory, default_file
from desktop.tasks import Background

_log = logging.getLogger(__name__)
LAST_SAVE_S = 3.0


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Return the library and the files that the arguments name."""
    parser = argparse.ArgumentParser(prog="cymatic", description="Turn sound into video.")
    parser.add_argument("--library", type=Path, help="folder of the library")
    parser.add_argument("files", nargs="*", help="files to add")
    return parser.parse_args(list(argv))


def bridge_to(library: Path) -> EngineBridge:
    """Return a bridge to the engine of a library; the client is loaded when it is needed."""

    async def connect() -> Client:
        from core.engine.client import EngineClient

        return await EngineClient.connect(library, start=True)

    return EngineBridge(connect)


def main(argv: Sequence[str] = ()) -> int:
    """Open the window and return when it is closed."""
    arguments = parse(argv)
    app = QApplication.instance() or QApplication(["cymatic"])
    assert isinstance(app, QApplication)
    app.setApplicationName("Cymatic")
    app.setDesktopFileName("cymatic")
    app.setQuitOnLastWindowClosed(False)
    theme.apply(app)
    library = arguments.library or read_environment().library
    background = Background(app)
    window = MainWindow(bridge_to(library.absolute()), background, Memory(default_file()))
    window.show()
    catch_bugs(window)
    loop = QEventLoop(app)
    with loop:
        loop.run_until_complete(session(window, files=arguments.files))
    return 0


async def session(window: MainWindow, *, files: Sequence[str] = ()) -> None:
    """Connect once the window has painted; return when it is closed and everything is saved."""
    closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def on_closed() -> None:
        if not closed.done():
            closed.set_result(None)

    window.closed.connect(on_closed)
    QTimer.singleShot(0, window.catalog.load)
    QTimer.singleShot(0, window.bridge.start)
    if files:
        window.intake.take(files)
    await closed
    if window.workspace.is_dirty:
        try:
            await asyncio.wait_for(window.workspace.store(), LAST_SAVE_S)
        except (CymaticError, TimeoutError) as error:
            _log.warning("The last change could not be saved: %s", error)
    window.background.stop()
    await window.bridge.stop()


def catch_bugs(window: MainWindow) -> None:
    """Show what nobody expected as one sentence with details (the window's door)."""

    def on_bug(
        kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        _log.error("Unexpected error", exc_info=(kind, error, trace))
        window.notices.show_error(
            CymaticError(
                "Something unexpected happened.",
                hint=f"{kind.__name__}: {error}",
                code="bug",
            )
        )

    sys.excepthook = on_bug
