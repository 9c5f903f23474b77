"""The doctor: what it finds here is true, and what breaks in a child does not break it."""

import sys
from pathlib import Path

import pytest

from core.doctor import checks, isolation
from core.doctor.model import CheckStatus, DoctorReport
from core.errors import RenderError


def test_a_software_renderer_is_said_in_plain_words():
    check = checks.check_graphics()
    assert check.status is not CheckStatus.FAIL
    assert "llvmpipe" not in check.message
    assert check.details["renderer"]


def test_an_encoder_is_listed_as_working_for_each_codec():
    check = checks.check_encoders()
    assert check.status is CheckStatus.OK
    assert "libx264" in check.message
    assert "libx265" in check.message


@pytest.mark.parametrize("program", ["import os; os.abort()", "import sys; sys.exit(0)"])
def test_a_driver_that_ends_the_process_is_a_finding(program: str, monkeypatch):
    command = [sys.executable, "-c", program]
    monkeypatch.setattr(isolation, "doctor_command", lambda *_words: command)
    with pytest.raises(RenderError, match="ended the process"):
        isolation.look_at_graphics()
    assert checks.check_graphics().status is CheckStatus.FAIL


def test_an_error_of_the_child_keeps_its_sentence(tmp_path: Path):
    file = tmp_path / "broken.scene.json"
    file.write_text("{}")
    with pytest.raises(Exception, match=r"broken\.scene\.json"):
        isolation.check_scene_apart(file)


def test_a_library_that_does_not_exist_yet_is_fine(tmp_path: Path):
    check = checks.check_library(tmp_path / "a" / "b")
    assert check.status is CheckStatus.OK
    assert list(tmp_path.iterdir()) == []


def test_a_failed_check_makes_the_report_unhealthy():
    fine = checks.check_database()
    report = DoctorReport(version="0", system="s", checks=(fine,))
    broken = checks.Check(name="x", status=CheckStatus.FAIL, message="It is broken.")
    assert report.healthy
    assert not DoctorReport(version="0", system="s", checks=(fine, broken)).healthy
