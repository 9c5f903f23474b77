"""Markers in and out: labels, tables, JSON, cue sheets, chapters; whatever bytes come."""

import os
import sys
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.audio.exchange.chapters import chapter_markers, description_text, marker_chapters
from core.audio.exchange.clips import clips_from_markers
from core.audio.exchange.cue_sheet import cue_markers, parse_cue_sheet
from core.audio.exchange.files import (
    SUFFIXES,
    MarkerFormat,
    SoundNote,
    marker_format_for,
    markers_text,
    parse_markers,
    read_markers,
    write_markers,
)
from core.audio.exchange.text import ExchangeError, decode_text, read_time
from core.audio.recipe import MIN_CLIP_S, Marker
from core.errors import DiskError, KnownError, MediaError, UsageError
from core.library.model import Chapter

F = Fraction


def point(time: str, name: str = "") -> Marker:
    return Marker(time_s=F(time), name=name)


def stretch(start: str, end: str, name: str = "") -> Marker:
    return Marker(time_s=F(start), end_s=F(end), name=name)


# --- Audacity ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("1.500000\t1.500000\tIntro\n", [point("1.5", "Intro")]),
        ("1.5\t3.25\tVerse\n", [stretch("1.5", "3.25", "Verse")]),
        (
            "0.5\t1.5\tA\n\\\t100.0\t2000.0\n2\t2\tB\n",
            [stretch("0.5", "1.5", "A"), point("2", "B")],
        ),
        ("1,5\t3,25\tKomma\r\n4,0\t4,0\t\r\n", [stretch("1.5", "3.25", "Komma"), point("4")]),
        ("\ufeff1\t1\tBOM", [point("1", "BOM")]),
        ("2\t2\tlate\n1\t1\tearly\n\n", [point("1", "early"), point("2", "late")]),
        ("3.5\tonly one time\n", [point("3.5", "only one time")]),
        ("1\t2", [stretch("1", "2")]),
        ("1\t1\ta\tb", [point("1", "a b")]),
    ],
)
def test_audacity_labels_are_read(text, want):
    assert parse_markers(text.encode(), suffix=".txt") == tuple(want)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1\t1\tok\nx\t2\tno\n", "Line 2 .*does not begin with a time"),
        ("3\t2\tback\n", "Line 1 .*ends before it starts"),
        ("-1\t2\tneg\n", "Line 1"),
        ("", "no markers"),
        ("nan\tinf\tx", "Line 1"),
        ("1e9999\t2\tx", "Line 1"),
    ],
)
def test_a_bad_label_is_named(text, words):
    with pytest.raises(ExchangeError, match=words) as caught:
        parse_markers(text.encode(), suffix=".txt")
    assert caught.value.hint


def test_labels_are_written_as_audacity_does():
    text = markers_text([stretch("3/2", "10/3", "A\tb\n"), point("1", "P")], MarkerFormat.LABELS)
    assert text == "1.000000\t1.000000\tP\n1.500000\t3.333333\tA b\n"


# --- tables -----------------------------------------------------------------------------------

AUDITION = (
    "Name\tStart\tDuration\tTime Format\tType\tDescription\n"
    "Marker 01\t0:01.500\t0:00.000\tdecimal\tCue\t\n"
    "Marker 02\t1:02.250\t0:02.000\tdecimal\tCue\tSomething\n"
)


