"""Sounds with known beats: clicks, drums and chords at constant, stepping and ramping tempo."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

RATE = 48_000
KINDS = ("clicks", "drums", "chords")
COURSES = ("constant", "step", "ramp")


def beat_times(course: str, *, bpm: float, duration_s: float) -> NDArray[np.float64]:
    """Beats from 0.3 s on: one tempo, a step up by a quarter half-way, or a ramp to 1.35 times."""
    times, now = [], 0.3
    while now < duration_s - 0.3:
        times.append(now)
        part = now / duration_s
        factor = {"constant": 1.0, "step": 1.25 if part >= 0.5 else 1.0, "ramp": 1 + 0.35 * part}
        now += 60.0 / (bpm * factor[course])
    return np.array(times)


def make(
    kind: str, beats: NDArray[np.float64], duration_s: float, seed: int = 1
) -> NDArray[np.float32]:
    """Stereo float32 (2, n) of one of `KINDS` on these beats."""
    rng = np.random.default_rng(seed)
    out = np.zeros((2, round(duration_s * RATE)))
    makers: dict[str, Callable[..., None]] = {"clicks": _clicks, "drums": _drums, "chords": _chords}
    makers[kind](out, beats, rng)
    out += 1e-4 * rng.standard_normal(out.shape)
    return (0.7 * out / np.max(np.abs(out))).astype(np.float32)


def f_measure(
    found: NDArray[np.float64],
    true: NDArray[np.float64],
    *,
    tolerance_s: float = 0.07,
    skip_s: float = 5.0,
) -> float:
    """F-measure of beats with the usual ±70 ms, the first 5 s left out (as mir_eval does)."""
    found, true = found[found >= skip_s], true[true >= skip_s]
    if not len(found) or not len(true):
        return 0.0
    free, hits = list(found), 0
    for time in true:
        near = [t for t in free if abs(t - time) <= tolerance_s]
        if near:
            free.remove(min(near, key=lambda t: abs(t - time)))
            hits += 1
    return 2 * hits / (len(found) + len(true))


def _put(
    out: NDArray[np.float64], time_s: float, sound: NDArray[np.float64], pan: float = 0.0
) -> None:
    start = round(time_s * RATE)
    if not 0 <= start < out.shape[1]:
        return
    n = min(len(sound), out.shape[1] - start)
    out[0, start : start + n] += (1 - max(pan, 0)) * sound[:n]
    out[1, start : start + n] += (1 + min(pan, 0)) * sound[:n]


def _clicks(out: NDArray[np.float64], beats: NDArray[np.float64], rng: np.random.Generator) -> None:
    t = np.arange(round(0.02 * RATE)) / RATE
    for time in beats:
        _put(out, time, np.sin(2 * np.pi * 1_500 * t) * np.exp(-t / 0.004))


def _drums(out: NDArray[np.float64], beats: NDArray[np.float64], rng: np.random.Generator) -> None:
    t = np.arange(round(0.25 * RATE)) / RATE
    kick = np.sin(2 * np.pi * np.cumsum(50 + 120 * np.exp(-t / 0.02)) / RATE) * np.exp(-t / 0.1)
    noise = rng.standard_normal(len(t))
    snare, hat = (
        0.5 * noise * np.exp(-t / 0.06),
        0.15 * np.diff(noise, append=0) * np.exp(-t / 0.02),
    )
    for index, time in enumerate(beats):
        _put(out, time, snare if index % 2 else kick)
        step = beats[index + 1] - time if index + 1 < len(beats) else 0.5
        for part in (0.0, 0.5):
            _put(out, time + part * step, hat, 0.4)
        if index % 4 == 2 and index + 1 < len(beats):
            _put(out, time + 0.75 * step, 0.5 * kick)


def _chords(out: NDArray[np.float64], beats: NDArray[np.float64], rng: np.random.Generator) -> None:
    roots = (220.0, 174.61, 261.63, 196.0)
    for index, time in enumerate(beats):
        length_s = (beats[index + 1] - time if index + 1 < len(beats) else 0.5) * 0.95
        t = np.arange(round(length_s * RATE)) / RATE
        fade = np.clip(t / 0.025, 0, 1) * np.clip((length_s - t) / 0.04, 0, 1) * np.exp(-t / 0.7)
        root = roots[index // 4 % 4]
        for ratio in (1.0, 1.26, 1.5, 2.0):
            for k in range(1, 6):
                phase = rng.random() * 2 * np.pi
                sound = np.sin(2 * np.pi * root * ratio * k * t + phase) / k * fade
                _put(out, time, 0.2 * sound, 0.5 * (ratio - 1.5))
