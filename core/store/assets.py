"""Rows of assets: found by content hash, listed newest first, never deleted by accident."""

from datetime import datetime

import msgspec
import sqlalchemy as sa

from core.documents import json_reader, to_json
from core.errors import NotFoundError
from core.library.model import Analysis, Asset
from core.store.database import Database
from core.store.tables import assets, now

MAX_PAGE = 1000
_read = json_reader(Asset)


class AssetStore:
    """Reads and writes assets."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, asset: Asset) -> None:
        """Insert an asset, or write its new state over the old one."""
        values = {
            "sha256": asset.sha256,
            "search": " ".join((asset.title, asset.artist, asset.name)).casefold(),
            "trashed_at": asset.trashed_at,
            "document": to_json(asset).decode(),
        }
        with self._database.write():
            changed = self._database.execute(
                assets.update().where(assets.c.id == asset.id).values(**values)
            )
            if not changed:
                self._database.execute(assets.insert().values(id=asset.id, **values))

    def get(self, asset_id: str) -> Asset:
        """Return an asset; raise NotFoundError when there is none of that id."""
        found = self._database.row(sa.select(assets.c.document).where(assets.c.id == asset_id))
        if found is None:
            raise NotFoundError(
                f"There is no asset {asset_id}.", hint="`cymatic assets` shows them all."
            )
        asset: Asset = _read(found.document)
        return asset

    def has(self, asset_id: str) -> bool:
        """Return whether there is an asset of this id."""
        return self._database.row(sa.select(assets.c.id).where(assets.c.id == asset_id)) is not None

    def by_sha256(self, sha256: str) -> Asset | None:
        """Return the asset with this content, in the trash or not."""
        found = self._database.row(sa.select(assets.c.document).where(assets.c.sha256 == sha256))
        return None if found is None else _read(found.document)

    def page(
        self, *, search: str = "", trashed: bool = False, limit: int = 200, cursor: str | None
    ) -> tuple[tuple[Asset, ...], str | None]:
        """Return a page, newest first, and the cursor of the next one."""
        limit = max(1, min(limit, MAX_PAGE))
        query = sa.select(assets.c.id, assets.c.document).where(_matches(search, trashed=trashed))
        if cursor:
            query = query.where(assets.c.id < cursor)
        rows = self._database.rows(query.order_by(assets.c.id.desc()).limit(limit + 1))
        more = len(rows) > limit
        rows = rows[:limit]
        return tuple(_read(row.document) for row in rows), rows[-1].id if more else None

    def count(self, *, search: str = "", trashed: bool = False) -> int:
        """Return how many assets there are."""
        query = sa.select(sa.func.count()).select_from(assets)
        found = self._database.row(query.where(_matches(search, trashed=trashed)))
        return int(found[0]) if found else 0

    def all(self) -> list[Asset]:
        """Return every asset, trashed ones too, oldest first; for checks of the library."""
        rows = self._database.rows(sa.select(assets.c.document).order_by(assets.c.id))
        return [_read(row.document) for row in rows]

    def set_trashed(self, asset_id: str, *, trashed: bool) -> Asset:
        """Put an asset into the trash or take it out; return its new state."""
        with self._database.write():
            at: datetime | None = now() if trashed else None
            asset = msgspec.structs.replace(self.get(asset_id), trashed_at=at)
            self.put(asset)
        return asset

    def set_analysis(self, asset_id: str, analysis: Analysis) -> Asset:
        """Keep the numbers of an analysis; return the asset's new state."""
        with self._database.write():
            asset = msgspec.structs.replace(self.get(asset_id), analysis=analysis)
            self.put(asset)
        return asset


def _matches(search: str, *, trashed: bool) -> sa.ColumnElement[bool]:
    where: sa.ColumnElement[bool] = (
        assets.c.trashed_at.is_not(None) if trashed else assets.c.trashed_at.is_(None)
    )
    for word in search.casefold().split():
        where = sa.and_(where, assets.c.search.contains(word, autoescape=True))
    return where
