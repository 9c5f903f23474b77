"""The single checks: each looks at one thing and says how it is in one sentence.

In: the library's place. Out: a `Check`. Nothing here changes anything; graphics and encoders are
looked at in a child process.
"""

import shutil
import sqlite3
import uuid
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from core.doctor.isolation import EncoderTrial, look_at_graphics, try_encoders
from core.doctor.model import Check, CheckStatus
from core.errors import KnownError
from core.platform.drives import drive_type, require_local_drive

LOW_DISK_BYTES = 5 * 1000**3
MANY_BYTES = 1000**3
WAL_FIXED_IN = (3, 51, 3)
"""SQLite's WAL-reset corruption (two connections that checkpoint at once) ends with this one."""
PACKAGES = ("PySide6-Essentials", "av", "numpy", "scipy", "moderngl", "SQLAlchemy", "msgspec")
UNVERIFIED = "no machine of ours has run this; please send the report of doctor --render-test"


def check_graphics() -> Check:
    """Look at what draws, in plain words, with the driver's own in the details."""
    try:
        found = look_at_graphics()
    except KnownError as error:
        return _failed("graphics", error)
    details = {
        "renderer": found.renderer,
        "vendor": found.vendor,
        "version": found.version,
        "largest picture": f"{found.max_side} pixels a side",
    }
    if found.is_software:
        return Check(
            name="graphics",
            status=CheckStatus.WARN,
            message="Pictures are drawn by the processor: it works everywhere, and is slow.",
            hint="If this computer has a graphics card, install its driver.",
            details=details,
        )
    return Check(
        name="graphics",
        status=CheckStatus.OK,
        message="Pictures are drawn by the graphics card.",
        hint=f"Unverified: {UNVERIFIED}.",
        details=details,
    )


def check_encoders() -> Check:
    """Look at which video encoders really encode."""
    try:
        trials = try_encoders()
    except KnownError as error:
        return _failed("encoders", error)
    working = [trial for trial in trials if trial.works]
    details = {trial.name: _trial_text(trial) for trial in trials}
    missing = sorted({trial.codec for trial in trials} - {trial.codec for trial in working})
    if missing:
        return Check(
            name="encoders",
            status=CheckStatus.FAIL,
            message=f"No encoder works for {' and '.join(missing)}.",
            hint="Install Cymatic's packages again: they bring software encoders.",
            details=details,
        )
    hardware = [trial.name for trial in working if trial.is_hardware]
    names = ", ".join(trial.name for trial in working)
    return Check(
        name="encoders",
        status=CheckStatus.OK,
        message=f"Video is encoded by the {'graphics card' if hardware else 'processor'}: {names}.",
        hint=f"Unverified: {', '.join(hardware)}: {UNVERIFIED}." if hardware else "",
        details=details,
    )


def _trial_text(trial: EncoderTrial) -> str:
    if not trial.works:
        return f"does not work: {trial.reason}"
    return f"works ({trial.version})" + ("" if trial.is_verified else ", unverified")


def check_sound() -> Check:
    """Look for something to play through; rendering needs none."""
    hint = "Rendering does not need one; on Debian, listening needs the package libportaudio2."
    try:
        import sounddevice
    except OSError:  # the PortAudio library is not there
        return Check(
            name="sound",
            status=CheckStatus.WARN,
            message="The sound library PortAudio is missing, so nothing can be listened to.",
            hint=hint,
        )
    try:
        device = sounddevice.query_devices(kind="output")
    except (sounddevice.PortAudioError, ValueError):
        return Check(
            name="sound",
            status=CheckStatus.WARN,
            message="There is no sound device to listen through.",
            hint="Rendering does not need one.",
        )
    return Check(
        name="sound",
        status=CheckStatus.OK,
        message=f"Sound plays through {device['name']}.",
        details={"rate": f"{device['default_samplerate']:.0f} Hz"},
    )


