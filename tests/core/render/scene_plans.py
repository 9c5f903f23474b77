"""Small plans of scenes made of a line of GLSL, for tests of the frame renderer."""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from core.render.formats import OutputFormat, Projection
from core.render.frames import FrameRenderer
from core.render.plan import ContentRef, FileSpec, PictureSpec, RenderPlan
from core.scenes.model import Cue, Modulation, Scene, ShaderLayer

MADE_UP = ContentRef(key="made-up", sha256="0" * 64)
FLASH = "vec4 shade(Ray ray) { return vec4(vec3(0.05 + flash), 1.0); }"


def layer_of(fragment: str, *, name: str = "a", **fields) -> ShaderLayer:
    return ShaderLayer(name=name, title=name, fragment=fragment, **fields)


def scene_of(*layers: ShaderLayer | str, name: str = "test") -> Scene:
    made = [layer if isinstance(layer, ShaderLayer) else layer_of(layer) for layer in layers]
    return Scene(name=name, title=name, layers=tuple(made))


def flash_scene(**fields) -> Scene:
    move = Modulation(feature="event:onset", uniform="flash", release_s=0.1, **fields)
    return scene_of(layer_of(FLASH, modulations=(move,)))


def plan_of(
    *scenes: Scene,
    width: int = 64,
    height: int = 32,
    projection: Projection = Projection.FLAT,
    fps: Fraction = Fraction(30),
    cues: Sequence[Cue] = (),
    **picture,
) -> RenderPlan:
    fmt = OutputFormat(name="t", title="t", width=width, height=height, projection=projection)
    return RenderPlan(
        picture=PictureSpec(
            format=fmt,
            fps=fps,
            cues=tuple(cues) or tuple(Cue(scene=scene.name) for scene in scenes[:1]),
            scenes=scenes,
            **picture,
        ),
        file=FileSpec(),
        audio=MADE_UP,
        features=MADE_UP,
        duration_s=4.0,
        first_frame=0,
        end_frame=int(4 * fps),
    )


def draw(renderer: FrameRenderer, frame_index: int) -> np.ndarray:
    out = np.zeros((renderer.height, renderer.width, 4), np.uint8)
    renderer.read_rgba(frame_index, out)
    return out