@pytest.mark.parametrize(
    ("text", "want"),
    [
        (AUDITION, [point("1.5", "Marker 01"), stretch("62.25", "64.25", "Marker 02")]),
        (
            "Name\tStart\tDuration\tTime Format\nA\t96000\t48000\t48000 Hz\n",
            [stretch("2", "3", "A")],
        ),
        ("Name\tStart\tDuration\tTime Format\nA\t00:00:01:05\t\t25 fps\n", [point("6/5", "A")]),
        ("time,name\n1.5,One\n3,Two\n", [point("1.5", "One"), point("3", "Two")]),
        ("Start;Ende;Title\n1,5;2;Eins\n", [point("1.5", "Eins")]),
        ("start;end;title\n1,5;2;Eins\n", [stretch("1.5", "2", "Eins")]),
        ("#,Name,Start,End,Length\nM1,Verse,0:12.500,,\n", [point("12.5", "Verse")]),
        ("R1,Verse\n", None),
        ('start,label\n1:02:03.5,"a, ""b"""\n', [point("3723.5", 'a, "b"')]),
        ("1.5,One\n2.5,Two\n", [point("1.5", "One"), point("2.5", "Two")]),
        ("1.5,2.5,One\n", [stretch("1.5", "2.5", "One")]),
        ("One,1.5\n", [point("1.5", "One")]),
        ("One,1.5,2.5\n", [stretch("1.5", "2.5", "One")]),
        ("1\n2\n", [point("1"), point("2")]),
    ],
)
def test_tables_of_many_programs_are_read(text, want):
    if want is None:
        with pytest.raises(ExchangeError, match="No column"):
            parse_markers(text.encode(), suffix=".csv")
    else:
        assert parse_markers(text.encode(), suffix=".csv") == tuple(want)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name,start\nA,soon\n", "Line 2 .*no time"),
        ("name,start\nA,\n", "Line 2 .*no time"),
        ("start,end\n3,2\n", "Line 2 .*before it starts"),
        ("a,b\n1,2\n", "No column"),
        ("start,name\n", "no markers"),
        ("Name\tStart\tTime Format\nA\t00:00:01:05\t0 fps\n", "Line 2"),
        ('start,name\n1,"' + "x" * 200_000 + '"\n', "cannot be read"),
    ],
)
def test_a_bad_row_is_named(text, words):
    with pytest.raises(ExchangeError, match=words):
        parse_markers(text.encode(), suffix=".csv")


# --- JSON -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ('[{"time": 1.1, "name": "A"}]', [point("11/10", "A")]),
        ('{"markers": [{"time_s": "1/3", "end_s": null, "name": "A"}]}', [point("1/3", "A")]),
        (
            '{"version":"1.2.0","chapters":[{"startTime":0,"title":"In"},{"startTime":9.5}]}',
            [point("0", "In"), point("9.5")],
        ),
        ('[{"start": "1:30", "duration": 2, "label": 7}]', [stretch("90", "92", "7")]),
    ],
)
def test_json_of_many_kinds_is_read(text, want):
    assert parse_markers(text.encode(), suffix=".json") == tuple(want)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[{"name": "A"}]', "Marker 1 has no time"),
        ('[{"time": 1}, {"time": "x"}]', "Marker 2 has no time that can be read"),
        ('[{"time": true}]', "Marker 1"),
        ('[{"time": 1e300}]', "Marker 1"),
        ('[{"time": "1/0"}]', "Marker 1"),
        ('[{"time": 2, "end": 1}]', "ends before it starts"),
        ("[3]", "not an object"),
        ("{}", "no list of markers"),
        ("[1,", "not valid JSON"),
        ("[" * 100_000, "not valid JSON"),
    ],
)
def test_bad_json_is_said_so(text, words):
    with pytest.raises(ExchangeError, match=words):
        parse_markers(text.encode(), suffix=".json")


# --- cue sheets -------------------------------------------------------------------------------

CUE = """\ufeffREM GENRE Ambient
PERFORMER "Band"
TITLE "Live"
FILE "live set.wav" WAVE
  TRACK 01 AUDIO
    TITLE "One"
    PERFORMER "Band"
    INDEX 01 00:00:00
  TRACK 02 AUDIO
    TITLE "Two"
    PERFORMER "Guest"
    FLAGS DCP
    INDEX 00 03:20:00
    INDEX 01 03:25:37
"""


def test_a_cue_sheet_is_read_to_the_frame():
    sheet = parse_cue_sheet(CUE.lstrip("\ufeff"))
    assert (sheet.title, sheet.performer) == ("Live", "Band")
    assert sheet.files[0].name == "live set.wav"
    want = (point("0", "One"), Marker(time_s=205 + F(37, 75), name="Guest – Two"))
    assert cue_markers(sheet) == want
    assert parse_markers(CUE.encode(), suffix=".cue") == want
    assert parse_markers(CUE.encode("utf-16"), suffix=".txt") == want


