"""Logging of our processes: one format, a rotating file, and nothing on stdout.

In: where to write. Out: a configured root logger.
"""

import logging
import logging.handlers
import sys
from pathlib import Path

_FORMAT = "%(asctime)s %(levelname)-7s %(process)d %(name)s: %(message)s"
_MAX_BYTES = 4 * 1024**2
_BACKUPS = 3


def log_to_file(path: Path, *, level: int = logging.INFO) -> None:
    """Write this process's log to a file that is rotated at 4 MiB, keeping three."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _install(
        logging.handlers.RotatingFileHandler(
            path, maxBytes=_MAX_BYTES, backupCount=_BACKUPS, encoding="utf-8"
        ),
        level,
    )


def log_to_stderr(*, level: int = logging.INFO) -> None:
    """Write this process's log to stderr: workers do, the engine reads it there."""
    _install(logging.StreamHandler(sys.stderr), level)


def _install(handler: logging.Handler, level: int) -> None:
    handler.setFormatter(logging.Formatter(_FORMAT))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(level)
    logging.captureWarnings(True)
