"""Whether a recipe can be mixed: one plain sentence for every fault. Pure; no I/O.

In: a recipe from anywhere (a file, a program, an edit), the library's assets, the limits. Out:
its faults. Nothing is calculated with a number before it is known to be sane, so that a hostile
document costs nothing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from core.audio.arrangement import lay_out
from core.audio.recipe import (
    MAX_GAIN,
    MIN_CLIP_S,
    RECIPE_VERSION,
    Clip,
    Compressor,
    Effect,
    HighPass,
    Lane,
    LoudnessTarget,
    Recipe,
)
from core.config import Settings
from core.errors import UsageError
from core.library.model import Asset
from core.units import samples_at, time_text

MAX_PART = 1 << 64
"""Largest denominator of a time."""
RATES_HZ = (8_000, 192_000)
MAX_CHANNELS = 8
MAX_DECLICK_S = Fraction(1, 20)
MAX_TIME_S = 10**7
"""Beyond every limit, so that sums stay small: about 115 days."""
MAX_EFFECTS = 16
SLACK = 2
"""Ticks that rounding may make of fades and crossfades which fill their clip."""
ZERO_S = Fraction(0)
TAKE_IN = "Take the file in again, or remove the clip."
TAKE_OUT = "Take it out of the trash, or remove the clip."
THREE = ("three-at-once", "three clips sound at once where it begins", "Move it further right.")
OVERLAP = ("overlap", "it overlaps more than the shorter of the two clips", "Move it apart.")
FADES = ("fades-too-long", "its fades are longer than the clip", "Shorten a fade or a crossfade.")

type Ranges = Mapping[str, tuple[float, float, str]]
EFFECT_RANGES: Mapping[type[Effect], tuple[str, Ranges]] = {
    HighPass: ("high-pass", {"frequency_hz": (20, 2000, " Hz")}),
    Compressor: (
        "compressor",
        {
            "threshold_db": (-60, 0, " dB"),
            "ratio": (1, 20, ""),
            "knee_db": (0, 24, " dB"),
            "attack_s": (0.0001, 1, " s"),
            "release_s": (0.005, 5, " s"),
            "makeup_db": (-12, 24, " dB"),
        },
    ),
}
"""What a sentence calls each effect, and the least and most of each of its numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipeFault:
    """Something that keeps a recipe from being mixed."""

    clip: int | None
    """Index of the clip; None: the recipe as a whole."""
    code: str
    """Stable, for programs, such as clip-too-short."""
    sentence: str
    """For people; names the clip."""
    hint: str
    """What to do next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipeLimits:
    """How large a recipe may be."""

    max_clips: int = 5000
    max_mix_s: float = 12 * 3600.0

    @classmethod
    def of(cls, settings: Settings) -> "RecipeLimits":
        """Return the limits that the library's settings give."""
        return cls(max_clips=settings.max_clips, max_mix_s=settings.max_mix_s)


DEFAULT_LIMITS = RecipeLimits()
NO_CLIPS = "empty"
"""Code of the fault that a mix without clips has."""


def require_valid(
    recipe: Recipe, assets: Mapping[str, Asset], limits: RecipeLimits = DEFAULT_LIMITS
) -> None:
    """Raise UsageError with the recipe's first fault, and how many more there are."""
    faults = recipe_faults(recipe, assets, limits)
    if faults:
        more = len(faults) - 1
        also = f" ({more} more {'fault' if more == 1 else 'faults'}.)" if more else ""
        raise UsageError(faults[0].sentence + also, hint=faults[0].hint, code=faults[0].code)


def recipe_faults(
    recipe: Recipe, assets: Mapping[str, Asset], limits: RecipeLimits = DEFAULT_LIMITS
) -> tuple[RecipeFault, ...]:
    """Return what keeps a recipe from being mixed; empty when nothing does.

    Parameters
    ----------
    recipe : Recipe
        May hold anything that its types allow.
    assets : mapping of str to Asset
        The library's assets by id; those that the recipe names and that are here are checked, the
        others are faults.
    limits : RecipeLimits

    Returns
    -------
    tuple of RecipeFault
        Those of the whole first (a wrong version or too many clips alone), then clip by clip.
    """
    whole = _unreadable(recipe, limits)
    if whole:
        return whole
    faults = [*_of_the_form(recipe)]
    n_lanes = max(len(recipe.lanes), 1)
    for index, clip in enumerate(recipe.clips):
        if not _is_sane(clip, assets.get(clip.asset_id), n_lanes):
            faults += _of_a_clip(index, clip, assets.get(clip.asset_id), n_lanes)
    if faults:
        return tuple(faults)
    return tuple(_of_the_places(recipe, assets, limits))


def is_sane_time(time_s: Fraction) -> bool:
    """Return whether a time may be calculated with: few digits, under 115 days."""
    parts = time_s.denominator
    return parts < MAX_PART and -MAX_TIME_S * parts <= time_s.numerator <= MAX_TIME_S * parts


