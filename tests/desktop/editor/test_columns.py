"""What is drawn bounds what sounds: columns against the samples of the mix, clip by clip."""

import numpy as np
import pytest

from core.audio.recipe import FadeShape
from desktop.editor.columns import (
    ColumnSource,
    Grid,
    clip_table,
    sample_run,
    shape_curve,
    view_columns,
)
from desktop.editor.levels import LevelReader
from tests.desktop.editor.conftest import settle

RATE = 48_000


def columns_of(canvas, grid: Grid):
    source = ColumnSource(canvas.store)
    return view_columns(clip_table(canvas.area._state.arrangement), grid, source), source


def grid_over(start_s: float, end_s: float, count: int = 500) -> Grid:
    density = count / ((end_s - start_s) * RATE)
    return Grid(first=round(start_s * RATE * density), count=count, density=density)


@pytest.mark.parametrize(
    ("start_s", "end_s"), [(0, 31), (9, 11), (3.0, 3.4), (12.0, 12.01)], ids=str
)
def test_columns_bound_every_sample_of_the_clip_on_top(qtbot, canvas, two_sounds, start_s, end_s):
    canvas.zoom_to(start_s, end_s)
    settle(qtbot, canvas)
    grid = grid_over(start_s, end_s)
    view, _ = columns_of(canvas, grid)
    readers = [LevelReader(files.peaks, files.pcm, files.info) for files in two_sounds]
    edges = grid.edges()
    for placed in canvas.area._state.arrangement.clips:
        reader = readers[0 if placed.clip.asset_id == "asset-0001" else 1]
        sound = reader.samples.read(placed.source.start, placed.source.stop)
        ratio = sound.shape[1] / placed.n_samples
        mine = np.flatnonzero(view.top.clip == placed.index)
        for column in mine[1:-1:7].tolist():
            first, stop = ((edges[column + i] - placed.start) * ratio for i in (0, 1))
            stretch = sound[:, int(np.ceil(first)) : int(np.ceil(stop))] * placed.clip.gain
            if stretch.size:
                assert view.top.high[:, column].max() >= stretch.max() - 1e-4
                assert view.top.low[:, column].min() <= stretch.min() + 1e-4


def test_the_wave_is_where_the_sound_is(qtbot, canvas):
    view, _ = columns_of(canvas, grid_over(0, 31, 620))
    clip = view.top.clip
    assert set(clip.tolist()) == {-1, 0, 1, 2}
    assert (clip[405:435] == -1).all()
    assert not view.top.high[:, clip == -1].any()
    assert view.top.high[:, 300] == pytest.approx(0.5, abs=0.01)
    assert view.top.rms[:, 300] == pytest.approx(0.5 / np.sqrt(2), rel=0.03)


def test_fades_are_those_of_the_mix(canvas):
    view, _ = columns_of(canvas, grid_over(0, 31, 3100))
    assert view.top.fade[100] == pytest.approx(0.5, abs=0.01)
    assert view.top.fade[500] == 1
    assert view.top.fade[2850] == pytest.approx(np.sin(np.pi / 4), abs=0.01)


def test_before_the_start_of_one_clip_there_is_nothing(make_canvas):
    from tests.desktop.editor.sounds import clip

    canvas = make_canvas(lambda assets: [clip(assets[1], 0, 10, name="only")])
    view, _ = columns_of(canvas, grid_over(-2, 12, 700))
    assert (view.top.clip[:100] == -1).all()
    assert (view.top.clip[100:600] == 0).all()
    assert not len(view.crossed)


def test_a_crossfade_has_both_clips(make_canvas):
    from tests.desktop.editor.sounds import clip

    canvas = make_canvas(
        lambda assets: [
            clip(assets[0], 0, 10, name="a"),
            clip(assets[1], 0, 10, name="b", gap_s=-4),
        ]
    )
    view, _ = columns_of(canvas, grid_over(0, 16, 1600))
    assert view.crossed[0] == pytest.approx(600, abs=1)
    assert view.crossed[-1] == pytest.approx(999, abs=1)
    assert (view.under.clip == 0).all()
    assert (view.top.clip[view.crossed] == 1).all()
    power = view.under.fade**2 + view.top.fade[view.crossed] ** 2
    assert power == pytest.approx(1, abs=0.01)


def test_many_narrow_clips_are_looked_up_in_one_go(make_canvas):
    from tests.desktop.editor.sounds import clip

    canvas = make_canvas(
        lambda assets: [
            clip(assets[i % 2], i % 7, i % 7 + 0.5, name=str(i), gap_s=0.1) for i in range(300)
        ]
    )
    view, source = columns_of(canvas, grid_over(0, 180, 900))
    sine = np.isin(view.top.clip, np.arange(1, 300, 2))
    assert view.top.high[:, sine].min() > 0.45
    assert not source.missing


def test_what_is_missing_is_wanted_and_drawn_coarser_meanwhile(qtbot, canvas):
    grid = grid_over(3.0, 3.1)
    view, source = columns_of(canvas, grid)
    assert source.missing
    assert view.top.high.max() > 0.02
    canvas.zoom_to(3.0, 3.1)
    settle(qtbot, canvas)
    finer, source = columns_of(canvas, grid)
    assert not source.missing
    assert (finer.top.high <= view.top.high + 1e-4).all()


def test_single_samples_are_those_of_the_sound(qtbot, canvas, two_sounds):
    canvas.zoom_to(3.0, 3.001)
    settle(qtbot, canvas)
    placed = canvas.area._state.arrangement.clips[0]
    source = ColumnSource(canvas.store)
    run = sample_run(placed, 3.0 * RATE, 3.001 * RATE, source)
    files = two_sounds[0]
    sound = LevelReader(files.peaks, files.pcm, files.info).samples
    first = round(run.places[0]) + 2 * RATE
    assert run.values == pytest.approx(sound.read(first, first + run.values.shape[1]))


def test_a_sound_whose_samples_are_gone_is_drawn_from_its_peaks(qtbot, make_canvas, two_sounds):
    canvas = make_canvas()
    gone = {
        f"asset-000{i + 1}": type(files)(
            peaks=files.peaks, pcm=files.pcm.with_suffix(".gone"), info=files.info
        )
        for i, files in enumerate(two_sounds)
    }
    canvas.set_sounds(gone)
    canvas.zoom_to(12.0, 12.01)
    qtbot.waitUntil(lambda: len(canvas.store.opened) == 2, timeout=5000)
    settle(qtbot, canvas)
    view, source = columns_of(canvas, grid_over(12.0, 12.01))
    assert not source.missing
    assert view.top.high.max() == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("shape", list(FadeShape))
def test_fade_shapes_rise_from_silence_to_full(shape):
    curve = shape_curve(shape, np.linspace(0, 1, 101))
    assert curve[0] == pytest.approx(0, abs=1e-6)
    assert curve[-1] == pytest.approx(1)
    assert (np.diff(curve) >= 0).all()
