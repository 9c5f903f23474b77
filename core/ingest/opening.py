"""Open a media file through FFmpeg, closed to everything but that one file.

In: a path. Out: an open PyAV container. A playlist, a manifest or a session description inside
the file cannot make FFmpeg open the network or another file: only the `file` protocol is let in,
and demuxers that follow references are not there at all.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import av
from av.container import InputContainer

from core.errors import MediaError
from core.ingest.wholeness import missing_bytes
from core.library.files import open_regular, unreadable

REFERENCE_FORMATS = frozenset(
    "asf_stream concat concatf dash fbdev ffmetadata hds hls imf kmsgrab lavfi alsa oss "
    "video4linux2,v4l2 x11grab avfoundation dshow gdigrab image2 image2pipe live_flv rtp rtsp sap "
    "sdp smoothstreaming vapoursynth avisynth webm_dash_manifest whip jack pulse sndio".split()
)
"""Demuxers that open other files, addresses or devices."""
TEXT_FORMATS = frozenset(
    "aqtitle ass bin idf adf jacosub lrc microdvd mpl2 mpsub pjs realtext sami sbg scc srt stl "
    "subviewer subviewer1 tedcaptions ttml tty txd vplayer webvtt xbin".split()
)
"""Demuxers that take a text for media."""
OPEN_LIMIT_S = 60.0
"""Some gigabytes of nonsense keep FFmpeg looking for a header; real files take far less."""
NOT_MEDIA_HINT = "Choose a sound or video file, such as MP3, WAV, FLAC, M4A or MP4."


@contextmanager
def open_media(path: Path) -> Iterator[InputContainer]:
    """Open `path` for reading.

    Raises
    ------
    MediaError
        It is no ordinary file, cannot be read, is empty, or is not media. Errors of FFmpeg
        inside the `with` block become MediaError as well.
    """
    _require_text_name(path)
    _require_content(path)
    options = {"protocol_whitelist": "file", "format_whitelist": _format_whitelist()}
    try:
        with av.open(path, "r", options=options, timeout=(OPEN_LIMIT_S, None)) as container:
            yield container
    except (av.FFmpegError, UnicodeDecodeError) as error:
        require_whole(path)
        raise _media_error(path, error) from error


def require_whole(path: Path) -> None:
    """Raise MediaError when the file's own structure says that its end is missing."""
    try:
        missing = missing_bytes(path)
    except OSError as error:
        raise unreadable(path, error) from error
    if missing:
        raise MediaError(
            f"“{path.name}” is cut off: at least {missing:,} bytes of it are missing.",
            hint="Copy or download it again.",
            path=path,
        )


@cache
def _format_whitelist() -> str:
    return ",".join(sorted(av.formats_available - REFERENCE_FORMATS - TEXT_FORMATS))


def _require_text_name(path: Path) -> None:
    try:
        str(path).encode()
    except UnicodeEncodeError as error:
        raise MediaError(
            "The file's name is not readable text.", hint="Rename it, then try again."
        ) from error


def _require_content(path: Path) -> None:
    descriptor = open_regular(path)
    try:
        size = os.fstat(descriptor).st_size
        os.read(descriptor, 1)
    except OSError as error:
        raise unreadable(path, error) from error
    finally:
        os.close(descriptor)
    if size == 0:
        raise MediaError(
            f"“{path.name}” is empty.", hint="The download or copy may have failed.", path=path
        )


def _media_error(path: Path, error: Exception) -> MediaError:
    if isinstance(error, av.OSError | av.FileNotFoundError | av.PermissionError):
        return unreadable(path, OSError(error.errno, error.strerror))
    if isinstance(error, av.MemoryError):
        words, hint = "asks for more memory than there is", "The file is probably damaged."
    elif isinstance(error, av.DecoderNotFoundError):
        words, hint = "uses a codec that cannot be decoded", "Convert it to WAV or FLAC first."
    else:
        words, hint = "is not a sound or video file, or is damaged", NOT_MEDIA_HINT
    return MediaError(f"“{path.name}” {words}.", hint=hint, path=path)
