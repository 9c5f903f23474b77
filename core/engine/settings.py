"""The library's settings: read at start, written whole, never the reason for not starting."""

import logging
from pathlib import Path

import msgspec

from core.config import Settings
from core.documents import from_json, to_json
from core.errors import KnownError, UsageError

_LOG = logging.getLogger(__name__)


class SettingsFile:
    """Holds the settings and keeps `settings.json` equal to them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.value = self._read()

    def _read(self) -> Settings:
        try:
            return from_json(self._path.read_bytes(), Settings)
        except FileNotFoundError:
            return Settings()
        except (OSError, KnownError) as error:
            aside = self._path.with_name(f"{self._path.name}.unreadable")
            _LOG.warning("%s is set aside as %s: %s", self._path, aside.name, error)
            self._path.replace(aside)
            return Settings()

    def replace(self, settings: Settings) -> Settings:
        """Take new settings.

        Raises UsageError for values that no engine could run with.
        """
        _check(settings)
        hidden = self._path.with_name(f".{self._path.name}.part")
        hidden.write_bytes(msgspec.json.format(to_json(settings), indent=2))
        hidden.replace(self._path)
        self.value = settings
        return settings


def _check(settings: Settings) -> None:
    least = {"gpu_jobs": 0, "cpu_jobs": 0, "net_jobs": 0, "max_attempts": 1}
    for name, value in msgspec.structs.asdict(settings).items():
        if isinstance(value, int | float) and value < least.get(name, 1):
            raise UsageError(f"The setting {name} cannot be {value}.", hint="Use a larger number.")
