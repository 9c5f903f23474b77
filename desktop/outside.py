"""What happens outside the window: a file opened or shown by the user's own programs.

In: a path. Out: whether anything took it, as a notice when nothing did. Asked on the pool, since
starting a program takes longer than a frame.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject

from core.errors import NotFoundError
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
        self._ask(open_file, path)

    def reveal(self, path: Path) -> None:
        """Show a file in the file manager."""
        self._ask(reveal_file, path)

    def _ask(self, program: Callable[[Path], bool], path: Path) -> None:
        self._background.run(
            partial(_with, program, path), partial(self._on_asked, path), self._notices.show_error
        )

    def _on_asked(self, path: Path, asked: bool) -> None:
        if not asked:
            self._notices.show(
                Notice(text="This computer has no program for that.", hint=f"It is at {path}.")
            )


def _with(program: Callable[[Path], bool], path: Path) -> bool:
    """Return whether a program took the file; raise NotFoundError when it is gone."""
    if not path.exists():
        raise NotFoundError(
            f"“{path.name}” is not there any more.",
            hint=f"It was moved or deleted from {path.parent}.",
        )
    return program(path)
