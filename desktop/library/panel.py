"""The library panel: search, the list of tracks, the drop area, trash with undo.

In: asset and job events. Out: requests to add files and to put a track on the table.
"""

from functools import partial
from typing import override

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QKeyEvent
from PySide6.QtWidgets import (
    QFrame,
    QLineEdit,
    QListView,
    QMenu,
    QPushButton,
    QStackedWidget,
    QWidget,
)

from core.engine.protocol import RestoreAsset, TrashAsset
from core.errors import CymaticError
from core.jobs.model import AnalyzeParams, JobEvent, JobKind
from core.library.model import Asset
from desktop import theme
from desktop.bridge import Connection, EngineBridge
from desktop.library.delegate import AssetDelegate
from desktop.library.model import AssetModel
from desktop.library.waves import Waves
from desktop.notices import Notice, Notices, notice_of
from desktop.shortcuts import Act, tip
from desktop.widgets import column, empty_state, label, row, tool_button
from desktop.words import plural

SEARCH_DELAY_MS = 180


class LibraryPanel(QFrame):
    """Every track of the library.

    Signals
    -------
    chosen : Asset, the track that the user wants on the table
    add_requested, demo_requested : no payload
    reveal_requested : Asset
    analyze_requested : Asset
    mix_requested : Asset, to put behind what is on the table
    """

    chosen = Signal(object)
    add_requested = Signal()
    demo_requested = Signal()
    reveal_requested = Signal(object)
    analyze_requested = Signal(object)
    mix_requested = Signal(object)

    def __init__(self, bridge: EngineBridge, waves: Waves, notices: Notices) -> None:
        super().__init__()
        self.setObjectName("panel")
        self._bridge, self._waves, self._notices = bridge, waves, notices
        self.model = AssetModel(bridge, self)
        self._search_timer = QTimer(self, singleShot=True, interval=SEARCH_DELAY_MS)
        self._build()
        self._connect()

    def _build(self) -> None:
        self.add_button = tool_button("plus", tip("Add files", Act.ADD_FILES))
        self.trash_button = tool_button("trash-2", "Show the trash")
        self.trash_button.setCheckable(True)
        self.title = label("Library", "h1")
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search tracks")
        self.search.setAccessibleName("Search tracks")
        self.search.setClearButtonEnabled(False)
        self.search.addAction(theme.icon("search", "tx3"), QLineEdit.ActionPosition.LeadingPosition)
        self.drop = QPushButton("Drop sound or video here")
        self.drop.setObjectName("drop")
        self.drop.setAccessibleName("Add files")
        self.drop.setCursor(Qt.CursorShape.PointingHandCursor)
        self._build_list()
        head = row(self.title, None, self.trash_button, self.add_button, spacing=2)
        inset, gutter = (0, 0, 12, 0), (0, 0, 4, 0)
        head.setContentsMargins(*inset)
        self.setLayout(
            column(
                head,
                row(self.search, margins=inset),
                row(self.stack, margins=gutter),
                row(self.drop, margins=inset),
                margins=(12, 8, 0, 12),
                spacing=8,
            )
        )

    def _build_list(self) -> None:
        self.view = QListView()
        self.view.setAccessibleName("Tracks")
        self.view.setMouseTracking(True)
        self.view.setDragEnabled(True)
        self.view.setDragDropMode(QListView.DragDropMode.DragOnly)
        self.view.setUniformItemSizes(True)
        self.view.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.delegate = AssetDelegate(self._waves, self.view)
        self.view.setModel(self.model)
        self.view.setItemDelegate(self.delegate)
        self.view.installEventFilter(self)
        add = QPushButton("Add files…")
        add.clicked.connect(self.add_requested)
        demo = QPushButton("Try the demo track")
        demo.setObjectName("link")
        demo.clicked.connect(self.demo_requested)
        self.empty = empty_state(
            "audio-lines",
            "No tracks yet",
            "Drop a song, a podcast or a video anywhere on this window.",
            add,
            demo,
        )
        self.nothing = empty_state("search", "Nothing found", "No track matches the search.")
        self.clean = empty_state("trash-2", "The trash is empty", "Removed tracks wait here.")
        self.stack = QStackedWidget()
        for page in (self.view, self.empty, self.nothing, self.clean, QWidget()):
            self.stack.addWidget(page)
        self.stack.setCurrentIndex(4)

    def _connect(self) -> None:
        self.add_button.clicked.connect(self.add_requested)
        self.drop.clicked.connect(self.add_requested)
        self.trash_button.toggled.connect(self._show_trash)
        self.search.textChanged.connect(lambda _text: self._search_timer.start())
        self._search_timer.timeout.connect(lambda: self.model.set_search(self.search.text()))
        self.view.clicked.connect(self._on_clicked)
        self.view.customContextMenuRequested.connect(self._open_menu)
        self.model.totals_changed.connect(self._on_total)
        self._waves.thumb_ready.connect(lambda _id: self.view.viewport().update())
        self._bridge.job_changed.connect(self._on_job)
        self._bridge.connection_changed.connect(self._on_connection)

    # --- from outside ---------------------------------------------------------------------

    def show_chosen(self, asset: Asset | None) -> None:
        """Mark the track on the table."""
        self.delegate.chosen_id = asset.id if asset else ""
        row_index = self.model.row_of(self.delegate.chosen_id)
        if row_index >= 0:
            self.view.setCurrentIndex(self.model.index(row_index))
        self.view.viewport().update()

    def show_tempo(self, bpm: float | None) -> None:
        """Show the track on the table at the tempo that its project says."""
        if bpm != self.delegate.chosen_bpm:
            self.delegate.chosen_bpm = bpm
            self.view.viewport().update()

    def invite_drop(self, inviting: bool) -> None:
        """Show that a drag over the window may be dropped."""
        self.drop.setProperty("inviting", inviting)
        self.drop.setText("Drop to add" if inviting else "Drop sound or video here")
        self.drop.style().unpolish(self.drop)
        self.drop.style().polish(self.drop)

    def focus_search(self) -> None:
        """Put the cursor in the search field."""
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.selectAll()

    # --- list -----------------------------------------------------------------------------

    def _on_total(self, total: int) -> None:
        rows = self.model.rowCount()
        if rows:
            self.stack.setCurrentWidget(self.view)
        elif self.model.search:
            self.stack.setCurrentWidget(self.nothing)
        else:
            self.stack.setCurrentWidget(self.clean if self.model.trashed else self.empty)
        if not self.model.search:
            what = "the trash" if self.model.trashed else plural(total, "track")
            self.search.setPlaceholderText(f"Search {what}" if total else "Search tracks")
        self.drop.setVisible(self.stack.currentWidget() is not self.empty)

    def _on_clicked(self, index: QModelIndex) -> None:
        asset = self.model.asset(index)
        if asset is not None and asset.trashed_at is None:
            self.chosen.emit(asset)

    def _on_connection(self, connection: Connection) -> None:
        if connection is Connection.READY and self._bridge.engine is not None:
            self._waves.set_library(self._bridge.engine.library)

    def _on_job(self, event: JobEvent) -> None:
        job = event.job
        if job.kind is not JobKind.ANALYZE or not isinstance(job.params, AnalyzeParams):
            return
        asset_id = job.source.asset or job.params.asset.asset_id
        if asset_id is None:
            return
        if event.status.terminal:
            self.delegate.busy.pop(asset_id, None)
        else:
            self.delegate.busy[asset_id] = job.progress
        self.view.viewport().update()

    def _show_trash(self, on: bool) -> None:
        self.title.setText("Trash" if on else "Library")
        self.trash_button.setToolTip("Back to the library" if on else "Show the trash")
        self.model.set_trashed(on)

    # --- actions on a track ---------------------------------------------------------------

    def _open_menu(self, at: QPoint) -> None:
        asset = self.model.asset(self.view.indexAt(at))
        if asset is not None:
            self.menu_for(asset).popup(self.view.viewport().mapToGlobal(at))

    def menu_for(self, asset: Asset) -> QMenu:
        """Return the menu of one track."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if asset.trashed_at is not None:
            self._add(menu, "archive-restore", "Restore").triggered.connect(
                partial(self.restore, asset)
            )
            return menu
        self._add(menu, "clapperboard", "Use this track").triggered.connect(
            partial(self.chosen.emit, asset)
        )
        self._add(menu, "plus", "Add to the end of the mix").triggered.connect(
            partial(self.mix_requested.emit, asset)
        )
        self._add(menu, "folder-open", "Show the file").triggered.connect(
            partial(self.reveal_requested.emit, asset)
        )
        if asset.analysis is None:
            self._add(menu, "audio-lines", "Analyse").triggered.connect(
                partial(self.analyze_requested.emit, asset)
            )
        menu.addSeparator()
        self._add(menu, "trash-2", "Move to trash").triggered.connect(partial(self.trash, asset))
        return menu

    @staticmethod
    def _add(menu: QMenu, icon: str, text: str) -> QAction:
        action = QAction(theme.icon(icon), text, menu)
        menu.addAction(action)
        return action

    def trash(self, asset: Asset, *_: object) -> None:
        """Put a track in the trash and offer to take it back."""
        self._bridge.ask(TrashAsset(id=asset.id), self._offer_undo, partial(self._refused, asset))

    def restore(self, asset: Asset, *_: object) -> None:
        """Take a track out of the trash."""
        self._bridge.ask(RestoreAsset(id=asset.id))

    def _offer_undo(self, asset: Asset) -> None:
        self._notices.show(
            Notice(
                text=f"“{asset.title}” is in the trash.",
                action_text="Undo",
                action=partial(self.restore, asset),
            )
        )

    def _refused(self, asset: Asset, error: CymaticError) -> None:
        plain = notice_of(error)
        force = partial(self._bridge.ask, TrashAsset(id=asset.id, force=True), self._offer_undo)
        self._notices.show(
            Notice(
                text=plain.text,
                hint=plain.hint,
                tone=plain.tone,
                action_text="Move to trash anyway",
                action=force,
            )
        )

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.view and isinstance(event, QKeyEvent):
            if event.type() != QEvent.Type.KeyPress:
                return False
            asset = self.model.asset(self.view.currentIndex())
            if asset is None:
                return False
            if event.key() == Qt.Key.Key_Delete and asset.trashed_at is None:
                self.trash(asset)
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._on_clicked(self.view.currentIndex())
                return True
        return False
