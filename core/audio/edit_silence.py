"""Edits that follow what `core.audio.silence` found. Pure; no I/O.

In: a recipe, its assets, the stretches of sound of each asset. Out: an `EditResult`.
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from core.audio.edit_base import EditResult, Piece, Timeline, chosen
from core.audio.edit_cut import keep_ticks
from core.audio.edit_level import overlap_in, overlap_out
from core.audio.recipe import Recipe
from core.audio.stretch import Stretch
from core.errors import UsageError
from core.library.model import Asset
from core.units import samples_at

type Sounds = Mapping[str, Sequence[Stretch]]
"""By asset id, the stretches that are not silent, in order; no entry: all of it sounds."""


def trim_silence(recipe: Recipe, assets: Mapping[str, Asset], sounds: Sounds) -> EditResult:
    """Cut the silence before the first sound of the mix and after the last.

    Parameters
    ----------
    recipe : Recipe
    assets : mapping of str to Asset
        Every asset that the recipe names, by id.
    sounds : mapping of str to sequence of Stretch
        By asset id, from `find_sounds`. Muted clips are silent.

    Raises
    ------
    UsageError
        All of the mix is silent.
    """
    timeline = Timeline(recipe, assets)
    starts, stops = [], []
    for piece in timeline.pieces:
        found = _stretches(piece, sounds) if piece.clip.gain and not piece.clip.muted else []
        if found:
            starts.append(piece.start + (found[0][0] - piece.first) * piece.unit)
            stops.append(piece.end - (piece.last - found[-1][1]) * piece.unit)
    if not starts:
        raise UsageError("All of the mix is silent.", hint="Use a lower threshold.")
    start, stop = min(starts), max(stops)
    if start == 0 and stop == timeline.end:
        return EditResult(recipe=recipe)
    return keep_ticks(timeline, start, stop)


def trim_clips(
    recipe: Recipe, assets: Mapping[str, Asset], indices: Iterable[int], sounds: Sounds
) -> EditResult:
    """Cut the silence at both ends of clips; nothing else moves, and their fades stay.

    An end that crossfades stays where it is, and so does a clip that is all silent. Other values
    as for `trim_silence`.
    """
    timeline = Timeline(recipe, assets)
    pieces = list(timeline.pieces)
    for index in chosen(recipe, indices):
        piece = msgspec.structs.replace(pieces[index], chosen=True)
        found = _stretches(piece, sounds)
        first = found[0][0] if found and not overlap_in(timeline, index) else piece.first
        last = found[-1][1] if found and not overlap_out(timeline, index) else piece.last
        keep = overlap_in(timeline, index) + overlap_out(timeline, index)
        if last - first >= max(piece.shortest, -(-keep // piece.unit)):
            start = piece.start + (first - piece.first) * piece.unit
            piece = piece.spanning(first, last).at(start)
        pieces[index] = piece
    return timeline.result(pieces)


def clips_from_silence(
    recipe: Recipe,
    assets: Mapping[str, Asset],
    index: int,
    sounds: "Sequence[Stretch]",
    *,
    close_gaps: bool = False,
) -> EditResult:
    """Make a clip of every sound between the silences of a clip; they are numbered and selected.

    Parameters
    ----------
    recipe, assets
        As for `trim_silence`.
    index : int
        The clip.
    sounds : sequence of Stretch
        Of the clip's asset, from `find_sounds`.
    close_gaps : bool
        False: all stays in its place. True: the silences go, and what is later moves up.

    Raises
    ------
    UsageError
        All of the clip is silent, or it crossfades with a neighbour.
    """
    timeline = Timeline(recipe, assets)
    piece = timeline.piece(index)
    if overlap_in(timeline, index) or overlap_out(timeline, index):
        raise UsageError(
            f"{timeline.label(index)} crossfades with a neighbour.",
            hint="Take its crossfades away first.",
        )
    found = [
        (first, last)
        for first, last in _stretches(piece, {piece.clip.asset_id: sounds})
        if last - first >= piece.shortest
    ]
    if not found:
        raise UsageError(
            f"All of {timeline.label(index)} is silent.", hint="Use a lower threshold."
        )
    parts = [piece.head(last - piece.first).tail(first - piece.first) for first, last in found]
    parts = [msgspec.structs.replace(part, chosen=True) for part in _numbered(timeline, parts)]
    before, later = timeline.pieces[:index], timeline.pieces[index + 1 :]
    if not close_gaps:
        return timeline.result([*before, *parts, *later])
    edges = [piece.start, *(edge for part in parts for edge in (part.start, part.end)), piece.end]
    closed, at = [], piece.start
    for part in parts:
        closed.append(part.at(at))
        at += part.length
    by = at - piece.end
    ripple = tuple(
        step
        for start, stop in reversed(list(zip(edges[::2], edges[1::2], strict=True)))
        for step in timeline.ripple(start, start - stop)
    )
    moved = [other.at(other.start + by) for other in later]
    return timeline.result([*before, *closed, *moved], ripple)


def _numbered(timeline: Timeline, parts: list[Piece]) -> list[Piece]:
    """Return pieces with their names numbered, when there are several."""
    if len(parts) < 2:
        return parts
    title = timeline.title(parts[0].clip)
    return [
        msgspec.structs.replace(
            part, clip=msgspec.structs.replace(part.clip, name=f"{title} {number}")
        )
        for number, part in enumerate(parts, 1)
    ]


def _stretches(piece: Piece, sounds: Sounds) -> list[tuple[int, int]]:
    """Return the samples of the source that sound inside a piece, in order."""
    known = sounds.get(piece.clip.asset_id)
    if known is None:
        return [(piece.first, piece.last)]
    found = []
    for stretch in known:
        first = max(samples_at(stretch.start_s, piece.rate), piece.first)
        last = min(samples_at(stretch.end_s, piece.rate), piece.last)
        if first < last:
            found.append((first, last))
    return found
