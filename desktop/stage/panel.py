"""The stage panel: the picture at the playhead, its shape, and what can be done with a still.

In: the workspace's project, the time that the editor stands at. Out: stills through `Preview`,
still files through SubmitFrame.
"""

from fractions import Fraction
from functools import partial
from pathlib import Path

import msgspec
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFileDialog, QVBoxLayout, QWidget

from core.engine.protocol import SubmitFrame
from core.engine.replies import Submitted
from core.jobs.model import FrameResult, JobEvent, JobKind, JobView, PictureParams
from core.library.model import Asset
from core.library.project import Project
from core.render.formats import format_named
from core.units import fps_text
from desktop.bridge import Connection, EngineBridge
from desktop.memory import Memory
from desktop.notices import Notice, Notices, Tone
from desktop.shortcuts import Act, tip
from desktop.stage.canvas import Canvas
from desktop.stage.preview import Preview, StillRequest
from desktop.tasks import Background
from desktop.widgets import ElidedLabel, Segmented, column, framed, row, tool_button
from desktop.words import format_title, precise_time, shape_of
from desktop.workspace import Workspace

SHAPES = {
    "16:9": "flat-1080p-landscape",
    "9:16": "flat-1080p-portrait",
    "1:1": "flat-1080p-square",
    "360°": "360-mono-4k",
}


