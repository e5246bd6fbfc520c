"""KITTI folders written by hand from the devkit's readme, with every fault that is tolerated or refused."""

import math
from collections import Counter

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meshsight.core.errors import DataError, ImageError
from meshsight.datasets.capacity import Losses, reduce_sample
from meshsight.datasets.format import WHOLE
from meshsight.datasets.formats.kitti import Spec, build
from meshsight.datasets.kitti.boxes import KittiBox, kitti_box, pose_of
from meshsight.datasets.kitti.rows import KittiRow, parse_rows, row_line
from meshsight.datasets.opening import guess_kind, open_dataset
from meshsight.datasets.target import Target
from meshsight.records.dataset import Dataset
from meshsight.records.sample import ObjectLabel, PixelCounts, Sample, StatedVisibility

SIZE_HW = (60, 100)
CAR = "Car 0.25 1 -0.5 10.50 20.00 40.25 50.00 1.5 1.6 3.9 2.0 1.7 10.0 0.30"
UNSAID = "Van -1 3 -10 1 2 30 40 -1 -1 -1 -1000 -1000 -1000 -10"
DONT_CARE = "DontCare -1 -1 -10 50 5 60 15 -1 -1 -1 -1000 -1000 -1000 -10"


def add_image(path, size_hw=SIZE_HW):
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), np.zeros((*size_hw, 3), np.uint8))


def add(folder, stem, text, images="image_2", labels="label_2"):
    add_image(folder / images / f"{stem}.png")
    (folder / labels).mkdir(parents=True, exist_ok=True)
    (folder / labels / f"{stem}.txt").write_bytes(text.encode())


def read(folder, **settings):
    return list(open_dataset(folder, spec=Spec(**settings)).samples())


def test_every_column_is_read(tmp_path):
    add(tmp_path / "training", "000000", f"{CAR}\n{UNSAID}\n{DONT_CARE}\n")
    assert guess_kind(tmp_path) == "kitti"
    found = open_dataset(tmp_path)
    (sample,) = found.samples()
    assert found.classes == ("Car", "Van")
    assert (sample.image, sample.size_hw, sample.camera) == ("training/image_2/000000.png", SIZE_HW, None)
    car, van, region = sample.objects
    assert (car.class_id, car.box) == (0, (10.5, 20.0, 40.25, 50.0))
    assert car.stated == StatedVisibility(truncation=0.25, occlusion_level=1)
    assert car.pose is not None
    assert car.pose.T_cam_object[:3, 3].tolist() == [2.0, 1.7, 10.0]
    assert (car.pose.box_high_m - car.pose.box_low_m).tolist() == pytest.approx([3.9, 1.5, 1.6])
    nose = car.pose.T_cam_object[:3, :3] @ [1.0, 0.0, 0.0]
    assert nose == pytest.approx([math.cos(0.3), 0.0, -math.sin(0.3)])
    assert (van.class_id, van.stated, van.pose, van.is_ignored) == (1, None, None, False)
    assert (region.box, region.is_ignored, region.stated, region.pose) == ((50, 5, 60, 15), True, None, None)


@pytest.mark.parametrize(
    "text",
    [
        f"{CAR}\r\n\r\n{UNSAID}\r\n",
        f"\ufeff{CAR}\n{UNSAID}",
        f"{CAR}\n   \n\n{UNSAID}   \n".replace(" ", "\t"),
        f"{CAR}\n{UNSAID}\x0a\x0a",
    ],
)
def test_white_space_does_not_matter(tmp_path, text):
    add(tmp_path, "0", text)
    (sample,) = read(tmp_path)
    assert [label.class_id for label in sample.objects] == [0, 1]


def test_three_d_columns_of_zeros_are_not_trusted(tmp_path):
    """Isaac Sim's writer fills them in."""
    add(tmp_path, "0", "box 0 0 0 1 2 3 4 0.00 0.00 0.00 0.00 0.00 0.00 0.00\nbox 0 0 0 1 2 3 4 1 1 1 0 0 5 -10")
    (sample,) = read(tmp_path)
    assert [label.pose for label in sample.objects] == [None, None]
    assert sample.objects[0].stated == StatedVisibility(truncation=0.0, occlusion_level=0)


