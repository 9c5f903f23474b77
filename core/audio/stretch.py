"""A stretch of a sound, as a value; for detection and edits alike. Loads nothing."""

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A stretch of a sound, [start_s, end_s), in seconds, exact to the sample."""

    start_s: Fraction
    end_s: Fraction
