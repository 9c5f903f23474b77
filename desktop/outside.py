"""What happens outside the window: a file opened or shown by the user's own programs.

In: a path. Out: whether anything took it, as a notice when nothing did. Asked on the pool, since
starting a program takes longer than a frame.
"""

from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject

from core.platform.desktop import open_file, reveal_file
from desktop.notices import Notice, Notices
from desktop.tasks import Background


class Outside(QObject):
    """Opens and shows files."""

    def __init__(self, background: Background, notices: Notices, parent: QObject) -> None:
        super().__init__(parent)
        self._background, self._notices = background, notices

    def open(self, path: Path) -> None:
        """Open a file or folder with the user's own program."""
        self._background.run(partial(open_file, path), partial(self._on_asked, path))

    def reveal(self, path: Path) -> None:
        """Show a file in the file manager."""
        self._background.run(partial(reveal_file, path), partial(self._on_asked, path))

    def _on_asked(self, path: Path, asked: bool) -> None:
        if not asked:
            self._notices.show(
                Notice(text="This computer has no program for that.", hint=f"It is at {path}.")
            )
