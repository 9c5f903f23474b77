"""Resources: every file has a licence line, every schema is current."""

import fnmatch
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
RESOURCES = ROOT / "resources"


def licence_patterns() -> list[str]:
    """Return the patterns of the table in resources/LICENSES.md."""
    lines = (RESOURCES / "LICENSES.md").read_text(encoding="utf-8").splitlines()
    return [line.split("`")[1] for line in lines if line.startswith("| `")]


def resource_files() -> list[str]:
    files = (path for path in RESOURCES.rglob("*") if path.is_file())
    names = (path.relative_to(RESOURCES).as_posix() for path in files)
    return sorted(name for name in names if not name.endswith((".py", ".pyc", "LICENSES.md")))


def test_every_resource_has_a_licence_line():
    patterns = licence_patterns()
    files = resource_files()
    assert [n for n in files if not any(fnmatch.fnmatch(n, p) for p in patterns)] == []


def test_every_licence_line_is_about_something():
    files = resource_files()
    assert [p for p in licence_patterns() if not fnmatch.filter(files, p)] == []


def test_schemas_are_those_of_the_types():
    done = subprocess.run(
        [sys.executable, "tools/schemas.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"run make schemas: {done.stdout}{done.stderr}"
