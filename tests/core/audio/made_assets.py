"""Assets as values, without files, for tests of recipes."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from core.ingest.sources import AudioFile
from core.library.model import Asset, PcmInfo, Probe, Provenance, StreamInfo

WHEN = datetime(2026, 1, 2, tzinfo=UTC)


def asset(name: str, seconds: float, *, rate: int = 48_000, **changes: Any) -> Asset:
    n = round(seconds * rate)
    made = Asset(
        id=name,
        name=f"{name}.wav",
        title=name.title(),
        sha256=name,
        size_bytes=1,
        duration_s=n / rate,
        probe=Probe(
            container="wav",
            duration_s=n / rate,
            size_bytes=1,
            audio_stream=0,
            streams=(StreamInfo(index=0, kind="audio", codec="pcm_f32le"),),
        ),
        pcm=PcmInfo(
            key=name, sample_rate_hz=rate, channels=2, n_samples=n, sample_format="f4", peak=1.0
        ),
        provenance=Provenance(
            source=AudioFile(path=Path("/a.wav")), ingested_at=WHEN, tool_versions={}
        ),
        created_at=WHEN,
    )
    return msgspec.structs.replace(made, **changes)


ASSETS = {
    "voice": asset("voice", 10.0),
    "music": asset("music", 8.0, rate=44_100),
    "jingle": asset("jingle", 1.5, rate=37_800),
}
