"""Make the demo track `resources/demo/first-light.opus` from nothing but numpy and a seed.

In: this file. Out: 32 seconds of music at 112 beats a minute (quiet intro, groove, quiet break,
drop, last chord), 48 kHz stereo, Opus with title and artist. The same samples on every run.

    python tools/make_demo_track.py [OUT.opus|OUT.wav]

The sound is put in the public domain (CC0 1.0).
"""

import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

RATE = 48_000
BPM = 112.0
BEAT_S = 60.0 / BPM
BAR_S = 4 * BEAT_S
N_BARS = 15
N = round(N_BARS * BAR_S * RATE)
SEED = 112
TITLE, ARTIST = "First Light", "Cymatic"
PEAK_DBTP = -1.2
"""Before Opus, which moves peaks by a few tenths of a decibel."""
DRIVE = 1.4
"""Gain into the master's saturation; sets the loudness."""

INTRO, GROOVE, BREAK, DROP, END = 0, 4, 8, 10, 14
"""The bar each part starts at."""

CHORDS = {  # root of the bass, voices of the pad (MIDI numbers)
    "Am9": (33, (57, 60, 64, 67, 71)),
    "Fmaj9": (29, (53, 60, 64, 67, 69)),
    "Cadd9": (36, (55, 60, 62, 64, 67)),
    "G6": (31, (55, 59, 62, 64, 67)),
}
CYCLE = ("Am9", "Fmaj9", "Cadd9", "G6")
BARS = (*CYCLE, *CYCLE, "Fmaj9", "G6", *CYCLE, "Am9")

ARPEGGIO = (0, 2, 4, 1, 3, 2, 4, 3, 0, 3, 4, 2, 1, 4, 3, 2)
"""Voice of the chord for each sixteenth."""
MELODY = (  # (bar, beat, MIDI, beats) of the lead in the drop
    *((0, 0.0, 76, 1.5), (0, 1.5, 74, 0.5), (0, 2.0, 72, 1.0), (0, 3.0, 71, 1.0)),
    *((1, 0.0, 72, 2.5), (1, 2.5, 69, 0.5), (1, 3.0, 67, 1.0)),
    *((2, 0.0, 67, 1.0), (2, 1.0, 72, 1.0), (2, 2.0, 74, 1.5), (2, 3.5, 76, 0.5)),
    *((3, 0.0, 74, 2.0), (3, 2.0, 71, 1.0), (3, 3.0, 74, 1.0), (4, 0.0, 76, 3.0)),
)

Mono = NDArray[np.float64]
Stereo = NDArray[np.float64]


def hertz(midi: float) -> float:
    return float(440.0 * 2 ** ((midi - 69) / 12))


def seconds(length_s: float) -> Mono:
    return np.arange(round(length_s * RATE)) / RATE


def place(
    track: Stereo, start_s: float, sound: Mono, *, gain: float = 1.0, pan: float = 0.0
) -> None:
    """Add a mono sound at a time; pan -1 (left) to 1 (right), equal power."""
    start = round(start_s * RATE)
    length = min(len(sound), track.shape[1] - start)
    angle = (pan + 1) * np.pi / 4
    track[0, start : start + length] += np.cos(angle) * gain * sound[:length]
    track[1, start : start + length] += np.sin(angle) * gain * sound[:length]


def shape(n: int, attack_s: float, release_s: float) -> Mono:
    """Return raised-cosine fades at both ends of n samples."""
    gain = np.ones(n)
    for fade_s, side in ((attack_s, slice(None)), (release_s, slice(None, None, -1))):
        m = min(n, round(fade_s * RATE))
        gain[side][:m] *= 0.5 - 0.5 * np.cos(np.pi * np.arange(m) / max(m, 1))
    return gain


def saw(freq: float, length_s: float, *, brightness: Mono | float, phase: float = 0.0) -> Mono:
    """Return a band-limited saw whose partials above `brightness` (Hz) fade away."""
    t = seconds(length_s)
    out = np.zeros(len(t))
    for k in range(1, max(2, int(11_000 / freq))):
        weight = np.exp(-k * freq / np.asarray(brightness)) / k
        if np.max(weight) < 1e-4:
            break
        out += weight * np.sin(2 * np.pi * k * freq * t + phase * k)
    return out


def band_noise(rng: np.random.Generator, length_s: float, low_hz: float, high_hz: float) -> Mono:
    """Return noise between two frequencies, with soft edges, at unit RMS."""
    n = round(length_s * RATE)
    spectrum = np.fft.rfft(rng.standard_normal(n))
    freq = np.fft.rfftfreq(n, 1 / RATE) + 1e-9
    spectrum *= 1 / np.sqrt(1 + (low_hz / freq) ** 8) / np.sqrt(1 + (freq / high_hz) ** 8)
    noise = np.fft.irfft(spectrum, n)
    return noise / np.sqrt(np.mean(noise**2))


