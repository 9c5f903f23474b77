"""What is near is met, the nearest first."""

from fractions import Fraction

import numpy as np
import pytest

from core.audio.arrangement import arrange
from core.audio.recipe import Clip, Marker, Recipe
from core.audio.snap import SnapKind, Snapper, nearest_zero_crossing, snapper_for
from tests.core.audio.made_assets import ASSETS


class Sound:
    """Samples in memory."""

    def __init__(self, wave: np.ndarray) -> None:
        self.wave = np.atleast_2d(wave).astype(np.float32)
        self.n_samples = self.wave.shape[1]

    def read(self, start: int, stop: int) -> np.ndarray:
        return self.wave[:, start:stop].copy()


@pytest.mark.parametrize(
    ("time_s", "kind", "at"),
    [
        (0.99, SnapKind.PLAYHEAD, 1.0),
        (2.02, SnapKind.MARKER, 2.0),
        (2.98, SnapKind.BEAT, 3.0),
        (3.03, SnapKind.MARKER, 3.05),
        (-0.01, SnapKind.CLIP_EDGE, 0.0),
        (99.0, None, None),
        (1.5, None, None),
    ],
)
def test_the_nearest_within_the_tolerance_is_met(time_s, kind, at):
    snapper = Snapper(
        {
            SnapKind.CLIP_EDGE: [0.0],
            SnapKind.PLAYHEAD: [1.0],
            SnapKind.MARKER: [3.05, 2.0],
            SnapKind.BEAT: np.array([3.0, 2.0, np.nan]),
        }
    )
    snap = snapper.nearest(time_s, 0.05)
    assert (snap and snap.kind) == kind
    if snap is not None:
        assert snap.time_s == at
        assert time_s + snap.by_s == pytest.approx(at)


def test_a_dragged_clip_is_met_at_either_edge():
    snapper = Snapper({SnapKind.BEAT: [1.0, 2.0]})
    snap = snapper.nearest_of((0.47, 1.98), 0.05)
    assert snap is not None
    assert snap.time_s == 2.0
    assert snap.by_s == pytest.approx(0.02)
    assert snapper.nearest_of((), 0.05) is None
    assert Snapper({}).nearest(1.0, 10.0) is None


def test_all_of_a_mix_can_be_met_but_the_dragged_clip():
    recipe = Recipe(
        clips=(
            Clip(asset_id="voice", end_s=Fraction(2)),
            Clip(asset_id="voice", end_s=Fraction(3), gap_s=Fraction(1)),
        )
    )
    snapper = snapper_for(
        arrange(recipe, ASSETS),
        playhead_s=7.5,
        markers=[Marker(time_s=Fraction(4), end_s=Fraction(9, 2))],
        beats_s=[2.5],
        leave_out=[1],
    )
    found = {
        time_s: snapper.nearest(time_s, 0.01) for time_s in (0.0, 2.0, 2.5, 3.0, 4.0, 4.5, 6.0, 7.5)
    }
    assert {time_s: snap and snap.kind for time_s, snap in found.items()} == {
        0.0: SnapKind.CLIP_EDGE,
        2.0: SnapKind.CLIP_EDGE,
        2.5: SnapKind.BEAT,
        3.0: None,
        4.0: SnapKind.MARKER,
        4.5: SnapKind.MARKER,
        6.0: None,
        7.5: SnapKind.PLAYHEAD,
    }


def test_a_zero_crossing_rises_and_is_the_nearest():
    wave = np.sin(2 * np.pi * (np.arange(1000) - 0.5) / 100)  # rises at 1, 101, 201 …
    sound = Sound(np.stack([wave, 0.5 * wave]))
    assert nearest_zero_crossing(sound, 120, 50) == 101
    assert nearest_zero_crossing(sound, 160, 50) == 201
    assert nearest_zero_crossing(sound, 101, 0) == 101
    assert nearest_zero_crossing(sound, 140, 10) is None
    assert nearest_zero_crossing(sound, 5_000, 10) is None
    assert nearest_zero_crossing(sound, 0, 5) == 1


def test_silence_is_a_crossing_everywhere():
    assert nearest_zero_crossing(Sound(np.zeros(100)), 42, 10) == 42


def test_the_mean_of_the_channels_crosses():
    wave = np.where(np.arange(200) < 90, -1.0, 1.0)
    assert nearest_zero_crossing(Sound(np.stack([wave, -wave * 0.5])), 80, 40) == 90
