"""Normals made for surfaces that have none."""

import numpy as np
import trimesh

from meshsight.assets.normals import smooth_normals, split_at_creases, weld


def _cube() -> tuple[np.ndarray, np.ndarray]:
    box = trimesh.creation.box((2, 2, 2))
    return np.asarray(box.vertices, dtype=float), np.asarray(box.faces, dtype=np.int64)


def test_a_cube_keeps_its_edges():
    vertices, faces = _cube()
    split = split_at_creases(vertices, faces)
    assert len(split.normals) == 24
    for face in split.faces:
        corners = vertices[split.source[face]]
        exact = np.cross(corners[1] - corners[0], corners[2] - corners[0])
        np.testing.assert_allclose(split.normals[face], [exact / np.linalg.norm(exact)] * 3, atol=1e-12)


def test_a_sphere_stays_smooth_and_whole():
    sphere = trimesh.creation.icosphere(subdivisions=4)
    vertices, faces = np.asarray(sphere.vertices, dtype=float), np.asarray(sphere.faces, dtype=np.int64)
    split = split_at_creases(vertices, faces)
    assert len(split.source) == len(vertices)
    np.testing.assert_allclose(split.normals, vertices[split.source], atol=0.01)


def test_triangles_in_pieces_give_the_normals_of_the_joined_mesh():
    """An STL's triangles share no vertices, yet a smooth surface must look smooth."""
    sphere = trimesh.creation.icosphere(subdivisions=2)
    vertices, faces = np.asarray(sphere.vertices, dtype=float), np.asarray(sphere.faces, dtype=np.int64)
    joined = split_at_creases(vertices, faces)
    pieces = split_at_creases(vertices[faces].reshape(-1, 3), np.arange(faces.size).reshape(-1, 3))
    np.testing.assert_allclose(pieces.normals[pieces.faces], joined.normals[joined.faces], atol=1e-12)


def test_a_cylinder_is_smooth_around_and_sharp_at_its_rim():
    cylinder = trimesh.creation.cylinder(radius=1, height=2, sections=36)
    vertices, faces = np.asarray(cylinder.vertices, dtype=float), np.asarray(cylinder.faces, dtype=np.int64)
    split = split_at_creases(vertices, faces)
    is_level = np.abs(split.normals[:, 2]) < 1e-6
    is_upright = np.abs(np.abs(split.normals[:, 2]) - 1) < 1e-6
    assert (is_level | is_upright).all()
    radial = vertices[split.source][is_level, :2]
    np.testing.assert_allclose(split.normals[is_level, :2], radial, atol=0.06)


def test_weights_are_areas():
    """A vertex between a large and a small face leans to the large one: the sum of cross products, by hand."""
    vertices = np.array([[0.0, 0, 0], [3, 0, 0], [0, 3, 0], [0, 0, 1]])
    faces = np.array([[0, 1, 2], [0, 3, 1]])
    expected = np.array([0.0, 3.0, 9.0])
    np.testing.assert_allclose(smooth_normals(vertices, faces)[0], expected / np.linalg.norm(expected), atol=1e-12)


def test_the_crease_angle_decides():
    angle = np.radians(30)
    vertices = np.array([[0.0, 0, 0], [0, 1, 0], [1, 0, 0], [-np.cos(angle), 0, np.sin(angle)]])
    faces = np.array([[0, 2, 1], [0, 1, 3]])
    assert len(split_at_creases(vertices, faces, 31.0).source) == 4
    assert len(split_at_creases(vertices, faces, 29.0).source) == 6


def test_a_triangle_without_area_gets_some_normal():
    vertices = np.array([[0.0, 0, 0], [1, 0, 0], [2, 0, 0]])
    split = split_at_creases(vertices, np.array([[0, 1, 2]]))
    np.testing.assert_allclose(np.linalg.norm(split.normals, axis=1), 1)


def test_weld_joins_by_place():
    vertices = np.array([[0.0, 0, 0], [1, 0, 0], [1e-9, 0, 0], [1, 0, 1e-3]])
    index = weld(vertices)
    assert index[0] == index[2]
    assert len(set(index.tolist())) == 3
