"""Whether a project can be kept: one plain sentence for what keeps it from being used. Pure.

In: a project from anywhere (a client, a file), the assets it names, the limits. Out: nothing, or
a UsageError.
"""

from collections.abc import Mapping

import msgspec

from core.audio.recipe import Marker, Recipe, identity_recipe
from core.audio.recipe_check import (
    NO_CLIPS,
    RecipeLimits,
    is_sane_time,
    recipe_faults,
    require_valid,
)
from core.errors import UsageError
from core.library.model import Asset
from core.library.project import PROJECT_VERSION, Project

MAX_MARKERS = 20_000


def require_usable(project: Project, assets: Mapping[str, Asset], limits: RecipeLimits) -> None:
    """Raise UsageError for a project that could never be worked with.

    A sound that lies in the trash or whose file is gone is no fault here: it may come back, and
    what was edited meanwhile shall not be lost. Nor is a mix that everything was taken out of.
    """
    if project.version > PROJECT_VERSION:
        raise UsageError("The project is from a newer Cymatic.", hint="Install that version.")
    if not project.cues:
        raise UsageError("A project needs at least one cue.", hint="Choose a scene for it.")
    sounds = {
        asset_id: msgspec.structs.replace(asset, trashed_at=None, missing=False)
        for asset_id, asset in assets.items()
    }
    if project.recipe.clips:
        require_mixable(project.recipe, sounds, limits)
    else:
        _require_empty_mix(project.recipe, limits)
    if len(project.markers) > MAX_MARKERS:
        raise UsageError(
            f"The project has {len(project.markers):,} markers; {MAX_MARKERS:,} is the most.",
            hint="Remove some of them.",
        )
    for marker in project.markers:
        _require_usable_marker(marker)


def require_mixable(recipe: Recipe, assets: Mapping[str, Asset], limits: RecipeLimits) -> None:
    """Raise UsageError with a recipe's first fault; a sound as it came has none, however short."""
    asset = assets.get(recipe.clips[0].asset_id) if recipe.clips else None
    if asset is None or asset.trashed_at is not None or recipe != identity_recipe(asset.id):
        require_valid(recipe, assets, limits)


def _require_empty_mix(recipe: Recipe, limits: RecipeLimits) -> None:
    faults = [fault for fault in recipe_faults(recipe, {}, limits) if fault.code != NO_CLIPS]
    for fault in faults[:1]:
        raise UsageError(fault.sentence, hint=fault.hint, code=fault.code)


def _require_usable_marker(marker: Marker) -> None:
    end_s = marker.time_s if marker.end_s is None else marker.end_s
    sane = is_sane_time(marker.time_s) and is_sane_time(end_s)
    if not sane or not 0 <= marker.time_s <= end_s:
        raise UsageError(
            f"The marker “{marker.name[:60]}” has a time that cannot be used.",
            hint="Remove it, or set it again.",
        )
