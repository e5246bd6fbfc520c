"""The randomisers beyond the basics: each keeps to its distribution, says so, and moves no other."""

import re

import cv2
import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from meshsight.core.camera import project
from meshsight.core.errors import AssetError, SpecError, SynthesisError
from meshsight.core.pose import invert_pose, transform_points
from meshsight.records.mesh import Mesh
from meshsight.specs.base import parse_spec
from meshsight.specs.distributions import Bernoulli, Linspace, Normal
from meshsight.specs.scene import SceneSpec
from meshsight.synthesis.body import Body, PlacedBody
from meshsight.synthesis.cameras import shell
from meshsight.synthesis.draws import Draws
from meshsight.synthesis.geometry import GeometryCache
from meshsight.synthesis.rejection import RejectedScene
from meshsight.synthesis.sampler import SceneSampler, draw_scene
from meshsight.synthesis.sampling import sample
from meshsight.synthesis.sight import is_center_clear

LUMINANCE = np.array([0.2126, 0.7152, 0.0722])
frames = st.integers(0, 5_000)


def resolve(scene, path):
    value = scene
    for name, index in re.findall(r"([A-Za-z_]+)|\[(\d+)\]", path):
        value = getattr(value, name) if name else value[int(index)]
    return value


def drawn(sampler, frame):
    """A frame's first attempt that is not rejected."""
    for attempt in range(40):
        try:
            return sampler.draw(frame, attempt)
        except RejectedScene:
            continue
    raise AssertionError("all attempts were rejected")


def bodies_of(scene, assets):
    cache = GeometryCache(assets=assets)
    return [
        PlacedBody(body=Body(geometry=cache.get(o.mesh), scale=o.scale), T_world_object=o.T_world_object)
        for o in scene.objects
    ]


def pixels_of(scene, points):
    return project(scene.camera, transform_points(invert_pose(scene.T_world_cam), np.atleast_2d(points)))


EVERYTHING = {
    "placement": {"kind": "ground"},
    "distractors": {"count": 1},
    "occluders": {"probability": 1.0, "meshes": ["ball"]},
    "room": {"ceiling": {"glow": [0.5, 1.0], "glow_textures": {"kind": "procedural"}}, "walls_differ": True},
    "focus": {},
    "motion": {"object_speed_mps": [0.1, 0.2]},
    "materials": {
        "probability": 1.0,
        "color": {"kind": "rgb"},
        "glow": [0.1, 0.2],
        "glow_textures": {"kind": "procedural"},
        "parts": [{"parts": [0], "changes": {"probability": 1.0, "color": {"kind": "hsv"}, "glow": 0.3}}],
    },
    "lights": {
        "lamps": [
            {"kind": "point", "count": 2, "color": {"kind": "rgb"}},
            {"kind": "spot", "where": {"kind": "box"}},
            {"kind": "area", "count": 6, "where": {"kind": "ceiling", "columns": 3, "rows": 2}, "aim": "down"},
            {"kind": "three_point"},
        ]
    },
    "bundles": [{"name": "dim", "settings": {"environment.strength": 0.1}}],
}


@settings(max_examples=10)
@given(frames)
def test_every_new_value_has_an_origin_that_names_its_randomiser(assets, make_spec, frame):
    scene = drawn(SceneSampler(spec=make_spec(**EVERYTHING), assets=assets), frame)
    for path, origin in scene.origins.items():
        resolve(scene, path)
        assert origin
    for path, word in {
        "bundle": "bundles by weight",
        "walls": "room: width uniform(3, 8)",
        "walls[0].roughness": "room.floor.roughness",
        "walls[1].tint": "room.walls",
        "walls[5].glow": "room.ceiling.glow uniform(0.5, 1)",
        "walls[5].glow_texture": "room.ceiling.glow_textures",
        "focus.aperture_m": "focus.f_number log_uniform(1.8, 11)",
        "focus.distance_m": "focus on object",
        "shutter_s": "motion.shutter_s",
        "camera_motion.velocity": "motion.camera_speed_mps",
        "objects[0].motion.velocity": "motion.object_speed_mps uniform(0.1, 0.2)",
        "objects[0].material.color": "materials.color red uniform(0, 1)",
        "objects[0].material.glow": "materials.glow",
        "objects[0].part_materials[0].material.color": "materials.parts[0].color hue_deg",
        "spot_lights[0].position": "lights.lamps[1] spot",
        "spot_lights[1].intensity": "lights.lamps[3] three_point: key_energy",
        "area_lights[5].radiance": "lights.lamps[2] area: energy",
        "area_lights[6].T_world_light": "lights.lamps[3] three_point: distance",
    }.items():
        assert scene.origins[path].startswith(word), (path, scene.origins[path])
    occluders = [k for k in range(len(scene.objects)) if scene.origins[f"objects[{k}].mesh"] == "occluders.meshes"]
    assert occluders
    assert scene.ground is None and not any(path.startswith("ground") for path in scene.origins)


