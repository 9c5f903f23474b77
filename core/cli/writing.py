"""Small files that commands write for the user: whole or not at all, and no other replaced."""

from pathlib import Path

import msgspec

from core.documents import to_json
from core.errors import DiskError, KnownError
from core.library.files import disk_errors, write_flushed


def write_json(path: Path, value: object, *, overwrite: bool) -> None:
    """Write a value as JSON for people to read.

    Raises
    ------
    KnownError
        A file is there and may not be replaced.
    DiskError
        The disk is full, or the folder cannot be written to.
    """
    if path.exists() and not overwrite:
        raise KnownError(f"{path} exists.", code="exists", hint="Add --force to replace it.")
    hidden = path.with_name(f".{path.name}.part")
    try:
        with disk_errors(path):
            try:
                write_flushed(hidden, msgspec.json.format(to_json(value), indent=2) + b"\n")
                hidden.replace(path)
            finally:
                hidden.unlink(missing_ok=True)
    except OSError as error:
        raise DiskError(
            f"“{path.name}” could not be written: {error.strerror or error}.",
            hint="Check that the folder is there and may be written to, then try again.",
            path=path,
        ) from error
