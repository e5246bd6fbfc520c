"""Symmetries of shapes whose groups are known, at any pose and tessellation."""

import time

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st

from meshsight.assets.builtin.catalogue import make_builtin
from meshsight.assets.extent import mesh_diameter
from meshsight.assets.rotation_groups import Axis, groups_of
from meshsight.assets.surface_samples import sample_surface
from meshsight.assets.symmetry import find_symmetries
from meshsight.core.pose import sample_rotation, transform_points
from meshsight.records.mesh import Material, Mesh, MeshPart

SHAPES = {
    "box": trimesh.creation.box((0.30, 0.20, 0.12)),
    "square bar": trimesh.creation.box((0.1, 0.1, 0.3)),
    "cube": trimesh.creation.box((0.1, 0.1, 0.1)),
    "tetrahedron": trimesh.convex.convex_hull(0.05 * np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]])),
    "icosahedron": trimesh.creation.icosahedron(),
    "hexagonal prism": trimesh.creation.cylinder(0.05, 0.08, sections=6),
    "ten-sided prism": trimesh.creation.cylinder(0.05, 0.03, sections=10),
    "five-sided pyramid": trimesh.creation.cone(0.05, 0.09, sections=5),
    "scalene block": trimesh.convex.convex_hull(np.array([[0, 0, 0], [3, 0, 0], [0, 2, 0], [0, 0, 1], [2, 1, 1.5]])),
}
ORDERS = {
    "box": 4,
    "square bar": 8,
    "cube": 24,
    "tetrahedron": 12,
    "icosahedron": 60,
    "hexagonal prism": 12,
    "ten-sided prism": 20,
    "five-sided pyramid": 5,
    "scalene block": 1,
}


def mesh_of(shape: trimesh.Trimesh, *, rotation=None, offset=(0.0, 0.0, 0.0), **part) -> Mesh:
    rotation = np.eye(3) if rotation is None else rotation
    vertices = np.asarray(shape.vertices) @ rotation.T + offset
    return Mesh(
        name="shape",
        fingerprint="",
        parts=(
            MeshPart(
                vertices=vertices.astype(np.float32),
                faces=np.asarray(shape.faces).astype(np.int32),
                normals=np.zeros_like(vertices, dtype=np.float32),
                **{"material": Material(), **part},
            ),
        ),
    )


@pytest.mark.parametrize("name", SHAPES)
def test_polyhedra_have_their_groups(name):
    """Turned and moved anywhere."""
    rng = np.random.default_rng(3)
    rotation, offset = sample_rotation(rng), rng.normal(size=3)
    found = find_symmetries(mesh_of(SHAPES[name], rotation=rotation, offset=offset))
    assert found.continuous == ()
    assert len(found.discrete) + 1 == ORDERS[name]
    assert_group(found.discrete)
    assert_keeps(SHAPES[name], rotation, offset, found.discrete)


def test_coordinate_axes_are_met_exactly():
    found = find_symmetries(mesh_of(SHAPES["square bar"]))
    assert len(found.discrete) == 7
    for pose in found.discrete:
        assert np.allclose(pose[:3, :3], np.round(pose[:3, :3]), atol=1e-12)
        assert np.allclose(pose[:3, 3], 0, atol=1e-9)


@settings(max_examples=12, derandomize=True, deadline=None)
@given(sides=st.integers(3, 9), height=st.floats(0.3, 3.0), seed=st.integers(0, 99))
def test_prisms_have_dihedral_groups(sides, height, seed):
    """Property: whatever the proportions and the pose, a closed group with an element for each turn and flip."""
    rng = np.random.default_rng(seed)
    prism = trimesh.creation.cylinder(1.0, height, sections=sides)
    rotation, offset = sample_rotation(rng), rng.normal(size=3)
    found = find_symmetries(mesh_of(prism, rotation=rotation, offset=offset), tolerance=0.006)
    is_cube = sides == 4 and abs(height - 2**0.5) < 0.05
    assert found.continuous == ()
    assert is_cube or len(found.discrete) + 1 == 2 * sides
    assert_group(found.discrete)


