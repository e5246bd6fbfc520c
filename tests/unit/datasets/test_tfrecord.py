"""TFRecord files: the names, folds and fields that TAO expects, read by the `tfrecord` package, and damage."""

import json
import struct
import warnings
from pathlib import Path

import cv2
import numpy as np
import pytest
from tfrecord.reader import tfrecord_loader
from tfrecord.writer import TFRecordWriter

from meshsight.core.errors import CallError, DataError, ImageError, SpecError
from meshsight.core.tf_example import decode_example
from meshsight.core.tfrecord import framed, read_records
from meshsight.datasets.capacity import reduce_dataset
from meshsight.datasets.format import WHOLE
from meshsight.datasets.formats.tfrecord import Spec, build
from meshsight.datasets.kitti.boxes import KittiBox, pose_of
from meshsight.datasets.opening import guess_kind, open_dataset
from meshsight.datasets.target import Target
from meshsight.datasets.tfrecord.folds import random_folds, sequence_folds
from meshsight.records.dataset import Dataset
from meshsight.records.sample import ObjectLabel, PixelCounts, Sample
from meshsight.specs.base import parse_spec

SIZE_HW = (60, 100)
CLASSES = ("Car", "Fork Lift")
BOX_3D = KittiBox(height=1.5, width=1.6, length=3.9, x=2.0, y=1.7, z=10.0, rotation_y=0.3)
LABELS = (
    ObjectLabel(
        class_id=1,
        box=(10.5, 20.0, 40.25, 50.0),
        pixels=PixelCounts(full=400, inside=300, visible=200),
        pose=pose_of(BOX_3D),
    ),
    ObjectLabel(class_id=0, box=(5.2, 1.0, 5.9, 30.0)),
    ObjectLabel(class_id=0, box=(1.0, 2.0, 3.0, 4.0)),
    ObjectLabel(class_id=1, box=(50.0, 5.0, 60.0, 15.0), is_ignored=True),
)
TAO_FLOATS = ("truncation", "observation_angle", *(f"coordinates_{edge}" for edge in ("x1", "y1", "x2", "y2")))
TAO_WORLD = tuple(f"world_bbox_{name}" for name in ("h", "w", "l", "x", "y", "z", "rot_y"))


def dataset(folder, names, labels=LABELS, classes=CLASSES):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        assert cv2.imwrite(str(folder / name), np.zeros((*SIZE_HW, 3), np.uint8))
    samples = [
        Sample(image=name, size_hw=SIZE_HW, objects=labels, frame=i, group=name[:1]) for i, name in enumerate(names)
    ]
    return Dataset(
        root=folder,
        classes=classes,
        num_samples=len(samples),
        samples=lambda: iter(samples),
        name="made",
        fingerprint=None,
    )


def write(tmp_path, parts, **settings):
    form, target = build(Spec(**settings)), Target(tmp_path / "out")
    form.write({name: reduce_dataset(part, form.capacity)[0] for name, part in parts.items()}, target)
    return target


