"""The piece of work on the table: one project, its undo history, its autosave.

In: edits from panels, answers from the engine. Out: signals with the new frozen `Project`. A
project that was never edited stays a draft in memory; the first edit stores it.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import msgspec
from PySide6.QtCore import QObject, QTimer, Signal

from core.analysis.beat_edit import BeatEdit
from core.audio.arrangement import Arrangement, arrange
from core.audio.recipe import Marker, Recipe, asset_ids, identity_recipe
from core.engine.protocol import GetAsset, GetProject, NewProject, SaveProject, Subject
from core.errors import CymaticError
from core.jobs.model import PictureParams
from core.library.model import Asset
from core.library.project import OutputSpec, Project
from core.scenes.model import Cue, ParameterValue
from desktop.bridge import EngineBridge
from desktop.history import Change, History

AUTOSAVE_MS = 700
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


class Workspace(QObject):
    """Holds the open project and everything that changes it.

    Signals
    -------
    project_changed : Project, whenever anything of it changed
    recipe_changed : Recipe, whenever the sound changed; comes before project_changed
    asset_changed : Asset or None, when another track is on the table, or there is news of it
    saved_changed : SavedMark
    """

    project_changed = Signal(object)
    recipe_changed = Signal(object)
    asset_changed = Signal(object)
    saved_changed = Signal(object)

    def __init__(self, bridge: EngineBridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self.project = draft()
        self.assets: dict[str, Asset] = {}
        """Every asset that the project uses, or used in a step that can be undone."""
        self.arrangement: Arrangement | None = None
        """Where the clips lie; None while there is nothing to hear."""
        self.n_placed = 0
        """Counts the projects that were put on the table."""
        self.file: Path | None = None
        self.undo_stack = History(self)
        self._stored: Project | None = None
        self._shown_id: str | None = None
        self._lock = asyncio.Lock()
        self._timer = QTimer(self, singleShot=True, interval=AUTOSAVE_MS)
        self._timer.timeout.connect(self._autosave)

    # --- what panels read -----------------------------------------------------------------

    @property
    def asset(self) -> Asset | None:
        """The track on the table: the first clip's."""
        clips = self.project.recipe.clips
        return self.assets.get(clips[0].asset_id) if clips else None

    @property
    def is_bare(self) -> bool:
        """Whether the sound is one whole track as it is."""
        recipe = self.project.recipe
        return len(recipe.clips) == 1 and recipe == identity_recipe(recipe.clips[0].asset_id)

    @property
    def has_chapters(self) -> bool:
        """Whether a sound of the mix declares chapters."""
        return any(self.assets[key].probe.chapters for key in asset_ids(self.project.recipe))

    @property
    def duration_s(self) -> float:
        """Length of the mix in seconds."""
        return self.arrangement.duration_s if self.arrangement else 0.0

    @property
    def subject(self) -> Subject:
        """What is on the table, as requests say it: as it is now, stored or not."""
        return Subject(
            recipe=self.project.recipe,
            project_id=self.project.id or None,
            title=self.project.title,
        )

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

    def span(self) -> tuple[Fraction, Fraction | None]:
        """Return the stretch of the mix that is rendered, exactly; None: to the end.

        Where the mix has grown shorter the range is; one that lies behind its end is all of it.
        """
        arrangement, output = self.arrangement, self.output
        rate = arrangement.sample_rate_hz if arrangement else 1
        length_s = Fraction(arrangement.n_samples if arrangement else 0, rate)
        if output.start_s >= length_s:
            return Fraction(0), None
        ends_inside = output.end_s is not None and output.end_s < length_s
        return output.start_s, output.end_s if ends_inside else None

    def range_s(self) -> tuple[float, float]:
        """Return the stretch of the mix that is rendered, in seconds."""
        start_s, end_s = self.span()
        return float(start_s), self.duration_s if end_s is None else float(end_s)

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

    def set_recipe(
        self,
        recipe: Recipe,
        text: str,
        *,
        markers: tuple[Marker, ...] | None = None,
        merge_key: str = "",
    ) -> None:
        """Change the sound, and the markers with it where they move."""
        kept = self.project.markers if markers is None else markers
        if recipe != self.project.recipe or kept != self.project.markers:
            after = msgspec.structs.replace(self.project, recipe=recipe, markers=kept)
            self.edit(after, text, merge_key=merge_key)

    def set_markers(self, markers: tuple[Marker, ...], text: str, *, merge_key: str = "") -> None:
        """Name other places in the mix."""
        self.set_recipe(self.project.recipe, text, markers=markers, merge_key=merge_key)

    def edit(self, after: Project, text: str, *, merge_key: str = "") -> None:
        """Make a change that can be undone; changes of one gesture become one step."""
        self.undo_stack.push(Change(self, after, text, merge_key))

    def _set_cue(self, cue: Cue, text: str, *, merge_key: str = "") -> None:
        cues = (cue, *self.project.cues[1:])
        self.edit(msgspec.structs.replace(self.project, cues=cues), text, merge_key=merge_key)

    def show_state(self, state: Project, *, stores: bool = True) -> None:
        """Put a state on the table under the identity that the library knows."""
        before = self.project
        self.project = msgspec.structs.replace(
            state, id=before.id, created_at=before.created_at, updated_at=before.updated_at
        )
        if before.recipe is not state.recipe:
            self._show_recipe()
        self.project_changed.emit(self.project)
        if stores and (self.project.recipe.clips or self._may_be_stored):
            self.saved_changed.emit(SavedMark("Saving…"))
            self._timer.start()

    # --- which project --------------------------------------------------------------------

    def choose(self, asset: Asset) -> None:
        """Put a track on the table; a project with another track is stored and left alone."""
        if asset.id in asset_ids(self.project.recipe):
            return
        self._leave()
        self._place(draft(self.project, asset), (asset,))

    def start_new(self) -> None:
        """Start over with the same track: its own draft, no edits."""
        self._leave()
        track = self.asset
        fresh = draft(None, track)
        scene = Cue(scene=self.cue.scene)
        self._place(
            msgspec.structs.replace(fresh, cues=(scene,)), (track,) if track is not None else ()
        )

    def update_asset(self, asset: Asset) -> None:
        """Take news of a track on the table; in the trash it takes its project off the table."""
        if asset.id not in self.assets:
            return
        self.assets[asset.id] = asset
        if asset.id not in asset_ids(self.project.recipe):
            return
        if asset.trashed_at:
            self._leave()
            self._place(draft(self.project), ())
        else:
            self.asset_changed.emit(self.asset)

    def know(self, assets: Iterable[Asset]) -> None:
        """Take in assets that the next edit of the recipe is going to use."""
        self.assets.update({asset.id: asset for asset in assets})

    async def open(self, project_id: str) -> None:
        """Open a project of the library."""
        await self.take(await self._bridge.call(GetProject(id=project_id)))

    async def take(self, project: Project, file: Path | None = None) -> None:
        """Put a stored project on the table."""
        used = asset_ids(project.recipe)
        assets = [await self._bridge.call(GetAsset(id=key)) for key in used]
        self._leave()  # only now: edits went on meanwhile, and an asset may have been missing
        self._place(project, assets)
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

    def _place(self, project: Project, assets: Iterable[Asset]) -> None:
        self._timer.stop()
        self._stored, self.file = None, None
        self.project, self.assets = project, {asset.id: asset for asset in assets}
        self.undo_stack.clear()
        self._shown_id = None
        self.n_placed += 1
        self._show_recipe()
        self.project_changed.emit(project)
        self.saved_changed.emit(SavedMark("Not saved yet" if self.asset else ""))

    def _show_recipe(self) -> None:
        recipe = self.project.recipe
        self.arrangement = arrange(recipe, self.assets) if recipe.clips else None
        self.recipe_changed.emit(recipe)
        shown = self.asset.id if self.asset else ""
        if shown != self._shown_id:
            self._shown_id = shown
            self.asset_changed.emit(self.asset)

    @property
    def _may_be_stored(self) -> bool:
        """Whether the library has an older state, or is about to."""
        return self._stored is not None or self._timer.isActive() or self._lock.locked()

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
        self._stored = stored if stored.id else None
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
        if stored is None and not project.recipe.clips:
            return project  # nothing was ever kept of it
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
