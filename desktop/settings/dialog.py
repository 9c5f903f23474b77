"""Settings: how much runs side by side, how large the cache grows, where the library is.

In: the library's settings and sizes. Out: SetSettings; the window's own choices to its memory.
"""

from pathlib import Path

import msgspec
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QPushButton, QSpinBox, QWidget

from core.config import Settings
from core.engine.protocol import GetSettings, GetStats, SetSettings
from core.engine.replies import LibraryStats
from desktop.bridge import EngineBridge
from desktop.memory import Memory
from desktop.widgets import ElidedLabel, Switch, column, label, row, rule
from desktop.words import plural, size_words

GIB = 1024**3
WIDTH_PX = 520
NOTIFY_KEY = "notify/ends"


class SettingsDialog(QDialog):
    """All settings on one page.

    Signals
    -------
    reveal_requested : Path
    """

    reveal_requested = Signal(object)

    def __init__(self, bridge: EngineBridge, memory: Memory, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Settings")
        self.setModal(True)
        self.setFixedWidth(WIDTH_PX)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._bridge, self._memory = bridge, memory
        self._settings = Settings()
        self._folder: Path | None = None
        self._build()
        self._bridge.ask(GetSettings(), self._show)
        self._bridge.ask(GetStats(), self._show_stats)

    def _build(self) -> None:
        self.renders = self._number("Renders side by side", 1, 8)
        self.others = self._number("Other jobs side by side", 0, 64)
        self.others.setSpecialValueText("Automatic")
        self.cache = self._number("Limit of the sound cache", 1, 2000, " GB")
        self.notify = Switch(
            "Tell me when work ends", checked=self._memory.flag(NOTIFY_KEY, default=True)
        )
        self.folder = ElidedLabel("…", "muted", Qt.TextElideMode.ElideMiddle)
        self.folder_button = QPushButton("Show folder")
        self.folder_button.setObjectName("quiet")
        self.folder_button.setEnabled(False)
        self.folder_button.clicked.connect(self._reveal)
        self.sizes = label("", "dim")
        self.save_button = QPushButton("Save")
        self.save_button.setObjectName("primary")
        self.save_button.setDefault(True)
        self.save_button.setEnabled(False)
        self.save_button.clicked.connect(self._save)
        cancel = QPushButton("Cancel")
        cancel.clicked.connect(self.reject)
        place = row(self.folder, self.folder_button)
        place.setStretch(0, 1)
        self.setLayout(
            column(
                label("Settings", "h2"),
                4,
                label("Work", "h1"),
                self._line("Renders side by side", "More than one needs a fast GPU.", self.renders),
                self._line("Other jobs side by side", "Adding, mixing, analysing.", self.others),
                self._line("Tell me when work ends", "While this window is behind.", self.notify),
                2,
                rule(),
                2,
                label("Library", "h1"),
                place,
                self.sizes,
                self._line("Sound cache", "The oldest goes first; it is made again.", self.cache),
                8,
                row(None, cancel, self.save_button),
                margins=(22, 18, 22, 18),
                spacing=10,
            )
        )

    @staticmethod
    def _number(name: str, low: int, high: int, suffix: str = "") -> QSpinBox:
        box = QSpinBox()
        box.setRange(low, high)
        box.setSuffix(suffix)
        box.setAccessibleName(name)
        box.setFixedWidth(126)
        box.lineEdit().setTextMargins(9, 0, 0, 0)
        return box

    @staticmethod
    def _line(title: str, text: str, control: QWidget) -> QWidget:
        holder = QWidget()
        words = column(label(title), label(text, "dim"), spacing=1)
        holder.setLayout(row(words, None, control))
        return holder

    def _show(self, settings: Settings) -> None:
        self._settings = settings
        self.renders.setValue(settings.gpu_jobs)
        self.others.setValue(settings.cpu_jobs)
        self.cache.setValue(max(1, settings.pcm_cache_bytes // GIB))
        self.save_button.setEnabled(True)

    def _show_stats(self, stats: LibraryStats) -> None:
        self._folder = stats.path
        self.folder.set_text(str(stats.path))
        self.folder_button.setEnabled(True)
        total = size_words(sum(stats.bytes_by_kind.values()))
        parts = [
            plural(stats.assets, "track"),
            plural(stats.projects, "project"),
            f"{total} in all",
        ]
        parts.append(f"{size_words(stats.free_bytes)} free")
        self.sizes.setText(" · ".join(parts))

    def _reveal(self) -> None:
        if self._folder is not None:
            self.reveal_requested.emit(self._folder)

    def _save(self) -> None:
        self._memory.keep(NOTIFY_KEY, self.notify.isChecked())
        changed = msgspec.structs.replace(
            self._settings,
            gpu_jobs=self.renders.value(),
            cpu_jobs=self.others.value(),
            pcm_cache_bytes=self.cache.value() * GIB,
        )
        if changed != self._settings:
            self._bridge.ask(SetSettings(settings=changed))
        self.accept()
