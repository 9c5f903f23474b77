"""What all edits of a recipe share: the clips as pieces that lie somewhere, and the result.

In: a recipe, its assets. Out: an `EditResult`. An edit moves, cuts or adds pieces in absolute
positions; `Timeline.result` makes clips of them again, and every clip that stays as it was stays
the same object. Pure; no I/O.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import msgspec

from core.audio.arrangement import COMMON_TICKS, asset_of, clip_span
from core.audio.recipe import MIN_CLIP_S, Clip, Recipe
from core.audio.recipe_check import SLACK, clip_label
from core.errors import NotFoundError, UsageError
from core.library.model import Asset
from core.units import samples_at

ZERO_S = Fraction(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ripple:
    """What an edit did to all that comes later in the mix, so that markers may follow.

    `by_s` more than 0: that much was put in at `at_s`. Less than 0: the stretch
    [at_s, at_s - by_s) was taken out.
    """

    at_s: Fraction
    by_s: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class EditResult:
    """What an edit made; `recipe` is the same object when there was nothing to change."""

    recipe: Recipe
    selection: tuple[int, ...] = ()
    """The clips to select now, ascending."""
    ripple: tuple[Ripple, ...] = ()
    """To apply one after the other, each to the times that the one before left."""


class Piece(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A clip at a place in the mix: samples [first, last) of its source, from tick `start` on.

    A Struct and no dataclass, because an edit makes one of each clip: a fifth of the time.
    """

    clip: Clip
    start: int
    first: int
    last: int
    rate: int
    """Of the source, in Hz."""
    unit: int
    """Ticks in a sample of the source."""
    chosen: bool = False
    """Whether it is to be selected afterwards."""

    @property
    def length(self) -> int:
        """Length in ticks."""
        return (self.last - self.first) * self.unit

    @property
    def end(self) -> int:
        """Where it ends in the mix, in ticks."""
        return self.start + (self.last - self.first) * self.unit

    @property
    def shortest(self) -> int:
        """Fewest samples of its source that make a clip."""
        return math.ceil(self.rate * MIN_CLIP_S)

    def at(self, start: int) -> "Piece":
        """Return it at another place."""
        return self if start == self.start else msgspec.structs.replace(self, start=start)

    def head(self, n: int) -> "Piece":
        """Return its first `n` samples, without a fade where it is cut."""
        last = self.first + n
        if last == self.last:
            return self
        clip = msgspec.structs.replace(
            self.clip, end_s=Fraction(last, self.rate), fade_out_s=ZERO_S
        )
        return msgspec.structs.replace(self, clip=clip, last=last)

    def tail(self, n: int) -> "Piece":
        """Return what follows its first `n` samples, in place, without a fade where it is cut."""
        if not n:
            return self
        first = self.first + n
        clip = msgspec.structs.replace(
            self.clip, start_s=Fraction(first, self.rate), fade_in_s=ZERO_S
        )
        return msgspec.structs.replace(
            self, clip=clip, first=first, start=self.start + n * self.unit
        )

    def spanning(self, first: int, last: int) -> "Piece":
        """Return it with other in and out points in its source, fades kept, at the same start."""
        changes: dict[str, Fraction] = {}
        if first != self.first:
            changes["start_s"] = Fraction(first, self.rate)
        if last != self.last:
            changes["end_s"] = Fraction(last, self.rate)
        if not changes:
            return self
        clip = msgspec.structs.replace(self.clip, **changes)
        return msgspec.structs.replace(self, clip=clip, first=first, last=last)


