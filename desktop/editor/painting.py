"""What is drawn over the picture of the clips: corners, titles, fades, handles, lines.

In: shapes of clips and the state. Out: strokes of a painter whose units are logical pixels.
"""

import math
from collections.abc import Sequence
from functools import lru_cache

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetricsF,
    QPainter,
    QPainterPath,
    QPen,
    QPixmap,
    QPolygonF,
)

from core.audio.recipe import FadeShape
from core.units import length_text
from desktop import theme
from desktop.editor.hit import HANDLES_FROM_PX, ClipShape
from desktop.editor.looks import HUES, MUTED, ROLES, Role, color_table, hue_number, slot
from desktop.editor.requests import Side
from desktop.editor.state import HEAD_PX, EditorState

CORNER_PX = 6
ROUND_FROM_PX = 20
TITLE_FROM_PX = 30
CURVE_FROM_PX = 5
CURVE_STEPS = 24
BEAT_GAP_PX = 7
FREQUENCIES = ((100.0, "100 Hz"), (1000.0, "1 kHz"), (10_000.0, "10 kHz"))


def clip_slot(state: EditorState, shape_index: int, *, outside: bool = False) -> int:
    """Return how a clip looks."""
    clip = state.arrangement.clips[shape_index]
    hue = MUTED if clip.clip.muted else hue_number(state.hue(shape_index))
    return slot(hue, selected=shape_index in state.selection, outside=outside)


def is_outside(state: EditorState, start_s: float, stop_s: float) -> bool:
    """Return whether nothing of a stretch is rendered."""
    if state.output_range is None:
        return False
    return stop_s <= state.output_range[0] or start_s >= state.output_range[1]


def paint_clips(painter: QPainter, state: EditorState, shapes: Sequence[ClipShape]) -> None:
    """Round the corners, write the titles, draw the fades of every clip on screen."""
    ratio = painter.device().devicePixelRatioF()
    for shape in shapes:
        if shape.rect.width() >= ROUND_FROM_PX:
            edge = color_table()[clip_slot(state, shape.clip.index) * ROLES + Role.EDGE]
            _round(painter, shape, edge, ratio)
    for shape in shapes:
        if shape.rect.width() >= TITLE_FROM_PX:
            _title(painter, state, shape)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for shape in shapes:
        if shape.rect.width() >= HANDLES_FROM_PX:
            _fades(painter, state, shape)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


def _round(painter: QPainter, shape: ClipShape, edge: int, ratio: float) -> None:
    """Round the corners that do not lie in a crossfade."""
    corner, rect = _corners(edge, ratio), shape.rect
    bottom = rect.bottom() - CORNER_PX
    left = round(rect.left() * ratio) / ratio
    right = round(rect.right() * ratio) / ratio - CORNER_PX
    if not shape.clip.overlap:
        painter.drawPixmap(QPointF(left, rect.top()), corner[0])
        painter.drawPixmap(QPointF(left, bottom), corner[2])
    if shape.seen_until >= rect.right():
        painter.drawPixmap(QPointF(right, rect.top()), corner[1])
        painter.drawPixmap(QPointF(right, bottom), corner[3])


@lru_cache(maxsize=128)
def _corners(edge: int, ratio: float) -> tuple[QPixmap, QPixmap, QPixmap, QPixmap]:
    """Return four corners: the ground outside, the clip's line along the bend."""
    return tuple(_corner(edge, ratio, x, y) for y in (0, 1) for x in (0, 1))  # type: ignore[return-value]


def _corner(edge: int, ratio: float, x: int, y: int) -> QPixmap:
    side = math.ceil(CORNER_PX * ratio)
    image = QPixmap(side, side)
    image.setDevicePixelRatio(ratio)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    around = QRectF(-x * CORNER_PX, -y * CORNER_PX, 2 * CORNER_PX, 2 * CORNER_PX)
    outside = QPainterPath()
    outside.addRect(QRectF(0, 0, CORNER_PX, CORNER_PX))
    inside = QPainterPath()
    inside.addEllipse(around)
    painter.fillPath(outside - inside, theme.color("bg0"))
    painter.setPen(QPen(QColor.fromRgba(edge), 1))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawEllipse(around.adjusted(0.5, 0.5, -0.5, -0.5))
    painter.end()
    return image


