"""Drawing stage: the missing segments of a plan, drawn and encoded side by side.

In: a frame source, the frame ranges of the plan, a resolved encoder. Out: finished segments.
OpenGL draws on the calling thread, to which it belongs; colour conversion, encoding and writing
run on a second one, with few buffers in between. A third drains the encoder of a segment and
publishes it while the next one begins, so that no core waits for the other at the seams.
"""

import itertools
import math
import threading
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field

import numpy as np

from core.errors import BugError
from core.render.conversion import FrameConverter, Pixels
from core.render.disk import DiskGuard
from core.render.frame_queue import FrameQueue
from core.render.segments import FrameRange, SegmentFolder, SegmentRecord
from core.render.shape import VideoShape
from core.render.source import FrameSource, RenderMonitor
from core.render.video_file import ResolvedEncoder, VideoFileWriter

MIN_BUFFERS, MAX_BUFFERS = 4, 12
"""One being drawn, one being converted, the rest wait while a segment is finished; the encoder
keeps its own copies."""
BUFFER_BYTES = 64 * 1024**2
"""What the buffers may take beyond the fewest."""
MAX_OVERLAP_PIXELS = 4_000_000
"""Two encoders are open at a seam only for pictures up to this size: larger ones hold gigabytes,
and a frame takes so long that the seam hardly counts."""
_RATE_WINDOW_S = 3.0
_JOIN_POLL_S = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentJob:
    """The segments to make of one plan, and where they go."""

    ranges: Sequence[FrameRange]
    folder: SegmentFolder
    encoder: ResolvedEncoder
    shape: VideoShape
    guard: DiskGuard
    finished: Sequence[SegmentRecord] = field(default_factory=tuple)
    """Segments of the same plan that an earlier run has made."""

    @property
    def n_frames(self) -> int:
        """Frames still to be made."""
        return sum(frames.n_frames for frames in self.ranges)


def make_segments(
    source: FrameSource, job: SegmentJob, monitor: RenderMonitor
) -> tuple[SegmentRecord, ...]:
    """Draw and encode every segment of `job`; return their records in order.

    The monitor hears fractions from 0 to 1 of this stage, and is asked for an abort before each
    frame and while waiting.

    Raises
    ------
    RenderError, EncoderError, DiskError
        What went wrong on either thread. Finished segments stay; the unfinished one does not.
    JobAborted
        When the monitor says so.
    """
    frames = FrameQueue(_buffers(job.shape, source))
    meter = _Meter(job, monitor)
    encoding = _EncodingThread(job, frames, is_rgba=source.is_software)
    encoding.start()
    try:
        _draw_all(source, job.ranges, frames, meter.watch(encoding))
        frames.end()
        while encoding.is_alive():
            encoding.join(_JOIN_POLL_S)
            meter.tick()
        frames.raise_failure()
    finally:
        if encoding.is_alive():
            frames.stop()
            encoding.join()
    return tuple(encoding.records)


