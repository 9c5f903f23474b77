"""Sound files: each format comes back as long as it was and with what was put in."""

import io
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.audio.decode import SoundDecoder
from core.audio.encode import WrittenSound, write_sound
from core.audio.encode_formats import (
    KINDS,
    SoundFormat,
    file_rate_hz,
    sound_format_for,
    sound_suffixes,
)
from core.audio.encode_tags import SoundTags, tags_of
from core.errors import DiskError, KnownError, MediaError, UsageError
from core.ingest.cover import cover_png
from core.ingest.probe import probe_file
from core.library.model import Chapter
from tests import media

LOSSY = ("mp3", "m4a", "opus", "ogg")


def write(path: Path, samples: np.ndarray, *, rate: int = 48_000, block: int = 10_000, **settings):
    tags = settings.pop("tags", None)
    fmt = sound_format_for(path, **settings)
    blocks = (samples[:, at : at + block] for at in range(0, samples.shape[1], block))
    written = write_sound(
        blocks, path, sample_rate_hz=rate, channels=len(samples), fmt=fmt, tags=tags
    )
    assert isinstance(written, WrittenSound)
    return written


def read(path: Path) -> tuple[np.ndarray, int]:
    decoder = SoundDecoder(path, probe_file(path))
    parts = [
        block / np.float32(32768) if block.dtype == np.int16 else block.copy()
        for block in decoder.blocks()
    ]
    return np.concatenate(parts, axis=1), decoder.sample_rate_hz


def best_lag(want: np.ndarray, got: np.ndarray, reach: int = 8) -> int:
    """Return how many samples `got` lies late."""
    middle = slice(reach, want.shape[1] - reach)
    return max(
        range(-reach, reach + 1),
        key=lambda lag: float(np.vdot(want[:, middle], np.roll(got, -lag, axis=1)[:, middle])),
    )


# --- lossless ---------------------------------------------------------------------------------


@pytest.mark.parametrize("channels", [1, 2, 6])
@pytest.mark.parametrize("rate", [44_100, 48_000, 96_000])
@pytest.mark.parametrize(
    ("suffix", "bits"), [("wav", 16), ("wav", 24), ("wav", 32), ("flac", 16), ("flac", 24)]
)
def test_what_fits_the_steps_comes_back_to_the_bit(tmp_path, suffix, bits, rate, channels):
    steps = 1 << (min(bits, 24) - 1)
    noise = media.noise(0.37, sample_rate_hz=rate, channels=channels)
    samples = noise if bits == 32 else (np.rint(noise * steps) / steps).astype(np.float32)
    path = tmp_path / f"a.{suffix}"
    written = write(path, samples, rate=rate, bit_depth=bits)
    got, got_rate = read(path)
    assert got_rate == rate == written.sample_rate_hz
    assert written.n_samples == samples.shape[1]
    assert np.array_equal(got, samples)
    assert written.limited_peak_db is None
    assert written.notes == ()
    assert probe_file(path).streams[0].bit_depth == bits


@pytest.mark.parametrize("suffix", ["wav", "flac"])
def test_what_does_not_fit_16_bits_is_dithered(tmp_path, suffix):
    samples = media.sine(2.0, freq_hz=997, amplitude=0.6 / 32768)
    write(tmp_path / f"a.{suffix}", samples, bit_depth=16)
    got, _ = read(tmp_path / f"a.{suffix}")
    # Rounding alone would leave a square wave with harmonics; dither keeps the tone, in noise.
    error = (got - samples) * 32768
    assert np.abs(error).max() <= 1.51
    assert abs(float(error.mean())) < 0.02
    spectrum = np.abs(np.fft.rfft(got[0] * np.hanning(got.shape[1])))
    tone, third = spectrum[2 * 997], spectrum[3 * 2 * 997 - 2 : 3 * 2 * 997 + 3].max()
    assert tone > 30 * third


def test_24_bits_are_usual(tmp_path):
    for name in ("a.wav", "a.flac"):
        write(tmp_path / name, media.song(0.2))
        assert probe_file(tmp_path / name).streams[0].bit_depth == 24


def test_float_wav_keeps_what_goes_over_full_scale(tmp_path):
    samples = media.sine(0.5, amplitude=2.0)
    assert write(tmp_path / "a.wav", samples, bit_depth=32).limited_peak_db is None
    assert np.array_equal(read(tmp_path / "a.wav")[0], samples)


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.mp3", "a.m4a", "a.opus", "a.ogg"])
def test_elsewhere_peaks_are_held_and_it_is_said(tmp_path, name):
    written = write(tmp_path / name, media.sine(0.5, amplitude=2.0))
    assert written.limited_peak_db == pytest.approx(6.02, abs=0.05)
    assert np.abs(read(tmp_path / name)[0]).max() < 1.2  # a lossy coder rings a little
    if name in ("a.wav", "a.flac"):
        assert np.abs(read(tmp_path / name)[0]).max() <= 1.0


