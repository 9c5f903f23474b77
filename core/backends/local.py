"""Render a plan on this computer: prepare, draw the missing segments, join, add sound, check.

In: a `RenderRequest`. Out: the finished file at its target. OpenGL is used on the calling thread.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

from core.analysis.features import open_features
from core.audio.prepared import PreparedReader
from core.backends.base import (
    ENCODER_FACT,
    RENDERER_FACT,
    RenderOutcome,
    RenderRequest,
    RenderWatcher,
)
from core.backends.stages import StageMonitor
from core.documents import from_json, to_json
from core.errors import KnownError
from core.library.files import flush
from core.render.disk import DiskGuard
from core.render.encoder_options import Resources, measure_resources
from core.render.encoders import resolve_encoder, still_works
from core.render.formats import Projection
from core.render.frames import FrameRenderer, OnTile
from core.render.inspection import check_video
from core.render.join import JoinedSegments
from core.render.mux import write_video
from core.render.pipeline import SegmentJob, make_segments
from core.render.plan import RenderPlan
from core.render.segments import (
    SegmentFolder,
    SegmentRecord,
    segment_ranges,
    segments_key,
)
from core.render.shape import shape_of
from core.render.soundtrack import SoundReader, Soundtrack, soundtrack_of
from core.render.source import FrameSource
from core.render.spherical import write_spherical
from core.render.video_file import ResolvedEncoder

OpenFrames = Callable[[RenderPlan, Path, OnTile], AbstractContextManager[FrameSource]]
OpenSound = Callable[[Path], SoundReader]

_STALL_S_PER_MEGAPIXEL = 4.0
"""A slow computer tries an encoder, or drains one, for this long with nothing to report."""


def open_frames(
    plan: RenderPlan, features: Path, on_tile: OnTile
) -> AbstractContextManager[FrameSource]:
    """Return the frame renderer of a plan."""
    return FrameRenderer(plan, open_features(features), on_tile=on_tile)


class LocalBackend:
    """Renders with this computer's OpenGL and encoders.

    `open_frames`, `open_sound` and `measure` are what it draws, hears and measures with; tests
    give their own.
    """

    def __init__(
        self,
        *,
        frames: OpenFrames = open_frames,
        sound: OpenSound = PreparedReader,
        measure: Callable[[], Resources] = measure_resources,
    ) -> None:
        self._open_frames = frames
        self._open_sound = sound
        self._measure = measure

    def render(self, request: RenderRequest, watcher: RenderWatcher) -> RenderOutcome:
        """Make the video (see `RenderBackend.render`)."""
        stages = StageMonitor(watcher)
        stages.progress("Preparing", 0.0)
        plan = request.plan
        guard = DiskGuard(folder=request.paths.root, max_output_bytes=request.max_output_bytes)
        guard.check_room(0)
        sound = soundtrack_of(plan, self._open_sound(request.prepared))
        encoder = self._fixed_encoder(request, watcher)
        with self._open_frames(plan, request.features, stages.on_tile) as source:
            renderer = source.renderer
            watcher.record_fact(RENDERER_FACT, renderer)
            key = segments_key(plan, encoder, renderer)
            job = SegmentJob(
                ranges=tuple(
                    segment_ranges(plan.first_frame, plan.end_frame, plan.file.segment_frames)
                ),
                folder=SegmentFolder(request.paths.segments(key)),
                encoder=encoder,
                shape=shape_of(plan),
                guard=guard,
            )
            job.folder.prepare()
            records, n_reused = _complete(source, job, stages)
        video = JoinedSegments(
            files=[(job.folder.path(record.frames), record) for record in records],
            shape=job.shape,
        )
        guard.check_room(video.n_bytes)
        _assemble(request, video, sound, stages)
        return RenderOutcome(
            path=request.target,
            encoder=encoder.name,
            renderer=renderer,
            segments_reused=n_reused,
            segments=job.folder.folder,
        )

    def _fixed_encoder(self, request: RenderRequest, watcher: RenderWatcher) -> ResolvedEncoder:
        """Return the encoder that an earlier attempt fixed, if it is still the same; or fix one."""
        plan, shape = request.plan, shape_of(request.plan)
        watcher.allow_stall(_STALL_S_PER_MEGAPIXEL * shape.n_pixels / 1e6)
        try:
            fixed = from_json(request.facts.get(ENCODER_FACT, ""), ResolvedEncoder)
        except KnownError:
            fixed = None
        if fixed is not None and still_works(fixed, shape):
            return fixed
        encoder = resolve_encoder(
            plan.file.codec, shape, plan.file.quality, resources=self._measure()
        )
        watcher.record_fact(ENCODER_FACT, to_json(encoder).decode())
        return encoder


def _complete(
    source: FrameSource, job: SegmentJob, stages: StageMonitor
) -> tuple[tuple[SegmentRecord, ...], int]:
    """Make the segments that are missing or damaged; return all, and how many were there."""
    kept, missing = [], []
    for index, frames in enumerate(job.ranges):
        stages.check_abort()
        stages.progress("Preparing", index / len(job.ranges))
        record = job.folder.verified(frames, tick=stages.check_abort)
        if record is None:
            missing.append(frames)
        else:
            kept.append(record)
    rest = replace(job, ranges=missing, finished=kept)
    made = make_segments(source, rest, stages) if missing else ()
    return tuple(sorted((*kept, *made), key=lambda record: record.frames)), len(kept)


def _assemble(
    request: RenderRequest, video: JoinedSegments, sound: Soundtrack, stages: StageMonitor
) -> None:
    """Write the finished file and check it."""
    target, projection = request.target, request.plan.picture.format.projection
    video.check(lambda fraction: stages.step("Joining", fraction))
    stages.progress("Adding sound", 0.0)
    write_video(
        target,
        video,
        sound,
        tags=request.tags,
        on_progress=lambda fraction: stages.step("Adding sound", fraction),
    )
    if projection is not Projection.FLAT:
        write_spherical(
            target,
            is_stereo=projection is Projection.EQUIRECT_STEREO,
            on_progress=lambda fraction: stages.step("Adding sound", fraction),
        )
    flush(target)
    stages.progress("Checking", 0.0)
    check_video(target, request.plan, n_samples=sound.stop - sound.start)
    stages.progress("Checking", 1.0)
