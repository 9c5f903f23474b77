"""`cymatic assets`: what the library holds, and what to do with it.

In: ids or their unique starts. Out: assets.
"""

from collections.abc import Sequence
from pathlib import Path

import click

from core.cli.connection import with_client
from core.cli.groups import GroupWithOptions, Scope, scope_of
from core.cli.output import fields, print_document, say, size_text, table
from core.cli.subject import asset_named
from core.engine.client import EngineClient
from core.engine.protocol import ExportAsset, ListAssets, RelocateAsset, RestoreAsset, TrashAsset
from core.ingest.sources import source_name
from core.library.model import Asset
from core.units import time_text

PAGE = 500


@click.group(cls=GroupWithOptions, invoke_without_command=True)
@click.pass_context
def assets(context: click.Context) -> None:
    """List the library's sounds (the default), or do something with one."""
    if context.invoked_subcommand is None:
        context.invoke(list_assets)


@assets.command("list")
@click.option("--search", default="", metavar="TEXT", help="Only those whose name has this.")
@click.option("--trash", is_flag=True, help="What is in the trash instead.")
@click.pass_context
def list_assets(context: click.Context, search: str = "", trash: bool = False) -> None:
    """List the library's sounds, newest first."""
    scope = scope_of(context)

    async def work(client: EngineClient) -> list[Asset]:
        found: list[Asset] = []
        cursor: str | None = None
        while True:
            page = await client.call(
                ListAssets(search=search, trashed=trash, limit=PAGE, cursor=cursor)
            )
            found += page.assets
            cursor = page.cursor
            if cursor is None:
                return found

    found = with_client(scope, work)
    if scope.json:
        print_document("assets", found)
    elif found:
        rows = [
            (asset.id, time_text(asset.duration_s), size_text(asset.size_bytes), _named(asset))
            for asset in found
        ]
        say(table(("ID", "LENGTH", "SIZE", "TITLE"), rows))
    else:
        say("The trash is empty." if trash else "The library is empty: cymatic ingest FILE")


@assets.command()
@click.argument("asset_id", metavar="ID")
@click.pass_context
def show(context: click.Context, asset_id: str) -> None:
    """Show everything about one sound."""
    scope = scope_of(context)
    _show(scope, with_client(scope, lambda client: asset_named(client, asset_id)))


@assets.command("rm")
@click.argument("asset_ids", metavar="ID...", nargs=-1, required=True)
@click.option("--force", is_flag=True, help="Even while a project uses it.")
@click.pass_context
def remove(context: click.Context, asset_ids: Sequence[str], force: bool) -> None:
    """Put sounds in the trash."""

    async def work(client: EngineClient) -> list[Asset]:
        found = [await asset_named(client, text) for text in asset_ids]
        return [await client.call(TrashAsset(id=asset.id, force=force)) for asset in found]

    _show_each(scope_of(context), with_client(scope_of(context), work), "In the trash")


@assets.command()
@click.argument("asset_ids", metavar="ID...", nargs=-1, required=True)
@click.pass_context
def restore(context: click.Context, asset_ids: Sequence[str]) -> None:
    """Take sounds out of the trash."""

    async def work(client: EngineClient) -> list[Asset]:
        found = [await asset_named(client, text, trashed=True) for text in asset_ids]
        return [await client.call(RestoreAsset(id=asset.id)) for asset in found]

    _show_each(scope_of(context), with_client(scope_of(context), work), "Restored")


@assets.command()
@click.argument("asset_id", metavar="ID")
@click.argument("file", type=click.Path(path_type=Path))
@click.pass_context
def relocate(context: click.Context, asset_id: str, file: Path) -> None:
    """Give a missing original back; FILE must have the same content."""
    scope = scope_of(context)

    async def work(client: EngineClient) -> Asset:
        asset = await asset_named(client, asset_id)
        return await client.call(RelocateAsset(id=asset.id, path=file.expanduser().absolute()))

    _show(scope, with_client(scope, work))


@assets.command()
@click.argument("asset_id", metavar="ID")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.pass_context
def export(context: click.Context, asset_id: str, folder: Path) -> None:
    """Copy an original and its document into a folder."""
    scope = scope_of(context)

    async def work(client: EngineClient) -> tuple[Path, ...]:
        asset = await asset_named(client, asset_id)
        target = folder.expanduser().absolute()
        return (await client.call(ExportAsset(id=asset.id, folder=target))).paths

    show_files(scope, with_client(scope, work))


def show_files(scope: Scope, paths: Sequence[Path]) -> None:
    """Print the files that a command wrote."""
    if scope.json:
        print_document("files", paths)
    else:
        say("\n".join(map(str, paths)))


def _named(asset: Asset) -> str:
    name = f"{asset.artist} – {asset.title}" if asset.artist else asset.title
    return f"{name}  (original missing)" if asset.missing else name


def _show_each(scope: Scope, changed: Sequence[Asset], what: str) -> None:
    if scope.json:
        print_document("assets", changed)
    else:
        say("\n".join(f"{what}: {asset.title} ({asset.id})" for asset in changed))


def _show(scope: Scope, asset: Asset) -> None:
    if scope.json:
        print_document("asset", asset)
        return
    pcm = asset.pcm
    pairs = [
        ("id", asset.id),
        ("title", asset.title),
        ("artist", asset.artist),
        ("file", asset.name),
        ("length", time_text(asset.duration_s)),
        ("sound", f"{pcm.sample_rate_hz} Hz, {pcm.channels} channels"),
        ("size", size_text(asset.size_bytes)),
        ("sha-256", asset.sha256),
        ("from", source_name(asset.provenance.source)),
        ("added", f"{asset.created_at:%Y-%m-%d %H:%M}"),
        ("missing", "the original's file is gone: cymatic assets relocate" * asset.missing),
        ("trashed", f"{asset.trashed_at:%Y-%m-%d %H:%M}" if asset.trashed_at else ""),
    ]
    if asset.analysis:
        tempo, loudness = asset.analysis.tempo_bpm, asset.analysis.loudness_lufs
        pairs.append(("tempo", f"{tempo:.1f} BPM" if tempo else "none found"))
        pairs.append(("loudness", f"{loudness:.1f} LUFS" if loudness is not None else "silence"))
    say(fields(pairs))
