"""The library: every reference a scene may hold, kept loaded within bounds, and refused in one line."""

import cv2
import numpy as np
import pytest

from meshsight.assets.builtin.catalogue import make_builtin
from meshsight.assets.library import AssetLibrary
from meshsight.assets.places import folder_images, folder_meshes
from meshsight.assets.procedural.references import draw_environment, draw_picture
from meshsight.core.errors import AssetError, ImageError
from meshsight.core.images import write_image
from meshsight.records.mesh import bounds_of
from meshsight.records.scene import AssetSource
from meshsight.specs.mesh_import import MeshImport

from .models import block, four_colors, write_png, write_textured_obj


def _source(library: AssetLibrary) -> AssetSource:
    return library  # a type checker proves here that the library is a source


def test_meshes_by_name_and_by_path(tmp_path):
    (tmp_path / "cad").mkdir()
    block().export(tmp_path / "cad" / "block.stl")
    library = AssetLibrary(tmp_path, {"cad/block.stl": MeshImport(unit="cm", up_axis="z")})
    assert library.mesh("builtin:mug") is make_builtin("mug")
    mesh = library.mesh("cad/block.stl")
    np.testing.assert_allclose(bounds_of(mesh).size, [0.001, 0.002, 0.003], rtol=1e-5)
    assert library.mesh("cad/block.stl") is mesh
    absolute = AssetLibrary(
        tmp_path / "elsewhere", {str(tmp_path / "cad/block.stl"): MeshImport(unit="m", up_axis="z")}
    )
    np.testing.assert_allclose(
        bounds_of(absolute.mesh(str(tmp_path / "cad/block.stl"))).size, [0.1, 0.2, 0.3], rtol=1e-5
    )


def test_pictures_and_environments(tmp_path):
    write_png(tmp_path / "four.png", four_colors())
    np.save(tmp_path / "sky.npy", np.full((4, 8, 3), 2.0, np.float32))
    library = AssetLibrary(tmp_path, {})
    assert np.array_equal(library.image("four.png"), four_colors())
    assert np.array_equal(library.image("texture:wood/3"), draw_picture("texture:wood/3"))
    assert np.array_equal(library.image("background:room/3"), draw_picture("background:room/3"))
    assert np.array_equal(library.environment("environment:sky/3"), draw_environment("environment:sky/3"))
    assert np.array_equal(library.environment("sky.npy"), np.full((4, 8, 3), 2.0, np.float32))


def test_a_photograph_is_reduced_as_far_as_is_asked_whatever_was_read_before(tmp_path):
    photo = cv2.resize(np.random.default_rng(0).integers(0, 256, (9, 16, 3), dtype=np.uint8), (641, 360))
    write_image(tmp_path / "photo.jpg", photo)
    write_image(tmp_path / "photo.png", photo)
    library = AssetLibrary(tmp_path, {})
    assert library.image_size_hw("photo.jpg") == (360, 641)
    assert library.image_size_hw("background:room/3") == draw_picture("background:room/3").shape[:2]
    first = library.image("photo.jpg", at_least_hw=(180, 320))
    assert first.shape == (180, 321, 3)
    assert library.image("photo.jpg").shape == (360, 641, 3)
    assert library.image("photo.jpg", at_least_hw=(181, 320)).shape == (360, 641, 3)
    assert library.image("photo.jpg", at_least_hw=(90, 160)).shape == (90, 161, 3)
    assert library.image("photo.jpg", at_least_hw=(150, 300)) is first
    assert library.image("photo.png", at_least_hw=(90, 160)).shape == (360, 641, 3)
    mean = cv2.resize(library.image("photo.jpg")[:, :640], (320, 180), interpolation=cv2.INTER_AREA)
    assert np.abs(mean.astype(int) - first[:, :320]).mean() < 1.0


def test_the_texture_limit_reaches_the_loader(tmp_path):
    write_png(tmp_path / "four.png", four_colors(64))
    write_textured_obj(tmp_path, "newmtl paint\nmap_Kd four.png\n")
    imports = {"quad.obj": MeshImport(unit="m", up_axis="z")}
    mesh = AssetLibrary(tmp_path, imports, max_texture_px=16).mesh("quad.obj")
    assert mesh.parts[0].material.base_color_texture.shape == (16, 16, 3)


