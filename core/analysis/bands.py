"""The names of what is measured: eight bands of the spectrum, and the columns of features."""

BANDS: tuple[tuple[str, float, float], ...] = (
    ("sub_bass", 20.0, 60.0),
    ("bass", 60.0, 250.0),
    ("low_mid", 250.0, 500.0),
    ("mid", 500.0, 2_000.0),
    ("upper_mid", 2_000.0, 4_000.0),
    ("presence", 4_000.0, 6_000.0),
    ("brilliance", 6_000.0, 12_000.0),
    ("air", 12_000.0, 20_000.0),
)
"""Name and edges in Hz."""
N_LOW_BANDS = 3
"""How many of them, from the lowest, need the long windows."""
BAND_NAMES = tuple(name for name, _, _ in BANDS)
BAND_COLUMNS = tuple(
    f"{name}.{part}" for name in BAND_NAMES for part in ("level", "envelope", "onset")
)
GLOBAL_COLUMNS = ("rms", "level", "centroid", "flatness", "flux", "width", "onset")
MEASURED_COLUMNS = BAND_COLUMNS + GLOBAL_COLUMNS
"""Columns that a features file holds."""
GRID_COLUMNS = ("beat_phase", "bar_phase", "tempo")
"""Columns made of the beat grid when they are read, so that a corrected grid renews them."""


def is_onset(name: str) -> bool:
    """Return whether a column holds impulses: `onset` or `<band>.onset`."""
    return name == "onset" or name.endswith(".onset")
