"""The inspector: scene, its look, the output, the estimate, the Render button.

In: the workspace and the catalogue. Out: edits of the workspace, SubmitRender.
"""

import re
from functools import partial
from pathlib import Path

import msgspec
from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QFrame, QPushButton, QScrollArea, QVBoxLayout, QWidget

from core.engine.protocol import SubmitRender
from core.engine.replies import Submitted
from core.library.model import Analysis, Asset
from core.library.project import Project
from desktop import theme
from desktop.bridge import EngineBridge
from desktop.memory import Memory
from desktop.notices import Notice, Notices
from desktop.pictures import Pictures
from desktop.render.catalog import SceneCatalog
from desktop.render.estimate import EstimateLine
from desktop.render.output import OutputForm
from desktop.render.parameters import ParameterList
from desktop.render.scenes import ScenePicker
from desktop.render.tempo import TempoRow
from desktop.shortcuts import Act, tip
from desktop.tasks import Background
from desktop.widgets import chain_tabs, column, label, row, rule, tool_button
from desktop.words import format_short
from desktop.workspace import Workspace


def free_path(folder: Path, title: str, shape: str) -> Path:
    """Return a file name in `folder` that is not taken yet."""
    name = re.sub(r'[\\/:*?"<>|\x00-\x1f]+', "-", f"{title} {shape}").strip(" .") or "video"
    path = folder / f"{name}.mp4"
    number = 2
    while path.exists():
        path = folder / f"{name} {number}.mp4"
        number += 1
    return path


