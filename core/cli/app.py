"""The root command and the door that every error leaves by.

In: the arguments. Out: the exit status: 0 done; 1 the work failed; 2 wrong usage; 3 a bug;
130 cancelled by Ctrl-C.
"""

import sys
from collections.abc import Sequence

import click

from core import __version__
from core.cli.errors import report_bug, report_interrupt, report_known, report_usage
from core.cli.groups import GroupWithOptions, LazyGroup, scope_of
from core.config import read_environment
from core.errors import KnownError

COMMANDS = {
    "ingest": "core.cli.ingest:ingest",
    "assets": "core.cli.assets:assets",
    "library": "core.cli.library:library",
    "probe": "core.cli.probe:probe",
    "prepare": "core.cli.prepare:prepare",
    "analyze": "core.cli.analyze:analyze",
    "scenes": "core.cli.scenes:scenes",
    "frame": "core.cli.frame:frame",
    "render": "core.cli.render:render",
    "estimate": "core.cli.estimate:estimate",
    "project": "core.cli.project:project",
    "jobs": "core.cli.jobs:jobs",
    "engine": "core.cli.engine:engine",
    "doctor": "core.cli.doctor:doctor",
    "window": "core.cli.window:window",
}


class RootGroup(LazyGroup, GroupWithOptions):
    """The root: commands by name, and the options that every command has."""


@click.group(cls=RootGroup, commands_at=COMMANDS, invoke_without_command=True)
@click.version_option(__version__, prog_name="cymatic", message="%(prog)s %(version)s")
@click.pass_context
def root(context: click.Context) -> int:
    """Turn sound into video. Without a command, open the window."""
    if context.invoked_subcommand is not None:
        return 0
    from core.cli.window import open_window

    return open_window(scope_of(context))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    wants_json = "--json" in words
    context = None
    try:
        with root.make_context("cymatic", words) as context:
            status = root.invoke(context)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as error:
        return report_usage(error, wants_json)
    except KnownError as error:
        return report_known(error, wants_json)
    except (KeyboardInterrupt, click.Abort):
        return report_interrupt(wants_json)
    except Exception as error:  # noqa: BLE001 - a door: whatever else arrives here is a bug
        library = scope_of(context).library if context else read_environment().library
        return report_bug(error, library, wants_json)
    return status if isinstance(status, int) else 0
