"""Where sound comes from: the one tagged union that every producer and consumer shares.

A door (window, command line, engine) turns what the user gave into a `Source` with
`source_from_text`; adding a member that a consumer does not handle is a type error there
(`assert_never`).
"""

import sys
from pathlib import Path
from typing import assert_never
from urllib.parse import unquote

import msgspec

from core.errors import NotAvailableYetError, UsageError

VIDEO_SUFFIXES = frozenset(
    ".3gp .avi .flv .m2ts .m4v .mkv .mov .mp4 .mpeg .mpg .mts .mxf .ogv .ts .vob .webm .wmv".split()
)
AUDIO_SUFFIXES = frozenset(
    ".aac .ac3 .aif .aiff .alac .ape .au .caf .dts .eac3 .flac .m4a .m4b .mka .mp2 .mp3 .mpc .oga "
    ".ogg .opus .ra .tak .tta .voc .w64 .wav .wma .wv".split()
)
YOUTUBE_HOSTS = ("youtube.com", "youtu.be", "youtube-nocookie.com")


class AudioFile(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="audio_file"):
    """A sound file on this computer."""

    path: Path


class VideoFile(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="video_file"):
    """A video file on this computer, of which the sound is taken."""

    path: Path


class DirectUrl(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="direct_url"):
    """An http or https address of a media file."""

    url: str


class YouTube(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="youtube"):
    """A link to a video on YouTube."""

    url: str


Source = AudioFile | VideoFile | DirectUrl | YouTube


def source_from_text(text: str) -> Source:
    """Return the source that a path or a link names; nothing is opened yet.

    The suffix only pre-sorts local files: ingest decides by what is really inside.
    Raises UsageError for an empty text or a scheme that is neither http nor https nor file.
    """
    text = text.strip()
    if not text:
        raise UsageError("No file or link was given.", hint="Give a path or a link.")
    scheme, separator, rest = text.partition("://")
    if separator and scheme.lower() in ("http", "https"):
        host = rest.split("/", 1)[0].rsplit("@", 1)[-1].split(":", 1)[0].lower()
        if any(host == name or host.endswith(f".{name}") for name in YOUTUBE_HOSTS):
            return YouTube(url=text)
        return DirectUrl(url=text)
    if separator and scheme.lower() != "file":
        raise UsageError(
            f"Links of the kind “{scheme}” cannot be opened.", hint="Use http, https or a file."
        )
    if separator:
        return file_source(_local_path(rest))
    return file_source(Path(text).expanduser())


def _local_path(rest: str) -> Path:
    """Return the path of a file link, of which `rest` follows `file://`."""
    text = unquote(rest.removeprefix("localhost"))
    if sys.platform == "win32" and text[2:3] == ":":  # /C:/folder/file
        text = text.removeprefix("/")
    return Path(text)


def file_source(path: Path) -> AudioFile | VideoFile:
    """Return the local source for `path`, by its suffix."""
    path = Path(path).absolute()
    return VideoFile(path=path) if path.suffix.lower() in VIDEO_SUFFIXES else AudioFile(path=path)


def is_media_name(path: Path) -> bool:
    """Return whether a file in a folder looks like media by its suffix."""
    return path.suffix.lower() in VIDEO_SUFFIXES | AUDIO_SUFFIXES


def require_available(source: Source) -> AudioFile | VideoFile:
    """Return `source` if ingest can take it today; every door calls this before it submits.

    Raises NotAvailableYetError for the network members.
    """
    match source:
        case AudioFile() | VideoFile():
            return source
        case DirectUrl() | YouTube():
            raise NotAvailableYetError(
                "Links are not available yet.",
                hint="Download the file, then drop it here or name it on the command line.",
            )
        case _:
            assert_never(source)


def source_name(source: Source) -> str:
    """Return the short name of a source for people."""
    match source:
        case AudioFile(path=path) | VideoFile(path=path):
            return path.name
        case DirectUrl(url=url) | YouTube(url=url):
            return url
        case _:
            assert_never(source)
