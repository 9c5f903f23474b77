"""Jobs as a Qt table: loaded page by page, changed in batches, never sorted while they run.

In: pages and job events from the bridge. Out: rows of `JobView`. Events mark rows dirty; a timer
announces them ten times a second, whatever the number of events.
"""

from enum import StrEnum
from typing import override

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QPersistentModelIndex,
    Qt,
    QTimer,
    Signal,
)

from core.engine.protocol import JobCounts, JobPage, ListJobs, QueueEvent
from core.jobs.model import JobEvent, JobKind, JobStatus, JobView
from desktop.bridge import Connection, EngineBridge
from desktop.words import left_words, output_words, stage_words, status_words

PAGE = 200
MOST_ACTIVE = 1000
FLUSH_MS = 100
JOB_ROLE = Qt.ItemDataRole.UserRole + 1
SHOWN_KINDS = (JobKind.RENDER, JobKind.INGEST, JobKind.PREPARE, JobKind.ANALYZE)
Index = QModelIndex | QPersistentModelIndex


class Column:
    """Column numbers."""

    JOB, OUTPUT, PROGRESS, FPS, LEFT, STATUS, ACTIONS = range(7)


HEADERS = ("Job", "Output", "Progress", "Speed", "Left", "Status", "")


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
    """Jobs, newest first.

    Signals
    -------
    counts_changed : JobCounts
    paused_changed : bool
    loaded : no payload, after the first page
    """

    counts_changed = Signal(object)
    paused_changed = Signal(bool)
    loaded = Signal()

    def __init__(self, bridge: EngineBridge) -> None:
        super().__init__()
        self._bridge = bridge
        self._jobs: list[JobView] = []
        self._serials: dict[str, int] = {}
        self._top = 0
        self._dirty: set[str] = set()
        self._arrived: dict[str, JobView] = {}
        self._active: dict[str, JobStatus] = {}
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

    # --- counting -------------------------------------------------------------------------

    def _on_active(self, page: JobPage) -> None:
        self._active = {job.id: job.status for job in page.jobs}
        self._count()

    def _count(self) -> None:
        """Count the work that the user asked for; stills and estimates come and go unseen."""
        running = sum(status is JobStatus.RUNNING for status in self._active.values())
        counts = JobCounts(running=running, queued=len(self._active) - running)
        if counts != self.counts:
            self.counts = counts
            self.counts_changed.emit(counts)

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
        self._jobs = list(page.jobs)
        self._top = 0
        self._serials = {job.id: row for row, job in enumerate(self._jobs)}
        self._dirty.clear()
        self._arrived.clear()
        self._cursor, self._loading = page.cursor, False
        self.endResetModel()
        self._set_paused(page.paused)
        self.loaded.emit()

    def _on_more(self, page: JobPage, generation: int) -> None:
        if generation != self._generation:
            return
        self._cursor, self._loading = page.cursor, False
        fresh = [job for job in page.jobs if job.id not in self._serials]
        if not fresh:
            return
        first = len(self._jobs)
        self.beginInsertRows(QModelIndex(), first, first + len(fresh) - 1)
        for row, job in enumerate(fresh, start=first):
            self._serials[job.id] = row + self._top
        self._jobs.extend(fresh)
        self.endInsertRows()

    def _on_connection(self, connection: Connection) -> None:
        if connection is Connection.READY:
            self.reload()
            active = ListJobs(
                kinds=SHOWN_KINDS, statuses=(JobStatus.QUEUED, JobStatus.RUNNING), limit=MOST_ACTIVE
            )
            self._bridge.ask(active, self._on_active)

    # --- events ---------------------------------------------------------------------------

    def _on_job(self, event: JobEvent) -> None:
        job = event.job
        if job.kind not in SHOWN_KINDS:
            return
        if job.status.terminal:
            self._active.pop(job.id, None)
        else:
            self._active[job.id] = job.status
        self._start_timer()
        serial = self._serials.get(job.id)
        if serial is not None:
            self._jobs[serial - self._top] = job
            self._dirty.add(job.id)
        elif job.id in self._arrived or self._is_new(job):
            self._arrived[job.id] = job

    def _start_timer(self) -> None:
        if not self._timer.isActive():
            self._timer.start()

    def _is_new(self, job: JobView) -> bool:
        wanted = FILTER_STATUSES[self.filter]
        if wanted and job.status not in wanted:
            return False
        return (
            not self._jobs
            or job.created_at >= self._jobs[0].created_at
            or (not job.status.terminal)
        )

    def flush(self) -> None:
        """Announce everything that changed since the last time."""
        if self._arrived:
            arrived = sorted(self._arrived.values(), key=lambda job: job.id, reverse=True)
            self._arrived.clear()
            self.beginInsertRows(QModelIndex(), 0, len(arrived) - 1)
            self._top -= len(arrived)
            for row, job in enumerate(arrived):
                self._serials[job.id] = row + self._top
            self._jobs[:0] = arrived
            self.endInsertRows()
        self._count()
        dirty, self._dirty = self._dirty, set()
        for job_id in dirty:
            row = self._serials[job_id] - self._top
            self.dataChanged.emit(self.index(row, 0), self.index(row, Column.ACTIONS))

    def _on_queue(self, event: QueueEvent) -> None:
        self._set_paused(event.paused)

    def _set_paused(self, paused: bool) -> None:
        if paused != self.paused:
            self.paused = paused
            self.paused_changed.emit(paused)

    # --- reading --------------------------------------------------------------------------

    def job(self, index: Index) -> JobView | None:
        """Return the job of a row."""
        return self._jobs[index.row()] if index.isValid() else None

    def row_of(self, job_id: str) -> int:
        """Return a job's row, -1 when it is not loaded."""
        serial = self._serials.get(job_id)
        return -1 if serial is None else serial - self._top

    def longest_eta_s(self) -> float | None:
        """Return the time until the running jobs are done, if any knows."""
        etas = [
            job.eta_s
            for job in self._jobs[:PAGE]
            if job.status is JobStatus.RUNNING and job.eta_s is not None
        ]
        return max(etas, default=None)

    @override
    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self._jobs)

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


def cell_text(job: JobView, column: int) -> str:
    """Return what a cell says, also to a screen reader."""
    match column:
        case Column.JOB:
            return job.title
        case Column.OUTPUT:
            return output_words(job)
        case Column.PROGRESS:
            return f"{job.progress:.0%}"
        case Column.FPS:
            return f"{job.fps:.1f} fps" if job.fps and not job.status.terminal else ""
        case Column.LEFT:
            return left_words(job)
        case Column.STATUS:
            return stage_words(job) or status_words(job)
        case _:
            return ""


def tip_of(job: JobView) -> str:
    """Return the details of a job for its tool tip."""
    lines = [job.title, status_words(job)]
    if job.error is not None:
        lines += [job.error.message, job.error.hint]
    lines += [str(output.path) for output in job.outputs if output.role == "main"]
    lines += [f"{name.capitalize()}: {value}" for name, value in job.facts.items()]
    return "\n".join(line for line in lines if line)
