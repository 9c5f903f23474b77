"""The rays of every projection, read back as numbers and compared with their formulas."""

import numpy as np
import pytest

from core.render.context import create_context
from core.render.gl import build, set_uniform, shader_source

WIDTH, HEIGHT = 64, 32
EYE_M = 0.032
READ_RAY = """
layout(location = 0) out vec4 o_dir;
layout(location = 1) out vec4 o_origin;
void main() {
    Ray ray = pixel_ray(gl_FragCoord.xy);
    o_dir = vec4(ray.dir, ray.footprint);
    o_origin = vec4(ray.origin, 1.0);
}
"""


@pytest.fixture(scope="module")
def rays_of():
    context = create_context()
    parts = ("#version 410 core", shader_source("prelude.glsl"), shader_source("projection.glsl"))
    program = build(context, "\n".join((*parts, READ_RAY)))
    vertices = context.gl.vertex_array(program, [])

    def read(projection: int, eyes: int = 1) -> tuple[np.ndarray, np.ndarray]:
        rows = HEIGHT * eyes
        textures = [context.gl.texture((WIDTH, rows), 4, dtype="f4") for _ in range(2)]
        context.gl.framebuffer(textures).use()
        set_uniform(program, "u_resolution", (WIDTH, HEIGHT))
        set_uniform(program, "u_projection", projection)
        vertices.render(vertices=3)
        found = [np.frombuffer(t.read(), "f4").reshape(rows, WIDTH, 4) for t in textures]
        return found[0], found[1][..., :3]

    yield read
    context.release()


def angles() -> tuple[np.ndarray, np.ndarray]:
    theta = 2 * np.pi * ((np.arange(WIDTH) + 0.5) / WIDTH - 0.5)
    phi = np.pi * (0.5 - (np.arange(HEIGHT) + 0.5) / HEIGHT)
    return np.meshgrid(theta, phi)


def sphere() -> np.ndarray:
    theta, phi = angles()
    return np.stack(
        [np.cos(phi) * np.sin(theta), np.sin(phi), -np.cos(phi) * np.cos(theta)], axis=-1
    )


def test_flat_looks_ahead_with_up_on_top(rays_of):
    rays, origin = rays_of(0)
    assert np.linalg.norm(rays[..., :3], axis=-1) == pytest.approx(1.0, abs=1e-6)
    middle = rays[HEIGHT // 2 - 1 : HEIGHT // 2 + 1, WIDTH // 2 - 1 : WIDTH // 2 + 1, :3]
    assert middle.mean(axis=(0, 1)) == pytest.approx([0, 0, -1], abs=1e-3)
    assert (rays[0, :, 1] > 0).all()
    assert (rays[:, -1, 0] > 0).all()
    assert not origin.any()


def test_equirectangular_follows_longitude_and_latitude(rays_of):
    rays, origin = rays_of(1)
    assert rays[..., :3] == pytest.approx(sphere(), abs=2e-6)
    assert not origin.any()


def test_equirectangular_meets_itself_at_the_seam(rays_of):
    rays, _ = rays_of(1)
    across = np.sum(rays[:, 0, :3] * rays[:, -1, :3], axis=-1)
    beside = np.sum(rays[:, 0, :3] * rays[:, 1, :3], axis=-1)
    assert across == pytest.approx(beside, abs=1e-5)


def test_stereo_has_the_left_eye_on_top_and_the_eyes_meet_at_the_poles(rays_of):
    rays, origin = rays_of(2, eyes=2)
    theta, phi = angles()
    steps = np.clip((np.abs(phi) - np.radians(60)) / np.radians(25), 0, 1)
    merge = 1 - steps * steps * (3 - 2 * steps)
    side = np.stack([np.cos(theta), np.zeros_like(theta), np.sin(theta)], axis=-1)
    expected = EYE_M * merge[..., None] * side
    for top, sign in ((0, -1.0), (HEIGHT, 1.0)):
        assert rays[top : top + HEIGHT, :, :3] == pytest.approx(sphere(), abs=2e-6)
        assert origin[top : top + HEIGHT] == pytest.approx(sign * expected, abs=1e-7)
    assert np.linalg.norm(origin[HEIGHT // 2], axis=-1) == pytest.approx(EYE_M, abs=1e-6)
    assert not origin[0].any()


def test_eye_offset_is_at_right_angles_to_the_view_all_round(rays_of):
    rays, origin = rays_of(2, eyes=2)
    along = np.sum(rays[..., :3] * origin, axis=-1)
    assert np.abs(along).max() < 1e-7
