"""What the hand asks of the editor: one frozen value for each kind of wish.

In: gestures on the canvas. Out: values that the panel turns into edits of the recipe. All values
of one drag carry the same `gesture_id` and speak of the arrangement as it was when the drag
began: whoever applies them applies each to the recipe of that moment, so that the last one alone
counts and a drag is one step of undo.
"""

from dataclasses import dataclass
from enum import Enum, StrEnum, auto

from PySide6.QtCore import QPoint

from core.audio.recipe import FadeShape


class Side(StrEnum):
    """An end of a clip or of a stretch."""

    START = "start"
    END = "end"


class SelectMode(Enum):
    """What a selection does to the one before."""

    REPLACE = auto()
    TOGGLE = auto()
    EXTEND = auto()


class Place(Enum):
    """What a context menu was asked on."""

    CLIP = auto()
    FADE = auto()
    GAP = auto()
    RULER = auto()
    MARKER = auto()
    TIME_SELECTION = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Snap:
    """Where a dragged time catches; `kind` says on what: the playhead, a marker, a beat."""

    time_s: float
    kind: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectClips:
    """Choose clips. `indices` in mix order; empty with REPLACE clears."""

    indices: tuple[int, ...]
    mode: SelectMode = SelectMode.REPLACE


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectTime:
    """Choose a stretch of the mix, in seconds; both None: none."""

    gesture_id: int
    start_s: float | None
    end_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trim:
    """Move an edge of a clip to a time of the mix (seconds).

    `ripple`: what comes after moves along; otherwise it stays where it is.
    """

    gesture_id: int
    index: int
    side: Side
    mix_s: float
    ripple: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SetFade:
    """Give a clip a fade of `length_s` seconds."""

    gesture_id: int
    index: int
    side: Side
    length_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SetFadeShape:
    """Give a fade, or the crossfade that lies there, another shape."""

    index: int
    side: Side
    shape: FadeShape


@dataclass(frozen=True, slots=True, kw_only=True)
class SetGain:
    """Give a clip a gain, linear 0 to 4."""

    gesture_id: int
    index: int
    gain: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveClip:
    """Move a clip so that it starts at `start_s` of the mix, in seconds.

    `to_index`: its place in the order when its middle has passed the middle of others; equal to
    `index` while it has not.
    """

    gesture_id: int
    index: int
    start_s: float
    to_index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveMarker:
    """Move a marker; `time_s` in seconds of the mix."""

    gesture_id: int
    index: int
    time_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SetOutputRange:
    """Render this stretch of the mix, in seconds."""

    gesture_id: int
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DropSounds:
    """Put assets or files into the mix at a time; `before` is the clip that they come before."""

    texts: tuple[str, ...]
    """Asset ids, or paths and links as they were dragged in."""
    time_s: float
    before: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextMenu:
    """Show a menu at a place on the screen."""

    at: QPoint
    """Global."""
    place: Place
    index: int | None
    """Of the clip or marker."""
    side: Side | None
    """Of the fade."""
    time_s: float
