"""BOP folders as others make them, and what our writer does with sizes, meshes and splits."""

import io
import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import trimesh
from PIL import Image
from pycocotools.coco import COCO

from meshsight.assets.builtin.catalogue import make_builtin
from meshsight.assets.surface_samples import surface_color
from meshsight.core.camera import Camera
from meshsight.core.errors import AssetError, DataError
from meshsight.core.images import decode_image, write_image
from meshsight.core.masks import decode_mask, encode_mask
from meshsight.core.pose import make_pose, sample_rotation
from meshsight.datasets.bop import scene_writing
from meshsight.datasets.bop.ply import model_files
from meshsight.datasets.bop.scene_folders import mask_png
from meshsight.datasets.bop.shard_images import mask_of
from meshsight.datasets.capacity import Losses, reduce_dataset, reduce_sample
from meshsight.datasets.format import FORMAT_KINDS, WHOLE
from meshsight.datasets.formats import bop, bop_webdataset
from meshsight.datasets.opening import guess_reader, open_dataset
from meshsight.datasets.target import Target
from meshsight.records.dataset import Dataset
from meshsight.records.mesh import Material, MeshPart, bounds_of
from meshsight.records.sample import ObjectLabel, PixelCounts, Pose, Sample, StatedVisibility

SIZE_HW = (40, 60)
K = [80.0, 0.0, 29.5, 0.0, 90.0, 19.5, 0.0, 0.0, 1.0]
EYE = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]
MODELS = {
    "3": {"diameter": 150.0, "min_x": -50, "min_y": -40, "min_z": -30, "size_x": 100, "size_y": 80, "size_z": 60},
    "8": {
        "diameter": 40.0,
        "min_x": -20,
        "min_y": -20,
        "min_z": -20,
        "size_x": 40,
        "size_y": 40,
        "size_z": 40,
        "symmetries_continuous": [{"axis": [0, 0, 1], "offset": [0, 0, 0]}],
    },
}


def rectangle(x1: int, y1: int, x2: int, y2: int) -> np.ndarray:
    mask = np.zeros(SIZE_HW, bool)
    mask[y1:y2, x1:x2] = True
    return mask


def truth(obj_id: int, x_mm: float = 0.0) -> dict:
    return {"obj_id": obj_id, "cam_R_m2c": EYE, "cam_t_m2c": [x_mm, 0.0, 800.0]}


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    """Two scenes as bop_toolkit makes them: one in colour with everything, one in grey with poses alone."""
    root = tmp_path / "lm"
    full, part = rectangle(10, 5, 30, 25), rectangle(10, 5, 20, 25)
    scene = root / "test" / "000002"
    put_json(scene / "scene_gt.json", {"7": [truth(8), truth(3), truth(3, 10.0)], "12": []})
    put_json(scene / "scene_camera.json", {"7": {"cam_K": K, "depth_scale": 0.1}, "12": {"cam_K": K}})
    shown = {"px_count_all": 500, "px_count_valid": 380, "px_count_visib": 200, "visib_fract": 0.4}
    gone = {"px_count_all": 90, "px_count_valid": 90, "px_count_visib": 0, "visib_fract": 0.0}
    nothing = [-1, -1, -1, -1]
    put_json(
        scene / "scene_gt_info.json",
        {
            "7": [
                {"bbox_obj": [10, 5, 24, 19], "bbox_visib": [10, 5, 9, 19], **shown},
                {"bbox_obj": nothing, "bbox_visib": nothing, **gone},
                {"bbox_obj": [0, 0, 3, 3], "bbox_visib": [0, 0, 0, 0], **{**shown, "px_count_visib": 1}},
            ],
            "12": [],
        },
    )
    for kind, masks in (("mask", (full, rectangle(0, 0, 9, 10))), ("mask_visib", (part, rectangle(0, 0, 0, 0)))):
        for index, mask in enumerate(masks):
            put(scene / kind / f"000007_{index:06d}.png", mask_png(mask))
    for image_id in (7, 12):
        write_image(scene / "rgb" / f"{image_id:06d}.jpg", np.zeros((*SIZE_HW, 3), np.uint8))
    grey = root / "test" / "000010"
    put_json(grey / "scene_gt.json", {"0": [truth(3)]})
    put_json(grey / "scene_camera.json", {"0": {"cam_K": K, "cam_R_w2c": EYE, "cam_t_w2c": [0, 0, 500.0]}})
    write_image(grey / "gray" / "000000.png", np.zeros((*SIZE_HW, 3), np.uint8))
    put_json(root / "models_eval" / "models_info.json", MODELS)
    put_json(root / "models" / "models_info.json", MODELS)
    put(root / "models" / "obj_000003.ply", b"")
    put_json(root / "test_targets_bop19.json", [{"im_id": 7, "inst_count": 1, "obj_id": 3, "scene_id": 2}])
    return root