def _buffers(shape: VideoShape, source: FrameSource) -> list[Pixels]:
    size: tuple[int, ...] = (shape.height * 3 // 2, shape.width)
    if source.is_software:
        size = (shape.height, shape.width, 4)
    n_buffers = min(MAX_BUFFERS, max(MIN_BUFFERS, BUFFER_BYTES // math.prod(size)))
    return [np.empty(size, np.uint8) for _ in range(n_buffers)]


def _draw_all(
    source: FrameSource, ranges: Sequence[FrameRange], frames: FrameQueue, meter: "_Meter"
) -> None:
    """Draw every frame; the next one is drawn while the one before it is read back."""
    indices = [index for frame_range in ranges for index in _indices(frame_range)]
    begin, finish = source.begin_i420, source.finish_i420
    if source.is_software:
        begin, finish = source.begin_rgba, source.finish_rgba
    ahead = iter(indices)
    for index in itertools.islice(ahead, 1):
        begin(index)
    for index in indices:
        meter.tick()
        buffer = frames.borrow(meter.tick)
        following = next(ahead, None)
        if following is not None:
            begin(following)
        finish(buffer)
        frames.send(index, buffer)
        meter.n_drawn += 1


def _indices(frames: FrameRange) -> range:
    return range(frames.first, frames.end)


class _EncodingThread(threading.Thread):
    """Converts and encodes what it receives, one file per segment."""

    def __init__(self, job: SegmentJob, frames: FrameQueue, *, is_rgba: bool) -> None:
        super().__init__(name="encode", daemon=True)
        self.records: list[SegmentRecord] = []
        self.n_encoded = 0
        self._job = job
        self._frames = frames
        self._converter = FrameConverter(job.encoder.pixel_format)
        self._is_rgba = is_rgba

    def run(self) -> None:
        """Encode until the end; hand any failure to the drawing side."""
        try:
            with ThreadPoolExecutor(1, thread_name_prefix="finish-segment") as pool:
                self._encode_all(pool)
        except BaseException as error:  # noqa: BLE001 - it is raised again on the other thread
            self._frames.fail(error)

    def _encode_all(self, pool: ThreadPoolExecutor) -> None:
        finishing: Future[None] | None = None
        overlap = self._job.shape.n_pixels <= MAX_OVERLAP_PIXELS
        for frames in self._job.ranges:
            writer = self._encode(frames)
            if finishing is not None:
                finishing.result()  # two encoders at a time, never three
            if writer is None:
                return
            finishing = pool.submit(self._finish, frames, writer)
            if not overlap:
                finishing.result()
        if finishing is not None:
            finishing.result()

    def _encode(self, frames: FrameRange) -> VideoFileWriter | None:
        """Give a segment's frames to an encoder; return None when they are no longer wanted."""
        job = self._job
        writer = VideoFileWriter(job.folder.unfinished_path(frames), job.encoder, job.shape)
        with ExitStack() as on_failure:
            on_failure.push(writer)
            for index in _indices(frames):
                item = self._frames.receive()
                if item is None:
                    return None
                if item[0] != index:
                    raise BugError(f"Frame {item[0]} came where {index} was due.")
                self._encode_frame(writer, item[1])
            on_failure.pop_all()
        return writer

    def _finish(self, frames: FrameRange, writer: VideoFileWriter) -> None:
        with writer:
            run = writer.finish()
        self.records.append(self._job.folder.commit(frames, run))
        self._check_disk()

    def _encode_frame(self, writer: VideoFileWriter, buffer: Pixels) -> None:
        convert = self._converter.from_rgba if self._is_rgba else self._converter.from_i420
        frame = convert(buffer)
        self._frames.give_back(buffer)
        writer.write(frame)
        self.n_encoded += 1

    def _check_disk(self) -> None:
        """Look ahead: what is left to make, and the finished video beside its segments."""
        known = (*self._job.finished, *self.records)
        n_bytes = sum(record.bytes for record in known)
        n_done = sum(record.frames.n_frames for record in known)
        per_frame = n_bytes / n_done
        left = self._job.n_frames - self.n_encoded
        self._job.guard.check_output(n_bytes)
        self._job.guard.check_room(left * per_frame + (n_done + left) * per_frame)


class _Meter:
    """Reports how far the stage is and how fast it goes, and asks whether to stop."""

    def __init__(self, job: SegmentJob, monitor: RenderMonitor) -> None:
        self.n_drawn = 0
        self._n_before = sum(record.frames.n_frames for record in job.finished)
        self._n_total = max(1, self._n_before + job.n_frames)
        self._monitor = monitor
        self._encoding: _EncodingThread | None = None
        self._marks: deque[tuple[float, int]] = deque()
        self._reported = -1.0

    def watch(self, encoding: _EncodingThread) -> "_Meter":
        """Count what this thread encodes."""
        self._encoding = encoding
        return self

    def tick(self) -> None:
        """Report, and raise JobAborted when the render shall stop."""
        self._monitor.check_abort()
        n_encoded = self._encoding.n_encoded if self._encoding else 0
        # Frames count half when drawn and half when encoded, so that the end is no long wait.
        done = self._n_before + (self.n_drawn + n_encoded) / 2
        rate = self._rate(n_encoded)
        if done > self._reported:  # what stands still must be seen to stand still
            self._reported = done
            self._monitor.progress("Drawing", done / self._n_total, fps=rate)

    def _rate(self, n_encoded: int) -> float | None:
        """Frames a second over the last few seconds."""
        now = time.monotonic()
        self._marks.append((now, n_encoded))
        while now - self._marks[0][0] > _RATE_WINDOW_S and len(self._marks) > 2:
            self._marks.popleft()
        elapsed = now - self._marks[0][0]
        rate = (n_encoded - self._marks[0][1]) / elapsed if elapsed > 0 else 0.0
        return rate or None
