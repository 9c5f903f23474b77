"""Where plans are rendered: this computer, and later the cloud. The one place that knows names."""

from core.backends.base import RenderBackend
from core.errors import NotAvailableYetError, UsageError

TARGETS = ("local", "modal")


def backend_for(target: str) -> RenderBackend:
    """Return the backend called `target`.

    Raises
    ------
    NotAvailableYetError
        For a target that is planned but not there yet.
    UsageError
        For any other name.
    """
    if target == "local":
        from core.backends.local import LocalBackend  # OpenGL is loaded where it is used only

        return LocalBackend()
    if target in TARGETS:
        raise NotAvailableYetError(
            "Rendering in the cloud is not available yet.", hint="Render on this computer."
        )
    raise UsageError(f"There is no target “{target}”.", hint=f"Use {' or '.join(TARGETS)}.")
