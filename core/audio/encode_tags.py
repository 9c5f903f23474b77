"""What a sound file says of itself: titles, cover, chapters; written as each container takes it.

In: `SoundTags`, or a probe to take them from. Out: the metadata, chapters and the picture of an
open output file. Nothing here comes from a clock.
"""

import base64
import io
import struct
from collections.abc import Mapping
from fractions import Fraction

import av
import msgspec
from av.container import OutputContainer
from av.rational import AVRational
from av.stream import Disposition, Stream
from PIL import Image, UnidentifiedImageError

from core.audio.encode_formats import SoundFormat
from core.errors import UsageError
from core.library.model import Chapter, Probe

MAX_COVER_BYTES = 16 * 1024**2
MAX_TEXT = 4000
COVER_KINDS = frozenset({"mp3", "m4a", "flac", "opus", "ogg"})
CHAPTER_KINDS = frozenset({"mp3", "m4a", "flac", "opus", "ogg"})
_ATTACHED_KINDS = frozenset({"mp3", "m4a", "flac"})
"""Kinds whose containers take a picture as a stream; Ogg takes it as a tag."""
_FIELDS = ("title", "artist", "album", "album_artist", "date", "genre", "comment", "track")
_COMMENT_KINDS = frozenset({"flac", "opus", "ogg"})
"""Kinds whose chapters are Vorbis comments."""
_CHAPTER_TIME_BASE = Fraction(1, 1000)
_FRONT_COVER = 3  # ID3v2 APIC, FLAC PICTURE


class SoundTags(msgspec.Struct, frozen=True, kw_only=True):
    """What a sound file says of itself; empty fields are left out."""

    title: str = ""
    artist: str = ""
    album: str = ""
    album_artist: str = ""
    date: str = ""
    genre: str = ""
    comment: str = ""
    track: str = ""
    cover: bytes = b""
    """A picture: PNG or JPEG as it is, anything else that can be read becomes PNG."""
    chapters: tuple[Chapter, ...] = ()
    """In order; in seconds of the sound that is written."""


def tags_of(probe: Probe, *, title: str = "", cover: bytes = b"") -> SoundTags:
    """Return the tags that a source file has, for a file made of it.

    title : what to fall back on; cover : its picture, if any. Chapters are left out: they hold
    for the whole source only.
    """
    known = {name: probe.tags.get(name, "") for name in _FIELDS}
    known["title"] = known["title"] or title
    return msgspec.structs.replace(SoundTags(cover=cover), **known)


class TagWriter:
    """Puts tags into one output file: `declare` before its header, `attach` right after it."""

    def __init__(self, tags: SoundTags, fmt: SoundFormat) -> None:
        self._tags = tags
        self._kind = fmt.kind
        self._picture = _picture(tags.cover) if tags.cover and fmt.kind in COVER_KINDS else None
        self._stream: Stream | None = None

    def declare(self, container: OutputContainer) -> None:
        """Set texts and chapters, and add the stream of the cover."""
        container.metadata.update(self._texts())
        if self._tags.chapters and self._kind in CHAPTER_KINDS:
            if self._kind in _COMMENT_KINDS:  # their muxers write no chapters, players read tags
                container.metadata.update(_chapter_comments(self._tags.chapters))
            else:
                _set_chapters(container, self._tags.chapters)
        if self._picture is None:
            return
        if self._kind in _ATTACHED_KINDS:
            stream = container.add_stream(self._picture.codec, rate=1)
            if isinstance(stream, av.VideoStream):  # its encoder stays idle: the bytes are there
                stream.width, stream.height = self._picture.width, self._picture.height
                stream.pix_fmt = "rgb24" if self._picture.codec == "png" else "yuvj420p"
            stream.disposition = Disposition.attached_pic
            self._stream = stream
        else:
            container.metadata["METADATA_BLOCK_PICTURE"] = self._picture.flac_block()

    def attach(self, container: OutputContainer) -> None:
        """Write the cover; the header is out."""
        if self._stream is None or self._picture is None:
            return
        packet = av.Packet(self._picture.data)
        packet.stream, packet.pts, packet.dts = self._stream, 0, 0
        packet.time_base, packet.is_keyframe = _CHAPTER_TIME_BASE, True
        container.mux(packet)

    def _texts(self) -> Mapping[str, str]:
        texts = {name: _clean(getattr(self._tags, name)) for name in _FIELDS}
        return {name: text for name, text in texts.items() if text}


def _clean(text: str) -> str:
    """Return text without what ends or breaks a field, of bounded length."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode()[:MAX_TEXT].strip()


def _set_chapters(container: OutputContainer, chapters: tuple[Chapter, ...]) -> None:
    container.set_chapters(
        [
            {
                "id": index,
                "start": round(chapter.start_s / _CHAPTER_TIME_BASE),
                "end": round(chapter.end_s / _CHAPTER_TIME_BASE),
                "time_base": AVRational(1, 1000),
                "metadata": {"title": _clean(chapter.title)},
            }
            for index, chapter in enumerate(chapters)
        ]
    )


def _chapter_comments(chapters: tuple[Chapter, ...]) -> dict[str, str]:
    """Return CHAPTER000=00:00:00.000, CHAPTER000NAME=… as Vorbis comments have them."""
    comments = {}
    for index, chapter in enumerate(chapters[:1000]):
        minutes, milliseconds = divmod(round(chapter.start_s * 1000), 60_000)
        comments[f"CHAPTER{index:03d}"] = (
            f"{minutes // 60:02d}:{minutes % 60:02d}:"
            f"{milliseconds // 1000:02d}.{milliseconds % 1000:03d}"
        )
        comments[f"CHAPTER{index:03d}NAME"] = _clean(chapter.title)
    return comments


class _Picture(msgspec.Struct, frozen=True):
    """A cover, ready to be embedded."""

    data: bytes
    codec: str
    """png or mjpeg."""
    width: int
    height: int

    def flac_block(self) -> str:
        """Return a FLAC PICTURE block in base64, as Ogg carries covers."""
        mime = b"image/png" if self.codec == "png" else b"image/jpeg"
        head = struct.pack(">II", _FRONT_COVER, len(mime)) + mime + struct.pack(">I", 0)
        form = struct.pack(">IIIII", self.width, self.height, 24, 0, len(self.data))
        return base64.b64encode(head + form + self.data).decode()


def _picture(cover: bytes) -> _Picture:
    """Return the cover as PNG or JPEG. Raises UsageError for anything but a picture."""
    try:
        if len(cover) > MAX_COVER_BYTES:
            raise UsageError(
                "The cover is larger than 16 MB.", hint="Make the picture smaller, then try again."
            )
        with Image.open(io.BytesIO(cover)) as image:
            width, height = image.size
            if image.format in ("PNG", "JPEG"):
                codec = "png" if image.format == "PNG" else "mjpeg"
                return _Picture(cover, codec, width, height)
            out = io.BytesIO()
            image.convert("RGB").save(out, "PNG")
            return _Picture(out.getvalue(), "png", width, height)
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError) as error:
        raise UsageError(
            "The cover is not a picture that can be read.", hint="Choose a PNG or JPEG file."
        ) from error
