"""Words in, words out: sizes, columns, progress lines."""

import msgspec
import pytest

from core.cli.output import fields, size_text, table
from core.cli.progress import PlainDisplay
from core.cli.values import parse_bytes
from core.errors import UsageError
from core.jobs.model import JobStatus
from core.units import length_text
from tests.core.cli.fakes import job


@pytest.mark.parametrize(
    ("text", "n_bytes"),
    [("1500", 1500), ("500MB", 500_000_000), ("1.5 GB", 1_500_000_000), ("2GiB", 2 * 1024**3)],
)
def test_sizes_are_read(text, n_bytes):
    assert parse_bytes(text) == n_bytes


@pytest.mark.parametrize("text", ["", "GB", "-5", "1.2.3", "0", "5 apples"])
def test_what_is_no_size_is_refused(text):
    with pytest.raises(UsageError):
        parse_bytes(text)


@pytest.mark.parametrize(
    ("n_bytes", "text"), [(812, "812 B"), (3_400_000, "3.4 MB"), (2e15, "2000.0 TB")]
)
def test_sizes_are_written_for_people(n_bytes, text):
    assert size_text(n_bytes) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0:00.0"), (2.5, "0:02.5"), (9.94, "0:09.9"), (9.96, "0:10"), (61.4, "1:01")],
)
def test_short_lengths_show_their_tenths(seconds, text):
    assert length_text(seconds) == text


def test_columns_are_aligned_and_numbers_to_the_right():
    lines = table(("NAME", "LENGTH"), [("a", "3:10"), ("longer", "1:02:03")]).splitlines()
    assert lines == ["NAME     LENGTH", "a          3:10", "longer  1:02:03"]


def test_empty_fields_are_left_out():
    assert fields([("a", "1"), ("empty", ""), ("long", "2")]) == "a     1\nlong  2"


def test_plain_progress_is_sparse(capsys):
    view = job("render", status=JobStatus.RUNNING)
    with PlainDisplay() as display:
        for percent in range(101):
            display.show(msgspec.structs.replace(view, progress=percent / 100))
        display.show(msgspec.structs.replace(view, progress=1.0, status=JobStatus.DONE))
    lines = capsys.readouterr().err.splitlines()
    assert lines == [f"Render a: {text}" for text in ("0%", "25%", "50%", "75%", "100%", "done")]
