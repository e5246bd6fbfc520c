import numpy as np
import pytest
import trimesh
from scipy.spatial import ConvexHull

from meshsight.core.pose import make_pose
from meshsight.records.mesh import Material, Mesh, MeshPart
from meshsight.synthesis.geometry import measure
from meshsight.synthesis.physics.convex_parts import PartsCache, split


def geometry_of(shape):
    part = MeshPart(
        vertices=np.array(shape.vertices, dtype=np.float32),
        faces=np.array(shape.faces, dtype=np.int32),
        normals=np.array(shape.vertex_normals, dtype=np.float32),
        material=Material(),
    )
    return measure(Mesh(name="shape", fingerprint="shape", parts=(part,)))


RING = trimesh.creation.annulus(r_min=0.05, r_max=0.1, height=0.05)
L_SHAPE = trimesh.creation.extrude_triangulation(
    np.array([[0, 0], [2, 0], [2, 1], [1, 1], [1, 3], [0, 3]]),
    np.array([[0, 1, 2], [0, 2, 3], [0, 3, 4], [0, 4, 5]]),
    1.0,
)


def volume(parts):
    return sum(ConvexHull(points).volume for points in parts)


def test_one_part_is_the_hull():
    geometry = geometry_of(RING)
    assert np.array_equal(split(geometry, 1)[0], geometry.hull_points)


def test_a_convex_mesh_is_not_split():
    assert len(split(geometry_of(trimesh.creation.box((1, 2, 3))), 8)) == 1


def test_an_l_is_two_boxes():
    parts = split(geometry_of(L_SHAPE), 8)
    assert sorted(ConvexHull(points).volume for points in parts) in (
        [pytest.approx(2)] * 2,
        [pytest.approx(1), pytest.approx(3)],
    )


def test_more_parts_follow_a_ring_more_closely():
    volumes = [volume(split(geometry_of(RING), most)) for most in (1, 4, 8, 16)]
    assert volumes == sorted(volumes, reverse=True)
    assert volumes[-1] == pytest.approx(RING.volume, rel=0.15)


@pytest.mark.parametrize("shape", [RING, L_SHAPE], ids=["ring", "l"])
def test_no_point_of_the_surface_is_outside_all_parts(shape):
    points = shape.sample(5000, seed=0)
    planes = [ConvexHull(part).equations for part in split(geometry_of(shape), 6)]
    outside = np.stack([(points @ plane[:, :3].T + plane[:, 3]).max(axis=1) for plane in planes])
    assert outside.min(axis=0).max() < 1e-5


def test_a_mesh_is_split_once():
    cache, geometry = PartsCache(), geometry_of(L_SHAPE)
    assert cache.get(geometry, 4) is cache.get(geometry, 4)


def test_a_ball_falls_into_a_ring_of_parts_but_rests_on_its_hull():
    pytest.importorskip("mujoco")
    falling = pytest.importorskip("meshsight.synthesis.physics._falling")
    ball = trimesh.creation.icosphere(subdivisions=3, radius=0.03).vertices
    heights = []
    for most in (1, 12):
        bodies = [
            falling.Faller(parts=parts, diameter_m=diameter, T_world_object=make_pose(np.eye(3), np.array([0, 0, z])))
            for parts, diameter, z in ((split(geometry_of(RING), most), 0.21, 0.025), ((np.array(ball),), 0.06, 0.15))
        ]
        landing = falling.let_fall(bodies, falling.Fall(friction=1.0, restitution=0.0, max_seconds=10.0))
        assert landing.trouble is None
        heights.append(landing.T_world_object[1][2, 3])
    assert heights == [pytest.approx(0.08, abs=1e-3), pytest.approx(0.03, abs=1e-3)]
