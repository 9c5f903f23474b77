"""Screenshots of the window over the fake engine: `python -m tests.desktop.shots FOLDER [STILL]`.

STILL is a picture to show on the stage and on the scene card; without it a drawn one is used.
"""

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QEventLoop as QtLoop
from PySide6.QtCore import QPointF, QTimer
from PySide6.QtGui import QColor, QImage, QPainter, QRadialGradient
from PySide6.QtWidgets import QApplication
from qasync import QEventLoop

from desktop import theme
from desktop.bridge import EngineBridge
from desktop.main_window import MainWindow
from desktop.memory import Memory
from desktop.notices import notice_of
from desktop.render.catalog import load_all
from desktop.tasks import Background
from tests.desktop.fakes import FakeEngine, FakePyramid, furnish


def draw_still(path: Path, width: int = 1280, height: int = 720) -> Path:
    """Draw a picture that stands in for a frame."""
    image = QImage(width, height, QImage.Format.Format_RGB32)
    image.fill(QColor("#05070c"))
    painter = QPainter(image)
    for x, y, radius, hue in ((0.5, 0.46, 0.5, "#ff7d5c"), (0.42, 0.5, 0.75, "#45307a")):
        glow = QRadialGradient(QPointF(width * x, height * y), height * radius)
        color = QColor(hue)
        color.setAlpha(150)
        glow.setColorAt(0, color)
        color.setAlpha(0)
        glow.setColorAt(1, color)
        painter.fillRect(image.rect(), glow)
    painter.end()
    image.save(str(path))
    return path


def pause(milliseconds: int) -> None:
    """Let the window live for a while."""
    loop = QtLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()


class Shooter:
    """Makes windows over fake engines and saves what they show."""

    def __init__(self, folder: Path, still: Path | None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.still = still or draw_still(folder / "still.png")
        self.stills = {
            shape: drawn
            for shape in ("9:16", "1:1", "360°")
            if (drawn := self._beside(shape)).exists()
        }

    def _beside(self, shape: str) -> Path:
        return self.still.with_name(f"still-{shape.strip('°').replace(':', 'x')}.png")

    def window(self, size: tuple[int, int], *, full: bool) -> tuple[MainWindow, FakeEngine]:
        """Return a shown window and its engine."""
        engine = FakeEngine(self.folder, still=self.still)
        engine.stills = self.stills
        if full:
            furnish(engine, self.folder)
        memory_file = self.folder / "window.ini"
        memory_file.unlink(missing_ok=True)
        window = MainWindow(
            EngineBridge(engine.connect),
            Background(),
            Memory(memory_file),
            peaks=FakePyramid,
            scenes=self.scenes,
        )
        window.resize(*size)
        window.pages.restore()
        window.show()
        window.catalog.load()
        window.bridge.start()
        pause(400)
        return window, engine

    def scenes(self) -> list:
        """Return the real scenes, pictured by the still where they have no picture."""
        import msgspec

        return [
            (
                summary
                if summary.thumbnail
                else msgspec.structs.replace(summary, thumbnail=str(self.still)),
                scene,
            )
            for summary, scene in load_all()
        ]

    def save(self, window: MainWindow, name: str) -> None:
        """Save what the window shows."""
        pause(1200)
        window.grab().save(str(self.folder / f"{name}.png"))

    def shoot(
        self,
        name: str,
        size: tuple[int, int],
        *,
        full: bool = True,
        act: Callable[[MainWindow, FakeEngine], None] | None = None,
    ) -> None:
        """Save one picture."""
        window, engine = self.window(size, full=full)
        if full:
            window.workspace.choose(engine.assets["asset-0008"])
            pause(500)
        if act is not None:
            act(window, engine)
        self.save(window, name)
        self.end(window)

    def end(self, window: MainWindow) -> None:
        """Let a window go."""
        pause(900)  # the autosave
        leaving = asyncio.ensure_future(window.bridge.stop())
        pause(50)
        assert leaving.done()
        window.workspace.undo_stack.blockSignals(True)
        window.background.stop()
        window.deleteLater()


def long_names(window: MainWindow, engine: FakeEngine) -> None:
    """Put the track with the long name on the table, upright."""
    window.workspace.choose(engine.assets["asset-0007"])
    pause(200)
    window.stage._on_shape("9:16")
    window.queue.view.selectRow(3)


def failed(window: MainWindow, engine: FakeEngine) -> None:
    """Fail a still, show a notice."""
    from core.errors import NotAvailableYetError, RenderError

    window.stage.canvas.show_error(
        RenderError(
            "The picture could not be drawn.", hint="The graphics driver stopped; it starts anew."
        )
    )
    window.notices.show(
        notice_of(
            NotAvailableYetError(
                "Links are not available yet.",
                hint="Download the file, then drop it here or name it on the command line.",
            )
        )
    )


def around(window: MainWindow, engine: FakeEngine) -> None:
    """Choose 360 degrees, a range, an estimate."""
    window.stage._on_shape("360°")
    window.stage._on_range(42.0, 131.5)
    window.desk.go_to(94.48)
    pause(100)
    window.render_panel.estimate.ask()


def main(arguments: list[str]) -> None:
    """Make all pictures."""
    app = QApplication(["cymatic"])
    theme.apply(app)
    loop = QEventLoop(app, already_running=True)
    shooter = Shooter(Path(arguments[0]), Path(arguments[1]) if len(arguments) > 1 else None)
    big, small = (1440, 900), (1280, 720)
    shooter.shoot("main-1440", big)
    shooter.shoot("main-1280", small)
    shooter.shoot("empty-1440", big, full=False)
    shooter.shoot("empty-1280", small, full=False)
    shooter.shoot("long-1280", small, act=long_names)
    shooter.shoot("failed-1440", big, act=failed)
    shooter.shoot("around-1440", big, act=around)
    shooter.shoot("drop-1280", small, act=lambda window, _engine: window.veil.cover())
    window, _engine = shooter.window(big, full=True)
    for name, show in (
        ("settings", window.open_settings),
        ("sheet", window.open_sheet),
        ("close", window.close),
    ):
        show()
        pause(300)
        for top in app.topLevelWidgets():
            if top.isVisible() and top.isModal():
                top.grab().save(str(shooter.folder / f"{name}.png"))
                top.close()
    shooter.end(window)
    loop.stop()


if __name__ == "__main__":
    main(sys.argv[1:])
