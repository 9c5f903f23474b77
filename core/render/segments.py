"""Segments: the runs of frames a render is made of, kept on disk until the video is whole.

In: finished segment files. Out: verified ones, after any crash. A segment is published by its
checksum: the video file is renamed into place, then its record; a file without a matching record
does not count, and is made anew.
"""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from core.documents import from_json, hash_of, to_json
from core.errors import KnownError
from core.library.files import flush, hash_file, write_flushed
from core.render.plan import RenderPlan
from core.render.video_file import EncodedRun, ResolvedEncoder, encoder_errors


class FrameRange(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """Frames `first` (included) to `end` (excluded) of the track."""

    first: int
    end: int

    @property
    def n_frames(self) -> int:
        """How many frames."""
        return self.end - self.first


class SegmentRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a finished segment."""

    frames: FrameRange
    sha256: str
    bytes: int
    reorder_frames: int


def segment_ranges(first: int, end: int, size: int) -> Iterator[FrameRange]:
    """Yield the ranges that cover frames `first` to `end` in runs of `size`, in order."""
    for start in range(first, end, size):
        yield FrameRange(first=start, end=min(start + size, end))


def segments_key(plan: RenderPlan, encoder: ResolvedEncoder, renderer: str) -> str:
    """Return the key under which segments are kept: they join only with their like.

    The renderer's name is part of it: two graphics drivers do not draw the same last bit.
    """
    return hash_of([plan.hash(), encoder, renderer])


class SegmentFolder:
    """The finished segments of one plan with one encoder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def prepare(self) -> None:
        """Make the folder and sweep what a killed writer left in it."""
        with encoder_errors("Preparing the segments", self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            for leftover in self.folder.glob("*.part"):
                leftover.unlink()

    def path(self, frames: FrameRange) -> Path:
        """Return where the segment of these frames lies."""
        return self.folder / f"{frames.first:08d}-{frames.end:08d}.mp4"

    def unfinished_path(self, frames: FrameRange) -> Path:
        """Return where it is written until it is whole."""
        return self.path(frames).with_suffix(".mp4.part")

    def commit(self, frames: FrameRange, run: EncodedRun) -> SegmentRecord:
        """Publish the unfinished file of these frames. Raises DiskError when it cannot."""
        part, final = self.unfinished_path(frames), self.path(frames)
        with encoder_errors("Keeping a finished segment", final):
            flush(part)
            record = SegmentRecord(
                frames=frames,
                sha256=hash_file(part),
                bytes=part.stat().st_size,
                reorder_frames=run.reorder_frames,
            )
            sidecar = _sidecar(final)
            sidecar.unlink(missing_ok=True)
            part.replace(final)
            write_flushed(sidecar.with_suffix(".json.part"), to_json(record)).replace(sidecar)
        return record

    def verified(
        self, frames: FrameRange, *, tick: Callable[[], None] | None = None
    ) -> SegmentRecord | None:
        """Return the record of a finished, undamaged segment of these frames, or None.

        `tick` is called while the file is read and may raise to stop.
        """
        path = self.path(frames)
        try:
            record = from_json(_sidecar(path).read_bytes(), SegmentRecord)
            is_whole = (
                record.frames == frames
                and path.stat().st_size == record.bytes
                and hash_file(path, tick=tick) == record.sha256
            )
        except (OSError, KnownError):
            return None
        return record if is_whole else None

    def discard(self) -> None:
        """Remove the folder with all segments; a video has been made of them."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _sidecar(path: Path) -> Path:
    return path.with_suffix(".json")
