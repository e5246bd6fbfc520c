"""Sprites over pictures: taken once, exact when moved, and without halos whatever the blending."""

from dataclasses import replace
from typing import get_args

import cv2
import numpy as np
import pytest

from meshsight.core.camera import Camera
from meshsight.core.errors import MeshsightError
from meshsight.core.pose import look_at, make_pose, rotation_about_z, sample_rotation
from meshsight.records.scene import BackgroundPicture, Blending, PlainBackground, Scene, Sun
from meshsight.render.renderers._composite import CompositeRenderer
from meshsight.render.renderers.composite import Spec
from meshsight.render.renderers.raycast import Spec as RaycastSpec
from meshsight.render.sprites import layer
from meshsight.render.sprites.sprite import Sprite
from meshsight.render.window import Window

from ...contracts.handmade import Handmade, scene_of, thing, try_open

pytestmark = pytest.mark.gl
MODES = get_args(Blending)


@pytest.fixture(scope="module")
def assets():
    source = Handmade()
    source.images["noise"] = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)
    return source


def opened(assets, **settings) -> CompositeRenderer:
    try:
        return CompositeRenderer(Spec(**{"keep_on_disk": False, **settings}), assets)
    except MeshsightError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def renderer(assets):
    with opened(assets) as renderer:
        yield renderer


def turned_scene(seed: int) -> Scene:
    """Objects whose sprites were taken on the axis, turned about the camera's centre since."""
    rng = np.random.default_rng(seed)
    T_world_cam = look_at(np.array([1.0, -2.0, 0.7]), np.array([0.2, 0.1, 0.0]), 0.3)
    things = []
    for k, mesh in enumerate(("cube", "knot", "ball", "open")):
        taken = make_pose(sample_rotation(rng), np.array([0.0, 0.0, 1.5 + 0.4 * k]))
        tilt = rng.uniform(-0.35, 0.35, 2)
        turn = look_at(np.zeros(3), np.array([np.sin(tilt[0]), np.sin(tilt[1]), 1.0]), 0.0)[:3, :3]
        turn = turn @ rotation_about_z(rng.uniform(-3, 3))
        pose = T_world_cam @ make_pose(turn, np.zeros(3)) @ taken
        things.append(replace(thing(k + 1, mesh, (0, 0, 0), scale=0.2), T_world_object=pose, T_cam_taken=taken))
    camera = Camera(fx=230.0, fy=260.0, cx=150.0, cy=110.0, size_hw=(240, 320))
    sun = Sun(direction=np.array([0.6, 0.0, 0.8]), irradiance=(2.0, 2.0, 2.0))
    return scene_of(*things, camera=camera, T_world_cam=T_world_cam, suns=(sun,))


@pytest.mark.parametrize("seed", range(3))
def test_a_turned_sprite_lies_where_the_exact_rays_hit_the_object(renderer, assets, seed):
    scene = turned_scene(seed)
    with try_open("raycast", assets) as oracle:
        truth = oracle.render(scene)
    frame = renderer.render(scene)
    for item in scene.objects:
        mine, wanted = frame.instance_id == item.instance_id, truth.instance_id == item.instance_id
        if wanted.sum() > 200:
            assert (mine & wanted).sum() / (mine | wanted).sum() > 0.98
            for place in np.mgrid[:240, :320]:
                assert abs(place[mine].mean() - place[wanted].mean()) < 0.1
    both = (frame.instance_id == truth.instance_id) & (truth.instance_id > 0)
    assert np.median(np.abs(frame.depth_m - truth.depth_m)[both]) < 2e-4


def test_ids_are_half_coverage_and_the_nearest_wins(renderer):
    """Each object alone, white before black, shows its coverage: from half on, with nothing nearer, a pixel is its."""
    scene = turned_scene(1)
    frame = renderer.render(scene)
    covered = {}
    for item in scene.objects:
        white = replace(item, material=replace(item.material, emissive=(1.0, 1.0, 1.0)))
        alone = renderer.render(replace(scene, objects=(white,), background=PlainBackground(color=(0.0, 0.0, 0.0))))
        covered[item.instance_id] = (alone.rgb[..., 0] >= 128, alone.depth_m)
    depth = np.stack([np.where(is_mine, z, np.inf) for is_mine, z in covered.values()])
    owner = np.where(np.isfinite(depth.min(axis=0)), np.array(list(covered))[depth.argmin(axis=0)], 0)
    # White times a coverage of exactly one half may round down.
    assert (frame.instance_id != owner).sum() <= 3


