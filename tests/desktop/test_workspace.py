"""The open project: undo, autosave, other tracks, project files."""

from fractions import Fraction
from pathlib import Path

import msgspec
import pytest
from pytestqt.qtbot import QtBot

from core.engine.protocol import ExportProject, NewProject, SaveProject, SubmitRender
from core.errors import DiskError
from desktop.main_window import MainWindow
from desktop.workspace import Workspace
from tests.desktop.fakes import FakeEngine, asset_like


@pytest.fixture
def workspace(window: MainWindow, engine: FakeEngine) -> Workspace:
    window.workspace.choose(engine.add_asset(asset_like(1, "Song")))
    return window.workspace


def test_a_track_alone_is_a_draft_and_the_first_edit_stores_it(
    qtbot: QtBot, workspace: Workspace, engine: FakeEngine
):
    assert not workspace.is_stored
    workspace.set_value("plate.glow", 1.5, 1.0)
    qtbot.waitUntil(lambda: workspace.is_stored)
    assert engine.sent(NewProject)[0].asset_id == "asset-0001"
    stored = engine.projects[workspace.project.id]
    assert stored.cues[0].values == {"plate.glow": 1.5}


def test_a_drag_is_one_undo_step_and_undo_brings_the_value_back(workspace: Workspace):
    for value in (1.1, 1.2, 1.3):
        workspace.set_value("plate.glow", value, 1.0)
    assert workspace.undo_stack.count() == 1
    workspace.undo_stack.undo()
    assert workspace.cue.values == {}
    workspace.undo_stack.redo()
    assert workspace.cue.values == {"plate.glow": 1.3}


def test_undo_keeps_the_identity_that_the_library_gave(qtbot: QtBot, workspace: Workspace):
    workspace.set_value("plate.glow", 1.5, 1.0)
    qtbot.waitUntil(lambda: workspace.is_stored)
    project_id = workspace.project.id
    workspace.undo_stack.undo()
    assert workspace.project.id == project_id


def test_the_default_value_is_not_kept(workspace: Workspace):
    workspace.set_value("plate.glow", 1.5, 1.0)
    workspace.set_value("plate.glow", 1.0, 1.0)
    assert workspace.cue.values == {}


def test_a_mix_that_everything_was_taken_out_of_is_stored_and_can_be_undone(
    qtbot: QtBot, window: MainWindow, workspace: Workspace, engine: FakeEngine
):
    workspace.set_value("plate.glow", 1.5, 1.0)
    qtbot.waitUntil(lambda: workspace.is_stored)
    window.desk.editing.select_all()
    window.desk.editing.delete()
    qtbot.waitUntil(lambda: not engine.projects[workspace.project.id].recipe.clips)
    window.desk.drop((engine.add_asset(asset_like(2, "Other")),))
    assert workspace.undo_stack.undoText() == "Add 1 track"
    workspace.undo_stack.undo()
    workspace.undo_stack.undo()
    assert [clip.asset_id for clip in workspace.project.recipe.clips] == ["asset-0001"]


def test_a_draft_that_is_emptied_before_it_was_stored_leaves_nothing(
    qtbot: QtBot, window: MainWindow, workspace: Workspace, engine: FakeEngine
):
    workspace.set_value("plate.glow", 1.5, 1.0)
    window.desk.editing.select_all()
    window.desk.editing.delete()
    qtbot.waitUntil(lambda: not workspace.is_dirty)
    assert not engine.sent(NewProject)
    assert not engine.projects


def test_copying_and_cutting_nothing_keeps_what_was_copied(
    window: MainWindow, workspace: Workspace
):
    editing = window.desk.editing
    editing.select_all()
    editing.copy()
    editing.select(())
    editing.copy()
    editing.cut()
    assert len(editing.copied) == 1
    assert not window.notices.shown


