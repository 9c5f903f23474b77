"""Loudness normalisation: bring a sound to a target, by one gain where its peaks allow it.

In: a sound that can be run through more than once, and a target. Out: a plan; blocks with the
plan applied; a report for people.

Where the highest true peak stays under the ceiling the gain is one number and nothing else
happens ("linear"). Where it does not, a true-peak limiter holds the peaks, which costs loudness;
one more run tells how loud several gains would come out, and the gain makes up for the loss.

True peaks are dear, so they are measured only where they decide something. The first run takes
sample peaks. Well under the ceiling, but not so far that no true peak could go over it, the
limiter just stands guard: sound within the ceiling passes it bit by bit, what little may go over
is held, and the report says whether anything was.
"""

from collections.abc import Callable, Iterable, Iterator

import msgspec
import numpy as np

from core.audio.limiter_forecast import forecast_loudness
from core.audio.limiter_true_peak import TruePeakLimiter
from core.audio.loudness import measure_loudness
from core.audio.normalisation import NormalisationPlan, NormalisationReport
from core.audio.recipe import LoudnessTarget
from core.audio.true_peak import BOUND_DB, decibels
from core.library.model import Loudness
from core.units import Audio

MAX_GAIN_DB = 24.0
"""More would raise the noise of a nearly silent recording, not its sound."""
MAKEUP_DB = (0.0, 0.5, 1.25, 2.25, 3.5, 5.0, 7.0, 9.0)
"""Gains tried on top, to make up for what the limiter takes; past the last it only distorts."""
GUARDED_DB = 1.5
"""Sample peaks so far under the ceiling: what true peaks add costs no loudness worth a run."""
WITHIN_LU = 0.2
"""How near the target counts as reached."""
ENOUGH_LU = 0.1
"""Where the target is out of reach the least gain is taken that comes so near to the best."""
SILENT_NOTE = (
    "It is silent (below -70 LUFS) or shorter than 0.4 seconds, so its loudness was left alone."
)


def plan_normalisation(before: Loudness, target: LoudnessTarget) -> NormalisationPlan:
    """Return the gain to a target, and whether it fits under the ceiling by itself.

    Parameters
    ----------
    before : Loudness
        Integrated loudness and true peak of the sound. Without a true peak the highest that the
        sample peak allows is assumed.
    target : LoudnessTarget
        Integrated loudness and ceiling.

    Returns
    -------
    NormalisationPlan
        Gain 0 for silence and what is too short to measure, at most 24 dB else. Where it is not
        linear the loss through the limiter is not made up for; `normalise` does that.
    """
    peak_dbtp = _highest_peak(before)
    if before.integrated_lufs is None:
        fits = peak_dbtp is None or peak_dbtp <= target.true_peak_dbtp
        return NormalisationPlan(
            target=target, before=before, gain_db=0.0, is_linear=fits, note=SILENT_NOTE
        )
    gain = min(_rounded(target.integrated_lufs - before.integrated_lufs), MAX_GAIN_DB)
    expected = before.integrated_lufs + gain
    return NormalisationPlan(
        target=target,
        before=before,
        gain_db=gain,
        is_linear=peak_dbtp is not None and peak_dbtp + gain <= target.true_peak_dbtp,
        expected_lufs=expected,
        note=_note(target, gain, expected),
    )


def _rounded(gain_db: float) -> float:
    """Return a gain in thousandths, so that the last bits of a measurement are not heard."""
    return round(gain_db, 3)


def _note(target: LoudnessTarget, gain_db: float, expected_lufs: float) -> str:
    """Say why a target is not reached; nothing where it is."""
    if expected_lufs >= target.integrated_lufs - WITHIN_LU:
        return ""
    if gain_db >= MAX_GAIN_DB:
        return f"It is so quiet that {gain_db:g} dB more only bring it to {expected_lufs:.1f} LUFS."
    return (
        f"Peaks held at {target.true_peak_dbtp:g} dBTP keep it at {expected_lufs:.1f} LUFS; "
        "more gain would only distort it."
    )


def _highest_peak(loudness: Loudness) -> float | None:
    """Return the true peak, or what the sample peak allows; None where neither is known."""
    if loudness.true_peak_dbtp is not None:
        return loudness.true_peak_dbtp
    if loudness.sample_peak_dbfs is not None:
        return loudness.sample_peak_dbfs + BOUND_DB
    return None


