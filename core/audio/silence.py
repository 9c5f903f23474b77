"""Where a sound is silent, and where it is not. In: PCM and its peaks. Out: stretches of sound.

The peak pyramid finds the stretches, 256 samples at a time; only their edges are looked up in the
samples. So hours take a fraction of a second, and edges are exact to the sample. Sound is what
lies above a threshold in any channel, to 1/16384 of full scale (0.1 dB at -45 dB).
"""

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from core.audio.pcm import PcmReader
from core.audio.peaks import BASE_SAMPLES, MAX, MIN, RMS, STEPS, PeakPyramid
from core.audio.stretch import Stretch as Stretch
from core.errors import UsageError

GATE_DB = -70.0
"""What is below does not count for the level of a programme (EBU R 128 gates there too)."""
RELATIVE_GATE_DB = -10.0
"""Nor what is so far below the level of the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceRule:
    """What counts as silence."""

    threshold_db: float = -45.0
    """-90 to 0: silence is below this peak, in dBFS; or below the programme's level by it."""
    relative: bool = False
    """Whether the threshold counts from the level of the programme (its gated RMS)."""
    min_silence_s: float = 0.5
    """0.02 to 60: a shorter pause belongs to the sound around it, and so may any shorter than 512
    samples."""
    min_sound_s: float = 0.1
    """0 to 60: a shorter sound alone in silence, such as a click, is silence too."""
    pad_s: float = 0.1
    """0 to 10: so much of the silence stays around every sound."""


DEFAULT_RULE = SilenceRule()
RANGES = {
    "threshold_db": (-90.0, 0.0, "threshold"),
    "min_silence_s": (0.02, 60.0, "shortest silence"),
    "min_sound_s": (0.0, 60.0, "shortest sound"),
    "pad_s": (0.0, 10.0, "silence around a sound"),
}


def find_sounds(
    reader: PcmReader,
    peaks: PeakPyramid,
    rule: SilenceRule = DEFAULT_RULE,
    *,
    start_s: Fraction = Fraction(0),
    end_s: Fraction | None = None,
) -> tuple[Stretch, ...]:
    """Return the stretches of a source that are not silent, in order, apart from each other.

    Parameters
    ----------
    reader : PcmReader
        The decoded sound of an asset.
    peaks : PeakPyramid
        Of the same sound.
    rule : SilenceRule
    start_s, end_s : Fraction
        Looks at [start_s, end_s) of the source only; None: to its end.

    Returns
    -------
    tuple of Stretch
        In seconds of the source, padded, within [start_s, end_s). Empty when all is silent.

    Raises
    ------
    UsageError
        A number of the rule is out of range.
    """
    _require_usable(rule)
    rate = reader.sample_rate_hz
    first = max(round(start_s * rate), 0)
    last = reader.n_samples if end_s is None else min(round(end_s * rate), reader.n_samples)
    if first >= last:
        return ()
    steps = _threshold_steps(peaks, rule, first, last)
    spans = _loud_spans(reader, peaks, steps, first, last, shortest=rule.min_silence_s)
    spans = _merged(spans, round(rule.min_silence_s * rate))
    spans = spans[spans[:, 1] - spans[:, 0] >= rule.min_sound_s * rate]
    pad = round(rule.pad_s * rate)
    padded = np.clip(spans + np.array([-pad, pad]), first, last)
    return tuple(
        Stretch(start_s=Fraction(int(start), rate), end_s=Fraction(int(stop), rate))
        for start, stop in _merged(padded, 1)
    )


def programme_level_db(
    peaks: PeakPyramid, *, start_s: float = 0.0, end_s: float | None = None
) -> float | None:
    """Return the level of what is not silent: its RMS, gated, in dBFS; None for silence."""
    rate = peaks.sample_rate_hz
    last = peaks.info.n_samples if end_s is None else round(end_s * rate)
    return _level_db(peaks, max(round(start_s * rate), 0), last)


