"""The project: what a creator opens, saves and finds again; a `.cymatic` file holds one."""

from datetime import datetime
from fractions import Fraction

import msgspec

from core.analysis.beat_edit import BeatEdit
from core.audio.recipe import Marker, Recipe
from core.scenes.model import Cue

PROJECT_VERSION = 1


class OutputSpec(msgspec.Struct, frozen=True, kw_only=True):
    """One video that the project asks for."""

    name: str = ""
    format: str = "flat-1080p-landscape"
    fps: Fraction = msgspec.field(default_factory=lambda: Fraction(30))
    start_s: Fraction = msgspec.field(default_factory=lambda: Fraction(0))
    end_s: Fraction | None = None
    quality: str = "final"
    target: str = "local"


class Project(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of work: the sound (recipe), the picture (cues), the outputs."""

    version: int = PROJECT_VERSION
    id: str
    title: str
    recipe: Recipe
    cues: tuple[Cue, ...]
    """At least one; ordered by start."""
    outputs: tuple[OutputSpec, ...] = msgspec.field(default_factory=lambda: (OutputSpec(),))
    seed: int = 1
    beats: BeatEdit = BeatEdit()
    """How the found beat grid is corrected."""
    markers: tuple[Marker, ...] = ()
    """Named places in the mix, ordered by time."""
    created_at: datetime
    updated_at: datetime