def convolve(track: Stereo, impulse: Stereo) -> Stereo:
    n = track.shape[1] + impulse.shape[1]
    size = 1 << (n - 1).bit_length()
    wet = np.fft.irfft(np.fft.rfft(track, size) * np.fft.rfft(impulse, size), size)
    return wet[:, : track.shape[1]]


def room(rng: np.random.Generator) -> Stereo:
    """Return a stereo impulse of a warm hall: noise that decays sooner the higher it is."""
    t = seconds(2.6)
    impulse = np.zeros((2, len(t)))
    for low, high, decay_s in ((120, 500, 0.55), (500, 2_500, 0.48), (2_500, 9_000, 0.26)):
        for side in range(2):
            impulse[side] += band_noise(rng, 2.6, low, high) * np.exp(-t / decay_s)
    delay = round(0.018 * RATE)
    impulse = np.pad(impulse, ((0, 0), (delay, 0)))
    return impulse / np.sqrt(np.sum(impulse**2, axis=1, keepdims=True))


def echo(track: Stereo, *, time_s: float, feedback: float) -> Stereo:
    """Return the echoes alone, swapping sides at each repeat."""
    wet = np.zeros_like(track)
    step = round(time_s * RATE)
    for k in range(1, 6):
        source = track[::-1] if k % 2 else track
        wet[:, k * step :] += feedback**k * source[:, : -k * step]
    return wet


def bar_at(bar: float, beat: float = 0.0) -> float:
    return bar * BAR_S + beat * BEAT_S


def kick_beats() -> Iterator[float]:
    """Yield the time of every kick: four to the bar in groove and drop, one on the last chord."""
    for bar in (*range(GROOVE, BREAK), *range(DROP, END)):
        for beat in range(4):
            yield bar_at(bar, beat)
    yield bar_at(END)


def kicks() -> Stereo:
    t = seconds(0.34)
    pitch = 47 + 190 * np.exp(-t / 0.018) + 40 * np.exp(-t / 0.07)
    body = np.sin(2 * np.pi * np.cumsum(pitch) / RATE) * np.exp(-t / 0.13)
    click = np.sin(2 * np.pi * 3_100 * t) * np.exp(-t / 0.0016)
    sound = np.tanh(1.9 * (body + 0.22 * click)) * shape(len(t), 0.0004, 0.05)
    track = np.zeros((2, N))
    for time in kick_beats():
        place(track, time, sound)
    return track


def sidechain() -> Mono:
    """Return the gain that makes room for each kick: down at once, back within a beat."""
    gain = np.ones(N)
    t = seconds(BEAT_S)
    duck = 1 - 0.72 * np.exp(-((t / 0.19) ** 2))
    for time in kick_beats():
        start = round(time * RATE)
        piece = gain[start : start + len(t)]
        piece *= duck[: len(piece)]
    return gain


def claps(rng: np.random.Generator) -> Stereo:
    t = seconds(0.3)
    burst = sum(np.exp(-np.abs(t - d) / 0.004) * (t >= d) for d in (0.0, 0.011, 0.021))
    sound = band_noise(rng, 0.3, 900, 7_500) * (0.5 * burst + np.exp(-t / 0.075) * (t > 0.02))
    sound += 0.5 * np.sin(2 * np.pi * 190 * t) * np.exp(-t / 0.05)
    track = np.zeros((2, N))
    for bar in (*range(GROOVE + 1, BREAK), *range(DROP, END)):
        for beat in (1, 3):
            place(track, bar_at(bar, beat), sound, gain=0.5)
    roll = [bar_at(DROP - 1, beat) for beat in (2, 2.5, 3, 3.25, 3.5, 3.75)]
    for index, time in enumerate(roll):
        place(track, time, sound, gain=0.10 + 0.045 * index, pan=0.3 * (-1) ** index)
    return track


def hats(rng: np.random.Generator) -> Stereo:
    t = seconds(0.22)
    noise = band_noise(rng, 0.22, 7_500, 16_000)
    closed, opened = noise * np.exp(-t / 0.022), noise * np.exp(-t / 0.085)
    track = np.zeros((2, N))
    for bar in (*range(GROOVE, BREAK), *range(DROP, END)):
        full = bar >= DROP or bar >= GROOVE + 2
        for sixteenth in range(16):
            if sixteenth % 4 == 2:
                place(track, bar_at(bar, sixteenth / 4), opened, gain=0.22, pan=0.2)
            elif full and sixteenth % 4:
                gain = 0.075 + 0.04 * rng.random()
                place(track, bar_at(bar, sixteenth / 4), closed, gain=gain, pan=-0.35)
    return track


