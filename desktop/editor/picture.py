"""The clips as a pixmap, made anew only when something of it changed.

In: the state and the sounds. Out: one pixmap that covers the view; painting it is a blit. It asks
the store for what would make it finer.
"""

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize
from PySide6.QtGui import QImage, QPainter, QPixmap

from core.audio.arrangement import Arrangement, PlacedClip
from desktop.editor.bare import bare_picture, ground
from desktop.editor.hit import Layout
from desktop.editor.looks import GAP_SLOT
from desktop.editor.painting import (
    ROUND_FROM_PX,
    clip_slot,
    paint_beats,
    paint_clips,
    paint_frequencies,
)
from desktop.editor.sounds import SoundStore
from desktop.editor.state import HEAD_PX, EditorState, Lanes, View
from desktop.editor.viewport import EditorViewport

if TYPE_CHECKING:  # numpy is loaded when there is something to draw
    from desktop.editor.columns import ClipTable, ColumnSource, Grid, SampleRun, ViewColumns
    from desktop.editor.strip import Looks, StripShape

TWO_LANES_PX = 84
NEAR = 1 / 64
"""From this many device pixels a sample, columns are few samples and need linking."""
LINE_FROM_PX = 1.0
"""From this many device pixels a sample, the samples themselves are drawn."""


class ClipTables:
    """The clips as arrays and their looks, kept while they stay the same, for every picture."""

    def __init__(self, state: EditorState) -> None:
        self._state = state
        self._arrangement: Arrangement | None = None
        self._table: ClipTable | None = None
        self._slots_key: object = None
        self._slots: list[int] = []

    def table(self) -> "ClipTable":
        """Return the clips as arrays."""
        from desktop.editor.columns import clip_table

        if self._table is None or self._arrangement is not self._state.arrangement:
            self._arrangement = self._state.arrangement
            self._table = clip_table(self._arrangement)
        return self._table

    def wide(self, start: float, stop: float, least: float) -> list[int]:
        """Return the clips in mix samples [start, stop) that are at least so many long."""
        table = self.table()
        found = (table.stops - table.starts >= least) & (table.stops > start)
        found &= table.starts < stop
        return [int(index) for index in found.nonzero()[0]]

    def looks(self, grid: "Grid") -> "Looks":
        """Return how the clips look in a grid."""
        import numpy as np

        from desktop.editor.strip import Looks

        state = self._state
        key = (state.version, state.selection)
        if key != self._slots_key:
            clips = range(len(state.arrangement.clips))
            self._slots = [*(clip_slot(state, index) for index in clips), GAP_SLOT]
            self._slots_key = key
        slots = np.array(self._slots, np.uint8)
        if state.output_range is None:
            return Looks(slots)
        rate = state.arrangement.sample_rate_hz
        edges = grid.edges()
        start, stop = (time_s * rate for time_s in state.output_range)
        return Looks(slots, (edges[:-1] >= stop) | (edges[1:] <= start))


