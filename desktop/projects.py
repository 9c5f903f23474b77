"""Project files: new, open, save as `.cymatic`, recent.

In: what the header asks for. Out: engine requests and the workspace's new state.
"""

from pathlib import Path

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QFileDialog, QWidget

from core.engine.protocol import ExportProject, ImportProject
from desktop.bridge import EngineBridge
from desktop.intake import PROJECT_SUFFIX
from desktop.memory import Memory
from desktop.notices import Notice, Notices, Tone
from desktop.workspace import Workspace

FILTER = f"Cymatic project (*{PROJECT_SUFFIX})"


class ProjectFiles(QObject):
    """Opens and saves projects."""

    def __init__(
        self,
        bridge: EngineBridge,
        workspace: Workspace,
        *,
        notices: Notices,
        memory: Memory,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._bridge, self._workspace = bridge, workspace
        self._notices, self._memory, self._window = notices, memory, window

    def new(self) -> None:
        """Start over."""
        self._workspace.start_new()

    def open_recent(self, project_id: str) -> None:
        """Open a project of the library."""
        self._bridge.run(self._workspace.open(project_id))

    def open(self) -> None:
        """Ask for a project file and open it."""
        dialog = self._dialog("Open project", QFileDialog.AcceptMode.AcceptOpen)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(lambda name: self.open_file(Path(name)))
        dialog.open()

    def open_file(self, path: Path) -> None:
        """Open a project file."""
        self._memory.keep_folder("projects", path)
        self._bridge.run(self._import(path))

    def save(self) -> None:
        """Write the project file again, or ask for its name the first time."""
        if self._workspace.asset is None:
            self._notices.show(
                Notice(text="There is nothing to save yet.", hint="Choose a track first.")
            )
        elif self._workspace.file is None:
            self.save_as()
        else:
            self._bridge.run(self._export(self._workspace.file))

    def save_as(self) -> None:
        """Ask for a name and write the project file."""
        if self._workspace.asset is None:
            self.save()
            return
        dialog = self._dialog("Save project", QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(PROJECT_SUFFIX.lstrip("."))
        dialog.selectFile(self._workspace.project.title.replace("/", "-") + PROJECT_SUFFIX)
        dialog.fileSelected.connect(lambda name: self.save_file(Path(name)))
        dialog.open()

    def save_file(self, path: Path) -> None:
        """Write the project to a file."""
        self._memory.keep_folder("projects", path)
        self._bridge.run(self._export(path))

    def _dialog(self, title: str, mode: QFileDialog.AcceptMode) -> QFileDialog:
        folder = self._memory.folder("projects")
        dialog = QFileDialog(self._window, title, folder, FILTER)
        dialog.setAcceptMode(mode)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        return dialog

    async def _import(self, path: Path) -> None:
        project = await self._bridge.call(ImportProject(path=path))
        await self._workspace.take(project, path)

    async def _export(self, path: Path) -> None:
        project = await self._workspace.store()
        request = ExportProject(id=project.id, path=path, overwrite=True)
        await self._bridge.call(request)
        self._workspace.file = path
        self._notices.show(Notice(text=f"Saved “{path.name}”.", tone=Tone.GOOD))
