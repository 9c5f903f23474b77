"""`cymatic library`: how much is in it, whether it is whole, a copy of its store.

In: the library. Out: figures, faults, files. A check that finds faults exits with 1.
"""

import click

from core.cli.assets import show_files
from core.cli.connection import ask
from core.cli.errors import FAILED
from core.cli.groups import GroupWithOptions, scope_of
from core.cli.output import fields, print_document, say, size_text
from core.engine.protocol import BackupLibrary, CheckLibrary, GetStats


@click.group(cls=GroupWithOptions, invoke_without_command=True)
@click.pass_context
def library(context: click.Context) -> None:
    """Show how much the library holds (the default), check it, or back it up."""
    if context.invoked_subcommand is None:
        context.invoke(stats)


@library.command()
@click.pass_context
def stats(context: click.Context) -> None:
    """Show how much the library holds."""
    scope = scope_of(context)
    found = ask(scope, GetStats())
    if scope.json:
        print_document("library", found)
        return
    kinds = sorted(found.bytes_by_kind.items(), key=lambda item: -item[1])
    say(
        fields(
            [
                ("library", str(found.path)),
                ("sounds", str(found.assets)),
                ("projects", str(found.projects)),
                ("jobs", f"{found.jobs.done} done, {found.jobs.failed} failed"),
                *[(kind, size_text(n_bytes)) for kind, n_bytes in kinds if n_bytes],
                ("free", size_text(found.free_bytes)),
            ]
        )
    )


@library.command()
@click.option("--repair", is_flag=True, help="Mend what can be mended without losing anything.")
@click.pass_context
def check(context: click.Context, repair: bool) -> int:
    """Compare the store with the files."""
    scope = scope_of(context)
    found = ask(scope, CheckLibrary(repair=repair))
    left = [fault for fault in found.faults if not fault.repaired]
    if scope.json:
        print_document("check", found)
    else:
        for fault in found.faults:
            say(f"{'mended' if fault.repaired else 'fault'}: {fault.message}")
        say(f"{found.files_checked} files checked, {len(left)} faults.")
    return FAILED if left else 0


@library.command()
@click.pass_context
def backup(context: click.Context) -> None:
    """Copy the store into the library's backups folder."""
    scope = scope_of(context)
    show_files(scope, ask(scope, BackupLibrary()).paths)
