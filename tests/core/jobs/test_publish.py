"""Publication, cut off at every step, and what the next start makes of it."""

import errno
import hashlib
import os

import pytest

from core.errors import DiskError, KnownError
from core.jobs.context import StagedFile
from core.jobs.model import (
    AssetRef,
    FrameResult,
    IngestResult,
    JobStatus,
    Lane,
    PictureParams,
    RenderParams,
)
from core.jobs.publish import (
    Publisher,
    check_output,
    hidden_beside,
    move_without_replacing,
    ready_to_rename,
    staging_place,
)
from core.jobs.recovery import Recovery
from core.jobs.sweep import Sweeper
from core.library.intake import Intake
from core.store.assets import AssetStore
from core.store.outputs import OutputStore
from tests.core.library.examples import an_asset


class Desk:
    """A publisher on a real store, and one running job with two staged files."""

    def __init__(self, shelf, folder):
        self.shelf = shelf
        self.paths = shelf.paths
        self.outputs = OutputStore(shelf.database)
        self.assets = AssetStore(shelf.database)
        self.told = []
        self.publisher = Publisher(
            paths=self.paths,
            database=shelf.database,
            jobs=shelf.jobs,
            outputs=self.outputs,
            intake=Intake(paths=self.paths, assets=self.assets, announce=self.told.append),
        )
        self.recovery = Recovery(
            jobs=shelf.jobs,
            lists=shelf.lists,
            publisher=self.publisher,
            sweeper=Sweeper(paths=self.paths, lists=shelf.lists),
        )
        self.output = folder / "video.mp4"
        self.params = RenderParams(
            asset=AssetRef(asset_id="a"), picture=PictureParams(scene="x"), output=self.output
        )
        self.job_id = shelf.add(params=self.params)
        self.lease = shelf.jobs.claim(Lane.GPU)
        self.result = FrameResult(path=self.output, frame_index=0, width=1, height=1)
        self.files = (
            self.stage("video", self.output),
            self.stage("plan", self.paths.render(self.job_id) / "plan.json", role="plan"),
        )

    def stage(self, name, final, data=None, **fields):
        staged = self.paths.staging(self.job_id) / name
        staged.parent.mkdir(parents=True, exist_ok=True)
        data = f"the {name}".encode() if data is None else data
        staged.write_bytes(data)
        digest = hashlib.sha256(data).hexdigest()
        return StagedFile(staged=staged, final=final, sha256=digest, bytes=len(data), **fields)

    def publish(self):
        files = ready_to_rename(self.files, self.paths, self.job_id)
        self.publisher.publish(self.lease, self.params, self.result, files)

    def recover(self):
        """Start again, as after a crash."""
        self.shelf.database.start_generation()
        self.recovery.recover()
        return self.shelf.jobs.view(self.job_id)

    def assert_published(self, job):
        assert job.status is JobStatus.DONE
        assert [view.path for view in job.outputs] == [file.final for file in self.files]
        assert all(
            hashlib.sha256(file.final.read_bytes()).hexdigest() == file.sha256
            for file in self.files
        )
        assert not self.paths.staging(self.job_id).exists()


@pytest.fixture
def desk(shelf, tmp_path):
    return Desk(shelf, tmp_path / "videos")


def test_files_are_at_their_places_and_the_job_is_done(desk):
    desk.publish()
    desk.assert_published(desk.shelf.jobs.view(desk.job_id))


def test_before_the_intent_the_job_is_done_again(desk):
    assert desk.recover().status is JobStatus.QUEUED
    assert not desk.output.exists()
    assert desk.files[0].staged.exists()  # kept for the next attempt


@pytest.mark.parametrize("n_renamed", [0, 1, 2])
def test_after_the_intent_recovery_goes_forward(desk, n_renamed):
    desk.outputs.intend(desk.job_id, desk.result, desk.files)
    for file in desk.files[:n_renamed]:
        file.final.parent.mkdir(parents=True)
        file.staged.rename(file.final)
    desk.assert_published(desk.recover())


def test_a_file_that_was_linked_but_not_unlinked_is_finished(desk):
    desk.outputs.intend(desk.job_id, desk.result, desk.files)
    desk.output.parent.mkdir(parents=True)
    os.link(desk.files[0].staged, desk.output)
    desk.assert_published(desk.recover())


def test_intents_whose_files_are_gone_are_withdrawn_and_the_job_is_done_again(desk):
    desk.outputs.intend(desk.job_id, desk.result, desk.files)
    desk.files[1].staged.unlink()
    job = desk.recover()
    assert job.status is JobStatus.QUEUED
    assert desk.outputs.intent(job.id) is None
    assert not desk.output.exists()


def test_a_place_taken_meanwhile_fails_the_job_and_keeps_the_stranger(desk):
    desk.outputs.intend(desk.job_id, desk.result, desk.files)
    desk.output.parent.mkdir(parents=True)
    desk.output.write_text("somebody else's film")
    job = desk.recover()
    assert (job.status, job.error.code) == (JobStatus.FAILED, "exists")
    assert desk.output.read_text() == "somebody else's film"
    assert not desk.files[1].final.exists()


def test_an_output_that_exists_is_refused_with_nothing_changed(desk):
    desk.output.parent.mkdir(parents=True)
    desk.output.write_text("mine")
    with pytest.raises(KnownError) as caught:
        desk.publish()
    assert caught.value.code == "exists"
    assert desk.output.read_text() == "mine"
    assert desk.outputs.intent(desk.job_id) is None


