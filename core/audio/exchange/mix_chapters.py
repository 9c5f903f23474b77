"""The chapters of a mix's sounds, where they lie in the mix. Pure; no I/O.

In: a recipe and its assets. Out: markers.
"""

from collections.abc import Mapping
from fractions import Fraction

import msgspec

from core.audio.arrangement import arrange
from core.audio.exchange.chapters import chapter_markers
from core.audio.recipe import Marker, Recipe
from core.library.model import Asset


def mix_chapters(recipe: Recipe, assets: Mapping[str, Asset]) -> tuple[Marker, ...]:
    """Return the chapters that the sounds of a mix declare, as stretches of the mix, by time.

    A chapter that a clip cuts is as long as what is heard of it; one that is cut away is left out.

    Parameters
    ----------
    recipe : Recipe
        One that can be mixed.
    assets : mapping of str to Asset
        Every asset that the recipe names, by id.
    """
    found: list[Marker] = []
    for placed in arrange(recipe, assets).clips:
        asset = assets[placed.clip.asset_id]
        rate = asset.pcm.sample_rate_hz
        first, last = Fraction(placed.source.start, rate), Fraction(placed.source.stop, rate)
        moved = Fraction(placed.start, recipe.sample_rate_hz) - first
        for marker in chapter_markers(asset.probe.chapters):
            start_s = max(marker.time_s, first)
            end_s = min(last if marker.end_s is None else marker.end_s, last)
            if start_s < end_s:
                found.append(
                    msgspec.structs.replace(marker, time_s=start_s + moved, end_s=end_s + moved)
                )
    return tuple(sorted(found, key=lambda one: one.time_s))
