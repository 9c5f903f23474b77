"""The edits of a recipe, all in one place: `edit.split_at(recipe, assets, at_s)` and so on.

Every edit is a pure function from a recipe (and its assets, where lengths count) to an
`EditResult`. Clips that an edit does not touch stay the same objects; times are exact seconds of
the mix, and what comes from a hand is taken at the nearest sample. Where an edit makes no sense,
it raises UsageError or NotFoundError with a sentence and a hint. Limits of count and length
checks `core.audio.recipe_check`.
"""

from core.audio.edit_base import EditResult, Ripple
from core.audio.edit_cut import delete, delete_range, join, keep_range, split_at, split_clip
from core.audio.edit_insert import (
    copy_clips,
    duplicate,
    insert_assets,
    insert_clips,
    replace_asset,
)
from core.audio.edit_level import (
    change_gain,
    rename,
    set_crossfade,
    set_declick,
    set_effects,
    set_fade_in,
    set_fade_out,
    set_form,
    set_gain,
    set_loudness,
    set_muted,
)
from core.audio.edit_markers import ripple_markers, shift_markers
from core.audio.edit_move import move, place
from core.audio.edit_silence import clips_from_silence, trim_clips, trim_silence
from core.audio.edit_trim import ClipTimes, set_times, slip, trim_in, trim_out

__all__ = [
    "ClipTimes",
    "EditResult",
    "Ripple",
    "change_gain",
    "clips_from_silence",
    "copy_clips",
    "delete",
    "delete_range",
    "duplicate",
    "insert_assets",
    "insert_clips",
    "join",
    "keep_range",
    "move",
    "place",
    "rename",
    "replace_asset",
    "ripple_markers",
    "set_crossfade",
    "set_declick",
    "set_effects",
    "set_fade_in",
    "set_fade_out",
    "set_form",
    "set_gain",
    "set_loudness",
    "set_muted",
    "set_times",
    "shift_markers",
    "slip",
    "split_at",
    "split_clip",
    "trim_clips",
    "trim_in",
    "trim_out",
    "trim_silence",
]
