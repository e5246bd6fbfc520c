"""What a scene may ask for beyond the basics: each renderer draws it right, or refuses it in one line."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from meshsight.core.camera import Camera, project
from meshsight.core.errors import RenderError
from meshsight.core.pose import invert_pose, look_at, make_pose, transform_points
from meshsight.records.mesh import Mesh
from meshsight.records.scene import (
    AreaLight,
    BackgroundPicture,
    Environment,
    Focus,
    Ground,
    MaterialOverride,
    Motion,
    PartMaterial,
    PointLight,
    SpotLight,
    Sun,
    Wall,
)
from meshsight.render.base import Renderer
from meshsight.render.features import features_of
from meshsight.render.tone import decode_srgb

from .handmade import Handmade, kinds, scene_of, thing, try_open

ASSETS = Handmade()
DARK = Environment(ref="black", strength=1.0, rotation_rad=0.0)
FACING = np.diag([1.0, -1.0, -1.0])
"""Turns what faces +z to the camera, which looks along +z with y down."""
SIZE_HW = (48, 64)
CAMERA = Camera(fx=64.0, fy=64.0, cx=32.0, cy=24.0, size_hw=SIZE_HW)
STILL = np.zeros(3)
SETTINGS = {
    "raster": {"area_cells": 4},
    # Little noise, and light straight from the lamps alone, so that what is seen has a closed form.
    "cycles": {"samples": 128, "denoiser": "none", "max_bounces": 0},
}


@pytest.fixture(scope="module", params=kinds())
def renderer(request: pytest.FixtureRequest) -> Iterator[Renderer]:
    opened = try_open(request.param, ASSETS, **SETTINGS.get(request.param, {}))
    if isinstance(opened, str):
        pytest.skip(opened)
    yield opened
    opened.close()


def render(renderer: Renderer, scene):
    """Renders a scene, or skips where the renderer says that it cannot; then it must refuse."""
    if missing := features_of(scene) - renderer.draws:
        with pytest.raises(RenderError, match=f"cannot draw .*{sorted(missing)[0]}") as caught:
            renderer.render(scene)
        assert "\n" not in str(caught.value)
        pytest.skip(f"does not draw {', '.join(sorted(missing))}, and says so")
    return renderer.render(scene)


def stage(*objects, **changes):
    return scene_of(*objects, camera=CAMERA, **{"environment": DARK, **changes})


def wall(at, size_m=(4.0, 4.0), rotation=FACING, **material) -> Wall:
    look = {"tint": (1.0, 1.0, 1.0), "roughness": 1.0, "texture": None}
    return Wall(T_world_wall=make_pose(rotation, np.array(at, dtype=float)), size_m=size_m, **{**look, **material})


def light_of(frame) -> np.ndarray:
    return decode_srgb(frame.rgb / 255)


def assert_near(got, want, *, rtol: float, atol: float) -> None:
    """Compares light, but for a few pixels: a path tracer's are noisy, and mixed at edges."""
    got, want = np.asarray(got), np.asarray(want)
    is_off = np.abs(got - want) > atol + rtol * np.abs(want)
    assert is_off.mean() <= 0.02, f"{is_off.mean():.2%} are off, by up to {np.abs(got - want).max():.3f}"


def depth_error(renderer: Renderer) -> float:
    """Returns what depths may be off by: of sprites, as far as a pixel's depth changes within it."""
    return 0.03 if "sampled outlines" in renderer.lacks else 2e-3


def points_seen(frame) -> np.ndarray:
    """Points in the camera's frame under each pixel's centre."""
    v, u = np.mgrid[0 : SIZE_HW[0], 0 : SIZE_HW[1]] + 0.5
    rays = np.stack([(u - CAMERA.cx) / CAMERA.fx, (v - CAMERA.cy) / CAMERA.fy, np.ones_like(u)], axis=-1)
    return rays * frame.depth_m[..., None]


