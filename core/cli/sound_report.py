"""What `cymatic prepare` tells of a finished mix.

In: the job as it ended, the mix. Out: a `SoundReport`, and the same as text for people.
"""

from core.audio.normalisation import NormalisationReport
from core.cli.documents import SoundReport
from core.cli.output import fields, moment_text, size_text
from core.cli.sounds import Mix
from core.errors import BugError
from core.jobs.model import ExportResult, JobView, OutputView, PrepareResult
from core.library.model import Loudness
from core.paths import LibraryPaths

QUIET = "silence, or too short to tell"


def report_of(job: JobView, mix: Mix, paths: LibraryPaths) -> SoundReport:
    """Return the report of a job that is done."""
    match job.result:
        case ExportResult() as result:
            return SoundReport(
                job=job.id,
                path=result.path,
                bytes=_main(job).bytes,
                duration_s=result.duration_s,
                sample_rate_hz=result.sample_rate_hz,
                channels=result.channels,
                measured=result.measured,
                loudness=result.loudness,
                limited_peak_db=result.limited_peak_db,
                notes=result.notes,
                recipe=mix.recipe,
            )
        case PrepareResult() as result:
            return _of_the_library(job.id, result, mix, paths)
        case _:
            raise BugError("A mix ended without a result.")


def _main(job: JobView) -> OutputView:
    return next(output for output in job.outputs if output.role == "main")


def _of_the_library(
    job_id: str, result: PrepareResult, mix: Mix, paths: LibraryPaths
) -> SoundReport:
    """Return the report of prepared audio; without a target its loudness is measured here."""
    path = paths.prepared(result.prepared_key)
    measured = result.loudness.after if result.loudness else None
    if measured is None:
        from core.ingest.describe import describe

        measured = describe(path).loudness
    return SoundReport(
        job=job_id,
        path=path,
        bytes=path.stat().st_size,
        duration_s=result.duration_s,
        sample_rate_hz=mix.recipe.sample_rate_hz,
        channels=mix.recipe.channels,
        measured=measured,
        loudness=result.loudness,
        limited_peak_db=result.limited_peak_db,
        recipe=mix.recipe,
    )


def report_text(report: SoundReport) -> str:
    """Return a report for people."""
    before = report.loudness.before if report.loudness else None
    sides = {1: "mono", 2: "stereo"}.get(report.channels, f"{report.channels} channels")
    pairs = [
        ("file", f"{report.path}  ({size_text(report.bytes)})"),
        ("length", f"{moment_text(report.duration_s)}, {report.sample_rate_hz} Hz, {sides}"),
        *_loudness(before, report.measured),
        ("how", _how(report)),
    ]
    notes = [("note", note) for note in report.notes]
    if report.loudness and report.loudness.note:
        notes.append(("note", report.loudness.note))
    return fields([*pairs, *notes])


def _loudness(before: Loudness | None, after: Loudness) -> list[tuple[str, str]]:
    was = before or Loudness()
    rows = (
        ("loudness", was.integrated_lufs, after.integrated_lufs, "LUFS"),
        ("true peak", was.true_peak_dbtp, after.true_peak_dbtp, "dBTP"),
        ("range", was.loudness_range_lu, after.loudness_range_lu, "LU"),
    )
    return [(name, _change(old, new, unit, was=before)) for name, old, new, unit in rows]


def _change(old: float | None, new: float | None, unit: str, *, was: Loudness | None) -> str:
    if was is None:
        return f"{new:.1f} {unit}" if new is not None else QUIET * (unit == "LUFS")
    if old is None and new is None:
        return QUIET * (unit == "LUFS")
    words = [f"{number:.1f}" if number is not None else "–" for number in (old, new)]
    return f"{' → '.join(words)} {unit}"


def _how(report: SoundReport) -> str:
    """Return in one sentence what was done to the level."""
    if report.loudness is not None:
        return how_text(report.loudness)
    if report.limited_peak_db is not None:
        return f"Peaks went {report.limited_peak_db:.1f} dB over full scale and were held."
    return "Left as loud as the mix is."


def how_text(done: NormalisationReport) -> str:
    """Return in one sentence how a mix came to its loudness."""
    target, gain = done.target, f"{done.gain_db:+.1f} dB"
    wanted = f"{target.integrated_lufs:g} LUFS" + (f" ({target.name})" if target.name else "")
    if done.is_linear:
        return f"One gain of {gain} towards {wanted}: peaks stay below {_ceiling(done)}."
    return (
        f"A gain of {gain} towards {wanted}, and the limiter holds peaks at {_ceiling(done)} "
        f"(by up to {done.limited_db:.1f} dB)."
    )


def _ceiling(done: NormalisationReport) -> str:
    return f"{done.target.true_peak_dbtp:g} dBTP"
