"""How a mix is brought to its loudness, as values: what is going to be done, and what was done.

Pure; loads nothing heavy, because results of jobs carry it. `core.audio.normalise` makes them.
"""

import msgspec

from core.audio.recipe import LoudnessTarget
from core.library.model import Loudness


class NormalisationPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What is done to a sound to bring it to its target."""

    target: LoudnessTarget
    before: Loudness
    gain_db: float
    is_linear: bool
    """True: one gain and no more; False: the limiter holds the peaks."""
    expected_lufs: float | None = None
    """Integrated loudness after it; None for what has none."""
    note: str = ""
    """One sentence for people where the target is not reached; else empty."""


class NormalisationReport(msgspec.Struct, frozen=True, kw_only=True):
    """What was done, with the loudness before and after; `after` None: not measured yet."""

    target: LoudnessTarget
    before: Loudness
    after: Loudness | None
    gain_db: float
    is_linear: bool
    limited_db: float
    """The largest reduction of the limiter; 0: it did nothing."""
    note: str = ""


def plan_of(report: NormalisationReport) -> NormalisationPlan:
    """Return the plan that a report tells of, to hear again what was written."""
    return NormalisationPlan(
        target=report.target,
        before=report.before,
        gain_db=report.gain_db,
        is_linear=report.is_linear,
        note=report.note,
    )
