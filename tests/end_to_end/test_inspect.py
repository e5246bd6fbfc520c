"""`meshsight inspect` as a user runs it: findings, exit codes, the report card, and a repaired copy without errors."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from meshsight.cli.main import program
from meshsight.datasets.format import WHOLE
from meshsight.datasets.inspection.corner_order import TURNED
from meshsight.datasets.opening import open_dataset

from ..unit.workflows.doctored import Doctored, sound


def run(*arguments: object) -> Result:
    return CliRunner().invoke(program, ["inspect", *map(str, arguments), "-q"])


def broken() -> Doctored:
    """Returns a data set with every fault that has one right repair."""
    data = sound()
    data.files[data.image(3)] = data.files[data.image(3)][:-200]
    plain = tuple(replace(label, mask=None, full_mask=None) for label in data.samples["train"][4].objects)
    data.change(4, objects=plain, size_hw=(128, 96), camera=None)
    over = replace(data.samples["train"][5].objects[0], box=(100.0, 20.0, 129.5, 60.0), mask=None)
    empty = replace(over, box=(30.0, 30.0, 30.0, 50.0), instance_id=61)
    data.change(5, objects=(over, empty))
    first, *rest = data.samples["train"][6].objects
    data.change(6, objects=(first, *rest, replace(first, keypoints=first.keypoints.copy(), instance_id=None)))
    data.change(6, objects=tuple(replace(label, instance_id=None) for label in data.samples["train"][6].objects))
    data.change_object(lambda label: replace(label, keypoints=label.keypoints[TURNED]), index=7)
    data.change_object(lambda label: replace(label, box=(0.0, 0.0, 127.0, 95.0)), index=8)
    return data


ERRORS = {
    "image_unreadable",
    "wrong_size",
    "box_outside",
    "box_degenerate",
    "duplicate_object",
    "mixed_corner_orders",
    "mask_box_disagree",
}


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_a_repaired_copy_has_no_errors_and_the_source_is_untouched(tmp_path):
    source = broken().write(tmp_path)
    before = contents(source)
    result = run(source, "--fix", tmp_path / "mended", "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert {one["code"] for one in told["findings"] if one["severity"] == "error"} == ERRORS
    assert told["fixed"]["left"] == []
    assert told["fixed"]["repairs"] == {
        "labels of missing or unreadable images dropped": 1,
        "image sizes corrected": 1,
        "boxes clipped to their image": 1,
        "objects with a degenerate box dropped": 1,
        "second labels of the same object dropped": 1,
        "cuboids put into our corner order": 1,
        "boxes drawn anew around their mask": 1,
    }
    assert contents(source) == before
    again = run(tmp_path / "mended", "--json")
    assert again.exit_code == 0
    assert json.loads(again.stdout)["findings"] == []
    assert open_dataset(f"{tmp_path / 'mended'}#train").num_samples == 25


@pytest.mark.parametrize("kind", ["coco", "kitti", "meshsight", "voc", "yolo"])
def test_other_formats_are_mended_in_their_own(kind, tmp_path):
    data = sound()
    data.samples = {WHOLE: data.samples["train"]}
    over = replace(data.samples[WHOLE][5].objects[0], box=(100.0, 20.0, 129.0, 60.0), mask=None, polygons=None)
    data.change(5, WHOLE, objects=(over,))
    source = data.write(tmp_path, kind)
    image = sorted(path for path in source.rglob("*.png") if not path.parent.name.startswith("mask"))[3]
    image.write_bytes(image.read_bytes()[:-200])
    assert run(source).exit_code == 1
    result = run(source, "--fix", tmp_path / "mended", "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert {"image_unreadable", "box_outside"} <= {one["code"] for one in told["findings"]}
    assert told["kind"] == kind
    assert open_dataset(tmp_path / "mended").num_samples == 25


def test_what_cannot_be_repaired_is_left_and_said(tmp_path):
    data = sound()
    data.change_object(lambda label: replace(label, box=(100.0, 20.0, 228.0, 60.0), mask=None))
    result = run(data.write(tmp_path), "--fix", tmp_path / "mended")
    assert result.exit_code == 1
    assert "left: error box_outside" in result.stdout


def test_unknown_classes_are_not_guessed(tmp_path):
    data = sound()
    data.change_object(lambda label: replace(label, class_id=9))
    result = run(data.write(tmp_path), "--fix", tmp_path / "mended")
    assert result.exit_code == 1
    assert "cannot be repaired by itself" in result.stderr
    assert not (tmp_path / "mended").exists()


def test_findings_are_told_errors_first_with_examples_and_advice(tmp_path):
    result = run(broken().write(tmp_path))
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    heads = [line for line in lines if not line.startswith(" ")]
    assert heads[0].startswith("error  box_degenerate: boxes are empty, inside out or not numbers (1)")
    assert "    train, shard-000000.tar/000000005.png, object 1: the box is (30, 30, 30, 50)" in lines
    assert "    -> mend the labels, or drop them with --fix OUT" in lines
    assert "40 images" in lines[-1]
    assert "7 kinds of errors" in lines[-1]


def test_warnings_are_allowed(tmp_path):
    data = sound()
    data.classes = (*data.classes, "never seen")
    result = run(data.write(tmp_path))
    assert result.exit_code == 0
    assert "warning  class_empty" in result.stdout


def test_a_report_card_is_written_also_of_a_broken_data_set(tmp_path):
    real = sound()
    real.samples = {WHOLE: real.samples["val"]}
    result = run(
        broken().write(tmp_path / "a"),
        *("--html", tmp_path / "card.html"),
        *("--against", real.write(tmp_path / "b", "coco")),
        "--json",
    )
    assert result.exit_code == 1, result.output
    assert json.loads(result.stdout)["comparison"]["num_real"] == 14
    page = (tmp_path / "card.html").read_text()
    assert "box_outside" in page or "boxes reach out of their image" in page


def test_nothing_there_is_said_in_one_line(tmp_path):
    result = run(tmp_path / "none")
    assert result.exit_code == 1
    assert "no such data set" in result.stderr
    result = run(tmp_path, "--from", "cocoo")
    assert result.exit_code == 2
    assert "did you mean 'coco'" in result.stderr
