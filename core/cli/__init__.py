"""The command line: every stage, headless.

In: arguments. Out: text or one JSON document, and an exit status. It holds the engine's client
and value types, and loads a command only when it is named, so that `cymatic jobs list` starts in
a blink.
"""

import sys
from collections.abc import Sequence
from importlib import import_module

_PROCESSES = {
    "--worker": "core.jobs.worker",
    "--engine": "core.engine.launch",
    "--doctor": "core.doctor.isolation",
}
"""What `core.platform.processes` starts, by the switch that it says so with in a frozen build."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status; Ctrl-C while it loads ends it as well.

    A frozen build has this one executable: its other processes begin here too.
    """
    words = sys.argv[1:] if arguments is None else arguments
    if words and words[0] in _PROCESSES:
        return int(import_module(_PROCESSES[words[0]]).main(list(words[1:])) or 0)
    try:
        from core.cli.app import main as run
    except KeyboardInterrupt:
        sys.stderr.write("Cancelled.\n")
        return 130
    return run(arguments)


__all__ = ["main"]