def test_what_is_tolerated_is_said_once(tmp_path, caplog):
    add(tmp_path, "0", f"{CAR} 0.9\nCar 2 0.4 -10 -1 2 30 40 -1 -1 -1 -1000 -1000 -1000 -10\n")
    found = open_dataset(tmp_path)
    for _ in range(2):
        (sample,) = found.samples()
    assert sample.objects[1].stated is None
    assert sample.objects[1].box == (0.0, 2.0, 30.0, 40.0)
    said = "\n".join(record.getMessage() for record in caplog.records)
    assert said.count("1 scores (column 16)") == 1
    assert said.count("1 values of 'truncated' outside 0..1") == 1
    assert said.count("1 values of 'occluded' other than") == 1
    assert said.count("clipped 1 boxes") == 1


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("Car 0 0 0 1 2 3", r"0\.txt, line 2: expected 15 columns, or 16 with a score, found 7"),
        (CAR.replace("20.00", "abc"), r"0\.txt, line 2, column 6 \(top\): expected a number, found 'abc'"),
        (CAR.replace("0.30", "nan"), r"line 2, column 15 \(rotation_y\): expected a number, found 'nan'"),
        (CAR.replace("Car", "Stop sign"), r"line 2, column 2 \(truncated\): expected a number, found 'sign'"),
        (CAR.replace("40.25", "140.25"), r"0\.txt: object 2: the box .* leaves its image of 100 x 60 px by 40"),
        (CAR.replace("40.25", "9"), r"object 2: the box .* is empty"),
    ],
)
def test_a_bad_row_is_named(tmp_path, row, message):
    add(tmp_path, "0", f"{CAR}\n{row}")
    with pytest.raises(DataError, match=message):
        read(tmp_path)


@pytest.mark.parametrize(
    ("inner", "images", "labels"),
    [
        ("training", "image_2", "label_2"),
        ("", "images", "labels"),
        ("", "image", "label_2"),
        ("Camera", "rgb", "object_detection"),
    ],
)
def test_the_usual_folders_are_found_in_natural_order(tmp_path, inner, images, labels):
    for number in (10, 2, 0, 1):
        add(tmp_path / inner, str(number), CAR, images, labels)
    assert guess_kind(tmp_path) == "kitti"
    assert build(Spec()).splits(tmp_path) == ()
    found = [sample.image for sample in open_dataset(tmp_path).samples()]
    assert found == [f"{inner}/{images}/{n}.png".lstrip("/") for n in (0, 1, 2, 10)]


def test_splits_share_their_classes(tmp_path):
    add(tmp_path / "train", "0", CAR)
    add(tmp_path / "far" / "Camera", "0", UNSAID, "rgb", "object_detection")
    (tmp_path / "testing" / "image_2").mkdir(parents=True)
    assert build(Spec()).splits(tmp_path) == ("far", "train")
    assert open_dataset(f"{tmp_path}#far").classes == ("Car", "Van")
    with pytest.raises(DataError, match=r"several splits \(far, train\); name one"):
        open_dataset(tmp_path)
    with pytest.raises(DataError, match=r"no split 'val' .* there are: far, train"):
        open_dataset(f"{tmp_path}#val")


def test_a_broken_image_is_a_fault_that_the_doctor_may_see(tmp_path):
    add(tmp_path, "a", CAR)
    (tmp_path / "image_2" / "a.png").write_bytes(b"no image")
    with pytest.raises(ImageError, match=r"a\.png: no readable image header"):
        read(tmp_path)
    assert [sample.size_hw for sample in read(tmp_path, missing_images="keep")] == [(50, 41)]


@pytest.mark.parametrize("row", ["0 0.5 0.5 0.1 0.1", "0 " + "0.5 " * 14, "3 " + "0.25 " * 15])
def test_yolo_is_not_mistaken_for_kitti(tmp_path, row):
    add(tmp_path, "a", row, "images", "labels")
    assert not build(Spec()).recognises(tmp_path)


def test_an_empty_file_is_an_image_without_objects_and_a_missing_one_a_fault(tmp_path):
    add(tmp_path, "a", CAR)
    add(tmp_path, "b", "")
    assert [len(sample.objects) for sample in read(tmp_path)] == [1, 0]
    (tmp_path / "label_2" / "b.txt").unlink()
    with pytest.raises(DataError, match=r"1 of 2 images have no label file .* first 'b\.png'.*missing_labels: empty"):
        read(tmp_path)
    assert [len(sample.objects) for sample in read(tmp_path, missing_labels="empty")] == [1, 0]