def _require_usable(rule: SilenceRule) -> None:
    for name, (low, high, title) in RANGES.items():
        if not low <= getattr(rule, name) <= high:
            raise UsageError(f"The {title} is out of range.", hint=f"Use {low:g} to {high:g}.")


def _threshold_steps(peaks: PeakPyramid, rule: SilenceRule, first: int, last: int) -> int:
    """Return from how many steps of the pyramid on something is sound, at least 1."""
    threshold_db = rule.threshold_db
    if rule.relative:
        threshold_db += _level_db(peaks, first, last) or 0.0
    return max(math.ceil(10 ** (threshold_db / 20) * STEPS), 1)


def _level_db(peaks: PeakPyramid, first: int, last: int) -> float | None:
    columns = peaks.level(1)[first // (BASE_SAMPLES * 4) : -(-last // (BASE_SAMPLES * 4))]
    if not len(columns):
        return None
    power = np.square(columns[:, :, RMS].astype(np.float32) / STEPS).max(axis=1).astype(np.float64)
    power = power[power > 10 ** (GATE_DB / 10)]
    if not len(power):
        return None
    power = power[power >= power.mean() * 10 ** (RELATIVE_GATE_DB / 10)]
    return float(10 * np.log10(power.mean()))


def _loud_spans(
    reader: PcmReader, peaks: PeakPyramid, steps: int, first: int, last: int, *, shortest: float
) -> NDArray[np.int64]:
    """Return [start, stop) of what is loud, (n, 2), exact; short pauses may be passed over."""
    column = first // BASE_SAMPLES
    level = peaks.level(0)[column : -(-last // BASE_SAMPLES)]
    loud = (level[:, :, MAX].max(axis=1) >= steps) | (level[:, :, MIN].min(axis=1) <= -steps)
    turns = np.flatnonzero(np.diff(loud, prepend=False, append=False)).astype(np.int64)
    spans = (turns.reshape(-1, 2) + column) * BASE_SAMPLES
    # A pause that is too short even with all of the columns at its edges needs no exact edges.
    surely = round(shortest * reader.sample_rate_hz) - 2 * BASE_SAMPLES
    spans = np.clip(_merged(spans, max(surely, 1)), first, last)
    found = [_exact(reader, int(a), int(b), steps) for a, b in spans]
    return np.array([span for span in found if span is not None], np.int64).reshape(-1, 2)


def _merged(spans: NDArray[np.int64], gap: int) -> NDArray[np.int64]:
    """Return ascending spans, those less than `gap` apart made one."""
    if not len(spans):
        return spans
    apart = spans[1:, 0] - spans[:-1, 1] >= gap
    starts = spans[np.concatenate([[True], apart]), 0]
    stops = spans[np.concatenate([apart, [True]]), 1]
    return np.stack([starts, stops], axis=1)


def _exact(reader: PcmReader, start: int, stop: int, steps: int) -> tuple[int, int] | None:
    """Return the first loud sample of [start, stop) and one past the last; None without one.

    Only a stretch cut by the range that is looked at may need more than a column at each side.
    """
    first = start
    while first < stop:
        hits = _loud_samples(reader, first, min(first + BASE_SAMPLES, stop), steps)
        if len(hits):
            first += int(hits[0])
            break
        first += BASE_SAMPLES
    else:
        return None
    last = stop
    while last > first:
        low = max(last - BASE_SAMPLES, first)
        hits = _loud_samples(reader, low, last, steps)
        if len(hits):
            return first, low + int(hits[-1]) + 1
        last = low
    return None


def _loud_samples(reader: PcmReader, start: int, stop: int, steps: int) -> NDArray[np.intp]:
    wave = np.abs(reader.read(start, stop)).max(axis=0)
    return np.flatnonzero(wave > (steps - 1) / STEPS)  # as the pyramid rounds: outward
