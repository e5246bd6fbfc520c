"""Every renderer draws labels that are right to the pixel, and pictures that are where the labels are."""

import colorsys
from collections.abc import Iterator
from dataclasses import replace

import cv2
import numpy as np
import pytest

from meshsight.core.camera import Camera, camera_from_fov, project
from meshsight.core.errors import RenderError
from meshsight.core.pose import (
    invert_pose,
    look_at,
    rotation_about_z,
    sample_rotation,
    transform_points,
)
from meshsight.records.frame import Frame, Silhouette
from meshsight.records.scene import (
    BackgroundPicture,
    Environment,
    Ground,
    PlainBackground,
    PointLight,
    Scene,
    SensorDraw,
    Sun,
)
from meshsight.render.base import RENDERER_KINDS, Renderer
from meshsight.render.sensor import apply_sensor
from meshsight.render.tone import decode_srgb, encode_srgb, to_image

from .handmade import BLUE, GREEN, QUARTERS, RED, WHITE, Handmade, kinds, scene_of, thing, try_open
from .pictures import assert_picture_covers_label, assert_sharp_picture_is_label

ASSETS = Handmade()
# Turns the square's front to a camera that looks along +z with y down, the picture upright.
UPRIGHT = np.diag([1.0, -1.0, -1.0])


@pytest.fixture(scope="module", params=kinds())
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def renderer(kind: str) -> Iterator[Renderer]:
    opened = try_open(kind, ASSETS)
    if isinstance(opened, str):
        pytest.skip(opened)
    yield opened
    opened.close()


@pytest.fixture(scope="module", params=kinds())
def sharp(request: pytest.FixtureRequest) -> Iterator[Renderer]:
    """The renderer without antialiasing."""
    has_samples = "samples" in RENDERER_KINDS.module(request.param).Spec.model_fields
    opened = try_open(request.param, ASSETS, **({"samples": 1} if has_samples else {}))
    if isinstance(opened, str):
        pytest.skip(opened)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def direct(kind: str) -> Iterator[Renderer]:
    """The renderer without what a path tracer adds to direct light: light that bounces, and a denoiser."""
    opened = try_open(kind, ASSETS, **({"max_bounces": 0, "denoiser": "none"} if kind == "cycles" else {}))
    if isinstance(opened, str):
        pytest.skip(opened)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def oracle() -> Iterator[Renderer]:
    opened = try_open("raycast", ASSETS)
    assert isinstance(opened, Renderer), opened
    yield opened
    opened.close()


def samples_outlines(renderer: Renderer) -> bool:
    """Whether an object's pixels are those whose centres it covers, not those that it covers by half."""
    return "sampled outlines" not in renderer.lacks


def silhouette_of(frame: Frame, instance_id: int) -> Silhouette:
    return next(item for item in frame.silhouettes if item.instance_id == instance_id)


def on_canvas(item: Silhouette, size_hw: tuple[int, int]) -> np.ndarray:
    """Pastes a silhouette on the canvas of three images."""
    height, width = size_hw
    canvas = np.zeros((3 * height, 3 * width), dtype=bool)
    x, y = item.origin_xy[0] + width, item.origin_xy[1] + height
    canvas[y : y + item.mask.shape[0], x : x + item.mask.shape[1]] = item.mask
    return canvas


def rim(mask: np.ndarray) -> np.ndarray:
    """Pixels within one of a mask's border."""
    kernel = np.ones((3, 3), dtype=np.uint8)
    padded = np.pad(mask.astype(np.uint8), 2)
    return (cv2.dilate(padded, kernel) > cv2.erode(padded, kernel))[2:-2, 2:-2]


def crowd(seed: int, size_hw: tuple[int, int] = (90, 120)) -> Scene:
    """Nine objects, some half outside, a ground, an odd rolled camera."""
    rng = np.random.default_rng(seed)
    objects = [
        thing(
            k + 1,
            ("ball", "cube", "knot", "open")[k % 4],
            rng.uniform((-0.9, -0.9, 0.0), (0.9, 0.9, 0.5)),
            rotation=sample_rotation(rng),
            scale=float(rng.uniform(0.08, 0.3)),
            class_id=None if k == 4 else k % 3,
        )
        for k in range(9)
    ]
    height, width = size_hw
    camera = Camera(fx=1.1 * width, fy=1.4 * width, cx=0.42 * width, cy=0.57 * height, size_hw=size_hw)
    eye = np.array([1.3 * np.cos(seed), 1.3 * np.sin(seed), 1.1])
    return scene_of(
        *objects,
        camera=camera,
        T_world_cam=look_at(eye, np.array([0.1, 0.0, 0.1]), 0.3 * seed),
        ground=Ground(z_m=-0.3, half_size_m=2.0, tint=(0.6, 0.6, 0.6), roughness=0.9, texture="quarters"),
        suns=(Sun(direction=np.array([0.6, 0.0, 0.8]), irradiance=(2.0, 2.0, 2.0)),),
        background=None,
    )