def test_a_sprite_is_taken_once_however_it_is_turned(assets):
    with opened(assets) as renderer:
        scene = turned_scene(0)
        renderer.render(scene)
        assert renderer.num_taken == 4
        turn = make_pose(rotation_about_z(0.7), np.zeros(3))
        moved = tuple(
            replace(item, T_world_object=scene.T_world_cam @ turn @ item.T_cam_taken) for item in scene.objects
        )
        renderer.render(
            replace(scene, objects=moved, background=PlainBackground(color=(1.0, 0.0, 0.0)), blending="feather")
        )
        assert renderer.num_taken == 4
        sun = replace(scene.suns[0], irradiance=(1.0, 1.0, 1.0))
        renderer.render(replace(scene, suns=(sun,)))
        assert renderer.num_taken == 8


def test_sprites_on_disk_serve_the_next_process_and_damage_is_mended(assets, tmp_path, monkeypatch):
    monkeypatch.setenv("MESHSIGHT_CACHE", str(tmp_path))
    scene = turned_scene(2)
    with opened(assets, keep_on_disk=True) as first:
        expected = first.render(scene)
    files = sorted((tmp_path / "sprites").rglob("*.sprite"))
    assert len(files) == 4
    files[0].write_bytes(b"torn")
    with opened(assets, keep_on_disk=True) as second:
        found = second.render(scene)
        assert second.num_taken == 1
    np.testing.assert_array_equal(found.rgb, expected.rgb)
    np.testing.assert_array_equal(found.depth_m, expected.depth_m)
    np.testing.assert_array_equal(found.instance_id, expected.instance_id)


def test_a_turn_is_what_each_pixels_own_ray_looks_up():
    """The homography against the rays; where a ray leads away from the sprite's camera, only the rays can tell."""
    rng = np.random.default_rng(0)
    smooth = [cv2.GaussianBlur(rng.random((90, 90, n), dtype=np.float32), (0, 0), 3) for n in (4, 1)]
    sprite = Sprite(focal=210.0, color=np.rint(255 * smooth[0]).astype(np.uint8), inverse_depth=smooth[1])
    camera = Camera(fx=230.0, fy=260.0, cx=150.0, cy=110.0, size_hw=(240, 320))
    window = Window(-40, 30, 120, 170, is_cut=False)
    towards = layer.unproject(camera, np.array([[40.5, 100.5]]), np.ones(1))[0]
    R_sprite_cam = (look_at(np.zeros(3), towards, 0.0)[:3, :3] @ rotation_about_z(0.9)).T
    fast = layer._turned(sprite, camera, window, R_sprite_cam)
    slow = layer._looked_up(sprite, camera, window, R_sprite_cam)
    assert (slow[0] > 0).any(axis=2).mean() > 0.2
    assert np.abs(fast[0].astype(int) - slow[0]).max() <= 1
    np.testing.assert_allclose(fast[1], slow[1], rtol=0, atol=1e-4)
    assert layer._turned(sprite, camera, window, R_sprite_cam @ np.diag([1.0, -1.0, -1.0])) is None


@pytest.mark.parametrize("mode", MODES)
def test_a_colour_over_the_same_colour_leaves_no_rim(renderer, mode):
    """A halo would show: bright or dark pixels along the outline."""
    grey = (0.2158605, 0.2158605, 0.2158605)  # sRGB 128
    scene = turned_scene(1)
    objects = tuple(replace(item, material=replace(item.material, emissive=grey)) for item in scene.objects)
    scene = replace(scene, objects=objects, background=PlainBackground(color=(128 / 255,) * 3), blending=mode)
    picture = renderer.render(scene).rgb.astype(int)
    assert np.abs(picture - 128).max() <= 2


@pytest.mark.parametrize("mode", MODES)
def test_blending_moves_no_label_and_nothing_outside(renderer, assets, mode):
    scene = replace(turned_scene(0), background=BackgroundPicture(ref="noise"))
    plain, blended = renderer.render(scene), renderer.render(replace(scene, blending=mode))
    np.testing.assert_array_equal(blended.instance_id, plain.instance_id)
    np.testing.assert_array_equal(blended.depth_m, plain.depth_m)
    empty = renderer.render(replace(scene, objects=())).rgb
    untouched = (plain.rgb == empty).all(axis=2) & (plain.instance_id == 0)
    assert (blended.rgb[untouched] == empty[untouched]).mean() > 0.99
    assert (blended.rgb != plain.rgb).any() or mode == "alpha"


def test_other_renderers_can_draw_the_sprites(assets):
    with opened(assets, sprites=RaycastSpec()) as renderer:
        frame = renderer.render(turned_scene(0))
        assert "raycast" in renderer.description and (frame.instance_id > 0).sum() > 1000


def test_sprites_of_sprites_are_refused():
    with pytest.raises(ValueError, match="cannot be used here"):
        Spec(sprites="composite")
