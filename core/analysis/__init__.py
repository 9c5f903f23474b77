"""Analysis stage: measure sound once, at a fixed hop.

In: prepared audio. Out: a features file (`core.analysis.features`). Knows nothing of jobs, scenes
or pictures.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.analysis.features import FeatureHeader
    from core.units import Audio


def analyze_file(
    prepared_path: Path,
    out_path: Path,
    *,
    progress: Callable[[float], None] = lambda fraction: None,
) -> "FeatureHeader":
    """Measure a prepared file and write its features; see `core.analysis.analyzer.analyze_file`.

    The analyser is imported at the call, so that reading features does not load it.
    """
    from core.analysis.analyzer import analyze_file as analyze

    return analyze(prepared_path, out_path, progress=progress)


def analyze_blocks(
    blocks: "Iterable[Audio]",
    out_path: Path,
    *,
    sample_rate_hz: int,
    channels: int,
    n_samples: int,
) -> "FeatureHeader":
    """Measure sound while it is made, to the same features file as `analyze_file` of it later.

    Parameters
    ----------
    blocks : iterable of Audio
        float32 (channels, n), as a reader of the prepared file will give them, `n_samples` in all.
    out_path : Path
        The features file; it appears whole or not at all.
    """
    from core.analysis.analyzer import analyze_source
    from core.analysis.source import StreamSource

    source = StreamSource(
        blocks, sample_rate_hz=sample_rate_hz, channels=channels, n_samples=n_samples
    )
    return analyze_source(source, out_path)
