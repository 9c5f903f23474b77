"""The cheat sheet: every shortcut at a glance, and other keys for those who want them.

In: the keymap. Out: chosen keys. A click on a key waits for the keys to take its place.
"""

from functools import partial
from typing import override

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QDialog, QGridLayout, QPushButton, QWidget

from core.errors import UsageError
from desktop.keymap import Keymap
from desktop.shortcuts import LOCAL_KEYS, SHORTCUTS, Act, Shortcut
from desktop.widgets import column, label, row

GROUPS = (
    ("Library", "Picture", "Queue", "View"),
    ("Project", "Window"),
    ("Playback",),
    ("Clips",),
)
MODIFIERS = (Qt.Key.Key_Shift, Qt.Key.Key_Control, Qt.Key.Key_Alt, Qt.Key.Key_Meta)
WAITING = "Press keys…"
KEY_PX = 20
"""What a key is wider than its text."""
HINT = "Click on a key to change it; Esc leaves it, Backspace takes it away."


class ShortcutSheet(QDialog):
    """All keys at a glance."""

    def __init__(self, keymap: Keymap, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keyboard shortcuts")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setModal(True)
        self._keymap = keymap
        self._waiting: Act | None = None
        self.buttons: dict[Act, QPushButton] = {}
        columns = [self._column(groups) for groups in GROUPS]
        self.note = label(HINT, "dim")
        self.reset_button = QPushButton("Back to the usual keys")
        self.reset_button.setAutoDefault(False)
        self.reset_button.clicked.connect(keymap.reset)
        keymap.changed.connect(self._show_keys)
        body = row(*columns, spacing=26)
        for holder in columns:
            body.setAlignment(holder, Qt.AlignmentFlag.AlignTop)
        self.setLayout(
            column(
                label("Keyboard shortcuts", "h2"),
                6,
                body,
                8,
                row(self.note, None, self.reset_button),
                margins=(22, 18, 22, 18),
            )
        )
        self._show_keys()

    def _column(self, groups: tuple[str, ...]) -> QWidget:
        holder = QWidget()
        grid = QGridLayout(holder)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(14)
        grid.setVerticalSpacing(3)
        line = 0
        for group in groups:
            if line:
                grid.setRowMinimumHeight(line, 8)
                line += 1
            grid.addWidget(label(group, "h1"), line, 0, 1, 2)
            line += 1
            for key, text in self._lines(group):
                grid.addWidget(key, line, 0, Qt.AlignmentFlag.AlignLeft)
                grid.addWidget(label(text, "muted"), line, 1)
                line += 1
        return holder

    def _lines(self, group: str) -> list[tuple[QWidget, str]]:
        own = [(self._button(line.act, line.text), line.text) for line in _of(group)]
        fixed = [(label(keys, "key"), text) for keys, text, name in LOCAL_KEYS if name == group]
        return [*own, *fixed]

    def _button(self, act: Act, text: str) -> QWidget:
        button = QPushButton()
        button.setObjectName("key")
        button.setAccessibleName(f"Keys for: {text}")
        button.setAutoDefault(False)
        button.setCursor(Qt.CursorShape.PointingHandCursor)
        button.clicked.connect(partial(self._wait, act))
        button.installEventFilter(self)
        self.buttons[act] = button
        return button

    def _show_keys(self) -> None:
        self._waiting = None
        for act, button in self.buttons.items():
            button.setText(self._keymap.text(act) or "none")
            button.setProperty("changed", self._keymap.is_changed(act))
            button.style().polish(button)
            button.setMinimumWidth(button.fontMetrics().horizontalAdvance(button.text()) + KEY_PX)
        self.reset_button.setEnabled(any(map(self._keymap.is_changed, self.buttons)))

    def _wait(self, act: Act, _checked: bool = False) -> None:
        self._show_keys()
        self._waiting = act
        self.note.setText(HINT)
        self.buttons[act].setText(WAITING)
        self.buttons[act].setFocus()

    def _take(self, act: Act, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if key in MODIFIERS:
            return
        if key is Qt.Key.Key_Escape:
            self._show_keys()
            return
        keys = QKeySequence() if key is Qt.Key.Key_Backspace else _sequence(event)
        try:
            self._keymap.choose(act, keys)
        except UsageError as error:
            self._show_keys()
            self.note.setText(f"{error.message} {error.hint}")

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        waiting = self._waiting
        if waiting is not None and watched is self.buttons[waiting]:
            if event.type() == QEvent.Type.ShortcutOverride:
                event.accept()
                return True
            if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
                self._take(waiting, event)
                return True
            if event.type() == QEvent.Type.FocusOut:
                self._show_keys()
        return super().eventFilter(watched, event)


def _of(group: str) -> list[Shortcut]:
    return [line for line in SHORTCUTS if line.group == group]


def _sequence(event: QKeyEvent) -> QKeySequence:
    combination = event.keyCombination()
    if combination.key() in (Qt.Key.Key_Plus, Qt.Key.Key_BracketLeft, Qt.Key.Key_BracketRight):
        plain = combination.keyboardModifiers() & ~Qt.KeyboardModifier.ShiftModifier
        return QKeySequence(plain.value | combination.key().value)
    return QKeySequence(combination)
