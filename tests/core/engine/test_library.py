"""Assets, projects, settings and the library as a whole, through the socket."""

import zipfile
from fractions import Fraction

import msgspec
import pytest

from core.documents import to_json
from core.engine.protocol import (
    BackupLibrary,
    CheckLibrary,
    ExportAsset,
    ExportProject,
    GetAsset,
    GetProject,
    GetSettings,
    GetStats,
    ImportProject,
    ListAssets,
    ListProjects,
    NewProject,
    PauseQueue,
    RelocateAsset,
    RestoreAsset,
    SaveProject,
    SetSettings,
    Subject,
    SubmitAnalyze,
    SubmitEstimate,
    SubmitFrame,
    SubmitIngest,
    SubmitPrepare,
    SubmitRender,
    TrashAsset,
)
from core.errors import KnownError
from core.ingest.sources import AudioFile, DirectUrl, YouTube
from core.jobs.model import JobKind, PictureParams
from core.library.project import Project
from tests.core.engine.studio import Studio
from tests.core.library.examples import an_asset


def _shelve(studio, name="song.wav", content=b"sound", **fields):
    """Put an asset with its original into the library, without a job."""
    asset = an_asset(name=name, content=content, **fields)
    studio.rows("assets").put(asset)
    original = studio.paths.original(asset.sha256, asset.name)
    original.parent.mkdir(parents=True, exist_ok=True)
    original.write_bytes(content)
    document = studio.paths.asset_document(asset.id)
    document.parent.mkdir(exist_ok=True)
    document.write_bytes(msgspec.json.format(to_json(asset), indent=2))
    return asset


async def _refused(studio, request):
    with pytest.raises(KnownError) as caught:
        await studio.call(request)
    return caught.value.code


# --- assets -----------------------------------------------------------------------------------


async def test_assets_are_listed_newest_first_in_pages_and_found_by_words(studio):
    made = [_shelve(studio, f"take {n}.wav", b"%d" % n, artist="Ärzte") for n in range(7)]
    seen, cursor = [], None
    while True:
        page = await studio.call(ListAssets(limit=3, cursor=cursor))
        assert page.total == 7
        seen += [asset.id for asset in page.assets]
        cursor = page.cursor
        if cursor is None:
            break
    assert seen == [asset.id for asset in reversed(made)]
    found = await studio.call(ListAssets(search="ÄRZTE 5"))
    assert [asset.id for asset in found.assets] == [made[5].id]
    assert (await studio.call(ListAssets(search="100%"))).assets == ()


async def test_the_trash_takes_and_gives_back(studio):
    asset = _shelve(studio)
    assert (await studio.call(TrashAsset(id=asset.id))).trashed_at is not None
    assert (await studio.call(ListAssets())).assets == ()
    assert (await studio.call(ListAssets(trashed=True))).total == 1
    assert (await studio.call(RestoreAsset(id=asset.id))) == asset
    assert (await studio.call(CheckLibrary())).faults == ()


async def test_what_a_project_uses_stays_unless_forced(studio):
    asset = _shelve(studio)
    await studio.call(NewProject(asset_id=asset.id))
    assert await _refused(studio, TrashAsset(id=asset.id)) == "in-use"
    assert (await studio.call(TrashAsset(id=asset.id, force=True))).trashed_at is not None


async def test_what_a_waiting_job_uses_stays(studio):
    await studio.call(PauseQueue())
    asset = _shelve(studio)
    await studio.call(SubmitAnalyze(subject=Subject(asset_id=asset.id)))
    assert await _refused(studio, TrashAsset(id=asset.id)) == "in-use"


async def test_a_missing_original_is_seen_and_only_the_same_bytes_replace_it(studio, tmp_path):
    asset = _shelve(studio)
    studio.paths.original(asset.sha256, asset.name).unlink()
    assert (await studio.call(GetAsset(id=asset.id))).missing
    other, same = tmp_path / "other.wav", tmp_path / "same.wav"
    other.write_bytes(b"noise")
    same.write_bytes(b"sound")
    assert await _refused(studio, RelocateAsset(id=asset.id, path=other)) == "usage"
    assert not (await studio.call(RelocateAsset(id=asset.id, path=same))).missing
    assert same.read_bytes() == b"sound"


async def test_an_export_copies_and_replaces_nothing(studio, tmp_path):
    asset = _shelve(studio)
    request = ExportAsset(id=asset.id, folder=tmp_path / "out")
    copy, document = (await studio.call(request)).paths
    assert copy.read_bytes() == b"sound"
    assert document.is_file()
    assert await _refused(studio, request) == "exists"


# --- submitting -------------------------------------------------------------------------------


