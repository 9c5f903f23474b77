"""The command line: every stage, headless.

In: arguments. Out: text or one JSON document, and an exit status. It holds the engine's client
and value types, and loads a command only when it is named, so that `cymatic jobs list` starts in
a blink.
"""

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status; Ctrl-C while it loads ends it as well."""
    try:
        from core.cli.app import main as run
    except KeyboardInterrupt:
        sys.stderr.write("Cancelled.\n")
        return 130
    return run(arguments)


__all__ = ["main"]
