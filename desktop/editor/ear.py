"""The ear: what is being heard, as the level meter shows it.

In: playback's levels and what was just heard. Out: peaks, true peaks and momentary loudness for
the meter, about 30 times a second; nothing is measured while nothing plays.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject

from core.audio.playback.model import Levels, PlayState
from desktop.editor.level_meter import LevelMeter
from desktop.playback import Playback

if TYPE_CHECKING:  # loads numpy
    from core.audio.loudness_live import LiveMeter


class Ear(QObject):
    """Feeds the level meter."""

    def __init__(
        self,
        playback: Playback,
        meters: Sequence[LevelMeter],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._playback, self._meters = playback, tuple(meters)
        self._live: LiveMeter | None = None
        self._form: tuple[int, int] | None = None
        self._frame = 0
        playback.levels_changed.connect(self._on_levels)
        playback.state_changed.connect(self._on_state)
        for meter in self._meters:
            meter.cleared.connect(self._forget)

    def _on_state(self, state: PlayState) -> None:
        if not state.is_active:
            self._forget()

    def _forget(self) -> None:
        """Measure anew: the loudness of before must not linger."""
        if self._live is not None:
            self._live.reset()

    def _on_levels(self, _levels: Levels) -> None:
        heard = self._playback.heard(self._frame)
        if heard is None or not heard.samples.shape[1]:
            return  # the meter falls by itself
        live = self._live_for(heard.sample_rate_hz, len(heard.samples))
        if not heard.is_whole:
            live.reset()
        live.feed(heard.samples)
        self._frame = heard.next_frame
        levels = live.read()
        for meter in self._meters:
            if meter.isVisible():
                meter.set_levels(levels)

    def _live_for(self, sample_rate_hz: int, channels: int) -> Any:  # noqa: ANN401 - loaded late
        from core.audio.loudness_live import LiveMeter

        form = (sample_rate_hz, channels)
        if self._live is None or form != self._form:
            self._live, self._form = LiveMeter(sample_rate_hz, channels), form
        return self._live
