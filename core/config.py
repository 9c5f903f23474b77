"""Settings and the environment: the only module that reads `os.environ`.

`Settings` belong to a library (its `settings.json`, written by the engine); `Environment` is
what the process was started with.
"""

import os
from pathlib import Path

import msgspec
import platformdirs


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that can be set. Every key has a default that suits most people."""

    gpu_jobs: int = 1
    """Renders side by side."""
    cpu_jobs: int = 0
    """Ingest, mix and analysis jobs side by side; 0: one less than the cores."""
    net_jobs: int = 4
    max_attempts: int = 3
    """How often a job whose worker died is tried."""
    ingest_stall_s: float = 600.0
    """A job without progress for this long is taken as hung."""
    prepare_stall_s: float = 900.0
    analyze_stall_s: float = 600.0
    render_stall_s: float = 30.0
    """Lower bound; a render may take 20 times its probed time for one tile."""
    max_duration_s: float = 12 * 3600.0
    """Longest sound that ingest takes."""
    max_source_bytes: int = 100 * 1024**3
    """Largest file that ingest takes."""
    max_output_bytes: int = 100 * 1024**3
    """Largest video that a render may write."""
    max_clips: int = 5000
    """Most clips that a recipe may have."""
    max_mix_s: float = 12 * 3600.0
    """Longest mix that a recipe may make."""
    pcm_cache_bytes: int = 20 * 1024**3
    """Size limit of the decoded-sound cache; the least recently used goes first."""
    notify_after_s: float = 20.0
    """A job at least this long is announced by the system when it ends."""
    allow_hosts: tuple[str, ...] = ()
    """`host[:port]` that the network guard lets through."""


class Environment(msgspec.Struct, frozen=True, kw_only=True):
    """What the environment variables say, read once at the start of a process."""

    library: Path
    engine_idle_s: float = 30.0
    allow_hosts: tuple[str, ...] = ()
    has_display: bool = True


def default_library() -> Path:
    """Return the library's place when nobody says otherwise."""
    return Path(platformdirs.user_data_dir("cymatic", appauthor=False)) / "library"


def read_environment() -> Environment:
    """Return what the environment variables say."""
    env = os.environ
    library = env.get("CYMATIC_LIBRARY")
    hosts = tuple(host.strip() for host in env.get("CYMATIC_ALLOW_HOSTS", "").split(","))
    return Environment(
        library=Path(library).expanduser().absolute() if library else default_library(),
        engine_idle_s=float(env.get("CYMATIC_ENGINE_IDLE_S") or 30.0),
        allow_hosts=tuple(host for host in hosts if host),
        has_display=os.name == "nt"
        or os.uname().sysname == "Darwin"
        or bool(env.get("DISPLAY") or env.get("WAYLAND_DISPLAY")),
    )


def child_environment(**extra: str) -> dict[str, str]:
    """Return the environment for a process that we start: ours, and `extra` over it."""
    return {**os.environ, **extra}
