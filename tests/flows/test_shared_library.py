"""A window and two commands on one library while its engine is killed: everybody goes on."""

import json
import os
import signal
from pathlib import Path

from pytestqt.qtbot import QtBot

from core.engine.protocol import ListJobs
from desktop.bridge import Connection
from desktop.main_window import MainWindow
from tests.flows.conftest import TIMEOUT_S, CommandLine
from tests.flows.test_window_flow import WAIT_MS, qt_loop, styled, window  # noqa: F401 - fixtures
from tests.media import sine, write_audio


def test_the_next_request_starts_another_engine_and_every_client_goes_on(
    qtbot: QtBot,
    window: MainWindow,  # noqa: F811
    cli: CommandLine,
    tmp_path: Path,
):
    sound = write_audio(tmp_path / "shared.wav", sine(2.0))
    made = tmp_path / "shared.mp4"
    render = ("render", sound, "-o", made, "--format", "160x90", "--fps", "20")
    job_id = cli(*render, "--detach").out.strip()
    watching = cli.start("jobs", "watch", job_id, "--json")
    first = cli("engine", "status", "--json").document["pid"]

    os.kill(first, signal.SIGKILL)

    assert cli("jobs", "show", job_id, "--json").document["id"] == job_id
    second = cli("engine", "status", "--json").document["pid"]
    assert second != first
    out, err = watching.communicate(timeout=TIMEOUT_S)
    assert watching.returncode == 0, err
    assert json.loads(out.splitlines()[-1])["status"] == "done"
    assert made.stat().st_size > 1000

    qtbot.waitUntil(lambda: window.bridge.connection is Connection.READY, timeout=WAIT_MS)
    pages = []
    window.bridge.ask(ListJobs(), pages.append, lambda error: pages.append(error))
    qtbot.waitUntil(lambda: bool(pages), timeout=WAIT_MS)
    assert job_id in [job.id for job in pages[0].jobs]