async def test_missing_steps_are_added_and_none_that_is_not_needed(studio):
    await studio.call(PauseQueue())
    asset = _shelve(studio)
    prepare = await studio.call(SubmitPrepare(subject=Subject(asset_id=asset.id)))
    assert [job.kind for job in prepare.chain] == [JobKind.PREPARE]
    analyze = await studio.call(SubmitAnalyze(subject=Subject(asset_id=asset.id)))
    assert analyze.chain[0].id == prepare.job.id
    project = await studio.call(NewProject(asset_id=asset.id))
    picture = PictureParams(scene="")
    render = await studio.call(
        SubmitRender(subject=Subject(project_id=project.id), picture=picture)
    )
    assert render.job.source.project == project.id
    assert render.job.depends_on == tuple(sorted(job.id for job in analyze.chain))


@pytest.mark.parametrize(
    ("source", "code"),
    [
        (DirectUrl(url="https://example.org/a.mp3"), "not-available-yet"),
        (YouTube(url="https://youtu.be/x"), "not-available-yet"),
    ],
)
async def test_sources_on_the_network_are_refused_for_now(studio, source, code):
    assert await _refused(studio, SubmitIngest(source=source)) == code
    subject = Subject(source=source)
    assert await _refused(studio, SubmitAnalyze(subject=subject)) == code
    assert (await studio.call(GetStats())).jobs.queued == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"picture": PictureParams(scene="", format="99x99")},
        {"picture": PictureParams(scene="no-such-scene")},
        {"picture": PictureParams(scene="", fps=0)},
        {"picture": PictureParams(scene="", quality="best")},
        {"start_s": 5, "end_s": 5},
        {"target": "modal"},
        {"subject": Subject()},
        {"subject": Subject(asset_id="nothing")},
    ],
)
async def test_what_no_job_could_do_is_refused_at_once_and_nothing_is_queued(studio, changes):
    asset = _shelve(studio)
    request = SubmitRender(subject=Subject(asset_id=asset.id), picture=PictureParams(scene=""))
    await _refused(studio, msgspec.structs.replace(request, **changes))
    assert (await studio.call(GetStats())).jobs.queued == 0


async def test_a_time_after_the_end_is_refused_before_any_work(studio):
    asset = _shelve(studio)  # two seconds
    subject, picture = Subject(asset_id=asset.id), PictureParams(scene="")
    late = SubmitRender(subject=subject, picture=picture, start_s=Fraction(2))
    frame = SubmitFrame(subject=subject, picture=picture, at_s=Fraction(60))
    for request in (late, frame, SubmitEstimate(render=late)):
        with pytest.raises(KnownError, match="the sound ends before") as caught:
            await studio.call(request)
        assert (caught.value.code, caught.value.hint) == ("usage", "The sound is 2.000 s long.")
    assert (await studio.call(GetStats())).jobs.queued == 0
    project = await studio.call(NewProject(asset_id=asset.id))
    clip = msgspec.structs.replace(project.recipe.clips[0], start_s=Fraction(3, 2))
    recipe = msgspec.structs.replace(project.recipe, clips=(clip,))
    await studio.call(SaveProject(project=msgspec.structs.replace(project, recipe=recipe)))
    late = msgspec.structs.replace(
        late, subject=Subject(project_id=project.id), start_s=Fraction(1)
    )
    assert await _refused(studio, late) == "usage"


async def test_an_output_that_exists_or_that_another_job_writes_is_refused(studio, tmp_path):
    await studio.call(PauseQueue())
    asset = _shelve(studio)
    output = tmp_path / "video.mp4"
    output.write_bytes(b"mine")
    request = SubmitRender(
        subject=Subject(asset_id=asset.id), picture=PictureParams(scene=""), output=output
    )
    assert await _refused(studio, request) == "exists"
    output.unlink()
    await studio.call(request)
    assert await _refused(studio, request) == "exists"


async def test_a_trashed_asset_is_not_worked_on(studio):
    asset = _shelve(studio)
    await studio.call(TrashAsset(id=asset.id))
    assert await _refused(studio, SubmitAnalyze(subject=Subject(asset_id=asset.id))) == "usage"


# --- projects ---------------------------------------------------------------------------------


async def test_a_project_is_saved_and_a_stale_save_is_refused(studio):
    asset = _shelve(studio)
    project = await studio.call(NewProject(asset_id=asset.id, title="First"))
    mine = msgspec.structs.replace(project, title="Mine")
    saved = await studio.call(SaveProject(project=mine))
    assert saved.updated_at >= project.updated_at
    assert await studio.call(GetProject(id=project.id)) == saved
    theirs = msgspec.structs.replace(project, title="Theirs")
    assert await _refused(studio, SaveProject(project=theirs)) == "conflict"
    again = await studio.call(SaveProject(project=msgspec.structs.replace(saved, seed=9)))
    assert again.seed == 9
    (summary,) = (await studio.call(ListProjects())).projects
    assert (summary.title, summary.updated_at) == ("Mine", again.updated_at)
    document = studio.paths.project(project.id)
    assert msgspec.json.decode(document.read_bytes())["seed"] == 9