def test_new_randomisers_move_none_of_the_others(assets, make_spec):
    base = make_spec(placement="ground", count=2, distractors={"count": 1})
    before = draw_scene(base, assets, 3)
    for name in ("occluders", "room", "focus", "motion", "lights"):
        after = draw_scene(
            base.evolve(**{name: EVERYTHING[name]}, **({"room": {}} if name == "lights" else {})), assets, 3
        )
        np.testing.assert_array_equal(before.T_world_cam, after.T_world_cam)
        for old, new in zip(before.objects, after.objects[:3], strict=True):
            np.testing.assert_array_equal(old.T_world_object, new.T_world_object)
            assert old.material == new.material or old.material.tint == new.material.tint
        assert before.environment.ref == after.environment.ref
        assert [sun.irradiance for sun in before.suns] == [sun.irradiance for sun in after.suns]


def test_distributions_keep_to_what_they_say():
    rng = np.random.default_rng(0)
    coins = [sample(Bernoulli(probability=0.3), rng) for _ in range(2000)]
    assert set(coins) == {0.0, 1.0} and np.mean(coins) == pytest.approx(0.3, abs=0.035)
    steps = [sample(Linspace(low=-1, high=2, num=4), rng) for _ in range(2000)]
    values, counts = np.unique(steps, return_counts=True)
    np.testing.assert_allclose(values, [-1, 0, 1, 2])
    assert stats.chisquare(counts).pvalue > 1e-3
    open_ended = [sample(Normal(mean=5, std=2), rng) for _ in range(2000)]
    assert stats.kstest(open_ended, stats.norm(5, 2).cdf).pvalue > 1e-3
    cut = [sample(Normal(mean=0, std=1, low=0), rng) for _ in range(500)]
    assert min(cut) >= 0 and stats.kstest(cut, stats.halfnorm().cdf).pvalue > 1e-3


def test_an_open_normal_is_refused_where_a_range_is_needed(make_spec):
    with pytest.raises(SpecError, match=r"environment.strength: expected values of at least 0, but -inf to inf"):
        make_spec(environment={"strength": {"kind": "normal", "mean": 1, "std": 0.1}})


def test_a_shell_by_area_is_uniform_on_the_sphere():
    """Chi-square over cells of equal area: the sine of the elevation and the azimuth are uniform."""
    rig = shell.build(
        parse_spec(
            shell.Spec,
            {"elevation_deg": [-30, 90], "spread": "area", "jitter": 0, "framing": None, "distance_m": 2},
            "camera",
        )
    )
    eyes = np.array(
        [rig.draw((48, 64), 0.5, Draws(seed=1, frame=k, attempt=0)).T_world_cam[:3, 3] / 2 for k in range(3000)]
    )
    assert eyes[:, 2].min() >= -0.5 - 1e-9
    rows = np.clip(((eyes[:, 2] + 0.5) / 1.5 * 6).astype(int), 0, 5)
    columns = ((np.arctan2(eyes[:, 1], eyes[:, 0]) + np.pi) / (2 * np.pi) * 8).astype(int) % 8
    assert stats.chisquare(np.bincount(8 * rows + columns, minlength=48)).pvalue > 1e-3


@settings(max_examples=10)
@given(frames)
@pytest.mark.parametrize("camera", ["box", "shell"])
def test_a_camera_that_looks_at_an_object_has_it_at_the_principal_point(assets, make_spec, camera, frame):
    spec = make_spec(
        placement="ground",
        distractors={"count": 1},
        camera={
            "kind": camera,
            "look_at": "object",
            "intrinsics": {"kind": "calibrated", "fx": 500, "fy": 510, "cx": 300, "cy": 250},
        },
    )
    scene = drawn(SceneSampler(spec=spec, assets=assets), frame)
    centers = np.array(
        [body.center for body, o in zip(bodies_of(scene, assets), scene.objects, strict=True) if o.class_id is not None]
    )
    assert np.abs(pixels_of(scene, centers) - (300, 250)).max(axis=1).min() < 1e-6


