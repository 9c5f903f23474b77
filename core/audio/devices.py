"""Sound devices through PortAudio: which there are, and one opened to be played through.

In: a device's id, a rate. Out: an `Output` that asks for blocks. The library is loaded when it is
first needed; where it is missing there are simply no devices.
"""

import logging
import math
import threading
import time
from collections.abc import Callable
from types import ModuleType
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from core.audio.playback.model import OutputDevice, PlaybackError
from core.audio.playback.outputs import Fill, Output
from core.platform.urgency import hurry_this_thread

_log = logging.getLogger(__name__)
MAX_DELAY_S = 2.0
MAX_LATE_S = 1.0
DRIFT_S = 1e-5
"""How far PortAudio's clock may run from ours in one block."""
PREFERRED_HOST = "Windows WASAPI"
"""The default there is MME, whose device names are cut off at 31 letters."""
NO_DEVICE = "There is no sound device to listen through."
NO_LIBRARY = "The sound library PortAudio is missing, so nothing can be listened to."
NO_LIBRARY_HINT = "On Debian and Ubuntu, install the package libportaudio2."


class _Times(Protocol):
    """PortAudio's times of a block, seconds on its own clock."""

    currentTime: float  # noqa: N815 - PortAudio's own names
    outputBufferDacTime: float  # noqa: N815


class _Flags(Protocol):
    """What went wrong before a block."""

    output_underflow: bool


class PortAudioOutputs:
    """The devices PortAudio knows. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.RLock()

    def devices(self) -> tuple[OutputDevice, ...]:
        """Return the outputs of the system's main sound interface; none without the library."""
        with self._lock:
            library = _library()
            return tuple(device for _, device in _listed(library)) if library else ()

    def refresh(self) -> None:
        """Look for devices anew. PortAudio only does so when it starts, so it starts again."""
        with self._lock:
            if (library := _library()) is None:
                return
            try:
                library._terminate()
                library._initialize()
            except library.PortAudioError as error:
                _log.warning("PortAudio did not start again: %s", error)

    def open(
        self,
        device_id: str | None,
        *,
        sample_rate_hz: int,
        channels: int,
        latency_s: float,
        fill: Fill,
        ended: Callable[[], None],
    ) -> Output:
        """Open a device, None for the default, at `sample_rate_hz` or else at the device's rate.

        Raises
        ------
        PlaybackError
            No library, no such device, or it refuses both rates.
        """
        with self._lock:
            library = _library()
            if library is None:
                raise PlaybackError(NO_LIBRARY, hint=NO_LIBRARY_HINT, code="no-sound-library")
            index, device = _find(library, device_id)
            rates = dict.fromkeys((sample_rate_hz, device.sample_rate_hz))
            reason = ""
            for rate in rates:
                try:
                    return PortAudioOutput(
                        library,
                        index,
                        name=device.name,
                        sample_rate_hz=rate,
                        channels=_channels_for(device, channels),
                        latency_s=latency_s,
                        fill=fill,
                        ended=ended,
                    )
                except library.PortAudioError as error:
                    reason = str(error)
            raise PlaybackError(
                f"“{device.name}” cannot be opened: {reason}",
                hint="Close what else plays through it, or choose another output.",
                code="no-sound-device",
            )


