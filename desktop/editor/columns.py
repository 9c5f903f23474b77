"""What is seen of the mix in each column of pixels: extent and energy after gain, and the fade.

In: an arrangement, a grid of pixels, the sounds in memory. Out: `ViewColumns`, and the pages that
would make them finer. One pass of numpy over the pixels, however many clips there are.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from numpy.typing import NDArray

from core.audio.arrangement import Arrangement, PlacedClip
from core.audio.recipe import FadeShape
from desktop.editor.levels import PAGE_COLUMNS, Planes, level_for, level_samples
from desktop.editor.sounds import OpenSound, PageKey, SoundStore, Wanted

SHAPES = tuple(FadeShape)
MANY_RUNS = 48
"""More pieces than this on screen are looked up in one table of the coarse levels."""
PEAKS = "peaks"

type Floats = NDArray[np.float64]
type Places = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Grid:
    """Columns of pixels: column i covers mix samples [(first + i), (first + i + 1)) / density."""

    first: int
    count: int
    density: float
    """Device pixels per sample of the mix."""

    def edges(self) -> Floats:
        """Return the borders of the columns in mix samples, `count` + 1 of them."""
        edges: Floats = (self.first + np.arange(self.count + 1)) / self.density
        return edges


@dataclass(frozen=True, slots=True)
class ClipTable:
    """An arrangement as arrays, one entry a clip; positions in samples."""

    starts: Floats
    stops: Floats
    source_starts: Floats
    source_stops: Floats
    ratios: Floats
    """Source samples per mix sample."""
    gains: NDArray[np.float32]
    fades_in: Floats
    fades_out: Floats
    shapes_in: NDArray[np.uint8]
    shapes_out: NDArray[np.uint8]
    asset_ids: tuple[str, ...]

    def __len__(self) -> int:
        """Return how many clips there are."""
        return len(self.asset_ids)


@dataclass(frozen=True, slots=True)
class Layer:
    """One clip's worth of columns at every pixel; `clip` is -1 where there is none."""

    clip: Places
    low: NDArray[np.float32]
    """(2, n), gain applied."""
    high: NDArray[np.float32]
    rms: NDArray[np.float32]
    fade: NDArray[np.float32]
    """(n,), 0 to 1."""


@dataclass(frozen=True, slots=True)
class ViewColumns:
    """Two layers: the later clip on top, in crossfades the earlier one under it."""

    top: Layer
    under: Layer | None
    """Of the columns `crossed` only."""
    crossed: Places


@dataclass(frozen=True, slots=True)
class SampleRun:
    """Single samples of a clip."""

    places: Floats
    """(n,), in mix samples."""
    values: NDArray[np.float32]
    """(2, n)"""


def clip_table(arrangement: Arrangement) -> ClipTable:
    """Return the clips of an arrangement as arrays."""
    clips = arrangement.clips

    def column(values: list[float]) -> Floats:
        return np.array(values, np.float64)

    starts = column([clip.start for clip in clips])
    stops = column([clip.stop for clip in clips])
    first = column([clip.source.start for clip in clips])
    last = column([clip.source.stop for clip in clips])
    return ClipTable(
        starts=starts,
        stops=stops,
        source_starts=first,
        source_stops=last,
        ratios=(last - first) / np.maximum(stops - starts, 1),
        gains=np.array([clip.clip.gain for clip in clips], np.float32),
        fades_in=column([clip.fade_in for clip in clips]),
        fades_out=column([clip.fade_out for clip in clips]),
        shapes_in=np.array([SHAPES.index(clip.fade_in_shape) for clip in clips], np.uint8),
        shapes_out=np.array([SHAPES.index(clip.fade_out_shape) for clip in clips], np.uint8),
        asset_ids=tuple(clip.clip.asset_id for clip in clips),
    )


