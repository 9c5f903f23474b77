"""The options of `cymatic prepare` that change the sound, and what they make of a mix.

In: click's values, a `Mix`. Out: the mix edited: trimmed first, then its silence, its fades, its
gain, its effects, its loudness and form. Markers move along.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from dataclasses import replace as with_changes
from fractions import Fraction
from typing import Any

import click
import msgspec

from core.audio.arrangement import mixed_samples
from core.audio.edit_base import EditResult
from core.audio.edit_cut import keep_range
from core.audio.edit_markers import ripple_markers
from core.audio.loudness_targets import PRESETS, parse_target
from core.audio.recipe import Compressor, Effect, FadeShape, HighPass, Lane, Recipe
from core.audio.recipe_check import MAX_CHANNELS, RATES_HZ
from core.cli.follow import raise_unless_done, submit_and_follow
from core.cli.groups import gathered
from core.cli.output import moment_text
from core.cli.sounds import Mix
from core.cli.values import DECIBELS, HIGH_PASS, LOUDNESS, SPAN, TIME, Span
from core.engine.client import EngineClient
from core.engine.protocol import Subject, SubmitPrepare
from core.errors import UsageError
from core.paths import LibraryPaths

MONO_PRESET = "podcast-mono"


@dataclass(frozen=True, slots=True, kw_only=True)
class MixOptions:
    """What was said on the command line; None: nothing."""

    loudness: str | None = None
    trim: Span | None = None
    trim_silence: bool = False
    fade_in: Fraction | None = None
    fade_out: Fraction | None = None
    fade_shape: str | None = None
    gain: float | None = None
    high_pass: float | None = None
    compress: bool = False
    rate: int | None = None
    channels: int | None = None
    no_declick: bool = False


def mix_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add every option that changes the sound, as one `said`."""
    command = gathered(command, "said", MixOptions)
    for option in reversed(_options()):
        command = option(command)
    return command


def _options() -> tuple[Callable[[Callable[..., Any]], Callable[..., Any]], ...]:
    presets = "|".join(PRESETS)
    return (
        click.option(
            "--loudness",
            type=LOUDNESS,
            metavar="TARGET",
            help=f"{presets}|off, LUFS such as -16, or LUFS/dBTP such as -16/-1.5.",
        ),
        click.option("--trim", type=SPAN, metavar="A-B", help="Keep 0:10-1:02.5, 0:10- or -1:02."),
        click.option("--trim-silence", is_flag=True, help="Cut the silence at both ends."),
        click.option("--fade-in", type=TIME, metavar="TIME", help="Fade the beginning in."),
        click.option("--fade-out", type=TIME, metavar="TIME", help="Fade the end out."),
        click.option(
            "--fade-shape",
            type=click.Choice([shape.value for shape in FadeShape]),
            help="The curve of these fades.",
        ),
        click.option("--gain", type=DECIBELS, metavar="DB", help="Louder or softer: -90 to 12 dB."),
        click.option(
            "--high-pass", type=HIGH_PASS, metavar="HZ", help="Take away rumble below, such as 80."
        ),
        click.option("--compress", is_flag=True, help="Even out loud and soft, gently (2:1)."),
        click.option(
            "--rate", type=click.IntRange(*RATES_HZ), metavar="HZ", help="Sample rate (48000)."
        ),
        click.option(
            "--channels", type=click.IntRange(1, MAX_CHANNELS), metavar="N", help="1: mono (2)."
        ),
        click.option("--no-declick", is_flag=True, help="Cut hard, without 3 ms of fade."),
    )


def check_options(said: MixOptions) -> None:
    """Raise UsageError for options that do not go together."""
    if said.fade_shape and said.fade_in is None and said.fade_out is None:
        raise UsageError(
            "--fade-shape says how, but nothing fades.", hint="Add --fade-in or --fade-out."
        )


async def edited(client: EngineClient, mix: Mix, said: MixOptions, paths: LibraryPaths) -> Mix:
    """Return the mix as the options want it.

    Raises
    ------
    UsageError
        The stretch to keep lies outside the sound, or all of it is silent.
    KnownError
        The sounds could not be decoded again, to find the silence.
    """
    if said.trim is not None:
        mix = _after(mix, _trimmed(mix, said.trim))
    if said.trim_silence:
        mix = _after(mix, await _without_silence(client, mix, paths))
    recipe = _faded(mix.recipe, said)
    if said.gain is not None:
        factor = 10 ** (said.gain / 20)
        clips = (_with(clip, gain=clip.gain * factor) for clip in recipe.clips)
        recipe = _with(recipe, clips=tuple(clips))
    return with_changes(mix, recipe=_formed(_with_effects(recipe, said), said))


