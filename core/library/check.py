"""Compare what the store says with what lies on the disk. Blocking; no store, no changes.

In: what should be there. Out: findings, each with what would mend it, and sizes by storage kind.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from core.documents import from_json, to_json
from core.errors import KnownError
from core.library.files import hash_file
from core.library.model import Asset
from core.library.project import Project
from core.paths import LibraryPaths

KINDS = (
    "originals assets recipes prepared peaks features projects renders pcm segments stills "
    "staging trash backups logs"
).split()


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What the store knows of: assets, projects, and (job, path, bytes) of published files."""

    assets: tuple[Asset, ...]
    projects: tuple[Project, ...]
    outputs: tuple[tuple[str, Path, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that is not as it should be, and what mends it, if anything does."""

    code: str
    message: str
    path: Path
    document: bytes | None = None
    """To be written to `path`."""
    asset: Asset | None = None
    """To be put into the store."""
    orphan: bool = False
    """To be moved to the trash."""


def measure(paths: LibraryPaths) -> tuple[dict[str, int], int]:
    """Return the bytes of each storage kind, `database` included, and the free bytes."""
    sizes = {kind: sum(_size(path) for path in _files(paths.root / kind)) for kind in KINDS}
    sizes["database"] = sum(
        _size(path) for path in paths.root.glob(f"{paths.database.name}*") if path.is_file()
    )
    return sizes, shutil.disk_usage(paths.root).free


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:  # it went while we looked
        return 0


def _files(folder: Path) -> Iterator[Path]:
    yield from (path for path in sorted(folder.rglob("*")) if path.is_file())


def check_files(paths: LibraryPaths, expected: Expected) -> tuple[list[Finding], int]:
    """Return what is wrong, and how many files were looked at. Reads every original whole."""
    findings = [
        *_check_originals(paths, expected),
        *_check_documents(paths, expected),
        *_check_outputs(paths, expected),
        *_find_orphans(paths, expected),
    ]
    n_files = sum(1 for kind in KINDS for _ in _files(paths.root / kind))
    return findings, n_files


def _check_originals(paths: LibraryPaths, expected: Expected) -> Iterator[Finding]:
    for asset in expected.assets:
        path = paths.original(asset.sha256, asset.name)
        if not path.is_file():
            yield Finding(
                code="original-missing",
                message=f"The original of “{asset.title}” is missing; "
                f"`cymatic assets relocate {asset.id} FILE` gives it back.",
                path=path,
            )
        elif path.stat().st_size != asset.size_bytes or hash_file(path) != asset.sha256:
            yield Finding(
                code="original-damaged",
                message=f"The original of “{asset.title}” is not the file that was added.",
                path=path,
            )


def _check_documents(paths: LibraryPaths, expected: Expected) -> Iterator[Finding]:
    wanted: list[tuple[Path, object]] = [
        (paths.asset_document(asset.id), asset) for asset in expected.assets
    ]
    wanted += [(paths.project(project.id), project) for project in expected.projects]
    for path, value in wanted:
        document = msgspec.json.format(to_json(value), indent=2)
        if not path.is_file() or path.read_bytes() != document:
            yield Finding(
                code="document",
                message=f"{path.name} is missing or out of date.",
                path=path,
                document=document,
            )


def _check_outputs(paths: LibraryPaths, expected: Expected) -> Iterator[Finding]:
    """Look for published videos of the library; derived files may go and come again."""
    for job_id, path, size in expected.outputs:
        if not path.is_relative_to(paths.render(job_id)):
            continue
        if not path.is_file():
            yield Finding(code="output-missing", message=f"{path.name} is missing.", path=path)
        elif path.stat().st_size != size:
            yield Finding(
                code="output-damaged", message=f"{path.name} is not as it was made.", path=path
            )


def _find_orphans(paths: LibraryPaths, expected: Expected) -> Iterator[Finding]:
    hashes = {asset.sha256 for asset in expected.assets}
    ids = {asset.id for asset in expected.assets}
    jobs = {job_id for job_id, _, _ in expected.outputs}
    lost = list(_lost_assets(paths, ids, hashes))
    for asset in lost:
        yield Finding(
            code="asset-unknown",
            message=f"“{asset.title}” lies in the library, but is not in its database.",
            path=paths.asset_document(asset.id),
            asset=asset,
        )
    hashes |= {asset.sha256 for asset in lost}
    for kind, known in (("originals", hashes), ("renders", jobs)):
        for folder in _entries(paths.root / kind):
            if folder.name not in known:
                yield Finding(
                    code="orphan", message=f"Nothing refers to {folder}.", path=folder, orphan=True
                )


def _lost_assets(paths: LibraryPaths, ids: set[str], hashes: set[str]) -> Iterator[Asset]:
    """Find documents of assets that the store does not know and whose original is there."""
    for path in _entries(paths.asset_document("any").parent):
        if path.suffix != ".json" or path.stem in ids:
            continue
        try:
            asset = from_json(path.read_bytes(), Asset)
        except (KnownError, OSError):
            continue
        original = paths.original(asset.sha256, asset.name)
        if (
            asset.sha256 not in hashes
            and original.is_file()
            and hash_file(original) == asset.sha256
        ):
            yield asset


def _entries(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []
