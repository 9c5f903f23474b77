"""Loudness targets: what platforms ask for, and how people name one. Pure; no I/O."""

import re
from dataclasses import dataclass

from core.audio.recipe import LoudnessTarget
from core.errors import UsageError

LOWEST_LUFS, HIGHEST_LUFS = -70.0, 0.0
LOWEST_DBTP, HIGHEST_DBTP = -20.0, 0.0
DEFAULT_DBTP = -1.0
OFF = "off"
_TARGET = re.compile(
    r"(?P<lufs>[+-]?\d+(?:\.\d+)?)\s*(?:lufs|lkfs|db)?"
    r"(?:\s*/\s*(?P<dbtp>[+-]?\d+(?:\.\d+)?)\s*(?:dbtp|db)?)?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoudnessPreset:
    """A target by name: what it is called for people, and where its numbers come from."""

    title: str
    target: LoudnessTarget
    source: str


def _preset(title: str, lufs: float, dbtp: float, source: str) -> LoudnessPreset:
    target = LoudnessTarget(integrated_lufs=lufs, true_peak_dbtp=dbtp)
    return LoudnessPreset(title=title, target=target, source=source)


PRESETS = {
    "youtube": _preset(
        "YouTube", -14, -1, "Measured by many: louder videos are turned down to -14 LUFS, none up"
    ),
    "spotify": _preset("Spotify", -14, -1, "Spotify for Artists, Loudness normalization"),
    "apple": _preset("Apple Music", -16, -1, "Measured by many: Sound Check plays at -16 LUFS"),
    "podcast": _preset(
        "Podcast, stereo", -16, -1, "Apple Podcasts, Audio requirements: -16 LKFS, -1 dBFS"
    ),
    "podcast-mono": _preset(
        "Podcast, mono", -19, -1, "One channel 3 LU below stereo: as loud from two loudspeakers"
    ),
    "ebu": _preset("EBU R 128 (broadcast, Europe)", -23, -1, "EBU R 128"),
    "atsc": _preset("ATSC A/85 (broadcast, USA)", -24, -2, "ATSC A/85"),
}
"""By the names that recipes and the command line use."""


def preset_target(name: str) -> LoudnessTarget:
    """Return the target of a preset, with its name in it. Raises UsageError for other names."""
    if name not in PRESETS:
        raise UsageError(f"“{name}” is not a loudness preset.", hint=_hint())
    target = PRESETS[name].target
    return LoudnessTarget(
        integrated_lufs=target.integrated_lufs, true_peak_dbtp=target.true_peak_dbtp, name=name
    )


def parse_target(text: str) -> LoudnessTarget | None:
    """Return the target that a person wrote; None for `off`.

    Parameters
    ----------
    text : str
        A preset's name, `off`, a loudness in LUFS (`-16`, `-16 LUFS`), or one with the highest
        true peak in dBTP (`-16/-1.5`).

    Raises
    ------
    UsageError
        It is none of these, or out of range (-70 to 0 LUFS, -20 to 0 dBTP).
    """
    wanted = text.strip().lower().replace("−", "-")
    if wanted == OFF:
        return None
    if wanted in PRESETS:
        return preset_target(wanted)
    match = _TARGET.fullmatch(wanted)
    if match is None:
        raise UsageError(f"“{text}” is not a loudness.", hint=_hint())
    target = LoudnessTarget(
        integrated_lufs=float(match["lufs"]), true_peak_dbtp=float(match["dbtp"] or DEFAULT_DBTP)
    )
    check_target(target)
    return target


def check_target(target: LoudnessTarget) -> None:
    """Raise UsageError when a target is out of range."""
    if not LOWEST_LUFS <= target.integrated_lufs <= HIGHEST_LUFS:
        hint = "Use -70 to 0 LUFS."
        if HIGHEST_LUFS < target.integrated_lufs <= -LOWEST_LUFS:
            hint = f"Loudness is below zero: did you mean -{target.integrated_lufs:g}?"
        raise UsageError(f"{target.integrated_lufs:g} LUFS is out of range.", hint=hint)
    if not LOWEST_DBTP <= target.true_peak_dbtp <= HIGHEST_DBTP:
        raise UsageError(
            f"A highest true peak of {target.true_peak_dbtp:g} dBTP is out of range.",
            hint="Use -20 to 0 dBTP; -1 is usual.",
        )


def _hint() -> str:
    return f"Use {', '.join(PRESETS)}, off, or a loudness such as -16."
