"""Where an engine answers: the file it leaves beside its lock, for clients to find.

In: the library's folder. Out: port and token, or why no engine could start. Mode 0600: the token
is what makes a client one of this user's.
"""

import contextlib
import os
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from core.documents import from_json, to_json
from core.errors import ErrorView, KnownError


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """How to reach an engine; with `error` set, why the one that tried could not start."""

    pid: int
    written_at: datetime
    port: int = 0
    token: str = ""
    error: ErrorView | None = None


def read_endpoint(path: Path) -> Endpoint | None:
    """Return what the last engine wrote, None when there is nothing (sound) to read."""
    try:
        return from_json(path.read_bytes(), Endpoint)
    except (OSError, KnownError):
        return None


def write_endpoint(
    path: Path, *, port: int = 0, token: str = "", error: ErrorView | None = None
) -> None:
    """Write the file whole or not at all, readable by this user alone."""
    endpoint = Endpoint(
        pid=os.getpid(), written_at=datetime.now(UTC), port=port, token=token, error=error
    )
    hidden = path.with_name(f".{path.name}.part")
    with contextlib.suppress(FileNotFoundError):
        hidden.unlink()
    descriptor = os.open(hidden, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as sink:
        sink.write(to_json(endpoint))
    hidden.replace(path)


def remove_endpoint(path: Path) -> None:
    """Remove the file when it is this process's own."""
    endpoint = read_endpoint(path)
    if endpoint is not None and endpoint.pid == os.getpid() and endpoint.error is None:
        path.unlink(missing_ok=True)
