"""What a drag on the canvas asks for: each kind of drag turns pointer positions into requests.

In: where the drag began, what it holds, where the pointer is. Out: requests in terms of the
arrangement at the beginning. No painting, no edits.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field

from PySide6.QtCore import QPointF, Qt

from core.audio.arrangement import Arrangement, PlacedClip
from desktop.editor.hit import ClipShape, Grip, Hit, gain_to_height, height_to_gain
from desktop.editor.requests import (
    MoveClip,
    SelectTime,
    SetFade,
    SetGain,
    Side,
    Snap,
    Trim,
)
from desktop.editor.state import EditorState

SNAP_PX = 8.0
START_PX = 4.0
"""A press that moves less is a click."""
FINE = 0.1
"""With Shift a gain moves this much slower."""
UNITY_CATCH = 0.018
"""The gain line catches on 0 dB within this share of a clip's height."""

type Request = MoveClip | SelectTime | SetFade | SetGain | Trim

_ids: Iterator[int] = itertools.count(1)


def next_gesture_id() -> int:
    """Return a number that no gesture of this run had."""
    return next(_ids)


@dataclass(frozen=True, slots=True)
class Pointer:
    """Where the pointer is and which keys are held."""

    at: QPointF
    modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier

    def has(self, modifier: Qt.KeyboardModifier) -> bool:
        """Return whether a key is held."""
        return bool(self.modifiers & modifier)