@settings(max_examples=10)
@given(frames)
def test_a_camera_looks_at_a_point_and_rolls_about_its_axis(assets, make_spec, frame):
    scenes = [
        drawn(
            SceneSampler(
                spec=make_spec(
                    count=0,
                    distractors={"count": 0},
                    placement="ground",
                    camera={"kind": "shell", "look_at": [1, 2, 0.5], "jitter": 0, "roll_deg": roll},
                ),
                assets=assets,
            ),
            frame,
        )
        for roll in (0, 40)
    ]
    for scene in scenes:
        np.testing.assert_allclose(pixels_of(scene, [1, 2, 0.5]), [[320, 240]], atol=1e-6)
    flat, rolled = (scene.T_world_cam for scene in scenes)
    assert flat[:3, 0] @ rolled[:3, 0] == pytest.approx(np.cos(np.deg2rad(40)))
    np.testing.assert_allclose(flat[:3, 2], rolled[:3, 2], atol=1e-9)


def test_a_tracked_frame_says_what_is_up(assets, make_spec):
    """Blender's track-to with the target's z: with the frame turned by 90 degrees about x, up is the world's -y."""
    camera = {"kind": "box", "x_m": 2, "y_m": 0, "z_m": 0, "jitter": 0, "roll_deg": 0, "up_euler_deg": [90, 0, 0]}
    scene = drawn(SceneSampler(spec=make_spec(count=0, distractors={"count": 0}, camera=camera), assets=assets), 0)
    np.testing.assert_allclose(-scene.T_world_cam[:3, 1], [0, -1, 0], atol=1e-9)


def test_intrinsics_in_millimetres_and_from_a_list(assets, make_spec):
    lens = {"kind": "lens", "focal_mm": 4.7, "sensor_width_mm": 5.11, "sensor_height_mm": 3.84}
    camera = draw_scene(make_spec(camera={"kind": "shell", "intrinsics": lens}), assets, 0).camera
    assert (camera.fx, camera.fy) == pytest.approx((4.7 / 5.11 * 640, 4.7 / 3.84 * 480))
    several = {
        "kind": "choice",
        "cameras": [lens, {"kind": "calibrated", "fx": 9, "fy": 9, "cx": 1, "cy": 1}],
        "weights": [1, 3],
    }
    sampler = SceneSampler(
        spec=make_spec(count=0, distractors={"count": 0}, camera={"kind": "shell", "intrinsics": several}),
        assets=assets,
    )
    scenes = [drawn(sampler, frame) for frame in range(80)]
    assert np.mean([scene.camera.fx == 9 for scene in scenes]) == pytest.approx(0.75, abs=0.14)
    assert {scene.origins["camera.fx"].split(".focal")[0] for scene in scenes} == {
        "camera.intrinsics.cameras[0]",
        "camera.intrinsics.cameras[1]",
    }


@settings(max_examples=10)
@given(frames)
def test_a_box_keeps_its_ranges_and_may_let_things_stand_in_each_other(assets, make_spec, frame):
    spec = make_spec(
        count=12,
        distractors={"count": 3, "where": "placement", "scale": [1, 1.5]},
        placement={
            "kind": "box",
            "x_m": [0, 0.2],
            "y_m": [-0.2, 0.1],
            "z_m": [0.3, 0.4],
            "anchor": "base",
            "rotation": {"kind": "yaw", "yaw_deg": [10, 20]},
            "gap": None,
        },
        camera={"kind": "box", "x_m": 2, "look_at": [0, 0, 0.3]},
        rejection={"max_box_overhang": 1.0},
    )
    scene = draw_scene(spec, assets, frame)
    for body, thing in zip(bodies_of(scene, assets), scene.objects, strict=True):
        lowest = body.hull_points(np.eye(4))[:, 2].min()
        assert 0 <= body.center[0] <= 0.2 and -0.2 <= body.center[1] <= 0.1 and 0.3 - 1e-9 <= lowest <= 0.4 + 1e-9
        yaw = np.rad2deg(np.arctan2(thing.T_world_object[1, 0], thing.T_world_object[0, 0]))
        assert 10 - 1e-9 <= yaw <= 20 + 1e-9
        assert thing.class_id is not None or 1 <= thing.scale <= 1.5


