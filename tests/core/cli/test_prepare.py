"""`cymatic prepare` without an engine: words, edits of a mix, the report."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import msgspec
import pytest

from core.audio.recipe import Compressor, FadeShape, HighPass, Marker, identity_recipe
from core.cli import app
from core.cli.documents import SoundReport
from core.cli.markers import markers_of
from core.cli.mixing import MixOptions, edited
from core.cli.sound_report import report_text
from core.cli.sounds import Mix
from core.cli.values import number_in, parse_bit_rate, parse_span
from core.cli.writing import write_json
from core.engine.protocol import SubmitExport
from core.errors import KnownError, UsageError
from core.jobs.model import JobStatus
from core.library.model import Loudness
from core.paths import LibraryPaths
from tests.core.cli.fakes import ASSET, EXPORTED, PROJECT, FakeClient
from tests.core.cli.test_commands import client, track  # noqa: F401 - fixtures

MIX = Mix(recipe=identity_recipe(ASSET.id), assets={ASSET.id: ASSET})


# --- words ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("0:10-1:02.5", (Fraction(10), Fraction(125, 2))),
        ("-1:02", (Fraction(0), Fraction(62))),
        ("90-", (Fraction(90), None)),
        ("1–2", (Fraction(1), Fraction(2))),
    ],
)
def test_stretches_are_read_with_open_ends(text, span):
    assert parse_span(text) == span


@pytest.mark.parametrize("text", ["", "-", "5", "5-4", "4-4", "a-b", "1-2-3", "1e9-"])
def test_what_is_no_stretch_is_refused(text):
    with pytest.raises(UsageError):
        parse_span(text)


@pytest.mark.parametrize(
    ("text", "bits"), [("192k", 192_000), ("192", 192_000), ("96000", 96_000), ("64 kbit/s", 64000)]
)
def test_bit_rates_are_read(text, bits):
    assert parse_bit_rate(text) == bits


@pytest.mark.parametrize("text", ["nan", "inf", "1e3", "13", "-91", "loud", "", "--3"])
def test_what_is_no_number_within_limits_is_refused(text):
    parse = number_in(-90, 12, "dB")
    assert (parse("-3.5 dB"), parse("−3")) == (-3.5, -3)
    with pytest.raises(UsageError):
        parse(text)


@pytest.mark.parametrize(
    "arguments",
    [
        ["-o", "{folder}/out.xyz"],
        ["-o", "{folder}/out"],
        ["-o", "{folder}/out.mp3", "--bit-depth", "16"],
        ["-o", "{folder}/out.wav", "--bit-rate", "192k"],
        ["-o", "{folder}/out.wav", "--markers", "{track}"],
        ["--bit-depth", "16"],
        ["--loudness", "16"],
        ["--trim", "5-4"],
        ["--fade-shape", "log"],
        ["--channels", "9"],
        ["--recipe-out", "{folder}/recipe.txt"],
    ],
)
def test_wrong_usage_is_refused_before_anything_is_asked(
    arguments,
    client,  # noqa: F811
    track,  # noqa: F811
    capsys,
):
    words = [word.format(folder=track.parent, track=track) for word in arguments]
    assert app.main(["prepare", str(track), *words]) == 2
    assert (client.asked, capsys.readouterr().out) == ([], "")


# --- edits ------------------------------------------------------------------------------------


async def _edited(mix: Mix = MIX, **said: object) -> Mix:
    fake = FakeClient()
    return await edited(fake, mix, MixOptions(**said), LibraryPaths(Path("/nowhere")))


async def test_without_options_a_mix_stays_as_it_is():
    assert await _edited() == MIX


async def test_a_trim_takes_a_stretch_and_its_markers_along():
    markers = tuple(Marker(time_s=Fraction(time)) for time in (5, 15, 40))
    mix = await _edited(
        replace(MIX, markers=markers), trim=(Fraction(10), Fraction(30)), fade_out=Fraction(2)
    )
    (clip,) = mix.recipe.clips
    assert (clip.start_s, clip.end_s, clip.fade_out_s) == (10, 30, 2)
    assert [marker.time_s for marker in mix.markers] == [5]


@pytest.mark.parametrize("span", [(61, None), (0, 62), (99, 100)])
async def test_a_trim_beyond_the_end_is_refused(span):
    start, end = span
    with pytest.raises(UsageError, match=r"lasts 1:01\.000"):
        await _edited(trim=(Fraction(start), end and Fraction(end)))


async def test_fades_and_gain_are_those_of_the_whole():
    two = msgspec.structs.replace(MIX.recipe, clips=MIX.recipe.clips * 2)
    mix = await _edited(
        replace(MIX, recipe=two),
        fade_in=Fraction(1),
        fade_out=Fraction(2),
        fade_shape="s-curve",
        gain=-20.0,
    )
    first, last = mix.recipe.clips
    assert (first.fade_in_s, first.fade_out_s, first.fade_in_shape) == (1, 0, FadeShape.S_CURVE)
    assert (last.fade_in_s, last.fade_out_s, last.fade_out_shape) == (0, 2, FadeShape.S_CURVE)
    assert [clip.gain for clip in mix.recipe.clips] == pytest.approx([0.1, 0.1])


async def test_effects_take_the_place_of_those_there():
    mix = await _edited(high_pass=80.0, compress=True)
    mix = await _edited(mix, high_pass=120.0, compress=True)
    assert mix.recipe.lanes[0].effects == (HighPass(frequency_hz=120.0), Compressor())


async def test_the_mono_podcast_is_mono_unless_said_otherwise():
    assert (await _edited(loudness="podcast-mono")).recipe.channels == 1
    assert (await _edited(loudness="podcast-mono", channels=2)).recipe.channels == 2
    assert (await _edited(loudness="-16")).recipe.channels == 2


async def test_form_and_declick_are_changed_and_loudness_goes_off():
    mix = await _edited(loudness="youtube", rate=44_100, no_declick=True)
    assert (mix.recipe.sample_rate_hz, mix.recipe.declick_s) == (44_100, 0)
    assert mix.recipe.loudness.name == "youtube"
    assert (await _edited(mix, loudness="off")).recipe.loudness is None


# --- files ------------------------------------------------------------------------------------


def test_what_the_sound_is_made_of_is_never_replaced(client, track, capsys):  # noqa: F811
    track.write_bytes(b"mine")
    assert app.main(["prepare", str(track), "-o", str(track), "--force"]) == 1
    assert "is what the sound is made of" in capsys.readouterr().err
    assert track.read_bytes() == b"mine"
    assert not [request for request in client.asked if type(request) is SubmitExport]


def test_a_project_brings_its_title_and_its_markers(client, track):  # noqa: F811
    assert app.main(["prepare", PROJECT.id, "-o", str(track.with_suffix(".m4a"))]) == 0
    (request,) = [request for request in client.asked if type(request) is SubmitExport]
    assert (request.subject.title, request.markers) == (PROJECT.title, PROJECT.markers)
    assert request.subject.project_id == PROJECT.id


def test_the_recipe_that_was_used_is_written_once_the_sound_is(client, track, capsys):  # noqa: F811
    recipe = track.with_name("used.json")
    words = ["prepare", str(track), "-o", str(track.with_suffix(".mp3")), "--trim", "1-2"]
    client.end = JobStatus.FAILED
    assert app.main([*words, "--recipe-out", str(recipe)]) == 1
    assert not recipe.exists()
    client.end = JobStatus.DONE
    assert app.main([*words, "--recipe-out", str(recipe)]) == 0
    assert b'"start_s": "1/1"' in recipe.read_bytes()
    assert app.main([*words, "--recipe-out", str(recipe)]) == 1
    assert "--force" in capsys.readouterr().err


def test_json_is_written_whole_and_replaces_nothing_unasked(tmp_path):
    path = tmp_path / "recipe.json"
    write_json(path, MIX.recipe, overwrite=False)
    with pytest.raises(KnownError, match="exists"):
        write_json(path, MIX.recipe, overwrite=False)
    write_json(path, MIX.recipe, overwrite=True)
    assert list(tmp_path.iterdir()) == [path]


def test_markers_without_any_are_an_error(tmp_path):
    with pytest.raises(KnownError):
        markers_of(tmp_path / "none.txt")


# --- the report -------------------------------------------------------------------------------


def _report(**changes: object) -> str:
    values = {name: getattr(EXPORTED, name) for name in ("path", "duration_s", "loudness")}
    values |= {"measured": EXPORTED.measured, "sample_rate_hz": 48_000, "channels": 2}
    report = SoundReport(job="j", bytes=1_500_000, recipe=MIX.recipe, **(values | changes))
    return report_text(report)


def test_a_report_says_how_long_and_how_loud_and_how():
    assert _report().splitlines() == [
        "file       /music/out.m4a  (1.5 MB)",
        "length     0:52.500, 48000 Hz, stereo",
        "loudness   -23.1 → -14.0 LUFS",
        "true peak  -6.2 → -1.0 dBTP",
        "range      7.1 → 6.5 LU",
        "how        A gain of +9.4 dB towards -14 LUFS (youtube), and the limiter holds peaks at "
        "-1 dBTP (by up to 2.1 dB).",
    ]


def test_one_gain_is_told_apart_from_the_limiter():
    linear = msgspec.structs.replace(EXPORTED.loudness, is_linear=True, note="It is so quiet.")
    text = _report(loudness=linear)
    assert "One gain of +9.4 dB towards -14 LUFS (youtube)" in text
    assert text.endswith("note       It is so quiet.")


def test_without_a_target_only_what_came_out_is_told():
    text = _report(loudness=None)
    assert "loudness   -14.0 LUFS" in text
    assert "Left as loud as the mix is." in text
    held = _report(loudness=None, limited_peak_db=2.25, notes=("It is mono.",))
    assert "Peaks went 2.2 dB over full scale and were held." in held
    assert held.endswith("note       It is mono.")
    assert "loudness  silence" in _report(loudness=None, measured=Loudness())