def test_of_several_files_one_has_to_be_named():
    text = (
        'FILE "a.wav" WAVE\nTRACK 01 AUDIO\nINDEX 01 00:01:00\n'
        "FILE C:\\Music\\b b.wav WAVE\nTRACK 02 AUDIO\nINDEX 01 00:02:00\n"
    )
    with pytest.raises(ExchangeError, match=r"2 files: “a\.wav”, “C:\\Music\\b b\.wav”"):
        parse_markers(text.encode(), suffix=".cue")
    got = parse_markers(text.encode(), suffix=".cue", sound=SoundNote(file_name="/x/B b.wav"))
    assert got == (point("2"),)


def test_data_tracks_and_gaps_are_left_out():
    text = (
        "FILE x.bin BINARY\nTRACK 01 MODE1/2352\nINDEX 01 00:00:00\n"
        "TRACK 02 AUDIO\nPREGAP 00:02:00\nTITLE bare words\nINDEX 01 100:00:74\n"
    )
    want = (Marker(time_s=6000 + F(74, 75), name="bare words"),)
    assert parse_markers(text.encode(), suffix=".cue") == want


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("TRACK 01 AUDIO\nINDEX 01 00:60:00", "Line 2"),
        ("TRACK 01 AUDIO\nINDEX 01 00:00:75", "Line 2"),
        ("TRACK 01 AUDIO\nINDEX 01 now", "Line 2"),
        ("INDEX 01 00:00:00", "before any TRACK"),
        ("FILE a WAVE\nTRACK 01 AUDIO\n", "no sound tracks"),
        ("REM nothing\n", "no sound tracks"),
    ],
)
def test_a_bad_cue_sheet_is_said_so(text, words):
    with pytest.raises(ExchangeError, match=words):
        parse_markers(text.encode(), suffix=".cue")


def test_a_cue_sheet_holds_99_tracks():
    markers = [point(str(i)) for i in range(100)]
    with pytest.raises(ExchangeError, match="1 to 99"):
        markers_text(markers, MarkerFormat.CUE)
    text = markers_text(markers[:99], MarkerFormat.CUE, SoundNote(file_name='a"b.mp3', title="T"))
    assert 'FILE "a\'b.mp3" MP3' in text
    assert parse_markers(text.encode(), suffix=".cue") == tuple(markers[:99])


# --- chapters ---------------------------------------------------------------------------------


def test_chapters_become_stretches_that_meet():
    chapters = (
        Chapter(start_s=0, end_s=10.1, title="A"),
        Chapter(start_s=10.1, end_s=20, title="B"),
    )
    got = chapter_markers(chapters)
    assert got == (stretch("0", "10.1", "A"), stretch("10.1", "20", "B"))
    assert marker_chapters(got, F(20)) == chapters
    assert len(clips_from_markers(got, F(20), "x")) == 2


def test_points_become_chapters_up_to_the_next():
    got = marker_chapters([point("5", "B"), point("0", "A"), point("30")], F(20))
    assert [(c.start_s, c.end_s, c.title) for c in got] == [(0, 5, "A"), (5, 20, "B")]


def test_a_description_is_written_and_read():
    text = description_text([point("62.9", "Two"), point("3723", "Three")])
    assert text == "0:00 Start\n1:02 Two\n1:02:03 Three\n"
    got = parse_markers(("My video\n\n" + text + "thanks!").encode(), suffix=".txt")
    assert [(m.time_s, m.name) for m in got] == [(0, "Start"), (62, "Two"), (3723, "Three")]
    assert parse_markers(b"[00:10] - A\n(01:00) B") == (point("10", "A"), point("60", "B"))


def test_ffmetadata_escapes_what_is_special():
    text = markers_text([point("1", "a=b;c#d\\")], MarkerFormat.FFMETADATA)
    assert text.startswith(";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=1000\nEND=2000\n")
    assert "title=a\\=b\\;c\\#d\\\\\n" in text


# --- clips ------------------------------------------------------------------------------------


