"""Where every clip of a recipe lies in the mix, to the sample. Pure; no I/O.

In: a recipe and its assets. Out: an `Arrangement` of `PlacedClip`s, in mix samples and in source
samples, with the fades that take effect. The mixer, the checks and the editor all read this one.
"""

import math
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate, pairwise

from core.audio.recipe import Clip, FadeShape, Recipe
from core.errors import NotFoundError, UsageError
from core.library.model import Asset
from core.units import samples_at, time_text


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipSpan:
    """A stretch of a source, [start, stop) in its own samples."""

    start: int
    stop: int


COMMON_TICKS = 28_224_000
"""In every second: a whole number of them for each sample of all usual rates, 8 to 192 kHz."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where clips lie exactly, in ticks.

    Every sample of the mix and of every source is a whole number of them.
    """

    ticks_per_s: int
    spans: tuple[ClipSpan, ...]
    lengths: tuple[int, ...]
    starts: tuple[int, ...]

    def stop(self, index: int) -> int:
        """Return where a clip ends, in ticks."""
        return self.starts[index] + self.lengths[index]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedClip:
    """A clip in the mix.

    `fade_in` and `fade_out` are the fades that take effect, in mix samples: the clip's own, the
    crossfade where it overlaps a neighbour, or the de-click of a bare cut. Sample i of a fade in
    over N has the gain shape(i / N), sample j of a fade out over N shape((N - j) / N).
    """

    index: int
    """Of the clip in the recipe."""
    clip: Clip
    source: ClipSpan
    start: int
    """First sample in the mix."""
    stop: int
    """One past the last sample in the mix."""
    fade_in: int
    fade_out: int
    fade_in_shape: FadeShape
    fade_out_shape: FadeShape
    overlap: int
    """Samples shared with the clip before."""
    continues: bool
    """Whether it goes on exactly where the clip before ends, in the source and in the mix: the
    two are one stretch of sound, read and resampled as one."""
    glide: int = 0
    """Mix samples over which the gain goes from `glide_from` to the clip's own along the S curve:
    the de-click where the sound goes on and only its gain changes."""
    glide_from: float = 1.0
    """Gain of the clip before."""

    @property
    def n_samples(self) -> int:
        """Length in the mix."""
        return self.stop - self.start

    @property
    def gain(self) -> float:
        """Linear gain, 0 when muted."""
        return _gain(self.clip)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrangement:
    """All clips of a recipe, in order; starts never decrease.

    With one lane the order is the recipe's.
    """

    clips: tuple[PlacedClip, ...]
    sample_rate_hz: int
    n_samples: int
    """Length of the mix."""
    starts: tuple[int, ...]
    reaches: tuple[int, ...] = ()
    """Where the last of the clips up to each one ends."""

    @property
    def duration_s(self) -> float:
        """Length of the mix in seconds."""
        return self.n_samples / self.sample_rate_hz

    def at(self, sample: int) -> PlacedClip | None:
        """Return the clip that sounds at a sample of the mix, the later one in a crossfade."""
        sounding = self.between(sample, sample + 1)
        return sounding[-1] if sounding else None

    def between(self, start: int, stop: int) -> tuple[PlacedClip, ...]:
        """Return the clips of which something lies in [start, stop)."""
        first = bisect_right(self.reaches, start)
        last = bisect_right(self.starts, stop - 1)
        return tuple(clip for clip in self.clips[first:last] if clip.stop > start)

    def of_lane(self, lane: int) -> "Arrangement":
        """Return one lane alone, as long as the whole."""
        if all(clip.clip.lane == lane for clip in self.clips):
            return self
        return _arrangement(
            [clip for clip in self.clips if clip.clip.lane == lane],
            sample_rate_hz=self.sample_rate_hz,
            n_samples=self.n_samples,
        )


def _arrangement(clips: list[PlacedClip], *, sample_rate_hz: int, n_samples: int) -> Arrangement:
    return Arrangement(
        clips=tuple(clips),
        sample_rate_hz=sample_rate_hz,
        n_samples=n_samples,
        starts=tuple(clip.start for clip in clips),
        reaches=tuple(accumulate((clip.stop for clip in clips), max)),
    )