def put_json(path: Path, content: object) -> None:
    put(path, json.dumps(content).encode())


def put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def test_a_foreign_folder_is_read(foreign, caplog):
    assert isinstance(guess_reader(foreign), bop.BopFormat)
    found = open_dataset(foreign)
    assert found.classes == ("obj_000003", "obj_000008")
    assert (found.num_samples, guess_reader(foreign).splits(foreign)) == (3, ())
    colour, empty, grey = found.samples()
    assert [sample.image for sample in (colour, empty, grey)] == [
        "test/000002/rgb/000007.jpg",
        "test/000002/rgb/000012.jpg",
        "test/000010/gray/000000.png",
    ]
    assert [sample.group for sample in (colour, empty, grey)] == ["test/000002", "test/000002", "test/000010"]
    assert empty.objects == () and empty.hidden == ()
    first, third = colour.objects
    assert (first.class_id, first.box, first.full_box) == (1, (10.0, 5.0, 20.0, 25.0), (10.0, 5.0, 35.0, 25.0))
    assert third.box == (0.0, 0.0, 1.0, 1.0), "a single pixel has width 0 in BOP"
    assert np.array_equal(decode_mask(first.mask), rectangle(10, 5, 20, 25))
    assert np.array_equal(decode_mask(first.full_mask), rectangle(10, 5, 30, 25))
    assert caplog.records[-1].getMessage() == (
        f"{foreign}: 1 objects without a box or mask, given the box of their projected 3-D box"
    )


def test_a_foreign_camera_and_pose(foreign):
    colour, _, grey = open_dataset(foreign).samples()
    assert np.array_equal(colour.camera.K, [[80, 0, 30], [0, 90, 20], [0, 0, 1]])
    assert colour.T_world_cam is None
    assert np.allclose(grey.T_world_cam, make_pose(np.eye(3), np.array([0, 0, -0.5])))
    pose = colour.objects[1].pose
    assert np.allclose(pose.T_cam_object[:3, 3], [0.01, 0.0, 0.8])
    assert np.allclose(pose.box_low_m, [-0.05, -0.04, -0.03])
    assert np.allclose(pose.box_high_m, [0.05, 0.04, 0.03])
    assert (pose.scale, colour.objects[1].mesh, colour.objects[0].mesh) == (1.0, "models/obj_000003.ply", None)


def test_counts_inside_come_from_the_mask_not_from_the_depth_sensor(foreign):
    colour, _, grey = open_dataset(foreign).samples()
    first, third = colour.objects
    counts = first.pixels
    assert (counts.full, counts.inside, counts.visible) == (500, 400, 200)
    assert first.stated is None
    assert third.pixels is None, "no mask, so what lies inside is not known"
    assert third.stated == StatedVisibility(visibility=0.4)
    assert grey.objects[0].pixels is None and grey.objects[0].stated is None


def test_objects_without_a_visible_pixel_are_hidden(foreign):
    colour, *_ = open_dataset(foreign).samples()
    ((instance_id, counts),) = colour.hidden
    assert (instance_id, counts.full, counts.inside, counts.visible) == (2, 90, 90, 0)
    assert [label.instance_id for label in colour.objects] == [1, 3]


def test_without_properties_boxes_come_from_masks(foreign):
    (foreign / "test" / "000002" / "scene_gt_info.json").unlink()
    colour, *_ = open_dataset(foreign).samples()
    assert colour.objects[0].box == (10.0, 5.0, 20.0, 25.0)
    assert colour.objects[0].full_box is None
    assert len(colour.objects) == 2 and colour.hidden == (), "an empty mask is a hidden object, with unknown counts"


def test_masks_can_be_left_out(foreign):
    colour, *_ = open_dataset(foreign, spec=bop.Spec(read_masks=False)).samples()
    assert colour.objects[0].mask is None and colour.objects[0].full_mask is None
    assert colour.objects[0].box == (10.0, 5.0, 20.0, 25.0)


def test_a_projected_box_is_clipped_and_holds_the_object(foreign):
    *_, grey = open_dataset(foreign).samples()
    half_x, half_y, near = 0.05, 0.04, 0.8 - 0.03
    x, y = 80 * half_x / near, 90 * half_y / near
    assert np.allclose(grey.objects[0].box, (30 - x, 20 - y, 30 + x, 20 + y))