def load(path: Path, description=None):
    """Reads a shard with the tfrecord package, which leaves its file open."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        return list(tfrecord_loader(str(path), None, description))


def test_another_reader_finds_the_fields_of_tao(tmp_path):
    write(tmp_path, {WHOLE: dataset(tmp_path / "in", ["a.png"])})
    (found,) = load(tmp_path / "out" / "tfrecords" / "data-fold-000-of-001-shard-00000-of-00001")
    assert bytes(found["frame/id"]) == b"images/a"
    assert (found["frame/height"].tolist(), found["frame/width"].tolist()) == ([60], [100])
    assert [bytes(name) for name in found["target/object_class"]] == [b"fork_lift", b"car", b"dontcare"]
    assert found["target/occlusion"].tolist() == [1, 3, -1]
    expected = {
        "truncation": [0.25, -1, -1],
        "observation_angle": [BOX_3D.alpha, -10, -10],
        "coordinates_x1": [10.5, 1, 50],
        "coordinates_y1": [20, 2, 5],
        "coordinates_x2": [40.25, 3, 60],
        "coordinates_y2": [50, 4, 15],
        "world_bbox_h": [1.5, -1, -1],
        "world_bbox_w": [1.6, -1, -1],
        "world_bbox_l": [3.9, -1, -1],
        "world_bbox_x": [2, -1000, -1000],
        "world_bbox_y": [1.7, -1000, -1000],
        "world_bbox_z": [10, -1000, -1000],
        "world_bbox_rot_y": [0.3, -10, -10],
    }
    assert set(expected) == {*TAO_FLOATS, *TAO_WORLD}
    for name, values in expected.items():
        assert found[f"target/{name}"].dtype == np.float32
        assert found[f"target/{name}"].tolist() == pytest.approx(values, rel=1e-6)
    assert len(found) == 5 + len(expected)


def test_another_reader_finds_the_fields_for_dali(tmp_path):
    write(tmp_path, {WHOLE: dataset(tmp_path / "in", ["a.png"])}, embed_images=True)
    (found,) = load(tmp_path / "out" / "tfrecords" / "data-fold-000-of-001-shard-00000-of-00001")
    assert bytes(found["frame/encoded"]) == (tmp_path / "in" / "a.png").read_bytes()
    assert found["target/object_class_id"].dtype == np.float32
    assert found["target/object_class_id"].tolist() == [1, 0, -1]
    assert "target/object_class" not in found
    assert found["target/coordinates_x2"].tolist() == pytest.approx([0.4025, 0.03, 0.6])
    assert found["target/coordinates_y2"].tolist() == pytest.approx([50 / 60, 4 / 60, 0.25])
    assert not (tmp_path / "out" / "images").exists()


def test_another_reader_finds_the_fields_of_the_object_detection_tools(tmp_path):
    write(tmp_path, {"train": dataset(tmp_path / "in", ["a.png"])}, flavour="tf_od")
    (found,) = load(tmp_path / "out" / "tfrecords" / "train.tfrecord-00000-of-00001")
    assert bytes(found["image/encoded"]) == (tmp_path / "in" / "a.png").read_bytes()
    assert (bytes(found["image/format"]), bytes(found["image/filename"])) == (b"png", b"a.png")
    assert [bytes(name) for name in found["image/object/class/text"]] == [b"Fork Lift", b"Car", b"Car", b"Fork Lift"]
    assert found["image/object/class/label"].tolist() == [2, 1, 1, 2]
    assert found["image/object/is_crowd"].tolist() == [0, 0, 0, 1]
    assert found["image/object/bbox/xmin"].tolist() == pytest.approx([0.105, 0.052, 0.01, 0.5])
    assert found["image/object/bbox/ymax"].tolist() == pytest.approx([50 / 60, 0.5, 4 / 60, 0.25])
    assert found["image/object/area"].tolist() == pytest.approx([892.5, 20.3, 4, 100], rel=1e-5)
    assert (tmp_path / "out" / "label_map.pbtxt").read_text().startswith("item {\n  id: 1\n  name: 'Car'\n}\n")


def test_files_of_another_writer_are_read(tmp_path):
    """Classes come from the records, unknown columns may be absent, the picture's suffix is found."""
    (tmp_path / "rgb").mkdir()
    assert cv2.imwrite(str(tmp_path / "rgb" / "7.jpg"), np.zeros((*SIZE_HW, 3), np.uint8))
    writer = TFRecordWriter(str(tmp_path / "kitti_trainval-fold-000-of-002-shard-00000-of-00001"))
    edges = {"x1": [1.0, 5.0], "y1": [2.0, 6.0], "x2": [30.0, 50.0], "y2": [40.0, 60.0]}
    writer.write(
        {
            "frame/id": (b"rgb/7", "byte"),
            "frame/height": (60, "int"),
            "frame/width": (100, "int"),
            "target/object_class": ([b"truck", b"car"], "byte"),
            "target/truncation": ([0.5, 0.0], "float"),
            "target/occlusion": ([2, 0], "int"),
            **{f"target/coordinates_{edge}": (values, "float") for edge, values in edges.items()},
        }
    )
    writer.close()
    assert guess_kind(tmp_path) == "tfrecord"
    found = open_dataset(tmp_path)
    (sample,) = found.samples()
    assert found.classes == ("car", "truck")
    assert (sample.image, sample.size_hw) == ("rgb/7.jpg", SIZE_HW)
    truck, car = sample.objects
    assert (truck.class_id, truck.box, car.box) == (1, (1.0, 2.0, 30.0, 40.0), (5.0, 6.0, 50.0, 60.0))
    assert truck.stated is not None and (truck.stated.truncation, truck.stated.occlusion_level) == (0.5, 2)
    assert truck.pose is None


