"""An exclusive lock on a file, held by a process and dropped by the system when it dies."""

import os
import sys
from pathlib import Path

from core.errors import LibraryError

if sys.platform == "win32":
    import msvcrt

    def _take(descriptor: int) -> None:
        os.lseek(descriptor, 0, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _take(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


class FileLock:
    """Holds `path` locked from `acquire` to `release` or to the end of the process."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def acquire(self) -> bool:
        """Take the lock without waiting; return whether we hold it now.

        Raises LibraryError when the file cannot be made at all.
        """
        try:
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise LibraryError(
                f"The library at {self.path.parent} cannot be written: {error.strerror}.",
                hint="Choose a folder that you may write to, with --library.",
            ) from error
        try:
            _take(descriptor)
        except OSError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True

    def release(self) -> None:
        """Drop the lock. The file stays: removing it would let two processes hold it."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
