"""What only the OpenGL renderer has: specular light, antialiasing, its limits, and resources that it must give back."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import moderngl
import numpy as np
import psutil
import pytest

from meshsight.core.camera import camera_from_fov
from meshsight.core.errors import RenderError
from meshsight.core.pose import look_at, rotation_about_z
from meshsight.records.mesh import Material
from meshsight.records.scene import (
    AreaLight,
    Environment,
    Focus,
    Ground,
    MaterialOverride,
    PlainBackground,
    PointLight,
    Sun,
)
from meshsight.render.base import Renderer, open_renderer
from meshsight.render.cache import ResourceCache
from meshsight.render.gl import context as gl_context
from meshsight.render.gl.programs import shader_source
from meshsight.render.gl.shadow import fit_light
from meshsight.render.renderers.raster import Spec
from meshsight.render.tone import SHOULDER, decode_srgb, encode_srgb, to_image, tone_curve

from ...contracts.handmade import BLACK, QUARTERS, Handmade, scene_of, square, thing, try_open

ASSETS = Handmade()
UPRIGHT = np.diag([1.0, -1.0, -1.0])


@pytest.fixture(scope="module")
def renderer() -> Iterator[Renderer]:
    opened = try_open("raster", ASSETS)
    if isinstance(opened, str):
        pytest.skip(opened)
    yield opened
    opened.close()


pytestmark = pytest.mark.gl


@pytest.mark.parametrize("level", [0.01, 0.3, 0.69, 1.0, 4.0])
def test_the_shader_tones_and_encodes_as_python_does(renderer, level):
    sky = Environment(ref="white", strength=level, rotation_rad=0.0)
    frame = renderer.render(scene_of(environment=sky, background=None))
    assert np.abs(frame.rgb.astype(int) - to_image(encode_srgb(tone_curve(np.array([level]))))).max() <= 1
    assert f"SHOULDER = {SHOULDER};" in shader_source("tone")


@pytest.mark.parametrize(("metallic", "roughness"), [(0.0, 0.1), (0.0, 1.0), (1.0, 0.1), (1.0, 0.5), (1.0, 1.0)])
def test_white_furnace(renderer, metallic, roughness):
    """In uniform light a white surface reflects what falls on it, whatever it is made of."""
    ball = thing(1, "ball", (0, 0, 2.0), scale=0.6, metallic=metallic, roughness=roughness)
    sky = Environment(ref="white", strength=0.5, rotation_rad=0.0)
    frame = renderer.render(scene_of(ball, environment=sky))
    light = decode_srgb(frame.rgb[frame.instance_id == 1] / 255)
    assert light.max() <= 0.5 * 1.06
    assert np.median(light) >= 0.5 * 0.94


def test_a_mirror_shows_the_environment_where_it_should(renderer):
    """A metal wall at 45 degrees, seen along +y, reflects the spot at +x into the middle of the view."""
    scene = scene_of(
        thing(
            1,
            "square",
            (0, 1.0, 0),
            rotation=np.array([[0, -1, 1], [0, -1, -1], [2**0.5, 0, 0]]) / 2**0.5,
            metallic=1.0,
            roughness=0.0,
        ),
        camera=camera_from_fov(np.deg2rad(70), (60, 80)),
        T_world_cam=look_at(np.zeros(3), np.array([0.0, 1.0, 0.0]), 0.0),
        environment=Environment(ref="spot_x", strength=1.0, rotation_rad=0.0),
    )
    rows, columns = np.nonzero(renderer.render(scene).rgb[..., 0] > 128)
    np.testing.assert_allclose((columns.mean() + 0.5, rows.mean() + 0.5), (40, 30), atol=1.5)


def test_a_rougher_surface_spreads_the_highlight(renderer):
    sun = Sun(direction=np.array([0.0, 0.0, -1.0]), irradiance=(1.0, 1.0, 1.0))
    dark = Environment(ref="black", strength=1.0, rotation_rad=0.0)
    areas, peaks = [], []
    for roughness in (0.15, 0.3, 0.5):
        ball = thing(1, "ball", (0, 0, 2.0), scale=0.8, roughness=roughness, metallic=1.0)
        light = decode_srgb(renderer.render(scene_of(ball, environment=dark, suns=(sun,))).rgb[..., 0] / 255)
        peaks.append(light.max())
        areas.append((light > 0.5 * light.max()).sum())
    assert areas[0] < areas[1] < areas[2] and peaks[0] >= peaks[1] >= peaks[2]


def test_metallic_and_roughness_come_from_their_channels(renderer):
    """Blue is metallic: its quarter of the picture turns the diffuse light of a black-reflecting wall off."""
    map_ = QUARTERS.copy()
    map_[..., 1] = 255
    material = Material(base_color=(1.0, 1.0, 1.0), metallic=1.0, roughness=1.0, metallic_roughness_texture=map_)
    ASSETS.meshes["glossy"] = square("glossy", material)
    sun = Sun(direction=np.array([0.6, 0.0, -0.8]), irradiance=(2.0, 2.0, 2.0))
    dark = Environment(ref="black", strength=1.0, rotation_rad=0.0)
    scene = scene_of(thing(1, "glossy", (0, 0, 1.0), rotation=UPRIGHT, scale=0.3), environment=dark, suns=(sun,))
    light = decode_srgb(renderer.render(scene).rgb[..., 0] / 255)
    metal, matt = light[47, 33], light[17, 33]
    assert metal < 0.7 * matt
    plain = replace(scene, objects=(replace(scene.objects[0], material=MaterialOverride(metallic=0.0)),))
    overridden = decode_srgb(renderer.render(plain).rgb[..., 0] / 255)
    assert overridden[47, 33] == pytest.approx(matt, rel=0.03)


def test_edges_are_covered_in_quarters(renderer):
    """A square whose edges run through a quarter and a half of pixels, white before black."""
    scene = scene_of(thing(1, "square", (0.0025, 0.005, 1.0), scale=0.1, emissive=(1.0, 1.0, 1.0)))
    rgb = renderer.render(scene).rgb[..., 0].astype(int)
    values = set(np.unique(rgb))
    assert values <= {0, 64, 128, 191, 255} and len(values) > 2
    rows = rgb[32, :]
    assert rows.sum() / 255 == pytest.approx(20, abs=0.51)


def test_a_crease_inside_an_object_is_antialiased():
    """Two sides of one cube, one lit and one dark: no jagged border between them."""
    sharp, smooth = (try_open("raster", ASSETS, samples=samples) for samples in (1, 4))
    if isinstance(sharp, str) or isinstance(smooth, str):
        pytest.skip(str(sharp))
    turn = rotation_about_z(0.1) @ np.array([[0.75, 0, 0.66], [0, 1, 0], [-0.66, 0, 0.75]])
    sun = Sun(direction=np.array([0.8, 0.0, -0.6]), irradiance=(2.0, 2.0, 2.0), casts_shadow=False)
    dark = Environment(ref="black", strength=1.0, rotation_rad=0.0)
    cube = thing(1, "cube", (0, 0, 2.0), rotation=turn, roughness=1.0)
    with sharp, smooth:
        levels = [
            len(np.unique(each.render(scene_of(cube, environment=dark, suns=(sun,))).rgb[20:44, 40:56, 0]))
            for each in (sharp, smooth)
        ]
    assert levels[1] > levels[0]


def test_too_many_lights_are_refused(renderer):
    sun = Sun(direction=np.array([0.0, 0.0, -1.0]), irradiance=(1.0, 1.0, 1.0))
    with pytest.raises(RenderError, match="up to 2 suns, found 3"):
        renderer.render(scene_of(suns=(sun,) * 3))
    lamp = PointLight(position=np.zeros(3), intensity=(1.0, 1.0, 1.0))
    with pytest.raises(RenderError, match="up to 128 spot, area and further point lights, found 129"):
        renderer.render(scene_of(point_lights=(lamp,) * 133))


def test_many_areas_are_cut_more_coarsely_and_give_as_much_light(renderer):
    """60 areas of 2 x 2 lamps would be too many; each becomes one."""
    dark = Environment(ref="black", strength=1.0, rotation_rad=0.0)
    wall = thing(1, "square", (0, 0, 3.0), rotation=UPRIGHT, scale=3.0, roughness=1.0)

    def light(count: int) -> float:
        area = AreaLight(T_world_light=np.eye(4), shape="rectangle", size_m=(0.2, 0.2), radiance=(60.0 / count,) * 3)
        frame = renderer.render(scene_of(wall, environment=dark, area_lights=(area,) * count))
        return float(decode_srgb(frame.rgb[32, 48] / 255)[0])

    assert light(60) == pytest.approx(light(4), rel=0.03)
    assert light(4) == pytest.approx(60 * 0.04 / 9 / np.pi, rel=0.08)


def test_depth_of_field_through_a_lens_that_distorts_is_refused(renderer):
    camera = replace(camera_from_fov(1.0, (64, 96)), distortion=(-0.2, 0.0, 0.0, 0.0, 0.0))
    with pytest.raises(RenderError, match="cannot draw depth of field through a lens that distorts; leave out `focus`"):
        renderer.render(scene_of(camera=camera, focus=Focus(aperture_m=0.1, distance_m=1.0)))


def test_an_image_too_large_for_the_viewport_is_refused(renderer):
    with pytest.raises(RenderError, match=r"images of up to 5461 pixels a side .*found 100 x 12000"):
        renderer.render(scene_of(camera=camera_from_fov(1.0, (100, 12_000))))


def test_the_light_holds_all_casters():
    rng = np.random.default_rng(0)
    points = rng.uniform(-2, 2, (40, 3))
    clip = fit_light(np.array([0.3, -0.5, 0.8]), points, 256)
    placed = points @ clip[:3, :3].T + clip[:3, 3]
    assert np.abs(placed).max() < 1.0
    assert placed[:, 2].argmax() == (points @ np.array([0.3, -0.5, 0.8])).argmin(), "far from the light is deep"


class Counted:
    """A resource that knows whether it was released."""

    def __init__(self, num_bytes: int) -> None:
        self.num_bytes = num_bytes
        self.is_released = False

    def release(self) -> None:
        self.is_released = True


def test_the_cache_releases_the_least_recently_used():
    cache: ResourceCache[Counted] = ResourceCache(100)
    first, second, third = (cache.fetch(key, lambda: Counted(40)) for key in "abc")
    assert cache.fetch("a", lambda: Counted(0)) is first
    assert not second.is_released, "nothing is released before the frame is over"
    cache.trim()
    assert second.is_released and not first.is_released and not third.is_released and len(cache) == 2
    cache.clear()
    assert first.is_released and third.is_released and len(cache) == 0


def test_the_cache_keeps_one_resource_however_large():
    cache: ResourceCache[Counted] = ResourceCache(10)
    large = cache.fetch("a", lambda: Counted(50))
    cache.trim()
    assert not large.is_released


class Endless(Handmade):
    """New pictures, environments and meshes under every name."""

    def image_size_hw(self, ref: str) -> tuple[int, int]:
        return 256, 256

    def image(self, ref: str, at_least_hw: tuple[int, int] | None = None) -> np.ndarray:
        return np.random.default_rng(len(ref)).integers(0, 256, (256, 256, 3), dtype=np.uint8)

    def environment(self, ref: str) -> np.ndarray:
        return np.random.default_rng(len(ref)).random((64, 128, 3), dtype=np.float32)

    def mesh(self, ref: str):
        name, _, number = ref.partition("/")
        return replace(self.meshes[name], fingerprint=ref) if number else self.meshes[name]


@pytest.mark.slow
def test_memory_stays_flat_over_many_frames():
    """Every frame brings a new mesh, two new textures, a new environment and another image size now and then."""
    if isinstance(probe := try_open("raster", ASSETS), str):
        pytest.skip(probe)
    probe.close()
    memory: list[float] = []
    with open_renderer(Spec(cache_mb=16), Endless()) as renderer:
        for frame in range(260):
            scene = scene_of(
                thing(1, f"knot/{frame}", (0, 0, 1.0), scale=0.3, texture=f"{frame}"),
                camera=camera_from_fov(1.0, (48, 64) if frame % 10 else (40, 72)),
                environment=Environment(ref=f"e{frame}", strength=1.0, rotation_rad=0.0),
                ground=Ground(z_m=-1.0, half_size_m=2.0, tint=(1.0,) * 3, roughness=1.0, texture=f"g{frame}"),
                background=None if frame % 2 else PlainBackground(color=(0.1, 0.2, 0.3)),
            )
            renderer.render(scene)
            memory.append(psutil.Process().memory_info().rss / 2**20)
    # The caches are full after some 180 frames.
    assert max(memory[-30:]) - max(memory[180:210]) < 2.0


def test_opening_and_closing_gives_the_memory_back():
    memory = []
    for _ in range(6):
        opened = try_open("raster", ASSETS)
        if isinstance(opened, str):
            pytest.skip(opened)
        with opened:
            opened.render(scene_of(thing(1, "knot", (0, 0, 2.0))))
        memory.append(psutil.Process().memory_info().rss / 2**20)
    assert memory[-1] - memory[2] < 30


def test_without_opengl_one_line_says_what_to_install(monkeypatch):
    def refuse(**_: object) -> moderngl.Context:
        raise ImportError("libEGL.so not found")

    monkeypatch.setattr(moderngl, "create_context", refuse)
    monkeypatch.setattr(gl_context.sys, "platform", "linux")
    with pytest.raises(RenderError, match=r"apt-get install libegl1 libgl1-mesa-dri.*raycast") as caught:
        gl_context.create_context()
    assert "\n" not in str(caught.value)


def test_an_unused_gpu_is_said_once(monkeypatch, caplog, tmp_path):
    device = tmp_path / "nvidia0"
    device.touch()
    monkeypatch.setattr(gl_context, "_NVIDIA_DEVICE", device)
    monkeypatch.setattr(gl_context, "_announced", set())
    with caplog.at_level(logging.INFO, gl_context.logger.name):
        for name in ("llvmpipe (LLVM 15)", "llvmpipe (LLVM 15)", "NVIDIA H200/PCIe/SSE2"):
            gl_context._announce(name)
    assert [record.levelname for record in caplog.records] == ["INFO", "WARNING", "INFO"]
    assert "draws on the CPU" in caplog.records[1].message


def test_no_warning_without_a_gpu(monkeypatch, caplog):
    monkeypatch.setattr(gl_context, "_NVIDIA_DEVICE", Path("/nonexistent"))
    monkeypatch.setattr(gl_context, "_announced", set())
    with caplog.at_level(logging.INFO, gl_context.logger.name):
        gl_context._announce("llvmpipe")
    assert [record.levelname for record in caplog.records] == ["INFO"]


def test_black_is_black(renderer):
    dark = Environment(ref="black", strength=1.0, rotation_rad=0.0)
    frame = renderer.render(scene_of(thing(1, "ball", (0, 0, 2.0)), environment=dark, background=BLACK))
    assert not frame.rgb.any() and (frame.instance_id == 1).any()
