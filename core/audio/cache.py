"""Keep the PCM cache within its limit: the least recently used sounds go first.

In: the files of the cache and a limit. Out: fewer files. Everything here can be made again from
the originals, so nothing is lost but time. Peaks are small and stay.
"""

import contextlib
import os
import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from core.paths import LibraryPaths

GRACE_S = 600.0
"""What was used this recently is taken to be in use by someone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheEntry:
    """A file of the cache."""

    key: str
    size_bytes: int
    used_at: float
    """When it was last used, seconds since the epoch."""


def choose_victims(
    entries: Iterable[CacheEntry],
    *,
    limit_bytes: int,
    keep: Collection[str] = (),
    used_after: float = float("inf"),
) -> tuple[CacheEntry, ...]:
    """Return what has to go so that the rest fits, least recently used first.

    Parameters
    ----------
    entries : iterable of CacheEntry
        Everything in the cache.
    limit_bytes : int
        What may stay in all.
    keep : collection of str
        Keys that stay whatever happens: in use, or just made.
    used_after : float
        Entries used after this time stay as well.

    Returns
    -------
    tuple of CacheEntry
        Never one that has to stay, even when the limit cannot be met without it.
    """
    everything = sorted(entries, key=lambda entry: (entry.used_at, entry.key))
    excess = sum(entry.size_bytes for entry in everything) - limit_bytes
    victims = []
    for entry in everything:
        if excess <= 0:
            break
        if entry.key not in keep and entry.used_at <= used_after:
            victims.append(entry)
            excess -= entry.size_bytes
    return tuple(victims)


def cache_entries(paths: LibraryPaths) -> tuple[CacheEntry, ...]:
    """Return everything in the PCM cache of a library."""
    found = []
    for path in paths.pcm("any").parent.glob("*.pcm"):
        with contextlib.suppress(FileNotFoundError):  # evicted by another job meanwhile
            info = path.stat()
            found.append(CacheEntry(key=path.stem, size_bytes=info.st_size, used_at=info.st_mtime))
    return tuple(found)


def enforce_limit(
    paths: LibraryPaths, *, limit_bytes: int, keep: Collection[str] = ()
) -> tuple[CacheEntry, ...]:
    """Evict what is over the limit and return it; `keep` and what was used just now stays."""
    victims = choose_victims(
        cache_entries(paths),
        limit_bytes=limit_bytes,
        keep=keep,
        used_after=time.time() - GRACE_S,
    )
    gone = []
    for entry in victims:
        with contextlib.suppress(OSError):  # Windows refuses while someone has it mapped
            paths.pcm(entry.key).unlink()
            gone.append(entry)
    return tuple(gone)


def mark_used(path: Path) -> None:
    """Remember that a cache file is used now."""
    with contextlib.suppress(OSError):  # a read-only library still plays
        os.utime(path)
