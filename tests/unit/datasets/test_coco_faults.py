"""Every fault of COCO files that is tolerated: what it is read as, and the one warning that counts it.

Each test writes a file as the program at fault wrote it: blender-gen (string licence, nested keypoints, negative focal
lengths), its CV-Bench fork (ids as zero-padded text, swapped sizes, annotation ids that repeat, a foreign image root,
category 0), and tools on Windows.
"""

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from meshsight.core.errors import DataError, ImageError
from meshsight.core.pose import make_pose, rotation_about_z
from meshsight.datasets.annotate import cuboid_keypoints
from meshsight.datasets.formats import coco
from meshsight.datasets.opening import open_dataset
from meshsight.records.dataset import Dataset
from meshsight.records.sample import Pose

Tables = dict[str, Any]
Picture = Callable[[Path, tuple[int, int]], None]
Warnings = Callable[[], list[str]]

HEIGHT, WIDTH = 20, 30


@pytest.fixture
def tables() -> Tables:
    return {
        "images": [{"id": i, "file_name": f"{i:06d}.png", "width": WIDTH, "height": HEIGHT} for i in range(3)],
        "annotations": [{"id": i, "image_id": i, "category_id": 1, "bbox": [1, 2, 10, 5]} for i in range(3)],
        "categories": [{"id": 1, "name": "part"}],
    }


@pytest.fixture
def folder(tmp_path: Path, write_picture: Picture) -> Path:
    for i in range(3):
        write_picture(tmp_path / "set" / "images" / f"{i:06d}.png", (HEIGHT, WIDTH))
    return tmp_path / "set"


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> Warnings:
    """Returns what was warned of, without the file's name."""

    def texts() -> list[str]:
        records = [record for record in caplog.records if record.levelno >= logging.WARNING]
        return [record.getMessage().partition(".json: ")[2] for record in records]

    return texts


def opened(folder: Path, tables: Tables, **settings: Any) -> Dataset:
    (folder / "labels.json").write_text(json.dumps(tables), encoding="utf-8")
    return open_dataset(folder, spec=coco.Spec(**settings))


def test_a_sound_file_warns_of_nothing(folder: Path, tables: Tables, said: Warnings) -> None:
    dataset = opened(folder, tables)
    assert dataset.root == folder / "images"
    assert [sample.image for sample in dataset.samples()] == ["000000.png", "000001.png", "000002.png"]
    assert said() == []


def test_a_licence_that_is_a_string(folder: Path, tables: Tables, said: Warnings) -> None:
    opened(folder, {"licenses": "", **tables})
    assert said() == ["put right: 1 licences that are no list"]


def test_ids_that_are_text_with_zeros(folder: Path, tables: Tables, said: Warnings) -> None:
    """Annotations may name their image with or without the zeros."""
    for number, (image, annotation) in enumerate(zip(tables["images"], tables["annotations"], strict=True)):
        image["id"] = f"{number:06d}"
        annotation["image_id"] = [f"{number:06d}", str(number), number][number]
        annotation["bbox"][0] = number
    samples = list(opened(folder, tables).samples())
    assert [[label.box[0] for label in sample.objects] for sample in samples] == [[0], [1], [2]]
    assert said() == ["put right: 3 image ids that are text"]


def test_ids_that_are_one_number_written_twice_are_not_confused(folder: Path, tables: Tables) -> None:
    for image, key in zip(tables["images"], ("1", "01", "2"), strict=True):
        image["id"] = key
    for annotation, key in zip(tables["annotations"], ("1", "01", "2"), strict=True):
        annotation["image_id"] = key
    assert [len(sample.objects) for sample in opened(folder, tables).samples()] == [1, 1, 1]
    tables["annotations"][0]["image_id"] = 1
    with pytest.raises(DataError, match=r"annotation 0: there is no image 1"):
        opened(folder, tables)


