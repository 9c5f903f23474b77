"""The status line: how much the library holds, and which Cymatic this is.

In: the connection, changes of the queue. Out: words; the engine is asked once things have rested.
"""

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QFrame, QVBoxLayout

from core.engine.protocol import GetStats
from core.engine.replies import LibraryStats
from desktop.bridge import Connection, EngineBridge
from desktop.widgets import label, row
from desktop.words import plural, size_words

REST_MS = 800
HEIGHT_PX = 24


class StatusLine(QFrame):
    """The line at the bottom of the window."""

    def __init__(self, bridge: EngineBridge) -> None:
        super().__init__()
        self.setObjectName("status")
        self.setFixedHeight(HEIGHT_PX)
        self._bridge = bridge
        self.stats = label("")
        self.note = label("")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(14, 0, 14, 0)
        layout.addLayout(row(self.stats, None, self.note))
        self._timer = QTimer(self, singleShot=True, interval=REST_MS)
        self._timer.timeout.connect(self._ask)
        bridge.connection_changed.connect(self._on_connection)

    def renew(self) -> None:
        """Ask again, once things have rested."""
        if not self._timer.isActive():
            self._timer.start()

    def _on_connection(self, connection: Connection) -> None:
        if connection is Connection.READY:
            self._ask()
            info = self._bridge.engine
            self.note.setText(f"Cymatic {info.version}" if info else "")

    def _ask(self) -> None:
        if self._bridge.connection is Connection.READY:
            self._bridge.ask(GetStats(), self._on_stats)

    def _on_stats(self, stats: LibraryStats) -> None:
        used = size_words(sum(stats.bytes_by_kind.values()))
        free = size_words(stats.free_bytes)
        self.stats.setText(f"{plural(stats.assets, 'track')} · {used} used · {free} free")
