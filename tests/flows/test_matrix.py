"""Which ways through the program are covered, enumerated from the types.

A cell is source kind × door × (recipe or none) × backend × destination. A member that a later
issue enables makes new cells, and this test fails until a test covers each of them.
"""

import itertools
import typing
from pathlib import Path

from core.backends import TARGETS, require_target
from core.errors import NotAvailableYetError
from core.ingest.sources import Source, require_available

ROOT = Path(__file__).parents[2]
DOORS = ("window", "command line")
RECIPES = ("none", "recipe")
DESTINATIONS = ("library", "file", "r2")

NOT_YET = {
    "recipe": "recipes other than the identity come with the editor",
    "r2": "comes with the mirror",
}

FLOWS = {
    "window": "tests/desktop/test_drop_flow.py::test_a_dropped_file_becomes_a_video[{source}-{to}]",
    "command line": "tests/flows/test_matrix.py::test_the_command_line_renders[{source}-{to}]",
}


def members(union: object) -> list[str]:
    return [str(member.__struct_config__.tag) for member in typing.get_args(union)]


def source_is_available(tag: str) -> bool:
    member = next(m for m in typing.get_args(Source) if m.__struct_config__.tag == tag)
    fields = member.__struct_fields__
    source = member(**{fields[0]: Path("/a") if fields[0] == "path" else "https://a/b"})
    try:
        require_available(source)
    except NotAvailableYetError:
        return False
    return True


def target_is_available(target: str) -> bool:
    try:
        require_target(target)
    except NotAvailableYetError:
        return False
    return True


def enabled_cells() -> list[tuple[str, str, str, str, str]]:
    """Return every cell whose members are all enabled."""
    return [
        cell
        for cell in itertools.product(members(Source), DOORS, RECIPES, TARGETS, DESTINATIONS)
        if source_is_available(cell[0])
        and target_is_available(cell[3])
        and not {cell[2], cell[4]} & NOT_YET.keys()
    ]


COVERED = {
    (source, door, "none", "local", to)
    for source in ("audio_file", "video_file")
    for door in DOORS
    for to in ("library", "file")
}


def test_every_enabled_cell_is_covered():
    assert set(enabled_cells()) == COVERED