@pytest.mark.parametrize("turn", [0.0, 0.5])
def test_a_wall_is_where_its_plane_is_and_has_no_id(renderer, turn):
    """A tilted rectangle before a ball and behind another: depths by the plane's equation, borders by its corners."""
    c, s = np.cos(turn), np.sin(turn)
    rotation = np.array([[c, 0.0, s], [0.0, 1.0, 0.0], [-s, 0.0, c]]) @ FACING
    standing = wall((0.1, 0.05, 1.5), (0.9, 0.6), rotation)
    scene = stage(
        thing(1, "ball", (0.0, 0.0, 3.0), scale=0.3),
        thing(2, "ball", (0.2, 0.0, 0.8), scale=0.1),
        walls=(standing,),
        environment=Environment(ref="white", strength=1.0, rotation_rad=0.0),
    )
    frame = render(renderer, scene)
    normal = rotation[:, 2]
    v, u = np.mgrid[0 : SIZE_HW[0], 0 : SIZE_HW[1]] + 0.5
    rays = np.stack([(u - CAMERA.cx) / CAMERA.fx, (v - CAMERA.cy) / CAMERA.fy, np.ones_like(u)], axis=-1)
    depth = (normal @ np.array([0.1, 0.05, 1.5])) / (rays @ normal)
    local = transform_points(invert_pose(standing.T_world_wall), (rays * depth[..., None]).reshape(-1, 3))
    over = (np.abs(local[:, :2]) - [0.45, 0.3]).max(axis=1).reshape(SIZE_HW)
    is_clear = frame.instance_id != 2
    sure_wall, sure_free = (over < -0.02) & is_clear, (over > 0.02) & is_clear
    np.testing.assert_allclose(frame.depth_m[sure_wall], depth[sure_wall], rtol=1e-4)
    assert not frame.instance_id[sure_wall].any() and sure_wall.sum() > 300
    assert (frame.depth_m[sure_free & (frame.instance_id == 0)] == 0).all()
    assert (frame.instance_id == 2).sum() > 30
    assert (frame.rgb[sure_wall] > 0).all()
    silhouette = frame.silhouettes[0]
    assert silhouette.mask.sum() > (frame.instance_id == 1).sum()


def room(size, **material) -> tuple[Wall, ...]:
    """Six walls around the origin, of which each has a glow of its own."""
    planes = []
    for k, (axis, sign) in enumerate((a, s) for a in range(3) for s in (1.0, -1.0)):
        inwards = np.zeros(3)
        inwards[axis] = -sign
        side = np.roll(np.array([1.0, 0.0, 0.0]), (axis + 1) % 3)
        rotation = np.stack([side, np.cross(inwards, side), inwards], axis=1)
        glow = tuple(0.1 + 0.1 * ((k >> bit) & 1) + 0.05 * k for bit in range(3))
        planes.append(wall(-0.5 * size * inwards, (size, size), rotation, glow=glow, tint=(0.0, 0.0, 0.0), **material))
    return tuple(planes)


@pytest.mark.parametrize("axis", range(3))
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_from_inside_a_room_each_wall_shows_its_own_glow(renderer, axis, sign):
    """A black room in the dark: what glows is seen as it is, in every direction."""
    walls = room(4.0)
    target = np.zeros(3)
    target[axis] = sign
    frame = render(renderer, stage(walls=walls, T_world_cam=look_at(np.zeros(3), target, 0.0)))
    expected = walls[2 * axis + (sign < 0)].glow
    np.testing.assert_allclose(light_of(frame)[24, 32], expected, atol=0.012)
    assert frame.depth_m[24, 32] == pytest.approx(2.0, rel=1e-3) and not frame.instance_id.any()


def test_walls_agree_with_the_oracle(renderer):
    oracle = try_open("raycast", ASSETS)
    scene = stage(
        *(thing(k, "knot", (0.4 * k - 1.0, 0.3 * (k % 3), 2.0 + 0.3 * k), scale=0.3) for k in range(1, 5)),
        walls=(
            wall((0, 0, 3.0), (2.4, 1.5)),
            wall((1.0, 0, 2.5), (1.5, 2.0), np.array([[0, 0, -1.0], [0, 1, 0], [1, 0, 0]])),
        ),
        environment=Environment(ref="white", strength=0.8, rotation_rad=0.0),
    )
    got, want = render(renderer, scene), oracle.render(scene)
    assert (got.instance_id != want.instance_id).mean() < 4e-3
    same = (got.instance_id == want.instance_id) & (want.depth_m > 0) & (got.depth_m > 0)
    assert (np.abs(got.depth_m - want.depth_m)[same] > depth_error(renderer)).mean() < 0.01
    assert ((got.depth_m > 0) != (want.depth_m > 0)).mean() < 0.02
    oracle.close()


