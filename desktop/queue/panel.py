"""The queue panel: the table of jobs, its filter, pause, and what to do with a job.

In: job events. Out: engine requests (cancel, retry, hold, move, pause); play and reveal signals.
"""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import override

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, Signal
from PySide6.QtGui import QAction, QGuiApplication, QKeyEvent
from PySide6.QtWidgets import QFrame, QHeaderView, QMenu, QStackedWidget, QTableView

from core.engine.protocol import (
    CancelJob,
    HoldJob,
    MoveJob,
    PauseQueue,
    ReleaseJob,
    ResumeQueue,
    RetryJob,
)
from core.engine.replies import JobCounts
from core.errors import CymaticError
from core.jobs.model import JobStatus, JobView
from desktop import theme
from desktop.bridge import EngineBridge
from desktop.pictures import Pictures
from desktop.queue.actions import Verb, details_of, main_output, shared_actions, verbs_of
from desktop.queue.cells import Column
from desktop.queue.delegate import ROW_PX, JobDelegate
from desktop.queue.model import JobModel, QueueFilter
from desktop.shortcuts import Act, tip
from desktop.widgets import Segmented, column, empty_state, label, row, tool_button
from desktop.words import duration_words

WIDTHS = {
    Column.OUTPUT: 150,
    Column.PROGRESS: 176,
    Column.FPS: 70,
    Column.LEFT: 62,
    Column.STATUS: 158,
    Column.ACTIONS: 74,
}