def test_a_label_without_its_image_is_a_fault_that_the_doctor_may_see(tmp_path):
    add(tmp_path, "a", CAR)
    add(tmp_path, "b", CAR)
    (tmp_path / "image_2" / "b.png").unlink()
    with pytest.raises(DataError, match=r"1 of 2 label files have no image .* first 'b\.txt'"):
        read(tmp_path)
    kept = read(tmp_path, missing_images="keep")
    assert [(sample.image, sample.size_hw) for sample in kept] == [
        ("image_2/a.png", SIZE_HW),
        ("image_2/b.png", (50, 41)),
    ]


def test_two_images_of_one_stem_are_refused(tmp_path):
    add(tmp_path, "a", CAR)
    add_image(tmp_path / "image_2" / "a.jpg")
    with pytest.raises(DataError, match=r"'a\.jpg' and 'a\.png' have one stem"):
        read(tmp_path)


def test_nothing_but_regions_to_ignore_is_no_data_set(tmp_path):
    add(tmp_path, "a", DONT_CARE)
    with pytest.raises(DataError, match="every label is DontCare"):
        read(tmp_path)


def test_a_class_that_is_not_listed_is_refused(tmp_path):
    add(tmp_path, "a", CAR)
    (tmp_path / "classes.json").write_text('{"classes": [{"name": "a cart", "written": "Cart"}]}')
    with pytest.raises(DataError, match=r"class 'Car' is not in classes\.json; did you mean 'Cart'"):
        read(tmp_path)


def test_a_calibration_is_the_camera_of_the_image(tmp_path):
    """KITTI's colour camera stands beside the reference camera in which locations are given."""
    add(tmp_path, "a", CAR)
    (tmp_path / "calib").mkdir()
    (tmp_path / "calib" / "a.txt").write_text("P0: 1\nP2: 700 0 49.5 35 0 720 29.5 7.2 0 0 1 0.01\nR0_rect: 1 0 0\n")
    (sample,) = read(tmp_path)
    camera, pose = sample.camera, sample.objects[0].pose
    assert camera is not None and pose is not None
    assert (camera.fx, camera.fy, camera.cx, camera.cy) == (700, 720, 50, 30)
    point = np.array([2.0, 1.7, 10.0])
    by_devkit = np.array([[700, 0, 49.5, 35], [0, 720, 29.5, 7.2], [0, 0, 1, 0.01]]) @ [*point, 1.0]
    by_us = camera.K @ pose.T_cam_object[:3, 3]
    assert by_us[:2] / by_us[2] == pytest.approx(by_devkit[:2] / by_devkit[2] + 0.5)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("P0: 1 2\n", "expected a line 'P2:' with 12 numbers"),
        ("P2: 1 2 x\n", "expected a line 'P2:' with 12 numbers"),
        ("P2: 700 1 5 0 0 700 5 0 0 0 1 0\n", "P2 is not fx 0 cx tx"),
        ("P2: -700 0 5 0 0 700 5 0 0 0 1 0\n", "positive focal lengths"),
    ],
)
def test_a_bad_calibration_is_named(tmp_path, text, message):
    add(tmp_path, "a", CAR)
    (tmp_path / "calib").mkdir()
    (tmp_path / "calib" / "a.txt").write_text(text)
    with pytest.raises(DataError, match=rf"a\.txt: .*{message}"):
        read(tmp_path)


def write(tmp_path, labels, classes=("Car", "DC 3"), **settings):
    add_image(tmp_path / "in" / "x.png")
    sample = Sample(image="x.png", size_hw=SIZE_HW, objects=tuple(labels), frame=0, group="x")
    kitti = build(Spec(**settings))
    reduced = reduce_sample(sample, kitti.capacity, Losses())
    dataset = Dataset(
        root=tmp_path / "in",
        classes=classes,
        num_samples=1,
        samples=lambda: iter([reduced]),
        name="x",
        fingerprint=None,
    )
    kitti.write({WHOLE: dataset}, Target(tmp_path / "out"))
    return (tmp_path / "out" / "training" / "label_2").iterdir().__next__().read_text().splitlines()


