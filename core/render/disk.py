"""Room on the disk: checked before a render starts and while it runs.

In: a folder, how much the rest of the work needs, the limit on the output's size. Out: nothing,
or a DiskError while there is still time to act on it.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from core.errors import DiskError

RESERVE_BYTES = 256 * 1024**2
"""Always left free: the store and its journal live on the same disk."""


def free_bytes(folder: Path) -> int:
    """Return how much may still be written where `folder` is, or will be."""
    place = folder
    while not place.exists():
        place = place.parent
    return shutil.disk_usage(place).free


def size_text(n_bytes: float) -> str:
    """Return a size for people: 1.5 GB."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if n_bytes < 1000:
            return f"{n_bytes:.0f} {unit}" if unit in ("bytes", "kB") else f"{n_bytes:.1f} {unit}"
        n_bytes /= 1000
    return f"{n_bytes:.1f} TB"


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskGuard:
    """Watches one folder's disk and the size of what is being made."""

    folder: Path
    max_output_bytes: int
    free: Callable[[Path], int] = free_bytes

    def check_room(self, needed_bytes: float) -> None:
        """Raise DiskError when `needed_bytes` more would not leave the reserve free."""
        free = self.free(self.folder)
        if free < needed_bytes + RESERVE_BYTES:
            raise DiskError(
                f"The disk has {size_text(free)} free; this video needs about "
                f"{size_text(needed_bytes)} more.",
                hint="Free some space and retry: finished parts are kept.",
                path=self.folder,
            )

    def check_output(self, n_bytes: float) -> None:
        """Raise DiskError when the video is over the limit of the settings."""
        if n_bytes > self.max_output_bytes:
            raise DiskError(
                f"The video grows over the limit of {size_text(self.max_output_bytes)}.",
                hint="Raise the limit in the settings, or render a shorter part.",
                code="output-limit",
                path=self.folder,
            )
