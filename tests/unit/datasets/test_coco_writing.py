"""COCO files that we write: pycocotools reads the same labels, and we read everything back to the bit."""

import contextlib
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from meshsight.core.camera import Camera
from meshsight.core.errors import DataError
from meshsight.core.images import write_image
from meshsight.core.masks import RunLengthMask, decode_mask, encode_mask, mask_area
from meshsight.datasets.capacity import Losses, reduce_sample
from meshsight.datasets.coco.keypoints import KEYPOINT_NAMES, SKELETON
from meshsight.datasets.coco.masks import draw_polygons
from meshsight.datasets.coco.writing import coco_chunks
from meshsight.datasets.format import WHOLE
from meshsight.datasets.formats import coco
from meshsight.datasets.opening import open_dataset
from meshsight.datasets.sample_json import sample_to_json
from meshsight.datasets.target import Target
from meshsight.records.dataset import Dataset
from meshsight.records.sample import ObjectLabel, PixelCounts, Sample, StatedVisibility

SIZE_HW = (24, 32)
CLASSES = ("ball", "Gehäuse 1")


def dataset_of(samples: list[Sample], root: Path) -> Dataset:
    for sample in samples:
        write_image(root / sample.image, np.zeros((*sample.size_hw, 3), np.uint8))
    return Dataset(
        root=root,
        classes=CLASSES,
        num_samples=len(samples),
        samples=lambda: iter(samples),
        name="made",
        fingerprint=None,
    )


def sample_of(*objects: ObjectLabel, frame: int = 0, image: str = "images/a.png", **others: Any) -> Sample:
    return Sample(image=image, size_hw=SIZE_HW, objects=objects, frame=frame, group="g", **others)


def label_of(**fields: Any) -> ObjectLabel:
    return ObjectLabel(**{"class_id": 0, "box": (1.0, 2.0, 11.0, 12.0), **fields})


def write(samples: list[Sample], folder: Path) -> Path:
    """Writes what the capacity leaves of samples as one set, and returns the label file."""
    writer = coco.build(coco.Spec())
    reduced = [reduce_sample(sample, writer.capacity, Losses()) for sample in samples]
    writer.write({WHOLE: dataset_of(reduced, folder / "source")}, Target(folder / "written"))
    return folder / "written" / "annotations.json"


def written_back(samples: list[Sample], folder: Path) -> list[Sample]:
    return list(coco.build(coco.Spec()).open(write(samples, folder).parent, None).samples())


def open_coco(file: Path) -> COCO:
    with contextlib.redirect_stdout(io.StringIO()):
        return COCO(str(file))


def a_mask(seed: int) -> RunLengthMask:
    return encode_mask(np.random.default_rng(seed).random(SIZE_HW) < 0.4)


COORDINATES = st.floats(-40, 80, allow_subnormal=False)
SIDES = st.tuples(st.floats(0, 20), st.floats(1e-6, 4)).map(lambda pair: (pair[0], pair[0] + pair[1]))
BOXES = st.tuples(SIDES, SIDES).map(lambda sides: (sides[0][0], sides[1][0], sides[0][1], sides[1][1]))
POLYGONS = st.lists(st.lists(st.tuples(COORDINATES, COORDINATES), min_size=3, max_size=6), min_size=1, max_size=3).map(
    lambda polygons: tuple(np.array(points) for points in polygons)
)
KEYPOINTS = st.lists(st.tuples(COORDINATES, COORDINATES, st.sampled_from([0.0, 1.0, 2.0])), min_size=1, max_size=10)
SHARES = st.none() | st.floats(0, 1)
STATED = st.builds(
    StatedVisibility,
    truncation=SHARES,
    visibility=SHARES,
    occlusion_level=st.none() | st.integers(0, 3),
    is_truncated=st.none() | st.booleans(),
    is_occluded=st.none() | st.booleans(),
)