@settings(max_examples=10)
@given(frames)
def test_the_frustum_takes_shares_of_the_image(assets, make_spec, frame):
    spec = make_spec(
        count=1,
        distractors={"count": 0},
        placement={"kind": "frustum", "apparent_size": None, "distance_m": [1, 2], "x": [0.1, 0.2], "y": -0.25},
    )
    scene = draw_scene(spec, assets, frame)
    ((u, v),) = pixels_of(scene, bodies_of(scene, assets)[0].center)
    assert 0.6 * 640 - 1e-6 <= u <= 0.7 * 640 + 1e-6 and v == pytest.approx(120)


@settings(max_examples=10)
@given(frames)
def test_a_room_holds_the_camera_and_every_object(assets, make_spec, frame):
    for placement in ("ground", "frustum"):
        spec = make_spec(placement=placement, room={"width": [0.5, 4], "turn_deg": [0, 90]})
        scene = drawn(SceneSampler(spec=spec, assets=assets), frame)
        assert len(scene.walls) == 6
        points = [
            scene.T_world_cam[:3, 3],
            *np.concatenate([b.hull_points(np.eye(4)) for b in bodies_of(scene, assets)]),
        ]
        for wall in scene.walls:
            local = transform_points(invert_pose(wall.T_world_wall), np.array(points))
            assert local[:, 2].min() >= -1e-9
            assert np.linalg.det(wall.T_world_wall[:3, :3]) == pytest.approx(1)
        floor, ceiling = scene.walls[0], scene.walls[5]
        np.testing.assert_allclose(floor.T_world_wall[:3, 2], [0, 0, 1], atol=1e-12)
        np.testing.assert_allclose(ceiling.T_world_wall[:3, 2], [0, 0, -1], atol=1e-12)
        if placement == "ground":
            assert floor.T_world_wall[2, 3] == pytest.approx(0.0, abs=1e-12)
        height = ceiling.T_world_wall[2, 3] - floor.T_world_wall[2, 3]
        assert all(wall.size_m[1] == pytest.approx(height) for wall in scene.walls[1:5])


@settings(max_examples=10)
@given(frames)
def test_lamps_give_the_asked_irradiance_or_watts(assets, make_spec, frame):
    far = {"kind": "shell", "distance": 5}
    lamps = [
        {"kind": kind, "energy": 0.7, "where": far, "color": {"kind": "temperature", "temperature_k": 4000}}
        for kind in ("point", "spot", "area")
    ]
    lamps[2] |= {"width": 0.01, "shape": "disk"}
    watts = [lamp | {"unit": "power_w", "energy": 40} for lamp in lamps]
    scene = draw_scene(
        make_spec(placement="ground", count=2, lights={"points": {"count": 0}, "lamps": [*lamps, *watts]}),
        assets,
        frame,
    )
    near, far = scene.point_lights
    square = float(near.position @ near.position)
    assert LUMINANCE @ near.intensity / square == pytest.approx(0.7)
    assert LUMINANCE @ far.intensity == pytest.approx(40 / (4 * np.pi))
    spot = scene.spot_lights[0]
    assert LUMINANCE @ spot.intensity / (spot.position @ spot.position) == pytest.approx(0.7)
    np.testing.assert_allclose(spot.direction, -spot.position / np.linalg.norm(spot.position), atol=1e-12)
    area, bright = scene.area_lights
    surface = np.pi / 4 * area.size_m[0] * area.size_m[1]
    reach = area.T_world_light[:3, 3]
    assert LUMINANCE @ area.radiance * surface / (reach @ reach) == pytest.approx(0.7, rel=1e-4)
    assert LUMINANCE @ bright.radiance * np.pi * np.pi / 4 * np.prod(bright.size_m) == pytest.approx(40)


