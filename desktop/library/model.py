"""The tracks of the library as a Qt list, newest first, loaded page by page.

In: pages and asset events from the bridge. Out: rows of `Asset`, filtered by a search that the
engine does.
"""

from collections.abc import Sequence
from typing import override

from PySide6.QtCore import (
    QAbstractListModel,
    QMimeData,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
)

from core.engine.protocol import ListAssets
from core.engine.replies import AssetPage
from core.library.model import Asset
from desktop.bridge import Connection, EngineBridge
from desktop.editor.drops import ASSET_MIME, asset_mime
from desktop.words import asset_line

PAGE = 200
ASSET_ROLE = Qt.ItemDataRole.UserRole + 1
Index = QModelIndex | QPersistentModelIndex


def matches(asset: Asset, search: str) -> bool:
    """Return whether a newly arrived track belongs in a searched list."""
    text = f"{asset.title} {asset.artist} {asset.name}".lower()
    return all(word in text for word in search.lower().split())


class AssetModel(QAbstractListModel):
    """Tracks, newest first.

    Signals
    -------
    totals_changed : int, how many tracks the search finds
    loaded : no payload, after the first page of a search
    """

    totals_changed = Signal(int)
    loaded = Signal()

    def __init__(self, bridge: EngineBridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._assets: list[Asset] = []
        self._cursor: str | None = None
        self._loading = False
        self._generation = 0
        self.search = ""
        self.trashed = False
        self.total = 0
        bridge.asset_changed.connect(self._on_asset)
        bridge.connection_changed.connect(self._on_connection)

    def set_search(self, text: str) -> None:
        """Show only what matches."""
        if text != self.search:
            self.search = text
            self.reload()

    def set_trashed(self, trashed: bool) -> None:
        """Show the trash instead of the library."""
        if trashed != self.trashed:
            self.trashed = trashed
            self.reload()

    def reload(self) -> None:
        """Load the first page again."""
        self._generation += 1
        self._loading = True
        generation = self._generation
        request = ListAssets(search=self.search, trashed=self.trashed, limit=PAGE)
        self._bridge.ask(request, lambda page: self._on_first(page, generation))

    def asset(self, index: Index) -> Asset | None:
        """Return the track of a row."""
        return self._assets[index.row()] if index.isValid() else None

    def with_ids(self, asset_ids: Sequence[str]) -> tuple[Asset, ...]:
        """Return the tracks with these ids, in this order, as far as they are in the list."""
        rows = map(self.row_of, asset_ids)
        return tuple(self._assets[row] for row in rows if row >= 0)

    def row_of(self, asset_id: str) -> int:
        """Return a track's row, -1 when it is not in the list."""
        return next((i for i, asset in enumerate(self._assets) if asset.id == asset_id), -1)

    def _on_first(self, page: AssetPage, generation: int) -> None:
        if generation != self._generation:
            return
        self.beginResetModel()
        self._assets = list(page.assets)
        self._cursor, self._loading, self.total = page.cursor, False, page.total
        self.endResetModel()
        self.totals_changed.emit(self.total)
        self.loaded.emit()

    def _on_more(self, page: AssetPage, generation: int) -> None:
        if generation != self._generation:
            return
        known = {asset.id for asset in self._assets}
        fresh = [asset for asset in page.assets if asset.id not in known]
        self._cursor, self._loading = page.cursor, False
        if fresh:
            first = len(self._assets)
            self.beginInsertRows(QModelIndex(), first, first + len(fresh) - 1)
            self._assets.extend(fresh)
            self.endInsertRows()

    def _on_asset(self, asset: Asset) -> None:
        row = self.row_of(asset.id)
        belongs = (asset.trashed_at is not None) == self.trashed and matches(asset, self.search)
        if row >= 0 and belongs:
            self._assets[row] = asset
            self.dataChanged.emit(self.index(row), self.index(row))
        elif row >= 0:
            self.beginRemoveRows(QModelIndex(), row, row)
            del self._assets[row]
            self.endRemoveRows()
            self._count(-1)
        elif belongs:
            self.beginInsertRows(QModelIndex(), 0, 0)
            self._assets.insert(0, asset)
            self.endInsertRows()
            self._count(1)

    def _count(self, change: int) -> None:
        self.total = max(0, self.total + change)
        self.totals_changed.emit(self.total)

    def _on_connection(self, connection: Connection) -> None:
        if connection is Connection.READY:
            self.reload()

    @override
    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self._assets)

    @override
    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        asset = self.asset(index)
        if asset is None:
            return None
        if role == ASSET_ROLE:
            return asset
        if role == Qt.ItemDataRole.DisplayRole:
            return asset.title
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{asset.title}, {asset.artist}, {asset_line(asset)}"
        if role == Qt.ItemDataRole.ToolTipRole:
            artist = f"\n{asset.artist}" if asset.artist else ""
            return f"{asset.title}{artist}\n{asset_line(asset)}\n{asset.name}"
        return None

    @override
    def flags(self, index: Index) -> Qt.ItemFlag:
        kept = super().flags(index)
        return kept | Qt.ItemFlag.ItemIsDragEnabled if index.isValid() else kept

    @override
    def mimeTypes(self) -> list[str]:
        return [ASSET_MIME]

    @override
    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:
        assets = map(self.asset, indexes)
        return asset_mime([asset.id for asset in assets if asset is not None])

    @override
    def canFetchMore(self, parent: Index) -> bool:
        return not parent.isValid() and self._cursor is not None and not self._loading

    @override
    def fetchMore(self, parent: Index) -> None:
        if not self.canFetchMore(parent):
            return
        self._loading = True
        generation = self._generation
        request = ListAssets(
            search=self.search, trashed=self.trashed, limit=PAGE, cursor=self._cursor
        )
        self._bridge.ask(request, lambda page: self._on_more(page, generation))
