"""What is typed for a clip: times, gains, fades, and the sentence where it cannot be."""

from fractions import Fraction

import pytest

from core.errors import UsageError
from desktop.editor.clip_fields import (
    ClipField,
    fade_words,
    gain_words,
    gesture_of,
    parse_fade,
    parse_field,
    parse_gain,
    parse_moment,
    percent_words,
    signed,
)
from tests.desktop.editor.mixes import views


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("62.5", Fraction("62.5")),
        ("1:02.5", Fraction("62.5")),
        ("1:02,5", Fraction("62.5")),
        (" 1:02:03.5 ", Fraction("3723.5")),
        ("0:00", Fraction(0)),
        (".25", Fraction("0.25")),
        ("5.", Fraction(5)),
        ("250 ms", Fraction("0.25")),
        ("250ms", Fraction("0.25")),
        ("3 s", Fraction(3)),
        ("2 min", Fraction(120)),
        ("+0.5", Fraction("10.5")),
        ("-0.5", Fraction("9.5")),
        ("−0.5", Fraction("9.5")),
        ("+ 1:00", Fraction(70)),
        ("+20 ms", Fraction("10.02")),
        ("1:02.000000001", Fraction("62.000000001")),
    ],
)
def test_a_time_is_read_exactly(text, seconds):
    assert parse_moment(text, Fraction(10)) == seconds


@pytest.mark.parametrize(
    "text", ["", "abc", "1:2:3:4", "1:75", "9:99", "1/2", "1e3", "1:-5", "--1", "1:00 ms", "1.2.3"]
)
def test_what_is_no_time_says_what_to_write(text):
    with pytest.raises(UsageError, match="is not a time") as caught:
        parse_moment(text, Fraction(10))
    assert "1:02.5" in caught.value.hint


def test_a_time_before_the_beginning_is_refused():
    with pytest.raises(UsageError, match="before the beginning"):
        parse_moment("-10.001", Fraction(10))
    assert parse_moment("-10", Fraction(10)) == 0


@pytest.mark.parametrize(
    ("text", "gain"),
    [
        ("-3", 10 ** (-3 / 20)),
        ("−3 dB", 10 ** (-3 / 20)),
        ("+6db", 10 ** (6 / 20)),
        ("0", 1.0),
        ("50 %", 0.5),
        ("400%", 4.0),
        ("+12", 10 ** (12 / 20)),
        ("-inf", 0.0),
        ("−∞ dB", 0.0),
        ("-1,5", 10 ** (-1.5 / 20)),
    ],
)
def test_a_gain_is_read_in_decibels_or_percent(text, gain):
    assert parse_gain(text) == pytest.approx(gain, rel=1e-12)


@pytest.mark.parametrize(
    "text", ["", "loud", "inf", "nan", "12.5", "401.5 %", "-5 %", "1e2", "99999"]
)
def test_a_gain_that_cannot_be_is_refused_with_a_hint(text):
    with pytest.raises(UsageError) as caught:
        parse_gain(text)
    assert caught.value.hint


def test_every_shown_gain_reads_back_as_itself():
    for tenth in range(-600, 121):
        gain = 10 ** (tenth / 200)
        assert parse_gain(gain_words(min(gain, 4.0))) == pytest.approx(gain, rel=1e-9)
    assert parse_gain(gain_words(0.0)) == 0.0


def test_words_of_gains_and_fades():
    assert gain_words(1.0) == "0.0 dB"
    assert gain_words(0.9999) == "0.0 dB"
    assert gain_words(10 ** (-1.5 / 20)) == "−1.5 dB"
    assert gain_words(4.0) == "+12.0 dB"
    assert gain_words(0.0) == "−∞ dB"
    assert percent_words(0.8413) == "84 %"
    assert [fade_words(Fraction(s)) for s in ("0", "0.12", "1", "1.25", "75")] == [
        "Off",
        "120 ms",
        "1 s",
        "1.25 s",
        "1:15.000",
    ]
    assert signed(-14.04) == "−14.0"


@pytest.mark.parametrize("text", ["off", "Off", "none", "0", ""])
def test_no_fade_has_several_words(text):
    assert parse_fade(text, Fraction(1)) == 0


@pytest.mark.parametrize(
    ("field", "text", "sentence"),
    [
        (ClipField.START, "2:02.35", "The clip ends at 2:02.400; it lasts at least 0.1 s."),
        (ClipField.END, "1:16.8", "The clip starts at 1:16.800; it lasts at least 0.1 s."),
        (ClipField.END, "4:00", "“Night Drive” ends at 3:42.100."),
        (ClipField.LENGTH, "0.05", "A clip lasts at least 0.1 s."),
        (ClipField.LENGTH, "3:00", "“Night Drive” ends at 3:42.100."),
        (ClipField.FADE_IN, "50", "There is room for 43.6 s in this clip."),
        (ClipField.CROSSFADE, "50", "There is room for 45.6 s in this clip."),
    ],
)
def test_what_does_not_fit_the_clip_says_why(field, text, sentence):
    with pytest.raises(UsageError) as caught:
        parse_field(field, text, views(1)[0])
    assert caught.value.message == sentence
    assert caught.value.hint


def test_relative_times_count_from_the_clip_itself():
    drop = views(1)[0]
    assert parse_field(ClipField.START, "+0.5", drop) == Fraction("77.3")
    assert parse_field(ClipField.END, "-1", drop) == Fraction("121.4")
    assert parse_field(ClipField.LENGTH, "+1", drop) == Fraction("46.6")
    assert parse_field(ClipField.POSITION, "-10", drop) == Fraction(20)
    assert parse_field(ClipField.FADE_IN, "+0.1", drop) == Fraction("0.22")


def test_an_end_typed_as_it_is_shown_is_the_exact_end_of_the_track():
    last = views(3)[0]
    assert last.end_s == Fraction(last.asset.pcm.n_samples, 48_000)
    assert parse_field(ClipField.END, "3:20.0009", last) == last.end_s


def test_a_merge_key_names_its_drag():
    assert gesture_of("gesture:-7") == -7
    assert gesture_of("keys:Gain") == 0
