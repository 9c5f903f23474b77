"""Keep the computer awake while jobs run; nothing happens where the system offers no way."""

import contextlib
import os
import shutil
import subprocess
import sys

_ES_CONTINUOUS = 0x80000000
_ES_SYSTEM_REQUIRED = 0x00000001
"""winbase.h, SetThreadExecutionState"""


def _inhibit_command() -> list[str] | None:
    """Return a command that keeps the computer awake until it ends."""
    if sys.platform == "darwin":
        return ["caffeinate", "-i", "-w", str(os.getpid())]
    inhibit, tail = shutil.which("systemd-inhibit"), shutil.which("tail")
    if not inhibit or not tail:
        return None
    what = ["--what=idle:sleep", "--who=Cymatic", "--why=Work is running", "--mode=block"]
    return [inhibit, *what, tail, f"--pid={os.getpid()}", "-f", "/dev/null"]


class AwakeKeeper:
    """Keeps the computer awake between `hold` and `release`."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._holding = False

    def hold(self) -> None:
        """Keep the computer awake from now on."""
        if self._holding:
            return
        self._holding = True
        if sys.platform == "win32":
            import ctypes

            ctypes.windll.kernel32.SetThreadExecutionState(_ES_CONTINUOUS | _ES_SYSTEM_REQUIRED)
            return
        command = _inhibit_command()
        if command is None:
            return
        with contextlib.suppress(OSError):
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )

    def release(self) -> None:
        """Let the computer sleep again."""
        if not self._holding:
            return
        self._holding = False
        if sys.platform == "win32":
            import ctypes

            ctypes.windll.kernel32.SetThreadExecutionState(_ES_CONTINUOUS)
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
