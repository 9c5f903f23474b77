"""Words to times and rates: exact, and nothing that a word could make slow."""

from fractions import Fraction

import pytest

from core.errors import UsageError
from core.units import parse_fps, parse_time


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", Fraction(90)),
        (" 1:30 ", Fraction(90)),
        ("1:02:03.5", Fraction(7447, 2)),
        ("0.1", Fraction(1, 10)),
        (".5", Fraction(1, 2)),
        ("5.", Fraction(5)),
        ("1/3", Fraction(1, 3)),
    ],
)
def test_times_are_read_exactly(text, seconds):
    assert parse_time(text) == seconds


@pytest.mark.parametrize(
    "text",
    [
        *("", ":", "1:", "1:2:3:4", "-1", "+1", "1:-2", "1/0", "1_000", "1:30 s", "٣", "nan"),
        *("1e5", "1e999999999", "1:1e999999999", "1" * 10_000, "0." + "1" * 10_000),
    ],
)
def test_what_is_no_time_is_refused_at_once(text):
    with pytest.raises(UsageError) as caught:
        parse_time(text)
    assert len(str(caught.value)) < 100


@pytest.mark.parametrize("text", ["", "1e999999999", "x", "0", "1/0", "-30", "241", "9" * 10_000])
def test_what_is_no_frame_rate_is_refused_at_once(text):
    with pytest.raises(UsageError):
        parse_fps(text)