def test_noise_below_the_tolerance_is_forgiven():
    """As on a scanned box, whose triangles share nothing with each other."""
    rng = np.random.default_rng(1)
    shape = SHAPES["box"].subdivide_to_size(0.02)
    shape.vertices = shape.vertices + rng.normal(scale=0.0006, size=shape.vertices.shape)
    found = find_symmetries(mesh_of(shape, rotation=sample_rotation(rng)))
    assert len(found.discrete) == 3
    assert_group(found.discrete)


def test_a_mesh_without_area_has_none():
    line = trimesh.Trimesh([[0, 0, 0], [1, 0, 0], [2, 0, 0]], [[0, 1, 2]], process=False)
    assert find_symmetries(mesh_of(line)).discrete == ()
    assert np.isclose(mesh_diameter(mesh_of(line)), 2.0)


def assert_group(discrete) -> None:
    """With the identity it is closed, each element has its inverse, and none comes twice; all are rigid."""
    group = np.array([np.eye(4), *discrete])
    products = np.einsum("aij,bjk->abik", group, group).reshape(-1, 4, 4)
    distance = np.abs(products[:, None] - group[None]).max(axis=(2, 3))
    assert distance.min(axis=1).max() < 1e-5
    between = np.abs(group[:, None] - group[None]).max(axis=(2, 3)) + np.eye(len(group))
    assert between.min() > 0.1
    for pose in group:
        assert np.allclose(pose[:3, :3] @ pose[:3, :3].T, np.eye(3), atol=1e-9)
        assert np.isclose(np.linalg.det(pose[:3, :3]), 1.0)


def assert_keeps(shape, rotation, offset, discrete) -> None:
    """Corners come onto corners, near enough for a pose's error to be nothing."""
    corners = np.asarray(shape.vertices) @ rotation.T + offset
    size = np.ptp(corners, axis=0).max()
    for pose in discrete:
        turned = transform_points(pose, corners)
        off = np.linalg.norm(turned[:, None] - corners[None], axis=2).min(axis=1)
        assert off.max() < 0.002 * size


@pytest.mark.parametrize("seed", [None, 1])
def test_a_cylinder_turns_freely_and_flips(seed):
    rng = np.random.default_rng(5)
    rotation = np.eye(3) if seed is None else sample_rotation(rng)
    offset = np.array([0.2, -0.1, 0.4])
    found = find_symmetries(mesh_of(trimesh.creation.cylinder(0.03, 0.12), rotation=rotation, offset=offset))
    (turn,) = found.continuous
    assert abs(turn.axis @ rotation[:, 2]) > 0.9999
    assert np.allclose(np.cross(turn.offset - offset, turn.axis), 0, atol=1e-4)
    (flip,) = found.discrete
    assert np.allclose(flip[:3, :3] @ turn.axis, -turn.axis, atol=1e-6)
    assert np.allclose(flip @ flip, np.eye(4), atol=1e-9)


def test_a_cone_turns_freely_and_has_no_flip():
    found = find_symmetries(mesh_of(trimesh.creation.cone(0.05, 0.1, sections=48)))
    assert len(found.continuous) == 1
    assert found.discrete == ()


def test_a_stubby_cylinder_is_found_where_inertia_tells_no_axis():
    """At height = sqrt(3) radius or so the principal axes mean nothing."""
    for height in np.linspace(0.08, 0.12, 5):
        found = find_symmetries(mesh_of(trimesh.creation.cylinder(0.05, height)))
        assert len(found.continuous) == 1, height
        assert abs(found.continuous[0].axis[2]) > 0.999


def test_a_ball_turns_about_three_axes():
    found = find_symmetries(mesh_of(trimesh.creation.icosphere(radius=0.1), offset=(0.0, 0.0, 0.5)))
    assert [turn.axis.tolist() for turn in found.continuous] == np.eye(3).tolist()
    assert all(np.allclose(turn.offset, [0, 0, 0.5], atol=1e-5) for turn in found.continuous)
    assert found.discrete == ()


