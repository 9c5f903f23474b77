"""Publish what a job made: intents, renames, done; and the way back (DESIGN law 4).

In: `Finished` of a worker, or the intents that an earlier run of the engine committed. Out: files
at their places and a job that is done, or everything as before and a KnownError.
"""

import contextlib
import errno
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from core.errors import DiskError, KnownError
from core.jobs.context import StagedFile
from core.jobs.model import IngestResult, JobParams, JobResult, JobStatus
from core.library.files import MAX_NAME_BYTES, flush, hash_file
from core.library.intake import Intake
from core.paths import LibraryPaths
from core.platform.drives import nearest_folder, same_drive
from core.store.database import Database
from core.store.jobs import JobStore, Lease
from core.store.outputs import OutputStore

_CHUNK = 4 * 1024**2


class OutputExistsError(KnownError):
    """A file of that name is there already."""

    code = "exists"


def hidden_beside(final: Path, job_id: str) -> Path:
    """Return the hidden place beside `final` where a job writes when staging is on another disk."""
    return final.with_name(f".{final.name}.{job_id}.part")


def staging_place(staging: Path, final: Path, job_id: str) -> Path:
    """Return where to write a file so that publishing it is one rename.

    staging : the job's folder; final : where the file belongs. Below `staging` when that is on
    the same disk, else hidden beside `final`, whose folder is made.
    """
    if same_drive(staging, final.parent):
        return staging / final.name
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DiskError(
            f"The folder {final.parent} cannot be made.", hint="Choose another one.", path=final
        ) from error
    return hidden_beside(final, job_id)


def check_output(final: Path, *, overwrite: bool) -> None:
    """Refuse what could not be published at the end.

    Raises OutputExistsError when `final` would replace a file unasked, DiskError when its name is
    too long or its folder cannot be written to.
    """
    if len(os.fsencode(final.name)) > MAX_NAME_BYTES:
        raise DiskError(
            f"“{final.name[:40]}…” is too long for a file's name.", hint="Choose a shorter one."
        )
    if final.is_dir():
        raise OutputExistsError(f"{final} is a folder.", hint="Name a file.", path=final)
    if final.exists() and not overwrite:
        raise OutputExistsError(
            f"{final} is there already.",
            hint="Choose another name, or allow replacing it (--force).",
            path=final,
        )
    folder = nearest_folder(final.parent)
    if not os.access(folder, os.W_OK | os.X_OK):
        raise DiskError(
            f"The folder {folder} may not be written to.", hint="Choose another one.", path=final
        )


def ready_to_rename(
    files: Sequence[StagedFile], paths: LibraryPaths, job_id: str
) -> tuple[StagedFile, ...]:
    """Flush staged files and bring each to the disk it belongs to; blocking, no store.

    A content-addressed file that exists is kept, so its own digest is what gets recorded.
    Raises DiskError when a file is not there, is not whole, or a disk is full.
    """
    made: list[Path] = []
    try:
        return tuple(_ready_one(file, paths, job_id, made) for file in files)
    except OSError as error:
        for path in made:
            # What was never made cannot be removed either; a read-only disk says so.
            with contextlib.suppress(OSError):
                path.unlink()
        raise _disk_error(error) from error


def _ready_one(file: StagedFile, paths: LibraryPaths, job_id: str, made: list[Path]) -> StagedFile:
    if keeps_existing(file, paths) and file.final.exists():
        size = file.final.stat().st_size
        if size == file.bytes:
            return file
        return msgspec.structs.replace(file, bytes=size, sha256=hash_file(file.final))
    if file.staged.stat().st_size != file.bytes:
        raise DiskError(f"{file.staged.name} is not as long as it was said to be.")
    if same_drive(file.staged, file.final.parent):
        flush(file.staged)
        return file
    file.final.parent.mkdir(parents=True, exist_ok=True)
    beside = hidden_beside(file.final, job_id)
    made.append(beside)
    with file.staged.open("rb") as source, beside.open("wb") as sink:
        shutil.copyfileobj(source, sink, _CHUNK)
        sink.flush()
        os.fsync(sink.fileno())
    return msgspec.structs.replace(file, staged=beside)


def keeps_existing(file: StagedFile, paths: LibraryPaths) -> bool:
    """Return whether a file at `final` is as good as the staged one (content-addressed)."""
    return not file.overwrite and file.final.is_relative_to(paths.root)


