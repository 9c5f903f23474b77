"""Safe names, copies that are hashed, room on the disk."""

import hashlib
import os
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import DiskError, MediaError
from core.library.files import (
    MAX_NAME_BYTES,
    copy_hashed,
    hash_file,
    publish_cached,
    require_free,
    safe_name,
)


@given(st.text(max_size=300))
def test_a_safe_name_is_safe_everywhere(name):
    safe = safe_name(name)
    assert safe == safe_name(safe)
    assert 0 < len(safe.encode()) <= MAX_NAME_BYTES + 1
    assert not set(safe) & set('<>:"/\\|?*\0')
    assert safe not in {".", ".."}
    assert safe[0] not in " ."
    assert safe[-1] not in " ."
    assert unicodedata.is_normalized("NFC", safe)


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("Song.mp3", "Song.mp3"),
        ("../../etc/passwd", "_._etc_passwd"),
        ("CON", "_CON"),
        ("nul.tar.gz", "_nul.tar.gz"),
        ("AC/DC: “Live”?.wav", "AC_DC_ “Live”_.wav"),
        ("Cafe\u0301.flac", "Café.flac"),
        ("...", "sound"),
        (" a .mp3", "a.mp3"),
        ("a\u202egpm.exe", "a_gpm.exe"),
        ("音楽.mp3", "音楽.mp3"),
        ("", "sound"),
        (".hidden", "hidden"),
    ],
)
def test_names_keep_what_can_be_kept(name, safe):
    assert safe_name(name) == safe


def test_a_long_name_keeps_its_suffix():
    safe = safe_name("ä" * 300 + ".flac")
    assert safe.endswith("ä.flac")
    assert len(safe.encode()) <= MAX_NAME_BYTES


def test_a_copy_is_hashed_and_the_same(tmp_path):
    data = os.urandom(9_000_000)
    (tmp_path / "a").write_bytes(data)
    steps = []
    copied = copy_hashed(tmp_path / "a", tmp_path / "b", max_bytes=10**9, on_progress=steps.append)
    assert copied.sha256 == hashlib.sha256(data).hexdigest() == hash_file(tmp_path / "b")
    assert copied.size_bytes == len(data)
    assert steps == sorted(steps)
    assert steps[-1] == 1.0


def test_what_is_too_large_is_not_copied(tmp_path):
    (tmp_path / "a").write_bytes(b"x" * 100)
    with pytest.raises(MediaError, match="larger"):
        copy_hashed(tmp_path / "a", tmp_path / "b", max_bytes=99)
    assert not (tmp_path / "b").exists()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a disk that is always full")
def test_a_full_disk_is_said_so(tmp_path):
    (tmp_path / "a").write_bytes(b"x" * 100)
    (tmp_path / "full").symlink_to("/dev/full")
    with pytest.raises(DiskError, match="full"):
        copy_hashed(tmp_path / "a", tmp_path / "full", max_bytes=10**9)


def test_room_is_asked_for_before_it_is_needed(tmp_path):
    require_free(tmp_path, 1000)
    with pytest.raises(DiskError, match="free") as caught:
        require_free(tmp_path, 10**18)
    assert caught.value.hint


def test_publishing_replaces_in_one_step(tmp_path):
    (tmp_path / "new").write_bytes(b"new")
    publish_cached(tmp_path / "new", tmp_path / "folder" / "final")
    assert (tmp_path / "folder" / "final").read_bytes() == b"new"
    assert not (tmp_path / "new").exists()
