"""What every render backend promises; a backend's test inherits the class and builds its own."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from core.backends.base import RenderBackend, RenderOutcome, RenderRequest
from core.errors import DiskError, JobAborted
from core.paths import LibraryPaths
from core.render.plan import RenderPlan
from tests.core.render.moving_pattern import clicks, plan_of, read_barcode

WIDTH, HEIGHT = 192, 96


class Watcher:
    """Keeps what a backend reports; aborts at a fraction when told to."""

    def __init__(self, abort_at: float = 2.0) -> None:
        self.reports: list[tuple[str, float]] = []
        self.facts: dict[str, str] = {}
        self._abort_at = abort_at

    def progress(self, stage: str, fraction: float, *, fps: float | None = None) -> None:
        self.reports.append((stage, fraction))

    def check_abort(self) -> None:
        if self.reports and self.reports[-1][1] >= self._abort_at:
            raise JobAborted

    def allow_stall(self, seconds: float) -> None:
        assert seconds >= 0

    def record_fact(self, name: str, value: str) -> None:
        self.facts[name] = value


class BackendContract:
    """Inherit, and return the backend to test from `make_backend`."""

    def make_backend(self) -> RenderBackend:
        raise NotImplementedError

    def render(self, root: Path, plan: RenderPlan, watcher: Watcher, **extra) -> RenderOutcome:
        root.mkdir(parents=True, exist_ok=True)
        self.write_inputs(root, plan)
        request = RenderRequest(
            plan=plan,
            prepared=root / "prepared.flac",
            features=root / "features",
            paths=LibraryPaths(root),
            target=root / "video.mp4",
            tags={"title": "Ein Stück", "artist": "Wir"},
            **{"max_output_bytes": 10**9, **extra},
        )
        return self.make_backend().render(request, watcher)

    def write_inputs(self, root: Path, plan: RenderPlan) -> None:
        """Put the sound and the features in place, for backends that read them."""

    def test_makes_every_frame_with_sound(self, tmp_path):
        plan = plan_of(fps=Fraction(30000, 1001), first=7, end=32, segment_frames=10)
        outcome = self.render(tmp_path, plan, Watcher())
        with av.open(str(outcome.path)) as container:
            numbers = [read_barcode(luma(frame)) for frame in container.decode(video=0)]
            assert numbers == list(range(7, 32))
            assert container.streams.audio[0].duration == round(25 * 1001 / 30000 * 48_000)
            assert container.metadata["title"] == "Ein Stück"

    def test_reports_stages_in_order_and_never_goes_back(self, tmp_path):
        watcher = Watcher()
        self.render(tmp_path, plan_of(), watcher)
        stages = list(dict.fromkeys(stage for stage, _ in watcher.reports))
        assert stages == ["Preparing", "Drawing", "Joining", "Adding sound", "Checking"]
        fractions = [fraction for _, fraction in watcher.reports]
        assert fractions == sorted(fractions)
        assert fractions[0] == 0
        assert 0.9 < fractions[-1] <= 1

    def test_records_what_a_resume_needs(self, tmp_path):
        watcher = Watcher()
        outcome = self.render(tmp_path, plan_of(), watcher)
        assert watcher.facts["renderer"] == outcome.renderer
        assert outcome.encoder in watcher.facts["encoder"]

    def test_stops_when_told_and_resumes_to_the_same_bytes(self, tmp_path):
        plan = plan_of(end=45)
        unbroken = self.render(tmp_path / "unbroken", plan, Watcher()).path.read_bytes()
        stopped = Watcher(abort_at=0.6)
        with pytest.raises(JobAborted):
            self.render(tmp_path / "broken", plan, stopped)
        assert not (tmp_path / "broken" / "video.mp4").exists()
        outcome = self.render(tmp_path / "broken", plan, Watcher(), facts=stopped.facts)
        assert outcome.segments_reused > 0
        assert outcome.path.read_bytes() == unbroken

    def test_refuses_more_than_the_output_limit(self, tmp_path):
        with pytest.raises(DiskError) as caught:
            self.render(tmp_path, plan_of(), Watcher(), max_output_bytes=2000)
        assert caught.value.code == "output-limit"
        assert caught.value.hint

    def test_does_not_touch_its_inputs(self, tmp_path):
        self.write_inputs(tmp_path, plan_of())
        before = {path: path.read_bytes() for path in tmp_path.iterdir()}
        self.render(tmp_path, plan_of(), Watcher())
        assert all(path.read_bytes() == data for path, data in before.items())


def luma(frame) -> np.ndarray:
    plane = frame.planes[0]
    rows = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
    return rows[:, : plane.width]


def sound_for(plan: RenderPlan):
    """Prepared sound as long as the plan's track, with a click every half second."""
    seconds = plan.duration_s
    return clicks([at / 2 for at in range(int(seconds * 2))], seconds)