@dataclass(frozen=True, slots=True, kw_only=True)
class Publisher:
    """Carries out publications, on the engine's loop: nothing comes between its steps."""

    paths: LibraryPaths
    database: Database
    jobs: JobStore
    outputs: OutputStore
    intake: Intake

    def publish(
        self, lease: Lease, params: JobParams, result: JobResult, files: Sequence[StagedFile]
    ) -> None:
        """Publish files that are ready and make the job done.

        Raises KnownError with everything as before: nothing at a final name, no intents.
        """
        staging = self.paths.staging(lease.job_id)
        result, files = self.intake.adopt(params, result, files, staging=staging)
        for file in files:
            if not keeps_existing(file, self.paths):
                check_output(file.final, overwrite=file.overwrite)
        self.outputs.intend(lease.job_id, result, files)
        self._rename_all(lease.job_id, files)
        self._conclude(lease.job_id, params, result, files, lease=lease)

    def roll_forward(self, job_id: str, params: JobParams) -> bool:
        """Finish what an earlier run intended; return False when the files are not there.

        Raises KnownError when a place is taken by something else.
        """
        intent = self.outputs.intent(job_id)
        if intent is None:
            return False
        if not all(file.staged.exists() or _arrived(file) for file in intent.files):
            self.outputs.withdraw(job_id)
            return False
        self._rename_all(job_id, intent.files)
        self._conclude(job_id, params, intent.result, intent.files, lease=None)
        return True

    def _conclude(
        self,
        job_id: str,
        params: JobParams,
        result: JobResult,
        files: Sequence[StagedFile],
        *,
        lease: Lease | None,
    ) -> None:
        with self.database.write():
            self.outputs.mark_published(job_id)
            self.intake.apply(params, result)
            if isinstance(result, IngestResult):
                self.jobs.link_asset(job_id, result.asset.id)
            self.jobs.transition(
                job_id, JobStatus.DONE, reason="published", lease=lease, result=result
            )
        for file in files:
            file.staged.unlink(missing_ok=True)
        shutil.rmtree(self.paths.staging(job_id), ignore_errors=True)

    def _rename_all(self, job_id: str, files: Sequence[StagedFile]) -> None:
        undo: list[Callable[[], object]] = []
        try:
            for file in files:
                self._rename_one(file, undo)
            for folder in dict.fromkeys(file.final.parent for file in files):
                _flush_folder(folder)
        except (OSError, KnownError) as error:
            for step in reversed(undo):
                with contextlib.suppress(OSError):
                    step()
            self.outputs.withdraw(job_id)
            if isinstance(error, OSError):
                raise _disk_error(error) from error
            raise

    def _rename_one(self, file: StagedFile, undo: list[Callable[[], object]]) -> None:
        if not file.staged.exists() and file.final.exists():
            return  # an earlier run came this far
        file.final.parent.mkdir(parents=True, exist_ok=True)
        if file.overwrite:
            file.staged.replace(file.final)
            return
        if file.final.exists():
            if keeps_existing(file, self.paths) or _same_content(file):
                return
            check_output(file.final, overwrite=False)
        move_without_replacing(file.staged, file.final)
        undo.append(lambda: file.final.replace(file.staged))


def move_without_replacing(source: Path, target: Path) -> None:
    """Rename a file in one step where possible; raise OutputExistsError rather than replace one."""
    if sys.platform != "win32":  # there rename itself refuses
        try:
            os.link(source, target)
        except FileExistsError:
            check_output(target, overwrite=False)
        except OSError:  # a file system without hard links
            check_output(target, overwrite=False)
        else:
            source.unlink()
            return
    try:
        os.rename(source, target)
    except FileExistsError:
        check_output(target, overwrite=False)
        raise


def _arrived(file: StagedFile) -> bool:
    """Return whether the file at the final name is the one that was meant."""
    return file.final.exists() and file.final.stat().st_size == file.bytes


def _same_content(file: StagedFile) -> bool:
    if file.final.samefile(file.staged):  # linked, not yet unlinked
        return True
    return _arrived(file) and hash_file(file.final) == file.sha256


def _flush_folder(folder: Path) -> None:
    if sys.platform == "win32":  # has no such thing
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _disk_error(error: OSError) -> DiskError:
    place = f" {error.filename}" if error.filename else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskError(
            f"The disk is full{' at' + place if place else ''}.",
            hint="Free some space, then retry: finished parts are kept.",
        )
    return DiskError(
        f"A file could not be put in its place{place}: {error.strerror or error}.",
        hint="Check that the folder is there and may be written to, then retry.",
    )
