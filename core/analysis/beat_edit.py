"""How a person corrects the beat grid that analysis found; travels in projects and plans.

In: what a door was told (`double`, `half`, `128@0.35`). Out: a `BeatEdit`; applying it to a grid
is `core.analysis.beatgrid.corrected`. Light: the command line and the window import it.
"""

import math
import re

import msgspec

from core.errors import UsageError

MAX_DOUBLINGS = 3


class BeatEdit(msgspec.Struct, frozen=True, kw_only=True):
    """A correction of the found beats; the default leaves them as they are.

    Applied in this order: an even grid of `bpm` from `first_beat_s` where a tempo is set, then
    the doublings, then the shift.
    """

    bpm: float | None = None
    """Beats a minute of an even grid that replaces the found one, 20 to 400."""
    first_beat_s: float | None = None
    """Where a bar of that grid starts, in seconds; None: on the first beat found, else 0."""
    doublings: int = 0
    """1 is twice the tempo, -1 half of it."""
    shift_s: float = 0.0
    """Seconds by which all beats move, later when positive."""


def parse_beats(text: str) -> BeatEdit:
    """Return the correction that `double`, `half`, a tempo or `TEMPO@FIRST_BEAT` asks for.

    Raises UsageError for anything else.
    """
    word = text.strip().lower()
    if word in ("found", ""):
        return BeatEdit()
    if word in ("double", "x2", "×2"):
        return BeatEdit(doublings=1)
    if word in ("half", "/2", "÷2"):
        return BeatEdit(doublings=-1)
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(?:@(\d+(?:\.\d+)?))?", word)
    bpm = float(match[1]) if match else math.nan
    if match is None or not 20 <= bpm <= 400:
        raise UsageError(
            f"“{text}” does not say where the beats are.",
            hint="Write double, half, a tempo of 20 to 400 (128), or 128@0.35 with the first beat.",
        )
    return BeatEdit(bpm=bpm, first_beat_s=float(match[2]) if match[2] else None)
