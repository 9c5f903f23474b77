"""Every document that `--json` prints, by name, with the type of its payload.

The schemas in `resources/schemas` are made of this table; tests check what is printed with them.
"""

from pathlib import Path
from typing import Any

import msgspec

from core.audio.normalisation import NormalisationReport
from core.audio.recipe import Marker, Recipe
from core.doctor.model import DoctorReport
from core.engine.replies import EngineInfo, JobCounts, LibraryCheck, LibraryStats, ProjectSummary
from core.errors import ErrorView
from core.jobs.model import AnalyzeResult, EstimateResult, JobView
from core.library.model import Asset, Loudness, Probe
from core.library.project import Project
from core.scenes.model import Scene, SceneSummary


class IngestReport(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one source."""

    source: str
    """As the user named it, or the file found in a folder."""
    job: str | None = None
    """Id of the job; None when the source was refused before one was made."""
    asset: Asset | None = None
    duplicate: bool = False
    error: ErrorView | None = None


class ProbeReport(msgspec.Struct, frozen=True, kw_only=True):
    """What is in a file."""

    path: Path
    media: Probe
    loudness: Loudness | None = None
    """None when it was not asked for."""


class SoundReport(msgspec.Struct, frozen=True, kw_only=True):
    """A finished mix: where it is, how long and how loud it is, and what it is made of."""

    job: str
    path: Path
    bytes: int
    duration_s: float
    sample_rate_hz: int
    channels: int
    measured: Loudness
    """Of the finished file, as a player decodes it."""
    loudness: NormalisationReport | None = None
    """How it was brought to its target; None without one."""
    limited_peak_db: float | None = None
    """How far peaks went over full scale before they were held; None: not at all."""
    notes: tuple[str, ...] = ()
    """What differs from the mix, in sentences."""
    recipe: Recipe


class SceneCheck(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a scene file can be used."""

    path: Path
    name: str
    title: str
    layers: int
    compiled: bool
    """Whether its shaders were compiled on this computer."""


class QueueReport(msgspec.Struct, frozen=True, kw_only=True):
    """The queue after it was paused, resumed or waited for."""

    paused: bool
    counts: JobCounts


DOCUMENTS: dict[str, Any] = {
    "analysis": AnalyzeResult,
    "asset": Asset,
    "assets": tuple[Asset, ...],
    "check": LibraryCheck,
    "doctor": DoctorReport,
    "engine": EngineInfo | None,
    "error": ErrorView,
    "estimate": EstimateResult,
    "files": tuple[Path, ...],
    "ingest": tuple[IngestReport, ...],
    "job": JobView,
    "jobs": tuple[JobView, ...],
    "library": LibraryStats,
    "markers": tuple[Marker, ...],
    "prepare": SoundReport,
    "probe": ProbeReport,
    "project": Project,
    "projects": tuple[ProjectSummary, ...],
    "queue": QueueReport,
    "recipe": Recipe,
    "scene": Scene,
    "scene_check": SceneCheck,
    "scenes": tuple[SceneSummary, ...],
}
