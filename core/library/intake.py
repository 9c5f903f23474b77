"""What results mean for the library: new assets, duplicates, analyses.

In: a job's result and its staged files, before they are published. Out: the result and files as
they will be published, then the rows, in the transaction that makes the job done.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from core.documents import to_json
from core.jobs.context import StagedFile
from core.jobs.model import AnalyzeParams, AnalyzeResult, IngestResult, JobParams, JobResult
from core.library.model import Asset
from core.paths import LibraryPaths
from core.store.assets import AssetStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """Takes results into the library; `announce` tells of each asset that came or changed."""

    paths: LibraryPaths
    assets: AssetStore
    announce: Callable[[Asset], None]

    def adopt(
        self, params: JobParams, result: JobResult, files: Sequence[StagedFile], *, staging: Path
    ) -> tuple[JobResult, tuple[StagedFile, ...]]:
        """Return result and files as they will be: duplicates joined, sidecars added."""
        kept = tuple(files)
        if isinstance(result, IngestResult):
            existing = self.assets.by_sha256(result.asset.sha256)
            if existing is not None and existing.id != result.asset.id:
                kept = self._without_second_original(kept, result.asset, existing)
                same = msgspec.structs.replace(
                    existing, pcm=result.asset.pcm, trashed_at=None, missing=False
                )
                result = IngestResult(asset=same, duplicate=True)
            return result, (*kept, self._sidecar(result.asset, staging))
        if isinstance(result, AnalyzeResult) and _is_of_whole_asset(params):
            asset = self.assets.get(result.asset_id)
            analysed = msgspec.structs.replace(asset, analysis=result.analysis)
            return result, (*kept, self._sidecar(analysed, staging))
        return result, kept

    def apply(self, params: JobParams, result: JobResult) -> None:
        """Write the rows that a published result brings; inside the caller's transaction."""
        if isinstance(result, IngestResult):
            self.assets.put(result.asset)
            self.announce(result.asset)
        elif isinstance(result, AnalyzeResult) and _is_of_whole_asset(params):
            self.announce(self.assets.set_analysis(result.asset_id, result.analysis))

    def _without_second_original(
        self, files: tuple[StagedFile, ...], new: Asset, existing: Asset
    ) -> tuple[StagedFile, ...]:
        """Drop the second copy of an original, or put it where the first one is missing."""
        stored = self.paths.original(existing.sha256, existing.name)
        kept = []
        for file in files:
            if file.final == self.paths.asset_document(new.id):
                continue
            if file.final == self.paths.original(new.sha256, new.name):
                if stored.exists():
                    continue
                file = msgspec.structs.replace(file, final=stored)
            kept.append(file)
        return tuple(kept)

    def _sidecar(self, asset: Asset, staging: Path) -> StagedFile:
        """Stage the document that an asset's row can be rebuilt from."""
        return stage_document(asset, self.paths.asset_document(asset.id), staging=staging)


def stage_document(value: object, final: Path, *, staging: Path) -> StagedFile:
    """Write `value` as JSON into staging, to be published at `final` over an older one."""
    data = msgspec.json.format(to_json(value), indent=2)
    staging.mkdir(parents=True, exist_ok=True)
    staged = staging / f"{final.name}.document"
    with staged.open("wb") as sink:
        sink.write(data)
    return StagedFile(
        staged=staged,
        final=final,
        sha256=hashlib.sha256(data).hexdigest(),
        bytes=len(data),
        role="document",
        overwrite=True,
    )


def _is_of_whole_asset(params: JobParams) -> bool:
    """Return whether an analysis speaks of the asset itself, not of a recipe over it."""
    return isinstance(params, AnalyzeParams) and params.recipe is None