class StagePanel(QWidget):
    """The picture.

    Signals
    -------
    open_requested : Path, a finished full-size still to look at
    reveal_requested : Path
    """

    open_requested = Signal(object)
    reveal_requested = Signal(object)

    def __init__(
        self,
        bridge: EngineBridge,
        background: Background,
        *,
        workspace: Workspace,
        notices: Notices,
        memory: Memory,
    ) -> None:
        super().__init__()
        self._bridge, self._workspace = bridge, workspace
        self._notices, self._memory = notices, memory
        self._shown_id = ""
        self._time_s = 0.0
        self._analysed_elsewhere: set[str] = set()
        self.preview = Preview(bridge, background, self)
        self.canvas = Canvas()
        self._build()
        self._connect()

    def _build(self) -> None:
        self.title = ElidedLabel("", "h1")
        self.shapes = Segmented([(shape, shape) for shape in SHAPES], "Shape")
        self.still_button = tool_button("camera", tip("Save this picture", Act.STILL))
        self.full_button = tool_button("maximize", "Look at it in full size")
        head = row(
            self.title,
            self.shapes,
            self.still_button,
            self.full_button,
            margins=(14, 6, 8, 0),
            spacing=6,
        )
        head.setStretch(0, 1)
        stage = framed("stage", column(head, self.canvas, margins=(0, 0, 0, 6), spacing=4))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(stage)

    def _connect(self) -> None:
        self._workspace.asset_changed.connect(self._on_asset)
        self._workspace.project_changed.connect(self._on_project)
        self._bridge.connection_changed.connect(self._on_connection)
        self._bridge.job_changed.connect(self._on_job)
        self.preview.still_ready.connect(self.canvas.show_still)
        self.preview.busy_changed.connect(self.canvas.show_busy)
        self.preview.failed.connect(self.canvas.show_error)
        self.canvas.retry_requested.connect(self.preview.again)
        self.canvas.opened.connect(self.look_closer)
        self.shapes.picked.connect(self._on_shape)
        self.still_button.clicked.connect(self.save_still)
        self.full_button.clicked.connect(self.look_closer)
        self._on_asset(None)

    # --- news -----------------------------------------------------------------------------

    def _on_asset(self, asset: Asset | None) -> None:
        asset_id = asset.id if asset else ""
        if asset_id != self._shown_id:
            self.canvas.set_track(asset is not None)
            self._shown_id = asset_id
        for control in (self.still_button, self.full_button, self.shapes):
            control.setEnabled(asset is not None)
        if asset is not None and asset.analysis is not None:
            self.end_analysis(asset.id)
        self._show_title()

    def _show_title(self) -> None:
        has_track = self._workspace.asset is not None
        self.title.set_text(self._workspace.project.title if has_track else "Picture")

    def _on_project(self, project: Project) -> None:
        output = project.outputs[0]
        fmt = format_named(output.format)
        self.canvas.set_format(fmt, fps_text(output.fps))
        self.shapes.set_choice(shape_of(fmt))
        self._show_title()
        self._want()

    def _on_connection(self, connection: Connection) -> None:
        if connection is Connection.READY:
            self._want()

    def _on_job(self, event: JobEvent) -> None:
        asset_id = event.job.source.asset
        if event.job.kind is JobKind.ANALYZE and event.status.terminal and asset_id:
            self.end_analysis(asset_id)

    def set_time(self, time_s: float) -> None:
        """Show the picture at a time of the mix."""
        if time_s != self._time_s:
            self._time_s = time_s
            self._want()

    def set_playing(self, is_playing: bool) -> None:
        """While the sound plays, pictures follow as fast as they can be drawn."""
        self.preview.is_live = is_playing
        self._want()

    def _want(self) -> None:
        asset = self._workspace.asset
        picture = self._workspace.picture()
        if asset is None or not picture.scene:
            self.preview.want(None)
            return
        bare = self._workspace.is_bare
        if bare and asset.analysis is None and asset.id in self._analysed_elsewhere:
            self.preview.want(None)
            self.canvas.show_busy("Analysing the track first…")
            return
        self.preview.want(StillRequest(self._workspace.subject, picture, self._at_s()))

    def await_analysis(self, asset_id: str) -> None:
        """Wait for an analysis that is on its way instead of asking for another one."""
        self._analysed_elsewhere.add(asset_id)
        self._want()

    def end_analysis(self, asset_id: str) -> None:
        """Draw, now that the analysis is over."""
        if asset_id in self._analysed_elsewhere:
            self._analysed_elsewhere.discard(asset_id)
            self._want()

    def _at_s(self) -> Fraction:
        fps = self._workspace.output.fps
        last_s = max(0.0, self._workspace.duration_s - float(1 / fps))
        return Fraction(round(min(self._time_s, last_s) * fps)) / fps

    # --- hand -----------------------------------------------------------------------------

    def _on_shape(self, shape: str) -> None:
        output = self._workspace.output
        if shape_of(format_named(output.format)) != shape:
            self._workspace.set_output(msgspec.structs.replace(output, format=SHAPES[shape]))

    # --- full-size stills -----------------------------------------------------------------

    def look_closer(self) -> None:
        """Draw the frame exactly as the video will have it, and open it."""
        self._submit_full(None)

    def save_still(self) -> None:
        """Ask for a file name and draw the frame into it."""
        if self._workspace.asset is None:
            return
        stamp = precise_time(self._time_s).replace(":", "-")
        name = f"{self._workspace.project.title} {stamp}.png".replace("/", "-")
        folder = Path(self._memory.folder("stills"))
        dialog = QFileDialog(self, "Save picture", str(folder), "PNG picture (*.png)")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("png")
        dialog.selectFile(name)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self._on_file)
        dialog.open()

    def _on_file(self, name: str) -> None:
        path = Path(name)
        self._memory.keep_folder("stills", path)
        self._submit_full(path)

    def _submit_full(self, output: Path | None) -> None:
        picture: PictureParams = self._workspace.picture()
        if self._workspace.asset is None or not picture.scene:
            return
        frame = SubmitFrame(
            subject=self._workspace.subject,
            picture=msgspec.structs.replace(picture, quality="final"),
            at_s=self._at_s(),
            output=output,
            overwrite=output is not None,
        )
        self._notices.show(Notice(text=f"Drawing it at {format_title(picture.format)}…"))
        self._bridge.ask(frame, partial(self._on_full, output))

    def _on_full(self, output: Path | None, answer: Submitted) -> None:
        self._bridge.watch(answer.job.id).ended.connect(partial(self._on_full_ended, output))

    def _on_full_ended(self, output: Path | None, job: JobView) -> None:
        if not isinstance(job.result, FrameResult):
            if job.error is not None:
                error = job.error
                self._notices.show(Notice(text=error.message, hint=error.hint, tone=Tone.PROBLEM))
            return
        if output is None:
            self.open_requested.emit(job.result.path)
            return
        self._notices.show(
            Notice(
                text=f"Saved “{output.name}”.",
                tone=Tone.GOOD,
                action_text="Show the file",
                action=partial(self.reveal_requested.emit, job.result.path),
            )
        )
