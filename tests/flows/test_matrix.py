"""Which ways through the program are covered, enumerated from the types.

A cell is source kind × door × (recipe or none) × backend × destination. A member that a later
issue enables makes new cells, and this test fails until a test covers each of them.
"""

import ast
import itertools
import json
import typing
from pathlib import Path

import pytest

from core.backends import TARGETS, require_target
from core.errors import NotAvailableYetError
from core.ingest.sources import Source, require_available
from tests.flows.conftest import CommandLine
from tests.flows.test_render_flow import write_source
from tests.flows.videos import read_video
from tests.media import click_track

ROOT = Path(__file__).parents[2]
DOORS = ("window", "command line")
RECIPES = ("none", "recipe")
DESTINATIONS = ("library", "file", "r2")

NOT_YET = {
    "r2": "comes with the mirror",
}
NOT_YET_TOGETHER: dict[tuple[str, str], str] = {}

COVERED_BY = {
    ("command line", "none"): "test_the_command_line_renders_every_cell",
    ("command line", "recipe"): "test_the_command_line_renders_every_cell",
    ("window", "none"): "test_a_dropped_file_becomes_a_video",
    ("window", "recipe"): "test_a_dropped_file_becomes_a_video",
}
"""The test, somewhere below tests/, that walks the cells of a door and a recipe or none."""
CELLS = {
    (source, door, recipe, "local", to)
    for source in ("audio_file", "video_file")
    for door, recipe in COVERED_BY
    for to in ("library", "file")
}
"""What those tests walk. Raise it together with them."""


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
        and (cell[1], cell[2]) not in NOT_YET_TOGETHER
    ]


def test_every_enabled_cell_is_covered():
    assert set(enabled_cells()) == CELLS


@pytest.mark.parametrize("covered", COVERED_BY, ids=" and ".join)
def test_the_test_that_covers_a_door_exists(covered: tuple[str, str]):
    names = {
        node.name
        for path in (ROOT / "tests").rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert COVERED_BY[covered] in names


def write_subject(source: str, recipe: str, cli: CommandLine, folder: Path) -> object:
    """Return what to render: a file, or a project whose recipe takes one second of it."""
    file = write_source(source, folder, click_track(1.0 if recipe == "none" else 2.0))
    if recipe == "none":
        return file
    document = folder / "recipe.json"
    clip = {"asset_id": file.name, "start_s": "1/2", "end_s": "3/2", "fade_out_s": "1/4"}
    document.write_text(json.dumps({"clips": [clip]}))
    project = cli("project", "new", file, "--json").document["id"]
    taken = cli("project", "recipe", project, "--import", document)
    assert taken.status == 0, taken.err
    return project


@pytest.mark.parametrize(
    ("source", "recipe", "to"),
    [(cell[0], cell[2], cell[4]) for cell in sorted(CELLS) if cell[1] == "command line"],
)
def test_the_command_line_renders_every_cell(
    source: str, recipe: str, to: str, cli: CommandLine, tmp_path: Path
):
    subject = write_subject(source, recipe, cli, tmp_path)
    where = ("-o", tmp_path / "out.mp4") if to == "file" else ()
    done = cli("render", subject, "--format", "160x90", "--fps", "10", "--json", *where)
    assert done.status == 0, done.err
    (path,) = (Path(out["path"]) for out in done.document["outputs"] if out["role"] == "main")
    assert path.is_relative_to(cli.library if to == "library" else tmp_path)
    assert read_video(path).n_frames == pytest.approx(10, abs=1)
