"""The box structure of MP4 files: read it, change the index (`moov`), write it back in place.

In: an MP4 file. Out: its top-level boxes as positions, its index as a tree. Only the index is ever
held in memory; the media bytes are at most moved, block by block. Source: ISO/IEC 14496-12.
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from core.errors import RenderError

_CONTAINERS = frozenset({b"moov", b"trak", b"mdia", b"minf", b"stbl"})
_STSD_HEADER = 8  # version, flags, entry count
_VISUAL_ENTRY_HEADER = 78  # ISO/IEC 14496-12, VisualSampleEntry up to its child boxes
VISUAL_ENTRIES = frozenset({b"avc1", b"avc3", b"hvc1", b"hev1", b"av01"})
_MAX_INDEX_BYTES = 1 << 30
_BLOCK_BYTES = 8 * 1024**2


@dataclass(frozen=True, slots=True)
class Extent:
    """Where a top-level box lies in the file; `header` is 8 or 16 bytes long."""

    kind: bytes
    start: int
    size: int
    header: int

    @property
    def end(self) -> int:
        """The position after it."""
        return self.start + self.size


@dataclass(slots=True)
class Box:
    """A box of the index: bytes of its own, then child boxes."""

    kind: bytes
    head: bytes = b""
    children: list["Box"] = field(default_factory=list)

    def to_bytes(self) -> bytes:
        """Return the box as it stands in a file."""
        body = self.head + b"".join(child.to_bytes() for child in self.children)
        return struct.pack(">I4s", 8 + len(body), self.kind) + body

    def find_all(self, *path: bytes) -> "Iterator[Box]":
        """Yield the boxes under `path`, one kind per level."""
        for child in self.children:
            if child.kind == path[0]:
                if len(path) == 1:
                    yield child
                else:
                    yield from child.find_all(*path[1:])

    def find(self, *path: bytes) -> "Box | None":
        """Return the first box under `path`."""
        return next(self.find_all(*path), None)


def scan_boxes(file: BinaryIO) -> list[Extent]:
    """Return the top-level boxes of an open file. Raises RenderError when they do not add up."""
    file_size = file.seek(0, 2)
    extents, position = [], 0
    while position < file_size:
        file.seek(position)
        header = file.read(16)
        if len(header) < 8:
            raise _broken()
        size, kind, length = *struct.unpack_from(">I4s", header), 8
        if size == 1 and len(header) == 16:
            size, length = struct.unpack_from(">Q", header, 8)[0], 16
        elif size == 0:
            size = file_size - position
        if size < length or position + size > file_size:
            raise _broken()
        extents.append(Extent(kind, position, size, length))
        position += size
    return extents


def read_index(file: BinaryIO, extents: list[Extent]) -> tuple[Extent, Box]:
    """Return where the index lies and its tree. Raises RenderError when there is none."""
    extent = next((extent for extent in extents if extent.kind == b"moov"), None)
    if extent is None or extent.size > _MAX_INDEX_BYTES:
        raise _broken()
    file.seek(extent.start)
    data = file.read(extent.size)
    return extent, next(_parse(data[extent.header :], b"moov"))


def write_index(
    path: Path, moov: Box, *, on_progress: Callable[[float], None] = lambda _: None
) -> None:
    """Replace the index of an MP4 file, which stays where it is.

    A `free` box behind it gives or takes the difference. Without one the rest of the file moves,
    and the chunk offsets in `moov` with it, wide ones where 32 bits no longer do. The file is
    changed in place: call this on a file in staging.

    Raises
    ------
    RenderError
        When the file is not a whole MP4.
    """
    with path.open("rb+") as file:
        extents = scan_boxes(file)
        old, _ = read_index(file, extents)
        room_end = _room_end(old, extents)
        is_last = room_end == extents[-1].end
        shift, block = _fit(moov, room_end - old.start, room_end, is_last=is_last)
        if shift:
            _move_tail(file, room_end, shift, on_progress)
        file.seek(old.start)
        file.write(block)
        if is_last:
            file.truncate()
        file.flush()


def _fit(moov: Box, room: int, tail_start: int, *, is_last: bool) -> tuple[int, bytes]:
    """Return how far the tail moves, and the bytes for the index and what pads it."""
    data = moov.to_bytes()
    if is_last:
        return 0, data
    shift = 0
    while True:
        gap = room + shift - len(data)
        if gap == 0 or gap >= 8:  # what a free box can fill
            return shift, data + _free(gap)
        more = -gap if gap < 0 else 8 - gap
        move_offsets(moov, more, tail_start + shift)
        shift += more
        data = moov.to_bytes()  # it grows when offsets no longer fit 32 bits


def move_offsets(moov: Box, shift: int, first_moved: int) -> None:
    """Add `shift` to every chunk offset at or after `first_moved`, widening tables as needed."""
    for table in moov.find_all(b"trak", b"mdia", b"minf", b"stbl"):
        for box in table.children:
            if box.kind in (b"stco", b"co64"):
                offsets = [at + shift if at >= first_moved else at for at in chunk_offsets(box)]
                is_wide = box.kind == b"co64" or max(offsets, default=0) > 0xFFFFFFFF
                box.kind = b"co64" if is_wide else b"stco"
                form = f">4sI{len(offsets)}{'Q' if is_wide else 'I'}"
                box.head = struct.pack(form, box.head[:4], len(offsets), *offsets)


def chunk_offsets(box: Box) -> tuple[int, ...]:
    """Return the offsets in an `stco` or `co64` box."""
    count = struct.unpack_from(">I", box.head, 4)[0]
    return struct.unpack_from(f">{count}{'Q' if box.kind == b'co64' else 'I'}", box.head, 8)


def video_track(moov: Box) -> Box:
    """Return the video track. Raises RenderError when there is none."""
    for track in moov.find_all(b"trak"):
        handler = track.find(b"mdia", b"hdlr")
        if handler is not None and handler.head[8:12] == b"vide":
            return track
    raise _broken()


def sample_entry(track: Box) -> Box:
    """Return the description of a video track's pictures (`avc1` and the like)."""
    for description in track.find_all(b"mdia", b"minf", b"stbl", b"stsd"):
        for entry in description.children:
            if entry.kind in VISUAL_ENTRIES:
                return entry
    raise _broken()