def test_pixels_worked_out_on_paper(renderer):
    """Camera fx 8, fy 4, cx 5, cy 3, 12 x 8 pixels, at the origin, looking along +z with y down.

    A point (x, y, z) is at u = 8 x / z + 5, v = 4 y / z + 3. Pixel (i, j) is covered when its
    centre (i + 0.5, j + 0.5) is.

    1, a rectangle at z = 2: u = 4 x + 5, v = 2 y + 3. With x from -0.75 to 0.5, y from -0.5 to 1: u 2 to 7, v 2 to 5.
       So columns 2 to 6 and rows 2 to 4: full 15.
    2, a triangle at z = 1: u = 8 x + 5, v = 4 y + 3. Its corners (-1/8, -3/4), (11/16, -3/4), (-1/8, 7/8) are at pixels
       (4, 0), (10.5, 0), (4, 6.5). Inside are i >= 4, j >= 0 and (i + 0.5) + (j + 0.5) < 10.5, so i + j <= 9: rows 0 to
       5 have 6, 5, 4, 3, 2 and 1 pixels: full 21, none of them hidden. It hides of the rectangle 3 pixels of row 2,
       3 of row 3 and 2 of row 4.
    3, a rectangle at z = 2, x from -2 to -1, y from 1 to 2: u -3 to 1, v 5 to 7: full 4 x 2 = 8, column 0 is inside.
    """
    camera = Camera(fx=8.0, fy=4.0, cx=5.0, cy=3.0, size_hw=(8, 12))
    corners = np.array([[-1 / 8, -3 / 4, 1], [11 / 16, -3 / 4, 1], [-1 / 8, 7 / 8, 1]])
    ASSETS.meshes["paper"] = replace(
        ASSETS.meshes["triangle"],
        fingerprint="paper",
        parts=(replace(ASSETS.meshes["triangle"].parts[0], vertices=corners.astype(np.float32)),),
    )
    for name, low, high in (("one", (-0.75, -0.5), (0.5, 1.0)), ("three", (-2.0, 1.0), (-1.0, 2.0))):
        vertices = np.array([[low[0], low[1], 2], [high[0], low[1], 2], [high[0], high[1], 2], [low[0], high[1], 2]])
        part = replace(ASSETS.meshes["square"].parts[0], vertices=vertices.astype(np.float32))
        ASSETS.meshes[name] = replace(ASSETS.meshes["square"], fingerprint=name, parts=(part,))
    objects = [thing(i, name, (0, 0, 0)) for i, name in ((1, "one"), (2, "paper"), (3, "three"))]
    frame = renderer.render(scene_of(*objects, camera=camera))
    expected = """
        ....222222..
        ....22222...
        ..112222....
        ..11222.....
        ..11221.....
        3...2.......
        3...........
        ............"""
    rows = [[0 if mark == "." else int(mark) for mark in row] for row in expected.split()]
    np.testing.assert_array_equal(frame.instance_id, rows)
    depth = np.choose(frame.instance_id, [0.0, 2.0, 1.0, 2.0])
    np.testing.assert_allclose(frame.depth_m, depth, rtol=2e-6 if samples_outlines(renderer) else 0.02)
    one, two, three = frame.silhouettes
    assert (one.origin_xy, one.mask.shape, int(one.mask.sum()), one.is_cut) == ((2, 2), (3, 5), 15, False)
    assert (two.origin_xy, two.mask.shape, int(two.mask.sum()), two.is_cut) == ((4, 0), (6, 6), 21, False)
    assert (three.origin_xy, three.mask.shape, int(three.mask.sum()), three.is_cut) == ((-3, 5), (2, 4), 8, False)
    np.testing.assert_array_equal(two.mask.sum(axis=1), [6, 5, 4, 3, 2, 1])


@pytest.mark.parametrize("seed", range(4))
def test_labels_equal_the_oracle_within_a_one_pixel_rim(renderer, oracle, seed):
    scene = crowd(seed)
    got, want = renderer.render(scene), oracle.render(scene)
    for item in scene.objects:
        mine, truth = got.instance_id == item.instance_id, want.instance_id == item.instance_id
        assert not ((mine != truth) & ~rim(truth)).any()
    is_exact = samples_outlines(renderer)
    assert (got.instance_id != want.instance_id).mean() < (5e-4 if is_exact else 3e-3)
    is_same = got.instance_id == want.instance_id
    error = np.abs(got.depth_m - want.depth_m)[is_same]
    # An edge of an object before itself may fall either way, as its outline may.
    assert (error > 2e-4).mean() < 2e-3 if is_exact else (error > 4e-3).mean() < 1e-2
    for mine, truth in zip(got.silhouettes, want.silhouettes, strict=True):
        assert (mine.instance_id, mine.is_cut) == (truth.instance_id, truth.is_cut)
        a, b = on_canvas(mine, scene.camera.size_hw), on_canvas(truth, scene.camera.size_hw)
        assert not ((a != b) & ~rim(b)).any()


@pytest.mark.parametrize("seed", range(4))
def test_visible_pixels_are_a_subset_of_the_silhouette(renderer, seed):
    scene = crowd(seed)
    frame = renderer.render(scene)
    height, width = scene.camera.size_hw
    assert [item.instance_id for item in frame.silhouettes] == [
        item.instance_id for item in scene.objects if item.class_id is not None
    ]
    for item in frame.silhouettes:
        inside = on_canvas(item, (height, width))[height : 2 * height, width : 2 * width]
        assert not ((frame.instance_id == item.instance_id) & ~inside).any()
        if item.mask.size:
            assert item.mask[0].any() and item.mask[-1].any() and item.mask[:, 0].any() and item.mask[:, -1].any()


@pytest.mark.parametrize("seed", range(3))
def test_silhouettes_are_the_ids_of_an_image_three_times_as_large(renderer, seed):
    scene = crowd(seed, (60, 80))
    height, width = scene.camera.size_hw
    frame = renderer.render(scene)
    camera = scene.camera
    large = Camera(
        fx=camera.fx, fy=camera.fy, cx=camera.cx + width, cy=camera.cy + height, size_hw=(3 * height, 3 * width)
    )
    for item in frame.silhouettes:
        alone = tuple(each for each in scene.objects if each.instance_id == item.instance_id)
        truth = renderer.render(replace(scene, camera=large, objects=alone, ground=None)).instance_id > 0
        mine = on_canvas(item, (height, width))
        assert not ((mine != truth) & ~rim(truth)).any()
        assert (mine != truth).sum() <= 2


