"""Render figures: the pipeline against its ceiling and against the naive way, and peak memory.

    python tests/bench/bench_render.py [--frames N] [--trials N] [--sizes 720p,1080p] [--memory N]

Each trial measures, one after the other: drawing alone, converting and encoding alone, the whole
pipeline, and the naive way (one thread, RGBA, swscale, PyAV's defaults). On the software rasteriser
the ceiling is cores / (CPU seconds of drawing a frame + of encoding it); on a graphics card it is
the slower of drawing alone and encoding alone. Wanted: 0.9 of the ceiling; 1.15 times the naive
way (2 times on a graphics card); under 8 GB at 360-stereo-5.7k, in a process of its own.
"""

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.frame import VideoFrame

from core.analysis.features import FeatureHeader, Features, features_of, n_hops_of
from core.render.conversion import FrameConverter
from core.render.disk import DiskGuard
from core.render.encoder_options import Resources, measure_resources
from core.render.encoders import resolve_encoder
from core.render.formats import format_named
from core.render.frames import FrameRenderer
from core.render.pipeline import SegmentJob, make_segments
from core.render.plan import ContentRef, FileSpec, PictureSpec, RenderPlan
from core.render.segments import SegmentFolder, segment_ranges
from core.render.shape import shape_of
from core.render.source import QuietMonitor
from core.render.video_file import ResolvedEncoder, VideoFileWriter
from core.scenes.model import Cue, Scene, ShaderLayer

WANTED_OF_CEILING, WANTED_OF_NAIVE, WANTED_OF_NAIVE_GPU, WANTED_GB = 0.9, 1.15, 2.0, 8.0
SIZES = {"720p": "flat-720p-landscape", "1080p": "flat-1080p-landscape"}
FPS = Fraction(30)
N_SAMPLE_FRAMES = 30
CHEAP = """
vec4 shade(Ray ray) {
    vec3 d = ray.dir;
    vec3 wave = 0.5 + 0.5 * sin(6.0 * d.xyz + vec3(1.0, 1.3, 1.7) * u_time);
    return vec4(wave * (0.6 + 0.4 * sin(40.0 * d.x * d.y)), 1.0);
}
"""

pytestmark = pytest.mark.bench


def cheap_plan(format_name: str, n_frames: int, quality: str = "draft") -> RenderPlan:
    fmt = format_named(format_name)
    layer = ShaderLayer(name="wave", title="Wave", fragment=CHEAP)
    return RenderPlan(
        picture=PictureSpec(
            format=fmt,
            fps=FPS,
            cues=(Cue(scene="cheap"),),
            scenes=(Scene(name="cheap", title="Cheap", layers=(layer,)),),
            quality=quality,
        ),
        file=FileSpec(codec="hevc" if fmt.needs_hevc else "h264", quality=quality),
        audio=ContentRef(key="none", sha256="0" * 64),
        features=ContentRef(key="none", sha256="0" * 64),
        duration_s=float(n_frames / FPS),
        first_frame=0,
        end_frame=n_frames,
    )


def silent_features(plan: RenderPlan) -> Features:
    hops = n_hops_of(plan.duration_s)
    header = FeatureHeader(n_hops=hops, duration_s=plan.duration_s, sample_rate_hz=48_000)
    return features_of(header, {})


@dataclass(frozen=True)
class Cost:
    """Seconds a frame: of the wall clock, and of all cores together."""

    wall_s: float
    cpu_s: float


def cost_of(work: Callable[[], object], n_frames: int) -> Cost:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return Cost((time.perf_counter() - wall) / n_frames, (time.process_time() - cpu) / n_frames)


