"""Beats drawn as ticks: a short one each, a long one where a bar starts, as dense as can be read.

In: beats, which of them are on screen, where times lie. Out: lines.
"""

from collections.abc import Callable

from PySide6.QtCore import QPointF
from PySide6.QtGui import QPainter

from desktop import theme
from desktop.stage.beats import Beats

GAP_PX = 7
BEAT_PX, BAR_PX = 4, 8


def paint_beats(
    painter: QPainter, beats: Beats, shown: range, *, x_of: Callable[[float], float], bottom: float
) -> None:
    """Draw the beats `shown` upwards from `bottom`; bars only, or nothing, when they are dense."""
    if len(shown) < 2:
        return
    width = x_of(beats.times_s[shown[-1]]) - x_of(beats.times_s[shown[0]])
    pitch = width / (len(shown) - 1)
    if pitch * beats.beats_per_bar < GAP_PX:
        return
    for index in shown:
        is_bar = beats.starts_bar(index)
        if is_bar or pitch >= GAP_PX:
            painter.setPen(theme.color("tx", 190 if is_bar else 110))
            x = round(x_of(beats.times_s[index])) + 0.5
            top = bottom - (BAR_PX if is_bar else BEAT_PX)
            painter.drawLine(QPointF(x, top), QPointF(x, bottom))
