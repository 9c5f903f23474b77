"""`cymatic` and `cymatic window`: open the window, or say why there is none.

In: the scope. Out: the window's exit status. The only module here that reaches for the desktop.
"""

from importlib import import_module

import click

from core.cli.groups import CommandWithOptions, Scope, scope_of
from core.cli.output import note
from core.config import read_environment


@click.command(cls=CommandWithOptions)
@click.pass_context
def window(context: click.Context) -> int:
    """Open the window; without a display, say so."""
    return open_window(scope_of(context))


def open_window(scope: Scope) -> int:
    """Open the window and return its exit status when it closes."""
    if not read_environment().has_display:
        note("There is no display here, so the window cannot open.")
        note("Everything works from the command line too: cymatic --help")
        return 0
    main = import_module("desktop.app").main
    return int(main(["--library", str(scope.library)]))
