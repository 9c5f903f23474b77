"""Inspecting: values typed or dragged in the clip list and the sound inspector, as edits.

In: `ClipEdit`, `EffectsEdit` and the inspector's other requests. Out: steps of `Editing`.
"""

from collections.abc import Mapping
from fractions import Fraction
from functools import partial
from typing import Any

from core.audio import edit
from core.audio.arrangement import arrange
from core.audio.edit import ClipTimes, EditResult
from core.audio.recipe import LoudnessTarget, Recipe
from core.errors import UsageError
from core.library.model import Asset
from desktop.editor.actions import Change, Editing
from desktop.editor.clip_fields import ClipEdit, ClipField, ClipValue
from desktop.editor.clip_list import ClipList
from desktop.editor.effects_panel import EffectsEdit
from desktop.editor.sound_panel import SoundPanel
from desktop.words import precise_time

TIMES = {ClipField.START: "in_s", ClipField.END: "out_s", ClipField.LENGTH: "length_s"}
FADES: dict[ClipField, tuple[Any, str]] = {
    ClipField.FADE_IN: (edit.set_fade_in, "length_s"),
    ClipField.FADE_OUT: (edit.set_fade_out, "length_s"),
    ClipField.FADE_IN_SHAPE: (edit.set_fade_in, "shape"),
    ClipField.FADE_OUT_SHAPE: (edit.set_fade_out, "shape"),
    ClipField.CROSSFADE: (edit.set_crossfade, "length_s"),
    ClipField.CROSSFADE_SHAPE: (edit.set_crossfade, "shape"),
}


class Inspecting:
    """Applies what the inspector and the list ask for."""

    def __init__(self, editing: Editing, inspector: SoundPanel, clips: ClipList) -> None:
        self._editing = editing
        clips.values_requested.connect(self.change_clips)
        inspector.values_requested.connect(self.change_clips)
        inspector.target_requested.connect(self.set_target)
        inspector.effects_requested.connect(self.set_effects)
        inspector.sample_rate_requested.connect(partial(self.set_form, "sample_rate_hz"))
        inspector.channels_requested.connect(partial(self.set_form, "channels"))
        inspector.declick_requested.connect(self.set_declick)
        inspector.gesture_ended.connect(lambda _key: editing.end_gesture())

    def change_clips(self, request: ClipEdit) -> None:
        """Change values of clips, all in one step."""
        self._apply(request.text, partial(_with_values, values=request.values), request)

    def set_effects(self, request: EffectsEdit) -> None:
        """Put other effects on the clips."""
        self._apply(
            request.text,
            lambda recipe, _assets: edit.set_effects(recipe, 0, request.effects),
            request,
        )

    def _apply(self, text: str, change: Change, request: ClipEdit | EffectsEdit) -> None:
        if request.gesture_id:
            self._editing.gesture(request.gesture_id, text, change, selects=False)
        else:
            self._editing.apply(text, change, merge_key=request.merge_key, selects=False)

    def set_target(self, target: LoudnessTarget | None) -> None:
        """Bring the mix to another loudness."""
        self._editing.apply(
            "Match loudness" if target else "Loudness as it is",
            lambda recipe, _assets: edit.set_loudness(recipe, target),
            merge_key="loudness",
            selects=False,
        )

    def set_declick(self, seconds: Fraction) -> None:
        """Soften cuts, or leave them bare."""
        self._editing.apply(
            "Soften cuts", lambda recipe, _assets: edit.set_declick(recipe, seconds), selects=False
        )

    def set_form(self, field: str, value: int) -> None:
        """Mix to another rate or number of channels."""
        self._editing.apply(
            "Change the mix",
            lambda recipe, _assets: edit.set_form(recipe, **{field: value}),
            selects=False,
        )


def _with_values(
    recipe: Recipe, assets: Mapping[str, Asset], values: tuple[ClipValue, ...]
) -> EditResult:
    """Change one value after the other; together they are one edit."""
    ripple: list[edit.Ripple] = []
    result = EditResult(recipe=recipe)
    for value in values:
        result = _with_value(result.recipe, assets, value)
        ripple.extend(result.ripple)
    return EditResult(recipe=result.recipe, selection=result.selection, ripple=tuple(ripple))


def _placed(
    recipe: Recipe, assets: Mapping[str, Asset], index: int, start_s: Fraction
) -> EditResult:
    """Put a clip exactly where it was typed to begin; a hand gets the nearest place instead."""
    result = edit.place(recipe, assets, index, start_s)
    (now,) = result.selection
    start = arrange(result.recipe, assets).clips[now].start
    if abs(start - start_s * recipe.sample_rate_hz) > 1:
        raise UsageError(
            f"The clip cannot begin at {precise_time(float(start_s))}.",
            hint="A neighbour and its fades leave no room there; shorten a fade, or drag the clip.",
        )
    return result


def _with_value(recipe: Recipe, assets: Mapping[str, Asset], value: ClipValue) -> EditResult:
    index, what = value.index, value.field
    wanted: Any = value.value
    match what:
        case ClipField.NAME:
            return edit.rename(recipe, (index,), wanted)
        case ClipField.GAIN:
            return edit.set_gain(recipe, (index,), wanted)
        case ClipField.MUTED:
            return edit.set_muted(recipe, (index,), wanted)
        case ClipField.POSITION:
            return _placed(recipe, assets, index, wanted)
        case ClipField.START | ClipField.END | ClipField.LENGTH:
            return edit.set_times(recipe, assets, index, ClipTimes(**{TIMES[what]: wanted}))
        case _:
            change, name = FADES[what]
            result: EditResult = change(recipe, assets, index, **{name: wanted})
            return result