# --- lossy ------------------------------------------------------------------------------------


@pytest.mark.parametrize("seconds", [0.1, 0.99999, 1.2345])
@pytest.mark.parametrize("rate", [44_100, 48_000, 96_000])
@pytest.mark.parametrize("kind", LOSSY)
def test_lossy_formats_keep_length_place_and_level(tmp_path, kind, rate, seconds):
    path = tmp_path / f"a.{kind}"
    samples = media.song(seconds, sample_rate_hz=rate)
    written = write(path, samples, rate=rate)
    got, got_rate = read(path)
    assert got_rate == written.sample_rate_hz
    assert got.shape[1] == written.n_samples
    assert written.n_samples == round(samples.shape[1] * got_rate / rate)
    if got_rate == rate and seconds > 0.5:
        assert best_lag(samples, got) == 0
        assert np.corrcoef(samples.ravel(), got.ravel())[0, 1] > 0.99
    assert 20 * np.log10(got.std() / samples.std()) == pytest.approx(0, abs=0.3)


@pytest.mark.parametrize(
    ("kind", "rate", "at"),
    [
        ("mp3", 96_000, 48_000),
        ("mp3", 88_200, 44_100),
        ("m4a", 192_000, 96_000),
        ("m4a", 176_400, 88_200),
        ("opus", 44_100, 48_000),
        ("opus", 8_000, 48_000),
        ("mp3", 45_000, 48_000),
        ("ogg", 96_000, 96_000),
        ("flac", 96_000, 96_000),
    ],
)
def test_a_rate_that_a_format_lacks_becomes_the_nearest_good_one(kind, rate, at):
    assert file_rate_hz(SoundFormat(kind=kind), rate) == at


def test_another_rate_is_said_and_keeps_the_sound_in_its_place(tmp_path):
    rate = 44_100
    samples = media.click_track(2.0, sample_rate_hz=rate)
    written = write(tmp_path / "a.opus", samples, rate=rate)
    assert written.notes == ("Opus cannot hold 44100 Hz: the sound was resampled to 48000 Hz.",)
    got, _ = read(tmp_path / "a.opus")
    for time_s in media.click_times(2.0):
        onset = round(time_s * 48_000)
        assert np.abs(got[:, onset - 2400 : onset - 240]).max() < 0.05
        assert np.abs(got[:, onset : onset + 480]).max() > 0.3


@pytest.mark.parametrize("kind", ["wav", "flac", "m4a", "opus"])
def test_surround_stays_in_its_channels(tmp_path, kind):
    samples = np.concatenate(
        [media.sine(1.0, freq_hz=f, channels=1) for f in (300, 400, 500, 60, 700, 800)]
    )
    write(tmp_path / f"a.{kind}", samples)
    got, _ = read(tmp_path / f"a.{kind}")
    assert got.shape == samples.shape
    for want, row in zip(samples, got, strict=True):
        assert np.corrcoef(want, row)[0, 1] > 0.98


@pytest.mark.parametrize("name", ["a.mp3", "a.ogg"])
def test_surround_is_refused_where_a_format_is_stereo(tmp_path, name):
    with pytest.raises(UsageError, match="cannot hold 6 channels") as caught:
        write(tmp_path / name, media.noise(0.2, channels=6))
    assert "FLAC" in caught.value.hint
    assert not (tmp_path / name).exists()


@pytest.mark.parametrize("kind", LOSSY)
def test_mono_is_taken_everywhere(tmp_path, kind):
    samples = media.song(1.0)[:1]
    written = write(tmp_path / f"a.{kind}", samples)
    got, _ = read(tmp_path / f"a.{kind}")
    assert len(got) == written.channels == (2 if kind == "ogg" else 1)
    assert bool(written.notes) == (kind == "ogg")
    for row in got:
        assert np.corrcoef(row, samples[0])[0, 1] > 0.98


@pytest.mark.parametrize(
    ("name", "bit_rate", "low", "high"),
    [("a.mp3", 320_000, 310, 350), ("a.mp3", 64_000, 60, 75), ("a.m4a", 96_000, 70, 120)],
)
def test_a_bit_rate_is_kept(tmp_path, name, bit_rate, low, high):
    write(tmp_path / name, media.noise(4.0), bit_rate_bps=bit_rate)
    assert low < (tmp_path / name).stat().st_size * 8 / 4 / 1000 < high


