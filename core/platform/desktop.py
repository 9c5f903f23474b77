"""The user's desktop: notifications, the file manager, opening a file. Best effort, never fails.

In: paths and short texts. Out: whether the system was asked.
"""

import shutil
import subprocess
import sys
from pathlib import Path

_TOAST = """
[Windows.UI.Notifications.ToastNotificationManager, Windows.UI.Notifications, ContentType=WindowsRuntime] > $null
$kind = [Windows.UI.Notifications.ToastTemplateType]::ToastText02
$toast = [Windows.UI.Notifications.ToastNotificationManager]::GetTemplateContent($kind)
$texts = $toast.GetElementsByTagName('text')
$texts.Item(0).AppendChild($toast.CreateTextNode($args[0])) > $null
$texts.Item(1).AppendChild($toast.CreateTextNode($args[1])) > $null
[Windows.UI.Notifications.ToastNotificationManager]::CreateToastNotifier('Cymatic').Show($toast)
"""  # noqa: E501
_SAY = "on run argv\ndisplay notification (item 2 of argv) with title (item 1 of argv)\nend run"


def _start(command: list[str]) -> bool:
    """Start a helper of the desktop and let go of it; return whether it was there."""
    if shutil.which(command[0]) is None:
        return False
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=sys.platform != "win32",
        )
    except OSError:
        return False
    try:
        process.wait(timeout=0)
    except subprocess.TimeoutExpired:
        # Popen's finaliser warns of a child that still runs; nobody waits for this one.
        process.returncode = 0
    return True


def notify(title: str, text: str) -> bool:
    """Show a notification of the system; the texts are data, never parts of a script."""
    if sys.platform == "win32":
        return _start(["powershell", "-NoProfile", "-Command", f"& {{{_TOAST}}}", title, text])
    if sys.platform == "darwin":
        return _start(["osascript", "-e", _SAY, title, text])
    return _start(["notify-send", "--app-name=Cymatic", "--", title, text])


def open_file(path: Path) -> bool:
    """Open a file or folder with the program that the user chose for it."""
    if sys.platform == "win32":
        return _start(["explorer", str(path)])
    return _start(["open" if sys.platform == "darwin" else "xdg-open", str(path)])


def reveal_file(path: Path) -> bool:
    """Show a file in the file manager, selected where the system can do that."""
    if sys.platform == "win32":
        return _start(["explorer", f"/select,{path}"])
    if sys.platform == "darwin":
        return _start(["open", "-R", str(path)])
    items = f"array:string:{path.absolute().as_uri()}"
    asked = _start(
        [
            "dbus-send",
            "--session",
            "--dest=org.freedesktop.FileManager1",
            "--type=method_call",
            "/org/freedesktop/FileManager1",
            "org.freedesktop.FileManager1.ShowItems",
            items,
            "string:",
        ]
    )
    return asked or open_file(path.parent)
