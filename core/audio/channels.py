"""From any number of channels to any other, as a matrix of gains. Pure; no I/O.

Downmix coefficients follow ITU-R BS.775: centre and surrounds at -3 dB, no low-frequency effects,
then scaled so that a full-scale source cannot go over.
"""

import numpy as np
from numpy.typing import NDArray

HALF_POWER = 0.5**0.5
LAYOUTS = {
    "mono": "FC",
    "stereo": "FL FR",
    "downmix": "FL FR",
    "2.1": "FL FR LFE",
    "3.0": "FL FR FC",
    "3.1": "FL FR FC LFE",
    "4.0": "FL FR FC BC",
    "4.1": "FL FR FC LFE BC",
    "quad": "FL FR BL BR",
    "quad(side)": "FL FR SL SR",
    "5.0": "FL FR FC BL BR",
    "5.0(side)": "FL FR FC SL SR",
    "5.1": "FL FR FC LFE BL BR",
    "5.1(side)": "FL FR FC LFE SL SR",
    "6.0": "FL FR FC BC SL SR",
    "6.1": "FL FR FC LFE BC SL SR",
    "6.1(back)": "FL FR FC LFE BL BR BC",
    "7.0": "FL FR FC BL BR SL SR",
    "7.1": "FL FR FC LFE BL BR SL SR",
    "7.1(wide)": "FL FR FC LFE BL BR FLC FRC",
    "7.1(wide-side)": "FL FR FC LFE FLC FRC SL SR",
}
"""FFmpeg's layouts and the order of their channels."""
DEFAULT_LAYOUTS = {1: "mono", 2: "stereo", 3: "2.1", 4: "quad", 5: "5.0", 6: "5.1", 7: "6.1"} | {
    8: "7.1"
}
"""What a file that names no layout most likely means."""
_STEREO_GAINS = {
    "FL": (1.0, 0.0),
    "FR": (0.0, 1.0),
    "FC": (HALF_POWER, HALF_POWER),
    "LFE": (0.0, 0.0),
    "BL": (HALF_POWER, 0.0),
    "BR": (0.0, HALF_POWER),
    "SL": (HALF_POWER, 0.0),
    "SR": (0.0, HALF_POWER),
    "BC": (0.5, 0.5),
    "FLC": (1.0, 0.0),
    "FRC": (0.0, 1.0),
}


def mix_matrix(layout: str, channels_in: int, channels_out: int) -> NDArray[np.float32] | None:
    """Return gains (channels_out, channels_in); None when nothing has to be done.

    Parameters
    ----------
    layout : str
        FFmpeg's name of the source's layout; unknown or empty: the usual one for the count.
    channels_in, channels_out : int
        1 or more.

    Returns
    -------
    ndarray or None
        float32; each row's gains sum to at most 1. Mono goes to every channel at full level;
        where no rule is known every output is the average of all inputs.
    """
    if channels_in == channels_out:
        return None
    if channels_in == 1:
        return np.ones((channels_out, 1), np.float32)
    stereo = _stereo_matrix(layout, channels_in)
    if channels_out == 2:
        return stereo
    if channels_out == 1:
        mono: NDArray[np.float32] = stereo.mean(axis=0, keepdims=True)
        return mono
    if channels_out > channels_in:
        return np.eye(channels_out, channels_in, dtype=np.float32)
    return _average(channels_in, channels_out)


def _stereo_matrix(layout: str, channels_in: int) -> NDArray[np.float32]:
    if channels_in == 2:
        return np.eye(2, dtype=np.float32)
    names = LAYOUTS.get(layout, "").split()
    if len(names) != channels_in:
        names = LAYOUTS.get(DEFAULT_LAYOUTS.get(channels_in, ""), "").split()
    if len(names) != channels_in:
        return _average(channels_in, 2)
    rows = np.array([_STEREO_GAINS[name] for name in names]).T
    gains: NDArray[np.float32] = (rows / rows.sum(axis=1).max()).astype(np.float32)
    return gains


def _average(channels_in: int, channels_out: int) -> NDArray[np.float32]:
    gains: NDArray[np.float32] = np.full((channels_out, channels_in), 1 / channels_in, np.float32)
    return gains
