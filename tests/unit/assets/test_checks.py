"""The asset doctor's checks: every fault planted once is named, and a sound model has none."""

from pathlib import Path

import numpy as np
import pytest
import trimesh

from meshsight.assets.builtin.catalogue import list_objects
from meshsight.assets.checks.examining import examine_model
from meshsight.assets.checks.finding import AssetFinding
from meshsight.assets.checks.opening import open_model
from meshsight.assets.checks.units import judge_unit
from meshsight.core.errors import AssetError
from meshsight.specs.mesh_import import MeshImport

from .broken_models import (
    BROKEN,
    Maker,
    ball,
    fin,
    mesh_of,
    write_glb,
    write_picture,
    write_ply,
    write_textured_obj,
    wrong_base,
)

CASES = [
    pytest.param(code, maker, id=f"{code}-{maker.__name__}") for code, makers in BROKEN.items() for maker in makers
]

# What comes with a fault, or with a format that does not say its unit and axis and normals.
BYSTANDERS = {"unit_unstated", "up_axis_unstated", "missing_normals"}
ALONG = {
    "flipped_normals_of_a_sheet": {"open_edges"},
    "nan_vertex": {"open_edges"},
    "fin": {"open_edges"},
    "loose_nan_vertex": {"unreferenced_vertices"},
}


def examine(path: Path | str, **wanted: str) -> dict[str, AssetFinding]:
    model = open_model(str(path), MeshImport.model_validate(wanted), 64)
    return {finding.code: finding for finding in examine_model(model)}


@pytest.mark.parametrize(("code", "maker"), CASES)
def test_a_fault_is_named_and_nothing_else(code: str, maker: Maker, tmp_path: Path) -> None:
    found = examine(maker(tmp_path))
    assert code in found
    assert set(found) - BYSTANDERS - ALONG.get(maker.__name__, set()) - {code} == set()


@pytest.mark.parametrize(("code", "maker"), CASES)
def test_a_finding_is_one_line_with_a_remedy(code: str, maker: Maker, tmp_path: Path) -> None:
    for finding in examine(maker(tmp_path)).values():
        assert finding.remedy
        assert "\n" not in finding.text + finding.remedy
        assert (finding.text + finding.remedy).count("`") % 2 == 0


@pytest.mark.parametrize("name", list_objects())
def test_built_in_objects_have_neither_errors_nor_warnings(name: str) -> None:
    assert {finding.severity for finding in examine(f"builtin:{name}").values()} <= {"info"}


def test_a_sound_glb_has_no_findings(tmp_path: Path) -> None:
    assert examine(write_glb(tmp_path / "ball.glb", mesh_of(ball()))) == {}


def test_where_the_faults_are_is_said(tmp_path: Path) -> None:
    for code, place in (
        ("non_finite_vertices", "first: vertex 5"),
        ("degenerate_faces", f"2 of {len(ball().faces) + 2} triangles"),
        ("duplicate_faces", f"5 of {len(ball().faces) + 5} triangles"),
        ("inconsistent_winding", "first: triangle 7"),
        ("open_edges", "3 of"),
        ("texture_missing", "model.mtl, line 3: names the texture 'paint.png'"),
        ("texture_misspelt", "the file is 'Paint.PNG'"),
        ("negative_scale", "node 'model' has the scale (-1, 1, 1)"),
    ):
        folder = tmp_path / code
        folder.mkdir()
        assert place in examine(BROKEN[code][0](folder))[code].text


def test_the_nearest_name_of_a_missing_texture_is_said(tmp_path: Path) -> None:
    path = BROKEN["texture_missing"][0](tmp_path)
    (tmp_path / "paints.png").write_bytes(b"")
    assert "did you mean 'paints.png'?" in examine(path)["texture_missing"].text


@pytest.mark.parametrize(
    ("side", "unit"), [(0.2, "m"), (1.2, "m"), (85.0, "mm"), (300.0, "mm"), (8.5, "cm"), (0.02, "m"), (2.5, "m")]
)
def test_the_unit_is_guessed_from_the_size(side: float, unit: str, tmp_path: Path) -> None:
    solid = ball(radius=side / 2)
    model = open_model(str(write_ply(tmp_path / "a.ply", solid.vertices, solid.faces)), MeshImport(), 64)
    assert judge_unit(model).likely == unit


