"""Pascal VOC: 1-based inclusive boxes, difficult objects, split lists, and what is refused."""

import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshsight.core.errors import DataError
from meshsight.datasets.formats import voc
from meshsight.datasets.opening import open_dataset as open_any
from meshsight.datasets.target import Target
from meshsight.datasets.voc.pages import page_text, read_page, with_flags
from meshsight.records.dataset import Dataset
from meshsight.records.sample import ObjectLabel, PixelCounts, Sample, StatedVisibility

Picture = Callable[[Path, tuple[int, int]], None]

PAGE = """<annotation><folder>x</folder><filename>{filename}</filename>
<size><width>{width}</width><height>20</height><depth>3</depth></size>{objects}</annotation>"""
THING = """<object><name>{name}</name><difficult>{difficult}</difficult>
<bndbox><xmin>{box[0]}</xmin><ymin>{box[1]}</ymin><xmax>{box[2]}</xmax><ymax>{box[3]}</ymax></bndbox></object>"""


SAMPLE = Sample(image="a b/one.png", size_hw=(20, 30), objects=(), frame=0, group="g")
LABEL = ObjectLabel(class_id=0, box=(0.0, 0.0, 30.0, 20.0))


def open_dataset(source: str | Path, split: str | None = None) -> Dataset:
    return open_any(source, split=split, spec=voc.Spec())


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
    dataset = open_dataset(folder)
    assert next(sample.objects[0].box for sample in dataset.samples() if sample.objects) == (0, 0, 30, 20)
    list(dataset.samples())
    assert caplog.text.count("clipped 1 boxes that left their image by up to 1 px") == 1


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
        list(open_dataset(folder).samples())


def test_a_missing_image_is_named(folder: Path) -> None:
    (folder / "JPEGImages" / "two.jpg").unlink()
    with pytest.raises(DataError, match=r"two\.xml: no image 'two\.jpg' \(looked in .*JPEGImages"):
        list(open_dataset(folder).samples())


def test_lists_of_one_class_and_joined_lists_are_no_splits(folder: Path) -> None:
    reader = voc.build(voc.Spec())
    lists = folder / "ImageSets" / "Main"
    (lists / "val.txt").write_text("three\n")
    (lists / "trainval.txt").write_text("one\ntwo\nthree\n")
    (lists / "test.txt").write_text("three\n")
    assert reader.splits(folder) == ("train", "val", "test")
    assert open_dataset(f"{folder}#trainval").num_samples == 3
    (lists / "train.txt").unlink()
    assert reader.splits(folder) == ("val", "test", "trainval")


def test_a_listed_name_may_have_spaces(folder: Path, write_picture: Picture) -> None:
    write(folder, "my dog", thing("dog", 1, 1, 5, 5))
    write_picture(folder / "JPEGImages" / "my dog.jpg", (20, 30))
    (folder / "ImageSets" / "Main" / "train.txt").write_text("my dog\none  1\n")
    images = [sample.image for sample in open_dataset(f"{folder}#train").samples()]
    assert images == ["JPEGImages/my dog.jpg", "JPEGImages/one.jpg"]


def test_folders_of_splits_read_as_one(tmp_path: Path, write_picture: Picture) -> None:
    """As Roboflow exports them: the XML beside the images."""
    for split in ("valid", "train"):
        write_picture(tmp_path / split / "a.rf.1234.jpg", (20, 30))
        page = PAGE.format(filename="a.rf.1234.jpg", width=30, objects=thing(split, 1, 1, 5, 5))
        (tmp_path / split / "a.rf.1234.xml").write_text(page)
    assert voc.build(voc.Spec()).splits(tmp_path) == ("train", "valid")
    samples = list(open_dataset(tmp_path).samples())
    assert [sample.image for sample in samples] == ["train/a.rf.1234.jpg", "valid/a.rf.1234.jpg"]
    assert samples[0].group == "train/a"


@pytest.mark.parametrize("filename", ["two", "C:\\me\\two", "lost.png", "", "two.png"])
def test_the_image_is_found_by_name_or_by_that_of_the_annotation(folder: Path, filename: str) -> None:
    page = PAGE.format(filename=filename, width=30, objects="")
    (folder / "Annotations" / "two.xml").write_text(page)
    assert [sample.image for sample in open_dataset(folder).samples()][-1] == "JPEGImages/two.jpg"


def test_a_path_helps_where_the_file_name_is_wrong(folder: Path) -> None:
    page = PAGE.format(filename="img", width=30, objects="<path>/home/me/pictures/one.jpg</path>")
    (folder / "Annotations" / "two.xml").write_text(page)
    assert [sample.image for sample in open_dataset(folder).samples()][-1] == "JPEGImages/one.jpg"


def test_labels_without_their_image_can_be_kept(folder: Path) -> None:
    (folder / "JPEGImages" / "two.jpg").unlink()
    dataset = open_any(folder, spec=voc.Spec(missing_images="keep"))
    assert [sample.image for sample in dataset.samples()][-1] == "JPEGImages/two.jpg"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_are_refused(folder: Path, encoding: str) -> None:
    bomb = f'<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE a [<!ENTITY b "bbbb">]><annotation>&b;</annotation>'
    (folder / "Annotations" / "one.xml").write_bytes(bomb.encode(encoding))
    with pytest.raises(DataError, match=r"one\.xml: cannot be read as XML: it has a DOCTYPE"):
        open_dataset(folder)


