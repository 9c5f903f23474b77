"""The order of the queue's rows: what is at work, what waits in its order, what ended.

In: rows to put, replace and take. Out: their places, found in constant time however many ended.
Pure; no Qt.
"""

from bisect import bisect_left

from core.jobs.model import JobStatus, JobView


def sort_key(job: JobView) -> tuple[bool, int, float, str]:
    """Return where an unfinished row stands: at work, then in the order in which jobs start."""
    return (job.status is not JobStatus.RUNNING, -job.priority, job.position, job.id)


class Rows:
    """Unfinished rows in the order they are worked on, then ended ones, newest first."""

    def __init__(self) -> None:
        self.unfinished: list[JobView] = []
        self._ended: list[JobView] = []
        self._places: dict[str, int] = {}
        """Places of the unfinished."""
        self._serials: dict[str, int] = {}
        """Numbers of the ended that stay when others come on top; minus `_top`: their places."""
        self._top = 0

    def __len__(self) -> int:
        return len(self.unfinished) + len(self._ended)

    def __getitem__(self, row: int) -> JobView:
        first = len(self.unfinished)
        return self.unfinished[row] if row < first else self._ended[row - first]

    def place(self, job_id: str) -> int:
        """Return the row of a job, -1 when it has none."""
        serial = self._serials.get(job_id)
        if serial is not None:
            return len(self.unfinished) + serial - self._top
        return self._places.get(job_id, -1)

    def target(self, job: JobView) -> int:
        """Return the row before which a job belongs."""
        if not job.status.terminal:
            return bisect_left(self.unfinished, sort_key(job), key=sort_key)
        serial = self._serials.get(job.id)
        return len(self.unfinished) + (0 if serial is None else serial - self._top)

    def is_older(self, job: JobView) -> bool:
        """Return whether an ended job lies behind everything that is loaded."""
        return bool(self._ended) and job.id < self._ended[-1].id

    def add_last(self, job: JobView) -> None:
        """Put an ended job at the end, an unfinished one in its place."""
        if job.status.terminal:
            self._serials[job.id] = self._top + len(self._ended)
            self._ended.append(job)
        else:
            self.insert(self.target(job), job)

    def insert(self, row: int, job: JobView) -> None:
        """Put a job where `target` says."""
        if job.status.terminal:
            self._top -= 1
            self._ended.insert(0, job)
            self._serials[job.id] = self._top
        else:
            self.unfinished.insert(row, job)
            self._renumber()

    def remove(self, row: int) -> None:
        """Take a row out."""
        first = len(self.unfinished)
        if row < first:
            del self.unfinished[row]
            self._renumber()
            return
        del self._ended[row - first]
        self._top = 0
        self._serials = {job.id: i for i, job in enumerate(self._ended)}

    def replace(self, row: int, job: JobView, *, target: int | None = None) -> None:
        """Show news of a job in its row, or in another one that `target` named."""
        stays = self[row].status.terminal == job.status.terminal and target is None
        if stays and job.status.terminal:
            self._ended[row - len(self.unfinished)] = job
        elif stays:
            self.unfinished[row] = job
        else:
            self.remove(row)
            at = row if target is None else target
            self.insert(at - 1 if at > row else at, job)

    def _renumber(self) -> None:
        self._places = {job.id: i for i, job in enumerate(self.unfinished)}
