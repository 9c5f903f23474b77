"""Export jobs: a mixdown as a file of the user's, in any format, with its loudness measured."""

from fractions import Fraction
from pathlib import Path

import msgspec
import pytest

from core.audio.loudness_targets import preset_target
from core.audio.recipe import LoudnessTarget, Marker, Recipe, identity_recipe
from core.errors import KnownError, LibraryError, UsageError
from core.ingest.probe import probe_file
from core.ingest.sources import file_source
from core.jobs.handlers import export, ingest, prepare
from core.jobs.model import AssetRef, ExportParams, IngestParams, PrepareParams
from core.jobs.testing import LocalContext, publish
from core.library.model import Asset
from tests import media


@pytest.fixture
def asset(tmp_path: Path) -> Asset:
    path = media.write_audio(
        tmp_path / "Song.flac", media.song(3.0), tags={"title": "Song", "artist": "A"}
    )
    ctx = LocalContext(tmp_path / "library", job_id="ingest")
    finished = ingest.run(IngestParams(source=file_source(path)), ctx)
    publish(finished)
    return finished.result.asset


def write(asset: Asset, output: Path, recipe: Recipe | None = None, **options):
    library = output.parent / "library"
    ref = AssetRef(asset_id=asset.id)
    ctx = LocalContext(library, job_id="mix", assets={asset.id: asset})
    publish(prepare.run(PrepareParams(asset=ref, recipe=recipe), ctx))
    ctx = LocalContext(library, job_id="write", assets={asset.id: asset})
    finished = export.run(ExportParams(asset=ref, recipe=recipe, output=output, **options), ctx)
    publish(finished)
    return finished.result


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".mp3", ".m4a", ".opus", ".ogg"])
def test_every_format_is_written_with_its_tags(suffix, asset, tmp_path):
    output = tmp_path / f"out{suffix}"
    result = write(asset, output)
    probe = probe_file(output)
    assert result.path == output
    assert result.duration_s == pytest.approx(3.0, abs=0.001)
    assert probe.duration_s == pytest.approx(3.0, abs=0.06)
    assert probe.tags["artist"] == "A"
    assert result.measured.integrated_lufs is not None


def test_the_loudness_told_is_that_of_the_finished_file(asset, tmp_path):
    recipe = msgspec.structs.replace(identity_recipe(asset.id), loudness=preset_target("ebu"))
    result = write(asset, tmp_path / "out.wav", recipe)
    assert result.loudness.after == result.measured
    assert result.measured.integrated_lufs == pytest.approx(-23, abs=0.2)


def test_peaks_that_an_encoder_raises_over_the_ceiling_are_told(asset, tmp_path):
    loud = LoudnessTarget(integrated_lufs=-8.0, true_peak_dbtp=-1.0)
    recipe = msgspec.structs.replace(identity_recipe(asset.id), loudness=loud)
    held = write(asset, tmp_path / "out.wav", recipe)
    raised = write(asset, tmp_path / "out.mp3", recipe)
    assert (held.notes, held.measured.true_peak_dbtp) == ((), pytest.approx(-1.0, abs=0.1))
    assert raised.measured.true_peak_dbtp > -0.9
    (note,) = raised.notes
    assert "Encoding to MP3 raised peaks" in note


def test_markers_become_chapters(asset, tmp_path):
    markers = (Marker(time_s=Fraction(0), name="One"), Marker(time_s=Fraction(2), name="Two"))
    write(asset, tmp_path / "out.m4a", markers=markers)
    chapters = probe_file(tmp_path / "out.m4a").chapters
    assert [(c.title, c.start_s) for c in chapters] == [("One", 0.0), ("Two", 2.0)]


def test_chapters_are_in_order_and_each_has_a_length():
    times = (2, 0, 2, 9)
    markers = tuple(Marker(time_s=Fraction(time), name=str(n)) for n, time in enumerate(times))
    found = export.chapters_of(markers, 3.0)
    assert [(c.title, c.start_s, c.end_s) for c in found] == [("1", 0.0, 2.0), ("2", 2.0, 3.0)]
    assert export.chapters_of((), 3.0) == ()


def test_a_file_that_is_there_is_left_alone(asset, tmp_path):
    output = tmp_path / "out.wav"
    output.write_bytes(b"mine")
    with pytest.raises(KnownError, match="there already"):
        write(asset, output)
    assert output.read_bytes() == b"mine"
    write(asset, output, overwrite=True)
    assert probe_file(output).duration_s == pytest.approx(3.0)


def test_a_name_without_a_format_is_refused(asset, tmp_path):
    with pytest.raises(UsageError, match="no sound format"):
        write(asset, tmp_path / "out.xyz")
    assert not (tmp_path / "out.xyz").exists()


def test_a_missing_mixdown_is_said_so(asset, tmp_path):
    ctx = LocalContext(tmp_path / "library", job_id="w", assets={asset.id: asset})
    params = ExportParams(asset=AssetRef(asset_id=asset.id), output=tmp_path / "out.wav")
    with pytest.raises(LibraryError):
        export.run(params, ctx)
    assert not (tmp_path / "out.wav").exists()
