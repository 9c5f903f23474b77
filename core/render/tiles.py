"""Frame stage: how many rows may be drawn at once.

In: how long earlier bands took. Out: bands of rows that each take well under a second, because
GL holds Python's lock while it draws. Bands change when the lock is held, never a pixel.
"""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

TARGET_S = 0.4
"""How long one band shall take."""
_FIRST_PIXELS = 1 << 18  # before anything is known: an eighth of 1080p
_TIMED_EVERY = 16  # frames drawn at once are timed this often, so that a card need not wait
_ROW_STEP = 64  # the software rasteriser works in squares of 64 pixels


class TileClock:
    """Cuts frames of one size into bands, for each pass by what it has cost so far."""

    def __init__(self, width: int, height: int) -> None:
        self._width = width
        self._height = height
        self._seconds_per_pixel: dict[str, float] = {}
        self._n_drawn: Counter[str] = Counter()

    def bands(self, key: str) -> Iterator[range]:
        """Yield the bands of one frame from the top, each as long as the time known allows."""
        row = 0
        while row < self._height:
            stop = min(self._height, row + self._rows(key))
            yield range(row, stop)
            row = stop

    def n_tiles(self, key: str) -> int:
        """Return how many bands a frame has by what is known now."""
        return -(-self._height // self._rows(key))

    def wants_time(self, key: str, band: range) -> bool:
        """Whether drawing `band` is to be waited for: parts of a frame always, wholes at times."""
        self._n_drawn[key] += 1
        return len(band) < self._height or self._n_drawn[key] % _TIMED_EVERY == 1

    @contextmanager
    def timed(self, key: str, band: range) -> Iterator[None]:
        """Note what drawing `band` costs; the dearest recent band counts, fading slowly."""
        start = time.perf_counter()
        yield
        cost = (time.perf_counter() - start) / (len(band) * self._width)
        known = self._seconds_per_pixel.get(key, cost)
        self._seconds_per_pixel[key] = max(cost, 0.9 * known)

    def _rows(self, key: str) -> int:
        cost = self._seconds_per_pixel.get(key)
        pixels = TARGET_S / cost if cost else float(_FIRST_PIXELS)
        rows = int(pixels / self._width)
        if rows >= self._height:
            return self._height
        return max(_ROW_STEP, rows // _ROW_STEP * _ROW_STEP)
