"""Frame stage: the compiled passes of scenes.

In: scenes. Out: for each layer a program with its blending, built once per context.
"""

from dataclasses import dataclass, field
from typing import Any

from core.errors import SceneError
from core.render.context import GlContext
from core.render.gl import build_layer, build_own
from core.scenes.model import Layer, Scene

BLEND_MODES = ("normal", "add", "screen")


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawPass:
    """A program that is drawn over the whole target."""

    key: str
    """Names the pass for its timing."""
    program: Any
    vertices: Any
    blend: str | None = None
    """One of BLEND_MODES; None replaces what is there."""
    clears: bool = False
    """Whether the target starts from nothing."""

    def set_blend(self, context: GlContext) -> None:
        """Switch GL to this pass's blending of premultiplied light."""
        gl = context.gl
        if self.blend is None:
            gl.disable(gl.BLEND)
            return
        gl.enable(gl.BLEND)
        gl.blend_func = {
            "normal": (gl.ONE, gl.ONE_MINUS_SRC_ALPHA),
            "add": (gl.ONE, gl.ONE),
            "screen": (gl.ONE, gl.ONE_MINUS_SRC_COLOR),
        }[self.blend]


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerPass(DrawPass):
    """The pass of one layer."""

    layer: Layer


@dataclass(slots=True)
class PassSet:
    """All passes that a plan needs, by scene."""

    context: GlContext
    quality: str
    _layers: dict[tuple[str, bool], tuple[LayerPass, ...]] = field(default_factory=dict)
    _mix: DrawPass | None = None

    def prepare(self, scene: Scene) -> None:
        """Build a scene's passes now, so that a fault shows before the first frame."""
        self.layers(scene, direct=self.is_direct(scene))

    def is_direct(self, scene: Scene) -> bool:
        """Whether the scene is one opaque layer, which needs no blending."""
        return len(scene.layers) == 1 and scene.layers[0].blend == "normal"

    def layers(self, scene: Scene, *, direct: bool) -> tuple[LayerPass, ...]:
        """Return the passes of a scene's layers, bottom first."""
        key = (scene.name, direct)
        if key not in self._layers:
            self._layers[key] = tuple(
                self._layer_pass(scene, index, direct=direct) for index in range(len(scene.layers))
            )
        return self._layers[key]

    @property
    def mix(self) -> DrawPass:
        """The pass that cross-fades two light buffers and resolves them."""
        if self._mix is None:
            program = build_own(self.context, "mix.glsl", "prelude.glsl", "resolve.glsl")
            vertices = self.context.gl.vertex_array(program, [])
            self._mix = DrawPass(key="mix", program=program, vertices=vertices)
        return self._mix

    def release(self) -> None:
        """Free the programs."""
        passes: list[DrawPass] = [one for some in self._layers.values() for one in some]
        for one in passes + ([self._mix] if self._mix else []):
            one.vertices.release()
            one.program.release()

    def _layer_pass(self, scene: Scene, index: int, *, direct: bool) -> LayerPass:
        layer = scene.layers[index]
        if layer.blend not in BLEND_MODES:
            raise SceneError(
                f"Layer “{layer.name}” of scene “{scene.name}” blends by “{layer.blend}”.",
                hint=f"Use one of: {', '.join(BLEND_MODES)}.",
            )
        program = build_layer(self.context, scene.name, layer, quality=self.quality, direct=direct)
        return LayerPass(
            key=f"{scene.name}.{layer.name}",
            program=program,
            vertices=self.context.gl.vertex_array(program, []),
            blend=None if direct else layer.blend,
            clears=index == 0 and not direct,
            layer=layer,
        )