def test_check_sums_are_those_of_another_writer():
    data = bytes(range(200))
    length = struct.pack("<Q", len(data))
    theirs = length + TFRecordWriter.masked_crc(length) + data + TFRecordWriter.masked_crc(data)
    assert framed(data) == theirs


def test_pictures_elsewhere_are_named(tmp_path):
    write(tmp_path, {WHOLE: dataset(tmp_path / "in", ["a.png"])})
    (tmp_path / "out" / "images").rename(tmp_path / "images")
    with pytest.raises(DataError, match=r"record 0: no image 'images/a' in .*image_root"):
        list(open_dataset(tmp_path / "out").samples())
    (sample,) = open_dataset(tmp_path / "out", spec=Spec(image_root=str(tmp_path))).samples()
    assert sample.image == "images/a.png"
    (kept,) = open_dataset(tmp_path / "out", spec=Spec(missing_images="keep")).samples()
    assert kept.image == "images/a.png"


def test_a_folder_of_shards_and_one_shard_can_be_opened(tmp_path):
    write(tmp_path, {WHOLE: dataset(tmp_path / "in", ["a.png", "b.png"])})
    shards = tmp_path / "out" / "tfrecords"
    for path, count in ((shards, 2), (shards / "data-fold-000-of-001-shard-00001-of-00002", 1)):
        found = open_dataset(path)
        assert (found.classes, found.num_samples, found.root) == (CLASSES, count, tmp_path / "out")
        assert len(list(found.samples())) == count


def test_boxes_that_tao_drops_are_listed(tmp_path):
    """Cut down to whole numbers, (5.2, 1, 5.9, 30) has no width."""
    target = write(tmp_path, {WHOLE: dataset(tmp_path / "in", ["a.png", "b.png"])})
    assert list(target.notes.values()) == [2]
    listed = json.loads((tmp_path / "out" / "tfrecords" / "data_warning.json").read_text())
    assert listed == {f"{stem}.txt_1": [5.2, 1.0, 5.9, 30.0] for stem in "ab"}
    assert [len(sample.objects) for sample in open_dataset(tmp_path / "out").samples()] == [3, 3]


def ids_in(folder):
    """Image names by fold, in the order of the files."""
    found: dict[str, list[str]] = {}
    for path in sorted(folder.glob("data-fold-*")):
        examples = (decode_example(record, "here") for record in read_records(path))
        found.setdefault(path.name[10:13], []).extend(one["frame/id"][0].decode()[7:] for one in examples)
    return found


def test_random_folds_are_those_of_tao(tmp_path):
    """The first names are for validation, then each fold is shuffled by seed 42."""
    names = [f"{letter}.png" for letter in "jihgfedcba"]
    write(tmp_path, {WHOLE: dataset(tmp_path / "in", names)}, partition_mode="random", val_split=30, num_shards=3)
    found = ids_in(tmp_path / "out" / "tfrecords")
    assert {fold: sorted(ids) for fold, ids in found.items()} == {"000": list("abc"), "001": list("defghij")}
    assert found["001"] != sorted(found["001"])
    files = sorted(path.name for path in (tmp_path / "out" / "tfrecords").glob("data-fold-001*"))
    assert files == [f"data-fold-001-of-002-shard-{shard:05d}-of-00003" for shard in range(3)]
    assert open_dataset(f"{tmp_path / 'out'}#val").num_samples == 3
    assert open_dataset(f"{tmp_path / 'out'}#train").num_samples == 7


def test_random_folds_part_everything_once():
    folds = random_folds([str(number) for number in range(100)], 14.0)
    assert [len(fold) for fold in folds] == [14, 86]
    assert sorted(folds[0] + folds[1]) == list(range(100))
    assert folds == random_folds([str(number) for number in range(100)], 14.0)


def test_sequences_stay_together(tmp_path):
    names = [f"{sequence}{number}.png" for sequence, count in (("a", 5), ("b", 2), ("c", 3)) for number in range(count)]
    write(tmp_path, {WHOLE: dataset(tmp_path / "in", names)}, partition_mode="sequence")
    found = ids_in(tmp_path / "out" / "tfrecords")
    assert sorted("".join(sorted({name[0] for name in ids})) for ids in found.values()) == ["a", "bc"]