def test_without_models_poses_are_left_out(foreign, caplog):
    for folder in ("models", "models_eval"):
        (foreign / folder / "models_info.json").unlink()
    (foreign / "test" / "000010" / "scene_gt.json").unlink()
    found = open_dataset(foreign)
    assert "poses have no box and are left out" in caplog.text
    assert found.classes == ("obj_000003", "obj_000008")
    assert all(label.pose is None for sample in found.samples() for label in sample.objects)


def test_splits_in_their_usual_order(foreign):
    for name in ("val", "train_pbr", "train"):
        (foreign / name).mkdir()
        (foreign / "test" / "000010").rename(foreign / name / "000010") if name == "val" else None
    for name in ("train_pbr", "train"):
        put_json(foreign / name / "000000" / "scene_gt.json", {})
    assert guess_reader(foreign).splits(foreign) == ("train", "train_pbr", "val", "test")
    assert open_dataset(f"{foreign}#val").num_samples == 1
    with pytest.raises(DataError, match=r"several splits \(train, train_pbr, val, test\).*#train"):
        open_dataset(foreign)
    with pytest.raises(DataError, match="no split 'tests' with scenes; there are: train"):
        open_dataset(f"{foreign}#tests")


def test_the_folder_of_a_split_can_be_named_too(foreign):
    whole, inner = open_dataset(foreign), open_dataset(foreign / "test")
    assert inner.root.resolve() == whole.root.resolve()
    assert inner.classes == whole.classes
    assert [sample.image for sample in inner.samples()] == [sample.image for sample in whole.samples()]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"scene_gt.json": "{"}, "scene_gt.json: no readable JSON"),
        ({"scene_gt.json": "[]"}, "scene_gt.json: expected an object with an entry for each id, found list"),
        ({"scene_gt.json": '{"a": []}'}, "expected a list of objects for each image number, found 'a'"),
        ({"scene_gt.json": '{"7": [{"obj_id": 3}]}'}, r"scene_gt.json, image 7: not as BOP has it: cam_R_m2c"),
        ({"scene_gt_info.json": '{"7": []}'}, "image 7: 3 objects, but properties of 0"),
        ({"scene_camera.json": json.dumps({"7": {"cam_K": [1] * 9}})}, "image 7: cam_K has a skew of 1"),
        ({"scene_camera.json": json.dumps({"7": {"cam_K": [0] * 9}})}, "image 7: cam_K: a camera needs positive"),
        ({"rgb/000012.jpg": None}, r"1 of 2 labelled images are in neither rgb/ nor gray/, first 000012"),
        ({"mask/000007_000000.png": "x"}, r"000007_000000.png: cannot be decoded"),
    ],
)
def test_faults_are_named(foreign, change, message):
    for name, content in change.items():
        path = foreign / "test" / "000002" / name
        path.unlink() if content is None else path.write_text(content)
    with pytest.raises(DataError, match=message):
        list(open_dataset(foreign).samples())


def test_a_mask_of_another_size_is_refused(foreign):
    put(foreign / "test" / "000002" / "mask" / "000007_000000.png", mask_png(np.ones((4, 6), bool)))
    with pytest.raises(DataError, match=r"image 7, object 0: a mask of 6 x 4 px, but an image of 60 x 40 px"):
        list(open_dataset(foreign).samples())


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"counts": [3], "size": [40, 60]}, "runs of 3 pixels in all"),
        ({"counts": [2400]}, "'size'"),
        ({"counts": 5, "size": [40, 60]}, "expected counts and size"),
        ({"counts": [-1, 2401], "size": [40, 60]}, "the shortest -1"),
    ],
)
def test_bad_run_lengths_are_refused(row, message):
    with pytest.raises(DataError, match=message):
        mask_of(row, "shard, key, mask 0")


def test_an_object_that_nothing_bounds_is_refused(foreign):
    for folder in ("models", "models_eval"):
        (foreign / folder / "models_info.json").unlink()
    with pytest.raises(DataError, match=r"image 0, object 0: no box, no mask, and no model to project"):
        list(open_dataset(foreign).samples())


def test_an_unknown_object_is_refused(foreign):
    put_json(foreign / "classes.json", {"classes": [{"name": "cat", "written": "3"}]})
    with pytest.raises(DataError, match=r"object 0: obj_id 8 is in neither models_info.json nor classes.json"):
        list(open_dataset(foreign).samples())
    put_json(foreign / "classes.json", {"classes": [{"name": "cat", "written": "cat"}]})
    with pytest.raises(DataError, match=r"classes.json: expected BOP's object ids"):
        open_dataset(foreign)


