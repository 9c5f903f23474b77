"""Fixtures that every test may use: an own environment, an own library, its engine stopped."""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")  # before anything imports Qt

ENGINE_IDLE_S = "4"
"""How long an engine that a test forgot stays."""


@pytest.fixture(autouse=True)
def own_environment(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch):
    """No test sees the user's library, keyring or display settings."""
    folder = tmp_path_factory.getbasetemp() / "home"
    folder.mkdir(exist_ok=True)
    monkeypatch.setenv("CYMATIC_LIBRARY", str(folder / "nobody-names-this-library"))
    monkeypatch.setenv("CYMATIC_ENGINE_IDLE_S", ENGINE_IDLE_S)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(folder / name.lower()))


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Path]:
    """Where a library may be made; an engine that was started for it is stopped afterwards."""
    folder = tmp_path / "library"
    yield folder
    stop_engine(folder)


def stop_engine(library: Path) -> None:
    """Stop the engine of a library, if one runs."""
    from core.engine.client import EngineClient
    from core.engine.protocol import StopEngine
    from core.errors import KnownError

    async def stop() -> None:
        try:
            client = await EngineClient.connect(library, start=False)
        except KnownError:
            return
        try:
            await client.call(StopEngine())
        except KnownError:
            pass
        finally:
            await client.close()

    if library.exists():
        asyncio.run(stop())
