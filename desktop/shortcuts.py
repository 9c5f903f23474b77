"""Every shortcut of the window, in one table; the cheat sheet is made of the same table.

In: the table, and the keys that the user chose instead. Out: key sequences, tool tips.
"""

from dataclasses import dataclass
from enum import StrEnum

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
    PREPARE_PAGE = "prepare-page"
    VISUALS_PAGE = "visuals-page"

    PLAY = "play"
    BACKWARD = "backward"
    HALT = "halt"
    FORWARD = "forward"
    LOOP = "loop"
    TO_START = "to-start"
    TO_END = "to-end"
    LEFT = "left"
    RIGHT = "right"
    LEFT_FAR = "left-far"
    RIGHT_FAR = "right-far"
    LEFT_SAMPLE = "left-sample"
    RIGHT_SAMPLE = "right-sample"
    EDGE_BEFORE = "edge-before"
    EDGE_AFTER = "edge-after"
    ZOOM_IN = "zoom-in"
    ZOOM_OUT = "zoom-out"
    ZOOM_ALL = "zoom-all"

    SPLIT = "split"
    JOIN = "join"
    DELETE = "delete"
    LIFT = "lift"
    DUPLICATE = "duplicate"
    COPY = "copy"
    CUT = "cut"
    SELECT_ALL = "select-all"
    TRIM_START = "trim-start"
    TRIM_END = "trim-end"
    NUDGE_LEFT = "nudge-left"
    NUDGE_RIGHT = "nudge-right"
    MUTE = "mute"
    MARKER = "marker"
    SNAP = "snap"
    VIDEO_IN = "video-in"
    VIDEO_OUT = "video-out"


class Scope(StrEnum):
    """Where a shortcut works."""

    WINDOW = "window"
    EDITOR = "editor"
    """While the focus is in the waveform or the clip list."""


@dataclass(frozen=True, slots=True)
class Shortcut:
    """One line of the table."""

    act: Act
    keys: str
    text: str
    group: str
    scope: Scope = Scope.WINDOW


EDITOR = Scope.EDITOR
SHORTCUTS: tuple[Shortcut, ...] = (
    Shortcut(Act.ADD_FILES, "Ctrl+O", "Add files", "Library"),
    Shortcut(Act.PASTE, "Ctrl+V", "Paste clips, or add the copied file or link", "Library"),
    Shortcut(Act.SEARCH, "Ctrl+F", "Search tracks", "Library"),
    Shortcut(Act.RENDER, "Ctrl+R", "Render the video", "Picture"),
    Shortcut(Act.STILL, "Ctrl+Shift+S", "Save the picture as PNG", "Picture"),
    Shortcut(Act.NEW, "Ctrl+N", "New project", "Project"),
    Shortcut(Act.OPEN, "Ctrl+Shift+O", "Open a project file", "Project"),
    Shortcut(Act.SAVE, "Ctrl+S", "Save as a project file", "Project"),
    Shortcut(Act.SAVE_AS, "Ctrl+Alt+S", "Save as another project file", "Project"),
    Shortcut(Act.UNDO, "Ctrl+Z", "Undo", "Project"),
    Shortcut(Act.REDO, "Ctrl+Shift+Z", "Redo", "Project"),
    Shortcut(Act.PAUSE_QUEUE, "Ctrl+P", "Pause or resume the queue", "Queue"),
    Shortcut(Act.PREPARE_PAGE, "Ctrl+1", "Prepare the sound", "Window"),
    Shortcut(Act.VISUALS_PAGE, "Ctrl+2", "Choose the picture", "Window"),
    Shortcut(Act.SETTINGS, "Ctrl+,", "Settings", "Window"),
    Shortcut(Act.HELP, "F1", "This list", "Window"),
    Shortcut(Act.QUIT, "Ctrl+Q", "Quit", "Window"),
    Shortcut(Act.PLAY, "Space", "Play or pause", "Playback"),
    Shortcut(Act.BACKWARD, "J", "Play backwards; again: faster", "Playback"),
    Shortcut(Act.HALT, "K", "Pause", "Playback"),
    Shortcut(Act.FORWARD, "L", "Play; again: faster", "Playback"),
    Shortcut(Act.LOOP, "Ctrl+L", "Repeat the selection", "Playback"),
    Shortcut(Act.TO_START, "Home", "To the start", "Playback", EDITOR),
    Shortcut(Act.TO_END, "End", "To the end", "Playback", EDITOR),
    Shortcut(Act.LEFT, "Left", "Back 10 ms", "Playback", EDITOR),
    Shortcut(Act.RIGHT, "Right", "On 10 ms", "Playback", EDITOR),
    Shortcut(Act.LEFT_FAR, "Shift+Left", "Back 1 second", "Playback", EDITOR),
    Shortcut(Act.RIGHT_FAR, "Shift+Right", "On 1 second", "Playback", EDITOR),
    Shortcut(Act.LEFT_SAMPLE, "Alt+Left", "Back 1 sample", "Playback", EDITOR),
    Shortcut(Act.RIGHT_SAMPLE, "Alt+Right", "On 1 sample", "Playback", EDITOR),
    Shortcut(Act.EDGE_BEFORE, "PgUp", "To the edge or marker before", "Playback", EDITOR),
    Shortcut(Act.EDGE_AFTER, "PgDown", "To the next edge or marker", "Playback", EDITOR),
    Shortcut(Act.ZOOM_IN, "+", "Show less, larger", "View"),
    Shortcut(Act.ZOOM_OUT, "-", "Show more", "View"),
    Shortcut(Act.ZOOM_ALL, "Ctrl+0", "Show everything", "View"),
    Shortcut(Act.SNAP, "N", "Snap on or off", "View"),
    Shortcut(Act.SPLIT, "S", "Split at the playhead", "Clips"),
    Shortcut(Act.JOIN, "Ctrl+J", "Join", "Clips"),
    Shortcut(Act.DELETE, "Delete", "Delete and close the gap", "Clips", EDITOR),
    Shortcut(Act.LIFT, "Shift+Delete", "Delete and leave the gap", "Clips", EDITOR),
    Shortcut(Act.DUPLICATE, "Ctrl+D", "Duplicate", "Clips"),
    Shortcut(Act.COPY, "Ctrl+C", "Copy", "Clips", EDITOR),
    Shortcut(Act.CUT, "Ctrl+X", "Cut", "Clips", EDITOR),
    Shortcut(Act.SELECT_ALL, "Ctrl+A", "Select all clips", "Clips", EDITOR),
    Shortcut(Act.TRIM_START, "[", "Start the clip here", "Clips"),
    Shortcut(Act.TRIM_END, "]", "End the clip here", "Clips"),
    Shortcut(Act.NUDGE_LEFT, "Ctrl+Left", "Move clips back 10 ms", "Clips", EDITOR),
    Shortcut(Act.NUDGE_RIGHT, "Ctrl+Right", "Move clips on 10 ms", "Clips", EDITOR),
    Shortcut(Act.MUTE, "Shift+M", "Mute or unmute", "Clips"),
    Shortcut(Act.MARKER, "M", "Set a marker", "Clips"),
    Shortcut(Act.VIDEO_IN, "I", "The video starts here", "Picture"),
    Shortcut(Act.VIDEO_OUT, "O", "The video ends here", "Picture"),
)
"""Shortcuts that can be changed; no two share their keys."""

LOCAL_KEYS: tuple[tuple[str, str, str], ...] = (
    ("Delete", "Move the track to the trash", "Library"),
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
