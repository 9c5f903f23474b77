"""The value types: links, unions, settings, documents."""

import ast
import typing
from pathlib import Path

import msgspec
import pytest

from core.config import Settings
from core.engine import protocol
from core.errors import NotAvailableYetError
from core.ingest.sources import (
    AudioFile,
    DirectUrl,
    Source,
    VideoFile,
    YouTube,
    require_available,
    source_from_text,
)
from core.jobs.model import (
    KIND_LANE,
    TRANSITIONS,
    JobKind,
    JobParams,
    JobResult,
    JobStatus,
    JobView,
    OutputView,
)

ROOT = Path(__file__).parents[2]
AVAILABLE = {AudioFile, VideoFile}
"""The sources that ingest takes today; raise this with the issue that adds one."""


def tags_of(union: object) -> set[str]:
    return {str(member.__struct_config__.tag) for member in typing.get_args(union)}


def test_every_kind_has_parameters_a_result_and_a_lane():
    kinds = {str(kind) for kind in JobKind}
    assert tags_of(JobParams) == kinds
    assert tags_of(JobResult) == kinds
    assert set(KIND_LANE) == set(JobKind)


def test_every_job_view_has_its_output_links():
    fields = {field.name: field.type for field in msgspec.structs.fields(JobView)}
    assert fields["outputs"] == tuple[OutputView, ...]
    assert {"path", "sha256", "bytes", "remote"} <= {
        field.name for field in msgspec.structs.fields(OutputView)
    }


def test_every_result_links_to_what_it_made():
    links = {"asset", "asset_id", "path", "prepared_key", "disk_needed_bytes"}
    for member in typing.get_args(JobResult):
        names = {field.name for field in msgspec.structs.fields(member)}
        assert names & links, member


def test_no_transition_leaves_a_terminal_state():
    assert not any(source and source.terminal for source, _ in TRANSITIONS)
    assert {target for _, target in TRANSITIONS} == set(JobStatus)


def test_every_request_is_part_of_the_protocol_and_names_its_answer():
    members = set(typing.get_args(protocol.AnyRequest))
    declared = {
        value
        for value in vars(protocol).values()
        if isinstance(value, type)
        and issubclass(value, protocol.Request | protocol.Stream)
        and value not in (protocol.Request, protocol.Stream)
    }
    assert declared == members
    for member in members:
        assert isinstance(getattr(member, "reply", getattr(member, "event", None)), object)


def test_exactly_the_announced_sources_are_available():
    for member in typing.get_args(Source):
        source = member(path=Path("/a")) if member in AVAILABLE else member(url="https://a/b")
        if member in AVAILABLE:
            assert require_available(source) is source
        else:
            with pytest.raises(NotAvailableYetError):
                require_available(source)


@pytest.mark.parametrize("folder", ["core/cli", "core/engine", "desktop"])
def test_every_door_asks_the_one_function_which_sources_it_takes(folder: str):
    calls = [
        node
        for path in (ROOT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("require_available")
    ]
    assert calls


def test_a_text_becomes_every_member_of_the_union():
    texts = ("/a/b.wav", "/a/b.mp4", "https://example.org/b.mp3", "https://youtu.be/x")
    found = {type(source_from_text(text)) for text in texts}
    assert found == set(typing.get_args(Source)) == {AudioFile, VideoFile, DirectUrl, YouTube}


def test_every_setting_is_documented():
    text = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    names = {field.name for field in msgspec.structs.fields(Settings)}
    assert {name for name in names if f"`{name}`" not in text} == set()


def test_every_environment_variable_is_documented():
    source = (ROOT / "core" / "config.py").read_text(encoding="utf-8")
    text = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    tree = ast.walk(ast.parse(source))
    names = {
        node.value
        for node in tree
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and node.value.startswith("CYMATIC_")
    }
    assert names
    assert {name for name in names if f"`{name}`" not in text} == set()
