"""Whether a file is all there: what its own structure says of its length, without decoding.

In: a path. Out: how many bytes are missing, and whether the
duration it declares is a statement or FFmpeg's estimate from the bit rate.
"""

from pathlib import Path
from typing import Literal

ESTIMATED_FORMATS = frozenset(
    "aac ac3 ac4 amr amrnb amrwb dts dtshd eac3 g722 g726 gsm latm loas mlp mpeg mpegts mpegvideo "
    "sbc truehd vc1".split()
)
"""Streams without a header that states their length."""
_BOX_TYPES = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip")
_UNKNOWN_CHUNK_BYTES = 0x7FFF_F000
"""From here on a 32-bit chunk size is what a program wrote that could not go back to fill it in."""
_MAX_CHUNKS = 10_000
"""A file of zeros reads as chunks of nothing without end; no real one has this many."""
_SLACK_BYTES = 16
_OGG_HEADER = 27
_OGG_MAX_PAGE = 65_307
_MP3_SEARCH = 4096


def missing_bytes(path: Path) -> int:
    """Return how many bytes the file says it has beyond its end; 0: whole, or it does not say.

    Knows MP4 (boxes), Matroska (its segment), Ogg (its last page), RIFF and AIFF (chunks).
    Elsewhere the decoder compares the declared duration with what came out.
    """
    with path.open("rb") as stream:
        head = stream.read(12)
    if head[4:8] in _BOX_TYPES:
        missing = _missing_in_boxes(path)
    elif head[:4] == b"\x1a\x45\xdf\xa3":
        missing = _missing_in_matroska(path)
    elif head[:4] == b"OggS":
        missing = _missing_in_ogg(path)
    elif head[:4] in (b"RIFF", b"RIFX", b"FORM"):
        missing = _missing_in_chunks(path, "little" if head[:4] == b"RIFF" else "big")
    else:
        missing = 0
    return missing if missing > _SLACK_BYTES else 0


def states_duration(path: Path, container: str) -> bool:
    """Return whether the declared duration comes from a header, not from size over bit rate."""
    if container == "mp3":
        return _has_mp3_header(path)
    return not set(container.split(",")) & ESTIMATED_FORMATS


def _missing_in_boxes(path: Path) -> int:
    size = path.stat().st_size
    with path.open("rb") as stream:
        at = 0
        while at + 8 <= size:
            stream.seek(at)
            head = stream.read(16)
            length = int.from_bytes(head[:4])
            if length == 1 and len(head) == 16:
                length = int.from_bytes(head[8:])
            if length == 0 or not head[4:8].isascii():  # 0: up to the end of the file
                return 0
            if length < 8:
                return 0
            at += length
    return max(0, at - size)


def _missing_in_chunks(path: Path, order: Literal["little", "big"]) -> int:
    size = path.stat().st_size
    with path.open("rb") as stream:
        at = 12
        for _ in range(_MAX_CHUNKS):
            if at + 8 > size:
                break
            stream.seek(at)
            head = stream.read(8)
            length = int.from_bytes(head[4:], order)
            if length >= _UNKNOWN_CHUNK_BYTES:
                return 0
            at += 8 + length + length % 2
    return max(0, at - size)


def _missing_in_matroska(path: Path) -> int:
    size = path.stat().st_size
    with path.open("rb") as stream:
        head = stream.read(4096)
    at = 0
    for _ in range(2):  # the EBML header, then the segment
        id_length = _vint_length(head, at)
        size_length = _vint_length(head, at + id_length)
        body = at + id_length + size_length
        if not id_length or not size_length or body > len(head):
            return 0
        raw = int.from_bytes(head[at + id_length : body])
        length = raw & ((1 << 7 * size_length) - 1)
        if length == (1 << 7 * size_length) - 1:  # unknown, as live recordings write it
            return 0
        at = body + length
    return max(0, at - size)


def _vint_length(data: bytes, at: int) -> int:
    if at >= len(data) or not data[at]:
        return 0
    return 9 - data[at].bit_length()


def _missing_in_ogg(path: Path) -> int:
    size = path.stat().st_size
    with path.open("rb") as stream:
        base = max(0, size - 2 * _OGG_MAX_PAGE)
        stream.seek(base)
        tail = stream.read()
    # Page heads can occur by chance inside packets, so pages are followed one after the other.
    at = tail.find(b"OggS")
    while at >= 0 and at + _OGG_HEADER <= len(tail):
        if tail[at : at + 4] != b"OggS":
            at = tail.find(b"OggS", at + 1)
            continue
        n_segments = tail[at + 26]
        table = tail[at + _OGG_HEADER : at + _OGG_HEADER + n_segments]
        at += _OGG_HEADER + n_segments + sum(table)
    return max(0, at - len(tail))


def _has_mp3_header(path: Path) -> bool:
    with path.open("rb") as stream:
        head = stream.read(10)
        if head[:3] == b"ID3" and len(head) == 10:
            length = 0
            for byte in head[6:10]:
                length = length << 7 | byte & 0x7F
            stream.seek(10 + length)
            head = b""
        head += stream.read(_MP3_SEARCH)
    return any(mark in head for mark in (b"Xing", b"Info", b"VBRI"))
