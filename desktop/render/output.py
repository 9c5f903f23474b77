"""The output form: format, frame rate, quality, range and destination of the video.

In: the project's output. Out: a changed output, a folder.
"""

from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import msgspec
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QFileDialog, QLineEdit, QWidget

from core.errors import UsageError
from core.library.project import OutputSpec
from core.render.formats import FORMATS, format_named
from core.units import FRAME_RATES, fps_text, parse_fps, parse_time
from desktop.memory import Memory
from desktop.widgets import column, label, row
from desktop.words import FORMATS as FORMAT_TITLES
from desktop.words import QUALITIES, format_title, precise_time

KEEP, CHOOSE = "keep", "choose"


def combo(name: str) -> QComboBox:
    """Return a combo box that does not grow with its longest item."""
    box = QComboBox()
    box.setAccessibleName(name)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(6)
    return box


class OutputForm(QWidget):
    """What the file should be.

    Signals
    -------
    output_picked : OutputSpec
    range_picked : OutputSpec
    folder_changed : Path or None, None: the library keeps the video
    """

    output_picked = Signal(object)
    range_picked = Signal(object)
    folder_changed = Signal(object)

    def __init__(self, memory: Memory) -> None:
        super().__init__()
        self._memory = memory
        self._output = OutputSpec()
        self._duration_s = 0.0
        self._silent = False
        folder = memory.text("output/folder")
        self.folder: Path | None = Path(folder) if folder else None
        self._build()
        self._connect()

    def _build(self) -> None:
        self.format = combo("Format")
        for name in FORMAT_TITLES:
            if name in FORMATS:
                self.format.addItem(FORMAT_TITLES[name], name)
        self.format.insertSeparator(6)
        self.fps = combo("Frames a second")
        for text in FRAME_RATES:
            self.fps.addItem(f"{text} fps", text)
        self.quality = combo("Quality")
        for key, title in QUALITIES.items():
            self.quality.addItem(title, key)
        self.start = self._time_edit("Start of the video")
        self.end = self._time_edit("End of the video")
        self.place = combo("Destination")
        self._fill_places()
        self.setLayout(
            column(
                self.format,
                row(self.fps, self.quality),
                row(self._caption("From", self.start), self._caption("To", self.end)),
                self._caption("Save to", self.place),
                spacing=6,
            )
        )

    @staticmethod
    def _time_edit(name: str) -> QLineEdit:
        edit = QLineEdit()
        edit.setAccessibleName(name)
        edit.setMinimumWidth(60)
        return edit

    @staticmethod
    def _caption(text: str, widget: QWidget) -> QWidget:
        caption = label(text, "muted")
        caption.setBuddy(widget)
        holder = QWidget()
        layout = row(caption, widget, spacing=7)
        layout.setStretch(1, 1)
        holder.setLayout(layout)
        return holder

    def _fill_places(self) -> None:
        self.place.clear()
        self.place.addItem("Keep in the library", KEEP)
        if self.folder is not None:
            self.place.addItem(self.folder.name or str(self.folder), str(self.folder))
            self.place.setItemData(1, str(self.folder), Qt.ItemDataRole.ToolTipRole)
        self.place.addItem("Choose a folder…", CHOOSE)
        self.place.setCurrentIndex(1 if self.folder is not None else 0)

    def _connect(self) -> None:
        for box in (self.format, self.fps, self.quality):
            box.activated.connect(self._on_activated)
        for edit in (self.start, self.end):
            edit.editingFinished.connect(self._on_times)
        self.place.activated.connect(self._on_place)

    # --- show -----------------------------------------------------------------------------

    def show_output(
        self, output: OutputSpec, range_s: tuple[float, float], *, duration_s: float
    ) -> None:
        """Show an output."""
        self._output, self._duration_s = output, duration_s
        self._show_format(output.format)
        self._show_fps(output.fps)
        self.quality.setCurrentIndex(max(0, self.quality.findData(output.quality)))
        for edit, time_s in zip((self.start, self.end), range_s, strict=True):
            edit.setEnabled(duration_s > 0)
            edit.setText(precise_time(time_s) if duration_s else "")
            edit.setCursorPosition(0)

    def _show_format(self, name: str) -> None:
        if self.format.findData(name) < 0:
            self.format.addItem(format_title(name), name)
        self.format.setCurrentIndex(self.format.findData(name))
        fmt = format_named(name)
        self.format.setToolTip(f"{fmt.width} × {fmt.height}")

    def _show_fps(self, fps: Fraction) -> None:
        text = fps_text(fps)
        if self.fps.findData(text) < 0:
            self.fps.addItem(f"{text} fps", text)
        self.fps.setCurrentIndex(self.fps.findData(text))

    # --- hand -----------------------------------------------------------------------------

    def _on_activated(self, _index: int) -> None:
        changed = msgspec.structs.replace(
            self._output,
            format=self.format.currentData(),
            fps=parse_fps(self.fps.currentData()),
            quality=self.quality.currentData(),
        )
        self.output_picked.emit(changed)

    def _on_times(self) -> None:
        with suppress(UsageError):
            fps = self._output.fps
            start, end = (
                Fraction(round(parse_time(edit.text()) * fps)) / fps
                for edit in (self.start, self.end)
            )
            whole = Fraction(round(self._duration_s * fps)) / fps
            if start < min(end, whole):
                changed = msgspec.structs.replace(
                    self._output, start_s=start, end_s=None if end >= whole else end
                )
                if changed != self._output:
                    self.range_picked.emit(changed)
                    return
        start_s = float(self._output.start_s)
        end_s = self._duration_s if self._output.end_s is None else float(self._output.end_s)
        self.show_output(self._output, (start_s, end_s), duration_s=self._duration_s)

    def _on_place(self, index: int) -> None:
        key = self.place.itemData(index)
        if key == CHOOSE:
            dialog = QFileDialog(self, "Save videos to", self._memory.folder("videos"))
            dialog.setFileMode(QFileDialog.FileMode.Directory)
            dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            dialog.fileSelected.connect(lambda name: self.set_folder(Path(name)))
            dialog.rejected.connect(self._fill_places)
            dialog.open()
        elif key == KEEP:
            self.set_folder(None)

    def set_folder(self, folder: Path | None) -> None:
        """Say where videos go; None: the library keeps them."""
        self.folder = folder
        self._memory.keep("output/folder", str(folder) if folder else "")
        self._fill_places()
        self.folder_changed.emit(folder)
