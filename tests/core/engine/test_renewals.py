"""After an edit: features are found again by their sound, and what it made useless goes."""

import asyncio
from fractions import Fraction

import msgspec
import pytest

from core.analysis.features import features_key
from core.audio.recipe import prepared_key
from core.engine.protocol import (
    CancelJob,
    GetAsset,
    GetJob,
    NewProject,
    PauseQueue,
    SaveProject,
    Subject,
    SubmitAnalyze,
    SubmitFrame,
    SubmitPrepare,
    SubmitRender,
    WaitIdle,
)
from core.jobs.model import JobKind, JobStatus, PictureParams
from tests.core.library.examples import an_asset

pytestmark = pytest.mark.timeout(60)
PICTURE = PictureParams(scene="")


class Edits:
    """A project of one asset, edited as often as a test likes."""

    def __init__(self, studio):
        self.studio = studio

    async def open(self):
        self.asset = an_asset(name="song.wav", content=b"sound")
        self.studio.rows("assets").put(self.asset)
        self.project = await self.studio.call(NewProject(asset_id=self.asset.id))
        return self

    async def edit(self, start_s):
        """Store the project with its clip's in point moved."""
        (clip,) = self.project.recipe.clips
        clip = msgspec.structs.replace(clip, start_s=Fraction(start_s))
        recipe = msgspec.structs.replace(self.project.recipe, clips=(clip,))
        changed = msgspec.structs.replace(self.project, recipe=recipe)
        self.project = await self.studio.call(SaveProject(project=changed))

    @property
    def subject(self):
        return Subject(project_id=self.project.id)

    async def still(self, at_s="0.1"):
        request = SubmitFrame(subject=self.subject, picture=PICTURE, at_s=Fraction(at_s))
        return await self.studio.call(request)

    async def drop(self, submitted):
        """Give up a still, as a window does that wants another one."""
        await self.studio.call(CancelJob(id=submitted.job.id))

    async def statuses(self, submitted):
        views = [await self.studio.call(GetJob(id=job.id)) for job in submitted.chain]
        return {view.kind: view.status for view in views}

    def put_files(self, *, prepared=True):
        """Make it look as if the project's sound had been mixed and analysed."""
        key = prepared_key(self.project.recipe, {self.asset.id: self.asset})
        paths = self.studio.paths
        for path in (paths.prepared(key),) * prepared + (paths.features(features_key(key)),):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"made")


@pytest.fixture
async def edits(studio):
    await studio.call(PauseQueue())
    return await Edits(studio).open()


def kinds(submitted):
    return [job.kind for job in submitted.chain]


async def test_an_edited_sound_is_mixed_and_measured_once(edits):
    await edits.edit("0.5")
    first = await edits.still()
    assert kinds(first) == [JobKind.PREPARE, JobKind.ANALYZE, JobKind.FRAME]
    assert first.chain[0].params.features
    edits.put_files()
    assert kinds(await edits.still("0.2")) == [JobKind.FRAME]


async def test_features_of_a_sound_outlive_its_mixdown(edits):
    await edits.edit("0.5")
    edits.put_files(prepared=False)
    assert kinds(await edits.still()) == [JobKind.PREPARE, JobKind.FRAME]


async def test_an_edited_sound_leaves_the_asset_s_own_analysis_alone(studio, edits):
    await edits.edit("0.5")
    await studio.call(SubmitAnalyze(subject=edits.subject))
    studio.engine.parts.scheduler.resume()
    await studio.call(WaitIdle())
    assert (await studio.call(GetAsset(id=edits.asset.id))).analysis is None
    await studio.call(SubmitAnalyze(subject=Subject(asset_id=edits.asset.id)))
    await studio.call(WaitIdle())
    assert (await studio.call(GetAsset(id=edits.asset.id))).analysis is not None


async def test_a_mixdown_asked_for_alone_serves_a_still_too(studio, edits):
    await edits.edit("0.5")
    prepare = await studio.call(SubmitPrepare(subject=edits.subject))
    assert (await edits.still()).chain[0].id == prepare.job.id


async def test_an_edit_cancels_the_steps_of_the_sound_before_it(studio, edits):
    await edits.edit("0.5")
    old = await edits.still()
    await edits.drop(old)
    await edits.edit("0.6")
    new = await edits.still()
    await studio.end_of(old.chain[0].id)
    assert set((await edits.statuses(old)).values()) == {JobStatus.CANCELLED}
    assert set((await edits.statuses(new)).values()) == {JobStatus.QUEUED}


async def test_another_time_of_the_same_sound_keeps_its_steps(edits):
    await edits.edit("0.5")
    first = await edits.still("0.1")
    await edits.drop(first)
    second = await edits.still("0.2")
    assert [job.id for job in second.chain[:2]] == [job.id for job in first.chain[:2]]
    assert set((await edits.statuses(second)).values()) == {JobStatus.QUEUED}


async def test_steps_that_something_waits_for_stay(studio, edits):
    await edits.edit("0.5")
    old = await edits.still()
    await studio.call(SubmitRender(subject=edits.subject, picture=PICTURE))
    await edits.drop(old)
    await edits.edit("0.6")
    await edits.still()
    statuses = await edits.statuses(old)
    assert statuses.pop(JobKind.FRAME) is JobStatus.CANCELLED
    assert set(statuses.values()) == {JobStatus.QUEUED}


async def test_a_running_step_of_an_older_sound_makes_room(studio, edits):
    (studio.root / "script").write_text("steps=500,wait=0.02.script")
    studio.engine.parts.scheduler.resume()
    await edits.edit("0.5")
    old = await edits.still()
    await studio.until_working(old.chain[0].id)
    await edits.drop(old)
    (studio.root / "script").write_text("steps=2.script")
    await edits.edit("0.6")
    new = await edits.still()
    assert (await studio.end_of(old.chain[0].id)).status is JobStatus.CANCELLED
    assert (await studio.end_of(new.job.id)).status is JobStatus.DONE


async def test_what_is_being_cancelled_is_not_shared(studio, edits):
    (studio.root / "script").write_text("steps=500,wait=0.02.script")
    studio.engine.parts.scheduler.resume()
    await edits.edit("0.5")
    old = await studio.call(SubmitPrepare(subject=edits.subject))
    await studio.until_working(old.job.id)
    cancelling = asyncio.create_task(studio.engine.parts.scheduler.cancel(old.job.id))
    await asyncio.sleep(0)
    assert studio.engine.parts.lists.live_like(old.job.params) is None
    (studio.root / "script").write_text("steps=2.script")
    new = await studio.call(SubmitPrepare(subject=edits.subject))
    await cancelling
    assert new.job.id != old.job.id
    assert (await studio.end_of(new.job.id)).status is JobStatus.DONE


async def test_a_mixdown_alone_does_not_serve_who_wants_the_sounds_back(studio, edits):
    await edits.edit("0.5")
    mixdown = await edits.still()
    sounds = await studio.call(SubmitPrepare(subject=edits.subject, sounds=True))
    again = await studio.call(SubmitPrepare(subject=edits.subject, sounds=True))
    assert sounds.job.id != mixdown.chain[0].id
    assert again.job.id == sounds.job.id
