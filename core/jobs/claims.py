"""From a claimed job to what its worker is told: references resolved, assets and project in.

In: the job's view. Out: `wire.Start`. Raises KnownError when something it names is gone.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never

import msgspec

from core.audio.recipe import Recipe
from core.config import Settings
from core.errors import NotFoundError
from core.jobs import wire
from core.jobs.model import (
    AnalyzeParams,
    AssetRef,
    EstimateParams,
    ExportParams,
    FrameParams,
    IngestParams,
    IngestResult,
    JobParams,
    JobView,
    PrepareParams,
    RenderParams,
)
from core.library.project import Project
from core.paths import LibraryPaths
from core.store.assets import AssetStore
from core.store.jobs import Lease
from core.store.projects import ProjectStore


@dataclass(frozen=True, slots=True, kw_only=True)
class StartMaker:
    """Makes the first message to a worker."""

    paths: LibraryPaths
    assets: AssetStore
    projects: ProjectStore
    view: Callable[[str], JobView]
    settings: Callable[[], Settings]
    handlers: str

    def start(self, job: JobView, lease: Lease) -> wire.Start:
        """Return what the worker of a claimed job is told."""
        params = self._resolved(job.params)
        ids = asset_ids(params)
        return wire.Start(
            job_id=job.id,
            kind=job.kind,
            attempt=job.attempt,
            fence=lease.fence,
            library=str(self.paths.root),
            params=params,
            settings=self.settings(),
            assets={asset_id: self.assets.get(asset_id) for asset_id in ids},
            project=self._project(params),
            facts=job.facts,
            handlers=self.handlers,
        )

    def _project(self, params: JobParams) -> Project | None:
        if isinstance(params, EstimateParams):
            params = params.render
        if isinstance(params, RenderParams) and params.project_id is not None:
            return self.projects.get(params.project_id)
        return None

    def _resolved(self, params: JobParams) -> JobParams:
        match params:
            case IngestParams():
                return params
            case EstimateParams(render=render):
                asset = self._asset(render.asset)
                return EstimateParams(render=msgspec.structs.replace(render, asset=asset))
            case (
                PrepareParams() | AnalyzeParams() | RenderParams() | FrameParams() | ExportParams()
            ):
                return msgspec.structs.replace(params, asset=self._asset(params.asset))
            case _:
                assert_never(params)

    def _asset(self, ref: AssetRef) -> AssetRef:
        if ref.ingest_job_id is None:
            return ref
        result = self.view(ref.ingest_job_id).result
        if not isinstance(result, IngestResult):
            raise NotFoundError("The file that this is about was never taken in.")
        return AssetRef(asset_id=result.asset.id)


def subject_of(params: JobParams) -> tuple[AssetRef | None, Recipe | None]:
    """Return the asset reference and the recipe that parameters name, if any."""
    match params:
        case IngestParams():
            return None, None
        case EstimateParams(render=render):
            return render.asset, render.recipe
        case PrepareParams() | AnalyzeParams() | RenderParams() | FrameParams() | ExportParams():
            return params.asset, params.recipe
        case _:
            assert_never(params)


def asset_ids(params: JobParams) -> tuple[str, ...]:
    """Return the ids of all assets that resolved parameters name, each once."""
    ref, recipe = subject_of(params)
    named = [ref.asset_id] if ref is not None and ref.asset_id is not None else []
    if recipe is not None:
        named += [clip.asset_id for clip in recipe.clips]
    return tuple(dict.fromkeys(named))
