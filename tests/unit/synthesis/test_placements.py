from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshsight.core.camera import project
from meshsight.core.pose import invert_pose, transform_points
from meshsight.synthesis.body import Body, PlacedBody
from meshsight.synthesis.geometry import GeometryCache
from meshsight.synthesis.rejection import RejectedScene
from meshsight.synthesis.separation import gap_between

NO_CLUTTER = {"count": 0}


def placed(thing, cache):
    return PlacedBody(body=Body(geometry=cache.get(thing.mesh), scale=thing.scale), T_world_object=thing.T_world_object)


def placed_bodies(scene, assets):
    cache = GeometryCache(assets=assets)
    return [placed(thing, cache) for thing in scene.objects]


def sphere_of(body, scene):
    """Middle in the camera's frame, and pixel of it."""
    center = transform_points(invert_pose(scene.T_world_cam), body.center[None])
    return center[0], project(scene.camera, center)[0]


@given(st.integers(0, 5000))
def test_floating_objects_have_the_apparent_size_that_was_asked_for(assets, draw, make_spec, frame):
    scene = draw(make_spec(count=3, distractors=NO_CLUTTER, placement={"kind": "frustum", "apparent_size": 0.3}), frame)
    for body in placed_bodies(scene, assets):
        center, _ = sphere_of(body, scene)
        rays = np.random.default_rng(0).standard_normal((20000, 3))
        surface = center + body.radius * rays / np.linalg.norm(rays, axis=1, keepdims=True)
        assert np.ptp(project(scene.camera, surface), axis=0).max() == pytest.approx(0.3 * 640, rel=5e-3)


@given(st.integers(0, 5000))
def test_floating_objects_stick_out_no_further_than_the_overhang(assets, draw, make_spec, frame):
    fields = {"kind": "frustum", "apparent_size": [0.1, 0.4], "overhang": 0.1}
    scene = draw(make_spec(count=4, distractors=NO_CLUTTER, placement=fields), frame)
    for body in placed_bodies(scene, assets):
        center, pixel = sphere_of(body, scene)
        view_size = 2 * scene.camera.fx * body.radius / center[2]
        low = 0.4 * view_size * 0.9
        assert low <= pixel[0] <= 640 - low
        assert low <= pixel[1] <= 480 - low


def test_without_overhang_whole_spheres_are_in_the_image(assets, draw, make_spec):
    fields = {"kind": "frustum", "apparent_size": 0.25, "overhang": 0}
    for frame in range(20):
        scene = draw(make_spec(count=2, distractors=NO_CLUTTER, placement=fields), frame)
        for body in placed_bodies(scene, assets):
            pixel = sphere_of(body, scene)[1]
            assert np.all(np.abs(pixel - [320, 240]) <= [320 - 80 + 1e-6, 240 - 80 + 1e-6])


def test_distance_can_be_asked_for_instead(assets, draw, make_spec):
    fields = {"kind": "frustum", "apparent_size": None, "distance_m": [1.0, 2.0]}
    for frame in range(10):
        scene = draw(make_spec(count=3, distractors=NO_CLUTTER, placement=fields), frame)
        for body in placed_bodies(scene, assets):
            assert 1.0 <= sphere_of(body, scene)[0][2] <= 2.0


def test_rotations_are_uniform_over_all_rotations(assets, draw, make_spec):
    spec = make_spec(count=4, distractors=NO_CLUTTER)
    rotations = np.array([o.T_world_object[:3, :3] for f in range(120) for o in draw(spec, f).objects])
    # Of a uniform rotation every entry has mean 0 and mean square 1/3, and the trace has mean 0 and mean square 1.
    np.testing.assert_allclose(rotations.mean(axis=0), 0, atol=0.08)
    np.testing.assert_allclose((rotations**2).mean(axis=0), 1 / 3, atol=0.05)
    traces = np.trace(rotations, axis1=1, axis2=2)
    assert traces.mean() == pytest.approx(0, abs=0.15)
    assert (traces**2).mean() == pytest.approx(1, abs=0.2)


def test_a_tilt_leans_away_from_upright_by_its_angle(assets, draw, make_spec):
    spec = make_spec(count=4, distractors=NO_CLUTTER, placement={"kind": "frustum", "tilt_deg": 25})
    for frame in range(10):
        for thing in draw(spec, frame).objects:
            assert thing.T_world_object[2, 2] == pytest.approx(np.cos(np.deg2rad(25)))


@given(st.integers(0, 5000))
def test_standing_objects_touch_the_ground_and_nothing_else(assets, draw, make_spec, frame):
    scene = draw(make_spec(count=[1, 6], distractors={"count": 3}, placement="ground"), frame)
    assert scene.ground is not None
    assert scene.ground.z_m == 0
    for thing in scene.objects:
        vertices = assets.meshes[thing.mesh].vertices.astype(np.float64) * thing.scale
        assert transform_points(thing.T_world_object, vertices)[:, 2].min() == pytest.approx(0, abs=1e-6)


@given(st.integers(0, 5000))
@pytest.mark.parametrize("placement", ["frustum", "ground"])
def test_no_two_bodies_touch(assets, draw, make_spec, placement, frame):
    scene = draw(make_spec(count=5, distractors={"count": 4}, placement=placement), frame)
    for a, b in combinations(placed_bodies(scene, assets), 2):
        reach = np.linalg.norm(a.center - b.center) - a.radius - b.radius
        assert max(gap_between(a, b), reach) > 0.02 * 2 * min(a.radius, b.radius) - 1e-12