@pytest.mark.parametrize("name", ["a.m4a", "a.opus", "a.mp3"])
def test_a_high_bit_rate_at_a_low_sample_rate_is_bounded(tmp_path, name):
    samples = media.noise(1.0, sample_rate_hz=8000)
    write(tmp_path / name, samples, rate=8000, bit_rate_bps=320_000)
    got, rate = read(tmp_path / name)
    assert got.shape[1] == rate


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.mp3", "a.m4a", "a.opus", "a.ogg"])
@pytest.mark.parametrize("n", [1, 3, 700, 1025])
def test_a_few_samples_are_a_file_too(tmp_path, name, n):
    if name == "a.mp3" and n < 47:
        pytest.skip("decoders of MP3 give at least what a frame has after the delay: 47 samples")
    write(tmp_path / name, media.noise(0.1)[:, :n])
    assert read(tmp_path / name)[0].shape == (2, n)


# --- every format -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.mp3", "a.m4a", "a.opus", "a.ogg"])
def test_the_same_sound_is_the_same_bytes_however_it_is_cut(tmp_path, name):
    sound = media.song(2.0, sample_rate_hz=44_100) * np.float32(1.8)
    tags = SoundTags(title="T", cover=media.cover_png(), chapters=(Chapter(start_s=0, end_s=1),))
    files = [tmp_path / folder / name for folder in ("one", "two")]
    for path, block in zip(files, (777, 100_000), strict=True):
        path.parent.mkdir()
        write(path, sound, rate=44_100, block=block, tags=tags)
    # Resamplers may round differently at block borders; all else is the same to the bit.
    if name != "a.opus":
        assert files[0].read_bytes() == files[1].read_bytes()
    write(files[1], sound, rate=44_100, block=777, tags=tags)
    assert files[0].read_bytes() == files[1].read_bytes()


def test_nothing_is_no_file(tmp_path):
    for name in ("a.wav", "a.mp3"):
        with pytest.raises(MediaError, match="no sound"):
            write(tmp_path / name, media.silence(0.0))


def test_progress_counts_the_samples_of_the_mix(tmp_path):
    seen: list[int] = []
    blocks = [media.song(0.5, sample_rate_hz=44_100)] * 3
    write_sound(
        blocks,
        tmp_path / "a.opus",
        sample_rate_hz=44_100,
        channels=2,
        fmt=SoundFormat(kind="opus"),
        on_samples=seen.append,
    )
    assert seen == [22_050, 44_100, 66_150]


def test_what_stops_the_work_comes_through_and_the_file_is_closed(tmp_path):
    class Stopped(BaseException):
        pass

    def stop(_count: int) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        write_sound(
            [media.song(1.0)] * 9,
            tmp_path / "a.m4a",
            sample_rate_hz=48_000,
            channels=2,
            fmt=SoundFormat(kind="m4a"),
            on_samples=stop,
        )


@pytest.mark.skipif(sys.platform != "linux", reason="needs a device that is always full")
@pytest.mark.parametrize("kind", ["wav", "mp3", "opus"])
def test_a_full_disk_is_said_so(tmp_path, kind):
    path = tmp_path / f"a.{kind}"
    path.symlink_to("/dev/full")
    with pytest.raises(DiskError, match="disk is full"):
        write(path, media.song(3.0))


@pytest.mark.skipif(sys.platform == "win32", reason="has no such limit")
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_file_system_that_takes_no_more_is_said_so(tmp_path, kind):
    import resource  # not on Windows

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        with pytest.raises(DiskError):
            write(tmp_path / f"a.{kind}", media.noise(3.0))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_missing_folder_is_said_so(tmp_path):
    with pytest.raises(DiskError, match="could not be written"):
        write(tmp_path / "none" / "a.wav", media.song(0.1))


@pytest.mark.slow
def test_a_wav_file_over_4_gb_can_be_read(tmp_path):
    n_blocks, block = 68, media.noise(4_000_000 / 48_000, channels=4)
    write_sound(
        (block for _ in range(n_blocks)),
        tmp_path / "a.wav",
        sample_rate_hz=48_000,
        channels=4,
        fmt=SoundFormat(kind="wav", bit_depth=32),
    )
    assert (tmp_path / "a.wav").stat().st_size > 1 << 32
    probe = probe_file(tmp_path / "a.wav")
    assert probe.duration_s == pytest.approx(n_blocks * 4_000_000 / 48_000, abs=1e-3)


# --- names and settings -----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a", "a.txt", "a.mp4", ".wav", "a.wav.bak"])
def test_an_unknown_ending_is_answered_with_those_that_there_are(name):
    with pytest.raises(UsageError) as caught:
        sound_format_for(Path(name))
    assert all(suffix in caught.value.hint for suffix in sound_suffixes())


def test_the_case_of_an_ending_does_not_matter():
    assert sound_format_for(Path("A.WAV")) == SoundFormat(kind="wav", bit_depth=24)