class RenderPanel(QFrame):
    """Everything about the video.

    Signals
    -------
    submitted : JobView of the render
    """

    submitted = Signal(object)

    def __init__(
        self,
        bridge: EngineBridge,
        background: Background,
        *,
        workspace: Workspace,
        catalog: SceneCatalog,
        pictures: Pictures,
        notices: Notices,
        memory: Memory,
    ) -> None:
        super().__init__()
        self.setObjectName("panel")
        self._bridge, self._background = bridge, background
        self._workspace, self._catalog, self._notices = workspace, catalog, notices
        self._submitting = False
        self._analysis: Analysis | None = None
        self.scenes = ScenePicker(catalog, pictures)
        self.parameters = ParameterList()
        self.tempo = TempoRow()
        self.output = OutputForm(memory)
        self.estimate = EstimateLine(bridge, self.request)
        self._build()
        self._connect()

    def _build(self) -> None:
        self.variation_button = tool_button("wand-sparkles", "Another variation", size=14)
        self.reset_button = tool_button("rotate-ccw", "Back to the scene's own look", size=14)
        self.render_button = QPushButton("  Render video")
        self.render_button.setObjectName("primary")
        self.render_button.setIcon(
            theme.icon("clapperboard", "on_accent", active="on_accent", checked="on_accent")
        )
        self.render_button.setIconSize(QSize(16, 16))
        self.render_button.setProperty("big", True)
        self.render_button.setToolTip(tip("Render the video", Act.RENDER))
        self.render_button.setAccessibleName("Render video")
        self.render_button.setCursor(Qt.CursorShape.PointingHandCursor)
        inner = QWidget()
        body = column(
            row(
                label("Scene", "h1"),
                None,
                self.variation_button,
                self.reset_button,
                spacing=2,
            ),
            self.scenes,
            2,
            self.parameters,
            self.tempo,
            1,
            rule(),
            1,
            label("Output", "h1"),
            self.output,
            None,
            margins=(14, 8, 14, 6),
            spacing=5,
        )
        inner.setLayout(body)
        self.area = QScrollArea()
        self.area.setWidget(inner)
        self.area.setWidgetResizable(True)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        foot = column(self.estimate, self.render_button, margins=(14, 6, 14, 12), spacing=6)
        self._layouts = (body, foot)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(1, 1, 1, 0)
        layout.setSpacing(0)
        layout.addWidget(self.area, 1)
        layout.addWidget(rule())
        layout.addLayout(foot)

    def _connect(self) -> None:
        workspace = self._workspace
        self._catalog.loaded.connect(self._on_catalog)
        self._catalog.failed.connect(self._notices.show_error)
        workspace.project_changed.connect(self._on_project)
        workspace.asset_changed.connect(self._on_asset)
        self.scenes.picked.connect(workspace.set_scene)
        self.parameters.value_picked.connect(workspace.set_value)
        self.tempo.beats_picked.connect(workspace.set_beats)
        self.reset_button.clicked.connect(workspace.reset_values)
        self.variation_button.clicked.connect(self._vary)
        self.output.output_picked.connect(workspace.set_output)
        self.output.range_picked.connect(partial(workspace.set_output, text="Change range"))
        self.output.folder_changed.connect(lambda _folder: self.estimate.forget())
        self.render_button.clicked.connect(self.submit)
        self._on_asset(None)
        self._on_project(workspace.project)

    def _on_catalog(self) -> None:
        self._workspace.adopt_scene(self._catalog.first)
        self._on_project(self._workspace.project)

    def _on_asset(self, asset: Asset | None) -> None:
        self.render_button.setEnabled(asset is not None and not self._submitting)
        self.variation_button.setEnabled(asset is not None)
        self._show_tempo()

    def show_analysis(self, analysis: Analysis | None) -> None:
        """Show what was found in the sound on the table."""
        self._analysis = analysis
        self._show_tempo()

    def _show_tempo(self) -> None:
        analysis = self._analysis
        found_bpm = analysis.tempo_bpm if analysis else None
        beats = self._workspace.project.beats
        self.tempo.show_beats(beats, found_bpm, ready=analysis is not None)

    def _on_project(self, project: Project) -> None:
        cue, output = project.cues[0], project.outputs[0]
        scene = self._catalog.scene(cue.scene)
        self.scenes.show_choice(cue.scene)
        if scene is not None and self.parameters.show_scene(scene, cue.values):
            chain_tabs(*self._layouts)
        self.reset_button.setEnabled(bool(cue.values))
        self._show_tempo()
        self.output.show_output(
            output, self._workspace.range_s(), duration_s=self._workspace.duration_s
        )
        self.estimate.forget()

    def _vary(self) -> None:
        project = self._workspace.project
        varied = msgspec.structs.replace(project, seed=project.seed % 9999 + 1)
        self._workspace.edit(varied, "Another variation")

    # --- render ---------------------------------------------------------------------------

    def request(self, output: Path | None = None) -> SubmitRender | None:
        """Return the render as it stands, None without a track or a scene."""
        picture = self._workspace.picture()
        if self._workspace.asset is None or not picture.scene:
            return None
        start_s, end_s = self._workspace.span()
        return SubmitRender(
            subject=self._workspace.subject,
            picture=picture,
            start_s=start_s,
            end_s=end_s,
            target=self._workspace.output.target,
            output=output,
        )

    def submit(self) -> None:
        """Store the project, then render it."""
        if self.request() is None or self._submitting:
            return
        self._submitting = True
        self.render_button.setEnabled(False)
        folder = self.output.folder
        if folder is None:
            self._bridge.run(self._submit(None))
            return
        title = self._workspace.project.title
        shape = format_short(self._workspace.output.format)
        self._background.run(
            lambda: free_path(folder, title, shape.replace(":", "x")),
            lambda path: self._bridge.run(self._submit(path)),
        )

    async def _submit(self, output: Path | None) -> None:
        try:
            await self._workspace.store()
            request = self.request(output)
            if request is not None:
                answer: Submitted = await self._bridge.call(request)
                self.submitted.emit(answer.job)
                self._notices.show(Notice(text=f"“{answer.job.title}” is in the queue."))
        finally:
            self._submitting = False
            self.render_button.setEnabled(self._workspace.asset is not None)
