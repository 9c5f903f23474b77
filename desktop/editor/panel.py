"""The editor panel: transport, minimap, ruler and clips of the sound on the table, their list.

In: the workspace's sound, its beats and markers, the state of playback. Out: what the hand and
the buttons ask for. It shows and asks; `desktop.editor.desk` wires it to what does the work.
"""

from collections.abc import Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QSplitter, QVBoxLayout

from core.audio.arrangement import Arrangement
from core.audio.recipe import Marker
from core.library.model import Asset
from core.paths import LibraryPaths
from desktop import theme
from desktop.editor.canvas import EditorCanvas
from desktop.editor.clip_list import ClipList
from desktop.editor.sounds import SoundFiles
from desktop.editor.state import EMPTY
from desktop.editor.transport import Transport
from desktop.stage.beats import Beats
from desktop.tasks import Background
from desktop.words import range_words

LIST_SHARE = (300, 130)
CANVAS_PX = {"prepare": 132, "visuals": 100}


class EditorPanel(QFrame):
    """The sound.

    Signals
    -------
    time_changed : float, seconds of the mix: the playhead moved, by hand or by playing
    """

    time_changed = Signal(float)

    def __init__(self, background: Background) -> None:
        super().__init__()
        self.setObjectName("panel")
        self.time_s = 0.0
        self._length_s = 0.0
        self.transport = Transport()
        self.canvas = EditorCanvas(background)
        self.clips = ClipList()
        self._build()

    def _build(self) -> None:
        self.split = QSplitter(Qt.Orientation.Vertical)
        self.split.addWidget(self.canvas)
        self.split.addWidget(self.clips)
        self.split.setChildrenCollapsible(False)
        self.split.setHandleWidth(6)
        self.split.setStretchFactor(0, 1)
        self.split.setSizes(list(LIST_SHARE))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(1, 2, 1, 4)
        layout.setSpacing(2)
        layout.addWidget(self.transport)
        layout.addWidget(self.split, 1)
        self.clips.setMinimumHeight(56)
        self.clips.hide()

    # --- show -----------------------------------------------------------------------------

    def show_page(self, page: str) -> None:
        """Show what a page is for: clips and their list on “prepare”."""
        self.transport.show_page(page)
        self.clips.setVisible(page == "prepare")
        self.canvas.setMinimumHeight(CANVAS_PX[page])

    def show_sound(
        self,
        arrangement: Arrangement | None,
        assets: Mapping[str, Asset],
        paths: LibraryPaths | None,
    ) -> tuple[str, ...]:
        """Show another arrangement; return the colour token of each clip."""
        shown = arrangement or EMPTY
        clips = [placed.clip for placed in shown.clips]
        hues = tuple(theme.load_theme().track_hue(clip.asset_id) for clip in clips)
        titles = tuple(clip.name or assets[clip.asset_id].title for clip in clips)
        if paths is not None:
            self.canvas.set_sounds({key: _files(asset, paths) for key, asset in assets.items()})
        self.canvas.set_arrangement(shown, titles=titles, hues=hues)
        self.clips.set_arrangement(shown, assets, hues)
        self._length_s = shown.duration_s
        for control in self.transport.controls:
            control.setEnabled(arrangement is not None)
        self.show_time(min(self.time_s, self._length_s))
        self.transport.show_time(self.time_s if arrangement else None, self._length_s)
        return hues

    def show_time(self, time_s: float) -> None:
        """Move the playhead, in seconds."""
        if time_s == self.time_s:
            return
        self.time_s = time_s
        self.canvas.set_playhead(time_s)
        self.transport.show_time(time_s if self._length_s else None, self._length_s)
        self.time_changed.emit(time_s)

    def show_selection(self, indices: tuple[int, ...]) -> None:
        """Show which clips are chosen."""
        self.canvas.set_selection(indices)
        self.clips.set_selection(indices)

    def show_marks(self, markers: tuple[Marker, ...], beats: Beats) -> None:
        """Show markers and beats."""
        self.canvas.set_markers(markers)
        self.canvas.set_beats(beats)

    def show_range(self, range_s: tuple[float, float], *, whole: bool) -> None:
        """Show the stretch that the video shows."""
        self.canvas.set_output_range(None if whole else range_s)
        text = "" if not self._length_s else "Whole track" if whole else range_words(*range_s)
        self.transport.show_range(text, whole=whole)


def _files(asset: Asset, paths: LibraryPaths) -> SoundFiles:
    key = asset.pcm.key
    return SoundFiles(peaks=paths.peaks(key), pcm=paths.pcm(key), info=asset.pcm)
