"""The stage panel: picture on top, timeline below, and what can be done with a still.

In: the workspace's project and track. Out: stills through `Preview`, ranges to the workspace,
still files through SubmitFrame.
"""

from fractions import Fraction
from functools import partial
from pathlib import Path

import msgspec
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFileDialog, QLabel, QVBoxLayout, QWidget

from core.engine.protocol import Subject, SubmitFrame
from core.engine.replies import Submitted
from core.jobs.model import FrameResult, JobEvent, JobKind, JobView, PictureParams
from core.library.model import Asset
from core.library.project import Project
from core.render.formats import format_named
from core.units import fps_text
from desktop import theme
from desktop.bridge import Connection, EngineBridge
from desktop.library.waves import Waves
from desktop.memory import Memory
from desktop.notices import Notice, Notices, Tone
from desktop.shortcuts import Act, tip
from desktop.stage.beats import BeatReader
from desktop.stage.canvas import Canvas
from desktop.stage.preview import Preview, StillRequest
from desktop.stage.timeline import Timeline
from desktop.tasks import Background
from desktop.widgets import ElidedLabel, Segmented, column, framed, label, row, tool_button
from desktop.words import format_title, precise_time, range_words, shape_of
from desktop.workspace import Workspace

SHAPES = {
    "16:9": "flat-1080p-landscape",
    "9:16": "flat-1080p-portrait",
    "1:1": "flat-1080p-square",
    "360°": "360-mono-4k",
}


