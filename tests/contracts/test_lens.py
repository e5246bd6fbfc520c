"""Behind a lens that bends, every renderer's labels are those of the exact rays, and the picture is where they are."""

from collections.abc import Iterator
from dataclasses import replace

import cv2
import numpy as np
import pytest

from meshsight.core.camera import Camera, project, unproject
from meshsight.core.pose import invert_pose, transform_points
from meshsight.records.scene import BackgroundPicture, Environment, Scene
from meshsight.render.base import RENDERER_KINDS, Renderer

from .handmade import Handmade, kinds, scene_of, thing, try_open
from .pictures import assert_picture_covers_label, assert_sharp_picture_is_label
from .test_renderers import brightest, crowd, looking, on_canvas, rim, samples_outlines

ASSETS = Handmade()
LENSES = {
    "barrel": (-0.25, 0.08, 0.002, -0.001, 0.0),
    "pincushion": (0.2, 0.05, -0.003, 0.002, 0.01),
    "folding": (-0.3, 0.02, 0.0, 0.004, 0.0),
}
"""The last one folds between the image and the border of the silhouette canvas."""


def opened(kind: str, **settings) -> Iterator[Renderer]:
    renderer = try_open(kind, ASSETS, **settings)
    if isinstance(renderer, str):
        pytest.skip(renderer)
    if "lens" not in renderer.draws:
        renderer.close()
        pytest.skip(f"{kind} draws no lens")
    yield renderer
    renderer.close()


@pytest.fixture(scope="module", params=kinds())
def renderer(request: pytest.FixtureRequest) -> Iterator[Renderer]:
    yield from opened(request.param)


@pytest.fixture(scope="module", params=kinds())
def sharp(request: pytest.FixtureRequest) -> Iterator[Renderer]:
    """The renderer without antialiasing; cycles, which looks its picture up in another, has none without."""
    has_samples = request.param != "cycles" and "samples" in RENDERER_KINDS.module(request.param).Spec.model_fields
    yield from opened(request.param, **({"samples": 1} if has_samples else {}))


@pytest.fixture(scope="module")
def oracle() -> Iterator[Renderer]:
    yield from opened("raycast")


def bent(scene: Scene, lens: str) -> Scene:
    return replace(scene, camera=replace(scene.camera, distortion=LENSES[lens]))


@pytest.mark.parametrize("lens", LENSES)
def test_labels_equal_the_exact_rays_within_a_one_pixel_rim(renderer, oracle, lens):
    """An outline is off by an eighth of a pixel at most, so few pixels whose centres are that near to it differ."""
    scene = bent(crowd(0), lens)
    got, want = renderer.render(scene), oracle.render(scene)
    num_rim = num_wrong = 0
    for item in scene.objects:
        mine, truth = got.instance_id == item.instance_id, want.instance_id == item.instance_id
        assert not ((mine != truth) & ~rim(truth)).any()
        num_rim, num_wrong = num_rim + rim(truth).sum(), num_wrong + (mine != truth).sum()
    assert num_rim > 500 and num_wrong < 0.05 * num_rim
    is_same = got.instance_id == want.instance_id
    error = np.abs(got.depth_m - want.depth_m)[is_same]
    within = 2e-4 if samples_outlines(renderer) else 4e-3
    assert (error > within).mean() < 2e-2 and np.median(error) < 1e-6
    for mine, truth in zip(got.silhouettes, want.silhouettes, strict=True):
        assert (mine.instance_id, mine.is_cut) == (truth.instance_id, truth.is_cut)
        a, b = on_canvas(mine, scene.camera.size_hw), on_canvas(truth, scene.camera.size_hw)
        assert not ((a != b) & ~rim(b)).any()
        assert (a != b).sum() <= 0.06 * rim(b).sum() + 2


@pytest.mark.parametrize("lens", LENSES)
def test_silhouettes_are_the_ids_of_an_image_three_times_as_large(oracle, lens):
    """Where nothing folds within the larger image, which else is refused."""
    scene = bent(crowd(1, (60, 80)), lens)
    (height, width), camera = scene.camera.size_hw, scene.camera
    frame = oracle.render(scene)
    large = {"fx": camera.fx, "fy": camera.fy, "cx": camera.cx + width, "cy": camera.cy + height}
    if lens == "folding":
        with pytest.raises(ValueError, match="folds"):
            Camera(**large, size_hw=(3 * height, 3 * width), distortion=camera.distortion)
        return
    bigger = Camera(**large, size_hw=(3 * height, 3 * width), distortion=camera.distortion)
    for item in frame.silhouettes:
        alone = tuple(each for each in scene.objects if each.instance_id == item.instance_id)
        truth = oracle.render(replace(scene, camera=bigger, objects=alone, ground=None)).instance_id > 0
        assert (on_canvas(item, (height, width)) != truth).sum() <= 2


