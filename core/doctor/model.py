"""What the doctor finds, as values."""

from enum import StrEnum
from pathlib import Path

import msgspec


class CheckStatus(StrEnum):
    """How a check came out."""

    OK = "ok"
    WARN = "warn"
    """It works, less well than it could; or something optional is missing."""
    FAIL = "fail"
    """Something that Cymatic needs does not work."""


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at: a sentence, what to do, and details for a report."""

    name: str
    status: CheckStatus
    message: str
    hint: str = ""
    details: dict[str, str] = {}


class DoctorReport(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that was looked at."""

    version: str
    system: str
    checks: tuple[Check, ...]
    report: Path | None = None
    """The file of a render test, for sending."""

    @property
    def healthy(self) -> bool:
        """Whether nothing that Cymatic needs is broken."""
        return all(check.status is not CheckStatus.FAIL for check in self.checks)
