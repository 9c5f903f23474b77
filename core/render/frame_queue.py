"""The few buffers that go round between the thread that draws and the one that encodes.

In: drawn frames. Out: the same, on the other thread, in order, in bounded memory. Whatever ends
one side ends the other: an error crosses over and is raised there.
"""

import queue
import threading
from collections.abc import Callable, Sequence

from core.render.conversion import Pixels

_POLL_S = 0.05
"""How soon a waiting side notices that the other has ended, or that it shall stop."""


class FrameQueue:
    """A ring of preallocated buffers between one drawing and one encoding thread."""

    def __init__(self, buffers: Sequence[Pixels]) -> None:
        self._free: queue.SimpleQueue[Pixels] = queue.SimpleQueue()
        self._filled: queue.SimpleQueue[tuple[int, Pixels] | None] = queue.SimpleQueue()
        self._stopped = threading.Event()
        self._failure: BaseException | None = None
        for buffer in buffers:
            self._free.put(buffer)

    # --- the drawing side -------------------------------------------------------------------

    def borrow(self, while_waiting: Callable[[], None]) -> Pixels:
        """Return a free buffer; raise what ended the encoding side.

        `while_waiting` is called every few hundredths of a second; what it raises ends the wait.
        """
        while True:
            self.raise_failure()
            try:
                return self._free.get(timeout=_POLL_S)
            except queue.Empty:
                while_waiting()

    def send(self, frame_index: int, buffer: Pixels) -> None:
        """Hand a drawn frame over."""
        self._filled.put((frame_index, buffer))

    def end(self) -> None:
        """Say that no more frames come."""
        self._filled.put(None)

    def stop(self) -> None:
        """Have the encoding side give up what it holds; the drawing side has failed."""
        self._stopped.set()
        self._filled.put(None)

    def raise_failure(self) -> None:
        """Raise what the encoding side ended with, if it failed."""
        if self._failure is not None:
            raise self._failure

    # --- the encoding side ------------------------------------------------------------------

    def receive(self) -> tuple[int, Pixels] | None:
        """Return the next frame and its index, or None after the last one."""
        item = self._filled.get()
        return None if self._stopped.is_set() else item

    @property
    def is_stopped(self) -> bool:
        """Whether what is being made is no longer wanted."""
        return self._stopped.is_set()

    def give_back(self, buffer: Pixels) -> None:
        """Return a buffer for the next frame."""
        self._free.put(buffer)

    def fail(self, error: BaseException) -> None:
        """Have the drawing side raise `error`."""
        self._failure = error
