"""Plan stage: a frozen `RenderPlan` from what a creator asked for.

In: picture parameters or a project's cues, the prepared audio and its features by content hash, a
time range. Out: a plan with whole scenes and an exact frame range. Pure but for `plan_for`, which
looks the files up in the library.
"""

import math
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

from core.analysis.features import features_key, open_features
from core.audio.recipe import Recipe, identity_recipe, prepared_key
from core.errors import NotFoundError, UsageError
from core.jobs.context import JobContext
from core.jobs.model import AssetRef, PictureParams
from core.library.files import hash_file
from core.render.formats import format_named
from core.render.plan import ContentRef, FileSpec, PictureSpec, RenderPlan
from core.scenes.library import load_scene
from core.scenes.model import Cue, Scene
from core.scenes.values import validate_values
from core.units import frame_at

SEGMENT_S = 4
"""About how long a segment is: what a killed render loses at most."""
QUALITIES = ("draft", "final")


class SoundFiles(NamedTuple):
    """The two files that a plan is drawn from."""

    prepared: Path
    features: Path


def build_plan(
    *,
    picture: PictureParams,
    cues: Sequence[Cue] = (),
    audio: ContentRef,
    features: ContentRef,
    duration_s: float,
    start_s: Fraction = Fraction(0),
    end_s: Fraction | None = None,
    codec: str | None = None,
) -> RenderPlan:
    """Return the plan of a video.

    Parameters
    ----------
    picture : scene, values, format, frame rate, quality, seed
    cues : a project's cues, which then replace the picture's one scene and its values
    audio, features : the prepared audio and its analysis
    duration_s : length of the prepared audio, in seconds
    start_s, end_s : the range in seconds; None is the end of the sound. The frame that holds
        `start_s` is the first; every frame that starts before `end_s` is in.
    codec : h264 or hevc; None takes what the format needs

    Raises
    ------
    UsageError
        For an unknown format, quality or value, or a range outside the sound.
    SceneError
        When a scene cannot be loaded.
    """
    if picture.quality not in QUALITIES:
        raise UsageError(
            f"There is no quality “{picture.quality}”.", hint=f"Use {' or '.join(QUALITIES)}."
        )
    fmt = format_named(picture.format)
    first, end = frame_range(duration_s, picture.fps, start_s, end_s)
    chosen = tuple(cues) or (Cue(scene=picture.scene, values=picture.values),)
    named, scenes = _with_scenes(chosen)
    return RenderPlan(
        picture=PictureSpec(
            format=fmt,
            fps=picture.fps,
            cues=named,
            scenes=scenes,
            seed=picture.seed,
            quality=picture.quality,
            beats=picture.beats,
        ),
        file=FileSpec(
            codec=codec or ("hevc" if fmt.needs_hevc else "h264"),
            quality=picture.quality,
            segment_frames=segment_frames(picture.fps),
        ),
        audio=audio,
        features=features,
        duration_s=duration_s,
        first_frame=first,
        end_frame=end,
    )


def frame_range(
    duration_s: float, fps: Fraction, start_s: Fraction, end_s: Fraction | None
) -> tuple[int, int]:
    """Return the first frame and the one after the last of a range, exactly.

    Raises UsageError when the range is empty or starts after the sound's end.
    """
    duration = Fraction(duration_s).limit_denominator(10**9)
    stop = duration if end_s is None else min(end_s, duration)
    if not 0 <= start_s < duration or stop <= start_s:
        if start_s >= duration:
            what = f"There is nothing at {float(start_s):g} s: the sound ends before."
        else:
            what = "The range is empty: it ends where it begins or before."
        raise UsageError(what, hint=f"The sound is {duration_s:.3f} s long.")
    return frame_at(start_s, fps), math.ceil(stop * fps)


def segment_frames(fps: Fraction) -> int:
    """Return how many frames a segment has: about four seconds, a multiple of the key frames'."""
    return SEGMENT_S * round(fps)


def plan_for(
    *,
    asset: AssetRef,
    recipe: Recipe | None,
    picture: PictureParams,
    ctx: JobContext,
    start_s: Fraction = Fraction(0),
    end_s: Fraction | None = None,
) -> RenderPlan:
    """Return the plan of a job: its sound looked up in the library, its project's cues used.

    Raises
    ------
    NotFoundError
        When the sound has not been mixed or analysed.
    """
    files = sound_files(asset=asset, recipe=recipe, ctx=ctx)
    header = open_features(files.features).header
    project = ctx.project
    return build_plan(
        picture=picture,
        cues=project.cues if project else (),
        audio=ContentRef(
            key=files.prepared.stem, sha256=hash_file(files.prepared, tick=ctx.check_abort)
        ),
        features=ContentRef(
            key=files.features.name, sha256=hash_file(files.features, tick=ctx.check_abort)
        ),
        duration_s=header.duration_s,
        start_s=start_s,
        end_s=end_s,
    )


def sound_files(*, asset: AssetRef, recipe: Recipe | None, ctx: JobContext) -> SoundFiles:
    """Return where the prepared audio and the features of a job's sound lie.

    Raises
    ------
    NotFoundError
        When the sound has not been mixed or analysed.
    """
    if recipe is None:
        recipe = identity_recipe(_asset_id(asset, ctx))
    key = prepared_key(recipe, dict(ctx.assets))
    files = SoundFiles(ctx.paths.prepared(key), ctx.paths.features(features_key(key)))
    for file, what in ((files.prepared, "mixed"), (files.features, "analysed")):
        if not file.is_file():
            raise NotFoundError(
                f"The sound has not been {what} yet.",
                hint="Run `cymatic analyze` on it, then try again.",
                path=file,
            )
    return files


def _asset_id(asset: AssetRef, ctx: JobContext) -> str:
    if asset.asset_id is not None:
        return asset.asset_id
    if len(ctx.assets) == 1:  # the one that the ingest job made
        return next(iter(ctx.assets))
    raise NotFoundError("The job does not say which sound it is about.")


def _with_scenes(cues: Sequence[Cue]) -> tuple[tuple[Cue, ...], tuple[Scene, ...]]:
    """Return the cues in order, by their scenes' own names, and each scene once."""
    scenes: dict[str, Scene] = {}
    named: list[Cue] = []
    for cue in sorted(cues, key=lambda cue: cue.start_s):
        scene = load_scene(cue.scene)
        if scenes.setdefault(scene.name, scene) != scene:
            raise UsageError(f"Two different scenes are called “{scene.name}”.")
        named.append(
            Cue(
                start_s=cue.start_s,
                scene=scene.name,
                values=validate_values(scene, cue.values),
                transition_s=cue.transition_s,
            )
        )
    return tuple(named), tuple(scenes.values())
