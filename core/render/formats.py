"""Output formats: their names, sizes and projections (DESIGN §4)."""

import re
from enum import StrEnum

import msgspec

from core.errors import UsageError

H264_MAX_SIDE = 4096
MAX_SIDE = 8192


class Projection(StrEnum):
    """How a ray is made of a pixel."""

    FLAT = "flat"
    EQUIRECT = "equirect"
    EQUIRECT_STEREO = "equirect_stereo"
    """Omni-directional stereo, top-bottom, left eye on top."""


class OutputFormat(msgspec.Struct, frozen=True, kw_only=True):
    """A named frame size and projection."""

    name: str
    title: str
    width: int
    height: int
    projection: Projection = Projection.FLAT

    @property
    def needs_hevc(self) -> bool:
        """Whether a side is over what H.264 decoders take."""
        return max(self.width, self.height) > H264_MAX_SIDE


def _flat(name: str, title: str, width: int, height: int) -> OutputFormat:
    return OutputFormat(name=name, title=title, width=width, height=height)


def _mono(name: str, title: str, width: int) -> OutputFormat:
    return OutputFormat(
        name=name, title=title, width=width, height=width // 2, projection=Projection.EQUIRECT
    )


def _stereo(name: str, title: str, side: int) -> OutputFormat:
    return OutputFormat(
        name=name, title=title, width=side, height=side, projection=Projection.EQUIRECT_STEREO
    )


FORMATS: dict[str, OutputFormat] = {
    fmt.name: fmt
    for fmt in (
        _flat("flat-1080p-landscape", "1080p landscape", 1920, 1080),
        _flat("flat-1080p-portrait", "1080p portrait", 1080, 1920),
        _flat("flat-1080p-square", "1080p square", 1080, 1080),
        _flat("flat-720p-landscape", "720p landscape", 1280, 720),
        _flat("flat-4k-landscape", "4K landscape", 3840, 2160),
        _flat("flat-4k-portrait", "4K portrait", 2160, 3840),
        _mono("360-mono-4k", "360° 4K", 4096),
        _mono("360-mono-6k", "360° 6K", 6144),
        _mono("360-mono-8k", "360° 8K", 8192),
        _stereo("360-stereo-5.7k", "360° 3D 5.7K", 5760),
        _stereo("360-stereo-8k", "360° 3D 8K", 8192),
    )
}
DEFAULT_FORMAT = "flat-1080p-landscape"


def format_named(name: str) -> OutputFormat:
    """Return the format called `name`, or the flat `WxH` it spells.

    Raises UsageError for an unknown name, odd sizes, or a side outside 16 to 8192.
    """
    if name in FORMATS:
        return FORMATS[name]
    match = re.fullmatch(r"(\d{2,5})[x×](\d{2,5})", name)
    if not match:
        raise UsageError(
            f"There is no format “{name}”.", hint=f"Use WxH or one of: {', '.join(FORMATS)}."
        )
    width, height = int(match[1]), int(match[2])
    if width % 2 or height % 2:
        raise UsageError(f"{width}×{height} has an odd side.", hint="Video needs even numbers.")
    if not all(16 <= side <= MAX_SIDE for side in (width, height)):
        raise UsageError(
            f"{width}×{height} is out of range.", hint=f"Sides go from 16 to {MAX_SIDE}."
        )
    return _flat(f"{width}x{height}", f"{width} × {height}", width, height)
