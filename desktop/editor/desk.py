"""The desk: the editor's parts put together, and wired to playback, the workspace and the engine.

In: the window's shared parts. Out: two widgets to place (`panel`, `inspector`), the verbs of the
keyboard, the time that the picture follows.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import partial
from itertools import count

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import QInputDialog

from core.audio.normalisation import NormalisationReport
from core.audio.playback.model import PlayState
from core.audio.recipe import Recipe
from core.errors import KnownError
from core.library.model import Analysis, Asset, Loudness
from core.library.project import Project
from core.paths import LibraryPaths
from desktop.bridge import Connection, EngineBridge
from desktop.editor.actions import Editing, renamed
from desktop.editor.ear import Ear
from desktop.editor.hand import Hand
from desktop.editor.hearing import Hearing, SoundMaker, make_sound
from desktop.editor.inspecting import Inspecting
from desktop.editor.menus import Menus
from desktop.editor.more import MoreMenu
from desktop.editor.panel import EditorPanel
from desktop.editor.renewal import Renewal
from desktop.editor.snapping import Snapping
from desktop.editor.sound_files import SoundFileActions
from desktop.editor.sound_panel import SoundPanel
from desktop.editor.video_range import VideoRange
from desktop.history import GESTURE
from desktop.keymap import Keymap
from desktop.memory import Memory
from desktop.notices import Notices
from desktop.playback import Playback
from desktop.shortcuts import Act
from desktop.stage.beats import BeatReader, Beats
from desktop.tasks import Background
from desktop.workspace import Workspace

STEP_S, FAR_S = 0.01, 1.0
ZOOM = 1.6


class EditorDesk(QObject):
    """Everything about the sound of the open project.

    Signals
    -------
    time_changed : float, seconds of the mix
    playing_changed : bool
    analysis_changed : Analysis or None, of the sound on the table
    rename_requested : int, a clip whose name can only be typed on the page with the list
    """

    time_changed = Signal(float)
    playing_changed = Signal(bool)
    analysis_changed = Signal(object)
    rename_requested = Signal(int)

    def __init__(
        self,
        bridge: EngineBridge,
        background: Background,
        *,
        workspace: Workspace,
        notices: Notices,
        memory: Memory,
        keymap: Keymap,
        sounds: SoundMaker = make_sound,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._bridge, self._workspace, self._notices = bridge, workspace, notices
        self.panel = EditorPanel(background)
        self.inspector = SoundPanel()
        self.playback = Playback(background, memory, self)
        self.beats = BeatReader(background, parent=self)
        self._found = Beats()
        self.editing = Editing(
            workspace,
            notices,
            time_s=lambda: self.panel.time_s,
            cut_at=lambda time_s: self.snapping.cut_at(time_s),
            parent=self,
        )
        self.hand = Hand(self.editing, workspace)
        self.range = VideoRange(workspace, lambda: self.panel.time_s)
        self.inspecting = Inspecting(self.editing, self.inspector, self.panel.clips)
        self.renewal = Renewal(bridge, workspace, self)
        self.hearing = Hearing(
            bridge,
            background,
            workspace=workspace,
            playback=self.playback,
            make=sounds,
            parent=self,
        )
        meters = (self.panel.transport.meter, self.inspector.meter)
        self.ear = Ear(self.playback, meters, self)
        self.snapping = Snapping(workspace, self.panel, memory)
        self.files = SoundFileActions(
            bridge,
            background,
            workspace=workspace,
            editing=self.editing,
            notices=notices,
            memory=memory,
            parent=self.panel,
        )
        self.menus = Menus(self.panel, keymap, self.verbs(), self.editing)
        self.more = MoreMenu(
            self.panel.transport.menu,
            self.files,
            workspace=workspace,
            canvas=self.panel.canvas,
            playback=self.playback,
            editing=self.editing,
            snapping=self.snapping,
        )
        self._connect_canvas()
        self._connect_menus()
        self._connect_sound()
        self._connect_work()

    # --- wiring ---------------------------------------------------------------------------

    def _connect_canvas(self) -> None:
        canvas, hand, editing = self.panel.canvas, self.hand, self.editing
        canvas.seek_requested.connect(self.go_to)
        canvas.scrub_requested.connect(self._scrub)
        canvas.scrub_ended.connect(self.playback.end_scrub)
        canvas.selection_requested.connect(hand.select)
        canvas.time_selection_requested.connect(hand.select_time)
        canvas.trim_requested.connect(hand.trim)
        canvas.fade_requested.connect(hand.fade)
        canvas.gain_requested.connect(hand.gain)
        canvas.move_requested.connect(hand.move)
        canvas.marker_moved.connect(hand.move_marker)
        canvas.split_requested.connect(self._split_at)
        canvas.output_range_requested.connect(self.range.drag)
        canvas.gesture_ended.connect(lambda _id: editing.end_gesture())
        canvas.gesture_cancelled.connect(lambda _id: editing.cancel_gesture())
        self.panel.clips.selection_requested.connect(editing.select)
        self.panel.clips.reorder_requested.connect(editing.reorder)
        editing.selection_changed.connect(self._on_selection)
        editing.stretch_changed.connect(self._on_stretch)
        self.panel.transport.asked.connect(self._on_asked)
        self.panel.transport.whole_requested.connect(self.range.use_whole)

    def _connect_menus(self) -> None:
        menus = self.menus
        menus.shape = self.hand.shape
        menus.rename_clip = self._rename_clip
        menus.rename_marker = self._rename_marker
        menus.from_silence = self.files.clips_from_silence
        self.panel.canvas.context_menu_requested.connect(menus.show)
        self.panel.canvas.marker_rename_requested.connect(self._rename_marker)
        self.panel.clips.menu_requested.connect(menus.show_clips)
        self.inspector.menu_requested.connect(menus.show_clips)

    def _rename_clip(self, index: int) -> None:
        self.editing.select((index,))
        if self.panel.clips.isVisible():
            self.panel.clips.edit_name(index)
        else:
            self.rename_requested.emit(index)

    def _rename_marker(self, index: int) -> None:
        markers = self._workspace.project.markers
        if index >= len(markers):
            return
        dialog = QInputDialog(self.panel)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setWindowTitle("Rename marker")
        dialog.setLabelText("Name of the marker")
        dialog.setTextValue(markers[index].name)
        dialog.textValueSelected.connect(
            lambda name: self.editing.change_marker(index, renamed(markers[index], name))
        )
        dialog.open()

    def _connect_sound(self) -> None:
        playback, transport = self.playback, self.panel.transport
        playback.position_changed.connect(self._on_position)
        playback.state_changed.connect(self._on_state)
        playback.output_changed.connect(transport.show_output)
        playback.failed.connect(self._on_playback_failed)
        self.hearing.failed.connect(self._notices.show_error)
        self.hearing.restored.connect(self.panel.canvas.retry_sounds)
        self.renewal.report_changed.connect(self._on_report)
        self.renewal.busy_changed.connect(self.inspector.set_busy)
        self.renewal.analysis_changed.connect(self._on_analysis)
        self.renewal.failed.connect(self._notices.show_error)

    def _connect_work(self) -> None:
        self._workspace.recipe_changed.connect(self._on_recipe)
        self._workspace.project_changed.connect(self._on_project)
        self._workspace.asset_changed.connect(lambda _asset: self._show_beats())
        self._bridge.connection_changed.connect(self._on_connection)
        self.beats.beats_ready.connect(self._on_beats)
        self.panel.time_changed.connect(self.time_changed)
        self._on_recipe(self._workspace.project.recipe)
        self._on_project(self._workspace.project)

    def verbs(self) -> dict[Act, Callable[[], object]]:
        """Return what each key of the editor does."""
        editing, playback, canvas = self.editing, self.playback, self.panel.canvas
        return {
            Act.PLAY: self.toggle_play,
            Act.BACKWARD: partial(playback.shuttle, -1),
            Act.HALT: partial(playback.shuttle, 0),
            Act.FORWARD: partial(playback.shuttle, 1),
            Act.LOOP: self.toggle_loop,
            Act.TO_START: partial(self._jump, 0.0),
            Act.TO_END: lambda: self._jump(self._workspace.duration_s),
            Act.LEFT: partial(self.step, -STEP_S),
            Act.RIGHT: partial(self.step, STEP_S),
            Act.LEFT_FAR: partial(self.step, -FAR_S),
            Act.RIGHT_FAR: partial(self.step, FAR_S),
            Act.LEFT_SAMPLE: partial(self._step_samples, -1),
            Act.RIGHT_SAMPLE: partial(self._step_samples, 1),
            Act.EDGE_BEFORE: partial(self._to_edge, -1),
            Act.EDGE_AFTER: partial(self._to_edge, 1),
            Act.ZOOM_IN: partial(canvas.zoom, ZOOM),
            Act.ZOOM_OUT: partial(canvas.zoom, 1 / ZOOM),
            Act.ZOOM_ALL: canvas.zoom_to_fit,
            Act.SPLIT: editing.split,
            Act.JOIN: editing.join,
            Act.DELETE: editing.delete,
            Act.LIFT: editing.lift,
            Act.DUPLICATE: editing.duplicate,
            Act.COPY: editing.copy,
            Act.CUT: editing.cut,
            Act.PASTE: editing.paste,
            Act.SELECT_ALL: editing.select_all,
            Act.TRIM_START: partial(editing.trim_here, start=True),
            Act.TRIM_END: partial(editing.trim_here, start=False),
            Act.NUDGE_LEFT: partial(editing.nudge, -Fraction(1, 100)),
            Act.NUDGE_RIGHT: partial(editing.nudge, Fraction(1, 100)),
            Act.MUTE: editing.toggle_mute,
            Act.MARKER: editing.add_marker,
            Act.SNAP: self.snapping.toggle,
            Act.VIDEO_IN: self.range.start_here,
            Act.VIDEO_OUT: self.range.end_here,
        }

    def _on_asked(self, act: Act) -> None:
        self.verbs()[act]()

    # --- news -----------------------------------------------------------------------------

    def _on_recipe(self, recipe: Recipe) -> None:
        workspace, info = self._workspace, self._bridge.engine
        paths = LibraryPaths(info.library) if info else None
        hues = self.panel.show_sound(workspace.arrangement, workspace.assets, paths)
        self.inspector.set_state(recipe, workspace.arrangement, workspace.assets, hues)
        self.snapping.set_library(paths)
        self.snapping.renew()

    def _on_project(self, project: Project) -> None:
        whole = self._workspace.span() == (Fraction(0), None)
        self.panel.show_range(self._workspace.range_s(), whole=whole)
        self.panel.show_marks(project.markers, self._found)
        self._show_beats()

    def _on_connection(self, connection: Connection) -> None:
        if connection is Connection.READY and self._bridge.engine is not None:
            self.beats.set_library(self._bridge.engine.library)
            self._on_recipe(self._workspace.project.recipe)
            self._show_beats()

    def _on_analysis(self, analysis: Analysis | None) -> None:
        self._show_beats()
        self._show_measured(analysis)
        self.analysis_changed.emit(analysis)

    def _show_measured(self, analysis: Analysis | None) -> None:
        if self._workspace.arrangement is None:
            self.inspector.set_measured(None)
        if self._workspace.project.recipe.loudness is None and analysis is not None:
            measured = Loudness(
                integrated_lufs=analysis.loudness_lufs, true_peak_dbtp=analysis.true_peak_dbtp
            )
            self.inspector.set_measured(measured)

    def _on_report(self, report: NormalisationReport | None) -> None:
        self.hearing.set_report(report)
        self.inspector.set_report(report)
        if report is not None:
            self.inspector.set_measured(report.before)

    def _show_beats(self) -> None:
        self.beats.want(self.renewal.analysis, self._workspace.project.beats)

    def _on_beats(self, beats: Beats) -> None:
        self._found = beats
        self.panel.show_marks(self._workspace.project.markers, beats)
        self.snapping.set_beats(beats)

    def _on_selection(self, indices: tuple[int, ...]) -> None:
        self.panel.show_selection(indices)
        self.inspector.set_selection(indices)

    def _on_stretch(self, stretch: tuple[float, float] | None) -> None:
        self.panel.canvas.set_time_selection(stretch)
        if self.panel.transport.loop_button.isChecked():
            self._loop(stretch)

    # --- playback -------------------------------------------------------------------------

    def _on_position(self, time_s: float) -> None:
        if self._workspace.arrangement is not None:
            self.panel.show_time(min(time_s, self._workspace.duration_s))

    def _on_state(self, state: PlayState) -> None:
        self.panel.transport.show_state(state)
        self.playing_changed.emit(state.is_active)

    def _on_playback_failed(self, error: KnownError) -> None:
        if error.code != "pcm-missing":
            self._notices.show_error(error)

    def toggle_play(self) -> None:
        """Play, or pause; from the beginning again when it stands at the end."""
        if self._workspace.arrangement is None:
            return
        at_end = self.panel.time_s >= self._workspace.duration_s - 0.005
        if at_end and self.playback.state is not PlayState.PLAYING:
            self.go_to(0.0)
        if self.hearing.is_ready:
            self.playback.toggle()
            return
        wanted = self.hearing.toggle_wish()
        self.panel.transport.show_state(PlayState.PLAYING if wanted else PlayState.STOPPED)

    def toggle_loop(self) -> None:
        """Repeat the chosen stretch or clips, else everything; or stop repeating."""
        button = self.panel.transport.loop_button
        wanted = self.panel.canvas.loop is None
        button.setChecked(wanted)
        self._loop(self._loop_stretch() if wanted else None)

    def _loop_stretch(self) -> tuple[float, float]:
        arrangement = self._workspace.arrangement
        if self.editing.stretch is not None:
            return self.editing.stretch
        if arrangement is not None and self.editing.selection:
            clips = [arrangement.clips[index] for index in self.editing.selection]
            rate = arrangement.sample_rate_hz
            return min(c.start for c in clips) / rate, max(c.stop for c in clips) / rate
        return 0.0, self._workspace.duration_s

    def _loop(self, stretch: tuple[float, float] | None) -> None:
        self.panel.canvas.set_loop(stretch)
        self.playback.set_loop_s(stretch)

    def _scrub(self, time_s: float) -> None:
        self.panel.show_time(self._within(time_s))
        self.playback.scrub_s(self.panel.time_s)

    def go_to(self, time_s: float) -> None:
        """Move the playhead, and what is heard with it."""
        self.panel.show_time(self._within(time_s))
        self.playback.seek_s(self.panel.time_s)

    def _jump(self, time_s: float) -> None:
        """Move the playhead by a key, and show where it went."""
        self.go_to(time_s)
        self.panel.canvas.reveal(self.panel.time_s, self.panel.time_s)

    def _split_at(self, time_s: float) -> None:
        self.go_to(time_s)
        self.editing.split()

    def step(self, by_s: float) -> None:
        """Move the playhead a little."""
        self._jump(self.panel.time_s + by_s)

    def _step_samples(self, n: int) -> None:
        rate = self._workspace.project.recipe.sample_rate_hz
        self._jump((round(self.panel.time_s * rate) + n) / rate)

    def _to_edge(self, direction: int) -> None:
        self._jump(self.snapping.next_edge(self.panel.time_s, direction))

    def _within(self, time_s: float) -> float:
        return min(max(time_s, 0.0), self._workspace.duration_s)

    # --- more tracks ----------------------------------------------------------------------

    def drop(
        self, assets: Sequence[Asset], *, before: int | None = None, merge_key: str = ""
    ) -> None:
        """Put tracks into the mix, before a clip or at the end; the first one on an empty desk."""
        rest = tuple(assets)
        fresh = self._workspace.asset is None and not self._workspace.undo_stack.count()
        if fresh and rest:
            self._workspace.choose(rest[0])
            rest, before = rest[1:], None
        if rest:
            self.editing.insert(rest, before=before, merge_key=merge_key)

    def place_next(self, before: int | None) -> Callable[[Asset], None]:
        """Return what puts tracks into the mix one by one as they arrive, behind each other."""
        was_empty = self._workspace.asset is None
        places = None if was_empty or before is None else count(before)
        arrivals = count()
        step = f"{GESTURE}arrivals-{id(arrivals)}"  # however many come, they are one step

        def place(asset: Asset) -> None:
            is_first = next(arrivals) == 0
            alone = self._workspace.is_bare and self._workspace.asset == asset
            if not (was_empty and is_first and alone):  # it is on the table already
                self.drop((asset,), before=next(places) if places else None, merge_key=step)

        return place

    def close(self) -> None:
        """Fall silent."""
        QTimer.singleShot(0, self.panel.canvas.cancel_gesture)
        self.playback.close()
