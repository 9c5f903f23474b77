"""Probe stage: what a media file says of itself, before its sound is decoded.

In: a path. Out: a `Probe` (streams, tags, chapters, cover), or a MediaError whose sentence says
what is wrong with the file. Nothing is decoded but what FFmpeg needs to know the streams.
"""

import math
from collections.abc import Iterable
from pathlib import Path

import av
from av.container import InputContainer
from av.stream import Disposition, Stream

from core.errors import MediaError
from core.ingest.opening import open_media, require_whole
from core.library.model import Chapter, Probe, StreamInfo

MIN_RATE_HZ, MAX_RATE_HZ = 1_000, 768_000
MAX_CHANNELS = 32
MAX_DURATION_S = 10_000 * 3600.0
"""Beyond this a declared duration is taken as nonsense."""
MAX_TAGS, MAX_TAG_CHARACTERS, MAX_CHAPTERS = 100, 4_000, 10_000
TECHNICAL_TAGS = frozenset(
    "major_brand minor_version compatible_brands encoder handler_name vendor_id duration "
    "number_of_bytes number_of_frames bps _statistics_writing_app _statistics_tags "
    "_statistics_writing_date_utc".split()
)


def probe_file(path: Path) -> Probe:
    """Read what `path` says of itself.

    Parameters
    ----------
    path : Path
        A local file of any container and codec that FFmpeg knows.

    Returns
    -------
    Probe
        `duration_s` is what the file declares, 0 when it declares nothing usable; the decoded
        length decides later. `audio_stream` is the stream marked as default, else the one with
        the most channels, else the first.

    Raises
    ------
    MediaError
        No ordinary readable media file, or no sound in it that can be taken.
    """
    path = Path(path)
    with open_media(path) as container:
        streams = tuple(_stream_info(stream) for stream in container.streams)
        audio = _choose_audio(path, container)
        probe = Probe(
            container=container.format.name,
            duration_s=_declared_duration_s(container, audio),
            size_bytes=path.stat().st_size,
            audio_stream=audio.index,
            streams=streams,
            tags=_tags(container, audio),
            chapters=_chapters(container),
            has_cover=any(stream.is_cover for stream in streams),
        )
    require_whole(path)
    return probe


def _choose_audio(path: Path, container: InputContainer) -> av.AudioStream:
    candidates = list(container.streams.audio)
    if not candidates:
        raise MediaError(
            f"There is no sound in “{path.name}”.",
            hint="Choose a file that has a sound track.",
            path=path,
        )
    usable = [stream for stream in candidates if _problem(stream) is None]
    if not usable:
        raise MediaError(
            f"The sound in “{path.name}” cannot be used: {_problem(candidates[0])}.",
            hint="The file is probably damaged, or its codec is unknown; convert it to WAV first.",
            path=path,
        )
    return max(
        usable,
        key=lambda s: (bool(s.disposition & Disposition.default), _channels(s), -s.index),
    )


def _problem(stream: av.AudioStream) -> str | None:
    context: av.AudioCodecContext | None = stream.codec_context  # the stub leaves out None
    if context is None:
        return "its codec is not known"
    if not _channels(stream):
        return "it has 0 channels"
    if _channels(stream) > MAX_CHANNELS:
        return f"it has {_channels(stream)} channels, and {MAX_CHANNELS} is the most"
    if not MIN_RATE_HZ <= (context.sample_rate or 0) <= MAX_RATE_HZ:
        return f"its sample rate of {context.sample_rate or 0} Hz is out of range"
    return None


def _channels(stream: av.AudioStream) -> int:
    return stream.codec_context.layout.nb_channels if stream.codec_context else 0


