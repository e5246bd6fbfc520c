"""FBX, USD, Collada and .blend become GLB through Blender; recipes may name them; what is no such file is refused."""

import subprocess
from pathlib import Path

import numpy as np
import pytest

from meshsight.assets.loading import load_mesh
from meshsight.core.errors import AssetError, CallError, MeshsightError
from meshsight.execution.blender.places import command_for, find_blender
from meshsight.records.mesh import bounds_of
from meshsight.specs.base import parse_spec
from meshsight.specs.mesh_import import MeshImport
from meshsight.specs.scene import SceneSpec
from meshsight.workflows.assets_import import converted, import_asset
from meshsight.workflows.recipe_files import open_library

MAKER = Path(__file__).with_name("make_foreign_files.py")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A box of 0.2 x 0.1 x 0.4 m on the floor, red by a texture, in every format that this Blender writes."""
    try:
        blender = find_blender(None)
    except MeshsightError as error:
        pytest.skip(str(error))
    folder = tmp_path_factory.mktemp("foreign")
    subprocess.run(command_for(blender, MAKER, [str(folder)]), check=True, capture_output=True, timeout=120)
    return folder


@pytest.mark.parametrize("name", ["box.fbx", "box.usdc", "box.usdz", "box.blend", "box.dae"])
def test_a_file_becomes_glb_in_metres_upright_with_its_looks(files, tmp_path, name):
    if not (files / name).exists():
        pytest.skip("this Blender writes no Collada")
    done = import_asset(files / name, tmp_path / "box.glb")
    assert (done.num_meshes, done.num_triangles, done.num_materials, done.notes) == (1, 12, 1, ())
    mesh = load_mesh(done.path, MeshImport())
    bounds = bounds_of(mesh)
    np.testing.assert_allclose(bounds.low, (-0.1, -0.05, 0.0), atol=1e-5)
    np.testing.assert_allclose(bounds.high, (0.1, 0.05, 0.4), atol=1e-5)
    material = mesh.parts[0].material
    assert material.base_color_texture is not None
    assert tuple(material.base_color_texture[0, 0]) == (255, 0, 0)
    if not name.endswith(".dae"):
        assert material.roughness == pytest.approx(0.3, abs=0.01)


def test_the_unit_of_a_blend_file_counts(files, tmp_path):
    done = import_asset(files / "millimetres.blend", tmp_path / "box.glb")
    np.testing.assert_allclose(bounds_of(load_mesh(done.path, MeshImport())).size, (2e-4, 1e-4, 4e-4), rtol=1e-3)


def test_scripts_of_a_file_do_not_run(files, tmp_path):
    """The .blend holds a text that is registered to run when the file is opened, and would write a file."""
    import_asset(files / "box.blend", tmp_path / "box.glb")
    assert not (files / "evil").exists()


def test_pictures_from_elsewhere_are_left_out(files, tmp_path):
    done = import_asset(files / "thief" / "box.blend", tmp_path / "box.glb")
    assert len(done.notes) == 1 and "outside" in done.notes[0]
    assert load_mesh(done.path, MeshImport()).parts[0].material.base_color_texture is None


def test_a_broken_file_is_one_line(files, tmp_path):
    for name in ("broken.fbx", "broken.blend"):
        (tmp_path / name).write_bytes((files / name.replace("broken", "box")).read_bytes()[:300])
        with pytest.raises(AssetError, match=name) as caught:
            import_asset(tmp_path / name)
        assert "\n" not in str(caught.value)


def test_a_recipe_names_such_a_file_and_it_is_converted_once(files, tmp_path, monkeypatch):
    monkeypatch.setenv("MESHSIGHT_CACHE", str(tmp_path / "cache"))
    spec = parse_spec(SceneSpec, {"objects": [{"name": "box", "mesh": "box.fbx"}]}, "recipe")
    monkeypatch.setenv("MESHSIGHT_BLENDER", str(find_blender(None)))
    size = bounds_of(open_library(spec, files).mesh("box.fbx")).size
    np.testing.assert_allclose(size, (0.2, 0.1, 0.4), atol=1e-5)
    monkeypatch.setenv("MESHSIGHT_BLENDER", "/nowhere")
    np.testing.assert_array_equal(bounds_of(open_library(spec, files).mesh("box.fbx")).size, size)
    (tmp_path / "other.fbx").write_bytes((files / "box.fbx").read_bytes() + b"\n")
    with pytest.raises(CallError, match="MESHSIGHT_BLENDER: /nowhere"):
        converted(tmp_path / "other.fbx")


def test_what_needs_no_import_is_refused(tmp_path):
    with pytest.raises(CallError, match=r"mug\.obj: expected one of \.fbx"):
        import_asset(tmp_path / "mug.obj")
    with pytest.raises(AssetError, match="no such file"):
        import_asset(tmp_path / "mug.fbx")
    (tmp_path / "mug.fbx").touch()
    with pytest.raises(CallError, match=r"ending in \.glb"):
        import_asset(tmp_path / "mug.fbx", tmp_path / "mug.obj")
