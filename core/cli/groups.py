"""Commands that are loaded when named, and the options that stand before or after any of them.

In: click's arguments. Out: a `Scope` on the root context: which library, and whether to answer
in JSON.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from functools import wraps
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from core.config import read_environment


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What the options that every command has add up to."""

    library: Path
    json: bool = False


def scope_of(context: click.Context) -> Scope:
    """Return the scope of a command that runs."""
    root = context.find_root()
    if not isinstance(root.obj, Scope):
        root.obj = Scope(library=read_environment().library)
    return root.obj


def _set_library(context: click.Context, _option: click.Parameter, value: Path | None) -> None:
    if value is not None:
        library = value.expanduser().absolute()
        context.find_root().obj = replace(scope_of(context), library=library)


def _set_json(context: click.Context, _option: click.Parameter, value: bool) -> None:
    if value:
        context.find_root().obj = replace(scope_of(context), json=True)


def common_options() -> list[click.Parameter]:
    """Return the options that every command and group has."""
    return [
        click.Option(
            ["--library"],
            type=click.Path(file_okay=False, path_type=Path),
            metavar="DIR",
            help="The library to use (default: CYMATIC_LIBRARY, then your own).",
            expose_value=False,
            callback=_set_library,
        ),
        click.Option(
            ["--json"],
            is_flag=True,
            help="Print one JSON document on standard output.",
            expose_value=False,
            callback=_set_json,
        ),
    ]


def gathered(command: Callable[..., Any], name: str, kind: type) -> Callable[..., Any]:
    """Return a command whose options of `kind` arrive as one value called `name`."""
    names = [field.name for field in fields(kind)]

    @wraps(command)
    def call(*args: Any, **said: Any) -> Any:  # noqa: ANN401 - whatever the command takes
        value = kind(**{key: said.pop(key) for key in names})
        return command(*args, **{name: value}, **said)

    return call


class CommandWithOptions(click.Command):
    """A command that takes the common options as well."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - click's own signature
        super().__init__(*args, **kwargs)
        self.params.extend(common_options())


class GroupWithOptions(click.Group):
    """A group that takes the common options, as do its commands."""

    command_class = CommandWithOptions

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - click's own signature
        super().__init__(*args, **kwargs)
        self.params.extend(common_options())


class LazyGroup(click.Group):
    """A group whose commands are imported when they are named."""

    def __init__(
        self,
        *args: Any,  # noqa: ANN401 - click's own signature
        commands_at: Mapping[str, str],
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(*args, **kwargs)
        self._commands_at = dict(commands_at)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the work."""
        return list(self._commands_at)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command."""
        place = self._commands_at.get(cmd_name)
        if place is None:
            return None
        module, name = place.split(":")
        command: click.Command = getattr(import_module(module), name)
        return command