def asset_of(clip: Clip, assets: Mapping[str, Asset]) -> Asset:
    """Return the asset that a clip names; NotFoundError when it is not there."""
    asset = assets.get(clip.asset_id)
    if asset is None:
        raise NotFoundError(
            "A sound that this recipe uses is not in the library.",
            hint="Take the file in again, or remove the clip.",
        )
    return asset


def clip_span(clip: Clip, asset: Asset) -> ClipSpan:
    """Return what a clip takes of its asset, to the sample.

    Raises UsageError when nothing of the asset lies between its in and out points.
    """
    rate, length = asset.pcm.sample_rate_hz, asset.pcm.n_samples
    start = samples_at(clip.start_s, rate)
    stop = length if clip.end_s is None else min(samples_at(clip.end_s, rate), length)
    if not 0 <= start < stop:
        raise UsageError(
            f"Nothing of “{asset.title}” lies between {time_text(float(clip.start_s))} and "
            f"{time_text(length / rate if clip.end_s is None else float(clip.end_s))}.",
            hint=f"It lasts {time_text(length / rate)}; choose a stretch inside it.",
        )
    return ClipSpan(start=start, stop=stop)


def arrange(recipe: Recipe, assets: Mapping[str, Asset]) -> Arrangement:
    """Place every clip of a recipe.

    Positions are exact: gaps and lengths of sources at other rates add up in ticks, and only each
    clip's two ends are rounded to the nearest sample, so that nothing drifts.

    Parameters
    ----------
    recipe : Recipe
    assets : mapping of str to Asset
        Every asset that the recipe names, by id.

    Raises
    ------
    UsageError, NotFoundError
        A clip is empty, or its asset unknown.
    """
    layout = lay_out(recipe, assets)
    survey = _Survey(recipe=recipe, assets=assets, layout=layout, edges=_edges(recipe, layout))
    lanes: dict[int, list[int]] = {}
    for index, clip in enumerate(recipe.clips):
        lanes.setdefault(clip.lane, []).append(index)
    clips = [clip for indices in lanes.values() for clip in survey.placed(indices)]
    if len(lanes) > 1:
        clips.sort(key=lambda clip: (clip.start, clip.index))
    return _arrangement(
        clips,
        sample_rate_hz=recipe.sample_rate_hz,
        n_samples=max((clip.stop for clip in clips), default=0),
    )


def mixed_samples(recipe: Recipe, assets: Mapping[str, Asset]) -> int:
    """Return the length of the mix in samples per channel."""
    edges = _edges(recipe, lay_out(recipe, assets))
    return max((stop for _, stop in edges), default=0)