def test_small_parts_break_a_symmetry_beyond_the_tolerance():
    box = SHAPES["box"]
    for size, count in ((0.002, 3), (0.03, 0)):
        knob = trimesh.creation.box((size, size, size))
        knob.apply_translation((0.1, 0.07, 0.06 + size / 2))
        both = trimesh.util.concatenate([box, knob])
        assert len(find_symmetries(mesh_of(both)).discrete) == count, size


def test_a_looser_tolerance_finds_more():
    prism = mesh_of(trimesh.creation.cylinder(0.05, 0.1, sections=8))
    assert len(find_symmetries(prism).discrete) == 15
    assert len(find_symmetries(prism, tolerance=0.05).continuous) == 1


def painted_box(left: int, right: int) -> Mesh:
    """A grey box whose two sides along x have a grey of their own each."""
    shape = SHAPES["box"].subdivide().subdivide().subdivide()
    y = np.asarray(shape.vertices)[:, 1]
    grey = np.where(y > 0.09, left, np.where(y < -0.09, right, 128)) / 255
    return mesh_of(shape, vertex_colors=np.repeat(grey[:, None], 3, axis=1).astype(np.float32))


def test_vertex_colours_count():
    assert len(find_symmetries(painted_box(128, 128)).discrete) == 3
    assert len(find_symmetries(painted_box(255, 255)).discrete) == 3
    (kept,) = find_symmetries(painted_box(255, 10)).discrete  # only the turn about y keeps the sides apart
    assert np.allclose(np.diag(kept[:3, :3]), [-1, 1, -1])
    assert len(find_symmetries(painted_box(255, 10), with_colors=False).discrete) == 3


def textured_box(texture: np.ndarray) -> Mesh:
    """A box whose texture lies over it from above: u along x and v along y."""
    shape = SHAPES["box"]
    corners = np.asarray(shape.vertices)[shape.faces].reshape(-1, 3)
    flat = trimesh.Trimesh(corners, np.arange(len(corners)).reshape(-1, 3), process=False)
    uv = 0.5 + 0.98 * corners[:, :2] / np.ptp(corners[:, :2], axis=0)
    material = Material(base_color=(1.0, 1.0, 1.0), base_color_texture=texture)
    return mesh_of(flat, uv=uv.astype(np.float32), material=material)


def test_a_texture_counts():
    plain = np.full((64, 64, 3), 90, np.uint8)
    assert len(find_symmetries(textured_box(plain)).discrete) == 3
    corner = plain.copy()
    corner[:20, :20] = (250, 20, 20)
    assert find_symmetries(textured_box(corner)).discrete == ()
    both = corner.copy()
    both[44:, 44:] = (250, 20, 20)  # a turn by 180 degrees about z brings one corner onto the other
    (kept,) = find_symmetries(textured_box(both)).discrete
    assert np.allclose(np.diag(kept[:3, :3]), [-1, -1, 1])


def test_materials_of_parts_count():
    lower, upper = trimesh.creation.box((0.1, 0.1, 0.1)), trimesh.creation.box((0.1, 0.1, 0.1))
    upper.apply_translation((0.0, 0.0, 0.1))
    red, blue = Material(base_color=(0.8, 0.0, 0.0)), Material(base_color=(0.0, 0.0, 0.8))
    parts = (*mesh_of(lower, material=red).parts, *mesh_of(upper, material=blue).parts)
    found = find_symmetries(Mesh(name="two", fingerprint="", parts=parts))
    assert len(found.discrete) == 3
    assert all(np.allclose(pose[:3, 2], [0, 0, 1], atol=1e-6) for pose in found.discrete)


