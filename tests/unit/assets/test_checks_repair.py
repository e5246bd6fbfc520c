"""The asset doctor's repairs: nothing of what was mended is found again, and nothing else changes."""

from pathlib import Path

import numpy as np
import pytest
import trimesh
from jaxtyping import Float
from PIL import Image

from meshsight.assets.builtin.catalogue import make_builtin
from meshsight.assets.checks.decimation import decimate
from meshsight.assets.checks.examining import examine_model
from meshsight.assets.checks.glb import glb_bytes
from meshsight.assets.checks.opening import open_model
from meshsight.assets.checks.repair import RepairedModel, Wishes, repair_model
from meshsight.assets.checks.units import SURELY_WRONG_M
from meshsight.assets.loading import load_mesh
from meshsight.assets.normals import area_vectors
from meshsight.assets.raw_part import RawPart
from meshsight.core.errors import AssetError
from meshsight.records.mesh import Material, Mesh, bounds_of
from meshsight.specs.mesh_import import MeshImport

from .broken_models import (
    BROKEN,
    Maker,
    ball,
    broken_texture,
    far_origin,
    flipped_normals_of_a_sheet,
    mesh_of,
    missing_texture,
    misspelt_texture,
    nan_vertex,
    no_library,
    write_glb,
    write_ply,
    wrong_unit,
)

BEYOND_REPAIR = (missing_texture, broken_texture, no_library, nan_vertex)
CASES = [
    pytest.param(code, maker, id=f"{code}-{maker.__name__}")
    for code, makers in BROKEN.items()
    for maker in makers
    if maker not in BEYOND_REPAIR
]


def repaired(path: Path, **wishes: object) -> RepairedModel:
    return repair_model(open_model(str(path), MeshImport(), 64), Wishes(**wishes))  # pyright: ignore[reportArgumentType]


def surface_of(mesh: Mesh) -> trimesh.Trimesh:
    (part,) = mesh.parts
    return trimesh.Trimesh(part.vertices, part.faces)  # merges what creases split


@pytest.mark.parametrize(("code", "maker"), CASES)
def test_what_is_mended_is_not_found_again(code: str, maker: Maker, tmp_path: Path) -> None:
    path = maker(tmp_path)
    before = path.read_bytes()
    model = open_model(str(path), MeshImport(), 64)
    promised = {finding.code for finding in examine_model(model, 20_000) if finding.is_mended}
    mended = repair_model(model, Wishes(max_faces=20_000))
    copy = write_glb(tmp_path / "mended.glb", mended.mesh)
    left = {finding.code for finding in examine_model(open_model(str(copy), MeshImport(), 64), 20_000)}
    assert not promised & left
    assert left <= {code, "open_edges", "disconnected_parts"} - promised
    assert path.read_bytes() == before


@pytest.mark.parametrize("maker", BEYOND_REPAIR)
def test_what_nobody_can_guess_is_refused(maker: Maker, tmp_path: Path) -> None:
    with pytest.raises(AssetError, match="not repaired, because"):
        repaired(maker(tmp_path))


@pytest.mark.parametrize("name", ["mug", "can_cola", "duck", "box_cereal"])
def test_a_glb_that_we_write_reads_as_the_same_mesh(name: str, tmp_path: Path) -> None:
    mesh = make_builtin(name)
    again = load_mesh(write_glb(tmp_path / "a.glb", mesh), MeshImport())
    assert len(again.parts) == len(mesh.parts)
    for one, other in zip(mesh.parts, again.parts, strict=True):
        np.testing.assert_array_equal(one.vertices, other.vertices)
        np.testing.assert_array_equal(one.faces, other.faces)
        np.testing.assert_allclose(one.normals, other.normals, atol=1e-6)
        for field in ("uv", "vertex_colors"):
            mine, theirs = getattr(one, field), getattr(other, field)
            assert (mine is None) == (theirs is None)
            if mine is not None:
                np.testing.assert_allclose(mine, theirs, atol=1e-6)
        _assert_same_material(one.material, other.material)