def _unreadable(recipe: Recipe, limits: RecipeLimits) -> tuple[RecipeFault, ...]:
    if recipe.version > RECIPE_VERSION:
        return (
            _fault(
                "newer-version",
                "This recipe was made by a newer version of Cymatic.",
                "Update Cymatic to use it.",
            ),
        )
    if recipe.version < 1:
        return (
            _fault(
                "no-version",
                f"This recipe has no version that Cymatic knows ({recipe.version}).",
                "Export it again from the program that made it.",
            ),
        )
    if len(recipe.clips) > limits.max_clips:
        return (
            _fault(
                "too-many-clips",
                f"The recipe has {len(recipe.clips):,} clips, more than the {limits.max_clips:,} "
                "that the settings allow.",
                "Join or remove clips, or raise the limit in the settings.",
            ),
        )
    return ()


def _of_the_form(recipe: Recipe) -> Iterator[RecipeFault]:
    if not recipe.clips:
        yield _fault(NO_CLIPS, "There is no sound in the mix.", "Add a sound first.")
    if len(recipe.lanes) != 1:
        yield _fault(
            "lanes",
            f"The recipe has {len(recipe.lanes)} lanes.",
            "This version of Cymatic mixes exactly one.",
        )
    if not RATES_HZ[0] <= recipe.sample_rate_hz <= RATES_HZ[1]:
        yield _fault(
            "sample-rate", "The mix's sample rate is out of range.", "Use 8,000 to 192,000 Hz."
        )
    if not 1 <= recipe.channels <= MAX_CHANNELS:
        yield _fault("channels", "The mix's number of channels is out of range.", "Use 1 to 8.")
    if not (is_sane_time(recipe.declick_s) and 0 <= recipe.declick_s <= MAX_DECLICK_S):
        yield _fault("declick", "The de-click at cuts is out of range.", "Use 0 to 50 ms.")
    if recipe.loudness is not None:
        yield from _of_the_loudness(recipe.loudness)
    for lane in recipe.lanes:
        yield from _of_a_lane(lane)


def _of_the_loudness(target: LoudnessTarget) -> Iterator[RecipeFault]:
    if not -70 <= target.integrated_lufs <= 0:
        yield _fault("loudness", "The loudness target is out of range.", "Use -70 to 0 LUFS.")
    if not -20 <= target.true_peak_dbtp <= 0:
        yield _fault("true-peak", "The highest true peak is out of range.", "Use -20 to 0 dBTP.")


def _of_a_lane(lane: Lane) -> Iterator[RecipeFault]:
    if len(lane.effects) > MAX_EFFECTS:
        yield _fault(
            "effects", f"A lane has {len(lane.effects)} effects.", f"Use at most {MAX_EFFECTS}."
        )
        return
    for effect in lane.effects:
        title, ranges = EFFECT_RANGES[type(effect)]
        for name, (low, high, unit) in ranges.items():
            if not low <= getattr(effect, name) <= high:
                yield _fault(
                    "effect",
                    f"The {title}'s {name.rpartition('_')[0] or name} is out of range.",
                    f"Use {low:g} to {high:g}{unit}.",
                )
        if isinstance(effect, HighPass) and effect.slope_db not in (12, 24):
            yield _fault(
                "effect", "The high-pass's slope is none it can have.", "Use 12 or 24 dB an octave."
            )


def _is_sane(clip: Clip, asset: Asset | None, n_lanes: int) -> bool:
    """Return whether a clip has no fault of its own; without sentences, for it is asked often."""
    if (
        asset is None
        or asset.trashed_at is not None
        or asset.missing
        or not 0 <= clip.lane < n_lanes
    ):
        return False
    for time_s in (clip.start_s, clip.end_s, clip.gap_s, clip.fade_in_s, clip.fade_out_s):
        if time_s and not is_sane_time(time_s):
            return False
    if not (0 <= clip.lane < n_lanes and 0 <= clip.gain <= MAX_GAIN):
        return False
    if clip.fade_in_s.numerator < 0 or clip.fade_out_s.numerator < 0:
        return False
    return not _of_the_span(clip, asset)


