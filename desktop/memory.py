"""What the window remembers between runs: geometry, splitters, last folders, choices.

In: values. Out: an INI file in the user's settings folder (never in the library).
"""

from pathlib import Path

import platformdirs
from PySide6.QtCore import QByteArray, QSettings


def default_file() -> Path:
    """Return where the window's memory lies."""
    return Path(platformdirs.user_config_dir("cymatic", appauthor=False)) / "window.ini"


class Memory:
    """A few named values that outlive the window."""

    def __init__(self, file: Path) -> None:
        self._settings = QSettings(str(file), QSettings.Format.IniFormat)

    def blob(self, key: str) -> QByteArray:
        """Return stored bytes, empty when there are none."""
        value = self._settings.value(key)
        return value if isinstance(value, QByteArray) else QByteArray()

    def text(self, key: str, default: str = "") -> str:
        """Return a stored text."""
        value = self._settings.value(key)
        return value if isinstance(value, str) else default

    def flag(self, key: str, *, default: bool) -> bool:
        """Return a stored switch."""
        return self.text(key, "yes" if default else "no") == "yes"

    def keep(self, key: str, value: QByteArray | str | bool) -> None:
        """Remember a value."""
        if isinstance(value, bool):
            value = "yes" if value else "no"
        self._settings.setValue(key, value)

    def folder(self, key: str) -> str:
        """Return a remembered folder that still exists, else the home folder."""
        text = self.text(f"folders/{key}")
        return text if text and Path(text).is_dir() else str(Path.home())

    def keep_folder(self, key: str, path: Path) -> None:
        """Remember where a file dialog ended."""
        self.keep(f"folders/{key}", str(path.parent if path.suffix else path))

    def flush(self) -> None:
        """Write to disk."""
        self._settings.sync()