def test_missing_images_can_be_kept_for_the_doctor(foreign):
    (foreign / "test" / "000002" / "rgb" / "000012.jpg").unlink()
    put_json(foreign / "camera.json", {"height": SIZE_HW[0], "width": SIZE_HW[1]})
    found = open_dataset(foreign, spec=bop.Spec(missing_images="keep"))
    assert [sample.size_hw for sample in found.samples()] == [SIZE_HW] * 3


def test_a_foreign_folder_survives_our_own_writer(foreign, tmp_path):
    """Twice through: what was read first is read again."""
    source = open_dataset(foreign)
    once = write("bop", source, tmp_path / "once")
    twice = write("bop", once, tmp_path / "twice")
    for first, second in zip(once.samples(), twice.samples(), strict=True):
        assert len(first.objects) == len(second.objects)
        for a, b in zip(first.objects, second.objects, strict=True):
            assert (a.box, a.full_box, a.mask, a.full_mask, a.mesh, a.stated) == (
                b.box,
                b.full_box,
                b.mask,
                b.full_mask,
                b.mesh,
                b.stated,
            )
            assert np.allclose(a.pose.T_cam_object, b.pose.T_cam_object, atol=1e-12)


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_mask_images_are_ordinary_pngs(share):
    mask = np.random.default_rng(1).random((37, 53)) < share
    with Image.open(io.BytesIO(mask_png(mask))) as image:
        image.load()
        assert (image.mode, image.size) == ("L", (53, 37))
        assert np.array_equal(np.asarray(image), np.where(mask, 255, 0))
    assert np.array_equal(cv2.imdecode(np.frombuffer(mask_png(mask), np.uint8), cv2.IMREAD_UNCHANGED) > 0, mask)


# The writer.

MUG = bounds_of(make_builtin("mug"))


def posed(name: str = "mug", class_id: int = 0, scale: float = 1.0, x: int = 4) -> ObjectLabel:
    bounds = bounds_of(make_builtin(name))
    place = make_pose(sample_rotation(np.random.default_rng(x)), np.array([0.1, 0.0, 1.0]))
    mask = rectangle(x, 5, x + 10, 25)
    return ObjectLabel(
        class_id=class_id,
        box=(float(x), 5.0, float(x + 10), 25.0),
        full_box=(float(x), 5.0, float(x + 10), 25.0),
        mask=encode_mask(mask),
        full_mask=encode_mask(mask),
        pixels=PixelCounts(full=200, inside=200, visible=200),
        pose=Pose(T_cam_object=place, scale=scale, box_low_m=bounds.low * scale, box_high_m=bounds.high * scale),
        mesh=f"builtin:{name}",
    )


def dataset(folder: Path, *frames: tuple[ObjectLabel, ...], classes: tuple[str, ...] = ("mug", "cube")) -> Dataset:
    camera = Camera(fx=80.0, fy=90.0, cx=31.0, cy=22.0, size_hw=SIZE_HW)
    samples = [
        Sample(image=f"{i}.png", size_hw=SIZE_HW, objects=labels, frame=i, group=f"g{i}", camera=camera)
        for i, labels in enumerate(frames)
    ]
    for sample in samples:
        write_image(folder / sample.image, np.zeros((*SIZE_HW, 3), np.uint8))
    return Dataset(
        root=folder,
        classes=classes,
        num_samples=len(samples),
        samples=lambda: iter(samples),
        name="made",
        fingerprint=None,
    )


def write(kind: str, source: Dataset, folder: Path, target: Target | None = None, **settings) -> Dataset:
    spec = FORMAT_KINDS.module(kind).Spec.model_validate({"kind": kind, **settings})
    writer = FORMAT_KINDS.builder(kind)(spec)
    writer.write({WHOLE: reduce_dataset(source, writer.capacity)[0]}, target or Target(folder))
    return open_dataset(folder)


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