def test_what_the_user_says_is_beyond_doubt(tmp_path: Path) -> None:
    solid = ball(radius=4.25)
    path = write_ply(tmp_path / "a.ply", solid.vertices, solid.faces)
    assert set(examine(path)) >= {"unit_wrong", "up_axis_unstated"}
    assert set(examine(path, unit="m", up_axis="z")) == {"odd_size", "missing_normals"}


def test_a_hollow_is_not_inside_out(tmp_path: Path) -> None:
    """The wall of a hollow faces into it, which is away from the stuff."""
    outer, inner = ball(), ball(radius=0.05)
    inner.apply_translation([0, 0, 0.05])
    inner.invert()
    shell = trimesh.util.concatenate([outer, inner])
    assert set(examine(write_ply(tmp_path / "a.ply", shell.vertices, shell.faces))) == {
        *BYSTANDERS,
        "disconnected_parts",
    }


def test_a_moebius_strip_is_one_sided(tmp_path: Path) -> None:
    turn = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    width = np.array([-0.02, 0.02])[:, None]
    radius = 0.1 + width * np.cos(turn / 2)
    rows = np.stack([radius * np.cos(turn), radius * np.sin(turn), width * np.sin(turn / 2)], axis=-1).reshape(-1, 3)
    low, high = np.arange(40), np.arange(40, 80)
    low_next, high_next = np.roll(low, -1), np.roll(high, -1)
    low_next[-1], high_next[-1] = 40, 0  # the strip closes after half a turn
    faces = np.concatenate([np.stack([low, low_next, high], 1), np.stack([high, low_next, high_next], 1)])
    found = examine(write_ply(tmp_path / "a.ply", rows, faces), unit="m", up_axis="z")
    assert "one_sided" in found
    assert "inconsistent_winding" not in found


def test_a_centred_origin_and_a_standing_one_are_fine(tmp_path: Path) -> None:
    assert examine(wrong_base(tmp_path, [0.0, 0.0, -0.15])) == {}
    assert examine(wrong_base(tmp_path, [0.0, 0.0, 0.0])) == {}


def test_a_fin_does_not_make_the_rest_odd(tmp_path: Path) -> None:
    assert not {"inconsistent_winding", "inside_out"} & set(examine(fin(tmp_path)))


def test_the_faces_of_a_needle_stay(tmp_path: Path) -> None:
    """A triangle whose corners lie in one line closes a T-junction: it is said, but nothing is open."""
    vertices = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [0.5, 0, 0]]) * 0.1
    faces = np.array([[0, 2, 1], [0, 4, 3], [4, 1, 3], [0, 1, 4], [0, 3, 2], [1, 2, 3]])
    found = examine(write_ply(tmp_path / "a.ply", vertices, faces), unit="m", up_axis="z")
    assert set(found) == {"needle_faces", "missing_normals"}


@pytest.mark.parametrize("shrunk", [0.0, np.nan], ids=["one point", "no numbers"])
def test_a_model_without_area_cannot_be_read(shrunk: float, tmp_path: Path) -> None:
    path = write_ply(tmp_path / "a.ply", ball().vertices * shrunk, ball().faces)
    with pytest.raises(AssetError, match="not one of its 320 triangles has an area"):
        open_model(str(path), MeshImport(), 64)


def test_a_texture_outside_the_folder_is_never_read(tmp_path: Path) -> None:
    write_picture(tmp_path / "secret.png")
    (tmp_path / "model").mkdir()
    for name in ("../secret.png", str(tmp_path / "secret.png")):
        found = examine(write_textured_obj(tmp_path / "model" / "a.obj", f"map_Kd {name}"))
        assert "texture_missing" in found


def test_a_name_of_bytes_that_no_file_has_is_missing(tmp_path: Path) -> None:
    assert "texture_missing" in examine(write_textured_obj(tmp_path / "a.obj", "map_Kd pa\0int.png"))
