"""Frames of the built-in scenes against stored ones.

Compared on Mesa's software rasteriser, whose pixels hardly change between versions; elsewhere the
frames are drawn and must be finite and not empty. After a change that is meant:
`pytest tests/golden --regenerate-goldens`, then look at every file that changed.
"""

from pathlib import Path

import msgspec
import numpy as np
import pytest
from PIL import Image

from core.jobs.model import PictureParams
from core.render.build import build_plan
from core.render.formats import OutputFormat, Projection, format_named
from core.render.frames import FrameRenderer
from core.scenes.library import list_scenes
from tests.core.render.scene_plans import MADE_UP, draw
from tests.core.scenes.tracks import song

FRAMES = Path(__file__).parent / "frames"
TOLERANCE = 2
EDGE_SHARE = 0.002
"""Share of values that may differ more: a hash steps where two drivers round apart."""
FORMATS = {
    "landscape": format_named("320x180"),
    "portrait": format_named("108x192"),
    "equirect": OutputFormat(
        name="e", title="e", width=256, height=128, projection=Projection.EQUIRECT
    ),
    "stereo": OutputFormat(
        name="s", title="s", width=128, height=128, projection=Projection.EQUIRECT_STEREO
    ),
}
MOMENTS = {"quiet": 60, "kick": 255, "drop": 290}
CASES = [
    (scene.name, shape, moment)
    for scene in list_scenes()
    for shape in FORMATS
    for moment in (MOMENTS if shape == "landscape" else ("kick",))
]


@pytest.mark.parametrize(("scene", "shape", "moment"), CASES)
def test_frame_is_the_golden_one(scene, shape, moment, regenerate):
    plan = build_plan(
        picture=PictureParams(scene=scene, format="320x180"),
        audio=MADE_UP,
        features=MADE_UP,
        duration_s=14.0,
    )
    picture = msgspec.structs.replace(plan.picture, format=FORMATS[shape])
    plan = msgspec.structs.replace(plan, picture=picture)
    with FrameRenderer(plan, song()) as renderer:
        got = draw(renderer, MOMENTS[moment])[..., :3]
        is_reference = "llvmpipe" in renderer.renderer
    assert got.mean() > 5
    path = FRAMES / f"{scene}-{shape}-{moment}.png"
    if regenerate:
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(np.ascontiguousarray(got)).save(path, optimize=True)
    if not is_reference:
        pytest.skip("golden frames are compared on Mesa's software rasteriser only")
    golden = np.asarray(Image.open(path))
    difference = np.abs(got.astype(int) - golden)
    assert (difference > TOLERANCE).mean() <= EDGE_SHARE
