"""How people name a loudness target, and what they are told when it is none."""

import msgspec
import pytest

from core.audio.loudness_targets import PRESETS, check_target, parse_target, preset_target
from core.audio.recipe import LoudnessTarget
from core.errors import UsageError


@pytest.mark.parametrize(
    ("name", "lufs", "dbtp"),
    [
        ("youtube", -14, -1),
        ("spotify", -14, -1),
        ("apple", -16, -1),
        ("podcast", -16, -1),
        ("podcast-mono", -19, -1),
        ("ebu", -23, -1),
        ("atsc", -24, -2),
    ],
)
def test_presets(name, lufs, dbtp):
    target = parse_target(name)
    assert (target.integrated_lufs, target.true_peak_dbtp, target.name) == (lufs, dbtp, name)
    assert target == preset_target(name)
    assert PRESETS[name].title
    assert PRESETS[name].source


@pytest.mark.parametrize(
    ("text", "lufs", "dbtp"),
    [
        ("-16", -16, -1),
        ("-16 LUFS", -16, -1),
        (" −23.5lufs ", -23.5, -1),
        ("-24 LKFS/-2 dBTP", -24, -2),
        ("-9/-0.3", -9, -0.3),
        ("0", 0, -1),
        ("-70", -70, -1),
    ],
)
def test_any_number(text, lufs, dbtp):
    target = parse_target(text)
    assert (target.integrated_lufs, target.true_peak_dbtp, target.name) == (lufs, dbtp, "")


def test_names_are_read_in_any_case_and_off_is_none():
    assert parse_target(" YouTube ") == preset_target("youtube")
    assert parse_target("off") is None
    assert parse_target("OFF") is None


@pytest.mark.parametrize("text", ["", "loud", "-16 dBA", "1e3", "--16", "-16/", "nan", "-inf"])
def test_what_is_no_loudness_is_said_so(text):
    with pytest.raises(UsageError, match="is not a loudness") as caught:
        parse_target(text)
    assert "youtube" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "says"),
    [("-70.1", "out of range"), ("3", "out of range"), ("-14/1", "dBTP"), ("-14/-30", "dBTP")],
)
def test_out_of_range(text, says):
    with pytest.raises(UsageError, match=says):
        parse_target(text)


def test_a_forgotten_minus_is_guessed():
    with pytest.raises(UsageError) as caught:
        parse_target("14")
    assert "-14" in caught.value.hint


def test_a_target_that_is_not_a_number_is_refused():
    with pytest.raises(UsageError):
        check_target(LoudnessTarget(integrated_lufs=float("nan")))


def test_an_unknown_preset_is_refused():
    with pytest.raises(UsageError, match="myspace"):
        preset_target("myspace")


def test_the_presets_in_the_table_carry_no_name_of_their_own():
    for preset in PRESETS.values():
        assert msgspec.structs.replace(preset.target, name="") == preset.target
