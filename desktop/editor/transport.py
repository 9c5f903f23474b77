"""The transport: play, where it stands, the editing tools, levels; a row above the waveform.

In: the state of playback and editing. Out: what the buttons ask for, as signals.
"""

from typing import override

from PySide6.QtCore import QSize, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QLabel, QMenu, QToolButton, QWidget

from core.audio.playback.model import OutputState, PlayState
from desktop import theme
from desktop.editor.level_meter import LevelMeter
from desktop.shortcuts import Act, tip
from desktop.widgets import label, row, tool_button
from desktop.words import precise_time

PLAY_PX = 34


class Transport(QWidget):
    """One row of controls.

    Signals
    -------
    asked : Act, what a button asks for; each is a line of the table of shortcuts
    whole_requested : no payload, the video shall show the whole mix
    """

    asked = Signal(object)
    whole_requested = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._build_tools()
        self._build()
        self.show_page("visuals")
        self.show_state(PlayState.STOPPED)

    def _tool(self, icon: str, text: str, act: Act) -> QToolButton:
        button = tool_button(icon, tip(text, act))
        button.clicked.connect(lambda: self.asked.emit(act))
        return button

    def _build_tools(self) -> None:
        self.start_button = self._tool("skip-back", "To the start", Act.TO_START)
        self.end_button = self._tool("skip-forward", "To the end", Act.TO_END)
        self.play_button = self._tool("play", "Play or pause", Act.PLAY)
        self.play_button.setObjectName("play")
        self.play_button.setFixedSize(PLAY_PX, PLAY_PX)
        self.play_button.setIconSize(QSize(17, 17))
        self.loop_button = self._tool("repeat", "Repeat the selection", Act.LOOP)
        self.loop_button.setCheckable(True)
        self.split_button = self._tool("scissors", "Split at the playhead", Act.SPLIT)
        self.join_button = self._tool("combine", "Join clips", Act.JOIN)
        self.delete_button = self._tool("trash-2", "Delete and close the gap", Act.DELETE)
        self.marker_button = self._tool("flag", "Set a marker", Act.MARKER)
        self.snap_button = self._tool("magnet", "Snap on or off", Act.SNAP)
        self.snap_button.setCheckable(True)
        self.in_button = self._tool("arrow-right-from-line", "The video starts here", Act.VIDEO_IN)
        self.out_button = self._tool("arrow-left-from-line", "The video ends here", Act.VIDEO_OUT)
        self.whole_button = tool_button("move-horizontal", "The video shows the whole mix")
        self.whole_button.clicked.connect(self.whole_requested)
        self.zoom_out = self._tool("zoom-out", "Show more", Act.ZOOM_OUT)
        self.zoom_in = self._tool("zoom-in", "Show less, larger", Act.ZOOM_IN)
        self.menu_button = tool_button("ellipsis", "More for the sound")
        self.menu_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.menu = QMenu(self)
        self.menu_button.setMenu(self.menu)

    def _build(self) -> None:
        self.time_label = _time_label("time", 20)
        self.length_label = _time_label("time2", 13)
        self.range_label = label("", "muted")
        self.output_label = tool_button("volume-x", "No sound device", token="amber")
        self.output_label.hide()
        self.meter = LevelMeter(compact=True)
        self.edit_tools = _group(
            self.split_button,
            self.join_button,
            self.delete_button,
            self.marker_button,
            self.snap_button,
        )
        self.zoom_tools = _group(self.zoom_out, self.zoom_in)
        self.range_tools = _group(
            self.range_label, self.in_button, self.out_button, self.whole_button
        )
        self.setLayout(
            row(
                self.start_button,
                self.play_button,
                self.end_button,
                self.loop_button,
                6,
                self.time_label,
                self.length_label,
                6,
                self.output_label,
                None,
                self.edit_tools,
                self.range_tools,
                4,
                self.zoom_tools,
                4,
                self.meter,
                2,
                self.menu_button,
                margins=(10, 3, 8, 1),
                spacing=4,
            )
        )

    @property
    def controls(self) -> tuple[QWidget, ...]:
        """Everything that needs a sound."""
        return (
            self.start_button,
            self.play_button,
            self.end_button,
            self.loop_button,
            self.edit_tools,
            self.range_tools,
            self.zoom_tools,
            self.menu_button,
        )

    def show_page(self, page: str) -> None:
        """Show the tools of a page: clips on “prepare”, the video's range on “visuals”."""
        self.edit_tools.setVisible(page == "prepare")
        self.range_tools.setVisible(page == "visuals")
        self._fit()

    def show_time(self, time_s: float | None, length_s: float) -> None:
        """Show where it stands; None: there is no sound."""
        self.time_label.setText("" if time_s is None else precise_time(time_s))
        self.length_label.setText("" if time_s is None else f"/ {precise_time(length_s)}")

    def show_state(self, state: PlayState) -> None:
        """Show whether it plays."""
        playing = state is PlayState.PLAYING
        name = "pause" if playing else "play"
        icon = theme.icon(name, "on_accent", active="on_accent", checked="on_accent")
        self.play_button.setIcon(icon)
        self.play_button.setAccessibleName("Pause" if playing else "Play")

    def show_output(self, output: OutputState) -> None:
        """Say where the sound goes when it goes nowhere."""
        self.output_label.setToolTip(f"{output.message}\n{output.hint}".strip())
        self.output_label.setVisible(output.is_silent)
        self._fit()

    def show_range(self, text: str, *, whole: bool) -> None:
        """Show the stretch that the video shows."""
        self.range_label.setText(text)
        self._fit()
        self.whole_button.setEnabled(bool(text) and not whole)

    def _fit(self) -> None:
        """Leave out what matters least until the rest has room."""
        for widget in self._spare:
            widget.setVisible(True)
        layout = self.layout()
        for widget in self._spare:
            if layout is None or layout.sizeHint().width() <= self.width():
                return
            widget.setVisible(False)

    @property
    def _spare(self) -> tuple[QWidget, ...]:
        """What is left out in a narrow window, the first first."""
        return (self.range_label, self.end_button, self.length_label, self.meter, self.zoom_tools)

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()


def _time_label(name: str, pixels: int) -> QLabel:
    result = label("", name)
    result.setFont(theme.font(pixels))
    return result


def _group(*tools: QWidget) -> QWidget:
    holder = QFrame()
    holder.setObjectName("clear")
    holder.setLayout(row(*tools, spacing=4))
    return holder
