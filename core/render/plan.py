"""The render plan: everything a frame depends on, and what the file should be.

Frozen, serialisable, hashable: the same plan goes to this computer's GPU and to the cloud. Files
are named by content hash, never by path.
"""

from fractions import Fraction

import msgspec

from core.analysis.beat_edit import BeatEdit
from core.documents import hash_of
from core.render.formats import OutputFormat
from core.scenes.model import Cue, Scene

PLAN_VERSION = 1
RENDERER_VERSION = 1
"""Raised whenever the frame renderer's pixels or the segment layout change."""


class ContentRef(msgspec.Struct, frozen=True, kw_only=True):
    """A file by its key in the library and the SHA-256 of its bytes."""

    key: str
    sha256: str


class PictureSpec(msgspec.Struct, frozen=True, kw_only=True):
    """What a frame depends on beside the sound. The plan's `scenes` holds each cue's scene."""

    format: OutputFormat
    fps: Fraction
    cues: tuple[Cue, ...]
    scenes: tuple[Scene, ...]
    """Every scene a cue names, whole."""
    seed: int = 1
    quality: str = "final"
    beats: BeatEdit = BeatEdit()
    """How the beat grid of the features is corrected."""


class FileSpec(msgspec.Struct, frozen=True, kw_only=True):
    """What the file should be."""

    codec: str = "h264"
    """h264 or hevc."""
    quality: str = "final"
    pixel_format: str = "yuv420p"
    audio_codec: str = "aac"
    audio_bitrate_bps: int = 384_000
    segment_frames: int = 120
    """Frames in a segment, each a closed GOP run of its own."""


class RenderPlan(msgspec.Struct, frozen=True, kw_only=True):
    """A video to make. Frames `first_frame` (included) to `end_frame` (excluded) of the track.

    Frame n shows the sound of the interval [n / fps, (n + 1) / fps); the file's first frame is
    `first_frame` at time 0 of the file, and its sound starts at `first_frame / fps`.
    """

    version: int = PLAN_VERSION
    renderer_version: int = RENDERER_VERSION
    picture: PictureSpec
    file: FileSpec
    audio: ContentRef
    """The prepared audio."""
    features: ContentRef
    duration_s: float
    """Length of the prepared audio."""
    first_frame: int
    end_frame: int

    @property
    def n_frames(self) -> int:
        """How many frames the video has."""
        return self.end_frame - self.first_frame

    def hash(self) -> str:
        """Return the SHA-256 of the plan's canonical JSON."""
        return hash_of(self)