def test_walls_behind_a_lens_agree_with_the_oracle(renderer):
    oracle = try_open("raycast", ASSETS)
    scene = stage(
        thing(1, "ball", (0.3, 0.2, 1.6), scale=0.4),
        walls=(wall((0, 0, 3.0), (2.4, 1.5)), wall((-0.7, 0, 1.5), (1.2, 0.8))),
        environment=Environment(ref="white", strength=0.8, rotation_rad=0.0),
    )
    scene = replace(scene, camera=replace(CAMERA, distortion=(-0.25, 0.05, 0.002, -0.003, 0.0)))
    got, want = render(renderer, scene), oracle.render(scene)
    assert (got.instance_id != want.instance_id).mean() < 0.01
    both = (want.depth_m > 0) & (got.depth_m > 0) & (got.instance_id == want.instance_id)
    assert (np.abs(got.depth_m - want.depth_m)[both] > depth_error(renderer)).mean() < 0.01
    assert ((got.depth_m > 0) != (want.depth_m > 0)).mean() < 0.02
    oracle.close()


def test_a_picture_on_a_wall_repeats_from_its_middle(renderer):
    """Seen from the front, x to the right and y up: the quarters are red and green above, blue and white below."""
    scene = stage(
        walls=(
            wall(
                (0, 0, 2.0),
                (3.2, 3.2),
                np.diag([-1.0, -1.0, 1.0]) @ np.diag([-1.0, 1.0, -1.0]),
                texture="quarters",
                tile_m=0.8,
            ),
        ),
        environment=Environment(ref="white", strength=1.0, rotation_rad=0.0),
    )
    frame = render(renderer, scene)
    for (x, y), color in {
        (0.2, 0.6): (1, 0, 0),
        (0.6, 0.6): (0, 1, 0),
        (0.2, 0.2): (0, 0, 1),
        (0.6, 0.2): (1, 1, 1),
    }.items():
        u, v = project(CAMERA, np.array([[x, -y, 2.0]]))[0].astype(int)
        pixel = frame.rgb[v, u].astype(int)
        assert tuple((pixel > 0.6 * pixel.max()).astype(int)) == color


def test_a_glow_is_multiplied_by_its_picture(renderer):
    scene = stage(
        thing(
            1,
            "square",
            (0, 0, 1.0),
            rotation=FACING,
            scale=0.3,
            glow=(0.4, 0.4, 0.4),
            glow_texture="quarters",
            tint=(0.0, 0.0, 0.0),
        ),
        ground=None,
    )
    light = light_of(render(renderer, scene))
    for (u, v), color in {
        (24, 14): (0.4, 0, 0),
        (40, 14): (0, 0.4, 0),
        (24, 34): (0, 0, 0.4),
        (40, 34): (0.4, 0.4, 0.4),
    }.items():
        np.testing.assert_allclose(light[v, u], color, atol=0.02)


def test_a_ground_of_metal_that_glows(renderer):
    ground = Ground(
        z_m=-0.5, half_size_m=5.0, tint=(0.5, 0.5, 0.5), roughness=1.0, texture=None, metallic=1.0, glow=(0.2, 0.1, 0.3)
    )
    scene = stage(ground=ground, T_world_cam=look_at(np.array([0.0, 0.0, 1.0]), np.array([0.0, 0.0, -0.5]), 0.0))
    np.testing.assert_allclose(light_of(render(renderer, scene))[24, 32], (0.2, 0.1, 0.3), atol=0.01)


def test_a_colour_replaces_base_colour_and_texture(renderer):
    white = Environment(ref="white", strength=0.5, rotation_rad=0.0)
    plain = render(
        renderer,
        stage(thing(1, "square", (0, 0, 1.0), rotation=FACING, tint=(0.2, 0.4, 0.6), roughness=1.0), environment=white),
    )
    scene = stage(
        thing(1, "half_gray", (0, 0, 1.0), rotation=FACING, color=(0.2, 0.4, 0.6), roughness=1.0), environment=white
    )
    colored = render(renderer, scene)
    np.testing.assert_allclose(light_of(colored)[24, 32], light_of(plain)[24, 32], atol=0.006)


