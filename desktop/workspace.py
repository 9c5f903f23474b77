"""The piece of work on the table: one project, its undo history, its autosave.

In: edits from panels, answers from the engine. Out: signals with the new frozen `Project`. A
project that was never edited stays a draft in memory; the first edit stores it.
"""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import override

import msgspec
from PySide6.QtCore import QElapsedTimer, QObject, QTimer, Signal
from PySide6.QtGui import QUndoCommand, QUndoStack

from core.analysis.beat_edit import BeatEdit
from core.audio.recipe import Recipe, identity_recipe
from core.engine.protocol import GetAsset, GetProject, NewProject, SaveProject
from core.errors import CymaticError
from core.jobs.model import PictureParams
from core.library.model import Asset
from core.library.project import OutputSpec, Project
from core.scenes.model import Cue, ParameterValue
from desktop.bridge import EngineBridge

AUTOSAVE_MS = 700
MERGE_MS = 900
UNTITLED = "Untitled"


@dataclass(frozen=True, slots=True)
class SavedMark:
    """How the project stands with the library, in words."""

    text: str
    is_problem: bool = False


def draft(look: Project | None = None, asset: Asset | None = None) -> Project:
    """Return a project that no library holds yet: a track, and the look of another project."""
    now = datetime.now(UTC)
    outputs = look.outputs if look else (OutputSpec(),)
    whole = tuple(msgspec.structs.replace(o, start_s=Fraction(0), end_s=None) for o in outputs)
    return Project(
        id="",
        title=asset.title if asset else UNTITLED,
        recipe=identity_recipe(asset.id) if asset else Recipe(clips=()),
        cues=look.cues if look else (Cue(),),
        outputs=whole,
        seed=look.seed if look else 1,
        created_at=now,
        updated_at=now,
    )


class _Change(QUndoCommand):
    """One step between two states; a drag of one control is one step."""

    def __init__(self, workspace: "Workspace", after: Project, text: str, merge_key: str) -> None:
        super().__init__(text)
        self._workspace, self._before, self._after = workspace, workspace.project, after
        self._key = merge_key
        self._age = QElapsedTimer()
        self._age.start()

    @override
    def redo(self) -> None:
        self._workspace.show_state(self._after)

    @override
    def undo(self) -> None:
        self._workspace.show_state(self._before)

    @override
    def id(self) -> int:
        return 1 if self._key else -1

    @override
    def mergeWith(self, other: QUndoCommand) -> bool:
        if not isinstance(other, _Change) or other._key != self._key:
            return False
        if self._age.elapsed() > MERGE_MS:
            return False
        self._after = other._after
        self._age.restart()
        return True


