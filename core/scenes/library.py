"""Scene stage: find, read and check scene files.

In: a built-in scene's name, or the path of a `.scene.json` with its shaders beside it. Out: a
`Scene` with its shaders inlined, which depends on no file. Every fault is a `SceneError` that
names the field or the line.
"""

import os
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

import msgspec

from core.documents import from_json
from core.errors import KnownError, SceneError
from core.scenes.model import (
    SCENE_VERSION,
    FloatParameter,
    Layer,
    Parameter,
    Scene,
    SceneSummary,
)

BUILT_IN = Path(__file__).parents[2] / "resources" / "scenes"
SUFFIX = ".scene.json"
MAX_SHADER_BYTES = 1 << 20
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_IDENTIFIER = re.compile(r"(?!gl_|u_)[a-z][a-z0-9_]*")
_RESERVED = frozenset(
    "bool break case const continue default discard do double else false float for if in inout int "
    "out return sampler struct switch true uint uniform uvec vec void while ray shade main".split()
)
_DEFAULT = "resonance"


def default_scene_name() -> str:
    """Return the name of the scene that is used when nobody names one."""
    return _DEFAULT


def list_scenes() -> tuple[SceneSummary, ...]:
    """Return the built-in scenes, the default one first, then by title."""
    scenes = [load_scene(file.parent.name) for file in BUILT_IN.glob(f"*/*{SUFFIX}")]
    scenes.sort(key=lambda scene: (scene.name != _DEFAULT, scene.title))
    return tuple(summary_of(scene) for scene in scenes)


def summary_of(scene: Scene) -> SceneSummary:
    """Return what a list shows of a scene."""
    picture = BUILT_IN / scene.name / "thumbnail.png"
    return SceneSummary(
        name=scene.name,
        title=scene.title,
        description=scene.description,
        cost=scene.cost,
        thumbnail=str(picture) if picture.is_file() else None,
    )


def load_scene(name_or_path: str | Path) -> Scene:
    """Return a scene by its built-in name or the path of its file, shaders inlined.

    Raises
    ------
    SceneError
        When there is no such scene, or its file does not hold one; the message names the field.
    """
    text = str(name_or_path)
    if text.endswith(SUFFIX):
        return _read(Path(text))
    file = BUILT_IN / text / f"{text}{SUFFIX}"
    if not _NAME.fullmatch(text) or not file.is_file():
        names = sorted(folder.name for folder in BUILT_IN.iterdir() if folder.is_dir())
        is_path = Path(text).name not in ("", text) or os.path.isfile(text)
        raise SceneError(
            f"“{Path(text).name}” is no scene file." if is_path else f"There is no scene “{text}”.",
            hint=f"Use a {SUFFIX} file or one of: {', '.join(names)}.",
            code="no-scene",
        )
    return _read(file)


def check_scene(path: Path) -> Scene:
    """Return the scene in a file after compiling its shaders, draft and final.

    Raises
    ------
    SceneError
        For any fault of the file or of a shader, with its field or line.
    RenderError
        When there is no OpenGL to compile with.
    """
    from core.render.context import create_context  # GL is loaded only where it is used
    from core.render.passes import PassSet

    scene = load_scene(path)
    context = create_context()
    try:
        for quality in ("final", "draft"):
            passes = PassSet(context, quality)
            passes.prepare(scene)
            passes.release()
    finally:
        context.release()
    return scene


def _read(file: Path) -> Scene:
    try:
        scene = from_json(file.read_bytes(), Scene)
    except OSError as error:
        raise SceneError(
            f"The scene file {file.name} cannot be read: {error.strerror or error}.",
            hint="Check its name and its permissions.",
            path=file,
        ) from error
    except KnownError as error:
        raise SceneError(
            f"{file.name}: {error.message}",
            hint="docs/scenes.md describes every field of a scene file.",
            path=file,
        ) from error
    _check_head(scene, file)
    layers = tuple(_inlined(layer, file) for layer in scene.layers)
    return msgspec.structs.replace(scene, layers=layers)


