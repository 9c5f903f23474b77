"""The recipe: which pieces of which assets make the sound, as an immutable, hashable value.

Version 1 holds ordered clips with in and out points. A bare file is the identity recipe: the
whole asset, loudness off.
"""

from fractions import Fraction

import msgspec

from core.documents import hash_of
from core.library.model import Asset

RECIPE_VERSION = 1
MIXER_VERSION = 1
"""Raised whenever the mixer's samples change, so that old mixdowns are not reused."""


class Clip(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of one asset. `end_s` None means to the end of the asset."""

    asset_id: str
    start_s: Fraction = msgspec.field(default_factory=lambda: Fraction(0))
    end_s: Fraction | None = None
    name: str = ""


class Recipe(msgspec.Struct, frozen=True, kw_only=True):
    """Ordered clips over one or more assets, and the form of the mixdown."""

    version: int = RECIPE_VERSION
    clips: tuple[Clip, ...]
    sample_rate_hz: int = 48_000
    channels: int = 2


def identity_recipe(asset_id: str) -> Recipe:
    """Return the recipe of a bare file: all of it, unchanged."""
    return Recipe(clips=(Clip(asset_id=asset_id),))


def prepared_key(recipe: Recipe, assets: dict[str, Asset]) -> str:
    """Return the key of the mixdown: hash(recipe + source hashes + mixer version).

    The recipe's asset ids are replaced by content hashes, so that the same sound ingested twice
    gives the same key.
    """
    clips = [
        (assets[clip.asset_id].sha256, assets[clip.asset_id].pcm.key, clip.start_s, clip.end_s)
        for clip in recipe.clips
    ]
    return hash_of([MIXER_VERSION, recipe.version, clips, recipe.sample_rate_hz, recipe.channels])