def test_pictures_are_kept_within_their_bytes(tmp_path):
    one = 256 * 256 * 3
    library = AssetLibrary(tmp_path, {}, picture_bytes=2 * one)
    first = library.image("texture:wood/1")
    assert library.image("texture:wood/1") is first
    second = library.image("texture:wood/2")
    assert library.image("texture:wood/1") is first
    library.image("texture:wood/3")
    assert library.image("texture:wood/1") is first, "the least recently used goes, and that was the second"
    assert library.image("texture:wood/2") is not second


def test_a_kept_picture_cannot_be_spoilt(tmp_path):
    with pytest.raises(ValueError, match="read-only"):
        AssetLibrary(tmp_path, {}).image("texture:wood/1")[0, 0] = 0


@pytest.mark.parametrize(
    ("call", "ref", "message"),
    [
        ("mesh", "cad/blok.stl", "'cad/blok.stl': no such mesh file (looked in {root}/cad); did you mean 'block.stl'?"),
        ("mesh", "cad/BLOCK.stl", "did you mean 'block.stl'?"),
        ("mesh", "cat/block.stl", "(looked in {root}/cat, which does not exist either)"),
        ("mesh", "zzz.stl", "(looked in {root}); give a path relative to the recipe, or an absolute one"),
        ("mesh", "cad", "{root}/cad is a folder, expected a mesh file; name one file in it"),
        ("mesh", "mug", "'mug': no such mesh file in {root}; did you mean 'builtin:mug'?"),
        ("mesh", "builtin:mugg", "no built-in object 'mugg'; did you mean 'mug'?"),
        ("mesh", "buildin:mug", "'buildin:mug': 'buildin:' does not name a mesh file; did you mean 'builtin'?"),
        ("mesh", "texture:wood/1", "'texture:' does not name a mesh file"),
        ("image", "textures:wood/1", "'textures:' does not name a picture; did you mean 'texture'?"),
        ("image", "environment:sky/1", "expected texture:FAMILY/SEED or background:FAMILY/SEED"),
        ("image", "four.pgn", "did you mean 'four.png'?"),
        ("image", "notes.txt", "'.txt' is no picture format we read"),
        ("environment", "four.png", "'.png' is no environment map; supported: .hdr, .exr, .npy"),
        ("environment", "builtin:mug", "'builtin:' does not name a environment map"),
    ],
)
def test_a_wrong_reference_is_told_in_one_line(tmp_path, call, ref, message):
    (tmp_path / "cad").mkdir()
    block().export(tmp_path / "cad" / "block.stl")
    write_png(tmp_path / "four.png", four_colors())
    (tmp_path / "notes.txt").write_text("no picture")
    with pytest.raises(AssetError) as caught:
        getattr(AssetLibrary(tmp_path, {}), call)(ref)
    assert message.format(root=tmp_path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_truncated_picture_is_told(tmp_path):
    write_png(tmp_path / "four.png", four_colors(64))
    (tmp_path / "cut.png").write_bytes((tmp_path / "four.png").read_bytes()[:60])
    with pytest.raises(ImageError, match=r"cut\.png: cannot be decoded"):
        AssetLibrary(tmp_path, {}).image("cut.png")


def test_folders_are_listed_in_order(tmp_path):
    for name in ("b.stl", "a.GLB", "notes.txt", "sub/c.ply", "z.PNG", "sub/y.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert folder_meshes(tmp_path) == ("a.GLB", "b.stl", "sub/c.ply")
    assert folder_images(tmp_path) == ("sub/y.jpg", "z.PNG")


def test_an_empty_or_missing_folder_is_told(tmp_path):
    with pytest.raises(AssetError, match=r"no mesh files in it or below; expected files ending in \.obj"):
        folder_meshes(tmp_path)
    with pytest.raises(AssetError, match="no such folder; expected one with pictures"):
        folder_images(tmp_path / "photos")
