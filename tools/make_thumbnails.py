"""Draw the thumbnail of each built-in scene, 480x270: `python tools/make_thumbnails.py`.

The sound is made up, so that the pictures change only when a scene does: two seconds of a loud
passage, the frame a moment after a kick.
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from core.analysis.features import Events, FeatureHeader, Features, features_of  # noqa: E402
from core.jobs.model import PictureParams  # noqa: E402
from core.render.build import build_plan  # noqa: E402
from core.render.frames import FrameRenderer  # noqa: E402
from core.render.plan import ContentRef  # noqa: E402
from core.scenes.library import BUILT_IN, list_scenes  # noqa: E402

SIZE = (480, 270)
OVERSAMPLE = 3
DURATION_S = 40.0
KICK_S = 38.0
FRAMES_AFTER_KICK = 3


def loud_features() -> Features:
    """Return the features of a loud passage with one kick at KICK_S."""
    n_hops = int(DURATION_S * 100) + 1
    header = FeatureHeader(n_hops=n_hops, duration_s=DURATION_S, sample_rate_hz=48_000)
    levels = {"level": 0.8, "rms": 0.3, "bass.envelope": 0.65, "mid.level": 0.6}
    columns = {name: np.full(n_hops, value) for name, value in levels.items()}
    columns["brilliance.envelope"] = np.full(n_hops, 0.5)
    kick = Events(np.array([KICK_S]), np.ones(1, np.float32))
    return features_of(header, columns, {"onset": kick, "bass.onset": kick})


def draw(name: str) -> Image.Image:
    """Return the thumbnail of a scene."""
    width, height = SIZE[0] * OVERSAMPLE, SIZE[1] * OVERSAMPLE
    made_up = ContentRef(key="made-up", sha256="0" * 64)
    plan = build_plan(
        picture=PictureParams(scene=name, format=f"{width}x{height}"),
        audio=made_up,
        features=made_up,
        duration_s=DURATION_S,
    )
    pixels = np.empty((height, width, 4), np.uint8)
    with FrameRenderer(plan, loud_features()) as renderer:
        renderer.read_rgba(int(KICK_S * 30) + FRAMES_AFTER_KICK, pixels)
    picture = Image.fromarray(np.ascontiguousarray(pixels[..., :3]))
    return picture.resize(SIZE, Image.Resampling.LANCZOS)


def main() -> None:
    for scene in list_scenes():
        target = BUILT_IN / scene.name / "thumbnail.png"
        draw(scene.name).save(target, optimize=True)
        print(target.relative_to(ROOT))


if __name__ == "__main__":
    main()
