"""The stretch of the mix on screen: seconds to pixels and back, zoom, pan, follow. Pure; no Qt.

In: lengths and wishes. Out: positions. Pixels are logical ones, and lie relative to the left edge
of the view, so that numbers stay small at any zoom, 12 hours in.
"""

import math
from enum import Enum, auto

MAX_PX_PER_SAMPLE = 16.0
START_PX = 8.0
"""Room before the start of the mix, so that what lies there can be taken hold of."""
END_ROOM = 0.06
"""Share of the view that may lie empty behind the end of the mix."""
SHORTEST_S = 1.0
"""A shorter mix is shown as if it were this long."""
FAR_PX = 30_000.0
"""Nothing is drawn farther out: beyond this Qt's rasteriser loses precision."""
PAGE_AT = 0.94
"""Share of the view at which following turns the page."""
PAGE_LEAD = 0.06


class Follow(Enum):
    """How the view goes with the playhead."""

    OFF = auto()
    PAGE = auto()
    CENTRED = auto()


class EditorViewport:
    """Which stretch of the mix is shown, `width_px` wide."""

    def __init__(self, *, sample_rate_hz: int = 48_000) -> None:
        self.width_px = 1.0
        self.duration_s = SHORTEST_S
        self.sample_rate_hz = sample_rate_hz
        self.start_s = 0.0
        self.px_per_s = 1.0

    # --- where things lie -----------------------------------------------------------------

    @property
    def length_s(self) -> float:
        """Length of what is shown, in seconds."""
        return self.width_px / self.px_per_s

    @property
    def end_s(self) -> float:
        """Where what is shown ends, in seconds."""
        return self.start_s + self.length_s

    @property
    def px_per_sample(self) -> float:
        """Pixels from one sample of the mix to the next."""
        return self.px_per_s / self.sample_rate_hz

    @property
    def whole(self) -> bool:
        """Whether all of the mix is shown."""
        return self.start_s <= 0.0 and self.end_s >= self.duration_s

    def x_of(self, time_s: float) -> float:
        """Return where a time lies, at most `FAR_PX` outside the view."""
        x = (time_s - self.start_s) * self.px_per_s
        return min(max(x, -FAR_PX), self.width_px + FAR_PX)

    def time_at(self, x: float) -> float:
        """Return the time at a place, in seconds."""
        return self.start_s + x / self.px_per_s

    # --- what is shown --------------------------------------------------------------------

    def resize(self, width_px: float) -> None:
        """Take another width: the whole stays whole, otherwise the zoom and the start stay."""
        was_whole = self.whole
        self.width_px = max(1.0, width_px)
        if was_whole:
            self.fit()
        else:
            self._settle(self.start_s, self.px_per_s)

    def set_content(self, duration_s: float, sample_rate_hz: int, *, held: bool = False) -> None:
        """Show a mix of another length; what was whole stays whole.

        `held`: the view stays where it is, whatever becomes of the mix below the hand.
        """
        was_whole = self.whole
        self.duration_s = max(0.0, duration_s)
        self.sample_rate_hz = sample_rate_hz
        if held:
            return
        if was_whole:
            self.fit()
        else:
            self._settle(self.start_s, self.px_per_s)

    def fit(self) -> None:
        """Show all of the mix."""
        self._settle(-math.inf, self._least_px_per_s())

    def show(self, start_s: float, end_s: float) -> None:
        """Show a stretch, as far as zoom and mix allow."""
        length_s = max(end_s - start_s, 1e-9)
        px_per_s = self._within_zoom(self.width_px / length_s)
        middle = (start_s + end_s) / 2
        self._settle(middle - self.width_px / px_per_s / 2, px_per_s)

    def zoom(self, factor: float, around_x: float) -> None:
        """Show less (factor over 1) or more; the time at `around_x` stays where it is."""
        held_s = self.time_at(around_x)
        px_per_s = self._within_zoom(self.px_per_s * factor)
        self._settle(held_s - around_x / px_per_s, px_per_s)

    def pan_px(self, pixels: float) -> None:
        """Move the view to later (over 0) or earlier times."""
        self._settle(self.start_s + pixels / self.px_per_s, self.px_per_s)

    def pan_to(self, start_s: float) -> None:
        """Let the view begin at a time."""
        self._settle(start_s, self.px_per_s)

    def centre(self, time_s: float) -> None:
        """Bring a time to the middle."""
        self._settle(time_s - self.length_s / 2, self.px_per_s)

    def reveal(self, start_s: float, end_s: float) -> None:
        """Move as little as needed to show a stretch, its start first."""
        room = self.length_s * PAGE_LEAD
        if start_s < self.start_s or end_s - start_s > self.length_s - 2 * room:
            self._settle(start_s - room, self.px_per_s)
        elif end_s > self.end_s:
            self._settle(end_s - self.length_s + room, self.px_per_s)

    def follow(self, time_s: float, how: Follow) -> bool:
        """Go with the playhead; return whether the view moved."""
        before = self.start_s
        if how is Follow.CENTRED:
            self.centre(time_s)
        elif how is Follow.PAGE:
            place = (time_s - self.start_s) / self.length_s
            if not 0.0 <= place < PAGE_AT:
                self._settle(time_s - self.length_s * PAGE_LEAD, self.px_per_s)
        return self.start_s != before

    # --- limits ---------------------------------------------------------------------------

    @property
    def _start_px(self) -> float:
        return min(START_PX, self.width_px / 50)

    def _least_px_per_s(self) -> float:
        room_px = self.width_px * (1 - END_ROOM / 3) - self._start_px
        return room_px / max(self.duration_s, SHORTEST_S)

    def _within_zoom(self, px_per_s: float) -> float:
        most = MAX_PX_PER_SAMPLE * self.sample_rate_hz
        return min(max(px_per_s, self._least_px_per_s()), most)

    def _settle(self, start_s: float, px_per_s: float) -> None:
        self.px_per_s = self._within_zoom(px_per_s)
        room_s = self.length_s * END_ROOM
        last_s = self.duration_s + room_s - self.length_s
        self.start_s = max(-self._start_px / self.px_per_s, min(start_s, last_s))