def test_one_part_may_look_different(renderer):
    square = ASSETS.meshes["square"].parts[0]
    left = replace(square, vertices=square.vertices * np.float32([0.5, 1, 1]) - np.float32([0.5, 0, 0]))
    right = replace(square, vertices=square.vertices * np.float32([0.5, 1, 1]) + np.float32([0.5, 0, 0]))
    ASSETS.meshes["halves"] = Mesh(name="halves", fingerprint="halves", parts=(left, right))
    item = replace(
        thing(1, "halves", (0, 0, 1.0), rotation=FACING, scale=0.3, emissive=(1.0, 0.0, 0.0)),
        part_materials=(PartMaterial(part=1, material=MaterialOverride(emissive=(0.0, 0.0, 1.0))),),
    )
    frame = render(renderer, stage(item))
    assert tuple(frame.rgb[24, 24]) == (255, 0, 0) and tuple(frame.rgb[24, 40]) == (0, 0, 255)


def irradiance_of_area(light: AreaLight, points: np.ndarray, normal: np.ndarray, count: int = 60) -> np.ndarray:
    """Integrates radiance cos cos / d^2 over a fine grid of the light."""
    steps = (np.arange(count) + 0.5) / count * 2 - 1
    x, y = (axis.ravel() for axis in np.meshgrid(steps, steps))
    area = light.size_m[0] * light.size_m[1] / count**2
    is_there = x**2 + y**2 <= 1 if light.shape == "disk" else np.ones(len(x), dtype=bool)
    local = np.stack([x * light.size_m[0] / 2, y * light.size_m[1] / 2, np.zeros_like(x)], axis=1)[is_there]
    total = np.zeros(len(points))
    for place in transform_points(light.T_world_light, local):
        towards = place - points
        squared = (towards**2).sum(axis=1)
        total += (
            area * np.maximum(towards @ normal, 0) * np.maximum(-towards @ light.T_world_light[:3, 2], 0) / squared**2
        )
    return total * light.radiance[0]


@pytest.mark.parametrize("shape", ["rectangle", "disk"])
@pytest.mark.parametrize("distance", [0.6, 1.5])
def test_an_area_gives_the_irradiance_of_its_integral(renderer, shape, distance):
    """On a white wall, below, beside and far from the light."""
    aim = np.array([0.2, 0.1, 1.0]) / np.linalg.norm([0.2, 0.1, 1.0])
    right = np.cross([0.0, 1.0, 0.0], aim)
    right /= np.linalg.norm(right)
    rotation = np.stack([right, np.cross(aim, right), aim], axis=1)
    light = AreaLight(
        T_world_light=make_pose(rotation, np.array([0.0, 0.0, 2.0 - distance])),
        shape=shape,
        size_m=(0.5, 0.3),
        radiance=(30.0 * distance**2 / 2.25,) * 3,
    )
    frame = render(renderer, stage(walls=(wall((0, 0, 2.0), (6.0, 6.0)),), area_lights=(light,)))
    points = points_seen(frame).reshape(-1, 3)
    expected = irradiance_of_area(light, points, np.array([0.0, 0.0, -1.0])) / np.pi
    got = light_of(frame)[..., 0].ravel()
    is_dim = expected < 0.68
    assert is_dim.sum() > 1000 and expected.max() > 0.1
    assert_near(got[is_dim], expected[is_dim], rtol=0.09, atol=0.012)


def test_a_spot_has_its_cone_its_blend_and_the_inverse_square(renderer):
    cone, blend = np.deg2rad(40), 0.5
    spot = SpotLight(
        position=np.array([0.1, 0.0, 0.5]),
        direction=np.array([0.0, 0.0, 1.0]),
        intensity=(3.0, 2.0, 1.0),
        cone_rad=cone,
        blend=blend,
    )
    frame = render(renderer, stage(walls=(wall((0, 0, 2.0), (6.0, 6.0)),), spot_lights=(spot,)))
    towards = points_seen(frame) - spot.position
    distance = np.linalg.norm(towards, axis=-1)
    cosine = towards[..., 2] / distance
    ramp = np.clip((cosine - np.cos(cone / 2)) / ((1 - np.cos(cone / 2)) * blend), 0, 1)
    expected = (3 * ramp**2 - 2 * ramp**3) * cosine / distance**2 / np.pi
    assert_near(light_of(frame), expected[..., None] * np.array([3.0, 2.0, 1.0]), rtol=0.07, atol=0.012)


