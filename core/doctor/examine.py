"""All checks together, and the report that a user can send.

In: the library's place. Out: a `DoctorReport`; with a render test also a JSON file with it, the
job that was run and how long each part took.
"""

import platform
import sys
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from core import __version__
from core.doctor.checks import all_checks
from core.doctor.model import Check, CheckStatus, DoctorReport
from core.doctor.samples import render_sample
from core.documents import document, to_json
from core.errors import DiskError, KnownError
from core.jobs.model import JobStatus, JobView, RenderResult


def examine(library: Path) -> DoctorReport:
    """Look at everything."""
    return DoctorReport(
        version=__version__,
        system=system_text(),
        checks=tuple(check() for check in all_checks(library)),
    )


def system_text() -> str:
    """Return the system, the processor and Python in a line."""
    return f"{platform.platform()}, {platform.machine()}, Python {sys.version.split()[0]}"


def with_render_test(report: DoctorReport, folder: Path) -> DoctorReport:
    """Render a short clip for real, and write the report and the clip into `folder`.

    Raises DiskError when the report cannot be written.
    """
    stamp = f"cymatic-report-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    video, file = folder / f"{stamp}.mp4", folder / f"{stamp}.json"
    job: JobView | None = None
    try:
        job = render_sample(video)
        check = _rendered(job)
    except KnownError as error:
        check = Check(
            name="render", status=CheckStatus.FAIL, message=error.message, hint=error.hint
        )
    full = msgspec.structs.replace(report, checks=(*report.checks, check), report=file)
    try:
        file.write_bytes(to_json({**document("doctor", full), "job": job}))
    except OSError as error:
        raise DiskError(
            f"The report cannot be written to {folder}: {error.strerror or error}.",
            hint="Run the doctor in a folder that can be written.",
        ) from error
    return full


def _rendered(job: JobView) -> Check:
    if job.status is not JobStatus.DONE or not isinstance(job.result, RenderResult):
        return Check(
            name="render",
            status=CheckStatus.FAIL,
            message=job.error.message if job.error else "The test render did not finish.",
            hint=job.error.hint if job.error else "",
        )
    begun, ended = job.started_at or job.created_at, job.finished_at or job.created_at
    seconds = max((ended - begun).total_seconds(), 0.001)
    result = job.result
    return Check(
        name="render",
        status=CheckStatus.OK,
        message=f"A test clip was rendered: {result.n_frames / seconds:.1f} frames a second.",
        details={
            "renderer": result.renderer,
            "encoder": result.encoder,
            "size": f"{result.width} × {result.height}",
            "frames": str(result.n_frames),
            "seconds": f"{seconds:.1f}",
            "video": str(result.path),
        },
    )
