"""`cymatic prepare`: a sound trimmed, faded, at its loudness, as a file in any format.

In: a file, an asset, a project or a recipe's JSON file, and what to do to it. Out: a sound file,
or the prepared audio of the library; how long and how loud it came out.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from core.cli.connection import with_client
from core.cli.follow import Outcome, raise_unless_done, submit, submit_and_follow
from core.cli.groups import CommandWithOptions, gathered, scope_of
from core.cli.markers import CHAPTERS_IN, markers_of
from core.cli.mixing import MixOptions, check_options, edited, mix_options
from core.cli.output import note, print_document, say
from core.cli.render import output_file
from core.cli.sound_report import report_of, report_text
from core.cli.sounds import RECIPE_SUFFIX, Mix, mix_named, require_mixable
from core.cli.values import BIT_RATE
from core.cli.writing import write_json
from core.engine.client import EngineClient
from core.engine.protocol import Subject, SubmitExport, SubmitPrepare
from core.errors import KnownError, UsageError
from core.jobs.model import JobView
from core.paths import LibraryPaths

FILE = click.Path(path_type=Path)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileOptions:
    """What was said about the files to write; None: nothing."""

    output: Path | None = None
    bit_depth: str | None = None
    bit_rate: int | None = None
    markers: Path | None = None
    recipe_out: Path | None = None
    force: bool = False


def _file_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add every option about the files, as one `files`."""
    command = gathered(command, "files", FileOptions)
    for option in reversed(
        (
            click.option("--bit-depth", type=click.Choice(["16", "24", "32"]), help="WAV, FLAC."),
            click.option("--bit-rate", type=BIT_RATE, metavar="RATE", help="MP3, M4A, Opus: 192k."),
            click.option(
                "--markers",
                type=FILE,
                metavar="FILE",
                help="Chapters: labels, CSV, JSON, a cue sheet, or another media file's own. Their "
                "times are those before --trim.",
            ),
            click.option(
                "--recipe-out", type=FILE, metavar="FILE.json", help="Write the recipe used."
            ),
            click.option("--force", is_flag=True, help="Replace files that exist."),
        )
    ):
        command = option(command)
    return command


@click.command(cls=CommandWithOptions)
@click.argument("subject", metavar="FILE|ASSET|PROJECT|RECIPE.json")
@click.option(
    "-o",
    "output",
    type=FILE,
    metavar="OUT",
    help="OUT.wav, .flac, .mp3, .m4a, .opus or .ogg; without it, the library keeps the sound.",
)
@mix_options
@_file_options
@click.option("--detach", is_flag=True, help="Return with the job's id once its sounds are in.")
@click.pass_context
def prepare(
    context: click.Context, *, subject: str, said: MixOptions, files: FileOptions, detach: bool
) -> None:
    """Trim, fade and level a sound, and write it in any format.

    A RECIPE.json names its sounds by the ids of assets, or by paths as seen from its own folder.
    """
    scope = scope_of(context)
    check_options(said)
    files = _checked(files)
    paths = LibraryPaths(scope.library)

    async def work(client: EngineClient) -> tuple[Mix, Outcome | JobView]:
        mix = await mix_named(client, subject)
        _require_apart(mix, files)
        if files.markers is not None:
            asset = mix.assets[mix.recipe.clips[0].asset_id]
            mix = replace(mix, markers=markers_of(files.markers, asset.name))
        mix = await edited(client, mix, said, paths)
        await require_mixable(client, mix)
        request = _request(mix, files)
        if detach:
            return mix, (await submit(client, request)).job
        return mix, await submit_and_follow(client, request)

    mix, ended = with_client(scope, work)
    if isinstance(ended, Outcome):
        raise_unless_done(ended.job)
    if files.recipe_out is not None:
        write_json(files.recipe_out, mix.recipe, overwrite=files.force)
        note(f"Wrote {files.recipe_out}")
    if isinstance(ended, JobView):
        print_document("job", ended) if scope.json else say(ended.id)
        return
    report = report_of(ended.job, mix, paths)
    print_document("prepare", report) if scope.json else say(report_text(report))


def _checked(files: FileOptions) -> FileOptions:
    """Return the options with whole paths; what could not be written is refused early."""
    if files.output is not None:
        _check_format(files.output, files)
    elif files.bit_depth or files.bit_rate or files.markers:
        raise UsageError(
            "--bit-depth, --bit-rate and --markers are about a file.", hint="Name it with -o OUT."
        )
    suffix = files.output.suffix.lower() if files.output else ""
    return replace(
        files,
        output=output_file(files.output, force=files.force, suffix=suffix),
        recipe_out=output_file(files.recipe_out, force=files.force, suffix=RECIPE_SUFFIX),
    )


def _check_format(output: Path, files: FileOptions) -> None:
    from core.audio.encode_formats import sound_format_for  # loads FFmpeg: only for a file

    fmt = sound_format_for(output, bit_depth=_bit_depth(files), bit_rate_bps=files.bit_rate)
    if files.markers is not None and fmt.kind not in CHAPTERS_IN:
        raise UsageError(
            f"{output.suffix} files hold no chapters.",
            hint=f"Use {', '.join(f'.{kind}' for kind in CHAPTERS_IN)}, or leave --markers out.",
        )


def _bit_depth(files: FileOptions) -> int | None:
    return int(files.bit_depth) if files.bit_depth else None


def _require_apart(mix: Mix, files: FileOptions) -> None:
    """Refuse to replace, --force or not, what the sound is made of."""
    for path in filter(None, (files.output, files.recipe_out)):
        if not os.path.exists(path):
            continue
        for source in filter(None, (*mix.files, files.markers)):
            if os.path.exists(source) and os.path.samefile(path, source):
                raise KnownError(
                    f"{path} is what the sound is made of.", code="output", hint="Name another."
                )


def _request(mix: Mix, files: FileOptions) -> SubmitExport | SubmitPrepare:
    subject = Subject(recipe=mix.recipe, project_id=mix.project_id, title=mix.title)
    if files.output is None:
        return SubmitPrepare(subject=subject)
    return SubmitExport(
        subject=subject,
        output=files.output,
        overwrite=files.force,
        bit_depth=_bit_depth(files),
        bit_rate_bps=files.bit_rate,
        markers=mix.markers,
    )
