"""Requests about projects: new, read, saved, written to a file, read from one."""

import asyncio
from dataclasses import dataclass

import msgspec

from core.audio.recipe import identity_recipe
from core.documents import to_json
from core.engine.asset_requests import write_whole
from core.engine.parts import Parts
from core.engine.protocol import (
    ExportProject,
    GetProject,
    ImportProject,
    ListProjects,
    NewProject,
    SaveProject,
)
from core.engine.recipes import limits_of, require_storable
from core.engine.replies import ExportedFiles, ProjectList, ProjectSummary
from core.engine.routes import Answers
from core.ids import new_id
from core.jobs.publish import check_output
from core.library.exchange import (
    export_project,
    import_project,
    is_covered,
    possible_ids,
    with_assets,
)
from core.library.model import Asset
from core.library.project import Project
from core.scenes.library import default_scene_name
from core.scenes.model import Cue
from core.store.tables import now


@dataclass(frozen=True, slots=True)
class ProjectRequests:
    """Answers what is asked about projects."""

    parts: Parts

    def answers(self) -> Answers:
        """Return what answers which request."""
        return {
            ListProjects: self.list,
            NewProject: self.new,
            GetProject: self.get,
            SaveProject: self.save,
            ExportProject: self.export,
            ImportProject: self.open_file,
        }

    async def list(self, request: ListProjects) -> ProjectList:
        """Return all projects."""
        found = self.parts.projects.summaries()
        return ProjectList(
            projects=tuple(
                ProjectSummary(id=project_id, title=title, updated_at=at)
                for project_id, title, at in found
            )
        )

    async def new(self, request: NewProject) -> Project:
        """Make a project of one asset."""
        asset = self.parts.assets.get(request.asset_id)
        at = now()
        project = Project(
            id=new_id(),
            title=request.title or asset.title,
            recipe=identity_recipe(asset.id),
            cues=(Cue(scene=request.scene or default_scene_name()),),
            created_at=at,
            updated_at=at,
        )
        self.parts.projects.insert(project)
        return self._changed(project)

    async def get(self, request: GetProject) -> Project:
        """Return a project."""
        return self.parts.projects.get(request.id)

    async def save(self, request: SaveProject) -> Project:
        """Keep a project's new state."""
        require_storable(self.parts, request.project)
        return self._changed(self.parts.projects.save(request.project))

    def _changed(self, project: Project) -> Project:
        """Write the project's document and tell of the change."""
        document = self.parts.paths.project(project.id)
        write_whole(document, msgspec.json.format(to_json(project), indent=2))
        summary = ProjectSummary(id=project.id, title=project.title, updated_at=project.updated_at)
        self.parts.events.project(project.id, summary)
        return project

    async def export(self, request: ExportProject) -> ExportedFiles:
        """Write a project and its originals to one file."""
        project = self.parts.projects.get(request.id)
        check_output(request.path, overwrite=request.overwrite)
        ids = dict.fromkeys(clip.asset_id for clip in project.recipe.clips)
        assets = [self.parts.assets.get(asset_id) for asset_id in ids]
        await asyncio.to_thread(export_project, project, assets, self.parts.paths, request.path)
        return ExportedFiles(paths=(request.path,))

    async def open_file(self, request: ImportProject) -> Project:
        """Take a project file into the library; one that was taken before is found again.

        A file that is unchanged, or older than what became of its project here, opens that
        project. One that was changed elsewhere opens as a project of its own, once.
        """
        bundle = await asyncio.to_thread(
            import_project, request.path, self.parts.paths, limits_of(self.parts)
        )
        with self.parts.database.write():
            renamed: dict[str, str] = {}
            for asset in bundle.assets:
                renamed[asset.id] = self._adopt(asset).id
            project = with_assets(bundle.project, renamed)
            require_storable(self.parts, project)
            for project_id in (*possible_ids(bundle.project), new_id()):
                known = self.parts.projects.find(project_id)
                if known is None:
                    break
                if is_covered(project, known):
                    return known
            project = msgspec.structs.replace(project, id=project_id)
            self.parts.projects.insert(project)
        return self._changed(project)

    def _adopt(self, asset: Asset) -> Asset:
        """Keep an imported asset, or find the one with the same content; return ours."""
        existing = self.parts.assets.by_sha256(asset.sha256)
        if existing is None and self.parts.assets.has(asset.id):
            asset = msgspec.structs.replace(asset, id=new_id())
        kept = msgspec.structs.replace(existing or asset, trashed_at=None)
        self.parts.assets.put(kept)
        document = self.parts.paths.asset_document(kept.id)
        write_whole(document, msgspec.json.format(to_json(kept), indent=2))
        self.parts.database.after_commit(lambda: self.parts.events.asset(kept))
        return kept
