"""The command line: every stage, headless.

In: arguments. Out: text or one JSON document, and an exit status. It holds the engine's client
and value types, and loads a command only when it is named, so that `cymatic jobs list` starts in
a blink.
"""

from core.cli.app import main

__all__ = ["main"]
