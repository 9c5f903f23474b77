"""Recipe files: our own, and the older kind with up to 50 clips, told apart and read with care.

In: JSON. Out: a `Recipe`, or an `OlderRecipe` that becomes one once the ids of its assets are
known here. Every fault of an older recipe is one sentence that names the clip. Pure; no I/O.
"""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

import msgspec

from core.audio.exchange.text import ExchangeError
from core.audio.loudness_targets import preset_target
from core.audio.recipe import RECIPE_VERSION, Clip, Recipe
from core.documents import from_builtins
from core.errors import KnownError
from core.units import length_text

MAX_BYTES = 16 * 1024**2
OLDER_VERSION = 1
OLDER_MAX_CLIPS = 50
OLDER_MAX_TOTAL_S = 30 * 60
OLDER_MIN_CLIP_S = Fraction(1, 10)
OLDER_MAX_VOLUME = 2.0
OLDER_FORMATS = ("wav", "aac")
OLDER_TARGET = "youtube"
"""What its “normalize” asks for: -14 LUFS, at most -1 dBTP."""
MIN_RATE_HZ, MAX_RATE_HZ = 8_000, 192_000
_MAX_TIME_S = 1e7
_MAX_FAULTS_SHOWN = 5


class OlderClip(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A clip as the older recipe has it; times in seconds of its source."""

    id: str = ""
    source_asset_id: str = ""
    """Empty: the recipe's asset."""
    start_time: float
    end_time: float
    volume: float = 1.0
    """Linear, 0 to 2."""
    fade_in: float = 0.0
    fade_out: float = 0.0


class OlderRecipe(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The older recipe, as it is in its file: clips one after the other."""

    version: int
    asset_id: str
    clips: tuple[OlderClip, ...]
    normalize: bool = False
    output_format: str = "wav"
    """wav or aac."""
    output_sample_rate: int = 44_100


def read_recipe_document(data: bytes) -> Recipe | OlderRecipe:
    """Return the recipe in a JSON file, ours or the older one.

    An older recipe has an `assetId` or clips with a `startTime`; ours has neither. Ours may
    stand alone or under `recipe`, as `--json` prints it. The limits of an older one are checked
    by `recipe_of_older`.

    Raises
    ------
    KnownError
        It is no JSON, no recipe, or from a newer Cymatic.
    """
    value = _object(data)
    if isinstance(value.get("recipe"), dict):
        value = value["recipe"]
    if _is_older(value):
        return _converted(value, OlderRecipe)
    if not isinstance(value.get("clips"), list):
        raise ExchangeError(
            "This file holds no recipe: it has no list of clips.",
            hint="Choose a recipe's JSON file; a project ends in .cymatic.",
        )
    version = value.get("version", RECIPE_VERSION)
    if isinstance(version, int) and version > RECIPE_VERSION:
        raise ExchangeError(
            f"This recipe is of version {version}, from a newer Cymatic.",
            hint="Install that version.",
        )
    return _converted(value, Recipe)


def _object(data: bytes) -> dict[str, Any]:
    hint = "Choose a recipe's JSON file."
    if len(data) > MAX_BYTES:
        raise ExchangeError("This file is too large for a recipe.", hint=hint)
    try:
        value = msgspec.json.decode(data.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ExchangeError(f"This is not valid JSON: {error}.", hint=hint) from error
    if not isinstance(value, dict):
        raise ExchangeError("This file holds no recipe.", hint=hint)
    return value


def _is_older(value: Mapping[str, Any]) -> bool:
    clips = value.get("clips")
    has_old_clips = isinstance(clips, list) and any(
        isinstance(clip, dict) and "startTime" in clip for clip in clips
    )
    return "assetId" in value or has_old_clips


def _converted[T](value: object, kind: type[T]) -> T:
    try:
        return from_builtins(value, kind)
    except KnownError as error:
        reason = str(error.__cause__ or error)
        raise ExchangeError(
            f"This recipe cannot be read: {reason}.",
            hint="It may come from another version of Cymatic, or be damaged.",
        ) from error


# --- the older recipe -------------------------------------------------------------------------


def older_faults(
    older: OlderRecipe, durations_s: Mapping[str, Fraction] | None = None
) -> tuple[str, ...]:
    """Return what is wrong with an older recipe, a sentence for each fault; none: it is sound.

    Parameters
    ----------
    older : OlderRecipe
    durations_s : mapping, optional
        How long its assets are, by the ids in the recipe; clips of others are not held to it.
    """
    return tuple(_faults(older, durations_s or {}))


def _faults(older: OlderRecipe, durations_s: Mapping[str, Fraction]) -> Iterator[str]:
    if older.version != OLDER_VERSION:
        yield f"It is of version {older.version}; only version {OLDER_VERSION} is known."
    if not older.clips:
        yield "It has no clips."
    if len(older.clips) > OLDER_MAX_CLIPS:
        yield f"It has {len(older.clips)} clips; {OLDER_MAX_CLIPS} is the most."
    if older.output_format not in OLDER_FORMATS:
        yield f"Its output format “{older.output_format[:20]}” is neither wav nor aac."
    if not MIN_RATE_HZ <= older.output_sample_rate <= MAX_RATE_HZ:
        yield f"Its output rate of {older.output_sample_rate} Hz is out of range."
    for number, clip in enumerate(older.clips, 1):
        asset_id = clip.source_asset_id or older.asset_id
        name = f"Clip {number} (“{clip.id[:40]}”)" if clip.id else f"Clip {number}"
        yield from (f"{name} {fault}." for fault in _clip_faults(clip, durations_s.get(asset_id)))
    total_s = sum(max(0.0, clip.end_time - clip.start_time) for clip in older.clips)
    if OLDER_MAX_TOTAL_S < total_s <= _MAX_TIME_S * len(older.clips):  # more: said of the clip
        yield f"It lasts {length_text(total_s)}; 30 minutes is the most."


def _clip_faults(clip: OlderClip, duration_s: Fraction | None) -> Iterator[str]:
    times = (clip.start_time, clip.end_time, clip.fade_in, clip.fade_out)
    if not all(abs(time) <= _MAX_TIME_S for time in times):
        yield "has a time out of range"
        return
    start, end, fade_in, fade_out = (_exact(time) for time in times)
    if start < 0:
        yield "starts before 0"
    if end <= start:
        yield "ends before it starts"
    elif end - start < OLDER_MIN_CLIP_S:
        yield "is shorter than 0.1 s"
    if duration_s is not None and end > duration_s:
        yield f"ends after its sound, which lasts {length_text(float(duration_s))}"
    if fade_in < 0 or fade_out < 0:
        yield "has a fade of less than 0 s"
    elif end > start and fade_in + fade_out > end - start:
        yield "has fades that are longer than it is"
    if not 0 <= clip.volume <= OLDER_MAX_VOLUME:
        yield f"has a volume of {clip.volume:g}; 0 to 2 is possible"


def _exact(seconds: float) -> Fraction:
    return Fraction(repr(seconds))  # the decimal that was written, not its nearest binary


def recipe_of_older(
    older: OlderRecipe,
    asset_ids: Mapping[str, str],
    *,
    durations_s: Mapping[str, Fraction] | None = None,
) -> Recipe:
    """Return an older recipe as one of ours.

    Parameters
    ----------
    older : OlderRecipe
    asset_ids : mapping of str to str
        Ids of assets here, by the ids that the recipe uses (see `older_asset_ids`).
    durations_s : mapping, optional
        How long its assets are, by the ids in the recipe.

    Returns
    -------
    Recipe
        Stereo, at its output rate; `normalize` becomes -14 LUFS and -1 dBTP. Its output format
        has no place in a recipe of ours: it is chosen when a file is written.

    Raises
    ------
    ExchangeError
        With all that is wrong, each in a sentence that names the clip.
    """
    faults = older_faults(older, durations_s)
    if faults:
        raise _refused(faults)
    missing = [one for one in older_asset_ids(older) if one not in asset_ids]
    if missing:
        where = [
            str(number)
            for number, clip in enumerate(older.clips, 1)
            if (clip.source_asset_id or older.asset_id) in missing
        ]
        raise ExchangeError(
            f"The sound of clip {', '.join(where[:10])} is not in the library "
            f"(“{missing[0][:60]}”).",
            hint="Take the file in first, and say which asset it is.",
        )
    return Recipe(
        clips=tuple(
            _clip(clip, asset_ids[clip.source_asset_id or older.asset_id]) for clip in older.clips
        ),
        loudness=preset_target(OLDER_TARGET) if older.normalize else None,
        sample_rate_hz=older.output_sample_rate,
    )


def older_asset_ids(older: OlderRecipe) -> tuple[str, ...]:
    """Return the ids that the clips of an older recipe use, each once, in order of use."""
    return tuple(dict.fromkeys(clip.source_asset_id or older.asset_id for clip in older.clips))


def _clip(clip: OlderClip, asset_id: str) -> Clip:
    return Clip(
        asset_id=asset_id,
        start_s=_exact(clip.start_time),
        end_s=_exact(clip.end_time),
        gain=clip.volume,
        fade_in_s=_exact(clip.fade_in),
        fade_out_s=_exact(clip.fade_out),
    )


def _refused(faults: Sequence[str]) -> ExchangeError:
    shown = " ".join(faults[:_MAX_FAULTS_SHOWN])
    more = len(faults) - _MAX_FAULTS_SHOWN
    if more > 0:
        shown += f" And {more} more."
    return ExchangeError(
        f"This older recipe cannot be used. {shown}",
        hint="Correct it in the program that made it, then export it again.",
    )
