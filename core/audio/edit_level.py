"""Edits that move nothing: gain, fades, mute, name, loudness, effects; and the crossfade.

In: a recipe (and its assets where lengths count). Out: an `EditResult`. Pure; no I/O.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction

import msgspec

from core.audio.edit_base import ZERO_S, EditResult, Timeline, chosen, with_clips
from core.audio.recipe import MAX_GAIN, Clip, Effect, FadeShape, LoudnessTarget, Recipe
from core.audio.recipe_check import MAX_CHANNELS, MAX_DECLICK_S, RATES_HZ
from core.errors import NotFoundError, UsageError
from core.library.model import Asset


def set_gain(recipe: Recipe, indices: Iterable[int], gain: float) -> EditResult:
    """Set the gain of clips, linear, 0 to 4; UsageError outside."""
    if not (math.isfinite(gain) and 0 <= gain <= MAX_GAIN):
        raise UsageError("The gain is out of range.", hint="Use -∞ to +12 dB (0 to 400 %).")
    return _changed(recipe, indices, lambda clip: _with(clip, gain=float(gain)))


def change_gain(recipe: Recipe, indices: Iterable[int], factor: float) -> EditResult:
    """Multiply the gain of clips, each held to 0 to 4; UsageError for a factor below 0."""
    if not (math.isfinite(factor) and factor >= 0):
        raise UsageError("The gain is out of range.", hint="Use -∞ to +12 dB (0 to 400 %).")
    return _changed(
        recipe, indices, lambda clip: _with(clip, gain=min(clip.gain * factor, MAX_GAIN))
    )


def set_muted(recipe: Recipe, indices: Iterable[int], muted: bool) -> EditResult:
    """Mute clips, or let them sound again."""
    return _changed(recipe, indices, lambda clip: _with(clip, muted=muted))


def rename(recipe: Recipe, indices: Iterable[int], name: str) -> EditResult:
    """Name clips; an empty name shows the title of the sound."""
    text = " ".join(name.split())
    return _changed(recipe, indices, lambda clip: _with(clip, name=text))


def _changed(recipe: Recipe, indices: Iterable[int], change: Callable[[Clip], Clip]) -> EditResult:
    found = chosen(recipe, indices)
    clips = list(recipe.clips)
    for index in found:
        clips[index] = change(clips[index])
    return EditResult(recipe=with_clips(recipe, clips), selection=found)


def _with(clip: Clip, **changes: object) -> Clip:
    """Return the clip with changes; itself when it has these values already."""
    if all(getattr(clip, key) == value for key, value in changes.items()):
        return clip
    return msgspec.structs.replace(clip, **changes)


def set_fade_in(
    recipe: Recipe,
    assets: Mapping[str, Asset],
    index: int,
    *,
    length_s: Fraction | None = None,
    shape: FadeShape | None = None,
) -> EditResult:
    """Set the fade at a clip's head.

    Parameters
    ----------
    recipe : Recipe
    assets : mapping of str to Asset
        Every asset that the recipe names, by id.
    index : int
        The clip.
    length_s : Fraction, optional
        0 or more; at most what the fade or crossfade at the tail leaves. None: as it is.
    shape : FadeShape, optional
        None: as it is.

    Raises
    ------
    UsageError
        A length below 0, or the clip crossfades there with the one before.
    """
    timeline = Timeline(recipe, assets)
    piece = timeline.piece(index)
    if index and timeline.pieces[index - 1].end > piece.start:
        raise _crossfades(timeline, index)
    after = overlap_out(timeline, index) or timeline.ticks(piece.clip.fade_out_s)
    fade = _fitting(timeline, length_s, piece.length - after)
    clip = _with(
        piece.clip,
        fade_in_s=piece.clip.fade_in_s if fade is None else fade,
        fade_in_shape=shape or piece.clip.fade_in_shape,
    )
    return _changed(recipe, (index,), lambda _: clip)


def set_fade_out(
    recipe: Recipe,
    assets: Mapping[str, Asset],
    index: int,
    *,
    length_s: Fraction | None = None,
    shape: FadeShape | None = None,
) -> EditResult:
    """Set the fade at a clip's tail; as `set_fade_in`."""
    timeline = Timeline(recipe, assets)
    piece = timeline.piece(index)
    if overlap_out(timeline, index):
        raise _crossfades(timeline, index + 1)
    before = overlap_in(timeline, index) or timeline.ticks(piece.clip.fade_in_s)
    fade = _fitting(timeline, length_s, piece.length - before)
    clip = _with(
        piece.clip,
        fade_out_s=piece.clip.fade_out_s if fade is None else fade,
        fade_out_shape=shape or piece.clip.fade_out_shape,
    )
    return _changed(recipe, (index,), lambda _: clip)


def _fitting(timeline: Timeline, length_s: Fraction | None, room: int) -> Fraction | None:
    if length_s is None:
        return None
    if length_s < 0:
        raise UsageError("A fade cannot be shorter than nothing.", hint="Use 0 for no fade.")
    room = max(room, 0) // timeline.sample
    return timeline.seconds(min(timeline.tick(length_s), room * timeline.sample))


