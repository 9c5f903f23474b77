"""Playback in the window: the player's reports as Qt signals, times in seconds.

In: a sound, commands, the remembered device and volume. Out: the position while it moves, levels,
where the sound goes. The player and its libraries are loaded off the GUI thread when first used;
what is asked before that is done when they are there.
"""

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot

from core.audio.playback.model import Levels, OutputState, PlayableSound, PlayState
from core.errors import KnownError
from desktop.memory import Memory
from desktop.tasks import Background

if TYPE_CHECKING:  # loads numpy
    from core.audio.playback.model import Heard
    from core.audio.playback.player import Player

type PlayerMaker = Callable[..., "Player"]

TICK_MS = 16
TICKS_A_LEVEL = 2
SETTLE_TICKS = 30
"""After a pause the last tenth of a second is still to be heard."""
EARLY = 32
"""Commands that are kept until there is a sound; of more, the last."""
DEVICE_KEY, VOLUME_KEY = "sound/device", "sound/volume"


def load_player() -> PlayerMaker:
    """Import the player; off the GUI thread, because it loads numpy and PortAudio."""
    from core.audio.playback.player import Player

    return Player


class Playback(QObject):
    """The one transport of a window.

    Signals
    -------
    position_changed : float, seconds of the sound that is heard, about 60 times a second while it
        moves, and after each jump
    state_changed : PlayState
    output_changed : OutputState, where the sound goes; its message is for people
    levels_changed : Levels, about 30 times a second while something is heard, zeros at the end
    devices_changed : tuple[OutputDevice, ...], the answer to `ask_devices`
    failed : KnownError, the sound cannot be played
    """

    position_changed = Signal(float)
    state_changed = Signal(object)
    output_changed = Signal(object)
    levels_changed = Signal(object)
    devices_changed = Signal(object)
    failed = Signal(object)
    _output_told = Signal(object)
    _state_told = Signal(object)

    def __init__(
        self,
        background: Background,
        memory: Memory,
        parent: QObject | None = None,
        *,
        load: Callable[[], PlayerMaker] = load_player,
    ) -> None:
        super().__init__(parent)
        self._background, self._memory, self._load = background, memory, load
        self._player: Player | None = None
        self._loading: int | None = None
        self._is_closed = False
        self._waiting: list[Callable[[Player], None]] = []
        self._early: deque[Callable[[Player], None]] = deque(maxlen=EARLY)
        self._sound: PlayableSound | None = None
        self._last_s = 0.0
        self._ticks = self._still = 0
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(TICK_MS)
        self._connect()

    def _connect(self) -> None:
        self._timer.timeout.connect(self._tick)
        self._output_told.connect(self._tell_output)
        self._state_told.connect(self._tell_state)

    @property
    def state(self) -> PlayState:
        """What the transport does."""
        return self._player.state if self._player is not None else PlayState.STOPPED

    @property
    def rate(self) -> float:
        """The speed: 1 is normal, negative backwards."""
        return self._player.rate if self._player is not None else 1.0

    @property
    def output(self) -> OutputState | None:
        """Where the sound goes; None before anything was played."""
        return self._player.output if self._player is not None else None

    @property
    def position_s(self) -> float:
        """Seconds of the sound that are heard now."""
        if self._player is None or self._sound is None:
            return 0.0
        return self._player.position() / self._sound.sample_rate_hz

    @property
    def underruns(self) -> int:
        """How often sound was missing when it was due."""
        return self._player.underruns if self._player is not None else 0

    @property
    def device_id(self) -> str | None:
        """The chosen output, None for the system's default."""
        return self._memory.text(DEVICE_KEY) or None

    @property
    def volume(self) -> float:
        """How loud it is listened to, 0 to 1."""
        try:
            return min(max(float(self._memory.text(VOLUME_KEY, "1")), 0.0), 1.0)
        except ValueError:
            return 1.0

    def set_sound(self, sound: PlayableSound | None, *, keep_position: bool = True) -> None:
        """Play this sound from now on; after an edit, at the same place without a gap."""
        self._sound = sound
        self._do(lambda player: player.set_sound(sound, keep_position=keep_position))
        early, self._early = self._early, deque(maxlen=EARLY)
        for step in early if sound is not None else ():
            self._do(step)

    def heard(self, frame: int) -> "Heard | None":
        """Return what was heard since output frame `frame`, for a loudness meter."""
        return self._player.heard(frame) if self._player is not None else None

    @Slot()
    def toggle(self) -> None:
        """Play, or pause."""
        self._do_with_sound(lambda player: player.toggle())

    @Slot()
    def play(self) -> None:
        """Play on from where it stands."""
        self._do_with_sound(lambda player: player.play())

    @Slot(float)
    def play_from_s(self, start_s: float) -> None:
        """Play from a time."""
        self._do_with_sound(lambda player: player.play(self._sample(start_s)))

    @Slot()
    def pause(self) -> None:
        """Rest where it is."""
        self._do_with_sound(lambda player: player.pause())

    @Slot()
    def stop(self) -> None:
        """Rest where playing began."""
        self._do_with_sound(lambda player: player.stop())

    @Slot(float)
    def seek_s(self, time_s: float) -> None:
        """Go to a time, playing on or resting as before."""
        self._do_with_sound(lambda player: player.seek(self._sample(time_s)))

    @Slot(int)
    def shuttle(self, direction: int) -> None:
        """Press L (+1), J (−1) or K (0)."""
        self._do_with_sound(lambda player: player.shuttle(direction))

    @Slot(float)
    def scrub_s(self, time_s: float) -> None:
        """Let a grain around a time be heard, while the pointer is dragged."""
        self._do(lambda player: player.scrub(self._sample(time_s)))

    @Slot()
    def end_scrub(self) -> None:
        """Play on from where the pointer was let go, or rest there."""
        self._do(lambda player: player.end_scrub())

    @Slot(object)
    def set_loop_s(self, loop_s: tuple[float, float] | None) -> None:
        """Go round from one time to another without a gap; None: play on to the end."""
        self._do(lambda player: self._set_loop(player, loop_s))

    @Slot(float)
    def set_volume(self, volume: float) -> None:
        """Listen so loud, 0 to 1, and remember it."""
        self._memory.keep(VOLUME_KEY, f"{min(max(volume, 0.0), 1.0):.4f}")
        if self._player is not None:
            self._player.volume = volume

    @Slot(object)
    def choose_device(self, device_id: str | None) -> None:
        """Play through this device, None for the system's default, and remember it."""
        self._memory.keep(DEVICE_KEY, device_id or "")
        self._do(lambda player: player.set_device(device_id))

    @Slot()
    def ask_devices(self) -> None:
        """Look for devices; `devices_changed` follows."""
        self._do(lambda player: player.ask_devices(self.devices_changed.emit))

    def close(self) -> None:
        """Fall silent and end the player's thread."""
        self._is_closed = True
        self._timer.stop()
        self._waiting.clear()
        self._early.clear()
        if self._loading is not None:
            self._background.forget(self._loading)
        if self._player is not None:
            self._player.close()
            self._player = None

    def _do_with_sound(self, step: "Callable[[Player], None]") -> None:
        """Do something, or put it off until the sound is made."""
        if self._sound is None:
            self._early.append(step)
        else:
            self._do(step)

    def _do(self, step: "Callable[[Player], None]") -> None:
        if self._is_closed:
            return
        if self._player is not None:
            step(self._player)
            self._show_now()
            return
        self._waiting.append(step)
        if self._loading is None:
            self._loading = self._background.run(self._load, self._begin, self.failed.emit)

    def _begin(self, make: PlayerMaker) -> None:
        """Make the player and do what was asked meanwhile."""
        player = make(
            on_output_changed=self._output_told.emit,
            on_state_changed=self._state_told.emit,
            on_failed=self.failed.emit,
        )
        player.volume = self.volume
        if self.device_id is not None:
            player.set_device(self.device_id)
        self._player = player
        waiting, self._waiting = self._waiting, []
        for step in waiting:
            step(player)
        self._show_now()

    def _set_loop(self, player: "Player", loop_s: tuple[float, float] | None) -> None:
        loop = None if loop_s is None else (self._sample(loop_s[0]), self._sample(loop_s[1]))
        try:
            player.set_loop(loop)
        except KnownError as error:
            self.failed.emit(error)

    def _sample(self, time_s: float) -> int:
        if self._sound is None:
            return 0
        at = round(time_s * self._sound.sample_rate_hz)
        return min(max(at, 0), self._sound.n_samples)

    def _show_now(self) -> None:
        """Show a jump at once, and what moves from then on."""
        self._emit_position()
        self._still = 0
        if self.state.is_active and not self._timer.isActive():
            self._timer.start()

    def _emit_position(self) -> bool:
        position_s = self.position_s
        if position_s == self._last_s:
            return False
        self._last_s = position_s
        self.position_changed.emit(position_s)
        return True

    @Slot()
    def _tick(self) -> None:
        player = self._player
        if player is None:
            return
        moved = self._emit_position() or player.state.is_active
        self._still = 0 if moved else self._still + 1
        self._ticks += 1
        if self._ticks % TICKS_A_LEVEL == 0:
            self.levels_changed.emit(player.levels())
        if self._still > SETTLE_TICKS:
            self._timer.stop()
            self.levels_changed.emit(Levels())

    @Slot(object)
    def _tell_output(self, state: OutputState) -> None:
        if not self._is_closed:
            self.output_changed.emit(state)

    @Slot(object)
    def _tell_state(self, state: PlayState) -> None:
        if not self._is_closed:
            self._show_now()
            self.state_changed.emit(state)
