"""Plain words for values: what a person reads instead of a status, a size or a format name."""

from core.jobs.model import (
    FrameParams,
    IngestParams,
    JobKind,
    JobParams,
    JobStatus,
    JobView,
    PictureParams,
    RenderParams,
)
from core.library.model import Asset
from core.render.formats import OutputFormat, Projection, format_named
from core.units import fps_text, time_text

STAGES = {
    "": "Working",
    "hash": "Reading the file",
    "hashing": "Reading the file",
    "copy": "Copying into the library",
    "probe": "Looking inside",
    "decode": "Decoding sound",
    "peaks": "Drawing the waveform",
    "mix": "Mixing sound",
    "prepare": "Mixing sound",
    "analyze": "Analysing",
    "analyse": "Analysing",
    "beats": "Finding the beat",
    "plan": "Planning",
    "render": "Rendering",
    "frames": "Rendering",
    "join": "Putting it together",
    "mux": "Adding the sound",
    "finish": "Finishing",
    "publish": "Finishing",
}
KINDS = {
    JobKind.INGEST: ("Add to library", "Adding to library"),
    JobKind.PREPARE: ("Mix sound", "Mixing sound"),
    JobKind.ANALYZE: ("Analyse", "Analysing"),
    JobKind.RENDER: ("Render video", "Rendering"),
    JobKind.FRAME: ("Draw a still", "Drawing"),
    JobKind.ESTIMATE: ("Estimate", "Estimating"),
    JobKind.EXPORT: ("Write a sound file", "Writing"),
}
FORMATS = {
    "flat-1080p-landscape": "Landscape 1080p · 16:9",
    "flat-1080p-portrait": "Portrait 1080p · 9:16",
    "flat-1080p-square": "Square 1080p · 1:1",
    "flat-720p-landscape": "Landscape 720p · 16:9",
    "flat-4k-landscape": "Landscape 4K · 16:9",
    "flat-4k-portrait": "Portrait 4K · 9:16",
    "360-mono-4k": "360° 4K",
    "360-mono-6k": "360° 6K",
    "360-mono-8k": "360° 8K",
    "360-stereo-5.7k": "360° 3D 5.7K",
    "360-stereo-8k": "360° 3D 8K",
}
SHORT_FORMATS = {
    "flat-1080p-landscape": "1080p 16:9",
    "flat-1080p-portrait": "1080p 9:16",
    "flat-1080p-square": "1080p 1:1",
    "flat-720p-landscape": "720p 16:9",
    "flat-4k-landscape": "4K 16:9",
    "flat-4k-portrait": "4K 9:16",
}
QUALITIES = {"final": "Best", "draft": "Quick draft"}


def format_title(name: str) -> str:
    """Return the name of an output format as the pickers show it."""
    return FORMATS.get(name) or format_named(name).title


def format_short(name: str) -> str:
    """Return the name of an output format for a narrow column."""
    return SHORT_FORMATS.get(name) or format_named(name).title


def shape_of(fmt: OutputFormat) -> str:
    """Return 16:9, 9:16, 1:1 or 360° for a format."""
    if fmt.projection is not Projection.FLAT:
        return "360°"
    ratio = fmt.width / fmt.height
    return "1:1" if abs(ratio - 1) < 0.05 else "16:9" if ratio > 1 else "9:16"


def tempo_words(bpm: float) -> str:
    """Return beats a minute: 112, 93.5."""
    return f"{bpm:.1f}".removesuffix(".0")


def length_words(seconds: float) -> str:
    """Return a length: 3:42, 58:20, and 0.4 s where 0:00 would say nothing."""
    return f"{seconds:.1f} s" if seconds < 1 else time_text(seconds)