class ClipPicture:
    """The picture of what is on screen."""

    def __init__(self, state: EditorState, store: SoundStore, tables: ClipTables) -> None:
        self._state, self._store, self._tables = state, store, tables
        self._key: object = None
        self._pixmap = QPixmap()
        self._incomplete = False

    def invalidate(self) -> None:
        """Make it anew when it is asked for next."""
        self._key = None

    def of(self, size: QSize, ratio: float) -> QPixmap:
        """Return the picture for a widget of a size, at `ratio` device pixels a pixel."""
        state, viewport = self._state, self._state.viewport
        seen = self._store.version if self._incomplete else -1
        key = (
            *(state.version, state.selection, state.output_range, state.view, state.lanes),
            *(state.beats, viewport.start_s, viewport.px_per_s),
            *(size, ratio, self._store.generation, seen),
        )
        if key != self._key:
            self._pixmap = self._draw(size, ratio)
            seen = self._store.version if self._incomplete else -1
            self._key = (*key[:-1], seen)
        return self._pixmap

    def _draw(self, size: QSize, ratio: float) -> QPixmap:
        if not self._store.opened or not self._state.arrangement.clips:
            self._incomplete = False  # the first sound that is open changes the generation
            return bare_picture(self._state, size, ratio)
        return self._draw_sound(size, ratio)

    def _draw_sound(self, size: QSize, ratio: float) -> QPixmap:
        from desktop.editor.columns import ColumnSource, Grid, view_columns
        from desktop.editor.sample_lines import paint_sample_lines

        viewport, rate = self._state.viewport, self._state.arrangement.sample_rate_hz
        density = viewport.px_per_s * ratio / rate
        grid = Grid(
            first=round(viewport.start_s * rate * density),
            count=max(1, round(size.width() * ratio)),
            density=density,
        )
        source = ColumnSource(self._store)
        view = view_columns(self._tables.table(), grid, source)
        lanes = self._lanes(size.height())
        shape = _strip_shape(size.height(), ratio, lanes)
        near = density >= LINE_FROM_PX and self._state.view is View.WAVE
        runs = self._sample_runs(source) if near else []
        pixmap = QPixmap.fromImage(self._image(view, grid, shape, bare=bool(runs)))
        painter = QPainter(pixmap)
        if self._state.view is View.SPECTROGRAM:
            self._draw_spectrogram(painter, view, (grid, shape), source=source)
        painter.end()
        pixmap.setDevicePixelRatio(ratio)
        painter = QPainter(pixmap)
        for clip, run in runs:
            paint_sample_lines(painter, self._state, clip, run=run, sizes=(shape, ratio))
        self._decorate(painter, size)
        painter.end()
        self._incomplete = bool(source.missing)
        self._store.want([*source.missing, *source.nearby])
        return pixmap

    def _image(
        self, view: "ViewColumns", grid: "Grid", shape: "StripShape", *, bare: bool
    ) -> QImage:
        from desktop.editor.strip import bare_ink, strip_image, wave_ink

        bare = bare or self._state.view is View.SPECTROGRAM
        ink = bare_ink(view, shape) if bare else wave_ink(view, shape, near=grid.density > NEAR)
        return strip_image(view, self._tables.looks(grid), shape, ink)

    def _draw_spectrogram(
        self,
        painter: QPainter,
        view: "ViewColumns",
        sizes: "tuple[Grid, StripShape]",
        *,
        source: "ColumnSource",
    ) -> None:
        import numpy as np

        from desktop.editor.spectrogram import Canvas, spectrogram_image

        grid, shape = sizes
        source.missing.clear()  # peaks are not looked at
        source.nearby.clear()
        muted = [clip.clip.muted for clip in self._state.arrangement.clips] or [False]
        top = shape.edge + shape.head
        canvas = Canvas(max(1, shape.height - top - shape.edge), np.array(muted))
        image = spectrogram_image(self._tables.table(), view, grid, canvas=canvas, source=source)
        painter.drawImage(0, top, image)

    def _sample_runs(self, source: "ColumnSource") -> "list[tuple[PlacedClip, SampleRun]]":
        """Return the samples of every clip on screen; nothing while any are being read."""
        from desktop.editor.columns import sample_run

        viewport, rate = self._state.viewport, self._state.arrangement.sample_rate_hz
        start, stop = viewport.start_s * rate, viewport.end_s * rate
        runs = []
        for clip in self._state.visible():
            run = sample_run(clip, start, stop, source)
            if run is None:
                return []
            runs.append((clip, run))
        return runs

    def _decorate(self, painter: QPainter, size: QSize) -> None:
        state = self._state
        paint_beats(painter, state, size.height())
        least = ROUND_FROM_PX / state.viewport.px_per_sample
        start_s, end_s = state.viewport.start_s, state.viewport.end_s
        rate = state.arrangement.sample_rate_hz
        wide = self._tables.wide(start_s * rate, end_s * rate, least)
        layout = Layout(state, size.height())
        paint_clips(painter, state, [layout.shape(state.arrangement.clips[at]) for at in wide])
        if state.view is View.SPECTROGRAM:
            paint_frequencies(painter, size.height())

    def _lanes(self, height_px: int) -> int:
        if self._state.view is View.SPECTROGRAM or self._state.lanes is Lanes.MONO:
            return 1
        room = height_px - HEAD_PX >= TWO_LANES_PX
        stereo = any(sound.reader.channels > 1 for sound in self._store.opened.values())
        return 2 if self._state.lanes is Lanes.STEREO or (room and stereo) else 1


def overview_pixmap(
    tables: ClipTables,
    store: SoundStore,
    *,
    viewport: EditorViewport,
    size: QSize,
    ratio: float,
) -> QPixmap:
    """Return waves without words, from what is in memory."""
    if not store.opened:
        return ground(size, ratio)
    from desktop.editor.columns import ColumnSource, Grid, view_columns
    from desktop.editor.strip import StripShape, strip_image, wave_ink

    density = viewport.px_per_sample * ratio
    grid = Grid(
        first=round(viewport.start_s * viewport.px_per_s * ratio),
        count=max(1, round(size.width() * ratio)),
        density=density,
    )
    view = view_columns(tables.table(), grid, ColumnSource(store))
    height = max(1, round(size.height() * ratio))
    shape = StripShape(height=height, head=0, lanes=1, edge=0, inset=round(3 * ratio))
    pixmap = QPixmap.fromImage(strip_image(view, tables.looks(grid), shape, wave_ink(view, shape)))
    pixmap.setDevicePixelRatio(ratio)
    return pixmap


def _strip_shape(height_px: int, ratio: float, lanes: int) -> "StripShape":
    from desktop.editor.strip import StripShape

    return StripShape(
        height=max(1, round(height_px * ratio)),
        head=round(HEAD_PX * ratio),
        lanes=lanes,
        edge=max(1, round(ratio)),
        inset=round(3 * ratio),
    )