def analytic_ball(center: np.ndarray, radius: float, camera: Camera) -> tuple[np.ndarray, np.ndarray]:
    """Returns on the canvas whether a ball is hit by the ray through each pixel centre, and at which depth."""
    height, width = camera.size_hw
    u, v = np.meshgrid(np.arange(-width, 2 * width) + 0.5, np.arange(-height, 2 * height) + 0.5)
    rays = np.stack([(u - camera.cx) / camera.fx, (v - camera.cy) / camera.fy, np.ones_like(u)], axis=2)
    along = rays @ center
    squared = (rays**2).sum(axis=2)
    discriminant = along**2 - squared * (center @ center - radius**2)
    return discriminant >= 0, (along - np.sqrt(np.maximum(discriminant, 0))) / squared


@pytest.mark.parametrize("x", [0.0, -0.8, 1.1])
def test_three_counts_of_a_ball_behind_a_wall(renderer, x):
    """full, inside and visible of a ball whose left half is hidden by a wall, against the closed form."""
    camera = Camera(fx=150.0, fy=190.0, cx=70.0, cy=45.0, size_hw=(96, 128))
    T_world_cam = look_at(np.array([0.3, -2.0, 0.5]), np.array([0.1, 0.0, 0.3]), 0.4)
    center_cam = np.array([x, 0.1, 2.2])
    center = transform_points(T_world_cam, center_cam[None])[0]
    # The wall is the square scaled by 2 at depth 1, its right edge through the ball's centre as the camera sees it.
    edge = center_cam[0] / center_cam[2]
    wall_pose = T_world_cam @ np.array([[1, 0, 0, edge - 2], [0, -1, 0, 0], [0, 0, -1, 1], [0, 0, 0, 1.0]])
    ball = thing(7, "ball", center, scale=0.5)
    wall = replace(thing(8, "square", (0, 0, 0), scale=2.0, class_id=None), T_world_object=wall_pose)
    frame = renderer.render(scene_of(ball, wall, camera=camera, T_world_cam=T_world_cam))
    full, depth = analytic_ball(center_cam, 0.5, camera)
    middle = (slice(96, 192), slice(128, 256))
    is_right_of_wall = (np.arange(128) + 0.5 - camera.cx) / camera.fx > edge
    visible = full[middle] & is_right_of_wall
    item = silhouette_of(frame, 7)
    mine = on_canvas(item, (96, 128))
    # The mesh lies inside the ball by at most 0.06 % of its radius, so it can only lack pixels of the rim.
    assert not (mine & ~full).any() or not samples_outlines(renderer)
    assert not ((mine != full) & ~rim(full)).any()
    assert abs(mine.sum() - full.sum()) <= 0.004 * full.sum()
    assert abs(mine[middle].sum() - full[middle].sum()) <= max(2, 0.004 * full[middle].sum())
    seen = frame.instance_id == 7
    if samples_outlines(renderer):
        np.testing.assert_array_equal(seen, mine[middle] & is_right_of_wall)
    assert not ((seen != (mine[middle] & is_right_of_wall)) & ~rim(seen)).any()
    assert abs(seen.sum() - visible.sum()) <= max(2, 0.004 * visible.sum())
    inner = seen & ~rim(full[middle])
    np.testing.assert_allclose(
        frame.depth_m[inner], depth[middle][inner], atol=2e-3 if samples_outlines(renderer) else 5e-3
    )
    np.testing.assert_allclose(frame.depth_m[frame.instance_id == 8], 1.0, rtol=1e-5)


def test_depth_of_the_ground_is_that_of_the_plane(renderer):
    scene = replace(crowd(1), objects=())
    frame = renderer.render(scene)
    height, width = scene.camera.size_hw
    u, v = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    camera, eye = scene.camera, scene.T_world_cam[:3, 3]
    rays = np.stack([(u - camera.cx) / camera.fx, (v - camera.cy) / camera.fy, np.ones_like(u)], axis=2)
    rays = rays @ scene.T_world_cam[:3, :3].T
    truth = (-0.3 - eye[2]) / rays[..., 2]
    landing = eye[:2] + truth[..., None] * rays[..., :2]
    is_ground = (truth > 0) & (np.abs(landing) <= 2.0).all(axis=2)
    assert is_ground.sum() > 1000 and (~is_ground).sum() > 100
    assert not ((frame.depth_m > 0) != is_ground)[~rim(is_ground)].any()
    both = is_ground & (frame.depth_m > 0)
    np.testing.assert_allclose(frame.depth_m[both], truth[both], rtol=2e-5)
    assert not frame.instance_id.any()


def test_the_mesh_points_project_into_their_mask(renderer):
    """A vertex seen by the camera (its depth is the depth image's) lies on its object's pixels."""
    scene = crowd(2, (180, 240))
    frame = renderer.render(scene)
    num_checked = 0
    for item in scene.objects:
        local = ASSETS.meshes[item.mesh].vertices * item.scale
        points = transform_points(invert_pose(scene.T_world_cam) @ item.T_world_object, local)
        pixels = np.floor(project(scene.camera, points)).astype(int)
        is_inside = ((pixels >= 0) & (pixels < (240, 180))).all(axis=1)
        u, v, z = pixels[is_inside, 0], pixels[is_inside, 1], points[is_inside, 2]
        seen = np.abs(frame.depth_m[v, u] - z) < 1e-3
        near = cv2.dilate((frame.instance_id == item.instance_id).astype(np.uint8), np.ones((3, 3), np.uint8))
        assert (near[v[seen], u[seen]] == 1).all()
        num_checked += int(seen.sum())
    assert num_checked > 1000