def _inlined(layer: Layer, file: Path) -> Layer:
    """Return the layer with its shader's text in place of the file's name."""
    _check_layer(layer, file)
    return msgspec.structs.replace(layer, fragment=_shader(layer, file))


def _shader(layer: Layer, file: Path) -> str:
    """Return the text of a layer's shader, which lies beside the scene file."""
    name = layer.fragment
    if PurePosixPath(name).name != name or "\\" in name or name in ("", ".", ".."):
        raise _fault(
            file, f"layers.{layer.name}.fragment", f"“{name}” is no file beside the scene file"
        )
    shader = file.parent / name
    try:
        if shader.is_symlink() or not shader.is_file():
            raise _fault(file, f"layers.{layer.name}.fragment", f"there is no file {name}")
        if shader.stat().st_size > MAX_SHADER_BYTES:
            raise _fault(file, f"layers.{layer.name}.fragment", f"{name} is over 1 MB")
        return shader.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise _fault(
            file, f"layers.{layer.name}.fragment", f"{name} cannot be read as text"
        ) from error


def _check_head(scene: Scene, file: Path) -> None:
    if scene.version > SCENE_VERSION:
        raise SceneError(
            f"{file.name} was made for a newer Cymatic (scene version {scene.version}).",
            hint="Update Cymatic.",
            path=file,
        )
    if not _NAME.fullmatch(scene.name):
        raise _fault(file, "name", "use lower case letters, digits and dashes")
    if scene.cost not in ("light", "medium", "heavy"):
        raise _fault(file, "cost", "use light, medium or heavy")
    if not scene.layers:
        raise _fault(file, "layers", "a scene needs at least one")
    _check_unique(file, "layers", (layer.name for layer in scene.layers))


def _check_layer(layer: Layer, file: Path) -> None:
    at = f"layers.{layer.name}"
    _check_identifier(file, at, layer.name)
    if layer.blend not in ("normal", "add", "screen"):
        raise _fault(file, f"{at}.blend", "use normal, add or screen")
    moved = {modulation.uniform for modulation in layer.modulations}
    _check_unique(file, f"{at}.parameters", [*(p.name for p in layer.parameters), *moved])
    numbers = {p.name for p in layer.parameters if isinstance(p, FloatParameter)}
    for parameter in layer.parameters:
        _check_parameter(file, f"{at}.parameters.{parameter.name}", parameter)
    for modulation in layer.modulations:
        field = f"{at}.modulations.{modulation.uniform}"
        _check_identifier(file, field, modulation.uniform)
        if modulation.amount_parameter and modulation.amount_parameter not in numbers:
            raise _fault(
                file,
                f"{field}.amount_parameter",
                f"the layer has no number “{modulation.amount_parameter}”",
            )
        if min(modulation.attack_s, modulation.release_s, modulation.wrap) < 0:
            raise _fault(file, field, "attack_s, release_s and wrap cannot be negative")
        if modulation.curve <= 0:
            raise _fault(file, f"{field}.curve", "use a number above 0")


def _check_parameter(file: Path, field: str, parameter: Parameter) -> None:
    _check_identifier(file, field, parameter.name)
    if not isinstance(parameter, FloatParameter):
        return
    if not parameter.min < parameter.max:
        raise _fault(file, field, "min must be below max")
    if not parameter.min <= parameter.default <= parameter.max:
        raise _fault(file, f"{field}.default", f"{parameter.default:g} is outside min to max")


def _check_identifier(file: Path, field: str, name: str) -> None:
    if not _IDENTIFIER.fullmatch(name) or name in _RESERVED or "__" in name:
        raise _fault(file, field, f"“{name}” cannot name a uniform")


def _check_unique(file: Path, field: str, names: Iterable[str]) -> None:
    doubled = [name for name, count in Counter(names).items() if count > 1]
    if doubled:
        raise _fault(file, field, f"“{doubled[0]}” is there twice")


def _fault(file: Path, field: str, message: str) -> SceneError:
    return SceneError(
        f"{file.name}: {field}: {message}.",
        hint="docs/scenes.md describes every field of a scene file.",
        path=file,
    )