class PortAudioOutput:
    """One opened device. Between `stop` and `start` it stays open and starts at once."""

    is_silent = False

    def __init__(
        self,
        library: ModuleType,
        index: int,
        *,
        name: str,
        sample_rate_hz: int,
        channels: int,
        latency_s: float,
        fill: Fill,
        ended: Callable[[], None],
    ) -> None:
        self.name, self.sample_rate_hz, self.channels = name, sample_rate_hz, channels
        self.underruns = 0
        self._apart_s = math.inf
        self._library, self._fill, self._ended = library, fill, ended
        self._wanted = self._lost = self._hurries = False
        self._stream: Any = library.OutputStream(
            samplerate=sample_rate_hz,
            device=index,
            channels=channels,
            dtype="float32",
            latency=latency_s,
            blocksize=0,
            callback=self._called,
            finished_callback=self._finished,
        )
        self.latency_s = float(self._stream.latency)

    @property
    def is_lost(self) -> bool:
        """Whether the stream ended by itself."""
        return self._lost

    def start(self) -> None:
        """Start the stream. Raises PlaybackError when the device is gone."""
        self._wanted, self._lost, self._hurries = True, False, False  # a thread of its own
        try:
            self._stream.start()
        except self._library.PortAudioError as error:
            self._wanted = False
            raise PlaybackError(
                f"“{self.name}” does not play: {error}",
                hint="Choose another output.",
                code="no-sound-device",
            ) from None

    def stop(self) -> None:
        """End the stream at once; what it still holds is not heard."""
        self._wanted = False
        self._stream.abort(ignore_errors=True)

    def close(self) -> None:
        """Let the device go."""
        self._wanted = False
        self._stream.close(ignore_errors=True)

    def _called(self, out: NDArray[np.float32], frames: int, times: _Times, status: _Flags) -> None:
        if not self._hurries:
            self._hurries = True
            hurry_this_thread()
        if status.output_underflow:
            self.underruns += 1
        delay = times.outputBufferDacTime - times.currentTime
        if not 0 <= delay <= MAX_DELAY_S:  # some interfaces leave the times empty
            delay = self.latency_s
        self._fill(out, delay - self._lateness(times.currentTime))

    def _lateness(self, asked_s: float) -> float:
        """Return how long ago the block was asked for: this thread may have had to wait its turn.

        The two clocks are as far apart as they ever appeared at their nearest.
        """
        apart = time.monotonic() - asked_s
        self._apart_s = min(self._apart_s + DRIFT_S, apart)
        late = apart - self._apart_s
        if late > MAX_LATE_S:  # the clock stands still, or jumped
            self._apart_s = apart
            return 0.0
        return late

    def _finished(self) -> None:
        if self._wanted:
            self._lost = True
            self._ended()


def _library() -> ModuleType | None:
    try:
        import sounddevice
    except OSError:  # PortAudio itself is not there
        return None
    library: ModuleType = sounddevice
    return library


def _listed(library: ModuleType) -> list[tuple[int, OutputDevice]]:
    """Return PortAudio's index and the value of every output of the main interface."""
    try:
        hosts, devices = library.query_hostapis(), library.query_devices()
        default = library.query_devices(kind="output")["index"]
    except (library.PortAudioError, ValueError):
        return []
    names = [host["name"] for host in hosts]
    host = devices[default]["hostapi"]
    if PREFERRED_HOST in names and hosts[names.index(PREFERRED_HOST)]["devices"]:
        host = names.index(PREFERRED_HOST)
        default = hosts[host]["default_output_device"]
    return [
        (
            device["index"],
            OutputDevice(
                id=f"{device['name']}, {names[host]}",
                name=device["name"],
                channels=device["max_output_channels"],
                sample_rate_hz=round(device["default_samplerate"]),
                is_default=device["index"] == default,
            ),
        )
        for device in devices
        if device["hostapi"] == host and device["max_output_channels"] > 0
    ]


def _find(library: ModuleType, device_id: str | None) -> tuple[int, OutputDevice]:
    listed = _listed(library)
    if not listed:
        hint = "Connect one; it is noticed while playing."
        raise PlaybackError(NO_DEVICE, hint=hint, code="no-sound-device")
    for index, device in listed:
        if device.id == device_id or (device_id is None and device.is_default):
            return index, device
    if device_id is None:
        return listed[0]
    raise PlaybackError(
        f"“{device_id.rpartition(', ')[0] or device_id}” is not connected.",
        hint="Connect it, or choose another output.",
        code="no-sound-device",
    )


def _channels_for(device: OutputDevice, channels: int) -> int:
    """Return stereo, unless the device has just the sound's channels, or only one."""
    return channels if channels == device.channels else min(2, device.channels)
