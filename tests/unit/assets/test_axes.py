"""Unit and up axis: told or guessed, and a guess is said aloud."""

import numpy as np
import pytest

from meshsight.assets.loading import load_mesh
from meshsight.records.mesh import bounds_of
from meshsight.specs.mesh_import import MeshImport

from .models import BLOCK_M, block


def _write(folder, name, scale=1.0, lift=0.0):
    mesh = block()
    mesh.apply_translation([0, 0, lift])
    mesh.apply_scale(scale)
    mesh.export(folder / name)
    return folder / name


@pytest.mark.parametrize(("unit", "per_metre"), [("m", 1), ("cm", 100), ("mm", 1000), ("in", 1 / 0.0254)])
@pytest.mark.parametrize("name", ["block.stl", "block.obj", "block.ply"])
def test_a_given_unit_is_used_silently(tmp_path, caplog, name, unit, per_metre):
    path = _write(tmp_path, name, per_metre)
    mesh = load_mesh(path, MeshImport(unit=unit, up_axis="z"))
    np.testing.assert_allclose(bounds_of(mesh).size, BLOCK_M, rtol=1e-5)
    assert caplog.text == ""


def test_y_up_is_turned_upright(tmp_path):
    mesh = load_mesh(_write(tmp_path, "block.obj"), MeshImport(unit="m", up_axis="y"))
    bounds = bounds_of(mesh)
    np.testing.assert_allclose(bounds.low, [0, -0.3, 0], atol=1e-6)
    np.testing.assert_allclose(bounds.high, [0.1, 0, 0.2], atol=1e-6)


def test_millimetres_are_guessed_with_one_warning(tmp_path, caplog):
    mesh = load_mesh(_write(tmp_path, "block.stl", 1000), MeshImport())
    np.testing.assert_allclose(bounds_of(mesh).size, BLOCK_M, rtol=1e-5)
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert "guessed unit 'mm' (the longest side of 300 is then 30 cm) and up axis 'z'" in record.getMessage()
    assert "Set unit and up_axis beside the mesh in the recipe" in record.getMessage()


def test_metres_are_guessed_for_small_numbers(tmp_path, caplog):
    mesh = load_mesh(_write(tmp_path, "block.stl"), MeshImport(up_axis="z"))
    np.testing.assert_allclose(bounds_of(mesh).size, BLOCK_M, rtol=1e-5)
    assert "guessed unit 'm' (the longest side of 0.3 is then 30 cm)." in caplog.text
    assert "up axis" not in caplog.text.replace("up_axis", "")


@pytest.mark.parametrize(
    ("name", "lift", "axis", "reason"),
    [
        ("block.obj", 0.5, "y", "the mesh stands on y = 0"),
        ("block.ply", 0.0, "z", "usual for .ply files"),
        ("block.obj", 0.0, "y", "usual for .obj files"),
    ],
)
def test_the_up_axis_is_guessed_by_what_the_mesh_stands_on(tmp_path, caplog, name, lift, axis, reason):
    load_mesh(_write(tmp_path, name, lift=lift), MeshImport(unit="m"))
    assert f"guessed up axis '{axis}' ({reason})" in caplog.text
