"""Where plans are rendered: this computer, and later the cloud. The one place that knows names."""

from typing import TYPE_CHECKING

from core.errors import NotAvailableYetError, UsageError

if TYPE_CHECKING:  # the engine and the command line only check names, and load no media library
    from core.backends.base import RenderBackend

TARGETS = ("local", "modal")


def require_target(target: str) -> None:
    """Check that a backend of this name can be used; every door calls this before it submits.

    Raises
    ------
    NotAvailableYetError
        For a target that is planned but not there yet.
    UsageError
        For any other name.
    """
    if target not in TARGETS:
        raise UsageError(f"There is no target “{target}”.", hint=f"Use {' or '.join(TARGETS)}.")
    if target != "local":
        raise NotAvailableYetError(
            "Rendering in the cloud is not available yet.", hint="Render on this computer."
        )


def backend_for(target: str) -> "RenderBackend":
    """Return the backend called `target`; raises what `require_target` raises."""
    require_target(target)
    from core.backends.local import LocalBackend  # OpenGL is loaded where it is used only

    return LocalBackend()