class Timeline:
    """A recipe's clips in absolute positions, for one edit.

    Parameters
    ----------
    recipe : Recipe
    assets : mapping of str to Asset
        Every asset that the recipe names, by id, and those that the edit brings in.

    Raises
    ------
    UsageError, NotFoundError
        A clip is empty, or its asset unknown.
    """

    def __init__(self, recipe: Recipe, assets: Mapping[str, Asset]) -> None:
        self.recipe = recipe
        self._assets = assets
        rates = {asset.pcm.sample_rate_hz for asset in assets.values()}
        self.ticks_per_s = math.lcm(COMMON_TICKS, recipe.sample_rate_hz, *rates)
        self.sample = self.ticks_per_s // recipe.sample_rate_hz
        """Ticks in a sample of the mix."""
        self.pieces = self.laid(recipe.clips, 0)
        self.end = max((piece.end for piece in self.pieces), default=0)
        """Where the mix ends, in ticks."""

    def laid(self, clips: Iterable[Clip], at: int) -> list[Piece]:
        """Return clips as pieces that follow each other from `at` on, after their gaps."""
        pieces: list[Piece] = []
        for clip in clips:
            asset = asset_of(clip, self._assets)
            span, rate = clip_span(clip, asset), asset.pcm.sample_rate_hz
            if clip.gap_s:
                at = max(at + samples_at(clip.gap_s, self.ticks_per_s), 0)
            piece = Piece(
                clip=clip,
                start=at,
                first=span.start,
                last=span.stop,
                rate=rate,
                unit=self.ticks_per_s // rate,
            )
            pieces.append(piece)
            at = piece.end
        return pieces

    def source_samples(self, clip: Clip) -> int:
        """Return how many samples the asset of a clip has."""
        return asset_of(clip, self._assets).pcm.n_samples

    def tick(self, time_s: Fraction) -> int:
        """Return a time of the mix in ticks, at the nearest sample of the mix."""
        return samples_at(time_s, self.recipe.sample_rate_hz) * self.sample

    def ticks(self, time_s: Fraction) -> int:
        """Return a length in ticks, to the nearest."""
        return samples_at(time_s, self.ticks_per_s) if time_s else 0

    def seconds(self, ticks: int) -> Fraction:
        """Return ticks as seconds."""
        return Fraction(ticks, self.ticks_per_s)

    def piece(self, index: int) -> Piece:
        """Return the piece of a clip; NotFoundError when there is none."""
        chosen(self.recipe, (index,))
        return self.pieces[index]

    def label(self, index: int) -> str:
        """Return how a sentence names a clip: Clip 3 “Verse”."""
        return clip_label(index, self.title(self.recipe.clips[index]))

    def title(self, clip: Clip) -> str:
        """Return a clip's name, or the title of its sound."""
        return clip.name or asset_of(clip, self._assets).title

    def ripple(self, at: int, by: int) -> tuple[Ripple, ...]:
        """Return the ripple of `by` ticks from `at` on, none when 0."""
        return (Ripple(at_s=self.seconds(at), by_s=self.seconds(by)),) if by else ()

    def result(self, pieces: Sequence[Piece], ripple: tuple[Ripple, ...] = ()) -> EditResult:
        """Return pieces as clips again: gaps as they lie, own fades no longer than they fit."""
        clips: list[Clip] = []
        end = 0
        for index, piece in enumerate(pieces):
            after = pieces[index + 1].start if index + 1 < len(pieces) else piece.end
            before = end if index else piece.start
            clip = self._fitted(piece, max(before - piece.start, 0), max(piece.end - after, 0))
            gap = piece.start - end
            if gap != (samples_at(clip.gap_s, self.ticks_per_s) if clip.gap_s else 0):
                clip = msgspec.structs.replace(clip, gap_s=self.seconds(gap))
            clips.append(clip)
            end = piece.end
        selection = tuple(index for index, piece in enumerate(pieces) if piece.chosen)
        return EditResult(recipe=with_clips(self.recipe, clips), selection=selection, ripple=ripple)

    def _fitted(self, piece: Piece, overlap_in: int, overlap_out: int) -> Clip:
        """Return the clip, its own fades shortened in proportion where they do not fit."""
        clip = piece.clip
        fade_in = 0 if overlap_in or not clip.fade_in_s else self.ticks(clip.fade_in_s)
        fade_out = 0 if overlap_out or not clip.fade_out_s else self.ticks(clip.fade_out_s)
        own = fade_in + fade_out
        room = piece.length - overlap_in - overlap_out
        if own <= room + piece.unit + SLACK or not own:  # a sample more is rounding
            return clip
        changes: dict[str, Fraction] = {}
        if fade_in:
            changes["fade_in_s"] = self._whole_samples(room * fade_in // own)
        if fade_out:
            changes["fade_out_s"] = self._whole_samples(room * fade_out // own)
        return msgspec.structs.replace(clip, **changes)

    def _whole_samples(self, ticks: int) -> Fraction:
        return Fraction(max(ticks, 0) // self.sample, self.recipe.sample_rate_hz)


def with_clips(recipe: Recipe, clips: Sequence[Clip]) -> Recipe:
    """Return the recipe with these clips; itself when they are the same."""
    old = recipe.clips
    if len(clips) == len(old) and all(a is b or a == b for a, b in zip(clips, old, strict=True)):
        return recipe
    return msgspec.structs.replace(recipe, clips=tuple(clips))


def chosen(recipe: Recipe, indices: Iterable[int]) -> tuple[int, ...]:
    """Return clip indices ascending, each once.

    Raises
    ------
    UsageError
        There are none.
    NotFoundError
        One of them is no clip's.
    """
    found = tuple(sorted(set(indices)))
    if not found:
        raise UsageError("No clip is selected.", hint="Select a clip first.")
    if found[0] < 0 or found[-1] >= len(recipe.clips):
        raise NotFoundError(
            f"There is no clip {(found[0] if found[0] < 0 else found[-1]) + 1}.",
            hint=f"The mix has {len(recipe.clips)}.",
        )
    return found
