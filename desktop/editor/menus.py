"""Menus of the editor: what can be done with a clip, a fade, a gap, a marker, the whole sound.

In: where the menu was asked for. Out: verbs of the desk; nothing is done here itself.
"""

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QPoint
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu, QWidget

from core.audio.playback.model import OutputDevice
from core.audio.recipe import FadeShape
from desktop import theme
from desktop.editor.actions import Editing
from desktop.editor.requests import ContextMenu, Place, SetFadeShape, Side
from desktop.editor.state import Lanes, TimeUnit, View
from desktop.keymap import Keymap
from desktop.shortcuts import Act

SHAPES = {
    FadeShape.LINEAR: "Linear",
    FadeShape.EQUAL_POWER: "Equal power",
    FadeShape.S_CURVE: "S curve",
    FadeShape.LOG: "Logarithmic",
}
UNITS = {TimeUnit.TIME: "Time", TimeUnit.BARS: "Bars", TimeUnit.SAMPLES: "Samples"}
DEFAULT_DEVICE = "The system's own choice"

Verbs = dict[Act, Callable[[], object]]


class Menus:
    """Builds and shows the editor's menus."""

    def __init__(self, parent: QWidget, keymap: Keymap, verbs: Verbs, editing: Editing) -> None:
        self._parent, self._keymap, self._verbs = parent, keymap, verbs
        self._editing = editing
        self.shape: Callable[[SetFadeShape], None] = lambda _request: None
        self.rename_clip: Callable[[int], None] = lambda _index: None
        self.rename_marker: Callable[[int], None] = lambda _index: None
        self.from_silence: Callable[[], None] = lambda: None

    def show(self, request: ContextMenu) -> QMenu:
        """Show the menu of a place."""
        is_clip = request.index is not None and request.place in (Place.CLIP, Place.FADE)
        if is_clip and request.index not in self._editing.selection:
            self._editing.select((request.index or 0,))
        menu = self._at(request.place, request)
        menu.popup(request.at)
        return menu

    def show_clips(self, at: QPoint) -> QMenu:
        """Show the menu of the chosen clips."""
        chosen = self._editing.selection
        menu = self._clip_menu(chosen[0] if len(chosen) == 1 else None)
        menu.popup(at)
        return menu

    def _at(self, place: Place, request: ContextMenu) -> QMenu:
        match place:
            case Place.CLIP:
                return self._clip_menu(request.index)
            case Place.FADE:
                return self._fade_menu(request)
            case Place.MARKER:
                return self._marker_menu(request.index or 0)
            case Place.TIME_SELECTION:
                return self._stretch_menu()
            case _:
                return self._empty_menu()

    def _menu(self) -> QMenu:
        menu = QMenu(self._parent)
        menu.aboutToHide.connect(menu.deleteLater)
        return menu

    def _act(self, menu: QMenu, act: Act, text: str, icon: str = "") -> QAction:
        keys = self._keymap.text(act)
        action = QAction(f"{text}\t{keys}", menu)
        if icon:
            action.setIcon(theme.icon(icon))
        action.triggered.connect(lambda: self._verbs[act]())
        menu.addAction(action)
        return action

    @staticmethod
    def _plain(menu: QMenu, text: str, do: Callable[[], object], icon: str = "") -> QAction:
        action = QAction(text, menu)
        if icon:
            action.setIcon(theme.icon(icon))
        action.triggered.connect(lambda: do())
        menu.addAction(action)
        return action

    def _clip_menu(self, index: int | None) -> QMenu:
        menu = self._menu()
        self._act(menu, Act.SPLIT, "Split at the playhead", "scissors")
        self._act(menu, Act.JOIN, "Join", "combine").setEnabled(len(self._editing.selection) > 1)
        self._act(menu, Act.DUPLICATE, "Duplicate", "copy")
        menu.addSeparator()
        self._act(menu, Act.CUT, "Cut")
        self._act(menu, Act.COPY, "Copy")
        self._act(menu, Act.MUTE, "Mute or unmute", "volume-x")
        if index is not None:
            self._plain(menu, "Rename", partial(self.rename_clip, index))
            self._plain(menu, "Split at silences", self.from_silence, "audio-waveform")
        menu.addSeparator()
        self._act(menu, Act.TRIM_START, "Start it at the playhead")
        self._act(menu, Act.TRIM_END, "End it at the playhead")
        menu.addSeparator()
        self._act(menu, Act.DELETE, "Delete and close the gap", "trash-2")
        self._act(menu, Act.LIFT, "Delete and leave the gap")
        return menu

    def _fade_menu(self, request: ContextMenu) -> QMenu:
        menu = self._menu()
        index, side = request.index or 0, request.side or Side.START
        for shape, text in SHAPES.items():
            wanted = SetFadeShape(index=index, side=side, shape=shape)
            self._plain(menu, text, partial(self.shape, wanted))
        return menu

    def _marker_menu(self, index: int) -> QMenu:
        menu = self._menu()
        self._plain(menu, "Rename", partial(self.rename_marker, index))
        self._plain(
            menu, "Delete marker", partial(self._editing.change_marker, index, None), "trash-2"
        )
        return menu

    def _stretch_menu(self) -> QMenu:
        menu = self._menu()
        self._act(menu, Act.SPLIT, "Split at both ends", "scissors")
        self._plain(menu, "Keep only this", self._editing.crop)
        self._act(menu, Act.LOOP, "Repeat", "repeat")
        self._act(menu, Act.MARKER, "Mark it", "flag")
        menu.addSeparator()
        self._act(menu, Act.DELETE, "Delete and close the gap", "trash-2")
        self._act(menu, Act.LIFT, "Delete and leave silence")
        return menu

    def _empty_menu(self) -> QMenu:
        menu = self._menu()
        self._act(menu, Act.PASTE, "Paste").setEnabled(bool(self._editing.copied))
        self._act(menu, Act.MARKER, "Set a marker", "flag")
        self._act(menu, Act.SELECT_ALL, "Select all clips")
        menu.addSeparator()
        self._act(menu, Act.ZOOM_ALL, "Show everything")
        return menu


def choices[T](
    menu: QMenu, title: str, options: dict[T, str], now: T, pick: Callable[[T], object]
) -> QMenu:
    """Add a submenu of which one entry holds."""
    sub = menu.addMenu(title)
    group = QActionGroup(sub)
    for value, text in options.items():
        action = QAction(text, sub)
        action.setCheckable(True)
        action.setChecked(value == now)
        action.triggered.connect(lambda _on=False, value=value: pick(value))
        group.addAction(action)
        sub.addAction(action)
    return sub


def device_names(devices: tuple[OutputDevice, ...]) -> dict[str | None, str]:
    """Return devices by id with their names, the system's choice first."""
    return {None: DEFAULT_DEVICE} | {device.id: device.name for device in devices}


VIEWS = {View.WAVE: "Waveform", View.SPECTROGRAM: "Spectrogram"}
LANES = {Lanes.AUTO: "As it fits", Lanes.MONO: "One wave", Lanes.STEREO: "Left and right"}