def test_annotation_ids_that_repeat(folder: Path, tables: Tables, said: Warnings) -> None:
    """Nothing is lost: pycocotools would keep only the last of each."""
    tables["annotations"] = [
        {"id": number // 2, "image_id": number // 2, "category_id": 1, "bbox": [number, 2, 10, 5]}
        for number in range(6)
    ]
    boxes = [[label.box[0] for label in sample.objects] for sample in opened(folder, tables).samples()]
    assert boxes == [[0, 1], [2, 3], [4, 5]]
    assert said() == ["put right: 3 annotation ids that are used again"]


def test_a_category_of_id_zero_is_a_class(folder: Path, tables: Tables, said: Warnings) -> None:
    tables["categories"].append({"id": 0, "name": "first"})
    tables["annotations"][0]["category_id"] = 0
    dataset = opened(folder, tables)
    assert dataset.classes == ("first", "part")
    assert [sample.objects[0].class_id for sample in dataset.samples()] == [0, 1, 1]
    assert said() == ["put right: 1 category of id 0, taken as a class"]


def test_category_ids_that_are_text_sort_as_numbers(folder: Path, tables: Tables) -> None:
    tables["categories"] = [{"id": key, "name": f"class {key}"} for key in ("x", "10", "1", "9")]
    dataset = opened(folder, tables)
    assert dataset.classes == ("class 1", "class 9", "class 10", "class x")
    assert next(dataset.samples()).objects[0].class_id == 0


def swap(tables: Tables, *indices: int) -> None:
    for index in indices:
        tables["images"][index].update(width=HEIGHT, height=WIDTH)


def test_sizes_swapped_in_all_images_are_seen_in_the_first(folder: Path, tables: Tables, said: Warnings) -> None:
    """The boxes would fit both ways: only the image's header tells."""
    swap(tables, 0, 1, 2)
    assert [sample.size_hw for sample in opened(folder, tables).samples()] == [(HEIGHT, WIDTH)] * 3
    assert said() == ["put right: 3 images whose width and height were swapped"]


def test_a_swapped_size_is_seen_by_its_boxes(folder: Path, tables: Tables, said: Warnings) -> None:
    swap(tables, 1)
    tables["annotations"][1]["bbox"] = [1, 2, 28, 5]
    samples = list(opened(folder, tables).samples())
    assert [sample.size_hw for sample in samples] == [(HEIGHT, WIDTH)] * 3
    assert samples[1].objects[0].box == (1, 2, 29, 7)
    assert said() == ["put right: 1 images whose width and height were swapped"]


def test_a_box_too_wide_for_an_image_of_the_right_size_stays_a_fault(folder: Path, tables: Tables) -> None:
    """Lying on its side the image would hold it, but its header says that it does not lie so."""
    tables["annotations"][1]["bbox"] = [1, 2, 5, 26]
    with pytest.raises(DataError, match=r"annotation 1: the box .* leaves its image of 30 x 20 px"):
        opened(folder, tables)


def test_an_image_that_viewers_turn_keeps_its_size(folder: Path, tables: Tables, write_picture: Picture) -> None:
    """Its header lies on its side (EXIF), and its boxes fit only as the file says."""
    write_picture(folder / "images" / "000000.png", (WIDTH, HEIGHT))
    tables["annotations"][0]["bbox"] = [0, 0, 30, 20]
    assert next(opened(folder, tables).samples()).size_hw == (HEIGHT, WIDTH)


def test_sizes_are_checked_or_trusted_on_request(folder: Path, tables: Tables, said: Warnings) -> None:
    swap(tables, 2)
    tables["images"][1].update(width=35, height=25)
    sizes = [sample.size_hw for sample in opened(folder, tables).samples()]
    assert sizes == [(HEIGHT, WIDTH), (25, 35), (WIDTH, HEIGHT)]
    assert [s.size_hw for s in opened(folder, tables, sizes="trust").samples()] == sizes
    assert said() == []
    assert [s.size_hw for s in opened(folder, tables, sizes="check").samples()] == [(HEIGHT, WIDTH)] * 3
    assert said() == [
        "put right: 1 images whose width and height were swapped; 1 images whose size was not that of their file"
    ]
    swap(tables, 0)
    assert next(opened(folder, tables, sizes="trust").samples()).size_hw == (WIDTH, HEIGHT)


def test_swapped_sizes_of_labels_without_images(folder: Path, tables: Tables, said: Warnings) -> None:
    """Where the image is missing, boxes that fit only the other way are enough."""
    swap(tables, 1)
    tables["annotations"][1]["bbox"] = [1, 2, 28, 5]
    (folder / "images" / "000001.png").unlink()
    samples = list(opened(folder, tables, missing_images="keep").samples())
    assert samples[1].size_hw == (HEIGHT, WIDTH)
    assert said() == ["put right: 1 images whose width and height were swapped"]


def test_a_missing_image_without_a_size_is_named(folder: Path, tables: Tables) -> None:
    (folder / "images" / "000001.png").unlink()
    del tables["images"][1]["width"]
    with pytest.raises(ImageError, match=r"000001\.png: no such image"):
        opened(folder, tables, missing_images="keep")


def test_negative_focal_lengths(folder: Path, tables: Tables, said: Warnings) -> None:
    matrix = {"fx": -420.82, "fy": -421.5, "cx": 15, "cy": 10}
    sample = next(opened(folder, {"info": {"camera matrix K": matrix}, **tables}).samples())
    assert sample.camera is not None
    assert np.array_equal(sample.camera.K, [[420.82, 0, 15], [0, 421.5, 10], [0, 0, 1]])
    assert (sample.camera.size_hw, sample.T_world_cam) == ((HEIGHT, WIDTH), None)
    assert said() == ["put right: 2 negative focal lengths"]


@pytest.mark.parametrize("matrix", [{"fx": 0, "fy": 1, "cx": 1, "cy": 1}, {"fx": 3}, "none", [1], {"fx": "x"}])
def test_a_camera_that_cannot_be_is_left_out(folder: Path, tables: Tables, matrix: object, said: Warnings) -> None:
    sample = next(opened(folder, {"info": {"camera matrix K": matrix}, **tables}).samples())
    assert sample.camera is None
    assert said() == ["put right: 1 camera matrix that cannot be, left out"]


def blender_gen_points(pose: Pose, fx: float, size_hw: tuple[int, int]) -> list[list[float]]:
    """The centre and the corners in blender-gen's order, projected by hand."""
    sides = [pose.box_low_m.tolist(), pose.box_high_m.tolist()]
    corners = [[sides[x][0], sides[y][1], sides[z][2]] for x in (0, 1) for y in (0, 1) for z in (0, 1)]
    points = np.array([np.mean(sides, axis=0), *corners]) @ pose.T_cam_object[:3, :3].T + pose.T_cam_object[:3, 3]
    u, v = fx * points[:, 0] / points[:, 2] + size_hw[1] / 2, fx * points[:, 1] / points[:, 2] + size_hw[0] / 2
    inside = (u >= 0) & (u < size_hw[1]) & (v >= 0) & (v < size_hw[0])
    return [[x, y, 2 if i else 1] for x, y, i in zip(u.tolist(), v.tolist(), inside.tolist(), strict=True)]


def test_nested_keypoints_of_blender_gen(folder: Path, tables: Tables, said: Warnings) -> None:
    """They come out as ours would from the same pose and camera, some of them outside the image."""
    pose = Pose(
        T_cam_object=make_pose(rotation_about_z(0.4), np.array([0.1, -0.1, 2.0])),
        scale=1.0,
        box_low_m=np.array([-0.5, -0.3, -0.2]),
        box_high_m=np.array([0.5, 0.3, 0.2]),
    )
    nested = blender_gen_points(pose, 40.0, (HEIGHT, WIDTH))
    assert {point[2] for point in nested} == {1, 2}
    tables["annotations"][0]["keypoints"] = nested
    tables["info"] = {"camera matrix K": {"fx": -40.0, "fy": -40.0, "cx": WIDTH / 2, "cy": HEIGHT / 2}}
    sample = next(opened(folder, tables).samples())
    assert sample.camera is not None
    assert sample.objects[0].keypoints is not None
    assert np.allclose(sample.objects[0].keypoints, cuboid_keypoints(pose, sample.camera), rtol=0, atol=1e-9)


def test_other_keypoints_keep_their_order(folder: Path, tables: Tables, said: Warnings) -> None:
    nine = [[float(i), i + 0.5, 2] for i in range(9)]
    tables["categories"].append({"id": 2, "name": "person", "keypoints": [f"k{i}" for i in range(9)]})
    tables["annotations"][0]["keypoints"] = [value for row in nine for value in row]
    tables["annotations"][1].update(keypoints=nine, category_id=2)
    tables["annotations"][2]["keypoints"] = nine[:4]
    found = [sample.objects[0].keypoints for sample in opened(folder, tables).samples()]
    for keypoints, count in zip(found, (9, 9, 4), strict=True):
        assert np.array_equal(keypoints, nine[:count])
    assert said() == []


@pytest.mark.parametrize("keypoints", [[1, 2, 2, 3], [[1, 2, 2], [1, 2]], [[1, 2, 2], 5, 6]])
def test_keypoints_that_are_no_triples(folder: Path, tables: Tables, keypoints: list[Any], said: Warnings) -> None:
    tables["annotations"][0]["keypoints"] = keypoints
    if any(isinstance(one, int) for one in keypoints) and isinstance(keypoints[0], list):
        with pytest.raises(DataError, match=r"annotations\[0\]"):
            next(opened(folder, tables).samples())
        return
    assert next(opened(folder, tables).samples()).objects[0].keypoints is None
    assert said() == ["put right: 1 lists of keypoints that are no triples, left out"]


@pytest.mark.parametrize(
    "foreign",
    [
        "coco_image_root/images/{}",
        "coco_image_root/train/images/{}",
        "/home/someone/set/images/{}",
        "C:\\Users\\Jürgen\\images\\{}",
        "images\\{}",
        "\\\\server\\share\\{}",
        "./images//{}",
    ],
)
def test_image_paths_of_another_machine(folder: Path, tables: Tables, foreign: str, said: Warnings) -> None:
    for image in tables["images"]:
        image["file_name"] = foreign.format(image["file_name"])
    dataset = opened(folder, tables)
    files = [dataset.root / sample.image for sample in dataset.samples()]
    assert files == [folder / "images" / f"{i:06d}.png" for i in range(3)]
    assert said() == ["put right: 3 image paths made to fit this folder"]


def test_steps_back_within_the_folder_are_followed(folder: Path, tables: Tables) -> None:
    (folder / "annotations").mkdir()
    for image in tables["images"]:
        image["file_name"] = f"../images/{image['file_name']}"
    (folder / "annotations" / "instances_default.json").write_text(json.dumps(tables))
    for source in (folder, folder / "annotations" / "instances_default.json"):
        dataset = open_dataset(source)
        assert (dataset.root / next(dataset.samples()).image).samefile(folder / "images" / "000000.png")


@pytest.mark.parametrize(
    "name",
    ["../../secret.png", "../secret.png", "images/../../secret.png", "/x/../../secret.png", "C:\\..\\secret.png"],
)
def test_no_name_leads_out_of_the_folder(folder: Path, tables: Tables, name: str, write_picture: Picture) -> None:
    write_picture(folder.parent / "secret.png", (HEIGHT, WIDTH))
    tables["images"][0]["file_name"] = name
    with pytest.raises(DataError, match=r"secret\.png' leads out of the data set's folder"):
        opened(folder, tables)


def test_an_absolute_path_is_not_read_where_it_points(folder: Path, tables: Tables, write_picture: Picture) -> None:
    write_picture(folder.parent / "secret.png", (HEIGHT, WIDTH))
    tables["images"][0]["file_name"] = str(folder.parent / "secret.png")
    with pytest.raises(DataError, match=r"secret\.png' not found \(looked in .*; say where with `image_root`"):
        opened(folder, tables)


def test_images_deep_in_the_folder_are_found_by_the_longest_end(
    folder: Path, tables: Tables, write_picture: Picture
) -> None:
    """The same names lie in two places: the folder before the name decides."""
    for place in ("raw/left/cam0", "raw/right/cam0"):
        for i in range(3):
            write_picture(folder / place / f"x{i}.png", (HEIGHT, WIDTH))
    for number, image in enumerate(tables["images"]):
        image["file_name"] = f"/mnt/d/{'left' if number < 2 else 'right'}/cam0/x{number}.png"
    dataset = opened(folder, tables)
    files = [(dataset.root / sample.image).relative_to(folder).as_posix() for sample in dataset.samples()]
    assert files == ["raw/left/cam0/x0.png", "raw/left/cam0/x1.png", "raw/right/cam0/x2.png"]
    tables["images"][0]["file_name"] = "/mnt/d/cam0/x0.png"
    with pytest.raises(DataError, match=r"image 'mnt/d/cam0/x0\.png' not found"):
        opened(folder, tables)


def test_two_names_never_become_one_image(folder: Path, tables: Tables) -> None:
    for place, image in zip("abc", tables["images"], strict=True):
        image["file_name"] = f"{place}/000000.png"
    with pytest.raises(DataError, match=r"images 'a/000000\.png' and 'b/000000\.png' would both be .*image_root"):
        opened(folder, tables)


def test_the_image_root_can_be_said(tmp_path: Path, folder: Path, tables: Tables, write_picture: Picture) -> None:
    for i in range(3):
        write_picture(tmp_path / "elsewhere" / "deep" / f"{i:06d}.png", (HEIGHT, WIDTH))
    outside = opened(folder, tables, image_root=str(tmp_path / "elsewhere" / "deep"))
    assert outside.root == tmp_path / "elsewhere" / "deep"
    for image in tables["images"]:
        image["file_name"] = f"server/deep/{image['file_name']}"
    assert opened(folder, tables, image_root="../elsewhere").root == folder / "../elsewhere"
    with pytest.raises(DataError, match="not found"):
        opened(folder, tables, image_root="nowhere")


def test_everything_at_once_is_one_warning(folder: Path, tables: Tables, said: Warnings) -> None:
    """The fork's files have most of these faults together."""
    for number, (image, annotation) in enumerate(zip(tables["images"], tables["annotations"], strict=True)):
        name = f"coco_image_root/images/{number:06d}.png"
        image.update(id=f"{number:06d}", file_name=name, width=HEIGHT, height=WIDTH, caption="a part")
        annotation.update(id=f"{number // 2:06d}", image_id=f"{number:06d}", category_id=0, caption="part")
    tables["categories"] = [{"id": 0, "name": "part", "keypoints": []}]
    dataset = opened(folder, {"licenses": "", **tables})
    assert [(s.size_hw, len(s.objects)) for s in dataset.samples()] == [((HEIGHT, WIDTH), 1)] * 3
    assert said() == [
        "put right: 1 licences that are no list; 1 category of id 0, taken as a class; 3 image ids that are text; "
        "1 annotation ids that are used again; 3 image paths made to fit this folder; "
        "3 images whose width and height were swapped"
    ]
