"""The editor's “more” menu: files, markers, silence, how the sound is shown, where it is heard.

In: the desk's parts. Out: a menu that is filled each time it opens.
"""

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from core.audio.playback.model import OutputDevice
from desktop import theme
from desktop.editor.actions import Editing
from desktop.editor.canvas import EditorCanvas
from desktop.editor.menus import LANES, UNITS, VIEWS, choices, device_names
from desktop.editor.snapping import Snapping
from desktop.editor.sound_files import SoundFileActions
from desktop.editor.state import Lanes, TimeUnit, View
from desktop.playback import Playback
from desktop.workspace import Workspace


class MoreMenu:
    """Fills the menu of the transport."""

    def __init__(
        self,
        menu: QMenu,
        files: SoundFileActions,
        *,
        workspace: Workspace,
        canvas: EditorCanvas,
        playback: Playback,
        editing: Editing,
        snapping: Snapping,
    ) -> None:
        self._menu, self._files, self._workspace = menu, files, workspace
        self._canvas, self._playback = canvas, playback
        self._editing, self._snapping = editing, snapping
        self._devices: tuple[OutputDevice, ...] = ()
        self._view, self._lanes, self._unit = View.WAVE, Lanes.AUTO, TimeUnit.TIME
        menu.aboutToShow.connect(self.fill)
        playback.devices_changed.connect(self._on_devices)

    def _on_devices(self, devices: tuple[OutputDevice, ...]) -> None:
        self._devices = devices
        if self._menu.isVisible():
            self.fill()

    def fill(self) -> None:
        """Build the menu anew."""
        if not self._menu.isVisible():
            self._playback.ask_devices()
        menu = self._menu
        menu.clear()
        self._add("file-output", "Save the sound as a file…", self._files.export)
        menu.addSeparator()
        self._add("audio-waveform", "Trim silence at both ends", self._files.trim_silence)
        self._add("", "Split the clip at its silences", self._files.clips_from_silence)
        menu.addSeparator()
        self._add("flag", "Read markers from a file…", self._files.import_markers)
        markers = self._workspace.project.markers
        self._add("", "Split at the markers", self._editing.split_at_markers).setEnabled(
            bool(markers)
        )
        self._add("", "Save markers…", self._files.export_markers).setEnabled(bool(markers))
        chapters = self._add("", "Markers from chapters", self._files.add_chapters)
        chapters.setEnabled(self._workspace.has_chapters)
        menu.addSeparator()
        choices(menu, "Show as", VIEWS, self._view, self._set_view)
        choices(menu, "Waves", LANES, self._lanes, self._set_lanes)
        choices(menu, "Ruler", UNITS, self._unit, self._set_unit)
        zero = self._add("", "Snap to zero crossings", self._snapping.set_zero)
        zero.setCheckable(True)
        zero.setChecked(self._snapping.finds_zero)
        menu.addSeparator()
        names = device_names(self._devices)
        choices(
            menu, "Listen on", names, self._playback.device_id, self._playback.choose_device
        ).setIcon(theme.icon("volume-2"))

    def _add(self, icon: str, text: str, do: object) -> QAction:
        action = QAction(text, self._menu)
        if icon:
            action.setIcon(theme.icon(icon))
        action.triggered.connect(do)
        self._menu.addAction(action)
        return action

    def _set_view(self, view: View) -> None:
        self._view = view
        self._canvas.set_view(view)

    def _set_lanes(self, lanes: Lanes) -> None:
        self._lanes = lanes
        self._canvas.set_lanes(lanes)

    def _set_unit(self, unit: TimeUnit) -> None:
        self._unit = unit
        self._canvas.set_time_unit(unit)
