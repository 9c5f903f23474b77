"""Analysis stage: measure sound once, at a fixed hop.

In: prepared audio. Out: a features file (`core.analysis.features`). Knows nothing of jobs, scenes
or pictures.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.analysis.features import FeatureHeader


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