def test_many_point_lights_add_up(renderer):
    lights = tuple(
        PointLight(position=np.array([0.3 * k - 1.0, 0.2, 1.0]), intensity=(0.05, 0.04, 0.03)) for k in range(7)
    )
    alone = [light_of(render(renderer, stage(walls=(wall((0, 0, 2.0)),), point_lights=(light,)))) for light in lights]
    together = light_of(render(renderer, stage(walls=(wall((0, 0, 2.0)),), point_lights=lights)))
    assert_near(together, np.sum(alone, axis=0), rtol=0.03, atol=0.02)


@pytest.mark.parametrize("kind", ["sun", "spot", "area"])
def test_a_wall_receives_the_shadow_of_what_is_before_it(renderer, kind):
    """A small square between light and wall: its shadow lies where the light's straight lines say."""
    if "shadows" in renderer.lacks:
        pytest.skip("draws no shadows")
    source = np.array([0.5, 0.0, 0.6])
    axis = np.array([0.0, 0.0, 2.0]) - source
    axis /= np.linalg.norm(axis)
    right = np.array([0.0, 1.0, 0.0])
    pose = make_pose(np.stack([right, np.cross(axis, right), axis], axis=1), source)
    lights = {
        "sun": {"suns": (Sun(direction=-axis, irradiance=(1.5,) * 3),)},
        "spot": {
            "spot_lights": (SpotLight(position=source, direction=axis, intensity=(3.0,) * 3, cone_rad=1.5, blend=0.0),)
        },
        "area": {
            "area_lights": (AreaLight(T_world_light=pose, shape="disk", size_m=(0.02, 0.02), radiance=(9000.0,) * 3),)
        },
    }[kind]
    blocker = thing(1, "square", (0.25, 0.0, 1.3), rotation=FACING, scale=0.08)
    lit, shaded = (
        light_of(render(renderer, stage(*objects, walls=(wall((0, 0, 2.0)),), **lights)))[..., 0]
        for objects in ((), (blocker,))
    )
    along = axis if kind == "sun" else (np.array([0.25, 0.0, 1.3]) - source)
    center = np.array([0.25, 0.0, 1.3]) + along * (0.7 / along[2])
    half = 0.08 if kind == "sun" else 0.08 * 1.4 / 0.7
    points = points_seen(render(renderer, stage(walls=(wall((0, 0, 2.0)),), **lights)))
    away = np.abs(points - center)[..., :2].max(axis=-1)
    is_free = render(renderer, stage(blocker, walls=(wall((0, 0, 2.0)),), **lights)).instance_id == 0
    dark, bright = (away < half - 0.05) & is_free, (away > half + 0.06) & is_free
    assert dark.sum() >= 4 and bright.sum() > 500
    assert (shaded[dark] < 0.12 * lit[dark] + 0.01).all()
    assert_near(shaded[bright], lit[bright], rtol=0.03, atol=0.02)


def test_lights_without_shadow_shine_through(renderer):
    spot = SpotLight(
        position=np.array([0.5, 0.0, 0.6]),
        direction=np.array([0.0, 0.0, 1.0]),
        intensity=(3.0,) * 3,
        cone_rad=2.0,
        casts_shadow=False,
    )
    blocker = thing(1, "square", (0.25, 0.0, 1.3), rotation=FACING, scale=0.08)
    frames = [
        render(renderer, stage(*objects, walls=(wall((0, 0, 2.0)),), spot_lights=(spot,)))
        for objects in ((), (blocker,))
    ]
    free = frames[1].instance_id == 0
    assert_near(light_of(frames[1])[free], light_of(frames[0])[free], rtol=0.03, atol=0.02)


EDGE = "edge"
ASSETS.images[EDGE] = np.repeat(np.repeat(np.uint8([[[0] * 3, [255] * 3]]), 64, 0), 32, 1)


def edge_width(frame) -> float:
    """Pixels over which a horizontal edge from black to white spreads: 10 to 90 % of the way, in the middle row."""
    profile = light_of(frame)[24, :, 0]
    low, high = profile.min(), profile.max()
    share = (profile - low) / (high - low)
    start, end = np.interp([0.1, 0.9], np.maximum.accumulate(share), np.arange(len(share)))
    return float(end - start)


def half_plane(depth: float):
    """A square of light 0.5 whose left edge is on the optical axis, on black."""
    dark = {"tint": (0.0, 0.0, 0.0), "roughness": 1.0}
    return thing(1, "square", (depth, 0.0, depth), rotation=FACING, scale=depth, glow=(0.5, 0.5, 0.5), **dark)