def spans(markers, duration="10"):
    clips = clips_from_markers(markers, F(duration), "x")
    assert all(clip.asset_id == "x" for clip in clips)
    return [(clip.start_s, clip.end_s, clip.name) for clip in clips]


def test_points_split_the_whole():
    assert spans([point("4", "B"), point("0", "A"), point("12", "out")]) == [
        (0, 4, "A"),
        (4, 10, "B"),
    ]
    assert spans([point("0.05", "A"), point("9.95")]) == [(0, 10, "A")]


def test_stretches_are_kept_and_points_inside_split_them():
    markers = [stretch("1", "3", "A"), stretch("5", "20", "B"), point("2", "C"), point("4", "D")]
    assert spans(markers) == [(1, 2, "A"), (2, 3, "C"), (5, 10, "B")]


def test_markers_of_another_file_are_refused():
    with pytest.raises(ExchangeError, match="None of the markers"):
        clips_from_markers([point("11"), stretch("1", "1.01")], F(10), "x")


times = st.integers(0, 100_000_000).map(lambda ticks: F(ticks, 1000))


@given(st.lists(st.tuples(times, st.none() | times), max_size=30), times)
def test_clips_from_any_markers_are_long_enough_and_inside(pairs, duration_s):
    markers = [
        Marker(time_s=start, end_s=None if length is None else start + length)
        for start, length in pairs
    ]
    try:
        clips = clips_from_markers(markers, duration_s, "x")
    except ExchangeError:
        return
    if duration_s >= MIN_CLIP_S:
        assert all(clip.end_s - clip.start_s >= MIN_CLIP_S for clip in clips)
    assert all(0 <= clip.start_s < clip.end_s <= duration_s for clip in clips)


# --- anything at all --------------------------------------------------------------------------

names = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=20).map(str.strip)
marker_lists = st.lists(
    st.builds(
        lambda start, length, name: Marker(
            time_s=start, end_s=start + length if length else None, name=name
        ),
        st.integers(0, 10**10).map(lambda us: F(us, 10**6)),
        st.none() | st.integers(1, 10**9).map(lambda us: F(us, 10**6)),
        names,
    ),
    min_size=1,
    max_size=12,
).map(lambda markers: tuple(sorted(markers, key=lambda m: m.time_s)))


@pytest.mark.parametrize(
    "fmt", [MarkerFormat.LABELS, MarkerFormat.CSV, MarkerFormat.TSV, MarkerFormat.JSON]
)
@settings(max_examples=120, deadline=None)
@given(markers=marker_lists)
def test_what_is_written_is_read_back(fmt, markers):
    suffix = next(suffix for suffix, one in SUFFIXES.items() if one is fmt)
    data = markers_text(markers, fmt).encode()
    assert parse_markers(data, suffix=suffix) == markers
    assert parse_markers(b"\xef\xbb\xbf" + data.replace(b"\n", b"\r\n"), suffix=suffix) == markers


@settings(max_examples=80, deadline=None)
@given(markers=marker_lists)
def test_a_cue_sheet_is_read_back_to_its_frames(markers):
    got = parse_markers(markers_text(markers, MarkerFormat.CUE).encode(), suffix=".cue")
    assert len(got) == len(markers)
    for one, want in zip(got, markers, strict=True):
        assert abs(one.time_s - want.time_s) <= F(1, 150)


def test_thirds_are_kept_by_json_alone_and_lie_within_a_microsecond_elsewhere():
    for fmt, suffix in [(MarkerFormat.JSON, ".json"), (MarkerFormat.CSV, ".csv")]:
        (got,) = parse_markers(markers_text([point("1/3")], fmt).encode(), suffix=suffix)
        assert abs(got.time_s - F(1, 3)) <= (0 if suffix == ".json" else F(1, 10**6))


pieces = st.sampled_from(
    [
        *("1.5", "\t", ",", ";", ":", "\n", '"', "name", "start", "end", "FILE a WAVE\n", "\\"),
        *("TRACK 01 AUDIO\n", "INDEX 01 00:01:02\n", "[", "{", "}", '"time"', "1e999", "-", "/0"),
        *("decimal", "Time Format", "0 fps", "\ufeff", "\x00", "é", "٣", "²", "１", "\u2028", "\r"),
    ]
)


