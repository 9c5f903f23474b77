"""Set-up: from a fresh clone to a working `.venv`, then the command that was asked for.

In: a command (run, test, bench, …). Out: its exit status. Uses the standard library only and runs
on Python 3.8 or newer, on Linux, macOS and Windows; what it finds in place it leaves alone, so a
second run costs a fraction of a second.

    python3 tools/bootstrap.py run      # any command of `python3 tools/bootstrap.py help`
"""

from __future__ import annotations

import glob
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
TOOLS = ROOT / ".venv-tools"
LOCK = ROOT / "requirements.lock"
STAMP = VENV / "cymatic-stamp"
OLDEST = (3, 12)
WANTED = ("3.12", "3.13", "3.14")
WINDOWS = os.name == "nt"

# Shared library → the Debian or Ubuntu package that brings it.
RUN_LIBRARIES = {
    "libglib-2.0.so.0": "libglib2.0-0",
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libportaudio.so.2": "libportaudio2",
}
WINDOW_LIBRARIES = {
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
}
TEST_PROGRAMS = {
    "Xvfb": "xvfb",
    "xauth": "xauth",
    "ffmpeg": "ffmpeg",  # the peer that results are compared with
    "espeak-ng": "espeak-ng",  # a voice to measure
    "pulseaudio": "pulseaudio",  # a sound card that runs in real time
    "parec": "pulseaudio-utils",
}
TEST_FILES = {"/usr/lib/*/alsa-lib/libasound_module_pcm_pulse.so": "libasound2-plugins"}

DEMO_FORMAT = "flat-720p-landscape"  # a minute or two without a graphics card
TRACKS = (".opus", ".flac")
FAST = "not slow and not bench and not gpu"


class SetupError(Exception):
    """Set-up cannot go on; the text says what to do."""


def say(text: str) -> None:
    """Tell what happens; on stderr, so that a command's own output stays clean."""
    print(text, file=sys.stderr, flush=True)


def call(*command: object, quiet: bool = False) -> int:
    """Run a command in the project's folder and return its exit status."""
    sink = subprocess.DEVNULL if quiet else None
    # uv trusts the certificates it brought along unless told to trust the system's.
    environment = dict(os.environ, UV_SYSTEM_CERTS="1", UV_NATIVE_TLS="1")
    try:
        process = subprocess.Popen(
            [str(part) for part in command],
            cwd=str(ROOT),
            stdout=sink,
            stderr=sink,
            env=environment,
        )
    except OSError as error:
        say(f"{command[0]}: {error}")
        return 127
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue  # the child got it too: let it end in its own way