NIGHT = (wall((0, 0, 6.0), (20.0, 20.0), tint=(0.0, 0.0, 0.0)),)
"""A black wall far behind, so that what is blurred mixes with a surface; without, with the black behind everything."""


@pytest.mark.parametrize(("depth", "behind"), [(0.8, NIGHT), (0.8, ()), (1.6, NIGHT), (4.0, NIGHT)])
def test_depth_of_field_blurs_by_the_circle_of_confusion(renderer, depth, behind):
    """The edge of a plane at depth z is spread over a disk of f A |1/z - 1/F| pixels; labels are the pinhole's."""
    focus = Focus(aperture_m=0.2, distance_m=1.6)
    blurred = render(renderer, stage(half_plane(depth), walls=behind, focus=focus))
    sharp = renderer.render(stage(half_plane(depth), walls=behind))
    np.testing.assert_array_equal(blurred.instance_id, sharp.instance_id)
    np.testing.assert_array_equal(blurred.depth_m, sharp.depth_m)
    np.testing.assert_array_equal(blurred.silhouettes[0].mask, sharp.silhouettes[0].mask)
    confusion = CAMERA.fx * focus.aperture_m * abs(1 / depth - 1 / focus.distance_m)
    # A disk's edge spread rises from 10 to 90 % over 0.687 of its diameter.
    assert edge_width(blurred) == pytest.approx(max(0.687 * confusion, edge_width(sharp)), abs=0.9)


@pytest.mark.parametrize("behind", [NIGHT, ()])
def test_motion_blurs_along_the_path_and_labels_the_middle(renderer, behind):
    """A flat square that moves 10 pixels to the right while the shutter is open; in its middle it is where it is."""
    still = half_plane(1.0)
    moving = replace(still, motion=Motion(velocity=np.array([10 / 64 / 0.02, 0.0, 0.0]), spin=STILL))
    blurred = render(renderer, stage(moving, walls=behind, shutter_s=0.02))
    sharp = renderer.render(stage(still, walls=behind))
    np.testing.assert_array_equal(blurred.instance_id, sharp.instance_id)
    profile = light_of(blurred)[24, :, 0] / 0.5
    np.testing.assert_allclose(profile[:26], 0.0, atol=0.01)
    np.testing.assert_allclose(profile[38:], 1.0, atol=0.03)
    assert profile[32] == pytest.approx(0.55, abs=0.08)
    assert edge_width(blurred) == pytest.approx(8.0, abs=0.9)
    rested = render(renderer, stage(moving, walls=behind, shutter_s=0.0))
    np.testing.assert_array_equal(rested.rgb, sharp.rgb)


def test_a_moving_camera_blurs_what_rests(renderer):
    """The camera's way to the left moves things to the right; turning about its vertical axis does, too."""
    for motion in (
        Motion(velocity=np.array([-10 / 64 / 0.02, 0.0, 0.0]), spin=STILL),
        Motion(velocity=STILL, spin=np.array([0.0, -np.arctan(10 / 64) / 0.02, 0.0])),
    ):
        blurred = render(renderer, stage(half_plane(1.0), walls=NIGHT, camera_motion=motion, shutter_s=0.02))
        assert edge_width(blurred) == pytest.approx(8.0, abs=1.0)


def test_a_background_stays_sharp_behind_everything(renderer):
    scene = stage(background=BackgroundPicture(ref=EDGE), focus=Focus(aperture_m=0.2, distance_m=1.0))
    np.testing.assert_allclose(
        render(renderer, scene).rgb.astype(int), renderer.render(replace(scene, focus=None)).rgb.astype(int), atol=2
    )


def test_blurred_pictures_repeat(renderer):
    scene = stage(
        half_plane(0.7),
        focus=Focus(aperture_m=0.1, distance_m=1.6),
        shutter_s=0.01,
        camera_motion=Motion(velocity=np.ones(3), spin=np.ones(3)),
    )
    np.testing.assert_array_equal(render(renderer, scene).rgb, render(renderer, scene).rgb)


def test_what_is_not_there_asks_for_nothing():
    pinhole = Focus(aperture_m=0.0, distance_m=1.0)
    assert not features_of(stage(thing(1, "ball", (0, 0, 2.0)), focus=pinhole, shutter_s=0.1))