def pads() -> Stereo:
    track = np.zeros((2, N))
    for bar, name in enumerate(BARS):
        last = bar == END
        length_s = BAR_S + (0.0 if last else 0.5)
        t = seconds(length_s)
        start_hz = {INTRO: 500, GROOVE: 1_100, BREAK: 600, DROP: 1_900, END: 1_300}
        base = start_hz[max(part for part in start_hz if part <= bar)]
        sweep = base * (1 + 0.35 * np.sin(2 * np.pi * t / BAR_S - 1.2)) * (1 + 0.12 * (bar % 4))
        gain = shape(len(t), 0.35 if bar else 1.4, 1.5 if last else 0.55)
        for voice, midi in enumerate(CHORDS[name][1]):
            for side, cents in ((-1, -7.0), (1, 6.0), (0, 0.5)):
                freq = hertz(midi + cents / 100)
                sound = saw(freq, length_s, brightness=sweep, phase=1.7 * voice + side)
                place(track, bar_at(bar), sound * gain, gain=0.021, pan=0.85 * side)
    return track


def bass() -> Stereo:
    track = np.zeros((2, N))
    pattern = {False: (0.5, 1.5, 2.5, 3.5), True: (0.5, 0.75, 1.5, 2.5, 2.75, 3.5, 3.75)}
    for bar in (*range(GROOVE, BREAK), *range(DROP, END)):
        root = CHORDS[BARS[bar]][0] + 12
        for beat in pattern[bar >= DROP]:
            length_s = BEAT_S * (0.24 if bar >= DROP and beat % 0.5 else 0.46)
            t = seconds(length_s)
            tone = saw(hertz(root), length_s, brightness=260 + 900 * np.exp(-t / 0.06))
            sub = np.sin(2 * np.pi * hertz(root - (12 if root > 44 else 0)) * t)
            sound = (0.55 * tone + 0.55 * sub) * shape(len(t), 0.004, 0.03)
            place(track, bar_at(bar, beat), sound, gain=0.28)
    return track


def pluck(midi: float, brightness: float) -> Mono:
    t = seconds(0.7)
    freq = hertz(midi)
    out = np.zeros(len(t))
    for k in range(1, 9):
        decay = 0.34 / (1 + 0.55 * k)
        out += brightness ** (k - 1) / k * np.sin(2 * np.pi * k * freq * t) * np.exp(-t / decay)
    return out * shape(len(t), 0.0015, 0.1)


def arpeggio() -> Stereo:
    track = np.zeros((2, N))
    for bar in range(1, END):
        voices = CHORDS[BARS[bar]][1]
        quiet = bar < GROOVE or BREAK <= bar < DROP
        for step, voice in enumerate(ARPEGGIO):
            if quiet and bar < 3 and step % 2:
                continue
            rise = min(bar, 4) / 4 if bar < GROOVE else 1.0
            gain = (0.08 if quiet else 0.19) * (1.0 if step % 4 == 0 else 0.72) * (0.4 + 0.6 * rise)
            sound = pluck(voices[voice] + 12, 0.45 + 0.25 * rise)
            place(track, bar_at(bar, step / 4), sound, gain=gain, pan=0.55 * np.sin(step * 1.3))
    place(track, bar_at(END), pluck(81, 0.5), gain=0.16)
    return track


