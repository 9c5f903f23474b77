"""Frame stage: which scene a frame shows, with which uniform values.

In: a plan's picture and the features. Out: for a frame the cue's shot, and while a cross-fade
lasts the shot before it and the share of each.
"""

from dataclasses import dataclass
from fractions import Fraction

from core.analysis.beat_edit import BeatEdit
from core.analysis.beatgrid import corrected
from core.analysis.features import Features
from core.errors import RenderError
from core.render.plan import PictureSpec
from core.scenes.model import ParameterValue, Scene
from core.scenes.modulation import ModulationTrack, build_track
from core.scenes.values import layer_values, validate_values
from core.units import frame_at

_EDGE_S = Fraction(1, 1_000_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """A scene with the values of one cue and what the sound does to them."""

    scene: Scene
    values: dict[str, ParameterValue]
    track: ModulationTrack
    first_frame: int
    transition_s: float

    def uniforms(self, frame_index: int, fps: Fraction) -> dict[str, dict[str, ParameterValue]]:
        """Return every uniform of every layer for a frame, by layer, then by name."""
        moved = self.track.frame(frame_index, fps)
        found: dict[str, dict[str, ParameterValue]] = {}
        for layer in self.scene.layers:
            both = layer_values(layer, self.values)
            both.update((k, v) for k, v in moved.items() if k.startswith(f"{layer.name}."))
            found[layer.name] = {key.partition(".")[2]: value for key, value in both.items()}
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Blend:
    """What a frame shows: `shot`, mixed over `before` by `share` while a cross-fade lasts."""

    shot: Shot
    before: Shot | None = None
    share: float = 1.0


class CueTrack:
    """The cues of a plan in order, each with its modulation over the whole track."""

    def __init__(self, picture: PictureSpec, features: Features) -> None:
        if not picture.cues:
            raise RenderError("The plan has no cue, so there is nothing to draw.")
        self._fps = picture.fps
        if picture.beats != BeatEdit():
            features = features.with_beats(corrected(features.beats, picture.beats))
        scenes = {scene.name: scene for scene in picture.scenes}
        self.shots: list[Shot] = []
        for cue in sorted(picture.cues, key=lambda cue: cue.start_s):
            scene = scenes.get(cue.scene)
            if scene is None:
                raise RenderError(f"The plan does not hold the scene “{cue.scene}”.")
            values = validate_values(scene, cue.values)
            self.shots.append(
                Shot(
                    scene=scene,
                    values=values,
                    track=build_track(scene, values, features),
                    first_frame=frame_at(Fraction(cue.start_s) + _EDGE_S, picture.fps),
                    transition_s=cue.transition_s,
                )
            )

    def at_frame(self, frame_index: int) -> Blend:
        """Return what a frame shows. A cut lands on the frame whose interval holds it."""
        index = 0
        for number, shot in enumerate(self.shots):
            if shot.first_frame <= frame_index:
                index = number
        shot = self.shots[index]
        age_s = float(Fraction(2 * (frame_index - shot.first_frame) + 1, 2) / self._fps)
        if index == 0 or age_s >= shot.transition_s:
            return Blend(shot=shot)
        share = age_s / shot.transition_s
        share = share * share * (3.0 - 2.0 * share)
        return Blend(shot=shot, before=self.shots[index - 1], share=share)
