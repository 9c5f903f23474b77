"""Frame stage: the picture of a frame.

In: a plan, the track's features, a frame index. Out: RGBA or I420 bytes, rows from the top. A
frame is a function of (plan, frame index) alone: no clock, no chance, nothing kept from the frame
before. The same renderer draws previews and exports.
"""

from collections.abc import Callable
from contextlib import ExitStack
from fractions import Fraction
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from core.analysis.features import Features
from core.errors import RenderError
from core.render.context import GlContext, create_context
from core.render.cues import CueTrack, Shot
from core.render.formats import Projection
from core.render.gl import set_uniform
from core.render.passes import PassSet
from core.render.plan import RenderPlan
from core.render.targets import TargetSet
from core.render.tiles import TileClock

Bytes = NDArray[np.uint8]
OnTile = Callable[[int, int], None]
_PROJECTION_CODE = {Projection.FLAT: 0, Projection.EQUIRECT: 1, Projection.EQUIRECT_STEREO: 2}


class FrameRenderer:
    """Draws any frame of a plan, in any order; used on the thread that made it.

    Parameters
    ----------
    plan : what to draw
    features : the features that the plan names
    context : an existing context, which stays the caller's; else one is made and released
    size : (width, height) in pixels instead of the format's: a preview
    on_tile : called as `on_tile(tiles done, tiles in this frame)` while a frame is drawn;
        whatever it raises ends the frame

    Raises
    ------
    RenderError
        When there is no OpenGL, or the frame is larger than its textures.
    SceneError
        When a shader does not compile or a scene asks for an unknown feature.
    """

    def __init__(
        self,
        plan: RenderPlan,
        features: Features,
        *,
        context: GlContext | None = None,
        size: tuple[int, int] | None = None,
        on_tile: OnTile | None = None,
    ) -> None:
        self._owned = context is None
        self.context = context or create_context()
        self.on_tile = on_tile
        self.width, self.height = size or (plan.picture.format.width, plan.picture.format.height)
        self._fps: Fraction = plan.picture.fps
        self._seed = plan.picture.seed
        self._projection = plan.picture.format.projection
        with ExitStack() as on_failure:
            on_failure.callback(self.close)
            self._check_size()
            self._cues = CueTrack(plan.picture, features)
            self._passes = PassSet(self.context, quality=plan.picture.quality)
            self._targets = TargetSet(self.context, self.width, self.height)
            self._clock = TileClock(self.width, self.height)
            for shot in self._cues.shots:
                self._passes.prepare(shot.scene)
            on_failure.pop_all()

    @property
    def renderer(self) -> str:
        """Name of what draws."""
        return self.context.renderer

    @property
    def is_software(self) -> bool:
        """Whether the processor draws."""
        return self.context.is_software

    def draw(self, frame_index: int) -> None:
        """Draw a frame and leave it in GL's memory."""
        blend = self._cues.at_frame(frame_index)
        if blend.before is None and self._passes.is_direct(blend.shot.scene):
            self._draw_layers(blend.shot, frame_index, self._targets.frame, direct=True)
            return
        light = self._targets.light(0)
        self._draw_layers(blend.shot, frame_index, light, direct=False)
        before = light
        if blend.before is not None:
            before = self._targets.light(1)
            self._draw_layers(blend.before, frame_index, before, direct=False)
        self._draw_mix(before, light, blend.share)

    def read_rgba(self, frame_index: int, out: Bytes) -> None:
        """Draw a frame into `out`, uint8 (height, width, 4), sRGB, row 0 on top.

        `out` may be any writable, C-contiguous buffer of that size.
        """
        self.begin_rgba(frame_index)
        self.finish_rgba(out)

    def begin_rgba(self, frame_index: int) -> None:
        """Have a frame drawn; up to two may be on their way."""
        self._require_room()
        self.draw(frame_index)
        self._targets.start_rgba()

    def finish_rgba(self, out: Bytes) -> None:
        """Wait for the oldest frame begun and copy it into `out` (see `read_rgba`)."""
        self._targets.collect_rgba(out)

    def read_i420(self, frame_index: int, out: Bytes) -> None:
        """Draw a frame into `out`: planes Y, U, V one after the other, BT.709 limited range.

        `out` is writable, C-contiguous and holds width * height * 3 / 2 bytes.
        """
        self.begin_i420(frame_index)
        self.finish_i420(out)

    def begin_i420(self, frame_index: int) -> None:
        """Draw a frame, convert it and start its way back; up to two may be on their way."""
        self._require_room()
        self.draw(frame_index)
        self._targets.start_i420()

    def finish_i420(self, out: Bytes) -> None:
        """Wait for the oldest frame begun and copy it into `out` (see `read_i420`)."""
        self._targets.collect_i420(out)

    def close(self) -> None:
        """Free what GL holds; the context too unless it is the caller's."""
        for part in ("_targets", "_passes"):
            held: Any = getattr(self, part, None)
            if held is not None:
                held.release()
        if self._owned:
            self.context.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _require_room(self) -> None:
        if self._targets.in_flight >= 2:
            raise RenderError("Two frames are on their way already.", code="bug")

    def _check_size(self) -> None:
        longest = max(self.width, self.height * 3 // 2)
        if longest > self.context.max_side:
            raise RenderError(
                f"{self.width}×{self.height} is more than {self.context.renderer} can draw.",
                hint=f"Sides up to {self.context.max_side * 2 // 3} work on this computer.",
            )

    def _draw_layers(self, shot: Shot, frame_index: int, target: Any, *, direct: bool) -> None:  # noqa: ANN401
        """Draw a scene's layers over one another into `target`."""
        uniforms = shot.uniforms(frame_index, self._fps)
        for drawn in self._passes.layers(shot.scene, direct=direct):
            for name, value in uniforms[drawn.layer.name].items():
                set_uniform(drawn.program, name, value)
            self._set_frame_uniforms(drawn.program, frame_index, drawn.layer.opacity)
            self._draw_tiles(drawn, target)

    def _set_frame_uniforms(self, program: Any, frame_index: int, opacity: float) -> None:  # noqa: ANN401
        eyes = 2 if self._projection is Projection.EQUIRECT_STEREO else 1
        set_uniform(program, "u_resolution", (self.width, self.height / eyes))
        set_uniform(program, "u_projection", _PROJECTION_CODE[self._projection])
        set_uniform(program, "u_time", float(Fraction(2 * frame_index + 1, 2) / self._fps))
        set_uniform(program, "u_seed", self._seed & 0xFFFFFFFF)
        set_uniform(program, "u_opacity", opacity)

    def _draw_mix(self, before: Any, after: Any, share: float) -> None:  # noqa: ANN401
        mix = self._passes.mix
        before.color_attachments[0].use(0)
        after.color_attachments[0].use(1)
        set_uniform(mix.program, "u_from", 0)
        set_uniform(mix.program, "u_to", 1)
        set_uniform(mix.program, "u_mix", share)
        self._draw_tiles(mix, self._targets.frame)

    def _draw_tiles(self, drawn: Any, target: Any) -> None:  # noqa: ANN401
        """Draw in bands of bounded time, so that progress and a cancel come between them."""
        target.use()
        if drawn.clears:
            target.clear()
        drawn.set_blend(self.context)
        total = self._clock.n_tiles(drawn.key)
        for done, band in enumerate(self._clock.bands(drawn.key), start=1):
            target.scissor = (0, band.start, self.width, len(band))
            if self._clock.wants_time(drawn.key, band):
                self._targets.fences.finish()  # what is on its way must not count
                with self._clock.timed(drawn.key, band):
                    drawn.vertices.render(vertices=3)
                    self._targets.fences.finish()
            else:
                drawn.vertices.render(vertices=3)
            if self.on_tile:
                self.on_tile(done, max(done, total))
        target.scissor = None
