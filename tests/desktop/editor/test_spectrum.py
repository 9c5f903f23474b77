"""Spectra show the right pitch at the right level and time; their colours only get lighter."""

import numpy as np
import pytest

from core.audio.pcm import open_pcm
from desktop.editor.colormap import spectrum_colors
from desktop.editor.spectrum import (
    FLOOR_DB,
    PAGE_COLUMNS,
    ROWS,
    SILENT,
    band_edges_hz,
    spectrum_page,
)
from tests import media
from tests.desktop.editor.sounds import write_sound


def reader_of(folder, samples, rate=48_000):
    files = write_sound(folder, "sound", samples, rate)
    return open_pcm(files.pcm, files.info)


def db(value):
    return value / 255 * -FLOOR_DB + FLOOR_DB


def row_of(frequency_hz):
    return int(np.searchsorted(band_edges_hz(), frequency_hz) - 1)


@pytest.mark.parametrize("freq_hz", [100.0, 1000.0, 8000.0])
@pytest.mark.parametrize("level", [3, 5, 7])
def test_a_sine_is_a_line_at_its_pitch_and_level(tmp_path, freq_hz, level):
    samples = media.sine(30.0, freq_hz=freq_hz, amplitude=1.0)
    page = spectrum_page(reader_of(tmp_path, samples), level, 0)
    assert page.shape == (ROWS, PAGE_COLUMNS)
    inside = page[:, 40:80].astype(float)
    loudest = inside.mean(1).argmax()
    assert abs(loudest - row_of(freq_hz)) <= 4
    assert db(inside.max()) == pytest.approx(0, abs=3)
    assert db(inside[row_of(min(freq_hz * 4, 19_000))].max()) < -55


def test_a_click_is_where_it_is(tmp_path):
    samples = media.silence(4.0)
    samples[:, 96_000] = 0.9
    page = spectrum_page(reader_of(tmp_path, samples), 4, 1)
    energy = (page.astype(float) - SILENT).sum(0)
    assert energy.argmax() == pytest.approx(96_000 / 256 - PAGE_COLUMNS, abs=1)
    assert energy[:50].sum() == 0


def test_past_the_end_there_is_nothing(tmp_path):
    page = spectrum_page(reader_of(tmp_path, media.noise(1.0)), 5, 0)
    assert page[:, 20].max() > 60
    assert (page[:, 50:] == SILENT).all()


def test_colours_get_lighter_and_begin_transparent():
    colors = spectrum_colors()
    assert colors[0] == 0
    rgb = np.array([[color >> shift & 255 for shift in (16, 8, 0)] for color in colors[1:]])
    light = rgb @ (0.2126, 0.7152, 0.0722)
    assert (np.diff(light) > -0.8).all()
    assert light[0] < 20
    assert light[-1] > 200