def _room_end(old: Extent, extents: list[Extent]) -> int:
    """Where the index and the free boxes right behind it end."""
    end = old.end
    for extent in extents:
        if extent.start == end and extent.kind == b"free":
            end = extent.end
    return end


def _move_tail(
    file: BinaryIO, start: int, shift: int, on_progress: Callable[[float], None]
) -> None:
    """Move everything from `start` on by `shift` bytes, from the end backwards."""
    end = file.seek(0, 2)
    position = end
    while position > start:
        size = min(_BLOCK_BYTES, position - start)
        position -= size
        file.seek(position)
        data = file.read(size)
        file.seek(position + shift)
        file.write(data)
        on_progress((end - position) / (end - start))


def _free(size: int) -> bytes:
    return struct.pack(">I4s", size, b"free") + bytes(size - 8) if size else b""


def _parse(data: bytes, kind: bytes) -> Iterator[Box]:
    """Yield the one box of `kind` whose body is `data`."""
    if kind in _CONTAINERS:
        yield Box(kind, b"", list(_parse_all(data)))
    elif kind == b"stsd":
        yield Box(kind, data[:_STSD_HEADER], list(_parse_all(data[_STSD_HEADER:])))
    elif kind in VISUAL_ENTRIES:
        rest = list(_parse_all(data[_VISUAL_ENTRY_HEADER:]))
        yield Box(kind, data[:_VISUAL_ENTRY_HEADER], rest)
    else:
        yield Box(kind, data)


def _parse_all(data: bytes) -> Iterator[Box]:
    position = 0
    while position + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, position)
        if size < 8 or position + size > len(data):
            raise _broken()
        yield from _parse(data[position + 8 : position + size], kind)
        position += size
    if position != len(data):
        raise _broken()


def _broken() -> RenderError:
    return RenderError("The video file is damaged.", hint="Render again.", code="video-file")