async def test_a_project_travels_to_another_library_with_its_originals(studio, tmp_path):
    asset = _shelve(studio)
    project = await studio.call(NewProject(asset_id=asset.id, title="Travels"))
    file = tmp_path / "travels.cymatic"
    await studio.call(ExportProject(id=project.id, path=file))
    assert await _refused(studio, ExportProject(id=project.id, path=file)) == "exists"
    other = await Studio(tmp_path / "other").start()
    opened = await other.call(ImportProject(path=file))
    taken = await other.call(GetAsset(id=opened.recipe.clips[0].asset_id))
    assert (opened.title, taken.sha256, taken.missing) == ("Travels", asset.sha256, False)
    assert opened.id == project.id
    assert (await other.call(ListAssets())).total == 1
    assert (await other.call(CheckLibrary())).faults == ()
    await other.stop()


async def test_a_project_file_opened_again_is_the_same_project(studio, tmp_path):
    asset = _shelve(studio)
    project = await studio.call(NewProject(asset_id=asset.id, title="Mine"))
    file, changed = tmp_path / "mine.cymatic", tmp_path / "changed.cymatic"
    await studio.call(ExportProject(id=project.id, path=file))
    edited = await studio.call(SaveProject(project=msgspec.structs.replace(project, seed=7)))
    await studio.call(ExportProject(id=project.id, path=changed))
    assert await studio.call(ImportProject(path=file)) == edited  # an older state of it
    other = await Studio(tmp_path / "other").start()
    first = await other.call(ImportProject(path=file))
    assert await other.call(ImportProject(path=file)) == first
    second = await other.call(ImportProject(path=changed))
    assert (first.seed, second.seed) == (1, 7)
    assert second.id not in (first.id, project.id)
    assert await other.call(ImportProject(path=changed)) == second
    kept = await other.call(SaveProject(project=msgspec.structs.replace(second, seed=8)))
    assert await other.call(ImportProject(path=changed)) == kept
    assert len((await other.call(ListProjects())).projects) == 2
    await other.stop()


async def test_an_id_in_a_project_file_never_becomes_a_path(studio, tmp_path):
    asset = _shelve(studio)
    project = await studio.call(NewProject(asset_id=asset.id))
    file = tmp_path / "good.cymatic"
    await studio.call(ExportProject(id=project.id, path=file))
    evil = msgspec.structs.replace(project, id="../../evil")
    lie = _rewritten(file, tmp_path / "evil.cymatic", **{"project.json": to_json(evil)})
    opened = await studio.call(ImportProject(path=lie))
    assert opened.id not in (project.id, evil.id)
    assert studio.paths.project(opened.id).is_file()
    assert not list(tmp_path.glob("**/evil.json"))


