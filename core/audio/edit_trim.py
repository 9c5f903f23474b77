"""Edits of a clip's in and out points: dragging edges, slipping, typed values. Pure; no I/O.

In: a recipe, its assets, exact times. Out: an `EditResult`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

import msgspec

from core.audio.edit_base import EditResult, Piece, Timeline
from core.audio.edit_level import overlap_in, overlap_out
from core.audio.recipe import Recipe
from core.errors import UsageError
from core.library.model import Asset
from core.units import samples_at


def trim_in(
    recipe: Recipe,
    assets: Mapping[str, Asset],
    index: int,
    to_s: Fraction,
    *,
    ripple: bool = False,
) -> EditResult:
    """Drag the left edge of a clip; its right edge stays at the same sound.

    Parameters
    ----------
    recipe : Recipe
    assets : mapping of str to Asset
        Every asset that the recipe names, by id.
    index : int
        The clip.
    to_s : Fraction
        Where in the mix the edge shall be; taken at the nearest sample, and as near as it can be:
        the sound has a beginning, a clip lasts at least 0.1 s, its crossfades stay whole.
    ripple : bool
        False: the edge moves, all else stays. It stops at the end of the clip before; where they
        crossfade already, the crossfade grows and shrinks with it, and ends where they part.
        True: the clip begins where it began, and what is later moves along.
    """
    timeline = Timeline(recipe, assets)
    piece = timeline.piece(index)
    wish = _samples(timeline.tick(to_s) - piece.start, piece)
    return _trimmed_in(timeline, index, wish, ripple=ripple)


def _trimmed_in(timeline: Timeline, index: int, by: int, *, ripple: bool) -> EditResult:
    """Move the in point by `by` samples of the source, as far as it can be."""
    piece, before = timeline.pieces[index], overlap_in(timeline, index)
    keep = overlap_out(timeline, index) + (before if ripple else 0)
    most = _slack(piece, keep)
    least = -piece.first
    if not ripple:
        least = max(least, _ceil(_earliest(timeline, index) - piece.start, piece))
    by = min(max(by, min(least, 0)), max(most, 0))
    if not by:
        return EditResult(recipe=timeline.recipe, selection=(index,))
    new = msgspec.structs.replace(piece.spanning(piece.first + by, piece.last), chosen=True)
    if not ripple:
        return timeline.result(_swapped(timeline, index, new.at(piece.start + by * piece.unit)))
    shift = -by * piece.unit
    at = piece.start + before
    return timeline.result(_swapped(timeline, index, new, shift), timeline.ripple(at, shift))


def trim_out(
    recipe: Recipe,
    assets: Mapping[str, Asset],
    index: int,
    to_s: Fraction,
    *,
    ripple: bool = False,
) -> EditResult:
    """Drag the right edge of a clip; as `trim_in`, with the clip after it.

    With `ripple` what is later moves with the edge, and a crossfade there keeps its length.
    """
    timeline = Timeline(recipe, assets)
    piece = timeline.piece(index)
    wish = _samples(timeline.tick(to_s) - piece.end, piece)
    return _trimmed_out(timeline, index, wish, ripple=ripple)


def _trimmed_out(timeline: Timeline, index: int, by: int, *, ripple: bool) -> EditResult:
    """Move the out point by `by` samples of the source, as far as it can be."""
    piece, after = timeline.pieces[index], overlap_out(timeline, index)
    least = -_slack(piece, overlap_in(timeline, index) + (after if ripple else 0))
    most = timeline.source_samples(piece.clip) - piece.last
    if not ripple:
        latest = _latest(timeline, index)
        most = most if latest is None else min(most, (latest - piece.end) // piece.unit)
    by = max(min(by, max(most, 0)), min(least, 0))
    if not by:
        return EditResult(recipe=timeline.recipe, selection=(index,))
    new = msgspec.structs.replace(piece.spanning(piece.first, piece.last + by), chosen=True)
    shift = by * piece.unit if ripple else 0
    at = min(new.end, piece.end) - after
    return timeline.result(_swapped(timeline, index, new, shift), timeline.ripple(at, shift))


def slip(recipe: Recipe, assets: Mapping[str, Asset], index: int, by_s: Fraction) -> EditResult:
    """Move the sound under a clip that stays in place; more than 0: a later stretch of it.

    As far as the sound reaches.
    """
    timeline = Timeline(recipe, assets)
    piece = timeline.piece(index)
    by = samples_at(by_s, piece.rate)
    by = max(min(by, timeline.source_samples(piece.clip) - piece.last), -piece.first)
    new = msgspec.structs.replace(piece.spanning(piece.first + by, piece.last + by), chosen=True)
    return timeline.result(_swapped(timeline, index, new))


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipTimes:
    """Typed values of a clip, in seconds of its source; None: as it is.

    `length_s` counts from the in point and moves the out point.
    """

    in_s: Fraction | None = None
    out_s: Fraction | None = None
    length_s: Fraction | None = None


def set_times(
    recipe: Recipe,
    assets: Mapping[str, Asset],
    index: int,
    times: ClipTimes,
    *,
    ripple: bool = True,
) -> EditResult:
    """Set the in and out points of a clip as typed.

    With `ripple` the clip begins where it began and what is later moves along; else each edge
    moves as if dragged.

    Raises
    ------
    UsageError
        Out and length are both given, or the clip cannot be so: outside of the sound, shorter
        than 0.1 s or than its crossfades, or into a neighbour.
    """
    timeline = Timeline(recipe, assets)
    piece = timeline.piece(index)
    first, last = _typed(timeline, index, times)
    if last > piece.last:  # the longer end first, so that the clip is never too short in between
        done = _trimmed_out(timeline, index, last - piece.last, ripple=ripple)
        middle = Timeline(done.recipe, assets)
        end = _trimmed_in(middle, index, first - piece.first, ripple=ripple)
    else:
        done = _trimmed_in(timeline, index, first - piece.first, ripple=ripple)
        middle = Timeline(done.recipe, assets)
        end = _trimmed_out(middle, index, last - piece.last, ripple=ripple)
    got = Timeline(end.recipe, assets).pieces[index]
    if (got.first, got.last) != (first, last):
        raise UsageError(
            f"{timeline.label(index)} cannot take these times where it lies.",
            hint="Move its neighbours away, or make its crossfades shorter, first.",
        )
    return EditResult(recipe=end.recipe, selection=(index,), ripple=done.ripple + end.ripple)


def _typed(timeline: Timeline, index: int, times: ClipTimes) -> tuple[int, int]:
    """Return the in and out samples that were typed; UsageError when no clip can have them."""
    piece = timeline.pieces[index]
    n_samples = timeline.source_samples(piece.clip)
    if times.out_s is not None and times.length_s is not None:
        raise UsageError("Out and length are both given.", hint="Give one of them.")
    first = piece.first if times.in_s is None else samples_at(times.in_s, piece.rate)
    last = piece.last if times.out_s is None else samples_at(times.out_s, piece.rate)
    if times.length_s is not None:
        last = first + samples_at(times.length_s, piece.rate)
    if first < 0 or last > n_samples:
        raise UsageError(
            f"{timeline.label(index)} would reach outside of its sound.",
            hint=f"The sound lasts {n_samples / piece.rate:.3f} s.",
        )
    if last - first < piece.shortest:
        raise UsageError(
            f"{timeline.label(index)} would be shorter than 0.1 s.",
            hint="Let it end at least 0.1 s after its in point.",
        )
    return first, last


def _samples(ticks: int, piece: Piece) -> int:
    """Return ticks as samples of a piece's source, to the nearest."""
    return (2 * ticks + piece.unit) // (2 * piece.unit)