class QueuePanel(QFrame):
    """All work, waiting, running and ended.

    Signals
    -------
    play_requested : Path
    reveal_requested : Path
    """

    play_requested = Signal(object)
    reveal_requested = Signal(object)

    def __init__(
        self,
        bridge: EngineBridge,
        pictures: Pictures,
        *,
        thumb_of: Callable[[JobView], Path | None],
        scene_title: Callable[[str], str],
    ) -> None:
        super().__init__()
        self.setObjectName("panel")
        self._bridge = bridge
        self.model = JobModel(bridge, self)
        self._build()
        self.delegate = JobDelegate(pictures, thumb_of, scene_title, self.view)
        self.view.setItemDelegate(self.delegate)
        self._connect(pictures)

    def _build(self) -> None:
        self.summary = label("", "dim")
        self.remaining = label("", "dim")
        self.filter = Segmented(
            [
                (QueueFilter.ALL, "All"),
                (QueueFilter.ACTIVE, "Working"),
                (QueueFilter.DONE, "Done"),
                (QueueFilter.FAILED, "Failed"),
            ],
            "Show jobs",
        )
        self.filter.set_choice(QueueFilter.ALL)
        self.pause_button = tool_button("circle-pause", tip("Pause the queue", Act.PAUSE_QUEUE))
        self._build_table()
        self.empty = empty_state(
            "clapperboard", "Nothing in the queue", "Pick a track and press Render."
        )
        self.nothing = empty_state("list-filter", "No such jobs", "Show all jobs to see the rest.")
        self.stack = QStackedWidget()
        for page in (self.view, self.empty, self.nothing):
            self.stack.addWidget(page)
        self.stack.setCurrentWidget(self.empty)
        head = row(
            label("Queue", "h1"),
            self.summary,
            None,
            self.remaining,
            4,
            self.filter,
            self.pause_button,
            margins=(14, 6, 8, 0),
            spacing=8,
        )
        self.setLayout(column(head, self.stack, margins=(0, 0, 0, 3), spacing=2))
        self.setMinimumHeight(132)

    def _build_table(self) -> None:
        self.view = QTableView()
        self.view.setAccessibleName("Jobs")
        self.view.setModel(self.model)
        self.view.setShowGrid(False)
        self.view.setMouseTracking(True)
        self.view.setWordWrap(False)
        self.view.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
        self.view.setSelectionMode(QTableView.SelectionMode.ExtendedSelection)
        self.view.setVerticalScrollMode(QTableView.ScrollMode.ScrollPerPixel)
        self.view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.view.setTabKeyNavigation(False)
        self.view.setDragDropMode(QTableView.DragDropMode.InternalMove)
        self.view.setDragDropOverwriteMode(False)
        self.view.setCornerButtonEnabled(False)
        lines = self.view.verticalHeader()
        lines.hide()
        lines.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        lines.setDefaultSectionSize(ROW_PX)
        header = self.view.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setHighlightSections(False)
        header.setSectionsClickable(False)
        header.setMinimumSectionSize(40)
        for section, width in WIDTHS.items():
            self.view.setColumnWidth(section, width)
        header.setSectionResizeMode(Column.JOB, QHeaderView.ResizeMode.Stretch)
        self.view.installEventFilter(self)

    def _connect(self, pictures: Pictures) -> None:
        self.filter.picked.connect(lambda key: self.model.set_filter(QueueFilter(key)))
        self.pause_button.clicked.connect(self.toggle_pause)
        self.delegate.action_picked.connect(self.act)
        self.view.customContextMenuRequested.connect(self._open_menu)
        self.model.move_requested.connect(self._move)
        self.model.counts_changed.connect(self._on_counts)
        self.model.paused_changed.connect(self._on_paused)
        for signal in (self.model.loaded, self.model.rowsInserted):
            signal.connect(self._on_rows)
        self.model.dataChanged.connect(self._show_remaining)
        pictures.ready.connect(self.view.viewport().update)

    # --- state ----------------------------------------------------------------------------

    def _on_rows(self) -> None:
        if self.model.rowCount():
            self.stack.setCurrentWidget(self.view)
        else:
            whole = self.model.filter is QueueFilter.ALL
            self.stack.setCurrentWidget(self.empty if whole else self.nothing)
        self._show_remaining()

    def _on_counts(self, counts: JobCounts) -> None:
        parts = [
            (counts.running, "running"),
            (counts.queued, "waiting"),
        ]
        words = [f"{number:,} {name}" for number, name in parts if number]
        if self.model.paused:
            words.insert(0, "Paused")
        self.summary.setText(" · ".join(words))

    def _on_paused(self, paused: bool) -> None:
        icon, text = (
            ("circle-play", "Resume the queue") if paused else ("circle-pause", "Pause the queue")
        )
        self.pause_button.setIcon(theme.icon(icon, "accent" if paused else "tx2"))
        self.pause_button.setToolTip(tip(text, Act.PAUSE_QUEUE))
        self.pause_button.setAccessibleName(text)
        self._on_counts(self.model.counts)

    def _show_remaining(self) -> None:
        eta_s = self.model.longest_eta_s()
        text = "" if eta_s is None else f"Running jobs end in about {duration_words(eta_s)}"
        if text != self.remaining.text():
            self.remaining.setText(text)

    def toggle_pause(self) -> None:
        """Pause the queue, or let it go on."""
        self._bridge.ask(ResumeQueue() if self.model.paused else PauseQueue())

    # --- actions --------------------------------------------------------------------------

    def act(self, job: JobView, verb: Verb) -> None:
        """Do something with a row's job, and with the steps that belong to it."""
        output = main_output(job)
        match verb:
            case Verb.CANCEL:
                self._cancel(job)
            case Verb.HOLD:
                self._hold(job)
            case Verb.RELEASE:
                self._release(job)
            case Verb.RETRY:
                self._bridge.ask(RetryJob(id=job.id))
            case Verb.FIRST:
                first = next((row for row in self.model.waiting() if row.id != job.id), None)
                if first is not None:
                    self._move([job.id], first.id)
            case Verb.LAST:
                self._move([job.id], None)
            case Verb.PLAY if output is not None:
                self.play_requested.emit(output.path)
            case Verb.REVEAL if output is not None:
                self.reveal_requested.emit(output.path)
            case Verb.COPY:
                QGuiApplication.clipboard().setText(details_of(job))

    def _members(self, job: JobView) -> list[JobView]:
        return [member for member in self.model.members(job.id) or [job] if _is_open(member)]

    def _cancel(self, job: JobView) -> None:
        for member in self.model.cancellable(job.id) or [job]:
            # A step may end with its job before its own turn comes; that is no news.
            failed = None if member.id == job.id else _ignore
            self._bridge.ask(CancelJob(id=member.id), failed=failed)

    def _hold(self, job: JobView) -> None:
        members = self._members(job)
        waiting = [member for member in members if member.status is JobStatus.QUEUED]
        for member in waiting or members:
            self._bridge.ask(HoldJob(id=member.id))

    def _release(self, job: JobView) -> None:
        for member in self._members(job):
            if member.held:
                self._bridge.ask(ReleaseJob(id=member.id))

    def _move(self, job_ids: list[str], before: str | None) -> None:
        """Put rows, each with its steps, before another row's first step; None: to the end."""
        target = None
        if before is not None:
            target = next((step.id for step in self.model.members(before) if _is_open(step)), None)
        moves = [
            MoveJob(id=member.id, before=target)
            for job_id in job_ids
            for member in self.model.members(job_id)
            if member.status is JobStatus.QUEUED
        ]
        for move in moves[:-1]:
            self._bridge.ask(move)
        if moves:
            self._bridge.ask(moves[-1], lambda _job: self.model.refresh())

    def selected(self) -> list[JobView]:
        """Return the jobs of the selected rows, top to bottom."""
        rows = sorted(self.view.selectionModel().selectedRows(), key=lambda index: index.row())
        return [job for index in rows if (job := self.model.job(index)) is not None]

    def show_job(self, job: JobView) -> None:
        """Bring a job's row into view."""
        self.model.flush()
        row_index = self.model.row_of(job.id)
        if row_index >= 0:
            self.view.scrollTo(self.model.index(row_index, 0))

    def _open_menu(self, at: QPoint) -> None:
        job = self.model.job(self.view.indexAt(at))
        if job is None:
            return
        jobs = self.selected()
        menu = self.menu_for(jobs if job in jobs else [job])
        if menu.actions():
            menu.popup(self.view.viewport().mapToGlobal(at))

    def menu_for(self, jobs: Sequence[JobView]) -> QMenu:
        """Return the menu of one job, or of what several have in common."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for action in shared_actions(jobs):
            text = action.text if len(jobs) == 1 else f"{action.text} ({len(jobs)} jobs)"
            item = QAction(theme.icon(action.icon), text, menu)
            item.triggered.connect(partial(self._on_menu, jobs, action.verb))
            menu.addAction(item)
        return menu

    def _on_menu(self, jobs: Sequence[JobView], verb: Verb, *_: object) -> None:
        for job in jobs:
            self.act(job, verb)

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is not self.view or not isinstance(event, QKeyEvent):
            return False
        if event.type() != QEvent.Type.KeyPress:
            return False
        if event.key() == Qt.Key.Key_Delete:
            for chosen in self.selected():
                if Verb.CANCEL in verbs_of(chosen):
                    self.act(chosen, Verb.CANCEL)
            return True
        job = self.model.job(self.view.currentIndex())
        if job is not None and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            for verb in verbs_of(job)[:1]:
                self.act(job, verb)
            return True
        return False


def _is_open(job: JobView) -> bool:
    return not job.status.terminal


def _ignore(_error: CymaticError) -> None:
    """Leave it."""
