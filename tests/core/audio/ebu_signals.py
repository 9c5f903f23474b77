"""Sounds that the loudness tests measure: the test signals of the EBU, and three genres.

In: nothing but numbers. Out: float32 (channels, n). The signals follow EBU Tech 3341 (2023),
table 1, and EBU Tech 3342 (2023), table 1; levels are peaks of a sine in dBFS. Cases 7 and 8 of
the one and 5 and 6 of the other are recordings.
"""

import numpy as np
from scipy.signal import firwin, oaconvolve

from tests import media

RATE = 48_000


def tones(*steps: tuple[float | None, float], rate: int = RATE, channels: int = 2) -> np.ndarray:
    """Return 1 kHz in steps of (dBFS or None for silence, seconds), in one phase."""
    level = np.concatenate(
        [
            np.full(round(seconds * rate), 0.0 if dbfs is None else 10 ** (dbfs / 20))
            for dbfs, seconds in steps
        ]
    )
    wave = level * np.sin(2 * np.pi * 1000 * np.arange(level.size) / rate)
    return np.tile(wave.astype(np.float32), (channels, 1))


INTEGRATED = {
    1: [(-23, 20)],
    2: [(-33, 20)],
    3: [(-36, 10), (-23, 60), (-36, 10)],
    4: [(-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)],
    5: [(-26, 20), (-20, 20.1), (-26, 20)],
}
"""Steps of the cases whose integrated loudness is -23 LUFS, but for case 2: -33."""


def five_channels() -> np.ndarray:
    """Return case 6: left, right, centre and the surrounds."""
    return np.concatenate([tones((level, 20), channels=1) for level in (-28, -28, -24, -30, -30)])


RANGES = {
    1: ([(-20, 20), (-30, 20)], 10.0),
    2: ([(-20, 20), (-15, 20)], 5.0),
    3: ([(-40, 20), (-20, 20)], 20.0),
    4: ([(-50, 20), (-35, 20), (-20, 20), (-35, 20), (-50, 20)], 15.0),
}
"""Tech 3342: steps and loudness range."""
TRUE_PEAKS = {
    15: ((4, 0.5, 0.0), -6.0),
    16: ((4, 0.5, 45.0), -6.0),
    17: ((6, 0.5, 60.0), -6.0),
    18: ((8, 0.5, 67.5), -6.0),
    19: ((4, 1.41, 45.0), 3.0),
}
"""What `true_peak_tone` makes of it, and its true peak."""


def tapered(wave: np.ndarray, rate: int = RATE) -> np.ndarray:
    """Fade 10 ms in and out, as the tables ask for, and make it stereo."""
    ramp = np.arange(rate // 100) / (rate // 100)
    shaped = wave.copy()
    shaped[: ramp.size] *= ramp
    shaped[-ramp.size :] *= ramp[::-1]
    return np.tile(shaped.astype(np.float32), (2, 1))


def true_peak_tone(divisor: int, amplitude: float, degrees: float) -> np.ndarray:
    """Return cases 15 to 19: a sine at a fraction of the rate."""
    angle = 2 * np.pi * np.arange(RATE) / divisor + np.radians(degrees)
    return tapered(amplitude * np.sin(angle))


def true_peak_burst(offset: int) -> np.ndarray:
    """Return cases 20 to 23: one period of fs/4 at full scale in fs/6 at half, made at four
    times the rate, low-passed, and taken from sample `offset` on.
    """
    n = 4 * RATE
    steps = np.full(n, 2 * np.pi / 24)
    first = n // 48 * 24
    steps[first : first + 16] = 2 * np.pi / 16
    angle = np.cumsum(steps) - steps[0]
    amplitude = np.full(n, 0.5)
    amplitude[first : first + 16] = 1.0
    low_pass = firwin(385, 0.25, window=("kaiser", 8.0))
    wave = oaconvolve(amplitude * np.sin(angle), low_pass, mode="same")
    return tapered(wave[offset::4])


# --- genres -----------------------------------------------------------------------------------


def calm(duration_s: float) -> np.ndarray:
    """Return slow chords that swell and fade, in stereo."""
    t = np.arange(round(duration_s * RATE)) / RATE
    sound = np.zeros((2, t.size))
    for index, freq_hz in enumerate((110.0, 164.8, 220.0, 277.2, 329.6, 440.0)):
        swell = 0.5 + 0.5 * np.sin(2 * np.pi * t / (5.0 + index) + index)
        for side, detune in enumerate((0.999, 1.001)):
            sound[side] += 0.06 * swell * np.sin(2 * np.pi * freq_hz * detune * t + side)
    air = np.random.default_rng(4).standard_normal((2, t.size)) * 0.002
    return np.asarray(sound + air, dtype=np.float32)


def beats(duration_s: float) -> np.ndarray:
    """Return a dense, driven mix."""
    return np.tanh(2.5 * media.song(duration_s, bpm=140.0) + 0.3 * media.noise(duration_s))


# --- the worst for a limiter ------------------------------------------------------------------


def worst() -> dict[str, np.ndarray]:
    """Return sounds made to slip between samples, with silence on both ends."""
    rng = np.random.default_rng(7)
    n = np.arange(RATE // 2)
    gate = n % 5000 < 300
    waves = {
        "square 1 kHz": np.sign(np.sin(2 * np.pi * 1000.3 * n / RATE)),
        "square 7 kHz": np.sign(np.sin(2 * np.pi * 7013 * n / RATE)),
        "clipped noise": np.clip(3 * rng.standard_normal(n.size), -1, 1),
        "signs": np.sign(rng.standard_normal(n.size)),
        "noise +20 dB": 3 * rng.standard_normal(n.size),
        "gated noise": 4 * gate * rng.standard_normal(n.size),
        "fs/4 at 45 degrees": 2**0.5 * np.sin(np.pi / 2 * n + np.pi / 4),
        "impulses": 4.0 * (n % 997 == 0),
        "23 kHz": 2 * np.sin(2 * np.pi * 23_000 * n / RATE),
    }
    sounds = {name: np.tile(wave.astype(np.float32), (2, 1)) for name, wave in waves.items()}
    sounds["beats +12 dB"] = 4 * beats(2.0)
    sounds["clicks +12 dB"] = 4 * media.click_track(2.0)
    return {name: np.pad(sound, ((0, 0), (RATE // 10,) * 2)) for name, sound in sounds.items()}
