"""Faults that formats say in their own way: files without labels, labels without files, ids, what readers refuse."""

import json
from pathlib import Path

import numpy as np
import pytest

from meshsight.core.images import encode_png
from meshsight.datasets.format import FORMAT_KINDS, WHOLE, Reader, Writer
from meshsight.datasets.inspection.checking import known_faults
from meshsight.records.sample import Box, ObjectLabel
from meshsight.workflows.inspect import ALTERED, inspect
from meshsight.workflows.inspect_pass import LABELS_UNREADABLE, MENDED, NO_IMAGES, Looking, examine

from .doctored import picture, sound
from .test_inspect import BREAKS, QUIETLY, codes


def writers() -> list[str]:
    """Returns the formats that can be written and read, and hold several objects an image."""
    built = {kind: FORMAT_KINDS.builder(kind)(FORMAT_KINDS.module(kind).Spec()) for kind in FORMAT_KINDS.names}
    both = [kind for kind, one in built.items() if isinstance(one, Writer) and isinstance(one, Reader)]
    return [kind for kind in both if built[kind].capacity.max_objects is None]


@pytest.mark.parametrize("kind", writers())
def test_a_sound_data_set_is_sound_in_every_format(kind, tmp_path):
    found = examine(sound().write(tmp_path, kind), QUIETLY)
    assert codes(found) == {}
    assert found.kind == kind


FOLDERS = ["bop", "coco", "imagefolder", "kitti", "meshsight", "tfrecord", "voc"]


@pytest.mark.parametrize("kind", [*FOLDERS, "dope", "yolo"])
def test_a_label_without_its_image_is_found(kind, tmp_path):
    folder = sound().write(tmp_path, kind)
    image_files(folder)[3].unlink()
    found = examine(folder, QUIETLY)
    assert codes(found) == {"image_missing": 1}
    assert found.is_complete


@pytest.mark.parametrize("kind", [*FOLDERS, "dope"])
def test_an_image_without_a_label_is_found(kind, tmp_path):
    folder = sound().write(tmp_path, kind)
    first = image_files(folder)[0]
    first.with_name("stray.png").write_bytes(encode_png(picture(np.random.default_rng(99))))
    found = examine(folder, QUIETLY)
    assert codes(found) == {"image_unlisted": 1}
    assert found.ledger.findings()[0].cases[0].image.endswith("stray.png")


@pytest.mark.parametrize("kind", ["coco", "kitti", "meshsight", "voc", "yolo"])
def test_boxes_that_a_strict_reader_refuses_are_found(kind, tmp_path):
    data = sound()
    data.change_object(lambda label: bare(label, (60.0, 20.0, 300.0, 50.0)))
    data.change_object(lambda label: bare(label, (20.0, 30.0, 20.0, 40.0)), index=1)
    found = examine(data.write(tmp_path, kind), QUIETLY)
    assert codes(found) == {"box_outside": 1, "box_degenerate": 1}


def bare(label: ObjectLabel, box: Box) -> ObjectLabel:
    """Returns a label that says no more than a box."""
    return ObjectLabel(class_id=label.class_id, box=box)


def image_files(folder: Path) -> list[Path]:
    """Returns the images of a folder, without masks."""
    return sorted(path for path in folder.rglob("*.png") if not path.parent.name.startswith("mask"))


COCO_FAULTS = {
    "duplicate_id": [("images", 1, "id", None), ("annotations", 1, "id", None), ("categories", 1, "id", None)],
    "unknown_image": [("annotations", 4, "image_id", 4711)],
    "unknown_class": [("annotations", 4, "category_id", 4711)],
    "duplicate_image": [("images", 1, "file_name", None)],
}


@pytest.mark.parametrize(
    ("code", "table", "row", "key", "value"),
    [(code, *edit) for code, edits in COCO_FAULTS.items() for edit in edits],
)
def test_ids_in_coco_files_are_checked(code, table, row, key, value, tmp_path):
    data = sound()
    data.samples = {WHOLE: data.samples["train"]}
    folder = data.write(tmp_path, "coco")
    file = next(folder.rglob("*.json"))
    content = json.loads(file.read_text())
    content[table][row][key] = content[table][0][key] if value is None else value
    file.write_text(json.dumps(content))
    found = codes(examine(folder, QUIETLY))
    assert found[code] == 1


