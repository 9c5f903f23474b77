"""`cymatic analyze`: measure a sound, and write the measurements where they are wanted.

In: a file or an asset. Out: tempo and loudness; with -o every feature column.
"""

from pathlib import Path

import click

from core.cli.connection import with_client
from core.cli.follow import Outcome, raise_unless_done, submit_and_follow
from core.cli.groups import CommandWithOptions, scope_of
from core.cli.output import fields, note, print_document, say
from core.cli.subject import subject_of
from core.engine.client import EngineClient
from core.engine.protocol import SubmitAnalyze
from core.errors import BugError, KnownError, UsageError
from core.jobs.model import AnalyzeResult
from core.paths import LibraryPaths

SUFFIXES = (".npz", ".json", ".csv")


@click.command(cls=CommandWithOptions)
@click.argument("subject", metavar="FILE|ASSET|PROJECT")
@click.option(
    "-o",
    "output",
    type=click.Path(path_type=Path),
    metavar="F.npz|F.json|F.csv",
    help="Write every feature, a row per hundredth of a second.",
)
@click.option("--force", is_flag=True, help="Replace the file if it exists.")
@click.pass_context
def analyze(context: click.Context, subject: str, output: Path | None, force: bool) -> None:
    """Measure tempo, beats, loudness, and how eight bands of the sound move."""
    scope = scope_of(context)
    file = _checked(output, force=force)

    async def work(client: EngineClient) -> Outcome:
        about = await subject_of(client, subject)
        return await submit_and_follow(client, SubmitAnalyze(subject=about))

    job = with_client(scope, work).job
    raise_unless_done(job)
    if not isinstance(job.result, AnalyzeResult):
        raise BugError("An analysis ended without a result.")
    if file is not None:
        from core.analysis.export import export_features
        from core.analysis.features import open_features

        key = job.result.analysis.features_key
        export_features(open_features(LibraryPaths(scope.library).features(key)), file)
        note(f"Wrote {file}")
    print_document("analysis", job.result) if scope.json else say(_text(job.result))


def _checked(output: Path | None, *, force: bool) -> Path | None:
    if output is None:
        return None
    path = output.expanduser().absolute()
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(
            f"“{path.name}” does not say what to write.", hint=f"Use {', '.join(SUFFIXES)}."
        )
    if not path.parent.is_dir():
        raise KnownError(
            f"There is no folder {path.parent}.", code="output", hint="Create it first."
        )
    if path.exists() and not force:
        raise KnownError(f"{path} exists.", code="exists", hint="Add --force to replace it.")
    return path


def _text(result: AnalyzeResult) -> str:
    analysis = result.analysis
    tempo, loudness, peak = analysis.tempo_bpm, analysis.loudness_lufs, analysis.true_peak_dbtp
    return fields(
        [
            ("asset", result.asset_id),
            ("tempo", f"{tempo:.1f} BPM" if tempo else "no steady beat"),
            ("loudness", f"{loudness:.1f} LUFS" if loudness is not None else "silence"),
            ("true peak", f"{peak:.1f} dBTP" if peak is not None else ""),
        ]
    )