def test_other_xml_is_not_voc(tmp_path: Path) -> None:
    (tmp_path / "annotations.xml").write_text("<?xml version='1.0'?><annotations><version>1.1</version></annotations>")
    assert not voc.build(voc.Spec()).recognises(tmp_path)


def test_a_class_list_gives_order_and_empty_classes(folder: Path) -> None:
    rows = [{"name": name, "written": name.lower()} for name in ("Emu", "Dog", "Cat", "Bird")]
    (folder / "classes.json").write_text(str({"classes": rows}).replace("'", '"'))
    dataset = open_dataset(folder)
    assert dataset.classes == ("Emu", "Dog", "Cat", "Bird")
    assert [label.class_id for label in next(dataset.samples()).objects] == [1, 2]
    write(folder, "one", thing("gnu", 1, 1, 5, 5))
    with pytest.raises(DataError, match=r"one\.xml: object 1: class 'gnu' is not in classes\.json"):
        list(open_dataset(folder).samples())


def test_flags_and_the_source_are_read(folder: Path) -> None:
    flags = "<truncated>1</truncated><occluded>0</occluded><difficult>"
    objects = thing("dog", 1, 1, 5, 5).replace("<difficult>", flags) + thing("dog", 1, 1, 5, 5)
    write(folder, "one", objects + "<source><database>The VOC2007 Database</database></source>")
    one, three, _ = open_dataset(folder).samples()
    assert [label.stated for label in one.objects] == [StatedVisibility(is_truncated=True, is_occluded=False), None]
    assert (one.source, three.source) == ("The VOC2007 Database", None)


@pytest.mark.parametrize(
    ("counts", "stated", "truncated", "occluded"),
    [
        (PixelCounts(full=9, inside=9, visible=9), None, False, False),
        (PixelCounts(full=9, inside=8, visible=8), None, True, False),
        (PixelCounts(full=9, inside=9, visible=8), None, False, True),
        (None, StatedVisibility(truncation=0.1, occlusion_level=0), True, False),
        (None, StatedVisibility(truncation=0.0, occlusion_level=3), False, None),
        (None, StatedVisibility(is_occluded=True), None, True),
        (None, StatedVisibility(visibility=0.5), None, None),
        (None, None, None, None),
    ],
)
def test_what_is_known_of_visibility_becomes_two_flags(
    counts: PixelCounts | None, stated: StatedVisibility | None, truncated: bool | None, occluded: bool | None
) -> None:
    found = with_flags(replace(LABEL, pixels=counts, stated=stated), SAMPLE).stated or StatedVisibility()
    assert found == StatedVisibility(is_truncated=truncated, is_occluded=occluded)


SIDES = st.floats(1e-9, 1e5) | st.integers(0, 100_000).map(float)


@given(st.tuples(SIDES, SIDES, SIDES, SIDES), st.booleans())
def test_every_box_comes_back_exactly(tmp_path_factory: pytest.TempPathFactory, box: tuple, is_ignored: bool) -> None:
    file = tmp_path_factory.getbasetemp() / "page.xml"
    label = replace(LABEL, box=box, is_ignored=is_ignored)
    file.write_text(page_text(replace(SAMPLE, objects=(label,)), "<one> & two.png", ["a <b> & c"]), encoding="utf-8")
    page = read_page(file)
    assert (page.image_names, page.size_hw, page.source) == (("<one> & two.png",), (20, 30), None)
    (found,) = page.objects
    assert (found.name, found.box, found.is_difficult) == ("a <b> & c", box, is_ignored)


def test_whole_pixels_are_written_as_whole_numbers(tmp_path: Path, write_picture: Picture) -> None:
    """The page of the development kit's own form, tag for tag."""
    write_picture(tmp_path / "a b" / "one.png", (20, 30))
    sample = replace(SAMPLE, objects=(replace(LABEL, stated=StatedVisibility(is_truncated=True)),))
    dataset = Dataset(
        root=tmp_path, classes=("dog",), num_samples=1, samples=lambda: iter([sample]), name="x", fingerprint=None
    )
    voc.build(voc.Spec()).write({"": dataset}, Target(tmp_path / "out"))
    root = ET.parse(tmp_path / "out" / "Annotations" / "one.xml").getroot()
    assert [(e.tag, e.text.strip()) for e in root.iter() if e.text and e.text.strip()] == [
        ("folder", "JPEGImages"),
        ("filename", "one.png"),
        ("database", "Unknown"),
        ("width", "30"),
        ("height", "20"),
        ("depth", "3"),
        ("segmented", "0"),
        ("name", "dog"),
        ("pose", "Unspecified"),
        ("truncated", "1"),
        ("difficult", "0"),
        ("xmin", "1"),
        ("ymin", "1"),
        ("xmax", "30"),
        ("ymax", "20"),
    ]
    assert (tmp_path / "out" / "ImageSets" / "Main" / "trainval.txt").read_text() == "one\n"