def _crossfades(timeline: Timeline, index: int) -> UsageError:
    return UsageError(
        f"{timeline.label(index)} crossfades with the one before.",
        hint="Change the crossfade, or take it away first.",
    )


def overlap_in(timeline: Timeline, index: int) -> int:
    """Return the crossfade at a clip's head in ticks, 0 without one."""
    pieces = timeline.pieces
    return max(pieces[index - 1].end - pieces[index].start, 0) if index else 0


def overlap_out(timeline: Timeline, index: int) -> int:
    """Return the crossfade at a clip's tail in ticks, 0 without one."""
    return overlap_in(timeline, index + 1) if index + 1 < len(timeline.pieces) else 0


def set_crossfade(
    recipe: Recipe,
    assets: Mapping[str, Asset],
    index: int,
    *,
    length_s: Fraction | None = None,
    shape: FadeShape | None = None,
) -> EditResult:
    """Set the crossfade between a clip and the one before; what is later moves along.

    Parameters
    ----------
    recipe, assets
        As for `set_fade_in`.
    index : int
        The later of the two clips.
    length_s : Fraction, optional
        0: none, the clips meet. None: as it is.
    shape : FadeShape, optional
        None: as it is.

    Raises
    ------
    UsageError
        There is no clip before, or the crossfade is longer than the two clips leave.
    """
    timeline = Timeline(recipe, assets)
    piece = timeline.piece(index)
    if not index:
        raise UsageError("There is no clip before the first.", hint="Select the later clip.")
    clip = _with(piece.clip, crossfade_shape=shape or piece.clip.crossfade_shape)
    if length_s is None:
        return _changed(recipe, (index,), lambda _: clip)
    length = timeline.tick(length_s)
    most = crossfade_room(timeline, index) // timeline.sample * timeline.sample
    if not 0 <= length <= most:
        raise UsageError(
            f"A crossfade of {float(length_s):.3f} s does not fit there.",
            hint=f"At most {most / timeline.ticks_per_s:.3f} s fit between the other fades.",
        )
    end = timeline.pieces[index - 1].end
    by = end - length - piece.start
    clip = _with(clip, gap_s=timeline.seconds(-length) if length else ZERO_S)
    result = _changed(recipe, (index,), lambda _: clip)
    settled = Timeline(result.recipe, assets)
    at = end - length if by < 0 else piece.start
    return EditResult(
        recipe=settled.result(settled.pieces).recipe,
        selection=(index,),
        ripple=timeline.ripple(at, by),
    )


def crossfade_room(timeline: Timeline, index: int) -> int:
    """Return the longest crossfade with the clip before, in ticks, beside the other fades."""
    before, piece = timeline.pieces[index - 1], timeline.pieces[index]
    head = overlap_in(timeline, index - 1) or timeline.ticks(before.clip.fade_in_s)
    tail = overlap_out(timeline, index) or timeline.ticks(piece.clip.fade_out_s)
    return max(min(before.length - head, piece.length - tail), 0)


def set_loudness(recipe: Recipe, target: LoudnessTarget | None) -> EditResult:
    """Set how loud the mix shall be; None: as loud as it is."""
    return EditResult(recipe=_recipe_with(recipe, loudness=target))


def set_effects(recipe: Recipe, lane: int, effects: Iterable[Effect]) -> EditResult:
    """Set what the clips of a lane go through, in order; NotFoundError without such a lane."""
    if not 0 <= lane < len(recipe.lanes):
        raise NotFoundError(f"There is no lane {lane + 1}.", hint="The mix has one lane.")
    lanes = list(recipe.lanes)
    lanes[lane] = msgspec.structs.replace(lanes[lane], effects=tuple(effects))
    return EditResult(recipe=_recipe_with(recipe, lanes=tuple(lanes)))


def set_declick(recipe: Recipe, declick_s: Fraction) -> EditResult:
    """Set the fade at bare cuts, 0 (off) to 0.05 s; UsageError outside."""
    if not 0 <= declick_s <= MAX_DECLICK_S:
        raise UsageError("A de-click lasts 0 to 50 ms.", hint="3 ms suit most cuts.")
    return EditResult(recipe=_recipe_with(recipe, declick_s=declick_s))


def set_form(
    recipe: Recipe, *, sample_rate_hz: int | None = None, channels: int | None = None
) -> EditResult:
    """Set the mix's sample rate and channels; None: as it is.

    Clips and gaps keep their times. UsageError outside of 8,000 to 192,000 Hz or 1 to 8 channels.
    """
    rate = recipe.sample_rate_hz if sample_rate_hz is None else sample_rate_hz
    count = recipe.channels if channels is None else channels
    if not RATES_HZ[0] <= rate <= RATES_HZ[1]:
        raise UsageError("The sample rate is out of range.", hint="Use 8,000 to 192,000 Hz.")
    if not 1 <= count <= MAX_CHANNELS:
        raise UsageError("The number of channels is out of range.", hint="Use 1 to 8.")
    return EditResult(recipe=_recipe_with(recipe, sample_rate_hz=rate, channels=count))


def _recipe_with(recipe: Recipe, **changes: object) -> Recipe:
    if all(getattr(recipe, key) == value for key, value in changes.items()):
        return recipe
    return msgspec.structs.replace(recipe, **changes)
