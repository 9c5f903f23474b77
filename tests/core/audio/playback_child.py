"""A process that plays through the sound server of its environment, told on stdin what to do.

A line is a JSON list: the name of one of the `Child`'s methods, then its arguments; the answer is
a line of JSON. PortAudio reads the environment once per process, hence a process of its own.
"""

import json
import sys
import threading

import numpy as np

from core.audio.playback.player import Player
from tests.core.audio.playback_fakes import RATE, noise

TIMEOUT_S = 20.0


class Child:
    """The player, and what it reported."""

    def __init__(self):
        self.outputs, self.errors = [], []
        self.player = Player(
            on_output_changed=lambda state: self.outputs.append((state.name, state.is_silent)),
            on_failed=lambda error: self.errors.append(error.message),
        )

    def sound(self, seconds, seed):
        self.player.set_sound(noise(seconds * RATE, seed=seed))

    def play(self, start):
        self.player.play(start)

    def pause(self):
        self.player.pause()

    def seek(self, sample):
        self.player.seek(sample)

    def loop(self, first, last):
        self.player.set_loop((first, last) if last else None)

    def devices(self):
        listed, done = [], threading.Event()
        self.player.ask_devices(lambda devices: (listed.extend(devices), done.set()))
        done.wait(TIMEOUT_S)
        return [(device.id, device.is_default) for device in listed]

    def choose(self, device_id):
        self.player.set_device(device_id)

    def output(self):
        state = self.player.output
        return [state.message, state.hint]

    def until(self, sample):
        """Wait until a position is heard."""
        return self._until(lambda: self.player.position() >= sample)

    def until_rest(self):
        return self._until(lambda: not self.player.state.is_active)

    def until_silent(self, is_silent):
        return self._until(lambda: self.outputs[-1:] and self.outputs[-1][1] is is_silent)

    def report(self):
        return {
            "position": self.player.position(),
            "underruns": self.player.underruns,
            "outputs": self.outputs,
            "errors": self.errors,
            "peak": max(self.player.levels().peaks, default=0.0),
        }

    def _until(self, is_so):
        for _ in range(int(TIMEOUT_S / 0.01)):
            if is_so():
                return True
            threading.Event().wait(0.01)
        return False


def main():
    child = Child()
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        answer = getattr(child, name)(*arguments)
        print(json.dumps(answer, default=np.ndarray.tolist), flush=True)
    child.player.close()
    print(json.dumps(threading.active_count()), flush=True)


if __name__ == "__main__":
    main()
