"""From what the user named to what work is about.

In: a path, a link, an asset id, a project id, or the unique start of one. Out: a `Subject`, or
the id. Anything with no match, or several, is a clear error.
"""

import os
from pathlib import Path

from core.engine.client import EngineClient
from core.engine.protocol import (
    GetAsset,
    GetJob,
    GetProject,
    ImportProject,
    ListAssets,
    ListJobs,
    ListProjects,
    Subject,
)
from core.errors import KnownError, NotFoundError, UsageError
from core.ingest.sources import require_available, source_from_text
from core.jobs.model import JobView
from core.library.model import Asset
from core.library.project import Project

ID_LENGTH = 36
PROJECT_SUFFIX = ".cymatic"
SHORTEST_PREFIX = 4


def looks_like_id(text: str) -> bool:
    """Return whether a text can be an id or the start of one."""
    return SHORTEST_PREFIX <= len(text) <= ID_LENGTH and set(text) <= set("0123456789abcdef-")


async def subject_of(client: EngineClient, text: str) -> Subject:
    """Return what work is about: a file wins over an id; a `.cymatic` file is opened."""
    path = Path(text).expanduser()
    if path.suffix == PROJECT_SUFFIX and os.path.exists(path):
        opened = await client.call(ImportProject(path=path.absolute()))
        return Subject(project_id=opened.id)
    if os.path.exists(path) or "://" in text:
        return Subject(source=require_available(source_from_text(text)))
    if looks_like_id(text):
        return await _subject_with_id(client, text)
    raise NotFoundError(
        f"There is no file “{text}”.", hint="Give a file, or an id that `cymatic assets` shows."
    )


async def _subject_with_id(client: EngineClient, text: str) -> Subject:
    assets = await _matching_assets(client, text)
    projects = await _matching_projects(client, text)
    found = _only_one(text, "file, asset or project", [*assets, *projects])
    return Subject(asset_id=found) if assets else Subject(project_id=found)


async def asset_named(client: EngineClient, text: str, *, trashed: bool = False) -> Asset:
    """Return the asset with an id or the unique start of one."""
    ids = await _matching_assets(client, text, trashed=trashed) if looks_like_id(text) else []
    return await client.call(GetAsset(id=_only_one(text, "asset", ids)))


async def project_named(client: EngineClient, text: str) -> Project:
    """Return the project with an id or the unique start of one."""
    ids = await _matching_projects(client, text) if looks_like_id(text) else []
    return await client.call(GetProject(id=_only_one(text, "project", ids)))


async def job_named(client: EngineClient, text: str) -> JobView:
    """Return the job with an id or the unique start of one."""
    if len(text) == ID_LENGTH:
        return await client.call(GetJob(id=text))
    found: dict[str, JobView] = {}
    cursor: str | None = None
    while looks_like_id(text):
        page = await client.call(ListJobs(cursor=cursor))
        found |= {job.id: job for job in page.jobs if job.id.startswith(text)}
        cursor = page.cursor
        if cursor is None:
            break
    return found[_only_one(text, "job", list(found))]


async def _matching_assets(client: EngineClient, text: str, *, trashed: bool = False) -> list[str]:
    if len(text) == ID_LENGTH:
        try:
            return [(await client.call(GetAsset(id=text))).id]
        except KnownError as error:
            return _none_if_not_found(error)
    found: list[str] = []
    cursor: str | None = None
    while True:
        page = await client.call(ListAssets(cursor=cursor, trashed=trashed))
        found += [asset.id for asset in page.assets if asset.id.startswith(text)]
        cursor = page.cursor
        if cursor is None:
            return found


async def _matching_projects(client: EngineClient, text: str) -> list[str]:
    listed = await client.call(ListProjects())
    return [project.id for project in listed.projects if project.id.startswith(text)]


def _none_if_not_found(error: KnownError) -> list[str]:
    if error.code != NotFoundError.code:
        raise error
    return []


def _only_one(text: str, noun: str, ids: list[str]) -> str:
    if not ids:
        raise NotFoundError(f"There is no {noun} “{text}”.", hint="Check the name or the id.")
    if len(ids) > 1:
        raise UsageError(
            f"“{text}” is the start of {len(ids)} ids.", hint="Write more of it, up to the whole."
        )
    return ids[0]