@pytest.mark.parametrize(
    ("name", "settings", "words"),
    [
        ("a.mp3", {"bit_depth": 16}, "no bit depth of 16"),
        ("a.wav", {"bit_depth": 20}, "no bit depth of 20"),
        ("a.flac", {"bit_depth": 32}, "no bit depth of 32"),
        ("a.wav", {"bit_rate_bps": 128_000}, "no bit rate to choose"),
        ("a.ogg", {"bit_rate_bps": 128_000}, "no bit rate to choose"),
        ("a.mp3", {"bit_rate_bps": 300_000}, "no bit rate of 300 kbit/s"),
        ("a.m4a", {"bit_rate_bps": 1}, "no bit rate of 0.001 kbit/s"),
    ],
)
def test_a_setting_that_a_format_lacks_is_refused(name, settings, words):
    with pytest.raises(UsageError, match=words) as caught:
        sound_format_for(Path(name), **settings)
    assert caught.value.hint


# --- tags -------------------------------------------------------------------------------------

TAGS = SoundTags(
    title="Näher – „am“ Meer 🌊",
    artist="Ä & Ö",
    album="Alle",
    album_artist="Viele",
    date="2021",
    genre="Ambient",
    comment="One; two = three",
    track="3",
)
WAV_LACKS = {"album_artist"}


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.mp3", "a.m4a", "a.opus", "a.ogg"])
def test_texts_are_kept(tmp_path, name):
    write(tmp_path / name, media.song(0.3), tags=TAGS)
    got = tags_of(probe_file(tmp_path / name))
    for field in ("title", "artist", "album", "album_artist", "date", "genre", "comment", "track"):
        if name != "a.wav" or field not in WAV_LACKS:
            assert getattr(got, field) == getattr(TAGS, field), field


@pytest.mark.parametrize("name", ["a.flac", "a.mp3", "a.m4a", "a.opus", "a.ogg"])
@pytest.mark.parametrize("form", ["PNG", "JPEG", "BMP"])
def test_the_cover_is_kept(tmp_path, name, form):
    picture = Image.open(io.BytesIO(media.cover_png()))
    out = io.BytesIO()
    picture.save(out, form)
    samples = media.song(1.0)
    write(tmp_path / name, samples, tags=SoundTags(title="T", cover=out.getvalue()))
    probe = probe_file(tmp_path / name)
    cover = cover_png(tmp_path / name, probe)
    assert cover is not None
    shown = np.asarray(Image.open(io.BytesIO(cover)).convert("L"), dtype=int)
    assert np.abs(shown - np.asarray(picture.convert("L"), dtype=int)).max() < 12
    assert read(tmp_path / name)[0].shape == samples.shape


def test_a_wav_file_leaves_the_cover_out(tmp_path):
    write(tmp_path / "a.wav", media.song(0.2), tags=SoundTags(cover=media.cover_png()))
    assert not probe_file(tmp_path / "a.wav").has_cover


@pytest.mark.parametrize("data", [b"no picture", media.cover_png()[:30], bytes(17 * 1024**2)])
def test_a_cover_that_is_no_picture_is_said_so(tmp_path, data):
    with pytest.raises(KnownError, match="cover"):
        write(tmp_path / "a.mp3", media.song(0.2), tags=SoundTags(cover=data))


@pytest.mark.parametrize("name", ["a.flac", "a.mp3", "a.m4a", "a.opus", "a.ogg"])
def test_chapters_are_kept(tmp_path, name):
    chapters = (
        Chapter(start_s=0.0, end_s=1.25, title="Intro"),
        Chapter(start_s=1.25, end_s=3.0, title="Hauptteil = 2"),
    )
    samples = media.song(3.0)
    write(tmp_path / name, samples, tags=SoundTags(chapters=chapters))
    probe = probe_file(tmp_path / name)
    assert [c.title for c in probe.chapters] == ["Intro", "Hauptteil = 2"]
    assert [c.start_s for c in probe.chapters] == pytest.approx([0.0, 1.25], abs=1e-3)
    assert read(tmp_path / name)[0].shape == samples.shape


def test_hostile_texts_do_not_break_a_file(tmp_path):
    tags = SoundTags(title="a\x00b\ud800" + "x" * 10_000, comment="line\nTITLE=other")
    for name in ("a.wav", "a.flac", "a.mp3", "a.m4a", "a.opus", "a.ogg"):
        write(tmp_path / name, media.song(0.2), tags=tags)
        assert probe_file(tmp_path / name).tags["title"].startswith("ab?xxx")


def test_tags_of_a_source_go_into_the_file_made_of_it(tmp_path):
    media.write_audio(tmp_path / "s.mp3", media.song(0.5), tags={"title": "T", "artist": "A"})
    tags = tags_of(probe_file(tmp_path / "s.mp3"), title="other")
    assert (tags.title, tags.artist) == ("T", "A")
    write(tmp_path / "a.flac", media.song(0.5), tags=tags)
    assert tags_of(probe_file(tmp_path / "a.flac")) == tags
