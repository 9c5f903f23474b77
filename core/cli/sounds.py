"""From what the user named to sounds of the library and a recipe of them.

In: a file, an asset, a project, or a recipe's JSON file, which names its sounds by id or by paths
relative to itself. Out: a `Mix`. Files are taken into the library first, each once.
"""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import msgspec

from core.audio.recipe import Marker, Recipe, asset_ids, identity_recipe
from core.audio.recipe_check import RecipeLimits, require_valid
from core.cli.follow import raise_unless_done, submit_and_follow
from core.cli.subject import ID_LENGTH, looks_like_id, subject_of
from core.engine.client import EngineClient
from core.engine.protocol import GetAsset, GetProject, GetSettings, SubmitIngest
from core.errors import BugError, KnownError, NotFoundError
from core.ingest.sources import Source, require_available, source_from_text
from core.jobs.model import IngestResult
from core.library import project_check
from core.library.files import open_regular
from core.library.model import Asset

RECIPE_SUFFIX = ".json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mix:
    """What is to be made of which sounds."""

    recipe: Recipe
    assets: Mapping[str, Asset]
    """Those that the recipe names, by id."""
    title: str = ""
    """Empty: the first sound's own."""
    markers: tuple[Marker, ...] = ()
    project_id: str | None = None
    files: tuple[Path, ...] = ()
    """What was read for it, never to be replaced by what is made of it."""


async def mix_named(client: EngineClient, text: str) -> Mix:
    """Return the mix that the user named: a sound as it is, a project's, or a recipe file's.

    Raises
    ------
    KnownError
        There is no such thing, or its recipe cannot be mixed: the first fault in a sentence.
    """
    path = Path(text).expanduser()
    if path.suffix.lower() == RECIPE_SUFFIX and os.path.isfile(path):
        mix = await mix_of_file(client, path)
    else:
        subject = await subject_of(client, text)
        if subject.project_id is not None:
            project = await client.call(GetProject(id=subject.project_id))
            mix = Mix(
                recipe=project.recipe,
                assets=await _assets(client, asset_ids(project.recipe)),
                title=project.title,
                markers=project.markers,
                project_id=project.id,
            )
        elif subject.source is not None:
            mix = _whole(await take_in(client, subject.source), path)
        else:
            mix = _whole(await client.call(GetAsset(id=subject.asset_id or "")))
    await require_mixable(client, mix)
    return mix


def _whole(asset: Asset, *files: Path) -> Mix:
    return Mix(recipe=identity_recipe(asset.id), assets={asset.id: asset}, files=files)


async def require_mixable(client: EngineClient, mix: Mix) -> None:
    """Raise UsageError with the first fault of a mix.

    An original that is gone is none yet: the sound may be decoded already.
    """
    limits = RecipeLimits.of(await client.call(GetSettings()))
    there = {
        key: msgspec.structs.replace(asset, missing=False) for key, asset in mix.assets.items()
    }
    project_check.require_mixable(mix.recipe, there, limits)


async def take_in(client: EngineClient, source: Source) -> Asset:
    """Take a file into the library and wait for it; one that is there already is found again."""
    outcome = await submit_and_follow(client, SubmitIngest(source=source))
    if outcome.interrupted:
        raise KeyboardInterrupt
    raise_unless_done(outcome.job)
    if not isinstance(outcome.job.result, IngestResult):
        raise BugError("An ingest ended without an asset.")
    return outcome.job.result.asset


async def _assets(client: EngineClient, ids: Iterable[str]) -> dict[str, Asset]:
    return {asset_id: await client.call(GetAsset(id=asset_id)) for asset_id in ids}


# --- recipe files -----------------------------------------------------------------------------


async def mix_of_file(client: EngineClient, path: Path) -> Mix:
    """Return the recipe in a JSON file, ours or the older kind, with its sounds in the library."""
    from core.audio.exchange.recipes import (
        OlderRecipe,
        older_asset_ids,
        read_recipe_document,
        recipe_of_older,
    )

    found = read_recipe_document(_read(path))
    folder = path.absolute().parent
    if isinstance(found, OlderRecipe):
        names = older_asset_ids(found)
        recipe_of_older(found, {name: name for name in names})  # its faults, before any work
        sounds = await _sounds_named(client, names, folder)
        durations_s = {name: _duration_s(asset) for name, asset in sounds.items()}
        ids = {name: asset.id for name, asset in sounds.items()}
        recipe = recipe_of_older(found, ids, durations_s=durations_s)
    else:
        limits = RecipeLimits.of(await client.call(GetSettings()))
        if len(found.clips) > limits.max_clips:
            require_valid(found, {}, limits)
        sounds = await _sounds_named(client, asset_ids(found), folder)
        clips = tuple(
            msgspec.structs.replace(clip, asset_id=sounds[clip.asset_id].id) for clip in found.clips
        )
        recipe = msgspec.structs.replace(found, clips=clips)
    assets = {asset.id: asset for asset in sounds.values()}
    return Mix(
        recipe=recipe,
        assets=assets,
        title=path.stem if len(assets) > 1 else "",
        files=(path, *(folder / Path(name).expanduser() for name in sounds)),
    )


def _read(path: Path) -> bytes:
    from core.audio.exchange.recipes import MAX_BYTES

    with os.fdopen(open_regular(path), "rb") as stream:
        return stream.read(MAX_BYTES + 1)


def _duration_s(asset: Asset) -> Fraction:
    return Fraction(asset.pcm.n_samples, asset.pcm.sample_rate_hz)


async def _sounds_named(
    client: EngineClient, names: Iterable[str], folder: Path
) -> dict[str, Asset]:
    """Return the sounds that a recipe names; all are looked for before any is taken in."""
    found: dict[str, Asset | Source] = {}
    for name in names:
        found[name] = await _sound_named(client, name, folder)
    return {
        name: one if isinstance(one, Asset) else await take_in(client, one)
        for name, one in found.items()
    }


async def _sound_named(client: EngineClient, name: str, folder: Path) -> Asset | Source:
    if len(name) == ID_LENGTH and looks_like_id(name):
        try:
            return await client.call(GetAsset(id=name))
        except KnownError as error:
            if error.code != NotFoundError.code:
                raise
    if "://" in name:
        return require_available(source_from_text(name))
    path = folder / Path(name).expanduser()
    if name.strip() and os.path.isfile(path):
        return require_available(source_from_text(str(path)))
    raise NotFoundError(
        f"The recipe uses “{name[:120]}”, which is neither in the library nor a file beside it.",
        hint=f"Give the id of an asset, or the path of a file as it is seen from {folder}.",
    )