def _of_a_clip(index: int, clip: Clip, asset: Asset | None, n_lanes: int) -> list[RecipeFault]:
    """Return the faults of a clip that has one, in sentences."""
    label = clip_label(index, clip.name or (asset.title if asset is not None else ""))
    found: list[tuple[str, str, str]] = []
    if asset is None:
        found.append(("no-source", "its sound is not in the library", TAKE_IN))
    elif asset.trashed_at is not None:
        found.append(("source-in-trash", "its sound is in the trash", TAKE_OUT))
    elif asset.missing:
        found.append(("source-missing", "the file of its sound is gone", TAKE_IN))
    if not 0 <= clip.lane < n_lanes:
        found.append(("no-lane", f"there is no lane {clip.lane + 1}", "Use the first lane."))
    if not 0 <= clip.gain <= MAX_GAIN:
        found.append(("gain", "its gain is out of range", "Use -∞ to +12 dB (0 to 400 %)."))
    times = (clip.start_s, clip.gap_s, clip.fade_in_s, clip.fade_out_s, clip.end_s or ZERO_S)
    if not all(is_sane_time(time_s) for time_s in times):
        found.append(("time", "one of its times is none that can be used", "Type it again."))
    else:
        if clip.fade_in_s < 0 or clip.fade_out_s < 0:
            found.append(("fade", "a fade is shorter than nothing", "Use 0 for no fade."))
        if asset is not None:
            found += _of_the_span(clip, asset)
    return [
        RecipeFault(clip=index, code=code, sentence=f"{label}: {words}.", hint=hint)
        for code, words, hint in found
    ]


def _of_the_span(clip: Clip, asset: Asset) -> tuple[tuple[str, str, str], ...]:
    """Return what is wrong with the stretch that a clip takes: code, words and hint."""
    rate, n_samples = asset.pcm.sample_rate_hz, asset.pcm.n_samples
    start = samples_at(clip.start_s, rate) if clip.start_s else 0
    stop = n_samples if clip.end_s is None else samples_at(clip.end_s, rate)
    lasts = f"The sound lasts {n_samples / rate:.3f} s."
    if clip.start_s.numerator < 0:
        return (("in-negative", "it begins before its sound does", "Let it begin at 0 or later."),)
    if start >= stop:
        if clip.end_s is None:
            return (("in-after-end", "it begins where its sound has ended", lasts),)
        return (("in-after-out", "its in point is not before its out point", lasts),)
    if stop > n_samples:
        return (("out-after-end", "it reaches beyond the end of its sound", lasts),)
    if (stop - start) * MIN_CLIP_S.denominator < rate * MIN_CLIP_S.numerator:
        end_s = Fraction(n_samples, rate) if clip.end_s is None else clip.end_s
        if end_s - clip.start_s < MIN_CLIP_S:  # else only rounded to less
            return (("clip-too-short", "it is shorter than 0.1 s", "Make it longer."),)
    return ()


def _of_the_places(
    recipe: Recipe, assets: Mapping[str, Asset], limits: RecipeLimits
) -> Iterator[RecipeFault]:
    layout = lay_out(recipe, assets)
    ticks_per_s, starts, lengths = layout.ticks_per_s, layout.starts, layout.lengths
    gaps = [samples_at(clip.gap_s, ticks_per_s) if clip.gap_s else 0 for clip in recipe.clips]
    if gaps[0] < 0:
        yield _at_place(recipe, assets, 0, "gap", "it begins before the mix does", "Use 0 or more.")
    overlaps = [0, *(max(-gap, 0) for gap in gaps[1:]), 0]
    for index, clip in enumerate(recipe.clips):
        before, after = overlaps[index], overlaps[index + 1]
        if before:
            if index > 1 and starts[index] + SLACK < layout.stop(index - 2):
                yield _at_place(recipe, assets, index, *THREE)
            elif before > min(lengths[index], lengths[index - 1]) + SLACK:
                yield _at_place(recipe, assets, index, *OVERLAP)
        room = lengths[index] - before - after
        if room >= -SLACK and (clip.fade_in_s or clip.fade_out_s):
            own = 0 if before else samples_at(clip.fade_in_s, ticks_per_s)
            own += 0 if after else samples_at(clip.fade_out_s, ticks_per_s)
            rate = assets[clip.asset_id].pcm.sample_rate_hz
            if own and own > room + ticks_per_s // rate + SLACK:
                yield _at_place(recipe, assets, index, *FADES)
    lasts = max(start + length for start, length in zip(starts, lengths, strict=True))
    if lasts > limits.max_mix_s * ticks_per_s:
        yield _fault(
            "too-long",
            f"The mix would last {time_text(lasts / ticks_per_s)}, longer than the "
            f"{time_text(limits.max_mix_s)} that the settings allow.",
            "Shorten it, or raise the limit in the settings.",
        )


def _at_place(recipe: Recipe, assets: Mapping[str, Asset], index: int, *words: str) -> RecipeFault:
    clip = recipe.clips[index]
    label = clip_label(index, clip.name or assets[clip.asset_id].title)
    code, sentence, hint = words
    return RecipeFault(clip=index, code=code, sentence=f"{label}: {sentence}.", hint=hint)


def _fault(code: str, sentence: str, hint: str) -> RecipeFault:
    return RecipeFault(clip=None, code=code, sentence=sentence, hint=hint)


def clip_label(index: int, name: str) -> str:
    """Return how a sentence names a clip: Clip 3 “Verse”."""
    if not name:
        return f"Clip {index + 1}"
    return f"Clip {index + 1} “{name if len(name) <= 60 else name[:59] + '…'}”"