@dataclass(slots=True)
class Drag:
    """A press that may become a drag; it holds on to what was there when it began."""

    state: EditorState
    hit: Hit
    pressed: Pointer
    shape: ClipShape | None
    """Of the clip in hand, as it was."""
    id: int = field(default_factory=next_gesture_id)
    is_drag: bool = False
    readout: str = ""
    """What is shown beside the pointer."""
    before: Arrangement = field(init=False)
    pressed_s: float = field(init=False)

    def __post_init__(self) -> None:
        self.before = self.state.arrangement
        self.pressed_s = self.state.viewport.time_at(self.pressed.at.x())

    @property
    def clip(self) -> PlacedClip | None:
        """The clip in hand, as it was."""
        return self.shape.clip if self.shape else None

    def starts(self, pointer: Pointer) -> bool:
        """Return whether the press is a drag by now."""
        moved = pointer.at - self.pressed.at
        return self.is_drag or max(abs(moved.x()), abs(moved.y())) >= START_PX

    def request(self, pointer: Pointer) -> Request | None:
        """Return what the pointer's place asks for."""
        self.is_drag = True
        self.state.snap_line_s = None
        match self.hit.grip:
            case Grip.EDGE:
                return self._trim(pointer)
            case Grip.FADE:
                return self._fade(pointer)
            case Grip.GAIN:
                return self._gain(pointer)
            case Grip.HEAD:
                return self._move(pointer)
            case Grip.BODY if self.pressed.has(Qt.KeyboardModifier.AltModifier):
                return self._move(pointer)
            case Grip.BODY | Grip.NOTHING:
                return self._select(pointer)

    # --- kinds ----------------------------------------------------------------------------

    def _trim(self, pointer: Pointer) -> Trim | None:
        if self.clip is None or self.hit.side is None:
            return None
        start_s, stop_s = self._span_s(self.clip)
        edge_s = start_s if self.hit.side is Side.START else stop_s
        time_s = self._snapped(edge_s + self._moved_s(pointer), pointer)
        return Trim(
            gesture_id=self.id,
            index=self.clip.index,
            side=self.hit.side,
            mix_s=max(0.0, time_s),
            ripple=pointer.has(Qt.KeyboardModifier.ShiftModifier),
        )

    def _fade(self, pointer: Pointer) -> SetFade | None:
        if self.clip is None or self.hit.side is None:
            return None
        start_s, stop_s = self._span_s(self.clip)
        rate = self.before.sample_rate_hz
        if self.hit.side is Side.START:
            knob_s = start_s + self.clip.fade_in / rate
            length_s = self._snapped(knob_s + self._moved_s(pointer), pointer) - start_s
        else:
            knob_s = stop_s - self.clip.fade_out / rate
            length_s = stop_s - self._snapped(knob_s + self._moved_s(pointer), pointer)
        length_s = min(max(0.0, length_s), stop_s - start_s)
        return SetFade(
            gesture_id=self.id, index=self.clip.index, side=self.hit.side, length_s=length_s
        )

    def _gain(self, pointer: Pointer) -> SetGain | None:
        if self.clip is None or self.shape is None:
            return None
        moved = (self.pressed.at.y() - pointer.at.y()) / max(1.0, self.shape.body.height())
        if pointer.has(Qt.KeyboardModifier.ShiftModifier):
            moved *= FINE
        height = gain_to_height(self.clip.clip.gain) + moved
        unity = gain_to_height(1.0)
        caught = abs(height - unity) < UNITY_CATCH and not pointer.modifiers
        gain = 1.0 if caught else height_to_gain(height)
        return SetGain(gesture_id=self.id, index=self.clip.index, gain=gain)

    def _move(self, pointer: Pointer) -> MoveClip | None:
        if self.clip is None:
            return None
        start_s, stop_s = self._span_s(self.clip)
        length_s = stop_s - start_s
        free_s = max(0.0, start_s + self._moved_s(pointer))
        moved_s = max(0.0, self._snapped_clip(free_s, length_s, pointer))
        to_index = self._order(moved_s + length_s / 2)
        return MoveClip(
            gesture_id=self.id, index=self.clip.index, start_s=moved_s, to_index=to_index
        )

    def _select(self, pointer: Pointer) -> SelectTime:
        viewport = self.state.viewport
        anchor_s = self._snapped(self.pressed_s, pointer)
        time_s = self._snapped(viewport.time_at(pointer.at.x()), pointer)
        last_s = self.state.viewport.duration_s
        low, high = sorted(min(max(0.0, value), last_s) for value in (anchor_s, time_s))
        return SelectTime(gesture_id=self.id, start_s=low, end_s=high)

    # --- parts ----------------------------------------------------------------------------

    def _span_s(self, clip: PlacedClip) -> tuple[float, float]:
        rate = self.before.sample_rate_hz
        return clip.start / rate, clip.stop / rate

    def _moved_s(self, pointer: Pointer) -> float:
        return self.state.viewport.time_at(pointer.at.x()) - self.pressed_s

    def _order(self, middle_s: float) -> int:
        """Return the clip's place in the order; other clips count with their middles."""
        rate = self.before.sample_rate_hz
        own = self.clip.index if self.clip else -1
        return sum(
            (clip.start + clip.stop) / 2 / rate < middle_s
            for clip in self.before.clips
            if clip.index != own
        )

    def _catch(self, time_s: float, pointer: Pointer) -> Snap | None:
        if pointer.has(Qt.KeyboardModifier.ControlModifier):
            return None  # held: place it freely
        return self.state.snap(time_s, SNAP_PX / self.state.viewport.px_per_s)

    def _snapped(self, time_s: float, pointer: Pointer) -> float:
        caught = self._catch(time_s, pointer)
        if caught is None:
            return time_s
        self.state.snap_line_s = caught.time_s
        return caught.time_s

    def _snapped_clip(self, start_s: float, length_s: float, pointer: Pointer) -> float:
        """Return where a clip starts when its nearer end catches."""
        ends = ((start_s, 0.0), (start_s + length_s, length_s))
        caught = [
            (abs(snap.time_s - time_s), snap.time_s, snap.time_s - shift_s)
            for time_s, shift_s in ends
            if (snap := self._catch(time_s, pointer)) is not None
        ]
        if not caught:
            return start_s
        _, self.state.snap_line_s, result = min(caught)
        return result