def output_of(*command: object) -> str:
    """Return what a command prints, or nothing when it cannot be run or fails."""
    try:
        done = subprocess.run(
            [str(part) for part in command],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=60,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.decode("utf-8", "replace").strip() if done.returncode == 0 else ""


# --- an interpreter that runs -----------------------------------------------------------------


def version_of(python: object) -> tuple[int, ...] | None:
    """Return the version of an interpreter, or None when it does not run (a dead shim)."""
    text = output_of(python, "-c", "import sys; print('%d.%d.%d' % sys.version_info[:3])")
    parts = text.splitlines()[-1].split(".") if text else []
    return tuple(int(part) for part in parts) if len(parts) == 3 else None


def pyenv_versions() -> list[str]:
    """Return the interpreters that pyenv keeps, wherever its shims say it lives."""
    roots = [os.environ.get("PYENV_ROOT", ""), str(Path.home() / ".pyenv"), *own_pyenv()]
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        if os.path.basename(folder.rstrip("/\\")) in ("shims", "bin"):
            roots.append(os.path.dirname(folder.rstrip("/\\")))
    found = []
    for root in dict.fromkeys(filter(None, roots)):
        found += sorted(glob.glob(os.path.join(root, "versions", "3.1[2-9]*", "bin", "python")))
        found += sorted(glob.glob(os.path.join(root, "versions", "3.1[2-9]*", "python.exe")))
    return found


def own_pyenv() -> list[str]:
    """Return where pyenv would be in the user's real home, whatever HOME says."""
    if WINDOWS:
        return []
    import pwd

    try:
        return [os.path.join(pwd.getpwuid(os.geteuid()).pw_dir, ".pyenv")]
    except KeyError:
        return []


def find_python() -> str | None:
    """Return an interpreter of a wanted version that really runs, the oldest wanted first."""
    names = [f"python{version}" for version in WANTED] + ["python3", "python"]
    candidates = [sys.executable]
    candidates += [path for path in map(shutil.which, names) if path]
    candidates += pyenv_versions()
    if WINDOWS:
        for version in WANTED:
            candidates.append(
                output_of("py", f"-{version}", "-c", "import sys; print(sys.executable)")
            )
    found = {}
    for path in dict.fromkeys(filter(None, candidates)):
        version = version_of(path)
        name = f"{version[0]}.{version[1]}" if version else ""
        if name in WANTED:
            found.setdefault(name, path)
    return next((found[name] for name in WANTED if name in found), None)


def venv_python(folder: Path) -> Path:
    """Return the interpreter of a virtual environment."""
    return folder / ("Scripts/python.exe" if WINDOWS else "bin/python")


def find_uv() -> list[str] | None:
    """Return the command of a uv that runs: on the PATH, or the one we installed before."""
    on_path = shutil.which("uv")
    if on_path and output_of(on_path, "--version"):
        return [on_path]
    for name in ("bin/uv", "Scripts/uv.exe"):
        if output_of(TOOLS / name, "--version"):
            return [str(TOOLS / name)]
    return None


def install_uv() -> list[str]:
    """Install uv into a folder of its own and return its command."""
    say("Installing uv, which fetches Python …")
    if call(sys.executable, "-m", "pip", "--version", quiet=True) != 0:
        apt_install(["python3-pip"], "pip")
    # With a target folder pip works in externally managed Pythons too, and needs no ensurepip.
    call(sys.executable, "-m", "pip", "install", "-q", "--target", TOOLS, "--upgrade", "uv")
    uv = find_uv()
    if uv is None:
        raise SetupError(
            "Python 3.12 or newer is needed and was not found, and uv, which would fetch it, "
            "could not be installed.\nInstall Python 3.12 or newer (or pip), then run this again."
        )
    return uv


def make_venv() -> None:
    """Create `.venv` with a Python that runs, downloading one if there is none."""
    python = find_python()
    say(f"Creating .venv with {python or 'a Python that uv fetches'} …")
    if python and call(python, "-m", "venv", "--clear", VENV, quiet=True) == 0:
        return
    uv = find_uv() or install_uv()
    wanted = [python] if python else list(WANTED)
    for version in wanted:
        if call(*uv, "venv", "-q", "--clear", "--python", version, VENV) == 0:
            return
    raise SetupError(
        "No Python 3.12 or newer was found or could be fetched.\n"
        "Install one (python.org, your system's packages, or pyenv), then run this again."
    )


# --- system packages --------------------------------------------------------------------------


def known_libraries() -> str:
    """Return what the dynamic linker knows, as text."""
    for linker in ("ldconfig", "/sbin/ldconfig", "/usr/sbin/ldconfig"):
        text = output_of(linker, "-p")
        if text:
            return text
    return ""


def missing_packages(with_tests: bool) -> list[str]:
    """Return the packages whose libraries or programs are not there."""
    known = known_libraries()
    wanted = dict(RUN_LIBRARIES, **WINDOW_LIBRARIES)
    missing = [package for library, package in wanted.items() if library not in known]
    if with_tests:
        missing += [package for program, package in TEST_PROGRAMS.items() if not which(program)]
        missing += [package for name, package in TEST_FILES.items() if not glob.glob(name)]
    return missing


def which(program: str) -> str | None:
    """Find a program, also where a plain user's PATH does not look."""
    return shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin:/usr/local/sbin")


def apt_name(package: str) -> str:
    """Return the package's name on this release: Debian 13 and Ubuntu 24.04 renamed some."""
    newer = package + "t64"
    policy = output_of("apt-cache", "policy", newer)
    return newer if "Candidate:" in policy and "Candidate: (none)" not in policy else package


def apt_install(packages: list[str], purpose: str) -> bool:
    """Install Debian packages as root or through sudo; return whether that worked."""
    apt = which("apt-get")
    root = not WINDOWS and os.geteuid() == 0
    sudo = [] if root else ["sudo"] if sys.stdin.isatty() else ["sudo", "-n"]
    if not apt or (not root and not which("sudo")):
        say(f"Missing for {purpose}: {' '.join(packages)}. Install them with your system's tools.")
        return False
    say(f"Installing for {purpose}: {' '.join(packages)} …")
    environment = ["env", "DEBIAN_FRONTEND=noninteractive"]
    call(*sudo, apt, "update", "-qq", quiet=True)
    names = [apt_name(package) for package in packages]
    options = ["install", "-y", "-qq", "--no-install-recommends"]
    if call(*sudo, *environment, apt, *options, *names, quiet=True) != 0:
        say(f"That did not work; install them by hand: apt-get install {' '.join(names)}")
        return False
    return True


def install_system_packages(with_tests: bool) -> None:
    """Install what Qt, OpenGL and sound need from the system, on Linux only."""
    if not sys.platform.startswith("linux"):
        return
    missing = missing_packages(with_tests)
    if missing:
        apt_install(missing, "the window, OpenGL and sound")


# --- packages ---------------------------------------------------------------------------------


def stamp_text() -> str:
    """Return what `.venv` must have been made from to be up to date."""
    digest = hashlib.sha256()
    for path in (LOCK, ROOT / "pyproject.toml", Path(__file__)):
        digest.update(path.read_bytes())
    return f"{digest.hexdigest()} {ROOT}"


def installers() -> list[list[object]]:
    """Return the command lines that can install, the quickest first: uv, then pip."""
    python = venv_python(VENV)
    uv = find_uv()
    has_pip = call(python, "-m", "pip", "--version", quiet=True) == 0
    if uv is None and not has_pip:
        uv = install_uv()
    found: list[list[object]] = []
    if uv:
        found.append([*uv, "pip", "install", "-q", "--python", python])
    if has_pip:
        pip = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        found.append(pip)
    return found


def install_packages() -> None:
    """Install the locked packages, every one checked against its hash, and Cymatic itself."""
    say("Installing packages (a few minutes the first time) …")
    for installer in installers():
        if call(*installer, "--require-hashes", "-r", LOCK) == 0:
            break
        say(f"{Path(str(installer[0])).name} could not install them.")
    else:
        raise SetupError("The packages could not be installed; the lines above say why.")
    if call(*installer, "--no-deps", "--no-build-isolation", "-e", ROOT) != 0:
        raise SetupError("Cymatic itself could not be installed; the lines above say why.")


def set_up(with_tests: bool) -> None:
    """Bring everything in place that is not in place already."""
    install_system_packages(with_tests)
    version = version_of(venv_python(VENV))
    if version is None or version < OLDEST:
        make_venv()
    if not STAMP.exists() or STAMP.read_text(encoding="utf-8") != stamp_text():
        install_packages()
        STAMP.write_text(stamp_text(), encoding="utf-8")


# --- commands ---------------------------------------------------------------------------------


def python(*arguments: object) -> int:
    """Run the environment's Python."""
    return call(venv_python(VENV), *arguments)


def in_order(*steps: tuple[object, ...]) -> int:
    """Run Python commands one after the other; stop at the first that fails."""
    for step in steps:
        status = python(*step)
        if status:
            return status
    return 0


def run(arguments: list[str]) -> int:
    """Render the demo track to demo.mp4, then open the window."""
    demo = ROOT / "resources" / "demo"
    track = next((path for path in sorted(demo.iterdir()) if path.suffix in TRACKS), None)
    if track is None:
        raise SetupError("resources/demo holds no demo track.")
    video = ROOT / "demo.mp4"
    say(f"Rendering {track.name} to {video} …")
    options = ("-o", video, "--force", "--format", DEMO_FORMAT)
    status = python("-m", "core.cli", "render", track, *options, *arguments)
    return status or python("-m", "core.cli", "window")


def lint(_arguments: object = ()) -> int:
    """Check style and types."""
    return in_order(
        ("-m", "ruff", "check", "."),
        ("-m", "ruff", "format", "--check", "."),
        ("-m", "mypy"),
    )


def fix(_arguments: object = ()) -> int:
    """Mend what ruff can mend, and format."""
    return in_order(("-m", "ruff", "check", "--fix", "."), ("-m", "ruff", "format", "."))


def test(arguments: list[str]) -> int:
    """Run lint, types and the tests (not the long, timed or GPU ones)."""
    return lint() or python("-m", "pytest", "-q", "-n", "2", "-m", FAST, *arguments)


def bench(arguments: list[str]) -> int:
    """Run the benchmarks, one after the other."""
    names = "python_files=bench_*.py test_*.py"
    return python("-m", "pytest", "-q", "-s", "-o", names, "-m", "bench", "tests", *arguments)


def faults(arguments: list[str]) -> int:
    """Run the long proofs in full: kills at random moments, random sequences, long files."""
    return python("-m", "pytest", "-q", "-s", "-m", "slow and not gpu", "tests", *arguments)


def gpu(arguments: list[str]) -> int:
    """Run what needs a real GPU."""
    return python("-m", "pytest", "-q", "-s", "-m", "gpu", "tests", *arguments)


def schemas(_arguments: object = ()) -> int:
    """Write resources/schemas from the types."""
    return python("tools/schemas.py")


def lock(_arguments: object = ()) -> int:
    """Compile requirements.lock from pyproject.toml (versions and hashes, no addresses)."""
    uv = find_uv() or install_uv()
    return call(
        *uv, "pip", "compile", "-q", "--universal", "--generate-hashes", "--no-emit-index-url",
        "--no-emit-find-links", "--python-version", "3.12", "--extra", "dev", "--upgrade",
        "pyproject.toml", "-o", "requirements.lock",
    )  # fmt: skip


def nothing(_arguments: object = ()) -> int:
    """Install what is missing, and nothing more."""
    say(f"Ready: {venv_python(VENV)}")
    return 0


COMMANDS = {
    "run": run,
    "test": test,
    "bench": bench,
    "faults": faults,
    "gpu": gpu,
    "lint": lint,
    "fix": fix,
    "schemas": schemas,
    "lock": lock,
    "setup": nothing,
}


def help_text() -> str:
    """Return the list of commands."""
    rows = [f"  {name:9}{(job.__doc__ or '').strip()}" for name, job in COMMANDS.items()]
    return "\n".join(["Commands (make NAME, or python tools/bootstrap.py NAME):", *rows])


def main(arguments: list[str]) -> int:
    """Set up, then run the command that `arguments` name."""
    name = arguments[0] if arguments else "help"
    if name not in COMMANDS:
        print(help_text())
        return 0 if name in ("help", "-h", "--help") else 2
    try:
        set_up(with_tests=name in ("test", "bench", "faults", "gpu"))
        return COMMANDS[name](arguments[1:])
    except SetupError as error:
        say(str(error))
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