def _assert_same_material(one: Material, other: Material) -> None:
    np.testing.assert_allclose(one.base_color, other.base_color, atol=1e-6)
    np.testing.assert_allclose(one.emissive, other.emissive, atol=1e-6)
    assert (one.metallic, one.roughness) == pytest.approx((other.metallic, other.roughness))
    for field in ("base_color_texture", "metallic_roughness_texture"):
        mine, theirs = getattr(one, field), getattr(other, field)
        assert (mine is None) == (theirs is None)
        if mine is not None:
            np.testing.assert_array_equal(mine, theirs)


def test_a_glb_is_what_others_read(tmp_path: Path) -> None:
    """trimesh's own reader, from a file with several parts, finds the same surface in glTF's axes."""
    mesh = make_builtin("mug")
    scene = trimesh.load_scene(write_glb(tmp_path / "a.glb", mesh))
    low, high = scene.bounds
    bounds = bounds_of(mesh)
    np.testing.assert_allclose(low, [bounds.low[0], bounds.low[2], -bounds.high[1]], atol=1e-6)
    np.testing.assert_allclose(high, [bounds.high[0], bounds.high[2], -bounds.low[1]], atol=1e-6)


def test_the_unit_is_mended_in_the_mesh(tmp_path: Path) -> None:
    path = wrong_unit(tmp_path)
    assert bounds_of(load_mesh(path, MeshImport())).size.max() > SURELY_WRONG_M
    done = repaired(path)
    np.testing.assert_allclose(bounds_of(done.mesh).size, 0.2, rtol=0.02)
    assert done.done == ("took its unit as mm (0.001 m) and its up axis as y",)


@pytest.mark.parametrize("code", ["inside_out", "inconsistent_winding"])
def test_turned_triangles_enclose_the_ball_again(code: str, tmp_path: Path) -> None:
    mended = surface_of(repaired(BROKEN[code][0](tmp_path)).mesh)
    assert mended.is_watertight
    assert mended.is_winding_consistent
    assert mended.volume == pytest.approx(ball().volume, rel=1e-5)


def test_the_normals_of_an_open_sheet_say_where_its_triangles_face(tmp_path: Path) -> None:
    mesh = repaired(flipped_normals_of_a_sheet(tmp_path)).mesh
    (part,) = mesh.parts
    outwards = part.vertices[part.faces].mean(axis=1) - np.float32([0, 0, 0])
    facing = (area_vectors(part.vertices, part.faces) * part.normals[part.faces].mean(axis=1)).sum(axis=1)
    assert (facing > 0).all()
    assert len(outwards) == len(load_mesh(tmp_path / "model.glb", MeshImport()).parts[0].faces)


def test_a_misspelt_texture_is_in_the_copy(tmp_path: Path) -> None:
    mesh = repaired(misspelt_texture(tmp_path)).mesh
    texture = mesh.parts[0].material.base_color_texture
    assert texture is not None
    np.testing.assert_array_equal(texture, np.asarray(Image.open(tmp_path / "Paint.PNG")))


@pytest.mark.parametrize(("origin", "middle"), [("center", 0.0), ("base", 0.15)])
def test_the_origin_moves_on_request(origin: str, middle: float, tmp_path: Path) -> None:
    mesh = repaired(far_origin(tmp_path), origin=origin).mesh
    # the model of `far_origin` lies in glTF's z, and is read y up: the cylinder's axis is horizontal
    bounds = bounds_of(mesh)
    expected = [0.0, 0.0, 0.0 if origin == "center" else float(bounds.size[2]) / 2]
    np.testing.assert_allclose(bounds.center, expected, atol=1e-6)
    assert middle == pytest.approx(expected[2], abs=1e-6)


