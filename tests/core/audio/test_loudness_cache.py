"""Loudness against the EBU's reference tones; the cache's limit."""

import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.audio.cache import GRACE_S, CacheEntry, cache_entries, choose_victims, enforce_limit
from core.audio.loudness import measure_loudness
from core.ingest.describe import describe
from core.paths import LibraryPaths
from tests import media


def tone(level_dbfs: float, duration_s: float, rate: int = 48_000) -> np.ndarray:
    amplitude = 10 ** (level_dbfs / 20)
    return media.sine(duration_s, freq_hz=1000, amplitude=amplitude, sample_rate_hz=rate)


def blocks_of(samples: np.ndarray, size: int = 10_000):
    return (samples[:, at : at + size] for at in range(0, samples.shape[1], size))


@pytest.mark.parametrize(("level", "rate"), [(-23.0, 48_000), (-33.0, 48_000), (-23.0, 44_100)])
def test_a_stereo_tone_reads_its_level(level, rate):
    """EBU Tech 3341, cases 1 and 2: within 0.1 LU."""
    measured = measure_loudness(blocks_of(tone(level, 20.0, rate)), rate, 2)
    assert measured.integrated_lufs == pytest.approx(level, abs=0.1)


def test_quiet_stretches_are_gated():
    """EBU Tech 3341, case 3."""
    sound = np.concatenate([tone(-36, 10), tone(-23, 60), tone(-36, 10)], axis=1)
    measured = measure_loudness(blocks_of(sound), 48_000, 2)
    assert measured.integrated_lufs == pytest.approx(-23.0, abs=0.1)


def test_true_peak_finds_what_lies_between_samples():
    """EBU Tech 3341, case 16: fs/4 at 45 degrees, whose samples are all 3 dB below its peak."""
    n = np.arange(48_000)
    wave = 0.5 * np.sin(2 * np.pi * n / 4 + np.pi / 4)
    measured = measure_loudness([np.tile(wave.astype(np.float32), (2, 1))], 48_000, 2)
    assert -6.4 <= measured.true_peak_dbtp <= -5.8


def test_silence_has_no_loudness():
    measured = measure_loudness([media.silence(3.0)], 48_000, 2)
    assert measured.integrated_lufs is None
    assert measured.true_peak_dbtp is None


def test_low_frequency_effects_do_not_count_and_surrounds_count_more():
    quiet = media.silence(5.0, channels=6)
    for channel in (0, 3, 4):
        sound = quiet.copy()
        sound[channel] = tone(-20, 5.0)[0]
        got = measure_loudness([sound], 48_000, 6, layout="5.1").integrated_lufs
        want = {0: pytest.approx(-23.0, abs=0.1), 3: None, 4: pytest.approx(-21.5, abs=0.1)}
        assert got == want[channel]


@pytest.mark.parametrize("suffix", [".wav", ".m4a"])
def test_describe_tells_what_is_in_a_file_and_how_loud_it_is(suffix, tmp_path):
    path = media.write_audio(tmp_path / f"a{suffix}", tone(-20, 5.0), tags={"title": "Tone"})
    report = describe(path)
    assert report.probe.tags["title"] == "Tone"
    assert report.duration_s == pytest.approx(5.0, abs=0.03)
    assert report.loudness.integrated_lufs == pytest.approx(-20.0, abs=0.2)
    assert report.loudness.true_peak_dbtp == pytest.approx(-20.0, abs=0.5)


# --- cache ------------------------------------------------------------------------------------


entries = st.lists(
    st.builds(
        CacheEntry,
        key=st.text("abcdef", min_size=1, max_size=3),
        size_bytes=st.integers(0, 100),
        used_at=st.floats(0, 100),
    ),
    unique_by=lambda entry: entry.key,
)


@given(everything=entries, limit=st.integers(0, 500), keep=st.sets(st.text("abc", max_size=2)))
def test_what_goes_is_least_recently_used_and_no_more_than_needed(everything, limit, keep):
    victims = choose_victims(everything, limit_bytes=limit, keep=keep, used_after=80.0)
    gone = {entry.key for entry in victims}
    stays = [entry for entry in everything if entry.key not in gone]
    free_to_go = [e for e in stays if e.key not in keep and e.used_at <= 80.0]
    assert not gone & keep
    assert all(entry.used_at <= 80.0 for entry in victims)
    assert sum(entry.size_bytes for entry in stays) <= limit or not free_to_go
    if victims:
        assert all(entry.used_at >= victims[-1].used_at for entry in free_to_go)
        rest = sum(entry.size_bytes for entry in stays)
        assert rest + victims[-1].size_bytes > limit


def test_eviction_spares_what_is_kept_or_was_used_just_now(tmp_path):
    paths = LibraryPaths(tmp_path)
    for index, key in enumerate(("old", "kept", "fresh", "newer")):
        path = paths.pcm(key)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x" * 1000)
        if key != "fresh":
            at = path.stat().st_mtime - 2 * GRACE_S + index
            os.utime(path, (at, at))
    gone = enforce_limit(paths, limit_bytes=2500, keep={"kept"})
    assert [entry.key for entry in gone] == ["old", "newer"]
    assert {entry.key for entry in cache_entries(paths)} == {"kept", "fresh"}


def test_a_library_without_a_cache_is_within_any_limit(tmp_path):
    assert enforce_limit(LibraryPaths(tmp_path), limit_bytes=0) == ()
