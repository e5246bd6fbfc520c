"""Findings about a mesh: each fault planted once, and nothing found in a sound one."""

from dataclasses import replace

import numpy as np
import pytest
import trimesh

from meshsight.assets.findings import MANY_FACES, find_in_mesh
from meshsight.assets.normals import smooth_normals
from meshsight.records.mesh import Material, Mesh, MeshPart


def _part(solid: trimesh.Trimesh) -> MeshPart:
    vertices, faces = np.asarray(solid.vertices, dtype=np.float64), np.asarray(solid.faces, dtype=np.int64)
    return MeshPart(
        vertices=vertices.astype(np.float32),
        faces=faces.astype(np.int32),
        normals=smooth_normals(vertices, faces).astype(np.float32),
        material=Material(),
    )


def _ball(radius: float = 0.1, subdivisions: int = 2) -> MeshPart:
    return _part(trimesh.creation.icosphere(subdivisions=subdivisions, radius=radius))


def _codes(*parts: MeshPart) -> list[str]:
    return [finding.code for finding in find_in_mesh(Mesh(name="x", fingerprint="", parts=parts))]


def test_a_sound_mesh_has_no_findings():
    assert _codes(_ball()) == []


def test_two_closed_parts_are_closed():
    other = _ball()
    assert _codes(_ball(), replace(other, vertices=other.vertices + np.float32(0.05))) == []


def test_a_hole_is_counted_by_its_edges():
    part = _ball()
    mesh = Mesh(name="x", fingerprint="", parts=(replace(part, faces=part.faces[1:]),))
    (finding,) = find_in_mesh(mesh)
    assert (finding.code, finding.severity) == ("not_watertight", "note")
    assert finding.text.startswith("3 edges are open")
    assert "\n" not in finding.advice


def test_a_surface_split_at_creases_is_still_closed():
    part = _ball()
    pieces = np.arange(part.faces.size, dtype=np.int32).reshape(-1, 3)
    flat = part.faces.reshape(-1)
    assert _codes(replace(part, vertices=part.vertices[flat], normals=part.normals[flat], faces=pieces)) == []


def test_an_inside_out_mesh_is_a_problem():
    part = _ball()
    assert _codes(replace(part, faces=part.faces[:, ::-1].copy(), normals=-part.normals)) == ["inside_out"]


def test_flipped_normals_are_a_problem():
    part = _ball()
    assert _codes(replace(part, normals=-part.normals)) == ["flipped_normals"]


def test_a_texture_needs_coordinates():
    textured = Material(base_color_texture=np.zeros((2, 2, 3), np.uint8))
    assert _codes(replace(_ball(), material=textured)) == ["texture_without_uv"]


@pytest.mark.parametrize("radius", [0.001, 100.0])
def test_an_odd_size_is_doubtful(radius):
    assert _codes(_ball(radius)) == ["odd_size"]


def test_an_origin_far_away_is_doubtful():
    part = _ball()
    assert _codes(replace(part, vertices=part.vertices + np.array([1, 0, 0], np.float32))) == ["off_centre"]


def test_an_origin_below_the_object_is_usual():
    part = _ball()
    assert _codes(replace(part, vertices=part.vertices + np.array([0, 0, 0.15], np.float32))) == []


def test_many_triangles_are_noted():
    part = _ball(subdivisions=7)
    assert len(part.faces) > MANY_FACES
    assert _codes(part) == ["many_triangles"]


def test_triangles_without_area_are_noted():
    part = _ball()
    flat = np.concatenate([part.faces, [[0, 0, 1]]]).astype(np.int32)
    assert _codes(replace(part, faces=flat)) == ["no_area"]


def test_problems_come_first():
    part = _ball(0.001)
    codes = _codes(replace(part, faces=part.faces[1:], normals=-part.normals))
    assert codes == ["flipped_normals", "odd_size", "not_watertight"]
