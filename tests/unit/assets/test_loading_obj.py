"""OBJ and MTL: geometry, materials, textures, and every way in which they can be wrong."""

import numpy as np
import pytest

from meshsight.assets.color import srgb_to_linear
from meshsight.assets.loading import load_mesh
from meshsight.core.errors import AssetError
from meshsight.specs.mesh_import import MeshImport

from .models import block, corners_of, four_colors, sorted_triangles, write_png, write_textured_obj

AS_IT_IS = MeshImport(unit="m", up_axis="z")


def test_the_triangles_of_the_file_come_back(tmp_path):
    block().export(tmp_path / "block.obj")
    mesh = load_mesh(tmp_path / "block.obj", AS_IT_IS)
    assert mesh.name == "block"
    np.testing.assert_allclose(
        sorted_triangles(corners_of(mesh)), sorted_triangles(np.asarray(block().triangles)), atol=1e-6
    )


def test_a_texture_comes_back_pixel_by_pixel_and_where_its_uv_says(tmp_path):
    write_png(tmp_path / "four colours.png", four_colors())
    path = write_textured_obj(tmp_path, "newmtl paint\nKd 0 0 0\nmap_Kd -s 1 1 1 -clamp on four colours.png\n")
    (part,) = load_mesh(path, AS_IT_IS).parts
    assert np.array_equal(part.material.base_color_texture, four_colors())
    assert part.material.base_color == (1.0, 1.0, 1.0)
    top_left = int(np.argmin(np.linalg.norm(part.vertices - [0, 1, 0], axis=1)))
    np.testing.assert_allclose(part.uv[top_left], [0, 1])


def test_seams_of_the_texture_stay_apart(tmp_path):
    """One position with two texture coordinates becomes two vertices, with one smooth normal."""
    text = "v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nvt 0 0\nvt 1 0\nvt 1 1\nvt 0 1\nvt .5 .5\n"
    (tmp_path / "seam.obj").write_text(text + "f 1/1 2/2 3/3\nf 1/5 3/3 4/4\n")
    (part,) = load_mesh(tmp_path / "seam.obj", AS_IT_IS).parts
    at_origin = np.flatnonzero(np.linalg.norm(part.vertices, axis=1) == 0)
    assert sorted(part.uv[at_origin].tolist()) == [[0, 0], [0.5, 0.5]]
    np.testing.assert_allclose(part.normals, [[0, 0, 1]] * 5)


def test_numbers_of_a_material(tmp_path):
    path = write_textured_obj(tmp_path, "newmtl paint\nKd 0.5 0.25 1\nPr 0.3\nPm 0.9\nKe 1 0.5 0\n")
    material = load_mesh(path, AS_IT_IS).parts[0].material
    np.testing.assert_allclose(material.base_color, srgb_to_linear(np.array([0.5, 0.25, 1.0])))
    assert material.base_color[2] == 1
    assert (material.roughness, material.metallic, material.emissive) == (0.3, 0.9, (1.0, 0.5, 0.0))


@pytest.mark.parametrize(("shininess", "roughness"), [(0, 1.0), (225, 0.5), (900, 0.0), (1000, 0.0)])
def test_roughness_from_shininess(tmp_path, shininess, roughness):
    path = write_textured_obj(tmp_path, f"newmtl paint\nNs {shininess}\n")
    assert load_mesh(path, AS_IT_IS).parts[0].material.roughness == pytest.approx(roughness)


def test_roughness_and_metallic_maps_are_packed(tmp_path):
    write_png(tmp_path / "rough.png", np.full((4, 4, 3), 100, np.uint8))
    path = write_textured_obj(tmp_path, "newmtl paint\nmap_Pr rough.png\nPm 1\n")
    material = load_mesh(path, AS_IT_IS).parts[0].material
    assert material.metallic_roughness_texture.tolist() == [[[0, 100, 255]] * 4] * 4
    assert (material.metallic, material.roughness) == (1.0, 1.0)


def test_each_material_is_a_part(tmp_path):
    faces = "usemtl red\nf 1 2 3\nusemtl green\nf 1 3 4\nusemtl red\nf 1 2 4\n"
    (tmp_path / "two.obj").write_text("mtllib two.mtl\nv 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 1\n" + faces)
    (tmp_path / "two.mtl").write_text("newmtl red\nKd 1 0 0\nnewmtl green\nKd 0 1 0\n")
    parts = load_mesh(tmp_path / "two.obj", AS_IT_IS).parts
    assert {p.material.base_color: len(p.faces) for p in parts} == {(1.0, 0.0, 0.0): 2, (0.0, 1.0, 0.0): 1}


@pytest.mark.parametrize("line", ["d 0.5", "map_d four.png"])
def test_transparency_is_left_out_aloud(tmp_path, caplog, line):
    load_mesh(write_textured_obj(tmp_path, f"newmtl paint\n{line}\n"), AS_IT_IS)
    assert "quad.mtl: has a transparent material, which is shown opaque" in caplog.text


def test_quads_and_vertex_colours(tmp_path):
    rows = ["v 0 0 0 1 0 0", "v 1 0 0 0 1 0", "v 1 1 0 0 0 1", "v 0 1 0 0.5 0.5 0.5", "f 1 2 3 4"]
    (tmp_path / "colours.obj").write_text("\n".join(rows) + "\n")
    (part,) = load_mesh(tmp_path / "colours.obj", AS_IT_IS).parts
    assert len(part.faces) == 2
    at = {tuple(v): c for v, c in zip(part.vertices.tolist(), part.vertex_colors, strict=True)}
    np.testing.assert_allclose(at[0, 0, 0], [1, 0, 0], atol=1e-6)
    np.testing.assert_allclose(at[0, 1, 0], srgb_to_linear(np.full(3, 0.5)), atol=0.003)