# What a label may be beside class, box and outlines.
FIELDS = st.fixed_dictionaries(
    {
        "class_id": st.integers(0, 1),
        "box": BOXES,
        "instance_id": st.none() | st.integers(0, 2**31),
        "full_box": st.none() | st.tuples(*4 * [st.floats(allow_nan=False, allow_infinity=False)]),
        "polygons": st.none() | POLYGONS,
        "keypoints": st.none() | KEYPOINTS.map(np.array),
        "stated": st.none() | STATED,
        "mesh": st.none() | st.text(st.characters(codec="utf-8"), max_size=5),
        "is_ignored": st.booleans(),
        "is_cut": st.booleans(),
    }
)
# The mask beside it: drawn from the polygons, or, against the rule, another.
MASKS = st.sampled_from(["drawn", "other"]), st.integers(0, 9)


def any_label(fields: dict[str, Any], mask: str, seed: int) -> ObjectLabel:
    polygons = fields["polygons"]
    is_drawn = mask == "drawn"
    drawn = draw_polygons(polygons, SIZE_HW) if polygons and is_drawn else None
    return label_of(
        **fields,
        mask=drawn if is_drawn else a_mask(seed),
        full_mask=a_mask(seed + 1) if seed % 2 else None,
        pixels=PixelCounts(full=9 + seed, inside=7, visible=3) if seed % 3 else None,
    )


def exact(sample: Sample) -> dict[str, Any]:
    """Everything that a sample says, as data that compare."""
    return json.loads(sample_to_json(sample))


@settings(max_examples=40, derandomize=True, deadline=None)
@given(st.lists(st.tuples(FIELDS, *MASKS), max_size=3), st.text(st.characters(codec="utf-8"), min_size=1, max_size=5))
def test_write_is_read(tmp_path_factory: pytest.TempPathFactory, objects: list[Any], group: str) -> None:
    camera = Camera(fx=41.5, fy=1 / 3, cx=-7.0, cy=0.1, size_hw=SIZE_HW)
    labels = [any_label(*one) for one in objects]
    sample = replace(sample_of(*labels), group=group, camera=camera, source="Söll")
    (back,) = written_back([sample], tmp_path_factory.mktemp("set"))
    assert exact(back) == exact(sample)


@settings(max_examples=20, derandomize=True, deadline=None)
@given(st.lists(BOXES, min_size=20, max_size=60))
def test_boxes_come_back_to_the_bit(tmp_path_factory: pytest.TempPathFactory, boxes: list[Any]) -> None:
    (back,) = written_back([sample_of(*(label_of(box=box) for box in boxes))], tmp_path_factory.mktemp("set"))
    assert [label.box for label in back.objects] == boxes


