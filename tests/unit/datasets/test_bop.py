"""BOP folders as others make them."""

import json
from pathlib import Path

import numpy as np
import pytest

from meshsight.core.errors import DataError
from meshsight.core.images import write_image
from meshsight.core.masks import decode_mask
from meshsight.core.pose import make_pose
from meshsight.datasets.bop.scene_folders import mask_png
from meshsight.datasets.formats import bop
from meshsight.datasets.opening import guess_reader, open_dataset
from meshsight.records.sample import StatedVisibility

from .bop_sets import SIZE_HW, put, put_json, rectangle, write

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
