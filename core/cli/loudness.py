"""How loud a file is, measured while it streams by.

In: a media file and its probe. Out: integrated loudness and true peak. Bounded memory.
"""

from pathlib import Path

import numpy as np

from core.audio.decode import SoundDecoder
from core.audio.loudness import LoudnessMeter
from core.cli.documents import LoudnessView
from core.library.model import Probe

INT16_SCALE = np.float32(1 / 32768)


def measure_file(path: Path, media: Probe) -> LoudnessView:
    """Return the loudness of the sound that ingest would take; both are None for silence.

    Raises MediaError when the sound cannot be decoded.
    """
    decoder = SoundDecoder(path, media)
    meter: LoudnessMeter | None = None
    for block in decoder.blocks():
        if meter is None:
            meter = LoudnessMeter(decoder.sample_rate_hz, decoder.channels)
        meter.add(block * INT16_SCALE if decoder.is_short else block)
    if meter is None:
        return LoudnessView(integrated_lufs=None, true_peak_dbtp=None)
    found = meter.result()
    return LoudnessView(integrated_lufs=found.integrated_lufs, true_peak_dbtp=found.true_peak_dbtp)
