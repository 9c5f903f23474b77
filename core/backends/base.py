"""Where a plan is rendered: what every such place takes, gives back and promises.

In: a `RenderRequest`. Out: a finished, checked video file at the request's target. A backend
resumes what an earlier attempt of the same request has finished, and stops within a second when
its watcher says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from core.paths import LibraryPaths
from core.render.plan import RenderPlan
from core.render.source import RenderMonitor

ENCODER_FACT = "encoder"
RENDERER_FACT = "renderer"


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderRequest:
    """A video to make."""

    plan: RenderPlan
    prepared: Path
    """The sound that the plan names."""
    features: Path
    """Its features."""
    paths: LibraryPaths
    target: Path
    """Where the finished file goes: a place in the job's staging folder."""
    max_output_bytes: int
    tags: Mapping[str, str] = field(default_factory=dict)
    """title, artist."""
    facts: Mapping[str, str] = field(default_factory=dict)
    """What an earlier attempt fixed with `record_fact`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderOutcome:
    """The finished video and what made it."""

    path: Path
    encoder: str
    """Name of the encoder."""
    renderer: str
    """Name of what drew."""
    segments_reused: int
    segments: Path
    """The folder of the segments: no longer needed once the video is safe."""


class RenderWatcher(RenderMonitor, Protocol):
    """Hears of progress, may stop the render, keeps what is fixed. A job's context is one."""

    def record_fact(self, name: str, value: str) -> None:
        """Fix something for all attempts of this render."""
        ...


class RenderBackend(Protocol):
    """A place that renders plans."""

    def render(self, request: RenderRequest, watcher: RenderWatcher) -> RenderOutcome:
        """Make the video.

        Raises
        ------
        RenderError, EncoderError, DiskError, SceneError
            When it cannot be made; finished segments stay for the next attempt.
        JobAborted
            When the watcher says so.
        """
        ...
