"""Requests about assets: lists, the trash, a missing original given back, copies for the user."""

import asyncio
import shutil
from dataclasses import dataclass
from pathlib import Path

import msgspec

from core.documents import to_json
from core.engine.parts import Parts
from core.engine.protocol import (
    ExportAsset,
    GetAsset,
    ListAssets,
    RelocateAsset,
    RestoreAsset,
    TrashAsset,
)
from core.engine.replies import AssetPage, ExportedFiles
from core.engine.routes import Answers
from core.errors import KnownError, NotFoundError, UsageError
from core.jobs.publish import check_output
from core.library.files import disk_errors, hash_file, write_flushed
from core.library.model import Asset


class AssetInUseError(KnownError):
    """Something still uses the asset."""

    code = "in-use"


@dataclass(frozen=True, slots=True)
class AssetRequests:
    """Answers what is asked about assets."""

    parts: Parts

    def answers(self) -> Answers:
        """Return what answers which request."""
        return {
            ListAssets: self.list,
            GetAsset: self.get,
            TrashAsset: self.trash,
            RestoreAsset: self.restore,
            RelocateAsset: self.relocate,
            ExportAsset: self.export,
        }

    def _seen(self, asset: Asset) -> Asset:
        """Return an asset with `missing` as the disk says."""
        there = self.parts.paths.original(asset.sha256, asset.name).is_file()
        return (
            asset if asset.missing != there else msgspec.structs.replace(asset, missing=not there)
        )

    async def list(self, request: ListAssets) -> AssetPage:
        """Return a page of assets."""
        found, cursor = self.parts.assets.page(
            search=request.search,
            trashed=request.trashed,
            limit=request.limit,
            cursor=request.cursor,
        )
        total = self.parts.assets.count(search=request.search, trashed=request.trashed)
        return AssetPage(assets=tuple(map(self._seen, found)), cursor=cursor, total=total)

    async def get(self, request: GetAsset) -> Asset:
        """Return an asset."""
        return self._seen(self.parts.assets.get(request.id))

    async def trash(self, request: TrashAsset) -> Asset:
        """Put an asset into the trash unless something needs it."""
        if not request.force:
            self._require_unused(request.id)
        return self._changed(self.parts.assets.set_trashed(request.id, trashed=True))

    def _require_unused(self, asset_id: str) -> None:
        asset = self.parts.assets.get(asset_id)
        if projects := self.parts.projects.users_of_asset(asset_id):
            names = ", ".join(f"“{title}”" for title in projects[:3])
            raise AssetInUseError(
                f"“{asset.title}” is used by {names}.",
                hint="Remove it from there first, or put it into the trash all the same (--force).",
            )
        if self.parts.lists.users_of_asset(asset_id):
            raise AssetInUseError(
                f"“{asset.title}” is needed by a job in the queue.",
                hint="Wait for it, cancel it, or put it into the trash all the same (--force).",
            )

    async def restore(self, request: RestoreAsset) -> Asset:
        """Take an asset out of the trash."""
        return self._changed(self.parts.assets.set_trashed(request.id, trashed=False))

    def _changed(self, asset: Asset) -> Asset:
        """Write the asset's document anew and tell of the change."""
        document = self.parts.paths.asset_document(asset.id)
        write_whole(document, msgspec.json.format(to_json(asset), indent=2))
        seen = self._seen(asset)
        self.parts.events.asset(seen)
        return seen

    async def relocate(self, request: RelocateAsset) -> Asset:
        """Take a missing original's bytes from a file that has the same content."""
        asset = self.parts.assets.get(request.id)
        if not request.path.is_file():
            raise NotFoundError(f"There is no file {request.path}.")
        target = self.parts.paths.original(asset.sha256, asset.name)
        await asyncio.to_thread(_copy_same, request.path, target, asset.sha256)
        return self._changed(asset)

    async def export(self, request: ExportAsset) -> ExportedFiles:
        """Copy an original and its document to where the user wants them."""
        asset = self.parts.assets.get(request.id)
        original = self.parts.paths.original(asset.sha256, asset.name)
        if not original.is_file():
            raise NotFoundError(
                f"The original of “{asset.title}” is missing.",
                hint=f"`cymatic assets relocate {asset.id} FILE` gives it back.",
            )
        copy = request.folder / asset.name
        document = request.folder / f"{asset.name}.json"
        for path in (copy, document):
            check_output(path, overwrite=False)
        await asyncio.to_thread(_copy_same, original, copy, asset.sha256)
        with disk_errors(document):
            write_whole(document, msgspec.json.format(to_json(asset), indent=2))
        return ExportedFiles(paths=(copy, document))


def write_whole(path: Path, data: bytes) -> None:
    """Write a small file of the library whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_flushed(path.with_name(f".{path.name}.part"), data).replace(path)


def _copy_same(source: Path, target: Path, sha256: str) -> None:
    """Copy a file that must have this content; nothing is left behind when it has not."""
    if hash_file(source) != sha256:
        raise UsageError(
            f"{source} is another file: its content is not that of the original.",
            hint="Look for the very file that was added; a converted copy is not the same.",
        )
    hidden = target.with_name(f".{target.name}.part")
    with disk_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            shutil.copyfile(source, hidden)
            hidden.replace(target)
        finally:
            hidden.unlink(missing_ok=True)
