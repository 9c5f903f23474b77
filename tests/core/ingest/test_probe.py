"""Probing tells what is in a file, and lets nothing in it open anything else."""

import http.server
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.errors import MediaError
from core.ingest.opening import REFERENCE_FORMATS
from core.ingest.probe import probe_file
from core.ingest.sources import source_from_text
from core.ingest.wholeness import missing_bytes, states_duration
from tests import media


@pytest.mark.parametrize(
    ("suffix", "codec", "channels"),
    [
        (".wav", "pcm_s16le", 2),
        (".flac", "flac", 6),
        (".mp3", "mp3", 1),
        (".m4a", "aac", 2),
        (".opus", "opus", 2),
        (".ogg", "vorbis", 2),
        (".mka", "flac", 2),
    ],
)
def test_streams_and_lengths_are_told(suffix, codec, channels, tmp_path):
    sound = media.noise(2.0, channels=channels)
    path = media.write_audio(tmp_path / f"a{suffix}", sound, tags={"title": "Häuser"})
    probe = probe_file(path)
    info = probe.streams[probe.audio_stream]
    assert (info.codec, info.channels, info.sample_rate_hz) == (codec, channels, 48_000)
    assert probe.duration_s == pytest.approx(2.0, abs=0.05)
    assert probe.size_bytes == path.stat().st_size
    assert probe.tags["title"] == "Häuser"
    assert "encoder" not in probe.tags


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".webm", ".mov"])
def test_the_sound_of_a_video_is_found(suffix, tmp_path):
    probe = probe_file(media.write_video(tmp_path / f"a{suffix}", media.sine(1.0)))
    picture = next(stream for stream in probe.streams if stream.kind == "video")
    assert (picture.width, picture.height, picture.fps) == (160, 90, 25.0)
    assert probe.streams[probe.audio_stream].kind == "audio"
    assert not probe.has_cover


@pytest.mark.parametrize("suffix", [".mp3", ".mka", ".m4a", ".opus"])
def test_chapters_are_told(suffix, tmp_path):
    chapters = [(0.0, 1.0, "One"), (1.0, 2.0, "Two")]
    path = media.write_audio(tmp_path / f"a{suffix}", media.sine(2.0), chapters=chapters)
    got = probe_file(path).chapters
    assert [(c.start_s, round(c.end_s, 1), c.title) for c in got] == chapters


def test_a_cover_is_no_video(tmp_path):
    path = media.write_audio(tmp_path / "a.mp3", media.sine(0.5), cover=True)
    probe = probe_file(path)
    assert probe.has_cover
    assert [stream.is_cover for stream in probe.streams] == [False, True]


def test_a_layout_that_the_file_does_not_name_is_left_open(tmp_path):
    probe = probe_file(media.write_audio(tmp_path / "a.flac", media.noise(0.2, channels=6)))
    assert probe.streams[0].layout.startswith("5.1")
    assert probe_file(media.write_audio(tmp_path / "a.wav", media.sine(0.2))).streams[0].layout in (
        "",
        "stereo",
    )


# --- closed to everything else ------------------------------------------------------------------


@contextmanager
def watched_server():
    """Serve nothing on the loopback and keep the requests that come."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()
            thread.join()


LISTS = {
    "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{url}\n#EXT-X-ENDLIST\n",
    "concat": "ffconcat version 1.0\nfile '{url}'\n",
    "dash": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
    'profiles="urn:mpeg:dash:profile:isoff-on-demand:2011"><Period><AdaptationSet '
    'mimeType="audio/mp4"><Representation id="1" bandwidth="1000"><BaseURL>{url}</BaseURL>'
    "</Representation></AdaptationSet></Period></MPD>",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\n"
    "c=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n",
}


@pytest.mark.parametrize("suffix", [".wav", ".mp3", ".mp4", ".m3u8", ".txt", ".mpd"])
@pytest.mark.parametrize("kind", LISTS)
def test_a_list_of_references_opens_nothing(kind, suffix, tmp_path):
    target = media.write_audio(tmp_path / "real.mp3", media.sine(1.0))
    with watched_server() as (address, asked):
        for url in (f"{address}/a.mp3", target.as_uri(), str(target)):
            path = tmp_path / f"list{suffix}"
            path.write_text(LISTS[kind].format(url=url))
            with pytest.raises(MediaError) as caught:
                probe_file(path)
            assert caught.value.hint
    assert asked == []


def test_following_demuxers_are_the_ones_left_out():
    assert {"hls", "dash", "concat", "sdp", "rtsp", "lavfi", "image2"} <= REFERENCE_FORMATS


# --- wholeness ----------------------------------------------------------------------------------


SUFFIXES = [".wav", ".aiff", ".m4a", ".mkv", ".opus", ".ogg", ".webm", ".mov"]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_whole_file_misses_nothing(suffix, tmp_path):
    path = media.write_audio(tmp_path / f"a{suffix}", media.noise(2.0))
    assert missing_bytes(path) == 0


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("fraction", [0.2, 0.7, 0.99])
def test_a_cut_file_misses_something(suffix, fraction, tmp_path):
    path = media.write_audio(tmp_path / f"a{suffix}", media.noise(2.0))
    assert missing_bytes(media.truncate(path, fraction)) > 0


def test_a_stream_of_unknown_length_is_not_called_cut_off(tmp_path):
    path = media.write_audio(tmp_path / "a.wav", media.noise(1.0))
    data = bytearray(path.read_bytes())
    at = data.index(b"data") + 4
    data[4:8] = data[at : at + 4] = b"\xff\xff\xff\xff"
    path.write_bytes(data)
    assert missing_bytes(path) == 0
    assert probe_file(path).duration_s == pytest.approx(1.0, abs=0.01)


def test_estimates_are_told_from_statements(tmp_path):
    states = {}
    for suffix in (".mp3", ".aac", ".flac", ".wav", ".ac3"):
        path = media.write_audio(tmp_path / f"a{suffix}", media.sine(1.0))
        states[suffix] = states_duration(path, probe_file(path).container)
    assert states == {".mp3": True, ".aac": False, ".flac": True, ".wav": True, ".ac3": False}


def test_a_name_that_is_no_text_is_refused_in_words(tmp_path):
    path = Path(f"{tmp_path}/a\udcff.wav")
    path.write_bytes(media.write_audio(tmp_path / "a.wav", media.sine(0.1)).read_bytes())
    with pytest.raises(MediaError, match="name"):
        probe_file(path)


@pytest.mark.parametrize(
    "link", ["file:///music/a%20b.wav", "file://localhost/music/a%20b.wav", "FILE:///music/a b.wav"]
)
def test_a_file_link_is_the_file_it_names(link):
    assert source_from_text(link).path.as_posix().endswith("/music/a b.wav")


def test_zeros_without_end_are_not_walked_through(tmp_path):
    path = tmp_path / "hole.wav"
    head = media.write_audio(tmp_path / "a.wav", media.sine(0.1)).read_bytes()[:12]
    with path.open("wb") as stream:
        stream.write(head)
        stream.truncate(2 * 1024**3)
    assert missing_bytes(path) == 0


def test_looking_for_a_header_ends(tmp_path, monkeypatch):
    monkeypatch.setattr("core.ingest.opening.OPEN_LIMIT_S", 0.2)
    path = tmp_path / "hole.wav"
    with path.open("wb") as stream:
        stream.write(b"RIFF\x00\x00\x00\x00WAVE")
        stream.truncate(2 * 1024**3)
    with pytest.raises(MediaError, match="is not a sound"):
        probe_file(path)
