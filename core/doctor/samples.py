"""Pictures and clips of the demo track, made by a real engine on a library of their own.

In: a scene, a format, an output. Out: the finished file. The library is a temporary folder, so
that the user's own stays as it is.
"""

import asyncio
import tempfile
from fractions import Fraction
from pathlib import Path

from core.engine.client import EngineClient
from core.engine.protocol import (
    GetJob,
    Request,
    StopEngine,
    Subject,
    SubmitFrame,
    SubmitRender,
    WatchJob,
)
from core.engine.replies import Submitted
from core.errors import ErrorView, NotFoundError, error_from_view
from core.ingest.sources import file_source
from core.jobs.model import JobStatus, JobView, PictureParams
from core.scenes.library import default_scene_name

DEMO = Path(__file__).parents[2] / "resources" / "demo"
STRONG_MOMENT_S = Fraction(16)
"""A full moment of the demo track."""
CLIP_S = Fraction(4)
CLIP_FORMAT = "flat-720p-landscape"


def demo_track() -> Path:
    """Return the demo track; raise NotFoundError when this installation lacks it."""
    for suffix in (".opus", ".flac"):
        for track in sorted(DEMO.glob(f"*{suffix}")):
            return track
    raise NotFoundError("The demo track is missing.", hint="Install Cymatic again.")


def draw_sample(scene: str, format_name: str, output: Path) -> JobView:
    """Draw a scene at a strong moment of the demo track to a PNG.

    Raises KnownError with the job's reason when it fails.
    """
    picture = PictureParams(scene=scene, format=format_name)
    subject = Subject(source=file_source(demo_track()))
    request = SubmitFrame(
        subject=subject, picture=picture, at_s=STRONG_MOMENT_S, output=output, overwrite=True
    )
    job = asyncio.run(_run_alone(request))
    if job.status is not JobStatus.DONE:
        raise error_from_view(job.error or ErrorView(code="known", message="It was cancelled."))
    return job


def render_sample(output: Path) -> JobView:
    """Render a short clip of the demo track; return the job as it ended."""
    request = SubmitRender(
        subject=Subject(source=file_source(demo_track())),
        picture=PictureParams(scene=default_scene_name(), format=CLIP_FORMAT),
        start_s=STRONG_MOMENT_S,
        end_s=STRONG_MOMENT_S + CLIP_S,
        output=output,
        overwrite=True,
    )
    return asyncio.run(_run_alone(request))


async def _run_alone(request: Request[Submitted]) -> JobView:
    with tempfile.TemporaryDirectory(prefix="cymatic-", ignore_cleanup_errors=True) as folder:
        client = await EngineClient.connect(Path(folder) / "library", start=True)
        try:
            job = (await client.call(request)).job
            async for event in client.stream(WatchJob(id=job.id)):
                job = event.job
            return await client.call(GetJob(id=job.id))
        finally:
            await client.call(StopEngine())
            await client.close()