def test_lamps_are_on_as_often_as_asked_and_hang_in_their_grid(assets, make_spec):
    lamps = [
        {
            "kind": "area",
            "count": 7,
            "on_probability": 1 / 7,
            "where": {"kind": "ceiling", "columns": 7, "inset": 0},
            "aim": "down",
            "unit": "radiance",
            "energy": {"kind": "normal", "mean": 1, "std": 6, "low": 0},
            "color": {"kind": "rgb"},
        }
    ]
    spec = make_spec(
        placement="ground", count=1, distractors={"count": 0}, room={"width": 7, "depth": 7}, lights={"lamps": lamps}
    )
    sampler = SceneSampler(spec=spec, assets=assets)
    scenes = [drawn(sampler, frame) for frame in range(60)]
    lit = [light for scene in scenes for light in scene.area_lights]
    assert len(lit) / 60 == pytest.approx(1.0, abs=0.4)
    for scene in scenes:
        for light in scene.area_lights:
            local = invert_pose(scene.walls[5].T_world_wall) @ np.append(light.T_world_light[:3, 3], 1)
            cell = (local[0] / scene.walls[5].size_m[0] + 0.5) * 7 - 0.5
            assert cell == pytest.approx(round(cell), abs=1e-6)
            np.testing.assert_allclose(light.T_world_light[:3, 2], [0, 0, -1], atol=1e-9)


def test_one_colour_for_a_whole_group(assets, make_spec):
    def hues(**fields):
        lamps = [{"kind": "point", "count": 3, "color": {"kind": "hsv", "saturation": 1, "value": 1}} | fields]
        scene = draw_scene(make_spec(count=1, lights={"points": {"count": 0}, "lamps": lamps}), assets, 0)
        return {tuple(np.round(np.array(light.intensity) / max(light.intensity), 6)) for light in scene.point_lights}

    assert len(hues(one_color=True)) == 1 and len(hues()) == 3


@settings(max_examples=10)
@given(frames)
def test_the_three_points_stand_where_they_should(assets, make_spec, frame):
    rig = {"kind": "three_point", "distance": None, "distance_m": 2, "key_inclination_deg": 40, "key_azimuth_deg": 30}
    scene = draw_scene(
        make_spec(placement="ground", count=1, lights={"points": {"count": 0}, "lamps": [rig]}), assets, frame
    )
    key, fill, back = scene.spot_lights[0], scene.area_lights[0], scene.point_lights[0]
    expected = 2 * np.array(
        [np.sin(np.deg2rad(40)) * np.cos(np.deg2rad(30)), np.sin(np.deg2rad(40)) * 0.5, np.cos(np.deg2rad(40))]
    )
    np.testing.assert_allclose(key.position, expected, atol=1e-9)
    np.testing.assert_allclose(back.position, -expected, atol=1e-9)
    place = fill.T_world_light[:3, 3]
    assert np.rad2deg(np.arccos(place[2] / 2)) == pytest.approx(45 + 20)
    assert np.rad2deg(np.arctan2(place[1], place[0])) == pytest.approx(150)
    np.testing.assert_allclose(fill.T_world_light[:3, 2], -place / 2, atol=1e-9)


def outline(body, scene):
    points = transform_points(invert_pose(scene.T_world_cam), body.hull_points(np.eye(4)))
    return cv2.convexHull(project(scene.camera, points).astype(np.float32))


@settings(max_examples=20)
@given(frames, st.floats(0.1, 0.8))
def test_an_occluder_hides_the_wished_share(assets, make_spec, frame, cover):
    spec = make_spec(
        count=1,
        distractors={"count": 0},
        occluders={"probability": 1.0, "cover": cover, "meshes": ["cube", "ball"]},
        placement={"kind": "frustum", "overhang": 0},
    )
    scene = draw_scene(spec, assets, frame)
    target, occluder = bodies_of(scene, assets)
    common, _ = cv2.intersectConvexConvex(outline(target, scene), outline(occluder, scene))
    assert common / cv2.contourArea(outline(target, scene)) == pytest.approx(cover, abs=0.02)
    forward = scene.T_world_cam[:3, 2]
    assert (occluder.center - target.center) @ forward < 0


