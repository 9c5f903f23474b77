"""What importing a part of the program loads, measured in a fresh interpreter."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NETWORK = {"boto3", "botocore", "modal", "yt_dlp"}
HEAVY = {"numpy", "av", "scipy", "sqlalchemy", "moderngl", "rich", "sounddevice", "PIL"}


def loaded_by(*modules: str) -> set[str]:
    """Return the top-level names in sys.modules after importing `modules`."""
    program = (
        "import importlib, sys\n"
        f"for name in {list(modules)!r}: importlib.import_module(name)\n"
        "print(' '.join({name.partition('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def modules_in(package: str) -> list[str]:
    """Return every module below a package, but those that run when imported."""
    files = sorted((ROOT / package).rglob("*.py"))
    names = [".".join(file.relative_to(ROOT).with_suffix("").parts) for file in files]
    return [
        name.removesuffix(".__init__")
        for name in names
        if not name.endswith("__main__") and ".migrations" not in name
    ]


def test_core_never_loads_qt():
    names = [name for name in modules_in("core") if name != "core.cli.window"]
    assert not loaded_by(*names) & {"PySide6", "shiboken6", "qasync", "desktop"}


@pytest.mark.parametrize("package", ["core/render", "core/scenes", "core/analysis", "core/audio"])
def test_what_runs_in_the_cloud_loads_no_network_library(package: str):
    assert not loaded_by(*modules_in(package)) & NETWORK


@pytest.mark.parametrize("command", ["app", "jobs", "assets", "engine", "render", "ingest"])
def test_a_command_starts_without_the_heavy_libraries(command: str):
    assert not loaded_by(f"core.cli.{command}") & HEAVY


def test_value_types_load_nothing_heavy():
    assert not loaded_by("core.engine.protocol", "core.render.plan") & HEAVY
