"""A PulseAudio server of the test's own, with a sink that is heard by nobody but recorded."""

import os
import shutil
import subprocess
import threading
from pathlib import Path

import numpy as np
import psutil

SINK = "null1"
RATE = 48_000
NEEDED = ("pulseaudio", "parec")
ASOUNDRC = "pcm.!default { type pulse }\nctl.!default { type pulse }\n"


def missing():
    """Return why no server can be had, or nothing."""
    absent = [name for name in NEEDED if shutil.which(name) is None]
    if absent:
        return f"{' and '.join(absent)} not installed (packages pulseaudio, pulseaudio-utils)"
    plugin = "libasound_module_pcm_pulse.so"
    if not any(Path("/usr/lib").glob(f"**/alsa-lib/{plugin}")):
        return "the package libasound2-plugins is not installed"
    return ""


class SoundServer:
    """Runs between `start` and `stop`, in `folder`; may be killed and started again."""

    def __init__(self, folder: Path):
        self.folder = folder
        folder.mkdir(mode=0o700, exist_ok=True)
        (folder / ".asoundrc").write_text(ASOUNDRC)
        self.socket = folder / "pulse.sock"
        self.environment = {
            **os.environ,
            "HOME": str(folder),
            "XDG_RUNTIME_DIR": str(folder),
            "XDG_CONFIG_HOME": str(folder / "config"),
            "PULSE_SERVER": f"unix:{self.socket}",
        }
        self._process = None
        self._recorder = None

    def start(self):
        """Start it; a daemon's parent returns when it answers."""
        sink = f"module-null-sink sink_name={SINK} format=float32le rate={RATE} channels=2"
        subprocess.run(
            [
                "pulseaudio",
                *("-n", "--daemonize=yes", "--exit-idle-time=-1", "--use-pid-file=yes"),
                *("--log-target=null", "--disallow-exit"),
                *("-L", f"{sink} norewinds=1"),
                *("-L", f"module-native-protocol-unix auth-anonymous=1 socket={self.socket}"),
            ],
            env=self.environment,
            stderr=subprocess.DEVNULL,
            check=True,
            timeout=30,
        )
        self._process = psutil.Process(int((self.folder / "pulse" / "pid").read_text()))

    def kill(self):
        """Be gone at once, as an unplugged device is."""
        if self._process is not None:
            self._process.kill()
            self._process = None
            self.socket.unlink(missing_ok=True)
            (self.folder / "pulse" / "pid").unlink(missing_ok=True)

    def record(self):
        """Begin to record what the sink plays; returns once it does."""
        self._recorder = subprocess.Popen(
            [
                "parec",
                *("-d", f"{SINK}.monitor", "--raw", "--format=float32le"),
                *(f"--rate={RATE}", "--channels=2", "--latency-msec=20"),
            ],
            env=self.environment,
            stdout=subprocess.PIPE,
        )
        self._heard = [self._recorder.stdout.read(8)]
        self._reader = threading.Thread(
            target=lambda: self._heard.append(self._recorder.stdout.read())
        )
        self._reader.start()

    def recorded(self):
        """End recording and return it, float32 (2, n)."""
        self._end_recording()
        data = np.frombuffer(b"".join(self._heard), "<f4")
        return np.ascontiguousarray(data[: len(data) // 2 * 2].reshape(-1, 2).T)

    def stop(self):
        """End everything."""
        self._end_recording()
        self.kill()

    def _end_recording(self):
        if self._recorder is not None:
            self._recorder.terminate()
            self._recorder.wait()
            self._reader.join()
            self._recorder.stdout.close()
            self._recorder = None
