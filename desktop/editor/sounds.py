"""The sounds that the editor draws: what is in memory of each, and what is being read.

In: files of sounds, and what the picture needs next. Out: pages of columns, one signal when more
has come. Files are read on the pool; the GUI thread only looks up what is there (law 9).
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from core.errors import CymaticError
from core.library.model import PcmInfo
from desktop.tasks import Background

if TYPE_CHECKING:  # numpy is loaded on the pool, not before the window's first paint
    from desktop.editor.levels import LevelReader, Planes

KEPT_BYTES = 96 << 20
AT_ONCE = 2
"""Reads under way: the pool is shared, and what is wanted changes with every frame."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundFiles:
    """Where the decoded sound of an asset and its peaks lie."""

    peaks: Path
    pcm: Path
    info: PcmInfo


@dataclass(frozen=True, slots=True)
class OpenSound:
    """A sound whose peaks are mapped."""

    reader: "LevelReader"
    resident: "Mapping[int, Planes]"


@dataclass(frozen=True, slots=True)
class PageKey:
    """A page of columns, or of a spectrum."""

    asset_id: str
    kind: str
    level: int
    page: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """Something to read: how, and what it costs to keep."""

    key: PageKey
    read: Callable[[], Any]


class SoundStore(QObject):
    """Opens sounds, reads pages, keeps the ones used last.

    Signals
    -------
    changed : something that was missing is there
    """

    changed = Signal()

    def __init__(self, background: Background, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._background = background
        self._files: dict[str, SoundFiles] = {}
        self._open: dict[str, OpenSound] = {}
        self._failed: set[Hashable] = set()
        self._pages: OrderedDict[PageKey, Any] = OrderedDict()
        self._bytes = 0
        self._wanted: list[Wanted] = []
        self._running: set[PageKey] = set()
        self.version = 0
        """Counts what has come; part of the keys of what is drawn from it."""
        self.generation = 0
        """Counts sounds opened and closed."""

    # --- sounds ---------------------------------------------------------------------------

    def set_files(self, files: Mapping[str, SoundFiles]) -> None:
        """Say which sounds there are, by asset id; new ones are opened, others let go."""
        gone = {key for key, old in self._files.items() if files.get(key) != old}
        for key in [page for page in self._pages if page.asset_id in gone]:
            self._bytes -= _size(self._pages.pop(key))
        for asset_id in gone:
            self._open.pop(asset_id, None)
        if gone:
            self.generation += 1
        self._failed -= gone
        new = {key: files[key] for key in files if key not in self._files or key in gone}
        self._files = dict(files)
        for asset_id, where in new.items():
            self._start_opening(asset_id, where)

    def retry(self) -> None:
        """Try again what could not be read; files may have been made since."""
        lacking = {key for key in self._failed if isinstance(key, str)}
        lacking |= {key for key, sound in self._open.items() if sound.reader.samples is None}
        self._failed.clear()
        for asset_id in lacking & self._files.keys():
            self._start_opening(asset_id, self._files[asset_id])

    def sound(self, asset_id: str) -> OpenSound | None:
        """Return an open sound."""
        return self._open.get(asset_id)

    @property
    def opened(self) -> Mapping[str, OpenSound]:
        """All open sounds, by asset id."""
        return self._open

    @property
    def idle(self) -> bool:
        """Whether nothing is being read or waits to be."""
        opening = self._files.keys() - self._open.keys() - self._failed
        return not self._running and not self._wanted and not opening

    def _start_opening(self, asset_id: str, where: SoundFiles) -> None:
        self._background.run(
            lambda: _open_sound(where),
            lambda sound: self._keep_sound(asset_id, where, sound),
            lambda _error: self._miss_sound(asset_id, where),
        )

    def _keep_sound(self, asset_id: str, where: SoundFiles, sound: OpenSound) -> None:
        if self._files.get(asset_id) == where:
            self._open[asset_id] = sound
            self.generation += 1
            self._announce()

    def _miss_sound(self, asset_id: str, where: SoundFiles) -> None:
        """Draw a flat line; whoever plays or mixes says what is wrong."""
        if self._files.get(asset_id) == where:
            self._failed.add(asset_id)

    # --- pages ----------------------------------------------------------------------------

    def page(self, key: PageKey) -> Any:  # noqa: ANN401 - planes or a spectrum
        """Return a page that is in memory, or None."""
        found = self._pages.get(key)
        if found is not None:
            self._pages.move_to_end(key)
        return found

    def want(self, wanted: Sequence[Wanted]) -> None:
        """Read these next, the first first; what was wanted before and not begun is dropped."""
        self._wanted = [item for item in wanted if item.key not in self._failed]
        self._pump()

    def _pump(self) -> None:
        while self._wanted and len(self._running) < AT_ONCE:
            item = self._wanted.pop(0)
            if item.key in self._running or item.key in self._pages:
                continue
            self._running.add(item.key)
            self._start_reading(item)

    def _start_reading(self, item: Wanted) -> None:
        self._background.run(
            item.read,
            lambda page: self._keep_page(item.key, page),
            lambda error: self._miss_page(item.key, error),
        )

    def _keep_page(self, key: PageKey, page: Any) -> None:  # noqa: ANN401
        self._running.discard(key)
        if key.asset_id in self._open:
            self._pages[key] = page
            self._bytes += _size(page)
            while self._bytes > KEPT_BYTES and len(self._pages) > 1:
                self._bytes -= _size(self._pages.popitem(last=False)[1])
            self._announce()
        self._pump()

    def _miss_page(self, key: PageKey, _error: CymaticError) -> None:
        self._running.discard(key)
        self._failed.add(key)
        self._pump()

    def _announce(self) -> None:
        self.version += 1
        self.changed.emit()


def _open_sound(where: SoundFiles) -> OpenSound:
    from desktop.editor.levels import LevelReader

    reader = LevelReader(where.peaks, where.pcm, where.info)
    return OpenSound(reader, reader.resident())


def _size(page: Any) -> int:  # noqa: ANN401
    from desktop.editor.levels import Planes

    if isinstance(page, Planes):
        return int(page.low.nbytes + page.high.nbytes + page.rms.nbytes)
    return int(page.nbytes)
