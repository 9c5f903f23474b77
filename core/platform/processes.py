"""Process trees: commands of our own processes, starting them, lowering, dying, killing.

In: arguments and process ids. Out: processes that start the same way from source and from a
frozen build, and trees of them that end whole.
"""

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil

from core.config import child_environment

SOURCE_ROOT = Path(__file__).resolve().parents[2]
_PR_SET_PDEATHSIG = 1
"""linux/prctl.h"""


def is_frozen() -> bool:
    """Return whether this is a frozen build, whose executable is no Python interpreter."""
    return bool(getattr(sys, "frozen", False))


def _command(module: str, switch: str, arguments: tuple[str, ...]) -> list[str]:
    if is_frozen():
        return [sys.executable, switch, *arguments]
    return [sys.executable, "-m", module, *arguments]


def worker_command(*arguments: str) -> list[str]:
    """Return the command line that starts a worker process."""
    return _command("core.jobs.worker", "--worker", arguments)


def engine_command(*arguments: str) -> list[str]:
    """Return the command line that starts an engine process."""
    return _command("core.engine", "--engine", arguments)


def doctor_command(*arguments: str) -> list[str]:
    """Return the command line that starts the doctor's child process."""
    return _command("core.doctor.isolation", "--doctor", arguments)


def process_environment() -> dict[str, str]:
    """Return the environment of a process of ours: from source, one that finds the source."""
    if is_frozen():
        return child_environment()
    present = child_environment().get("PYTHONPATH", "")
    paths = [str(SOURCE_ROOT), *(path for path in present.split(os.pathsep) if path)]
    return child_environment(PYTHONPATH=os.pathsep.join(dict.fromkeys(paths)))


def group_options() -> dict[str, object]:
    """Return the options of `subprocess` that put a process at the head of its own group."""
    if sys.platform == "win32":
        flags = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
        return {"creationflags": flags}
    return {"start_new_session": True}


class DetachedProcess:
    """A process that outlives its starter. `poll` says whether it ended while we look."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def poll(self) -> int | None:
        """Return the exit status, or None while it runs."""
        return self._process.poll()

    def forget(self) -> None:
        """Stop looking; the process goes on."""
        if self._process.poll() is None:
            # Popen's finaliser warns of a child that still runs; this one is meant to.
            self._process.returncode = 0


def start_detached(command: list[str], *, log: Path) -> DetachedProcess:
    """Start a process that goes on when we end; what it prints is added to `log`.

    Raises OSError when the program cannot be started or the log cannot be written.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    if sys.platform == "win32":
        flags = subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP
        options: dict[str, int] = {"creationflags": flags}
    else:
        options = {"start_new_session": True}
    with log.open("ab") as sink:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            cwd=None if is_frozen() else SOURCE_ROOT,
            env=process_environment(),
            **options,  # type: ignore[call-overload]
        )
    return DetachedProcess(process)


def die_with_parent(parent_pid: int) -> None:
    """Ask the kernel to kill this process when its parent dies, where it can (Linux).

    Source: prctl(2), PR_SET_PDEATHSIG. Works even while this process is inside C code.
    """
    if sys.platform != "linux":
        return
    import ctypes

    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent_pid:  # it died before we asked
        os._exit(1)


def lower_priority() -> None:
    """Let everything else on this computer go first."""
    with contextlib.suppress(psutil.Error, OSError):
        if sys.platform == "win32":
            psutil.Process().nice(psutil.BELOW_NORMAL_PRIORITY_CLASS)
        else:
            os.nice(10)


def started_at(pid: int) -> float:
    """Return when a process started (seconds since the epoch), 0 when it is gone."""
    try:
        return float(psutil.Process(pid).create_time())
    except psutil.Error:
        return 0.0


def end_own_group() -> None:
    """Kill this process and everything it started, at once."""
    if sys.platform != "win32":
        with contextlib.suppress(OSError):
            if os.getpgid(0) == os.getpid():
                os.killpg(0, signal.SIGKILL)
    os._exit(1)


def kill_tree(pid: int, *, started: float = 0.0) -> None:
    """Kill a process at the head of its own group, and everything it started.

    Parameters
    ----------
    pid : int
        The process, made with `group_options`.
    started : float
        When it started, as `started_at` said; when given, a stranger that got the same process
        id later is left alone. The group of a dead head is still killed: its id cannot be
        given away while a member lives.
    """
    try:
        head = psutil.Process(pid)
        if started and abs(head.create_time() - started) > 1.0:
            return
        family = [head, *head.children(recursive=True)]
    except psutil.Error:
        family = []
    if sys.platform != "win32" and pid > 1 and pid != os.getpgid(0):
        with contextlib.suppress(OSError):
            os.killpg(pid, signal.SIGKILL)
    for process in family:
        with contextlib.suppress(psutil.Error):
            process.kill()
