"""Pages: the same window for preparing the sound and for choosing the picture.

In: a page by name. Out: the inspector, the tools and the room that it needs, remembered.
"""

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QSplitter, QStackedWidget, QWidget

from desktop.editor.panel import EditorPanel
from desktop.header import Header
from desktop.memory import Memory

PREPARE, VISUALS = "prepare", "visuals"
SHARES = {PREPARE: (180, 440), VISUALS: (400, 180)}
"""Height of the picture and of the editor, in parts."""
QUEUE_SHARE = {PREPARE: 0.2, VISUALS: 0.25}
"""Height of the queue, of the window's."""
KEY = "window/page"


class Pages(QObject):
    """Shows one page at a time.

    Signals
    -------
    changed : str
    """

    changed = Signal(str)

    def __init__(
        self,
        header: Header,
        editor: EditorPanel,
        *,
        middle: QSplitter,
        rows: QSplitter,
        memory: Memory,
    ) -> None:
        super().__init__(middle)
        self._header, self._editor = header, editor
        self._middle, self._rows, self._memory = middle, rows, memory
        self.inspectors = QStackedWidget()
        self._of: dict[str, QWidget] = {}
        self.now = ""
        header.page_picked.connect(self.show)

    def add(self, name: str, inspector: QWidget) -> None:
        """Give a page its inspector."""
        self._of[name] = inspector
        self.inspectors.addWidget(inspector)

    def restore(self) -> None:
        """Show the page of last time."""
        name = self._memory.text(KEY, VISUALS)
        self.show(name if name in self._of else VISUALS)

    def show(self, name: str) -> None:
        """Show a page."""
        if name == self.now:
            return
        self._keep_room()
        self.now = name
        self._memory.keep(KEY, name)
        self._header.pages.set_choice(name)
        self.inspectors.setCurrentWidget(self._of[name])
        self._editor.show_page(name)
        self._give_room()
        self.changed.emit(name)

    def _give_room(self) -> None:
        """Share the height as it was left on this page, else as suits it."""
        height = self._rows.window().height()
        queue_px = round(height * QUEUE_SHARE[self.now])
        self._put("rows", self._rows, [height - queue_px, queue_px])
        # What lies inside knows its height only after the rows have taken theirs.
        QTimer.singleShot(0, self._share_middle)

    def _share_middle(self) -> None:
        self._put("middle", self._middle, list(SHARES[self.now]))

    def _put(self, key: str, splitter: QSplitter, sizes: list[int]) -> None:
        state = self._memory.blob(f"window/{key}-{self.now}")
        if state.isEmpty() or not splitter.restoreState(state):
            splitter.setSizes(sizes)

    def remember(self) -> None:
        """Keep the room of the page on screen."""
        self._keep_room()

    def _keep_room(self) -> None:
        if self.now:
            self._memory.keep(f"window/middle-{self.now}", self._middle.saveState())
            self._memory.keep(f"window/rows-{self.now}", self._rows.saveState())