@settings(max_examples=10)
@given(frames)
def test_the_focus_is_on_an_object_and_as_open_as_its_number_says(assets, make_spec, frame):
    spec = make_spec(
        placement="ground",
        focus={"f_number": 2.8, "error": 1, "sensor_width_mm": 36},
        distractors={"count": 0},
        count=2,
    )
    scene = draw_scene(spec, assets, frame)
    depths = [(body.center - scene.T_world_cam[:3, 3]) @ scene.T_world_cam[:3, 2] for body in bodies_of(scene, assets)]
    assert min(abs(scene.focus.distance_m - depth) for depth in depths) < 1e-9
    assert scene.focus.aperture_m == pytest.approx(0.036 * scene.camera.fx / 640 / 2.8)
    fixed = draw_scene(spec.evolve(focus={"target": "distance", "distance_m": 0.8, "error": 1}), assets, frame)
    assert fixed.focus.distance_m == pytest.approx(0.8)


@settings(max_examples=10)
@given(frames)
def test_motion_keeps_to_its_speeds(assets, make_spec, frame):
    spec = make_spec(
        motion={"camera_speed_mps": 0.3, "camera_spin_dps": 20, "object_speed_mps": [1, 2], "shutter_s": 0.01}
    )
    scene = draw_scene(spec, assets, frame)
    assert scene.shutter_s == 0.01
    assert np.linalg.norm(scene.camera_motion.velocity) == pytest.approx(0.3)
    assert np.linalg.norm(scene.camera_motion.spin) == pytest.approx(np.deg2rad(20))
    for thing in scene.objects:
        assert 1 <= np.linalg.norm(thing.motion.velocity) <= 2 and not thing.motion.spin.any()


def test_material_changes_happen_as_often_as_asked(assets, make_spec):
    materials = {
        "probability": 1,
        "roughness": [0, 1],
        "roughness_probability": 0.5,
        "metallic": {"kind": "bernoulli", "probability": 0.5},
        "metallic_probability": 0.25,
    }
    sampler = SceneSampler(spec=make_spec(count=4, distractors={"count": 0}, materials=materials), assets=assets)
    found = [thing.material for frame in range(80) for thing in drawn(sampler, frame).objects]
    assert np.mean([material.roughness is not None for material in found]) == pytest.approx(0.5, abs=0.09)
    assert np.mean([material.metallic is not None for material in found]) == pytest.approx(0.25, abs=0.09)
    assert {material.metallic for material in found} == {None, 0.0, 1.0}


def test_hue_and_saturation_of_a_material_are_drawn_and_named(assets, make_spec):
    materials = {"probability": 1, "hue_shift_deg": [60, 120], "saturation_factor": [0, 0.5]}
    sampler = SceneSampler(spec=make_spec(count=4, distractors={"count": 0}, materials=materials), assets=assets)
    found = [drawn(sampler, frame) for frame in range(20)]
    turns, factors = (
        np.array([[(o.material.hue_shift_rad, o.material.saturation) for o in scene.objects] for scene in found])
        .reshape(-1, 2)
        .T
    )
    assert np.pi / 3 <= turns.min() < 1.2 and 1.9 < turns.max() <= 2 * np.pi / 3
    assert 0 <= factors.min() < 0.1 and 0.4 < factors.max() <= 0.5
    origins = found[0].origins
    assert origins["objects[0].material.hue_shift_rad"].startswith("materials.hue_shift_deg uniform")
    assert origins["objects[0].material.saturation"].startswith("materials.saturation_factor uniform")
    unchanged = SceneSampler(spec=make_spec(count=1, materials={"probability": 1}), assets=assets)
    material = drawn(unchanged, 0).objects[0].material
    assert (material.hue_shift_rad, material.saturation) == (0.0, 1.0)


class Named:
    """A mesh of two named parts."""

    def __init__(self, assets):
        cube = assets.mesh("cube").parts[0]
        names = ("Body paint", "steer_axle")
        parts = tuple(
            type(cube)(
                vertices=cube.vertices + k,
                faces=cube.faces,
                normals=cube.normals,
                material=type(cube.material)(name=name),
            )
            for k, name in enumerate(names)
        )
        self._mesh, self._assets = Mesh(name="jack", fingerprint="jack", parts=parts), assets

    def mesh(self, ref):
        return self._mesh if ref == "jack" else self._assets.mesh(ref)

    def __getattr__(self, name):
        return getattr(self._assets, name)


def part_recipe(make_spec, **entry):
    changes = {"changes": {"probability": 1, "color": {"kind": "rgb"}}}
    return make_spec(
        objects=[{"name": "jack", "mesh": "jack", "materials": {"probability": 0, "parts": [entry | changes]}}],
        count=1,
        distractors={"count": 0},
    )


