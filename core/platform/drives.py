"""Which drive a folder is on, and whether a library may live there.

SQLite's write-ahead log needs memory shared between processes and locks that hold, which network
drives do not give (sqlite.org/wal.html, "All processes using a database must be on the same host
computer").
"""

import os
import sys
from pathlib import Path

import psutil

from core.errors import LibraryError

_NETWORK_TYPES = frozenset(
    "nfs nfs4 cifs smb smbfs smb2 smb3 afs afpfs webdav davfs davfs2 fuse.sshfs fuse.davfs sshfs "
    "fuse.rclone fuse.s3fs fuse.gvfsd-fuse 9p ncpfs ceph fuse.ceph glusterfs fuse.glusterfs "
    "lustre beegfs macfuse osxfuse".split()
)


def nearest_folder(path: Path) -> Path:
    """Return `path` or its nearest parent that exists."""
    path = path.absolute()
    while not path.exists() and path != path.parent:
        path = path.parent
    return path.resolve()


def drive_type(path: Path) -> str:
    """Return the file system's type that holds `path` (ext4, apfs, NTFS, nfs4 …), or ''."""
    place = nearest_folder(path)
    if sys.platform == "win32" and str(place).startswith("\\\\"):
        return "smb"
    best, kind = -1, ""
    for part in psutil.disk_partitions(all=True):
        mount = Path(part.mountpoint)
        if place.is_relative_to(mount) and len(mount.parts) >= best:
            if sys.platform == "win32" and "remote" in part.opts:
                return "smb"
            best, kind = len(mount.parts), part.fstype
    return kind


def require_local_drive(library: Path, *, kind: str | None = None) -> None:
    """Raise LibraryError when the library's drive is a network drive.

    library : Path, need not exist; kind : the drive's type, asked of the system when None.
    """
    kind = drive_type(library) if kind is None else kind
    if kind.lower() in _NETWORK_TYPES:
        raise LibraryError(
            f"The library cannot be on a network drive ({kind}): {library}.",
            hint="Choose a folder on a disk of this computer, with --library.",
        )


def same_drive(first: Path, second: Path) -> bool:
    """Return whether a file can be renamed from one place to the other."""
    return os.stat(nearest_folder(first)).st_dev == os.stat(nearest_folder(second)).st_dev
