"""PLY and STL: geometry, colours, made normals, and cut files."""

import numpy as np
import pytest
import trimesh

from meshsight.assets.color import srgb_to_linear
from meshsight.assets.loading import load_mesh
from meshsight.core.errors import AssetError
from meshsight.specs.mesh_import import MeshImport

from .models import block, corners_of, quad, sorted_triangles

AS_IT_IS = MeshImport(unit="m", up_axis="z")


@pytest.mark.parametrize("options", [{"file_type": "stl"}, {"file_type": "stl_ascii"}])
def test_an_stl_comes_back_with_sharp_edges(tmp_path, options):
    block().export(tmp_path / "block.stl", **options)
    (part,) = load_mesh(tmp_path / "block.stl", AS_IT_IS).parts
    assert (len(part.vertices), len(part.faces)) == (24, 12)
    np.testing.assert_allclose(
        sorted_triangles(part.vertices[part.faces]), sorted_triangles(np.asarray(block().triangles)), atol=1e-6
    )
    exact = np.cross(*np.diff(part.vertices[part.faces], axis=1).transpose(1, 0, 2))
    exact /= np.linalg.norm(exact, axis=1, keepdims=True)
    np.testing.assert_allclose(part.normals[part.faces], np.repeat(exact[:, None], 3, axis=1), atol=1e-5)


def test_a_smooth_stl_is_shaded_smoothly(tmp_path):
    trimesh.creation.icosphere(subdivisions=3).export(tmp_path / "ball.stl")
    (part,) = load_mesh(tmp_path / "ball.stl", AS_IT_IS).parts
    assert len(part.vertices) == 642
    np.testing.assert_allclose(part.normals, part.vertices, atol=0.02)


@pytest.mark.parametrize("encoding", ["binary", "ascii"])
def test_vertex_colours_of_a_ply(tmp_path, encoding):
    colored = quad()
    colored.visual = trimesh.visual.ColorVisuals(
        colored, vertex_colors=[[255, 0, 0, 255], [0, 128, 0, 255], [0, 0, 255, 255], [51, 51, 51, 255]]
    )
    colored.export(tmp_path / "quad.ply", encoding=encoding)
    (part,) = load_mesh(tmp_path / "quad.ply", AS_IT_IS).parts
    expected = srgb_to_linear(np.array([[255, 0, 0], [0, 128, 0], [0, 0, 255], [51, 51, 51]]) / 255)
    for vertex, color in zip(np.asarray(colored.vertices), expected, strict=True):
        at = int(np.argmin(np.linalg.norm(part.vertices - vertex, axis=1)))
        np.testing.assert_allclose(part.vertex_colors[at], color, atol=1e-6)
    assert part.material.base_color == (1.0, 1.0, 1.0)


def test_face_colours_of_a_ply(tmp_path):
    header = "ply\nformat ascii 1.0\nelement vertex 4\nproperty float x\nproperty float y\nproperty float z\n"
    header += "element face 2\nproperty list uchar int vertex_indices\n"
    header += "property uchar red\nproperty uchar green\nproperty uchar blue\nend_header\n"
    body = "0 0 0\n1 0 0\n1 1 0\n0 1 0\n3 0 1 2 255 0 0\n3 0 2 3 0 0 255\n"
    (tmp_path / "faces.ply").write_text(header + body)
    (part,) = load_mesh(tmp_path / "faces.ply", AS_IT_IS).parts
    assert part.vertex_colors[part.faces].tolist() == [[[1, 0, 0]] * 3, [[0, 0, 1]] * 3]
    np.testing.assert_allclose(part.normals, [[0, 0, 1]] * 6)


def test_a_plain_ply_is_grey(tmp_path):
    block().export(tmp_path / "block.ply")
    mesh = load_mesh(tmp_path / "block.ply", AS_IT_IS)
    assert mesh.parts[0].vertex_colors is None
    np.testing.assert_allclose(
        sorted_triangles(corners_of(mesh)), sorted_triangles(np.asarray(block().triangles)), atol=1e-6
    )


SHARES = (0.0, 0.01, 0.3, 0.7)
CUTS = [
    *(("ball.stl", {"file_type": "stl"}, share) for share in SHARES),
    *(("ball.stl", {"file_type": "stl_ascii"}, share) for share in SHARES),
    *(("ball.ply", {}, share) for share in SHARES),
    *(("ball.ply", {"encoding": "ascii"}, share) for share in SHARES),
    *(("ball.obj", {}, share) for share in SHARES[:3]),  # an OBJ does not say how many faces it has
    *(("ball.glb", {}, share) for share in SHARES),
]


@pytest.mark.parametrize(("name", "options", "share"), CUTS)
def test_a_cut_file_is_told_in_one_line(tmp_path, name, options, share):
    path = tmp_path / name
    trimesh.creation.icosphere(subdivisions=2).export(path, **options)
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    with pytest.raises(AssetError, match=r"cut short|no faces") as caught:
        load_mesh(path, AS_IT_IS)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("name", ["cloud.ply", "cloud.obj"])
def test_a_mesh_without_faces_is_told(tmp_path, name):
    trimesh.PointCloud([[0, 0, 0], [1, 1, 1]]).export(tmp_path / name)
    with pytest.raises(AssetError, match="has no faces"):
        load_mesh(tmp_path / name, AS_IT_IS)


@pytest.mark.parametrize("name", ["bad.ply", "bad.stl", "bad.obj", "bad.glb"])
def test_nan_vertices_are_told(tmp_path, name):
    bad = block()
    vertices = np.array(bad.vertices)
    vertices[3, 1] = np.nan
    with np.errstate(all="ignore"):
        trimesh.Trimesh(vertices, bad.faces, process=False).export(tmp_path / name)
    with pytest.raises(AssetError, match="vertices are NaN or infinite"):
        load_mesh(tmp_path / name, AS_IT_IS)


def test_a_face_beyond_the_vertices_is_told(tmp_path):
    (tmp_path / "beyond.obj").write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 4\n")
    with pytest.raises(AssetError, match="cannot be read as OBJ"):
        load_mesh(tmp_path / "beyond.obj", AS_IT_IS)


def test_a_point_is_no_mesh(tmp_path):
    (tmp_path / "point.obj").write_text("v 1 1 1\nv 1 1 1\nv 1 1 1\nf 1 2 3\n")
    with pytest.raises(AssetError, match="all its vertices lie in one point"):
        load_mesh(tmp_path / "point.obj", AS_IT_IS)


def test_another_format_is_told_with_what_is_read(tmp_path):
    (tmp_path / "part.step").write_text("ISO-10303-21;")
    with pytest.raises(AssetError) as caught:
        load_mesh(tmp_path / "part.step", AS_IT_IS)
    assert "'.step' is no mesh format we read; supported: .obj, .glb, .gltf, .ply, .stl" in str(caught.value)
