"""Beats of the track on the table, read from its features on the pool and corrected there.

In: a track and a correction. Out: beat times for the timeline.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from core.analysis.beat_edit import BeatEdit
from core.errors import CymaticError
from core.library.model import Analysis
from core.paths import LibraryPaths
from desktop.tasks import Background


@dataclass(frozen=True, slots=True)
class Beats:
    """Beat times in seconds, rising, and which of them start a bar."""

    times_s: tuple[float, ...] = ()
    first_downbeat: int = 0
    beats_per_bar: int = 4

    def within(self, start_s: float, end_s: float) -> range:
        """Return the numbers of the beats in a stretch."""
        return range(bisect_left(self.times_s, start_s), bisect_right(self.times_s, end_s))

    def starts_bar(self, index: int) -> bool:
        """Return whether a bar starts on a beat."""
        return (index - self.first_downbeat) % self.beats_per_bar == 0


Reader = Callable[[Path, BeatEdit], Beats]


def read_beats(path: Path, edit: BeatEdit) -> Beats:
    """Return the corrected beats of a features file; numpy is loaded here.

    Raises KnownError when the file cannot be read.
    """
    from core.analysis.beatgrid import corrected
    from core.analysis.features import open_features

    grid = corrected(open_features(path).beats, edit)
    return Beats(grid.times_s, grid.first_downbeat, grid.beats_per_bar)


class BeatReader(QObject):
    """Reads the beats of one track at a time; the last one asked for counts.

    Signals
    -------
    beats_ready : Beats, of what was wanted last
    """

    beats_ready = Signal(object)

    def __init__(
        self, background: Background, *, reader: Reader = read_beats, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._background, self._reader = background, reader
        self._library: LibraryPaths | None = None
        self._wanted: tuple[str, BeatEdit] | None = None

    def set_library(self, root: Path) -> None:
        """Say where the features lie."""
        self._library = LibraryPaths(root)

    def want(self, analysis: Analysis | None, edit: BeatEdit) -> None:
        """Ask for the beats of a sound; None: it is not analysed."""
        if analysis is None or self._library is None:
            self._wanted = None
            self.beats_ready.emit(Beats())
            return
        wanted = (analysis.features_key, edit)
        if wanted == self._wanted:
            return
        self._wanted = wanted
        path = self._library.features(wanted[0])
        self._background.run(
            lambda: self._reader(path, edit),
            lambda beats: self._keep(wanted, beats),
            lambda error: self._miss(wanted, error),
        )

    def _keep(self, wanted: tuple[str, BeatEdit], beats: Beats) -> None:
        if wanted == self._wanted:
            self.beats_ready.emit(beats)

    def _miss(self, wanted: tuple[str, BeatEdit], _error: CymaticError) -> None:
        """Draw no beats where there are none to read; the next analysis brings them."""
        if wanted == self._wanted:
            self._wanted = None
            self.beats_ready.emit(Beats())