@pytest.mark.parametrize(
    ("num_turned", "expected"), [(3, {"corners_doubtful", "mended_in_reading"}), (26, {"mended_in_reading"})]
)
def test_mixed_corner_orders_of_dope_files_are_found_and_mended(num_turned, expected, tmp_path):
    """Files that say nothing of their order: one order is understood, two contradict each other."""
    folder = sound().write(tmp_path, "dope")
    (folder / "conventions.json").unlink()
    for file in sorted(folder.rglob("0*.json"))[:num_turned]:
        content = json.loads(file.read_text())
        for thing in content["objects"]:
            points = thing["projected_cuboid"]
            thing["projected_cuboid"] = [points[place] for place in (2, 3, 0, 1, 6, 7, 4, 5, 8)]
        file.write_text(json.dumps(content))
    found = inspect(folder, fix=tmp_path / "mended", looking=QUIETLY)
    assert {finding.code for finding in found.findings} == expected
    assert found.fixed is not None
    assert found.fixed.left == ()
    assert found.fixed.written.parts[0].num_objects == 54


def test_labels_that_cannot_be_read_end_their_split_and_no_other(tmp_path):
    folder = sound().write(tmp_path, "voc")
    (folder / "Annotations" / "000003.xml").write_text("<annotation>")
    found = examine(folder, QUIETLY)
    assert set(codes(found)) == {"labels_unreadable"}
    assert not found.is_complete


def test_a_file_that_was_changed_is_found_in_our_own_folders(tmp_path):
    data = sound()
    data.samples = {WHOLE: data.samples["train"]}
    folder = data.write(tmp_path, "meshsight")
    image_files(folder)[2].write_bytes(encode_png(picture(np.random.default_rng(98))))
    found = inspect(folder, looking=QUIETLY)
    assert [(finding.code, finding.count) for finding in found.findings] == [("file_altered", 1)]
    assert not found.is_good
    assert inspect(folder, looking=Looking(is_quick=True)).findings == ()


def test_what_a_reader_mends_is_a_warning(tmp_path):
    data = sound()
    data.samples = {WHOLE: data.samples["train"]}
    folder = data.write(tmp_path, "coco")
    file = next(folder.rglob("*.json"))
    content = json.loads(file.read_text())
    content["licenses"] = "none"
    file.write_text(json.dumps(content))
    found = examine(folder, QUIETLY)
    assert codes(found) == {"mended_in_reading": 1}
    assert "licences" in found.ledger.findings()[0].cases[0].detail


def test_splits_with_other_classes_are_found(tmp_path):
    one, other = sound(), sound()
    one.samples, other.samples = {WHOLE: one.samples["train"]}, {WHOLE: other.samples["val"]}
    other.classes = ("ball", "Stop sign", "Gehäuse")
    (tmp_path / "both").mkdir()
    for name, data in (("train", one), ("val", other)):
        data.write(tmp_path / name, "coco").rename(tmp_path / "both" / name)
    assert "class_lists_differ" in codes(examine(tmp_path / "both", QUIETLY))


def test_every_fault_is_broken_somewhere():
    own = {fault.code for fault in known_faults()}
    elsewhere = {"corners_doubtful", "image_missing", "image_unlisted", "class_lists_differ", *COCO_FAULTS}
    assert own == set(BREAKS) | elsewhere


def test_the_page_lists_every_fault():
    faults = {*known_faults(), LABELS_UNREADABLE, NO_IMAGES, MENDED, ALTERED}
    page = (Path(__file__).parents[3] / "docs" / "inspect.md").read_text(encoding="utf-8")
    rows = [f"| `{fault.code}` | {fault.severity} | {fault.message} |" for fault in faults]
    assert sorted(rows) == sorted(line for line in page.splitlines() if line.startswith("| `"))


def test_an_empty_split_is_an_error(tmp_path):
    data = sound()
    data.samples["val"] = []
    assert codes(examine(data.write(tmp_path, "voc"), QUIETLY)) == {"no_images": 1}