def _ceil(ticks: int, piece: Piece) -> int:
    return -(-ticks // piece.unit)


def _slack(piece: Piece, keep: int) -> int:
    """Return by how many samples a piece may get shorter when `keep` ticks of it stay."""
    return piece.last - piece.first - max(piece.shortest, _ceil(keep, piece))


def _earliest(timeline: Timeline, index: int) -> int:
    """Return how far to the left a left edge may go, in ticks of the mix."""
    if not index:
        return 0
    before, piece = timeline.pieces[index - 1], timeline.pieces[index]
    if before.end <= piece.start:
        return before.end
    fade = overlap_in(timeline, index - 1) or timeline.ticks(before.clip.fade_in_s)
    return before.start + fade


def _latest(timeline: Timeline, index: int) -> int | None:
    """Return how far to the right a right edge may go, in ticks of the mix; None: no bound."""
    if index + 1 >= len(timeline.pieces):
        return None
    piece, after = timeline.pieces[index], timeline.pieces[index + 1]
    if piece.end <= after.start:
        return after.start
    return after.end - (overlap_out(timeline, index + 1) or timeline.ticks(after.clip.fade_out_s))


def _swapped(timeline: Timeline, index: int, new: Piece, shift: int = 0) -> list[Piece]:
    """Return the pieces with another one at `index`, and what is later moved by `shift`."""
    pieces = list(timeline.pieces)
    pieces[index] = new
    if shift:
        pieces[index + 1 :] = [piece.at(piece.start + shift) for piece in pieces[index + 1 :]]
    return pieces