def shape_curve(shape: FadeShape, x: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return the gain of a fade at `x` from 0 to 1 of its way in."""
    match shape:
        case FadeShape.LINEAR:
            return x
        case FadeShape.EQUAL_POWER:
            return np.asarray(np.sin(x * (np.pi / 2)))
        case FadeShape.S_CURVE:
            return np.asarray((1 - np.cos(x * np.pi)) / 2)
        case FadeShape.LOG:
            return np.asarray(np.maximum(1 + np.log10(np.maximum(x, 1e-9)) / 5, 0))


@dataclass(slots=True)
class ColumnSource:
    """Finds columns in memory and notes what is missing."""

    store: SoundStore
    missing: list[Wanted] = field(default_factory=list)
    nearby: list[Wanted] = field(default_factory=list)
    """Not on screen, but next to it."""

    def run(self, asset_id: str, level: int, first: int, stop: int) -> tuple[int, int, Planes]:
        """Return (level, first column, planes) that hold columns [first, stop) of a level.

        The level is the nearest one that the sound has; columns are coarser where a page is
        missing, which is then wanted.
        """
        sound = self.store.sound(asset_id)
        if sound is None:
            return level, first, _flat(stop - first)
        got = min(max(level, sound.reader.finest_level), sound.reader.top_level)
        factor = 4.0 ** (level - got)
        first, stop = int(first * factor), int(np.ceil(stop * factor))
        resident = sound.resident.get(got)
        if resident is not None:
            stop = max(stop, first + 1)
            return got, first, _cut(resident, first, stop)
        pages = range(first // PAGE_COLUMNS, (stop - 1) // PAGE_COLUMNS + 1)
        parts = [self._page(asset_id, sound, got, page) for page in pages]
        last_page = (sound.reader.n_samples - 1) // (level_samples(got) * PAGE_COLUMNS)
        for page in (pages[0] - 1, pages[-1] + 1):
            key = PageKey(asset_id, PEAKS, got, page)
            if 0 <= page <= last_page and self.store.page(key) is None:
                self.nearby.append(Wanted(key, partial(sound.reader.page, got, page)))
        return got, pages[0] * PAGE_COLUMNS, parts[0] if len(parts) == 1 else _joined(parts)

    def _page(self, asset_id: str, sound: OpenSound, level: int, page: int) -> Planes:
        key = PageKey(asset_id, PEAKS, level, page)
        found: Planes | None = self.store.page(key)
        if found is not None:
            return found
        self.missing.append(Wanted(key, partial(sound.reader.page, level, page)))
        return self._coarser(asset_id, sound, level, page)

    def _coarser(self, asset_id: str, sound: OpenSound, level: int, page: int) -> Planes:
        """Return a page's columns from the nearest coarser level in memory."""
        for up in range(level + 1, sound.reader.top_level + 1):
            factor = level_samples(up - level)
            first = page * PAGE_COLUMNS // factor
            stop = -(-(page + 1) * PAGE_COLUMNS // factor)
            resident = sound.resident.get(up)
            if resident is not None:
                return _repeated(_cut(resident, first, stop), factor)
            found: Planes | None = self.store.page(
                PageKey(asset_id, PEAKS, up, first // PAGE_COLUMNS)
            )
            if found is not None:
                inner = first % PAGE_COLUMNS
                return _repeated(_cut(found, inner, inner + stop - first), factor)
        return _flat(PAGE_COLUMNS)


def view_columns(table: ClipTable, grid: Grid, source: ColumnSource) -> ViewColumns:
    """Return what lies in every column of the grid."""
    edges = grid.edges()
    middle = (edges[:-1] + edges[1:]) / 2
    top, under = _clips_at(table, middle)
    crossed = np.flatnonzero(under >= 0)
    below = None
    if len(crossed):
        below = _layer(table, under[crossed], _Columns(grid, edges, crossed), source)
    every = np.arange(grid.count)
    return ViewColumns(_layer(table, top, _Columns(grid, edges, every), source), below, crossed)


def _clips_at(table: ClipTable, middle: Floats) -> tuple[Places, Places]:
    """Return the clip on top at each column and the one crossing under it, -1 for none."""
    if not len(table):
        none = np.full(len(middle), -1, np.intp)
        return none, none
    top = np.searchsorted(table.starts, middle, "right") - 1
    before = np.maximum(top - 1, -1)
    sounds = (top >= 0) & (middle < table.stops[top])
    reaches = (before >= 0) & (middle < table.stops[before])
    under = np.where(sounds & reaches, before, -1)
    return np.where(sounds, top, np.where(reaches, before, -1)), under


@dataclass(frozen=True, slots=True)
class _Columns:
    """Some columns of a grid."""

    grid: Grid
    edges: Floats
    picked: Places

    @property
    def left(self) -> Floats:
        """Left borders in mix samples."""
        return self.edges[self.picked]

    @property
    def right(self) -> Floats:
        """Right borders in mix samples."""
        return self.edges[self.picked + 1]


def _layer(table: ClipTable, clip: Places, columns: _Columns, source: ColumnSource) -> Layer:
    count = len(clip)
    low, high, rms = (np.zeros((2, count), np.float32) for _ in range(3))
    fade = np.ones(count, np.float32)
    there = np.flatnonzero(clip >= 0)
    if len(there):
        inside = _Columns(columns.grid, columns.edges, columns.picked[there])
        planes = _gather(table, clip[there], inside, source)
        gain = table.gains[clip[there]]
        low[:, there], high[:, there] = planes.low * gain, planes.high * gain
        rms[:, there] = planes.rms * gain
        fade[there] = _fades(table, clip[there], inside)
    return Layer(clip, low, high, rms, fade)


def _gather(table: ClipTable, clip: Places, columns: _Columns, source: ColumnSource) -> Planes:
    """Return a column of sound for every column of pixels."""
    ratio, start = table.ratios[clip], table.starts[clip]
    begin, end = table.source_starts[clip], table.source_stops[clip] - 1e-6
    left = np.clip(begin + (columns.left - start) * ratio, begin, end)
    right = np.clip(begin + (columns.right - start) * ratio, begin, end)
    borders = np.flatnonzero(np.diff(clip)) + 1
    runs = list(zip([0, *borders.tolist()], [*borders.tolist(), len(clip)], strict=True))
    level = level_for(float(np.median(ratio)) / columns.grid.density)
    pieces = _Pieces(table, clip, source)
    if len(runs) > MANY_RUNS:
        return pieces.from_table(left, right, level)
    return pieces.from_runs(left, right, level, runs)


@dataclass(slots=True)
class _Pieces:
    table: ClipTable
    clip: Places
    source: ColumnSource

    def from_runs(
        self, left: Floats, right: Floats, level: int, runs: Sequence[tuple[int, int]]
    ) -> Planes:
        """Look each run of one clip up on its own, as fine as its sound is in memory."""
        parts: list[Planes] = []
        width = np.empty(len(left))
        offset = np.empty(len(left), np.intp)
        at = 0
        for start, stop in runs:
            asset_id = self.table.asset_ids[self.clip[start]]
            samples = level_samples(level)
            first = int(left[start] // samples)
            last = int(right[stop - 1] // samples) + 1
            got, base, planes = self.source.run(asset_id, level, first, last)
            width[start:stop] = level_samples(got)
            offset[start:stop] = at - base
            parts.append(planes)
            at += planes.n_columns
        return _picked(_joined(parts), left / width, right / width, offset)

    def from_table(self, left: Floats, right: Floats, level: int) -> Planes:
        """Look everything up in the levels that are always in memory, one after the other."""
        opened = self.source.store.opened
        used = {self.table.asset_ids[index] for index in np.unique(self.clip).tolist()}
        known = [asset_id for asset_id in sorted(used) if asset_id in opened]
        level = max([level, *(opened[key].reader.resident_level for key in known)])
        level = min([level, *(opened[key].reader.top_level for key in known)])
        parts = [_flat(1), *(opened[key].resident[level] for key in known)]
        starts = np.cumsum([0, *(part.n_columns for part in parts)])
        place = {key: index + 1 for index, key in enumerate(known)}
        number = [place.get(asset_id, 0) for asset_id in self.table.asset_ids]
        which = np.array(number, np.intp)[self.clip]
        inside = which > 0
        width = level_samples(level)
        return _picked(_joined(parts), left / width * inside, right / width * inside, starts[which])


def _picked(data: Planes, left: Floats, right: Floats, offset: Places) -> Planes:
    """Return one column per pixel: all columns of `data` that a pixel touches, folded."""
    most = data.n_columns - 1
    first = np.clip(np.floor(left).astype(np.intp) + offset, 0, most)
    last = np.clip(np.floor(right).astype(np.intp) + offset, first, most)
    low, high = data.low[:, first], data.high[:, first]
    rms = data.rms[:, first]
    for step in range(1, int((last - first).max()) + 1):
        at = np.minimum(first + step, last)
        np.minimum(low, data.low[:, at], out=low)
        np.maximum(high, data.high[:, at], out=high)
        np.maximum(rms, data.rms[:, at], out=rms)
    return Planes(low, high, rms)


def _fades(table: ClipTable, clip: Places, columns: _Columns) -> NDArray[np.float32]:
    """Return the fades' gain at each column; fades narrower than a pixel are left out."""
    middle = (columns.left + columns.right) / 2
    gain = np.ones(len(clip), np.float32)
    for into, lengths, shapes in (
        (middle - table.starts[clip], table.fades_in, table.shapes_in),
        (table.stops[clip] - middle, table.fades_out, table.shapes_out),
    ):
        length = lengths[clip]
        fading = np.flatnonzero((into < length) & (length * columns.grid.density > 1))
        if len(fading):
            x = np.clip(into[fading] / length[fading], 0, 1)
            kinds = shapes[clip[fading]]
            for number in np.unique(kinds).tolist():
                mine = kinds == number
                gain[fading[mine]] *= shape_curve(SHAPES[number], x[mine]).astype(np.float32)
    return gain


def sample_run(
    clip: PlacedClip, start: float, stop: float, source: ColumnSource
) -> SampleRun | None:
    """Return the samples of a clip in mix samples [start, stop), gain applied.

    None while they are not in memory.
    """
    ratio = (clip.source.stop - clip.source.start) / max(1, clip.n_samples)
    first = clip.source.start + int((max(start, clip.start) - clip.start) * ratio) - 1
    last = clip.source.start + int((min(stop, clip.stop) - clip.start) * ratio) + 2
    first, last = max(first, clip.source.start), min(last, clip.source.stop)
    before = len(source.missing)
    got, base, planes = source.run(clip.clip.asset_id, 0, first, last)
    if got or len(source.missing) > before or last <= first:
        return None
    values = planes.high[:, first - base : last - base] * np.float32(clip.clip.gain)
    places = clip.start + (np.arange(first, first + values.shape[1]) - clip.source.start) / ratio
    return SampleRun(places, values)


def _flat(count: int) -> Planes:
    nothing = np.zeros((2, max(count, 1)), np.float32)
    return Planes(nothing, nothing, nothing)


def _cut(planes: Planes, first: int, stop: int) -> Planes:
    """Return columns [first, stop), at least one, the last repeated past the end."""
    last = planes.n_columns
    first = min(max(first, 0), last - 1)
    stop = min(max(stop, first + 1), last)
    return Planes(planes.low[:, first:stop], planes.high[:, first:stop], planes.rms[:, first:stop])


def _joined(parts: Sequence[Planes]) -> Planes:
    return Planes(
        np.concatenate([part.low for part in parts], axis=1),
        np.concatenate([part.high for part in parts], axis=1),
        np.concatenate([part.rms for part in parts], axis=1),
    )


def _repeated(planes: Planes, factor: int) -> Planes:
    """Return columns for a page of a finer level."""
    count = min(factor, PAGE_COLUMNS)
    return Planes(
        np.repeat(planes.low, count, axis=1)[:, :PAGE_COLUMNS],
        np.repeat(planes.high, count, axis=1)[:, :PAGE_COLUMNS],
        np.repeat(planes.rms, count, axis=1)[:, :PAGE_COLUMNS],
    )