@pytest.mark.parametrize("lens", ["pincushion", "folding"])
def test_the_mesh_points_project_into_their_mask(renderer, lens):
    scene = bent(crowd(2, (120, 160)), lens)
    frame = renderer.render(scene)
    num_checked = 0
    for item in scene.objects:
        local = ASSETS.meshes[item.mesh].vertices * item.scale
        points = transform_points(invert_pose(scene.T_world_cam) @ item.T_world_object, local)
        found = project(scene.camera, points)
        is_inside = ((found >= 0) & (found < (160, 120))).all(axis=1)
        (u, v), z = found[is_inside].astype(int).T, points[is_inside, 2]
        seen = np.abs(frame.depth_m[v, u] - z) < 1e-3
        near = cv2.dilate((frame.instance_id == item.instance_id).astype(np.uint8), np.ones((3, 3), np.uint8))
        assert (near[v[seen], u[seen]] == 1).all()
        num_checked += int(seen.sum())
    assert num_checked > 1000


@pytest.mark.parametrize("lens", ["barrel", "pincushion"])
def test_the_picture_is_where_the_label_is(renderer, lens):
    within_px = 0.1 if samples_outlines(renderer) else 0.15
    assert_picture_covers_label(renderer, bent(crowd(1, (120, 160)), lens), within_px)


@pytest.mark.parametrize("lens", ["barrel"])
def test_without_antialiasing_the_picture_equals_the_label(sharp, lens):
    assert_sharp_picture_is_label(sharp, bent(crowd(2, (180, 240)), lens), least_iou=0.98)


@pytest.mark.parametrize("lens", LENSES)
def test_depth_of_the_ground_is_that_of_the_plane_along_the_exact_rays(renderer, lens):
    scene = bent(replace(crowd(1), objects=()), lens)
    frame = renderer.render(scene)
    height, width = scene.camera.size_hw
    u, v = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    rays = unproject(scene.camera, np.stack([u.ravel(), v.ravel()], axis=1), np.ones(u.size))
    rays = rays.reshape(height, width, 3) @ scene.T_world_cam[:3, :3].T
    eye = scene.T_world_cam[:3, 3]
    truth = (-0.3 - eye[2]) / rays[..., 2]
    landing = eye[:2] + truth[..., None] * rays[..., :2]
    is_ground = (truth > 0) & (np.abs(landing) <= 2.0).all(axis=2)
    assert not ((frame.depth_m > 0) != is_ground)[~rim(is_ground)].any()
    both = is_ground & (frame.depth_m > 0)
    assert both.sum() > 1000
    np.testing.assert_allclose(frame.depth_m[both], truth[both], rtol=5e-5)


@pytest.mark.parametrize("lens", LENSES)
def test_the_environment_is_bent_and_a_picture_is_not(renderer, lens):
    """A photograph was bent by the lens that took it; light from afar is bent by this one."""
    ASSETS.images["noise"] = np.random.default_rng(0).integers(0, 256, (64, 96, 3), dtype=np.uint8)
    frame = renderer.render(bent(scene_of(background=BackgroundPicture(ref="noise")), lens))
    np.testing.assert_array_equal(frame.rgb, ASSETS.images["noise"])
    camera = Camera(fx=80.0, fy=80.0, cx=40.0, cy=30.0, size_hw=(60, 80), distortion=LENSES[lens])
    spot = Environment(ref="spot_x", strength=1.0, rotation_rad=0.0)
    scene = scene_of(camera=camera, T_world_cam=looking((1, 0.25, 0.2)), environment=spot, background=None)
    expected = project(camera, transform_points(invert_pose(scene.T_world_cam), np.array([[1.0, 0, 0]])))[0]
    np.testing.assert_allclose(brightest(renderer.render(scene)), expected, atol=0.6)


def test_equal_scenes_give_equal_bytes(renderer):
    scene = bent(crowd(3), "barrel")
    first = renderer.render(scene)
    renderer.render(bent(crowd(1, (70, 50)), "pincushion"))
    again = renderer.render(scene)
    np.testing.assert_array_equal(again.rgb, first.rgb)
    np.testing.assert_array_equal(again.instance_id, first.instance_id)
    for mine, truth in zip(again.silhouettes, first.silhouettes, strict=True):
        np.testing.assert_array_equal(mine.mask, truth.mask)


def test_an_object_outside_the_lens_is_cut_and_one_behind_is_nowhere(renderer):
    """The folding lens sees up to about 1.1 focal lengths from its axis."""
    camera = Camera(fx=60.0, fy=60.0, cx=30.0, cy=20.0, size_hw=(40, 60), distortion=LENSES["folding"])
    assert 1.0 < camera.lens.field_radius < 1.4
    half, beyond, behind = (
        thing(k, "ball", at, scale=0.2) for k, at in ((1, (1.1, 0, 1)), (2, (3, 0, 1)), (3, (0, 0, -2)))
    )
    items = renderer.render(scene_of(half, beyond, behind, camera=camera)).silhouettes
    assert all(item.is_cut for item in items)
    assert items[0].mask.any() and not items[1].mask.any() and not items[2].mask.any()