def test_parts_are_chosen_by_name_or_index(assets, make_spec):
    for wanted in (["Steer*"], [1]):
        (thing,) = draw_scene(part_recipe(make_spec, parts=wanted), Named(assets), 0).objects
        assert [part.part for part in thing.part_materials] == [1]
        assert thing.part_materials[0].material.color is not None and thing.material.color is None
    with pytest.raises(
        AssetError,
        match=r"objects\[0\].materials.parts\[0\]: mesh 'jack' has no part 'wheel'; it has 0 'Body paint', 1",
    ):
        draw_scene(part_recipe(make_spec, parts=["wheel"]), Named(assets), 0)
    scene = draw_scene(part_recipe(make_spec, parts=["wheel"], is_optional=True), Named(assets), 0)
    assert scene.objects[0].part_materials == ()


@settings(max_examples=10)
@given(frames)
def test_copies_are_in_every_scene(assets, make_spec, frame):
    objects = [
        {"name": "box", "mesh": "box", "copies": 2},
        {"name": "cube", "mesh": "cube", "copies": [0, 1]},
        {"name": "ball", "mesh": "ball"},
    ]
    spec = make_spec(objects=objects, count=1, distractors={"meshes": ["cone", "bar"], "copies": 2})
    things = draw_scene(spec, assets, frame).objects
    labelled = [thing.mesh for thing in things if thing.class_id is not None]
    assert labelled.count("box") == 2 and labelled.count("cube") <= 1 and labelled.count("ball") == 1
    assert sorted(thing.mesh for thing in things if thing.class_id is None) == ["bar", "bar", "cone", "cone"]


def test_distractors_fill_the_view(assets, make_spec):
    spec = make_spec(
        placement="ground",
        count=1,
        distractors={"count": 4, "where": "frustum", "distance": [0.5, 2.5], "size": 0.5},
        rejection={"tries_per_object": 500},
    )
    sampler = SceneSampler(spec=spec, assets=assets)
    places = []
    for frame in range(25):
        scene = drawn(sampler, frame)
        places += [pixels_of(scene, body.center)[0] for body in bodies_of(scene, assets)[1:]]
    shares = np.array(places) / (640, 480)
    assert (shares >= 0).all() and (shares <= 1).all()
    assert stats.kstest(shares[:, 0], "uniform").pvalue > 1e-3


def test_the_corner_rule_and_the_clear_center(assets, make_spec):
    corner = make_spec(
        count=1,
        distractors={"count": 0},
        rejection={"max_corner_overhang": 0.05},
        placement={"kind": "frustum", "overhang": 0.5},
    )
    sampler = SceneSampler(spec=corner, assets=assets)
    for frame in range(30):
        scene = drawn(sampler, frame)
        (body,) = bodies_of(scene, assets)
        signs = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)])
        shares = pixels_of(scene, body.center + (signs * body.half_size) @ body.axes.T) / (640, 480)
        assert shares.min() >= -0.05 - 1e-9 and shares.max() <= 1.05 + 1e-9
    spec = make_spec(count=1, distractors={"count": 4, "in_front": 1.0}, rejection={"needs_clear_center": True})
    sampler, blocked = SceneSampler(spec=spec, assets=assets), 0
    for frame in range(20):
        try:
            scene = sampler.draw(frame)
        except RejectedScene as rejected:
            assert any("middle of an object" in rule for rule in rejected.rules)
            blocked += 1
            continue
        eye, bodies = scene.T_world_cam[:3, 3], bodies_of(scene, assets)
        meshes = [
            trimesh.Trimesh(assets.mesh(o.mesh).vertices * o.scale, assets.mesh(o.mesh).parts[0].faces)
            for o in scene.objects
        ]
        for mesh, thing in zip(meshes[1:], scene.objects[1:], strict=True):
            mesh.apply_transform(thing.T_world_object)
            towards = bodies[0].center - eye
            hits, _, _ = mesh.ray.intersects_location([eye], [towards])
            assert not any(np.linalg.norm(hit - eye) < np.linalg.norm(towards) for hit in hits)
    assert 0 < blocked < 20


