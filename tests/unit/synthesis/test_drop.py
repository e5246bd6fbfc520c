import contextlib
import sys

import numpy as np
import pytest
import trimesh

from meshsight.core.errors import MissingExtraError
from meshsight.core.pose import make_pose, sample_rotation, transform_points
from meshsight.specs.scene import PLACEMENT_KINDS
from meshsight.synthesis.body import Body, PlacedBody
from meshsight.synthesis.geometry import GeometryCache
from meshsight.synthesis.rejection import UNSETTLED, RejectedScene
from meshsight.synthesis.sampler import SceneSampler
from meshsight.synthesis.view import View, overhang_of

pytest.importorskip("mujoco")
falling = pytest.importorskip("meshsight.synthesis.physics._falling")

CALM = falling.Fall(friction=0.6, restitution=0.1, max_seconds=10.0)
BOX = trimesh.creation.box((0.2, 0.1, 0.3)).vertices
HEAP = {"kind": "drop", "density": None, "radius_m": 0.5, "spread": 0.25, "height": [0.1, 3.0]}
WHOLE = {"max_box_overhang": 1.0, "allow_clipping": True}


def faller(points, rotation, position):
    diameter = 2 * np.linalg.norm(points - points.mean(axis=0), axis=1).max()
    pose = make_pose(rotation, np.array(position, dtype=np.float64))
    parts = (np.array(points, dtype=np.float64),)
    return falling.Faller(parts=parts, diameter_m=float(diameter), T_world_object=pose)


def fall(friction, restitution, max_seconds):
    return falling.Fall(friction=float(friction), restitution=float(restitution), max_seconds=float(max_seconds))


def settled(spec, assets, frame):
    """A frame as a run draws it: the first attempt that is not rejected."""
    sampler = SceneSampler(spec=spec, assets=assets)
    for attempt in range(10):
        with contextlib.suppress(RejectedScene):
            return sampler.draw(frame, attempt)
    raise AssertionError(f"frame {frame} was rejected ten times")


@pytest.mark.parametrize("seed", range(12))
def test_a_box_lands_on_a_face(seed):
    rotation = sample_rotation(np.random.default_rng(seed))
    landing = falling.let_fall([faller(BOX, rotation, (0.0, 0.0, 0.6))], CALM)
    assert landing.trouble is None
    pose = landing.T_world_object[0]
    assert transform_points(pose, BOX)[:, 2].min() == pytest.approx(0, abs=1e-3)
    assert np.abs(pose[2, :3]).max() > np.cos(np.deg2rad(0.5))
    assert landing.depth_m < 1e-3
    # Half the square of the speed is the energy per mass: that of a fall from less than 0.1 mm.
    assert landing.speed_m_s**2 / 2 < 9.81 * 1e-4


def test_a_fall_is_the_same_at_every_size():
    rotation = sample_rotation(np.random.default_rng(5))
    for scale in (0.01, 10.0):
        longer = fall(0.6, 0.1, 10.0 * np.sqrt(scale))
        small, large = (
            falling.let_fall([faller(BOX * s, rotation, (0.0, 0.0, 0.6 * s))], f)
            for s, f in ((1, CALM), (scale, longer))
        )
        np.testing.assert_allclose(large.T_world_object[0][:3, :3], small.T_world_object[0][:3, :3], atol=1e-4)
        assert large.T_world_object[0][:3, 3] / scale == pytest.approx(small.T_world_object[0][:3, 3], abs=1e-4)
        assert large.seconds == pytest.approx(small.seconds * np.sqrt(scale))


def test_what_bounces_more_rests_later():
    ball = trimesh.creation.icosphere(subdivisions=3, radius=0.05).vertices
    fallen = [falling.let_fall([faller(ball, np.eye(3), (0.0, 0.0, 0.5))], fall(1, e, 20)) for e in (0.0, 0.5, 0.8)]
    assert [landing.trouble for landing in fallen] == [None] * 3
    assert fallen[0].seconds < fallen[1].seconds < fallen[2].seconds
    for landing in fallen:
        assert landing.T_world_object[0][2, 3] == pytest.approx(0.05, abs=1e-3)


