"""Renewal: what was measured of the sound on the table follows every edit, in the background.

In: the workspace's recipe. Out: the analysis of its mixdown and how its loudness was reached. A
bare track has its own analysis; anything edited is mixed and analysed once the hand rests.
"""

from functools import partial

from PySide6.QtCore import QObject, QTimer, Signal

from core.engine.protocol import CancelJob, SubmitAnalyze
from core.engine.replies import Submitted
from core.errors import CymaticError
from core.jobs.model import AnalyzeResult, JobView
from core.library.model import Analysis
from desktop.bridge import Connection, EngineBridge
from desktop.workspace import Workspace

REST_MS = 60
STEP_FAILED = "dependency-failed"


class Renewal(QObject):
    """Keeps the analysis of the sound on the table up to date.

    Signals
    -------
    analysis_changed : Analysis or None, of the sound on the table
    report_changed : NormalisationReport or None, of its mixdown
    busy_changed : bool, whether a newer analysis is on its way
    failed : CymaticError
    """

    analysis_changed = Signal(object)
    report_changed = Signal(object)
    busy_changed = Signal(bool)
    failed = Signal(object)

    def __init__(
        self, bridge: EngineBridge, workspace: Workspace, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._bridge, self._workspace = bridge, workspace
        self.analysis: Analysis | None = None
        self.is_busy = False
        self._number = 0
        self._jobs: tuple[str, ...] = ()
        self._timer = QTimer(self, singleShot=True, interval=REST_MS)
        self._timer.timeout.connect(self._submit)
        workspace.recipe_changed.connect(self._on_recipe)
        workspace.asset_changed.connect(self._on_asset)
        bridge.connection_changed.connect(self._on_connection)

    @property
    def n_jobs(self) -> int:
        """How many jobs are on their way for what is on the table: at most one, with its steps."""
        return int(bool(self._jobs))

    def _on_recipe(self, _recipe: object) -> None:
        self._drop()
        if self._workspace.asset is None or self._workspace.is_bare:
            self._timer.stop()
            self._on_asset(None)
            self.report_changed.emit(None)
            return
        self._set_busy(True)
        self._timer.start()

    def _on_asset(self, _asset: object) -> None:
        # A bare track has an analysis of its own.
        if self._workspace.asset is None or self._workspace.is_bare:
            asset = self._workspace.asset
            self._keep(asset.analysis if asset else None)

    def _on_connection(self, connection: Connection) -> None:
        if connection is Connection.READY and self.is_busy and not self._jobs:
            self._timer.start()

    def _keep(self, analysis: Analysis | None) -> None:
        self._set_busy(False)
        if analysis != self.analysis:
            self.analysis = analysis
            self.analysis_changed.emit(analysis)

    def _set_busy(self, is_busy: bool) -> None:
        if is_busy != self.is_busy:
            self.is_busy = is_busy
            self.busy_changed.emit(is_busy)

    def _drop(self) -> None:
        """Give up what was on its way for an older state."""
        self._number += 1
        if self._jobs:
            # A moment later: the stage gives up its own still of that state first.
            QTimer.singleShot(0, partial(self._cancel, self._jobs))
        self._jobs = ()

    def _cancel(self, jobs: tuple[str, ...]) -> None:
        for job_id in reversed(jobs):
            self._bridge.ask(CancelJob(id=job_id, if_unneeded=True), failed=_ignore)

    def _submit(self) -> None:
        if self._bridge.connection is not Connection.READY:
            return  # taken up again once the engine is back
        number = self._number
        self._bridge.ask(
            SubmitAnalyze(subject=self._workspace.subject),
            partial(self._on_submitted, number),
            partial(self._on_error, number),
        )

    def _on_submitted(self, number: int, answer: Submitted) -> None:
        jobs = tuple(job.id for job in answer.chain)
        if number != self._number:
            self._cancel(jobs)
            return
        self._jobs = jobs
        self._bridge.watch(answer.job.id).ended.connect(partial(self._on_ended, number))

    def _on_ended(self, number: int, job: JobView) -> None:
        if number != self._number:
            return
        if isinstance(job.result, AnalyzeResult):
            self._jobs = ()
            self._keep(job.result.analysis)
            self.report_changed.emit(job.result.loudness)
        elif job.error is not None:
            # Which step it was is nobody's concern here; playback may have said the same already.
            text = job.error.message
            cause = text.partition(" failed: ")[2] if job.error.code == STEP_FAILED else ""
            error = CymaticError(cause or text, hint=job.error.hint, code=job.error.code)
            self._on_error(number, error)
        else:
            self._set_busy(False)

    def _on_error(self, number: int, error: CymaticError) -> None:
        if number == self._number:
            self._jobs = ()
            self._set_busy(False)
            self.failed.emit(error)


def _ignore(_error: CymaticError) -> None:
    """Leave it: work that has just ended needs no cancelling."""