def test_a_line_of_sight_is_blocked_by_triangles_not_by_boxes(assets):
    cache = GeometryCache(assets=assets)

    def at(mesh, *place):
        pose = np.eye(4)
        pose[:3, 3] = place
        return PlacedBody(body=Body(geometry=cache.get(mesh), scale=1.0), T_world_object=pose)

    target = at("cube", 0, 0, 0)
    eye = np.array([2.0, 0, 0])
    assert not is_center_clear(eye, [target, at("ball", 1, 0, 0)], 0)
    assert is_center_clear(eye, [target, at("ball", 1, 0.07, 0)], 0)
    assert is_center_clear(eye, [target, at("ball", 3, 0, 0)], 0)
    assert is_center_clear(eye, [target, at("ball", -1, 0, 0)], 0)


def test_one_bundle_of_settings_is_taken_for_each_frame(assets, make_spec):
    spec = make_spec(
        count=1,
        distractors={"count": 0},
        bundles=[
            {"name": "day", "weight": 3, "settings": {"environment.strength": 2, "lights.suns.count": 1}},
            {"name": "night", "settings": {"environment.strength": 0.1, "lights.suns.count": 0}},
        ],
    )
    sampler = SceneSampler(spec=spec, assets=assets)
    scenes = [drawn(sampler, frame) for frame in range(80)]
    for scene in scenes:
        assert (scene.environment.strength, len(scene.suns)) == {"day": (2, 1), "night": (0.1, 0)}[scene.bundle]
    assert np.mean([scene.bundle == "day" for scene in scenes]) == pytest.approx(0.75, abs=0.14)
    alone = draw_scene(spec.evolve(bundles=()), assets, 0)
    np.testing.assert_array_equal(alone.T_world_cam, scenes[0].T_world_cam)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"enviroment.strength": 1},
            r"bundles\[0\] 'x': enviroment: unknown key 'enviroment'; did you mean 'environment'",
        ),
        ({"environment.strength": -1}, r"bundles\[0\] 'x': environment.strength: expected values of at least 0"),
        ({"seed": 3}, r"bundles\[0\] 'x': 'seed' is the same for all frames"),
        ({"count.low.a": 3}, r"bundles\[0\] 'x'"),
    ],
)
def test_a_bundle_that_cannot_be_is_refused(make_spec, settings, message):
    with pytest.raises(SpecError, match=message) as caught:
        make_spec(bundles=[{"name": "x", "settings": settings}])
    assert "\n" not in str(caught.value)


def test_frames_of_one_world_share_what_is_drawn_once(assets, make_spec):
    spec = make_spec(
        worlds={"frames": 3, "share": ["objects", "environment"]},
        objects=[{"name": "cube", "mesh": "cube", "scale": [0.5, 2]}],
    )
    sampler = SceneSampler(spec=spec, assets=assets)
    first, second, third, other = (drawn(sampler, frame) for frame in (0, 1, 2, 3))
    for scene in (second, third):
        assert (
            scene.environment.ref == first.environment.ref and scene.environment.strength == first.environment.strength
        )
        labelled = [[o.scale for o in each.objects if o.class_id is not None] for each in (first, scene)]
        assert labelled[0] == labelled[1]
        assert not np.array_equal(scene.objects[0].T_world_object, first.objects[0].T_world_object)
    assert other.environment.strength != first.environment.strength


def test_lamps_under_a_ceiling_need_one(make_spec):
    with pytest.raises(SpecError, match=r"lights.lamps\[0\].where: there is no ceiling; add a `room`"):
        make_spec(lights={"lamps": [{"kind": "point", "where": {"kind": "ceiling"}}]})


def test_a_camera_cannot_look_at_what_falls(assets, make_spec):
    spec = make_spec(placement="drop", camera={"kind": "shell", "look_at": "object"})
    with pytest.raises(SynthesisError, match="look_at: region"):
        draw_scene(spec, assets, 0)


def test_clip_planes_may_be_given(assets, make_spec):
    scene = draw_scene(make_spec(clip_m=[0.01, 50]), assets, 0)
    assert (scene.near_m, scene.far_m) == (0.01, 50)
    with pytest.raises(SpecError, match="clip_m: expected near < far"):
        make_spec(clip_m=[5, 1])


def test_every_recipe_field_reads_back(make_spec):
    spec = make_spec(**EVERYTHING)
    assert parse_spec(SceneSpec, spec.model_dump(mode="json"), "again") == spec
