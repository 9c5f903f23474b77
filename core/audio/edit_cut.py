"""Edits that cut: split, join, delete, delete a range, keep a range. Pure; no I/O.

In: a recipe, its assets, exact times of the mix. Out: an `EditResult`.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from itertools import pairwise

import msgspec

from core.audio.edit_base import EditResult, Piece, Ripple, Timeline, chosen
from core.audio.recipe import Recipe
from core.errors import UsageError
from core.library.model import Asset


def split_at(recipe: Recipe, assets: Mapping[str, Asset], at_s: Fraction) -> EditResult:
    """Split the clip under the playhead; the right part is selected.

    Parameters
    ----------
    recipe : Recipe
    assets : mapping of str to Asset
        Every asset that the recipe names, by id.
    at_s : Fraction
        Seconds of the mix; taken at the nearest sample.

    Raises
    ------
    UsageError
        No clip sounds there, two do, or a part would be shorter than a clip may be.
    """
    timeline = Timeline(recipe, assets)
    at = timeline.tick(at_s)
    for index, piece in enumerate(timeline.pieces):
        if piece.start < at < piece.end:
            return _split(timeline, index, at)
    raise UsageError(
        f"There is nothing to split at {float(at_s):.3f} s.",
        hint="Put the playhead inside a clip.",
    )


def split_clip(
    recipe: Recipe, assets: Mapping[str, Asset], index: int, at_s: Fraction
) -> EditResult:
    """Split one clip; as `split_at`.

    The parts keep name, gain and mute; the fades stay at the outer ends. Where the cut falls into
    a fade, the fade is shortened to its part. Without a fade there the mix stays the same, sample
    by sample: the parts continue each other.
    """
    timeline = Timeline(recipe, assets)
    timeline.piece(index)
    return _split(timeline, index, timeline.tick(at_s))


def _split(timeline: Timeline, index: int, at: int) -> EditResult:
    pieces = timeline.pieces
    if _is_crossed(pieces, index, at):
        raise UsageError(
            f"{timeline.label(index)} crossfades there with a neighbour.",
            hint="Split beside the crossfade, or take it away first.",
        )
    parts = split_piece(timeline, index, at)
    if parts is None:
        raise UsageError(
            f"{timeline.label(index)}: a part would be shorter than 0.1 s.",
            hint="Split farther from its ends.",
        )
    before, after = parts
    after = msgspec.structs.replace(after, chosen=True)
    return timeline.result([*pieces[:index], before, after, *pieces[index + 1 :]])


def split_piece(timeline: Timeline, index: int, at: int) -> tuple[Piece, Piece] | None:
    """Return the parts of a piece cut at a tick of the mix, to a sample of its source.

    None when a part would be shorter than a clip may be, or a crossfade lies there.
    """
    piece = timeline.pieces[index]
    n = (2 * (at - piece.start) + piece.unit) // (2 * piece.unit)
    if n < piece.shortest or piece.last - piece.first - n < piece.shortest:
        return None
    if _is_crossed(timeline.pieces, index, piece.start + n * piece.unit):
        return None
    return piece.head(n), piece.tail(n)


def _is_crossed(pieces: list[Piece], index: int, at: int) -> bool:
    piece = pieces[index]
    return piece.start < at < piece.end and bool(
        (index and at < pieces[index - 1].end)
        or (index + 1 < len(pieces) and at > pieces[index + 1].start)
    )


def join(recipe: Recipe, assets: Mapping[str, Asset], indices: Iterable[int]) -> EditResult:
    """Make one clip of clips that continue each other; the opposite of a split.

    The whole keeps the name, gap and fade in of the first, and the fade out of the last.

    Raises
    ------
    UsageError
        They are not neighbours, do not continue each other, or differ in gain or mute, or a fade
        lies between them.
    """
    timeline = Timeline(recipe, assets)
    found = chosen(recipe, indices)
    first, last = found[0], found[-1]
    if len(found) < 2:
        raise UsageError("Joining takes two clips.", hint="Select the clips to join.")
    if last - first + 1 != len(found):
        raise UsageError("These clips are not neighbours.", hint="Select clips side by side.")
    for before, after in pairwise(found):
        _require_continues(timeline, before, after)
    head, tail = timeline.pieces[first], timeline.pieces[last]
    clip = msgspec.structs.replace(
        head.clip,
        end_s=tail.clip.end_s,
        fade_out_s=tail.clip.fade_out_s,
        fade_out_shape=tail.clip.fade_out_shape,
    )
    whole = msgspec.structs.replace(head, clip=clip, last=tail.last, chosen=True)
    return timeline.result([*timeline.pieces[:first], whole, *timeline.pieces[last + 1 :]])


def _require_continues(timeline: Timeline, first: int, second: int) -> None:
    a, b = timeline.pieces[first], timeline.pieces[second]
    name = f"{timeline.label(second)} and the one before"
    same_sound = a.clip.asset_id == b.clip.asset_id and a.clip.lane == b.clip.lane
    if not same_sound or a.last != b.first or a.end != b.start:
        raise UsageError(
            f"{timeline.label(second)} does not go on where the one before ends.",
            hint="Only what was split, and not moved apart, can be joined.",
        )
    if a.clip.gain != b.clip.gain or a.clip.muted != b.clip.muted:
        raise UsageError(f"{name} are not equally loud.", hint="Give both the same gain first.")
    if a.clip.fade_out_s or b.clip.fade_in_s:
        raise UsageError(
            f"There is a fade between {timeline.label(second)} and the one before.",
            hint="Take the fade away first.",
        )


def delete(
    recipe: Recipe, assets: Mapping[str, Asset], indices: Iterable[int], *, close_gap: bool
) -> EditResult:
    """Delete clips.

    Parameters
    ----------
    recipe, assets
        As for `split_at`.
    indices : iterable of int
        The clips.
    close_gap : bool
        False: all others stay where they are. True: the time in which only the deleted clips
        sounded goes too, and what is later moves up; silence around them stays.

    Raises
    ------
    UsageError, NotFoundError
        No clip is given, or one that is not there.
    """
    timeline = Timeline(recipe, assets)
    gone = set(chosen(recipe, indices))
    kept = [piece for index, piece in enumerate(timeline.pieces) if index not in gone]
    if not close_gap:
        return timeline.result(kept)
    holes = _holes([timeline.pieces[index] for index in sorted(gone)], kept)
    moved, passed, by = [], 0, 0
    for piece in kept:
        while passed < len(holes) and holes[passed][0] < piece.end:
            by += holes[passed][1] - holes[passed][0]
            passed += 1
        moved.append(piece.at(piece.start - by))
    return timeline.result(moved, _taken_out(timeline, holes))


def _holes(gone: list[Piece], kept: list[Piece]) -> list[tuple[int, int]]:
    """Return the stretches in which only the deleted sounded; both are in order of start."""
    holes: list[tuple[int, int]] = []
    at = 0  # up to here, what the kept cover is known
    for piece in gone:
        start, stop = piece.start, piece.end
        if holes:
            start = max(start, holes[-1][1])
        while at < len(kept) and kept[at].end <= start:
            at += 1
        for cover in kept[at : at + 3]:
            if cover.start <= start < cover.end:
                start = cover.end
            elif start < cover.start < stop:
                stop = cover.start
        if start < stop:
            holes.append((start, stop))
    return holes


def _taken_out(timeline: Timeline, holes: list[tuple[int, int]]) -> tuple[Ripple, ...]:
    return tuple(
        ripple for start, stop in reversed(holes) for ripple in timeline.ripple(start, start - stop)
    )


def delete_range(
    recipe: Recipe,
    assets: Mapping[str, Asset],
    *,
    start_s: Fraction,
    end_s: Fraction,
    close_gap: bool,
) -> EditResult:
    """Delete all that sounds in [start_s, end_s), and the time itself when the gap is closed.

    What is left of a clip, when shorter than 0.1 s, goes too. Raises UsageError for an empty
    range.
    """
    timeline = Timeline(recipe, assets)
    start, stop = _range(timeline, start_s, end_s)
    left = _parts(timeline.pieces, None, start)
    right = _parts(timeline.pieces, stop, None)
    if not close_gap:
        return timeline.result([*left, *right])
    right = [piece.at(piece.start - (stop - start)) for piece in right]
    return timeline.result([*left, *right], timeline.ripple(start, start - stop))


def keep_range(
    recipe: Recipe, assets: Mapping[str, Asset], *, start_s: Fraction, end_s: Fraction
) -> EditResult:
    """Keep only [start_s, end_s) of the mix, which then begins at 0.

    What is left of a clip, when shorter than 0.1 s, goes too. Raises UsageError for an empty
    range, and when no clip would be left.
    """
    timeline = Timeline(recipe, assets)
    return keep_ticks(timeline, *_range(timeline, start_s, end_s))


def keep_ticks(timeline: Timeline, start: int, stop: int) -> EditResult:
    """Keep only [start, stop), in ticks; as `keep_range`."""
    kept = _parts(timeline.pieces, start, stop)
    if not kept:
        raise UsageError("Nothing would be left.", hint="Select a stretch with sound in it.")
    ripple = timeline.ripple(stop, min(stop - timeline.end, 0)) + timeline.ripple(0, -start)
    return timeline.result([piece.at(piece.start - start) for piece in kept], ripple)


def _range(timeline: Timeline, start_s: Fraction, end_s: Fraction) -> tuple[int, int]:
    start, stop = timeline.tick(max(start_s, Fraction(0))), timeline.tick(end_s)
    if start >= stop:
        raise UsageError("No stretch is selected.", hint="Drag over the waveform to select one.")
    return start, stop


def _parts(pieces: list[Piece], start: int | None, stop: int | None) -> list[Piece]:
    """Return what of the pieces lies in [start, stop), each cut to its own samples."""
    parts = [part for piece in pieces if (part := _part(piece, start, stop)) is not None]
    # Sources of different rates have their samples at different places: where two pieces were
    # cut in their crossfade, the earlier still begins first and ends first.
    for at, (before, piece) in enumerate(pairwise(parts)):
        if piece.start < before.start:
            parts[at + 1] = piece.tail(-((piece.start - before.start) // piece.unit))
    for at in range(len(parts) - 2, -1, -1):
        piece, after = parts[at], parts[at + 1]
        if piece.end > after.end:
            parts[at] = piece.head((after.end - piece.start) // piece.unit)
    whole = {id(piece) for piece in pieces}
    return [part for part in parts if id(part) in whole or part.last - part.first >= part.shortest]


def _part(piece: Piece, start: int | None, stop: int | None) -> Piece | None:
    skipped = 0 if start is None else max(-((piece.start - start) // piece.unit), 0)
    n = piece.last - piece.first
    if stop is not None:
        n = min(n, (stop - piece.start) // piece.unit)
    if skipped == 0 and n == piece.last - piece.first:
        return piece
    return piece.head(n).tail(skipped) if n - skipped >= piece.shortest else None