def normalise(
    make_blocks: Callable[[], Iterable[Audio]],
    target: LoudnessTarget,
    *,
    sample_rate_hz: int,
    channels: int,
    layout: str = "",
    before: Loudness | None = None,
) -> NormalisationPlan:
    """Measure a sound and decide how it comes to its target.

    Runs through the sound once, and once more where the limiter is needed or nearly so.

    Parameters
    ----------
    make_blocks : callable
        Gives the sound from its start, float32 (channels, n) blocks, each time it is called.
    target : LoudnessTarget
        Integrated loudness and ceiling.
    sample_rate_hz, channels : int
        Form of the blocks.
    layout : str
        FFmpeg's name of the channel layout; empty: the usual one.
    before : Loudness, optional
        What was measured already; saves the first run, and with a true peak spares the guard.

    Returns
    -------
    NormalisationPlan
        After it the integrated loudness is within 0.2 LU of the target, or `note` says why not.
    """
    if before is None:
        before = measure_loudness(
            make_blocks(), sample_rate_hz, channels, layout=layout, true_peak=False
        )
    plan = plan_normalisation(before, target)
    if plan.is_linear or _is_guarded(plan):
        return plan
    gains = [plan.gain_db + more for more in MAKEUP_DB if plan.gain_db + more <= MAX_GAIN_DB]
    found = forecast_loudness(
        make_blocks(),
        gains,
        sample_rate_hz=sample_rate_hz,
        ceiling_dbtp=target.true_peak_dbtp,
        layout=layout,
    )
    if before.true_peak_dbtp is None:
        peak_dbtp = decibels(found.true_peak)
        before = msgspec.structs.replace(before, true_peak_dbtp=peak_dbtp)
        plan = plan_normalisation(before, target)
        if plan.is_linear:
            return plan
    return _made_up(plan, gains, [lufs for lufs in found.integrated_lufs if lufs is not None])


def _is_guarded(plan: NormalisationPlan) -> bool:
    """Tell whether true peaks are unknown, and the sample peaks well under the ceiling."""
    sample, true = plan.before.sample_peak_dbfs, plan.before.true_peak_dbtp
    if true is not None or sample is None:
        return False
    return sample + plan.gain_db + GUARDED_DB <= plan.target.true_peak_dbtp


def _made_up(plan: NormalisationPlan, gains: list[float], found: list[float]) -> NormalisationPlan:
    """Return the plan with the gain that reaches the target after the limiter."""
    if len(found) != len(gains):  # what the limiter leaves is below the gate
        return plan
    wanted = plan.target.integrated_lufs
    louder = np.maximum.accumulate(found)
    if louder[0] < wanted <= louder[-1]:
        from scipy.interpolate import PchipInterpolator  # slow to load, seldom needed

        rising = np.flatnonzero(np.diff(louder, prepend=-np.inf) > 1e-3)
        curve = PchipInterpolator(louder[rising], np.array(gains)[rising])
        gain = _rounded(float(curve(min(wanted, louder[rising[-1]]))))
        expected = wanted
    else:
        best = min(wanted, louder[-1])
        first = int(np.argmax(louder >= best - (ENOUGH_LU if best < wanted else 0.0)))
        gain, expected = gains[first], float(louder[first])
    note = _note(plan.target, gain, expected)
    return msgspec.structs.replace(plan, gain_db=gain, expected_lufs=expected, note=note)


class Normaliser:
    """Applies a plan to a sound, and reports on it."""

    def __init__(self, plan: NormalisationPlan, sample_rate_hz: int) -> None:
        self.plan = plan
        self._limiter: TruePeakLimiter | None = None
        if not plan.is_linear:
            self._limiter = TruePeakLimiter(sample_rate_hz, plan.target.true_peak_dbtp)

    @property
    def limited_db(self) -> float:
        """The largest reduction of the limiter so far."""
        return self._limiter.reduction_db if self._limiter else 0.0

    def apply(self, blocks: Iterable[Audio], *, start: int = 0) -> Iterator[Audio]:
        """Yield the sound at its target, as long as before, however the blocks fall.

        `start` is the index of the first sample for a run begun in the middle: see
        `core.audio.limiter_true_peak` for how much earlier it has to begin.
        """
        gain = np.float32(10 ** (self.plan.gain_db / 20))
        raised = (block * gain for block in blocks) if self.plan.gain_db else iter(blocks)
        if self._limiter:
            raised = self._limiter.limit(raised, start=start)
        return raised

    def report(self, after: Loudness | None) -> NormalisationReport:
        """Return what was done; `after` is measured from what was written.

        It is linear when the limiter had nothing to do, whether the plan counted on it or not; a
        true peak that was not measured before is then the one after less the gain.
        """
        plan, is_linear = self.plan, self.limited_db == 0.0
        before = plan.before
        if (
            is_linear
            and before.true_peak_dbtp is None
            and after
            and after.true_peak_dbtp is not None
        ):
            peak_dbtp = after.true_peak_dbtp - plan.gain_db
            before = msgspec.structs.replace(before, true_peak_dbtp=peak_dbtp)
        return NormalisationReport(
            target=plan.target,
            before=before,
            after=after,
            gain_db=plan.gain_db,
            is_linear=is_linear,
            limited_db=self.limited_db,
            note=plan.note,
        )


def apply_normalisation(
    blocks: Iterable[Audio], plan: NormalisationPlan, sample_rate_hz: int
) -> Iterator[Audio]:
    """Yield a sound with a plan applied; see `Normaliser` for a report on it."""
    return Normaliser(plan, sample_rate_hz).apply(blocks)
