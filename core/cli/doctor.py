"""`cymatic doctor`: what works on this computer.

In: the library's place. Out: checks; exit status 1 if something that is needed does not work.
"""

from pathlib import Path

import click

from core.cli.errors import FAILED
from core.cli.groups import CommandWithOptions, scope_of
from core.cli.output import note, print_document, say
from core.doctor.model import Check, CheckStatus, DoctorReport

MARKS = {CheckStatus.OK: "ok  ", CheckStatus.WARN: "warn", CheckStatus.FAIL: "FAIL"}


@click.command(cls=CommandWithOptions)
@click.option(
    "--render-test", is_flag=True, help="Render a short clip, and write a report to send."
)
@click.option("--details", is_flag=True, help="Show what drivers and libraries call themselves.")
@click.pass_context
def doctor(context: click.Context, render_test: bool, details: bool) -> int:
    """Look at graphics, encoders, sound, keys, disk and versions."""
    from core.doctor.examine import examine, with_render_test

    scope = scope_of(context)
    report = examine(scope.library)
    if render_test:
        note("Rendering a short clip …")
        report = with_render_test(report, Path.cwd())
    print_document("doctor", report) if scope.json else _show(report, details=details)
    return 0 if report.healthy else FAILED


def _show(report: DoctorReport, *, details: bool) -> None:
    say(f"Cymatic {report.version} on {report.system}\n")
    width = max(len(check.name) for check in report.checks)
    for check in report.checks:
        say(f"{MARKS[check.status]}  {check.name.ljust(width)}  {check.message}")
        _show_more(check, " " * (width + 8), details=details)
    if report.report:
        say(f"\nThe report to send: {report.report}")


def _show_more(check: Check, indent: str, *, details: bool) -> None:
    if check.hint:
        say(f"{indent}{check.hint}")
    if details:
        for name, value in check.details.items():
            say(f"{indent}{name}: {value}")
