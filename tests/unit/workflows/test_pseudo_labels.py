"""What is surely found becomes a label, what is doubtful a region to ignore; the set is read back by our own reader."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from meshsight.cli.main import program
from meshsight.core.errors import CallError
from meshsight.core.images import write_image
from meshsight.records.detections import Detections
from meshsight.specs.base import VariantSpec
from meshsight.specs.inference import PseudoLabelSpec
from meshsight.workflows.format_specs import format_spec
from meshsight.workflows.looking import read_thresholds
from meshsight.workflows.pseudo_labels import FoundInImage, PseudoLabels, check_pseudo_labels, write_pseudo_labels
from meshsight.workflows.sources import open_source

CLASSES = ("ball", "cube")
COCO: VariantSpec = format_spec("coco")


def found(*rows: tuple[int, float, tuple[float, float, float, float]]) -> FoundInImage:
    return FoundInImage(
        size_hw=(60, 80),
        detections=Detections(
            boxes=np.array([box for *_, box in rows], np.float32).reshape(-1, 4),
            scores=np.array([score for _, score, _ in rows], np.float32),
            class_ids=np.array([class_id for class_id, *_ in rows], np.int64),
        ),
    )


@pytest.fixture
def photos(tmp_path: Path) -> tuple[Path, Path]:
    paths = tmp_path / "photos" / "a" / "one.png", tmp_path / "photos" / "b" / "one.png"
    for path in paths:
        write_image(path, np.full((60, 80, 3), 200, np.uint8))
    return paths


def test_each_class_has_its_threshold_and_doubt_is_ignored(photos: tuple[Path, Path], tmp_path: Path) -> None:
    first = found(
        (0, 0.9, (1, 2, 11, 12)), (0, 0.55, (20, 20, 30, 30)), (1, 0.55, (40, 40, 50, 55)), (1, 0.1, (0, 0, 5, 5))
    )
    wanted = PseudoLabels(
        out=tmp_path / "labels", to=COCO, spec=PseudoLabelSpec(threshold=0.5, by_class={"ball": 0.6}, ignore_from=0.3)
    )
    counts = write_pseudo_labels(wanted, {photos[0]: first, photos[1]: found()}, CLASSES)
    assert counts == {"ball": 1, "cube": 1}
    dataset = open_source(tmp_path / "labels")
    assert dataset.classes == CLASSES
    one, empty = dataset.samples()
    assert [(label.class_id, label.box, label.is_ignored) for label in one.objects] == [
        (0, (1, 2, 11, 12), False),
        (0, (20, 20, 30, 30), True),
        (1, (40, 40, 50, 55), False),
    ]
    assert empty.objects == ()
    assert (dataset.root / one.image).read_bytes() == photos[0].read_bytes()


def test_images_without_a_label_may_stay_out(photos: tuple[Path, Path], tmp_path: Path) -> None:
    spec = PseudoLabelSpec(keeps_empty=False, ignore_from=None)
    wanted = PseudoLabels(out=tmp_path / "labels", to=COCO, spec=spec)
    doubtful, sure = found((0, 0.4, (1, 2, 11, 12))), found((1, 0.8, (1, 2, 11, 12)))
    write_pseudo_labels(wanted, {photos[0]: doubtful, photos[1]: sure}, CLASSES)
    (sample,) = open_source(tmp_path / "labels").samples()
    assert [label.class_id for label in sample.objects] == [1]


def test_mistakes_are_found_before_the_long_work(tmp_path: Path) -> None:
    def check(out: Path, spec: PseudoLabelSpec) -> None:
        check_pseudo_labels(PseudoLabels(out=out, to=COCO, spec=spec), CLASSES)

    with pytest.raises(CallError, match="threshold of 'bal': the detector knows no such class; did you mean 'ball'"):
        check(tmp_path / "new", PseudoLabelSpec(by_class={"bal": 0.5}))
    with pytest.raises(CallError, match="is there already"):
        check(tmp_path, PseudoLabelSpec())


def test_thresholds_in_words() -> None:
    assert read_thresholds(["0.6", "mug=0.8"]) == PseudoLabelSpec(threshold=0.6, by_class={"mug": 0.8})
    with pytest.raises(CallError, match="--threshold high: expected a number"):
        read_thresholds(["high"])


def test_the_command_labels_photographs(artifact: Path, photos: tuple[Path, Path], tmp_path: Path) -> None:
    arguments = ["predict", str(artifact), str(tmp_path / "photos"), "--out", str(tmp_path / "found"), "--json"]
    result = CliRunner().invoke(program, [*arguments, "--labels", str(tmp_path / "labels"), "--threshold", "0.3"])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["labels"]["ball"] == 2
    assert sum(len(sample.objects) for sample in open_source(tmp_path / "labels").samples()) >= 2
    result = CliRunner().invoke(program, [*arguments, "--threshold", "0.3"])
    assert result.exit_code == 2
    assert "name its folder" in result.output


def test_looking_twice_finds_the_same_once(artifact: Path, photos: tuple[Path, Path], tmp_path: Path) -> None:
    def boxes(*options: str) -> list[list[float]]:
        out = tmp_path / "-".join(["found", *options])
        arguments = ["predict", str(artifact), str(photos[0]), "--out", str(out), *options, "--json"]
        result = CliRunner().invoke(program, arguments)
        assert result.exit_code == 0, result.output
        (image,) = json.loads((out / "predictions.json").read_text())["images"]
        return sorted([item["class_id"], *(round(v, 2) for v in item["box"])] for item in image["detections"])

    plain = boxes()
    assert plain and boxes("--with", str(artifact)) == plain
    assert boxes("--tile", "100") == plain


def test_an_artifact_keeps_its_input(artifact: Path, photos: tuple[Path, Path], tmp_path: Path) -> None:
    arguments = ["predict", str(artifact), str(photos[0]), "--out", str(tmp_path / "found"), "--set", "scales=[1,1.5]"]
    result = CliRunner().invoke(program, arguments)
    assert result.exit_code == 2
    assert "an artifact's is fixed" in result.output
