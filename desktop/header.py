"""The header: the mark, the project with its menu, undo, the engine's state, settings.

In: the workspace and the connection. Out: requests for what the menu offers.
"""

from functools import partial
from typing import override

from PySide6.QtCore import QEvent, QObject, Qt, Signal, SignalInstance
from PySide6.QtGui import QAction, QFont, QFontMetrics, QKeyEvent
from PySide6.QtWidgets import QFrame, QLabel, QLineEdit, QMenu, QPushButton

from core.engine.protocol import ListProjects
from core.engine.replies import EngineInfo, ProjectList
from core.library.project import Project
from desktop import theme
from desktop.bridge import Connection, EngineBridge
from desktop.keymap import NATIVE, Keymap
from desktop.shortcuts import Act, tip
from desktop.widgets import Segmented, label, row, tool_button
from desktop.workspace import SavedMark, Workspace

HEIGHT_PX = 52
TITLE_PX = (64, 420)
MOST_RECENT = 10
PILL_WORDS = {
    Connection.CONNECTING: ("This computer · Starting…", "amber"),
    Connection.READY: ("This computer · Ready", "green"),
    Connection.LOST: ("This computer · Reconnecting…", "amber"),
    Connection.REFUSED: ("The library cannot be opened", "red"),
}


class Header(QFrame):
    """The bar on top of the window.

    Signals
    -------
    new_requested, open_requested, save_requested, save_as_requested : no payload
    project_picked : str, the id of a recent project
    settings_requested, help_requested : no payload
    details_requested : EngineInfo or None
    page_picked : str, prepare or visuals
    """

    new_requested = Signal()
    open_requested = Signal()
    save_requested = Signal()
    save_as_requested = Signal()
    project_picked = Signal(str)
    settings_requested = Signal()
    help_requested = Signal()
    details_requested = Signal(object)
    page_picked = Signal(str)

    def __init__(self, bridge: EngineBridge, workspace: Workspace, keymap: Keymap) -> None:
        super().__init__()
        self.setObjectName("header")
        self.setFixedHeight(HEIGHT_PX)
        self._bridge, self._workspace, self._keymap = bridge, workspace, keymap
        self._working, self._paused = 0, False
        self._build()
        self._connect()

    def _build(self) -> None:
        mark = QLabel()
        mark.setPixmap(theme.logo())
        mark.setAccessibleName("Cymatic")
        self.menu_button = tool_button("ellipsis", "Project menu")
        self.menu = self._build_menu()
        self.menu_button.setMenu(self.menu)
        self.menu_button.setPopupMode(self.menu_button.ToolButtonPopupMode.InstantPopup)
        self.title = QLineEdit("Untitled")
        self.title.setObjectName("inline")
        self.title.setAccessibleName("Project title")
        self.title.setToolTip("Click to rename the project")
        self.title.setMaxLength(200)
        self.saved = label("", "dim")
        self.undo_button = tool_button("undo-2", tip("Undo", Act.UNDO))
        self.redo_button = tool_button("redo-2", tip("Redo", Act.REDO))
        self.pages = Segmented([("prepare", "Prepare"), ("visuals", "Visuals")], "Page")
        self.pill = QPushButton()
        self.pill.setObjectName("pill")
        self.pill.setCursor(Qt.CursorShape.PointingHandCursor)
        self.help_button = tool_button("keyboard", tip("Keyboard shortcuts", Act.HELP))
        self.settings_button = tool_button("settings", tip("Settings", Act.SETTINGS))
        self.setLayout(
            row(
                mark,
                self.title,
                self.menu_button,
                4,
                self.saved,
                8,
                self.undo_button,
                self.redo_button,
                None,
                self.pages,
                None,
                self.pill,
                4,
                self.help_button,
                self.settings_button,
                margins=(14, 0, 12, 0),
                spacing=4,
            )
        )

    def _build_menu(self) -> QMenu:
        menu = QMenu(self)
        for icon, text, act, signal in (
            ("file-plus", "New project", Act.NEW, self.new_requested),
            ("folder-open", "Open project file…", Act.OPEN, self.open_requested),
        ):
            menu.addAction(self._action(menu, icon, text, act, signal))
        self.recent = menu.addMenu(theme.icon("clock"), "Recent projects")
        menu.addSeparator()
        for icon, text, act, signal in (
            ("save", "Save as project file", Act.SAVE, self.save_requested),
            ("download", "Save under another name…", Act.SAVE_AS, self.save_as_requested),
        ):
            menu.addAction(self._action(menu, icon, text, act, signal))
        menu.aboutToShow.connect(self.refresh_recent)
        return menu

    def _action(
        self, menu: QMenu, icon: str, text: str, act: Act, signal: SignalInstance
    ) -> QAction:
        action = QAction(theme.icon(icon), text, menu)
        menu.aboutToShow.connect(
            lambda: action.setText(f"{text}\t{self._keymap.keys(act).toString(NATIVE)}")
        )
        action.triggered.connect(signal)
        return action

    def _connect(self) -> None:
        stack = self._workspace.undo_stack
        self.undo_button.clicked.connect(stack.undo)
        self.redo_button.clicked.connect(stack.redo)
        stack.indexChanged.connect(self._on_history)
        self._on_history()
        self.title.editingFinished.connect(self._on_renamed)
        self.title.textChanged.connect(self._fit_title)
        self.title.installEventFilter(self)
        self._workspace.project_changed.connect(self._on_project)
        self._workspace.saved_changed.connect(self._on_saved)
        self._bridge.connection_changed.connect(self._on_connection)
        self.pill.clicked.connect(self._on_pill)
        self.pages.picked.connect(self.page_picked)
        self.help_button.clicked.connect(self.help_requested)
        self.settings_button.clicked.connect(self.settings_requested)
        self._on_connection(self._bridge.connection)
        self._fit_title()

    # --- news -----------------------------------------------------------------------------

    def _on_history(self) -> None:
        stack = self._workspace.undo_stack
        self.undo_button.setEnabled(stack.canUndo())
        self.redo_button.setEnabled(stack.canRedo())
        undo = f"Undo: {stack.undoText()}" if stack.canUndo() else "Undo"
        redo = f"Redo: {stack.redoText()}" if stack.canRedo() else "Redo"
        self.undo_button.setToolTip(self._keymap.tip(undo, Act.UNDO))
        self.redo_button.setToolTip(self._keymap.tip(redo, Act.REDO))

    def _on_project(self, project: Project) -> None:
        if not self.title.isModified() and self.title.text() != project.title:
            self.title.setText(project.title)
            self.title.setCursorPosition(0)

    def _on_saved(self, mark: SavedMark) -> None:
        self.saved.setText(mark.text)
        self.saved.setObjectName("warn" if mark.is_problem else "dim")
        self.saved.style().polish(self.saved)

    def _on_connection(self, connection: Connection) -> None:
        text, token = PILL_WORDS[connection]
        self._show_pill(text, token)

    def show_working(self, running: int) -> None:
        """Say how much runs."""
        self._working = running
        self._show_work()

    def show_paused(self, paused: bool) -> None:
        """Say that nothing more is started."""
        self._paused = paused
        self._show_work()

    def _show_work(self) -> None:
        if self._bridge.connection is not Connection.READY:
            return
        if self._working:
            self._show_pill(f"This computer · {self._working} running", "green")
        elif self._paused:
            self._show_pill("This computer · Paused", "amber")
        else:
            self._show_pill("This computer · Ready", "green")

    def _show_pill(self, text: str, token: str) -> None:
        self.pill.setText(text)
        self.pill.setIcon(theme.icon("dot", token, active=token))
        self.pill.setAccessibleName(text)
        self.pill.setToolTip("Where the work is done. Click for details.")

    def _on_pill(self) -> None:
        info: EngineInfo | None = self._bridge.engine
        self.details_requested.emit(info)

    # --- project menu ---------------------------------------------------------------------

    def refresh_recent(self) -> None:
        """Ask the library which projects there are."""
        if not self.recent.actions():
            nothing = self.recent.addAction("No projects yet")
            nothing.setEnabled(False)
        if self._bridge.connection is Connection.READY:
            self._bridge.ask(ListProjects(), self._show_recent)

    def _show_recent(self, answer: ProjectList) -> None:
        self.recent.clear()
        metrics = QFontMetrics(self.recent.font())
        for project in answer.projects[:MOST_RECENT]:
            text = metrics.elidedText(project.title, Qt.TextElideMode.ElideMiddle, 320)
            action = self.recent.addAction(text.replace("&", "&&"))
            action.triggered.connect(partial(self._pick, project.id))
        if not answer.projects:
            self.recent.addAction("No projects yet").setEnabled(False)

    def _pick(self, project_id: str, *_: object) -> None:
        self.project_picked.emit(project_id)

    # --- title ----------------------------------------------------------------------------

    def _on_renamed(self) -> None:
        if self.title.isModified():
            self.title.setModified(False)
            self._workspace.rename(self.title.text())
        self.title.setCursorPosition(0)

    def _fit_title(self, *_: object) -> None:
        metrics = QFontMetrics(theme.font(14, QFont.Weight.DemiBold))
        width = metrics.horizontalAdvance(self.title.text()) + 26
        self.title.setFixedWidth(min(TITLE_PX[1], max(TITLE_PX[0], width)))

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is not self.title or event.type() != QEvent.Type.KeyPress:
            return False
        key = event.key() if isinstance(event, QKeyEvent) else None
        if key == Qt.Key.Key_Escape:
            self.title.setText(self._workspace.project.title)
            self.title.setModified(False)
        elif key not in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            return False
        self.title.clearFocus()
        return True