def asset_line(asset: Asset, tempo_bpm: float | None = None) -> str:
    """Return the second line of a track: length, tempo (or the corrected one), loudness."""
    parts = [length_words(asset.duration_s)]
    if asset.missing:
        return f"{parts[0]} · file is missing"
    if asset.analysis is None:
        return f"{parts[0]} · not analysed yet"
    tempo_bpm = tempo_bpm or asset.analysis.tempo_bpm
    if tempo_bpm:
        parts.append(f"{tempo_bpm:.0f} BPM")
    if asset.analysis.loudness_lufs is not None:
        parts.append(f"{asset.analysis.loudness_lufs:.1f} LUFS".replace("-", "−"))
    return " · ".join(parts)


def status_words(job: JobView) -> str:
    """Return a job's state in plain words."""
    match job.status:
        case JobStatus.QUEUED if job.held:
            return "On hold"
        case JobStatus.QUEUED if job.blocked:
            return "Waiting for the sound"
        case JobStatus.QUEUED:
            return "Waiting" if job.attempt == 0 else f"Waiting · try {job.attempt + 1}"
        case JobStatus.RUNNING:
            return KINDS[job.kind][1]
        case JobStatus.DONE:
            return "Done"
        case JobStatus.FAILED:
            return "Failed"
        case JobStatus.CANCELLED:
            return "Cancelled"


def stage_words(job: JobView) -> str:
    """Return what a running job is doing just now; empty when it is not running."""
    if job.status is not JobStatus.RUNNING:
        return ""
    stage = job.stage.strip()
    return STAGES.get(stage.lower()) or stage.replace("_", " ").capitalize()


def picture_of(params: JobParams) -> PictureParams | None:
    """Return what a job draws, if it draws."""
    return params.picture if isinstance(params, RenderParams | FrameParams) else None


def output_words(job: JobView) -> str:
    """Return what will come of a job, for the output column."""
    picture = picture_of(job.params)
    if picture is not None:
        return f"{format_short(picture.format)} · {fps_text(picture.fps)} fps"
    return "Track" if isinstance(job.params, IngestParams) else "Sound"


def left_words(job: JobView) -> str:
    """Return how long a job still takes, or took."""
    if job.status is JobStatus.RUNNING:
        return time_text(job.eta_s) if job.eta_s is not None else "…"
    if job.status is JobStatus.DONE and job.started_at and job.finished_at:
        return time_text((job.finished_at - job.started_at).total_seconds())
    return "—"


def duration_words(seconds: float) -> str:
    """Return a rough length of time: 40 s, 6 min, 2 h 10 min."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


def size_words(n_bytes: int) -> str:
    """Return a file size: 640 KB, 83 MB, 2.1 GB."""
    value = float(n_bytes)
    for unit in ("B", "KB", "MB", "GB"):
        if value < 1000:
            return f"{value:.1f} {unit}" if unit == "GB" and value < 100 else f"{value:.0f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"


def precise_time(seconds: float) -> str:
    """Return m:ss.mmm or h:mm:ss.mmm, as the transport shows it."""
    millis = max(0, round(seconds * 1000))
    minutes, rest = divmod(millis, 60_000)
    hours, minutes_left = divmod(minutes, 60)
    head = f"{hours}:{minutes_left:02d}" if hours else f"{minutes}"
    return f"{head}:{rest // 1000:02d}.{rest % 1000:03d}"


def range_words(start_s: float, end_s: float) -> str:
    """Return a stretch of a track, to the millisecond where that is not more than one can read."""
    show = time_text if end_s >= 3600 else precise_time
    return f"{show(start_s)} – {show(end_s)}"


def plural(count: int, word: str) -> str:
    """Return 1 track, 3 tracks."""
    return f"{count:,} {word}" if count == 1 else f"{count:,} {word}s"


def tick_text(time_s: float, step_s: float) -> str:
    """Return a ruler's label: whole seconds, or tenths where the ticks stand closer."""
    if step_s >= 1:
        return time_text(time_s)
    return f"{int(time_s) // 60}:{time_s % 60:04.1f}"