def test_lines_are_as_in_the_devkit(tmp_path):
    box = KittiBox(height=1.5, width=1.6, length=3.9, x=2.0, y=1.7, z=10.0, rotation_y=0.3)
    third = PixelCounts(full=300, inside=200, visible=100)
    labels = [
        ObjectLabel(class_id=0, box=(10.5, 20.0, 40 + 1 / 3, 50.0), pixels=third, pose=pose_of(box)),
        ObjectLabel(class_id=1, box=(1.0, 2.0, 3.0, 4.0)),
        ObjectLabel(class_id=1, box=(50.0, 5.0, 60.0, 15.0), is_ignored=True, pose=pose_of(box)),
    ]
    assert write(tmp_path, labels) == [
        "Car 0.3333 1 0.102604 10.50 20.00 40.333333333333336 50.00 "
        "1.500000 1.600000 3.900000 2.000000 1.700000 10.000000 0.300000",
        "DC_3 -1.00 3 -10 1.00 2.00 3.00 4.00 -1 -1 -1 -1000 -1000 -1000 -10",
        "DontCare -1 -1 -10 50.00 5.00 60.00 15.00 -1 -1 -1 -1000 -1000 -1000 -10",
    ]
    for folder in (tmp_path / "out", tmp_path / "out" / "training"):
        assert open_dataset(folder).classes == ("Car", "DC 3")


def test_settings_decide_levels_and_what_nobody_cares_for(tmp_path):
    def label(visible, bottom=30.0):
        return ObjectLabel(
            class_id=0, box=(0.0, 10.0, 9.0, bottom), pixels=PixelCounts(full=100, inside=100, visible=visible)
        )

    labels = [label(80), label(60), label(20), label(80, bottom=15.0)]
    lines = write(
        tmp_path,
        labels,
        fully_visible_up_to=0.2,
        partly_occluded_up_to=0.3,
        min_visibility=0.3,
        min_height_px=6,
        image_names="numbered",
    )
    assert [line.split()[0] for line in lines] == ["Car", "Car", "DontCare", "DontCare"]
    assert [line.split()[2] for line in lines] == ["0", "2", "-1", "-1"]
    assert (tmp_path / "out" / "training" / "image_2" / "000000.png").is_file()


@pytest.mark.parametrize(
    ("stated", "columns"),
    [
        (StatedVisibility(is_truncated=False, is_occluded=True), ["0.00", "1"]),
        (StatedVisibility(is_truncated=True, is_occluded=False), ["-1.00", "0"]),
        (StatedVisibility(truncation=0.5, occlusion_level=3), ["0.50", "3"]),
        (StatedVisibility(visibility=0.5), ["-1.00", "3"]),
    ],
)
def test_what_other_sets_state_is_not_made_up(tmp_path, stated, columns):
    (line,) = write(tmp_path, [ObjectLabel(class_id=0, box=(1.0, 2.0, 3.0, 4.0), stated=stated)])
    assert line.split()[1:3] == columns


@pytest.mark.parametrize(
    ("classes", "message"),
    [(("dontcare",), "keeps the name 'DontCare' for itself"), (("a b", "a_b"), "would both be called 'a_b'")],
)
def test_names_that_kitti_cannot_hold_are_refused(tmp_path, classes, message):
    with pytest.raises(DataError, match=message):
        write(tmp_path, [], classes=classes)


LENGTHS = st.floats(0.01, 50).map(lambda v: round(v, 6))
PLACES = st.floats(-80, 80).map(lambda v: round(v, 6))
BOXES = st.builds(
    KittiBox,
    height=LENGTHS,
    width=LENGTHS,
    length=LENGTHS,
    x=PLACES,
    y=PLACES,
    z=PLACES,
    rotation_y=st.floats(-3.14159, 3.14159).map(lambda v: round(v, 6)),
)
ROWS = st.builds(
    KittiRow,
    name=st.sampled_from(["Car", "Größe", "a-b"]),
    truncation=st.none() | st.integers(0, 10_000).map(lambda v: v / 10_000),
    occlusion_level=st.none() | st.integers(0, 2),
    box=st.tuples(*[st.floats(-1e4, 1e4)] * 4),
    box_3d=st.none() | BOXES,
)


@settings(max_examples=60, derandomize=True, deadline=None)
@given(st.lists(ROWS, max_size=3))
def test_rows_are_read_as_written(rows):
    text = "\n".join(row_line(row) for row in rows)
    oddities = Counter[str]()
    assert list(parse_rows(text, "here", oddities)) == rows
    assert not oddities


@settings(max_examples=50, derandomize=True, deadline=None)
@given(BOXES)
def test_a_box_and_its_pose_are_the_same(box):
    again = kitti_box(pose_of(box), max_tilt_rad=1e-6)
    assert again is not None
    for name in KittiBox.__dataclass_fields__:
        assert getattr(again, name) == pytest.approx(getattr(box, name), abs=1e-9)
