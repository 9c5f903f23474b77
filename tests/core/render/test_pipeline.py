"""The drawing stage: two threads, bounded buffers, errors and stops that cross between them."""

import threading
from fractions import Fraction

import numpy as np
import pytest

from core.errors import DiskError, EncoderError, JobAborted, RenderError
from core.render.conversion import FrameConverter
from core.render.disk import RESERVE_BYTES, DiskGuard
from core.render.encoder_options import Resources
from core.render.encoders import resolve_encoder
from core.render.estimate import probe_render
from core.render.frame_queue import FrameQueue
from core.render.pipeline import MAX_BUFFERS, SegmentJob, make_segments
from core.render.segments import FrameRange, SegmentFolder, segment_ranges
from core.render.shape import shape_of
from core.render.source import QuietMonitor
from core.render.video_file import VideoFileWriter
from core.render.windows import probe_windows
from tests.core.render.moving_pattern import MovingPattern, plan_of, read_barcode
from tests.core.render.test_join import decode

PLAN = plan_of(end=45)
SHAPE = shape_of(PLAN)
ENCODER = resolve_encoder(
    "h264",
    SHAPE,
    "draft",
    resources=Resources(cores=2, memory_bytes=1 << 31),
    names=("libx264",),
)


class Monitor(QuietMonitor):
    def __init__(self, stop_after: int | None = None):
        self.fractions: list[float] = []
        self.rates: list[float | None] = []
        self.n_checks = 0
        self._stop_after = stop_after

    def progress(self, stage, fraction, *, fps=None):
        assert stage == "Drawing"
        self.fractions.append(fraction)
        self.rates.append(fps)

    def check_abort(self):
        self.n_checks += 1
        if self._stop_after is not None and self.n_checks > self._stop_after:
            raise JobAborted


def job(tmp_path, *, free=lambda _: 1 << 40, limit=1 << 40, size=10):
    folder = SegmentFolder(tmp_path / "segments")
    folder.prepare()
    return SegmentJob(
        ranges=tuple(segment_ranges(PLAN.first_frame, PLAN.end_frame, size)),
        folder=folder,
        encoder=ENCODER,
        shape=SHAPE,
        guard=DiskGuard(folder=tmp_path, max_output_bytes=limit, free=free),
    )


def files(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.folder.iterdir())}


def no_encoder_thread_is_left():
    return not [thread for thread in threading.enumerate() if thread.name == "encode"]


@pytest.mark.parametrize("is_software", [True, False])
def test_every_frame_is_drawn_once_in_order_and_lands_in_its_segment(tmp_path, is_software):
    work = job(tmp_path)
    source = MovingPattern(192, 96, is_software=is_software)
    records = make_segments(source, work, QuietMonitor())
    assert source.drawn == list(range(45))
    assert [record.frames for record in records] == list(work.ranges)
    for record in records:
        numbers = [read_barcode(luma) for *_, luma in decode(work.folder.path(record.frames))]
        assert numbers == list(range(record.frames.first, record.frames.end))
        assert work.folder.verified(record.frames) == record


def test_the_bytes_are_the_same_every_time(tmp_path):
    made = []
    for name in "ab":
        work = job(tmp_path / name)
        make_segments(MovingPattern(192, 96), work, QuietMonitor())
        made.append(files(work.folder))
    assert made[0] == made[1]


def test_drawing_is_never_more_than_the_buffers_ahead(tmp_path, monkeypatch):
    encoded, ahead = [], []
    write = VideoFileWriter.write

    def counted_write(self, frame):
        write(self, frame)
        encoded.append(frame)

    monkeypatch.setattr(VideoFileWriter, "write", counted_write)
    source = MovingPattern(192, 96, on_frame=lambda index: ahead.append(index - len(encoded)))
    make_segments(source, job(tmp_path), QuietMonitor())
    assert max(ahead) <= MAX_BUFFERS + 1


def test_progress_goes_from_nothing_to_everything(tmp_path):
    monitor = Monitor()
    make_segments(MovingPattern(192, 96), job(tmp_path), monitor)
    assert monitor.fractions == sorted(set(monitor.fractions))
    assert monitor.fractions[0] == 0
    assert monitor.fractions[-1] > 0.95
    assert any(monitor.rates)


def test_a_stop_keeps_finished_segments_only_and_leaves_no_thread(tmp_path):
    work = job(tmp_path)
    with pytest.raises(JobAborted):
        make_segments(MovingPattern(192, 96), work, Monitor(stop_after=32))
    assert no_encoder_thread_is_left()
    whole = [frames for frames in work.ranges if work.folder.verified(frames)]
    assert whole == list(work.ranges[: len(whole)])
    assert len(whole) < len(work.ranges)