def _rewritten(source, target, **members):
    """Copy a project file with some members replaced (None: left out)."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            data = members.get(name, old.read(name)) if name in members else old.read(name)
            if data is not None:
                new.writestr(name, data)
        for name in members.keys() - set(old.namelist()):
            new.writestr(name, members[name])
    return target


async def test_project_files_that_lie_are_refused_and_leave_nothing(studio, tmp_path):
    asset = _shelve(studio)
    project = await studio.call(NewProject(asset_id=asset.id))
    file = tmp_path / "good.cymatic"
    await studio.call(ExportProject(id=project.id, path=file))
    document, original = f"assets/{asset.id}.json", f"originals/{asset.sha256}"
    escape = msgspec.structs.replace(
        asset, pcm=msgspec.structs.replace(asset.pcm, key="../../escape")
    )
    newer = msgspec.structs.replace(project, version=999)
    lies = {
        "damaged original": {original: b"noise"},
        "longer original": {original: b"sound and more"},
        "no original": {original: None},
        "no document": {document: None},
        "no project": {"project.json": None},
        "a path as a key": {document: to_json(escape)},
        "a newer version": {"project.json": to_json(newer)},
        "no JSON": {"project.json": b"\xff"},
    }
    other = await Studio(tmp_path / "other").start()
    for name, members in lies.items():
        lie = _rewritten(file, tmp_path / f"{name}.cymatic", **members)
        assert await _refused(other, ImportProject(path=lie)), name
    (tmp_path / "text.cymatic").write_text("not a zip")
    assert await _refused(other, ImportProject(path=tmp_path / "text.cymatic")) == "project-file"
    assert (await other.call(ListAssets())).total == 0
    assert (await other.call(ListProjects())).projects == ()
    assert not list((other.root / "originals").glob("*/*")) if other.root.exists() else True
    await other.stop()


async def test_names_in_a_project_file_never_become_paths(studio, tmp_path):
    asset = _shelve(studio)
    project = await studio.call(NewProject(asset_id=asset.id))
    file = tmp_path / "good.cymatic"
    await studio.call(ExportProject(id=project.id, path=file))
    evil = msgspec.structs.replace(asset, name="../../../evil.wav")
    members = {f"assets/{asset.id}.json": to_json(evil), "../../stray.txt": b"stray"}
    lie = _rewritten(file, tmp_path / "evil.cymatic", **members)
    other = await Studio(tmp_path / "deep" / "other").start()
    await other.call(ImportProject(path=lie))
    assert not list(tmp_path.glob("**/stray.txt"))
    (original,) = (other.root / "originals" / asset.sha256).iterdir()
    assert original.read_bytes() == b"sound"
    await other.stop()


def test_a_project_needs_an_id_a_title_a_recipe_and_cues():
    required = {"id", "title", "recipe", "cues", "created_at", "updated_at"}
    fields = msgspec.structs.fields(Project)
    assert {field.name for field in fields if field.required} == required


# --- the library as a whole -------------------------------------------------------------------


async def test_stats_say_how_much_there_is(studio):
    _shelve(studio)
    stats = await studio.call(GetStats())
    assert (stats.assets, stats.projects) == (1, 0)
    assert stats.bytes_by_kind["originals"] == 5
    assert stats.bytes_by_kind["database"] > 0
    assert stats.free_bytes > 0


async def test_a_check_finds_what_is_wrong_and_a_repair_loses_nothing(studio):
    kept, damaged, gone = [_shelve(studio, f"{n}.wav", b"%d" % n) for n in range(3)]
    lost = an_asset(name="lost.wav", content=b"lost")
    original = studio.paths.original(lost.sha256, lost.name)
    original.parent.mkdir(parents=True)
    original.write_bytes(b"lost")
    studio.paths.asset_document(lost.id).write_bytes(to_json(lost))
    stray = studio.root / "renders" / "nobody" / "video.mp4"
    stray.parent.mkdir(parents=True)
    stray.write_bytes(b"stray")
    studio.paths.original(damaged.sha256, damaged.name).write_bytes(b"X")
    studio.paths.original(gone.sha256, gone.name).unlink()
    studio.paths.asset_document(kept.id).unlink()

    found = await studio.call(CheckLibrary())
    assert {fault.code for fault in found.faults} == {
        "original-damaged", "original-missing", "document", "asset-unknown", "orphan",
    }  # fmt: skip
    assert not any(fault.repaired for fault in found.faults)
    repaired = await studio.call(CheckLibrary(repair=True))
    assert {fault.code for fault in repaired.faults if fault.repaired} == {
        "document", "asset-unknown", "orphan",
    }  # fmt: skip
    assert (await studio.call(GetAsset(id=lost.id))).title == "lost"
    assert (studio.paths.trash / "renders" / "nobody" / "video.mp4").read_bytes() == b"stray"
    left = (await studio.call(CheckLibrary())).faults
    assert {fault.code for fault in left} <= {"original-damaged", "original-missing", "document"}


async def test_a_backup_is_a_whole_store(studio, tmp_path):
    _shelve(studio)
    (copy,) = (await studio.call(BackupLibrary())).paths
    other = tmp_path / "restored"
    other.mkdir()
    copy.rename(other / "library.sqlite3")
    restored = await Studio(other).start()
    assert (await restored.call(ListAssets())).total == 1
    await restored.stop()


async def test_settings_are_kept_and_nonsense_is_refused(studio):
    settings = await studio.call(GetSettings())
    changed = msgspec.structs.replace(settings, gpu_jobs=2, allow_hosts=("nas.local:8080",))
    assert await studio.call(SetSettings(settings=changed)) == changed
    nonsense = msgspec.structs.replace(settings, max_attempts=0)
    assert await _refused(studio, SetSettings(settings=nonsense)) == "usage"
    await studio.stop()
    await studio.start()
    assert await studio.call(GetSettings()) == changed


async def test_settings_that_cannot_be_read_are_set_aside(studio):
    await studio.stop()
    studio.paths.settings.write_text("{")
    await studio.start()
    assert (await studio.call(GetSettings())).gpu_jobs == 1
    assert studio.paths.settings.with_name("settings.json.unreadable").read_text() == "{"


async def test_the_same_file_twice_is_one_asset_and_told_so(studio):
    first = (await studio.end_of(await studio.ingest("seed=same,n=1"))).result
    second = (await studio.end_of(await studio.ingest("seed=same,n=2"))).result
    assert (first.duplicate, second.duplicate) == (False, True)
    assert second.asset.id == first.asset.id
    source = AudioFile(path=studio.root / "seed=same,n=1.wav")
    assert first.asset.provenance.source == source
    assert (await studio.call(ListAssets())).total == 1
