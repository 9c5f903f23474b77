"""The error tree: what the user can act on, what is our fault, and what is no error at all.

A `KnownError` carries a code (stable, for programs), one sentence (for people) and a hint (what
to do next). Anything else that reaches a door (command line, engine, window) is a bug.
"""

from pathlib import Path

import msgspec


class ErrorView(msgspec.Struct, frozen=True, kw_only=True):
    """An error as it is stored on a job and shown: code, one sentence, what to do next."""

    code: str
    message: str
    hint: str = ""


class CymaticError(Exception):
    """Something went wrong in Cymatic."""

    code = "error"

    def __init__(
        self,
        message: str = "",
        *,
        hint: str = "",
        code: str = "",
        path: Path | None = None,
        stage: str = "",
    ) -> None:
        self.message = message or (type(self).__doc__ or "").strip().splitlines()[0]
        super().__init__(self.message)
        self.hint = hint
        self.code = code or type(self).code
        self.path = path
        self.stage = stage

    def view(self) -> ErrorView:
        """Return the error as the plain value that crosses processes."""
        return ErrorView(code=self.code, message=self.message, hint=self.hint)


class KnownError(CymaticError):
    """The user or the surroundings caused this, and the user can act on it."""

    code = "known"


class BugError(CymaticError):
    """Cymatic broke one of its own rules."""

    code = "bug"


class UsageError(KnownError):
    """The request does not make sense as it stands."""

    code = "usage"


class NotFoundError(KnownError):
    """Nothing of that name or id is in the library."""

    code = "not-found"


class MediaError(KnownError):
    """The file cannot be read as sound."""

    code = "media"


class LibraryError(KnownError):
    """The library folder cannot be used."""

    code = "library"


class SceneError(KnownError):
    """The scene cannot be used."""

    code = "scene"


class RenderError(KnownError):
    """The picture cannot be made."""

    code = "render"


class EncoderError(KnownError):
    """The video cannot be encoded."""

    code = "encoder"


class DiskError(KnownError):
    """The disk is full or cannot be written."""

    code = "disk"


class TransitionError(KnownError):
    """The job is not in a state that allows this."""

    code = "transition"


class EngineUnreachableError(KnownError):
    """The engine of this library does not answer."""

    code = "engine"


class NotAvailableYetError(KnownError):
    """Not available yet."""

    code = "not-available-yet"


class JobAborted(BaseException):
    """The job was asked to stop and does so; not an error, so no `except Exception` eats it."""


def error_from_view(view: ErrorView) -> KnownError:
    """Rebuild an error that crossed a process border, for raising on this side."""
    return KnownError(view.message, hint=view.hint, code=view.code)
