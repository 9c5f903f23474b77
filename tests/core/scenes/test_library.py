import json
from pathlib import Path

import pytest

from core.errors import SceneError
from core.scenes.library import check_scene, default_scene_name, list_scenes, load_scene

SHADER = "vec4 shade(Ray ray) { return vec4(tint * lift, 1.0); }\n"


def scene_document(**changes):
    layer = {
        "type": "shader",
        "name": "sky",
        "title": "Sky",
        "fragment": "sky.frag",
        "parameters": [
            {"type": "color", "name": "tint", "label": "Tint", "default": [0.1, 0.2, 0.3]},
            {"type": "float", "name": "gain", "label": "Gain", "default": 1.0},
        ],
        "modulations": [{"feature": "rms", "uniform": "lift", "amount_parameter": "gain"}],
    }
    layer.update(changes.pop("layer", {}))
    return {"name": "mine", "title": "Mine", "layers": [layer], **changes}


def write_scene(folder: Path, shader: str = SHADER, **changes) -> Path:
    (folder / "sky.frag").write_text(shader, encoding="utf-8")
    path = folder / "mine.scene.json"
    path.write_text(json.dumps(scene_document(**changes)), encoding="utf-8")
    return path


def test_default_scene_is_listed_first_with_a_thumbnail():
    first = list_scenes()[0]
    assert first.name == default_scene_name()
    assert Path(first.thumbnail).read_bytes().startswith(b"\x89PNG")


def test_every_built_in_scene_loads_whole_and_compiles():
    for summary in list_scenes():
        scene = load_scene(summary.name)
        assert scene.license
        assert all("vec4 shade(" in layer.fragment for layer in scene.layers)
        folder = Path(__file__).parents[3] / "resources" / "scenes" / summary.name
        assert check_scene(folder / f"{summary.name}.scene.json") == scene


def test_scene_file_is_inlined_and_depends_on_no_file(tmp_path):
    path = write_scene(tmp_path)
    scene = load_scene(path)
    (tmp_path / "sky.frag").unlink()
    assert scene.layers[0].fragment == SHADER


@pytest.mark.parametrize("name", ["nothing-here", "../resonance", "", "resonance/../resonance"])
def test_unknown_name_is_refused_with_the_names_there_are(name):
    with pytest.raises(SceneError) as caught:
        load_scene(name)
    assert default_scene_name() in caught.value.hint


def test_a_file_that_is_no_scene_is_called_that(tmp_path):
    notes = tmp_path / "notes.txt"
    notes.write_text("not a scene")
    with pytest.raises(SceneError, match=r"“notes\.txt” is no scene file\.") as caught:
        load_scene(notes)
    assert ".scene.json" in caught.value.hint


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"name": "My Scene"}, "name"),
        ({"cost": "free"}, "cost"),
        ({"layers": []}, "layers"),
        ({"version": 99}, "newer Cymatic"),
        ({"layer": {"fragment": "../sky.frag"}}, "layers.sky.fragment"),
        ({"layer": {"fragment": "/etc/hostname"}}, "layers.sky.fragment"),
        ({"layer": {"fragment": "..\\sky.frag"}}, "layers.sky.fragment"),
        ({"layer": {"fragment": "missing.frag"}}, "missing.frag"),
        ({"layer": {"blend": "burn"}}, "layers.sky.blend"),
        ({"layer": {"name": "u_sky"}}, "layers.u_sky"),
        ({"layer": {"opacity": "half"}}, "$.layers[0].opacity"),
        (
            {"layer": {"modulations": [{"feature": "rms", "uniform": "gain"}]}},
            "“gain” is there twice",
        ),
        (
            {
                "layer": {
                    "modulations": [
                        {"feature": "rms", "uniform": "lift", "amount_parameter": "tint"}
                    ]
                }
            },
            "layers.sky.modulations.lift.amount_parameter",
        ),
        (
            {"layer": {"parameters": [{"type": "float", "name": "a", "label": "", "default": 9}]}},
            "layers.sky.parameters.a.default",
        ),
    ],
)
def test_fault_in_a_scene_file_names_the_field(tmp_path, changes, told):
    with pytest.raises(SceneError) as caught:
        load_scene(write_scene(tmp_path, **changes))
    assert told in caught.value.message


def test_linked_shader_is_not_followed(tmp_path):
    (tmp_path / "secret").write_text("secret", encoding="utf-8")
    path = write_scene(tmp_path)
    (tmp_path / "sky.frag").unlink()
    (tmp_path / "sky.frag").symlink_to(tmp_path / "secret")
    with pytest.raises(SceneError):
        load_scene(path)


def test_file_that_is_no_scene_is_told(tmp_path):
    path = tmp_path / "x.scene.json"
    for content in (b"", b"{", b"\xff\xfe", b"[]", b"null"):
        path.write_bytes(content)
        with pytest.raises(SceneError):
            load_scene(path)
    with pytest.raises(SceneError):
        load_scene(tmp_path / "absent.scene.json")


def test_shader_that_does_not_compile_is_told_by_its_line(tmp_path):
    path = write_scene(tmp_path, shader="// one\n// two\nvec4 shade(Ray ray) { return nope; }\n")
    with pytest.raises(SceneError, match=r"line 3: .*nope"):
        check_scene(path)
