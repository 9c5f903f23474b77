"""Waveforms as pictures: one pass of numpy per zoom level, then only blits.

In: a wave (columns of peak and energy). Out: two pixmaps, one for the stretch that is rendered
and one for the rest.
"""

from dataclasses import dataclass

from PySide6.QtGui import QColor, QImage, QPixmap

from desktop import theme
from desktop.library.waves import Span, Wave

PEAK, ENERGY = 1, 2
TWO_LANES_PX = 92


@dataclass(frozen=True, slots=True)
class _Key:
    span: Span
    height: int
    hue: str


class WavePictures:
    """The two pictures of the wave on screen; another zoom level or size makes new ones."""

    def __init__(self) -> None:
        self._key: _Key | None = None
        self._pair: tuple[QPixmap, QPixmap] | None = None

    def of(self, wave: Wave, height: int, hue: str) -> tuple[QPixmap, QPixmap]:
        """Return the pictures (inside, outside), `height` device pixels tall."""
        key = _Key(wave.span, height, hue)
        if self._pair is None or key != self._key:
            image = wave_image(wave, height)
            self._pair = (_tinted(image, *_inside(hue)), _tinted(image, *_outside()))
            self._key = key
        return self._pair


def wave_image(wave: Wave, height: int) -> QImage:
    """Return the wave as an indexed image: 0 nothing, 1 peak, 2 energy; a lane per channel."""
    import numpy as np

    channels, width = wave.peak.shape
    lanes = min(channels, 2) if height >= TWO_LANES_PX else 1
    lane_px = max(4, height // lanes)
    pixels = np.zeros((max(height, lane_px * lanes), width), np.uint8)
    distance = np.abs(np.arange(lane_px) - (lane_px - 1) / 2)[:, None]
    reach = lane_px / 2 - 3
    for lane in range(lanes):
        picked = slice(None) if lanes == 1 else slice(lane, lane + 1)
        peak = wave.peak[picked].max(axis=0)
        energy = wave.rms[picked].max(axis=0)
        rows = pixels[lane * lane_px : (lane + 1) * lane_px]
        rows[:] = distance <= np.maximum(peak * reach, 0.6)
        rows += distance <= energy * reach
    stride = pixels.strides[0]
    data = pixels.tobytes()
    image = QImage(data, width, pixels.shape[0], stride, QImage.Format.Format_Indexed8)
    return image.copy(0, 0, width, height)


def _inside(hue: str) -> tuple[QColor, QColor]:
    full = theme.color(hue)
    deep = QColor.fromHslF(full.hslHueF(), full.hslSaturationF() * 0.6, 0.46)
    return deep, full


def _outside() -> tuple[QColor, QColor]:
    return theme.color("bg4"), theme.color("line2")


def _tinted(image: QImage, peak: QColor, energy: QColor) -> QPixmap:
    tinted = image.copy()
    tinted.setColorTable([0, peak.rgba(), energy.rgba()])
    return QPixmap.fromImage(tinted)
