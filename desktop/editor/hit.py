"""Where things lie on the canvas, and what is under the pointer. Pure geometry.

In: the state and the size of the canvas. Out: rectangles, handles, a `Hit`.
"""

from dataclasses import dataclass
from enum import Enum, auto

from PySide6.QtCore import QPointF, QRectF

from core.audio.arrangement import PlacedClip
from desktop.editor.requests import Side
from desktop.editor.state import HEAD_PX, EditorState

EDGE_PX = 6.0
KNOB_PX = 8.0
"""How near to a fade's knob a press takes it."""
GAIN_PX = 4.0
HANDLES_FROM_PX = 28.0
"""A clip that is narrower has edges only; below `EDGES_FROM_PX` it can be moved only."""
EDGES_FROM_PX = 10.0
MAX_GAIN = 4.0


class Grip(Enum):
    """What a press takes hold of."""

    NOTHING = auto()
    HEAD = auto()
    BODY = auto()
    EDGE = auto()
    FADE = auto()
    GAIN = auto()


@dataclass(frozen=True, slots=True)
class Hit:
    """What is under the pointer."""

    grip: Grip = Grip.NOTHING
    index: int | None = None
    """Of the clip."""
    side: Side | None = None
    """Of the edge or fade."""


NOTHING = Hit()


def gain_to_height(gain: float) -> float:
    """Return how high a gain lies in a clip, 0 to 1: 0 dB in the middle, +12 dB on top."""
    share: float = min(max(gain / MAX_GAIN, 0.0), 1.0) ** 0.5
    return share


def height_to_gain(height: float) -> float:
    """Return the gain at a height from 0 to 1."""
    inside = min(max(height, 0.0), 1.0)
    return MAX_GAIN * inside * inside


@dataclass(frozen=True, slots=True)
class ClipShape:
    """Where one clip's parts lie, in pixels of the canvas."""

    clip: PlacedClip
    rect: QRectF
    head_px: float
    knob_xs: tuple[float, float]
    """Where the fade in ends and the fade out begins."""
    seen_until: float
    """Right end of what no later clip covers."""

    @property
    def body(self) -> QRectF:
        """The part below the title bar."""
        return self.rect.adjusted(0, self.head_px, 0, 0)

    def knob(self, side: Side) -> QPointF:
        """Return where the knob of a fade lies."""
        inset = min(KNOB_PX, self.rect.width() / 4)
        if side is Side.START:
            x = max(self.knob_xs[0], self.rect.left() + inset)
        else:
            x = min(self.knob_xs[1], self.rect.right() - inset)
        return QPointF(x, self.body.top() + 1)

    @property
    def gain_y(self) -> float:
        """Where the gain line lies."""
        body = self.body
        return body.bottom() - gain_to_height(self.clip.clip.gain) * body.height()


class Layout:
    """Where the clips lie on a canvas of some height."""

    def __init__(self, state: EditorState, height_px: float) -> None:
        self._state = state
        self.height_px = height_px

    def shape(self, clip: PlacedClip) -> ClipShape:
        """Return where a clip lies."""
        rate, x_of = self._state.arrangement.sample_rate_hz, self._state.viewport.x_of
        left, right = x_of(clip.start / rate), x_of(clip.stop / rate)
        clips = self._state.arrangement.clips
        after = clips[clip.index + 1] if clip.index + 1 < len(clips) else None
        return ClipShape(
            clip=clip,
            rect=QRectF(left, 0, right - left, self.height_px),
            head_px=float(HEAD_PX),
            knob_xs=(
                x_of((clip.start + clip.fade_in) / rate),
                x_of((clip.stop - clip.fade_out) / rate),
            ),
            seen_until=right if after is None else min(right, x_of(after.start / rate)),
        )

    def shapes(self) -> list[ClipShape]:
        """Return where every clip on screen lies."""
        return [self.shape(clip) for clip in self._state.visible()]

    def hit(self, at: QPointF) -> Hit:
        """Return what is at a place. A selected clip wins over its neighbours' handles."""
        if not 0 <= at.y() <= self.height_px:
            return NOTHING
        near = self._near(at.x())
        near.sort(key=lambda shape: shape.clip.index not in self._state.selection)
        for shape in near:
            handle = self._handle(shape, at)
            if handle is not None:
                return handle
        inside = [shape for shape in near if shape.rect.left() <= at.x() < shape.rect.right()]
        if not inside:
            return NOTHING
        top = max(inside, key=lambda shape: shape.clip.index)
        grip = Grip.HEAD if at.y() < top.head_px else Grip.BODY
        return Hit(grip, top.clip.index)

    def _near(self, x: float) -> list[ClipShape]:
        viewport, rate = self._state.viewport, self._state.arrangement.sample_rate_hz
        first = int(viewport.time_at(x - EDGE_PX) * rate)
        last = int(viewport.time_at(x + EDGE_PX) * rate) + 1
        return [self.shape(clip) for clip in self._state.arrangement.between(first, last)]

    def _handle(self, shape: ClipShape, at: QPointF) -> Hit | None:
        index, rect = shape.clip.index, shape.rect
        if rect.width() >= HANDLES_FROM_PX:
            for side in Side:
                knob = shape.knob(side)
                if abs(at.x() - knob.x()) <= KNOB_PX and -4 <= at.y() - knob.y() <= KNOB_PX + 2:
                    return Hit(Grip.FADE, index, side)
        if rect.width() >= EDGES_FROM_PX and at.y() > shape.head_px:
            reach = min(EDGE_PX, rect.width() / 4)
            if -2 <= at.x() - rect.left() <= reach:
                return Hit(Grip.EDGE, index, Side.START)
            if -2 <= rect.right() - at.x() <= reach:
                return Hit(Grip.EDGE, index, Side.END)
        on_line = abs(at.y() - shape.gain_y) <= GAIN_PX and at.y() > shape.head_px
        wide = rect.width() >= HANDLES_FROM_PX and rect.left() <= at.x() < rect.right()
        # The line lies where one drags to choose a stretch, so only chosen clips offer it.
        if on_line and wide and index in self._state.selection:
            return Hit(Grip.GAIN, index)
        return None