class Workspace(QObject):
    """Holds the open project and everything that changes it.

    Signals
    -------
    project_changed : Project, whenever anything of it changed
    asset_changed : Asset or None, when another track is on the table
    saved_changed : SavedMark
    """

    project_changed = Signal(object)
    asset_changed = Signal(object)
    saved_changed = Signal(object)

    def __init__(self, bridge: EngineBridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self.project = draft()
        self.asset: Asset | None = None
        self.file: Path | None = None
        self.undo_stack = QUndoStack(self)
        self._stored: Project | None = None
        self._lock = asyncio.Lock()
        self._timer = QTimer(self, singleShot=True, interval=AUTOSAVE_MS)
        self._timer.timeout.connect(self._autosave)

    # --- what panels read -----------------------------------------------------------------

    @property
    def cue(self) -> Cue:
        """The picture: the first cue."""
        return self.project.cues[0]

    @property
    def output(self) -> OutputSpec:
        """The video: the first output."""
        return self.project.outputs[0]

    @property
    def is_stored(self) -> bool:
        """Whether the library holds the project."""
        return bool(self.project.id)

    @property
    def is_dirty(self) -> bool:
        """Whether something is not in the library yet."""
        return self._timer.isActive()

    def picture(self) -> PictureParams:
        """Return what to draw, as a request says it."""
        cue, output = self.cue, self.output
        return PictureParams(
            scene=cue.scene,
            format=output.format,
            fps=output.fps,
            values=cue.values,
            seed=self.project.seed,
            quality=output.quality,
            beats=self.project.beats,
        )

    def range_s(self) -> tuple[float, float]:
        """Return the stretch of the track that is rendered, in seconds."""
        duration_s = self.asset.duration_s if self.asset else 0.0
        end_s = self.output.end_s
        return float(self.output.start_s), duration_s if end_s is None else float(end_s)

    # --- edits ----------------------------------------------------------------------------

    def set_scene(self, name: str) -> None:
        """Draw with another scene, from its own defaults."""
        if name != self.cue.scene:
            self._set_cue(msgspec.structs.replace(self.cue, scene=name, values={}), "Change scene")

    def adopt_scene(self, name: str) -> None:
        """Give a project without a scene its first one; no edit, no undo step."""
        if not self.cue.scene:
            cue = msgspec.structs.replace(self.cue, scene=name)
            self.show_state(msgspec.structs.replace(self.project, cues=(cue,)), stores=False)

    def set_value(self, key: str, value: ParameterValue, default: ParameterValue) -> None:
        """Move one parameter of the scene, by `layer.param`."""
        values = {k: v for k, v in self.cue.values.items() if k != key}
        if value != default:
            values[key] = value
        self._set_cue(msgspec.structs.replace(self.cue, values=values), "Adjust", merge_key=key)

    def reset_values(self) -> None:
        """Put every parameter back to the scene's own."""
        if self.cue.values:
            self._set_cue(msgspec.structs.replace(self.cue, values={}), "Reset scene")

    def set_output(self, output: OutputSpec, *, text: str = "Change output") -> None:
        """Ask for another video."""
        if output != self.output:
            after = msgspec.structs.replace(
                self.project, outputs=(output, *self.project.outputs[1:])
            )
            self.edit(after, text, merge_key="range" if text == "Change range" else "")

    def set_beats(self, beats: BeatEdit) -> None:
        """Correct where the beats are."""
        if beats != self.project.beats:
            self.edit(msgspec.structs.replace(self.project, beats=beats), "Change tempo")

    def rename(self, title: str) -> None:
        """Call the project something else."""
        title = title.strip() or UNTITLED
        if title != self.project.title:
            self.edit(msgspec.structs.replace(self.project, title=title), "Rename project")

    def edit(self, after: Project, text: str, *, merge_key: str = "") -> None:
        """Make a change that can be undone."""
        self.undo_stack.push(_Change(self, after, text, merge_key))

    def _set_cue(self, cue: Cue, text: str, *, merge_key: str = "") -> None:
        cues = (cue, *self.project.cues[1:])
        self.edit(msgspec.structs.replace(self.project, cues=cues), text, merge_key=merge_key)

    def show_state(self, state: Project, *, stores: bool = True) -> None:
        """Put a state on the table under the identity that the library knows."""
        self.project = msgspec.structs.replace(
            state,
            id=self.project.id,
            created_at=self.project.created_at,
            updated_at=self.project.updated_at,
        )
        self.project_changed.emit(self.project)
        if stores and self.project.recipe.clips:
            self.saved_changed.emit(SavedMark("Saving…"))
            self._timer.start()

    # --- which project --------------------------------------------------------------------

    def choose(self, asset: Asset) -> None:
        """Put a track on the table; a project with another track is stored and left alone."""
        if self.asset is not None and asset.id == self.asset.id:
            return
        self._leave()
        self._place(draft(self.project, asset), asset)

    def start_new(self) -> None:
        """Start over with the same track: its own draft, no edits."""
        self._leave()
        fresh = draft(None, self.asset)
        scene = Cue(scene=self.cue.scene)
        self._place(msgspec.structs.replace(fresh, cues=(scene,)), self.asset)

    def update_asset(self, asset: Asset) -> None:
        """Take news of the track on the table."""
        if self.asset is not None and asset.id == self.asset.id:
            self.asset = None if asset.trashed_at else asset
            if self.asset is None:
                self._place(draft(self.project), None)
            else:
                self.asset_changed.emit(asset)

    async def open(self, project_id: str) -> None:
        """Open a project of the library."""
        await self.take(await self._bridge.call(GetProject(id=project_id)))

    async def take(self, project: Project, file: Path | None = None) -> None:
        """Put a stored project on the table."""
        self._leave()
        clips = project.recipe.clips
        asset = await self._bridge.call(GetAsset(id=clips[0].asset_id)) if clips else None
        self._place(project, asset)
        self._stored, self.file = project, file
        self.saved_changed.emit(SavedMark("Saved"))

    async def store(self) -> Project:
        """Write everything to the library now and return the stored project."""
        async with self._lock:
            self._timer.stop()
            try:
                return await self._store()
            except CymaticError:
                self.saved_changed.emit(SavedMark("Not saved", is_problem=True))
                raise

    def _place(self, project: Project, asset: Asset | None) -> None:
        self._timer.stop()
        self._stored, self.file = None, None
        self.project, self.asset = project, asset
        self.undo_stack.clear()
        self.asset_changed.emit(asset)
        self.project_changed.emit(project)
        self.saved_changed.emit(SavedMark("Not saved yet" if asset else ""))

    def _leave(self) -> None:
        if self._timer.isActive():
            self._timer.stop()
            self._bridge.run(self._store_left(self.project, self._stored))

    def _autosave(self) -> None:
        self._bridge.run(self._store_quietly())

    async def _store_quietly(self) -> None:
        await self.store()

    async def _store(self) -> Project:
        before = self.project
        stored = await self._write(before, self._stored)
        self._stored = stored
        self.project = msgspec.structs.replace(
            self.project,
            id=stored.id,
            created_at=stored.created_at,
            updated_at=stored.updated_at,
        )
        if not self._timer.isActive():
            self.saved_changed.emit(SavedMark("Saved"))
        return stored

    async def _store_left(self, project: Project, stored: Project | None) -> None:
        """Store a project that is no longer on the table."""
        await self._write(project, stored)

    async def _write(self, project: Project, stored: Project | None) -> Project:
        if stored is None:
            first = NewProject(
                asset_id=project.recipe.clips[0].asset_id,
                title=project.title,
                scene=project.cues[0].scene,
            )
            stored = await self._bridge.call(first)
        current = msgspec.structs.replace(
            project, id=stored.id, created_at=stored.created_at, updated_at=stored.updated_at
        )
        return await self._bridge.call(SaveProject(project=current))
