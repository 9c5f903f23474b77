"""Recipes that come in from a client: checked before anything is stored or queued.

In: a recipe or a project, the library. Out: nothing, or the sentence that says what is wrong.
"""

from core.audio.recipe import Recipe, asset_ids
from core.audio.recipe_check import RecipeLimits
from core.engine.parts import Parts
from core.library import project_check
from core.library.model import Asset
from core.library.project import Project


def require_mixable(parts: Parts, recipe: Recipe) -> None:
    """Raise UsageError with the recipe's first fault; a sound in the trash is one."""
    project_check.require_mixable(recipe, _sounds(parts, recipe), limits_of(parts))


def require_storable(parts: Parts, project: Project) -> None:
    """Raise UsageError for a project that could never be worked with."""
    project_check.require_usable(project, _sounds(parts, project.recipe), limits_of(parts))


def limits_of(parts: Parts) -> RecipeLimits:
    """Return how large a recipe may be in this library."""
    return RecipeLimits.of(parts.current_settings())


def _sounds(parts: Parts, recipe: Recipe) -> dict[str, Asset]:
    """Return the assets that a recipe names, as far as they are in the library."""
    if len(recipe.clips) > parts.current_settings().max_clips:
        return {}  # refused for that alone
    known = (asset_id for asset_id in asset_ids(recipe) if parts.assets.has(asset_id))
    return {asset_id: parts.assets.get(asset_id) for asset_id in known}
