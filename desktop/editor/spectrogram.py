"""The spectrogram of what is on screen, put together from pages of spectra.

In: clips, a grid of pixels, pages in memory. Out: an image to lay over the clips' bodies, and the
pages that would make it finer.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage

from desktop.editor.colormap import spectrum_colors
from desktop.editor.columns import ClipTable, ColumnSource, Grid, Layer, ViewColumns
from desktop.editor.levels import level_for, level_samples
from desktop.editor.sounds import PageKey, Wanted
from desktop.editor.spectrum import (
    FINEST_LEVEL,
    FLOOR_DB,
    PAGE_COLUMNS,
    ROWS,
    SILENT,
    spectrum_page,
)

KIND = "spectrum"
MOST_PAGES = 96
"""Wanted at once; a view of more clips is finished as it is looked at."""
COARSER = 4
"""How many coarser levels may stand in for a missing page."""
MUTED_SHARE = 0.45

type Bytes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Canvas:
    """Where the spectrogram lies, in device pixels."""

    rows: int
    muted: NDArray[np.bool_]
    """Per clip."""


def spectrogram_image(
    table: ClipTable, view: ViewColumns, grid: Grid, *, canvas: Canvas, source: ColumnSource
) -> QImage:
    """Return the spectrogram of a view, transparent where there is no sound."""
    every = np.arange(grid.count)
    pixels = _levels(table, view.top, (grid, every), canvas=canvas, source=source)
    if view.under is not None:
        below = _levels(table, view.under, (grid, view.crossed), canvas=canvas, source=source)
        pixels[:, view.crossed] = np.maximum(pixels[:, view.crossed], below)
    joints = np.flatnonzero(np.diff(view.top.clip))
    pixels[:, joints] = 0
    pixels[:, joints + 1] = 0
    rows = ((np.arange(canvas.rows)[::-1] + 0.5) * ROWS / canvas.rows).astype(np.intp)
    tall = np.zeros((canvas.rows, -(-grid.count // 4) * 4), np.uint8)
    tall[:, : grid.count] = pixels[rows]
    data = tall.tobytes()
    image = QImage(data, grid.count, canvas.rows, tall.shape[1], QImage.Format.Format_Indexed8)
    image.setColorTable(spectrum_colors())
    return image.convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)


def _levels(
    table: ClipTable,
    layer: Layer,
    where: tuple[Grid, NDArray[np.intp]],
    *,
    canvas: Canvas,
    source: ColumnSource,
) -> Bytes:
    """Return bytes (ROWS, columns) after gain and fade, 0 where nothing is known."""
    grid, picked = where
    found = np.zeros((ROWS, len(picked)), np.uint8)
    there = np.flatnonzero(layer.clip >= 0)
    if not len(there):
        return found
    clip = layer.clip[there]
    middle = (grid.first + picked[there] + 0.5) / grid.density
    place = table.source_starts[clip] + (middle - table.starts[clip]) * table.ratios[clip]
    level = max(level_for(float(np.median(table.ratios[clip])) / grid.density), FINEST_LEVEL)
    column = np.maximum(place, 0).astype(np.int64) // level_samples(level)
    page = column // PAGE_COLUMNS
    for run in _by_page(table, clip, page):
        key = PageKey(table.asset_ids[clip[run[0]]], KIND, level, int(page[run[0]]))
        found[:, there[run]] = _columns(key, column[run], source)
    return _after_gain(found, table, layer, canvas)


def _by_page(
    table: ClipTable, clip: NDArray[np.intp], page: NDArray[np.int64]
) -> list[NDArray[np.intp]]:
    """Return the columns that lie in the same page of the same sound, page by page."""
    numbers = {asset_id: number for number, asset_id in enumerate(dict.fromkeys(table.asset_ids))}
    sound = np.array([numbers[asset_id] for asset_id in table.asset_ids], np.int64)[clip]
    which = sound * (int(page.max()) + 1) + page
    order = np.argsort(which, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(which[order])) + 1)


def _columns(key: PageKey, column: NDArray[np.int64], source: ColumnSource) -> Bytes | int:
    """Return the columns of one page, from a coarser one while it is missing, or nothing."""
    sound = source.store.sound(key.asset_id)
    if sound is None or sound.reader.samples is None:
        return 0
    spectrum = source.store.page(key)
    if spectrum is not None:
        return np.asarray(spectrum[:, column % PAGE_COLUMNS])
    if len(source.missing) < MOST_PAGES:
        read = partial(spectrum_page, sound.reader.samples, key.level, key.page)
        source.missing.append(Wanted(key, read))
    for up in range(1, COARSER + 1):
        coarse = column // level_samples(up)
        page = int(coarse[0]) // PAGE_COLUMNS
        spectrum = source.store.page(PageKey(key.asset_id, KIND, key.level + up, page))
        if spectrum is not None:
            return np.asarray(spectrum[:, coarse % PAGE_COLUMNS])
    return 0


def _after_gain(found: Bytes, table: ClipTable, layer: Layer, canvas: Canvas) -> Bytes:
    clip = np.maximum(layer.clip, 0)
    gain = np.maximum(table.gains[clip] * layer.fade, 1e-6)
    steps = np.round(20 * np.log10(gain) * (255 / -FLOOR_DB)).astype(np.int16)
    shifted = found.astype(np.int16)
    if steps.any():
        shifted += steps
        np.clip(shifted, SILENT, 255, out=shifted)
        shifted *= found > 0
    quiet = np.flatnonzero(canvas.muted[clip])
    shifted[:, quiet] = shifted[:, quiet] * MUTED_SHARE
    return shifted.astype(np.uint8)