class StagePanel(QWidget):
    """The picture and its timeline.

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
        waves: Waves,
        notices: Notices,
        memory: Memory,
    ) -> None:
        super().__init__()
        self._bridge, self._workspace = bridge, workspace
        self._notices, self._memory = notices, memory
        self._shown_id = ""
        self._analysed_elsewhere: set[str] = set()
        self.preview = Preview(bridge, background, self)
        self.canvas = Canvas()
        self.timeline = Timeline(waves)
        self.beats = BeatReader(background, parent=self)
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
        edit = framed(
            "panel",
            column(self._build_transport(), self.timeline, margins=(1, 4, 1, 4), spacing=2),
        )
        edit.setMinimumHeight(146)
        edit.setMaximumHeight(232)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(stage, 5)
        layout.addWidget(edit, 3)

    def _build_transport(self) -> QWidget:
        self.start_button = tool_button("skip-back", "To the start (Home)")
        self.time_label = self._time_label("time", 20)
        self.length_label = self._time_label("time2", 13)
        self.range_label = label("", "muted")
        self.in_button = tool_button("arrow-right-from-line", "The video starts here (I)")
        self.out_button = tool_button("arrow-left-from-line", "The video ends here (O)")
        self.whole_button = tool_button("move-horizontal", "Use the whole track")
        self.zoom_out = tool_button("zoom-out", "Show more of the track")
        self.zoom_in = tool_button("zoom-in", "Show less of the track")
        holder = QWidget()
        holder.setLayout(
            row(
                self.start_button,
                4,
                self.time_label,
                self.length_label,
                None,
                self.range_label,
                4,
                self.in_button,
                self.out_button,
                self.whole_button,
                6,
                self.zoom_out,
                self.zoom_in,
                margins=(10, 2, 10, 0),
                spacing=4,
            )
        )
        return holder

    @staticmethod
    def _time_label(name: str, pixels: int) -> QLabel:
        result = label("", name)
        result.setFont(theme.font(pixels))
        return result

    def _connect(self) -> None:
        self._workspace.asset_changed.connect(self._on_asset)
        self._workspace.project_changed.connect(self._on_project)
        self._bridge.connection_changed.connect(self._on_connection)
        self._bridge.job_changed.connect(self._on_job)
        self.timeline.time_picked.connect(self._on_time)
        self.timeline.range_picked.connect(self._on_range)
        self.preview.still_ready.connect(self.canvas.show_still)
        self.preview.busy_changed.connect(self.canvas.show_busy)
        self.preview.failed.connect(self.canvas.show_error)
        self.beats.beats_ready.connect(self.timeline.set_beats)
        self.canvas.retry_requested.connect(self.preview.again)
        self.canvas.opened.connect(self.look_closer)
        self.shapes.picked.connect(self._on_shape)
        self.start_button.clicked.connect(partial(self.go_to, 0.0))
        self.in_button.clicked.connect(self._set_start)
        self.out_button.clicked.connect(self._set_end)
        self.whole_button.clicked.connect(self._use_whole)
        self.zoom_in.clicked.connect(partial(self.timeline.zoom, 1.6))
        self.zoom_out.clicked.connect(partial(self.timeline.zoom, 1 / 1.6))
        self.still_button.clicked.connect(self.save_still)
        self.full_button.clicked.connect(self.look_closer)
        self._on_asset(None)

    # --- news -----------------------------------------------------------------------------

    def _on_asset(self, asset: Asset | None) -> None:
        asset_id = asset.id if asset else ""
        if asset_id != self._shown_id:
            self.canvas.set_track(asset is not None)
            self._shown_id = asset_id
        self.timeline.set_asset(asset)
        self.beats.want(asset, self._workspace.project.beats)
        for control in (
            self.still_button,
            self.full_button,
            self.start_button,
            self.in_button,
            self.out_button,
            self.whole_button,
            self.zoom_in,
            self.zoom_out,
            self.shapes,
        ):
            control.setEnabled(asset is not None)
        if asset is not None and asset.analysis is not None:
            self.end_analysis(asset.id)
        self.title.set_text(asset.title if asset else "Picture")
        self.length_label.setText(f"/ {precise_time(asset.duration_s)}" if asset else "")
        self._show_time()

    def _on_project(self, project: Project) -> None:
        output = project.outputs[0]
        fmt = format_named(output.format)
        self.canvas.set_format(fmt, fps_text(output.fps))
        self.shapes.set_choice(shape_of(fmt))
        self.beats.want(self._workspace.asset, project.beats)
        range_s = self._workspace.range_s()
        self.timeline.set_project(project.title, range_s, output.fps)
        whole = output.start_s == 0 and output.end_s is None
        text = "Whole track" if whole else range_words(*range_s)
        self.range_label.setText(text if self._workspace.asset else "")
        self.whole_button.setEnabled(self._workspace.asset is not None and not whole)
        self._want()

    def _on_connection(self, connection: Connection) -> None:
        if connection is Connection.READY and self._bridge.engine is not None:
            self.beats.set_library(self._bridge.engine.library)
            self.beats.want(self._workspace.asset, self._workspace.project.beats)
            self._want()

    def _on_job(self, event: JobEvent) -> None:
        asset_id = event.job.source.asset
        if event.job.kind is JobKind.ANALYZE and event.status.terminal and asset_id:
            self.end_analysis(asset_id)

    def _on_time(self, _time_s: float) -> None:
        self._show_time()
        self._want()

    def _show_time(self) -> None:
        has_track = self._workspace.asset is not None
        self.time_label.setText(precise_time(self.timeline.time_s) if has_track else "")

    def _want(self) -> None:
        asset = self._workspace.asset
        picture = self._workspace.picture()
        if asset is None or not picture.scene:
            self.preview.want(None)
            return
        if asset.analysis is None and asset.id in self._analysed_elsewhere:
            self.preview.want(None)
            self.canvas.show_busy("Analysing the track first…")
            return
        self.preview.want(StillRequest(asset.id, picture, self._at_s()))

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
        last_s = max(0.0, self.timeline.duration_s - float(1 / fps))
        return Fraction(round(min(self.timeline.time_s, last_s) * fps)) / fps

    # --- hand -----------------------------------------------------------------------------

    def go_to(self, time_s: float, *_: object) -> None:
        """Move the playhead."""
        self.timeline.set_time(time_s)
        self._on_time(time_s)

    def _on_range(self, start_s: float, end_s: float) -> None:
        output = self._workspace.output
        fps = output.fps
        start = Fraction(round(start_s * fps)) / fps
        is_end = end_s >= self.timeline.duration_s - float(1 / fps) / 2
        end = None if is_end else Fraction(round(end_s * fps)) / fps
        changed = msgspec.structs.replace(output, start_s=max(Fraction(0), start), end_s=end)
        self._workspace.set_output(changed, text="Change range")

    def _set_start(self) -> None:
        end_s = self._workspace.range_s()[1]
        if self.timeline.time_s < end_s:
            self._on_range(self.timeline.time_s, end_s)

    def _set_end(self) -> None:
        start_s = self._workspace.range_s()[0]
        if self.timeline.time_s > start_s:
            self._on_range(start_s, self.timeline.time_s)

    def _use_whole(self) -> None:
        self._on_range(0.0, self.timeline.duration_s)

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
        stamp = precise_time(self.timeline.time_s).replace(":", "-")
        name = f"{self._workspace.asset.title} {stamp}.png".replace("/", "-")
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
        asset = self._workspace.asset
        picture: PictureParams = self._workspace.picture()
        if asset is None or not picture.scene:
            return
        frame = SubmitFrame(
            subject=Subject(asset_id=asset.id),
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