def test_an_error_while_drawing_ends_the_encoder(tmp_path):
    def fail(index):
        if index == 17:
            raise RenderError("The shader is gone.")

    work = job(tmp_path)
    with pytest.raises(RenderError, match="shader is gone"):
        make_segments(MovingPattern(192, 96, on_frame=fail), work, QuietMonitor())
    assert no_encoder_thread_is_left()
    assert work.folder.verified(work.ranges[1]) is None


def test_an_error_while_encoding_ends_the_drawing(tmp_path, monkeypatch):
    def fail(self, pixels):
        raise EncoderError("The encoder is gone.")

    monkeypatch.setattr(FrameConverter, "from_rgba", fail)
    source = MovingPattern(192, 96)
    with pytest.raises(EncoderError, match="encoder is gone"):
        make_segments(source, job(tmp_path), QuietMonitor())
    assert len(source.drawn) <= MAX_BUFFERS + 1
    assert no_encoder_thread_is_left()


def test_the_disk_is_watched_while_drawing(tmp_path):
    asked = []

    def free(folder):
        asked.append(folder)
        return (1 << 40) if len(asked) < 3 else RESERVE_BYTES

    work = job(tmp_path, free=free)
    with pytest.raises(DiskError) as caught:
        make_segments(MovingPattern(192, 96), work, QuietMonitor())
    assert "finished parts are kept" in caught.value.hint
    assert work.folder.verified(work.ranges[0])


def test_a_video_over_the_limit_is_stopped(tmp_path):
    with pytest.raises(DiskError) as caught:
        make_segments(MovingPattern(192, 96), job(tmp_path, limit=3000), QuietMonitor())
    assert caught.value.code == "output-limit"


def test_a_damaged_segment_is_made_anew_to_the_same_bytes(tmp_path):
    work = job(tmp_path)
    make_segments(MovingPattern(192, 96), work, QuietMonitor())
    before = files(work.folder)
    damaged = work.folder.path(work.ranges[2])
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"?")
    missing = [frames for frames in work.ranges if work.folder.verified(frames) is None]
    assert missing == [work.ranges[2]]
    source = MovingPattern(192, 96)
    again = SegmentJob(
        ranges=missing, folder=work.folder, encoder=ENCODER, shape=SHAPE, guard=work.guard
    )
    make_segments(source, again, QuietMonitor())
    assert source.drawn == list(range(20, 30))
    assert files(work.folder) == before


def test_a_waiting_side_hears_of_a_stop():
    frames = FrameQueue([])
    with pytest.raises(JobAborted):
        frames.borrow(_abort)
    frames.fail(EncoderError("gone"))
    with pytest.raises(EncoderError):
        frames.borrow(lambda: None)
    frames.send(0, np.zeros(1, np.uint8))
    frames.stop()
    assert frames.receive() is None


def _abort():
    raise JobAborted


def test_probe_windows_find_quiet_median_and_loud():
    plan = plan_of(end=3000, fps=Fraction(30))
    times = np.arange(0, 100, 0.01)
    levels = np.where(times < 30, 0.1, np.where(times < 80, 0.5, 0.9)) + times * 1e-6
    windows = probe_windows(plan, times, levels)
    assert len(windows) == 3
    quiet, middle, loud = [window.first / 30 for window in windows]
    assert quiet < 30 <= middle < 80 <= loud
    assert all(window.n_frames == 15 for window in windows)


@pytest.mark.parametrize("n_frames", [1, 3, 20, 46, 47, 60, 301])
@pytest.mark.parametrize("first", [0, 500])
def test_probe_windows_lie_within_the_plan_and_apart(n_frames, first):
    plan = plan_of(first=first, end=first + n_frames, fps=Fraction(30))
    for levels in ([], np.zeros(2000), np.arange(2000), -np.arange(2000)):
        windows = probe_windows(plan, np.arange(len(levels)) / 100, levels)
        assert windows
        edges = [edge for window in windows for edge in (window.first, window.end)]
        assert edges == sorted(edges)
        assert edges[0] >= first
        assert edges[-1] <= first + n_frames
        assert all(window.n_frames > 0 for window in windows)


def test_a_probe_scales_up_what_it_made_and_leaves_nothing(tmp_path):
    windows = [FrameRange(first=0, end=8), FrameRange(first=20, end=28)]
    source = MovingPattern(192, 96)
    report = probe_render(
        PLAN, source, ENCODER, windows, folder=tmp_path / "probe", monitor=QuietMonitor()
    )
    assert source.drawn == [0, *range(8), *range(20, 28)]
    assert report.fps > 0
    assert report.render_s > 0
    sound = 384_000 / 8 * 1.5
    assert sound < report.output_bytes < sound + 1e6
    assert report.disk_needed_bytes > report.output_bytes
    assert not (tmp_path / "probe").exists()
