"""Recipes that come in through the socket: the bad ones are refused, the good ones travel whole."""

from fractions import Fraction

import msgspec
import pytest

from core.audio.recipe import Clip, Marker, Recipe
from core.documents import to_json
from core.engine.protocol import (
    ExportProject,
    GetAsset,
    GetProject,
    ImportProject,
    ListJobs,
    NewProject,
    PauseQueue,
    SaveProject,
    Subject,
    SubmitAnalyze,
    SubmitExport,
    SubmitPrepare,
    TrashAsset,
)
from core.errors import KnownError
from tests.core.engine.studio import Studio
from tests.core.engine.test_library import _rewritten, _shelve


async def _refusal(studio, request):
    with pytest.raises(KnownError) as caught:
        await studio.call(request)
    return caught.value


def _two_sounds(studio):
    return _shelve(studio, "one.wav", b"one"), _shelve(studio, "two.wav", b"two")


def _mix(*assets, **fields):
    """Return a recipe of sounds, each overlapping the one before by half a second."""
    half = Fraction(1, 2)
    clips = [
        Clip(asset_id=asset.id, gap_s=-half if index else Fraction(0))
        for index, asset in enumerate(assets)
    ]
    return Recipe(clips=tuple(clips), **fields)


def _with_clip(recipe, **changes):
    return msgspec.structs.replace(
        recipe, clips=(msgspec.structs.replace(recipe.clips[0], **changes), *recipe.clips[1:])
    )


async def _project(studio, *assets):
    project = await studio.call(NewProject(asset_id=assets[0].id, title="Mix"))
    changed = msgspec.structs.replace(project, recipe=_mix(*assets))
    return await studio.call(SaveProject(project=changed))


async def test_a_recipe_that_cannot_be_mixed_is_refused_and_nothing_is_queued(studio, tmp_path):
    asset = _shelve(studio)
    good = _mix(asset)
    studio.set(max_mix_s=5.0)
    bad = {
        "out-after-end": _with_clip(good, end_s=Fraction(3)),
        "fades-too-long": _with_clip(good, fade_in_s=Fraction(9)),
        "no-source": _mix(msgspec.structs.replace(asset, id="f" * 36)),
        "empty": Recipe(clips=()),
        "too-long": _mix(*[asset] * 9),
        "newer-version": msgspec.structs.replace(good, version=2),
    }
    for code, recipe in bad.items():
        for request in (
            SubmitPrepare(subject=Subject(recipe=recipe)),
            SubmitAnalyze(subject=Subject(recipe=recipe)),
            SubmitExport(subject=Subject(recipe=recipe), output=tmp_path / "out.wav"),
        ):
            refusal = await _refusal(studio, request)
            assert (refusal.code, bool(refusal.hint)) == (code, True), refusal
    assert (await studio.call(ListJobs())).jobs == ()


async def test_a_bad_recipe_is_not_saved_and_the_project_stays_as_it_was(studio):
    asset = _shelve(studio)
    project = await _project(studio, asset)
    bad = msgspec.structs.replace(project, recipe=_with_clip(project.recipe, gain=5.0))
    refusal = await _refusal(studio, SaveProject(project=bad))
    assert refusal.message == "Clip 1 “song”: its gain is out of range."
    late = msgspec.structs.replace(project, markers=(Marker(time_s=Fraction(-1), name="A"),))
    assert "“A”" in (await _refusal(studio, SaveProject(project=late))).message
    assert await studio.call(GetProject(id=project.id)) == project


async def test_a_mix_that_everything_was_taken_out_of_is_saved_and_not_worked_on(studio):
    project = await _project(studio, _shelve(studio))
    emptied = msgspec.structs.replace(project, recipe=Recipe(clips=()))
    assert (await studio.call(SaveProject(project=emptied))).recipe.clips == ()
    wrong = msgspec.structs.replace(project, recipe=Recipe(clips=(), channels=99))
    assert (await _refusal(studio, SaveProject(project=wrong))).code == "channels"
    refusal = await _refusal(studio, SubmitAnalyze(subject=Subject(project_id=project.id)))
    assert refusal.code == "empty"


async def test_edits_are_saved_while_a_sound_lies_in_the_trash(studio):
    one, two = _two_sounds(studio)
    project = await _project(studio, one, two)
    await studio.call(TrashAsset(id=two.id, force=True))
    edited = msgspec.structs.replace(project, title="Later")
    assert (await studio.call(SaveProject(project=edited))).title == "Later"
    refusal = await _refusal(studio, SubmitAnalyze(subject=Subject(project_id=project.id)))
    assert refusal.code == "source-in-trash"


async def test_every_sound_of_a_mix_is_in_use(studio):
    one, two = _two_sounds(studio)
    await studio.call(PauseQueue())
    await studio.call(SubmitPrepare(subject=Subject(recipe=_mix(one, two))))
    assert (await _refusal(studio, TrashAsset(id=two.id))).code == "in-use"
    other = _shelve(studio, "three.wav", b"three")
    await _project(studio, one, other)
    assert "“Mix”" in (await _refusal(studio, TrashAsset(id=other.id))).message


async def test_a_project_file_holds_every_original_and_brings_all_or_none(studio, tmp_path):
    one, two = _two_sounds(studio)
    project = await _project(studio, one, two, one)
    file = tmp_path / "mix.cymatic"
    await studio.call(ExportProject(id=project.id, path=file))
    bad = msgspec.structs.replace(project, recipe=_with_clip(project.recipe, end_s=Fraction(99)))
    lies = {
        "damaged": {f"originals/{two.sha256}": b"tow"},
        "bad recipe": {"project.json": to_json(bad)},
    }
    other = await Studio(tmp_path / "other").start()
    for name, members in lies.items():
        lie = _rewritten(file, tmp_path / f"{name}.cymatic", **members)
        await _refusal(other, ImportProject(path=lie))
        assert not list((other.root / "originals").glob("*/*")), name
    opened = await other.call(ImportProject(path=file))
    assert opened.recipe == project.recipe
    for asset in (one, two):
        taken = await other.call(GetAsset(id=asset.id))
        assert (taken.sha256, taken.missing) == (asset.sha256, False)
    await other.stop()