@pytest.mark.parametrize("name", ["mug", "carton", "car"])
def test_textures_of_all_parts_lie_in_one_picture(name):
    """In the middle of each face the model shows the mesh's own colour."""
    mesh = make_builtin(name)
    files = model_files(mesh, 1.0, np.zeros(3), "x.png")
    model = trimesh.load(trimesh.util.wrap_as_stream(files.ply), file_type="ply", process=False)
    properties = model.metadata["_ply_raw"]["vertex"]["data"]
    uv = np.column_stack([properties["texture_u"], properties["texture_v"]])[model.faces].mean(axis=1)
    picture = decode_image(files.texture, "texture")
    column, row = uv[:, 0] * picture.shape[1], (1 - uv[:, 1]) * picture.shape[0]
    shown = picture[row.astype(int), column.astype(int)] / 255.0
    middle = np.full((len(model.faces), 3), 1 / 3)
    wanted = np.concatenate([surface_color(part, part.faces, middle[: len(part.faces)]) for part in mesh.parts])
    assert len(wanted) == len(shown)
    assert np.quantile(np.abs(shown - wanted).max(axis=1), 0.9) < 0.02


def test_a_repeating_texture_becomes_colours_of_vertices():
    mesh = make_builtin("mug")
    (first, *rest) = mesh.parts
    tiled = replace(mesh, parts=(replace(first, uv=first.uv * 3), *rest))
    assert model_files(tiled, 1.0, np.zeros(3), "x.png").texture is None


def test_vertex_colours_are_in_the_model():
    part = MeshPart(
        vertices=np.eye(3, dtype=np.float32),
        faces=np.array([[0, 1, 2]], np.int32),
        normals=np.zeros((3, 3), np.float32),
        vertex_colors=np.eye(3, dtype=np.float32),
        material=Material(base_color=(1.0, 1.0, 1.0)),
    )
    mesh = replace(make_builtin("mug"), parts=(part,))
    files = model_files(mesh, 2.0, np.array([1.0, 0.0, 0.0]), "x.png")
    model = trimesh.load(trimesh.util.wrap_as_stream(files.ply), file_type="ply", process=False)
    assert np.array_equal(model.visual.vertex_colors[:, :3], np.eye(3) * 255)
    assert np.allclose(model.vertices, [[1000, 0, 0], [-1000, 2000, 0], [-1000, 0, 2000]])


# Shards.


def test_shards_are_told_apart_from_ours(tmp_path):
    source = dataset(tmp_path, (posed(),))
    assert isinstance(
        guess_reader(write("bop_webdataset", source, tmp_path / "bop").root), bop_webdataset.BopWebdatasetFormat
    )
    for place in (tmp_path / "bop", tmp_path / "bop" / "train_pbr"):
        (place / "classes.json").write_text((tmp_path / "bop" / "classes.json").read_text())
        assert not FORMAT_KINDS.builder("webdataset")(FORMAT_KINDS.module("webdataset").Spec()).recognises(place)


def test_shards_are_filled_in_order(tmp_path):
    found = write("bop_webdataset", dataset(tmp_path, *[(posed(),)] * 5), tmp_path / "out", shard_images=2)
    assert json.loads((tmp_path / "out" / "train_pbr" / "key_to_shard.json").read_text()) == {
        "000000_000000": 0,
        "000000_000001": 0,
        "000001_000000": 1,
        "000001_000001": 1,
        "000002_000000": 2,
    }
    assert [sample.frame for sample in found.samples()] == [0, 1, 2, 3, 4]


def test_shards_by_themselves_are_read(tmp_path, caplog):
    """As the benchmark offers them: no list of classes, and no models beside them."""
    found = write("bop_webdataset", dataset(tmp_path, (posed("cube", 1),), (posed(),)), tmp_path / "out")
    written = list(found.samples())
    shards = tmp_path / "out" / "train_pbr"
    for name in ("classes.json", "camera.json"):
        (tmp_path / "out" / name).unlink()
    near = open_dataset(shards)
    assert near.classes == ("obj_000001", "obj_000002")
    assert all(label.pose is not None for sample in near.samples() for label in sample.objects)
    shards.rename(tmp_path / "alone")
    alone = open_dataset(tmp_path / "alone")
    assert "poses have no box" in caplog.text
    assert alone.classes == ("obj_000001", "obj_000002")
    for before, after in zip(written, alone.samples(), strict=True):
        assert [label.box for label in after.objects] == [label.box for label in before.objects]
        assert [label.mask for label in after.objects] == [label.mask for label in before.objects]


@pytest.mark.parametrize("first", [False, True])
def test_run_lengths_survive(first):
    rng = np.random.default_rng(3)
    mask = rng.random((7, 9)) < 0.4
    mask[0, 0] = first
    encoded = encode_mask(mask)
    runs = bop_webdataset.mask_runs(encoded)
    assert sum(runs["counts"]) == 63 and runs["size"] == [7, 9]
    values = np.repeat(np.arange(len(runs["counts"])) % 2, runs["counts"]).reshape(7, 9, order="F")
    assert np.array_equal(values.astype(bool), mask)
