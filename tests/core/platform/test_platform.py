import subprocess
import sys

import psutil
import pytest

from core.errors import LibraryError
from core.platform import desktop, processes
from core.platform.awake import AwakeKeeper
from core.platform.drives import drive_type, require_local_drive
from core.platform.locks import FileLock

SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]


def test_a_lock_is_held_once_and_dropped_with_its_process(tmp_path):
    path = tmp_path / "lock"
    code = (
        "import sys; from pathlib import Path; from core.platform.locks import FileLock;"
        f"print(FileLock(Path({str(path)!r})).acquire(), flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout.readline() == "True\n"
    lock = FileLock(path)
    assert not lock.acquire()
    holder.kill()
    holder.communicate()
    assert lock.acquire()
    lock.release()


def test_a_lock_that_cannot_be_made_says_what_to_do(tmp_path):
    with pytest.raises(LibraryError, match="cannot be written") as caught:
        FileLock(tmp_path / "nowhere" / "lock").acquire()
    assert "--library" in caught.value.hint


def test_killing_a_tree_kills_its_grandchildren():
    code = (
        "import subprocess, sys, time;"
        f"child = subprocess.Popen({SLEEP!r}); print(child.pid, flush=True); time.sleep(600)"
    )
    head = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, start_new_session=True, text=True
    )
    child = psutil.Process(int(head.stdout.readline()))
    processes.kill_tree(head.pid, started=processes.started_at(head.pid))
    head.communicate()
    psutil.wait_procs([child], timeout=10)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


def test_a_stranger_with_the_same_process_id_is_left_alone():
    stranger = subprocess.Popen(SLEEP, start_new_session=True)
    processes.kill_tree(stranger.pid, started=1000.0)
    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


def test_commands_start_python_from_source_and_the_program_itself_when_frozen(monkeypatch):
    assert processes.worker_command("1")[1:] == ["-m", "core.jobs.worker", "1"]
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert processes.worker_command("1") == [sys.executable, "--worker", "1"]
    assert processes.engine_command("/lib") == [sys.executable, "--engine", "/lib"]


@pytest.mark.parametrize("kind", ["nfs4", "cifs", "fuse.sshfs", "9p"])
def test_a_library_on_a_network_drive_is_refused(tmp_path, kind):
    with pytest.raises(LibraryError, match="network drive"):
        require_local_drive(tmp_path, kind=kind)


def test_a_library_on_a_local_drive_is_fine_also_where_no_folder_is_yet(tmp_path):
    require_local_drive(tmp_path / "not" / "there", kind="ext4")
    assert drive_type(tmp_path / "not" / "there") == drive_type(tmp_path) != ""


def test_a_desktop_that_is_not_there_is_no_error(monkeypatch, tmp_path):
    monkeypatch.setattr("shutil.which", lambda name: None)
    assert not desktop.notify("title", "text")
    assert not desktop.reveal_file(tmp_path / "file")
    keeper = AwakeKeeper()
    keeper.hold()
    keeper.release()