def _after(mix: Mix, result: EditResult) -> Mix:
    markers = ripple_markers(mix.markers, result.ripple)
    return with_changes(mix, recipe=result.recipe, markers=markers)


def _with[T: msgspec.Struct](value: T, **changes: object) -> T:
    return msgspec.structs.replace(value, **changes)


def _trimmed(mix: Mix, span: Span) -> EditResult:
    lasts_s = Fraction(mixed_samples(mix.recipe, mix.assets), mix.recipe.sample_rate_hz)
    start_s, end_s = span[0], lasts_s if span[1] is None else span[1]
    if start_s >= lasts_s or end_s > lasts_s:
        raise UsageError(
            f"The stretch to keep reaches beyond the end: the sound lasts {moment_text(lasts_s)}.",
            hint="Leave the end away to keep all that follows: --trim 0:10-",
        )
    return keep_range(mix.recipe, mix.assets, start_s=start_s, end_s=end_s)


async def _without_silence(client: EngineClient, mix: Mix, paths: LibraryPaths) -> EditResult:
    from core.audio.edit_silence import trim_silence
    from core.audio.pcm import has_pcm, open_pcm
    from core.audio.peaks import PeakPyramid
    from core.audio.silence import find_sounds

    pcms = {asset_id: asset.pcm for asset_id, asset in mix.assets.items()}
    if not all(
        has_pcm(paths.pcm(pcm.key), pcm) and paths.peaks(pcm.key).is_file() for pcm in pcms.values()
    ):
        request = SubmitPrepare(subject=Subject(recipe=mix.recipe), sounds=True)
        outcome = await submit_and_follow(client, request)
        if outcome.interrupted:
            raise KeyboardInterrupt
        raise_unless_done(outcome.job)
    sounds = {
        asset_id: find_sounds(
            open_pcm(paths.pcm(pcm.key), pcm), PeakPyramid.open(paths.peaks(pcm.key))
        )
        for asset_id, pcm in pcms.items()
    }
    return trim_silence(mix.recipe, mix.assets, sounds)


def _faded(recipe: Recipe, said: MixOptions) -> Recipe:
    """Return the recipe with fades at its very ends; whether they fit is checked with the rest."""
    clips = list(recipe.clips)
    shape = FadeShape(said.fade_shape) if said.fade_shape else FadeShape.LINEAR
    if said.fade_in is not None:
        clips[0] = _with(clips[0], fade_in_s=said.fade_in, fade_in_shape=shape)
    if said.fade_out is not None:
        clips[-1] = _with(clips[-1], fade_out_s=said.fade_out, fade_out_shape=shape)
    return _with(recipe, clips=tuple(clips))


def _with_effects(recipe: Recipe, said: MixOptions) -> Recipe:
    """Return the recipe with the high-pass first and the compressor last, each once."""
    lane = recipe.lanes[0] if recipe.lanes else Lane()
    effects = lane.effects
    if said.high_pass is not None:
        effects = (HighPass(frequency_hz=said.high_pass), *_but(effects, HighPass))
    if said.compress:
        effects = (*_but(effects, Compressor), Compressor())
    return _with(recipe, lanes=(_with(lane, effects=effects), *recipe.lanes[1:]))


def _but(effects: Iterable[Effect], kind: type[Effect]) -> tuple[Effect, ...]:
    return tuple(effect for effect in effects if not isinstance(effect, kind))


def _formed(recipe: Recipe, said: MixOptions) -> Recipe:
    changes: dict[str, object] = {}
    if said.loudness is not None:
        target = parse_target(said.loudness)
        changes["loudness"] = target
        if target is not None and target.name == MONO_PRESET:
            changes["channels"] = 1
    if said.rate is not None:
        changes["sample_rate_hz"] = said.rate
    if said.channels is not None:
        changes["channels"] = said.channels
    if said.no_declick:
        changes["declick_s"] = Fraction(0)
    return _with(recipe, **changes)
