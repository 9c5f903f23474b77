"""The cheat sheet: every shortcut, made of the table in `desktop.shortcuts`."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QDialog, QGridLayout, QWidget

from desktop.shortcuts import LOCAL_KEYS, SHORTCUTS
from desktop.widgets import column, label, row

GROUPS = (("Library", "Picture", "Project"), ("Timeline", "Queue", "Window"))


class ShortcutSheet(QDialog):
    """All keys at a glance."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keyboard shortcuts")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setModal(True)
        columns = [self._column(groups) for groups in GROUPS]
        self.setLayout(
            column(
                label("Keyboard shortcuts", "h2"),
                4,
                row(*columns, spacing=36),
                margins=(22, 18, 22, 20),
            )
        )

    @staticmethod
    def _lines(group: str) -> list[tuple[str, str]]:
        own = [
            (QKeySequence(line.keys).toString(QKeySequence.SequenceFormat.NativeText), line.text)
            for line in SHORTCUTS
            if line.group == group
        ]
        return own + [(keys, text) for keys, text, name in LOCAL_KEYS if name == group]

    def _column(self, groups: tuple[str, ...]) -> QWidget:
        holder = QWidget()
        grid = QGridLayout(holder)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(14)
        grid.setVerticalSpacing(6)
        line = 0
        for group in groups:
            if line:
                grid.setRowMinimumHeight(line, 10)
                line += 1
            grid.addWidget(label(group, "h1"), line, 0, 1, 2)
            line += 1
            for keys, text in self._lines(group):
                grid.addWidget(label(keys, "key"), line, 0, Qt.AlignmentFlag.AlignLeft)
                grid.addWidget(label(text, "muted"), line, 1)
                line += 1
        grid.setRowStretch(line, 1)
        return holder
