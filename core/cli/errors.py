"""How an error leaves: one sentence and a hint on stderr, a document on stdout with `--json`.

In: whatever a command raised. Out: the exit status.
"""

import logging
from pathlib import Path

import click

from core.cli.output import note, print_document
from core.errors import ErrorView, KnownError
from core.log import log_to_file, log_to_stderr
from core.paths import LibraryPaths

FAILED, USAGE, BUG, INTERRUPTED = 1, 2, 3, 130


def _show(view: ErrorView, wants_json: bool) -> None:
    note(f"{view.message}\n{view.hint}" if view.hint else view.message)
    if wants_json:
        print_document("error", view)


def report_usage(error: click.ClickException, wants_json: bool) -> int:
    """Report arguments that make no sense."""
    context = getattr(error, "ctx", None)
    hint = f"See: {context.command_path} --help" if context else "See: cymatic --help"
    _show(ErrorView(code="usage", message=error.format_message(), hint=hint), wants_json)
    return USAGE


def report_known(error: KnownError, wants_json: bool) -> int:
    """Report something that the user can act on; the engine's bugs arrive here too."""
    _show(error.view(), wants_json)
    return {"usage": USAGE, "bug": BUG}.get(error.code, FAILED)


def report_interrupt(wants_json: bool) -> int:
    """Report that Ctrl-C ended the command."""
    _show(ErrorView(code="cancelled", message="Cancelled."), wants_json)
    return INTERRUPTED


def report_bug(error: Exception, library: Path, wants_json: bool) -> int:
    """Log a bug with its traceback and report it in a sentence."""
    place = _log_traceback(error, library)
    view = ErrorView(
        code="bug",
        message=f"Something went wrong inside Cymatic: {str(error) or type(error).__name__}",
        hint=f"Please report it with {place} and what `cymatic doctor` prints.",
    )
    _show(view, wants_json)
    return BUG


def _log_traceback(error: Exception, library: Path) -> str:
    logs = LibraryPaths(library).logs
    if logs.is_dir():
        log_to_file(logs / "command-line.log")
        place = f"the end of {logs / 'command-line.log'}"
    else:
        log_to_stderr()
        place = "the lines above"
    logging.getLogger(__name__).error("unexpected error", exc_info=error)
    return place
