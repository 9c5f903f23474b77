"""Rules of the house that no linter of others knows."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PRODUCT = sorted([*(ROOT / "core").rglob("*.py"), *(ROOT / "desktop").rglob("*.py")])
MAX_LINES = 450
"""Declarations only: one class after the other."""
UNFINISHED = re.compile(
    r"placeholder|raise NotImplementedError|\bTODO\b|\bFIXME\b|\bXXX\b", re.IGNORECASE
)
QT_NAMES = ("setPlaceholderText", "PlaceholderText")
"""Qt's own names for the hint in an empty field."""
BACKEND_FACTORY = ROOT / "core" / "backends"


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", PRODUCT, ids=name_of)
def test_no_product_code_is_unfinished(path: Path):
    text = path.read_text(encoding="utf-8")
    for name in QT_NAMES:
        text = text.replace(name, "")
    assert not UNFINISHED.findall(text)


@pytest.mark.parametrize("path", PRODUCT, ids=name_of)
def test_modules_stay_small_and_say_what_they_are(path: Path):
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= MAX_LINES
    assert ast.get_docstring(ast.parse(text)), "no module docstring"


def test_the_environment_is_read_in_one_place():
    readers = [
        name_of(path)
        for path in PRODUCT
        if re.search(r"os\.environ|os\.getenv|import environ", path.read_text(encoding="utf-8"))
    ]
    assert readers == ["core/config.py"]


def swallows_everything(node: ast.AST) -> bool:
    """Return whether a handler takes every error and does not raise it on."""
    if not isinstance(node, ast.ExceptHandler):
        return False
    broad = node.type is None or ast.unparse(node.type) in ("Exception", "BaseException")
    return broad and not any(isinstance(inner, ast.Raise) for inner in ast.walk(node))


def test_everything_is_caught_at_the_doors_only():
    doors = [
        name_of(path)
        for path in PRODUCT
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if swallows_everything(node)
    ]
    # The command line, the engine's answers, the worker, the window's pool: nowhere else. The
    # encoder's thread hands what it caught to the drawing thread, which raises it.
    allowed = {
        "core/cli/app.py",
        "core/engine/server.py",
        "core/jobs/worker.py",
        "core/render/pipeline.py",
    }
    assert [door for door in doors if door not in allowed and not door.startswith("desktop/")] == []


def test_a_backend_is_told_apart_by_name_in_its_factory_only():
    names = {"local", "modal"}
    found = []
    for path in PRODUCT:
        if BACKEND_FACTORY in path.parents:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            parts = [node.left, *node.comparators] if isinstance(node, ast.Compare) else []
            if any(isinstance(part, ast.Constant) and part.value in names for part in parts):
                found.append(f"{name_of(path)}:{node.lineno}")
    assert not found


def test_qt_is_named_in_the_desktop_only():
    for path in (ROOT / "core").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            assert not any(name.split(".")[0] in ("PySide6", "qasync") for name in names), path


def test_the_lock_carries_no_address():
    for name in ("requirements.lock", "pyproject.toml"):
        assert not re.search(
            r"https?://|--find-links \S*/|index-url [a-z]", (ROOT / name).read_text()
        )
