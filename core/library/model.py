"""What the library holds, as values: assets, what was measured of them, projects live beside.

All times are aware UTC; all durations are seconds; rates are Hz.
"""

from datetime import datetime

import msgspec

from core.ingest.sources import Source


class StreamInfo(msgspec.Struct, frozen=True, kw_only=True):
    """One stream of a media file, as FFmpeg sees it."""

    index: int
    kind: str
    """audio, video, subtitle, data or attachment."""
    codec: str
    duration_s: float | None = None
    sample_rate_hz: int | None = None
    channels: int | None = None
    layout: str = ""
    """FFmpeg's name of the channel layout, such as stereo or 5.1(side)."""
    bit_depth: int | None = None
    width: int | None = None
    height: int | None = None
    fps: float | None = None
    is_cover: bool = False


class Chapter(msgspec.Struct, frozen=True, kw_only=True):
    """A named stretch that the file itself declares."""

    start_s: float
    end_s: float
    title: str = ""


class Probe(msgspec.Struct, frozen=True, kw_only=True):
    """What a media file says of itself, before its sound is decoded."""

    container: str
    duration_s: float
    size_bytes: int
    audio_stream: int
    """Index of the stream whose sound is taken."""
    streams: tuple[StreamInfo, ...]
    tags: dict[str, str] = {}
    chapters: tuple[Chapter, ...] = ()
    has_cover: bool = False


class Provenance(msgspec.Struct, frozen=True, kw_only=True):
    """Where an asset came from and what read it."""

    source: Source
    ingested_at: datetime
    tool_versions: dict[str, str]


class PcmInfo(msgspec.Struct, frozen=True, kw_only=True):
    """The decoded sound of an asset in the PCM cache: interleaved little-endian samples."""

    key: str
    sample_rate_hz: int
    channels: int
    n_samples: int
    """Samples per channel."""
    sample_format: str
    """f4 (float32) or i2 (16-bit, when the source is 16-bit PCM or FLAC)."""
    peak: float
    """Largest absolute sample, full scale 1.0."""


class Loudness(msgspec.Struct, frozen=True, kw_only=True):
    """How loud a sound is (EBU R 128); None: silence, too short to tell, or not measured."""

    integrated_lufs: float | None = None
    true_peak_dbtp: float | None = None
    loudness_range_lu: float | None = None
    max_momentary_lufs: float | None = None
    """The loudest 400 ms."""
    max_short_term_lufs: float | None = None
    """The loudest 3 s."""
    sample_peak_dbfs: float | None = None


class Analysis(msgspec.Struct, frozen=True, kw_only=True):
    """The few numbers of an analysis that lists show."""

    prepared_key: str
    features_key: str
    tempo_bpm: float | None
    loudness_lufs: float | None
    true_peak_dbtp: float | None


class Asset(msgspec.Struct, frozen=True, kw_only=True):
    """An original in the library. The original file is never modified."""

    id: str
    name: str
    """File name of the original, safe on every system."""
    title: str
    """Title tag, or the file name without its suffix."""
    artist: str = ""
    sha256: str
    size_bytes: int
    duration_s: float
    probe: Probe
    pcm: PcmInfo
    provenance: Provenance
    analysis: Analysis | None = None
    created_at: datetime
    trashed_at: datetime | None = None
    missing: bool = False
    """True when the original's file is not where the library keeps it."""
