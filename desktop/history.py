"""The undo history: steps between two states of the open project.

In: changes. Out: steps that can be undone and done again, without limit, with names. What one
control or one gesture of the hand does is one step.
"""

from typing import Protocol, override

import msgspec
from PySide6.QtCore import QElapsedTimer
from PySide6.QtGui import QUndoCommand, QUndoStack

from core.library.project import Project

MERGE_MS = 900
GESTURE = "gesture:"
"""Changes whose key begins so are one step however long the gesture takes."""


class Table(Protocol):
    """What holds the project."""

    project: Project

    def show_state(self, state: Project, *, stores: bool = True) -> None:
        """Put a state on the table."""
        ...


class Change(QUndoCommand):
    """One step between two states."""

    def __init__(self, table: Table, after: Project, text: str, merge_key: str) -> None:
        super().__init__(text)
        self._table, self._before, self._after = table, table.project, after
        self.key = merge_key
        self.is_given_up = False
        self._age = QElapsedTimer()
        self._age.start()

    @override
    def redo(self) -> None:
        self._table.show_state(self._after)

    @override
    def undo(self) -> None:
        self._table.show_state(self._before)
        self.setObsolete(self.is_given_up)

    @override
    def id(self) -> int:
        return 1 if self.key else -1

    @override
    def mergeWith(self, other: QUndoCommand) -> bool:
        if not isinstance(other, Change) or other.key != self.key:
            return False
        if not self.key.startswith(GESTURE) and self._age.elapsed() > MERGE_MS:
            return False
        self._after = other._after
        self._age.restart()
        self.setObsolete(self._changes_nothing())
        return True

    def _changes_nothing(self) -> bool:
        """Whether the hand brought everything back; an autosave on the way is no change."""
        before = self._before
        return before == msgspec.structs.replace(
            self._after,
            id=before.id,
            created_at=before.created_at,
            updated_at=before.updated_at,
        )


class History(QUndoStack):
    """The steps of one project."""

    def take_back(self, merge_key: str) -> None:
        """Undo the last step and forget it, where it is the one of a gesture given up."""
        last = self.command(self.index() - 1) if self.index() else None
        if isinstance(last, Change) and last.key == merge_key:
            last.is_given_up = True
            self.undo()