def test_an_output_is_replaced_when_that_was_asked_for(desk):
    desk.output.parent.mkdir(parents=True)
    desk.output.write_text("old")
    desk.files = (desk.stage("video", desk.output, overwrite=True), desk.files[1])
    desk.publish()
    desk.assert_published(desk.shelf.jobs.view(desk.job_id))


def test_a_content_addressed_file_that_exists_is_kept(desk):
    kept = desk.paths.features("f" * 64)
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"was there first")
    desk.files = (desk.stage("features", kept, role="derived"),)
    desk.publish()
    assert kept.read_bytes() == b"was there first"
    (view,) = desk.shelf.jobs.view(desk.job_id).outputs
    assert (view.bytes, view.sha256) == (15, hashlib.sha256(b"was there first").hexdigest())


def test_a_failed_rename_puts_everything_back(desk, monkeypatch):
    files = ready_to_rename(desk.files, desk.paths, desk.job_id)
    real = move_without_replacing

    def full(source, target):
        if target.name == "plan.json":
            raise OSError(errno.ENOSPC, "No space left on device", str(target))
        real(source, target)

    monkeypatch.setattr("core.jobs.publish.move_without_replacing", full)
    with pytest.raises(DiskError, match="full"):
        desk.publisher.publish(desk.lease, desk.params, desk.result, files)
    assert not desk.output.exists()
    assert all(file.staged.exists() for file in desk.files)
    assert desk.outputs.intent(desk.job_id) is None or not desk.outputs.intent(desk.job_id).files


def test_on_another_disk_a_file_waits_hidden_beside_its_place(desk, monkeypatch):
    monkeypatch.setattr("core.jobs.publish.same_drive", lambda a, b: False)
    staging = desk.paths.staging(desk.job_id)
    assert staging_place(staging, desk.output, "job") == hidden_beside(desk.output, "job")
    (ready, _) = ready_to_rename(desk.files, desk.paths, desk.job_id)
    assert ready.staged == hidden_beside(desk.output, desk.job_id)
    assert ready.staged.read_bytes() == b"the video"
    desk.publish()
    desk.assert_published(desk.shelf.jobs.view(desk.job_id))
    assert list(desk.output.parent.iterdir()) == [desk.output]


def test_a_file_shorter_than_it_was_said_to_be_is_refused(desk):
    desk.files[0].staged.write_bytes(b"x")
    with pytest.raises(DiskError, match="not as long"):
        desk.publish()


def test_hidden_files_of_cancelled_jobs_are_swept_at_start(desk):
    beside = hidden_beside(desk.output, desk.job_id)
    beside.parent.mkdir(parents=True)
    beside.write_bytes(b"half")
    desk.shelf.jobs.transition(desk.job_id, JobStatus.CANCELLED, reason="cancelled")
    desk.recover()
    assert not beside.exists()
    assert not desk.paths.staging(desk.job_id).exists()


# --- what results mean for the library --------------------------------------------------------


def _ingested(desk, asset):
    staged = desk.stage("original", desk.paths.original(asset.sha256, asset.name), b"sound")
    return IngestResult(asset=asset), (staged,)


def test_an_ingested_asset_is_in_the_library_with_its_document(desk):
    asset = an_asset()
    desk.result, desk.files = _ingested(desk, asset)
    desk.publish()
    assert desk.assets.get(asset.id) == asset
    assert desk.paths.asset_document(asset.id).is_file()
    assert desk.told == [asset]
    assert desk.shelf.jobs.view(desk.job_id).source.asset == asset.id


def test_the_same_bytes_again_are_the_asset_that_was_there_out_of_the_trash(desk):
    first = an_asset()
    desk.assets.put(first)
    desk.assets.set_trashed(first.id, trashed=True)
    original = desk.paths.original(first.sha256, first.name)
    original.parent.mkdir(parents=True)
    original.write_bytes(b"sound")
    again = an_asset(name="another name.wav")
    desk.result, desk.files = _ingested(desk, again)
    desk.publish()
    result = desk.shelf.jobs.view(desk.job_id).result
    assert result.duplicate
    assert result.asset.id == first.id
    assert desk.assets.get(first.id).trashed_at is None
    assert desk.assets.count() == 1
    assert list(original.parent.iterdir()) == [original]
    assert not desk.paths.asset_document(again.id).exists()


def test_ingesting_a_lost_original_again_gives_it_back(desk):
    first = an_asset()
    desk.assets.put(first)
    desk.result, desk.files = _ingested(desk, an_asset(name="another name.wav"))
    desk.publish()
    assert desk.paths.original(first.sha256, first.name).read_bytes() == b"sound"


def test_a_folder_that_cannot_be_written_to_is_refused_in_words(desk, monkeypatch):
    monkeypatch.setattr("core.jobs.publish.os.access", lambda *_: False)
    with pytest.raises(DiskError, match="may not be written to"):
        check_output(desk.output, overwrite=False)


def test_a_name_too_long_is_refused_before_the_work(tmp_path):
    with pytest.raises(DiskError, match="too long"):
        check_output(tmp_path / f"{'x' * 300}.mp4", overwrite=True)


def test_a_read_only_disk_is_named_when_the_output_belongs_there(desk, monkeypatch):
    def read_only(*_args, **_named):
        raise OSError(errno.EROFS, "Read-only file system", str(desk.output))

    monkeypatch.setattr("core.jobs.publish.same_drive", lambda a, b: False)
    monkeypatch.setattr("core.jobs.publish.shutil.copyfileobj", read_only)
    monkeypatch.setattr("pathlib.Path.unlink", read_only)
    with pytest.raises(DiskError, match="Read-only"):
        ready_to_rename(desk.files, desk.paths, desk.job_id)