def test_the_sides_of_a_foreign_box_keep_their_digits(tmp_path: Path) -> None:
    """473.07 + 38.65 - 473.07 is 38.649999999999977 in floats; the file says 38.65 again."""
    bbox = [4.73, 0.1, 7.07, 0.2]
    rows = {
        "images": [{"id": 1, "file_name": "a.png", "width": 32, "height": 24}],
        "categories": [{"id": 1, "name": "ball"}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": bbox}],
    }
    write_image(tmp_path / "foreign" / "a.png", np.zeros((*SIZE_HW, 3), np.uint8))
    (tmp_path / "foreign" / "a.json").write_text(json.dumps(rows))
    file = write(list(open_dataset(tmp_path / "foreign").samples()), tmp_path)
    (row,) = json.loads(file.read_bytes())["annotations"]
    assert row["bbox"] == bbox


def test_pycocotools_reads_the_same_boxes_masks_and_areas(tmp_path: Path) -> None:
    outline = (np.array([[2.5, 3.25], [20, 4], [11.125, 19]]), np.array([[25, 5], [30.5, 5], [28, 20.75], [25, 20]]))
    objects = (
        label_of(mask=a_mask(1), box=(0.0, 0.0, 32.0, 24.0)),
        label_of(polygons=outline, class_id=1, box=(2.5, 3.25, 30.5, 20.75)),
        label_of(polygons=outline, mask=a_mask(2), is_ignored=True),
        label_of(box=(0.5, 1.25, 3.75, 9.5)),
    )
    read = open_coco(write([sample_of(*objects), sample_of(frame=1, image="images/b.png")], tmp_path))
    assert [category["name"] for category in read.loadCats([1, 2])] == list(CLASSES)
    assert [(i["file_name"], i["width"], i["height"]) for i in read.loadImgs([0, 1])] == [
        ("images/a.png", 32, 24),
        ("images/b.png", 32, 24),
    ]
    rows = read.loadAnns(read.getAnnIds())
    assert [row["id"] for row in rows] == [1, 2, 3, 4]
    expected = [decode_mask(a_mask(1)), decode_mask(draw_polygons(outline, SIZE_HW)), decode_mask(a_mask(2))]
    for row, label in zip(rows, objects, strict=True):
        x, y, width, height = row["bbox"]
        assert (x, y, x + width, y + height) == label.box
        assert (row["category_id"], row["iscrowd"]) == (label.class_id + 1, int(label.is_ignored))
    for row, mask in zip(rows, expected, strict=False):
        assert np.array_equal(read.annToMask(row).astype(bool), mask)
        assert row["area"] == mask.sum()
    assert rows[3]["area"] == 3.25 * 8.25
    assert rows[1]["segmentation"] == [points.ravel().tolist() for points in outline]


def test_evaluations_pass_over_regions_to_ignore(tmp_path: Path) -> None:
    """A detection in the ignored region is no false positive to pycocotools."""
    objects = (label_of(box=(1.0, 1.0, 9.0, 9.0)), label_of(box=(12.0, 1.0, 30.0, 20.0), is_ignored=True))
    truth = open_coco(write([sample_of(*objects)], tmp_path))
    boxes = [[12, 1, 18, 19], [1, 1, 8, 8]]
    found = [{"image_id": 0, "category_id": 1, "bbox": box, "score": 0.9 - i / 10} for i, box in enumerate(boxes)]
    with contextlib.redirect_stdout(io.StringIO()):
        evaluation = COCOeval(truth, truth.loadRes(found), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    assert evaluation.stats[0] == pytest.approx(1.0)


@pytest.mark.parametrize("crowd", [{"iscrowd": 1}, {"ignore": 1}, {"iscrowd": 0, "ignore": True}])
def test_a_foreign_region_to_ignore_stays_one(tmp_path: Path, crowd: dict[str, Any]) -> None:
    rows = {
        "images": [{"id": 5, "file_name": "a.png", "width": 32, "height": 24}],
        "categories": [{"id": 1, "name": "ball"}],
        "annotations": [{"id": 1, "image_id": 5, "category_id": 1, "bbox": [1, 2, 3, 4], **crowd}],
    }
    write_image(tmp_path / "foreign" / "a.png", np.zeros((*SIZE_HW, 3), np.uint8))
    (tmp_path / "foreign" / "a.json").write_text(json.dumps(rows))
    (back,) = written_back(list(open_dataset(tmp_path / "foreign").samples()), tmp_path)
    assert [label.is_ignored for label in back.objects] == [True]


def test_categories_say_what_the_keypoints_are(tmp_path: Path) -> None:
    nine, three = np.ones((9, 3)), np.array([[1, 2, 2], [3, 4, 0], [-5.5, 6.25, 1]])
    file = write([sample_of(label_of(keypoints=nine), label_of(keypoints=three, class_id=1))], tmp_path)
    cuboid, other = json.loads(file.read_bytes())["categories"]
    assert (cuboid["keypoints"], cuboid["skeleton"]) == (list(KEYPOINT_NAMES), SKELETON)
    assert (other["keypoints"], other["skeleton"]) == (["keypoint_1", "keypoint_2", "keypoint_3"], [])
    rows = json.loads(file.read_bytes())["annotations"]
    assert [row["num_keypoints"] for row in rows] == [9, 2]
    assert rows[1]["keypoints"] == [1, 2, 2, 3, 4, 0, -5.5, 6.25, 1]


def test_the_skeleton_joins_corners_along_one_axis() -> None:
    assert len(SKELETON) == 12
    for a, b in SKELETON:
        differ = [x != y for x, y in zip(KEYPOINT_NAMES[a - 1], KEYPOINT_NAMES[b - 1], strict=True)]
        assert sum(differ) == 1


def test_degenerate_polygons_go_before_others_misread_them(tmp_path: Path) -> None:
    """pycocotools takes four numbers for a box."""
    line, triangle = np.array([[1.0, 1], [9, 9]]), np.array([[1.0, 1], [9, 1], [5, 9]])
    (back,) = written_back([sample_of(label_of(polygons=(line, triangle)), label_of(polygons=(line,)))], tmp_path)
    first, second = back.objects
    assert first.polygons is not None and len(first.polygons) == 1 and np.array_equal(first.polygons[0], triangle)
    assert first.mask is not None and mask_area(first.mask) > 0
    assert (second.polygons, second.mask) == (None, None)


def test_splits_lie_as_in_coco(tmp_path: Path) -> None:
    """One label file each in `annotations/`, images in a folder of the split's name, which names count from."""
    parts = {
        name: dataset_of([sample_of(label_of(), image=image)], tmp_path / name)
        for name, image in (("train", "images/a b.png"), ("my_val", "my_val/ü.png"))
    }
    coco.build(coco.Spec()).write(parts, Target(tmp_path / "written"))
    files = [path.relative_to(tmp_path / "written").as_posix() for path in sorted((tmp_path / "written").rglob("*.*"))]
    assert files == [
        "annotations/instances_my_val.json",
        "annotations/instances_train.json",
        "my_val/ü.png",
        "train/images/a b.png",
    ]
    for name, image in (("train", "images/a b.png"), ("my_val", "ü.png")):
        dataset = open_dataset(f"{tmp_path / 'written'}#{name}")
        assert (dataset.root, [s.image for s in dataset.samples()]) == (tmp_path / "written" / name, [image])
    assert coco.build(coco.Spec()).splits(tmp_path / "written") == ("my_val", "train")


def test_a_lone_split_keeps_its_name(tmp_path: Path) -> None:
    part = dataset_of([sample_of(label_of())], tmp_path / "source")
    coco.build(coco.Spec()).write({"test": part}, Target(tmp_path / "written"))
    assert coco.build(coco.Spec()).splits(tmp_path / "written") == ("test",)
    assert open_dataset(tmp_path / "written").num_samples == open_dataset(f"{tmp_path / 'written'}#test").num_samples


def test_one_pass_is_enough(tmp_path: Path) -> None:
    """A converter's source is read once, and its progress counts once."""
    samples = [sample_of(label_of(), frame=i, image=f"images/{i}.png") for i in range(5)]
    dataset, passes = dataset_of(samples, tmp_path / "source"), []
    counted = replace(dataset, samples=lambda: (passes.append(1), iter(samples))[1])
    coco.build(coco.Spec()).write({WHOLE: counted}, Target(tmp_path / "written"))
    assert passes == [1]


def test_an_interrupted_file_is_not_there(tmp_path: Path) -> None:
    samples = [sample_of(label_of()), sample_of(image="images/gone.png")]
    dataset = dataset_of(samples, tmp_path / "source")
    (tmp_path / "source" / "images" / "gone.png").unlink()
    with pytest.raises(DataError, match=r"gone\.png: no such image"):
        coco.build(coco.Spec()).write({WHOLE: dataset}, Target(tmp_path / "written"))
    assert not list((tmp_path / "written").rglob("*.json*"))


def test_our_own_folders_file_is_short(tmp_path: Path) -> None:
    """Exact labels lie beside it: it rounds keypoints to a thousandth of a pixel and holds nothing beyond COCO."""
    label = label_of(keypoints=np.array([[1.23456789, 2.0, 2.0]]), pixels=PixelCounts(full=9, inside=6, visible=3))
    text = b"".join(coco_chunks(lambda: [sample_of(label)], CLASSES))
    (row,) = json.loads(text)["annotations"]
    assert "meshsight" not in row and row["keypoints"] == [1.235, 2, 2]
    assert (row["visibility"], row["truncation"], row["occlusion"]) == (0.333333, 0.333333, 0.5)


def test_extras_of_others_are_refused_by_name(tmp_path: Path) -> None:
    file = write([sample_of(label_of(instance_id=3))], tmp_path)
    file.write_text(file.read_text().replace('"instance_id":3', '"instance_id":"three"'))
    with pytest.raises(DataError, match=r"image 'images/a\.png', annotations\[0\]\.meshsight\.instance_id: .*integer"):
        list(open_dataset(file.parent).samples())


def test_nothing_is_claimed_that_is_not_so(tmp_path: Path) -> None:
    """No licence, date or author that nobody gave."""
    content = json.loads(write([sample_of(label_of())], tmp_path).read_bytes())
    assert content["licenses"] == []
    assert set(content["info"]) == {"description", "version"}
