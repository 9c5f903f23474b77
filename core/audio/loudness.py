"""How loud a sound is, measured while it streams by (EBU R 128, ITU-R BS.1770-4).

In: float32 blocks. Out: integrated loudness and true peak. Bounded memory; pure.
"""

import math
from collections.abc import Iterable

import numpy as np
import pyebur128

from core.audio.channels import DEFAULT_LAYOUTS, LAYOUTS
from core.library.model import Loudness
from core.units import Audio

_CHANNEL_TYPES = {
    "FL": pyebur128.ChannelType.LEFT,
    "FR": pyebur128.ChannelType.RIGHT,
    "FC": pyebur128.ChannelType.CENTER,
    "LFE": pyebur128.ChannelType.UNUSED,
    "BL": pyebur128.ChannelType.LEFT_SURROUND,
    "BR": pyebur128.ChannelType.RIGHT_SURROUND,
    "SL": pyebur128.ChannelType.LEFT_SURROUND,
    "SR": pyebur128.ChannelType.RIGHT_SURROUND,
}
"""Surrounds count 1.5 dB more, low-frequency effects not at all."""
MIN_LUFS = -70.0
"""The absolute gate: below it nothing counts."""


class LoudnessMeter:
    """Measures one sound, block by block."""

    def __init__(self, sample_rate_hz: int, channels: int, *, layout: str = "") -> None:
        mode = pyebur128.MeasurementMode.MODE_I | pyebur128.MeasurementMode.MODE_TRUE_PEAK
        self._channels = channels
        self._state = pyebur128.R128State(channels, sample_rate_hz, mode)
        names = LAYOUTS.get(layout or DEFAULT_LAYOUTS.get(channels, ""), "").split()
        if len(names) == channels > 2:
            for index, name in enumerate(names):
                kind = _CHANNEL_TYPES.get(name, pyebur128.ChannelType.CENTER)
                self._state.set_channel(index, kind)

    def add(self, block: Audio) -> None:
        """Take the next block, float32 (channels, n)."""
        interleaved = np.ascontiguousarray(block.T, dtype=np.float32)
        self._state.add_frames(interleaved.ravel(), len(interleaved))

    def result(self) -> Loudness:
        """Return the loudness of all blocks so far."""
        lufs = float(pyebur128.get_loudness_global(self._state))
        peak = max(pyebur128.get_true_peak(self._state, c) for c in range(self._channels))
        return Loudness(
            integrated_lufs=lufs if math.isfinite(lufs) and lufs > MIN_LUFS else None,
            true_peak_dbtp=20 * math.log10(peak) if peak > 0 else None,
        )


def measure_loudness(
    blocks: Iterable[Audio], sample_rate_hz: int, channels: int, *, layout: str = ""
) -> Loudness:
    """Return the loudness of a sound given in blocks, float32 (channels, n)."""
    meter = LoudnessMeter(sample_rate_hz, channels, layout=layout)
    for block in blocks:
        meter.add(block)
    return meter.result()
