"""Intake: what the user drops, opens or pastes becomes ingest jobs.

In: paths and texts. Out: one submitted job per source; refusals and outcomes as notices. Folders
are read on the pool.
"""

import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QMimeData, QObject, Signal

from core.engine.protocol import ImportProject, SubmitIngest
from core.engine.replies import Submitted
from core.errors import CymaticError, KnownError, UsageError
from core.ingest.sources import Source, is_media_name, require_available, source_from_text
from core.jobs.model import IngestResult, JobView
from core.library.model import Asset
from desktop.bridge import EngineBridge
from desktop.notices import Notice, Notices, Tone
from desktop.tasks import Background
from desktop.words import plural
from desktop.workspace import Workspace

Taken = Callable[[Asset], None]
Outcome = Callable[[Asset | None], None]
"""Takes what came of a source; None: nothing."""
PROJECT_SUFFIX = ".cymatic"
MOST_SHOWN = 60


def texts_of(mime: QMimeData | None) -> list[str]:
    """Return the paths and links that a drop or the clipboard holds; some clipboards have none."""
    if mime is None:
        return []
    if mime.hasUrls():
        return [
            url.toLocalFile() if url.isLocalFile() else url.toString()
            for url in mime.urls()
            if not url.isEmpty()
        ]
    return [line.strip().strip('"') for line in mime.text().splitlines() if line.strip()]


def expand(texts: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the texts with folders replaced by their media files, and the folders with none."""
    found: list[str] = []
    barren: list[str] = []
    for text in texts:
        path = Path(text).expanduser()
        if "://" in text or not os.path.isdir(path):
            found.append(text)
            continue
        inside = [
            str(Path(folder) / name)
            for folder, _, names in os.walk(path)
            for name in names
            if is_media_name(Path(name)) and not name.startswith(".")
        ]
        found.extend(sorted(inside))
        if not inside:
            barren.append(path.name)
    return found, barren


def require_meant(text: str) -> None:
    """Raise UsageError for words that name neither a file nor a link."""
    if "://" not in text and not Path(text).expanduser().is_absolute():
        shown = text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}…"
        raise UsageError(
            f"“{shown}” is neither a file nor a link.",
            hint="Drop a sound or video file, or paste its whole path.",
        )


class _Row:
    """Passes on what arrives in the order of the sources, however long each takes."""

    def __init__(self, take: Taken) -> None:
        self._take = take
        self._next = 0
        self._waiting: dict[int, Asset | None] = {}

    def put(self, place: int, asset: Asset | None) -> None:
        """Take in what came of the source at a place; None: nothing."""
        self._waiting[place] = asset
        while self._next in self._waiting:
            ready = self._waiting.pop(self._next)
            self._next += 1
            if ready is not None:
                self._take(ready)


class Intake(QObject):
    """Takes sources in.

    Signals
    -------
    submitted : JobView, the ingest job of one source
    arrived : Asset, made by a job that this window submitted
    analysis_started : str, the id of an asset whose analysis was submitted with it
    analysis_ended : str, the id of that asset, however it ended
    """

    submitted = Signal(object)
    arrived = Signal(object)
    analysis_started = Signal(str)
    analysis_ended = Signal(str)

    def __init__(
        self,
        bridge: EngineBridge,
        background: Background,
        *,
        workspace: Workspace,
        notices: Notices,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._background = background
        self._workspace = workspace
        self._notices = notices
        self._assets: dict[str, str] = {}
        """Asset by the job that analyses it."""

    def take(self, texts: Sequence[str], then: Taken | None = None) -> None:
        """Take paths, folders and links in; project files are opened.

        `then` is called with each asset, in the order of the texts.
        """
        projects = [text for text in texts if text.lower().endswith(PROJECT_SUFFIX)]
        rest = [text for text in texts if text not in projects]
        for text in projects[:1]:
            self._bridge.run(self._open_project(Path(text)))
        if rest:
            self._background.run(
                lambda: expand(rest), partial(self._submit_all, then), self._notices.show_error
            )

    def _submit_all(self, then: Taken | None, found: tuple[list[str], list[str]]) -> None:
        texts, barren = found
        sources: list[Source] = []
        for text in texts:
            try:
                require_meant(text)
                sources.append(require_available(source_from_text(text)))
            except KnownError as error:
                self._notices.show_error(error)
        for name in barren:
            self._notices.show_error(
                UsageError(
                    f"No sound or video file is in “{name}”.",
                    hint="Drop a folder with music or video files.",
                )
            )
        take = partial(self._pass_on, then)
        row = _Row(take) if then else None
        for place, source in enumerate(sources):
            self._submit(source, partial(row.put, place) if row else take)
        if len(sources) > 1:
            self._notices.show(Notice(text=f"Adding {plural(len(sources), 'file')}"))

    def _pass_on(self, then: Taken | None, asset: Asset | None) -> None:
        if asset is not None:
            self.arrived.emit(asset)
            if then is not None:
                then(asset)

    def _submit(self, source: Source, outcome: Outcome) -> None:
        def on_error(error: CymaticError) -> None:
            self._notices.show_error(error)
            outcome(None)

        request = SubmitIngest(source=source, analyze=True)
        self._bridge.ask(request, partial(self._on_submitted, outcome), on_error)

    def _on_submitted(self, outcome: Outcome, answer: Submitted) -> None:
        first = answer.chain[0] if answer.chain else answer.job
        self.submitted.emit(first)
        last = answer.chain[-1] if answer.chain else answer.job
        self._bridge.watch(first.id).ended.connect(partial(self._on_ended, last, outcome))
        if last.id != first.id:
            self._bridge.watch(last.id).ended.connect(self._on_analysed)

    def _on_analysed(self, job: JobView) -> None:
        asset_id = self._assets.pop(job.id, "")
        if asset_id:
            self.analysis_ended.emit(asset_id)

    def _on_ended(self, analysis: JobView, outcome: Outcome, job: JobView) -> None:
        if isinstance(job.result, IngestResult):
            if job.result.asset.analysis is None and analysis.id != job.id:
                self._assets[analysis.id] = job.result.asset.id
                self.analysis_started.emit(job.result.asset.id)
            if job.result.duplicate:
                title = job.result.asset.title
                self._notices.show(
                    Notice(text=f"“{title}” is already in the library.", tone=Tone.GOOD)
                )
            outcome(job.result.asset)
            return
        if job.error is not None:
            self._notices.show_error(
                CymaticError(job.error.message, hint=job.error.hint, code=job.error.code)
            )
        outcome(None)

    async def _open_project(self, path: Path) -> None:
        project = await self._bridge.call(ImportProject(path=path))
        await self._workspace.take(project, path)