def test_a_slippery_slope_is_left_and_a_rough_one_is_not():
    wedge = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0], [0, 0, 0.3], [0, 1, 0.3]]) - [0.5, 0.5, 0]
    slope = np.arctan(0.3)
    lean = np.array([[np.cos(slope), 0, np.sin(slope)], [0, 1, 0], [-np.sin(slope), 0, np.cos(slope)]])
    cube = trimesh.creation.box((0.2, 0.2, 0.05)).vertices
    heights = {}
    for friction in (0.02, 1.0):
        bodies = [faller(wedge, np.eye(3), (0, 0, 0)), faller(cube, lean, (-0.2, 0, 0.3))]
        landing = falling.let_fall(bodies, fall(friction, 0, 20))
        heights[friction] = landing.T_world_object[1][2, 3]
    assert heights[0.02] < 0.1 < 0.15 < heights[1.0]


def test_time_that_runs_out_is_trouble():
    short = fall(1, 0, 0.1)
    landing = falling.let_fall([faller(BOX, np.eye(3), (0, 0, 5.0))], short)
    assert landing.trouble == falling.RESTLESS


def test_what_leaves_the_room_is_trouble():
    """A slippery plate shoots down a long, steep wedge and is not slowed by the ground."""
    wedge = np.array([[0, 0, 0], [40, 0, 0], [0, 2, 0], [40, 2, 0], [0, 0, 40], [0, 2, 40]]) - [0, 1, 0]
    ball = trimesh.creation.icosphere(subdivisions=2, radius=0.4).vertices
    bodies = [
        faller(wedge, np.eye(3), (0, 0, 0)),
        *(faller(ball, np.eye(3), (2 * k, 0, 41 - 2 * k)) for k in (1, 3, 5)),
    ]
    landing = falling.let_fall(bodies, fall(0, 0, 60))
    assert landing.trouble == falling.FLOWN
    assert all(np.isfinite(pose).all() for pose in landing.T_world_object)


def test_bodies_that_must_overlap_are_trouble():
    """A cube in a closed box that is too small for it."""
    wall, sides = 0.5, []
    for axis in range(3):
        for sign in (-1, 1):
            size, middle = np.full(3, 2.0), np.zeros(3)
            size[axis], middle[axis] = wall, sign * 0.7
            sides.append(trimesh.creation.box(size).vertices + middle)
    shell = falling.Faller(
        parts=tuple(sides), diameter_m=3.5, T_world_object=make_pose(np.eye(3), np.array([0, 0, 1.0]))
    )
    cube = faller(trimesh.creation.box((1, 1, 1)).vertices, np.eye(3), (0, 0, 1.0))
    assert falling.let_fall([shell, cube], fall(1, 0, 10)).trouble == falling.OVERLAPPING


def depth_of_points(points, hull):
    return -(points @ hull.equations[:, :3].T + hull.equations[:, 3]).max(axis=1)


@pytest.mark.parametrize("frame", range(6))
def test_heaps_lie_on_the_ground_and_not_in_each_other(assets, make_spec, frame):
    spec = make_spec(count=8, distractors={"count": 3}, placement=HEAP, rejection=WHOLE)
    scene = settled(spec, assets, frame)
    cache, rng = GeometryCache(assets=assets), np.random.default_rng(0)
    lows, surfaces = [], []
    for thing in scene.objects:
        vertices = assets.meshes[thing.mesh].vertices.astype(np.float64) * thing.scale
        lows.append(transform_points(thing.T_world_object, vertices)[:, 2].min())
        hull = trimesh.Trimesh(vertices, assets.meshes[thing.mesh].parts[0].faces).convex_hull
        surfaces.append(transform_points(thing.T_world_object, hull.sample(4000, seed=rng)))
    allowed = [1e-3 + 0.005 * cache.get(o.mesh).diameter * o.scale for o in scene.objects]
    assert all(low > -limit for low, limit in zip(lows, allowed, strict=True))
    assert min(lows) < 1e-3
    for i, thing in enumerate(scene.objects):
        hull = cache.get(thing.mesh).hull
        for j, points in enumerate(surfaces):
            inside = (points - thing.T_world_object[:3, 3]) @ thing.T_world_object[:3, :3] / thing.scale
            assert i == j or depth_of_points(inside, hull).max() * thing.scale <= min(allowed[i], allowed[j])


