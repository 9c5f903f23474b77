"""`.cymatic` files: a project and its originals in one zip, made and read with care.

In: a project with its assets, or a file from anywhere. Out: the zip, or a `Bundle` whose
originals are in the library. Members are found by the names that we give them, never written to
the places that the zip names; sizes and hashes are checked while copying. Blocking; no store.
"""

import hashlib
import re
import shutil
import uuid
import zipfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import msgspec

from core.audio.recipe import asset_ids
from core.audio.recipe_check import DEFAULT_LIMITS, RecipeLimits
from core.documents import from_json, hash_of, to_json
from core.errors import KnownError, NotFoundError
from core.ids import new_id
from core.jobs.publish import move_without_replacing
from core.library.files import disk_errors, safe_name
from core.library.model import Asset
from core.library.project import PROJECT_VERSION, Project
from core.library.project_check import require_usable
from core.paths import LibraryPaths

_PROJECT = "project.json"
_MAX_DOCUMENT_BYTES = 16 * 1024**2
_CHUNK = 4 * 1024**2
_KEY = re.compile(r"[0-9A-Za-z_-]{1,200}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)


class ProjectFileError(KnownError):
    """The project file cannot be used."""

    code = "project-file"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """What a project file held; the originals are at their places already."""

    project: Project
    assets: tuple[Asset, ...]


def export_project(
    project: Project, assets: Sequence[Asset], paths: LibraryPaths, target: Path
) -> None:
    """Write a project file, whole or not at all.

    Raises NotFoundError when an original is missing, DiskError when it cannot be written.
    """
    hidden = target.with_name(f".{target.name}.part")
    with disk_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with zipfile.ZipFile(hidden, "w", zipfile.ZIP_STORED) as archive:
                _write(archive, project, assets, paths)
            hidden.replace(target)
        finally:
            hidden.unlink(missing_ok=True)


def _write(
    archive: zipfile.ZipFile, project: Project, assets: Sequence[Asset], paths: LibraryPaths
) -> None:
    archive.writestr(_PROJECT, msgspec.json.format(to_json(project), indent=2))
    for asset in assets:
        original = paths.original(asset.sha256, asset.name)
        if not original.is_file():
            raise NotFoundError(
                f"The original of “{asset.title}” is missing.",
                hint=f"`cymatic assets relocate {asset.id} FILE` gives it back.",
            )
        archive.writestr(_document(asset.id), msgspec.json.format(to_json(asset), indent=2))
        archive.write(original, _original(asset.sha256))


def _document(asset_id: str) -> str:
    return f"assets/{asset_id}.json"


def _original(sha256: str) -> str:
    return f"originals/{sha256}"


def import_project(
    source: Path, paths: LibraryPaths, limits: RecipeLimits = DEFAULT_LIMITS
) -> Bundle:
    """Read a project file and put its originals into the library: all of them or none.

    Raises ProjectFileError for anything that is not as we write it, UsageError for a project that
    cannot be worked with, DiskError.
    """
    try:
        with zipfile.ZipFile(source) as archive:
            project = _read_document(archive, _PROJECT, Project)
            if project.version > PROJECT_VERSION:
                raise ProjectFileError(
                    f"{source.name} is from a newer Cymatic.", hint="Install that version."
                )
            if len(project.recipe.clips) > limits.max_clips:
                require_usable(project, {}, limits)
            assets = {key: _read_asset(archive, key) for key in asset_ids(project.recipe)}
            require_usable(project, assets, limits)
            _copy_originals(archive, tuple(assets.values()), paths)
    except FileNotFoundError as error:
        raise ProjectFileError(
            f"“{source.name}” is not there.", hint="Check the path; the file may have been moved."
        ) from error
    except (zipfile.BadZipFile, OSError, NotImplementedError, RuntimeError) as error:
        raise ProjectFileError(
            f"“{source.name}” cannot be read as a project.",
            hint="It may be damaged; copy it again from where it came.",
        ) from error
    return Bundle(project=project, assets=tuple(assets.values()))


def _read_document[T](archive: zipfile.ZipFile, name: str, kind: type[T]) -> T:
    with _member(archive, name) as member:
        data = member.read(_MAX_DOCUMENT_BYTES + 1)
    if len(data) > _MAX_DOCUMENT_BYTES:
        raise ProjectFileError(f"{name} in the project file is too large.")
    return from_json(data, kind)


def _member(archive: zipfile.ZipFile, name: str) -> IO[bytes]:
    try:
        return archive.open(name)
    except KeyError:
        raise ProjectFileError(
            f"The project file has no {name}.", hint="It is not a whole `.cymatic` file."
        ) from None


def _read_asset(archive: zipfile.ZipFile, asset_id: str) -> Asset:
    asset = _read_document(archive, _document(asset_id), Asset)
    safe = _SHA256.fullmatch(asset.sha256) and _KEY.fullmatch(asset.pcm.key)
    if asset.pcm.sample_rate_hz < 1 or asset.pcm.n_samples < 0:
        raise ProjectFileError("An asset in the project file has no sound.")
    if not safe or not _KEY.fullmatch(asset_id) or asset.id != asset_id:
        raise ProjectFileError("An asset in the project file has no sound id or hash.")
    return msgspec.structs.replace(asset, name=safe_name(asset.name), analysis=None, missing=False)


def _copy_originals(archive: zipfile.ZipFile, assets: Sequence[Asset], paths: LibraryPaths) -> None:
    """Copy what is not in the library yet; when one fails, those before it go again."""
    with ExitStack() as undo:
        for asset in assets:
            target = paths.original(asset.sha256, asset.name)
            if not target.exists():
                _copy_original(archive, asset, paths)
                undo.callback(_remove, target)
        undo.pop_all()


def _remove(original: Path) -> None:
    with suppress(OSError):
        original.unlink()
        original.parent.rmdir()


def _copy_original(archive: zipfile.ZipFile, asset: Asset, paths: LibraryPaths) -> None:
    target = paths.original(asset.sha256, asset.name)
    staging = paths.staging(f"import-{new_id()}")
    with disk_errors(target):
        staging.mkdir(parents=True)
        try:
            staged = staging / "original"
            with _member(archive, _original(asset.sha256)) as member, staged.open("wb") as sink:
                _copy_checked(member, sink, asset)
            target.parent.mkdir(parents=True, exist_ok=True)
            move_without_replacing(staged, target)
        finally:
            shutil.rmtree(staging, ignore_errors=True)


def _copy_checked(member: IO[bytes], sink: IO[bytes], asset: Asset) -> None:
    """Copy at most the bytes that the asset says it has; a zip may promise less than it holds."""
    digest, left = hashlib.sha256(), asset.size_bytes
    while chunk := member.read(min(_CHUNK, left + 1)):
        left -= len(chunk)
        if left < 0:
            break
        digest.update(chunk)
        sink.write(chunk)
    if left != 0 or digest.hexdigest() != asset.sha256:
        raise ProjectFileError(
            f"The original of “{asset.title}” in the project file is damaged.",
            hint="Copy the project file again from where it came.",
        )


def with_assets(project: Project, assets: Mapping[str, str]) -> Project:
    """Return an imported project with the ids that its assets have in this library."""
    clips = tuple(
        msgspec.structs.replace(clip, asset_id=assets.get(clip.asset_id, clip.asset_id))
        for clip in project.recipe.clips
    )
    recipe = msgspec.structs.replace(project.recipe, clips=clips)
    return msgspec.structs.replace(project, recipe=recipe)


def possible_ids(project: Project) -> tuple[str, ...]:
    """Return the ids that the project of a file may get: its own, else one made of its content.

    The second is the same each time, so that the same file is the same project each time. The
    file's own id is used where it has the form of ours: it names a file in the library.
    """
    derived = str(uuid.uuid5(uuid.NAMESPACE_OID, hash_of(_content(project))))
    return (project.id, derived) if _ID.fullmatch(project.id) else (derived,)


def is_covered(project: Project, known: Project) -> bool:
    """Return whether `known` holds all that an imported project does, or came after it."""
    return _content(project) == _content(known) or project.updated_at <= known.updated_at


def _content(project: Project) -> Project:
    """Return a project without its id and its times."""
    return msgspec.structs.replace(project, id="", created_at=_NO_TIME, updated_at=_NO_TIME)