@pytest.mark.parametrize("u", [-1, 0, 1])
@pytest.mark.parametrize("v", [-1, 0, 1])
def test_an_object_across_a_border_keeps_its_silhouette(renderer, u, v):
    """A square of 20 x 20 pixels centred on a corner, a side or the middle of the image."""
    frame = renderer.render(scene_of(thing(1, "square", (0.48 * u, 0.32 * v, 1.0), rotation=UPRIGHT, scale=0.1)))
    item = frame.silhouettes[0]
    assert item.mask.shape == (20, 20) and item.mask.all() and not item.is_cut
    assert item.origin_xy == (48 + 48 * u - 10, 32 + 32 * v - 10)
    assert (frame.instance_id == 1).sum() == (20 if u == 0 else 10) * (20 if v == 0 else 10)


def test_an_object_behind_the_camera_is_nowhere(renderer):
    frame = renderer.render(scene_of(thing(1, "ball", (0, 0, -3.0)), thing(2, "square", (0, 0, 2.0), scale=0.2)))
    item = silhouette_of(frame, 1)
    assert not (frame.instance_id == 1).any()
    assert item.mask.size == 0 and item.origin_xy == (0, 0) and item.is_cut


def test_a_hidden_object_has_a_silhouette_and_no_pixels(renderer):
    hidden = thing(1, "square", (0.02, 0.0, 2.0), rotation=UPRIGHT, scale=0.1)
    wall = thing(2, "square", (0, 0, 1.0), rotation=UPRIGHT, scale=0.4, class_id=None)
    frame = renderer.render(scene_of(hidden, wall))
    assert not (frame.instance_id == 1).any() and (frame.instance_id == 2).any()
    assert [item.instance_id for item in frame.silhouettes] == [1]
    assert frame.silhouettes[0].mask.sum() == 100


def test_an_object_of_one_pixel(renderer):
    """At depth 1 a pixel is 0.01 m; a square of 0.012 m around the centre of pixel (50, 20) covers that one alone."""
    at = ((50.5 - 48) / 100, (20.5 - 32) / 100, 1.0)
    frame = renderer.render(scene_of(thing(5, "square", at, scale=0.006)))
    assert np.argwhere(frame.instance_id == 5).tolist() == [[20, 50]]
    assert frame.silhouettes[0].origin_xy == (50, 20) and frame.silhouettes[0].mask.shape == (1, 1)


def test_an_object_between_pixel_centres_covers_none(renderer):
    frame = renderer.render(scene_of(thing(5, "square", (0.02, 0.02, 1.0), scale=0.003)))
    assert not frame.instance_id.any()
    assert frame.silhouettes[0].mask.size == 0 and not frame.silhouettes[0].is_cut


def test_an_object_that_fills_the_view_and_more_than_the_canvas(renderer):
    frame = renderer.render(scene_of(thing(1, "square", (0, 0, 1.0), scale=5.0)))
    assert (frame.instance_id == 1).all()
    item = frame.silhouettes[0]
    assert item.is_cut and item.mask.all() and item.mask.shape == (3 * 64, 3 * 96) and item.origin_xy == (-96, -64)


def test_an_object_through_the_near_plane_is_cut(renderer, oracle):
    """A ring around the camera's axis: its near part is gone, and one looks at what the clip plane opens."""
    scene = scene_of(thing(1, "knot", (0.3, 0.0, 0.6)), near_m=0.3)
    frame, truth = renderer.render(scene), oracle.render(scene)
    assert frame.silhouettes[0].is_cut
    seen, wanted = frame.instance_id == 1, truth.instance_id == 1
    assert wanted.sum() > 500 and not ((seen != wanted) & ~rim(wanted)).any()
    assert frame.depth_m[seen].min() >= 0.3
    is_same = seen & wanted & ~rim(wanted)
    assert (np.abs(frame.depth_m - truth.depth_m)[is_same] > 2e-4).mean() < 2e-3


def test_an_object_beyond_the_far_plane_is_not_drawn(renderer):
    frame = renderer.render(scene_of(thing(1, "square", (0, 0, 3.0)), far_m=2.0))
    assert not frame.instance_id.any() and frame.silhouettes[0].is_cut


def test_two_instances_of_one_mesh_are_two_objects(renderer):
    left, right = (thing(k, "cube", (0.1 * side, 0, 1.0), scale=0.1) for k, side in ((4, -1), (9, 1)))
    frame = renderer.render(scene_of(left, right))
    assert [item.instance_id for item in frame.silhouettes] == [4, 9]
    assert (frame.instance_id == 4).sum() == (frame.instance_id == 9).sum() > 90
    np.testing.assert_array_equal(frame.instance_id[:, :48] == 4, (frame.instance_id[:, 48:] == 9)[:, ::-1])


@pytest.mark.parametrize("seed", range(3))
def test_the_picture_is_where_the_label_is(renderer, seed):
    assert_picture_covers_label(renderer, crowd(seed, (180, 240)))


@pytest.mark.parametrize("seed", range(3))
def test_without_antialiasing_the_picture_equals_the_label(sharp, seed):
    assert_sharp_picture_is_label(sharp, crowd(seed, (180, 240)), least_iou=0.99)


def test_a_flat_colour_is_exact_under_any_light_and_exposure(renderer):
    sensor = SensorDraw(exposure_ev=1.5, white_balance=(0.5, 1.0, 2.0))
    sun = Sun(direction=np.array([0.0, 0.0, -1.0]), irradiance=(5.0, 5.0, 5.0))
    for color in ((0.2, 0.5, 0.9), (0.001, 0.003, 0.004), (1.0, 0.0, 1.0)):
        scene = scene_of(thing(1, "square", (0, 0, 1.0), emissive=color), sensor=sensor, suns=(sun,))
        frame = renderer.render(scene)
        assert (frame.rgb == to_image(encode_srgb(np.array(color)))).all()