def lead() -> Stereo:
    track = np.zeros((2, N))
    for bar, beat, midi, beats in MELODY:
        length_s = beats * BEAT_S * 0.96
        t = seconds(length_s)
        bend = 0.006 * np.sin(2 * np.pi * 5.2 * t) * np.clip((t - 0.25) / 0.3, 0, 1)
        angle = 2 * np.pi * np.cumsum(hertz(midi) * (1 + bend)) / RATE
        tone = sum(0.75 ** (k // 2) / k * np.sin(k * angle) for k in (1, 2, 3, 5, 7))
        sound = tone * shape(len(t), 0.02, 0.09)
        place(track, bar_at(DROP + bar, beat), sound, gain=0.165, pan=-0.08)
    return track


def bells() -> Stereo:
    """Return the few high notes that carry the quiet parts."""
    track = np.zeros((2, N))
    notes = ((0, 2, 76), (1, 0, 79), (1, 2.5, 76), (2, 1, 74), (3, 0, 71), (3, 2, 74))
    notes += ((BREAK, 0, 76), (BREAK, 1.5, 72), (BREAK, 3, 79), (BREAK + 1, 0, 74))
    t = seconds(2.2)
    for bar, beat, midi in notes:
        freq = hertz(midi + 12)
        wobble = 1.6 * np.exp(-t / 0.25) * np.sin(2 * np.pi * freq * 3.5 * t)
        sound = np.sin(2 * np.pi * freq * t + wobble) * np.exp(-t / 0.6) * shape(len(t), 0.002, 0.3)
        place(track, bar_at(bar, beat), sound, gain=0.06, pan=0.4 * np.sin(midi))
    return track


def risers(rng: np.random.Generator) -> Stereo:
    """Return rising noise into groove and drop, and a crash on their first beat."""
    track = np.zeros((2, N))
    for target, bars in ((GROOVE, 1.5), (DROP, 1.5)):
        length_s = bars * BAR_S
        x = seconds(length_s) / length_s
        for side in (-1, 1):
            sound = np.zeros(len(x))
            for index, low in enumerate((400, 800, 1_600, 3_200, 6_400)):
                window = np.exp(-(((x * 5.2 - index) / 1.1) ** 2))
                sound += band_noise(rng, length_s, low, 2 * low) * window
            place(track, bar_at(target) - length_s, sound * x**2, gain=0.085, pan=0.8 * side)
        t = seconds(1.8)
        for side in (-1, 1):
            crash = band_noise(rng, 1.8, 3_000, 15_000) * np.exp(-t / 0.42)
            place(track, bar_at(target), crash * shape(len(t), 0.001, 0.2), gain=0.16, pan=side)
    return track


def mix() -> Stereo:
    """Return the finished piece, float64 (2, N), before the master."""
    rng = np.random.default_rng(SEED)
    hall, duck = room(rng), sidechain()
    arp, pad, melody, high = arpeggio(), pads() * duck, lead(), bells()
    arp = (arp + 0.55 * echo(arp, time_s=0.75 * BEAT_S, feedback=0.5)) * (0.35 + 0.65 * duck)
    melody = melody + 0.35 * echo(melody, time_s=BEAT_S, feedback=0.45)
    clap, noise = claps(rng), risers(rng)
    send = 0.5 * pad + 0.55 * arp + 0.6 * melody + 0.9 * high + 0.35 * clap + 0.3 * noise
    wet = convolve(send, hall) * (0.45 + 0.55 * duck)
    music = pad + arp + 0.9 * melody + high + bass() * duck + clap + hats(rng) + noise
    return 0.85 * kicks() + music + 0.5 * wet


def true_peak(track: Stereo) -> float:
    """Return the peak after fourfold oversampling."""
    n = track.shape[1]
    spectrum = np.fft.rfft(track)
    return float(np.max(np.abs(np.fft.irfft(spectrum, 4 * n) * 4)))


def limit(track: Stereo, ceiling: float) -> Stereo:
    """Return the track with its peaks held under the ceiling by a smooth look-ahead gain."""
    reach = round(0.004 * RATE)
    need = np.maximum(1.0, np.max(np.abs(track), axis=0) / ceiling)
    blocks = np.pad(need, reach, constant_values=1.0)
    held = np.lib.stride_tricks.sliding_window_view(blocks, 2 * reach + 1).max(axis=1)
    window = np.hanning(2 * reach + 1)
    gain = np.convolve(np.pad(1 / held, reach, mode="edge"), window / window.sum(), "valid")
    return track * gain


def master(track: Stereo) -> Stereo:
    """Return the track saturated a little, limited, faded out, at its peak; float64 (2, N)."""
    track = track - np.mean(track, axis=1, keepdims=True)
    track = limit(np.tanh(DRIVE * track * 0.5) / 0.5, 0.8)
    track *= shape(N, 0.02, 0.9)
    return track * 10 ** (PEAK_DBTP / 20) / true_peak(track)


def make_track() -> NDArray[np.float32]:
    """Return the whole piece, float32 (2, samples) at 48 kHz."""
    return np.ascontiguousarray(master(mix()), np.float32)


def encode(samples: NDArray[np.float32], path: Path) -> None:
    """Write Opus (128 kb/s) or, for any other suffix, 16-bit PCM."""
    opus = path.suffix == ".opus"
    with av.open(str(path), "w", options={"fflags": "+bitexact"}) as file:
        file.metadata.update({"title": TITLE, "artist": ARTIST, "license": "CC0 1.0"})
        stream = file.add_stream("libopus" if opus else "pcm_s16le", RATE, layout="stereo")
        if opus:
            stream.bit_rate = 128_000
            stream.options = {"vbr": "on", "flags": "+bitexact"}
        packed = np.ascontiguousarray(samples.T).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(packed, format="flt", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = RATE, 0, Fraction(1, RATE)
        for packet in (*stream.encode(frame), *stream.encode(None)):
            file.mux(packet)


def main() -> None:
    default = Path(__file__).parents[1] / "resources" / "demo" / "first-light.opus"
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else default
    encode(make_track(), path)
    print(f"{path}: {path.stat().st_size / 1024:.0f} KiB")


if __name__ == "__main__":
    main()
