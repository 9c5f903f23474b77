"""Probe stage: what a render would cost, from drawing and encoding a little of it.

In: a plan, a frame source, a resolved encoder, windows of frames. Out: `ProbeReport`. Everything
is made by the render's own pipeline, in a scratch folder, so its speed is the render's speed.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from core.render.disk import DiskGuard
from core.render.pipeline import SegmentJob, make_segments
from core.render.plan import RenderPlan
from core.render.segments import FrameRange, SegmentFolder
from core.render.shape import shape_of
from core.render.source import FrameSource, QuietMonitor, RenderMonitor
from core.render.video_file import ResolvedEncoder

ENOUGH_S = 6.0
"""No further window is probed once this long was measured."""
_SOUND_OVERHEAD = 1.02
_NO_LIMIT = 1 << 62
_MUX_BYTES_PER_S = 100e6
"""A slow disk joins at this rate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeReport:
    """What a render would cost. `fps` is frames made in a second; sizes are bytes."""

    render_s: float
    fps: float
    output_bytes: int
    disk_needed_bytes: int


def probe_render(
    plan: RenderPlan,
    source: FrameSource,
    encoder: ResolvedEncoder,
    windows: Sequence[FrameRange],
    *,
    folder: Path,
    monitor: RenderMonitor,
) -> ProbeReport:
    """Render `windows` of the plan and scale up.

    One frame is made first and not counted: it pays for what a render pays only once (shaders,
    memory). At most about `ENOUGH_S` seconds are measured, one window at least.

    Parameters
    ----------
    plan, source, encoder :
        The render that is being asked about.
    windows : sequence of FrameRange
        What to make.
    folder : Path
        A scratch folder; emptied again.
    monitor : RenderMonitor
        Asked for an abort; hears fractions of the probe.

    Raises
    ------
    RenderError, EncoderError, DiskError, JobAborted
    """
    scratch = SegmentFolder(folder)
    scratch.prepare()
    job = SegmentJob(
        ranges=(),
        folder=scratch,
        encoder=encoder,
        shape=shape_of(plan),
        guard=DiskGuard(folder=folder, max_output_bytes=_NO_LIMIT),
    )
    quiet = _AbortOnly(monitor)
    n_frames, n_bytes, elapsed_s = 0, 0, 0.0
    try:
        warm_up = FrameRange(first=windows[0].first, end=windows[0].first + 1)
        make_segments(source, replace(job, ranges=(warm_up,)), quiet)
        for index, window in enumerate(windows):
            monitor.progress("Probing", index / len(windows))
            start = time.perf_counter()
            made = make_segments(source, replace(job, ranges=(window,)), quiet)
            elapsed_s += time.perf_counter() - start
            n_bytes += sum(record.bytes for record in made)
            n_frames += window.n_frames
            if elapsed_s > ENOUGH_S:
                break
    finally:
        scratch.discard()
    return _scale_up(plan, n_frames, n_bytes, elapsed_s)


class _AbortOnly(QuietMonitor):
    """Passes on the question whether to stop; a window's own progress says nothing."""

    def __init__(self, monitor: RenderMonitor) -> None:
        self._monitor = monitor

    def check_abort(self) -> None:
        """Raise JobAborted when the probe shall stop."""
        self._monitor.check_abort()


def _scale_up(plan: RenderPlan, n_frames: int, n_bytes: int, elapsed_s: float) -> ProbeReport:
    fps = n_frames / max(elapsed_s, 1e-6)
    seconds = float(plan.n_frames / plan.picture.fps)
    video = n_bytes / n_frames * plan.n_frames
    sound = plan.file.audio_bitrate_bps / 8 * seconds * _SOUND_OVERHEAD
    return ProbeReport(
        render_s=plan.n_frames / fps + (video + sound) / _MUX_BYTES_PER_S,
        fps=fps,
        output_bytes=int(video + sound),
        # The segments and the finished file lie side by side until the end.
        disk_needed_bytes=int(2 * video + sound),
    )
