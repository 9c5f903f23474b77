"""Edits that bring clips in: duplicate, copy and paste, dropped sounds, another sound.

In: a recipe, its assets. Out: an `EditResult`. What is later moves along. Pure; no I/O.
"""

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

import msgspec

from core.audio.edit_base import ZERO_S, EditResult, Piece, Timeline, chosen
from core.audio.edit_cut import split_piece
from core.audio.recipe import MIN_CLIP_S, Clip, Recipe
from core.errors import NotFoundError, UsageError
from core.library.model import Asset


def copy_clips(recipe: Recipe, indices: Iterable[int]) -> tuple[Clip, ...]:
    """Return clips for pasting: neighbours keep their gaps and crossfades, the others meet."""
    found = chosen(recipe, indices)
    copies = []
    for index in found:
        clip = recipe.clips[index]
        together = index - 1 in found
        copies.append(clip if together else msgspec.structs.replace(clip, gap_s=ZERO_S))
    return tuple(copies)


def duplicate(recipe: Recipe, assets: Mapping[str, Asset], indices: Iterable[int]) -> EditResult:
    """Put copies of clips right after the last of them; the copies are selected."""
    found = chosen(recipe, indices)
    return insert_clips(recipe, assets, copy_clips(recipe, found), index=found[-1] + 1)


def insert_clips(
    recipe: Recipe,
    assets: Mapping[str, Asset],
    clips: Sequence[Clip],
    *,
    index: int | None = None,
    at_s: Fraction | None = None,
) -> EditResult:
    """Put clips in, one after the other; they are selected.

    Parameters
    ----------
    recipe : Recipe
    assets : mapping of str to Asset
        Those of the recipe and those of the clips, by id.
    clips : sequence of Clip
        Gaps between them count, the first one's does not.
    index : int, optional
        Before which clip, right after the one before that; the number of clips (or None, without
        `at_s`): at the end. A crossfade there ends.
    at_s : Fraction, optional
        Where in the mix instead. A clip that sounds there is split, or, where a part would be
        shorter than 0.1 s or another crossfades, the nearer of its ends is taken.

    Raises
    ------
    UsageError, NotFoundError
        There is nothing to put in, no such place, or an asset is unknown.
    """
    if not clips:
        raise UsageError("There is nothing to paste.", hint="Copy a clip first.")
    timeline = Timeline(recipe, assets)
    pieces = timeline.pieces
    if at_s is not None:
        before, after, at = _opened(timeline, timeline.tick(max(at_s, ZERO_S)))
    else:
        place = len(pieces) if index is None else index
        if not 0 <= place <= len(pieces):
            raise NotFoundError(f"There is no place {place + 1} in the mix.", hint="Use the end.")
        before, after = pieces[:place], pieces[place:]
        at = before[-1].end if before else 0
    first = msgspec.structs.replace(clips[0], gap_s=ZERO_S)
    block = [
        msgspec.structs.replace(piece, chosen=True)
        for piece in timeline.laid([first, *clips[1:]], at)
    ]
    crossed = max(at - after[0].start, 0) if after else 0
    by = block[-1].end - at + crossed
    later = [piece.at(piece.start + by) for piece in after]
    return timeline.result([*before, *block, *later], timeline.ripple(at - crossed, by))


def _opened(timeline: Timeline, at: int) -> tuple[list[Piece], list[Piece], int]:
    """Return what lies before and after a place of the mix, and the place itself."""
    pieces = timeline.pieces
    for index, piece in enumerate(pieces):
        if at <= piece.start:
            return pieces[:index], pieces[index:], at
        if at < piece.end:
            parts = split_piece(timeline, index, at)
            if parts is not None:
                before, after = parts
                return [*pieces[:index], before], [after, *pieces[index + 1 :]], before.end
            if at - piece.start < piece.end - at:
                start = max(piece.start, pieces[index - 1].end if index else 0)
                return pieces[:index], pieces[index:], start
            return pieces[: index + 1], pieces[index + 1 :], piece.end
    return pieces, [], at


def insert_assets(
    recipe: Recipe,
    assets: Mapping[str, Asset],
    asset_ids: Iterable[str],
    *,
    index: int | None = None,
    at_s: Fraction | None = None,
) -> EditResult:
    """Put whole sounds in, one after the other; as `insert_clips`.

    Raises UsageError for a sound shorter than a clip may be.
    """
    clips = [Clip(asset_id=asset_id) for asset_id in asset_ids]
    for clip in clips:
        asset = assets.get(clip.asset_id)
        if asset is not None and asset.pcm.n_samples < asset.pcm.sample_rate_hz * MIN_CLIP_S:
            raise UsageError(f"“{asset.title}” is shorter than 0.1 s.", hint="Use a longer sound.")
    return insert_clips(recipe, assets, clips, index=index, at_s=at_s)


def replace_asset(
    recipe: Recipe, assets: Mapping[str, Asset], index: int, asset_id: str
) -> EditResult:
    """Let a clip take its stretch from another sound; as much of it as that sound has.

    What is later moves along when the clip gets shorter. Raises UsageError when the other sound
    ends before the clip begins or a crossfade would not fit, NotFoundError when it is unknown.
    """
    timeline = Timeline(recipe, assets)
    old = timeline.piece(index)
    clip = msgspec.structs.replace(old.clip, asset_id=asset_id)
    n_samples = timeline.source_samples(clip)
    asset = assets[asset_id]
    if clip.end_s is not None and clip.end_s * asset.pcm.sample_rate_hz > n_samples:
        clip = msgspec.structs.replace(clip, end_s=None)
    new = timeline.laid([msgspec.structs.replace(clip, gap_s=ZERO_S)], old.start)[0]
    new = msgspec.structs.replace(new, clip=clip, chosen=True)
    by = new.length - old.length
    pieces = list(timeline.pieces)
    pieces[index:] = [new, *(piece.at(piece.start + by) for piece in pieces[index + 1 :])]
    head = max(pieces[index - 1].end - new.start, 0) if index else 0
    tail = max(new.end - pieces[index + 1].start, 0) if index + 1 < len(pieces) else 0
    if new.last - new.first < new.shortest or head + tail > new.length:
        raise UsageError(
            f"“{asset.title}” is too short to take the place of {timeline.label(index)}.",
            hint="Choose a longer sound, or move the clip's in point first.",
        )
    at = min(old.end, new.end) - tail
    return timeline.result(pieces, timeline.ripple(at, by))
