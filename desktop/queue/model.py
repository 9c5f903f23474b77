"""Jobs as a Qt table: loaded page by page, changed in batches, steps within the row they serve.

In: pages and job events from the bridge. Out: rows of `JobView`. Events mark rows dirty; a timer
announces them ten times a second, whatever the number of events.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import override

from PySide6.QtCore import (
    QAbstractTableModel,
    QMimeData,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    QTimer,
    Signal,
)

from core.engine.protocol import ListJobs
from core.engine.replies import JobCounts, JobPage, QueueEvent
from core.jobs.model import JobEvent, JobKind, JobStatus, JobView
from desktop.bridge import Connection, EngineBridge
from desktop.queue.cells import HEADERS, Column, cell_text, tip_of
from desktop.queue.chains import Chains
from desktop.queue.rows import Rows

PAGE = 200
MOST_ACTIVE = 1000
FLUSH_MS = 100
MIME = "application/x-cymatic-jobs"
JOB_ROLE = Qt.ItemDataRole.UserRole + 1
SHOWN_KINDS = (JobKind.RENDER, JobKind.INGEST, JobKind.PREPARE, JobKind.ANALYZE)
Index = QModelIndex | QPersistentModelIndex


class QueueFilter(StrEnum):
    """Which jobs are shown."""

    ALL = "all"
    ACTIVE = "active"
    DONE = "done"
    FAILED = "failed"


FILTER_STATUSES: dict[QueueFilter, tuple[JobStatus, ...]] = {
    QueueFilter.ALL: (),
    QueueFilter.ACTIVE: (JobStatus.QUEUED, JobStatus.RUNNING),
    QueueFilter.DONE: (JobStatus.DONE,),
    QueueFilter.FAILED: (JobStatus.FAILED, JobStatus.CANCELLED),
}


class JobModel(QAbstractTableModel):
    """One row per thing that was asked for: at work, waiting in order, ended newest first.

    Signals
    -------
    counts_changed : JobCounts
    paused_changed : bool
    loaded : no payload, after the first page
    analysis_found : str, the id of an asset whose analysis was on its way before this window
    move_requested : (list of ids, id or None), waiting rows to put before another one
    """

    counts_changed = Signal(object)
    paused_changed = Signal(bool)
    loaded = Signal()
    analysis_found = Signal(str)
    move_requested = Signal(object, object)

    def __init__(self, bridge: EngineBridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._chains = Chains()
        self._rows = Rows()
        self._dirty: set[str] = set()
        self._active: dict[str, JobStatus] = {}
        """Every unfinished row, shown or not."""
        self._cursor: str | None = None
        self._loading = False
        self._generation = 0
        self.filter = QueueFilter.ALL
        self.counts = JobCounts()
        self.paused = False
        self._timer = QTimer(self, singleShot=True, interval=FLUSH_MS)
        self._timer.timeout.connect(self.flush)
        bridge.job_changed.connect(self._on_job)
        bridge.queue_changed.connect(self._on_queue)
        bridge.connection_changed.connect(self._on_connection)

    # --- loading --------------------------------------------------------------------------

    def set_filter(self, chosen: QueueFilter) -> None:
        """Show other jobs."""
        if chosen is not self.filter:
            self.filter = chosen
            self.reload()

    def reload(self) -> None:
        """Load the first page again."""
        self._generation += 1
        self._loading = True
        generation = self._generation
        self._bridge.ask(self._request(None), lambda page: self._on_first(page, generation))

    def refresh(self) -> None:
        """Ask again for everything that is not over: places in the queue may have changed."""
        statuses = (JobStatus.QUEUED, JobStatus.RUNNING)
        request = ListJobs(kinds=SHOWN_KINDS, statuses=statuses, limit=MOST_ACTIVE)
        self._bridge.ask(request, self._on_active)

    def _request(self, cursor: str | None) -> ListJobs:
        return ListJobs(
            kinds=SHOWN_KINDS,
            statuses=FILTER_STATUSES[self.filter],
            limit=PAGE,
            cursor=cursor,
        )

    def _on_first(self, page: JobPage, generation: int) -> None:
        if generation != self._generation:
            return
        self.beginResetModel()
        self._rows = Rows()
        for row in self._take(page):
            self._rows.add_last(row)
        self._cursor, self._loading = page.cursor, False
        self.endResetModel()
        self._set_paused(page.paused)
        self._count()
        self.loaded.emit()
        if not len(self._rows):
            self._load_on()

    def _on_more(self, page: JobPage, generation: int) -> None:
        if generation != self._generation:
            return
        self._cursor, self._loading = page.cursor, False
        fresh = [row for row in self._take(page) if self._rows.place(row.id) < 0]
        ended = [row for row in fresh if row.status.terminal]
        if ended:
            first = len(self._rows)
            self.beginInsertRows(QModelIndex(), first, first + len(ended) - 1)
            for row in ended:
                self._rows.add_last(row)
            self.endInsertRows()
        self._dirty.update(row.id for row in fresh if not row.status.terminal)
        self.flush()
        if not fresh:
            self._load_on()

    def _load_on(self) -> None:
        """Load another page at once: the last one had nothing but steps of other rows."""
        if self._cursor is not None:
            self.fetchMore(QModelIndex())

    def _take(self, page: JobPage) -> list[JobView]:
        """Return the rows that a page's jobs belong to, in its order, each once."""
        for job in page.jobs:
            self._chains.put(job)
        leaders = dict.fromkeys(self._chains.leader_of(job.id) for job in page.jobs)
        rows = [self._chains.row(leader) for leader in leaders]
        for row in rows:
            self._note(row)
        return [row for row in rows if self._is_wanted(row)]

    def _on_active(self, page: JobPage) -> None:
        for job in page.jobs:
            self._dirty |= self._chains.put(job)
            if job.kind is JobKind.ANALYZE and job.source.asset:
                self.analysis_found.emit(job.source.asset)
        self.flush()

    def _on_connection(self, connection: Connection) -> None:
        if connection is Connection.READY:
            self._chains = Chains()
            self._active.clear()
            self.reload()
            self.refresh()

    # --- events ---------------------------------------------------------------------------

    def _on_job(self, event: JobEvent) -> None:
        if event.job.kind in SHOWN_KINDS:
            self._dirty |= self._chains.put(event.job)
            if not self._timer.isActive():
                self._timer.start()

    def _is_wanted(self, row: JobView) -> bool:
        wanted = FILTER_STATUSES[self.filter]
        return self._chains.is_shown(row) and (not wanted or row.status in wanted)

    def flush(self) -> None:
        """Announce everything that changed since the last time."""
        dirty, self._dirty = self._dirty, set()
        leaders = {job_id: self._chains.leader_of(job_id) for job_id in dirty}
        for job_id, leader in leaders.items():
            if job_id != leader:
                self._active.pop(job_id, None)
                self._remove(job_id)
        for leader in sorted(set(leaders.values())):
            row = self._chains.row(leader)
            self._note(row)
            self._show(row)
        self._count()

    def _show(self, row: JobView) -> None:
        place = self._rows.place(row.id)
        if not self._is_wanted(row):
            self._remove(row.id)
        elif place < 0:
            self._insert(row)
        elif (target := self._rows.target(row)) in (place, place + 1):
            self._rows.replace(place, row)
            self.dataChanged.emit(self.index(place, 0), self.index(place, Column.ACTIONS))
        else:
            none = QModelIndex()
            self.beginMoveRows(none, place, place, none, target)
            self._rows.replace(place, row, target=target)
            self.endMoveRows()

    def _insert(self, row: JobView) -> None:
        if row.status.terminal and self._cursor is not None and self._rows.is_older(row):
            return  # its page will bring it
        at = self._rows.target(row)
        self.beginInsertRows(QModelIndex(), at, at)
        self._rows.insert(at, row)
        self.endInsertRows()

    def _remove(self, job_id: str) -> None:
        place = self._rows.place(job_id)
        if place >= 0:
            self.beginRemoveRows(QModelIndex(), place, place)
            self._rows.remove(place)
            self.endRemoveRows()

    def _note(self, row: JobView) -> None:
        if row.status.terminal:
            self._active.pop(row.id, None)
        else:
            self._active[row.id] = row.status

    def _count(self) -> None:
        """Count the rows, not their steps; stills and estimates come and go unseen."""
        running = sum(status is JobStatus.RUNNING for status in self._active.values())
        counts = JobCounts(running=running, queued=len(self._active) - running)
        if counts != self.counts:
            self.counts = counts
            self.counts_changed.emit(counts)

    def _on_queue(self, event: QueueEvent) -> None:
        self._set_paused(event.paused)

    def _set_paused(self, paused: bool) -> None:
        if paused != self.paused:
            self.paused = paused
            self.paused_changed.emit(paused)

    # --- reading --------------------------------------------------------------------------

    def job(self, index: Index) -> JobView | None:
        """Return the job of a row."""
        return self._rows[index.row()] if index.isValid() else None

    def members(self, job_id: str) -> list[JobView]:
        """Return every job that a row tells of, in the order they run; none for a stranger."""
        return self._chains.members(job_id) if job_id in self._chains else []

    def cancellable(self, job_id: str) -> list[JobView]:
        """Return the jobs to cancel with a row: not those that another row waits for."""
        return self._chains.own(job_id) if job_id in self._chains else []

    def waiting(self) -> list[JobView]:
        """Return the rows that wait, the next one first."""
        return [row for row in self._rows.unfinished if row.status is JobStatus.QUEUED]

    def row_of(self, job_id: str) -> int:
        """Return a job's row, -1 when it is not loaded."""
        return self._rows.place(job_id)

    def longest_eta_s(self) -> float | None:
        """Return the time until the running jobs are done, if any knows."""
        etas = [
            job.eta_s
            for job in self._rows.unfinished
            if job.status is JobStatus.RUNNING and job.eta_s is not None
        ]
        return max(etas, default=None)

    # --- drag -----------------------------------------------------------------------------

    @override
    def flags(self, index: Index) -> Qt.ItemFlag:
        job = self.job(index)
        usual = super().flags(index)
        if job is not None and job.status is JobStatus.QUEUED:
            return usual | Qt.ItemFlag.ItemIsDragEnabled
        return usual if index.isValid() else usual | Qt.ItemFlag.ItemIsDropEnabled

    @override
    def supportedDropActions(self) -> Qt.DropAction:
        return Qt.DropAction.MoveAction

    @override
    def mimeTypes(self) -> list[str]:
        return [MIME]

    @override
    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:
        rows = sorted({index.row() for index in indexes})
        mime = QMimeData()
        mime.setData(MIME, " ".join(self._rows[row].id for row in rows).encode())
        return mime

    @override
    def dropMimeData(
        self, data: QMimeData, action: Qt.DropAction, row: int, column: int, parent: Index
    ) -> bool:
        ids = bytes(data.data(MIME).data()).decode().split()
        at = row if row >= 0 else len(self._rows)
        waiting = [job for job in self.waiting() if job.id not in ids]
        behind = next((job.id for job in waiting if self._rows.place(job.id) >= at), None)
        self.move_requested.emit(ids, behind)
        return False  # the engine moves them; its news moves the rows

    @override
    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self._rows)

    @override
    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(HEADERS)

    @override
    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> object:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return HEADERS[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        return None

    @override
    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        job = self.job(index)
        if job is None:
            return None
        if role == JOB_ROLE:
            return job
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return cell_text(job, index.column())
        if role == Qt.ItemDataRole.ToolTipRole and index.column() != Column.ACTIONS:
            return tip_of(job)
        return None

    @override
    def canFetchMore(self, parent: Index) -> bool:
        return not parent.isValid() and self._cursor is not None and not self._loading

    @override
    def fetchMore(self, parent: Index) -> None:
        if not self.canFetchMore(parent):
            return
        self._loading = True
        generation = self._generation
        self._bridge.ask(self._request(self._cursor), lambda page: self._on_more(page, generation))