def test_the_same_scene_gives_the_same_bytes(renderer, kind):
    scene = replace(crowd(3), sensor=SensorDraw(read_noise=0.02, blur_sigma_px=0.6, jpeg_quality=85, seed=5))
    first = renderer.render(scene)
    renderer.render(crowd(1, (70, 50)))
    again = renderer.render(scene)
    fresh = try_open(kind, Handmade())
    assert isinstance(fresh, Renderer)
    with fresh:
        other = fresh.render(scene)
    for frame in (again, other):
        np.testing.assert_array_equal(frame.rgb, first.rgb)
        np.testing.assert_array_equal(frame.depth_m, first.depth_m)
        np.testing.assert_array_equal(frame.instance_id, first.instance_id)
        for mine, truth in zip(frame.silhouettes, first.silhouettes, strict=True):
            assert mine.origin_xy == truth.origin_xy
            np.testing.assert_array_equal(mine.mask, truth.mask)


def looking(towards) -> np.ndarray:
    """T_world_cam at the origin, upright."""
    return look_at(np.zeros(3), np.asarray(towards, dtype=np.float64), 0.0)


def brightest(frame: Frame) -> np.ndarray:
    """Centre of the bright pixels as (column, row)."""
    rows, columns = np.nonzero(frame.rgb[..., 0] > 128)
    return np.array([columns.mean(), rows.mean()]) + 0.5


def sky(ref: str, towards, rotation_rad: float = 0.0) -> Scene:
    return scene_of(
        camera=camera_from_fov(np.deg2rad(70), (60, 80)),
        T_world_cam=looking(towards),
        environment=Environment(ref=ref, strength=1.0, rotation_rad=rotation_rad),
        background=None,
    )


def test_the_environment_is_where_its_columns_say(renderer):
    np.testing.assert_allclose(brightest(renderer.render(sky("spot_x", (1, 0, 0)))), (40, 30), atol=1.0)
    assert not (renderer.render(sky("spot_x", (0, 1, 0))).rgb > 128).any()
    turned = renderer.render(sky("spot_x", (0, 1, 0), rotation_rad=np.pi / 2))
    np.testing.assert_allclose(brightest(turned), (40, 30), atol=1.0)


def test_the_environment_turns_towards_y_and_rises_towards_z(renderer):
    """Looking along +x with z up, +y is to the left."""
    camera = camera_from_fov(np.deg2rad(70), (60, 80))
    azimuth = np.deg2rad(int(20 / 360 * 128) / 128 * 360)
    elevation = np.deg2rad(90 - int(70 / 180 * 64) / 64 * 180)
    direction = np.array([np.cos(elevation) * np.cos(azimuth), np.cos(elevation) * np.sin(azimuth), np.sin(elevation)])
    expected = project(camera, transform_points(invert_pose(looking((1, 0, 0))), direction[None]))[0]
    assert expected[0] < 30 and expected[1] < 20
    np.testing.assert_allclose(brightest(renderer.render(sky("spot_left_and_up", (1, 0, 0)))), expected, atol=1.0)


@pytest.mark.parametrize(("rotation_rad", "bright"), [(0.0, "left"), (np.pi, "right"), (np.pi / 2, "front")])
def test_the_environment_lights_the_side_that_faces_it(renderer, rotation_rad, bright):
    """Light from +y falls on the left of a ball seen along +x; turned by 90 degrees it comes from -x, from behind."""
    scene = scene_of(
        thing(1, "ball", (2.0, 0, 0), scale=0.5),
        T_world_cam=looking((1, 0, 0)),
        environment=Environment(ref="from_y", strength=1.0, rotation_rad=rotation_rad),
    )
    light = renderer.render(scene).rgb[32, :, 0].astype(int)
    left, front, right = light[30], light[48], light[66]
    assert max([("left", left), ("front", front), ("right", right)], key=lambda pair: pair[1])[0] == bright
    if bright == "front":
        assert abs(left - right) <= 3


def shadow_scene(*, casts_shadow: bool) -> Scene:
    """A square hovers 0.5 m over the ground; the sun stands 45 degrees in +x, so the shadow is 0.5 m in -x."""
    sun = Sun(direction=np.array([1.0, 0.0, 1.0]) / np.sqrt(2), irradiance=(2.0, 2.0, 2.0), casts_shadow=casts_shadow)
    return scene_of(
        thing(1, "square", (0, 0, 0.5), scale=0.2),
        camera=Camera(fx=60.0, fy=60.0, cx=60.0, cy=60.0, size_hw=(120, 120)),
        T_world_cam=look_at(np.array([0.0, 0.0, 3.0]), np.zeros(3), 0.0),
        ground=Ground(z_m=0.0, half_size_m=5.0, tint=(0.4, 0.4, 0.4), roughness=1.0, texture=None),
        environment=Environment(ref="white", strength=0.1, rotation_rad=0.0),
        suns=(sun,),
    )


def test_a_shadow_falls_where_the_sun_says(direct):
    if "shadows" in direct.lacks:
        pytest.skip("draws no shadows")
    scene = shadow_scene(casts_shadow=True)
    shadowed = direct.render(scene).rgb[..., 0].astype(int)
    lit = direct.render(shadow_scene(casts_shadow=False)).rgb[..., 0].astype(int)
    points = np.array([[-0.5, 0, 0], [-0.38, 0.15, 0], [-0.62, -0.15, 0], [0.5, 0, 0], [-0.9, 0, 0], [-0.5, 0.4, 0]])
    pixels = project(scene.camera, transform_points(invert_pose(scene.T_world_cam), points)).astype(int)
    for index, (u, v) in enumerate(pixels):
        if index < 3:
            assert shadowed[v, u] < lit[v, u] - 30
        else:
            assert shadowed[v, u] == lit[v, u]
    u, v = pixels[0]
    dark = shadowed < lit - 30
    area_m2 = dark.sum() * (3.0 / 60) ** 2
    assert area_m2 == pytest.approx(0.16, rel=0.12)


