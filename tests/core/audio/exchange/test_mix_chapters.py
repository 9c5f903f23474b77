"""Chapters of sounds, where they lie in a mix of their pieces."""

from fractions import Fraction

import msgspec

from core.audio.exchange.mix_chapters import mix_chapters
from core.audio.recipe import Clip, Recipe
from core.library.model import Chapter
from tests.core.library.examples import an_asset


def test_chapters_move_with_the_clips_and_are_cut_with_them():
    asset = an_asset()  # 2 s
    chapters = (Chapter(start_s=0.0, end_s=1.0, title="A"), Chapter(start_s=1.0, end_s=2.0))
    probe = msgspec.structs.replace(asset.probe, chapters=chapters)
    asset = msgspec.structs.replace(asset, probe=probe)
    recipe = Recipe(
        clips=(
            Clip(asset_id=asset.id, start_s=Fraction(1)),
            Clip(
                asset_id=asset.id, start_s=Fraction(1, 2), end_s=Fraction(5, 4), gap_s=Fraction(1)
            ),
        )
    )
    found = mix_chapters(recipe, {asset.id: asset})
    assert [(one.time_s, one.end_s, one.name) for one in found] == [
        (0, 1, ""),
        (2, Fraction(5, 2), "A"),
        (Fraction(5, 2), Fraction(11, 4), ""),
    ]


def test_sounds_without_chapters_give_no_markers():
    asset = an_asset()
    assert mix_chapters(Recipe(clips=(Clip(asset_id=asset.id),)), {asset.id: asset}) == ()
