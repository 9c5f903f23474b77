"""The pool: slow work off the GUI thread (law 9), its outcome back on it.

In: a plain function. Out: one call of `done` with its result, or of `failed` with its error, on
the GUI thread, or nothing when the asker is gone.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject, QRunnable, QThreadPool, Signal, Slot

from core.errors import CymaticError

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Outcome:
    token: int
    value: Any = None
    error: CymaticError | None = None


class _Task(QRunnable):
    def __init__(self, token: int, work: Callable[[], Any], background: "Background") -> None:
        super().__init__()
        self._token, self._work, self._background = token, work, background

    def run(self) -> None:
        """Work on a pool thread; only the signal crosses."""
        self._background.publish(run_in_pool(self._token, self._work))


def run_in_pool(token: int, work: Callable[[], Any]) -> _Outcome:
    """Return what `work` gives; any error becomes part of the outcome (one of the three doors)."""
    try:
        return _Outcome(token, value=work())
    except CymaticError as error:
        return _Outcome(token, error=error)
    except OSError as error:
        return _Outcome(token, error=CymaticError(str(error)))
    except Exception as error:  # noqa: BLE001 - one of the three doors
        _log.exception("Background work failed")
        return _Outcome(token, error=CymaticError(f"Something unexpected happened: {error}"))


class Background(QObject):
    """Runs functions on a thread pool and calls back on the thread it lives on."""

    _finished = Signal(object)

    def __init__(self, parent: QObject | None = None, *, threads: int = 2) -> None:
        super().__init__(parent)
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(threads)
        self._waiting: dict[
            int, tuple[Callable[[Any], None], Callable[[CymaticError], None] | None]
        ] = {}
        self._next = 0
        self._finished.connect(self._deliver)

    def run[T](
        self,
        work: Callable[[], T],
        done: Callable[[T], None],
        failed: Callable[[CymaticError], None] | None = None,
    ) -> int:
        """Start `work`; `done` or `failed` follows on this object's thread."""
        self._next += 1
        self._waiting[self._next] = (done, failed)
        self._pool.start(_Task(self._next, work, self))
        return self._next

    def forget(self, token: int) -> None:
        """Drop the answer of a task that nobody waits for any more."""
        self._waiting.pop(token, None)

    def publish(self, outcome: _Outcome) -> None:
        """Hand an outcome over from a pool thread."""
        self._finished.emit(outcome)

    def stop(self) -> None:
        """Wait for what runs and deliver nothing more."""
        self._waiting.clear()
        self._pool.clear()
        self._pool.waitForDone()

    @Slot(object)
    def _deliver(self, outcome: _Outcome) -> None:
        waiting = self._waiting.pop(outcome.token, None)
        if waiting is None:
            return
        done, failed = waiting
        if outcome.error is None:
            done(outcome.value)
        elif failed is not None:
            failed(outcome.error)
        else:
            _log.info("Background work: %s", outcome.error)
