"""What our writer of BOP does with sizes, meshes, cameras and images."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import trimesh
from pycocotools.coco import COCO

from meshsight.assets.builtin.catalogue import make_builtin
from meshsight.core.camera import Camera
from meshsight.core.errors import AssetError, DataError
from meshsight.core.pose import make_pose
from meshsight.datasets.bop import scene_writing
from meshsight.datasets.capacity import Losses, reduce_sample
from meshsight.datasets.formats import bop
from meshsight.datasets.target import Target
from meshsight.records.sample import Pose, Sample, StatedVisibility

from .bop_sets import MUG, SIZE_HW, dataset, posed, rectangle, write


def info(folder: Path) -> dict:
    return json.loads((folder / "models" / "models_info.json").read_text())


def test_models_and_their_symmetries_are_written(tmp_path):
    write("bop", dataset(tmp_path, (posed("mug"), posed("cube", 1))), tmp_path / "out")
    rows = info(tmp_path / "out")
    assert "symmetries_discrete" not in rows["1"] and "symmetries_continuous" not in rows["1"]
    assert len(rows["2"]["symmetries_discrete"]) == 23
    for obj_id, name in (("1", "mug"), ("2", "cube")):
        model = trimesh.load(tmp_path / "out" / "models" / f"obj_{int(obj_id):06d}.ply", process=False)
        mesh = make_builtin(name)
        assert np.allclose(model.vertices, mesh.vertices * 1000, atol=1e-3)
        assert len(model.faces) == mesh.num_faces
        assert rows[obj_id]["mesh"] == f"builtin:{name}"
    assert json.loads((tmp_path / "out" / "models_eval" / "models_info.json").read_text()) == rows
    plain = trimesh.load(tmp_path / "out" / "models_eval" / "obj_000001.ply", process=False)
    assert len(plain.vertices) == len(make_builtin("mug").vertices)


def test_sizes_of_one_class_are_models_of_their_own(tmp_path):
    frames = ((posed(), posed(scale=1.25)), (posed("cube", 1), posed(scale=1.25), posed(scale=0.5)))
    found = write("bop", dataset(tmp_path, *frames), tmp_path / "out")
    assert found.classes == ("mug", "cube")
    rows = info(tmp_path / "out")
    assert [row["mesh_scale"] for row in rows.values()] == [1.0, 1.0, 1.25, 0.5]
    assert rows["3"]["diameter"] == pytest.approx(1.25 * rows["1"]["diameter"])
    scales = [[(label.class_id, label.pose.scale) for label in sample.objects] for sample in found.samples()]
    assert scales == [[(0, 1.0), (0, 1.25)], [(1, 1.0), (0, 1.25), (0, 0.5)]]


def test_too_many_sizes_are_refused(tmp_path):
    source = dataset(tmp_path, (posed(), posed(scale=1.25), posed(scale=0.5)))
    message = r"class 'mug' has more than 2 sizes or meshes \(such as scale 1 and 0.5\).*raise `max_sizes`"
    with pytest.raises(DataError, match=message):
        write("bop", source, tmp_path / "out", max_sizes=2)


def test_a_mesh_that_cannot_be_had_leaves_a_box(tmp_path, caplog):
    target = Target(tmp_path / "out")
    label = replace(posed(), mesh="mugs/mug.obj")
    found = write("bop", dataset(tmp_path, (label,)), tmp_path / "out", target)
    assert target.notes == {"models without a mesh, of which only the box is known": 1}
    assert "class 'mug': no mesh 'mugs/mug.obj'; name it in `models`" in caplog.text
    row = info(tmp_path / "out")["1"]
    assert row["diameter"] == pytest.approx(np.linalg.norm(MUG.size) * 1000)
    assert not (tmp_path / "out" / "models" / "obj_000001.ply").exists()
    assert next(found.samples()).objects[0].mesh == "mugs/mug.obj"


def test_a_mesh_of_another_size_is_left_out_or_refused(tmp_path, caplog):
    target = Target(tmp_path / "out")
    source = dataset(tmp_path, (replace(posed("mug"), mesh="builtin:cube"),))
    write("bop", source, tmp_path / "out", target)
    assert target.notes == {"meshes left out because they are not of the labelled size": 1}
    assert "class 'mug': the mesh 'builtin:cube' measures 0.08 x 0.08 x 0.08 m" in caplog.text
    with pytest.raises(DataError, match=r"class 'mug': the mesh 'builtin:cube' measures .* name its own mesh"):
        write("bop", source, tmp_path / "again", models={"mug": "builtin:cube"})


def test_a_mesh_can_be_named(tmp_path):
    source = dataset(tmp_path, (replace(posed(), mesh=None),))
    found = write("bop", source, tmp_path / "out", models={"mug": "builtin:mug"})
    assert (tmp_path / "out" / "models" / "obj_000001.ply").is_file()
    assert next(found.samples()).objects[0].mesh is None
    with pytest.raises(AssetError, match="mgu"):
        write("bop", source, tmp_path / "again", models={"mug": "builtin:mgu"})
    with pytest.raises(DataError, match="`models`: no class 'mgu'; did you mean 'mug'"):
        write("bop", source, tmp_path / "third", models={"mgu": "builtin:mug"})


def test_meshes_lie_below_the_root_that_is_named(tmp_path):
    (tmp_path / "cad").mkdir()
    box = trimesh.creation.box(bounds=[[0, 0, 0], [300, 200, 100]])
    (tmp_path / "cad" / "box.stl").write_bytes(trimesh.exchange.stl.export_stl(box))
    pose = Pose(
        T_cam_object=make_pose(np.eye(3), np.array([0, 0, 2.0])),
        scale=1.0,
        box_low_m=np.zeros(3),
        box_high_m=np.array([0.3, 0.2, 0.1]),
    )
    source = dataset(tmp_path, (replace(posed(), pose=pose, mesh="box.stl"),))
    settings = {"models_root": str(tmp_path / "cad"), "imports": {"box.stl": {"unit": "mm", "up_axis": "z"}}}
    write("bop", source, tmp_path / "out", **settings)
    model = trimesh.load(tmp_path / "out" / "models" / "obj_000001.ply")
    assert np.allclose(model.bounds, [[-150, -100, -50], [150, 100, 50]])


def test_images_without_a_camera_lose_their_objects(tmp_path):
    source = dataset(tmp_path, (posed(),))
    blind = replace(source, samples=lambda: (replace(sample, camera=None) for sample in source.samples()))
    found = write("bop", blind, tmp_path / "out")
    assert [len(sample.objects) for sample in found.samples()] == [0]
    assert next(found.samples()).camera is None


def test_stated_visibility_survives_where_there_are_no_counts():
    writer = bop.build(bop.Spec())
    stated = StatedVisibility(visibility=0.3, truncation=0.5)
    label = replace(posed(), pixels=None, stated=stated)
    sample = Sample(
        image="a.png",
        size_hw=SIZE_HW,
        objects=(label, replace(posed(), stated=stated)),
        frame=0,
        group="",
        camera=Camera(fx=80.0, fy=90.0, cx=31.0, cy=22.0, size_hw=SIZE_HW),
    )
    first, second = reduce_sample(sample, writer.capacity, Losses()).objects
    assert first.stated == StatedVisibility(visibility=0.3)
    assert second.stated is None, "exact counts say it better"


@pytest.mark.parametrize("kind", ["bop", "bop_webdataset"])
def test_a_stated_visibility_is_read_back(kind, tmp_path):
    label = replace(posed(), pixels=None, full_mask=None, full_box=None, stated=StatedVisibility(visibility=0.25))
    found = write(kind, dataset(tmp_path, (label,)), tmp_path / "out")
    (seen,) = next(found.samples()).objects
    assert (seen.stated, seen.pixels, seen.full_mask, seen.full_box) == (label.stated, None, None, None)


def test_scenes_hold_so_many_images(tmp_path, monkeypatch):
    monkeypatch.setattr(scene_writing, "SCENE_IMAGES", 2)
    found = write("bop", dataset(tmp_path, *[(posed(),)] * 5), tmp_path / "out")
    folders = sorted(path.name for path in (tmp_path / "out" / "train_pbr").iterdir())
    assert folders == ["000000", "000001", "000002"]
    assert [sample.image.split("/")[1:] for sample in found.samples()] == [
        ["000000", "rgb", "000000.png"],
        ["000000", "rgb", "000001.png"],
        ["000001", "rgb", "000000.png"],
        ["000001", "rgb", "000001.png"],
        ["000002", "rgb", "000000.png"],
    ]
    assert [sample.group for sample in found.samples()] == ["g0", "g1", "g2", "g3", "g4"]


def test_scene_coco_is_read_by_pycocotools(tmp_path):
    write("bop", dataset(tmp_path, (posed(), posed("cube", 1, x=20))), tmp_path / "out")
    coco = COCO(tmp_path / "out" / "train_pbr" / "000000" / "scene_gt_coco.json")
    assert [coco.cats[row["category_id"]]["name"] for row in coco.anns.values()] == ["mug", "cube"]
    first = coco.anns[1]
    assert first["bbox"] == [4.0, 5.0, 10.0, 20.0]
    assert np.array_equal(coco.annToMask(first).astype(bool), rectangle(4, 5, 14, 25))


def test_odd_image_suffixes_are_noted(tmp_path):
    target = Target(tmp_path / "out")
    source = dataset(tmp_path, (posed(),), (posed(),))
    (tmp_path / "0.png").rename(tmp_path / "0.webp")
    (tmp_path / "1.png").rename(tmp_path / "1.jpeg")
    renamed = [
        replace(s, image=f"{i}{suffix}")
        for i, (s, suffix) in enumerate(zip(source.samples(), (".webp", ".jpeg"), strict=True))
    ]
    write("bop", replace(source, samples=lambda: iter(renamed)), tmp_path / "out", target)
    assert target.notes == {"images that are neither PNG nor JPEG, which bop_toolkit looks for": 1}
    assert sorted(p.name for p in (tmp_path / "out" / "train_pbr" / "000000" / "rgb").iterdir()) == [
        "000000.webp",
        "000001.jpg",
    ]