def test_a_map_of_sequences_is_obeyed(tmp_path):
    names = ["a.png", "b.png", "c.png"]
    path = tmp_path / "kitti_seq_to_map.json"
    path.write_text('{"one": ["a", "c"], "two": ["b"]}')
    settings = {"partition_mode": "sequence", "sequence_map": str(path)}
    write(tmp_path, {WHOLE: dataset(tmp_path / "in", names)}, **settings)
    assert ids_in(tmp_path / "out" / "tfrecords") == {"000": ["b"], "001": ["a", "c"]}
    path.write_text('{"one": ["a"]}')
    with pytest.raises(DataError, match="2 of 3 images are in no sequence, first 'b'"):
        write(tmp_path / "again", {WHOLE: dataset(tmp_path / "in", names)}, **settings)


def test_fold_zero_is_the_smallest_of_the_sequences():
    sizes = [len(fold) for fold in sequence_folds(list("aaaabbbccd"), 3)]
    assert sizes == sorted(sizes)
    assert sum(sizes) == 10


def test_splits_are_not_made_twice(tmp_path):
    with pytest.raises(CallError, match=r"has splits already \(train\): leave it as_given"):
        write(tmp_path, {"train": dataset(tmp_path / "in", ["a.png"])}, partition_mode="random")
    with pytest.raises(SpecError, match="flavour 'tf_od' has no folds"):
        parse_spec(Spec, {"flavour": "tf_od", "partition_mode": "random"}, "here")


def test_names_that_become_one_are_refused(tmp_path):
    with pytest.raises(DataError, match=r"'Car' and 'car' would both be called 'car'"):
        write(tmp_path, {WHOLE: dataset(tmp_path / "in", ["a.png"], classes=("Car", "car"))})


def test_an_image_to_embed_that_is_missing_is_named(tmp_path):
    made = dataset(tmp_path / "in", ["a.png"])
    (tmp_path / "in" / "a.png").unlink()
    with pytest.raises(ImageError, match=r"a\.png: cannot be read"):
        write(tmp_path, {WHOLE: made}, embed_images=True)


def test_a_missing_shard_is_named(tmp_path):
    write(tmp_path, {WHOLE: dataset(tmp_path / "in", ["a.png", "b.png"])})
    (tmp_path / "out" / "tfrecords" / "data-fold-000-of-001-shard-00001-of-00002").unlink()
    with pytest.raises(DataError, match=r"1 of 2 shards of 'data' are missing, first number 1"):
        open_dataset(tmp_path / "out")


def test_a_cut_shard_is_named_when_it_is_opened(tmp_path):
    write(tmp_path, {WHOLE: dataset(tmp_path / "in", ["a.png"])})
    path = tmp_path / "out" / "tfrecords" / "data-fold-000-of-001-shard-00000-of-00001"
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(DataError, match=r"shard-00000-of-00001: cut off within the TFRecord at byte 0"):
        open_dataset(tmp_path / "out")


@pytest.mark.parametrize(
    ("key", "values", "message"),
    [
        ("target/coordinates_x1", [1.0], "expected 2 numbers in target/coordinates_x1, one for each object, found 1"),
        ("target/coordinates_x2", [float("nan")] * 2, "target/coordinates_x2 holds numbers that are not finite"),
        ("frame/height", [0], "one positive number each in frame/height and frame/width"),
        ("frame/id", [b"../x"], "the image name '../x' leads out"),
    ],
)
def test_a_bad_record_is_named(tmp_path, key, values, message):
    fields = {
        "frame/id": [b"a"],
        "frame/height": [60],
        "frame/width": [100],
        "target/object_class": [b"car", b"car"],
        **{f"target/coordinates_{edge}": [9.0 + i] * 2 for i, edge in enumerate(("x1", "y1", "x2", "y2"))},
        key: values,
    }
    kinds = {bytes: "byte", int: "int", float: "float"}
    writer = TFRecordWriter(str(tmp_path / "x.tfrecord"))
    writer.write({name: (value, kinds[type(value[0])]) for name, value in fields.items()})
    writer.close()
    assert cv2.imwrite(str(tmp_path / "a.png"), np.zeros((*SIZE_HW, 3), np.uint8))
    with pytest.raises(DataError, match=f"x.tfrecord, record 0: .*{message}"):
        list(open_dataset(tmp_path).samples())


def test_classes_without_names_are_numbers(tmp_path):
    write(tmp_path, {WHOLE: dataset(tmp_path / "in", ["a.png"])}, embed_images=True)
    (tmp_path / "out" / "classes.json").unlink()
    found = open_dataset(tmp_path / "out")
    assert found.classes == ("0", "1")
    (sample,) = found.samples()
    assert [label.class_id for label in sample.objects] == [1, 0, 0]
