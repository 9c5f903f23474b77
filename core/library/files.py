"""Content-addressed files: copying while hashing, safe names, publishing, room on the disk.

In: paths. Out: files whose bytes are known by their SHA-256. The source is only ever read.
"""

import errno
import hashlib
import os
import shutil
import stat
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from core.errors import DiskError, MediaError

CHUNK_BYTES = 4 * 1024**2
MAX_NAME_BYTES = 200
"""Below the 255 bytes that every common file system takes, with room for our suffixes."""
RESERVED_NAMES = frozenset(
    "con prn aux nul com0 com1 com2 com3 com4 com5 com6 com7 com8 com9 lpt0 lpt1 lpt2 lpt3 lpt4 "
    "lpt5 lpt6 lpt7 lpt8 lpt9 conin$ conout$".split()
)
FORBIDDEN_CHARACTERS = frozenset('<>:"/\\|?*')
SPARE_BYTES = 64 * 1024**2
"""Room that stays free besides what a job needs."""
_DISK_ERRNOS = {
    errno.ENOSPC: ("The disk is full.", "Free some space, then try again."),
    errno.EROFS: ("The disk is read-only.", "Choose a library on a disk that can be written."),
    errno.EDQUOT: ("Your quota on this disk is used up.", "Free some space, then try again."),
    errno.EFBIG: ("The file is too large for this disk's file system.", "Use another disk."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CopiedFile:
    """A finished copy: its SHA-256 (hex) and its size."""

    sha256: str
    size_bytes: int


def safe_name(name: str, *, fallback: str = "sound") -> str:
    """Return `name` as a file name that every system takes.

    Composed Unicode (NFC), no control or forbidden characters, no reserved device name, no
    leading or trailing dot or space, at most 200 bytes of UTF-8 with its suffix kept.
    """
    text = unicodedata.normalize("NFC", name.encode("utf-8", "replace").decode("utf-8"))
    text = "".join("_" if _is_forbidden(char) else char for char in text).strip(" .")
    stem, dot, suffix = text.rpartition(".")
    if not dot or not stem.strip(" ."):
        stem, suffix = text.strip(" ."), ""
    suffix = _shorten(suffix, 20)
    stem = _shorten(stem, MAX_NAME_BYTES - len(suffix.encode()) - 1).rstrip(" .") or fallback
    # Windows takes “nul.tar.gz” for the device as well: what counts is the part before any dot.
    if stem.split(".")[0].strip().lower() in RESERVED_NAMES:
        stem = f"_{stem}"
    return f"{stem}.{suffix}" if suffix else stem


def _is_forbidden(char: str) -> bool:
    # Cc controls, Cf invisible formatting (bidirectional overrides fake suffixes), Cs surrogates.
    return char in FORBIDDEN_CHARACTERS or unicodedata.category(char) in {"Cc", "Cf", "Cs"}


def _shorten(text: str, max_bytes: int) -> str:
    return text.encode()[:max_bytes].decode("utf-8", "ignore")


def hash_file(path: Path, *, tick: Callable[[], None] | None = None) -> str:
    """Return the SHA-256 (hex) of a file; `tick` is called between chunks and may raise."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK_BYTES):
            digest.update(chunk)
            if tick:
                tick()
    return digest.hexdigest()


def open_regular(path: Path) -> int:
    """Open a regular file for reading and return its descriptor.

    A FIFO without a writer does not block here. Raises MediaError with its own sentence for a
    folder, a pipe, a device, a socket, and for what is missing or unreadable.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        # Looked at before it is opened: opening a device can have effects of its own.
        _require_regular(path, path.stat())
        descriptor = os.open(path, flags)
    except OSError as error:
        raise unreadable(path, error) from error
    try:
        _require_regular(path, os.fstat(descriptor))
    except MediaError:
        os.close(descriptor)
        raise
    return descriptor


def _require_regular(path: Path, info: os.stat_result) -> None:
    kinds = (
        (stat.S_ISDIR, "a folder", "Choose a file in it."),
        (stat.S_ISFIFO, "a pipe, not a file", "Save the sound to a file first."),
        (stat.S_ISSOCK, "a socket, not a file", "Save the sound to a file first."),
        (stat.S_ISCHR, "a device, not a file", "Record the sound to a file first."),
        (stat.S_ISBLK, "a device, not a file", "Copy the sound off it to a file first."),
    )
    for is_kind, words, hint in kinds:
        if is_kind(info.st_mode):
            raise MediaError(f"“{path.name}” is {words}.", hint=hint, path=path)
    if not stat.S_ISREG(info.st_mode):
        raise MediaError(
            f"“{path.name}” is not an ordinary file.", hint="Choose a sound or video file."
        )


def unreadable(path: Path, error: OSError) -> MediaError:
    """Return the sentence for a file that the system does not let us read."""
    match error.errno:
        case errno.ENOENT | errno.ENOTDIR:
            words, hint = "does not exist", "Check the path; the file may have been moved."
        case errno.EACCES | errno.EPERM:
            words, hint = "may not be read", "Give yourself the right to read it, then try again."
        case errno.ENAMETOOLONG:
            words, hint = "has a name that is too long for this system", "Rename it."
        case errno.ELOOP:
            words, hint = "is a link that leads in a circle", "Choose the file itself."
        case _:
            words = f"could not be read ({error.strerror or 'unknown reason'})"
            hint = "Check the disk or the network drive it is on, then try again."
    return MediaError(f"“{path.name}” {words}.", hint=hint, path=path)


def copy_hashed(
    source: Path,
    target: Path,
    *,
    max_bytes: int,
    on_progress: Callable[[float], None] | None = None,
) -> CopiedFile:
    """Copy `source` to `target` and hash what was copied.

    Parameters
    ----------
    source : Path
        A regular file; it is only read.
    target : Path
        A file below staging; flushed to disk when this returns.
    max_bytes : int
        Size from which on the source is refused.
    on_progress : callable, optional
        Called with 0 to 1 after each chunk; may raise to stop.

    Raises
    ------
    MediaError
        The source cannot be read, is too large, or changed or vanished meanwhile.
    DiskError
        The disk is full or cannot be written.
    """
    with os.fdopen(open_regular(source), "rb", buffering=0) as stream:
        before = os.fstat(stream.fileno())
        require_size(source, before.st_size, max_bytes)
        digest, copied = hashlib.sha256(), 0
        with disk_errors(target), target.open("wb", buffering=0) as out:
            while chunk := _read(stream.fileno(), source):
                digest.update(chunk)
                out.write(chunk)
                copied += len(chunk)
                require_size(source, copied, max_bytes)
                if on_progress:
                    on_progress(min(copied / max(before.st_size, 1), 1.0))
            os.fsync(out.fileno())
        _require_unchanged(source, before, copied)
    return CopiedFile(sha256=digest.hexdigest(), size_bytes=copied)


def _read(descriptor: int, source: Path) -> bytes:
    try:
        return os.read(descriptor, CHUNK_BYTES)
    except OSError as error:
        raise unreadable(source, error) from error


def require_size(path: Path, size_bytes: int, max_bytes: int) -> None:
    """Raise MediaError when a file is larger than the setting allows."""
    if size_bytes > max_bytes:
        raise MediaError(
            f"“{path.name}” is larger than {max_bytes / 1024**3:.3g} GB.",
            hint="Raise the size limit in the settings, or take a part of it.",
            path=path,
        )


def _require_unchanged(source: Path, before: os.stat_result, copied: int) -> None:
    try:
        now = source.stat()
    except OSError as error:
        raise MediaError(
            f"“{source.name}” went away while it was being read.",
            hint="Put the drive or the file back, then try again.",
            path=source,
        ) from error
    same = (now.st_size, now.st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    if not same or copied != before.st_size or not os.path.samestat(now, before):
        raise MediaError(
            f"“{source.name}” changed while it was being read.",
            hint="Wait until whatever writes it is done, then try again.",
            path=source,
        )


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn the system's errors about a full or read-only disk into DiskError."""
    try:
        yield
    except OSError as error:
        if error.errno not in _DISK_ERRNOS:
            raise
        words, hint = _DISK_ERRNOS[error.errno]
        raise DiskError(words, hint=hint, path=path) from error


def require_free(folder: Path, needed_bytes: int) -> None:
    """Raise DiskError when the disk of `folder` (which exists) has too little room."""
    free = shutil.disk_usage(folder).free
    if free < needed_bytes + SPARE_BYTES:
        raise DiskError(
            f"This needs {_room(needed_bytes + SPARE_BYTES)} of disk space and "
            f"{_room(free)} is free.",
            hint="Free some space, or keep the library on a larger disk.",
            path=folder,
        )


def _room(size_bytes: int) -> str:
    return f"{size_bytes / 1e9:.1f} GB" if size_bytes >= 1e9 else f"{size_bytes / 1e6:.0f} MB"


def flush(path: Path) -> None:
    """Bring a finished file to the disk before anyone is told of it."""
    with disk_errors(path), path.open("rb+") as stream:
        os.fsync(stream.fileno())


def write_flushed(path: Path, data: bytes) -> Path:
    """Write a small file and bring it to the disk."""
    with disk_errors(path), path.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    return path


def publish_cached(staged: Path, final: Path) -> None:
    """Move a finished derived file to its content-addressed place, in one step."""
    flush(staged)
    final.parent.mkdir(parents=True, exist_ok=True)
    with disk_errors(final):
        staged.replace(final)