class Bench:
    """One format: its renderer, its encoder, and the four ways of spending time."""

    def __init__(self, format_name: str, n_frames: int, folder: Path) -> None:
        self.plan = cheap_plan(format_name, n_frames)
        self.n_frames, self.folder = n_frames, folder
        self.shape = shape_of(self.plan)
        self.resources: Resources = measure_resources()
        self.encoder: ResolvedEncoder = resolve_encoder(
            self.plan.file.codec, self.shape, self.plan.file.quality, resources=self.resources
        )
        self.renderer = FrameRenderer(self.plan, silent_features(self.plan))
        self.is_software = self.renderer.is_software
        size = (self.shape.height, self.shape.width, 4)
        if not self.is_software:
            size = (self.shape.height * 3 // 2, self.shape.width)
        self.pixels = np.empty(size, np.uint8)
        # Sample frames lie as far apart as neighbours do, so that encoding costs what it costs.
        self.samples = [self._sample(index) for index in range(N_SAMPLE_FRAMES)]

    def _sample(self, index: int) -> np.ndarray:
        self.read(index, self.pixels)
        return self.pixels.copy()

    def read(self, index: int, out: np.ndarray) -> None:
        (self.renderer.read_rgba if self.is_software else self.renderer.read_i420)(index, out)

    def draw(self) -> None:
        for index in range(self.n_frames):
            self.read(index, self.pixels)

    def encode(self) -> None:
        converter = FrameConverter(self.encoder.pixel_format)
        convert = converter.from_rgba if self.is_software else converter.from_i420
        there_and_back = [*range(N_SAMPLE_FRAMES), *range(N_SAMPLE_FRAMES - 2, 0, -1)]
        for frames in segment_ranges(0, self.n_frames, self.plan.file.segment_frames):
            with VideoFileWriter(self.folder / "e.mp4", self.encoder, self.shape) as writer:
                for index in range(frames.first, frames.end):
                    sample = self.samples[there_and_back[index % len(there_and_back)]]
                    writer.write(convert(sample))
                writer.finish()

    def pipeline(self) -> None:
        folder = SegmentFolder(self.folder / "segments")
        folder.prepare()
        size = self.plan.file.segment_frames
        job = SegmentJob(
            ranges=tuple(segment_ranges(0, self.n_frames, size)),
            folder=folder,
            encoder=self.encoder,
            shape=self.shape,
            guard=DiskGuard(folder=self.folder, max_output_bytes=1 << 40),
        )
        make_segments(self.renderer, job, QuietMonitor())
        folder.discard()

    def naive(self) -> None:
        """One thread, a copy of RGBA, the encoder's own conversion, PyAV's own threading."""
        rgba = np.empty((self.shape.height, self.shape.width, 4), np.uint8)
        with av.open(str(self.folder / "n.mp4"), "w") as container:
            options = dict(self.encoder.options)
            stream = container.add_stream(self.encoder.name, rate=FPS, options=options)
            stream.width, stream.height = self.shape.width, self.shape.height
            stream.gop_size = self.encoder.gop_frames
            for index in range(self.n_frames):
                self.renderer.read_rgba(index, rgba)
                container.mux(stream.encode(VideoFrame.from_ndarray(rgba, format="rgba")))
            container.mux(stream.encode(None))

    def trial(self) -> dict[str, float]:
        draw, encode = cost_of(self.draw, self.n_frames), cost_of(self.encode, self.n_frames)
        ours, naive = cost_of(self.pipeline, self.n_frames), cost_of(self.naive, self.n_frames)
        if self.is_software:
            ceiling = self.resources.cores / (draw.cpu_s + encode.cpu_s)
        else:
            ceiling = 1 / max(draw.wall_s, encode.wall_s)
        return {
            "draw_cpu_ms": draw.cpu_s * 1e3,
            "encode_cpu_ms": encode.cpu_s * 1e3,
            "pipeline_cpu_ms": ours.cpu_s * 1e3,
            "fps": 1 / ours.wall_s,
            "ceiling_fps": ceiling,
            "of_ceiling": 1 / ours.wall_s / ceiling,
            "of_naive": naive.wall_s / ours.wall_s,
            "busy_cores": ours.cpu_s / ours.wall_s,
        }


def measure(size: str, n_frames: int, n_trials: int) -> dict[str, list[float]]:
    """Run the trials of one size and print them."""
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(SIZES[size], n_frames, Path(folder))
        trials = [bench.trial() for _ in range(n_trials)]
        figures = {name: [trial[name] for trial in trials] for name in trials[0]}
        print(
            f"\n{size}, {n_frames} frames × {n_trials} trials, {bench.renderer.renderer}, "
            f"{bench.encoder.name} ({bench.encoder.thread_count} threads), "
            f"{bench.resources.cores} cores"
        )
        for name, values in figures.items():
            print(
                f"  {name:16} median {statistics.median(values):8.2f}   "
                f"{min(values):8.2f} … {max(values):.2f}"
            )
        figures["is_software"] = [float(bench.is_software)]
        bench.renderer.close()
    return figures


def peak_gigabytes(format_name: str, n_frames: int) -> float:
    """Render a few frames in a process of its own and return its largest resident size."""
    command = [sys.executable, str(Path(__file__)), "--child", format_name, "--frames"]
    done = subprocess.run(
        [*command, str(n_frames)], capture_output=True, text=True, check=True, cwd=Path.cwd()
    )
    return float(done.stdout.split()[-1])


def child(format_name: str, n_frames: int) -> None:
    plan = cheap_plan(format_name, n_frames, "final")
    shape = shape_of(plan)
    encoder = resolve_encoder(
        plan.file.codec, shape, plan.file.quality, resources=measure_resources()
    )
    with (
        tempfile.TemporaryDirectory() as folder,
        FrameRenderer(plan, silent_features(plan)) as renderer,
    ):
        segments = SegmentFolder(Path(folder) / "segments")
        segments.prepare()
        job = SegmentJob(
            ranges=tuple(segment_ranges(0, n_frames, n_frames)),
            folder=segments,
            encoder=encoder,
            shape=shape,
            guard=DiskGuard(folder=Path(folder), max_output_bytes=1 << 40),
        )
        make_segments(renderer, job, QuietMonitor())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(peak / (1024**3 if sys.platform == "darwin" else 1024**2))


@pytest.mark.parametrize("size", SIZES)
def test_the_pipeline_reaches_its_ceiling_and_beats_the_naive_way(size):
    figures = measure(size, n_frames=300, n_trials=5)
    naive = WANTED_OF_NAIVE if figures["is_software"][0] else WANTED_OF_NAIVE_GPU
    assert statistics.median(figures["of_ceiling"]) >= WANTED_OF_CEILING
    assert statistics.median(figures["of_naive"]) >= naive


def test_memory_stays_under_eight_gigabytes_at_360_stereo():
    peak = peak_gigabytes("360-stereo-5.7k", 12)
    print(f"\n360-stereo-5.7k: {peak:.2f} GB at most")
    assert peak < WANTED_GB


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=300)
    parser.add_argument("--trials", type=int, default=5)
    parser.add_argument("--sizes", default=",".join(SIZES))
    parser.add_argument("--memory", type=int, default=12, help="frames at 5760²; 0: leave it out")
    parser.add_argument("--child", metavar="FORMAT", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        child(given.child, given.frames)
        return
    for size in filter(None, given.sizes.split(",")):
        measure(size, given.frames, given.trials)
    if given.memory:
        print(f"360-stereo-5.7k: {peak_gigabytes('360-stereo-5.7k', given.memory):.2f} GB at most")


if __name__ == "__main__":
    main()
