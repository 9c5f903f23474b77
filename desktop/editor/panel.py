"""The editor panel: transport, ruler and waveform of the sound on the table.

In: the workspace's sound. Out: the time it stands at, edits of the workspace.
"""

from fractions import Fraction
from functools import partial

import msgspec
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QLabel, QVBoxLayout, QWidget

from core.library.model import Asset
from core.library.project import Project
from desktop import theme
from desktop.bridge import Connection, EngineBridge
from desktop.library.waves import Waves
from desktop.stage.beats import BeatReader
from desktop.stage.timeline import Timeline
from desktop.tasks import Background
from desktop.widgets import column, label, row, tool_button
from desktop.words import precise_time, range_words
from desktop.workspace import Workspace


class EditorPanel(QFrame):
    """The sound.

    Signals
    -------
    time_changed : float, seconds of the mix
    """

    time_changed = Signal(float)

    def __init__(
        self, bridge: EngineBridge, background: Background, *, workspace: Workspace, waves: Waves
    ) -> None:
        super().__init__()
        self.setObjectName("panel")
        self._bridge, self._workspace = bridge, workspace
        self.timeline = Timeline(waves)
        self.beats = BeatReader(background, parent=self)
        self._build()
        self._connect()

    def _build(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(
            column(self._build_transport(), self.timeline, margins=(1, 4, 1, 4), spacing=2)
        )
        self.setMinimumHeight(146)

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
        self.timeline.time_picked.connect(self._on_time)
        self.timeline.range_picked.connect(self._on_range)
        self.beats.beats_ready.connect(self.timeline.set_beats)
        self.start_button.clicked.connect(partial(self.go_to, 0.0))
        self.in_button.clicked.connect(self._set_start)
        self.out_button.clicked.connect(self._set_end)
        self.whole_button.clicked.connect(self._use_whole)
        self.zoom_in.clicked.connect(partial(self.timeline.zoom, 1.6))
        self.zoom_out.clicked.connect(partial(self.timeline.zoom, 1 / 1.6))
        self._on_asset(None)

    def _on_asset(self, asset: Asset | None) -> None:
        self.timeline.set_asset(asset)
        self.beats.want(asset, self._workspace.project.beats)
        for control in (
            self.start_button,
            self.in_button,
            self.out_button,
            self.whole_button,
            self.zoom_in,
            self.zoom_out,
        ):
            control.setEnabled(asset is not None)
        self.length_label.setText(f"/ {precise_time(asset.duration_s)}" if asset else "")
        self._show_time()

    def _on_project(self, project: Project) -> None:
        output = project.outputs[0]
        self.beats.want(self._workspace.asset, project.beats)
        range_s = self._workspace.range_s()
        self.timeline.set_project(project.title, range_s, output.fps)
        whole = output.start_s == 0 and output.end_s is None
        text = "Whole track" if whole else range_words(*range_s)
        self.range_label.setText(text if self._workspace.asset else "")
        self.whole_button.setEnabled(self._workspace.asset is not None and not whole)

    def _on_connection(self, connection: Connection) -> None:
        if connection is Connection.READY and self._bridge.engine is not None:
            self.beats.set_library(self._bridge.engine.library)
            self.beats.want(self._workspace.asset, self._workspace.project.beats)

    def _on_time(self, time_s: float) -> None:
        self._show_time()
        self.time_changed.emit(time_s)

    def _show_time(self) -> None:
        has_track = self._workspace.asset is not None
        self.time_label.setText(precise_time(self.timeline.time_s) if has_track else "")

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
