"""A real library with a real engine for the flows of one test process."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.conftest import ENGINE_IDLE_S, stop_engine

ROOT = Path(__file__).parents[2]
SCHEMAS = ROOT / "resources" / "schemas"
TIMEOUT_S = 240


@dataclass(frozen=True)
class Done:
    """A command that ended."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The payload of its one document, checked against the schema."""
        document = json.loads(self.out)
        name = document["schema"].removeprefix("cymatic.").removesuffix("/1")
        schema = json.loads((SCHEMAS / f"cymatic.{name}.json").read_text(encoding="utf-8"))
        jsonschema.Draft202012Validator(schema).validate(document)
        return document[name]


@dataclass(frozen=True)
class CommandLine:
    """The command line as a user runs it: a process of its own, on one library."""

    library: Path

    def start(self, *words: object) -> subprocess.Popen[str]:
        """Start a command at the head of a process group, as a shell does."""
        environment = os.environ | {
            "CYMATIC_LIBRARY": str(self.library),
            "CYMATIC_ENGINE_IDLE_S": ENGINE_IDLE_S,
            "PYTHONPATH": str(ROOT),
        }
        return subprocess.Popen(
            [sys.executable, "-m", "core.cli", *map(str, words)],
            cwd=self.library.parent,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def __call__(self, *words: object) -> Done:
        """Run a command to its end."""
        process = self.start(*words)
        out, err = process.communicate(timeout=TIMEOUT_S)
        return Done(process.returncode, out, err)

    def interrupt(self, process: subprocess.Popen[str], *, after: str) -> Done:
        """Press Ctrl-C once a line of stderr holds `after`."""
        assert process.stderr is not None
        seen = []
        for line in process.stderr:
            seen.append(line)
            if after in line:
                break
        os.killpg(process.pid, signal.SIGINT)
        begun = time.monotonic()
        out, err = process.communicate(timeout=TIMEOUT_S)
        assert time.monotonic() - begun < TIMEOUT_S
        return Done(process.returncode, out, "".join(seen) + err)


@pytest.fixture(scope="session")
def cli(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    """The command line on a library that all flows of this process share."""
    library = tmp_path_factory.mktemp("flows") / "library"
    yield CommandLine(library)
    stop_engine(library)
