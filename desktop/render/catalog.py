"""The scenes that can be picked, read on the pool when the window is up.

In: the scene library's two doors. Out: summaries in order, scenes by name.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from core.errors import CymaticError
from core.jobs.model import JobView
from core.scenes.model import Scene, SceneSummary
from desktop.tasks import Background
from desktop.words import picture_of

Loader = Callable[[], Sequence[tuple[SceneSummary, Scene]]]


def load_all() -> list[tuple[SceneSummary, Scene]]:
    """Return every scene that can be loaded, in the library's order."""
    from core.scenes.library import list_scenes, load_scene

    return [(summary, load_scene(summary.name)) for summary in list_scenes()]


class SceneCatalog(QObject):
    """Scenes by name.

    Signals
    -------
    loaded : no payload
    failed : CymaticError
    """

    loaded = Signal()
    failed = Signal(object)

    def __init__(
        self, background: Background, *, loader: Loader = load_all, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._background, self._loader = background, loader
        self.summaries: list[SceneSummary] = []
        self._scenes: dict[str, Scene] = {}

    def load(self) -> None:
        """Read the scenes."""
        self._background.run(self._loader, self._keep, self._fail)

    def scene(self, name: str) -> Scene | None:
        """Return a scene, None when there is none of that name."""
        return self._scenes.get(name)

    def title(self, name: str) -> str:
        """Return what a scene is called."""
        scene = self._scenes.get(name)
        return scene.title if scene else name

    def thumbnail(self, name: str) -> Path | None:
        """Return the picture of a scene."""
        found = next((s.thumbnail for s in self.summaries if s.name == name), None)
        return Path(found) if found else None

    def thumbnail_of(self, job: JobView) -> Path | None:
        """Return the picture of a job: its own when it made one, else its scene's."""
        own = next((output.path for output in job.outputs if output.role == "thumbnail"), None)
        picture = picture_of(job.params)
        return own or (self.thumbnail(picture.scene) if picture else None)

    @property
    def first(self) -> str:
        """The scene that a new project gets."""
        return self.summaries[0].name if self.summaries else ""

    def _keep(self, pairs: Sequence[tuple[SceneSummary, Scene]]) -> None:
        self.summaries = [summary for summary, _ in pairs]
        self._scenes = {scene.name: scene for _, scene in pairs}
        self.loaded.emit()

    def _fail(self, error: CymaticError) -> None:
        self.failed.emit(error)
