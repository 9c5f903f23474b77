"""Editing: what keys, buttons and the hand ask of the sound becomes steps of the workspace.

In: requests of the canvas, the list and the panel; verbs of the keyboard. Out: new recipes on
the table, with names for the undo history, and a selection that follows them.
"""

from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import partial

import msgspec
from PySide6.QtCore import QObject, Signal

from core.audio import edit
from core.audio.edit import EditResult
from core.audio.recipe import Clip, Marker, Recipe
from core.errors import KnownError
from core.library.model import Asset
from core.library.project import Project
from core.units import samples_at
from desktop.history import GESTURE
from desktop.notices import Notice, Notices
from desktop.words import plural
from desktop.workspace import Workspace

Change = Callable[[Recipe, Mapping[str, Asset]], EditResult]


class Editing(QObject):
    """Edits the sound on the table.

    Signals
    -------
    selection_changed : tuple of int, the chosen clips, ascending
    stretch_changed : (start_s, end_s) or None, the chosen stretch of the mix
    """

    selection_changed = Signal(object)
    stretch_changed = Signal(object)

    def __init__(
        self,
        workspace: Workspace,
        notices: Notices,
        *,
        time_s: Callable[[], float],
        cut_at: Callable[[float], float] = float,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._workspace, self._notices, self._time_s = workspace, notices, time_s
        self._cut_at = cut_at
        self.selection: tuple[int, ...] = ()
        self.stretch: tuple[float, float] | None = None
        self.copied: tuple[Clip, ...] = ()
        self._gesture = 0
        self._base: Project | None = None
        workspace.recipe_changed.connect(self._on_recipe)

    # --- what is chosen -------------------------------------------------------------------

    def select(self, indices: tuple[int, ...]) -> None:
        """Choose clips."""
        chosen = tuple(sorted(set(indices)))
        if chosen != self.selection:
            self.selection = chosen
            self.selection_changed.emit(chosen)

    def select_all(self) -> None:
        """Choose every clip."""
        self.select(tuple(range(len(self._workspace.project.recipe.clips))))

    def select_stretch(self, stretch: tuple[float, float] | None) -> None:
        """Choose a stretch of the mix, in seconds."""
        if stretch != self.stretch:
            self.stretch = stretch
            self.stretch_changed.emit(stretch)

    def _on_recipe(self, _recipe: object) -> None:
        n_clips = len(self._workspace.project.recipe.clips)
        self.select(tuple(index for index in self.selection if index < n_clips))
        if self.stretch and self.stretch[1] > self._workspace.duration_s:
            self.select_stretch(None)

    def chosen(self) -> tuple[int, ...]:
        """Return the chosen clips, or the one under the playhead."""
        if self.selection:
            return self.selection
        arrangement = self._workspace.arrangement
        if arrangement is None:
            return ()
        here = arrangement.at(round(self._time_s() * arrangement.sample_rate_hz))
        return () if here is None else (here.index,)

    def here(self) -> Fraction:
        """Return where the playhead stands, exactly on a sample of the mix."""
        rate = self._workspace.project.recipe.sample_rate_hz
        return Fraction(samples_at(Fraction(self._time_s()), rate), rate)

    def exact(self, time_s: float) -> Fraction:
        """Return the sample of the mix that lies nearest to a time."""
        rate = self._workspace.project.recipe.sample_rate_hz
        return Fraction(round(time_s * rate), rate)

    # --- steps ----------------------------------------------------------------------------

    def apply(
        self, text: str, change: Change, *, merge_key: str = "", selects: bool = True
    ) -> bool:
        """Make one step of `change(recipe, assets)`; say why when it cannot be.

        `selects`: what the edit made or touched is chosen afterwards.
        """
        project = self._workspace.project
        try:
            result = change(project.recipe, self._workspace.assets)
        except KnownError as error:
            self._notices.show(Notice(text=error.message, hint=error.hint))
            return False
        self._take(project, result, text, merge_key=merge_key)
        if selects:
            self.select(result.selection)
        return True

    def _take(self, base: Project, result: EditResult, text: str, *, merge_key: str) -> None:
        markers = edit.ripple_markers(base.markers, result.ripple)
        self._workspace.set_recipe(result.recipe, text, markers=markers, merge_key=merge_key)

    def gesture(self, gesture_id: int, text: str, change: Change, *, selects: bool = True) -> None:
        """Follow the hand: each change starts from where the gesture began."""
        base = self.base_of(gesture_id)
        try:
            result = change(base.recipe, self._workspace.assets)
        except KnownError:
            return  # the hand went where nothing can be; it may come back
        self._take(base, result, text, merge_key=f"{GESTURE}{gesture_id}")
        if selects:
            self.select(result.selection)

    def base_of(self, gesture_id: int) -> Project:
        """Return the project as it was when a gesture began."""
        if self._base is None or gesture_id != self._gesture:
            self._gesture, self._base = gesture_id, self._workspace.project
        return self._base

    def end_gesture(self) -> None:
        """Let the hand go."""
        self._base = None

    def cancel_gesture(self) -> None:
        """Put everything back to where the gesture began."""
        self._workspace.undo_stack.take_back(f"{GESTURE}{self._gesture}")
        self._base = None

    # --- verbs ----------------------------------------------------------------------------

    def split(self) -> None:
        """Cut at the playhead; at both ends of a chosen stretch."""
        here = self.exact(self._cut_at(self._time_s()))
        if self.stretch is None:
            self.apply("Split", lambda recipe, assets: edit.split_at(recipe, assets, here))
            return
        for time_s in map(self.exact, reversed(self.stretch)):
            self.apply("Split", partial(_split_if_inside, at_s=time_s), merge_key="split-stretch")

    def split_at_markers(self) -> None:
        """Cut wherever a marker stands, and at both ends of a marked stretch."""
        times: set[Fraction] = set()
        for marker in self._workspace.project.markers:
            times |= {marker.time_s} if marker.end_s is None else {marker.time_s, marker.end_s}

        def split(recipe: Recipe, assets: Mapping[str, Asset]) -> EditResult:
            for time_s in sorted(times, reverse=True):
                recipe = _split_if_inside(recipe, assets, time_s).recipe
            return EditResult(recipe=recipe)

        self.apply("Split at markers", split)

    def join(self) -> None:
        """Make one clip of neighbours that go on where the other ends."""
        chosen = self.selection
        self.apply("Join", lambda recipe, assets: edit.join(recipe, assets, chosen))

    def delete(self, *, close_gap: bool = True) -> None:
        """Take away the chosen stretch, else the chosen clips."""
        chosen = self.selection
        if self.stretch is not None:
            start_s, end_s = map(self.exact, self.stretch)
            cut = partial(edit.delete_range, start_s=start_s, end_s=end_s, close_gap=close_gap)
            if self.apply("Delete", cut):
                self.select_stretch(None)
        elif chosen:
            self.apply(
                "Delete",
                lambda recipe, assets: edit.delete(recipe, assets, chosen, close_gap=close_gap),
            )

    def lift(self) -> None:
        """Delete and leave the gap."""
        self.delete(close_gap=False)

    def crop(self) -> None:
        """Keep only the chosen stretch."""
        if self.stretch is not None:
            start_s, end_s = map(self.exact, self.stretch)
            if self.apply("Crop", partial(edit.keep_range, start_s=start_s, end_s=end_s)):
                self.select_stretch(None)

    def reorder(self, indices: tuple[int, ...], to_index: int) -> None:
        """Put clips before the one that is now at `to_index`."""
        self.apply("Reorder", partial(edit.move, indices=indices, to_index=to_index))

    def duplicate(self) -> None:
        """Put a copy of the chosen clips right behind them."""
        chosen = self.chosen()
        self.apply("Duplicate", lambda recipe, assets: edit.duplicate(recipe, assets, chosen))

    def copy(self) -> None:
        """Keep the chosen clips for pasting."""
        if self.selection:
            self.copied = edit.copy_clips(self._workspace.project.recipe, self.selection)

    def cut(self) -> None:
        """Copy, then delete."""
        if self.selection:
            self.copy()
            self.delete()

    def paste(self) -> None:
        """Put copied clips in at the playhead."""
        text, here = f"Paste {plural(len(self.copied), 'clip')}", self.here()
        self.apply(text, partial(edit.insert_clips, clips=self.copied, at_s=here))

    def trim_here(self, *, start: bool) -> None:
        """Start, or end, the clip at the playhead."""
        trim, here = (edit.trim_in if start else edit.trim_out), self.here()
        for index in self.chosen()[:1]:
            self.apply("Trim", partial(trim, index=index, to_s=here))

    def nudge(self, by_s: Fraction) -> None:
        """Move a chosen clip a little."""
        arrangement = self._workspace.arrangement
        if arrangement is None or len(self.selection) != 1:
            return
        (index,) = self.selection
        start = Fraction(arrangement.clips[index].start, arrangement.sample_rate_hz)
        place = partial(edit.place, index=index, start_s=max(start + by_s, Fraction(0)))
        self.apply("Move", place, merge_key="nudge")

    def toggle_mute(self) -> None:
        """Mute, or unmute when all are muted."""
        chosen = self.chosen()
        clips = self._workspace.project.recipe.clips
        muted = not all(clips[index].muted for index in chosen)
        self.apply(
            "Mute" if muted else "Unmute",
            lambda recipe, _assets: edit.set_muted(recipe, chosen, muted),
            selects=False,
        )

    def add_marker(self) -> None:
        """Name a place: where the playhead stands, or the chosen stretch."""
        if self._workspace.arrangement is None:
            return
        markers = self._workspace.project.markers
        start_s, end_s = self.here(), None
        if self.stretch is not None:
            start_s, end_s = map(self.exact, self.stretch)
        new = Marker(time_s=start_s, end_s=end_s, name=f"Marker {len(markers) + 1}")
        self._workspace.set_markers(_in_order((*markers, new)), "Add marker")

    def change_marker(self, index: int, marker: Marker | None, *, merge_key: str = "") -> None:
        """Move or rename a marker; None takes it away."""
        markers = list(self._workspace.project.markers)
        markers[index : index + 1] = [] if marker is None else [marker]
        text = "Delete marker" if marker is None else "Change marker"
        self._workspace.set_markers(_in_order(tuple(markers)), text, merge_key=merge_key)

    def insert(
        self, assets: tuple[Asset, ...], *, before: int | None = None, merge_key: str = ""
    ) -> None:
        """Put whole tracks into the mix; at its end unless told where."""
        self._workspace.know(assets)
        ids = tuple(asset.id for asset in assets)
        text = "Add tracks" if merge_key else f"Add {plural(len(ids), 'track')}"
        insert = partial(edit.insert_assets, asset_ids=ids, index=before)
        self.apply(text, insert, merge_key=merge_key)


def _split_if_inside(recipe: Recipe, assets: Mapping[str, Asset], at_s: Fraction) -> EditResult:
    """Split where there is something to split: the end of a stretch may lie on an edge."""
    try:
        return edit.split_at(recipe, assets, at_s)
    except KnownError:
        return EditResult(recipe=recipe)


def _in_order(markers: tuple[Marker, ...]) -> tuple[Marker, ...]:
    return tuple(sorted(markers, key=lambda marker: marker.time_s))


def renamed(marker: Marker, name: str) -> Marker:
    """Return a marker with another name."""
    return msgspec.structs.replace(marker, name=name.strip())
