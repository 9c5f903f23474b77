"""The editor's canvas: minimap, ruler and clips, as one widget with one door.

In: an arrangement and what belongs to it. Out: what the hand asks for, as signals; it edits
nothing itself.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import override

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from core.audio.arrangement import Arrangement
from core.audio.recipe import Marker
from desktop.editor.clip_area import ClipArea
from desktop.editor.minimap import Minimap
from desktop.editor.picture import ClipTables
from desktop.editor.ruler import Ruler
from desktop.editor.sounds import SoundFiles, SoundStore
from desktop.editor.state import EditorState, Lanes, Snapper, TimeUnit, View, no_snap
from desktop.editor.viewport import EditorViewport, Follow
from desktop.stage.beats import Beats
from desktop.tasks import Background

GAP_PX = 4


class EditorCanvas(QWidget):
    """The mix as clips on a waveform.

    Signals
    -------
    seek_requested : float, seconds of the mix: a click
    scrub_requested : float, seconds; a stream while the ruler is dragged, then scrub_ended
    selection_requested : SelectClips
    time_selection_requested : SelectTime
    trim_requested, fade_requested, gain_requested, move_requested :
        Trim, SetFade, SetGain, MoveClip; streams of one drag share a gesture_id and speak of the
        arrangement at its beginning
    split_requested : float, seconds of the mix: Alt and a click on a clip
    marker_moved : MoveMarker, a stream likewise
    output_range_requested : SetOutputRange, a stream likewise
    gesture_ended, gesture_cancelled : int, the gesture_id: keep it as one step, or take it back
    marker_rename_requested : int, number of the marker
    drop_requested : DropSounds
    context_menu_requested : ContextMenu
    view_changed : another stretch is on screen, or another width
    """

    seek_requested = Signal(float)
    scrub_requested = Signal(float)
    scrub_ended = Signal()
    selection_requested = Signal(object)
    time_selection_requested = Signal(object)
    trim_requested = Signal(object)
    fade_requested = Signal(object)
    gain_requested = Signal(object)
    move_requested = Signal(object)
    split_requested = Signal(float)
    marker_moved = Signal(object)
    marker_rename_requested = Signal(int)
    output_range_requested = Signal(object)
    drop_requested = Signal(object)
    context_menu_requested = Signal(object)
    gesture_ended = Signal(int)
    gesture_cancelled = Signal(int)
    view_changed = Signal()

    def __init__(self, background: Background, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = EditorState()
        self._follow = Follow.PAGE
        self._is_held = self._was_whole = False
        self.store = SoundStore(background, self)
        tables = ClipTables(self._state)
        self.minimap = Minimap(self._state, self.store, tables)
        self.ruler = Ruler(self._state)
        self.area = ClipArea(self._state, self.store, tables)
        self._build()
        self._connect()

    def _build(self) -> None:
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setFocusProxy(self.area)
        for part in (self.minimap, self.ruler):
            part.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
            part.setFocusProxy(self.area)
        self.setAccessibleName("Editor")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.minimap)
        layout.addSpacing(GAP_PX)
        layout.addWidget(self.ruler)
        layout.addWidget(self.area, 1)

    def _connect(self) -> None:
        self.store.changed.connect(self._on_sounds)
        self.area.gesture_ended.connect(self._let_go)
        self.area.gesture_cancelled.connect(self._let_go)
        for part in (self.minimap, self.ruler, self.area):
            part.view_changed.connect(self._on_view)
        for name in (
            *("seek_requested", "context_menu_requested", "gesture_ended", "gesture_cancelled"),
            *("scrub_requested", "scrub_ended", "marker_moved", "marker_rename_requested"),
            *("output_range_requested", "selection_requested", "time_selection_requested"),
            *("trim_requested", "fade_requested", "gain_requested", "move_requested"),
            *("split_requested", "drop_requested"),
        ):
            for part in (self.ruler, self.area):
                if hasattr(part, name):
                    getattr(part, name).connect(getattr(self, name))

    # --- content --------------------------------------------------------------------------

    @property
    def viewport(self) -> EditorViewport:
        """What is on screen. Call `refresh` after changing it."""
        return self._state.viewport

    @property
    def loop(self) -> tuple[float, float] | None:
        """The stretch that is played over and over."""
        return self._state.loop

    @property
    def dragging(self) -> bool:
        """Whether something is in hand."""
        return self.area.dragging

    def set_sounds(self, files: Mapping[str, SoundFiles]) -> None:
        """Say where the sounds of the assets lie, by asset id."""
        self.store.set_files(files)
        self.refresh()

    def set_arrangement(
        self, arrangement: Arrangement, *, titles: Sequence[str], hues: Sequence[str]
    ) -> None:
        """Show another arrangement. `titles` and `hues` (colour tokens): one for each clip."""
        state = self._state
        state.arrangement, state.titles, state.hues = arrangement, tuple(titles), tuple(hues)
        state.version += 1
        kept = range(len(arrangement.clips))
        state.selection = frozenset(index for index in state.selection if index in kept)
        if self.dragging and not self._is_held:
            self._is_held, self._was_whole = True, state.viewport.whole
        state.viewport.set_content(
            arrangement.duration_s, arrangement.sample_rate_hz, held=self._is_held
        )
        self.refresh()

    def set_markers(self, markers: Iterable[Marker]) -> None:
        """Show markers; their numbers are their places here."""
        self._state.markers = tuple(markers)
        self.refresh()

    def set_beats(self, beats: Beats) -> None:
        """Show where the beats are, in seconds of the mix."""
        self._state.beats = beats
        self.refresh()

    def set_playhead(self, time_s: float) -> None:
        """Move the playhead, in seconds.

        The view follows as `set_follow` says, unless the playhead was not on screen: whoever
        scrolled away looks at something else. `reveal` brings it back.
        """
        before_s, self._state.playhead_s = self._state.playhead_s, time_s
        if time_s == before_s:
            return
        seen = 0 <= self._state.viewport.x_of(before_s) <= self.width()
        free = seen and not self.dragging
        if free and self._state.viewport.follow(time_s, self._follow):
            self._on_view()
            return
        for part in (self.minimap, self.ruler, self.area):
            part.move_playhead(before_s)

    def set_selection(self, indices: Iterable[int]) -> None:
        """Show clips as chosen."""
        self._state.selection = frozenset(indices)
        self.refresh()

    def set_time_selection(self, stretch: tuple[float, float] | None) -> None:
        """Show a stretch as chosen, in seconds."""
        self._state.time_selection = stretch
        self.refresh()

    def set_output_range(self, stretch: tuple[float, float] | None) -> None:
        """Show which stretch is rendered, in seconds; None: all of it."""
        self._state.output_range = stretch
        self.refresh()

    def set_loop(self, stretch: tuple[float, float] | None) -> None:
        """Show which stretch is played over and over, in seconds."""
        self._state.loop = stretch
        self.refresh()

    def set_snap(self, snap: Snapper | None) -> None:
        """Say what dragged times catch on: (time_s, tolerance_s) to a Snap or None."""
        self._state.snap = snap or no_snap

    # --- how it is shown ------------------------------------------------------------------

    def set_view(self, view: View) -> None:
        """Draw waves or spectrograms."""
        self._state.view = view
        self.refresh()

    def set_lanes(self, lanes: Lanes) -> None:
        """Draw one wave for all channels, or two."""
        self._state.lanes = lanes
        self.refresh()

    def set_time_unit(self, unit: TimeUnit) -> None:
        """Let the ruler count in times, samples or bars."""
        self._state.unit = unit
        self.refresh()

    def set_follow(self, follow: Follow) -> None:
        """Say how the view goes with the playhead."""
        self._follow = follow

    def zoom(self, factor: float) -> None:
        """Show less (factor over 1) or more, around the playhead if it is on screen."""
        viewport = self._state.viewport
        x = viewport.x_of(self._state.playhead_s)
        viewport.zoom(factor, x if 0 <= x <= viewport.width_px else viewport.width_px / 2)
        self._on_view()

    def zoom_to(self, start_s: float, end_s: float) -> None:
        """Show a stretch, in seconds."""
        self._state.viewport.show(start_s, end_s)
        self._on_view()

    def zoom_to_fit(self) -> None:
        """Show all of the mix."""
        self._state.viewport.fit()
        self._on_view()

    def reveal(self, start_s: float, end_s: float) -> None:
        """Bring a stretch on screen with as little movement as needed."""
        self._state.viewport.reveal(start_s, end_s)
        self._on_view()

    def refresh(self) -> None:
        """Paint everything again; what has not changed comes from memory."""
        for part in (self.minimap, self.ruler, self.area):
            part.update()

    def retry_sounds(self) -> None:
        """Read again what was missing: an evicted sound may have been decoded anew."""
        self.store.retry()

    def cancel_gesture(self) -> bool:
        """Let go of what is in hand as Esc does; return whether there was any."""
        return self.area.cancel() or self.ruler.cancel()

    @Slot(int)
    def _let_go(self, _gesture_id: int) -> None:
        """Show what was whole whole again: under the hand the view stood still."""
        if self._is_held:
            self._is_held = False
            viewport = self._state.viewport
            viewport.pan_px(0)
            if self._was_whole:
                viewport.fit()
            self._on_view()

    @Slot()
    def _on_sounds(self) -> None:
        self.minimap.update()
        self.area.update()

    @Slot()
    def _on_view(self) -> None:
        self.refresh()
        self.view_changed.emit()

    # --- Qt -------------------------------------------------------------------------------

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.cancel_gesture():
            return
        super().keyPressEvent(event)

    @override
    def sizeHint(self) -> QSize:
        return QSize(640, 200)
