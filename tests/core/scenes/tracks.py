"""Features with known content: a generated track, clicks, silence."""

from collections.abc import Sequence

import numpy as np

from core.analysis.features import Events, FeatureHeader, Features, features_of

KICKS_S = np.arange(4.0, 12.0, 0.5)


def silence(duration_s: float = 4.0) -> Features:
    """Return a track in which nothing is heard."""
    return _features(duration_s, {}, {"onset": [], "bass.onset": []})


def clicks(times_s: Sequence[float], duration_s: float = 4.0) -> Features:
    """Return a track of full onsets at exact times and nothing else."""
    return _features(duration_s, {}, {"onset": times_s, "bass.onset": times_s})


def song(duration_s: float = 14.0) -> Features:
    """Return quiet up to 4 s, then kicks at 120 a minute, a drop at 8 s, quiet from 12 s."""
    n = int(duration_s * 100) + 1
    time = np.arange(n) / 100
    level = np.interp(time, [0, 3.9, 4, 7.9, 8, 11.9, 12], [0.1, 0.15, 0.4, 0.6, 0.95, 0.95, 0.15])
    since = time[:, None] - KICKS_S[None]
    pulse = np.where(since >= 0, np.exp(-np.maximum(since, 0) / 0.25), 0).max(1)
    hats = np.exp(-(time % 0.25) / 0.08) * level
    columns = {
        "level": level,
        "rms": 0.4 * level,
        "bass.envelope": np.clip(0.5 * pulse + 0.4 * level, 0, 1),
        "mid.level": 0.7 * level,
        "brilliance.envelope": hats,
    }
    return _features(duration_s, columns, {"onset": KICKS_S, "bass.onset": KICKS_S})


def _features(
    duration_s: float, columns: dict[str, np.ndarray], events: dict[str, Sequence[float]]
) -> Features:
    header = FeatureHeader(
        n_hops=int(duration_s * 100) + 1, duration_s=duration_s, sample_rate_hz=48_000
    )
    made = {
        kind: Events(np.asarray(times, np.float64), np.ones(len(times), np.float32))
        for kind, times in events.items()
    }
    return features_of(header, columns, made)
