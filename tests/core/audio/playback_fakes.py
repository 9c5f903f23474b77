"""Outputs that a test drives by hand, and sounds with known samples."""

import numpy as np

from core.audio.playback.model import OutputDevice, PlaybackError
from core.audio.playback.transport import Reports, Transport
from core.audio.playback.wishes import Wishes

RATE = 48_000


class Clock:
    """A clock that a test moves."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


class ArraySound:
    """Samples in memory; remembers what was read."""

    def __init__(self, samples, sample_rate_hz=RATE):
        self.samples = np.ascontiguousarray(samples, np.float32)
        self.channels, self.n_samples = self.samples.shape
        self.sample_rate_hz = sample_rate_hz
        self.reads = []

    def read(self, start, stop):
        assert 0 <= start <= stop <= self.n_samples
        self.reads.append((start, stop))
        return self.samples[:, start:stop].copy()


def noise(n, *, channels=2, seed=0, rate=RATE):
    rng = np.random.default_rng(seed)
    return ArraySound(rng.uniform(-0.5, 0.5, (channels, n)), rate)


def ramp(n, *, rate=RATE):
    """Each sample tells its own index: index / 2**20, exact in float32."""
    return ArraySound(np.arange(n)[None] / 2**20, rate)


def sine(hz, n, *, channels=1, rate=RATE):
    wave = 0.5 * np.sin(2 * np.pi * hz * np.arange(n) / rate)
    return ArraySound(np.tile(wave, (channels, 1)), rate)


class FakeOutput:
    """One opened device: `pull` asks for a block as a sound card would."""

    is_silent = False

    def __init__(self, device, rate, channels, fill, ended, clock):
        self.name, self.sample_rate_hz, self.channels = device.name, rate, channels
        self.latency_s, self.underruns = 0.0, 0
        self.fill, self.ended, self.clock = fill, ended, clock
        self.is_lost = self.is_running = self.is_closed = self.refuses = False

    def start(self):
        if self.refuses:
            raise PlaybackError("It refuses.")
        self.is_running = True

    def stop(self):
        self.is_running = False

    def close(self):
        self.is_running, self.is_closed = False, True

    def vanish(self):
        """End by itself, as an unplugged device does."""
        self.is_lost, self.is_running = True, False
        self.ended()

    def pull(self, frames, *, delay_s=0.0):
        out = np.full((frames, self.channels), np.nan, np.float32)
        self.fill(out, delay_s)
        return out.T


class FakeOutputs:
    """A machine with the devices a test gives it."""

    def __init__(self, clock, names=("Speakers",), *, only_rate=None):
        self.clock, self.only_rate = clock, only_rate
        self.plugged = list(names)
        self.listed = list(names)
        self.opened = []
        self.n_refreshed = 0

    def devices(self):
        return tuple(
            OutputDevice(id=name, name=name, channels=2, sample_rate_hz=RATE, is_default=at == 0)
            for at, name in enumerate(self.listed)
        )

    def refresh(self):
        assert not self.opened or self.opened[-1].is_closed
        self.n_refreshed += 1
        self.listed = list(self.plugged)

    def open(self, device_id, *, sample_rate_hz, channels, latency_s, fill, ended):
        for device in self.devices():
            if (device_id in (None, device.id)) and device.name in self.plugged:
                rate = self.only_rate or sample_rate_hz
                output = FakeOutput(device, rate, 2, fill, ended, self.clock)
                output.latency_s = latency_s
                self.opened.append(output)
                return output
        raise PlaybackError(f"“{device_id}” is not connected.", hint="Connect it.")


class Bench:
    """A transport that a test steps, with what it reported."""

    def __init__(self, *names, only_rate=None):
        self.clock = Clock()
        self.outputs = FakeOutputs(self.clock, names or ("Speakers",), only_rate=only_rate)
        self.wishes = Wishes()
        self.output_states, self.states, self.errors = [], [], []
        self.transport = Transport(
            self.wishes,
            self.outputs,
            Reports(
                output_changed=self.output_states.append,
                state_changed=self.states.append,
                failed=self.errors.append,
            ),
            wake=lambda: None,
            clock=self.clock,
        )

    @property
    def output(self):
        return self.outputs.opened[-1]

    def settle(self, limit=400):
        """Step until nothing is left to do at once."""
        for _ in range(limit):
            if self.transport.step() >= 0.03:
                return
        raise AssertionError("the transport never comes to rest")

    def pull(self, frames, *, delay_s=0.0):
        """Let a sound card take a block in its time, the transport working before it."""
        self.settle()
        block = self.output.pull(frames, delay_s=delay_s)
        self.clock.now += frames / self.output.sample_rate_hz
        return block

    def pull_all(self, frames, block=480):
        parts = [self.pull(min(block, frames - at)) for at in range(0, frames, block)]
        return np.concatenate(parts, axis=1)