def test_a_tower_stands():
    slab, cube = trimesh.creation.box((0.4, 0.3, 0.1)).vertices, trimesh.creation.box((0.2, 0.2, 0.2)).vertices
    bodies = [faller(points, np.eye(3), (0, 0, z)) for points, z in ((slab, 0.06), (cube, 0.25), (slab, 0.45))]
    landing = falling.let_fall(bodies, fall(0.8, 0.1, 10))
    assert landing.trouble is None
    heights = [pose[2, 3] for pose in landing.T_world_object]
    assert heights == pytest.approx([0.05, 0.2, 0.35], abs=2e-3)
    assert all(pose[2, 2] == pytest.approx(1, abs=1e-4) for pose in landing.T_world_object)


def test_equal_frames_are_equal_and_others_differ(assets, make_spec):
    spec = make_spec(count=5, placement=HEAP, rejection=WHOLE)
    first, again, other = (settled(spec, assets, frame) for frame in (2, 2, 3))
    poses = [np.array([o.T_world_object for o in scene.objects]) for scene in (first, again, other)]
    assert poses[0].tobytes() == poses[1].tobytes()
    assert poses[0].shape != poses[2].shape or not np.array_equal(poses[0], poses[2])


def test_a_frame_does_not_depend_on_those_before_it(assets, make_spec):
    spec = make_spec(count=4, placement="drop", rejection=WHOLE)
    alone, after = SceneSampler(spec=spec, assets=assets), SceneSampler(spec=spec, assets=assets)
    after.draw(0)
    for a, b in zip(alone.draw(4).objects, after.draw(4).objects, strict=True):
        assert a.T_world_object.tobytes() == b.T_world_object.tobytes()


def test_labelled_objects_rest_in_view(assets, make_spec):
    spec = make_spec(count=3, placement="drop", rejection={"max_box_overhang": 0.1})
    cache = GeometryCache(assets=assets)
    for frame in range(6):
        scene = settled(spec, assets, frame)
        view = View(camera=scene.camera, T_world_cam=scene.T_world_cam, near_m=scene.near_m, far_m=scene.far_m)
        labelled = [thing for thing in scene.objects if thing.class_id is not None]
        assert len(labelled) == 3
        for thing in labelled:
            body = Body(geometry=cache.get(thing.mesh), scale=thing.scale)
            assert overhang_of(view, PlacedBody(body=body, T_world_object=thing.T_world_object)) <= 0.1


def test_a_scene_that_does_not_settle_is_rejected_with_its_rule(assets, draw, make_spec):
    spec = make_spec(count=3, placement={"kind": "drop", "max_seconds": 0.05})
    with pytest.raises(RejectedScene, match=r"did not come to rest: 1x unsettled; lower") as error:
        draw(spec, 0)
    assert dict(error.value.rules) == {UNSETTLED: 1}


def test_a_flat_mesh_comes_to_lie(assets, draw, make_spec):
    objects = [{"name": "sheet", "mesh": "sheet"}]
    scene = draw(make_spec(objects=objects, count=2, distractors={"count": 0}, placement="drop", rejection=WHOLE), 0)
    vertices = assets.meshes["sheet"].vertices.astype(np.float64)
    for thing in scene.objects:
        assert -1e-3 < transform_points(thing.T_world_object, vertices)[:, 2].min() < 2e-3


def test_without_mujoco_the_recipe_is_valid_and_the_build_names_the_extra(monkeypatch, make_spec):
    monkeypatch.setitem(sys.modules, "mujoco", None)
    for module in ("placements._drop", "physics._falling"):
        monkeypatch.delitem(sys.modules, f"meshsight.synthesis.{module}", raising=False)
    assert make_spec(placement="drop").placement.kind == "drop"
    with pytest.raises(MissingExtraError, match=r"placement 'drop' needs the package 'mujoco'.*meshsight\[physics\]"):
        PLACEMENT_KINDS.builder("drop")
