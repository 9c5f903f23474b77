"""Every shortcut of the window, in one table; the cheat sheet is made of the same table."""

from dataclasses import dataclass
from enum import StrEnum

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence


class Act(StrEnum):
    """What a shortcut does."""

    ADD_FILES = "add-files"
    PASTE = "paste"
    RENDER = "render"
    STILL = "still"
    NEW = "new"
    OPEN = "open"
    SAVE = "save"
    SAVE_AS = "save-as"
    UNDO = "undo"
    REDO = "redo"
    SEARCH = "search"
    SETTINGS = "settings"
    PAUSE_QUEUE = "pause-queue"
    HELP = "help"
    QUIT = "quit"


@dataclass(frozen=True, slots=True)
class Shortcut:
    """One line of the table."""

    act: Act
    keys: str
    text: str
    group: str


SHORTCUTS: tuple[Shortcut, ...] = (
    Shortcut(Act.ADD_FILES, "Ctrl+O", "Add files", "Library"),
    Shortcut(Act.PASTE, "Ctrl+V", "Add the file or link that you copied", "Library"),
    Shortcut(Act.SEARCH, "Ctrl+F", "Search tracks", "Library"),
    Shortcut(Act.RENDER, "Ctrl+R", "Render the video", "Picture"),
    Shortcut(Act.STILL, "Ctrl+Shift+S", "Save the picture as PNG", "Picture"),
    Shortcut(Act.NEW, "Ctrl+N", "New project", "Project"),
    Shortcut(Act.OPEN, "Ctrl+Shift+O", "Open a project file", "Project"),
    Shortcut(Act.SAVE, "Ctrl+S", "Save as a project file", "Project"),
    Shortcut(Act.UNDO, "Ctrl+Z", "Undo", "Project"),
    Shortcut(Act.REDO, "Ctrl+Shift+Z", "Redo", "Project"),
    Shortcut(Act.PAUSE_QUEUE, "Ctrl+P", "Pause or resume the queue", "Queue"),
    Shortcut(Act.SETTINGS, "Ctrl+,", "Settings", "Window"),
    Shortcut(Act.HELP, "F1", "This list", "Window"),
    Shortcut(Act.QUIT, "Ctrl+Q", "Quit", "Window"),
)
"""Shortcuts of the whole window."""

LOCAL_KEYS: tuple[tuple[str, str, str], ...] = (
    ("Delete", "Move the track to the trash", "Library"),
    ("← →", "Step one frame; with Shift one second", "Timeline"),
    ("I  O", "Start and end of the video here", "Timeline"),
    ("Home  End", "To the start, to the end", "Timeline"),
    ("Delete", "Cancel the job", "Queue"),
    ("Enter", "Play what is done, retry what failed", "Queue"),
)
"""Keys that work where the focus is."""


def keys_of(act: Act) -> QKeySequence:
    """Return the key sequence of an action."""
    return QKeySequence(next(line.keys for line in SHORTCUTS if line.act is act))


def tip(text: str, act: Act) -> str:
    """Return a tool tip that names the shortcut."""
    return f"{text} ({keys_of(act).toString(QKeySequence.SequenceFormat.NativeText)})"


ARROW_KEYS = (Qt.Key.Key_Left, Qt.Key.Key_Right)