def test_normals_of_the_file_are_kept_and_empty_ones_made(tmp_path):
    rows = ["v 0 0 0", "v 1 0 0", "v 0 1 0", "vn 0 0.6 0.8", "vn 0 0 0", "vn 0 0 2", "f 1//1 2//2 3//3"]
    (tmp_path / "normals.obj").write_text("\n".join(rows) + "\n")
    (part,) = load_mesh(tmp_path / "normals.obj", AS_IT_IS).parts
    np.testing.assert_allclose(part.normals, [[0, 0.6, 0.8], [0, 0, 1], [0, 0, 1]], atol=1e-6)


def test_vertices_that_no_face_uses_do_not_count(tmp_path):
    (tmp_path / "stray.obj").write_text("v 99 99 99\nv 0 0 0\nv 1 0 0\nv 0 1 0\nf 2 3 4\n")
    mesh = load_mesh(tmp_path / "stray.obj", AS_IT_IS)
    assert mesh.vertices.max() == 1


@pytest.mark.parametrize(
    ("mtl", "message"),
    [
        ("newmtl paint\nmap_Kd Four.PNG\n", "quad.mtl, line 2: refers to 'Four.PNG', which is not in"),
        ("newmtl paint\nmap_Kd Four.PNG\n", "; did you mean 'four.png'?"),
        ("newmtl paint\nmap_Kd none.png\n", "or remove that line to go on with the plain colour"),
        ("newmtl paint\nmap_Kd ../four.png\n", "refers to '../four.png', which lies outside"),
        ("newmtl paint\nmap_Kd ..\\four.png\n", "which lies outside"),
        ("newmtl paint\nmap_Kd /etc/hostname\n", "which lies outside"),
        ("newmtl paint\nKd a b c\n", "quad.mtl, line 2: expected numbers after 'kd', found 'a b c'"),
        ("newmtl other\n", "uses material 'paint', which its mtllib does not define (but other)"),
        ("newmtl paint\nmap_Kd broken.png\n", "broken.png: the texture cannot be decoded"),
    ],
)
def test_a_wrong_material_is_told_in_one_line(tmp_path, mtl, message):
    folder = tmp_path / "model"
    folder.mkdir()
    for place in (folder, tmp_path):
        write_png(place / "four.png", four_colors())
    (folder / "broken.png").write_bytes((folder / "four.png").read_bytes()[:40])
    with pytest.raises(AssetError) as caught:
        load_mesh(write_textured_obj(folder, mtl), AS_IT_IS)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_link_does_not_lead_out_of_the_folder(tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    write_png(tmp_path / "secret.png", four_colors())
    (folder / "four.png").symlink_to(tmp_path / "secret.png")
    with pytest.raises(AssetError, match="lies outside"):
        load_mesh(write_textured_obj(folder, "newmtl paint\nmap_Kd four.png\n"), AS_IT_IS)


def test_a_missing_material_library_is_told(tmp_path):
    path = write_textured_obj(tmp_path, "", obj_head="# made by hand\nmtllib Quad.mtl\n")
    with pytest.raises(AssetError) as caught:
        load_mesh(path, AS_IT_IS)
    assert "quad.obj, line 2: refers to 'Quad.mtl'" in str(caught.value)
    assert "did you mean 'quad.mtl'?" in str(caught.value)


def test_materials_may_be_missing_altogether(tmp_path):
    path = write_textured_obj(tmp_path, "", obj_head="")
    assert load_mesh(path, AS_IT_IS).parts[0].material.base_color == (0.8, 0.8, 0.8)


def test_a_large_texture_is_averaged_down(tmp_path):
    fine = np.zeros((64, 32, 3), np.uint8)
    fine[::2] = 200
    write_png(tmp_path / "fine.png", fine)
    path = write_textured_obj(tmp_path, "newmtl paint\nmap_Kd fine.png\n")
    texture = load_mesh(path, AS_IT_IS, max_texture_px=16).parts[0].material.base_color_texture
    assert texture.shape == (16, 8, 3)
    assert np.unique(texture).tolist() == [100]
    kept = load_mesh(path, AS_IT_IS, max_texture_px=64).parts[0].material.base_color_texture
    assert np.array_equal(kept, fine)


def test_a_texture_without_uv_is_left_out_and_told(tmp_path, caplog):
    write_png(tmp_path / "four.png", four_colors())
    (tmp_path / "bare.mtl").write_text("newmtl paint\nmap_Kd four.png\n")
    (tmp_path / "bare.obj").write_text("mtllib bare.mtl\nv 0 0 0\nv 1 0 0\nv 0 1 0\nusemtl paint\nf 1 2 3\n")
    (part,) = load_mesh(tmp_path / "bare.obj", AS_IT_IS).parts
    assert part.uv is None
    assert part.material.base_color_texture is None
    assert "has a texture but no texture coordinates" in caplog.text


def test_the_fingerprint_names_the_content(tmp_path):
    write_png(tmp_path / "four.png", four_colors())
    path = write_textured_obj(tmp_path, "newmtl paint\nmap_Kd four.png\n")
    first = load_mesh(path, AS_IT_IS).fingerprint
    assert load_mesh(path, AS_IT_IS).fingerprint == first
    assert load_mesh(path, MeshImport(unit="cm", up_axis="z")).fingerprint != first
    image = four_colors()
    image[0, 0, 0] -= 1
    write_png(tmp_path / "four.png", image)
    assert load_mesh(path, AS_IT_IS).fingerprint != first
