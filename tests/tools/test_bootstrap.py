"""Set-up: interpreters that run are told from shims that do not, and old Pythons can read it."""

import ast
import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[2] / "tools" / "bootstrap.py"
posix_only = pytest.mark.skipif(os.name == "nt", reason="writes shell scripts")


@pytest.fixture
def bootstrap() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bootstrap", SCRIPT)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_the_script_is_python_3_8():
    ast.parse(SCRIPT.read_text(encoding="utf-8"), feature_version=(3, 8))


def test_the_running_python_has_a_version(bootstrap):
    assert bootstrap.version_of(sys.executable) == sys.version_info[:3]


@posix_only
def test_a_shim_that_fails_has_none(bootstrap, tmp_path):
    assert bootstrap.version_of(program(tmp_path / "python3.12", "exit 127")) is None
    assert bootstrap.version_of(tmp_path / "nothing") is None


@posix_only
def test_a_python_behind_a_dead_shim_is_found(bootstrap, tmp_path, monkeypatch):
    program(tmp_path / "shims" / "python3.12", "exit 127")
    real = program(tmp_path / "versions" / "3.12.9" / "bin" / "python", "echo 3.12.9")
    program(tmp_path / "versions" / "3.9.1" / "bin" / "python", "echo 3.9.1")
    monkeypatch.setenv("PATH", str(tmp_path / "shims"))
    monkeypatch.setenv("HOME", str(tmp_path / "empty"))
    monkeypatch.delenv("PYENV_ROOT", raising=False)
    monkeypatch.setattr(bootstrap, "own_pyenv", list)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "nothing"))
    assert bootstrap.find_python() == str(real)


@posix_only
def test_a_python_that_is_too_old_is_not_taken(bootstrap, tmp_path, monkeypatch):
    program(tmp_path / "bin" / "python3", "echo 3.11.2")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("PYENV_ROOT", raising=False)
    monkeypatch.setattr(bootstrap, "own_pyenv", list)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "nothing"))
    assert bootstrap.find_python() is None


def test_every_command_of_the_makefile_is_one_of_the_script(bootstrap):
    makefile = (SCRIPT.parents[1] / "Makefile").read_text(encoding="utf-8")
    line = next(text for text in makefile.splitlines() if text.startswith("COMMANDS :="))
    assert set(line.split()[2:]) == set(bootstrap.COMMANDS)


def test_an_unknown_command_is_wrong_usage_and_sets_nothing_up(bootstrap, capsys):
    assert bootstrap.main(["nonsense"]) == 2
    assert "Commands" in capsys.readouterr().out
