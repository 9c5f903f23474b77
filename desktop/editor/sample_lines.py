"""Single samples, drawn as a line with dots where they lie far enough apart.

In: a clip and its samples. Out: strokes.
"""

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen, QPolygonF

from core.audio.arrangement import PlacedClip
from desktop import theme
from desktop.editor.columns import SampleRun
from desktop.editor.looks import HUES, MUTED, hue_number
from desktop.editor.state import EditorState

if TYPE_CHECKING:
    from desktop.editor.strip import StripShape

DOTS_FROM_PX = 5.0
DOT_PX = 4.0


def paint_sample_lines(
    painter: QPainter,
    state: EditorState,
    clip: PlacedClip,
    *,
    run: SampleRun,
    sizes: "tuple[StripShape, float]",
) -> None:
    """Draw samples of a clip."""
    viewport, rate = state.viewport, state.arrangement.sample_rate_hz
    shape, ratio = sizes
    x = (run.places / rate - viewport.start_s) * viewport.px_per_s
    rows = (shape.height - 2 * shape.edge - shape.head) // shape.lanes / ratio
    top = (shape.edge + shape.head) / ratio
    hue = MUTED if clip.clip.muted else hue_number(state.hue(clip.index))
    color = theme.color(HUES[hue])
    painter.save()
    left, right = (viewport.x_of(edge) for edge in state.span_s(clip))
    painter.setClipRect(QRectF(left, top, right - left, rows * shape.lanes))
    for lane in range(shape.lanes):
        wave = run.values[lane] if shape.lanes > 1 else run.values.mean(0)
        middle = top + (lane + 0.5) * rows
        y = middle - wave * (rows / 2 - shape.inset / ratio)
        points = QPolygonF(list(map(QPointF, x.tolist(), y.astype(np.float64).tolist())))
        painter.setPen(QPen(theme.color("line2"), 1))
        painter.drawLine(QPointF(left, round(middle) + 0.5), QPointF(right, round(middle) + 0.5))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(color, 1.3))
        painter.drawPolyline(points)
        if viewport.px_per_sample >= DOTS_FROM_PX:
            painter.setPen(QPen(color, DOT_PX, c=Qt.PenCapStyle.RoundCap))
            painter.drawPoints(points)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.restore()