def _title(painter: QPainter, state: EditorState, shape: ClipShape) -> None:
    index = shape.clip.index
    left = max(shape.rect.left(), -1.0) + 8
    right = min(shape.seen_until, state.viewport.width_px) - 8
    if right - left < 14:
        return
    chosen = index in state.selection
    ink = theme.color("on_accent" if chosen else "tx")
    if shape.clip.clip.muted:
        ink = theme.color("tx" if chosen else "tx2")
    head = QRectF(left, 0, right - left, shape.head_px + 1)
    length = length_text(shape.clip.n_samples / state.arrangement.sample_rate_hz)
    vcenter = Qt.AlignmentFlag.AlignVCenter
    room = _text_width(length, 10) + 12
    title = ("Muted · " if shape.clip.clip.muted else "") + state.title(index)
    painter.setPen(ink)
    if head.width() > room + 46:
        painter.setFont(_font(10))
        painter.setOpacity(0.8)
        painter.drawText(head, vcenter | Qt.AlignmentFlag.AlignRight, length)
        painter.setOpacity(1.0)
        head.setWidth(head.width() - room)
    painter.setFont(_font(11))
    painter.drawText(head, vcenter, _elided(title, round(head.width())))


@lru_cache(maxsize=4)
def _font(pixels: int) -> QFont:
    weight = QFont.Weight.DemiBold if pixels > 10 else QFont.Weight.Medium
    return theme.font(pixels, weight)


@lru_cache(maxsize=4096)
def _text_width(text: str, pixels: int) -> float:
    return QFontMetricsF(_font(pixels)).horizontalAdvance(text)


@lru_cache(maxsize=4096)
def _elided(text: str, width: int) -> str:
    return QFontMetricsF(_font(11)).elidedText(text, Qt.TextElideMode.ElideRight, width)


# --- fades ------------------------------------------------------------------------------------


def _gain(shape: FadeShape, x: float) -> float:
    match shape:
        case FadeShape.LINEAR:
            return x
        case FadeShape.EQUAL_POWER:
            return math.sin(x * math.pi / 2)
        case FadeShape.S_CURVE:
            return (1 - math.cos(x * math.pi)) / 2
        case FadeShape.LOG:
            return max(0.0, 1 + math.log10(max(x, 1e-9)) / 5)


def _fades(painter: QPainter, state: EditorState, shape: ClipShape) -> None:
    clip, rate = shape.clip, state.arrangement.sample_rate_hz
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(theme.color("tx", 190), 1))
    for length, curve, origin, way in (
        (clip.fade_in, clip.fade_in_shape, clip.start, 1),
        (clip.fade_out, clip.fade_out_shape, clip.stop, -1),
    ):
        if length * state.viewport.px_per_sample >= CURVE_FROM_PX:
            points = fade_points(state, (origin / rate, way * length / rate), curve, shape.body)
            if len(points) > 1:
                painter.drawPolyline(QPolygonF(points))


def fade_points(
    state: EditorState, fade: tuple[float, float], curve: FadeShape, body: QRectF
) -> list[QPointF]:
    """Return the part of a fade's curve that is on screen.

    `fade`: where it is silent and how far it is from there to full, in seconds; less than 0 for a
    fade out.
    """
    silent_s, way_s = fade
    viewport = state.viewport
    ends = sorted(
        min(max((time_s - silent_s) / way_s, 0.0), 1.0)
        for time_s in (viewport.start_s, viewport.end_s)
    )
    if ends[0] == ends[1]:
        return []
    points = []
    width = (ends[1] - ends[0]) * abs(way_s) * viewport.px_per_s
    steps = 1 if curve is FadeShape.LINEAR else min(CURVE_STEPS, max(4, round(width / 5)))
    for step in range(steps + 1):
        part = step / steps
        if curve is FadeShape.LOG and ends[0] == 0.0:
            part *= part  # finer at the start, where it is steep
        x = ends[0] + (ends[1] - ends[0]) * part
        y = body.bottom() - 1 - _gain(curve, x) * (body.height() - 2)
        points.append(QPointF(viewport.x_of(silent_s + x * way_s), y))
    return points


# --- handles ----------------------------------------------------------------------------------