def check_keyring() -> Check:
    """Look for a place where secrets are safe; only R2 and Modal need one."""
    import keyring
    import keyring.backends.fail

    backend = keyring.get_keyring()
    name = f"{type(backend).__module__}.{type(backend).__qualname__}"
    if isinstance(backend, keyring.backends.fail.Keyring):
        return Check(
            name="keys",
            status=CheckStatus.WARN,
            message="This system has no keyring to keep secrets in.",
            hint="Nothing needs one yet; without it, secrets come from environment variables.",
            details={"backend": name},
        )
    return Check(
        name="keys",
        status=CheckStatus.OK,
        message="Secrets are kept in the system's keyring.",
        details={"backend": name},
    )


def check_library(library: Path) -> Check:
    """Look whether the library's folder can be written and is on a drive of this computer."""
    details = {"folder": str(library), "drive": drive_type(library) or "unknown"}
    try:
        require_local_drive(library)
    except KnownError as error:
        return _failed("library", error)
    place = existing_parent(library)
    trial = place / f".cymatic-{uuid.uuid4().hex}"
    try:
        trial.touch()
        trial.unlink()
    except OSError as error:
        return Check(
            name="library",
            status=CheckStatus.FAIL,
            message=f"The library's folder cannot be written: {error.strerror or error}.",
            hint="Choose another with --library or CYMATIC_LIBRARY, or mend its permissions.",
            details=details,
        )
    there = library.is_dir()
    return Check(
        name="library",
        status=CheckStatus.OK,
        message=f"The library {'is' if there else 'will be made'} at {library}.",
        details=details,
    )


def check_disk(library: Path) -> Check:
    """Look at the space that is free where the library is."""
    free = shutil.disk_usage(existing_parent(library)).free
    text = f"{free / MANY_BYTES:.1f} GB are free where the library is."
    if free < LOW_DISK_BYTES:
        hint = "An hour of stereo sound takes 1.4 GB while it is worked on; free some space."
        return Check(name="disk", status=CheckStatus.WARN, message=text, hint=hint)
    return Check(name="disk", status=CheckStatus.OK, message=text)


def check_database() -> Check:
    """Look at the database's version."""
    found = sqlite3.sqlite_version_info
    details = {"SQLite": sqlite3.sqlite_version}
    if found < WAL_FIXED_IN:
        message = (
            f"SQLite {sqlite3.sqlite_version} has a rare fault when two programs write at once; "
            "Cymatic writes with one."
        )
        hint = "Nothing to do: do not open the library's database with other programs."
        return Check(
            name="database", status=CheckStatus.OK, message=message, hint=hint, details=details
        )
    message = f"SQLite {sqlite3.sqlite_version}."
    return Check(name="database", status=CheckStatus.OK, message=message, details=details)


def check_versions() -> Check:
    """Name the versions of what Cymatic stands on."""
    import av

    details = {name: _version(name) for name in PACKAGES}
    details |= {
        name: ".".join(map(str, number)) for name, number in sorted(av.library_versions.items())
    }
    missing = [name for name in PACKAGES if not details[name]]
    if missing:
        return Check(
            name="versions",
            status=CheckStatus.FAIL,
            message=f"Packages are missing: {', '.join(missing)}.",
            hint="Run the set-up again: make setup.",
            details=details,
        )
    message = f"FFmpeg {av.ffmpeg_version_info} through PyAV {details['av']}."
    return Check(name="versions", status=CheckStatus.OK, message=message, details=details)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def existing_parent(path: Path) -> Path:
    """Return `path`, or the nearest folder above it that exists."""
    return next(place for place in (path, *path.parents) if place.is_dir())


def _failed(name: str, error: KnownError) -> Check:
    return Check(name=name, status=CheckStatus.FAIL, message=error.message, hint=error.hint)


def all_checks(library: Path) -> tuple[Callable[[], Check], ...]:
    """Return every check, in the order in which they are shown."""
    return (
        check_graphics,
        check_encoders,
        check_sound,
        check_keyring,
        lambda: check_library(library),
        lambda: check_disk(library),
        check_database,
        check_versions,
    )
