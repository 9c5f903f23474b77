"""The main window: puts the panels together and wires what crosses from one to another.

In: a bridge, a pool, a memory. Out: the window; no panel touches another one's widgets.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import override

import msgspec
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import (
    QCloseEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QGuiApplication,
    QResizeEvent,
)
from PySide6.QtWidgets import QFileDialog, QMainWindow, QSplitter, QVBoxLayout, QWidget

from core.engine.protocol import Subject, SubmitAnalyze
from core.engine.replies import EngineInfo, JobCounts
from core.ingest.sources import AUDIO_SUFFIXES, VIDEO_SUFFIXES
from core.library.model import Asset
from core.paths import LibraryPaths
from desktop.announce import Announcer
from desktop.bridge import EngineBridge
from desktop.closing import Closing
from desktop.drop_veil import DropVeil
from desktop.editor.desk import EditorDesk
from desktop.editor.hearing import SoundMaker, make_sound
from desktop.editor.requests import DropSounds
from desktop.header import Header
from desktop.intake import Intake, texts_of
from desktop.keymap import Keymap
from desktop.library.panel import LibraryPanel
from desktop.library.waves import Opener, Waves, open_pyramid
from desktop.memory import Memory
from desktop.notices import Notice, Notices
from desktop.outside import Outside
from desktop.pages import PREPARE, VISUALS, Pages
from desktop.pictures import Pictures
from desktop.projects import ProjectFiles
from desktop.queue.panel import QueuePanel
from desktop.render.catalog import Loader, SceneCatalog, load_all
from desktop.render.panel import RenderPanel
from desktop.settings.dialog import SettingsDialog
from desktop.settings.sheet import ShortcutSheet
from desktop.shortcuts import Act
from desktop.stage.panel import StagePanel
from desktop.status import StatusLine
from desktop.tasks import Background
from desktop.theme import RESOURCES
from desktop.widgets import framed, row
from desktop.words import plural
from desktop.workspace import Workspace

START_SIZE = (1440, 900)
SMALLEST = (1080, 640)
DEMO_TRACK = RESOURCES / "demo" / "first-light.opus"
INSPECTOR_PX = 304


class MainWindow(QMainWindow):
    """Everything on screen.

    Signals
    -------
    closed : no payload, the user closed the window
    """

    closed = Signal()

    def __init__(
        self,
        bridge: EngineBridge,
        background: Background,
        memory: Memory,
        *,
        scenes: Loader = load_all,
        peaks: Opener = open_pyramid,
        sounds: SoundMaker = make_sound,
    ) -> None:
        super().__init__()
        self.setWindowTitle("Cymatic")
        self.setMinimumSize(*SMALLEST)
        self.setAcceptDrops(True)
        self.bridge, self.background, self.memory = bridge, background, memory
        self.keymap = Keymap(memory, self)
        self.workspace = Workspace(bridge, self)
        self.catalog = SceneCatalog(background, loader=scenes, parent=self)
        self.pictures = Pictures(background, self)
        self.waves = Waves(background, opener=peaks, parent=self)
        self.notices = Notices(self)
        self.closing = Closing(bridge, self)
        self.outside = Outside(background, self.notices, self)
        self._sounds = sounds
        self._build_parts()
        self._build_layout()
        self._connect()
        self._connect_work()
        self._add_shortcuts()
        self._restore()

    # --- build ----------------------------------------------------------------------------

    def _build_parts(self) -> None:
        bridge, workspace, notices = self.bridge, self.workspace, self.notices
        self.header = Header(bridge, workspace, self.keymap)
        self.library = LibraryPanel(bridge, self.waves, notices)
        self.stage = StagePanel(
            bridge,
            self.background,
            workspace=workspace,
            notices=notices,
            memory=self.memory,
        )
        self.desk = EditorDesk(
            bridge,
            self.background,
            workspace=workspace,
            notices=notices,
            memory=self.memory,
            keymap=self.keymap,
            sounds=self._sounds,
            parent=self,
        )
        self.editor = self.desk.panel
        self.render_panel = RenderPanel(
            bridge,
            self.background,
            workspace=workspace,
            catalog=self.catalog,
            pictures=self.pictures,
            notices=notices,
            memory=self.memory,
        )
        self.queue = QueuePanel(
            bridge,
            self.pictures,
            thumb_of=self.catalog.thumbnail_of,
            scene_title=self.catalog.title,
        )
        self.files = ProjectFiles(
            bridge, workspace, notices=notices, memory=self.memory, window=self
        )
        self.intake = Intake(
            bridge, self.background, workspace=workspace, notices=notices, parent=self
        )
        self.announcer = Announcer(
            bridge, self.background, notices=notices, memory=self.memory, window=self
        )
        self.status = StatusLine(bridge)

    def _build_layout(self) -> None:
        self.library.setMinimumWidth(236)
        self.library.setMaximumWidth(420)
        self.middle = _splitter(Qt.Orientation.Vertical, self.stage, self.editor)
        self.middle.setStretchFactor(0, 1)
        self.middle.setMinimumWidth(420)
        self.columns = _splitter(Qt.Orientation.Horizontal, self.library, self.middle)
        self.columns.setStretchFactor(1, 1)
        self.columns.setSizes([268, 840])
        self.rows = _splitter(Qt.Orientation.Vertical, self.columns, self.queue)
        self.rows.setStretchFactor(0, 1)
        self.pages = Pages(
            self.header, self.editor, middle=self.middle, rows=self.rows, memory=self.memory
        )
        self.pages.add(PREPARE, self.desk.inspector)
        self.pages.add(VISUALS, self.render_panel)
        self.pages.inspectors.setFixedWidth(INSPECTOR_PX)
        body = framed("clear", row(self.rows, self.pages.inspectors, margins=(8, 8, 8, 8)))
        root = QWidget()
        root.setObjectName("root")
        root.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        layout = QVBoxLayout(root)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.header)
        layout.addWidget(body, 1)
        layout.addWidget(self.status)
        self.setCentralWidget(root)
        root.setFocus()
        self.veil = DropVeil(self)

    def _connect(self) -> None:
        self.bridge.request_failed.connect(self.notices.show_error)
        self.header.new_requested.connect(self.files.new)
        self.header.open_requested.connect(self.files.open)
        self.header.save_requested.connect(self.files.save)
        self.header.save_as_requested.connect(self.files.save_as)
        self.header.project_picked.connect(self.files.open_recent)
        self.header.settings_requested.connect(self.open_settings)
        self.header.help_requested.connect(self.open_sheet)
        self.header.details_requested.connect(self._show_engine)
        self.library.chosen.connect(self.workspace.choose)
        self.library.add_requested.connect(self.open_files)
        self.library.mix_requested.connect(lambda asset: self.desk.drop((asset,)))
        self.library.demo_requested.connect(partial(self.intake.take, [str(DEMO_TRACK)]))
        self.library.reveal_requested.connect(self._reveal_asset)
        self.library.analyze_requested.connect(self._analyze)
        self.workspace.asset_changed.connect(self.library.show_chosen)
        self.workspace.saved_changed.connect(self._on_saved)
        self.desk.time_changed.connect(self.stage.set_time)
        self.desk.playing_changed.connect(self.stage.set_playing)
        self.desk.analysis_changed.connect(self.render_panel.show_analysis)
        self.editor.canvas.drop_requested.connect(self._on_drop)
        self.desk.rename_requested.connect(self._rename_clip)
        self.render_panel.tempo.tempo_shown.connect(self.library.show_tempo)
        self.bridge.asset_changed.connect(self.workspace.update_asset)
        self.library.model.loaded.connect(self._on_tracks)

    def _connect_work(self) -> None:
        plays = (self.queue.play_requested, self.announcer.play_requested)
        for source in (self.stage.open_requested, *plays):
            source.connect(self.outside.open)
        for source in (
            self.stage.reveal_requested,
            self.queue.reveal_requested,
            self.desk.files.reveal_requested,
        ):
            source.connect(self.outside.reveal)
        self.render_panel.submitted.connect(self.queue.show_job)
        self.intake.arrived.connect(self._on_arrived)
        self.intake.analysis_started.connect(self.stage.await_analysis)
        self.queue.model.analysis_found.connect(self.stage.await_analysis)
        self.intake.analysis_ended.connect(self.stage.end_analysis)
        self.queue.model.counts_changed.connect(self._on_counts)
        for show in (self.closing.set_paused, self.header.show_paused):
            self.queue.model.paused_changed.connect(show)
        self.closing.agreed.connect(self.close)

    def _add_shortcuts(self) -> None:
        actions: dict[Act, Callable[[], object]] = {
            **self.desk.verbs(),
            Act.ADD_FILES: self.open_files,
            Act.PASTE: self.paste,
            Act.RENDER: self.render_panel.submit,
            Act.STILL: self.stage.save_still,
            Act.NEW: self.files.new,
            Act.OPEN: self.files.open,
            Act.SAVE: self.files.save,
            Act.SAVE_AS: self.files.save_as,
            Act.UNDO: self.workspace.undo_stack.undo,
            Act.REDO: self.workspace.undo_stack.redo,
            Act.SEARCH: self.library.focus_search,
            Act.SETTINGS: self.open_settings,
            Act.PAUSE_QUEUE: self.queue.toggle_pause,
            Act.HELP: self.open_sheet,
            Act.QUIT: self.close,
            Act.PREPARE_PAGE: partial(self.pages.show, PREPARE),
            Act.VISUALS_PAGE: partial(self.pages.show, VISUALS),
        }
        self.shortcuts = self.keymap.bind(actions, window=self, editor=self.editor)
        self.keymap.changed.connect(partial(self.keymap.tell, self))
        self.keymap.tell(self)

    # --- memory ---------------------------------------------------------------------------

    def _restore(self) -> None:
        geometry = self.memory.blob("window/geometry")
        if geometry.isEmpty() or not self.restoreGeometry(geometry):
            self.resize(*START_SIZE)
        self.pages.restore()
        self._last_work = (self.memory.text("work/project"), self.memory.text("work/asset"))
        state = self.memory.blob("window/columns")
        if not state.isEmpty():
            self.columns.restoreState(state)

    def remember(self) -> None:
        """Keep geometry, splitters and the track on the table."""
        self.memory.keep("window/geometry", self.saveGeometry())
        self.pages.remember()
        self.memory.keep("window/columns", self.columns.saveState())
        self._remember_work()

    def _remember_work(self) -> None:
        """Keep what is on the table: a window that was killed finds it again, too."""
        self.memory.keep("work/project", self.workspace.project.id)
        self.memory.keep("work/asset", self.workspace.asset.id if self.workspace.asset else "")
        self.memory.flush()

    def _on_tracks(self) -> None:
        """Put back what was on the table last time, once the list is there."""
        (project_id, asset_id), self._last_work = self._last_work, ("", "")
        if self.workspace.asset is not None:
            self.library.show_chosen(self.workspace.asset)
        elif project_id:
            self.files.open_recent(project_id)
        elif (line := self.library.model.row_of(asset_id)) >= 0:
            asset = self.library.model.asset(self.library.model.index(line))
            if asset is not None and asset.trashed_at is None:
                self.workspace.choose(asset)

    # --- news -----------------------------------------------------------------------------

    def _on_counts(self, counts: JobCounts) -> None:
        self.closing.counts = counts
        self.header.show_working(counts.running)
        self.status.renew()

    def _on_arrived(self, asset: Asset) -> None:
        fresh = self.workspace.asset is None and not self.workspace.undo_stack.count()
        if fresh:  # else everything was taken out of the mix: that can still be undone
            self.workspace.choose(asset)

    def _on_saved(self, _mark: object) -> None:
        if self.workspace.is_stored and not self.workspace.is_dirty:
            self._remember_work()

    # --- requests -------------------------------------------------------------------------

    def open_files(self) -> None:
        """Ask for files to add."""
        globs = " ".join(f"*{suffix}" for suffix in sorted(AUDIO_SUFFIXES | VIDEO_SUFFIXES))
        dialog = QFileDialog(
            self,
            "Add sound or video",
            self.memory.folder("sources"),
            f"Sound and video ({globs});;All files (*)",
        )
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.filesSelected.connect(self._on_files)
        dialog.open()

    def _on_files(self, names: list[str]) -> None:
        self.memory.keep_folder("sources", Path(names[0]))
        self.intake.take(names)

    def paste(self) -> None:
        """Put copied clips in, or add what the clipboard names."""
        if self.desk.editing.copied and self.editor.isAncestorOf(self.focusWidget()):
            self.desk.editing.paste()
            return
        texts = texts_of(QGuiApplication.clipboard().mimeData())
        if texts:
            self.intake.take(texts)

    def _rename_clip(self, index: int) -> None:
        self.pages.show(PREPARE)
        self.editor.clips.edit_name(index)

    def _on_drop(self, request: DropSounds) -> None:
        """Put tracks of the library into the mix; files are taken in first."""
        found = self.library.model.with_ids(request.texts)
        if found:
            self.desk.drop(found, before=request.before)
        else:
            self.intake.take(request.texts, self.desk.place_next(request.before))

    def open_settings(self) -> None:
        """Show the settings."""
        dialog = SettingsDialog(self.bridge, self.memory, self)
        dialog.reveal_requested.connect(self.outside.open)
        dialog.open()

    def open_sheet(self) -> None:
        """Show the shortcuts."""
        ShortcutSheet(self.keymap, self).open()

    def _reveal_asset(self, asset: Asset) -> None:
        if self.bridge.engine is not None:
            paths = LibraryPaths(self.bridge.engine.library)
            self.outside.reveal(paths.original(asset.sha256, asset.name))

    def _analyze(self, asset: Asset) -> None:
        self.bridge.ask(SubmitAnalyze(subject=Subject(asset_id=asset.id)))

    def _show_engine(self, info: EngineInfo | None) -> None:
        if info is None:
            self.notices.show(Notice(text="The engine is starting."))
            return
        lines = (f"{key}: {value}" for key, value in msgspec.structs.asdict(info).items())
        hint = f"Library: {info.library}\n{plural(len(info.workers), 'job')} running now."
        text = "The work is done on this computer."
        self.notices.show(Notice(text=text, hint=hint, details="\n".join(lines)))

    # --- Qt -------------------------------------------------------------------------------

    @override
    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if texts_of(event.mimeData()):
            event.acceptProposedAction()
            self.library.invite_drop(True)
            self.veil.cover()

    @override
    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self.library.invite_drop(False)
        self.veil.hide()

    @override
    def dropEvent(self, event: QDropEvent) -> None:
        self.library.invite_drop(False)
        self.veil.hide()
        event.acceptProposedAction()
        self.intake.take(texts_of(event.mimeData()))

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self.veil.isVisible():
            self.veil.cover()

    @override
    def closeEvent(self, event: QCloseEvent) -> None:
        if not self.closing.may_close(unasked=self.desk.renewal.n_jobs):
            event.ignore()
            return
        self.remember()
        self.workspace.undo_stack.blockSignals(True)
        self.desk.close()
        event.accept()
        self.closed.emit()


def _splitter(orientation: Qt.Orientation, *panels: QWidget) -> QSplitter:
    splitter = QSplitter(orientation)
    for panel in panels:
        splitter.addWidget(panel)
    splitter.setHandleWidth(8)
    splitter.setChildrenCollapsible(False)
    return splitter