def test_materials_beyond_ours_are_said_to_be_left_out(tmp_path: Path) -> None:
    path = BROKEN["texture_misspelt"][2](tmp_path)
    text = path.read_text().replace('"emissiveFactor"', '"normalTexture": {"index": 0}, "emissiveFactor"')
    path.write_text(text)
    assert "left out normalTexture, which are not read" in repaired(path).done


def _raw(solid: trimesh.Trimesh, uv: Float[np.ndarray, "v 2"] | None = None) -> RawPart:
    vertices, faces = np.asarray(solid.vertices, dtype=np.float64), np.asarray(solid.faces, dtype=np.int64)
    return RawPart(vertices=vertices, faces=faces, uv=uv, material=Material())


@pytest.mark.parametrize("max_faces", [100, 1000, 4000])
def test_a_ball_of_fewer_triangles_is_still_the_ball(max_faces: int) -> None:
    (part,) = decimate([_raw(ball(subdivisions=5))], max_faces)
    assert 0.5 * max_faces < len(part.faces) <= max_faces
    fewer = trimesh.Trimesh(part.vertices, part.faces)
    assert fewer.is_watertight
    assert fewer.volume == pytest.approx(ball(subdivisions=5).volume, rel=12.0 / max_faces)


def test_the_corners_of_a_box_stay_corners() -> None:
    """The quadric of a corner's cell has its least exactly at the corner."""
    box = trimesh.creation.box((0.1, 0.2, 0.3))
    for _ in range(4):
        box = box.subdivide()
    (part,) = decimate([_raw(box)], 500)
    corners = trimesh.bounds.corners(box.bounds)
    distance = np.linalg.norm(part.vertices[:, None] - corners[None], axis=2).min(axis=0)
    assert distance.max() < 0.003
    assert trimesh.Trimesh(part.vertices, part.faces).volume == pytest.approx(box.volume, rel=0.02)


def test_a_seam_of_texture_coordinates_stays_a_seam() -> None:
    """A strip round a tube: u runs once from 0 to 1, so no triangle may reach across the seam."""
    turn, height = np.meshgrid(np.linspace(0, 1, 201), np.linspace(0, 0.2, 41), indexing="ij")
    vertices = np.stack([0.1 * np.cos(2 * np.pi * turn), 0.1 * np.sin(2 * np.pi * turn), height], axis=-1)
    index = np.arange(201 * 41).reshape(201, 41)
    a, b, c, d = (block.reshape(-1) for block in (index[:-1, :-1], index[1:, :-1], index[1:, 1:], index[:-1, 1:]))
    faces = np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)])
    part = RawPart(
        vertices=vertices.reshape(-1, 3),
        faces=faces,
        uv=np.stack([turn, height / 0.2], axis=-1).reshape(-1, 2),
        material=Material(),
    )
    (fewer,) = decimate([part], 1000)
    assert fewer.uv is not None
    angle = np.arctan2(fewer.vertices[:, 1], fewer.vertices[:, 0]) / (2 * np.pi) % 1.0
    away = np.abs(angle - fewer.uv[:, 0])
    assert np.minimum(away, 1 - away).max() < 0.05
    assert np.ptp(fewer.uv[fewer.faces][:, :, 0], axis=1).max() < 0.2
    closed = trimesh.Trimesh(fewer.vertices, fewer.faces)
    assert len(trimesh.grouping.group_rows(closed.edges_sorted, require_count=1)) < 2 * 201  # only the two rims


def test_a_plain_ply_becomes_a_glb_that_states_its_unit(tmp_path: Path) -> None:
    solid = ball(radius=85.0)
    mesh = repaired(write_ply(tmp_path / "a.ply", solid.vertices, solid.faces)).mesh
    (tmp_path / "b.glb").write_bytes(glb_bytes(mesh))
    assert bounds_of(load_mesh(tmp_path / "b.glb", MeshImport())).size.max() == pytest.approx(0.17, rel=0.02)
    assert surface_of(mesh).volume == pytest.approx(surface_of(mesh_of(ball(radius=0.085))).volume, rel=1e-4)