@given(st.integers(0, 5000))
@pytest.mark.parametrize("placement", ["frustum", "ground"])
def test_boxes_keep_to_the_largest_overhang(assets, draw, make_spec, placement, frame):
    spec = make_spec(count=3, placement=placement, rejection={"max_box_overhang": 0.3})
    scene = draw(spec, frame)
    labelled = [o for o in scene.objects if o.class_id is not None]
    assert len(labelled) == 3
    for thing in labelled:
        vertices = assets.meshes[thing.mesh].vertices.astype(np.float64) * thing.scale
        points = transform_points(invert_pose(scene.T_world_cam) @ thing.T_world_object, vertices)
        assert points[:, 2].min() > scene.near_m
        pixels = project(scene.camera, points)
        low, high = pixels.min(axis=0), pixels.max(axis=0)
        inside = np.prod(np.clip(np.minimum(high, [640, 480]) - np.maximum(low, 0), 0, None))
        assert 1 - inside / np.prod(high - low) <= 0.3 + 1e-9


def test_objects_stand_upright_as_often_as_asked(assets, draw, make_spec):
    spec = make_spec(
        objects=[{"name": "bar", "mesh": "bar"}],
        count=4,
        distractors=NO_CLUTTER,
        placement={"kind": "ground", "upright": 0.25},
        camera={"kind": "shell", "framing": 0.3},
    )
    upright = [o.T_world_object[2, 2] > 0.999 for f in range(100) for o in draw(spec, f).objects]
    # A bar lies on one of its four long sides, of which one is the upright one.
    assert np.mean(upright) == pytest.approx(0.25 + 0.75 / 4, abs=0.06)


def test_the_disc_has_the_asked_radius(assets, draw, make_spec):
    spec = make_spec(
        count=5,
        distractors=NO_CLUTTER,
        placement={"kind": "ground", "density": None, "radius_m": 0.8},
        camera={"kind": "shell", "framing": 0.3},
    )
    cache = GeometryCache(assets=assets)
    drawn = (thing for frame in range(60) for thing in draw(spec, frame).objects)
    centers = np.array([placed(thing, cache).center[:2] for thing in drawn])
    distances = np.linalg.norm(centers, axis=1)
    assert 0.75 < distances.max() <= 0.8
    assert np.mean(distances < 0.4) == pytest.approx(0.25, abs=0.06)


def test_distractors_in_front_are_nearer_than_some_object_and_overlap_it_in_the_image(assets, draw, make_spec):
    spec = make_spec(count=1, distractors={"count": 2, "in_front": 1.0})
    for frame in range(15):
        scene = draw(spec, frame)
        thing, *clutter = placed_bodies(scene, assets)
        center, pixel = sphere_of(thing, scene)
        for other in clutter:
            other_center, other_pixel = sphere_of(other, scene)
            assert 0.44 < other_center[2] / center[2] < 0.86
            reach = scene.camera.fx * (thing.radius / center[2] + other.radius / other_center[2])
            assert np.linalg.norm(pixel - other_pixel) < reach


@pytest.mark.parametrize("placement", ["frustum", "ground"])
def test_distractors_are_sized_by_their_neighbour(assets, draw, make_spec, placement):
    spec = make_spec(
        objects=[{"name": "cube", "mesh": "cube"}],
        count=2,
        distractors={"count": 3, "size": 0.5},
        placement=placement,
    )
    bodies = placed_bodies(draw(spec, 0), assets)
    for body in bodies[2:]:
        assert body.radius == pytest.approx(0.5 * bodies[0].radius)


@pytest.mark.parametrize("placement", ["frustum", "ground"])
def test_scenes_without_objects_can_have_distractors(assets, draw, make_spec, placement):
    scene = draw(make_spec(count=0, distractors={"count": 3}, placement=placement), 1)
    assert [o.class_id for o in scene.objects] == [None] * 3


def test_too_crowded_a_scene_says_what_to_loosen(assets, draw, make_spec):
    fields = {"kind": "ground", "density": None, "radius_m": 0.05}
    rejection = {"tries_per_object": 5, "max_box_overhang": 1.0, "allow_clipping": True}
    spec = make_spec(count=30, placement=fields, rejection=rejection)
    with pytest.raises(
        RejectedScene, match=r"objects\[\d+\] \(\w+\) found no place in 5 tries: 5x .*lower `count`"
    ) as e:
        draw(spec, 0)
    assert sum(e.value.rules.values()) == 5
    assert "\n" not in str(e.value)


def test_objects_that_cross_the_near_plane_are_rejected_unless_allowed(assets, draw, make_spec):
    fields = {"kind": "frustum", "apparent_size": None, "distance_m": 0.02}
    spec = make_spec(count=1, distractors=NO_CLUTTER, placement=fields)
    with pytest.raises(RejectedScene, match="near or far plane"):
        draw(spec, 0)
    allowed = spec.evolve(rejection={"allow_clipping": True, "max_box_overhang": 1.0})
    assert len(draw(allowed, 0).objects) == 1
