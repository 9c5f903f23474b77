"""Waveforms of tracks, read from their peaks on the pool and kept.

In: an asset. Out: the heights of a thumbnail's bars, 0 to 1.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from PySide6.QtCore import QObject, Signal

from core.errors import CymaticError
from core.library.model import Asset
from core.paths import LibraryPaths
from desktop.tasks import Background

THUMB_BARS = 13


class Columns(Protocol):
    """What a pyramid gives: arrays (channels, n)."""

    @property
    def min(self) -> Any:  # noqa: ANN401 - numpy is loaded later
        """Smallest sample of each column."""
        ...

    @property
    def max(self) -> Any:  # noqa: ANN401 - numpy is loaded later
        """Largest sample of each column."""
        ...

    @property
    def rms(self) -> Any:  # noqa: ANN401 - numpy is loaded later
        """Energy of each column."""
        ...


class Pyramid(Protocol):
    """What the window needs of `core.audio.peaks.PeakPyramid`."""

    def columns(self, start_s: float, end_s: float, n: int) -> Columns:
        """Return `n` columns of a stretch."""
        ...


Opener = Callable[[Path], Pyramid]


def open_pyramid(path: Path) -> Pyramid:
    """Open the peaks of a source; numpy is loaded here, not at the window's first paint."""
    from core.audio.peaks import PeakPyramid

    return PeakPyramid.open(path)


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of one track at one number of columns: the key of a cached wave."""

    asset_id: str
    start_s: float
    end_s: float
    n_columns: int


@dataclass(frozen=True, slots=True)
class Wave:
    """A stretch of a track: per channel and column the extent and the energy, 0 to 1."""

    span: Span
    peak: Any
    """float32 (channels, n): the larger of |min| and |max|."""
    rms: Any


class Waves(QObject):
    """Reads peaks on the pool and keeps what was read.

    Signals
    -------
    thumb_ready : str, the id of the asset whose thumbnail can be drawn
    """

    thumb_ready = Signal(str)

    def __init__(
        self,
        background: Background,
        *,
        opener: Opener = open_pyramid,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._background = background
        self._opener = opener
        self._library: LibraryPaths | None = None
        self._thumbs: dict[str, tuple[float, ...]] = {}
        self._asked: set[object] = set()

    def set_library(self, root: Path) -> None:
        """Say where the peaks lie."""
        self._library = LibraryPaths(root)
        self._asked.clear()

    def thumb(self, asset: Asset) -> tuple[float, ...] | None:
        """Return the heights (0 to 1) of a thumbnail's bars, or start reading them."""
        bars = self._thumbs.get(asset.id)
        if bars is None:
            span = Span(asset.id, 0.0, asset.duration_s, THUMB_BARS)
            self._read(asset, span, lambda wave: self._keep_thumb(asset.id, wave))
        return bars

    def forget_failures(self) -> None:
        """Try again what could not be read; peaks may have been made since."""
        self._asked.clear()

    def _read(self, asset: Asset, span: Span, keep: Callable[[Wave], None]) -> None:
        if self._library is None or span in self._asked:
            return
        self._asked.add(span)
        path = self._library.peaks(asset.pcm.key)
        self._background.run(lambda: self._columns(path, span), keep, _ignore)

    def _columns(self, path: Path, span: Span) -> Wave:
        import numpy as np

        columns = self._opener(path).columns(span.start_s, span.end_s, span.n_columns)
        peak = np.clip(np.maximum(np.abs(columns.min), np.abs(columns.max)), 0.0, 1.0)
        return Wave(span, peak, np.clip(columns.rms, 0.0, 1.0))

    def _keep_thumb(self, asset_id: str, wave: Wave) -> None:
        heights = wave.rms.max(axis=0)
        loudest = float(heights.max()) or 1.0
        self._thumbs[asset_id] = tuple(float(height) / loudest for height in heights)
        self.thumb_ready.emit(asset_id)


def _ignore(error: CymaticError) -> None:
    """Leave the flat line where peaks cannot be read; ingest says what is wrong with a file."""
