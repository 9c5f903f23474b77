"""Recipes and arrangements for the tests of the editor's panels."""

from collections.abc import Sequence
from fractions import Fraction

from core.audio.arrangement import Arrangement, arrange
from core.audio.recipe import Clip, FadeShape, Recipe
from desktop.editor.clip_fields import ClipView, view_clip
from tests.desktop.fakes import asset_like

NIGHT = asset_like(1, "Night Drive", duration_s=222.1)
CINDER = asset_like(2, "Cinder", duration_s=200.0)
ASSETS = {asset.id: asset for asset in (NIGHT, CINDER)}
DROP = Clip(
    asset_id=NIGHT.id,
    name="Drop 1",
    start_s=Fraction("76.8"),
    end_s=Fraction("122.4"),
    fade_in_s=Fraction("0.12"),
    fade_out_s=Fraction("0.64"),
    fade_out_shape=FadeShape.EQUAL_POWER,
)
CLIPS = (
    Clip(asset_id=NIGHT.id, name="Intro", end_s=Fraction(30)),
    DROP,
    Clip(
        asset_id=CINDER.id,
        name="Break",
        start_s=Fraction(10),
        end_s=Fraction(42),
        gap_s=Fraction(-2),
    ),
    Clip(asset_id=CINDER.id, start_s=Fraction(100)),
)
"""The third crosses the second for two seconds; the last has no name and goes on to the end."""
BREAK_CROSS_S = Fraction(2)


def mix(clips: Sequence[Clip] = CLIPS) -> Arrangement:
    """Return where clips lie."""
    return arrange(Recipe(clips=tuple(clips)), ASSETS)


def views(*indices: int, clips: Sequence[Clip] = CLIPS) -> list[ClipView]:
    """Return clips as panels show them."""
    arrangement = mix(clips)
    return [view_clip(arrangement, ASSETS, index) for index in indices]


def many(count: int) -> tuple[Clip, ...]:
    """Return clips one after the other, each a second of the first asset."""
    return tuple(
        Clip(
            asset_id=NIGHT.id,
            name=f"Clip {i}",
            start_s=Fraction(i % 200),
            end_s=Fraction(i % 200 + 1),
        )
        for i in range(count)
    )
