"""Recipe files: ours and the older kind are told apart, and each limit has its sentence."""

from contextlib import suppress
from fractions import Fraction
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.audio.exchange.recipes import (
    OlderRecipe,
    older_asset_ids,
    older_faults,
    read_recipe_document,
    recipe_of_older,
)
from core.audio.exchange.text import ExchangeError
from core.audio.recipe import Clip, LoudnessTarget, Recipe
from core.documents import document, to_json
from core.errors import KnownError

F = Fraction


def clip(start=0.0, end=2.0, **more) -> dict[str, Any]:
    return {"id": "c", "sourceAssetId": "a", "startTime": start, "endTime": end} | more


def older(clips=None, **more) -> OlderRecipe:
    value = {"version": 1, "assetId": "a", "clips": [clip()] if clips is None else clips} | more
    got = read_recipe_document(msgspec.json.encode(value))
    assert isinstance(got, OlderRecipe)
    return got


def test_an_older_recipe_becomes_ours():
    source = older(
        [
            clip(0.1, 2.3, volume=1.5, fadeIn=0.2, fadeOut=0.3),
            clip(5, 6, sourceAssetId="b", volume=0),
        ],
        normalize=True,
        outputFormat="aac",
        outputSampleRate=44100,
    )
    assert older_asset_ids(source) == ("a", "b")
    got = recipe_of_older(source, {"a": "id-a", "b": "id-b"})
    assert got == Recipe(
        clips=(
            Clip(
                asset_id="id-a",
                start_s=F(1, 10),
                end_s=F(23, 10),
                gain=1.5,
                fade_in_s=F(1, 5),
                fade_out_s=F(3, 10),
            ),
            Clip(asset_id="id-b", start_s=F(5), end_s=F(6), gain=0.0),
        ),
        loudness=LoudnessTarget(integrated_lufs=-14, true_peak_dbtp=-1, name="youtube"),
        sample_rate_hz=44_100,
    )


def test_what_an_older_recipe_leaves_out_is_usual():
    source = older([{"startTime": 0, "endTime": 1}])
    got = recipe_of_older(source, {"a": "x"})
    assert got == Recipe(clips=(Clip(asset_id="x", end_s=F(1)),), sample_rate_hz=44_100)


@pytest.mark.parametrize(
    ("clips", "words"),
    [
        ([clip(-1, 2)], "Clip 1 (“c”) starts before 0."),
        ([clip(), clip(3, 2)], "Clip 2 (“c”) ends before it starts."),
        ([clip(1, 1.05)], "Clip 1 (“c”) is shorter than 0.1 s."),
        ([clip(0, 11)], "Clip 1 (“c”) ends after its sound, which lasts 0:10."),
        ([clip(fadeIn=1.5, fadeOut=0.6)], "Clip 1 (“c”) has fades that are longer than it is."),
        ([clip(fadeIn=-1)], "Clip 1 (“c”) has a fade of less than 0 s."),
        ([clip(volume=2.5, id="")], "Clip 1 has a volume of 2.5; 0 to 2 is possible."),
        ([clip(0, 1e300)], "Clip 1 (“c”) has a time out of range."),
        ([clip()] * 51, "It has 51 clips; 50 is the most."),
        ([clip(0, 1000, sourceAssetId="z")] * 2, "It lasts 33:20; 30 minutes is the most."),
        ([], "It has no clips."),
    ],
)
def test_each_fault_is_one_sentence_that_names_the_clip(clips, words):
    source, durations_s = older(clips), {"a": F(10)}
    assert older_faults(source, durations_s) == (words,)
    with pytest.raises(ExchangeError) as caught:
        recipe_of_older(source, {"a": "x", "z": "z"}, durations_s=durations_s)
    assert words in caught.value.message


