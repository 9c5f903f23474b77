"""The recipe: which pieces of which assets make the sound, as an immutable, hashable value.

Clips lie one after the other in a lane; `gap_s` says how far each lies from the one before, so
that an edit changes only what it touches. A bare file is the identity recipe: the whole asset,
loudness off. Where each clip lies in samples says `core.audio.arrangement`; whether a recipe can
be mixed says `core.audio.recipe_check`.
"""

from collections.abc import Mapping
from enum import StrEnum
from fractions import Fraction

import msgspec

from core.documents import hash_of
from core.library.model import Asset

RECIPE_VERSION = 1
MIXER_VERSION = 2
"""Raised whenever the mixer's samples change, so that old mixdowns are not reused."""
MAX_GAIN = 4.0
"""400 %, +12 dB."""
MIN_CLIP_S = Fraction(1, 10)
DECLICK_S = Fraction(3, 1000)


def _seconds(value: int) -> Fraction:
    """Return a field's default of whole seconds."""
    default: Fraction = msgspec.field(default_factory=lambda: Fraction(value))
    return default


class FadeShape(StrEnum):
    """How a fade goes from 0 to 1 over x in 0 to 1; fading out goes back the same way."""

    LINEAR = "linear"
    """x."""
    EQUAL_POWER = "equal-power"
    """sin(πx/2): two unrelated sounds keep their power in a crossfade."""
    S_CURVE = "s-curve"
    """(1 - cos πx) / 2."""
    LOG = "log"
    """1 + log10(x) / 5, at least 0: even in decibels, over 100 of them."""


class HighPass(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="high-pass"):
    """Takes away what lies below a frequency: rumble, handling noise (Butterworth)."""

    frequency_hz: float = 80.0
    """20 to 2000."""
    slope_db: int = 12
    """12 or 24 dB an octave."""
    enabled: bool = True
    """False: it stays in its place, and the sound passes it by."""


class Compressor(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="compressor"):
    """Evens out level: above the threshold it rises by 1/ratio; all channels share one gain."""

    threshold_db: float = -24.0
    """-60 to 0 dBFS."""
    ratio: float = 2.0
    """1 to 20."""
    knee_db: float = 6.0
    attack_s: float = 0.02
    release_s: float = 0.25
    makeup_db: float = 0.0
    """-12 to 24, after compression."""
    enabled: bool = True
    """False: it stays in its place, and the sound passes it by."""


Effect = HighPass | Compressor


class Lane(msgspec.Struct, frozen=True, kw_only=True):
    """What the clips of one lane go through, in order. Version 1 has one lane."""

    name: str = ""
    effects: tuple[Effect, ...] = ()


class LoudnessTarget(msgspec.Struct, frozen=True, kw_only=True):
    """How loud the mix shall be (EBU R 128), and how high its true peak may be."""

    integrated_lufs: float
    true_peak_dbtp: float = -1.0
    name: str = ""
    """The preset it came from, such as youtube; it does not change the sound."""


class Marker(msgspec.Struct, frozen=True, kw_only=True):
    """A named place in the mix, or a stretch of it; part of a project, not of the sound."""

    time_s: Fraction
    end_s: Fraction | None = None
    name: str = ""


class Clip(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of one asset. `end_s` None means to the end of the asset."""

    asset_id: str
    lane: int = 0
    name: str = ""
    start_s: Fraction = _seconds(0)
    """In point in the asset."""
    end_s: Fraction | None = None
    """Out point in the asset."""
    gap_s: Fraction = _seconds(0)
    """Silence before the clip; less than 0: it overlaps the one before and they crossfade."""
    gain: float = 1.0
    """Linear, 0 (-∞ dB) to 4 (+12 dB)."""
    fade_in_s: Fraction = _seconds(0)
    fade_out_s: Fraction = _seconds(0)
    fade_in_shape: FadeShape = FadeShape.LINEAR
    fade_out_shape: FadeShape = FadeShape.LINEAR
    crossfade_shape: FadeShape = FadeShape.EQUAL_POWER
    """Of the crossfade with the clip before, where they overlap; it replaces both fades there."""
    muted: bool = False


class Recipe(msgspec.Struct, frozen=True, kw_only=True):
    """Ordered clips over one or more assets, and the form of the mixdown."""

    version: int = RECIPE_VERSION
    clips: tuple[Clip, ...]
    lanes: tuple[Lane, ...] = (Lane(),)
    loudness: LoudnessTarget | None = None
    """None: as loud as it is."""
    declick_s: Fraction = msgspec.field(default_factory=lambda: DECLICK_S)
    """A fade this short where a clip is cut inside its asset without a fade; 0: off."""
    sample_rate_hz: int = 48_000
    channels: int = 2


def identity_recipe(asset_id: str) -> Recipe:
    """Return the recipe of a bare file: all of it, unchanged."""
    return Recipe(clips=(Clip(asset_id=asset_id),))


def asset_ids(recipe: Recipe) -> tuple[str, ...]:
    """Return the ids of the assets that a recipe uses, each once, in order of use."""
    return tuple(dict.fromkeys(clip.asset_id for clip in recipe.clips))


def prepared_key(recipe: Recipe, assets: Mapping[str, Asset]) -> str:
    """Return the key of the mixdown: hash(recipe + source hashes + mixer version).

    The recipe's asset ids are replaced by content hashes, so that the same sound ingested twice
    gives the same key; names do not count.
    """
    content = {key: f"{asset.sha256}/{asset.pcm.key}" for key, asset in assets.items()}
    clips = tuple(
        msgspec.structs.replace(clip, asset_id=content[clip.asset_id], name="")
        for clip in recipe.clips
    )
    lanes = tuple(msgspec.structs.replace(lane, name="") for lane in recipe.lanes)
    target = recipe.loudness
    bare = msgspec.structs.replace(
        recipe,
        clips=clips,
        lanes=lanes,
        loudness=msgspec.structs.replace(target, name="") if target else None,
    )
    return hash_of([MIXER_VERSION, bare])
