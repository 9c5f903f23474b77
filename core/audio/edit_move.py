"""Edits that move clips: reorder in the list, drag along the waveform. Pure; no I/O.

In: a recipe, its assets. Out: an `EditResult`.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from fractions import Fraction
from itertools import pairwise

import msgspec

from core.audio.edit_base import ZERO_S, EditResult, Piece, Timeline, chosen, with_clips
from core.audio.recipe import Recipe
from core.errors import NotFoundError
from core.library.model import Asset


def move(
    recipe: Recipe, assets: Mapping[str, Asset], indices: Iterable[int], to_index: int
) -> EditResult:
    """Reorder: put clips, as a block, before the clip that is now at `to_index`.

    A clip keeps the silence before it, except a moved clip that becomes the first; crossfades
    stay between clips that stay neighbours. Raises NotFoundError for a place outside 0 to the
    number of clips, or a clip that is not there.
    """
    found = chosen(recipe, indices)
    if not 0 <= to_index <= len(recipe.clips):
        raise NotFoundError(f"There is no place {to_index + 1} in the mix.", hint="Use the end.")
    gone = set(found)
    order = [
        *(index for index in range(to_index) if index not in gone),
        *found,
        *(index for index in range(to_index, len(recipe.clips)) if index not in gone),
    ]
    clips = [recipe.clips[order[0]]]
    if order[0] and (order[0] in gone or clips[0].gap_s < 0):
        clips[0] = msgspec.structs.replace(clips[0], gap_s=ZERO_S)
    for before, index in pairwise(order):
        clip = recipe.clips[index]
        parted = clip.gap_s < 0 and before != index - 1
        clips.append(msgspec.structs.replace(clip, gap_s=ZERO_S) if parted else clip)
    first = order.index(found[0])
    timeline = Timeline(with_clips(recipe, clips), assets)
    return EditResult(
        recipe=timeline.result(timeline.pieces).recipe,
        selection=tuple(range(first, first + len(found))),
    )


def place(recipe: Recipe, assets: Mapping[str, Asset], index: int, start_s: Fraction) -> EditResult:
    """Drag a clip so that it begins at a time of the mix, or as near to it as it fits.

    All others stay where they are. Over a neighbour it crossfades, as far as their other fades
    leave room and no third clip sounds; beyond the middle it hops over the neighbour. Within a
    sample of a neighbour's end it meets it exactly.

    Parameters
    ----------
    recipe : Recipe
    assets : mapping of str to Asset
        Every asset that the recipe names, by id.
    index : int
        The clip; its new index is the result's selection.
    start_s : Fraction
        Seconds of the mix; taken at the nearest sample, and as 0 before it.
    """
    timeline = Timeline(recipe, assets)
    piece = timeline.piece(index)
    rest = [*timeline.pieces[:index], *timeline.pieces[index + 1 :]]
    wish = max(timeline.tick(start_s), 0)
    if abs(wish - piece.start) < timeline.sample:
        return EditResult(recipe=recipe, selection=(index,))
    at, start = _nearest_spot(timeline, rest, piece, wish)
    moved = msgspec.structs.replace(piece, start=start, chosen=True)
    return timeline.result([*rest[:at], moved, *rest[at:]])


def _nearest_spot(
    timeline: Timeline, rest: list[Piece], piece: Piece, wish: int
) -> tuple[int, int]:
    """Return where among the others, and at which tick, a piece is nearest to its wish."""
    at = len(rest)
    start = max(rest[-1].end if rest else 0, wish)  # there is always room at the end
    middle = bisect_left(rest, wish, key=lambda other: other.start)
    for spot in range(middle, len(rest) + 1):
        if spot > middle and rest[spot - 1].start - wish > abs(start - wish):
            break
        found = _nearest_start(timeline, rest, spot, piece, wish)
        if found is not None and abs(found - wish) <= abs(start - wish):
            at, start = spot, found
    for spot in range(middle - 1, -1, -1):
        if wish + piece.length - rest[spot].end >= abs(start - wish):
            break
        found = _nearest_start(timeline, rest, spot, piece, wish)
        if found is not None and abs(found - wish) < abs(start - wish):
            at, start = spot, found
    return at, start


def _nearest_start(
    timeline: Timeline, rest: list[Piece], at: int, piece: Piece, wish: int
) -> int | None:
    """Return the start nearest to `wish` that fits before `rest[at]`; None when none does."""
    before = rest[at - 1] if at else None
    after = rest[at] if at < len(rest) else None
    if before is not None and after is not None and before.end > after.start:
        return None
    low, high = 0, max(timeline.end, wish)
    if before is not None:
        head = _head(timeline, rest, at - 1)
        tail = timeline.ticks(piece.clip.fade_out_s)
        low = max(before.start + head, before.end - max(piece.length - tail, 0))
    if after is not None:
        tail = _tail(timeline, rest, at)
        head = timeline.ticks(piece.clip.fade_in_s)
        latest = min(after.end - tail, after.start + max(piece.length - head, 0))
        high = latest - piece.length
    if low > high:
        return None
    start = min(max(wish, low), high)
    meets = [] if before is None else [before.end]
    meets += [] if after is None else [after.start - piece.length]
    for exact in meets:
        if abs(start - exact) < timeline.sample and low <= exact <= high:
            return exact
    return start


def _head(timeline: Timeline, pieces: list[Piece], at: int) -> int:
    """Return the fade or crossfade at a piece's head, in ticks, at most all of it.

    A fade that was set aside for a crossfade may be longer than its clip.
    """
    overlap = pieces[at - 1].end - pieces[at].start if at else 0
    fade = timeline.ticks(pieces[at].clip.fade_in_s)
    return overlap if overlap > 0 else min(fade, pieces[at].length)


def _tail(timeline: Timeline, pieces: list[Piece], at: int) -> int:
    """Return the fade or crossfade at a piece's tail, in ticks; as `_head`."""
    overlap = pieces[at].end - pieces[at + 1].start if at + 1 < len(pieces) else 0
    fade = timeline.ticks(pieces[at].clip.fade_out_s)
    return overlap if overlap > 0 else min(fade, pieces[at].length)