@pytest.mark.parametrize(
    ("name", "num_discrete", "num_continuous"),
    [
        ("cube", 23, 0),
        ("torus", 1, 1),
        ("slab", 3, 0),
        ("star", 9, 0),
        ("l_shape", 1, 0),
        ("mug", 0, 0),
        ("duck", 0, 0),
        ("box_cereal", 0, 0),
    ],
)
def test_built_in_objects(name, num_discrete, num_continuous):
    found = find_symmetries(make_builtin(name))
    assert (len(found.discrete), len(found.continuous)) == (num_discrete, num_continuous)


def test_a_bottle_without_its_label_turns_freely():
    assert len(find_symmetries(make_builtin("bottle")).continuous) == 0
    assert len(find_symmetries(make_builtin("bottle"), with_colors=False).continuous) == 1


def test_it_always_answers_the_same():
    one, two = (find_symmetries(make_builtin("prism")) for _ in range(2))
    assert np.array_equal(one.discrete, two.discrete)


def test_a_large_mesh_takes_about_a_second():
    ball = trimesh.creation.icosphere(subdivisions=6, radius=0.1)
    ball.apply_scale((1.0, 0.7, 0.5))
    assert len(ball.vertices) > 40_000
    start = time.process_time()
    found = find_symmetries(mesh_of(ball))
    assert len(found.discrete) == 3
    assert time.process_time() - start < 5  # about 1 s, more with every call type-checked


def test_the_diameter_is_the_largest_distance_of_two_vertices():
    rng = np.random.default_rng(0)
    points = rng.normal(size=(60, 3))
    shape = trimesh.Trimesh(points, rng.integers(0, 60, (40, 3)), process=False)
    every = np.linalg.norm(points[:, None] - points[None], axis=2).max()
    assert np.isclose(mesh_diameter(mesh_of(shape)), every, rtol=1e-6)


@pytest.mark.parametrize("noise", [0.0, 0.02])
def test_the_diameter_of_round_bodies(noise):
    rng = np.random.default_rng(4)
    points = np.asarray(trimesh.creation.icosphere(subdivisions=4).vertices)
    points = points * (1 + noise * rng.normal(size=(len(points), 1)))
    every = max(np.linalg.norm(points - point, axis=1).max() for point in points)
    shape = trimesh.Trimesh(points, np.arange(len(points) // 3 * 3).reshape(-1, 3), process=False)
    assert np.isclose(mesh_diameter(mesh_of(shape)), every, rtol=1e-6)


def test_a_flat_mesh_has_a_diameter_and_symmetries():
    sheet = trimesh.Trimesh([[0, 0, 0], [3, 0, 0], [3, 4, 0], [0, 4, 0]], [[0, 1, 2], [0, 2, 3]])
    assert np.isclose(mesh_diameter(mesh_of(sheet)), 5.0)
    assert len(find_symmetries(mesh_of(sheet)).discrete) == 3


def test_distances_agree_with_the_slow_way():
    shape = trimesh.creation.annulus(0.03, 0.06, 0.04)
    rng = np.random.default_rng(2)
    points = rng.uniform(-0.08, 0.08, (200, 3))
    slow = np.abs(trimesh.proximity.closest_point_naive(shape, points)[1])
    assert np.allclose(sample_surface(mesh_of(shape), 20_000).distances(points), slow, atol=2e-4)


def test_samples_spread_by_area():
    points = sample_surface(mesh_of(SHAPES["box"]), 5000).points
    share = np.mean(points[:, 2] > 0.06 - 1e-6)
    assert abs(share - 0.06 / (2 * (0.06 + 0.036 + 0.024))) < 0.01


def test_groups_are_exact_though_the_axes_are_not():
    """Two four-fold axes measured 1 degree off a right angle give the 24 turns of a cube."""
    tilt = np.radians(91.0)
    groups = groups_of([Axis(np.array([0.0, 0.0, 1.0]), 4), Axis(np.array([np.sin(tilt), 0.0, np.cos(tilt)]), 4)])
    assert [len(group) + 1 for group in groups] == [24, 8, 4]
    poses = [np.block([[r, np.zeros((3, 1))], [np.zeros((1, 3)), np.ones((1, 1))]]) for r in groups[0]]
    assert_group(poses)
    assert groups_of([]) == []