def _stream_info(stream: Stream) -> StreamInfo:
    # A stream of an unknown codec has no context, whatever the type says.
    context = getattr(stream, "codec_context", None)
    is_audio, is_video = isinstance(stream, av.AudioStream), isinstance(stream, av.VideoStream)
    rate = context.sample_rate if context and is_audio else None
    return StreamInfo(
        index=stream.index,
        kind=stream.type,
        codec=context.codec.canonical_name if context else "unknown",
        duration_s=_stream_duration_s(stream),
        sample_rate_hz=rate or None,
        channels=context.layout.nb_channels if context and is_audio else None,
        layout=_layout(context.layout.name) if context and is_audio else "",
        bit_depth=_bit_depth(stream) if isinstance(stream, av.AudioStream) else None,
        width=context.width or None if context and is_video else None,
        height=context.height or None if context and is_video else None,
        fps=_fps(stream) if isinstance(stream, av.VideoStream) else None,
        is_cover=bool(stream.disposition & Disposition.attached_pic),
    )


def _layout(name: str) -> str:
    # “2 channels” is how FFmpeg says that the file names none.
    return "" if name.endswith("channels") else name


def _bit_depth(stream: av.AudioStream) -> int | None:
    context: av.AudioCodecContext | None = stream.codec_context
    if context is None:
        return None
    name = context.name
    lossless = name.startswith("pcm_") or name in {"flac", "alac", "wavpack", "ape", "tta", "tak"}
    if not lossless:
        return None
    form: av.AudioFormat | None = context.format  # unset where the header makes no sense
    return getattr(context, "bits_per_raw_sample", 0) or (form.bits if form else None)


def _fps(stream: av.VideoStream) -> float | None:
    return round(float(stream.average_rate), 6) if stream.average_rate else None


def _stream_duration_s(stream: Stream) -> float | None:
    if stream.duration is not None and stream.time_base:
        return _sane_duration_s(float(stream.duration * stream.time_base))
    return _tagged_duration_s(stream.metadata)


def _tagged_duration_s(metadata: dict[str, str]) -> float | None:
    """Return the duration that Matroska writes as a tag: 00:03:21.500000000."""
    text = next((value for key, value in metadata.items() if key.upper() == "DURATION"), "")
    parts = text.split(":")
    try:
        hours, minutes, seconds = (float(part) for part in parts)
    except ValueError:
        return None
    return _sane_duration_s(hours * 3600 + minutes * 60 + seconds)


def _sane_duration_s(seconds: float) -> float | None:
    return seconds if math.isfinite(seconds) and 0 < seconds <= MAX_DURATION_S else None


def _declared_duration_s(container: InputContainer, audio: av.AudioStream) -> float:
    declared = _stream_duration_s(audio)
    if declared is None and container.duration is not None:
        declared = _sane_duration_s(container.duration / av.time_base)
    return declared or 0.0


def _tags(container: InputContainer, audio: av.AudioStream) -> dict[str, str]:
    """Return the tags of the file and of its sound (Ogg keeps them there), keys in lower case."""
    tags: dict[str, str] = {}
    for key, value in (*audio.metadata.items(), *container.metadata.items()):
        name = key.strip().lower()[:100]
        text = value.replace("\x00", "").strip()[:MAX_TAG_CHARACTERS]
        if name and text and name not in TECHNICAL_TAGS and len(tags) < MAX_TAGS:
            tags[name] = text
    if tags.get("language") == "und":
        del tags["language"]
    return tags


def _chapters(container: InputContainer) -> tuple[Chapter, ...]:
    return tuple(_valid_chapters(container))[:MAX_CHAPTERS]


def _valid_chapters(container: InputContainer) -> Iterable[Chapter]:
    for raw in container.chapters():
        if not raw["time_base"]:
            continue
        start, end = (float(raw["start"] * raw["time_base"]), float(raw["end"] * raw["time_base"]))
        if math.isfinite(start) and math.isfinite(end) and 0 <= start <= end <= MAX_DURATION_S:
            title = raw["metadata"].get("title", "").strip()[:MAX_TAG_CHARACTERS]
            yield Chapter(start_s=start, end_s=end, title=title)
