"""Symmetries that a recipe leaves to its files stand in the recipe that is drawn, and in what is written."""

import json

import numpy as np
import pytest

from meshsight.assets.model_info import read_model_info
from meshsight.core.errors import AssetError, SpecError
from meshsight.core.pose import invert_pose
from meshsight.datasets.canonical import canonical_pose
from meshsight.datasets.format import FORMAT_KINDS
from meshsight.specs.base import parse_spec
from meshsight.specs.mesh_import import MeshImport
from meshsight.specs.scene import SceneSpec
from meshsight.specs.symmetry import SymmetrySpec
from meshsight.workflows.convert import convert
from meshsight.workflows.generate import generate
from meshsight.workflows.recipe_files import complete_recipe
from meshsight.workflows.verify import verify

INFO = {
    "symmetries_discrete": [[1, 0, 0, 0, 0, -1, 0, 0, 0, 0, -1, 4, 0, 0, 0, 1]],
    "symmetries_continuous": [{"axis": [0, 0, 1], "offset": [1, 0, 0]}],
    "align_axes": [{"object": [0, 1, 0], "camera": [0, 0, 1]}],
}
BOX = "".join(f"v {x} {y} {z}\n" for x in (0, 2) for y in (-1, 1) for z in (0, 4)) + (
    "f 1 2 4\nf 1 4 3\nf 5 7 8\nf 5 8 6\nf 1 5 6\nf 1 6 2\nf 3 4 8\nf 3 8 7\nf 1 3 7\nf 1 7 5\nf 2 6 8\nf 2 8 4\n"
)
LOAD = {"unit": "cm", "up_axis": "z"}


@pytest.fixture
def models(tmp_path):
    for name, info in (("can", INFO), ("box", None), ("plain", {"diameter": 3})):
        (tmp_path / name).mkdir()
        (tmp_path / name / "textured.obj").write_text(BOX)
        if info is not None:
            (tmp_path / name / "model_info.json").write_text(json.dumps(info))
    return tmp_path


def recipe(**settings) -> SceneSpec:
    can = {"name": "can", "mesh": "can/textured.obj", "load": LOAD, "symmetry": "file", "scale": 1.5}
    return parse_spec(SceneSpec, {"objects": [can], "renderer": "raycast", **settings}, "recipe")


def test_they_are_read_beside_the_mesh_in_its_own_frame(models):
    stated = read_model_info(models / "can/textured.obj", MeshImport(unit="cm", up_axis="z"))
    assert stated is not None
    assert stated.continuous[0].offset == (0.01, 0, 0)
    assert np.array(stated.discrete[0]).reshape(4, 4)[2, 3] == pytest.approx(0.04)
    turned = read_model_info(models / "can/textured.obj", MeshImport(unit="m", up_axis="y"))
    assert turned is not None  # y of the file becomes z, z becomes -y
    assert turned.continuous[0].axis == (0, -1, 0) and turned.align[0].object == (0, 0, 1)
    np.testing.assert_allclose(
        np.array(turned.discrete[0]).reshape(4, 4), [[1, 0, 0, 0], [0, -1, 0, -4], [0, 0, -1, 0], [0, 0, 0, 1]]
    )
    for without in ("box", "plain"):
        assert read_model_info(models / without / "textured.obj", MeshImport()) is None


def test_what_cannot_be_read_is_one_line(models):
    with pytest.raises(AssetError, match=r"model_info.json: its lengths and axes .* set `load.unit`"):
        read_model_info(models / "can/textured.obj", MeshImport())
    info = models / "can/model_info.json"
    info.write_text(json.dumps({**INFO, "symmetries_discrete": [[1, 2]]}))
    with pytest.raises(AssetError, match=r"model_info.json: discrete\[0\]"):
        read_model_info(models / "can/textured.obj", MeshImport(**LOAD))
    info.write_text("{")
    with pytest.raises(AssetError, match="cannot be read as JSON"):
        read_model_info(models / "can/textured.obj", MeshImport(**LOAD))


def test_a_folders_meshes_have_each_their_own(models):
    spec = recipe(objects=[{"name": "all", "mesh": ".", "load": LOAD, "symmetry": "file"}])
    found = {entry.mesh: entry.symmetry for entry in complete_recipe(spec, models).objects}
    assert {mesh: symmetry is not None for mesh, symmetry in found.items()} == {
        "./can/textured.obj".removeprefix("./"): True,
        "box/textured.obj": False,
        "plain/textured.obj": False,
    }


def test_they_are_found_by_looks(models):
    """A plain box of 2 x 2 x 4 has the eight turns of a square prism; a duck has none."""
    box = {"name": "box", "mesh": "box/textured.obj", "load": LOAD, "symmetry": "find"}
    spec = recipe(objects=[box, {"name": "duck", "mesh": "builtin:duck", "symmetry": "find"}])
    found, none = (entry.symmetry for entry in complete_recipe(spec, models).objects)
    assert none is None
    assert isinstance(found, SymmetrySpec) and (len(found.discrete), found.continuous) == (7, ())
    centre = np.array([0.01, 0.0, 0.02, 1.0])
    for pose in found.discrete:
        np.testing.assert_allclose(np.array(pose).reshape(4, 4) @ centre, centre, atol=1e-6)


def test_one_mesh_has_one_symmetry():
    can = {"name": "can", "mesh": "can/textured.obj"}
    with pytest.raises(SpecError, match="named twice with different `symmetry`"):
        parse_spec(SceneSpec, {"objects": [{**can, "symmetry": "file"}, {**can, "name": "tin"}]}, "recipe")


def test_the_written_labels_are_of_the_one_pose(models, tmp_path):
    """What DOPE's files say: poses and corners of the can turned about its axis, not of the can as it stands."""
    spec = recipe(frames=3, count=2, image={"size_hw": [60, 80]}, distractors={"count": 0})
    generate(spec, tmp_path / "data", root=models, workers=1, progress=False)
    verify(tmp_path / "data")
    manifest = json.loads((tmp_path / "data/manifest.json").read_text())
    assert manifest["spec"]["objects"][0]["symmetry"]["continuous"][0]["axis"] == [0, 0, 1]
    convert(tmp_path / "data", tmp_path / "dope", to=FORMAT_KINDS.module("dope").Spec())
    (stated,) = (entry.symmetry for entry in complete_recipe(spec, models).objects)
    scenes = [
        json.loads(line)
        for path in sorted((tmp_path / "data/scenes").iterdir())
        for line in path.read_text().splitlines()
    ]
    num_turned = 0
    for index, scene in enumerate(scenes):
        frame = json.loads((tmp_path / f"dope/{index:06d}.json").read_text())
        things = {thing["instance_id"]: np.array(thing["T_world_object"]) for thing in scene["objects"]}
        for row in frame["objects"]:
            T_cam_object = invert_pose(np.array(scene["T_world_cam"])) @ things[row["instance_id"]]
            wanted = canonical_pose(T_cam_object, 1.5, stated)
            np.testing.assert_allclose(np.array(row["pose_transform"]).T[:3], wanted[:3], atol=1e-8)
            assert np.array(row["pose_transform"]).T[2, 1] > 0  # the object's y along the camera's z
            num_turned += not np.allclose(wanted, T_cam_object, atol=1e-3)
    assert num_turned >= 2