def test_ground_outside_the_light_frustum_is_lit(direct):
    shadowed = direct.render(shadow_scene(casts_shadow=True)).rgb.astype(int)
    difference = shadowed - direct.render(shadow_scene(casts_shadow=False)).rgb.astype(int)
    difference[40:80, 35:75] = 0
    assert not difference.any()


def test_light_that_bounces_hardly_lights_a_shadows_surroundings(renderer, kind):
    """What the shadow takes from the ground around it, by the form factors of the square and its shadow.

    The sun's irradiance on the ground is 2 cos 45 = 1.41. The shadow (0.16 m2 of albedo 0.4) is 0.71 m from the square,
    which sees it at 45 degrees: of the light that it would send on, 0.16 cos2 45 / (pi 0.5) = 5 % meets the square. Of
    the square's share (albedo 0.8) a place below it gets at most 0.16 / (pi 0.25) = 20 %: 0.005 or 0.3 % of its own
    1.5, and the further ground less. That is below half a level of 255, so at most the rounding differs.
    """
    if kind != "cycles":
        pytest.skip("draws direct light alone")
    shadowed = renderer.render(shadow_scene(casts_shadow=True)).rgb.astype(int)
    difference = shadowed - renderer.render(shadow_scene(casts_shadow=False)).rgb.astype(int)
    difference[40:80, 35:75] = 0
    assert np.abs(difference).max() <= 1


CORNERS = {"top left": RED, "top right": GREEN, "bottom left": BLUE, "bottom right": WHITE}


def quarters_of(rgb: np.ndarray, low: tuple[int, int], high: tuple[int, int]) -> dict[str, tuple[int, int, int]]:
    """The strongest channels in the middle of each quarter of a rectangle of pixels (row, column)."""
    rows = [int(low[0] + part * (high[0] - low[0])) for part in (0.25, 0.75)]
    columns = [int(low[1] + part * (high[1] - low[1])) for part in (0.25, 0.75)]
    found = {}
    for vertical, row in zip(("top", "bottom"), rows, strict=True):
        for horizontal, column in zip(("left", "right"), columns, strict=True):
            pixel = rgb[row, column].astype(int)
            found[f"{vertical} {horizontal}"] = tuple(int(255 * (value > 0.6 * pixel.max())) for value in pixel)
    return found


@pytest.mark.parametrize(("mesh", "texture"), [("pictured", None), ("square", "quarters"), ("bare", "quarters")])
def test_the_top_left_of_a_texture_is_where_v_is_high_and_u_low(renderer, mesh, texture):
    """By its own uv, by a picture that replaces its own, and by box projection, which maps this square like its uv."""
    scene = scene_of(thing(1, mesh, (0, 0, 1.0), rotation=UPRIGHT, scale=0.3, texture=texture))
    assert quarters_of(renderer.render(scene).rgb, (2, 18), (62, 78)) == CORNERS


@pytest.mark.parametrize(("towards", "right"), [((1, 0, 0), (0, 1, 0)), ((0, 1, 0), (1, 0, 0)), ((0, 0, 1), (1, 0, 0))])
def test_box_projection_shows_the_picture_on_every_side_of_a_cube(renderer, towards, right):
    """Seen from +x the picture's u is y and its v is z; from +y they are x and z, from +z x and y."""
    towards, right = np.array(towards, dtype=float), np.array(right, dtype=float)
    up = np.array([0.0, 1, 0]) if towards[2] else np.array([0.0, 0, 1])
    scene = scene_of(
        thing(1, "cube", (0, 0, 0), scale=0.3, texture="quarters"),
        T_world_cam=look_at(towards * 0.65, np.zeros(3), 0.0),
    )
    frame = renderer.render(scene)
    for u, v, color in ((-1, 1, RED), (1, 1, GREEN), (-1, -1, BLUE), (1, -1, WHITE)):
        point = 0.15 * towards + 0.07 * (u * right + v * up)
        x, y = project(scene.camera, transform_points(invert_pose(scene.T_world_cam), point[None]))[0].astype(int)
        pixel = frame.rgb[y, x].astype(int)
        assert tuple(255 * (pixel > 0.6 * pixel.max())) == color


def test_the_ground_repeats_its_picture_from_the_origin(renderer):
    """The picture's left edge lies at x = 0 and its lower edge at y = 0, again every tile."""
    ground = Ground(z_m=-0.2, half_size_m=3.0, tint=(1.0, 1.0, 1.0), roughness=1.0, texture="quarters", tile_m=0.8)
    scene = scene_of(
        camera=camera_from_fov(np.deg2rad(60), (100, 100)),
        T_world_cam=look_at(np.array([0.3, -0.4, 2.0]), np.array([0.3, 0.2, 0.0]), 0.2),
        ground=ground,
    )
    rgb = renderer.render(scene).rgb.astype(int)
    for tile in ((0, 0), (-1, 0), (0, -1)):
        for (x, y), color in {(0.2, 0.6): RED, (0.6, 0.6): GREEN, (0.2, 0.2): BLUE, (0.6, 0.2): WHITE}.items():
            point = np.array([[x + 0.8 * tile[0], y + 0.8 * tile[1], -0.2]])
            u, v = project(scene.camera, transform_points(invert_pose(scene.T_world_cam), point))[0].astype(int)
            assert tuple(255 * (rgb[v, u] > 0.6 * rgb[v, u].max())) == color


