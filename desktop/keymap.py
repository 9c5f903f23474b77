"""The keys that work: those of the table, and those that the user chose instead.

In: the table of shortcuts, the window's memory. Out: key sequences, shortcuts of the window that
follow a change, tool tips that tell the keys of today.
"""

from collections.abc import Callable, Mapping

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QWidget

from core.errors import UsageError
from desktop.memory import Memory
from desktop.shortcuts import SHORTCUTS, Act, Scope, Shortcut

NATIVE = QKeySequence.SequenceFormat.NativeText
KEYLESS = "keyless"
"""Property of a widget whose action has no keys: which action it is."""
LINES: Mapping[Act, Shortcut] = {line.act: line for line in SHORTCUTS}


class Keymap(QObject):
    """Which keys do what.

    Signals
    -------
    changed : no payload
    """

    changed = Signal()

    def __init__(self, memory: Memory, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._memory = memory
        self._keys = {act: self._remembered(act) for act in LINES}
        self._shortcuts: dict[Act, list[QShortcut]] = {}
        self._told = {act: LINES[act].keys for act in LINES}

    def _remembered(self, act: Act) -> str:
        return self._memory.text(f"keys/{act}", LINES[act].keys)

    def keys(self, act: Act) -> QKeySequence:
        """Return the keys of an action; empty when it has none."""
        return QKeySequence(self._keys[act])

    def text(self, act: Act) -> str:
        """Return the keys of an action as they are written on this system."""
        return self.keys(act).toString(NATIVE)

    def tip(self, text: str, act: Act) -> str:
        """Return a tool tip that names the keys."""
        keys = self.text(act)
        return f"{text} ({keys})" if keys else text

    def is_changed(self, act: Act) -> bool:
        """Return whether the user chose other keys."""
        return self._keys[act] != LINES[act].keys

    def choose(self, act: Act, keys: QKeySequence) -> None:
        """Give an action other keys; none when `keys` is empty.

        Raises UsageError when another action has them.
        """
        text = keys.toString(QKeySequence.SequenceFormat.PortableText)
        for other, taken in self._keys.items():
            if text and taken == text and other is not act:
                raise UsageError(
                    f"{keys.toString(NATIVE)} does “{LINES[other].text}” already.",
                    hint="Choose other keys, or give that one others first.",
                )
        self._keys[act] = text
        self._memory.keep(f"keys/{act}", text)
        self._renew((act,))

    def reset(self) -> None:
        """Go back to the keys of the table."""
        for act, line in LINES.items():
            self._keys[act] = line.keys
            self._memory.keep(f"keys/{act}", line.keys)
        self._renew(tuple(LINES))

    def bind(
        self, actions: Mapping[Act, Callable[[], object]], *, window: QWidget, editor: QWidget
    ) -> dict[Act, QShortcut]:
        """Make the shortcuts of some actions, each where the table says that it works."""
        for act, action in actions.items():
            is_local = LINES[act].scope is Scope.EDITOR
            shortcut = QShortcut(self.keys(act), editor if is_local else window)
            if is_local:
                shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(action)
            self._shortcuts.setdefault(act, []).append(shortcut)
        return {act: made[0] for act, made in self._shortcuts.items()}

    def tell(self, root: QWidget) -> None:
        """Write the keys of today into the tool tips below `root`."""
        now = {f"({QKeySequence(self._told[act]).toString(NATIVE)})": act for act in LINES}
        for widget in root.findChildren(QWidget):
            text, _, keys = widget.toolTip().rpartition(" ")
            act = now.get(keys)
            if act is None and (name := widget.property(KEYLESS)):
                act, text = Act(name), widget.toolTip()
            if act is not None and self._told[act] != self._keys[act]:
                widget.setProperty(KEYLESS, None if self._keys[act] else act.value)
                widget.setToolTip(self.tip(text, act))
        self._told = dict(self._keys)

    def _renew(self, acts: tuple[Act, ...]) -> None:
        for act in acts:
            for shortcut in self._shortcuts.get(act, ()):
                shortcut.setKey(self.keys(act))
        self.changed.emit()
