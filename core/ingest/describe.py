"""What is in a file and how loud it is: the probe and one decode of the sound, nothing stored."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np

from core.audio.decode import SoundDecoder
from core.audio.loudness import LoudnessMeter
from core.ingest.probe import probe_file
from core.library.model import Loudness, Probe


class FileReport(msgspec.Struct, frozen=True, kw_only=True):
    """A media file as `cymatic probe` shows it; `duration_s` is what was really decoded."""

    probe: Probe
    duration_s: float
    loudness: Loudness


def describe(path: Path, *, on_progress: Callable[[float], None] | None = None) -> FileReport:
    """Probe a file and measure the loudness of the sound that ingest would take.

    Raises MediaError when it is no media, or its sound cannot be decoded.
    """
    probe = probe_file(path)
    decoder = SoundDecoder(path, probe, on_progress=on_progress)
    meter: LoudnessMeter | None = None
    for block in decoder.blocks():
        if meter is None:
            layout = probe.streams[probe.audio_stream].layout
            meter = LoudnessMeter(decoder.sample_rate_hz, decoder.channels, layout=layout)
        meter.add(block * np.float32(1 / 32768) if decoder.is_short else block)
    return FileReport(
        probe=probe,
        duration_s=decoder.n_samples / decoder.sample_rate_hz,
        loudness=meter.result() if meter else Loudness(),
    )
