"""Where every clip of a recipe lies in the mix, to the sample. Pure; no I/O.

In: a recipe and its assets. Out: an `Arrangement` of `PlacedClip`s, in mix samples and in source
samples, with the fades that take effect. The mixer, the checks and the editor all read this one.
"""

import math
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

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

    @property
    def n_samples(self) -> int:
        """Length in the mix."""
        return self.stop - self.start

    @property
    def gain(self) -> float:
        """Linear gain, 0 when muted."""
        return 0.0 if self.clip.muted else self.clip.gain


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrangement:
    """All clips of a recipe, in order; starts never decrease."""

    clips: tuple[PlacedClip, ...]
    sample_rate_hz: int
    n_samples: int
    """Length of the mix."""
    starts: tuple[int, ...]

    @property
    def duration_s(self) -> float:
        """Length of the mix in seconds."""
        return self.n_samples / self.sample_rate_hz

    def at(self, sample: int) -> PlacedClip | None:
        """Return the clip that sounds at a sample of the mix, the later one in a crossfade."""
        index = bisect_right(self.starts, sample) - 1
        if index >= 0 and sample < self.clips[index].stop:
            return self.clips[index]
        return None

    def between(self, start: int, stop: int) -> tuple[PlacedClip, ...]:
        """Return the clips of which something lies in [start, stop)."""
        first = max(0, bisect_right(self.starts, start) - 2)  # an overlap reaches one clip back
        last = bisect_right(self.starts, stop - 1)
        return tuple(clip for clip in self.clips[first:last] if clip.stop > start)


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
    owners = [asset_of(clip, assets) for clip in recipe.clips]
    layout = lay_out(recipe, assets)
    spans, edges = layout.spans, _edges(recipe, layout)
    declick = samples_at(recipe.declick_s, recipe.sample_rate_hz)
    placed = []
    for index, clip in enumerate(recipe.clips):
        joins = index > 0 and _continues(recipe, spans, index)
        placed.append(
            PlacedClip(
                index=index,
                clip=clip,
                source=spans[index],
                start=edges[index][0],
                stop=edges[index][1],
                overlap=max(edges[index - 1][1] - edges[index][0], 0) if index else 0,
                continues=joins,
                fade_in=samples_at(clip.fade_in_s, recipe.sample_rate_hz),
                fade_out=samples_at(clip.fade_out_s, recipe.sample_rate_hz),
                fade_in_shape=clip.fade_in_shape,
                fade_out_shape=clip.fade_out_shape,
            )
        )
    faded = _with_fades(placed, owners, declick)
    return Arrangement(
        clips=tuple(faded),
        sample_rate_hz=recipe.sample_rate_hz,
        n_samples=max((clip.stop for clip in faded), default=0),
        starts=tuple(clip.start for clip in faded),
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
    at = 0
    for clip, asset, span in zip(recipe.clips, owners, spans, strict=True):
        if clip.gap_s:
            at = max(at + samples_at(clip.gap_s, ticks_per_s), 0)
        length = (span.stop - span.start) * (ticks_per_s // asset.pcm.sample_rate_hz)
        starts.append(at)
        lengths.append(length)
        at += length
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


def _continues(recipe: Recipe, spans: tuple[ClipSpan, ...], index: int) -> bool:
    clip, before = recipe.clips[index], recipe.clips[index - 1]
    return (
        clip.asset_id == before.asset_id
        and not clip.gap_s
        and spans[index].start == spans[index - 1].stop
    )


def _with_fades(placed: list[PlacedClip], owners: list[Asset], declick: int) -> list[PlacedClip]:
    """Return the clips with crossfades in place of fades, and de-clicks at bare cuts."""
    smooth = [True, *(_is_smooth(a, b) for a, b in pairwise(placed)), True]
    done = []
    for index, clip in enumerate(placed):
        fade_in, in_shape = clip.fade_in, clip.fade_in_shape
        fade_out, out_shape = clip.fade_out, clip.fade_out_shape
        after = placed[index + 1] if index + 1 < len(placed) else None
        at_head = clip.source.start == 0
        at_tail = clip.source.stop == owners[index].pcm.n_samples
        if clip.overlap:
            fade_in, in_shape = clip.overlap, clip.clip.crossfade_shape
        elif not fade_in and not at_head and not (index and smooth[index]):
            fade_in, in_shape = min(declick, clip.n_samples // 2), FadeShape.S_CURVE
        if after is not None and after.overlap:
            fade_out, out_shape = after.overlap, after.clip.crossfade_shape
        elif not fade_out and not at_tail and not (after is not None and smooth[index + 1]):
            fade_out, out_shape = min(declick, clip.n_samples // 2), FadeShape.S_CURVE
        fade_in = min(fade_in, clip.n_samples)  # rounding may be a sample more
        fade_out = min(fade_out, clip.n_samples)
        done.append(
            replace(
                clip,
                fade_in=fade_in,
                fade_out=fade_out,
                fade_in_shape=in_shape,
                fade_out_shape=out_shape,
            )
        )
    return done


def _is_smooth(before: PlacedClip, after: PlacedClip) -> bool:
    """Whether the sound goes on over a joint as if there were none."""
    return (
        after.continues and before.gain == after.gain and not before.fade_out and not after.fade_in
    )
