"""A window over the fake engine, on a Qt loop that asyncio knows, with its own memory."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from qasync import QEventLoop

from desktop import theme
from desktop.bridge import Connection, EngineBridge
from desktop.main_window import MainWindow
from desktop.memory import Memory
from desktop.tasks import Background
from tests.desktop.fakes import FakeEngine, FakePyramid, quiet_sound
from tests.desktop.shots import draw_still

WAIT_MS = 5000


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The offscreen screen tells with every fixed-size window that it has no size hints."""
    for item in items:
        if "tests/desktop/" in item.path.as_posix():
            item.add_marker(pytest.mark.qt_log_ignore("propagateSizeHints", extend=True))


@pytest.fixture(scope="session")
def styled(qapp: QApplication) -> QApplication:
    """The application in its own look; once, because fonts stay loaded."""
    theme.apply(qapp)
    return qapp


@pytest.fixture
def qt_loop(qapp: QApplication) -> Iterator[QEventLoop]:
    """asyncio on Qt's loop, for as long as the test runs."""
    loop = QEventLoop(qapp, already_running=True)
    yield loop
    for task in asyncio.all_tasks(loop):
        task.cancel()
    for _ in range(5):
        QCoreApplication.processEvents()
    loop._after_run_forever()
    asyncio.events._set_running_loop(None)
    loop._QEventLoop__is_running = False
    loop.close()


@pytest.fixture(scope="session")
def still(tmp_path_factory: pytest.TempPathFactory, qapp: QApplication) -> Path:
    """A picture for the stage."""
    return draw_still(tmp_path_factory.mktemp("still") / "still.png", 320, 180)


@pytest.fixture
def engine(tmp_path: Path, still: Path) -> FakeEngine:
    """An engine without work."""
    return FakeEngine(tmp_path, still=still)


@pytest.fixture
def memory_file(tmp_path: Path) -> Path:
    """Where the window remembers."""
    return tmp_path / "window.ini"


@pytest.fixture
def make_window(
    qtbot: QtBot,
    styled: QApplication,
    qt_loop: QEventLoop,
    engine: FakeEngine,
    memory_file: Path,
) -> Iterator[Callable[[], MainWindow]]:
    """Return windows that are shown and connected."""
    made: list[MainWindow] = []

    def make() -> MainWindow:
        window = MainWindow(
            EngineBridge(engine.connect),
            Background(),
            Memory(memory_file),
            peaks=FakePyramid,
            sounds=quiet_sound,
        )
        made.append(window)
        window.show()
        window.catalog.load()
        window.bridge.start()
        qtbot.waitUntil(lambda: window.bridge.connection is Connection.READY, timeout=WAIT_MS)
        qtbot.waitUntil(lambda: bool(window.catalog.summaries), timeout=WAIT_MS)
        return window

    yield make
    for window in made:
        end_window(window)


def end_window(window: MainWindow) -> None:
    """Let a window go as the application does."""
    window.workspace.undo_stack.blockSignals(True)
    window.hide()
    window.desk.close()
    leaving = asyncio.ensure_future(window.bridge.stop())
    for _ in range(200):
        QCoreApplication.processEvents()
        if leaving.done():
            break
    window.background.stop()
    window.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture
def window(make_window: Callable[[], MainWindow]) -> MainWindow:
    """A connected window."""
    return make_window()