def test_another_track_starts_another_project_with_the_same_look(
    qtbot: QtBot, workspace: Workspace, engine: FakeEngine
):
    workspace.set_value("plate.glow", 1.5, 1.0)
    workspace.choose(engine.add_asset(asset_like(2, "Other")))
    qtbot.waitUntil(lambda: len(engine.projects) == 1)
    qtbot.waitUntil(lambda: bool(engine.sent(SaveProject)))
    first = next(iter(engine.projects.values()))
    assert first.recipe.clips[0].asset_id == "asset-0001"
    assert first.cues[0].values == {"plate.glow": 1.5}
    assert workspace.project.title == "Other"
    assert workspace.cue.values == {"plate.glow": 1.5}
    assert not workspace.is_stored
    assert not workspace.undo_stack.canUndo()


def test_saving_always_sends_the_state_that_was_read_last(
    qtbot: QtBot, workspace: Workspace, engine: FakeEngine
):
    for value in (1.5, 1.6):
        workspace.set_value("plate.glow", value, 1.0)
        qtbot.waitUntil(lambda: workspace.is_stored and not workspace.is_dirty)
        qtbot.waitUntil(
            lambda value=value: (
                workspace._stored is not None
                and workspace._stored.cues[0].values == {"plate.glow": value}
            )
        )
    first, second = engine.sent(SaveProject)
    assert second.project.updated_at > first.project.updated_at


def test_a_save_that_fails_is_marked_and_said(
    qtbot: QtBot, window: MainWindow, workspace: Workspace, engine: FakeEngine
):
    engine.failures[SaveProject] = DiskError("The disk is full.", hint="Free some space.")
    workspace.set_value("plate.glow", 1.5, 1.0)
    qtbot.waitUntil(lambda: window.header.saved.text() == "Not saved")
    assert window.notices.shown[-1].text == "The disk is full."


def test_a_project_file_is_written_after_the_project_is_stored(
    qtbot: QtBot, window: MainWindow, workspace: Workspace, engine: FakeEngine, tmp_path: Path
):
    window.files.save_file(tmp_path / "song.cymatic")
    qtbot.waitUntil(lambda: bool(engine.sent(ExportProject)))
    request = engine.sent(ExportProject)[0]
    assert request.id == workspace.project.id
    assert request.path == tmp_path / "song.cymatic"
    qtbot.waitUntil(lambda: workspace.file == tmp_path / "song.cymatic")


def test_a_recent_project_opens_with_its_track_and_look(
    qtbot: QtBot, window: MainWindow, workspace: Workspace, engine: FakeEngine
):
    workspace.set_value("plate.glow", 1.5, 1.0)
    qtbot.waitUntil(lambda: workspace.is_stored)
    project_id = workspace.project.id
    workspace.choose(engine.add_asset(asset_like(2, "Other")))
    window.files.open_recent(project_id)
    qtbot.waitUntil(lambda: workspace.project.id == project_id)
    assert workspace.asset.id == "asset-0001"
    assert window.header.title.text() == "Song"


def test_render_stores_the_project_and_submits_what_is_on_the_table(
    qtbot: QtBot, window: MainWindow, workspace: Workspace, engine: FakeEngine
):
    output = msgspec.structs.replace(
        workspace.output, format="360-mono-4k", start_s=Fraction(3), end_s=Fraction(9)
    )
    workspace.set_output(output)
    window.render_panel.submit()
    qtbot.waitUntil(lambda: bool(engine.sent(SubmitRender)))
    request = engine.sent(SubmitRender)[0]
    assert request.subject.project_id == workspace.project.id
    assert request.picture.format == "360-mono-4k"
    assert (request.start_s, request.end_s) == (3, 9)
    qtbot.waitUntil(lambda: window.render_panel.render_button.isEnabled())


def test_a_video_in_a_folder_never_takes_a_name_that_is_there(
    qtbot: QtBot, window: MainWindow, workspace: Workspace, engine: FakeEngine, tmp_path: Path
):
    (tmp_path / "Song 1080p 16x9.mp4").touch()
    window.render_panel.output.set_folder(tmp_path)
    window.render_panel.submit()
    qtbot.waitUntil(lambda: bool(engine.sent(SubmitRender)))
    assert engine.sent(SubmitRender)[0].output == tmp_path / "Song 1080p 16x9 2.mp4"
