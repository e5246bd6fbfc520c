"""`explain` and `rerender`: a stored frame tells how it was made, and is made again with the same labels."""

from pathlib import Path

import pytest

from meshsight.core.errors import CallError, DataError
from meshsight.core.images import read_image
from meshsight.datasets.manifest import MANIFEST
from meshsight.specs.scene import SceneSpec
from meshsight.workflows.explain import explain
from meshsight.workflows.frames import FrameMaker
from meshsight.workflows.generate import generate
from meshsight.workflows.rerender import rerender

RECIPE = {
    "frames": 3,
    "image": {"size_hw": [48, 64], "format": "png"},
    "renderer": "raycast",
    "objects": [{"name": "mug", "mesh": "builtin:mug"}, {"name": "box", "mesh": "builtin:box_parcel"}],
    "count": [1, 3],
    "backgrounds": [{"kind": "plain"}],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("generated") / "set"
    generate(SceneSpec.model_validate(RECIPE), out, root=Path(), workers=1, progress=False)
    return out


def test_every_value_is_the_one_that_was_drawn(folder: Path) -> None:
    told = {one.path: one for one in explain(folder, 1).values}
    with FrameMaker(SceneSpec.model_validate(RECIPE), Path()) as maker:
        scene = maker.make(1).scene
    assert told.keys() == scene.origins.keys()
    assert told["camera.fx"].value == scene.camera.fx
    assert told["camera.fx"].origin.startswith("camera.intrinsics.horizontal_fov_deg uniform")
    assert told["objects[0].mesh"].value == scene.objects[0].mesh
    assert told["T_world_cam"].value == scene.T_world_cam.tolist()
    assert told["objects"].value == len(scene.objects)


def test_a_frame_drawn_again_is_the_same_frame(folder: Path, tmp_path: Path) -> None:
    made = rerender(folder, 2, out=tmp_path / "again.png")
    assert made.num_changed_pixels == 0
    assert made.num_label_pixels > 0
    stored = read_image(folder / explain(folder, 2).image)
    assert (read_image(made.path) == stored).all()


def test_only_the_renderer_can_be_changed(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "x.png"
    with pytest.raises(CallError, match="the scene is fixed"):
        rerender(folder, 0, out=out, overrides=["camera.kind=box"])
    with pytest.raises(CallError, match=r"\.png or \.jpg"):
        rerender(folder, 0, out=tmp_path / "x.gif")
    with pytest.raises(CallError, match="no frame 3; it has frames 0 to 2"):
        rerender(folder, 3, out=out)
    with pytest.raises(DataError, match="no such data set folder"):
        explain(tmp_path / "absent", 0)


def test_a_torn_scene_file_is_named(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    (copy / "scenes").mkdir(parents=True)
    (copy / MANIFEST).write_bytes((folder / MANIFEST).read_bytes())
    (copy / "scenes" / "00000.jsonl").write_text("{}\n")
    with pytest.raises(DataError, match=r"00000\.jsonl, line 1: not a scene"):
        explain(copy, 0)
    with pytest.raises(DataError, match=r"ends before line 3.*verify"):
        explain(copy, 2)
