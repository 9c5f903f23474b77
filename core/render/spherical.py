"""360° stage: tell players and YouTube that a video is spherical, and prove that it says so.

In: a finished MP4 with an equirectangular picture. Out: the same file with Spherical Video V2
boxes (`st3d`, `sv3d`) in its sample entry and V1 metadata on the video track, read back. Source:
google/spatial-media, "Spherical Video V2 RFC" and "Spherical Video RFC".
"""

import struct
import uuid
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import msgspec

from core.errors import RenderError
from core.render.boxes import (
    Box,
    read_index,
    sample_entry,
    scan_boxes,
    video_track,
    write_index,
)

V1_UUID = uuid.UUID("ffcc8263-f855-4a93-8814-587a02521fdd").bytes
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_GSPHERICAL = "http://ns.google.com/videos/1.0/spherical/"
_SOFTWARE = "Cymatic"
_MONO, _TOP_BOTTOM = 0, 1
_BEFORE = (b"clap", b"pasp")
"""The new boxes go before these, behind the decoder's configuration."""


class SphericalInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What a file says of its projection, by both versions of the metadata."""

    projection: str
    """V2: equirectangular, or what else was found."""
    is_stereo: bool
    """V2: top-bottom, left eye on top."""
    v1_projection: str
    v1_stereo: str


def write_spherical(
    path: Path, *, is_stereo: bool, on_progress: Callable[[float], None] = lambda _: None
) -> None:
    """Mark the MP4 at `path`, in place, as equirectangular; mono or top-bottom stereo.

    What was there before of such marks is replaced. The index keeps its place. Raises RenderError
    when the file is not a whole MP4 with a video track.
    """
    with path.open("rb") as file:
        _, moov = read_index(file, scan_boxes(file))
    track = video_track(moov)
    entry = sample_entry(track)
    kept = [box for box in entry.children if box.kind not in (b"st3d", b"sv3d")]
    at = next((i for i, box in enumerate(kept) if box.kind in _BEFORE), len(kept))
    entry.children = [*kept[:at], *_v2_boxes(is_stereo=is_stereo), *kept[at:]]
    track.children = [box for box in track.children if not _is_v1(box)]
    track.children.append(Box(b"uuid", V1_UUID + _v1_document(is_stereo=is_stereo)))
    write_index(path, moov, on_progress=on_progress)


def read_spherical(path: Path) -> SphericalInfo | None:
    """Return what the file says of its projection; None when it says nothing by V2."""
    with path.open("rb") as file:
        _, moov = read_index(file, scan_boxes(file))
    track = video_track(moov)
    boxes = {box.kind: box.head for box in sample_entry(track).children}
    if b"sv3d" not in boxes or len(boxes.get(b"st3d", b"")) != 5:
        return None
    v1 = next((box.head[16:] for box in track.children if _is_v1(box)), b"")
    return SphericalInfo(
        projection=_v2_projection(boxes[b"sv3d"]),
        is_stereo=boxes[b"st3d"][4] == _TOP_BOTTOM,
        v1_projection=_v1_field(v1, "ProjectionType"),
        v1_stereo=_v1_field(v1, "StereoMode"),
    )


def check_spherical(path: Path, *, is_stereo: bool) -> None:
    """Raise RenderError unless the file says by both versions what it should."""
    expected = SphericalInfo(
        projection="equirectangular",
        is_stereo=is_stereo,
        v1_projection="equirectangular",
        v1_stereo="top-bottom" if is_stereo else "",
    )
    if read_spherical(path) != expected:
        raise RenderError(
            "The video does not say that it is a 360° video.",
            hint="Render again; if it stays, please report it.",
            code="spherical",
            path=path,
        )


def _box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(body), kind) + body


def _full_box(kind: bytes, body: bytes) -> bytes:
    return _box(kind, bytes(4) + body)


def _v2_boxes(*, is_stereo: bool) -> tuple[Box, Box]:
    header = _full_box(b"svhd", _SOFTWARE.encode() + b"\0")
    pose = _full_box(b"prhd", struct.pack(">3i", 0, 0, 0))
    bounds = _full_box(b"equi", struct.pack(">4I", 0, 0, 0, 0))
    mode = _TOP_BOTTOM if is_stereo else _MONO
    return (
        Box(b"st3d", bytes(4) + bytes([mode])),
        Box(b"sv3d", header + _box(b"proj", pose + bounds)),
    )


def _v2_projection(body: bytes) -> str:
    """Return the projection that an `sv3d` body names; empty when it is not well-formed."""
    inner = dict(_split(body))
    projection = [kind for kind, _ in _split(inner.get(b"proj", b""))]
    if b"svhd" not in inner or projection[:1] != [b"prhd"] or len(projection) != 2:
        return ""
    return {b"equi": "equirectangular"}.get(projection[1], projection[1].decode("latin-1"))


def _split(body: bytes) -> list[tuple[bytes, bytes]]:
    found, position = [], 0
    while position + 8 <= len(body):
        size, kind = struct.unpack_from(">I4s", body, position)
        if size < 8:
            break
        found.append((kind, body[position + 8 : position + size]))
        position += size
    return found


def _is_v1(box: Box) -> bool:
    return box.kind == b"uuid" and box.head[:16] == V1_UUID


def _v1_document(*, is_stereo: bool) -> bytes:
    fields = {
        "Spherical": "true",
        "Stitched": "true",
        "StitchingSoftware": _SOFTWARE,
        "ProjectionType": "equirectangular",
    }
    if is_stereo:
        fields["StereoMode"] = "top-bottom"
    body = "".join(f"<GSpherical:{k}>{text}</GSpherical:{k}>" for k, text in fields.items())
    return (
        f'<?xml version="1.0"?><rdf:SphericalVideo xmlns:rdf="{_RDF}" '
        f'xmlns:GSpherical="{_GSPHERICAL}">{body}</rdf:SphericalVideo>'
    ).encode()


def _v1_field(document: bytes, name: str) -> str:
    try:
        return ET.fromstring(document).findtext(f"{{{_GSPHERICAL}}}{name}", "")
    except ET.ParseError:
        return ""