def test_a_neutral_picture_behind_everything_keeps_its_bytes(renderer):
    ASSETS.images["noise"] = np.random.default_rng(0).integers(0, 256, (64, 96, 3), dtype=np.uint8)
    frame = renderer.render(scene_of(background=BackgroundPicture(ref="noise")))
    np.testing.assert_array_equal(frame.rgb, ASSETS.images["noise"])
    flipped = renderer.render(scene_of(background=BackgroundPicture(ref="noise", is_flipped=True)))
    np.testing.assert_array_equal(flipped.rgb, ASSETS.images["noise"][:, ::-1])


def test_a_crop_is_stretched_over_the_image(renderer):
    frame = renderer.render(scene_of(background=BackgroundPicture(ref="quarters", crop=(0.5, 0.0, 1.0, 0.5))))
    assert (frame.rgb == GREEN).all()


def test_a_plain_background_is_its_colour_and_follows_the_exposure(renderer):
    plain = PlainBackground(color=(0.2, 0.4, 0.6))
    frame = renderer.render(scene_of(background=plain))
    assert (frame.rgb == (51, 102, 153)).all()
    brighter = renderer.render(scene_of(background=plain, sensor=SensorDraw(exposure_ev=1.0)))
    assert (brighter.rgb == to_image(encode_srgb(2 * decode_srgb(np.array([51, 102, 153]) / 255)))).all()


def light_of(frame: Frame) -> np.ndarray:
    """Linear light in the middle of the image."""
    return decode_srgb(frame.rgb[32, 48] / 255)


def test_a_stop_of_exposure_doubles_the_light_and_gains_colour_it(renderer):
    scene = scene_of(
        thing(1, "half_gray", (0, 0, 1.0), rotation=UPRIGHT),
        environment=Environment(ref="white", strength=0.4, rotation_rad=0.0),
    )
    plain = light_of(renderer.render(scene))
    doubled = light_of(renderer.render(replace(scene, sensor=SensorDraw(exposure_ev=1.0))))
    np.testing.assert_allclose(doubled, 2 * plain, rtol=0.02)
    warm = light_of(renderer.render(replace(scene, sensor=SensorDraw(white_balance=(1.5, 1.0, 0.5)))))
    np.testing.assert_allclose(warm, plain * (1.5, 1.0, 0.5), rtol=0.02)


def test_tint_base_colour_and_vertex_colours_multiply_alike(renderer):
    pictures = [
        renderer.render(scene_of(thing(1, mesh, (0, 0, 1.0), rotation=UPRIGHT, tint=tint))).rgb.astype(int)
        for mesh, tint in (("half_gray", (1.0,) * 3), ("half_painted", (1.0,) * 3), ("square", (0.5,) * 3))
    ]
    assert np.abs(pictures[0] - pictures[1]).max() <= 1
    assert np.abs(pictures[0] - pictures[2]).max() <= 1


def recoloured_by_python(color, hue_shift_rad: float = 0.0, saturation: float = 1.0) -> tuple[float, float, float]:
    hue, own, value = colorsys.rgb_to_hsv(*color)
    return colorsys.hsv_to_rgb((hue + hue_shift_rad / (2 * np.pi)) % 1.0, min(1.0, own * saturation), value)


@pytest.mark.parametrize("change", [{"hue_shift_rad": 2.0}, {"hue_shift_rad": -1.0, "saturation": 3.0}])
def test_hue_and_saturation_of_what_colours_come_to_are_those_of_hsv(renderer, change):
    """Tint, vertex colours and texture recoloured look as a square of the colour that Python's own HSV gives."""
    tint = np.array([0.7, 0.5, 0.3])

    def picture(mesh: str, **material) -> np.ndarray:
        return renderer.render(scene_of(thing(1, mesh, (0, 0, 1.0), rotation=UPRIGHT, **material))).rgb.astype(int)

    for mesh, color in (("square", tint), ("half_painted", 0.5 * tint)):
        wanted = picture("square", tint=recoloured_by_python(color, **change))
        assert np.abs(picture(mesh, tint=tuple(tint), **change) - wanted).max() <= 2
        assert np.abs(picture(mesh, tint=tuple(tint)) - wanted).max() > 20
    found = picture("square", texture="quarters", tint=tuple(tint), **change)
    for (v, u), quarter in (((12, 30), RED), ((12, 66), GREEN), ((52, 30), BLUE), ((52, 66), WHITE)):
        color = tint * np.array(quarter) / 255
        wanted = picture("square", tint=recoloured_by_python(color, **change))
        assert np.abs(found[v, u] - wanted[v, u]).max() <= 3


def test_a_material_that_glows_adds_its_light(renderer):
    """In the dark it shows exactly its emissive colour; beside a matt one in light, that much more."""
    dark = Environment(ref="black", strength=1.0, rotation_rad=0.0)
    glowing = thing(1, "glowing", (0, 0, 1.0), rotation=UPRIGHT)
    np.testing.assert_allclose(light_of(renderer.render(scene_of(glowing, environment=dark))), (0.2, 0.1, 0), atol=2e-3)
    dim = Environment(ref="white", strength=0.3, rotation_rad=0.0)
    plain = light_of(renderer.render(scene_of(thing(1, "square", (0, 0, 1.0), rotation=UPRIGHT), environment=dim)))
    lit = light_of(renderer.render(scene_of(glowing, environment=dim)))
    np.testing.assert_allclose(lit - plain, (0.2, 0.1, 0.0), atol=0.006)


def test_white_in_white_light_is_as_bright_as_the_light(renderer):
    dim = Environment(ref="white", strength=0.5, rotation_rad=0.0)
    light = light_of(renderer.render(scene_of(thing(1, "square", (0, 0, 1.0), rotation=UPRIGHT), environment=dim)))
    np.testing.assert_allclose(light, 0.5, rtol=0.04)