@pytest.mark.parametrize("suffix", [*SUFFIXES, ""])
@settings(max_examples=150, deadline=None)
@given(
    data=st.binary(max_size=200) | st.lists(pieces, max_size=30).map(lambda p: "".join(p).encode())
)
@example(data=b"\xff\xfe\x00")
@example(data=b'"')
def test_any_bytes_give_markers_or_a_sentence(suffix, data):
    said = ""
    markers: tuple[Marker, ...] = ()
    try:
        markers = parse_markers(data, suffix=suffix)
    except KnownError as error:
        said = error.message and error.hint
    assert bool(said) != bool(markers)
    assert all(m.time_s >= 0 and (m.end_s is None or m.end_s > m.time_s) for m in markers)
    assert list(markers) == sorted(markers, key=lambda m: m.time_s)


@pytest.mark.parametrize("text", ["1e5", "", ".", ":", "1:", "-1", "٣", "1" * 10, "1:2:3:4", "inf"])
def test_what_is_no_time_is_none(text):
    assert read_time(text) is None


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252", "utf-32"])
def test_text_of_many_encodings_is_read(encoding):
    assert decode_text("Größe – é".encode(encoding)) == "Größe – é"
    with pytest.raises(ExchangeError, match="not a text"):
        decode_text(b"RIFF\x00\x00WAVE")


# --- files ------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [s for s in SUFFIXES if s != ".ffmetadata"])
def test_files_are_written_whole_and_read(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    write_markers(path, [point("1", "A"), point("2", "B")], sound=SoundNote(file_name="a.wav"))
    assert read_markers(path) == (point("1", "A"), point("2", "B"))
    assert os.listdir(tmp_path) == [path.name]
    with pytest.raises(UsageError, match="there already"):
        write_markers(path, [point("3")])
    write_markers(path, [point("3")], overwrite=True, sound=SoundNote(file_name="a.wav"))
    assert read_markers(path) == (point("3"),)
    assert os.listdir(tmp_path) == [path.name]


def test_a_suffix_without_a_format_is_answered_with_those_that_there_are(tmp_path):
    with pytest.raises(UsageError) as caught:
        marker_format_for(tmp_path / "a.mp3")
    assert ".csv" in caught.value.hint
    write_markers(tmp_path / "a.text", [point("0", "A")], fmt=MarkerFormat.DESCRIPTION)
    assert (tmp_path / "a.text").read_text() == "0:00 A\n"


def test_what_cannot_be_read_or_written_is_said_so(tmp_path):
    with pytest.raises(MediaError, match="does not exist"):
        read_markers(tmp_path / "none.txt")
    with pytest.raises(MediaError, match="a folder"):
        read_markers(tmp_path)
    with pytest.raises(DiskError, match="could not be written"):
        write_markers(tmp_path / "none" / "a.txt", [point("1")])
    with pytest.raises(ExchangeError, match="no markers to write"):
        write_markers(tmp_path / "a.txt", [])
    (tmp_path / "big.txt").write_bytes(b"1\t1\tx\n" * 1_500_000)
    with pytest.raises(ExchangeError, match=r"big\.txt.*larger than 8 MB"):
        read_markers(tmp_path / "big.txt")
    (tmp_path / "many.txt").write_bytes(b"1\t1\tx\n" * 20_001)
    with pytest.raises(ExchangeError, match="20,001 markers"):
        read_markers(tmp_path / "many.txt")
    assert sorted(os.listdir(tmp_path)) == ["big.txt", "many.txt"]


@pytest.mark.skipif(sys.platform != "linux", reason="needs a device that is always full")
def test_a_full_disk_leaves_nothing(tmp_path: Path):
    (tmp_path / ".a.txt.part").symlink_to("/dev/full")
    with pytest.raises(DiskError, match="full"):
        write_markers(tmp_path / "a.txt", [point("1")])
    assert os.listdir(tmp_path) == []
