"""A consumer on a thread of its own: whoever makes sound goes on while others use it.

In: items, in order. Out: what the consumer returns at the end. What it raises comes out of a later
`put` or of `finish`. Bounded: a consumer that falls behind holds the maker back. NumPy, SciPy and
FFmpeg let go of the interpreter while they work, so this is worth a core.
"""

import queue
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self

from core.errors import JobAborted

_DEPTH = 4


class Aside[T, R]:
    """Runs `work(items)` on another thread while items are put; leave it by `finish`.

    Parameters
    ----------
    work : callable
        Takes an iterator over the items and returns the result. When it returns early, later
        items are dropped.
    depth : int
        How many items may wait.
    """

    def __init__(self, work: Callable[[Iterator[T]], R], *, depth: int = _DEPTH) -> None:
        self._items: queue.Queue[T | None] = queue.Queue(depth)
        self._stopped = False
        self._failed = False
        self._ended = False
        self._thread = ThreadPoolExecutor(1)
        self._result = self._thread.submit(self._run, work)

    def _run(self, work: Callable[[Iterator[T]], R]) -> R:
        try:
            return work(self._arriving())
        except BaseException:
            self._failed = True
            raise
        finally:
            while not self._ended:  # nobody waits for room that never comes
                self._ended = self._items.get() is None

    def _arriving(self) -> Iterator[T]:
        while (item := self._items.get()) is not None:
            yield item
        self._ended = True
        if self._stopped:
            raise JobAborted

    def put(self, item: T) -> None:
        """Hand an item over, waiting for room; raise what the consumer raised."""
        if self._failed:
            self.finish()
        self._items.put(item)

    def finish(self) -> R:
        """Say that there is no more; return the consumer's result or raise what it raised."""
        self._items.put(None)
        try:
            return self._result.result()
        finally:
            self._thread.shutdown()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the consumer, which after an error on this side sees JobAborted."""
        if not self._result.done():
            self._stopped = True
            self._items.put(None)
        self._thread.shutdown()
