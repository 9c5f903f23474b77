"""The picture of the clips: bodies, title bars and waves of everything on screen in one image.

In: the columns of a view and how each clip looks. Out: an indexed QImage that covers the view.
Numpy fills it in a few passes, as fast for a thousand clips as for one.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage

from desktop.editor.columns import Layer, ViewColumns
from desktop.editor.looks import GAP_SLOT, ROLES, Role, color_table

type Pixels = NDArray[np.uint8]
type Slots = NDArray[np.uint8]

SEPARATE_PX = 4
WIDE_PX = 20
"""Clips get a line around them from this width, and something dark between them before."""


@dataclass(frozen=True, slots=True)
class StripShape:
    """How tall the parts are, in device pixels."""

    height: int
    head: int
    """Title bar; 0: none."""
    lanes: int
    edge: int
    """Width of the line around a clip; 0: none."""
    inset: int
    """Room above and below the wave of a lane."""


@dataclass(frozen=True, slots=True)
class Ink:
    """What is drawn into the bodies: rows (height of all lanes, n) of roles, per layer."""

    top: Pixels
    under: Pixels | None


@dataclass(frozen=True, slots=True)
class Looks:
    """How clips look, and which columns of pixels lie outside of what is rendered."""

    slots: Slots
    """(clips + 1,): the last entry is that of gaps, which clip -1 picks."""
    outside: NDArray[np.bool_] | None = None
    """(columns,)"""

    def bases(self, clip: NDArray[np.intp], columns: NDArray[np.intp] | None = None) -> Pixels:
        """Return the first colour of the clip at every column (or at some `columns`)."""
        base: Pixels = self.slots[clip] * np.uint8(ROLES)
        if self.outside is not None:
            outside = self.outside if columns is None else self.outside[columns]
            base += outside.view(np.uint8) * np.uint8(ROLES)
        return base


def strip_image(view: ViewColumns, looks: Looks, shape: StripShape, ink: Ink) -> QImage:
    """Return the picture of a view.

    Parameters
    ----------
    view : ViewColumns
    looks : Looks
    shape : StripShape
    ink : Ink
        The waves (`wave_ink`).
    """
    clip = view.top.clip
    count = len(clip)
    pixels = np.empty((shape.height, -(-count // 4) * 4), np.uint8)
    inner = pixels[:, :count]
    base = looks.bases(clip)
    here = (clip >= 0).astype(np.uint8)
    body_top = shape.edge + shape.head
    inner[: shape.edge] = base + here * Role.EDGE
    inner[shape.edge : body_top] = base + here * Role.HEAD
    body = inner[body_top : shape.height - shape.edge]
    body[:] = base
    lane_rows = body[: len(ink.top)]
    lane_rows += ink.top
    _cross(view, looks, body, ink)
    inner[shape.height - shape.edge :] = base + here * Role.EDGE
    if shape.edge:
        _edges(inner, clip, base, shape.edge)
    return _image(pixels, count)


def wave_ink(view: ViewColumns, shape: StripShape, *, near: bool = False) -> Ink:
    """Return the waves of both layers; `near`: single samples are about to be seen."""
    rows = shape.height - 2 * shape.edge - shape.head
    under = None if view.under is None else _waves(view.under, rows, shape, near=near)
    return Ink(_waves(view.top, rows, shape, near=near), under)


def bare_ink(view: ViewColumns, shape: StripShape) -> Ink:
    """Return bodies without waves: something else is drawn into them."""
    rows = shape.height - 2 * shape.edge - shape.head
    return Ink(np.zeros((rows, len(view.top.clip)), np.uint8), None)


def _waves(layer: Layer, rows: int, shape: StripShape, *, near: bool) -> Pixels:
    ink = np.zeros((rows, len(layer.clip)), np.uint8)
    lane_px = rows // shape.lanes
    here = layer.clip >= 0
    for lane in range(shape.lanes):
        part = ink[lane * lane_px : (lane + 1) * lane_px]
        if shape.lanes == 1:
            low, high, rms = layer.low.min(0), layer.high.max(0), layer.rms.max(0)
        else:
            low, high, rms = layer.low[lane], layer.high[lane], layer.rms[lane]
        if near:
            low, high = _linked(low, high)
        _fill_lane(part, low, high, rms=rms, fade=layer.fade, inset=shape.inset)
        part *= here
    return ink


def _linked(
    low: NDArray[np.float32], high: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Let each column reach the one before, so that few samples still make one line."""
    reached_low, reached_high = low.copy(), high.copy()
    np.minimum(low[1:], high[:-1], out=reached_low[1:])
    np.maximum(high[1:], low[:-1], out=reached_high[1:])
    return reached_low, reached_high


def _fill_lane(
    part: Pixels,
    low: NDArray[np.float32],
    high: NDArray[np.float32],
    *,
    rms: NDArray[np.float32],
    fade: NDArray[np.float32],
    inset: int,
) -> None:
    """Add one step of role for each of: with the fade taken away, as it sounds, energy."""
    height = len(part)
    rows = np.arange(height, dtype=np.int16)[:, None]
    centre, reach = (height - 1) / 2, max(1.0, height / 2 - inset)

    def extent(bottom: NDArray[np.float32], top: NDArray[np.float32], pad: float) -> Pixels:
        first = np.ceil(centre - top * reach - pad).astype(np.int16)
        last = np.floor(centre - bottom * reach + pad).astype(np.int16)
        inside = rows >= first
        inside &= rows <= last
        return inside.view(np.uint8)

    kept_low, kept_high = low * fade, high * fade
    kept = extent(kept_low, kept_high, 0.5)
    part += kept
    part += extent(low, high, 0.5) if bool((fade < 1).any()) else kept
    energy = rms * fade
    part += extent(np.maximum(-energy, kept_low), np.minimum(energy, kept_high), 0.0)


def _cross(view: ViewColumns, looks: Looks, body: Pixels, ink: Ink) -> None:
    """Draw the earlier clip of a crossfade where the later one leaves room."""
    if view.under is None or ink.under is None or not len(view.crossed):
        return
    rows = len(ink.top)
    below = looks.bases(view.under.clip, view.crossed) + np.where(
        ink.under > 0, ink.under, np.uint8(Role.CROSS)
    )
    over = ink.top[:, view.crossed]
    mine = body[:rows, view.crossed]
    body[:rows, view.crossed] = np.where(over > 1, mine, below)


def _edges(inner: Pixels, clip: NDArray[np.intp], base: Slots, edge: int) -> None:
    """Draw the upright borders of wide clips; narrow ones are set apart by a dark line."""
    borders = np.concatenate([[0], np.flatnonzero(np.diff(clip)) + 1, [len(clip)]])
    starts, stops = borders[:-1], borders[1:]
    widths = stops - starts
    there = clip[starts] >= 0
    narrow = starts[there & (widths >= SEPARATE_PX * edge) & (widths < WIDE_PX * edge)]
    inner[:, narrow] = np.uint8(GAP_SLOT * ROLES)
    wide = there & (widths >= WIDE_PX * edge)
    for first, stop in zip(starts[wide].tolist(), stops[wide].tolist(), strict=True):
        ink = base[first] + np.uint8(Role.EDGE)
        if first > 0:
            inner[:, first : first + edge] = ink
        if stop < len(clip):
            inner[:, stop - edge : stop] = ink


def _image(pixels: Pixels, count: int) -> QImage:
    height, stride = pixels.shape
    data = pixels.tobytes()
    image = QImage(data, count, height, stride, QImage.Format.Format_Indexed8)
    image.setColorTable(color_table())
    return image.convertToFormat(QImage.Format.Format_RGB32)
