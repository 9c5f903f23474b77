"""The colours of the spectrogram: from the theme's ground to near white, by lightness.

In: colour tokens. Out: 256 colours. They are mixed in OKLab (Björn Ottosson, 2020), where equal
steps look equal, and lightness only rises: louder never looks darker.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from desktop import theme

STOPS = ("bg0", "violet", "rose", "amber", "tx")
"""Hues on the way up; their own lightness does not count."""
CHROMA = (0.1, 1.0, 1.0, 0.9, 0.25)
DARKEST, LIGHTEST = 0.17, 0.96
BEND = 1.4
"""Over 1: more of the range is dark, so that what stands out stands out."""
SIZE = 256

_TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)

type Colors = NDArray[np.float64]


@lru_cache(maxsize=4)
def spectrum_colors() -> tuple[int, ...]:
    """Return 256 colours as 0xAARRGGBB; the first is transparent: there is no sound."""
    hues = [theme.color(stop) for stop in STOPS]
    lab = _to_oklab(np.array([(hue.redF(), hue.greenF(), hue.blueF()) for hue in hues]))
    places = np.linspace(0, 1, len(STOPS))
    way = np.linspace(0, 1, SIZE) ** BEND
    lightness = DARKEST + (LIGHTEST - DARKEST) * way
    mixed = [np.interp(way, places, lab[:, axis] * CHROMA) for axis in (1, 2)]
    rgb = _from_oklab(np.stack([lightness, *mixed], axis=1))
    bytes_ = np.round(np.clip(rgb, 0, 1) * 255).astype(int)
    table = [0xFF000000 | red << 16 | green << 8 | blue for red, green, blue in bytes_.tolist()]
    return (0, *table[1:])


def _to_oklab(srgb: Colors) -> Colors:
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    lab: Colors = np.cbrt(linear @ _TO_LMS.T) @ _TO_LAB.T
    return lab


def _from_oklab(lab: Colors) -> Colors:
    lms = (lab @ np.linalg.inv(_TO_LAB).T) ** 3
    linear = np.clip(lms @ np.linalg.inv(_TO_LMS).T, 0, None)
    srgb: Colors = np.where(
        linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055
    )
    return srgb