def test_sun_and_point_light_follow_lambert_and_the_inverse_square(renderer):
    """A white wall 1 m away: a sun of irradiance E gives E cos / pi; a point light at distance d gives I / (pi d^2)."""
    dark = Environment(ref="black", strength=1.0, rotation_rad=0.0)
    wall = thing(1, "square", (0, 0, 1.0), rotation=UPRIGHT, roughness=1.0)

    def lit(**lights) -> float:
        return float(light_of(renderer.render(scene_of(wall, environment=dark, **lights)))[0])

    slanted = np.array([0.6, 0.0, -0.8])
    sun = lit(suns=(Sun(direction=slanted, irradiance=(1.5, 1.5, 1.5)),))
    assert sun == pytest.approx(1.5 * 0.8 / np.pi, rel=0.06)
    near = lit(point_lights=(PointLight(position=np.array([0.005, 0.0, 0.5]), intensity=(0.3, 0.3, 0.3)),))
    far = lit(point_lights=(PointLight(position=np.array([0.005, 0.0, 0.0]), intensity=(0.3, 0.3, 0.3)),))
    assert near == pytest.approx(0.3 / np.pi / 0.25, rel=0.06)
    assert near / far == pytest.approx(4.0, rel=0.03)


def test_suns_add_up(renderer):
    dark = Environment(ref="black", strength=1.0, rotation_rad=0.0)
    wall = thing(1, "square", (0, 0, 1.0), rotation=UPRIGHT, roughness=1.0)
    suns = [
        Sun(direction=np.array([0.6, 0.0, -0.8]), irradiance=(0.8, 0.2, 0.4), casts_shadow=True),
        Sun(direction=np.array([-0.6, 0.0, -0.8]), irradiance=(0.1, 0.6, 0.4), casts_shadow=False),
    ]
    one, two, both = (
        light_of(renderer.render(scene_of(wall, environment=dark, suns=chosen)))
        for chosen in ((suns[0],), (suns[1],), tuple(suns))
    )
    np.testing.assert_allclose(both, one + two, atol=0.006)


def test_the_sensor_comes_last(renderer):
    scene = crowd(1)
    sensor = SensorDraw(blur_sigma_px=0.7, shot_noise=0.002, read_noise=0.01, jpeg_quality=80, seed=3)
    expected = apply_sensor(renderer.render(scene).rgb, sensor)
    np.testing.assert_array_equal(renderer.render(replace(scene, sensor=sensor)).rgb, expected)


def test_shape_and_type_of_a_frame(renderer):
    frame = renderer.render(scene_of(camera=Camera(fx=50.0, fy=50.0, cx=8.0, cy=3.5, size_hw=(7, 17))))
    assert frame.rgb.shape == (7, 17, 3) and frame.rgb.dtype == np.uint8
    assert frame.depth_m.shape == (7, 17) and frame.depth_m.dtype == np.float32
    assert frame.instance_id.shape == (7, 17) and frame.instance_id.dtype == np.int32
    assert frame.silhouettes == () and not frame.depth_m.any()
    assert renderer.description


@pytest.mark.parametrize(
    ("scene", "words"),
    [
        (scene_of(thing(3, "cube", (0, 0, 2)), thing(3, "ball", (0, 0, 2))), "unique"),
        (scene_of(thing(0, "cube", (0, 0, 2))), r"objects\[0\].instance_id"),
        (scene_of(thing(1, "cube", (0, 0, 2), scale=0.0)), r"objects\[0\].scale"),
        (scene_of(near_m=2.0, far_m=1.0), "near_m < far_m"),
        (scene_of(background=BackgroundPicture(ref="quarters", crop=(0.6, 0.0, 0.4, 1.0))), "background.crop"),
    ],
)
def test_an_impossible_scene_is_refused_in_one_line(renderer, scene, words):
    with pytest.raises(RenderError, match=words) as caught:
        renderer.render(scene)
    assert "\n" not in str(caught.value)


def test_the_handmade_picture_is_what_the_tests_say():
    assert QUARTERS.shape == (64, 64, 3) and tuple(QUARTERS[0, 0]) == RED and tuple(QUARTERS[-1, 0]) == BLUE


def test_world_z_is_up_in_an_upright_view(renderer):
    """Of two balls seen along +y, the higher in the world is the higher in the image, and +x is to the right."""
    scene = scene_of(
        thing(1, "ball", (0.0, 2.0, 0.3), scale=0.1),
        thing(2, "ball", (0.3, 2.0, 0.0), scale=0.1),
        T_world_cam=looking((0, 1, 0)),
    )
    ids = renderer.render(scene).instance_id
    first, second = (np.argwhere(ids == k).mean(axis=0) for k in (1, 2))
    assert first[0] < second[0] and first[1] < second[1]


def test_an_object_turns_as_its_pose_says(renderer):
    """The triangle's right angle is at its origin; turned by 90 degrees about z its second lies along +y, down."""
    turned = thing(1, "triangle", (0, 0, 1.0), rotation=rotation_about_z(np.pi / 2), scale=0.2)
    mask = renderer.render(scene_of(turned)).instance_id == 1
    assert mask[33, 46] and not mask[33, 50] and not mask[30, 46]


def test_many_objects_may_be_cut_by_the_near_plane(renderer):
    """Each of them needs the whole canvas for its silhouette."""
    rings = [thing(k + 1, "knot", (0.02 * k, 0, 0.2), scale=0.5) for k in range(24)]
    camera = camera_from_fov(np.deg2rad(60), (72, 96))
    frame = renderer.render(scene_of(*rings, camera=camera, near_m=0.2))
    alone = renderer.render(scene_of(rings[20], camera=camera, near_m=0.2))
    assert len(frame.silhouettes) == 24 and all(item.is_cut for item in frame.silhouettes)
    np.testing.assert_array_equal(frame.silhouettes[20].mask, alone.silhouettes[0].mask)
