"""Mix stage, one lane: its clips summed with gains and fades, then its effects.

In: the placed clips of a lane. Out: any stretch of the lane's sound, written over a block. Reading
on is cheap, elsewhere it seeks; a clip that cannot be heard is not read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core.audio import recipe
from core.audio.arrangement import Arrangement, PlacedClip
from core.audio.effects import EffectChain
from core.audio.fades import fade_in_gains, fade_out_gains
from core.audio.mix_runs import Run, RunReader, Sounds, runs_of
from core.audio.recipe import Effect, FadeShape
from core.library.model import Asset
from core.units import Audio


@dataclass(frozen=True, slots=True, kw_only=True)
class LanePlan:
    """What a lane plays."""

    arrangement: Arrangement
    runs: Mapping[int, Run]
    """The run of each clip, by the clip's index in the recipe."""
    effects: Sequence[Effect]


def plan_lanes(arrangement: Arrangement, lanes: Sequence[recipe.Lane]) -> list[LanePlan]:
    """Return the lanes of an arrangement that have clips.

    Parameters
    ----------
    arrangement : Arrangement
        All clips of a recipe.
    lanes : sequence of recipe.Lane
        With their effects; a clip in a lane that is not among them goes through none.
    """
    plans = []
    for number in sorted({clip.clip.lane for clip in arrangement.clips}):
        part = arrangement.of_lane(number)
        listed = lanes[number].effects if 0 <= number < len(lanes) else ()
        effects = tuple(effect for effect in listed if effect.enabled)
        plans.append(LanePlan(arrangement=part, runs=runs_of(part.clips), effects=effects))
    return plans


def open_lane(
    plan: LanePlan, assets: Mapping[str, Asset], sounds: Sounds, *, channels: int
) -> "Lane | TreatedLane":
    """Return a lane ready to be read, with its effects."""
    lane = Lane(plan, assets, sounds, channels=channels)
    if not plan.effects:
        return lane
    form = (plan.arrangement.sample_rate_hz, channels)
    return TreatedLane(lane, plan.effects, form=form)


class Lane:
    """The clips of one lane, summed. It holds readers only of the runs that sound."""

    def __init__(
        self, plan: LanePlan, assets: Mapping[str, Asset], sounds: Sounds, *, channels: int
    ) -> None:
        self._arrangement = plan.arrangement
        self._runs = plan.runs
        self._assets = assets
        self._sounds = sounds
        self._form = (plan.arrangement.sample_rate_hz, channels)
        self._readers: dict[Run, RunReader] = {}

    def read_into(self, out: Audio, start: int) -> None:
        """Write the lane from mix sample `start` on over `out`, float32 (channels, n)."""
        stop = start + out.shape[1]
        clips = self._arrangement.between(start, stop)
        used: dict[Run, RunReader] = {}
        filled = start  # everything before it is written, everything from it on is not
        for clip in clips:
            low, high = max(clip.start, start), min(clip.stop, stop)
            if clip.gain == 0:
                continue
            run = self._runs[clip.index]
            used[run] = reader = used.get(run) or self._reader(run)
            if low < filled:
                middle = min(high, filled)
                part = np.empty((out.shape[0], middle - low), np.float32)
                _clip_into(part, clip, low, reader)
                out[:, low - start : middle - start] += part
                low = middle
            if low < high:
                out[:, filled - start : low - start] = 0
                _clip_into(out[:, low - start : high - start], clip, low, reader)
                filled = high
        out[:, filled - start :] = 0
        self._readers = used

    def _reader(self, run: Run) -> RunReader:
        reader = self._readers.get(run)
        if reader is None:
            asset = self._assets[run.asset_id]
            reader = RunReader(run, asset, self._sounds, form=self._form)
        return reader


class TreatedLane:
    """A lane with its effects.

    They hear the lane in steps of a fixed length counted from the mix's start, so that the result
    does not depend on how it is read; after a seek they hear so much before it that they have
    settled.
    """

    def __init__(self, lane: Lane, effects: Sequence[Effect], *, form: tuple[int, int]) -> None:
        self._lane = lane
        self._effects = effects
        self._form = form
        self._chain = EffectChain(effects, *form)
        self._ready = np.empty((form[1], 0), np.float32)
        self._at = 0
        self._heard = 0

    def read_into(self, out: Audio, start: int) -> None:
        """Write the treated lane from mix sample `start` on over `out`."""
        if start != self._at:
            self._seek(start)
        done = 0
        while done < out.shape[1]:
            if not self._ready.shape[1]:
                self._ready = self._next()
            n = min(self._ready.shape[1], out.shape[1] - done)
            out[:, done : done + n] = self._ready[:, :n]
            self._ready = self._ready[:, n:]
            done += n
        self._at += done

    def _seek(self, start: int) -> None:
        self._chain = EffectChain(self._effects, *self._form)
        step = self._chain.step_samples
        self._heard = max(0, start - self._chain.settle_samples) // step * step
        while self._heard + step <= start:
            self._next()
        skip = start - self._heard
        self._ready = self._next()[:, skip:]
        self._at = start

    def _next(self) -> Audio:
        block = np.empty((self._form[1], self._chain.step_samples), np.float32)
        self._lane.read_into(block, self._heard)
        self._heard += block.shape[1]
        return self._chain.process(block)


def _clip_into(out: Audio, clip: PlacedClip, at: int, reader: RunReader) -> None:
    """Write a clip from mix sample `at` on over `out`."""
    reader.read_into(out, at - reader.run.start)
    first, stop = at - clip.start, at - clip.start + out.shape[1]
    gliding = min(max(clip.glide - first, 0), out.shape[1])
    if gliding:
        rise = fade_in_gains(FadeShape.S_CURVE, clip.glide, first, first + gliding)
        out[:, :gliding] *= rise * np.float32(clip.gain - clip.glide_from) + np.float32(
            clip.glide_from
        )
    if clip.gain != 1:
        out[:, gliding:] *= np.float32(clip.gain)
    if first < clip.fade_in:
        n = min(clip.fade_in - first, out.shape[1])
        out[:, :n] *= fade_in_gains(clip.fade_in_shape, clip.fade_in, first, first + n)
    falls = clip.n_samples - clip.fade_out
    if stop > falls and clip.fade_out:
        begin = max(first, falls)
        out[:, begin - first :] *= fade_out_gains(
            clip.fade_out_shape, clip.fade_out, begin - falls, stop - falls
        )
