"""What the commands print: lines and aligned columns for people, one document for programs.

Results go to stdout; everything said on the way goes to stderr.
"""

from collections.abc import Iterable, Sequence
from fractions import Fraction

import click

from core.documents import document, to_json


def say(text: str) -> None:
    """Print a line of the result."""
    click.echo(text)


def note(text: str) -> None:
    """Say something on the way: it is not part of the result."""
    click.echo(text, err=True)


def print_document(name: str, payload: object) -> None:
    """Print the one document of a command under `--json`."""
    click.echo(to_json(document(name, payload)).decode())


def print_line(value: object) -> None:
    """Print one value as a line of JSON (JSON Lines)."""
    click.echo(to_json(value).decode())


def table(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return rows in aligned columns; columns of numbers and times are set to the right."""
    cells = [list(row) for row in rows]
    grid = [list(headers), *cells]
    widths = [max(len(row[column]) for row in grid) for column in range(len(headers))]
    right = [
        bool(cells) and all(row[column][:1].isdigit() and len(row[column]) < 12 for row in cells)
        for column in range(len(headers))
    ]
    lines = []
    for row in grid:
        parts = [
            text.rjust(width) if to_right else text.ljust(width)
            for text, width, to_right in zip(row, widths, right, strict=True)
        ]
        lines.append("  ".join(parts).rstrip())
    return "\n".join(lines)


def fields(pairs: Iterable[tuple[str, str]]) -> str:
    """Return names and values, one pair a line; pairs without a value are left out."""
    shown = [(name, value) for name, value in pairs if value]
    width = max((len(name) for name, _ in shown), default=0)
    return "\n".join(f"{name.ljust(width)}  {value}" for name, value in shown)


def size_text(n_bytes: float) -> str:
    """Return a size for people: 812 B, 3.4 MB."""
    if n_bytes < 1000:
        return f"{n_bytes:.0f} B"
    for unit in ("kB", "MB", "GB", "TB"):
        n_bytes /= 1000
        if n_bytes < 1000 or unit == "TB":
            break
    return f"{n_bytes:.1f} {unit}"


def moment_text(time_s: float | Fraction) -> str:
    """Return a place in a sound to the millisecond: 1:02.500."""
    minutes, ms = divmod(round(time_s * 1000), 60_000)
    hours, minutes = divmod(minutes, 60)
    clock = f"{hours}:{minutes:02d}" if hours else str(minutes)
    return f"{clock}:{ms // 1000:02d}.{ms % 1000:03d}"
