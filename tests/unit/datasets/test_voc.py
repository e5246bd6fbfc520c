"""Pascal VOC: 1-based inclusive boxes, difficult objects, split lists, and what is refused."""

from collections.abc import Callable
from pathlib import Path

import pytest

from meshsight.core.errors import DataError
from meshsight.datasets.opening import open_dataset

Picture = Callable[[Path, tuple[int, int]], None]

PAGE = """<annotation><folder>x</folder><filename>{filename}</filename>
<size><width>{width}</width><height>20</height><depth>3</depth></size>{objects}</annotation>"""
THING = """<object><name>{name}</name><difficult>{difficult}</difficult>
<bndbox><xmin>{box[0]}</xmin><ymin>{box[1]}</ymin><xmax>{box[2]}</xmax><ymax>{box[3]}</ymax></bndbox></object>"""


def thing(name: str, *box: float | str, difficult: int = 0) -> str:
    return THING.format(name=name, box=box, difficult=difficult)


@pytest.fixture
def folder(tmp_path: Path, write_picture: Picture) -> Path:
    root = tmp_path / "voc"
    pages = {
        "one": [thing("dog", 1, 1, 30, 20), thing("cat", 3, 4, 3, 4, difficult=1)],
        "two": [thing("bird", "2.5", 1, 10, 10)],
        "three": [],
    }
    (root / "Annotations").mkdir(parents=True)
    for stem, things in pages.items():
        write(root, stem, "".join(things))
        write_picture(root / "JPEGImages" / f"{stem}.jpg", (20, 30))
    lists = root / "ImageSets" / "Main"
    lists.mkdir(parents=True)
    (lists / "train.txt").write_text("two\none\n\n")
    (lists / "dog_val.txt").write_text("three -1\n")
    return root


def write(root: Path, stem: str, objects: str, width: int = 30, filename: str | None = None) -> None:
    page = PAGE.format(filename=filename or f"{stem}.jpg", width=width, objects=objects)
    (root / "Annotations" / f"{stem}.xml").write_text(page)


def test_boxes_become_half_open_and_difficult_is_ignored(folder: Path) -> None:
    dataset = open_dataset(folder)
    assert (dataset.classes, dataset.num_samples) == (("bird", "cat", "dog"), 3)
    one, three, two = dataset.samples()
    assert (one.image, one.size_hw, one.group) == ("JPEGImages/one.jpg", (20, 30), "JPEGImages/one")
    assert (dataset.root / one.image).is_file()
    dog, cat = one.objects
    assert (dog.class_id, dog.box, dog.is_ignored) == (2, (0, 0, 30, 20), False)
    assert (cat.class_id, cat.box, cat.is_ignored) == (1, (2, 3, 3, 4), True)  # one pixel
    assert three.objects == () and two.objects[0].box == (1.5, 0, 10, 10)


def test_splits_keep_their_order_and_the_classes_of_the_whole(folder: Path) -> None:
    train = open_dataset(f"{folder}#train")
    assert [sample.image for sample in train.samples()] == ["JPEGImages/two.jpg", "JPEGImages/one.jpg"]
    assert open_dataset(f"{folder}#dog_val").classes == train.classes == ("bird", "cat", "dog")
    with pytest.raises(DataError, match=r"no split 'tset' \(looked for .*tset\.txt\); there are: dog_val, train$"):
        open_dataset(folder, split="tset")
    (folder / "ImageSets" / "Main" / "val.txt").write_text("one\nlost\n")
    with pytest.raises(DataError, match=r"val\.txt: 1 listed annotations are missing, first .*lost\.xml"):
        open_dataset(f"{folder}#val")


def test_xml_beside_images_and_a_folder_for_each_split(tmp_path: Path, write_picture: Picture) -> None:
    for split in ("train", "valid"):
        write_picture(tmp_path / split / "a.png", (20, 30))
        page = PAGE.format(filename="C:\\pictures\\a.png", width=0, objects=thing(split, 1, 1, 5, 5))
        (tmp_path / split / "a.xml").write_text(page)
    dataset = open_dataset(f"{tmp_path}#valid")
    (sample,) = dataset.samples()
    assert (dataset.root, sample.image, sample.size_hw) == (tmp_path / "valid", "a.png", (20, 30))


def test_labels_drawn_from_zero_are_clipped_with_a_warning(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    write(folder, "one", thing("dog", 0, 0, 30, 20))
    assert next(open_dataset(folder).samples()).objects[0].box == (0, 0, 30, 20)
    assert "clipped 1 boxes that left their image by up to 1 px" in caplog.text


@pytest.mark.parametrize(
    ("objects", "message"),
    [
        (thing("dog", 1, 1, 40, 20), r"one\.xml: object 1: the box \(0, 0, 40, 20\) .*leaves its image"),
        (thing("dog", 9, 1, 3, 20), r"one\.xml: object 1: the box .*is empty"),
        (thing("dog", 1, 1, 3, 3) + thing("dog", "", 1, 3, 20), r"one\.xml: object 2: <bndbox> needs the four numbers"),
        (thing(" ", 1, 1, 3, 3), r"one\.xml.*no class name"),
        ("<object>", r"one\.xml: cannot be read as XML"),
    ],
)
def test_bad_annotations_are_named(folder: Path, objects: str, message: str) -> None:
    write(folder, "one", objects)
    with pytest.raises(DataError, match=message):
        open_dataset(folder)


def test_a_missing_image_is_named(folder: Path) -> None:
    (folder / "JPEGImages" / "two.jpg").unlink()
    with pytest.raises(DataError, match=r"two\.xml: no image 'two\.jpg' \(looked in .*JPEGImages"):
        open_dataset(folder)