def paint_handles(
    painter: QPainter, state: EditorState, shape: ClipShape, *, lit: Side | None, fade_lit: bool
) -> None:
    """Draw what can be taken hold of on a clip: its edges, its fades, its gain line.

    `lit` and `fade_lit` say which handle the pointer is over.
    """
    rect = shape.rect
    if rect.width() < HANDLES_FROM_PX:
        return
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    _gain_line(painter, state, shape)
    painter.setPen(Qt.PenStyle.NoPen)
    middle = shape.body.center().y()
    tall = min(26.0, shape.body.height() * 0.5)
    for side, x in ((Side.START, rect.left() + 3), (Side.END, rect.right() - 6)):
        painter.setBrush(theme.color("tx", 255 if lit is side and not fade_lit else 200))
        painter.drawRoundedRect(QRectF(x, middle - tall / 2, 3, tall), 1.5, 1.5)
    painter.setPen(QPen(theme.color("bg0", 190), 1))
    for side in Side:
        knob = shape.knob(side)
        reach = 5.0 if fade_lit and lit is side else 4.0
        painter.setBrush(theme.color("tx"))
        painter.drawEllipse(knob, reach, reach)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


def _gain_line(painter: QPainter, state: EditorState, shape: ClipShape) -> None:
    if shape.clip.index not in state.selection and shape.clip.clip.gain == 1.0:
        return
    y = round(shape.gain_y) + 0.5
    left, right = max(shape.rect.left(), -4.0), min(shape.rect.right(), state.viewport.width_px)
    painter.setPen(QPen(theme.color("tx", 150), 1, Qt.PenStyle.DashLine))
    painter.drawLine(QPointF(left + 8, y), QPointF(right - 8, y))


def gain_words(gain: float) -> str:
    """Return a gain for people: −3.0 dB, +1.5 dB, −∞ dB."""
    if gain <= 0:
        return "−∞ dB"
    value = round(20 * math.log10(gain), 1)
    return f"{value:+.1f} dB".replace("-", "−") if value else "0.0 dB"


# --- lines over everything --------------------------------------------------------------------


def paint_beats(painter: QPainter, state: EditorState, height: float) -> None:
    """Draw the beats as faint lines, bars only where beats lie too dense, else nothing."""
    beats, viewport = state.beats, state.viewport
    shown = beats.within(viewport.start_s, viewport.end_s)
    if len(shown) < 2:
        return
    width = viewport.x_of(beats.times_s[shown[-1]]) - viewport.x_of(beats.times_s[shown[0]])
    pitch = width / (len(shown) - 1)
    if pitch * beats.beats_per_bar < BEAT_GAP_PX:
        return
    bars: list[QLineF] = []
    rest: list[QLineF] = []
    for index in shown:
        x = round(viewport.x_of(beats.times_s[index])) + 0.5
        line = QLineF(x, 0, x, height)
        (bars if beats.starts_bar(index) else rest).append(line)
    painter.setPen(theme.color("tx", 30))
    painter.drawLines(bars)
    if pitch >= BEAT_GAP_PX * 1.5:
        painter.setPen(theme.color("tx", 13))
        painter.drawLines(rest)


def paint_frequencies(painter: QPainter, height: float) -> None:
    """Write a few frequencies at the left border of the spectrogram."""
    from desktop.editor.spectrum import HIGHEST_HZ, LOWEST_HZ

    painter.setFont(_font(10))
    rows = height - HEAD_PX
    for frequency_hz, text in FREQUENCIES:
        share = math.log(frequency_hz / LOWEST_HZ) / math.log(HIGHEST_HZ / LOWEST_HZ)
        y = HEAD_PX + rows * (1 - share)
        width = _text_width(text, 10)
        painter.fillRect(QRectF(0, y - 7, width + 8, 14), theme.color("bg0", 150))
        painter.setPen(theme.color("tx2"))
        painter.drawText(QPointF(4, y + 4), text)


def paint_bubble(painter: QPainter, text: str, at: QPointF, room: QRectF) -> None:
    """Write a value beside the pointer, inside `room`."""
    font = _font(11)
    width = _text_width(text, 11) + 16
    x = min(max(at.x() + 14, room.left() + 2), room.right() - width - 2)
    y = min(max(at.y() - 30, room.top() + 2), room.bottom() - 24)
    box = QRectF(x, y, width, 22)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(theme.color("line2"), 1))
    painter.setBrush(theme.color("bg4", 240))
    painter.drawRoundedRect(box, 6, 6)
    painter.setPen(theme.color("tx"))
    painter.setFont(font)
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


def ghost_color(state: EditorState, index: int) -> QColor:
    """Return the colour of a clip in hand."""
    return theme.color(HUES[hue_number(state.hue(index))])
