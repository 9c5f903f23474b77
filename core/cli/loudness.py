"""How loud a file is, measured while it streams by (EBU R 128, ITU-R BS.1770).

In: a media file and its probe. Out: integrated loudness and true peak. Bounded memory.
"""

import math
from pathlib import Path

import numpy as np
import pyebur128

from core.audio.decode import SoundDecoder
from core.cli.documents import LoudnessView
from core.library.model import Probe

INT16_SCALE = np.float32(1 / 32768)


def measure_loudness(path: Path, media: Probe) -> LoudnessView:
    """Return the loudness of the sound that ingest would take; both are None for silence.

    Raises MediaError when the sound cannot be decoded.
    """
    decoder = SoundDecoder(path, media)
    state = None
    for block in decoder.blocks():
        samples = block * INT16_SCALE if decoder.is_short else block
        if state is None:
            mode = pyebur128.MeasurementMode.MODE_I | pyebur128.MeasurementMode.MODE_TRUE_PEAK
            state = pyebur128.R128State(decoder.channels, decoder.sample_rate_hz, mode)
        interleaved = np.ascontiguousarray(samples.T, dtype=np.float32)
        state.add_frames(interleaved.ravel(), len(interleaved))
    if state is None:
        return LoudnessView(integrated_lufs=None, true_peak_dbtp=None)
    peak = max(pyebur128.get_true_peak(state, channel) for channel in range(decoder.channels))
    return LoudnessView(
        integrated_lufs=_finite(pyebur128.get_loudness_global(state)),
        true_peak_dbtp=_finite(20 * math.log10(peak)) if peak > 0 else None,
    )


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