def test_what_fits_the_limits_to_the_last_digit_is_taken():
    clips = [clip(0.1, 0.2), clip(0.1, 0.4, fadeIn=0.1, fadeOut=0.2), clip(0, 10, volume=2)]
    assert older_faults(older(clips), {"a": F(10)}) == ()
    assert older_faults(older([clip(0, 36.0)] * 50)) == ()


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"version": 2}, "version 2"),
        ({"outputFormat": "mp3"}, "neither wav nor aac"),
        ({"outputSampleRate": 1}, "1 Hz is out of range"),
    ],
)
def test_faults_of_the_whole_are_said(more, words):
    assert words in older_faults(older(**more))[0]


def test_many_faults_are_counted():
    with pytest.raises(ExchangeError, match="And 3 more"):
        recipe_of_older(older([clip(2, 1)] * 8), {"a": "x"})


def test_a_sound_that_is_not_here_is_named():
    with pytest.raises(ExchangeError, match="sound of clip 2 is not in the library"):
        recipe_of_older(older([clip(), clip(sourceAssetId="b")]), {"a": "x"})


OURS = Recipe(clips=(Clip(asset_id="x", start_s=F(1, 3), end_s=F(2)),))


def test_our_own_recipe_is_told_apart():
    assert read_recipe_document(to_json(OURS)) == OURS
    assert read_recipe_document(b"\xef\xbb\xbf" + to_json(OURS)) == OURS
    assert read_recipe_document(msgspec.json.encode(document("recipe", OURS))) == OURS


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not valid JSON"),
        (b"[" * 100_000, "not valid JSON"),
        (b"[]", "holds no recipe"),
        (b"{}", "no list of clips"),
        (b'{"clips": 3}', "no list of clips"),
        (b'{"version": 2, "clips": []}', "newer Cymatic"),
        (b'{"clips": [{"asset_id": "x", "start_s": "1/0"}]}', "cannot be read"),
        (b'{"clips": [{"asset_id": "x", "start_s": "1e999999999"}]}', "cannot be read"),
        (b'{"clips": [{"asset_id": 3}]}', r"clips\[0\].asset_id"),
        (b'{"assetId": "a", "version": 1, "clips": [{"startTime": "x"}]}', "startTime"),
        (b'{"assetId": "a"}', "cannot be read"),
        (bytes(17 * 1024**2), "too large"),
    ],
)
def test_what_is_no_recipe_is_said_so(data, words):
    with pytest.raises(KnownError, match=words) as caught:
        read_recipe_document(data)
    assert caught.value.hint


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                "version assetId clips startTime endTime volume fadeIn normalize asset_id start_s "
                "recipe outputSampleRate end_s gain".split()
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(json_values.map(msgspec.json.encode) | st.binary(max_size=60))
def test_any_document_is_a_recipe_or_a_sentence(data):
    with suppress(KnownError):
        got = read_recipe_document(data)
        assert isinstance(got, Recipe | OlderRecipe)
        if isinstance(got, OlderRecipe):
            recipe_of_older(got, {one: one for one in older_asset_ids(got)})


@settings(max_examples=200, deadline=None)
@given(
    st.builds(
        lambda clips, **more: {"version": 1, "assetId": "a", "clips": clips} | more,
        st.lists(
            st.fixed_dictionaries(
                {"startTime": st.floats(-1, 20), "endTime": st.floats(-1, 20)},
                optional={
                    "volume": st.floats(allow_nan=False, allow_infinity=False),
                    "fadeIn": st.floats(allow_nan=False, allow_infinity=False),
                    "fadeOut": st.floats(-1, 5),
                },
            ),
            max_size=4,
        ),
    )
)
def test_every_older_recipe_without_faults_becomes_ours(value):
    source = read_recipe_document(msgspec.json.encode(value))
    assert isinstance(source, OlderRecipe)
    if older_faults(source):
        with pytest.raises(ExchangeError):
            recipe_of_older(source, {"a": "x"})
    else:
        got = recipe_of_older(source, {"a": "x"})
        assert len(got.clips) == len(source.clips)