def lay_out(recipe: Recipe, assets: Mapping[str, Asset]) -> Layout:
    """Return where every clip lies, exactly; gaps count to the nearest tick.

    Raises
    ------
    UsageError, NotFoundError
        A clip is empty, or its asset unknown.
    """
    owners = [asset_of(clip, assets) for clip in recipe.clips]
    spans = [clip_span(clip, asset) for clip, asset in zip(recipe.clips, owners, strict=True)]
    rates = {asset.pcm.sample_rate_hz for asset in owners}
    ticks_per_s = math.lcm(COMMON_TICKS, recipe.sample_rate_hz, *rates)
    starts, lengths = [], []
    before: dict[int, tuple[int, int]] = {}  # of each lane: where its last clip starts and stops
    for clip, asset, span in zip(recipe.clips, owners, spans, strict=True):
        earliest, at = before.get(clip.lane, (0, 0))
        if clip.gap_s:
            at = max(at + samples_at(clip.gap_s, ticks_per_s), earliest)
        length = (span.stop - span.start) * (ticks_per_s // asset.pcm.sample_rate_hz)
        starts.append(at)
        lengths.append(length)
        before[clip.lane] = (at, at + length)
    return Layout(
        ticks_per_s=ticks_per_s,
        spans=tuple(spans),
        lengths=tuple(lengths),
        starts=tuple(starts),
    )


def _edges(recipe: Recipe, layout: Layout) -> list[tuple[int, int]]:
    """Return (start, stop) of every clip in mix samples, at least one sample long."""
    ticks = layout.ticks_per_s // recipe.sample_rate_hz  # in a sample
    edges: list[tuple[int, int]] = []
    for at, length in zip(layout.starts, layout.lengths, strict=True):
        start = (2 * at + ticks) // (2 * ticks)
        edges.append((start, max((2 * (at + length) + ticks) // (2 * ticks), start + 1)))
    return edges


@dataclass(frozen=True, slots=True, kw_only=True)
class _Joint:
    """How a clip follows the one before it in its lane; as it stands: there is none."""

    overlap: int = 0
    continues: bool = False
    bare: bool = True
    """Whether a cut without a fade clicks here."""
    shape: FadeShape = FadeShape.LINEAR
    """Of the crossfade."""
    glide_from: float | None = None
    """Gain of the clip before, where the sound goes on at another gain."""


_CUT = _Joint()
"""A bare cut, or no neighbour at all."""
_SEAMLESS = _Joint(continues=True, bare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Survey:
    """What is known of a recipe when its clips are placed."""

    recipe: Recipe
    assets: Mapping[str, Asset]
    layout: Layout
    edges: list[tuple[int, int]]

    def placed(self, indices: list[int]) -> Iterator[PlacedClip]:
        """Yield the clips of one lane."""
        declick = samples_at(self.recipe.declick_s, self.recipe.sample_rate_hz)
        inner = [self._joint(before, after) for before, after in pairwise(indices)]
        sides = pairwise([_CUT, *inner, _CUT])
        for index, (head, tail) in zip(indices, sides, strict=True):
            yield self._place(index, head, tail, declick)

    def _joint(self, before: int, after: int) -> _Joint:
        one, two = self.recipe.clips[before], self.recipe.clips[after]
        overlap = max(self.edges[before][1] - self.edges[after][0], 0)
        continues = (
            self.layout.spans[after].start == self.layout.spans[before].stop
            and two.asset_id == one.asset_id
            and not two.gap_s
        )
        if not (continues or overlap):
            return _CUT
        if overlap or one.fade_out_s or two.fade_in_s:
            return _Joint(overlap=overlap, continues=continues, shape=two.crossfade_shape)
        gain_before, gain_after = _gain(one), _gain(two)
        if gain_before == gain_after:
            return _SEAMLESS
        # From or to silence it is a cut like any other; else a dip to silence would be heard.
        glides = gain_before > 0 and gain_after > 0
        return _Joint(continues=True, bare=not glides, glide_from=gain_before if glides else None)

    def _place(self, index: int, head: _Joint, tail: _Joint, declick: int) -> PlacedClip:
        """Return a clip with crossfades in place of its fades, and de-clicks at bare cuts."""
        clip, span = self.recipe.clips[index], self.layout.spans[index]
        (start, stop), rate = self.edges[index], self.recipe.sample_rate_hz
        declick = min(declick, (stop - start) // 2)
        fade_in, in_shape = samples_at(clip.fade_in_s, rate), clip.fade_in_shape
        fade_out, out_shape = samples_at(clip.fade_out_s, rate), clip.fade_out_shape
        if head.overlap:
            fade_in, in_shape = head.overlap, head.shape
        elif not fade_in and head.bare and span.start:
            fade_in, in_shape = declick, FadeShape.S_CURVE
        if tail.overlap:
            fade_out, out_shape = tail.overlap, tail.shape
        elif not fade_out and tail.bare and span.stop < self.assets[clip.asset_id].pcm.n_samples:
            fade_out, out_shape = declick, FadeShape.S_CURVE
        return PlacedClip(
            index=index,
            clip=clip,
            source=span,
            start=start,
            stop=stop,
            overlap=head.overlap,
            continues=head.continues,
            fade_in=min(fade_in, stop - start),  # rounding may be a sample more
            fade_out=min(fade_out, stop - start),
            fade_in_shape=in_shape,
            fade_out_shape=out_shape,
            glide=0 if head.glide_from is None else declick,
            glide_from=1.0 if head.glide_from is None else head.glide_from,
        )


def _gain(clip: Clip) -> float:
    return 0.0 if clip.muted else clip.gain
