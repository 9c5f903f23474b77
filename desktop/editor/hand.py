"""The hand: what was dragged on the canvas, as edits of the sound.

In: requests of the canvas. Out: gestures of `Editing`, one step of undo each.
"""

from fractions import Fraction
from functools import partial

import msgspec

from core.audio import edit
from core.audio.recipe import Marker
from desktop.editor.actions import Change, Editing
from desktop.editor.requests import (
    MoveClip,
    MoveMarker,
    SelectClips,
    SelectMode,
    SelectTime,
    SetFade,
    SetFadeShape,
    SetGain,
    Side,
    Trim,
)
from desktop.history import GESTURE
from desktop.workspace import Workspace


class Hand:
    """Applies what the canvas asks for."""

    def __init__(self, editing: Editing, workspace: Workspace) -> None:
        self._editing, self._workspace = editing, workspace

    def select(self, request: SelectClips) -> None:
        """Choose clips."""
        now = set(self._editing.selection)
        match request.mode:
            case SelectMode.REPLACE:
                chosen = set(request.indices)
            case SelectMode.TOGGLE:
                chosen = now ^ set(request.indices)
            case SelectMode.EXTEND:
                both = now | set(request.indices)
                chosen = set(range(min(both), max(both) + 1)) if both else set()
        self._editing.select(tuple(chosen))

    def select_time(self, request: SelectTime) -> None:
        """Choose a stretch."""
        if request.start_s is None or request.end_s is None:
            self._editing.select_stretch(None)
        else:
            self._editing.select_stretch((request.start_s, request.end_s))

    def trim(self, request: Trim) -> None:
        """Move an edge."""
        trim = edit.trim_in if request.side is Side.START else edit.trim_out
        to_s = self._editing.exact(request.mix_s)
        self._editing.gesture(
            request.gesture_id,
            "Trim",
            partial(trim, index=request.index, to_s=to_s, ripple=request.ripple),
        )

    def fade(self, request: SetFade) -> None:
        """Pull a fade."""
        fade = edit.set_fade_in if request.side is Side.START else edit.set_fade_out
        length_s = self._editing.exact(max(request.length_s, 0.0))
        text = "Fade in" if request.side is Side.START else "Fade out"
        self._editing.gesture(
            request.gesture_id, text, partial(fade, index=request.index, length_s=length_s)
        )

    def shape(self, request: SetFadeShape) -> None:
        """Give a fade another curve; a crossfade where one lies there."""
        self._editing.apply("Fade shape", self._shaped(request))

    def _shaped(self, request: SetFadeShape) -> Change:
        arrangement = self._workspace.arrangement
        index = request.index
        if arrangement is not None:
            after = index + 1
            if request.side is Side.START and arrangement.clips[index].overlap:
                return partial(edit.set_crossfade, index=index, shape=request.shape)
            if (
                request.side is Side.END
                and after < len(arrangement.clips)
                and arrangement.clips[after].overlap
            ):
                return partial(edit.set_crossfade, index=after, shape=request.shape)
        fade = edit.set_fade_in if request.side is Side.START else edit.set_fade_out
        return partial(fade, index=index, shape=request.shape)

    def gain(self, request: SetGain) -> None:
        """Pull the gain line."""
        self._editing.gesture(
            request.gesture_id,
            "Gain",
            lambda recipe, _assets: edit.set_gain(recipe, (request.index,), request.gain),
        )

    def move(self, request: MoveClip) -> None:
        """Drag a clip: to another place in the order, or freely between its neighbours."""
        index, to_index = request.index, request.to_index
        if to_index != index:
            before = to_index + 1 if to_index > index else to_index
            change: Change = partial(edit.move, indices=(index,), to_index=before)
        else:
            start_s = self._editing.exact(max(request.start_s, 0.0))
            change = partial(edit.place, index=index, start_s=start_s)
        self._editing.gesture(request.gesture_id, "Move", change)

    def move_marker(self, request: MoveMarker) -> None:
        """Drag a marker."""
        base = self._editing.base_of(request.gesture_id)
        if request.index >= len(base.markers):
            return
        moved = self._moved(base.markers[request.index], self._editing.exact(request.time_s))
        markers = [*base.markers]
        markers[request.index] = moved
        self._workspace.set_markers(
            tuple(sorted(markers, key=lambda marker: marker.time_s)),
            "Move marker",
            merge_key=f"{GESTURE}{request.gesture_id}",
        )

    @staticmethod
    def _moved(marker: Marker, time_s: Fraction) -> Marker:
        length = None if marker.end_s is None else marker.end_s - marker.time_s
        end_s = None if length is None else time_s + length
        return msgspec.structs.replace(marker, time_s=time_s, end_s=end_s)
