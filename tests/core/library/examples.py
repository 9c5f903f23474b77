"""Assets made up for tests."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path

from core.ids import new_id
from core.ingest.sources import AudioFile
from core.library.model import Asset, PcmInfo, Probe, Provenance


def an_asset(name="song.wav", content=b"sound", **fields):
    """Return an asset whose original is `content`."""
    sha256 = hashlib.sha256(content).hexdigest()
    values = {
        "id": new_id(),
        "name": name,
        "title": Path(name).stem,
        "sha256": sha256,
        "size_bytes": len(content),
        "duration_s": 2.0,
        "probe": Probe(
            container="wav", duration_s=2.0, size_bytes=len(content), audio_stream=0, streams=()
        ),
        "pcm": PcmInfo(
            key=sha256, sample_rate_hz=8, channels=1, n_samples=16, sample_format="f4", peak=1.0
        ),
        "provenance": Provenance(
            source=AudioFile(path=Path("/music") / name),
            ingested_at=datetime(2026, 1, 1, tzinfo=UTC),
            tool_versions={},
        ),
        "created_at": datetime(2026, 1, 1, tzinfo=UTC),
    }
    return Asset(**values | fields)
