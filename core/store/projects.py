"""Rows of projects, and which assets each one uses."""

from datetime import datetime

import msgspec
import sqlalchemy as sa

from core.documents import json_reader, to_json
from core.errors import KnownError, NotFoundError
from core.library.project import Project
from core.store.database import Database
from core.store.tables import now, project_assets, projects

_read = json_reader(Project)


class ProjectStore:
    """Reads and writes projects."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, project_id: str) -> Project:
        """Return a project; raise NotFoundError when there is none of that id."""
        project = self.find(project_id)
        if project is None:
            raise NotFoundError(
                f"There is no project {project_id}.", hint="`cymatic project` shows them all."
            )
        return project

    def find(self, project_id: str) -> Project | None:
        """Return a project, or None when there is none of that id."""
        found = self._database.row(
            sa.select(projects.c.document).where(projects.c.id == project_id)
        )
        if found is None:
            return None
        project: Project = _read(found.document)
        return project

    def insert(self, project: Project) -> None:
        """Keep a new project."""
        with self._database.write():
            self._database.execute(
                projects.insert().values(
                    id=project.id,
                    title=project.title,
                    updated_at=project.updated_at,
                    document=to_json(project).decode(),
                )
            )
            self._link(project)

    def save(self, project: Project) -> Project:
        """Write a project's new state and return it with its new time.

        Raises KnownError (code conflict) when it was saved by someone else since it was read.
        """
        with self._database.write():
            current = self.get(project.id)
            if current.updated_at != project.updated_at:
                raise KnownError(
                    f"“{current.title}” was changed elsewhere since it was opened.",
                    code="conflict",
                    hint="Open it again, or save your version under a new name.",
                )
            at: datetime = max(now(), current.updated_at.replace(microsecond=0))
            saved = msgspec.structs.replace(project, updated_at=at, created_at=current.created_at)
            self._database.execute(
                projects.update()
                .where(projects.c.id == project.id)
                .values(title=saved.title, updated_at=at, document=to_json(saved).decode())
            )
            self._link(saved)
        return saved

    def summaries(self) -> list[tuple[str, str, datetime]]:
        """Return (id, title, updated_at), most recently changed first."""
        query = sa.select(projects.c.id, projects.c.title, projects.c.updated_at).order_by(
            projects.c.updated_at.desc()
        )
        return [(row.id, row.title, row.updated_at) for row in self._database.rows(query)]

    def users_of_asset(self, asset_id: str) -> list[str]:
        """Return the titles of the projects that use an asset."""
        query = (
            sa.select(projects.c.title)
            .join(project_assets, project_assets.c.project_id == projects.c.id)
            .where(project_assets.c.asset_id == asset_id)
        )
        return [row.title for row in self._database.rows(query)]

    def _link(self, project: Project) -> None:
        self._database.execute(
            project_assets.delete().where(project_assets.c.project_id == project.id)
        )
        for asset_id in dict.fromkeys(clip.asset_id for clip in project.recipe.clips):
            self._database.execute(
                project_assets.insert().values(project_id=project.id, asset_id=asset_id)
            )
